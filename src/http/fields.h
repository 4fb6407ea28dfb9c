/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header and trailer fields of one message (RFC 9110 5): an ordered table of name and value slices
 * whose array and changed texts live in the message's arena. Names keep the spelling they came
 * with; comparisons fold case. Pseudo-header fields of HTTP/2 and HTTP/3 are never in it.
 *
 * What bounds it: `fields_max` entries (tune.http.maxhdr), those that one chunk holds
 * (408 with 16 KiB), and the arena's cap. Adding past either
 * is sticky: see arena_has_overflowed and `overflowed`.
 */
#ifndef WEIR_HTTP_FIELDS_H
#define WEIR_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "memory/arena.h"
#include "memory/chunk.h"

/* Names that the code asks for often, found once while parsing. */
enum http_name {
    HTTP_NAME_OTHER,
    HTTP_NAME_CONNECTION,
    HTTP_NAME_CONTENT_LENGTH,
    HTTP_NAME_TRANSFER_ENCODING,
    HTTP_NAME_HOST,
    HTTP_NAME_COOKIE,
    HTTP_NAME_SET_COOKIE,
    HTTP_NAME_UPGRADE,
    HTTP_NAME_EXPECT,
    HTTP_NAME_TE,
    HTTP_NAME_TRAILER,
    HTTP_NAME_KEEP_ALIVE,
    HTTP_NAME_PROXY_CONNECTION,
    HTTP_NAME_AUTHORIZATION,
    HTTP_NAME_CACHE_CONTROL,
    HTTP_NAME_DATE,
    HTTP_NAMES
};

struct http_field {
    struct slice name;
    struct slice value; /* without white space at its ends */
    enum http_name id;
};

struct http_fields {
    struct arena *arena; /* borrowed from the message */
    struct http_field *entries;
    uint16_t count;
    uint16_t size; /* room of `entries` */
    uint16_t fields_max;
    bool overflowed; /* sticky: an entry was refused */
};

/* The id of a field name, HTTP_NAME_OTHER for those without one. */
enum http_name http_name_find(struct slice name);

/* An empty table whose entries and texts come from `arena`. */
void http_fields_init(struct http_fields *fields, struct arena *arena, uint16_t fields_max);

/*
 * Bytes of arena blocks, of chunks from `source`, that a table may take to grow to `fields_max`
 * entries: for the cap of its arena.
 */
size_t http_fields_arena_bytes(const struct chunk_source *source, uint16_t fields_max);

/*
 * Appends a field whose slices stay valid as long as the message (they are not copied or checked).
 * RESULT_FULL when the table or the arena can hold no more, RESULT_NO_MEMORY when the account was
 * refused the bytes; both are sticky in `overflowed`.
 */
MUST_USE enum result http_fields_append(struct http_fields *fields, struct slice name,
                                        struct slice value);

/* As http_fields_append for a field whose id is known already. */
MUST_USE enum result http_fields_append_known(struct http_fields *fields,
                                              const struct http_field *field);

/*
 * Appends a field, copying both texts into the arena. Results as http_fields_append, and
 * RESULT_INVALID for a name that is no token or a value with bytes that no field value may have
 * (CR, LF, NUL…): what rules compute can never become another field.
 */
MUST_USE enum result http_fields_append_copy(struct http_fields *fields, struct slice name,
                                             struct slice value);

/* Index of the next field called `name` at or after `from`, or `count` when there is none. */
uint16_t http_fields_find(const struct http_fields *fields, struct slice name, uint16_t from);

/* As http_fields_find for a known name. */
uint16_t http_fields_find_id(const struct http_fields *fields, enum http_name id, uint16_t from);

/* The first value of `id`, or the empty slice with data NULL. */
struct slice http_fields_value(const struct http_fields *fields, enum http_name id);

/* Removes entry `index`, keeping the order of the others. */
void http_fields_remove(struct http_fields *fields, uint16_t index);

/* Removes every field called `name`; returns how many there were. */
unsigned http_fields_remove_all(struct http_fields *fields, struct slice name);

/* Replaces the value of entry `index` by a copy of `value`. Results as http_fields_append_copy. */
MUST_USE enum result http_fields_replace(struct http_fields *fields, uint16_t index,
                                         struct slice value);

/* Where http_fields_next_value goes on. */
struct http_value_cursor {
    uint16_t index;    /* of the field of `rest`, or where to look for the next one */
    uint16_t started;  /* 1: there is a rest */
    struct slice rest; /* behind the last element, its comma included */
};

/*
 * Walks the comma-separated elements of every field called `name` (RFC 9110 5.6.1; quoted strings
 * respected). Start with a zeroed cursor; false when there are no more. With `whole`, each field is
 * one element (fhdr, set-cookie). Empty elements are given too, as HAProxy does.
 */
bool http_fields_next_value(const struct http_fields *fields, struct slice name, bool whole,
                            struct http_value_cursor *cursor, struct slice *value);

/* Whether a list field (Connection, Transfer-Encoding…) has the token, letters folded. */
bool http_fields_has_token(const struct http_fields *fields, enum http_name id, struct slice token);

#endif
