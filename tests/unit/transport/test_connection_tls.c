/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of TLS over QUIC and of connections without. */
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

#include "transport/connection_tls.h"

static void test_over_quic(void **state)
{
    (void)state;
    test_net_connect(&net);
    const struct connection *connection = net.owner.connection;
    assert_true(connection_has_tls(connection));
    assert_true(slice_equal(connection_tls_sni(connection), SLICE("test.example")));
    assert_true(slice_equal(connection_tls_alpn(connection), SLICE("h3")));
    assert_string_equal(connection_tls_protocol(connection), "TLSv1.3");
    assert_string_equal(connection_tls_cipher(connection), "TLS_AES_128_GCM_SHA256");
    assert_false(connection_tls_is_resumed(connection));
    assert_false(connection_tls_has_client_certificate(connection));
    assert_int_equal(connection_tls_verify_error(connection), 0);
}

static void test_without(void **state)
{
    (void)state;
    struct test_owner owner;
    int peer = test_accept_pair(&net.base, &owner);
    assert_false(connection_has_tls(owner.connection));
    assert_false(connection_has_tls(NULL));
    connection_close(owner.connection, false);
    close(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_over_quic), TEST(test_without)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
