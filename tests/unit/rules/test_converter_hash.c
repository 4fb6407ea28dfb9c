/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and digests: known values (RFC 3720, FIPS 180-4, xxHash's own), seeds, avalanche,
 * refusals; what HAProxy gives for the same input. */
#include "support/converter.h"

static void test_numbers(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"str(abc),crc32", "891568578"},
        {"str(123456789),crc32c", "3808858755"}, /* RFC 3720: e3069283 */
        {"str(abc),crc32c(1)", "1285784220"},
        {"str(),crc32c", "0"},
        {"str(abc),xxh32", "852579327"},
        {"str(abc),xxh32(5)", "1562728233"},
        {"str(abc),xxh64", "4952883123889572249"},
        {"str(abc),xxh64(5)", "-1753195980308443340"},
        {"str(abc),xxh3(7)", "5260018501835528466"},
    };
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_digests(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"str(abc),sha1,hex", "A9993E364706816ABA3E25717850C26C9CD0D89D"},
        {"str(),sha1,hex", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"},
        {"str(abc),sha2,hex", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"},
        {"str(abc),sha2(224),hex", "23097D223405D8228642A477BDA255B32AADBCE4BDA0B3F7E36C9DA7"},
        {"str(abc),digest(sha256),hex",
         "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"},
        {"str(abc),digest(SHA512),hex,bytes(0,16)", "DDAF35A193617ABA"},
        {"str(abc),sha2(384),hex,bytes(0,16)", "CB00753F45A35E8B"},
        {"str(abc),digest(md5),hex", "900150983CD24FB0D6963F7D28E17F72"},
    };
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
    assert_converter_refused("str(a),sha2(100)", "Unsupported number of bits: '100'");
    assert_converter_refused("str(a),digest(none)", "algorithm is unknown");
    assert_converter_refused("str(a),digest", "algorithm is unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
