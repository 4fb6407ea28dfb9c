/* SPDX-License-Identifier: Apache-2.0 */
/* A connection between the core and its owner: open, ended by either, and what is left afterwards.
 */
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

static void test_closed_by_the_client(void **state)
{
    (void)state;
    test_net_connect(&net);
    assert_int_equal(net.owner.connection->state, CONNECTION_OPEN);
    assert_true(net.owner.connection->bytes_in > 1200);
    assert_true(net.owner.connection->bytes_out > 1200);
    TEST_QUIC_SEND(&net.q, QUIC_FRAME_CONNECTION_CLOSE_APPLICATION, 0x41, 0x00, 0);
    test_net_turn(&net);
    assert_int_equal(net.owner.errors, 1);
    assert_int_equal(net.owner.error, CONNECTION_ERROR_RESET);
}

static void test_closed_by_the_owner(void **state)
{
    (void)state;
    test_net_connect(&net);
    connection_close(net.owner.connection, false);
    net.owner.connection = NULL;
    test_net_turn(&net);
    assert_int_equal(net.q.last[QUIC_FRAME_CONNECTION_CLOSE_APPLICATION].close.code, 0x100);
    assert_int_equal(net.owner.errors, 0);
    assert_false(list_is_empty(&net.endpoint->clients)); /* it answers what still comes */
}

static void test_silent_drop(void **state)
{
    (void)state;
    test_net_connect(&net);
    connection_make_silent(net.owner.connection, 0);
    connection_close(net.owner.connection, false);
    net.owner.connection = NULL;
    test_net_turn(&net);
    assert_int_equal(net.q.count[QUIC_FRAME_CONNECTION_CLOSE_APPLICATION], 0);
    assert_true(list_is_empty(&net.endpoint->clients));
}

static void test_failed_handshake(void **state)
{
    (void)state;
    net.q.tls.sends_no_parameters = true;
    test_net_hello(&net);
    test_quic_send_crypto(&net.q);
    test_net_turn(&net);
    assert_int_equal(net.owner.errors, 1);
    assert_int_equal(net.owner.error, CONNECTION_ERROR_HANDSHAKE);
    assert_int_equal(net.endpoint->half_open, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_closed_by_the_client),
        TEST(test_closed_by_the_owner),
        TEST(test_silent_drop),
        TEST(test_failed_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
