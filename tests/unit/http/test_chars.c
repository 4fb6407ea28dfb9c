/* SPDX-License-Identifier: Apache-2.0 */
/* The classes of every byte against their definitions, and runs that end at every place. */
#include "http/chars.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool is_alphanumeric(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(int c, const char *characters)
{
    return c != '\0' && strchr(characters, c) != NULL;
}

static void test_every_byte(void **state)
{
    (void)state;
    for (int c = 0; c <= UINT8_MAX; c++) {
        bool is_graphic = c > ' ' && c < 0x7f;
        bool is_token = is_alphanumeric(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
        bool is_host = is_alphanumeric(c) || is_one_of(c, "-._~%!$&'()*+,;=");
        bool is_scheme = is_alphanumeric(c) || is_one_of(c, "+-.");
        assert_int_equal(http_char_is((char)c, HTTP_CHAR_TOKEN), is_token);
        assert_int_equal(http_char_is((char)c, HTTP_CHAR_TARGET), is_graphic && c != '#');
        assert_int_equal(http_char_is((char)c, HTTP_CHAR_VALUE),
                         is_graphic || c == ' ' || c == '\t' || c >= 0x80);
        assert_int_equal(http_char_is((char)c, HTTP_CHAR_HOST), is_host);
        assert_int_equal(http_char_is((char)c, HTTP_CHAR_SCHEME), is_scheme);
        assert_int_equal(http_char_is((char)c, HTTP_CHAR_DIGIT), c >= '0' && c <= '9');
    }
}

enum { RUN = 40 };

/* The eight-byte loops must find each byte at each offset, whatever stands around it. */
static void test_runs_end_at_every_byte_and_place(void **state)
{
    (void)state;
    static const char fillers[] = {'a', '!', '~', '$'};
    for (unsigned f = 0; f < sizeof(fillers); f++) {
        for (int c = 0; c <= UINT8_MAX; c++) {
            for (int place = 0; place < RUN; place++) {
                char run[RUN];
                memset(run, fillers[f], sizeof(run));
                run[place] = (char)c;
                int end_of_value = http_char_is((char)c, HTTP_CHAR_VALUE) ? RUN : place;
                int end_of_target = http_char_is((char)c, HTTP_CHAR_TARGET) ? RUN : place;
                int end_of_token = http_char_is((char)c, HTTP_CHAR_TOKEN) ? RUN : place;
                assert_ptr_equal(http_skip_value(run, run + RUN), run + end_of_value);
                assert_ptr_equal(http_skip_target(run, run + RUN), run + end_of_target);
                assert_ptr_equal(http_skip_token(run, run + RUN), run + end_of_token);
            }
        }
    }
}

static void test_value_with_bytes_above_ascii_and_tabs(void **state)
{
    (void)state;
    char run[RUN];
    memset(run, 0xff, sizeof(run));
    assert_ptr_equal(http_skip_value(run, run + RUN), run + RUN);
    memset(run, 0x80, sizeof(run));
    run[3] = '\t';
    run[RUN - 1] = 0x7f;
    assert_ptr_equal(http_skip_value(run, run + RUN), run + RUN - 1);
    assert_ptr_equal(http_skip_target(run, run + RUN), run);
    assert_ptr_equal(http_skip_value(run, run), run);
}

static void test_whole_slices(void **state)
{
    (void)state;
    assert_true(http_is_token(SLICE("X-Name_1")));
    assert_false(http_is_token(SLICE("")));
    assert_false(http_is_token(SLICE("a b")));
    assert_true(http_is_value(SLICE("")));
    assert_true(http_is_value(SLICE("a \t\xc3\xa9")));
    assert_false(http_is_value(SLICE("a\r\nb")));
    assert_false(http_is_value(SLICE("a\0b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_runs_end_at_every_byte_and_place),
        cmocka_unit_test(test_value_with_bytes_above_ascii_and_tabs),
        cmocka_unit_test(test_whole_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
