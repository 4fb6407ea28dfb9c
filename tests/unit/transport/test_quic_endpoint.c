/* SPDX-License-Identifier: Apache-2.0 */
/* Ids to connections, and who sends when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/quic_net.h"

static struct test_net net;

static int open_test(void **state)
{
    (void)state;
    test_net_open(&net);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    test_net_close(&net);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

struct sender {
    struct quic_sender sender;
    unsigned flushes, left;
};

static enum result on_flush(struct quic_sender *base)
{
    struct sender *sender = container_of(base, struct sender, sender);
    sender->flushes++;
    return sender->left-- > 1 ? RESULT_FULL : RESULT_OK;
}

static void test_ids(void **state)
{
    (void)state;
    test_net_connect(&net);
    struct quic_client *client =
        container_of(list_first(&net.endpoint->clients), struct quic_client, link);
    struct account *account = &net.owner.connection->account;
    struct quic_cid id = {8, {42}};
    assert_null(quic_endpoint_find(net.endpoint, &id));
    assert_int_equal(quic_endpoint_add_id(net.endpoint, client, account, &id), RESULT_OK);
    assert_int_equal(quic_endpoint_add_id(net.endpoint, client, account, &id), RESULT_FULL);
    assert_ptr_equal(quic_endpoint_find(net.endpoint, &id), client);
    account->cap = account->used;
    id.bytes[0]++;
    assert_int_equal(quic_endpoint_add_id(net.endpoint, client, account, &id), RESULT_NO_MEMORY);
    account->cap = 0;
    id.bytes[0]--;
    quic_endpoint_remove_id(net.endpoint, NULL, account, &id); /* not that one's */
    assert_ptr_equal(quic_endpoint_find(net.endpoint, &id), client);
    quic_endpoint_remove_id(net.endpoint, client, account, &id);
    quic_endpoint_remove_id(net.endpoint, client, account, &id);
    assert_null(quic_endpoint_find(net.endpoint, &id));
}

static void test_turns(void **state)
{
    (void)state;
    struct sender senders[3] = {{.left = 1}, {.left = 3}, {.left = 1}};
    for (unsigned i = 0; i < 3; i++) {
        senders[i].sender.on_flush = on_flush;
        list_init(&senders[i].sender.link);
        quic_endpoint_schedule(net.endpoint, &senders[i].sender);
        quic_endpoint_schedule(net.endpoint, &senders[i].sender);
    }
    quic_endpoint_forget(net.endpoint, &senders[2].sender);
    event_loop_turn(net.base.base.loop, false);
    assert_int_equal(senders[0].flushes, 1);
    assert_in_range(senders[1].flushes, 1, 3); /* others have their turn between */
    for (unsigned i = 0; i < 3; i++) {
        event_loop_turn(net.base.base.loop, false);
    }
    assert_int_equal(senders[1].flushes, 3);
    assert_int_equal(senders[0].flushes, 1);
    assert_int_equal(senders[2].flushes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_ids), TEST(test_turns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
