/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines to a descriptor: pipes that nobody reads, files, sockets, closed ends; the shared
 * description keeps its flags.
 */
#include "event/log_descriptor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/loop.h"

enum { LINE_BYTES = 1000, LINES_MAX = 400 };

struct fixture {
    struct test_loop base;
    struct account account;
    struct log_descriptor descriptor;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_loop_open(&fixture.base, 0);
    account_init(&fixture.account, fixture.base.ledger, ACCOUNT_OPERATOR, 0);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    account_deinit(&fixture->account);
    test_loop_close(&fixture->base);
    return 0;
}

static void init(struct fixture *fixture, int number)
{
    assert_int_equal(
        log_descriptor_init(&fixture->descriptor, number, fixture->base.loop, &fixture->account),
        RESULT_OK);
}

/* Writes line `number`: its digits, dots, a newline, in two parts. */
static enum result write_line(struct fixture *fixture, unsigned number)
{
    char line[LINE_BYTES];
    memset(line, '.', sizeof(line));
    line[0] = (char)('0' + number / 100);
    line[1] = (char)('0' + number / 10 % 10);
    line[2] = (char)('0' + number % 10);
    line[LINE_BYTES - 1] = '\n';
    struct iovec parts[] = {{line, 3}, {line + 3, LINE_BYTES - 3}};
    return log_descriptor_write(&fixture->descriptor, parts, 2);
}

/* Reads what is there; checks that lines are whole and in order from `next` on; returns the next
 * number. */
static unsigned read_lines(int fd, unsigned next)
{
    static char data[LINES_MAX * LINE_BYTES];
    size_t total = 0;
    ssize_t count;
    while ((count = read(fd, data + total, sizeof(data) - total)) > 0) {
        total += (size_t)count;
    }
    assert_int_equal(total % LINE_BYTES, 0);
    for (size_t at = 0; at < total; at += LINE_BYTES) {
        unsigned number = (unsigned)(data[at] - '0') * 100 + (unsigned)(data[at + 1] - '0') * 10 +
                          (unsigned)(data[at + 2] - '0');
        assert_int_equal(number, next);
        assert_int_equal(data[at + LINE_BYTES - 1], '\n');
        next++;
    }
    return next;
}

static void test_a_slow_reader_gets_whole_lines_later(void **state)
{
    struct fixture *fixture = *state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    init(fixture, fds[1]);
    unsigned written = 0;
    while (written < LINES_MAX && write_line(fixture, written) == RESULT_OK) {
        written++;
    }
    /* The pipe's 64 KiB, then the queue's. */
    assert_in_range(written, 100, LINES_MAX - 1);
    assert_int_equal(fixture->descriptor.dropped, 1);
    assert_true(fixture->account.used >= LOG_QUEUE_BYTES);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    unsigned next = 0;
    uint64_t end_us = clock_monotonic_us() + US_PER_SECOND;
    while (next < written && clock_monotonic_us() < end_us) {
        next = read_lines(fds[0], next);
        event_loop_turn(fixture->base.loop, false);
    }
    assert_int_equal(next, written);
    assert_int_equal(event_io_interest(&fixture->descriptor.io), 0);
    assert_int_equal(write_line(fixture, 0), RESULT_OK);
    assert_int_equal(read_lines(fds[0], 0), 1);
    log_descriptor_deinit(&fixture->descriptor);
    close(fds[0]);
    close(fds[1]);
}

static void test_the_shared_description_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    init(fixture, fds[1]);
    assert_true(fixture->descriptor.is_own);
    assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(fcntl(fixture->descriptor.fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    log_descriptor_deinit(&fixture->descriptor);
    close(fds[0]);
    close(fds[1]);
}

static void test_a_file_keeps_its_offset(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/weir-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "before\n", 7), 7);
    init(fixture, fd);
    assert_int_equal(write_line(fixture, 1), RESULT_OK);
    assert_int_equal(write(fd, "after\n", 6), 6);
    assert_int_equal(lseek(fd, 0, SEEK_END), 7 + LINE_BYTES + 6);
    log_descriptor_deinit(&fixture->descriptor);
    close(fd);
    assert_int_equal(unlink(path), 0);
}

static void test_a_socket_does_not_block(void **state)
{
    struct fixture *fixture = *state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    init(fixture, fds[1]);
    unsigned written = 0;
    while (written < LINES_MAX * 2 && write_line(fixture, written % LINES_MAX) == RESULT_OK) {
        written++;
    }
    assert_true(fixture->descriptor.dropped == 1);
    assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
    log_descriptor_deinit(&fixture->descriptor);
    close(fds[0]);
    close(fds[1]);
}

static void test_a_closed_reader_costs_lines_only(void **state)
{
    struct fixture *fixture = *state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    init(fixture, fds[1]);
    close(fds[0]);
    assert_int_equal(write_line(fixture, 0), RESULT_FULL);
    assert_int_equal(fixture->descriptor.dropped, 1);
    log_descriptor_deinit(&fixture->descriptor);
    close(fds[1]);
    assert_int_equal(
        log_descriptor_init(&fixture->descriptor, fds[1], fixture->base.loop, &fixture->account),
        RESULT_FAILED);
}

static void test_without_memory_lines_are_lost_and_counted(void **state)
{
    struct fixture *fixture = *state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    init(fixture, fds[1]);
    fixture->account.cap = 1;
    unsigned written = 0;
    while (write_line(fixture, written) == RESULT_OK) {
        written++;
    }
    assert_int_equal(fixture->descriptor.dropped, 1);
    assert_int_equal(fixture->account.used, 0);
    fixture->account.cap = 0;
    assert_int_equal(write_line(fixture, written), RESULT_OK);
    log_descriptor_deinit(&fixture->descriptor);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_slow_reader_gets_whole_lines_later),
        cmocka_unit_test(test_the_shared_description_is_left_alone),
        cmocka_unit_test(test_a_file_keeps_its_offset),
        cmocka_unit_test(test_a_socket_does_not_block),
        cmocka_unit_test(test_a_closed_reader_costs_lines_only),
        cmocka_unit_test(test_without_memory_lines_are_lost_and_counted),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
