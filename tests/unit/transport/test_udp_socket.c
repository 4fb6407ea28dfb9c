/* SPDX-License-Identifier: Apache-2.0 */
/* UDP sockets on loopback: bursts by GSO, ECN, addresses, datagrams that are too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "support/transport.h"
#include "transport/udp_socket.h"

enum { TURNS = 5, SEGMENT = 1000, RECEIVED_MAX = 128 };

static struct test_transport base;
static struct account account;
static struct udp_area *area;
static struct udp_socket a, b;
static unsigned count;
static struct udp_datagram last;
static size_t lengths[RECEIVED_MAX];

static void on_readable(void *owner)
{
    udp_socket_receive(owner, area);
}

static void on_datagram(void *owner, const struct udp_datagram *datagram)
{
    (void)owner;
    last = *datagram;
    lengths[count++ % RECEIVED_MAX] = datagram->length;
}

static void on_writable(void *owner)
{
    (void)owner;
}

static const struct udp_events EVENTS = {on_readable, on_datagram, on_writable};

static void open_socket(struct udp_socket *udp, const char *address)
{
    char text[256];
    struct text error = text_over(text, sizeof(text));
    struct listener_options options = {.inherited_fd = -1};
    assert_int_equal(address_parse_ip(slice_from_string(address), &options.address), RESULT_OK);
    assert_int_equal(udp_socket_open(udp, &base.transport, &options, &EVENTS, udp, &error),
                     RESULT_OK);
    udp_socket_start(udp);
}

static int open_test(void **state)
{
    (void)state;
    test_transport_open(&base, 0);
    account_init(&account, memory_ledger(base.base.memory, 0), ACCOUNT_WORKER, 0);
    area = udp_area_create(&account);
    assert_non_null(area);
    open_socket(&a, "127.0.0.1");
    open_socket(&b, "0.0.0.0");
    count = 0;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    udp_socket_close(&a);
    udp_socket_close(&a);
    udp_socket_close(&b);
    udp_area_destroy(area, &account);
    assert_int_equal(account.used, 0);
    test_transport_close(&base);
    return 0;
}

static void turn(void)
{
    for (unsigned i = 0; i < TURNS; i++) {
        event_loop_turn(base.base.loop, false);
    }
}

static struct udp_transmit to(const char *address, uint16_t port, const void *bytes, size_t length)
{
    struct udp_transmit transmit = {.bytes = bytes, .length = length};
    assert_int_equal(address_parse_ip(slice_from_string(address), &transmit.peer), RESULT_OK);
    transmit.peer.port = port;
    return transmit;
}

static void test_addresses_and_marks(void **state)
{
    (void)state;
    struct udp_transmit transmit = to("127.0.0.2", b.local.port, "hello", 5);
    transmit.ecn = 2;
    assert_int_equal(udp_socket_send(&a, &transmit), RESULT_OK);
    turn();
    assert_int_equal(count, 1);
    assert_int_equal(last.length, 5);
    assert_int_equal(last.ecn, 2);
    assert_int_equal(last.peer.port, a.local.port);
    assert_int_equal(ntohl(last.local.v4.s_addr), 0x7f000002); /* not the wildcard */
    assert_int_equal(last.local.port, b.local.port);
    transmit = to("127.0.0.1", a.local.port, "back", 4);
    transmit.local = last.local; /* an answer comes from the address that was asked */
    assert_int_equal(udp_socket_send(&b, &transmit), RESULT_OK);
    turn();
    assert_int_equal(ntohl(last.peer.v4.s_addr), 0x7f000002);
}

static void check_burst(void)
{
    static char bytes[10 * SEGMENT + 300];
    struct udp_transmit transmit = to("127.0.0.1", b.local.port, bytes, sizeof(bytes));
    transmit.segment_bytes = SEGMENT;
    count = 0;
    assert_int_equal(udp_socket_send(&a, &transmit), RESULT_OK);
    turn();
    assert_int_equal(count, 11);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(lengths[i], SEGMENT);
    }
    assert_int_equal(lengths[10], 300);
}

static void test_bursts(void **state)
{
    (void)state;
    check_burst();
    a.has_gso = false; /* a kernel without: a system call each */
    check_burst();
    assert_int_equal(a.datagrams_out, 22);
    assert_int_equal(b.datagrams_in, 22);
}

static void test_too_large(void **state)
{
    (void)state;
    static char bytes[65508];
    const struct udp_transmit transmit = to("127.0.0.1", b.local.port, bytes, sizeof(bytes));
    assert_int_equal(udp_socket_send(&a, &transmit), RESULT_FULL);
    assert_int_equal(a.send_errors, 1);
}

static void test_address_in_use(void **state)
{
    (void)state;
    char text[256] = "";
    struct text error = text_over(text, sizeof(text));
    struct listener_options options = {.inherited_fd = -1};
    struct udp_socket other;
    assert_int_equal(address_parse_ip(SLICE("192.0.2.77"), &options.address), RESULT_OK);
    assert_int_equal(udp_socket_open(&other, &base.transport, &options, &EVENTS, NULL, &error),
                     RESULT_FAILED);
    assert_non_null(strstr(text, "cannot bind socket"));
}

static void test_want_write(void **state)
{
    (void)state;
    udp_socket_want_write(&a);
    assert_true(a.wants_write);
    turn();
    assert_false(a.wants_write);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_addresses_and_marks), TEST(test_bursts),     TEST(test_too_large),
        TEST(test_address_in_use),      TEST(test_want_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
