/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show events: sinks, lines, options, lines longer than a piece, readers that were overtaken; what
 * was said at the start. Waiting is in test_cli_session.c.
 */
#include "admin/commands.h"

#include "support/admin.h"

static void write_ring(struct log_ring *ring, const char *line)
{
    struct iovec part = {(char *)(uintptr_t)line, strlen(line)};
    assert_int_equal(log_ring_write(ring, &part, 1), RESULT_OK);
}

static struct log_ring *add_ring(struct admin_world *test, const char *name, size_t bytes)
{
    struct log_outputs *outputs = &test->world.worker.log_outputs;
    struct log_ring_options options = {.name = name, .bytes_max = bytes};
    assert_int_equal(log_outputs_add_ring(outputs, &options), RESULT_OK);
    struct log_ring *ring = log_outputs_find_ring(outputs, name);
    assert_non_null(ring);
    assert_int_equal(log_ring_open(ring), RESULT_OK);
    return ring;
}

static void test_sinks_are_listed(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    struct log_outputs *outputs = &test.world.worker.log_outputs;
    assert_int_equal(log_outputs_add_default_ring(outputs), RESULT_OK);
    struct log_ring *ring = add_ring(&test, "mine", 100);
    char long_line[200];
    memset(long_line, 'x', sizeof(long_line));
    struct iovec part = {long_line, sizeof(long_line)};
    assert_int_equal(log_ring_write(ring, &part, 1), RESULT_FULL);
    const char *answer = admin_ask(&test, "show events");
    assert_string_equal(answer,
                        "Supported events sinks are listed below. Add -w(wait), -n(new). Any key "
                        "to stop\n"
                        "    stdout     : type=fd, 0 dropped, standard output (fd#1)\n"
                        "    stderr     : type=fd, 0 dropped, standard output (fd#2)\n"
                        "    buf0       : type=buffer, 0 dropped, in-memory ring buffer\n"
                        "    mine       : type=buffer, 1 dropped, mine\n");
    admin_assert_silent(&test, "show events buf0");
    admin_world_close(&test);
}

static void test_lines(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    struct log_ring *ring = add_ring(&test, "mine", 100);
    admin_assert_silent(&test, "show events mine");
    write_ring(ring, "one");
    write_ring(ring, "two");
    assert_string_equal(admin_ask(&test, "show events mine"), "one\ntwo\n");
    assert_string_equal(admin_ask(&test, "show events mine"), "one\ntwo\n");
    admin_assert_silent(&test, "show events mine -n");
    admin_ask(&test, "show events mine -0");
    assert_memory_equal(test.answer, "one\0two\0", sizeof("one\0two"));
    for (unsigned i = 0; i < 40; i++) {
        write_ring(ring, "many more");
    }
    admin_assert_says(&test, "show events mine", "many more\nmany more\n");
    assert_null(strstr(test.answer, "one"));
    admin_assert_says(&test, "show events none", "No such event sink\n");
    admin_assert_says(&test, "show events stdout", "Nothing to report for this sink\n");
    admin_assert_says(&test, "show events mine -x", "unknown option\n");
    admin_assert_says(&test, "show events mine n", "unknown option\n");
    admin_world_close(&test);
}

static void test_lines_longer_than_a_piece(void **state)
{
    (void)state;
    enum { LONG = 100000, RING = 250000 };
    static char line[LONG + 1];
    struct admin_world test;
    admin_world_open(&test);
    struct log_ring *ring = add_ring(&test, "mine", RING);
    memset(line, 'a', LONG);
    write_ring(ring, "x");
    write_ring(ring, line);
    memset(line, 'b', LONG);
    write_ring(ring, line);
    admin_ask(&test, "show events mine");
    assert_true(test.pieces > 2 * LONG / ADMIN_PIECE_BYTES);
    assert_int_equal(strlen(test.answer), 2 + 2 * (LONG + 1));
    assert_int_equal(strspn(test.answer + 2, "a"), LONG);
    assert_int_equal(strspn(test.answer + 2 + LONG + 1, "b"), LONG);
    write_ring(ring, line); /* around the ring's end */
    admin_ask(&test, "show events mine");
    assert_int_equal(strlen(test.answer), 2 * (LONG + 1));
    assert_int_equal(strspn(test.answer + LONG + 1, "b"), LONG);
    admin_world_close(&test);
}

static void test_a_line_that_goes_while_it_is_shown(void **state)
{
    (void)state;
    enum { LONG = 60000, RING = 64000 };
    static char line[LONG + 1];
    char piece[ADMIN_PIECE_BYTES];
    uint64_t room[CLI_STATE_BYTES / sizeof(uint64_t)] = {0};
    struct admin_world test;
    admin_world_open(&test);
    struct log_ring *ring = add_ring(&test, "mine", RING);
    memset(line, 'a', LONG);
    write_ring(ring, line);
    struct text out = text_over(piece, sizeof(piece));
    struct cli_request request = {
        .worker = &test.world.worker, .words = {"show", "events", "mine"}, .count = 3, .out = &out};
    assert_int_equal(COMMANDS_EVENTS[0].run(&request, room), RESULT_OK);
    assert_int_equal(strspn(piece, "a"), sizeof(piece) - 2); /* its end and one for a line feed */
    line[LONG - 10] = '\0';
    write_ring(ring, line);
    write_ring(ring, "new");
    text_clear(&out);
    assert_int_equal(COMMANDS_EVENTS[0].run(&request, room), RESULT_OK);
    assert_memory_equal(piece, "\naaa", 4);
    text_clear(&out);
    assert_int_equal(COMMANDS_EVENTS[0].run(&request, room), RESULT_END);
    assert_non_null(strstr(piece, "a\nnew\n"));
    admin_world_close(&test);
}

static void test_startup_logs(void **state)
{
    (void)state;
    enum { BYTES = 50000 };
    static char bytes[BYTES];
    struct admin_world test;
    admin_world_open(&test);
    admin_assert_silent(&test, "show startup-logs");
    struct text logs = text_over(bytes, sizeof(bytes));
    test.world.facts.startup_logs = &logs;
    while (!logs.truncated) {
        text_append_string(&logs, "[NOTICE]   (1) : something\n");
    }
    assert_string_equal(admin_ask(&test, "show startup-logs"), bytes);
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sinks_are_listed),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_longer_than_a_piece),
        cmocka_unit_test(test_a_line_that_goes_while_it_is_shown),
        cmocka_unit_test(test_startup_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
