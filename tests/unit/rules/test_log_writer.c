/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing values: quotes, escapes, hexadecimal, JSON (with and without utf8) and CBOR. The CBOR
 * bytes are those that HAProxy 3.0 writes for the same values.
 */
#include "rules/log_writer.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BUFFER_SIZE = 512 };

static char storage[BUFFER_SIZE];
static struct text text;

static struct log_writer *writer_with(unsigned flags)
{
    static struct log_writer writer;
    text = text_over(storage, sizeof(storage));
    writer = (struct log_writer){.text = &text, .flags = flags};
    return &writer;
}

static void check_text(unsigned flags, struct slice value, const char *expected)
{
    log_put_text(writer_with(flags), value);
    assert_string_equal(storage, expected);
}

static void test_texts(void **state)
{
    (void)state;
    check_text(0, SLICE("a b"), "a b");
    check_text(0, SLICE(""), "");
    check_text(LOG_MANDATORY, SLICE(""), "-");
    check_text(LOG_MANDATORY | LOG_QUOTE, SLICE(""), "\"\"");
    check_text(LOG_QUOTE, SLICE("a b"), "\"a b\"");
    check_text(LOG_ESCAPE, SLICE("a\"b]c\\d"), "a\\\"b\\]c\\\\d");
    check_text(LOG_ESCAPE | LOG_QUOTE, SLICE("a\"b"), "\"a\\\"b\"");
    check_text(LOG_JSON, SLICE(""), "\"\"");
    check_text(LOG_JSON | LOG_ESCAPE, SLICE("a\"b]\\"), "\"a\\\"b]\\\\\"");
    check_text(LOG_CBOR, SLICE("num"), "636E756D");
    check_text(LOG_CBOR, SLICE(""), "F6");
    check_text(LOG_CBOR | LOG_BINARY, SLICE("num"), "cnum");
}

static void test_plain_texts(void **state)
{
    (void)state;
    log_put_plain(writer_with(LOG_QUOTE | LOG_MANDATORY), SLICE("x"));
    assert_string_equal(storage, "x");
    log_put_plain(writer_with(LOG_JSON), SLICE("x"));
    assert_string_equal(storage, "\"x\"");
}

static void test_escaped(void **state)
{
    (void)state;
    struct slice value = SLICE("a{b|c}\"#\n\x7f\xc3\xa9 z");
    log_put_escaped(writer_with(0), value, LOG_ESCAPES_URL);
    assert_string_equal(storage, "a{b|c}#22#23#0A#7F#C3#A9 z");
    log_put_escaped(writer_with(0), value, LOG_ESCAPES_HEADER);
    assert_string_equal(storage, "a#7Bb#7Cc#7D#22#23#0A#7F#C3#A9 z");
    log_put_escaped(writer_with(LOG_ESCAPE), SLICE("a]\"\\"), LOG_ESCAPES_URL);
    assert_string_equal(storage, "a\\]#22\\\\");
    log_put_escaped(writer_with(LOG_JSON), SLICE("a\"#\n"), LOG_ESCAPES_URL);
    assert_string_equal(storage, "\"a\\\"#\\u000A\"");
}

static void test_expressions(void **state)
{
    (void)state;
    struct slice value = slice_of("a\tb\nc\0\x7f\xc3\xa9\"", 10);
    log_put_expression(writer_with(LOG_HTTP), value);
    assert_string_equal(storage, "a\tb%0Ac%00%7F\xc3\xa9\"");
    log_put_expression(writer_with(LOG_HTTP | LOG_QUOTE), SLICE("x"));
    assert_string_equal(storage, "x");
    log_put_expression(writer_with(LOG_SAFE | LOG_MANDATORY), value);
    assert_string_equal(storage, "a#09b#0Ac#00#7F\xc3\xa9\"");
    log_put_expression(writer_with(LOG_SAFE | LOG_QUOTE), SLICE("x\n"));
    assert_string_equal(storage, "\"x#0A\"");
    log_put_expression(writer_with(LOG_SAFE | LOG_MANDATORY), SLICE_NONE);
    assert_string_equal(storage, "-");
    log_put_expression(writer_with(LOG_SAFE | LOG_BINARY), SLICE("x\n"));
    assert_string_equal(storage, "x\n");
    log_put_expression(writer_with(0), SLICE("x\n"));
    assert_string_equal(storage, "x\n");
    log_put_expression(writer_with(LOG_SAFE | LOG_JSON), SLICE("x\n"));
    assert_string_equal(storage, "\"x\\u000A\"");
}

static void test_json_texts(void **state)
{
    (void)state;
    check_text(LOG_JSON, SLICE("\xc3\xa9\x01\x7f"), "\"\\u00C3\\u00A9\\u0001\\u007F\"");
    check_text(LOG_JSON | LOG_UTF8, SLICE("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
               "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
    check_text(LOG_JSON | LOG_UTF8, SLICE("\xc2\x85"), "\"\\u0085\"");
    check_text(LOG_JSON | LOG_UTF8, SLICE("\xc2\xa0"), "\"\xc2\xa0\"");
    check_text(LOG_UTF8, SLICE("\xc3"), "\xc3");
}

static void test_json_invalid_utf8(void **state)
{
    (void)state;
    unsigned flags = LOG_JSON | LOG_UTF8;
    check_text(flags, SLICE("\xc3"), "\"\\u00C3\"");
    check_text(flags, SLICE("\xc0\xaf"), "\"\\u00C0\\u00AF\"");
    check_text(flags, SLICE("\xe0\x9f\xbf"), "\"\\u00E0\\u009F\\u00BF\"");
    check_text(flags, SLICE("\xe0\xa0\x80"), "\"\xe0\xa0\x80\"");
    check_text(flags, SLICE("\xed\xa0\x80"), "\"\\u00ED\\u00A0\\u0080\"");
    check_text(flags, SLICE("\xed\x9f\xbf"), "\"\xed\x9f\xbf\"");
    check_text(flags, SLICE("\xf0\x8f\xbf\xbf"), "\"\\u00F0\\u008F\\u00BF\\u00BF\"");
    check_text(flags, SLICE("\xf4\x90\x80\x80"), "\"\\u00F4\\u0090\\u0080\\u0080\"");
    check_text(flags, SLICE("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\"");
    check_text(flags, SLICE("\xf5\x80\x80\x80"), "\"\\u00F5\\u0080\\u0080\\u0080\"");
    check_text(flags, SLICE("\xe2\x82"), "\"\\u00E2\\u0082\"");
    check_text(flags, SLICE("\xe2\x82z"), "\"\\u00E2\\u0082z\"");
}

static void check_integer(unsigned flags, enum log_cast cast, int64_t value, const char *expected)
{
    struct log_writer *writer = writer_with(flags);
    writer->cast = cast;
    log_put_integer(writer, value);
    assert_string_equal(storage, expected);
}

static void test_integers(void **state)
{
    (void)state;
    check_integer(LOG_QUOTE, LOG_CAST_NONE, -1, "-1");
    check_integer(LOG_JSON, LOG_CAST_NONE, 200, "200");
    check_integer(LOG_JSON, LOG_CAST_STRING, 7, "\"7\"");
    check_integer(LOG_JSON, LOG_CAST_BOOL, 7, "true");
    check_integer(LOG_JSON, LOG_CAST_BOOL, 0, "false");
    check_integer(0, LOG_CAST_BOOL, 7, "7");
    check_integer(LOG_CBOR, LOG_CAST_NONE, 5, "05");
    check_integer(LOG_CBOR, LOG_CAST_NONE, 23, "17");
    check_integer(LOG_CBOR, LOG_CAST_NONE, 24, "1818");
    check_integer(LOG_CBOR, LOG_CAST_NONE, 200, "18C8");
    check_integer(LOG_CBOR, LOG_CAST_NONE, 256, "190100");
    check_integer(LOG_CBOR, LOG_CAST_NONE, 65536, "1A00010000");
    check_integer(LOG_CBOR, LOG_CAST_NONE, 4294967296, "1B0000000100000000");
    check_integer(LOG_CBOR, LOG_CAST_NONE, -1, "20");
    check_integer(LOG_CBOR, LOG_CAST_NONE, -500, "3901F3");
    check_integer(LOG_CBOR, LOG_CAST_NONE, INT64_MIN, "3B7FFFFFFFFFFFFFFF");
    log_put_bool(writer_with(LOG_CBOR), true);
    assert_string_equal(storage, "F5");
    log_put_bool(writer_with(0), false);
    assert_string_equal(storage, "0");
}

static void test_numbers_in_hexadecimal(void **state)
{
    (void)state;
    log_put_number(writer_with(LOG_HEX), 0xab, 4);
    assert_string_equal(storage, "00AB");
    log_put_number(writer_with(LOG_HEX), 0x12345, 4);
    assert_string_equal(storage, "12345");
    log_put_number(writer_with(0), 17, 4);
    assert_string_equal(storage, "17");
    log_put_number(writer_with(LOG_HEX | LOG_JSON), 1, 2);
    assert_string_equal(storage, "\"01\"");
}

static struct address address_v4(const char *ip, uint16_t port)
{
    struct address address = {.family = AF_INET, .port = port};
    assert_int_equal(inet_pton(AF_INET, ip, &address.v4), 1);
    return address;
}

static void test_addresses(void **state)
{
    (void)state;
    struct address v4 = address_v4("192.0.2.1", 8080);
    struct address v6 = {.family = AF_INET6, .port = 443};
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &v6.v6), 1);
    struct address path = {.family = AF_UNIX};
    struct address none = {0};
    log_put_address(writer_with(LOG_QUOTE), &v4);
    assert_string_equal(storage, "\"192.0.2.1\"");
    log_put_address(writer_with(LOG_HEX | LOG_QUOTE), &v4);
    assert_string_equal(storage, "C0000201");
    log_put_address(writer_with(0), &v6);
    assert_string_equal(storage, "2001:db8::1");
    log_put_address(writer_with(LOG_HEX), &v6);
    assert_string_equal(storage, "20010DB8000000000000000000000001");
    log_put_address(writer_with(LOG_HEX), &path);
    assert_string_equal(storage, "unix");
    log_put_address(writer_with(LOG_MANDATORY), &none);
    assert_string_equal(storage, "-");
    log_put_port(writer_with(LOG_QUOTE), &v4, 9);
    assert_string_equal(storage, "8080");
    log_put_port(writer_with(LOG_HEX), &v6, 9);
    assert_string_equal(storage, "01BB");
    log_put_port(writer_with(LOG_HEX), &path, 9);
    assert_string_equal(storage, "9");
    log_put_port(writer_with(LOG_MANDATORY), &none, 9);
    assert_string_equal(storage, "-");
}

static void put_pieces(struct log_writer *writer)
{
    log_begin(writer);
    log_put_char(writer, '{');
    log_put_escaped(writer, SLICE("a"), LOG_ESCAPES_HEADER);
    log_put_char(writer, '}');
    log_end(writer);
}

static void test_pieces(void **state)
{
    (void)state;
    put_pieces(writer_with(0));
    assert_string_equal(storage, "{a}");
    put_pieces(writer_with(LOG_QUOTE));
    assert_string_equal(storage, "\"{a}\"");
    put_pieces(writer_with(LOG_JSON | LOG_QUOTE));
    assert_string_equal(storage, "\"{a}\"");
    put_pieces(writer_with(LOG_CBOR));
    assert_string_equal(storage, "7F617B6161617DFF");
}

static void put_list(struct log_writer *writer)
{
    log_begin_list(writer);
    log_put_text(writer, SLICE("a"));
    log_next_in_list(writer);
    log_put_text(writer, SLICE("b"));
    log_end_list(writer);
}

static void test_lists(void **state)
{
    (void)state;
    put_list(writer_with(0));
    assert_string_equal(storage, "a b");
    put_list(writer_with(LOG_JSON));
    assert_string_equal(storage, "[\"a\", \"b\"]");
    put_list(writer_with(LOG_CBOR));
    assert_string_equal(storage, "9F61616162FF");
}

static void put_object(struct log_writer *writer)
{
    log_begin_object(writer);
    log_put_key(writer, SLICE("a\"b"), true);
    log_put_integer(writer, 1);
    log_put_key(writer, SLICE("c"), false);
    log_put_nothing(writer);
    log_end_object(writer);
}

static void test_objects(void **state)
{
    (void)state;
    put_object(writer_with(LOG_JSON));
    assert_string_equal(storage, "{\"a\\\"b\": 1, \"c\": null}");
    put_object(writer_with(LOG_CBOR));
    assert_string_equal(storage, "BF63612262016163F6FF");
}

static void test_signs_and_binary(void **state)
{
    (void)state;
    log_put_sign(writer_with(0), '+');
    assert_string_equal(storage, "+");
    log_put_sign(writer_with(LOG_JSON), '+');
    assert_string_equal(storage, "");
    log_put_binary(writer_with(0), SLICE("a\nb"));
    assert_string_equal(storage, "a\nb");
    log_put_binary(writer_with(LOG_CBOR), SLICE("\x01\xff"));
    assert_string_equal(storage, "4201FF");
    log_put_nothing(writer_with(0));
    assert_string_equal(storage, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_plain_texts),
        cmocka_unit_test(test_escaped),
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_json_texts),
        cmocka_unit_test(test_json_invalid_utf8),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_numbers_in_hexadecimal),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_signs_and_binary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
