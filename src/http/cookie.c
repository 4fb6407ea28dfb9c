/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cookies in fields (RFC 6265 4.1, 4.2, 5.4).
 * The hard idea: a cookie that is taken out must take exactly one separator along, so that what
 * remains reads as if it had never been there; the others keep their bytes and order. Changes are
 * written once into the arena, whose cap bounds them.
 */
#include "http/cookie.h"

#include <string.h>

#include "http/chars.h"

static bool is_separator(char c)
{
    return c == ';' || c == ',';
}

/* Index of the ';' or ',' that ends the first cookie of `text`, or its length. Quotes mean
 * something in the value only. */
static size_t find_pair_end(struct slice text)
{
    size_t at = 0;
    bool is_quoted = false;
    while (at < text.length && text.data[at] != '=' && !is_separator(text.data[at])) {
        at++;
    }
    for (; at < text.length && (is_quoted || !is_separator(text.data[at])); at++) {
        if (text.data[at] == '"') {
            is_quoted = !is_quoted;
        } else if (is_quoted && text.data[at] == '\\' && at + 1 < text.length) {
            at++;
        }
    }
    return at;
}

/* Splits "name = value" at the first '='. */
static struct http_cookie split_pair(struct slice pair)
{
    size_t equals = slice_find_char(pair, '=');
    return (struct http_cookie){
        .name = slice_trim(slice_first(pair, equals)),
        .value = equals == pair.length ? SLICE_NONE : slice_trim(slice_skip(pair, equals + 1)),
    };
}

bool http_cookie_next(struct slice *rest, struct http_cookie *cookie)
{
    while (rest->length > 0) {
        size_t end = find_pair_end(*rest);
        struct slice pair = slice_trim(slice_first(*rest, end));
        *rest = slice_skip(*rest, end + 1);
        if (pair.length > 0) {
            *cookie = split_pair(pair);
            return true;
        }
    }
    return false;
}

bool http_set_cookie_parse(struct slice field_value, struct http_cookie *cookie,
                           struct slice *attributes)
{
    size_t end = slice_find_char(field_value, ';');
    *cookie = split_pair(slice_trim(slice_first(field_value, end)));
    *attributes = slice_trim(slice_skip(field_value, end + 1));
    return cookie->name.length > 0 && cookie->value.data != NULL;
}

/* ---- finding ---- */

static bool find_in_value(struct slice value, bool is_response, struct slice name,
                          struct http_cookie *cookie)
{
    struct slice attributes;
    if (is_response) {
        return http_set_cookie_parse(value, cookie, &attributes) && slice_equal(cookie->name, name);
    }
    while (http_cookie_next(&value, cookie)) {
        if (slice_equal(cookie->name, name) && cookie->value.data != NULL) {
            return true;
        }
    }
    return false;
}

bool http_cookie_find(const struct http_fields *fields, enum http_name id, struct slice name,
                      uint16_t from, struct http_cookie_place *place)
{
    for (uint16_t index = http_fields_find_id(fields, id, from); index < fields->count;
         index = http_fields_find_id(fields, id, (uint16_t)(index + 1))) {
        struct slice value = fields->entries[index].value;
        if (find_in_value(value, id == HTTP_NAME_SET_COOKIE, name, &place->cookie)) {
            place->index = index;
            return true;
        }
    }
    return false;
}

/* ---- changing ---- */

/* Appends to a text that has room. */
static char *put(char *end, struct slice s)
{
    if (s.length > 0) {
        memcpy(end, s.data, s.length);
    }
    return end + s.length;
}

/* Replaces the bytes from `start` to `end` of a field's value by `middle`. */
static enum result splice(struct http_fields *fields, uint16_t index, size_t start, size_t end,
                          struct slice middle)
{
    struct slice value = fields->entries[index].value;
    size_t length = start + middle.length + (value.length - end);
    char *room = arena_take_text(fields->arena, length);
    if (room == NULL) {
        fields->overflowed = true;
        return RESULT_NO_MEMORY;
    }
    char *at = put(room, slice_first(value, start));
    at = put(at, middle);
    (void)put(at, slice_skip(value, end));
    fields->entries[index].value = slice_of(room, length);
    return RESULT_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Where the cookie behind the one at `start` begins, or the value's length. */
static size_t find_next(struct slice value, size_t start)
{
    size_t next = start + find_pair_end(slice_skip(value, start));
    while (next < value.length && (is_separator(value.data[next]) || is_blank(value.data[next]))) {
        next++;
    }
    return next;
}

/* Where the separators in front of the cookie at `start` begin. */
static size_t find_separator_before(struct slice value, size_t start)
{
    while (start > 0 && (is_separator(value.data[start - 1]) || is_blank(value.data[start - 1]))) {
        start--;
    }
    return start;
}

enum result http_cookie_remove(struct http_fields *fields, const struct http_cookie_place *place)
{
    const struct http_field *field = &fields->entries[place->index];
    size_t start = (size_t)(place->cookie.name.data - field->value.data);
    size_t end = find_next(field->value, start);
    if (end == field->value.length) {
        start = find_separator_before(field->value, start);
    }
    bool nothing_left = start == 0 && end == field->value.length;
    if (nothing_left || field->id == HTTP_NAME_SET_COOKIE) {
        http_fields_remove(fields, place->index);
        return RESULT_OK;
    }
    return splice(fields, place->index, start, end, SLICE_NONE);
}

enum result http_cookie_replace(struct http_fields *fields, const struct http_cookie_place *place,
                                struct slice value)
{
    const struct http_field *field = &fields->entries[place->index];
    size_t start = (size_t)(place->cookie.value.data - field->value.data);
    if (!http_is_value(value)) {
        return RESULT_INVALID;
    }
    return splice(fields, place->index, start, start + place->cookie.value.length, value);
}

/* ---- building ---- */

static void append_attribute(struct text *text, struct slice name, struct slice value)
{
    if (value.length > 0) {
        text_append(text, name);
        text_append(text, value);
    }
}

void http_set_cookie_append(struct text *text, const struct http_set_cookie *cookie)
{
    text_append(text, cookie->name);
    text_append_char(text, '=');
    text_append(text, cookie->value);
    append_attribute(text, SLICE("; Expires="), cookie->expires);
    append_attribute(text, SLICE("; path="), cookie->path);
    append_attribute(text, SLICE("; domain="), cookie->domain);
    if (cookie->is_http_only) {
        text_append(text, SLICE("; HttpOnly"));
    }
    if (cookie->is_secure) {
        text_append(text, SLICE("; Secure"));
    }
    append_attribute(text, SLICE("; "), cookie->attributes);
}
