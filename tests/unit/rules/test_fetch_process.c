/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of the process and of chance.
 */
#include "rules/fetch.h"

#include <stdlib.h>
#include <unistd.h>

#include "support/fetch.h"

enum { UUID_LENGTH = 36, DRAWS = 200 };

static struct rules_test test;

FETCH_TEST_REGISTRY(registry, fetches_process);

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    test.parser.registry = &registry;
    test.context.wall_us = 1700000000123456;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void test_dates(void **state)
{
    (void)state;
    assert_fetch(&test, "date", "1700000000");
    assert_fetch(&test, "date(-10)", "1699999990");
    assert_fetch(&test, "date(1,s)", "1700000001");
    assert_fetch(&test, "date(1,ms)", "1700000000124");
    assert_fetch(&test, "date(0,us)", "1700000000123456");
    assert_fetch(&test, "date_us", "123456");
    assert_fetch(&test, "date(9223372036854775807)", "(none)");
    assert_refused(&test, "date(0,h)",
                   "invalid args in fetch method 'date' : expects 's', 'ms' or 'us', got 'h'");
}

static void test_the_process(void **state)
{
    (void)state;
    char pid[24];
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    test.context.process_connections = 5;
    test.context.process_started_ms = TEST_NOW_MS - 61999;
    test.context.worker_index = 3;
    assert_fetch(&test, "act_conn", "5");
    assert_fetch(&test, "uptime", "61");
    assert_fetch(&test, "thread", "3");
    assert_fetch(&test, "pid", pid);
    assert_fetch(&test, "proc", "1");
    assert_fetch(&test, "stopping", "0");
    test.context.is_stopping = true;
    assert_fetch(&test, "stopping", "1");
    assert_fetch(&test, "hostname", "node");
    test.context.host_name = "host";
    assert_fetch(&test, "hostname", "host");
}

static void test_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("WEIR_TEST_NAME", "a value", 1), 0);
    assert_fetch(&test, "env(WEIR_TEST_NAME)", "a value");
    assert_int_equal(unsetenv("WEIR_TEST_NAME"), 0);
    assert_fetch(&test, "env(WEIR_TEST_NAME)", "(none)");
}

static void test_random_numbers(void **state)
{
    (void)state;
    bool seen[4] = {false};
    for (unsigned i = 0; i < DRAWS; i++) {
        int64_t value = fetch_test_integer(&test, "rand(4)");
        assert_in_range(value, 0, 3);
        seen[value] = true;
        assert_in_range(fetch_test_integer(&test, "rand"), 0, UINT32_MAX);
    }
    assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
    assert_fetch(&test, "rand(1)", "0");
}

static void check_uuid(const char *id, char version)
{
    assert_int_equal(strlen(id), UUID_LENGTH);
    for (unsigned i = 0; i < UUID_LENGTH; i++) {
        bool is_mark = i == 8 || i == 13 || i == 18 || i == 23;
        assert_true(is_mark ? id[i] == '-' : strchr("0123456789abcdef", id[i]) != NULL);
    }
    assert_int_equal(id[14], version);
    assert_non_null(strchr("89ab", id[19]));
}

static void test_uuids(void **state)
{
    (void)state;
    char first[UUID_LENGTH + 1];
    const char *id = fetch_test_value(&test, "uuid");
    check_uuid(id, '4');
    memcpy(first, id, sizeof(first));
    assert_string_not_equal(fetch_test_value(&test, "uuid(4)"), first);
    id = fetch_test_value(&test, "uuid(7)");
    check_uuid(id, '7');
    assert_memory_equal(id, "018bcfe5-687b-", 14); /* 1700000000123 ms */
    assert_refused(&test, "uuid(5)",
                   "invalid args in fetch method 'uuid' : Unsupported UUID version: '5'");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_dates),          CASE(test_the_process), CASE(test_environment),
        CASE(test_random_numbers), CASE(test_uuids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
