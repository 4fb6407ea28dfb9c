/* SPDX-License-Identifier: Apache-2.0 */
/* The Huffman code by RFC 7541 C, every byte there and back, bad paddings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/huffman.h"
#include "support/hex.h"

static void check(const char *text, const char *hex)
{
    uint8_t coded[64];
    char out[64];
    struct slice plain = slice_from_string(text);
    size_t bytes = test_hex(hex, coded, sizeof(coded));
    assert_int_equal(huffman_bytes(plain), bytes);
    assert_ptr_equal(huffman_encode(plain, out), out + bytes);
    assert_memory_equal(out, coded, bytes);
    assert_int_equal(huffman_decode(slice_of((char *)coded, bytes), out, sizeof(out)),
                     plain.length);
    assert_memory_equal(out, text, plain.length);
}

static void test_examples(void **state)
{
    (void)state;
    check("www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"); /* C.4.1 */
    check("no-cache", "a8eb10649cbf");
    check("custom-value", "25a849e95bb8e8b4bf");
    check("Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff");
    check("", "");
}

static void test_every_byte(void **state)
{
    (void)state;
    char text[256], coded[1024], back[256];
    for (unsigned i = 0; i < sizeof(text); i++) {
        text[i] = (char)i;
    }
    size_t bytes = huffman_bytes(slice_of(text, sizeof(text)));
    assert_ptr_equal(huffman_encode(slice_of(text, sizeof(text)), coded), coded + bytes);
    assert_int_equal(huffman_decode(slice_of(coded, bytes), back, sizeof(back)), sizeof(back));
    assert_memory_equal(text, back, sizeof(text));
    assert_int_equal(huffman_decode(slice_of(coded, bytes), back, sizeof(back) - 1),
                     HUFFMAN_INVALID);
}

static void test_refused(void **state)
{
    (void)state;
    char out[16];
    static const struct {
        const char *hex;
    } rows[] = {{"ff"}, {"1800"}, {"ffffffff"}, {"fffffffc"}, {"1c64ff"}};
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[8];
        size_t length = test_hex(rows[i].hex, bytes, sizeof(bytes));
        assert_int_equal(huffman_decode(slice_of((char *)bytes, length), out, sizeof(out)),
                         HUFFMAN_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
