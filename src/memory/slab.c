/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts blocks into objects of one size and finds an object's slab again by its address.
 * The hard idea: slabs should empty. Objects are taken from the slab in front, and a slab that was
 * full and gets an object back comes to the front: so the nearly full ones fill up, the others
 * drain. Objects never used are not touched (`carved` counts those that were), so that a fresh slab
 * costs only the pages in use. An empty slab keeps nothing but the link in its first bytes; its
 * header is written anew when it is taken. What bounds it: the caller, which pays for each
 * slab_add.
 */
#include "memory/slab.h"

#include <stdint.h>

#include "base/assert.h"
#include "base/number.h"

/* At the start of a slab with several objects. */
struct slab {
    struct list link; /* in `partial` while it has used and free objects, else alone */
    struct free_object *free;
    uint32_t carved; /* objects that were ever handed out since the slab was empty */
    uint32_t used;
};

enum {
    OBJECT_ALIGNMENT = 16,
    HEADER_BYTES =
        (sizeof(struct slab) + OBJECT_ALIGNMENT - 1) / OBJECT_ALIGNMENT * OBJECT_ALIGNMENT,
    PERCENT = 100,
    SMALL_SLAB_WASTE_PERCENT = 4, /* at most this, and the small slab is chosen */
};

#define SLAB_SMALL_BYTES (16 * KIBIBYTE)
#define SLAB_LARGE_BYTES (64 * KIBIBYTE)

static struct slab_shape shape_of(size_t object_bytes, size_t slab_size)
{
    return (struct slab_shape){.object_bytes = object_bytes,
                               .slab_bytes = slab_size,
                               .objects_per_slab = (slab_size - HEADER_BYTES) / object_bytes};
}

/* Bytes of a slab that are in no object, in percent. */
static size_t waste_percent(const struct slab_shape *shape)
{
    const size_t used = shape->objects_per_slab * shape->object_bytes;
    return (shape->slab_bytes - used) * PERCENT / shape->slab_bytes;
}

struct slab_shape slab_choose_shape(size_t bytes)
{
    const size_t rounded =
        (size_max(bytes, 1) + OBJECT_ALIGNMENT - 1) / OBJECT_ALIGNMENT * OBJECT_ALIGNMENT;
    const size_t whole = span_block_bytes(bytes);
    if (rounded <= SLAB_SMALL_BYTES / 2) {
        const struct slab_shape shape = shape_of(rounded, SLAB_SMALL_BYTES);
        if (waste_percent(&shape) <= SMALL_SLAB_WASTE_PERCENT) {
            return shape;
        }
    }
    if (rounded <= SLAB_LARGE_BYTES / 2) {
        const struct slab_shape shape = shape_of(rounded, SLAB_LARGE_BYTES);
        if (shape.objects_per_slab >= 2 && shape.slab_bytes < whole * shape.objects_per_slab) {
            return shape;
        }
    }
    return (struct slab_shape){.object_bytes = whole, .slab_bytes = whole, .objects_per_slab = 1};
}

void slab_init(struct slab_store *store, struct slab_shape shape, struct span_store *spans)
{
    ASSERT(shape.objects_per_slab >= 1 && spans->block_bytes == shape.slab_bytes);
    *store = (struct slab_store){.shape = shape, .spans = spans};
    list_init(&store->partial);
}

static bool has_headers(const struct slab_store *store)
{
    return store->shape.objects_per_slab > 1;
}

static void push_empty(struct slab_store *store, void *block)
{
    struct free_object *empty = block;
    empty->next = store->empty;
    store->empty = empty;
    store->empty_count++;
}

static void *pop_empty(struct slab_store *store)
{
    struct free_object *empty = store->empty;
    if (empty != NULL) {
        store->empty = empty->next;
        store->empty_count--;
        store->empty_least = size_min(store->empty_least, store->empty_count);
    }
    return empty;
}

/* The slab to take from: one partly used, else an empty one made ready; NULL when all are full. */
static struct slab *find_slab(struct slab_store *store)
{
    struct list *first = list_first(&store->partial);
    if (first != NULL) {
        return container_of(first, struct slab, link);
    }
    struct slab *slab = pop_empty(store);
    if (slab != NULL) {
        slab->free = NULL;
        slab->carved = 0;
        slab->used = 0;
        list_init(&slab->link);
        list_append(&store->partial, &slab->link);
    }
    return slab;
}

/* The next object of a slab that has one. */
static void *take_of_slab(struct slab_store *store, struct slab *slab)
{
    struct free_object *object = slab->free;
    if (object != NULL) {
        slab->free = object->next;
    } else {
        object = (void *)((char *)slab + HEADER_BYTES + slab->carved * store->shape.object_bytes);
        slab->carved++;
    }
    slab->used++;
    if (slab->used == store->shape.objects_per_slab) {
        list_remove(&slab->link);
    }
    return object;
}

void *slab_take(struct slab_store *store)
{
    void *object;
    if (has_headers(store)) {
        struct slab *slab = find_slab(store);
        object = slab == NULL ? NULL : take_of_slab(store, slab);
    } else {
        object = pop_empty(store);
    }
    store->used += object == NULL ? 0 : 1;
    return object;
}

bool slab_add(struct slab_store *store)
{
    void *block = span_take(store->spans);
    if (block == NULL) {
        return false;
    }
    store->slabs++;
    push_empty(store, block);
    return true;
}

static struct slab *slab_of(const struct slab_store *store, void *object)
{
    return (struct slab *)((uintptr_t)object & ~(uintptr_t)(store->shape.slab_bytes - 1));
}

void slab_release(struct slab_store *store, void *released)
{
    ASSERT(store->used > 0);
    store->used--;
    if (!has_headers(store)) {
        push_empty(store, released);
        return;
    }
    struct slab *slab = slab_of(store, released);
    struct free_object *object = released;
    ASSERT(slab->used > 0);
    if (slab->used == store->shape.objects_per_slab) {
        list_insert_after(&store->partial, &slab->link);
    }
    object->next = slab->free;
    slab->free = object;
    slab->used--;
    if (slab->used == 0) {
        list_remove(&slab->link);
        push_empty(store, slab);
    }
}

size_t slab_drop_empty(struct slab_store *store, size_t count)
{
    size_t dropped = 0;
    while (dropped < count && store->empty != NULL) {
        span_release(store->spans, pop_empty(store));
        dropped++;
    }
    store->slabs -= dropped;
    return dropped * store->shape.slab_bytes;
}
