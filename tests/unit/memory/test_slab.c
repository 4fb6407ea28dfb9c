/* SPDX-License-Identifier: Apache-2.0 */
/* Slabs: shapes that waste little, objects apart, slabs that fill up and drain, empty ones that go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"
#include "memory/slab.h"
#include "support/death.h"

struct fixture {
    struct span_store spans;
    struct slab_store slabs;
};

static void open_fixture(struct fixture *fixture, size_t bytes)
{
    const struct slab_shape shape = slab_choose_shape(bytes);
    span_init(&fixture->spans, shape.slab_bytes);
    slab_init(&fixture->slabs, shape, &fixture->spans);
}

static void close_fixture(struct fixture *fixture)
{
    assert_int_equal(fixture->slabs.used, 0);
    (void)slab_drop_empty(&fixture->slabs, SIZE_MAX);
    assert_int_equal(fixture->slabs.slabs, 0);
    assert_int_equal(fixture->spans.free_count, fixture->spans.blocks);
    span_deinit(&fixture->spans);
}

static void test_shapes(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < 200000; bytes += bytes / 40 + 1) {
        const struct slab_shape shape = slab_choose_shape(bytes);
        assert_true(shape.object_bytes >= bytes);
        assert_true(shape.objects_per_slab >= 1);
        assert_true(shape.object_bytes * shape.objects_per_slab <= shape.slab_bytes);
        assert_int_equal(shape.slab_bytes % 4096, 0);
        if (shape.objects_per_slab > 1) {
            assert_int_equal(shape.object_bytes % 16, 0);
            assert_int_equal(shape.slab_bytes & (shape.slab_bytes - 1), 0);
            assert_true(shape.object_bytes < bytes + 16);
        }
        /* What an object costs with its share of the slab. */
        const size_t cost = shape.slab_bytes / shape.objects_per_slab;
        assert_true(cost <= size_max(span_block_bytes(bytes), bytes + bytes / 5));
        assert_true(bytes > 4000 || cost <= bytes + bytes / 16 + 16);
    }
    assert_int_equal(slab_choose_shape(2032).objects_per_slab, 8);
    assert_int_equal(slab_choose_shape(4096).slab_bytes, 4096);
    assert_int_equal(slab_choose_shape(16384).slab_bytes, 16384);
    assert_int_equal(slab_choose_shape(524288).slab_bytes, 524288);
}

static void test_nothing_without_a_slab(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, 100);
    assert_null(slab_take(&fixture.slabs));
    assert_true(slab_add(&fixture.slabs));
    assert_int_equal(slab_bytes(&fixture.slabs), 16384);
    void *object = slab_take(&fixture.slabs);
    assert_non_null(object);
    assert_int_equal(slab_drop_empty(&fixture.slabs, 1), 0); /* it is in use */
    slab_release(&fixture.slabs, object);
    assert_int_equal(fixture.slabs.empty_count, 1);
    assert_int_equal(slab_drop_empty(&fixture.slabs, 5), 16384);
    close_fixture(&fixture);
}

static void test_a_slab_has_as_many_objects_as_its_shape_says(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 16, 100, 1000, 2032, 9000, 16384};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct fixture fixture;
        void *objects[2048];
        size_t count = 0;
        open_fixture(&fixture, sizes[i]);
        assert_true(slab_add(&fixture.slabs));
        while ((objects[count] = slab_take(&fixture.slabs)) != NULL) {
            memset(objects[count], (int)count, sizes[i]);
            count++;
        }
        assert_int_equal(count, fixture.slabs.shape.objects_per_slab);
        assert_int_equal(fixture.slabs.used, count);
        for (size_t k = 0; k < count; k++) {
            assert_int_equal(((unsigned char *)objects[k])[sizes[i] - 1], k % 256);
            slab_release(&fixture.slabs, objects[k]);
        }
        close_fixture(&fixture);
    }
}

static void test_the_fuller_slab_is_filled_first(void **state)
{
    (void)state;
    struct fixture fixture;
    void *objects[16];
    open_fixture(&fixture, 2032);
    assert_true(slab_add(&fixture.slabs));
    assert_true(slab_add(&fixture.slabs));
    for (int i = 0; i < 16; i++) {
        objects[i] = slab_take(&fixture.slabs);
    }
    /* The second slab loses all but one, then the first loses one: that one is taken again. */
    for (int i = 9; i < 16; i++) {
        slab_release(&fixture.slabs, objects[i]);
    }
    slab_release(&fixture.slabs, objects[5]);
    assert_ptr_equal(slab_take(&fixture.slabs), objects[5]);
    slab_release(&fixture.slabs, objects[8]);
    assert_int_equal(fixture.slabs.empty_count, 1);
    for (int i = 0; i < 8; i++) {
        slab_release(&fixture.slabs, objects[i]);
    }
    assert_int_equal(fixture.slabs.empty_count, 2);
    close_fixture(&fixture);
}

static void test_the_least_of_empty_slabs_is_kept(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, 16384);
    for (int i = 0; i < 3; i++) {
        assert_true(slab_add(&fixture.slabs));
    }
    fixture.slabs.empty_least = fixture.slabs.empty_count;
    void *a = slab_take(&fixture.slabs);
    void *b = slab_take(&fixture.slabs);
    slab_release(&fixture.slabs, a);
    slab_release(&fixture.slabs, b);
    assert_int_equal(fixture.slabs.empty_count, 3);
    assert_int_equal(fixture.slabs.empty_least, 1);
    close_fixture(&fixture);
}

static void random_use(size_t bytes)
{
    enum { OBJECTS = 700, ROUNDS = 20000 };
    static unsigned char *objects[OBJECTS];
    struct fixture fixture;
    size_t used = 0;
    open_fixture(&fixture, bytes);
    for (int round = 0; round < ROUNDS; round++) {
        const int i = rand() % OBJECTS;
        if (objects[i] != NULL) {
            assert_int_equal(objects[i][0], (unsigned char)i);
            assert_int_equal(objects[i][bytes - 1], (unsigned char)i);
            slab_release(&fixture.slabs, objects[i]);
            objects[i] = NULL;
            used--;
        } else {
            while ((objects[i] = slab_take(&fixture.slabs)) == NULL) {
                assert_true(slab_add(&fixture.slabs));
            }
            memset(objects[i], i, bytes);
            used++;
        }
        if (round % 997 == 0) {
            (void)slab_drop_empty(&fixture.slabs, (size_t)rand() % 3);
        }
        assert_int_equal(fixture.slabs.used, used);
    }
    for (int i = 0; i < OBJECTS; i++) {
        if (objects[i] != NULL) {
            slab_release(&fixture.slabs, objects[i]);
            objects[i] = NULL;
        }
    }
    assert_int_equal(fixture.slabs.empty_count, fixture.slabs.slabs);
    close_fixture(&fixture);
}

static void test_random_use_keeps_contents(void **state)
{
    (void)state;
    srand(9);
    random_use(8);
    random_use(120);
    random_use(1500);
    random_use(9000);
    random_use(16384);
}

static void release_twice(void *argument)
{
    struct fixture fixture;
    (void)argument;
    open_fixture(&fixture, 16384);
    if (slab_add(&fixture.slabs)) {
        void *object = slab_take(&fixture.slabs);
        slab_release(&fixture.slabs, object);
        slab_release(&fixture.slabs, object);
    }
}

static void test_releasing_more_than_was_taken_aborts(void **state)
{
    (void)state;
    assert_true(death_aborts(release_twice, NULL, "assertion failed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_nothing_without_a_slab),
        cmocka_unit_test(test_a_slab_has_as_many_objects_as_its_shape_says),
        cmocka_unit_test(test_the_fuller_slab_is_filled_first),
        cmocka_unit_test(test_the_least_of_empty_slabs_is_kept),
        cmocka_unit_test(test_random_use_keeps_contents),
        cmocka_unit_test(test_releasing_more_than_was_taken_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
