/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's life: opened, refused for want of memory, asked, key update, destroyed at any
 * time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/quic_peer.h"

static struct test_quic q;

static int open_test(void **state)
{
    (void)state;
    test_quic_open(&q);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    test_quic_close(&q);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

static void test_life(void **state)
{
    (void)state;
    test_quic_connect(&q);
    assert_int_equal(quic_connection_state(q.server), QUIC_STATE_OPEN);
    assert_true(quic_connection_is_complete(q.server));
    assert_int_equal(quic_connection_version(q.server), QUIC_VERSION_1);
    assert_true(slice_equal(quic_connection_alpn(q.server), SLICE("h3")));
    assert_string_equal(quic_connection_tls(q.server)->server_name, "test.example");
    assert_true(address_equal(&quic_connection_addresses(q.server)->peer, &q.path.peer));
    assert_true(quic_connection_recovery(q.server)->rtt.has_sample);
    assert_int_equal(quic_connection_streams(q.server)->count, 0);
}

static void test_refused_without_memory(void **state)
{
    (void)state;
    size_t least = 1000;
    enum result result = RESULT_NO_MEMORY;
    for (; result == RESULT_NO_MEMORY; least += 2000) { /* wherever it fails, nothing is left */
        q.account.cap = least;
        if (q.tls.native != NULL) {
            test_quic_tls_close(&q.tls);
            q.tls.native = NULL;
            quic_keys_clear(&q.keys[QUIC_SPACE_INITIAL], &q.worker);
            memset(q.tls.out_bytes, 0, sizeof(q.tls.out_bytes));
        }
        result = test_quic_accept(&q);
        assert_true(result == RESULT_OK || (q.account.used == 0 && q.ids == 0));
    }
    assert_int_equal(result, RESULT_OK);
    assert_true(q.account.used < 64 * 1024);
    q.account.cap = 0;
}

static void test_destroyed_in_the_handshake(void **state)
{
    (void)state;
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    test_quic_send_crypto(&q);
    q.drops = true;
    test_quic_receive(&q); /* packets in flight, keys, TLS: all of it goes */
}

static void test_key_update_of_ours(void **state)
{
    (void)state;
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    assert_int_equal(quic_connection_update_keys(q.server, q.now_us), RESULT_FULL);
    quic_connection_destroy(q.server);
    q.server = NULL;
    test_quic_close(&q);
    test_quic_open(&q);
    test_quic_connect(&q);
    bool phase = q.server->update.phase;
    assert_int_equal(quic_connection_update_keys(q.server, q.now_us), RESULT_OK);
    assert_int_not_equal(q.server->update.phase, phase);
    assert_int_equal(quic_connection_update_keys(q.server, q.now_us), RESULT_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_life),
        TEST(test_refused_without_memory),
        TEST(test_destroyed_in_the_handshake),
        TEST(test_key_update_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
