/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of fields of a message (RFC 9110 5).
 * The hard idea: entries only refer to bytes, in the parsed head or in the arena, so that changing
 * one costs its own bytes and parsing copies nothing. The array doubles inside the arena; what it
 * leaves behind goes with the message. What bounds it: fields_max and the arena's cap; a refusal
 * that waiting cannot mend is told apart (RESULT_FULL) from one that it can (RESULT_NO_MEMORY).
 */
#include "http/fields.h"

#include <string.h>

#include "base/number.h"
#include "http/chars.h"

enum {
    ENTRIES_FIRST = 16, /* what most messages need; twice that still fits the arena's first block */
    ENTRIES_GROWTH = 2,
    ARENA_LINK_BYTES = sizeof(void *), /* of an arena block, in front of its first piece */
};

void http_fields_init(struct http_fields *fields, struct arena *arena, uint16_t fields_max)
{
    *fields = (struct http_fields){.arena = arena, .fields_max = fields_max};
}

size_t http_fields_arena_bytes(const struct chunk_source *source, uint16_t fields_max)
{
    const size_t normal = source->bytes[CHUNK_NORMAL];
    const size_t payload = size_max(normal, source->bytes[CHUNK_LARGE]);
    size_t table = size_min((size_t)fields_max * sizeof(struct http_field), payload);
    /* the array, those it grew out of (less than it together), and what blocks leave unused */
    return source->bytes[CHUNK_SMALL] + ENTRIES_GROWTH * table + ENTRIES_GROWTH * normal;
}

/* Why the arena refused `bytes`: its cap allows no block that would hold them, or the account. */
static enum result arena_refusal(const struct arena *arena, size_t bytes)
{
    for (unsigned kind = 0; kind < CHUNK_KINDS; kind++) {
        size_t payload = arena->source->bytes[kind];
        if (payload >= ARENA_LINK_BYTES + bytes &&
            payload <= arena->bytes_max - arena->block_bytes) {
            return RESULT_NO_MEMORY;
        }
    }
    return RESULT_FULL;
}

/* ---- adding ---- */

static enum result refuse(struct http_fields *fields, enum result result)
{
    fields->overflowed = true;
    return result;
}

/* The next size of the array: twice the last, within the limit and the largest chunk. */
static size_t next_size(const struct http_fields *fields)
{
    const struct chunk_source *source = fields->arena->source;
    size_t size = fields->size == 0 ? ENTRIES_FIRST : (size_t)fields->size * ENTRIES_GROWTH;
    size_t payload = size_max(source->bytes[CHUNK_NORMAL], source->bytes[CHUNK_LARGE]);
    size_t entries_in_chunk = (payload - ARENA_LINK_BYTES) / sizeof(struct http_field);
    return size_min(size_min(size, fields->fields_max), entries_in_chunk);
}

static enum result grow(struct http_fields *fields)
{
    size_t size = next_size(fields);
    if (size <= fields->size) {
        return refuse(fields, RESULT_FULL);
    }
    size_t bytes = size * sizeof(struct http_field);
    struct http_field *entries = arena_take(fields->arena, bytes);
    if (entries == NULL) {
        return refuse(fields, arena_refusal(fields->arena, bytes));
    }
    if (fields->count > 0) {
        memcpy(entries, fields->entries, fields->count * sizeof(*entries));
    }
    fields->entries = entries;
    fields->size = (uint16_t)size;
    return RESULT_OK;
}

enum result http_fields_append_known(struct http_fields *fields, const struct http_field *field)
{
    if (fields->count >= fields->fields_max) {
        return refuse(fields, RESULT_FULL);
    }
    if (fields->count == fields->size) {
        enum result result = grow(fields);
        if (result != RESULT_OK) {
            return result;
        }
    }
    fields->entries[fields->count] = *field;
    fields->count++;
    return RESULT_OK;
}

enum result http_fields_append(struct http_fields *fields, struct slice name, struct slice value)
{
    struct http_field field = {.name = name, .value = value, .id = http_name_find(name)};
    return http_fields_append_known(fields, &field);
}

/* A copy of `text` in the arena. */
static enum result copy_text(struct http_fields *fields, struct slice text, struct slice *copy)
{
    *copy = arena_copy(fields->arena, text);
    return copy->data != NULL ? RESULT_OK
                              : refuse(fields, arena_refusal(fields->arena, text.length));
}

enum result http_fields_append_copy(struct http_fields *fields, struct slice name,
                                    struct slice value)
{
    struct http_field field = {.id = http_name_find(name)};
    if (!http_is_token(name) || !http_is_value(value)) {
        return RESULT_INVALID;
    }
    enum result result = copy_text(fields, name, &field.name);
    if (result == RESULT_OK) {
        result = copy_text(fields, value, &field.value);
    }
    return result == RESULT_OK ? http_fields_append_known(fields, &field) : result;
}

/* ---- finding ---- */

uint16_t http_fields_find_id(const struct http_fields *fields, enum http_name id, uint16_t from)
{
    uint16_t index = from;
    while (index < fields->count && fields->entries[index].id != id) {
        index++;
    }
    return index < fields->count ? index : fields->count;
}

uint16_t http_fields_find(const struct http_fields *fields, struct slice name, uint16_t from)
{
    enum http_name id = http_name_find(name);
    if (id != HTTP_NAME_OTHER) {
        return http_fields_find_id(fields, id, from);
    }
    for (uint16_t index = from; index < fields->count; index++) {
        const struct http_field *entry = &fields->entries[index];
        if (entry->name.length == name.length && slice_equal_nocase(entry->name, name)) {
            return index;
        }
    }
    return fields->count;
}

struct slice http_fields_value(const struct http_fields *fields, enum http_name id)
{
    uint16_t index = http_fields_find_id(fields, id, 0);
    return index < fields->count ? fields->entries[index].value : SLICE_NONE;
}

/* ---- changing ---- */

void http_fields_remove(struct http_fields *fields, uint16_t index)
{
    struct http_field *entry = &fields->entries[index];
    fields->count--;
    memmove(entry, entry + 1, (size_t)(fields->count - index) * sizeof(*entry));
}

unsigned http_fields_remove_all(struct http_fields *fields, struct slice name)
{
    uint16_t kept = http_fields_find(fields, name, 0);
    uint16_t next = kept;
    unsigned removed = 0;
    while (next < fields->count) {
        uint16_t found = http_fields_find(fields, name, next);
        for (; next < found; next++, kept++) {
            fields->entries[kept] = fields->entries[next];
        }
        if (found < fields->count) {
            next++;
            removed++;
        }
    }
    fields->count = kept;
    return removed;
}

enum result http_fields_replace(struct http_fields *fields, uint16_t index, struct slice value)
{
    struct slice copy;
    if (!http_is_value(value)) {
        return RESULT_INVALID;
    }
    enum result result = copy_text(fields, value, &copy);
    if (result == RESULT_OK) {
        fields->entries[index].value = copy;
    }
    return result;
}

/* ---- lists ---- */

/* Index of the comma that ends the first element of `list`, or its length (RFC 9110 5.6.4). */
static size_t find_element_end(struct slice list)
{
    bool is_quoted = false;
    for (size_t i = 0; i < list.length; i++) {
        char c = list.data[i];
        if (c == '"') {
            is_quoted = !is_quoted;
        } else if (is_quoted && c == '\\') {
            i++;
        } else if (!is_quoted && c == ',') {
            return i;
        }
    }
    return list.length;
}

bool http_fields_next_value(const struct http_fields *fields, struct slice name, bool whole,
                            struct http_value_cursor *cursor, struct slice *value)
{
    if (cursor->started == 0) {
        cursor->index = http_fields_find(fields, name, cursor->index);
        if (cursor->index >= fields->count) {
            return false;
        }
        cursor->rest = fields->entries[cursor->index].value;
        cursor->started = 1;
    }
    size_t end = whole ? cursor->rest.length : find_element_end(cursor->rest);
    *value = slice_trim(slice_first(cursor->rest, end));
    if (end < cursor->rest.length) {
        cursor->rest = slice_skip(cursor->rest, end + 1);
    } else {
        cursor->index++;
        cursor->started = 0;
    }
    return true;
}

bool http_fields_has_token(const struct http_fields *fields, enum http_name id, struct slice token)
{
    for (uint16_t index = http_fields_find_id(fields, id, 0); index < fields->count;
         index = http_fields_find_id(fields, id, (uint16_t)(index + 1))) {
        struct slice rest = fields->entries[index].value;
        struct slice element;
        while (slice_next_token(&rest, ',', &element)) {
            if (slice_equal_nocase(slice_trim(element), token)) {
                return true;
            }
        }
    }
    return false;
}
