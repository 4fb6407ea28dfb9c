/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as written: families, prefixes, ports and ranges, paths, descriptors, what is wrong. */
#include <sys/socket.h>

#include "support/config.h"

struct fixture {
    struct test_config test;
    struct config_reader reader;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    test_config_open(&fixture->test);
    test_config_reader(&fixture->test, &fixture->reader);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    test_config_close(&fixture->test);
    free(fixture);
    return 0;
}

static void hosts_and_ports(void **state)
{
    static const struct {
        const char *word;
        sa_family_t family;
        bool has_port;
        uint16_t first, last;
    } ROWS[] = {
        {"127.0.0.1:80", AF_INET, true, 80, 80},
        {"127.0.0.1", AF_INET, false, 0, 0},
        {"*:8080-8090", AF_INET, true, 8080, 8090},
        {":443", AF_INET, true, 443, 443},
        {":::80", AF_INET6, true, 80, 80},
        {"[::1]:443", AF_INET6, true, 443, 443},
        {"[::1]", AF_INET6, false, 0, 0},
        {"ipv6@:80", AF_INET6, true, 80, 80},
        {"ipv4@10.0.0.1:1", AF_INET, true, 1, 1},
        {"tcp6@[::1]:65535", AF_INET6, true, 65535, 65535},
        {"stream+ip@1.2.3.4:5", AF_INET, true, 5, 5},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct config_address out;
        assert_int_equal(
            config_read_address(&fixture->reader, ROWS[i].word, CONFIG_ADDRESS_STREAM, &out),
            RESULT_OK);
        assert_int_equal(out.address.family, ROWS[i].family);
        assert_int_equal(out.has_port, ROWS[i].has_port);
        assert_int_equal(out.address.port, ROWS[i].first);
        assert_int_equal(out.last_port, ROWS[i].last);
        assert_int_equal(out.fd, -1);
        assert_null(out.host);
    }
}

static void relative_ports(void **state)
{
    struct fixture *fixture = *state;
    struct config_address out;
    assert_int_equal(
        config_read_address(&fixture->reader, "10.0.0.1:+10", CONFIG_ADDRESS_STREAM, &out),
        RESULT_OK);
    assert_true(out.port_is_relative);
    assert_int_equal(out.port_offset, 10);
    assert_int_equal(
        config_read_address(&fixture->reader, "10.0.0.1:-7", CONFIG_ADDRESS_STREAM, &out),
        RESULT_OK);
    assert_true(out.port_is_relative);
    assert_int_equal(out.port_offset, -7);
}

static void names_wait_for_the_resolver(void **state)
{
    struct fixture *fixture = *state;
    struct config_address out;
    assert_int_equal(
        config_read_address(&fixture->reader, "localhost:81", CONFIG_ADDRESS_STREAM, &out),
        RESULT_OK);
    assert_string_equal(out.host, "localhost");
    assert_int_equal(out.address.family, AF_UNSPEC);
    assert_int_equal(out.address.port, 81);
    assert_int_equal(
        config_read_address(&fixture->reader, "ipv4@localhost:82", CONFIG_ADDRESS_STREAM, &out),
        RESULT_OK);
    assert_int_equal(config_resolve_address(&fixture->reader, "ipv4@localhost:82", &out),
                     RESULT_OK);
    assert_int_equal(out.address.family, AF_INET);
    assert_int_equal(out.address.port, 82);
}

static void paths_and_descriptors(void **state)
{
    struct fixture *fixture = *state;
    struct config_address out;
    assert_int_equal(
        config_read_address(&fixture->reader, "/run/x.sock", CONFIG_ADDRESS_STREAM, &out),
        RESULT_OK);
    assert_int_equal(out.address.family, AF_UNIX);
    assert_string_equal(out.address.path, "/run/x.sock");
    assert_false(out.address.is_abstract);
    assert_int_equal(
        config_read_address(&fixture->reader, "unix@rel.sock", CONFIG_ADDRESS_DATAGRAM, &out),
        RESULT_OK);
    assert_string_equal(out.address.path, "rel.sock");
    assert_int_equal(
        config_read_address(&fixture->reader, "abns@name", CONFIG_ADDRESS_STREAM, &out), RESULT_OK);
    assert_true(out.address.is_abstract);
    assert_string_equal(out.address.path, "name");
    assert_int_equal(config_read_address(&fixture->reader, "fd@7", CONFIG_ADDRESS_STREAM, &out),
                     RESULT_OK);
    assert_int_equal(out.fd, 7);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *word;
        enum config_address_use use;
        const char *part;
    } ROWS[] = {
        {"", CONFIG_ADDRESS_STREAM, "resolves to an empty address"},
        {"1.2.3.4:65536", CONFIG_ADDRESS_STREAM, "invalid port '65536'"},
        {"1.2.3.4:x", CONFIG_ADDRESS_STREAM, "invalid port 'x'"},
        {"1.2.3.4:1-x", CONFIG_ADDRESS_STREAM, "invalid port 'x'"},
        {"1.2.3.4:9-8", CONFIG_ADDRESS_STREAM, "invalid port range '9-8'"},
        {"1.2.3.4:+", CONFIG_ADDRESS_STREAM, "invalid port ''"},
        {"ipv6@1.2.3.4:1", CONFIG_ADDRESS_STREAM, "'1.2.3.4' is no IPv6 address"},
        {"ipv4@[::1]:1", CONFIG_ADDRESS_STREAM, "'::1' is no IPv4 address"},
        {"udp@1.2.3.4:1", CONFIG_ADDRESS_STREAM, "datagram-type address not acceptable"},
        {"tcp@1.2.3.4:1", CONFIG_ADDRESS_DATAGRAM, "stream-type address not acceptable"},
        {"quic4@:443", CONFIG_ADDRESS_STREAM, "is not supported by weir yet"},
        {"fd@x", CONFIG_ADDRESS_STREAM, "file descriptor 'x' is not a valid integer"},
        {"fd@2147483648", CONFIG_ADDRESS_STREAM, "is not a valid integer"},
        {"unix@", CONFIG_ADDRESS_STREAM, "missing socket path in 'unix@'"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct config_address out;
        assert_int_equal(config_read_address(&fixture->reader, ROWS[i].word, ROWS[i].use, &out),
                         RESULT_INVALID);
        if (strstr(fixture->reader.error_bytes, ROWS[i].part) == NULL) {
            fail_msg("'%s' gives '%s'", ROWS[i].word, fixture->reader.error_bytes);
        }
    }
}

static void long_paths_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct config_address out;
    char path[109];
    memset(path, 'p', sizeof(path) - 1);
    path[0] = '/';
    path[108] = '\0';
    assert_int_equal(config_read_address(&fixture->reader, path, CONFIG_ADDRESS_STREAM, &out),
                     RESULT_INVALID);
    assert_non_null(strstr(fixture->reader.error_bytes, "too long (max 107)"));
    path[107] = '\0';
    assert_int_equal(config_read_address(&fixture->reader, path, CONFIG_ADDRESS_STREAM, &out),
                     RESULT_OK);
    assert_int_equal(strlen(out.address.path), 107);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hosts_and_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(relative_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(names_wait_for_the_resolver, setup, teardown),
        cmocka_unit_test_setup_teardown(paths_and_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(long_paths_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
