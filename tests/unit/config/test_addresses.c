/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: prefixes, hosts, ports and ranges, paths, descriptors, and what is refused. */
#include "support/config.h"

static struct test_config *test;
static struct config_reader reader;
static struct config_address parsed;

static int open_reader(void **state)
{
    (void)state;
    test = test_config_open();
    reader = (struct config_reader){
        .configuration = &test->configuration, .input = &test->input, .account = &test->account};
    reader.error = text_over(reader.error_bytes, sizeof(reader.error_bytes));
    return 0;
}

static int close_reader(void **state)
{
    (void)state;
    test_config_close(test);
    return 0;
}

/* Reads a stream address and shows it as "<address> <first>-<last>". */
static void check_host(const char *word, const char *expected)
{
    char bytes[256];
    struct text text = text_over(bytes, sizeof(bytes));
    assert_int_equal(config_read_address(&reader, word, CONFIG_ADDRESS_STREAM, &parsed), RESULT_OK);
    if (parsed.host != NULL) {
        text_append_format(&text, "name:%s", parsed.host);
    } else {
        address_append(&text, &parsed.address);
    }
    text_append_format(&text, " %u-%u", parsed.address.port, parsed.last_port);
    assert_string_equal(bytes, expected);
    assert_int_equal(parsed.fd, -1);
}

static void check_bad(const char *word, enum config_address_use use, const char *message)
{
    assert_int_equal(config_read_address(&reader, word, use, &parsed), RESULT_INVALID);
    assert_string_equal(reader.error.data, message);
}

static void check_hosts(void **state)
{
    (void)state;
    check_host("127.0.0.1:80", "127.0.0.1 80-80");
    check_host("127.0.0.1", "127.0.0.1 0-0");
    check_host(":80", "0.0.0.0 80-80");
    check_host("*:80", "0.0.0.0 80-80");
    check_host("*", "0.0.0.0 0-0");
    check_host(":80-90", "0.0.0.0 80-90");
    check_host("[::1]:443", "::1 443-443");
    check_host("[::1]", "::1 0-0");
    check_host("::1:443", "::1 443-443");
    check_host(":::80", ":: 80-80");
    check_host("2001:db8::5:8080-8081", "2001:db8::5 8080-8081");
    check_host("www.example.org:80", "name:www.example.org 80-80");
    check_host("www.example.org", "name:www.example.org 0-0");
    check_host("ipv4@:80", "0.0.0.0 80-80");
    check_host("ipv6@:80", ":: 80-80");
    check_host("ipv6@*:80", ":: 80-80");
    check_host("ipv6@[::2]:80", "::2 80-80");
    check_host("ip@127.0.0.1:80", "127.0.0.1 80-80");
    check_host("tcp@127.0.0.1:80", "127.0.0.1 80-80");
    check_host("tcp4@127.0.0.1:80", "127.0.0.1 80-80");
    check_host("tcp6@::1:80", "::1 80-80");
    check_host("stream+ipv4@127.0.0.1:80", "127.0.0.1 80-80");
    check_host("stream+127.0.0.1:80", "127.0.0.1 80-80");
    check_host("127.0.0.1:", "127.0.0.1 0-0");
    assert_false(parsed.has_port);
}

static void check_relative_ports(void **state)
{
    (void)state;
    check_host("127.0.0.1:+100", "127.0.0.1 0-0");
    assert_true(parsed.port_is_relative);
    assert_int_equal(parsed.port_offset, 100);
    check_host("127.0.0.1:-5", "127.0.0.1 0-0");
    assert_int_equal(parsed.port_offset, -5);
    check_host("127.0.0.1:5", "127.0.0.1 5-5");
    assert_false(parsed.port_is_relative);
}

static void check_path(const char *word, const char *path, bool is_abstract)
{
    assert_int_equal(config_read_address(&reader, word, CONFIG_ADDRESS_STREAM, &parsed), RESULT_OK);
    assert_int_equal(parsed.address.family, AF_UNIX);
    assert_string_equal(parsed.address.path, path);
    assert_int_equal(parsed.address.is_abstract, is_abstract);
}

static void check_others(void **state)
{
    (void)state;
    check_path("/run/x.sock", "/run/x.sock", false);
    check_path("unix@x.sock", "x.sock", false);
    check_path("uxst@/x", "/x", false);
    check_path("stream+unix@/x", "/x", false);
    check_path("abns@name:80", "name:80", true);
    assert_int_equal(config_read_address(&reader, "fd@5", CONFIG_ADDRESS_STREAM, &parsed),
                     RESULT_OK);
    assert_int_equal(parsed.fd, 5);
    assert_int_equal(
        config_read_address(&reader, "udp@127.0.0.1:514", CONFIG_ADDRESS_DATAGRAM, &parsed),
        RESULT_OK);
    assert_int_equal(parsed.address.port, 514);
    assert_int_equal(
        config_read_address(&reader, "uxdg@/dev/log", CONFIG_ADDRESS_DATAGRAM, &parsed), RESULT_OK);
    assert_string_equal(parsed.address.path, "/dev/log");
}

static void check_refusals(void **state)
{
    (void)state;
    check_bad("", CONFIG_ADDRESS_STREAM,
              "'' resolves to an empty address (environment variable missing?)");
    check_bad("1.1.1.1:x", CONFIG_ADDRESS_STREAM, "invalid port 'x'");
    check_bad("1.1.1.1:65536", CONFIG_ADDRESS_STREAM, "invalid port '65536'");
    check_bad("1.1.1.1:80-x", CONFIG_ADDRESS_STREAM, "invalid port 'x'");
    check_bad("1.1.1.1:80-", CONFIG_ADDRESS_STREAM, "invalid port ''");
    check_bad("1.1.1.1:90-80", CONFIG_ADDRESS_STREAM, "invalid port range '90-80'");
    check_bad("1.1.1.1:+x", CONFIG_ADDRESS_STREAM, "invalid port 'x'");
    check_bad("ipv4@::1:80", CONFIG_ADDRESS_STREAM, "invalid address: '::1' is no IPv4 address");
    check_bad("ipv6@1.1.1.1:80", CONFIG_ADDRESS_STREAM,
              "invalid address: '1.1.1.1' is no IPv6 address");
    check_bad("unix@", CONFIG_ADDRESS_STREAM, "missing socket path in 'unix@'");
    check_bad("abns@", CONFIG_ADDRESS_STREAM, "missing socket path in 'abns@'");
    check_bad("fd@x", CONFIG_ADDRESS_STREAM,
              "file descriptor 'x' is not a valid integer in 'fd@x'");
    check_bad("fd@-1", CONFIG_ADDRESS_STREAM,
              "file descriptor '-1' is not a valid integer in 'fd@-1'");
    check_bad("udp@1.1.1.1:80", CONFIG_ADDRESS_STREAM,
              "datagram-type address not acceptable in 'udp@1.1.1.1:80'");
    check_bad("tcp@1.1.1.1:80", CONFIG_ADDRESS_DATAGRAM,
              "stream-type address not acceptable in 'tcp@1.1.1.1:80'");
    check_bad("stream+udp@1.1.1.1:80", CONFIG_ADDRESS_STREAM,
              "datagram-type address not acceptable in 'stream+udp@1.1.1.1:80'");
    check_bad("dgram+ipv4@1.1.1.1:80", CONFIG_ADDRESS_STREAM,
              "datagram-type address not acceptable in 'dgram+ipv4@1.1.1.1:80'");
    check_bad("quic4@:443", CONFIG_ADDRESS_STREAM,
              "datagram-type address not acceptable in 'quic4@:443'");
    check_bad("rhttp@x", CONFIG_ADDRESS_STREAM, "address 'rhttp@x' is not supported by weir yet");
}

static void check_long_path(void **state)
{
    char word[256];
    (void)state;
    memset(word, '/', 107);
    word[107] = '\0';
    check_path(word, word, false);
    memset(word, '/', 108);
    word[108] = '\0';
    assert_int_equal(config_read_address(&reader, word, CONFIG_ADDRESS_STREAM, &parsed),
                     RESULT_INVALID);
    assert_non_null(strstr(reader.error.data, "too long (max 107)"));
}

static void check_resolving(void **state)
{
    (void)state;
    check_host("localhost:80", "name:localhost 80-80");
    assert_int_equal(config_resolve_address(&reader, "localhost:80", &parsed), RESULT_OK);
    assert_int_equal(parsed.address.port, 80);
    assert_true(parsed.address.family == AF_INET || parsed.address.family == AF_INET6);
    check_host("no..host:80", "name:no..host 80-80");
    assert_int_equal(config_resolve_address(&reader, "no..host:80", &parsed), RESULT_INVALID);
    assert_string_equal(reader.error.data, "invalid address: 'no..host' in 'no..host:80'");
    check_host("127.0.0.1:80", "127.0.0.1 80-80");
    assert_int_equal(config_resolve_address(&reader, "127.0.0.1:80", &parsed), RESULT_OK);
}

static void check_variables(void **state)
{
    (void)state;
    assert_int_equal(setenv("WEIR_A", "127.0.0.1", 1), 0);
    assert_int_equal(setenv("WEIR_P", "81", 1), 0);
    check_host("${WEIR_A}:$WEIR_P", "127.0.0.1 81-81");
    check_host("ipv4@$WEIR_A:${WEIR_P}-9${WEIR_P}", "127.0.0.1 81-981");
    check_host("${WEIR_NONE}:80", "0.0.0.0 80-80");
    assert_int_equal(config_read_address(&reader, "$WEIR_NONE", CONFIG_ADDRESS_STREAM, &parsed),
                     RESULT_INVALID);
    assert_non_null(strstr(reader.error.data, "resolves to an empty address"));
}

#define CHECK(function) cmocka_unit_test_setup_teardown(function, open_reader, close_reader)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK(check_hosts),     CHECK(check_relative_ports), CHECK(check_others),
        CHECK(check_refusals),  CHECK(check_long_path),      CHECK(check_resolving),
        CHECK(check_variables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
