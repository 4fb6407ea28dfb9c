/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolving: literals of both families, a name that every system has, and names that nobody has. No
 * question leaves the machine.
 */
#include "transport/resolve.h"

#include <arpa/inet.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_literals(void **state)
{
    (void)state;
    struct address address = {.port = 80};
    assert_int_equal(address_resolve(SLICE("192.0.2.7"), AF_UNSPEC, &address), RESULT_OK);
    assert_int_equal(address.family, AF_INET);
    assert_int_equal(address.port, 80);
    assert_int_equal(address.v4.s_addr, inet_addr("192.0.2.7"));
    assert_int_equal(address_resolve(SLICE("2001:db8::1"), AF_INET6, &address), RESULT_OK);
    assert_int_equal(address.family, AF_INET6);
    assert_int_equal(address.port, 80);
    assert_int_equal(address_resolve(SLICE("2001:db8::1"), AF_INET, &address), RESULT_NOT_FOUND);
}

static void test_a_name_of_the_hosts_file(void **state)
{
    (void)state;
    struct address address = {.port = 8080};
    assert_int_equal(address_resolve(SLICE("localhost"), AF_INET, &address), RESULT_OK);
    assert_int_equal(address.family, AF_INET);
    assert_int_equal(address.port, 8080);
    assert_int_equal(ntohl(address.v4.s_addr), INADDR_LOOPBACK);
    assert_int_equal(address_resolve(SLICE("localhost"), AF_UNSPEC, &address), RESULT_OK);
}

static void test_what_cannot_be_a_name(void **state)
{
    (void)state;
    struct address address = {.port = 1};
    char name[400];
    memset(name, 'a', sizeof(name));
    assert_int_equal(address_resolve(slice_of(name, sizeof(name)), AF_UNSPEC, &address),
                     RESULT_INVALID);
    assert_int_equal(address_resolve(SLICE(""), AF_UNSPEC, &address), RESULT_INVALID);
    assert_int_equal(address_resolve(SLICE("a\0b"), AF_UNSPEC, &address), RESULT_INVALID);
    assert_int_equal(address_resolve(SLICE("a b"), AF_UNSPEC, &address), RESULT_NOT_FOUND);
    assert_int_equal(address.port, 1);
    assert_int_equal(address.family, AF_UNSPEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_a_name_of_the_hosts_file),
        cmocka_unit_test(test_what_cannot_be_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
