/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain blocks: what startup and configuration take (memory_take and its kin of memory.h).
 * They are library blocks that come zeroed, so that a structure of settings needs no second pass.
 * Bounded by the account and the budget, as those.
 */
#include <string.h>

#include "base/number.h"
#include "memory/allocator.h"
#include "memory/library.h"
#include "memory/memory.h"

/*
 * Zeroes what lies behind `from` to the end of the block's size class: a later resize within it
 * then finds zeroes there too.
 */
static void *zero_from(void *block, size_t from)
{
    const size_t usable = allocator_usable(block);
    if (from < usable) {
        memset((char *)block + from, 0, usable - from);
    }
    return block;
}

void *memory_take(struct account *account, size_t bytes)
{
    void *block = library_take(account, bytes);
    return block == NULL ? NULL : zero_from(block, 0);
}

void *memory_resize(struct account *account, void *block, size_t bytes)
{
    const size_t before = block == NULL ? 0 : allocator_usable(block);
    void *resized = library_resize(account, block, bytes);
    return resized == NULL ? NULL : zero_from(resized, size_min(before, bytes));
}

char *memory_copy_string(struct account *account, struct slice s)
{
    size_t size;
    char *copy = size_add(s.length, 1, &size) ? memory_take(account, size) : NULL;
    if (copy != NULL && s.length > 0) {
        memcpy(copy, s.data, s.length);
    }
    return copy;
}

void memory_release(struct account *account, void *block)
{
    library_release(account, block);
}
