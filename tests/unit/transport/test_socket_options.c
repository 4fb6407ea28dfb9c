/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket options: set where asked, left alone where not, and no failure for a socket that has none
 * of them.
 */
#include "transport/socket_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int get_option(int fd, int level, int option)
{
    int value = -1;
    socklen_t length = sizeof(value);
    assert_int_equal(getsockopt(fd, level, option, &value, &length), 0);
    return value;
}

static void test_sets_what_is_asked(void **state)
{
    (void)state;
    enum { MSS = 1000, TIMEOUT_MS = 5000 };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socket_set_stream_options(
        fd, &(struct socket_stream_options){
                .mss = MSS, .user_timeout_ms = TIMEOUT_MS, .no_delay = true, .keep_alive = true});
    assert_int_equal(get_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), TIMEOUT_MS);
    assert_int_equal(get_option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    close(fd);
}

static void test_leaves_the_rest_alone(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socket_set_stream_options(fd, &(struct socket_stream_options){.mss = 0});
    assert_int_equal(get_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
    assert_int_equal(get_option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    close(fd);
}

static void test_refusals_are_told_or_passed_over(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_false(socket_set_option(fds[0], IPPROTO_TCP, TCP_NODELAY, 1));
    socket_set_stream_options(fds[0],
                              &(struct socket_stream_options){.mss = UINT32_MAX, .no_delay = true});
    assert_true(socket_set_option(fds[0], SOL_SOCKET, SO_KEEPALIVE, 0));
    close(fds[0]);
    close(fds[1]);
    assert_false(socket_set_option(fds[0], SOL_SOCKET, SO_KEEPALIVE, 0));
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets_what_is_asked),
        cmocka_unit_test(test_leaves_the_rest_alone),
        cmocka_unit_test(test_refusals_are_told_or_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
