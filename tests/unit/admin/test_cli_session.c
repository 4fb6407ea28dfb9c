/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions on a real socket: lines, ';', payloads, prompt, levels, limits, large answers.
 */
#include "admin/cli_session.h"

#include <sys/socket.h>

#include "memory/pool.h"
#include "support/admin.h"

enum { REPLY_MAX = 1048576, OUTPUT_AHEAD = 65536 };

struct bench {
    struct admin_world test;
    struct cli_server server;
    int fd;
    char reply[REPLY_MAX];
    size_t length;
    bool has_ended;
};

static void connect_to(struct bench *bench, enum cli_level level)
{
    int fds[2];
    struct address peer = {.family = AF_UNIX};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(cli_session_open(&bench->server, fds[0], &peer, level), RESULT_OK);
    bench->fd = fds[1];
    bench->length = 0;
    bench->has_ended = false;
}

static void open_bench(struct bench *bench)
{
    memset(bench, 0, sizeof(*bench));
    admin_world_open(&bench->test);
    struct worker *worker = &bench->test.world.worker;
    list_init(&bench->server.open);
    bench->server.worker = worker;
    bench->server.sessions = pool_create(worker->memory, "cli_session", cli_session_bytes(), 0);
    assert_non_null(bench->server.sessions);
    connect_to(bench, CLI_ADMIN);
}

static void close_bench(struct bench *bench)
{
    cli_sessions_close(&bench->server);
    assert_int_equal(bench->server.open_count, 0);
    close(bench->fd);
    admin_world_close(&bench->test);
}

static void say(struct bench *bench, const char *bytes)
{
    assert_int_equal(send(bench->fd, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
}

static void pump(struct bench *bench)
{
    event_loop_turn(bench->test.world.base.loop, false);
    ssize_t count = recv(bench->fd, bench->reply + bench->length, REPLY_MAX - 1 - bench->length, 0);
    bench->has_ended = bench->has_ended || count == 0;
    bench->length += count > 0 ? (size_t)count : 0;
    bench->reply[bench->length] = '\0';
}

/* Everything until the session closes. */
static const char *ask(struct bench *bench, const char *bytes)
{
    say(bench, bytes);
    for (unsigned i = 0; i < TEST_PATIENCE_MS && !bench->has_ended; i++) {
        pump(bench);
        usleep(bench->has_ended ? 0 : 200);
    }
    assert_true(bench->has_ended);
    return bench->reply;
}

static void test_one_command(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    assert_int_equal(bench.server.open_count, 1);
    assert_string_equal(ask(&bench, "show version\n"), "1.2.3\n\n");
    assert_int_equal(bench.server.open_count, 0);
    close_bench(&bench);
}

static void test_several_commands(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    assert_string_equal(ask(&bench, "show version;get weight be/s1\n"),
                        "1.2.3\n\n1 (initial 1)\n\n");
    close(bench.fd);
    connect_to(&bench, CLI_ADMIN);
    assert_non_null(strstr(ask(&bench, "show\\;x ';'\n"), "Unknown command: 'show;x'"));
    close_bench(&bench);
}

static void test_pieces_and_carriage_return(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    say(&bench, "show ver");
    for (unsigned i = 0; i < 5; i++) {
        pump(&bench);
    }
    assert_int_equal(bench.length, 0);
    assert_false(bench.has_ended);
    assert_string_equal(ask(&bench, "sion\r\n"), "1.2.3\n\n");
    close_bench(&bench);
}

static void test_prompt(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    assert_string_equal(ask(&bench, "prompt\nshow version\nquit\n"), "\n> 1.2.3\n\n> ");
    close_bench(&bench);
}

static void test_levels_only_fall(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    const char *reply = ask(&bench, "prompt i\nuser\ndisable server be/s1\noperator\n"
                                    "disable server be/s1\nquit\n");
    assert_string_equal(reply, "\n\nPermission denied\n\n\nPermission denied\n\n");
    assert_int_equal(world_server(&bench.test.world, 0)->admin, 0);
    close_bench(&bench);
}

static void test_payload(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    say(&bench, "add map nothing <<\na 1\n");
    for (unsigned i = 0; i < 5; i++) {
        pump(&bench);
    }
    assert_int_equal(bench.length, 0); /* its end is not there yet */
    assert_string_equal(ask(&bench, "\n"),
                        "Unknown map identifier. Please use #<id> or <file>.\n\n");
    close(bench.fd);
    connect_to(&bench, CLI_ADMIN);
    assert_string_equal(ask(&bench, "add map nothing <<END\n\nb 2\nEND\n"),
                        "Unknown map identifier. Please use #<id> or <file>.\n\n");
    close_bench(&bench);
}

static void test_large_answer(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    char line[512];
    struct text text = text_over(line, sizeof(line));
    for (unsigned i = 0; i < 4; i++) {
        text_append_string(&text, "show stat json;");
    }
    text_append_string(&text, "show version\n");
    const char *reply = ask(&bench, line);
    assert_true(bench.length > 2 * OUTPUT_AHEAD);
    assert_string_equal(reply + bench.length - 8, "\n1.2.3\n\n");
    close_bench(&bench);
}

static void test_a_line_too_long(void **state)
{
    (void)state;
    struct bench bench;
    char bytes[2048];
    open_bench(&bench);
    memset(bytes, 'a', sizeof(bytes) - 1);
    bytes[sizeof(bytes) - 1] = '\0';
    for (unsigned i = 0; i < 9 && !bench.has_ended; i++) {
        (void)!send(bench.fd, bytes, strlen(bytes), MSG_NOSIGNAL);
        pump(&bench);
    }
    for (unsigned i = 0; i < 100 && !bench.has_ended; i++) {
        (void)!recv(bench.fd, bytes, 0, 0);
        pump(&bench);
        bench.has_ended = bench.has_ended || bench.server.open_count == 0;
    }
    assert_true(bench.has_ended);
    assert_int_equal(bench.length, 0);
    close_bench(&bench);
}

static void test_closed_in_the_middle(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    say(&bench, "show stat json;show stat json;show stat json\n");
    shutdown(bench.fd, SHUT_RDWR);
    for (unsigned i = 0; i < 100 && bench.server.open_count > 0; i++) {
        event_loop_turn(bench.test.world.base.loop, false);
        usleep(200);
    }
    assert_int_equal(bench.server.open_count, 0);
    close_bench(&bench);
}

/* Pumps until the reply ends with `end`. */
static void wait_for(struct bench *bench, const char *end)
{
    size_t length = strlen(end);
    for (unsigned i = 0; i < TEST_PATIENCE_MS; i++) {
        pump(bench);
        if (bench->length >= length && strcmp(bench->reply + bench->length - length, end) == 0) {
            return;
        }
        usleep(200);
    }
    fail_msg("'%s' does not end with '%s'", bench->reply, end);
}

static struct log_ring *open_ring(struct bench *bench)
{
    struct log_outputs *outputs = &bench->test.world.worker.log_outputs;
    assert_int_equal(log_outputs_add_default_ring(outputs), RESULT_OK);
    struct log_ring *ring = log_outputs_find_ring(outputs, "buf0");
    assert_int_equal(log_ring_open(ring), RESULT_OK);
    return ring;
}

static void write_line(struct log_ring *ring, const char *line)
{
    struct iovec part = {(char *)(uintptr_t)line, strlen(line)};
    assert_int_equal(log_ring_write(ring, &part, 1), RESULT_OK);
}

static void test_waiting_for_lines(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    struct log_ring *ring = open_ring(&bench);
    write_line(ring, "old");
    say(&bench, "show events buf0 -w\n");
    wait_for(&bench, "old\n");
    write_line(ring, "one");
    write_line(ring, "two");
    wait_for(&bench, "old\none\ntwo\n");
    assert_false(list_is_empty(&ring->watches));
    assert_string_equal(ask(&bench, "anything\n"), "old\none\ntwo\n\n");
    assert_true(list_is_empty(&ring->watches));
    close_bench(&bench);
}

static void test_waiting_at_a_prompt(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    struct log_ring *ring = open_ring(&bench);
    write_line(ring, "old");
    say(&bench, "prompt\n");
    wait_for(&bench, "> ");
    say(&bench, "show events buf0 -wn\n");
    for (unsigned i = 0; list_is_empty(&ring->watches) && i < TEST_PATIENCE_MS; i++) {
        pump(&bench);
    }
    write_line(ring, "new");
    wait_for(&bench, "new\n");
    assert_null(strstr(bench.reply, "old"));
    say(&bench, "\n");
    wait_for(&bench, "new\n\n> ");
    say(&bench, "show version\n");
    wait_for(&bench, "1.2.3\n\n> ");
    say(&bench, "show events buf0 -w\n");
    wait_for(&bench, "new\n");
    close_bench(&bench);
}

static void test_waiting_ends_with_the_connection(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    struct log_ring *ring = open_ring(&bench);
    say(&bench, "show events buf0 -w\n");
    for (unsigned i = 0; list_is_empty(&ring->watches) && i < TEST_PATIENCE_MS; i++) {
        pump(&bench);
    }
    write_line(ring, "line");
    shutdown(bench.fd, SHUT_RDWR);
    for (unsigned i = 0; bench.server.open_count > 0 && i < TEST_PATIENCE_MS; i++) {
        event_loop_turn(bench.test.world.base.loop, false);
        usleep(200);
    }
    assert_int_equal(bench.server.open_count, 0);
    assert_true(list_is_empty(&ring->watches));
    write_line(ring, "nobody waits");
    close_bench(&bench);
}

static void test_waiting_for_a_time(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    uint64_t before_ms = event_now_ms(bench.test.world.base.loop);
    assert_string_equal(ask(&bench, "show version;wait 60;show version\n"), "1.2.3\n\n\n1.2.3\n\n");
    assert_true(event_now_ms(bench.test.world.base.loop) - before_ms >= 60);
    close(bench.fd);
    connect_to(&bench, CLI_ADMIN);
    say(&bench, "wait 1h;show version\n");
    for (unsigned i = 0; i < 5; i++) {
        pump(&bench);
    }
    assert_int_equal(bench.length, 0);
    assert_string_equal(ask(&bench, "\n"), "\n1.2.3\n\n");
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_command),
        cmocka_unit_test(test_several_commands),
        cmocka_unit_test(test_pieces_and_carriage_return),
        cmocka_unit_test(test_prompt),
        cmocka_unit_test(test_levels_only_fall),
        cmocka_unit_test(test_payload),
        cmocka_unit_test(test_large_answer),
        cmocka_unit_test(test_a_line_too_long),
        cmocka_unit_test(test_closed_in_the_middle),
        cmocka_unit_test(test_waiting_for_lines),
        cmocka_unit_test(test_waiting_for_a_time),
        cmocka_unit_test(test_waiting_at_a_prompt),
        cmocka_unit_test(test_waiting_ends_with_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
