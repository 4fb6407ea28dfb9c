/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns mapped address space for large pool objects.
 * The hard idea: a free object must not be touched, or its page comes back; so the stack of free
 * objects is an array apart, made large enough for all of them when a span is added, so that a
 * release never fails. What is charged for an object is then what it takes: its pages, with no
 * record inside and no page beside it (jemalloc adds one to each block from 16 KiB on). What bounds
 * it: address space as for the most objects ever in use; eight bytes an object for the stack.
 */
#include "memory/span.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/number.h"
#include "memory/allocator.h"

/* A span has at least one object and about this many bytes. */
#define SPAN_BYTES (1 * MEBIBYTE)

size_t span_object_bytes(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

void span_init(struct span_store *store, size_t object_bytes)
{
    ASSERT(object_bytes > 0 && object_bytes == span_object_bytes(object_bytes));
    const size_t objects = size_max(SPAN_BYTES / object_bytes, 1);
    *store =
        (struct span_store){.object_bytes = object_bytes, .span_bytes = objects * object_bytes};
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

/* Maps one more span and puts its objects on the stack, the first of them on top. */
static bool add_span(struct span_store *store)
{
    const size_t added = store->span_bytes / store->object_bytes;
    if (!resize_array(&store->free, store->objects + added) ||
        !resize_array(&store->spans, store->spans_count + 1)) {
        return false;
    }
    char *span = mmap(NULL, store->span_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (span == MAP_FAILED) {
        return false;
    }
    /* A huge page would make the first byte cost 2 MiB. Where there are none, the call fails, and
     * may. */
    (void)madvise(span, store->span_bytes, MADV_NOHUGEPAGE);
    store->spans[store->spans_count++] = span;
    for (size_t i = added; i > 0; i--) {
        store->free[store->free_count++] = span + (i - 1) * store->object_bytes;
    }
    store->objects += added;
    return true;
}

void *span_take(struct span_store *store)
{
    void *object = NULL;
    pthread_mutex_lock(&store->lock);
    if (store->free_count > 0 || add_span(store)) {
        object = store->free[--store->free_count];
    }
    pthread_mutex_unlock(&store->lock);
    return object;
}

void span_release(struct span_store *store, void *object)
{
    const int status = madvise(object, store->object_bytes, MADV_DONTNEED);
    ASSERT(status == 0);
    pthread_mutex_lock(&store->lock);
    ASSERT(store->free_count < store->objects);
    store->free[store->free_count++] = object;
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
