/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a head at every split, and field lines with their error positions. */
#include "http/http1_internal.h"

#include "support/http.h"

struct find_case {
    const char *bytes;
    int length; /* of the head; 0: never complete */
};

static const struct find_case FINDS[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\nmore", 27},
    {"GET / HTTP/1.1\nHost: a\n\nmore", 24},
    {"GET / HTTP/1.1\r\n\nmore", 17},
    {"GET / HTTP/1.1\n\r\nmore", 17},
    {"\r\n\nGET / HTTP/1.1\r\n\r\nmore", 21},
    {"HTTP/1.1 200 OK\r\n\r\n\r\n", 19},
    {"HTTP/1.1 200\r\nA: b\r\n\r\n", 22},
    {"GET / HTTP/1.1\r\nHost: a\r\n", 0},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r", 0},
    {"GET / HTTP/1.1", 0},
    {"\r\n\r\n\r", 0},
    {"", 0},
    /* what can be no head is complete where that shows */
    {"GET /\r\nHost: a\r\n\r\n", 7},
    {"GET\n", 4},
    {"GET / \r\n\r\n", 8},
    {"GET / HTTP/1.1\r\nA: b\r\n\rX: y\r\n\r\n", 24},
};

static void test_every_split_finds_the_same_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(FINDS) / sizeof(FINDS[0]); i++) {
        struct slice all = slice_from_string(FINDS[i].bytes);
        for (size_t first = 0; first <= all.length; first++) {
            size_t scanned = 0;
            size_t length = 0;
            enum result result = http1_find_head(slice_first(all, first), &scanned, &length);
            if (result == RESULT_BLOCKED) {
                result = http1_find_head(all, &scanned, &length);
            }
            assert_int_equal(result, FINDS[i].length == 0 ? RESULT_BLOCKED : RESULT_OK);
            assert_int_equal(length, FINDS[i].length);
        }
        size_t scanned = 0;
        size_t length = 0;
        for (size_t bytes = 0; bytes <= all.length && length == 0; bytes++) {
            enum result result = http1_find_head(slice_first(all, bytes), &scanned, &length);
            assert_int_equal(result, length == 0 ? RESULT_BLOCKED : RESULT_OK);
            assert_true(length == 0 || length <= bytes);
        }
        assert_int_equal(length, FINDS[i].length);
    }
}

static void test_garbage_is_complete_at_once(void **state)
{
    (void)state;
    static const char *const garbage[] = {"\x16\x03\x01", " GET", "\x01", ":a", "\rGET", "\xff"};
    for (unsigned i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        struct slice bytes = slice_from_string(garbage[i]);
        size_t scanned = 0;
        size_t length = 0;
        assert_int_equal(http1_find_head(bytes, &scanned, &length), RESULT_OK);
        assert_int_equal(length, bytes.length);
    }
    size_t scanned = 0;
    size_t length = 0;
    assert_int_equal(http1_find_head(SLICE("\r"), &scanned, &length), RESULT_BLOCKED);
}

static void test_empty_lines(void **state)
{
    (void)state;
    assert_int_equal(http1_skip_empty_lines(SLICE("")), 0);
    assert_int_equal(http1_skip_empty_lines(SLICE("GET")), 0);
    assert_int_equal(http1_skip_empty_lines(SLICE("\r\nGET")), 2);
    assert_int_equal(http1_skip_empty_lines(SLICE("\n\r\n\nGET")), 4);
    assert_int_equal(http1_skip_empty_lines(SLICE("\r\n\r")), 2);
    assert_int_equal(http1_skip_empty_lines(SLICE("\r\rGET")), 0);
    assert_int_equal(http1_skip_empty_lines(SLICE("\r\n\r\n")), 4);
}

struct line_case {
    struct slice line;
    enum result result;
    const char *name;
    const char *value;
    size_t position; /* of the error */
};

static const struct line_case LINES[] = {
    {SLICE("A: b\r\n"), RESULT_OK, "A", "b", 0},
    {SLICE("A:b\r\n"), RESULT_OK, "A", "b", 0},
    {SLICE("A:b\n"), RESULT_OK, "A", "b", 0},
    {SLICE("A: \t b c\t \r\n"), RESULT_OK, "A", "b c", 0},
    {SLICE("A:\r\n"), RESULT_OK, "A", "", 0},
    {SLICE("A:  \t\r\n"), RESULT_OK, "A", "", 0},
    {SLICE("A: b:c\r\n"), RESULT_OK, "A", "b:c", 0},
    {SLICE("!#$%&'*+-.^_`|~09azAZ: v\r\n"), RESULT_OK, "!#$%&'*+-.^_`|~09azAZ", "v", 0},
    {SLICE("A: \xc3\xa9\xff\r\n"), RESULT_OK, "A", "\xc3\xa9\xff", 0},
    {SLICE("\r\n"), RESULT_END, NULL, NULL, 0},
    {SLICE("\n"), RESULT_END, NULL, NULL, 0},
    {SLICE(" A: b\r\n"), RESULT_INVALID, NULL, NULL, 0},
    {SLICE("\tA: b\r\n"), RESULT_INVALID, NULL, NULL, 0},
    {SLICE(": b\r\n"), RESULT_INVALID, NULL, NULL, 0},
    {SLICE("A : b\r\n"), RESULT_INVALID, NULL, NULL, 1},
    {SLICE("A\t: b\r\n"), RESULT_INVALID, NULL, NULL, 1},
    {SLICE("A b: c\r\n"), RESULT_INVALID, NULL, NULL, 1},
    {SLICE("Abc\r\n"), RESULT_INVALID, NULL, NULL, 3},
    {SLICE("Abc\n"), RESULT_INVALID, NULL, NULL, 3},
    {SLICE("A(b: c\r\n"), RESULT_INVALID, NULL, NULL, 1},
    {SLICE("A\0b: c\r\n"), RESULT_INVALID, NULL, NULL, 1},
    {SLICE("A\x80: c\r\n"), RESULT_INVALID, NULL, NULL, 1},
    {SLICE("A: b\0c\r\n"), RESULT_INVALID, NULL, NULL, 4},
    {SLICE("A: b\x01\r\n"), RESULT_INVALID, NULL, NULL, 4},
    {SLICE("A: b\x7f\r\n"), RESULT_INVALID, NULL, NULL, 4},
    {SLICE("A: b\rc\r\n"), RESULT_INVALID, NULL, NULL, 4},
    {SLICE("A: b\r\r\n"), RESULT_INVALID, NULL, NULL, 4},
    {SLICE("A:\r b\r\n"), RESULT_INVALID, NULL, NULL, 2},
    {SLICE("\rA: b\r\n"), RESULT_INVALID, NULL, NULL, 0},
    {SLICE("A"), RESULT_INVALID, NULL, NULL, 1},
    {SLICE("A: b"), RESULT_INVALID, NULL, NULL, 4},
    {SLICE("A: b\r"), RESULT_INVALID, NULL, NULL, 4},
    {SLICE(""), RESULT_INVALID, NULL, NULL, 0},
};

static struct http1_cursor cursor_over(struct slice bytes, struct http1_error *error)
{
    struct http1_cursor cursor;
    http1_begin_head(&cursor, SLICE("x"), error);
    cursor.start = cursor.at = bytes.data;
    cursor.end = bytes.data + bytes.length;
    cursor.status = HTTP1_STATUS_BAD_REQUEST;
    return cursor;
}

static void test_field_lines(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
        struct http1_error error;
        struct http_field field;
        struct http1_cursor cursor = cursor_over(LINES[i].line, &error);
        assert_int_equal(http1_next_field(&cursor, &field), LINES[i].result);
        if (LINES[i].result == RESULT_OK) {
            test_http_assert_slice(field.name, LINES[i].name);
            test_http_assert_slice(field.value, LINES[i].value);
            assert_int_equal(field.id, HTTP_NAME_OTHER);
            assert_ptr_equal(cursor.at, cursor.end);
        } else if (LINES[i].result == RESULT_INVALID) {
            assert_int_equal(error.position, LINES[i].position);
            assert_int_equal(error.status, 400);
            assert_non_null(error.reason);
        }
    }
}

static void test_trailer_lines_need_crlf(void **state)
{
    (void)state;
    static const struct slice lines[] = {SLICE("A: b\n"), SLICE("\n"), SLICE("A: \n")};
    for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct http1_error error;
        struct http_field field;
        struct http1_cursor cursor = cursor_over(lines[i], &error);
        cursor.needs_crlf = true;
        assert_int_equal(http1_next_field(&cursor, &field), RESULT_INVALID);
    }
}

static void test_lenient_lines(void **state)
{
    (void)state;
    static const struct line_case lines[] = {
        {SLICE("A : b\r\n"), RESULT_NOT_FOUND, NULL, NULL, 0},
        {SLICE("A\0b: c\r\n"), RESULT_NOT_FOUND, NULL, NULL, 0},
        {SLICE("A(b): c\0\n"), RESULT_NOT_FOUND, NULL, NULL, 0},
        {SLICE("A: b\0\x01\r\n"), RESULT_OK, "A", NULL, 0},
        {SLICE(" A: b\r\n"), RESULT_INVALID, NULL, NULL, 0},
        {SLICE("Ab(c\r\n"), RESULT_INVALID, NULL, NULL, 2},
        {SLICE("A(: b\rc\r\n"), RESULT_INVALID, NULL, NULL, 5},
        {SLICE("A: b\rc\r\n"), RESULT_INVALID, NULL, NULL, 4},
        {SLICE(""), RESULT_INVALID, NULL, NULL, 0},
    };
    for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct http1_error error;
        struct http_field field;
        struct http1_cursor cursor = cursor_over(lines[i].line, &error);
        cursor.is_lenient = true;
        assert_int_equal(http1_next_field(&cursor, &field), lines[i].result);
        if (lines[i].result == RESULT_INVALID) {
            assert_int_equal(error.position, lines[i].position);
        } else {
            assert_ptr_equal(cursor.at, cursor.end);
        }
        if (lines[i].result == RESULT_OK) {
            assert_int_equal(field.value.length, 3);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_split_finds_the_same_end),
        cmocka_unit_test(test_garbage_is_complete_at_once),
        cmocka_unit_test(test_empty_lines),
        cmocka_unit_test(test_field_lines),
        cmocka_unit_test(test_trailer_lines_need_crlf),
        cmocka_unit_test(test_lenient_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
