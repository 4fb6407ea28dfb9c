/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, texts, conditions and comparisons with variables. */
#include "support/converter.h"

static void test_arithmetic(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"int(5),add(3)", "8"},
        {"int(5),sub(8)", "-3"},
        {"int(-4),mul(6)", "-24"},
        {"int(7),div(2)", "3"},
        {"int(7),div(0)", "9223372036854775807"},
        {"int(-7),div(0)", "-9223372036854775808"},
        {"int(-9223372036854775808),div(-1)", "-9223372036854775808"},
        {"int(7),mod(4)", "3"},
        {"int(7),mod(0)", "0"},
        {"int(12),and(10)", "8"},
        {"int(12),or(3)", "15"},
        {"int(12),xor(10)", "6"},
        {"int(1),neg", "-1"},
        {"int(0),cpl", "-1"},
        {"int(3),odd", "1"},
        {"int(3),even", "0"},
        {"int(0),not", "1"},
        {"int(9),bool", "1"},
        {"int(9223372036854775807),add(1)", "-9223372036854775808"},
    };
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_texts(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"str(aBc1),lower", "abc1"},        {"str(aBc1),upper", "ABC1"},
        {"str(hello),length", "5"},         {"str(hello),bytes(1)", "ello"},
        {"str(hello),bytes(1,2)", "el"},    {"str(hello),bytes(9)", "(none)"},
        {"str(a/b/c),field(2,/)", "b"},     {"str(a/b/c),field(-1,/)", "c"},
        {"str(a//c),field(2,/)", ""},       {"str(a/b),field(5,/)", "(none)"},
        {"str(a//c),word(2,/)", "c"},       {"str(//a//c),word(-1,/)", "c"},
        {"str(a b),word(3,' ')", "(none)"}, {"str(xxaxx),ltrim(x)", "axx"},
        {"str(xxaxx),rtrim(x)", "xxa"},     {"str(xx),rtrim(x)", ""},
        {"str(aaa),regsub(a,b)", "baa"},    {"str(aaa),regsub(a,b,g)", "bbb"},
        {"str(AaA),regsub(a,b,gi)", "bbb"},
    };
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
    assert_converter_refused("str(a),regsub((,b)", "");
    assert_converter_refused("str(a),field(1)", "missing arguments");
    assert_converter_refused("str(a),nothing", "unknown converter 'nothing'");
}

static void test_variables(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"str(x),set-var(txn.a)", "x"},         {"str(p),concat(<,txn.a,>)", "p<x>"},
        {"str(p),concat(-,txn.none,-)", "p--"}, {"str(x),strcmp(txn.a)", "0"},
        {"str(w),strcmp(txn.a)", "-1"},         {"str(xx),strcmp(txn.a)", "1"},
        {"str(),strcmp(txn.a)", "-1"},          {"str(x),strcmp(txn.none)", "(none)"},
        {"str(x),secure_memcmp(txn.a)", "1"},   {"str(y),secure_memcmp(txn.a)", "0"},
        {"str(xy),secure_memcmp(txn.a)", "0"},  {"str(x),secure_memcmp(txn.none)", "(none)"},
        {"bool(true),iif(yes,no)", "yes"},      {"bool(false),iif(yes,no)", "no"},
    };
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_variables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
