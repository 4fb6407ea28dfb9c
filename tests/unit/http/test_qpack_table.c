/* SPDX-License-Identifier: Apache-2.0 */
/* The static table: by index, by name, and what is in neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/qpack_table.h"

static void test_entries(void **state)
{
    (void)state;
    assert_true(slice_equal(qpack_static_entry(0)->name, SLICE(":authority")));
    assert_true(slice_equal(qpack_static_entry(25)->value, SLICE("200")));
    assert_true(slice_equal(qpack_static_entry(98)->value, SLICE("sameorigin")));
    assert_null(qpack_static_entry(99));
    assert_null(qpack_static_entry(UINT64_MAX));
}

static void test_every_name_is_found(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QPACK_STATIC_COUNT; i++) {
        struct slice name = qpack_static_entry(i)->name;
        const struct qpack_name *found = qpack_static_name(name);
        if (name.data[0] == ':') {
            assert_null(found);
            continue;
        }
        assert_non_null(found);
        for (unsigned k = 0; k < found->count; k++) {
            assert_true(slice_equal(qpack_static_entry(found->first + k)->name, name));
        }
    }
    assert_non_null(qpack_static_name(SLICE("Content-Type")));
    assert_null(qpack_static_name(SLICE("x-unknown")));
    assert_null(qpack_static_name(SLICE("")));
    assert_null(qpack_static_name(SLICE("a-name-that-is-longer-than-any-of-the-static-table-s")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_every_name_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
