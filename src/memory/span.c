/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns mapped address space for slabs and large pool objects.
 * The hard idea: a free block must not be touched, or its page comes back; so the stack of free
 * blocks is an array apart, made large enough for all of them when a span is added, so that a
 * release never fails. A span is mapped larger by the alignment and cut to size. What bounds it:
 * address space as for the most blocks ever in use; eight bytes a block for the stack.
 */
#include "memory/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/number.h"
#include "memory/allocator.h"

/* A span has at least one block and about this many bytes. */
#define SPAN_BYTES (1 * MEBIBYTE)

size_t span_block_bytes(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

void span_init(struct span_store *store, size_t block_bytes)
{
    ASSERT(block_bytes > 0 && block_bytes == span_block_bytes(block_bytes));
    const size_t blocks = size_max(SPAN_BYTES / block_bytes, 1);
    *store = (struct span_store){.block_bytes = block_bytes,
                                 .alignment = block_bytes & (~block_bytes + 1),
                                 .span_bytes = blocks * block_bytes};
    list_init(&store->link);
    pthread_mutex_init(&store->lock, NULL);
}

/* Resizes an array of pointers; false leaves it as it was. */
static bool resize_array(void ***array, size_t count)
{
    void **resized = allocator_resize(*array, count * sizeof(**array));
    if (resized == NULL) {
        return false;
    }
    *array = resized;
    return true;
}

/* Maps `bytes` aligned, or NULL. */
static char *map_aligned(size_t bytes, size_t alignment)
{
    char *mapped = mmap(NULL, bytes + alignment, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) {
        return NULL;
    }
    const size_t skipped = (alignment - (uintptr_t)mapped % alignment) % alignment;
    if (skipped > 0) {
        munmap(mapped, skipped);
    }
    munmap(mapped + skipped + bytes, alignment - skipped);
    return mapped + skipped;
}

/* Maps one more span and puts its blocks on the stack, the first of them on top. */
static bool add_span(struct span_store *store)
{
    const size_t added = store->span_bytes / store->block_bytes;
    if (!resize_array(&store->free, store->blocks + added) ||
        !resize_array(&store->spans, store->spans_count + 1)) {
        return false;
    }
    char *span = map_aligned(store->span_bytes, store->alignment);
    if (span == NULL) {
        return false;
    }
    /* A huge page would make the first byte cost 2 MiB. Where there are none the call fails, and
     * may. */
    (void)madvise(span, store->span_bytes, MADV_NOHUGEPAGE);
    store->spans[store->spans_count++] = span;
    for (size_t i = added; i > 0; i--) {
        store->free[store->free_count++] = span + (i - 1) * store->block_bytes;
    }
    store->blocks += added;
    return true;
}

void *span_take(struct span_store *store)
{
    void *block = NULL;
    pthread_mutex_lock(&store->lock);
    if (store->free_count > 0 || add_span(store)) {
        block = store->free[--store->free_count];
    }
    pthread_mutex_unlock(&store->lock);
    return block;
}

void span_release(struct span_store *store, void *block)
{
    const int status = madvise(block, store->block_bytes, MADV_DONTNEED);
    ASSERT(status == 0);
    pthread_mutex_lock(&store->lock);
    ASSERT(store->free_count < store->blocks);
    store->free[store->free_count++] = block;
    pthread_mutex_unlock(&store->lock);
}

void span_deinit(struct span_store *store)
{
    for (size_t i = 0; i < store->spans_count; i++) {
        munmap(store->spans[i], store->span_bytes);
    }
    allocator_release(store->spans);
    allocator_release(store->free);
    pthread_mutex_destroy(&store->lock);
}
