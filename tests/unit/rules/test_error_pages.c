/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in pages: which statuses have one, that their lengths are HAProxy's, and the bytes of
 * some of them.
 */
#include "rules/reply_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The Content-length that HAProxy 2.6 and 3.2 announce. */
static const struct {
    uint16_t status;
    size_t length;
} pages[] = {{200, 58},  {400, 90},  {401, 112}, {403, 93},  {404, 83},  {405, 146}, {407, 112},
             {408, 110}, {410, 114}, {413, 106}, {414, 110}, {421, 104}, {422, 116}, {425, 80},
             {429, 117}, {431, 106}, {500, 97},  {501, 136}, {502, 107}, {503, 107}, {504, 92}};

static void test_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        const struct reply *page = error_page_find(pages[i].status);
        assert_non_null(page);
        assert_int_equal(page->status, pages[i].status);
        assert_int_equal(page->body.length, pages[i].length);
        assert_int_equal(page->closes, pages[i].status == 400 || pages[i].status == 408);
        assert_true(error_status_is_known(pages[i].status));
    }
}

static void test_bytes(void **state)
{
    (void)state;
    const struct reply *page = error_page_find(403);
    assert_true(slice_equal(page->reason, SLICE("Forbidden")));
    assert_true(slice_equal(page->body, SLICE("<html><body><h1>403 Forbidden</h1>\n"
                                              "Request forbidden by administrative rules.\n"
                                              "</body></html>\n")));
    page = error_page_find(407);
    assert_true(slice_equal(page->reason, SLICE("Unauthorized")));
    page = error_page_find(431);
    assert_true(
        slice_equal(page->body, SLICE("<html><body><h1>431 Request Header Fields Too Large</h1>\n"
                                      ">Request Header Fields Too Large.\n</body></html>\n")));
}

static void test_unknown(void **state)
{
    (void)state;
    static const uint16_t unknown[] = {0, 100, 201, 204, 302, 402, 418, 505, 599, 999};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_null(error_page_find(unknown[i]));
        assert_false(error_status_is_known(unknown[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
