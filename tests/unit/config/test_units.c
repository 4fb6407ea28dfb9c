/* SPDX-License-Identifier: Apache-2.0 */
/* Durations, sizes and numbers: every unit, rounding, limits, and the messages. */
#include "support/config.h"

struct fixture {
    struct test_config *test;
    struct config_reader reader;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->test = test_config_open();
    test_config_reader(fixture->test, &fixture->reader);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    test_config_close(fixture->test);
    free(fixture);
    return 0;
}

static void durations_have_units(void **state)
{
    static const struct {
        const char *word;
        uint32_t unit_ms;
        uint32_t expected_ms;
    } ROWS[] = {
        {"5", 1, 5},
        {"5", 1000, 5000},
        {"0", 1, 0},
        {"10s", 1, 10000},
        {"2m", 1, 120000},
        {"1h", 1, 3600000},
        {"1d", 1, 86400000},
        {"7ms", 1000, 7},
        {"1us", 1, 1},
        {"1000us", 1, 1},
        {"1001us", 1, 2},
        {"24d", 1, 2073600000},
        {"2147483647", 1, 2147483647},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        uint32_t ms = UINT32_MAX;
        assert_int_equal(
            config_read_time(&fixture->reader, "x", ROWS[i].word, ROWS[i].unit_ms, &ms), RESULT_OK);
        assert_int_equal(ms, ROWS[i].expected_ms);
    }
}

static void bad_durations_are_named(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"", "unexpected character"},
        {"abc", "unexpected character 'a' in 'timeout x'"},
        {"-5", "unexpected character '-'"},
        {"5q", "unexpected character 'q'"},
        {"5ss", "unexpected character 's'"},
        {"5S", "unexpected character 'S'"},
        {"2147483648", "timer overflow in argument '2147483648' to 'timeout x'"},
        {"25d", "timer overflow"},
        {"99999999999999999999999", "timer overflow"},
        {"18446744073709551615d", "timer overflow"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        uint32_t ms = 77;
        assert_int_equal(config_read_time(&fixture->reader, "timeout x", ROWS[i].line, 1, &ms),
                         RESULT_INVALID);
        assert_int_equal(ms, 77);
        assert_non_null(strstr(fixture->reader.error_bytes, ROWS[i].part));
    }
}

static void sizes_have_units(void **state)
{
    static const struct {
        const char *word;
        size_t expected;
    } ROWS[] = {
        {"0", 0},           {"16384", 16384},   {"1k", 1024},
        {"1K", 1024},       {"3m", 3145728},    {"3M", 3145728},
        {"2g", 2147483648}, {"2G", 2147483648}, {"18446744073709551615", SIZE_MAX},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        size_t bytes = 1;
        assert_int_equal(config_read_size(&fixture->reader, "x", ROWS[i].word, &bytes), RESULT_OK);
        assert_int_equal(bytes, ROWS[i].expected);
    }
}

static void bad_sizes_are_named(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"k", "unexpected character 'k' in 'size'"},
        {"1t", "unexpected character 't'"},
        {"1kb", "unexpected character 'k'"},
        {"18446744073709551616", "size overflow in argument '18446744073709551616' to 'size'"},
        {"18446744073709551615g", "size overflow"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        size_t bytes = 5;
        assert_int_equal(config_read_size(&fixture->reader, "size", ROWS[i].line, &bytes),
                         RESULT_INVALID);
        assert_non_null(strstr(fixture->reader.error_bytes, ROWS[i].part));
    }
}

static void numbers_have_bounds(void **state)
{
    struct fixture *fixture = *state;
    uint64_t number = 9;
    assert_int_equal(config_read_number(&fixture->reader, "n", "3", 3, 5, &number), RESULT_OK);
    assert_int_equal(number, 3);
    assert_int_equal(config_read_number(&fixture->reader, "n", "5", 3, 5, &number), RESULT_OK);
    assert_int_equal(number, 5);
    static const char *const OUTSIDE[] = {"2", "6", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof(OUTSIDE) / sizeof(OUTSIDE[0]); i++) {
        assert_int_equal(config_read_number(&fixture->reader, "n", OUTSIDE[i], 3, 5, &number),
                         RESULT_INVALID);
        assert_non_null(
            strstr(fixture->reader.error_bytes, "'n' expects a numeric value between 3 and 5"));
    }
    static const char *const NO_NUMBER[] = {"", "x", "4x", "-4"};
    for (size_t i = 0; i < sizeof(NO_NUMBER) / sizeof(NO_NUMBER[0]); i++) {
        assert_int_equal(config_read_number(&fixture->reader, "n", NO_NUMBER[i], 3, 5, &number),
                         RESULT_INVALID);
        assert_non_null(
            strstr(fixture->reader.error_bytes, "'n' expects an integer argument (got '"));
    }
    assert_int_equal(number, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(durations_have_units, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_durations_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_have_units, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_sizes_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_have_bounds, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
