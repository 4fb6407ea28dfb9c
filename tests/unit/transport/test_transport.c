/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's transport: the gate for handshakes and the list of closed connections that still pay
 * for bytes.
 */
#include "support/transport.h"
#include "transport/connection_internal.h"

struct waiting {
    struct handshake_waiter waiter;
    struct transport *transport;
    unsigned woken;
    bool waits_again;
};

static void on_room(struct handshake_waiter *waiter)
{
    struct waiting *waiting = container_of(waiter, struct waiting, waiter);
    waiting->woken++;
    if (waiting->waits_again) {
        transport_wait_handshake(waiting->transport, waiter);
    }
}

static void wait(struct waiting *waiting, struct transport *transport)
{
    *waiting = (struct waiting){.waiter = {.on_room = on_room}, .transport = transport};
    list_init(&waiting->waiter.link);
    transport_wait_handshake(transport, &waiting->waiter);
}

static void test_room_is_told_to_all_once(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    test.transport.handshakes_max = 2;
    assert_true(transport_has_handshake_room(&test.transport));
    test.transport.handshakes_open = 2;
    assert_false(transport_has_handshake_room(&test.transport));
    struct waiting first, second;
    wait(&first, &test.transport);
    wait(&second, &test.transport);
    first.waits_again = true;
    transport_leave_handshake(&test.transport);
    assert_int_equal(first.woken, 1);
    assert_int_equal(second.woken, 1);
    assert_true(transport_has_handshake_room(&test.transport));
    first.waits_again = false;
    transport_leave_handshake(&test.transport);
    assert_int_equal(first.woken, 2);
    assert_int_equal(second.woken, 1);
    test_transport_close(&test);
}

static void test_many_linger_and_go_one_by_one(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    struct test_transport test;
    test_transport_open(&test, 0);
    struct chunk_queue queues[COUNT] = {0};
    for (unsigned i = 0; i < COUNT; i++) {
        struct test_owner owner;
        int peer = test_accept_pair(&test, &owner);
        assert_int_equal(write(peer, "x", 1), 1);
        assert_int_equal(connection_read(owner.connection, &queues[i], CHUNK_SMALL, 1), RESULT_OK);
        connection_close(owner.connection, false);
        close(peer);
    }
    event_loop_turn(test.base.loop, false);
    assert_false(list_is_empty(&test.transport.lingering));
    assert_int_equal(test.transport.connections_open, 0);
    size_t before = test_loop_bytes(&test.base, ACCOUNT_CLIENT);
    for (unsigned i = 0; i < COUNT - 1; i++) {
        chunk_queue_clear(&queues[i]);
    }
    uint64_t end_us = clock_monotonic_us() + 200 * US_PER_MS;
    while (clock_monotonic_us() < end_us) {
        event_loop_turn(test.base.loop, true);
    }
    size_t after = test_loop_bytes(&test.base, ACCOUNT_CLIENT);
    assert_true(after <= before / COUNT);
    assert_true(after > 0);
    chunk_queue_clear(&queues[COUNT - 1]);
    /* What is drained when the transport ends needs no timer any more. */
    test_transport_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room_is_told_to_all_once),
        cmocka_unit_test(test_many_linger_and_go_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
