/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses, masks and networks as texts: every form that is read, the nearest that is not, and
 * IPv4 inside IPv6.
 */
#include "rules/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

static struct in_addr v4(const char *text)
{
    struct in_addr address;
    assert_int_equal(inet_pton(AF_INET, text, &address), 1);
    return address;
}

static struct in6_addr v6(const char *text)
{
    struct in6_addr address;
    assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
    return address;
}

#define assert_v4(address, text) assert_int_equal((address).s_addr, v4(text).s_addr)

static void assert_v6(struct in6_addr address, const char *text)
{
    struct in6_addr expected = v6(text);
    assert_memory_equal(&address, &expected, sizeof(expected));
}

static void test_octets(void **state)
{
    (void)state;
    struct in_addr out;
    assert_true(network_read_ipv4(SLICE("0.0.0.0"), &out));
    assert_v4(out, "0.0.0.0");
    assert_true(network_read_ipv4(SLICE("255.255.255.255"), &out));
    assert_v4(out, "255.255.255.255");
    assert_true(network_read_ipv4(SLICE("001.2.3.4"), &out));
    assert_v4(out, "1.2.3.4");
    assert_true(network_read_ipv4(SLICE("1.2.3.4:80"), &out)); /* anything but a dot may follow */
    assert_v4(out, "1.2.3.4");
    assert_true(network_read_ipv4(slice_of("1.2.3.45", 7), &out)); /* no byte behind the slice */
    assert_v4(out, "1.2.3.4");
}

static void test_bad_octets(void **state)
{
    (void)state;
    static const char *const BAD[] = {"",         "1",         "1.2.3",      "1.2.3.",
                                      "1.2.3.4.", "1.2.3.256", "1.2.3.0001", ".1.2.3.4",
                                      "1..2.3",   "a.b.c.d",   " 1.2.3.4",   "-1.2.3.4",
                                      "1,2,3,4",  "1.2.3.4.5", "::1"};
    struct in_addr out = v4("9.9.9.9");
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        if (network_read_ipv4(slice_from_string(BAD[i]), &out)) {
            fail_msg("'%s' was read", BAD[i]);
        }
        assert_v4(out, "9.9.9.9");
    }
    assert_false(network_read_ipv4(SLICE_NONE, &out));
}

static void test_ipv4_inside_ipv6(void **state)
{
    (void)state;
    struct in_addr out = v4("9.9.9.9");
    struct in6_addr address = network_map_ipv4(v4("192.0.2.7"));
    assert_v6(address, "::ffff:192.0.2.7");
    assert_true(network_embedded_ipv4(&address, &out));
    assert_v4(out, "192.0.2.7");
    address = v6("::10.1.2.3"); /* compatible */
    assert_true(network_embedded_ipv4(&address, &out));
    assert_v4(out, "10.1.2.3");
    address = v6("2002:c000:0201:5::1"); /* 6to4 */
    assert_true(network_embedded_ipv4(&address, &out));
    assert_v4(out, "192.0.2.1");
    address = v6("2001:db8::1");
    assert_false(network_embedded_ipv4(&address, &out));
    address = v6("::fffe:192.0.2.7");
    assert_false(network_embedded_ipv4(&address, &out));
    address = v6("1::ffff:192.0.2.7");
    assert_false(network_embedded_ipv4(&address, &out));
    assert_v4(out, "192.0.2.1"); /* untouched by refusals */
}

static void test_masks(void **state)
{
    (void)state;
    assert_v4(network_mask_ipv4(0), "0.0.0.0");
    assert_v4(network_mask_ipv4(1), "128.0.0.0");
    assert_v4(network_mask_ipv4(20), "255.255.240.0");
    assert_v4(network_mask_ipv4(31), "255.255.255.254");
    assert_v4(network_mask_ipv4(32), "255.255.255.255");
    for (int bits = 0; bits <= IPV4_BITS; bits++) {
        assert_int_equal(network_mask_bits(network_mask_ipv4((unsigned)bits)), bits);
    }
    assert_int_equal(network_mask_bits(v4("255.0.255.0")), -1);
    assert_int_equal(network_mask_bits(v4("0.0.0.1")), -1);
    assert_int_equal(network_mask_bits(v4("127.255.255.255")), -1);
}

static void test_ipv4_masks_as_text(void **state)
{
    (void)state;
    struct in_addr out;
    assert_true(network_read_mask_ipv4(SLICE("0"), &out));
    assert_v4(out, "0.0.0.0");
    assert_true(network_read_mask_ipv4(SLICE("32"), &out));
    assert_v4(out, "255.255.255.255");
    assert_true(network_read_mask_ipv4(SLICE("9"), &out));
    assert_v4(out, "255.128.0.0");
    assert_true(network_read_mask_ipv4(SLICE("255.0.255.0"), &out)); /* holes are legal */
    assert_v4(out, "255.0.255.0");
    static const char *const BAD[] = {
        "", "33", "-1", "+1", "8x", "255.0", "1.2.3.4.5", "ffff::", "18446744073709551616"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        if (network_read_mask_ipv4(slice_from_string(BAD[i]), &out)) {
            fail_msg("'%s' was read", BAD[i]);
        }
    }
}

static void test_ipv6_masks_as_text(void **state)
{
    (void)state;
    struct in6_addr out;
    assert_true(network_read_mask_ipv6(SLICE("0"), &out));
    assert_v6(out, "::");
    assert_true(network_read_mask_ipv6(SLICE("1"), &out));
    assert_v6(out, "8000::");
    assert_true(network_read_mask_ipv6(SLICE("64"), &out));
    assert_v6(out, "ffff:ffff:ffff:ffff::");
    assert_true(network_read_mask_ipv6(SLICE("67"), &out));
    assert_v6(out, "ffff:ffff:ffff:ffff:e000::");
    assert_true(network_read_mask_ipv6(SLICE("128"), &out));
    assert_v6(out, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    assert_true(network_read_mask_ipv6(SLICE("ffff::ff"), &out));
    assert_v6(out, "ffff::ff");
    static const char *const BAD[] = {"", "129", "-1", "64 ", "255.255.0.0", ":::", "ffff"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        if (network_read_mask_ipv6(slice_from_string(BAD[i]), &out)) {
            fail_msg("'%s' was read", BAD[i]);
        }
    }
}

static void check_pattern_ipv4(const char *text, const char *address, const char *mask)
{
    struct in_addr read_address;
    struct in_addr read_mask;
    if (!network_read_pattern_ipv4(slice_from_string(text), &read_address, &read_mask)) {
        fail_msg("'%s' was refused", text);
    }
    assert_v4(read_address, address);
    assert_v4(read_mask, mask);
}

static void test_ipv4_patterns(void **state)
{
    (void)state;
    check_pattern_ipv4("10.1.2.3", "10.1.2.3", "255.255.255.255");
    check_pattern_ipv4("10.1.2.3/8", "10.1.2.3", "255.0.0.0");
    check_pattern_ipv4("10.1.2.3/255.255.0.0", "10.1.2.3", "255.255.0.0");
    check_pattern_ipv4("0.0.0.0/0", "0.0.0.0", "0.0.0.0");
    check_pattern_ipv4("127.1/8", "127.0.0.1", "255.0.0.0");
    check_pattern_ipv4("10.2.1", "10.2.0.1", "255.255.255.255");
    check_pattern_ipv4("7", "0.0.0.7", "255.255.255.255");
    static const char *const BAD[] = {"",     "/8",     "1.2.3.4/", "1.2.3.4/33", "1.2.3.4.5",
                                      "1.",   "1..2",   "256",      "1.2.3.4x",   "1.2.3.4/8/8",
                                      "host", "1.2 .3", "::1",      "1.2.3.4/a",  ".1"};
    struct in_addr address;
    struct in_addr mask;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        if (network_read_pattern_ipv4(slice_from_string(BAD[i]), &address, &mask)) {
            fail_msg("'%s' was read", BAD[i]);
        }
    }
}

static void test_ipv6_patterns(void **state)
{
    (void)state;
    struct in6_addr address;
    unsigned bits = 0;
    assert_true(network_read_pattern_ipv6(SLICE("2001:db8::1"), &address, &bits));
    assert_v6(address, "2001:db8::1");
    assert_int_equal(bits, 128);
    assert_true(network_read_pattern_ipv6(SLICE("2001:db8::/32"), &address, &bits));
    assert_v6(address, "2001:db8::");
    assert_int_equal(bits, 32);
    assert_true(network_read_pattern_ipv6(SLICE("::/0"), &address, &bits));
    assert_int_equal(bits, 0);
    assert_true(network_read_pattern_ipv6(SLICE("::ffff:10.0.0.1/104"), &address, &bits));
    assert_v6(address, "::ffff:10.0.0.1");
    assert_int_equal(bits, 104);
    static const char *const BAD[] = {"",           "/64",
                                      "::1/129",    "::1/",
                                      "::1/ffff::", "::1::2",
                                      "10.0.0.1",   "10.0.0.1/8",
                                      ":",          "1:2:3:4:5:6:7:8:9"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        if (network_read_pattern_ipv6(slice_from_string(BAD[i]), &address, &bits)) {
            fail_msg("'%s' was read", BAD[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_octets),
        cmocka_unit_test(test_bad_octets),
        cmocka_unit_test(test_ipv4_inside_ipv6),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_ipv4_masks_as_text),
        cmocka_unit_test(test_ipv6_masks_as_text),
        cmocka_unit_test(test_ipv4_patterns),
        cmocka_unit_test(test_ipv6_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
