/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern file at run time: matching, changes, versions. Matching holds the file's lock for
 * reading and copies what it found into the scratch arena; changes hold it for writing. Forgetting
 * many entries is done in two steps, so that nobody waits for a million releases: the version goes
 * to the garbage at once, pattern_file_purge releases it piece by piece.
 *
 *   prepare -> versions: current, prepared…   commit -> current = prepared; older ones -> garbage
 *
 * Memory: see pattern_version.c; a version that is cleared needs an empty one in its place.
 */
#include "rules/pattern_internal.h"

#include <string.h>

#include "base/number.h"
#include "memory/arena.h"
#include "rules/context.h"

/* The version that a number means (0: the current one), or NULL. */
static struct pattern_version *find_version(const struct pattern_file *file, uint32_t id)
{
    if (id == 0) {
        return file->current;
    }
    LIST_EACH(link, &file->versions) {
        struct pattern_version *version = container_of(link, struct pattern_version, link);
        if (version->id == id) {
            return version;
        }
    }
    return NULL;
}

/* The lock is no part of the file's value. */
static void lock_for_reading(const struct pattern_file *file)
{
    (void)pthread_rwlock_rdlock(&((struct pattern_file *)(uintptr_t)file)->lock);
}

static void lock_for_writing(struct pattern_file *file)
{
    (void)pthread_rwlock_wrlock(&file->lock);
}

static void unlock(const struct pattern_file *file)
{
    (void)pthread_rwlock_unlock(&((struct pattern_file *)(uintptr_t)file)->lock);
}

/* ---- matching ---- */

/* Copies an entry's value into the scratch arena. */
static enum result give_value(const struct pattern_set *set, const struct pattern_entry *entry,
                              const struct pattern_item *item, struct arena *scratch,
                              struct sample *out)
{
    if (set->value_type == SAMPLE_INTEGER || set->value_type == SAMPLE_ADDRESS) {
        *out = item->value;
        return RESULT_OK;
    }
    struct slice text = entry->value;
    *out = (struct sample){.type = SAMPLE_STRING, .text = SLICE("")};
    if (text.length > 0) {
        out->text = arena_copy(scratch, text);
    }
    return out->text.data == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

enum result pattern_set_match(const struct pattern_set *set, struct rule_context *context,
                              const struct sample *sample, struct pattern_hit *hit)
{
    struct pattern_subject subject = {.sample = sample, .context = context};
    const struct pattern_entry *entry = NULL;
    const struct pattern_item *item = NULL;
    if (hit != NULL) {
        *hit = (struct pattern_hit){.wants_key = hit->wants_key};
        subject.groups = &hit->match;
    }
    lock_for_reading(set->file);
    const struct pattern_index *index = pattern_version_index(set->file->current, set);
    enum result result = pattern_index_find(index, &subject, &entry, &item);
    if (result == RESULT_OK && hit != NULL) {
        result = give_value(set, entry, item, context->scratch, &hit->value);
    }
    if (result == RESULT_OK && hit != NULL && hit->wants_key) {
        hit->key = arena_copy(context->scratch, entry->key);
        result = hit->key.data == NULL ? RESULT_NO_MEMORY : RESULT_OK;
    }
    unlock(set->file);
    return result;
}

static const char *index_name(enum pattern_index_kind kind)
{
    switch (kind) {
    case PATTERN_BY_KEY:
    case PATTERN_BY_HASH:
    case PATTERN_BY_PREFIX:
        return "tree";
    case PATTERN_BY_ORDER:
        break;
    }
    return "list";
}

/* Tests a text against one set; a text that the method cannot use does not match. */
static enum result test_set(const struct pattern_set *set, struct rule_context *context,
                            struct slice text, struct pattern_answer *answer)
{
    struct sample sample = {.type = SAMPLE_STRING, .text = text};
    struct pattern_subject subject = {.sample = &sample, .context = context};
    const struct pattern_entry *entry = NULL;
    const struct pattern_item *item = NULL;
    *answer = (struct pattern_answer){.method = set->method,
                                      .is_nocase = (set->flags & PATTERN_NOCASE) != 0,
                                      .value_type = set->value_type};
    const struct pattern_index *index = pattern_version_index(set->file->current, set);
    answer->index = index_name(index->kind);
    enum result result = sample_cast(context, &sample, pattern_method_input(set->method));
    if (result == RESULT_OK) {
        result = pattern_index_find(index, &subject, &entry, &item);
    }
    if (result == RESULT_OK) {
        answer->is_match = true;
        answer->index = item != NULL && item->place == ITEM_IN_ORDER ? "list" : answer->index;
        answer->key = entry->key;
        answer->value = entry->value;
    }
    return result == RESULT_NO_MEMORY ? result : RESULT_OK;
}

enum result pattern_file_test(struct pattern_file *file, struct rule_context *context,
                              struct slice text,
                              void (*visit)(void *argument, const struct pattern_answer *answer),
                              void *argument)
{
    enum result result = RESULT_OK;
    lock_for_reading(file);
    LIST_EACH(link, &file->sets) {
        struct pattern_answer answer;
        result =
            test_set(container_of(link, const struct pattern_set, link), context, text, &answer);
        if (result != RESULT_OK) {
            break;
        }
        visit(argument, &answer);
    }
    unlock(file);
    return result;
}

/* ---- one entry ---- */

enum result pattern_file_add(struct pattern_file *file, uint32_t version, struct slice key,
                             struct slice value, struct text *error)
{
    const struct pattern_origin origin = {.line = 0, .may_resolve = false};
    lock_for_writing(file);
    struct pattern_version *found = find_version(file, version);
    enum result result = RESULT_NOT_FOUND;
    if (found != NULL) {
        result = pattern_version_add(found, key, value, &origin, error);
    }
    unlock(file);
    return result;
}

bool pattern_file_has(const struct pattern_file *file, struct slice key)
{
    lock_for_reading(file);
    bool has = pattern_version_find(file->current, key) != NULL;
    unlock(file);
    return has;
}

/* Replaces an entry's value by a copy. */
static enum result set_value(struct pattern_entry *entry, struct slice value, struct text *error)
{
    struct account *account = entry->version->file->account;
    char *copy = memory_copy_string(account, value);
    if (copy == NULL) {
        return RESULT_NO_MEMORY;
    }
    enum result result = pattern_items_set_value(entry, value, error);
    if (result != RESULT_OK) {
        memory_release(account, copy);
        return result;
    }
    memory_release(account, (void *)(uintptr_t)entry->value.data);
    entry->value = slice_of(copy, value.length);
    entry->has_value = true;
    return RESULT_OK;
}

/* The entry that "#<id>" (hexadecimal, "0x" allowed) means, or NULL. */
static struct pattern_entry *find_reference(const struct pattern_file *file, struct slice key)
{
    uint64_t id;
    struct slice digits = slice_skip(key, 1);
    if (slice_starts_with_nocase(digits, SLICE("0x"))) {
        digits = slice_skip(digits, 2);
    }
    if (key.length == 0 || key.data[0] != '#' || number_parse_hex(digits, &id) != RESULT_OK) {
        return NULL;
    }
    LIST_EACH(link, &file->current->entries) {
        struct pattern_entry *entry = container_of(link, struct pattern_entry, link);
        if (entry->id == id) {
            return entry;
        }
    }
    return NULL;
}

enum result pattern_file_set(struct pattern_file *file, struct slice key, struct slice value,
                             struct text *error)
{
    enum result result = RESULT_NOT_FOUND;
    lock_for_writing(file);
    struct pattern_entry *entry = find_reference(file, key);
    if (entry != NULL) {
        result = set_value(entry, value, error);
    } else {
        entry = pattern_version_find(file->current, key);
        for (; entry != NULL; entry = pattern_entry_next_same(entry)) {
            result = set_value(entry, value, error);
            if (result != RESULT_OK) {
                break;
            }
        }
    }
    unlock(file);
    return result;
}

/* Moves walks that stand at an entry to the one behind it, and releases the entry. */
static void remove_entry(struct pattern_file *file, struct pattern_entry *entry)
{
    struct list *next = entry->link.next;
    bool is_last = next == &entry->version->entries;
    LIST_EACH(link, &file->walks) {
        struct pattern_walk *walk = container_of(link, struct pattern_walk, link);
        if (walk->next == entry) {
            walk->next = is_last ? NULL : container_of(next, struct pattern_entry, link);
        }
    }
    pattern_entry_destroy(entry);
}

enum result pattern_file_delete(struct pattern_file *file, struct slice key)
{
    enum result result = RESULT_NOT_FOUND;
    lock_for_writing(file);
    struct pattern_entry *entry = find_reference(file, key);
    if (entry != NULL) {
        remove_entry(file, entry);
        result = RESULT_OK;
    } else {
        while ((entry = pattern_version_find(file->current, key)) != NULL) {
            remove_entry(file, entry);
            result = RESULT_OK;
        }
    }
    unlock(file);
    return result;
}

/* ---- versions ---- */

/* Ends walks among a version's entries and puts it aside to be released. */
static void discard_version(struct pattern_file *file, struct pattern_version *version)
{
    LIST_EACH(link, &file->walks) {
        struct pattern_walk *walk = container_of(link, struct pattern_walk, link);
        const struct pattern_entry *entry = walk->next;
        if (entry != NULL && entry->version == version) {
            walk->next = NULL;
        }
    }
    list_remove(&version->link);
    list_append(&file->garbage, &version->link);
}

enum result pattern_file_clear(struct pattern_file *file, uint32_t version)
{
    enum result result = RESULT_NOT_FOUND;
    lock_for_writing(file);
    struct pattern_version *old = find_version(file, version);
    if (old != NULL) {
        struct pattern_version *fresh = pattern_version_create(file, old->id);
        result = fresh == NULL ? RESULT_NO_MEMORY : RESULT_OK;
        if (fresh != NULL) {
            list_insert_after(&old->link, &fresh->link);
            file->current = file->current == old ? fresh : file->current;
            discard_version(file, old);
        }
    }
    unlock(file);
    return result;
}

enum result pattern_file_prepare(struct pattern_file *file, uint32_t *version)
{
    lock_for_writing(file);
    struct pattern_version *fresh = pattern_version_create(file, file->next_version + 1);
    if (fresh != NULL) {
        list_append(&file->versions, &fresh->link);
        *version = ++file->next_version;
    }
    unlock(file);
    return fresh == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

enum result pattern_file_commit(struct pattern_file *file, uint32_t version)
{
    lock_for_writing(file);
    struct pattern_version *found = find_version(file, version);
    if (found == NULL || found == file->current) {
        unlock(file);
        return RESULT_NOT_FOUND;
    }
    file->current = found;
    LIST_EACH_SAFE(link, &file->versions) {
        struct pattern_version *other = container_of(link, struct pattern_version, link);
        if (other == found) {
            break;
        }
        discard_version(file, other);
    }
    unlock(file);
    return RESULT_OK;
}

/* Releases entries of the first garbage version; returns how many. */
static size_t purge_version(struct pattern_version *version, size_t most)
{
    size_t count = 0;
    while (count < most && !list_is_empty(&version->entries)) {
        pattern_entry_destroy(
            container_of(list_first(&version->entries), struct pattern_entry, link));
        count++;
    }
    if (list_is_empty(&version->entries)) {
        pattern_version_destroy(version);
    }
    return count;
}

enum result pattern_file_purge(struct pattern_file *file, size_t most)
{
    lock_for_writing(file);
    while (most > 0 && !list_is_empty(&file->garbage)) {
        most -= purge_version(
            container_of(list_first(&file->garbage), struct pattern_version, link), most);
    }
    bool has_more = !list_is_empty(&file->garbage);
    unlock(file);
    return has_more ? RESULT_OK : RESULT_END;
}

/* ---- walks ---- */

enum result pattern_walk_begin(struct pattern_walk *walk, struct pattern_file *file,
                               uint32_t version)
{
    lock_for_writing(file);
    struct pattern_version *found = find_version(file, version);
    *walk = (struct pattern_walk){.file = file};
    list_init(&walk->link);
    if (found != NULL) {
        list_append(&file->walks, &walk->link);
        struct list *first = list_first(&found->entries);
        walk->next = first == NULL ? NULL : container_of(first, struct pattern_entry, link);
    }
    unlock(file);
    return found == NULL ? RESULT_NOT_FOUND : RESULT_OK;
}

enum result pattern_walk_on(struct pattern_walk *walk, size_t most,
                            bool (*visit)(void *argument, const struct pattern_view *view),
                            void *argument)
{
    lock_for_reading(walk->file);
    struct pattern_entry *entry = walk->next;
    while (entry != NULL && most-- > 0) {
        const struct pattern_view view = {entry->id, entry->key, entry->value};
        if (!visit(argument, &view)) {
            break;
        }
        bool is_last = entry->link.next == &entry->version->entries;
        entry = is_last ? NULL : container_of(entry->link.next, struct pattern_entry, link);
    }
    walk->next = entry;
    unlock(walk->file);
    return entry == NULL ? RESULT_END : RESULT_OK;
}

void pattern_walk_end(struct pattern_walk *walk)
{
    lock_for_writing(walk->file);
    list_remove(&walk->link);
    unlock(walk->file);
}
