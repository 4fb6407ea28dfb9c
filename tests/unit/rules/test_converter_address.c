/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a Host, masks of both families. */
#include "support/converter.h"

static void test_host_parts(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"str(a.b:80),host_only", "a.b"},     {"str(a.b:80),port_only", "80"},
        {"str(a.b),host_only", "a.b"},        {"str(a.b),port_only", "0"},
        {"str([::1]:81),host_only", "[::1]"}, {"str([::1]:81),port_only", "81"},
        {"str([::1]),port_only", "0"},        {"str(a:x),port_only", "0"},
    };
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_masks(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"ipv4(10.1.2.3),ipmask(16)", "10.1.0.0"},
        {"ipv4(10.1.2.3),ipmask(255.255.0.255)", "10.1.0.3"},
        {"ipv4(10.1.2.3),ipmask(0)", "0.0.0.0"},
        {"ipv6(2001:db8::1),ipmask(32,32)", "2001:db8::"},
        {"ipv6(2001:db8:1::1),ipmask(8,33)", "2001:db8::"},
        {"ipv6(2001:db8::1),ipmask(32)", "(none)"},
    };
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
    assert_converter_refused("ipv4(1.2.3.4),ipmask", "expected type 'IPv4 mask'");
    assert_converter_refused("ipv4(1.2.3.4),ipmask(33)", "mask");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_parts),
        cmocka_unit_test(test_masks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
