/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets: families, IPv6 alone or with IPv4, Unix paths replaced in one step with mode,
 * abstract names, inherited descriptors, and reasons of failures in words.
 */
#include "transport/listen_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ERROR_SIZE = 200, PATH_ROOM = 200 };

struct attempt {
    struct listener_options options;
    char buffer[ERROR_SIZE];
    struct text error;
    int fd;
};

static void prepare(struct attempt *attempt, sa_family_t family)
{
    *attempt = (struct attempt){.options = {.inherited_fd = -1, .uid = (uid_t)-1}, .fd = -1};
    attempt->options.gid = (gid_t)-1;
    attempt->options.address.family = family;
    attempt->error = text_over(attempt->buffer, sizeof(attempt->buffer));
    if (family == AF_INET) {
        attempt->options.address.v4.s_addr = htonl(INADDR_LOOPBACK);
    }
}

static enum result try_open(struct attempt *attempt)
{
    return listen_socket_open(&attempt->options, &attempt->fd, &attempt->error);
}

static int get_option(int fd, int level, int option)
{
    int value = -1;
    socklen_t length = sizeof(value);
    assert_int_equal(getsockopt(fd, level, option, &value, &length), 0);
    return value;
}

static void test_tcp_and_its_options(void **state)
{
    (void)state;
    struct attempt attempt;
    prepare(&attempt, AF_INET);
    attempt.options.defer_accept = true;
    attempt.options.keep_alive = true;
    attempt.options.backlog = 10;
    attempt.options.tfo = true;
    assert_int_equal(try_open(&attempt), RESULT_OK);
    assert_true(get_option(attempt.fd, IPPROTO_TCP, TCP_NODELAY) != 0);
    assert_true(get_option(attempt.fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
    assert_true(get_option(attempt.fd, IPPROTO_TCP, TCP_DEFER_ACCEPT) > 0);
    assert_int_equal(get_option(attempt.fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
    assert_int_equal(listen_socket_listen(attempt.fd, &attempt.options, &attempt.error), RESULT_OK);
    assert_int_equal(get_option(attempt.fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
    assert_true((fcntl(attempt.fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(attempt.fd, F_GETFD) & FD_CLOEXEC) != 0);
    close(attempt.fd);
}

static void test_ipv6_alone_or_with_ipv4(void **state)
{
    (void)state;
    struct attempt attempt;
    prepare(&attempt, AF_INET6);
    attempt.options.v6_only = true;
    assert_int_equal(try_open(&attempt), RESULT_OK);
    assert_int_equal(get_option(attempt.fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    close(attempt.fd);
    attempt.options.v6_only = false;
    attempt.options.v4_v6 = true;
    assert_int_equal(try_open(&attempt), RESULT_OK);
    assert_int_equal(get_option(attempt.fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
    close(attempt.fd);
}

static void test_reasons_in_words(void **state)
{
    (void)state;
    struct attempt attempt;
    prepare(&attempt, AF_INET);
    assert_int_equal(address_parse_ip(SLICE("192.0.2.1"), &attempt.options.address), RESULT_OK);
    assert_int_equal(try_open(&attempt), RESULT_FAILED);
    assert_string_equal(attempt.error.data, "cannot bind socket (Cannot assign requested address)");
    prepare(&attempt, AF_INET);
    attempt.options.interface_name = "no-such-device";
    assert_int_equal(try_open(&attempt), RESULT_FAILED);
    assert_non_null(strstr(attempt.error.data, "cannot bind listener to device ("));
    prepare(&attempt, AF_UNIX);
    attempt.options.address.path = "/nonexistent-folder/socket";
    assert_int_equal(try_open(&attempt), RESULT_FAILED);
    assert_string_equal(attempt.error.data, "cannot bind socket (No such file or directory)");
}

static void test_an_address_in_use(void **state)
{
    (void)state;
    struct attempt first, second;
    prepare(&first, AF_UNIX);
    first.options.address.is_abstract = true;
    first.options.address.path = "weir-test-listen-22002";
    second = first;
    second.error = text_over(second.buffer, sizeof(second.buffer));
    assert_int_equal(try_open(&first), RESULT_OK);
    assert_int_equal(try_open(&second), RESULT_FAILED);
    assert_string_equal(second.error.data, "cannot bind socket (Address already in use)");
    close(first.fd);
}

static int connect_path(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct text text = text_over(un.sun_path, sizeof(un.sun_path));
    text_append_string(&text, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int status = connect(fd, (struct sockaddr *)&un, sizeof(un));
    if (status != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void test_a_path_is_replaced_in_one_step(void **state)
{
    (void)state;
    char folder[] = "/tmp/weir-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[PATH_ROOM];
    struct text text = text_over(path, sizeof(path));
    text_append_format(&text, "%s/socket", folder);
    struct attempt first, second;
    prepare(&first, AF_UNIX);
    first.options.address.path = path;
    first.options.mode = 0600;
    first.options.uid = getuid();
    assert_int_equal(try_open(&first), RESULT_OK);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    /* Clients may connect from the moment the path is there. */
    int early = connect_path(path);
    assert_true(early >= 0);
    second = first;
    second.error = text_over(second.buffer, sizeof(second.buffer));
    assert_int_equal(try_open(&second), RESULT_OK);
    int late = connect_path(path);
    assert_true(late >= 0);
    int accepted = accept4(second.fd, NULL, NULL, SOCK_NONBLOCK);
    assert_true(accepted >= 0);
    close(accepted);
    close(early);
    close(late);
    close(first.fd);
    close(second.fd);
    assert_int_equal(unlink(path), 0);
    /* Nothing temporary is left beside it. */
    assert_int_equal(rmdir(folder), 0);
}

static void test_an_over_long_path(void **state)
{
    (void)state;
    char path[PATH_ROOM];
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    struct attempt attempt;
    prepare(&attempt, AF_UNIX);
    attempt.options.address.path = path;
    assert_int_equal(try_open(&attempt), RESULT_FAILED);
    assert_non_null(strstr(attempt.error.data, "File name too long"));
}

static void test_inherited_descriptors(void **state)
{
    (void)state;
    struct attempt attempt;
    prepare(&attempt, AF_INET);
    attempt.options.inherited_fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(try_open(&attempt), RESULT_OK);
    assert_int_equal(attempt.fd, attempt.options.inherited_fd);
    assert_true((fcntl(attempt.fd, F_GETFL) & O_NONBLOCK) != 0);
    close(attempt.fd);
    prepare(&attempt, AF_INET);
    int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    attempt.options.inherited_fd = datagram;
    assert_int_equal(try_open(&attempt), RESULT_FAILED);
    close(datagram);
    prepare(&attempt, AF_INET);
    attempt.options.inherited_fd = datagram;
    assert_int_equal(try_open(&attempt), RESULT_FAILED);
    assert_string_equal(attempt.error.data,
                        "cannot use inherited descriptor (Bad file descriptor)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp_and_its_options),
        cmocka_unit_test(test_ipv6_alone_or_with_ipv4),
        cmocka_unit_test(test_reasons_in_words),
        cmocka_unit_test(test_an_address_in_use),
        cmocka_unit_test(test_a_path_is_replaced_in_one_step),
        cmocka_unit_test(test_an_over_long_path),
        cmocka_unit_test(test_inherited_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
