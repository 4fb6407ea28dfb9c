/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A version of a pattern file: its entries in order, found by their text, with an index for each
 * set. An entry that cannot be compiled for every set is not added at all.
 *
 * Memory: an entry is one block with its text, one with its value, and its items; the table of
 * texts has at most two buckets an entry. All on the file's account.
 */
#include "rules/pattern_internal.h"

#include <string.h>

enum { PATTERN_KEY_SEED = 0x6b65 };

struct pattern_index *pattern_version_index(const struct pattern_version *version,
                                            const struct pattern_set *set)
{
    struct pattern_index *index = version->indexes;
    while (index != NULL && index->set != set) {
        index = index->next;
    }
    return index;
}

void pattern_version_destroy(struct pattern_version *version)
{
    struct account *account = version->file->account;
    while (version->indexes != NULL) {
        struct pattern_index *index = version->indexes;
        version->indexes = index->next;
        pattern_index_destroy(index);
    }
    list_remove(&version->link);
    memory_release(account, (void *)version->keys.buckets);
    memory_release(account, version);
}

/* Adds an empty index for a set. */
static bool add_index(struct pattern_version *version, const struct pattern_set *set)
{
    struct pattern_index *index = pattern_index_create(version, set);
    if (index == NULL) {
        return false;
    }
    index->next = version->indexes;
    version->indexes = index;
    return true;
}

struct pattern_version *pattern_version_create(struct pattern_file *file, uint32_t id)
{
    struct pattern_version *version = memory_take(file->account, sizeof(*version));
    if (version == NULL) {
        return NULL;
    }
    list_init(&version->link);
    list_init(&version->entries);
    version->file = file;
    version->id = id;
    bool is_complete = pattern_table_init(&version->keys, file->account);
    LIST_EACH(link, &file->sets) {
        is_complete =
            is_complete && add_index(version, container_of(link, struct pattern_set, link));
    }
    if (!is_complete) {
        pattern_version_destroy(version);
        return NULL;
    }
    return version;
}

enum result pattern_version_compile(struct pattern_version *version, const struct pattern_set *set,
                                    struct text *error, unsigned *line)
{
    if (!add_index(version, set)) {
        return RESULT_NO_MEMORY;
    }
    struct pattern_index *index = version->indexes;
    LIST_EACH(link, &version->entries) {
        struct pattern_entry *entry = container_of(link, struct pattern_entry, link);
        *line = entry->line;
        enum result result = pattern_index_insert(index, entry, true, error);
        if (result != RESULT_OK) {
            version->indexes = index->next;
            pattern_index_discard(index);
            return result;
        }
    }
    return RESULT_OK;
}

/* ---- entries ---- */

struct pattern_entry *pattern_version_find(const struct pattern_version *version, struct slice key)
{
    struct pattern_entry *best = NULL;
    for (struct hash_link *link =
             hash_table_find(&version->keys, hash_bytes(key, PATTERN_KEY_SEED));
         link != NULL; link = hash_table_next(link)) {
        struct pattern_entry *entry = container_of(link, struct pattern_entry, hash);
        if (slice_equal(entry->key, key) && (best == NULL || entry->id < best->id)) {
            best = entry;
        }
    }
    return best;
}

struct pattern_entry *pattern_entry_next_same(const struct pattern_entry *entry)
{
    struct pattern_entry *best = NULL;
    for (struct hash_link *link = hash_table_find(&entry->version->keys, entry->hash.hash);
         link != NULL; link = hash_table_next(link)) {
        struct pattern_entry *other = container_of(link, struct pattern_entry, hash);
        if (other->id > entry->id && slice_equal(entry->key, other->key) &&
            (best == NULL || other->id < best->id)) {
            best = other;
        }
    }
    return best;
}

/* Releases an entry that is in no list. */
static void release_entry(struct pattern_entry *entry)
{
    struct account *account = entry->version->file->account;
    pattern_items_release(entry);
    memory_release(account, (void *)(uintptr_t)entry->value.data);
    memory_release(account, entry);
}

void pattern_entry_destroy(struct pattern_entry *entry)
{
    list_remove(&entry->link);
    hash_table_remove(&entry->version->keys, &entry->hash);
    release_entry(entry);
}

/* An entry with copies of its texts; NULL when refused. */
static struct pattern_entry *take_entry(struct pattern_version *version, struct slice key,
                                        struct slice value)
{
    struct account *account = version->file->account;
    struct pattern_entry *entry = memory_take(account, sizeof(*entry) + key.length + 1);
    if (entry == NULL) {
        return NULL;
    }
    list_init(&entry->link);
    entry->version = version;
    if (key.length > 0) {
        memcpy(entry->bytes, key.data, key.length);
    }
    entry->key = slice_of(entry->bytes, key.length);
    entry->has_value = value.data != NULL;
    entry->value = SLICE_NONE;
    if (entry->has_value) {
        char *copy = memory_copy_string(account, value);
        if (copy == NULL) {
            release_entry(entry);
            return NULL;
        }
        entry->value = slice_of(copy, value.length);
    }
    return entry;
}

enum result pattern_version_add(struct pattern_version *version, struct slice key,
                                struct slice value, const struct pattern_origin *origin,
                                struct text *error)
{
    struct pattern_file *file = version->file;
    struct pattern_entry *entry = take_entry(version, key, value);
    if (entry == NULL) {
        return RESULT_NO_MEMORY;
    }
    entry->line = origin->line;
    entry->id = ++file->next_entry;
    for (struct pattern_index *index = version->indexes; index != NULL; index = index->next) {
        enum result result = pattern_index_insert(index, entry, origin->may_resolve, error);
        if (result != RESULT_OK) {
            release_entry(entry);
            return result;
        }
    }
    list_append(&version->entries, &entry->link);
    hash_table_insert(&version->keys, &entry->hash, hash_bytes(key, PATTERN_KEY_SEED));
    pattern_table_grow(&version->keys, file->account);
    return RESULT_OK;
}
