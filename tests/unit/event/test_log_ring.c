/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring: lines in order, around the end, the oldest evicted, readers that were overtaken.
 */
#include "event/log_ring.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { RING_BYTES = 64, LINE_SIZE = 128 };

struct fixture {
    struct memory *memory;
    struct account account;
    struct log_ring ring;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct memory_options options = {.workers = 1};
    assert_int_equal(memory_create(&options, &fixture.memory), RESULT_OK);
    account_init(&fixture.account, memory_ledger(fixture.memory, 0), ACCOUNT_OPERATOR, 0);
    struct log_ring_options ring = {.name = "buf0", .bytes_max = RING_BYTES};
    log_ring_init(&fixture.ring, &ring, &fixture.account);
    assert_int_equal(fixture.account.used, 0);
    assert_int_equal(log_ring_open(&fixture.ring), RESULT_OK);
    assert_int_equal(log_ring_open(&fixture.ring), RESULT_OK);
    assert_true(fixture.account.used >= RING_BYTES && fixture.account.used < 2 * RING_BYTES);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    log_ring_deinit(&fixture->ring);
    account_deinit(&fixture->account);
    memory_destroy(fixture->memory, true);
    return 0;
}

static enum result write_line(struct log_ring *ring, const char *line)
{
    /* In two parts, as a sink has header and text. */
    size_t half = strlen(line) / 2;
    struct iovec parts[] = {{(char *)line, half}, {(char *)line + half, strlen(line) - half}};
    return log_ring_write(ring, parts, 2);
}

/* The next line as a string; NULL at the end. */
static const char *read_line(const struct log_ring *ring, uint64_t *position, char out[LINE_SIZE])
{
    struct slice parts[2];
    if (!log_ring_read(ring, position, parts)) {
        return NULL;
    }
    snprintf(out, LINE_SIZE, "%.*s%.*s", (int)parts[0].length, parts[0].data, (int)parts[1].length,
             parts[1].data);
    return out;
}

static void test_lines_in_order(void **state)
{
    struct fixture *fixture = *state;
    char line[LINE_SIZE];
    uint64_t position = 0;
    assert_null(read_line(&fixture->ring, &position, line));
    assert_int_equal(write_line(&fixture->ring, "one"), RESULT_OK);
    assert_int_equal(write_line(&fixture->ring, "two"), RESULT_OK);
    assert_string_equal(read_line(&fixture->ring, &position, line), "one");
    assert_string_equal(read_line(&fixture->ring, &position, line), "two");
    assert_null(read_line(&fixture->ring, &position, line));
    assert_int_equal(write_line(&fixture->ring, ""), RESULT_OK);
    assert_string_equal(read_line(&fixture->ring, &position, line), "");
}

static void test_the_oldest_go_and_the_newest_stay(void **state)
{
    struct fixture *fixture = *state;
    char line[LINE_SIZE], expected[LINE_SIZE];
    enum { LINES = 200, KEPT_LEAST = 4 };
    for (unsigned i = 0; i < LINES; i++) {
        snprintf(expected, sizeof(expected), "line %u%.*s", i, (int)(i % 5), "-----");
        assert_int_equal(write_line(&fixture->ring, expected), RESULT_OK);
    }
    uint64_t position = 0;
    unsigned first = 0, count = 0;
    while (read_line(&fixture->ring, &position, line) != NULL) {
        unsigned number = 0;
        assert_int_equal(sscanf(line, "line %u", &number), 1);
        first = count == 0 ? number : first;
        assert_int_equal(number, first + count);
        count++;
    }
    assert_int_equal(first + count, LINES);
    assert_true(count >= KEPT_LEAST - 1);
    assert_true(fixture->ring.evicted > 0);
}

static void test_a_reader_that_was_overtaken(void **state)
{
    struct fixture *fixture = *state;
    char line[LINE_SIZE];
    uint64_t position = 0;
    assert_int_equal(write_line(&fixture->ring, "early"), RESULT_OK);
    assert_non_null(read_line(&fixture->ring, &position, line));
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(write_line(&fixture->ring, "later line"), RESULT_OK);
    }
    assert_string_equal(read_line(&fixture->ring, &position, line), "later line");
}

static void test_a_line_as_long_as_the_ring(void **state)
{
    struct fixture *fixture = *state;
    char line[LINE_SIZE], text[LINE_SIZE];
    memset(text, 'x', sizeof(text));
    text[RING_BYTES - sizeof(uint32_t)] = '\0';
    assert_int_equal(write_line(&fixture->ring, text), RESULT_OK);
    uint64_t position = 0;
    assert_string_equal(read_line(&fixture->ring, &position, line), text);
    text[RING_BYTES - sizeof(uint32_t)] = 'x';
    text[RING_BYTES - sizeof(uint32_t) + 1] = '\0';
    assert_int_equal(write_line(&fixture->ring, text), RESULT_FULL);
    assert_int_equal(fixture->ring.dropped, 1);
    position = 0;
    assert_non_null(read_line(&fixture->ring, &position, line));
}

static void test_refused(void **state)
{
    struct fixture *fixture = *state;
    struct account poor;
    account_init(&poor, memory_ledger(fixture->memory, 0), ACCOUNT_OPERATOR, 10);
    struct log_ring ring;
    log_ring_init(&ring, &(struct log_ring_options){.name = "big", .bytes_max = 1000}, &poor);
    assert_int_equal(log_ring_open(&ring), RESULT_NO_MEMORY);
    log_ring_deinit(&ring);
    account_deinit(&poor);
}

static void test_long_lines_are_cut(void **state)
{
    struct fixture *fixture = *state;
    char line[LINE_SIZE];
    uint64_t position = 0;
    fixture->ring.options.line_bytes_max = 5;
    assert_int_equal(write_line(&fixture->ring, "abcdefgh"), RESULT_OK);
    assert_int_equal(write_line(&fixture->ring, "abcde"), RESULT_OK);
    assert_int_equal(write_line(&fixture->ring, "ab"), RESULT_OK);
    assert_string_equal(read_line(&fixture->ring, &position, line), "abcde");
    assert_string_equal(read_line(&fixture->ring, &position, line), "abcde");
    assert_string_equal(read_line(&fixture->ring, &position, line), "ab");
    assert_null(read_line(&fixture->ring, &position, line));
}

struct counting_watch {
    struct log_ring_watch watch;
    unsigned lines;
};

static void count_line(struct log_ring_watch *watch)
{
    container_of(watch, struct counting_watch, watch)->lines++;
}

static void test_who_watches_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct counting_watch first = {0}, second = {0};
    log_ring_watch_init(&first.watch, count_line);
    log_ring_watch_init(&second.watch, count_line);
    log_ring_unwatch(&first.watch);
    log_ring_watch(&fixture->ring, &first.watch);
    log_ring_watch(&fixture->ring, &first.watch);
    assert_int_equal(write_line(&fixture->ring, "one"), RESULT_OK);
    log_ring_watch(&fixture->ring, &second.watch);
    assert_int_equal(write_line(&fixture->ring, "two"), RESULT_OK);
    log_ring_unwatch(&first.watch);
    assert_int_equal(write_line(&fixture->ring, "three"), RESULT_OK);
    log_ring_unwatch(&second.watch);
    assert_int_equal(write_line(&fixture->ring, "four"), RESULT_OK);
    assert_int_equal(first.lines, 2);
    assert_int_equal(second.lines, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_oldest_go_and_the_newest_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_reader_that_was_overtaken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_as_long_as_the_ring, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_lines_are_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_watches_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
