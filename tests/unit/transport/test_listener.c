/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepting: limits a turn, pause and resume, and the three holds (memory, TLS handshakes,
 * descriptors) with their way back.
 */
#include "transport/listener.h"

#include <sys/resource.h>

#include "support/transport.h"
#include "transport/connection_internal.h"

enum { CLIENTS_MAX = 8 };

struct accepting {
    struct listener listener;
    int fds[CLIENTS_MAX];
    unsigned count;
    bool has_accepted;
    enum result answer;
};

static enum result on_accept(struct listener *listener, int fd, const struct address *peer)
{
    struct accepting *accepting = container_of(listener, struct accepting, listener);
    assert_int_equal(peer->family, AF_INET);
    assert_true(accepting->count < CLIENTS_MAX);
    accepting->fds[accepting->count] = fd;
    accepting->count++;
    accepting->has_accepted = true;
    return accepting->answer;
}

static void start(struct test_transport *test, struct accepting *accepting,
                  struct listener_options options)
{
    memset(accepting, 0, sizeof(*accepting));
    options.address = (struct address){.family = AF_INET};
    options.address.v4.s_addr = htonl(INADDR_LOOPBACK);
    options.inherited_fd = -1;
    options.uid = (uid_t)-1;
    options.gid = (gid_t)-1;
    char buffer[200];
    struct text error = text_over(buffer, sizeof(buffer));
    assert_int_equal(listener_bind(&accepting->listener, &test->transport, &options, &error),
                     RESULT_OK);
    accepting->listener.on_accept = on_accept;
    assert_int_equal(listener_start(&accepting->listener, &error), RESULT_OK);
}

static int connect_client(const struct accepting *accepting)
{
    struct sockaddr_in in;
    socklen_t length = sizeof(in);
    assert_int_equal(getsockname(accepting->listener.fd, (struct sockaddr *)&in, &length), 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, length), 0);
    return fd;
}

static void stop(struct accepting *accepting)
{
    for (unsigned i = 0; i < accepting->count; i++) {
        close(accepting->fds[i]);
    }
    listener_close(&accepting->listener, false);
    listener_close(&accepting->listener, false);
}

static void test_accepts_some_in_a_turn(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    test.transport.accepts_max = 2;
    struct accepting accepting;
    start(&test, &accepting, (struct listener_options){.backlog = 16});
    int clients[3];
    for (unsigned i = 0; i < 3; i++) {
        clients[i] = connect_client(&accepting);
    }
    event_loop_turn(test.base.loop, true);
    assert_int_equal(accepting.count, 2);
    event_loop_turn(test.base.loop, true);
    assert_int_equal(accepting.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        close(clients[i]);
    }
    stop(&accepting);
    test_transport_close(&test);
}

static void test_pause_leaves_them_in_the_backlog(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct accepting accepting;
    start(&test, &accepting, (struct listener_options){.backlog = 16});
    listener_pause(&accepting.listener);
    int client = connect_client(&accepting);
    event_loop_turn(test.base.loop, false);
    event_loop_turn(test.base.loop, false);
    assert_int_equal(accepting.count, 0);
    listener_resume(&accepting.listener);
    assert_true(test_loop_until(&test.base, &accepting.has_accepted));
    close(client);
    stop(&accepting);
    test_transport_close(&test);
}

static void test_another_answer_ends_the_turn(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct accepting accepting;
    start(&test, &accepting, (struct listener_options){.backlog = 16});
    accepting.answer = RESULT_FULL;
    int first = connect_client(&accepting);
    int second = connect_client(&accepting);
    event_loop_turn(test.base.loop, true);
    assert_int_equal(accepting.count, 1);
    close(first);
    close(second);
    stop(&accepting);
    test_transport_close(&test);
}

static void test_waits_for_memory_and_goes_on(void **state)
{
    (void)state;
    enum { LIMIT = 16 * 1024 * 1024, NEED = 8 * 1024 };
    struct test_transport test;
    test_transport_open(&test, LIMIT);
    struct accepting accepting;
    start(&test, &accepting, (struct listener_options){.backlog = 16, .admission_bytes = NEED});
    struct account account;
    account_init(&account, test.base.ledger, ACCOUNT_TABLE, 0);
    while (account_charge(&account, NEED / 2) == RESULT_OK) {
    }
    int client = connect_client(&accepting);
    for (unsigned i = 0; i < 5; i++) {
        event_loop_turn(test.base.loop, false);
    }
    assert_int_equal(accepting.count, 0);
    /* Waiters are tried each turn or when memory comes back; nobody was accepted to be turned away.
     */
    account_discharge(&account, account.used);
    assert_true(test_loop_until(&test.base, &accepting.has_accepted));
    assert_int_equal(accepting.listener.holds, 0);
    account_deinit(&account);
    close(client);
    stop(&accepting);
    test_transport_close(&test);
}

static void test_the_operator_is_let_in_when_traffic_has_all(void **state)
{
    (void)state;
    enum { LIMIT = 16 * 1024 * 1024, NEED = 8 * 1024 };
    struct test_transport test;
    test_transport_open(&test, LIMIT);
    struct accepting accepting;
    start(&test, &accepting,
          (struct listener_options){.admission_bytes = NEED, .is_operator = true});
    struct account account;
    account_init(&account, test.base.ledger, ACCOUNT_TABLE, 0);
    while (account_charge(&account, NEED / 2) == RESULT_OK) {
    }
    int client = connect_client(&accepting);
    assert_true(test_loop_until(&test.base, &accepting.has_accepted));
    account_discharge(&account, account.used);
    account_deinit(&account);
    close(client);
    stop(&accepting);
    test_transport_close(&test);
}

static void test_the_operator_waits_only_for_its_own_reserve(void **state)
{
    (void)state;
    enum { LIMIT = 16 * 1024 * 1024 };
    struct test_transport test;
    test_transport_open(&test, LIMIT);
    struct accepting accepting;
    start(&test, &accepting,
          (struct listener_options){.admission_bytes = 2 * LIMIT, .is_operator = true});
    int client = connect_client(&accepting);
    event_loop_turn(test.base.loop, true);
    assert_int_equal(accepting.listener.holds, LISTENER_HOLD_MEMORY);
    accepting.listener.options.admission_bytes = 0;
    assert_true(test_loop_until(&test.base, &accepting.has_accepted));
    assert_int_equal(accepting.listener.holds, 0);
    close(client);
    stop(&accepting);
    test_transport_close(&test);
}

static void test_waits_for_handshakes(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    test.transport.handshakes_max = 1;
    test.transport.handshakes_open = 1;
    struct accepting accepting;
    start(&test, &accepting, (struct listener_options){.backlog = 16, .is_tls = true});
    int client = connect_client(&accepting);
    event_loop_turn(test.base.loop, true);
    event_loop_turn(test.base.loop, false);
    assert_int_equal(accepting.count, 0);
    assert_int_equal(accepting.listener.holds, LISTENER_HOLD_HANDSHAKES);
    transport_leave_handshake(&test.transport);
    assert_true(test_loop_until(&test.base, &accepting.has_accepted));
    close(client);
    stop(&accepting);
    test_transport_close(&test);
}

static void test_waits_when_descriptors_are_out(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct accepting accepting;
    start(&test, &accepting, (struct listener_options){.backlog = 16});
    int client = connect_client(&accepting);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {.rlim_cur = (rlim_t)client, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    event_loop_turn(test.base.loop, true);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(accepting.count, 0);
    assert_int_equal(accepting.listener.accept_errors, 1);
    assert_int_equal(accepting.listener.holds, LISTENER_HOLD_DESCRIPTORS);
    assert_true(test_loop_until(&test.base, &accepting.has_accepted));
    close(client);
    stop(&accepting);
    test_transport_close(&test);
}

static void test_closed_while_it_waits(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    test.transport.handshakes_max = 0;
    struct accepting accepting;
    start(&test, &accepting, (struct listener_options){.backlog = 16, .is_tls = true});
    int client = connect_client(&accepting);
    event_loop_turn(test.base.loop, true);
    assert_int_equal(accepting.listener.holds, LISTENER_HOLD_HANDSHAKES);
    stop(&accepting);
    close(client);
    test_transport_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts_some_in_a_turn),
        cmocka_unit_test(test_pause_leaves_them_in_the_backlog),
        cmocka_unit_test(test_another_answer_ends_the_turn),
        cmocka_unit_test(test_waits_for_memory_and_goes_on),
        cmocka_unit_test(test_the_operator_is_let_in_when_traffic_has_all),
        cmocka_unit_test(test_the_operator_waits_only_for_its_own_reserve),
        cmocka_unit_test(test_waits_for_handshakes),
        cmocka_unit_test(test_waits_when_descriptors_are_out),
        cmocka_unit_test(test_closed_while_it_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
