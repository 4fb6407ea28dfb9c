/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A governor for tests. Caches are kept under sanitizers too, so that lists and slabs are tested
 * there as well; at the end every account and pool must be empty.
 */
#ifndef WEIR_TESTS_SUPPORT_MEMORY_H
#define WEIR_TESTS_SUPPORT_MEMORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/number.h"
#include "memory/library.h"
#include "memory/memory.h"
#include "memory/pool.h"

/* A governor by options; `workers` 0 means 1. */
static inline struct memory *test_memory_open(struct memory_options options)
{
    struct memory *memory = NULL;
    options.workers = options.workers == 0 ? 1 : options.workers;
    assert_int_equal(memory_create(&options, &memory), RESULT_OK);
    return memory;
}

/* A governor with caches, one worker and a limit (0: none). */
static inline struct memory *test_memory_limited(size_t limit)
{
    return test_memory_open((struct memory_options){.limit_bytes = limit, .keep_caches = true});
}

/*
 * Keeps the test program's own resident size out of the budget, for tests of exact figures.
 */
static inline void test_memory_ignore_resident(struct memory *memory)
{
    memory_shared_ledger(memory)->observe = NULL;
    memory_ledger(memory, 0)->observe = NULL;
}

/* Ends it; aborts when something is left. */
static inline void test_memory_close(struct memory *memory)
{
    memory_destroy(memory, true);
}

/* Whether memory of libraries without allocator arguments is seen: sanitizers' malloc has no
 * counters. */
static inline bool test_memory_meters_libraries(void)
{
    struct library_meter before = library_meter_begin();
    void *volatile block = malloc(1);
    struct library_meter after = library_meter_begin();
    free(block);
    return after.allocated > before.allocated;
}

/* What is used in all. */
static inline size_t test_memory_used(struct memory *memory)
{
    struct memory_usage usage;
    memory_read_usage(memory, &usage);
    return usage.used;
}

/* Charges `account` until it is refused, in steps of `step`; returns the bytes. */
static inline size_t test_memory_fill(struct account *account, size_t step)
{
    size_t bytes = 0;
    while (account_charge(account, step) == RESULT_OK) {
        bytes += step;
    }
    return bytes;
}

/* The usage of the pool `storage`. */
static inline struct pool_usage test_memory_pool(struct memory *memory, const struct pool *storage);

struct test_memory_search {
    const struct pool *storage;
    struct pool_usage found;
};

static inline void test_memory_visit(const struct pool_usage *usage, void *argument)
{
    struct test_memory_search *search = argument;
    if (usage->storage == search->storage) {
        search->found = *usage;
    }
}

static inline struct pool_usage test_memory_pool(struct memory *memory, const struct pool *storage)
{
    struct test_memory_search search = {.storage = storage};
    pool_each(memory, test_memory_visit, &search);
    assert_non_null(search.found.name);
    return search.found;
}

#endif
