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

/* A connected pair on the loopback. */
static void open_pair(int *client, int *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    *client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(*client, (struct sockaddr *)&address, length), 0);
    *server = accept(listener, NULL, NULL);
    assert_true(*server >= 0);
    close(listener);
}

static void test_a_silent_close_sends_no_end(void **state)
{
    (void)state;
    int client = -1;
    int server = -1;
    char byte = 0;
    open_pair(&client, &server);
    bool may_repair = socket_set_option(server, IPPROTO_TCP, TCP_REPAIR, 1);
    (void)socket_set_option(server, IPPROTO_TCP, TCP_REPAIR, 0);
    socket_make_silent(server, 0);
    close(server);
    assert_int_equal(recv(client, &byte, sizeof(byte), MSG_DONTWAIT), -1);
    assert_int_equal(errno, may_repair ? EAGAIN : ECONNRESET);
    close(client);
}

static void test_a_silent_close_with_a_limited_reset(void **state)
{
    (void)state;
    enum { HOPS = 3 };
    int client = -1;
    int server = -1;
    char byte = 0;
    open_pair(&client, &server);
    socket_make_silent(server, HOPS);
    assert_int_equal(get_option(server, IPPROTO_IP, IP_TTL), HOPS);
    close(server);
    assert_int_equal(recv(client, &byte, sizeof(byte), 0), -1);
    assert_int_equal(errno, ECONNRESET);
    close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets_what_is_asked),
        cmocka_unit_test(test_leaves_the_rest_alone),
        cmocka_unit_test(test_refusals_are_told_or_passed_over),
        cmocka_unit_test(test_a_silent_close_sends_no_end),
        cmocka_unit_test(test_a_silent_close_with_a_limited_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
