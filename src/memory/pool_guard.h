/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What -dM adds to a pool's objects: a tag, the last caller, a copy, fills and checks. An object
 * with guards:
 *
 *   payload | tag (8) | caller (8) | copy of the payload
 *
 * each part only when its option is set. For pool.c.
 */
#ifndef WEIR_MEMORY_POOL_GUARD_H
#define WEIR_MEMORY_POOL_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "memory/options.h"

/* The guards of one pool. */
struct pool_guard {
    const struct memory_options *options;
    const char *name;
    size_t payload; /* bytes before the guards, a multiple of 8 */
};

/* Whether objects must be looked at on each taking and release. */
bool pool_guard_is_needed(const struct memory_options *options);

/* Bytes that the guards of an object with `payload` bytes need behind it. */
size_t pool_guard_bytes(const struct memory_options *options, size_t payload);

/* Marks a new object or checks one that was free, and fills it; aborts with the reason on damage.
 */
void pool_guard_take(const struct pool_guard *guard, void *object, bool is_new, const void *caller);

/* Checks an object that comes back and prepares it for being free; aborts with the reason on
 * damage. */
void pool_guard_release(const struct pool_guard *guard, void *object, const void *caller);

/* Takes an object on pages of its own, its end at their end (-dMuaf), or NULL. */
void *pool_guard_map(size_t bytes);

/* Unmaps an object of pool_guard_map: any later access faults. */
void pool_guard_unmap(void *object, size_t bytes);

/* What an object of pool_guard_map costs. */
size_t pool_guard_mapped_bytes(size_t bytes);

#endif
