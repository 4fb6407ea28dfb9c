/* SPDX-License-Identifier: Apache-2.0 */
/* Spans: objects apart, pages given back on release, places used again. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/number.h"
#include "memory/span.h"

enum { OBJECT = 16384 };

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(span_block_bytes(1), 4096);
    assert_int_equal(span_block_bytes(4096), 4096);
    assert_int_equal(span_block_bytes(16385), 20480);
}

/* Pages of the object that are in memory. */
static unsigned resident_pages(void *object)
{
    unsigned char pages[OBJECT / 4096];
    unsigned count = 0;
    assert_int_equal(mincore(object, OBJECT, pages), 0);
    for (size_t i = 0; i < sizeof(pages); i++) {
        count += pages[i] & 1u;
    }
    return count;
}

static void test_released_pages_go_back(void **state)
{
    (void)state;
    struct span_store store;
    span_init(&store, OBJECT);
    char *object = span_take(&store);
    memset(object, 1, OBJECT);
    assert_int_equal(resident_pages(object), OBJECT / 4096);
    span_release(&store, object);
    assert_int_equal(resident_pages(object), 0);
    assert_ptr_equal(span_take(&store), object);
    assert_int_equal(object[0], 0);
    span_release(&store, object);
    span_deinit(&store);
}

static void test_objects_are_apart(void **state)
{
    (void)state;
    enum { OBJECTS = 300, ROUNDS = 5000 };
    static unsigned char *objects[OBJECTS];
    struct span_store store;
    srand(8);
    span_init(&store, OBJECT);
    for (int round = 0; round < ROUNDS; round++) {
        const int i = rand() % OBJECTS;
        if (objects[i] == NULL) {
            objects[i] = span_take(&store);
            assert_non_null(objects[i]);
            objects[i][0] = (unsigned char)i;
            objects[i][OBJECT - 1] = (unsigned char)i;
        } else {
            assert_int_equal(objects[i][0], (unsigned char)i);
            assert_int_equal(objects[i][OBJECT - 1], (unsigned char)i);
            span_release(&store, objects[i]);
            objects[i] = NULL;
        }
    }
    assert_true(store.blocks >= store.free_count);
    for (int i = 0; i < OBJECTS; i++) {
        if (objects[i] != NULL) {
            span_release(&store, objects[i]);
        }
    }
    assert_int_equal(store.free_count, store.blocks);
    span_deinit(&store);
}

static void test_blocks_are_aligned(void **state)
{
    (void)state;
    static const size_t sizes[] = {4096, 16384, 65536, 3 * 4096, 20480};
    static const size_t alignments[] = {4096, 16384, 65536, 4096, 4096};
    for (int i = 0; i < 5; i++) {
        struct span_store store;
        char *blocks[100];
        span_init(&store, sizes[i]);
        for (int k = 0; k < 100; k++) {
            blocks[k] = span_take(&store);
            assert_int_equal((uintptr_t)blocks[k] % alignments[i], 0);
            blocks[k][sizes[i] - 1] = 1;
        }
        for (int k = 0; k < 100; k++) {
            span_release(&store, blocks[k]);
        }
        span_deinit(&store);
    }
}

static void test_an_object_larger_than_a_span(void **state)
{
    (void)state;
    struct span_store store;
    span_init(&store, 3 * MEBIBYTE);
    char *a = span_take(&store);
    char *b = span_take(&store);
    assert_non_null(a);
    assert_non_null(b);
    a[3 * MEBIBYTE - 1] = 1;
    b[0] = 2;
    assert_int_equal(a[3 * MEBIBYTE - 1], 1);
    span_release(&store, a);
    span_release(&store, b);
    span_deinit(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_released_pages_go_back),
        cmocka_unit_test(test_objects_are_apart),
        cmocka_unit_test(test_blocks_are_aligned),
        cmocka_unit_test(test_an_object_larger_than_a_span),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
