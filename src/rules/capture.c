/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures: the slots that a frontend declares, and their filling from messages. Of a header that
 * comes more than once the last value is kept, of cookies the first; both are cut at the slot's
 * length. A slot that could not be filled (nothing there, no memory) stays empty.
 *
 * Memory: declarations belong to the configuration; slots and values live in the stream's arena, at
 * most the sum of the declared lengths and the request line's.
 */
#include "rules/capture.h"

#include "base/text.h"

/* ---- declarations ---- */

enum result capture_declare(struct capture_declarations *declarations, struct account *account,
                            bool is_response, const char *name, uint16_t bytes_max, unsigned *id)
{
    struct capture_settings **slots =
        is_response ? &declarations->response : &declarations->request;
    unsigned *count = is_response ? &declarations->response_count : &declarations->request_count;
    char *copy = NULL;
    if (name != NULL) {
        copy = memory_copy_string(account, slice_from_string(name));
        if (copy == NULL) {
            return RESULT_NO_MEMORY;
        }
    }
    struct capture_settings *grown = memory_resize(account, *slots, (*count + 1) * sizeof(**slots));
    if (grown == NULL) {
        memory_release(account, copy);
        return RESULT_NO_MEMORY;
    }
    grown[*count] = (struct capture_settings){copy, bytes_max};
    *slots = grown;
    *id = *count;
    *count += 1;
    return RESULT_OK;
}

void capture_refer(struct capture_declarations *declarations, bool is_response, unsigned id)
{
    unsigned *referred =
        is_response ? &declarations->response_referred : &declarations->request_referred;
    if (id >= *referred) {
        *referred = id + 1;
    }
}

enum result capture_declare_cookie(struct capture_declarations *declarations,
                                   struct account *account, const char *name, uint16_t bytes_max)
{
    if (declarations->cookie_name != NULL) {
        return RESULT_FULL;
    }
    declarations->cookie_name = memory_copy_string(account, slice_from_string(name));
    declarations->cookie_bytes_max = bytes_max;
    return declarations->cookie_name == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

static void release_slots(struct account *account, struct capture_settings *slots, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        memory_release(account, (char *)slots[i].name);
    }
    memory_release(account, slots);
}

void capture_declarations_deinit(struct capture_declarations *declarations, struct account *account)
{
    release_slots(account, declarations->request, declarations->request_count);
    release_slots(account, declarations->response, declarations->response_count);
    memory_release(account, (char *)declarations->cookie_name);
    *declarations = (struct capture_declarations){0};
}

/* ---- one stream's ---- */

static struct slice *take_slots(struct arena *arena, unsigned count)
{
    struct slice *slots = arena_take(arena, count * sizeof(*slots));
    for (unsigned i = 0; slots != NULL && i < count; i++) {
        slots[i] = SLICE_NONE;
    }
    return slots;
}

enum result captures_begin(struct captures *captures,
                           const struct capture_declarations *declarations, struct arena *arena)
{
    *captures = (struct captures){.declarations = declarations};
    unsigned requests = declarations->request_count;
    unsigned responses = declarations->response_count;
    if (requests > 0) {
        captures->request = take_slots(arena, requests);
    }
    if (responses > 0) {
        captures->response = take_slots(arena, responses);
    }
    captures->request_count = captures->request == NULL ? 0 : requests;
    captures->response_count = captures->response == NULL ? 0 : responses;
    bool is_whole = captures->request_count == requests && captures->response_count == responses;
    return is_whole ? RESULT_OK : RESULT_NO_MEMORY;
}

static const char *version_text(enum http_version version)
{
    switch (version) {
    case HTTP_VERSION_0_9:
        return "HTTP/0.9";
    case HTTP_VERSION_1_0:
        return "HTTP/1.0";
    case HTTP_VERSION_1_1:
        return "HTTP/1.1";
    case HTTP_VERSION_2:
        return "HTTP/2.0";
    case HTTP_VERSION_3:
        return "HTTP/3.0";
    }
    return "";
}

void captures_fill_request_line(struct captures *captures, const struct http_message *request,
                                size_t bytes_max, struct arena *arena)
{
    const char *version = version_text(request->version);
    size_t whole = request->method.length + request->target.length + strlen(version) + 2;
    size_t size = (whole < bytes_max ? whole : bytes_max) + 1;
    char *line = arena_take_text(arena, size);
    if (line == NULL) {
        return;
    }
    struct text text = text_over(line, size);
    text_append(&text, request->method);
    text_append_char(&text, ' ');
    text_append(&text, request->target);
    text_append_char(&text, ' ');
    text_append_string(&text, version);
    captures->request_line = text_slice(&text);
}

/* The value of the last field called `name`; data NULL when there is none. */
static struct slice last_value(const struct http_fields *fields, struct slice name)
{
    struct slice value = SLICE_NONE;
    uint16_t index = http_fields_find(fields, name, 0);
    while (index < fields->count) {
        value = fields->entries[index].value;
        index = http_fields_find(fields, name, (uint16_t)(index + 1));
    }
    return value;
}

static void fill_slots(struct slice *slots, unsigned count, const struct capture_settings *settings,
                       const struct http_fields *fields, struct arena *arena)
{
    for (unsigned i = 0; i < count; i++) {
        if (settings[i].name == NULL) {
            continue;
        }
        struct slice value = last_value(fields, slice_from_string(settings[i].name));
        if (value.data != NULL) {
            slots[i] = arena_copy(arena, slice_first(value, settings[i].bytes_max));
        }
    }
}

/* The first "name=value" in a Cookie or Set-Cookie value whose beginning is `prefix`. */
static struct slice find_cookie(struct slice value, struct slice prefix, bool is_response)
{
    struct slice part;
    while (slice_next_token(&value, ';', &part)) {
        part = slice_trim(part);
        bool has_value = slice_find_char(part, '=') < part.length;
        if (has_value && slice_starts_with(part, prefix)) {
            return part;
        }
        if (is_response) {
            break; /* what follows in a Set-Cookie are attributes */
        }
    }
    return SLICE_NONE;
}

static struct slice capture_cookie(const struct capture_declarations *declarations,
                                   const struct http_message *message, struct arena *arena)
{
    enum http_name id = message->is_response ? HTTP_NAME_SET_COOKIE : HTTP_NAME_COOKIE;
    struct slice prefix = slice_from_string(declarations->cookie_name);
    uint16_t index = http_fields_find_id(&message->fields, id, 0);
    while (index < message->fields.count) {
        struct slice cookie =
            find_cookie(message->fields.entries[index].value, prefix, message->is_response);
        if (cookie.data != NULL) {
            return arena_copy(arena, slice_first(cookie, declarations->cookie_bytes_max));
        }
        index = http_fields_find_id(&message->fields, id, (uint16_t)(index + 1));
    }
    return SLICE_NONE;
}

void captures_fill_message(struct captures *captures, const struct http_message *message,
                           struct arena *arena)
{
    const struct capture_declarations *declarations = captures->declarations;
    if (declarations == NULL) {
        return;
    }
    if (message->is_response) {
        fill_slots(captures->response, captures->response_count, declarations->response,
                   &message->fields, arena);
    } else {
        fill_slots(captures->request, captures->request_count, declarations->request,
                   &message->fields, arena);
    }
    if (declarations->cookie_name != NULL) {
        struct slice *slot =
            message->is_response ? &captures->response_cookie : &captures->request_cookie;
        *slot = capture_cookie(declarations, message, arena);
    }
}

enum result captures_set(struct captures *captures, bool is_response, unsigned id,
                         struct slice value, struct arena *arena)
{
    unsigned count = is_response ? captures->response_count : captures->request_count;
    if (id >= count) {
        return RESULT_NOT_FOUND;
    }
    const struct capture_settings *settings =
        is_response ? captures->declarations->response : captures->declarations->request;
    struct slice copy = arena_copy(arena, slice_first(value, settings[id].bytes_max));
    if (copy.data == NULL && value.length > 0) {
        return RESULT_NO_MEMORY;
    }
    if (is_response) {
        captures->response[id] = copy;
    } else {
        captures->request[id] = copy;
    }
    return RESULT_OK;
}
