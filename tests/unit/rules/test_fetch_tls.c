/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of TLS, where there is none: what sessions tell is tested with real peers.
 */
#include "rules/fetch.h"

#include "support/fetch.h"
#include "transport/connection.h"

static struct rules_test test;

FETCH_TEST_REGISTRY(registry, fetches_tls);

static void check_nothing(void)
{
    static const char *const TRUTHS[] = {"ssl_fc", "ssl_fc_is_resumed", "ssl_fc_has_sni", "ssl_bc",
                                         "ssl_bc_is_resumed"};
    static const char *const UNKNOWN[] = {"ssl_fc_sni",    "ssl_fc_alpn",    "ssl_fc_protocol",
                                          "ssl_fc_cipher", "ssl_fc_has_crt", "ssl_c_used",
                                          "ssl_c_verify",  "ssl_bc_sni",     "ssl_bc_protocol",
                                          "ssl_bc_alpn",   "ssl_bc_cipher"};
    for (size_t i = 0; i < sizeof(TRUTHS) / sizeof(TRUTHS[0]); i++) {
        assert_fetch(&test, TRUTHS[i], "0");
    }
    for (size_t i = 0; i < sizeof(UNKNOWN) / sizeof(UNKNOWN[0]); i++) {
        assert_fetch(&test, UNKNOWN[i], "(none)");
    }
}

static void test_plain_connections(void **state)
{
    (void)state;
    struct connection plain = {.state = CONNECTION_OPEN};
    rules_test_open(&test);
    test.parser.registry = &registry;
    test.parser.capabilities = SAMPLE_IN_LOG;
    check_nothing();
    test.context.client = &plain;
    test.context.server_connection = &plain;
    check_nothing();
    rules_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
