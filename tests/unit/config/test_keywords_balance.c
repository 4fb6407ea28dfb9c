/* SPDX-License-Identifier: Apache-2.0 */
/* balance, hash-type, hash-balance-factor, fullconn: what each sets, and what is said of bad ones.
 */
#include "support/config.h"

#define BACKEND "backend b\n    mode http\n"

/* The balance lines of one backend, and what they come to. */
struct balance_row {
    const char *lines;
    enum balance_algorithm algorithm;
    bool has_key;
    uint32_t draws;
    bool is_domain_only;
};

static void algorithms_are_chosen(void **state)
{
    static const struct balance_row ROWS[] = {
        {"balance", BALANCE_ROUND_ROBIN, false, 2, false},
        {"balance roundrobin", BALANCE_ROUND_ROBIN, false, 2, false},
        {"balance static-rr", BALANCE_STATIC_ROUND_ROBIN, false, 2, false},
        {"balance leastconn", BALANCE_LEAST_CONNECTIONS, false, 2, false},
        {"balance first", BALANCE_FIRST, false, 2, false},
        {"balance random", BALANCE_RANDOM, false, 2, false},
        {"balance random(1)", BALANCE_RANDOM, false, 1, false},
        {"balance random(65535)", BALANCE_RANDOM, false, 65535, false},
        {"balance source", BALANCE_SOURCE, true, 2, false},
        {"balance uri", BALANCE_URI, true, 2, false},
        {"balance url_param user", BALANCE_URL_PARAMETER, true, 2, false},
        {"balance hdr(host)", BALANCE_HEADER, true, 2, false},
        {"balance hdr(host) use_domain_only", BALANCE_HEADER, true, 2, true},
        {"balance hash path,lower", BALANCE_HASH, true, 2, false},
        {"balance hash src", BALANCE_HASH, true, 2, false},
        /* the last line holds, and nothing of the one before */
        {"balance hdr(host) use_domain_only\n    balance roundrobin", BALANCE_ROUND_ROBIN, false, 2,
         false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), BACKEND "    %s\n", ROWS[i].lines);
        struct test_config *test = test_config_valid(text);
        const struct proxy_settings *proxy = test_config_proxy(test, "b");
        assert_int_equal(proxy->balance.algorithm, ROWS[i].algorithm);
        assert_int_equal(proxy->balance_key != NULL, ROWS[i].has_key);
        assert_int_equal(proxy->balance.random_draws, ROWS[i].draws);
        assert_int_equal(proxy->balance.hash_domain_only, ROWS[i].is_domain_only);
        test_config_close(test);
    }
}

static void parts_of_the_uri_are_chosen(void **state)
{
    static const struct {
        const char *words;
        struct balance_uri_options uri;
    } ROWS[] = {
        {"uri", {0, 0, false, false}},
        {"uri whole", {0, 0, true, false}},
        {"uri path-only", {0, 0, false, true}},
        {"uri len 1 depth 65535", {1, 65535, false, false}},
        {"uri depth 3 whole len 20 path-only", {20, 3, true, true}},
        {"uri len 5\n    balance uri", {0, 0, false, false}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), BACKEND "    balance %s\n", ROWS[i].words);
        struct test_config *test = test_config_valid(text);
        const struct balance_uri_options *uri = &test_config_proxy(test, "b")->balance_uri;
        assert_int_equal(uri->bytes_max, ROWS[i].uri.bytes_max);
        assert_int_equal(uri->depth_max, ROWS[i].uri.depth_max);
        assert_int_equal(uri->is_whole, ROWS[i].uri.is_whole);
        assert_int_equal(uri->is_path_only, ROWS[i].uri.is_path_only);
        test_config_close(test);
    }
}

static void bad_algorithms_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"balance nope\n",
         "A parsing [t.cfg:3] : balance only supports 'roundrobin', 'static-rr', 'leastconn', "
         "'source', 'uri', 'url_param', 'hash', 'hdr(name)', 'random' and 'first' options (got "
         "'nope').\n"},
        {"balance source(1)\n",
         "A parsing [t.cfg:3] : balance only supports 'roundrobin', 'static-rr', 'leastconn', "
         "'source', 'uri', 'url_param', 'hash', 'hdr(name)', 'random' and 'first' options (got "
         "'source(1)').\n"},
        {"balance rdp-cookie\n",
         "A parsing [t.cfg:3] : 'balance rdp-cookie' is not supported by weir yet\n"},
        {"balance random(0)\n",
         "A parsing [t.cfg:3] : balance random : number of draws must be at least 1.\n"},
        {"balance random(65536)\n",
         "A parsing [t.cfg:3] : balance random : number of draws must be at least 1.\n"},
        {"balance random(x)\n",
         "A parsing [t.cfg:3] : balance random : 'x' is not a number of draws.\n"},
        {"balance random()\n",
         "A parsing [t.cfg:3] : balance random : '' is not a number of draws.\n"},
        {"balance uri nope\n",
         "A parsing [t.cfg:3] : balance uri only accepts parameters 'len', 'depth', 'path-only', "
         "and 'whole' (got 'nope').\n"},
        {"balance uri len\n", "A parsing [t.cfg:3] : balance uri : 'len' expects a positive "
                              "integer (got '').\n"},
        {"balance uri depth 0\n", "A parsing [t.cfg:3] : balance uri : 'depth' expects a positive "
                                  "integer (got '0').\n"},
        {"balance uri len 65536\n", "A parsing [t.cfg:3] : balance uri : 'len' expects a positive "
                                    "integer (got '65536').\n"},
        {"balance url_param\n",
         "A parsing [t.cfg:3] : balance url_param requires an URL parameter name.\n"},
        {"balance url_param a check_post\n",
         "A parsing [t.cfg:3] : balance url_param : 'check_post' is not supported by weir yet\n"},
        {"balance hdr\n",
         "A parsing [t.cfg:3] : balance hdr requires an http header field name.\n"},
        {"balance hdr()\n",
         "A parsing [t.cfg:3] : balance hdr requires an http header field name.\n"},
        {"balance hdr(a\n",
         "A parsing [t.cfg:3] : balance hdr requires an http header field name.\n"},
        {"balance hdr(a) b\n", "A parsing [t.cfg:3] : balance hdr(name) only accepts "
                               "'use_domain_only' (got 'b').\n"},
        {"balance hash\n", "A parsing [t.cfg:3] : balance hash requires a sample expression.\n"},
        {"balance hash src nope\n",
         "A parsing [t.cfg:3] : balance : unexpected argument 'nope'.\n"},
        {"no balance\n",
         "A parsing [t.cfg:3] : negation/default currently supported only for options, log, "
         "busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.\n"},
    };
    (void)state;
    TEST_CONFIG_CASES(BACKEND, CASES);
}

static void hash_types_are_read(void **state)
{
    static const struct {
        const char *words;
        bool is_consistent;
        enum hash_function function;
        bool has_avalanche;
    } ROWS[] = {
        {"map-based", false, HASH_FUNCTION_SDBM, false},
        {"consistent", true, HASH_FUNCTION_SDBM, true},
        {"map-based avalanche", false, HASH_FUNCTION_SDBM, true},
        {"consistent sdbm", true, HASH_FUNCTION_SDBM, false},
        {"map-based djb2 avalanche", false, HASH_FUNCTION_DJB2, true},
        {"consistent wt6", true, HASH_FUNCTION_WT6, false},
        {"consistent crc32 avalanche", true, HASH_FUNCTION_CRC32, true},
        {"map-based none", false, HASH_FUNCTION_NONE, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), BACKEND "    hash-type %s\n", ROWS[i].words);
        struct test_config *test = test_config_valid(text);
        const struct balance_options *balance = &test_config_proxy(test, "b")->balance;
        assert_int_equal(balance->hash_is_consistent, ROWS[i].is_consistent);
        assert_int_equal(balance->hash_function, ROWS[i].function);
        assert_int_equal(balance->hash_avalanche, ROWS[i].has_avalanche);
        test_config_close(test);
    }
}

static void numbers_are_read(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(
        BACKEND "    hash-balance-factor 101\n    fullconn 2147483647\n"
                "backend c\n    hash-balance-factor 101\n    hash-balance-factor 0\n");
    assert_int_equal(test_config_proxy(test, "b")->balance.hash_balance_factor, 101);
    assert_int_equal(test_config_proxy(test, "b")->balance.fullconn, INT32_MAX);
    assert_int_equal(test_config_proxy(test, "c")->balance.hash_balance_factor, 0);
    assert_int_equal(test_config_proxy(test, "c")->balance.fullconn, 0);
    test_config_close(test);
}

static void bad_hashes_and_numbers_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"hash-type\n",
         "A parsing [t.cfg:3] : 'hash-type' only supports 'consistent' and 'map-based'.\n"},
        {"hash-type nope\n",
         "A parsing [t.cfg:3] : 'hash-type' only supports 'consistent' and 'map-based'.\n"},
        {"hash-type consistent md5\n",
         "A parsing [t.cfg:3] : 'hash-type' only supports 'sdbm', 'djb2', 'crc32', 'wt6', or "
         "'none' hash functions.\n"},
        {"hash-type consistent sdbm nope\n",
         "A parsing [t.cfg:3] : 'hash-type' only supports 'avalanche' as a modifier for hash "
         "functions.\n"},
        {"hash-type consistent sdbm avalanche more\n",
         "A parsing [t.cfg:3] : 'hash-type' cannot handle unexpected argument 'more'.\n"},
        {"hash-balance-factor\n",
         "A parsing [t.cfg:3] : 'hash-balance-factor' expects an integer argument.\n"},
        {"hash-balance-factor 100\n",
         "A parsing [t.cfg:3] : 'hash-balance-factor' must be 0 or greater than 100.\n"},
        {"fullconn 2147483648\n", "A parsing [t.cfg:3] : 'fullconn' expects a numeric value "
                                  "between 0 and 2147483647 (got '2147483648').\n"},
        {"fullconn x\n",
         "A parsing [t.cfg:3] : 'fullconn' expects an integer argument (got 'x').\n"},
    };
    (void)state;
    TEST_CONFIG_CASES(BACKEND, CASES);
}

static void lines_elsewhere_are_ignored(void **state)
{
    static const struct test_config_case CASES[] = {
        {"frontend f\n    mode http\n    bind :80\n    timeout client 1s\n    balance source\n",
         "W parsing [t.cfg:5] : 'balance' ignored because frontend 'f' has no backend "
         "capability.\n"},
        {"global\n    balance source\n",
         "A parsing [t.cfg:2] : unknown keyword 'balance' in 'global' section\n"},
    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    test_config_faults(BACKEND "    balance hdr(host) use_domain_only\n    balance uri len 5\n"
                               "    balance hash path,lower\n    hash-type consistent djb2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithms_are_chosen),
        cmocka_unit_test(parts_of_the_uri_are_chosen),
        cmocka_unit_test(bad_algorithms_are_refused),
        cmocka_unit_test(hash_types_are_read),
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(bad_hashes_and_numbers_are_refused),
        cmocka_unit_test(lines_elsewhere_are_ignored),
        cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
