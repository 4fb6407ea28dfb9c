/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of bind lines: the field of each, its limits, and what is said of bad ones. */
#include <pwd.h>

#include "config/arguments.h"
#include "support/config.h"

#define FRONTEND "frontend f\n    mode http\n    timeout client 1s\n"

static void fields_are_set(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(
        FRONTEND "    bind :1 name n id 7 maxconn 8 backlog 9 mss 65535 tcp-ut 10s interface lo "
                 "v4v6 transparent defer-accept tfo level admin severity-output string expose-fd "
                 "listeners proto h1\n"
                 "    bind :::2 v6only level user severity-output number maxconn 2147483647\n"
                 "    bind /s mode 0640 uid 11 gid 12 level operator severity-output none\n");
    struct list *binds = &test_config_proxy(test, "f")->binds;
    const struct bind_settings *one = test_config_bind(binds, 0);
    assert_string_equal(one->name, "n");
    assert_int_equal(one->id, 7);
    assert_int_equal(one->maxconn, 8);
    assert_int_equal(one->listener.backlog, 9);
    assert_int_equal(one->listener.mss, 65535);
    assert_int_equal(one->listener.user_timeout_ms, 10000);
    assert_string_equal(one->listener.interface_name, "lo");
    assert_true(one->listener.v4_v6);
    assert_false(one->listener.v6_only);
    assert_true(one->listener.transparent);
    assert_true(one->listener.defer_accept);
    assert_true(one->listener.tfo);
    assert_int_equal(one->level, BIND_LEVEL_ADMIN);
    assert_int_equal(one->severity, 2);
    assert_true(one->expose_fd);
    assert_false(one->is_ssl);
    const struct bind_settings *two = test_config_bind(binds, 1);
    assert_true(two->listener.v6_only);
    assert_int_equal(two->level, BIND_LEVEL_USER);
    assert_int_equal(two->severity, 1);
    assert_int_equal(two->maxconn, INT32_MAX);
    assert_false(two->expose_fd);
    const struct bind_settings *three = test_config_bind(binds, 2);
    assert_int_equal(three->listener.mode, 0640);
    assert_int_equal(three->listener.uid, 11);
    assert_int_equal(three->listener.gid, 12);
    assert_int_equal(three->level, BIND_LEVEL_OPERATOR);
    assert_int_equal(three->severity, 0);
    test_config_close(test);
}

static void users_are_found_by_name(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_valid(FRONTEND "    bind /s user root group root mode 7777\n");
    const struct bind_settings *bind = test_config_bind(&test_config_proxy(test, "f")->binds, 0);
    assert_int_equal(bind->listener.uid, 0);
    assert_int_equal(bind->listener.gid, 0);
    assert_int_equal(bind->listener.mode, 07777);
    test_config_close(test);
}

/* The default one comes first, wherever it is on the line. */
static void certificates_are_collected(void **state)
{
    (void)state;
    struct test_config *test = test_config_open();
    test_config_write("a.pem", "");
    test_config_write("b.pem", "");
    test_config_write("c.pem", "");
    enum result result =
        test_config_load(test, FRONTEND "    bind :1 ssl crt a.pem crt b.pem default-crt c.pem\n");
    assert_string_equal(test->messages.data, "");
    assert_int_equal(result, RESULT_OK);
    const struct bind_settings *bind = test_config_bind(&test_config_proxy(test, "f")->binds, 0);
    assert_true(bind->is_ssl);
    assert_int_equal(bind->tls.certificates_count, 3);
    assert_string_equal(bind->tls.certificates[0], "c.pem");
    assert_string_equal(bind->tls.certificates[1], "a.pem");
    assert_string_equal(bind->tls.certificates[2], "b.pem");
    test_config_close(test);
}

/* As many as a line has words for. */
static void a_line_holds_many_certificates(void **state)
{
    enum { MOST = 126, WORDS_BYTES = 12 };
    (void)state;
    char text[(MOST + 16) * WORDS_BYTES] = FRONTEND "    bind :1 ssl";
    size_t length = strlen(text);
    for (int i = 0; i < MOST; i++) {
        length += (size_t)snprintf(text + length, sizeof(text) - length, " crt t.cfg");
    }
    snprintf(text + length, sizeof(text) - length, "\n");
    struct test_config *test = test_config_valid(text);
    const struct bind_settings *bind = test_config_bind(&test_config_proxy(test, "f")->binds, 0);
    assert_int_equal(bind->tls.certificates_count, MOST);
    assert_string_equal(bind->tls.certificates[MOST - 1], "t.cfg");
    test_config_close(test);
}

static void bad_values_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"bind :1 name\n",
         "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'name' : missing name\n"},
        {"bind :1 id x\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'id' : expects "
                           "an integer argument, found 'x'\n"},
        {"bind :1 id 0\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'id' : custom "
                           "id has to be > 0\n"},
        {"bind :1 id 2147483648\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'id' "
                                    ": expects an integer argument, found '2147483648'\n"},
        {"bind :1 id 5\n"
         "bind :2 id 5\n",
         "A parsing [t.cfg:5] : 'bind :2' in section 'frontend' : 'id' : custom id 5 already used "
         "at t.cfg:4\n"},
        {"bind :1 crt\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'crt' : missing "
                          "certificate location\n"},
        {"bind :1 ssl crt /nope.pem\n",
         "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : unable to stat SSL certificate "
         "from file '/nope.pem' : No such file or directory\n"},
        {"bind :1 ssl default-crt /nope.pem\n",
         "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : unable to stat SSL certificate "
         "from file '/nope.pem' : No such file or directory\n"},
        {"bind :1 maxconn x\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'maxconn' "
                                "expects an integer argument (got 'x')\n"},
        {"bind :1 maxconn 2147483648\n",
         "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'maxconn' expects a numeric "
         "value between 0 and 2147483647 (got '2147483648')\n"},
        {"bind :1 backlog\n",
         "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'backlog' : missing value\n"},
        {"bind :1 mss 0\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'mss' : "
                            "expects an MSS between 1 and 65535\n"},
        {"bind :1 mss 65536\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'mss' : "
                                "expects an MSS between 1 and 65535\n"},
        {"bind :1 tcp-ut\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'tcp-ut' : "
                             "missing TCP User Timeout value\n"},
        {"bind :1 tcp-ut x\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'tcp-ut' : "
                               "expects a positive delay in milliseconds\n"},
        {"bind /x mode\n", "A parsing [t.cfg:4] : 'bind /x' in section 'frontend' : 'mode' : "
                           "missing or invalid mode '' (octal integer expected)\n"},
        {"bind /x mode 8\n", "A parsing [t.cfg:4] : 'bind /x' in section 'frontend' : 'mode' : "
                             "missing or invalid mode '8' (octal integer expected)\n"},
        {"bind /x mode 10000\n", "A parsing [t.cfg:4] : 'bind /x' in section 'frontend' : 'mode' : "
                                 "missing or invalid mode '10000' (octal integer expected)\n"},
        {"bind /x mode -1\n", "A parsing [t.cfg:4] : 'bind /x' in section 'frontend' : 'mode' : "
                              "missing or invalid mode '-1' (octal integer expected)\n"},
        {"bind /x mode \" 7\"\n", "A parsing [t.cfg:4] : 'bind /x' in section 'frontend' : 'mode' "
                                  ": missing or invalid mode ' 7' (octal integer expected)\n"},
        {"bind /x user nobody-nope\n", "A parsing [t.cfg:4] : 'bind /x' in section 'frontend' : "
                                       "'user' : unknown user name 'nobody-nope'\n"},
        {"bind /x group nobody-nope\n", "A parsing [t.cfg:4] : 'bind /x' in section 'frontend' : "
                                        "'group' : unknown group name 'nobody-nope'\n"},
        {"bind /x uid -1\n", "A parsing [t.cfg:4] : 'bind /x' in section 'frontend' : 'uid' "
                             "expects an integer argument (got '-1')\n"},
        {"bind :1 interface\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : "
                                "'interface' : missing interface name\n"},

    };
    (void)state;
    TEST_CONFIG_CASES(FRONTEND, CASES);
}
static void bad_words_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"bind :1 level x\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'level' "
                              "only supports 'user', 'operator', and 'admin' (got 'x')\n"},
        {"bind :1 severity-output x\n",
         "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'severity-output' only supports "
         "'none', 'number', and 'string' (got 'x')\n"},
        {"bind :1 expose-fd x\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : "
                                  "'expose-fd' only supports 'listeners' (got 'x')\n"},
        {"bind :1 proto h2\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'proto' : "
                               "'h2' is not supported by weir yet\n"},
        {"bind :1 proto quic\n",
         "A parsing [t.cfg:4] : 'proto' : 'quic' needs a QUIC address (quic4@, quic6@)\n"},
        {"bind :1 proto x\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'proto' :  "
                              "unknown MUX protocol 'x'\n"},
        {"bind :1 nice 1025\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'nice' : "
                                "invalid value 1025, allowed range is -1024..1024\n"},
        {"bind :1 nice x\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'nice' : "
                             "invalid value x, allowed range is -1024..1024\n"},
        {"bind :1 thread x\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'thread' : "
                               "'x' is not a valid number/range\n"},
        {"bind :1 thread 1/\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'thread' "
                                ": '1/' is not a valid number/range\n"},
        {"bind :1 thread 1-2-3\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : "
                                   "'thread' : '1-2-3' is not a valid number/range\n"},
        {"bind :1 thread all,,odd\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : "
                                      "'thread' : 'all,,odd' is not a valid number/range\n"},
        {"bind :1 thread oddly\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : "
                                   "'thread' : 'oddly' is not a valid number/range\n"},
        {"bind :1 shards 0\n",
         "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'shards' : invalid value 0, "
         "allowed range is 1..1024, 'by-thread' or 'by-group'\n"},
        {"bind :1 shards 1025\n",
         "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'shards' : invalid value 1025, "
         "allowed range is 1..1024, 'by-thread' or 'by-group'\n"},
        {"bind :1 shards x\n",
         "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : 'shards' : invalid value x, "
         "allowed range is 1..1024, 'by-thread' or 'by-group'\n"},
        {"bind :1 nope\n",
         "A parsing [t.cfg:4] : 'bind :1' in section 'frontend': unknown keyword 'nope'\n"},
        {"bind :1 maxcon 5\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend': unknown "
                               "keyword 'maxcon'; did you mean 'maxconn' maybe ?\n"},
        {"bind :1 crt-list x\n", "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : "
                                 "'crt-list' is not supported by weir yet\n"},

    };
    (void)state;
    TEST_CONFIG_CASES(FRONTEND, CASES);
}
static void what_weir_does_not_have_is_passed_over(void **state)
{
    static const struct test_config_case CASES[] = {
        {"bind :1 nice -1024\n",
         "D parsing [t.cfg:4] : 'nice' has no meaning for weir and is passed over.\n"},
        {"bind :1 thread all\n",
         "D parsing [t.cfg:4] : 'thread' has no meaning for weir and is passed over.\n"},
        {"bind :1 thread 1\n",
         "D parsing [t.cfg:4] : 'thread' has no meaning for weir and is passed over.\n"},
        {"bind :1 thread 1-\n",
         "D parsing [t.cfg:4] : 'thread' has no meaning for weir and is passed over.\n"},
        {"bind :1 thread 1/odd,2/even,3/1-4\n",
         "D parsing [t.cfg:4] : 'thread' has no meaning for weir and is passed over.\n"},
        {"bind :1 shards by-thread\n",
         "D parsing [t.cfg:4] : 'shards' has no meaning for weir and is passed over.\n"},
        {"bind :1 shards 1024\n",
         "D parsing [t.cfg:4] : 'shards' has no meaning for weir and is passed over.\n"},
        {"bind :1 shards by-group\n",
         "D parsing [t.cfg:4] : 'shards' has no meaning for weir and is passed over.\n"},
        {"bind :1 label x guid-prefix y no-ca-names\n",
         "D parsing [t.cfg:4] : 'label' has no meaning for weir and is passed over.\n"
         "D parsing [t.cfg:4] : 'guid-prefix' has no meaning for weir and is passed over.\n"
         "D parsing [t.cfg:4] : 'no-ca-names' has no meaning for weir and is passed over.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES(FRONTEND, CASES);
}

/* Every row that takes a value says so when there is none. */
static void missing_values_are_told(void **state)
{
    (void)state;
    for (const struct bind_argument *row = BIND_ARGUMENTS; row->name != NULL; row++) {
        char text[512];
        char message[512];
        if (row->missing == NULL) {
            continue;
        }
        snprintf(text, sizeof(text), FRONTEND "    bind :1 %s\n", row->name);
        snprintf(message, sizeof(message),
                 "A parsing [t.cfg:4] : 'bind :1' in section 'frontend' : '%s' : %s\n", row->name,
                 row->missing);
        assert_fails(text, message);
    }
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    test_config_faults(FRONTEND "    bind :1 ssl crt t.cfg name n interface lo\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_set),
        cmocka_unit_test(users_are_found_by_name),
        cmocka_unit_test(certificates_are_collected),
        cmocka_unit_test(a_line_holds_many_certificates),
        cmocka_unit_test(bad_values_are_refused),
        cmocka_unit_test(bad_words_are_refused),
        cmocka_unit_test(what_weir_does_not_have_is_passed_over),
        cmocka_unit_test(missing_values_are_told),
        cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
