/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal, percent and base64 both ways, with every rest of a group and what is malformed. */
#include "support/converter.h"

static void test_hexadecimal(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"bin(00ff10),hex", "00FF10"},
        {"str(),hex", ""},
        {"str(ff),hex2i", "255"},
        {"str(FFFFFFFFFFFFFFFF),hex2i", "-1"},
        {"str(10000000000000001),hex2i", "1"},
        {"str(),hex2i", "0"},
        {"str(ff0x),hex2i", "(none)"},
    };
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
    assert_converter_refused("bin(0)", "hexadecimal digits");
    assert_converter_refused("bin(0g)", "hexadecimal digits");
}

static void test_percent(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"str(a b/c?),url_enc", "a%20b%2Fc%3F"}, {"str(AZaz09-._~),url_enc(query)", "AZaz09-._~"},
        {"bin(20e9),url_enc", "%20%E9"},         {"str(a%20b+c),url_dec", "a b+c"},
        {"str(a%20b+c),url_dec(1)", "a b c"},    {"str(a%2),url_dec", "(none)"},
    };
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
    assert_converter_refused("str(a),url_enc(path)", "Allowed value is 'query'");
}

static void test_base64(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"str(),base64", ""},
        {"str(f),base64", "Zg=="},
        {"str(fo),base64", "Zm8="},
        {"str(foo),base64", "Zm9v"},
        {"bin(fbff),base64", "+/8="},
        {"bin(fbff),ub64enc", "-_8"},
        {"str(Zg==),b64dec", "f"},
        {"str(Zm8=),b64dec", "fo"},
        {"str(Zm9v),b64dec", "foo"},
        {"str(),b64dec", ""},
        {"str(-_8),ub64dec,hex", "FBFF"},
        {"str(Zg==),ub64dec", "f"},
        {"str(Zg),ub64dec", "f"},
        {"str(Zm8),b64dec", "(none)"},
        {"str(Z),ub64dec", "(none)"},
        {"str(Zm9*),b64dec", "(none)"},
        {"str(Z=9v),b64dec", "(none)"},
        {"str(-_8=),b64dec", "(none)"},
    };
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hexadecimal),
        cmocka_unit_test(test_percent),
        cmocka_unit_test(test_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
