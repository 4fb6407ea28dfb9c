/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of connections, over sockets of the loopback.
 */
#include "rules/fetch.h"

#include <sys/socket.h>
#include <unistd.h>

#include "support/fetch.h"
#include "transport/connection.h"

static struct rules_test test;
static struct connection client;
static int listener, dialled;

FETCH_TEST_REGISTRY(registry, fetches_connection);

static struct address address_of(const char *ip, uint16_t port)
{
    struct address address;
    assert_int_equal(address_parse_ip(slice_from_string(ip), &address), RESULT_OK);
    address.port = port;
    return address;
}

/* A TCP connection of the loopback, accepted as the client's. */
static void connect_loopback(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(name);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    dialled = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &length), 0);
    assert_int_equal(connect(dialled, (struct sockaddr *)&name, length), 0);
    client = (struct connection){.state = CONNECTION_OPEN, .fd = accept(listener, NULL, NULL)};
    assert_true(client.fd >= 0);
    client.peer = address_of("192.0.2.9", 900);
}

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    test.parser.registry = &registry;
    test.parser.capabilities = SAMPLE_IN_LOG;
    connect_loopback();
    test.context.client = &client;
    test.context.source = address_of("127.0.0.1", 1000);
    test.context.destination = address_of("2001:db8::5", 443);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    close(client.fd);
    close(dialled);
    close(listener);
    rules_test_close(&test);
    return 0;
}

static void test_addresses(void **state)
{
    (void)state;
    assert_fetch(&test, "src", "127.0.0.1");
    assert_fetch(&test, "src_port", "1000");
    assert_fetch(&test, "dst", "2001:db8::5");
    assert_fetch(&test, "dst_port", "443");
    assert_fetch(&test, "fc_src", "192.0.2.9");
    assert_fetch(&test, "fc_src_port", "900");
    assert_fetch(&test, "fc_dst", "127.0.0.1"); /* asked of the kernel */
    assert_true(fetch_test_integer(&test, "fc_dst_port") > 0);
    client.local = address_of("192.0.2.8", 800);
    assert_fetch(&test, "fc_dst", "192.0.2.8");
    test.context.source = (struct address){.family = AF_UNIX};
    assert_fetch(&test, "src", "(none)");
    assert_fetch(&test, "src_port", "(none)");
    test.context.client = NULL;
    assert_fetch(&test, "fc_src", "(none)");
    assert_fetch(&test, "fc_dst", "(none)");
}

static void test_server_addresses(void **state)
{
    (void)state;
    assert_fetch(&test, "bc_dst", "(none)");
    test.facts.server_address = address_of("198.51.100.1", 80); /* kept for the log */
    test.facts.server_source = address_of("198.51.100.2", 5555);
    assert_fetch(&test, "bc_dst", "198.51.100.1");
    assert_fetch(&test, "bc_dst_port", "80");
    assert_fetch(&test, "bc_src", "198.51.100.2");
    assert_fetch(&test, "bc_src_port", "5555");
    test.context.server_connection = &client;
    assert_fetch(&test, "bc_dst", "192.0.2.9");
    assert_fetch(&test, "bc_src", "127.0.0.1");
}

static void test_local_addresses(void **state)
{
    (void)state;
    assert_fetch(&test, "src_is_local", "1");
    assert_fetch(&test, "dst_is_local", "0");
    assert_fetch(&test, "fc_src_is_local", "0");
    assert_fetch(&test, "fc_dst_is_local", "1");
    test.context.client = NULL;
    assert_fetch(&test, "fc_src_is_local", "(none)");
}

static void test_what_the_kernel_knows(void **state)
{
    (void)state;
    int64_t exact = fetch_test_integer(&test, "fc_rtt(us)");
    assert_true(exact > 0);
    assert_true(fetch_test_integer(&test, "fc_rtt") <= exact / 1000 + 1);
    assert_true(fetch_test_integer(&test, "fc_rttvar(us)") > 0);
    assert_fetch(&test, "fc_unacked", "0");
    assert_fetch(&test, "fc_sacked", "0");
    assert_fetch(&test, "fc_lost", "0");
    assert_fetch(&test, "fc_retrans", "0");
    assert_fetch(&test, "fc_fackets", "0");
    assert_true(fetch_test_integer(&test, "fc_reordering") > 0);
    assert_fetch(&test, "bc_rtt", "(none)");
    test.context.server_connection = &client;
    assert_true(fetch_test_integer(&test, "bc_rtt(us)") > 0);
    assert_true(fetch_test_integer(&test, "bc_rttvar(us)") > 0);
    client.state = CONNECTION_CLOSED;
    assert_fetch(&test, "fc_rtt", "(none)");
    assert_refused(&test, "fc_rtt(s)",
                   "invalid args in fetch method 'fc_rtt' : expects 'us' or 'ms', got 's'");
}

static void test_protocols(void **state)
{
    (void)state;
    assert_fetch(&test, "fc_http_major", "1");
    test.request.version = HTTP_VERSION_2;
    assert_fetch(&test, "fc_http_major", "2");
    test.request.version = HTTP_VERSION_3;
    assert_fetch(&test, "fc_http_major", "3");
    assert_fetch(&test, "bc_http_major", "(none)");
    test.context.server_connection = &client;
    rules_test_response(&test, 200);
    assert_fetch(&test, "bc_http_major", "1");
    assert_fetch(&test, "bc_reused", "0");
    test.context.server_reused = true;
    assert_fetch(&test, "bc_reused", "1");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_addresses),       CASE(test_server_addresses),
        CASE(test_local_addresses), CASE(test_what_the_kernel_knows),
        CASE(test_protocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
