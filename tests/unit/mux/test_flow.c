/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte side of one-stream muxes: one write a turn, ends, the callback that was asked for, and
 * reading that waits for memory and starts again.
 */
#include "mux/flow.h"
#include "support/transport.h"

struct test_flow {
    struct test_transport base;
    struct mux_flow flow;
    int peer;
    unsigned inputs, drains, failures, laters;
};

static struct test_flow *of(struct mux_flow *flow)
{
    return container_of(flow, struct test_flow, flow);
}

static void on_input(struct mux_flow *flow)
{
    of(flow)->inputs++;
}

static void on_drained(struct mux_flow *flow)
{
    of(flow)->drains++;
}

static void on_failed(struct mux_flow *flow)
{
    of(flow)->failures++;
}

static void on_later(struct mux_flow *flow)
{
    of(flow)->laters++;
}

static const struct mux_flow_events EVENTS = {on_input, on_drained, on_failed, on_later};

static void open_flow(struct test_flow *test)
{
    enum { WINDOW = 1000 }; /* four times as much while memory is calm */
    memset(test, 0, sizeof(*test));
    test_transport_open(&test->base, 0);
    struct test_owner owner;
    test->peer = test_accept_pair(&test->base, &owner);
    flow_init(&test->flow, owner.connection, WINDOW, &EVENTS);
}

static void turn(struct test_flow *test)
{
    for (unsigned i = 0; i < 4; i++) {
        event_loop_turn(test->base.base.loop, false);
    }
}

static void close_flow(struct test_flow *test)
{
    flow_close(&test->flow, false);
    close(test->peer);
    turn(test);
    test_transport_close(&test->base);
}

static void append(struct test_flow *test, const char *text)
{
    assert_int_equal(chunk_queue_append_copy(&test->flow.output, &test->base.chunks,
                                             &test->flow.connection->account,
                                             slice_from_string(text)),
                     RESULT_OK);
}

static void test_writes_once_a_turn(void **state)
{
    (void)state;
    struct test_flow test;
    open_flow(&test);
    append(&test, "head ");
    flow_send(&test.flow);
    append(&test, "body");
    char got[32] = "";
    assert_int_equal(recv(test.peer, got, sizeof(got), 0), -1); /* nothing before the turn's end */
    turn(&test);
    assert_int_equal(recv(test.peer, got, sizeof(got), 0), 9);
    assert_string_equal(got, "head body");
    close_flow(&test);
}

static void test_finish_comes_behind_the_output(void **state)
{
    (void)state;
    struct test_flow test;
    open_flow(&test);
    append(&test, "x");
    flow_finish(&test.flow);
    turn(&test);
    char byte;
    assert_int_equal(recv(test.peer, &byte, 1, 0), 1);
    assert_int_equal(recv(test.peer, &byte, 1, 0), 0);
    close_flow(&test);
}

static void test_input_only_when_wanted(void **state)
{
    (void)state;
    struct test_flow test;
    open_flow(&test);
    assert_int_equal(send(test.peer, "abc", 3, 0), 3);
    turn(&test);
    assert_int_equal(test.inputs, 0);
    flow_want_input(&test.flow, true);
    turn(&test);
    assert_int_equal(test.inputs, 1);
    assert_int_equal(test.flow.input.bytes, 3);
    assert_false(flow_has_ended(&test.flow));
    shutdown(test.peer, SHUT_WR);
    turn(&test);
    assert_false(flow_has_ended(&test.flow)); /* three bytes are still to be used */
    chunk_queue_clear(&test.flow.input);
    assert_true(flow_has_ended(&test.flow));
    close_flow(&test);
}

static void test_later_and_drained(void **state)
{
    (void)state;
    struct test_flow test;
    open_flow(&test);
    flow_later(&test.flow);
    turn(&test);
    assert_int_equal(test.laters, 1);
    append(&test, "x");
    flow_want_empty(&test.flow);
    turn(&test);
    assert_int_equal(test.drains, 1);
    assert_false(flow_is_full(&test.flow));
    close_flow(&test);
}

/* A write that fails must not swallow the callback that was asked for: what waits for it would
 * never end. */
static void test_later_comes_after_a_failed_write(void **state)
{
    (void)state;
    struct test_flow test;
    open_flow(&test);
    const struct linger reset = {.l_onoff = 1};
    assert_int_equal(setsockopt(test.peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    close(test.peer);
    append(&test, "x");
    flow_later(&test.flow);
    turn(&test);
    assert_int_equal(test.failures, 1);
    assert_int_equal(test.laters, 1);
    test.peer = -1;
    close_flow(&test);
}

static void test_a_dead_peer(void **state)
{
    (void)state;
    struct test_flow test;
    open_flow(&test);
    flow_want_input(&test.flow, true);
    int peer = test.peer;
    shutdown(peer, SHUT_RD);
    append(&test, "x");
    flow_send(&test.flow);
    turn(&test);
    assert_int_equal(test.failures, 1);
    assert_true(test.flow.has_failed);
    assert_true(chunk_queue_is_empty(&test.flow.output));
    close_flow(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_once_a_turn),
        cmocka_unit_test(test_finish_comes_behind_the_output),
        cmocka_unit_test(test_input_only_when_wanted),
        cmocka_unit_test(test_later_and_drained),
        cmocka_unit_test(test_later_comes_after_a_failed_write),
        cmocka_unit_test(test_a_dead_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
