/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The debugging aids of -dM on pool objects: tag, caller, integrity, backup, poison, uaf.
 * The hard idea: a free object's first eight bytes belong to the free list, so the checks of
 * integrity and backup begin behind them. The tag is derived from the object's place and says "in
 * use" or "free", so that it tells an overflow, a double release and a foreign pointer apart. What
 * bounds it: the guards are part of the object's size and charged with it.
 */
#include "memory/pool_guard.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GUARD_WORD = 8, MAP_ALIGNMENT = 16, BYTE_BITS = 8 };

#define TAG_USED UINT64_C(0x7573656475736564)
#define TAG_FREE UINT64_C(0x6672656566726565)

bool pool_guard_is_needed(const struct memory_options *options)
{
    return options->tag || options->caller || options->integrity || options->backup ||
           options->poison || options->uaf || options->cold_first;
}

size_t pool_guard_bytes(const struct memory_options *options, size_t payload)
{
    const size_t words = (options->tag ? 1u : 0u) + (options->caller ? 1u : 0u);
    return words * GUARD_WORD + (options->backup ? payload : 0);
}

static char *tag_place(const struct pool_guard *guard, void *object)
{
    return (char *)object + guard->payload;
}

static char *caller_place(const struct pool_guard *guard, void *object)
{
    return tag_place(guard, object) + (guard->options->tag ? GUARD_WORD : 0);
}

static char *backup_place(const struct pool_guard *guard, void *object)
{
    return caller_place(guard, object) + (guard->options->caller ? GUARD_WORD : 0);
}

_Noreturn static void damaged(const struct pool_guard *guard, void *object, const char *what)
{
    const void *caller = NULL;
    if (guard->options->caller) {
        memcpy(&caller, caller_place(guard, object), sizeof(caller));
    }
    fprintf(stderr, "weir: pool %s: object %p: %s (last caller %p)\n", guard->name, object, what,
            caller);
    abort();
}

static uint64_t tag_of(const void *object, uint64_t word)
{
    return word ^ (uint64_t)(uintptr_t)object;
}

static void write_tag(const struct pool_guard *guard, void *object, uint64_t word)
{
    const uint64_t tag = tag_of(object, word);
    if (guard->options->tag) {
        memcpy(tag_place(guard, object), &tag, sizeof(tag));
    }
}

static void check_tag(const struct pool_guard *guard, void *object, uint64_t word)
{
    uint64_t tag;
    if (!guard->options->tag) {
        return;
    }
    memcpy(&tag, tag_place(guard, object), sizeof(tag));
    if (tag == tag_of(object, word)) {
        return;
    }
    if (word == TAG_USED && tag == tag_of(object, TAG_FREE)) {
        damaged(guard, object, "released twice");
    }
    damaged(guard, object, "written past its end, or not of this pool");
}

static void write_caller(const struct pool_guard *guard, void *object, const void *caller)
{
    if (guard->options->caller) {
        memcpy(caller_place(guard, object), &caller, sizeof(caller));
    }
}

/* The byte that -dMintegrity expects at `position` of a free object. */
static unsigned char pattern(const void *object, size_t position)
{
    return (unsigned char)(((uintptr_t)object >> BYTE_BITS) + position);
}

static void check_integrity(const struct pool_guard *guard, void *object)
{
    const unsigned char *bytes = object;
    for (size_t i = GUARD_WORD; i < guard->payload; i++) {
        if (bytes[i] != pattern(object, i)) {
            damaged(guard, object, "written while it was free");
        }
    }
}

static void check_backup(const struct pool_guard *guard, void *object)
{
    const char *bytes = object;
    const char *copy = backup_place(guard, object);
    if (memcmp(bytes + GUARD_WORD, copy + GUARD_WORD, guard->payload - GUARD_WORD) != 0) {
        damaged(guard, object, "changed while it was free");
    }
}

void pool_guard_take(const struct pool_guard *guard, void *object, bool is_new, const void *caller)
{
    const struct memory_options *options = guard->options;
    if (!is_new) {
        check_tag(guard, object, TAG_FREE);
        if (options->integrity) {
            check_integrity(guard, object);
        } else if (options->backup) {
            check_backup(guard, object);
        }
    }
    if (options->poison) {
        memset(object, options->poison_byte, guard->payload);
    }
    write_tag(guard, object, TAG_USED);
    write_caller(guard, object, caller);
}

void pool_guard_release(const struct pool_guard *guard, void *object, const void *caller)
{
    const struct memory_options *options = guard->options;
    unsigned char *bytes = object;
    check_tag(guard, object, TAG_USED);
    if (options->backup) {
        memcpy(backup_place(guard, object), object, guard->payload);
    }
    for (size_t i = GUARD_WORD; options->integrity && i < guard->payload; i++) {
        bytes[i] = pattern(object, i);
    }
    write_tag(guard, object, TAG_FREE);
    write_caller(guard, object, caller);
}

size_t pool_guard_mapped_bytes(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

/* Where the object begins on its pages. */
static size_t map_offset(size_t bytes)
{
    const size_t aligned = (bytes + MAP_ALIGNMENT - 1) / MAP_ALIGNMENT * MAP_ALIGNMENT;
    return pool_guard_mapped_bytes(bytes) - aligned;
}

void *pool_guard_map(size_t bytes)
{
    char *pages = mmap(NULL, pool_guard_mapped_bytes(bytes), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages + map_offset(bytes);
}

void pool_guard_unmap(void *object, size_t bytes)
{
    munmap((char *)object - map_offset(bytes), pool_guard_mapped_bytes(bytes));
}
