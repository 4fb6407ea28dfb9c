/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what is particular to the allocator: size classes, figures, purging, thread counters.
 * Its settings (malloc_conf): few arenas, since each keeps records and half-used pages of its own
 * and pools take little from them; pages free for a second go back; blocks above 4 KiB are not kept
 * a thread; no huge pages, which would make one object hold 2 MiB. The pointers to the thread's
 * counters are kept a thread: asking by name costs more than a small TLS call. They and the
 * settings are the state outside `process` that tests/tidy/exceptions.txt lists.
 */
#include "memory/allocator.h"

#include <malloc.h>
#include <stdlib.h>

#ifdef WEIR_HAVE_JEMALLOC

#include <jemalloc/jemalloc.h>
#include <stdio.h>

/* Read by jemalloc before main; the name and type are its own. */
const char *malloc_conf =
    "narenas:8,dirty_decay_ms:1000,muzzy_decay_ms:0,tcache_max:4096,thp:never";

/*
 * Blocks from 16 KiB on begin at a random cache line of their first page, for which Debian's
 * jemalloc maps one page more and cannot be told not to; so they cost it.
 */
enum { LARGE_BYTES_MIN = 16 * 1024, LARGE_PAD = 4096 };

/* Room for the name of a control of all arenas. */
enum { CONTROL_NAME_SIZE = 32 };

struct thread_counters {
    const uint64_t *allocated;
    const uint64_t *released;
};

static _Thread_local struct thread_counters thread_counters;

bool allocator_is_sanitized(void)
{
    return false;
}

/* The cost of a block with `usable` bytes; 0 (a size that cannot be had) stays 0. */
static size_t cost_of_usable(size_t usable)
{
    return usable >= LARGE_BYTES_MIN ? usable + LARGE_PAD : usable;
}

size_t allocator_cost(size_t bytes)
{
    return cost_of_usable(nallocx(bytes == 0 ? 1 : bytes, 0));
}

size_t allocator_cost_of(const void *block)
{
    return cost_of_usable(allocator_usable(block));
}

static size_t read_figure(const char *name)
{
    size_t value = 0;
    size_t length = sizeof(value);
    return mallctl(name, &value, &length, NULL, 0) == 0 ? value : 0;
}

void allocator_read(struct allocator_figures *figures)
{
    uint64_t epoch = 1;
    size_t length = sizeof(epoch);
    (void)mallctl("epoch", &epoch, &length, &epoch, length);
    figures->allocated = read_figure("stats.allocated");
    figures->active = read_figure("stats.active");
    figures->resident = read_figure("stats.resident");
}

static void control_all_arenas(const char *action)
{
    char name[CONTROL_NAME_SIZE];
    (void)snprintf(name, sizeof(name), "arena.%d.%s", MALLCTL_ARENAS_ALL, action);
    (void)mallctl(name, NULL, NULL, NULL, 0);
}

void allocator_decay(void)
{
    control_all_arenas("decay");
}

void allocator_purge(void)
{
    control_all_arenas("purge");
}

void allocator_flush_thread(void)
{
    (void)mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
}

static const uint64_t *find_counter(const char *name)
{
    static const uint64_t none = 0;
    uint64_t *counter = NULL;
    size_t length = sizeof(counter);
    return mallctl(name, &counter, &length, NULL, 0) == 0 && counter != NULL ? counter : &none;
}

void allocator_thread_counters(uint64_t *allocated, uint64_t *released)
{
    if (thread_counters.allocated == NULL) {
        thread_counters.allocated = find_counter("thread.allocatedp");
        thread_counters.released = find_counter("thread.deallocatedp");
    }
    *allocated = *thread_counters.allocated;
    *released = *thread_counters.released;
}

#else

bool allocator_is_sanitized(void)
{
    return true;
}

size_t allocator_cost(size_t bytes)
{
    return bytes == 0 ? 1 : bytes;
}

size_t allocator_cost_of(const void *block)
{
    return allocator_usable(block);
}

void allocator_read(struct allocator_figures *figures)
{
    *figures = (struct allocator_figures){0};
}

void allocator_decay(void)
{
}

void allocator_purge(void)
{
}

void allocator_flush_thread(void)
{
}

void allocator_thread_counters(uint64_t *allocated, uint64_t *released)
{
    *allocated = 0;
    *released = 0;
}

#endif

size_t allocator_usable(const void *block)
{
    /* The C library's declaration lacks the const that the function keeps. */
    return malloc_usable_size((void *)(uintptr_t)block);
}

void *allocator_take(size_t bytes)
{
    return malloc(bytes);
}

void *allocator_take_zeroed(size_t bytes)
{
    return calloc(1, bytes);
}

void *allocator_resize(void *block, size_t bytes)
{
    return realloc(block, bytes);
}

void allocator_release(void *block)
{
    free(block);
}
