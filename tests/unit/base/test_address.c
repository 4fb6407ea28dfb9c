/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses to the kernel's form and back, as text, and compared. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/address.h"

static struct address parse(const char *string, uint16_t port)
{
    struct address address = {.family = AF_UNSPEC};
    assert_int_equal(address_parse_ip(slice_from_string(string), &address), RESULT_OK);
    address.port = port;
    return address;
}

static void check_round_trip(const struct address *address)
{
    struct sockaddr_storage storage;
    const socklen_t length = address_to_socket(address, &storage);
    assert_int_not_equal(length, 0);
    const struct address back = address_from_socket(&storage, length);
    assert_true(address_equal(address, &back));
}

static void check_text(const struct address *address, bool brackets, const char *expected)
{
    char out[128];
    struct text text = text_over(out, sizeof(out));
    address_append_with_port(&text, address, brackets);
    assert_string_equal(out, expected);
}

static void test_parsing(void **state)
{
    (void)state;
    assert_int_equal(parse("192.0.2.1", 0).family, AF_INET);
    assert_int_equal(parse("2001:db8::1", 0).family, AF_INET6);
    const char *bad[] = {"",
                         "192.0.2",
                         "192.0.2.1:80",
                         "[::1]",
                         "::1%lo",
                         "192.0.2.256",
                         " 192.0.2.1",
                         "host",
                         "1.2.3.4.5",
                         "1:2:3:4:5:6:7",
                         "0x7f.1",
                         "0000000000000000000000000000000000000000000000000000000:1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct address address = {.family = AF_UNIX};
        assert_int_equal(address_parse_ip(slice_from_string(bad[i]), &address), RESULT_INVALID);
        assert_int_equal(address.family, AF_UNIX);
    }
    struct address address;
    assert_int_equal(address_parse_ip(slice_of("1.2.3.4\0", 8), &address), RESULT_INVALID);
    assert_int_equal(address_parse_ip(slice_of("1.2.3.45", 7), &address), RESULT_OK);
    assert_int_equal(ntohl(address.v4.s_addr), 0x01020304);
}

static void test_round_trips(void **state)
{
    (void)state;
    struct address v4 = parse("192.0.2.1", 8080);
    struct address v6 = parse("fe80::1", 443);
    v6.scope = 3;
    check_round_trip(&v4);
    check_round_trip(&v6);
}

static void test_kernel_form(void **state)
{
    (void)state;
    struct sockaddr_storage storage;
    struct sockaddr_in in;
    const struct address address = parse("127.0.0.1", 258);
    assert_int_equal(address_to_socket(&address, &storage), sizeof(in));
    memcpy(&in, &storage, sizeof(in));
    assert_int_equal(in.sin_family, AF_INET);
    assert_int_equal(in.sin_port, htons(258));
    assert_int_equal(in.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

static void test_unix_paths(void **state)
{
    (void)state;
    struct sockaddr_storage storage;
    struct sockaddr_un un;
    struct address path = {.family = AF_UNIX, .path = "/run/x"};
    const size_t start = offsetof(struct sockaddr_un, sun_path);
    assert_int_equal(address_to_socket(&path, &storage), start + strlen("/run/x") + 1);
    memcpy(&un, &storage, sizeof(un));
    assert_string_equal(un.sun_path, "/run/x");
    path.is_abstract = true;
    assert_int_equal(address_to_socket(&path, &storage), sizeof(un)); /* padded, as HAProxy */
    memcpy(&un, &storage, sizeof(un));
    assert_int_equal(un.sun_path[0], 0);
    assert_string_equal(un.sun_path + 1, "/run/x");
    const struct address peer = address_from_socket(&storage, sizeof(un));
    assert_int_equal(peer.family, AF_UNIX);
    assert_null(peer.path);
}

static void test_unix_paths_too_long(void **state)
{
    (void)state;
    struct sockaddr_storage storage;
    char name[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
    struct address address = {.family = AF_UNIX, .path = name};
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0'; /* as long as sun_path: no room for the NUL */
    assert_int_equal(address_to_socket(&address, &storage), 0);
    name[sizeof(name) - 2] = '\0';
    assert_int_equal(address_to_socket(&address, &storage), sizeof(struct sockaddr_un));
    address.path = NULL;
    assert_int_equal(address_to_socket(&address, &storage), 0);
}

static void test_no_address(void **state)
{
    (void)state;
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    struct address none = {.family = AF_UNSPEC};
    assert_int_equal(address_to_socket(&none, &storage), 0);
    assert_int_equal(address_from_socket(&storage, sizeof(storage)).family, AF_UNSPEC);
    storage.ss_family = AF_INET6;
    assert_int_equal(address_from_socket(&storage, sizeof(struct sockaddr_in)).family, AF_UNSPEC);
    check_text(&none, true, "");
}

static void test_equality(void **state)
{
    (void)state;
    const struct address a = parse("192.0.2.1", 80);
    struct address b = a;
    assert_true(address_equal(&a, &b));
    b.port = 81;
    assert_false(address_equal(&a, &b));
    b = parse("192.0.2.2", 80);
    assert_false(address_equal(&a, &b));
    struct address c = parse("::1", 80);
    struct address d = c;
    assert_false(address_equal(&a, &c));
    d.scope = 1;
    assert_false(address_equal(&c, &d));
    char name[] = "/x";
    struct address u = {.family = AF_UNIX, .path = "/x"};
    struct address v = {.family = AF_UNIX, .path = name};
    assert_true(address_equal(&u, &v));
    v.is_abstract = true;
    assert_false(address_equal(&u, &v));
    v = (struct address){.family = AF_UNIX};
    assert_false(address_equal(&u, &v));
}

static void test_text(void **state)
{
    (void)state;
    struct address v4 = parse("192.0.2.1", 80);
    struct address v6 = parse("2001:DB8::0:1", 80);
    struct address path = {.family = AF_UNIX, .path = "/x"};
    check_text(&v4, true, "192.0.2.1:80");
    check_text(&v6, true, "[2001:db8::1]:80");
    check_text(&v6, false, "2001:db8::1:80");
    check_text(&path, true, "unix:1");
    char out[64];
    struct text text = text_over(out, sizeof(out));
    address_append(&text, &path);
    address_append(&text, &v6);
    assert_string_equal(out, "unix2001:db8::1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parsing),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_kernel_form),
        cmocka_unit_test(test_unix_paths),
        cmocka_unit_test(test_unix_paths_too_long),
        cmocka_unit_test(test_no_address),
        cmocka_unit_test(test_equality),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
