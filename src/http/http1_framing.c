/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fields of an HTTP/1 head say together: the body's framing and the connection (RFC 9112
 * 6, 9; RFC 9110 7.6.1, 7.8, 8.6).
 * The hard idea: two readers must never differ about where a message ends. One Content-Length of
 * digits, or one coding which is chunked; a length beside chunked is dropped and the connection
 * closes behind the message, as RFC 9112 6.1 asks and HAProxy does. All else is refused. Field
 * values are read where they lie; no memory.
 */
#include "base/number.h"
#include "http/chars.h"
#include "http/http1_internal.h"

enum {
    CONNECTION_OPTIONS_MAX = 32, /* each may name a field that is looked for */
    DECIMAL_BASE = 10,
};

/* ---- single fields ---- */

static enum result add_length(struct http1_cursor *cursor, struct http1_framing *framing,
                              struct slice value)
{
    if (framing->length_at != NULL) {
        return http1_fail(cursor, value.data, "a repeated Content-Length");
    }
    uint64_t length = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (!http_char_is(value.data[i], HTTP_CHAR_DIGIT)) {
            return http1_fail(cursor, value.data + i, "a Content-Length that is no number");
        }
        if (length > (INT64_MAX - DECIMAL_BASE + 1) / DECIMAL_BASE) {
            return http1_fail(cursor, value.data + i, "a Content-Length that is too large");
        }
        length = length * DECIMAL_BASE + (uint64_t)(value.data[i] - '0');
    }
    if (value.length == 0) {
        return http1_fail(cursor, value.data, "an empty Content-Length");
    }
    framing->length = length;
    framing->length_at = value.data;
    return RESULT_OK;
}

static void add_coding(struct http1_framing *framing, struct slice coding)
{
    if (coding.length == 0) {
        framing->has_empty_coding = true;
        return;
    }
    framing->ends_chunked = slice_equal_nocase(coding, SLICE("chunked"));
    if (!framing->ends_chunked) {
        framing->has_other_coding = true;
    } else if (framing->chunked_codings < UINT16_MAX) {
        framing->chunked_codings++;
    }
}

static void add_codings(struct http1_framing *framing, struct slice value)
{
    bool has_more = true;
    if (framing->coding_at == NULL) {
        framing->coding_at = value.data;
    }
    while (has_more) { /* nothing at all, or nothing behind a comma, is an empty coding */
        size_t end = slice_find_char(value, ',');
        has_more = end < value.length;
        add_coding(framing, slice_trim(slice_first(value, end)));
        value = slice_skip(value, end + 1);
    }
}

/* Whether the field says more than how this connection goes on, which is noted. */
static bool add_connection(struct http1_framing *framing, struct slice value)
{
    bool says_more = false;
    struct slice option;
    while (slice_next_token(&value, ',', &option)) {
        option = slice_trim(option);
        if (slice_equal_nocase(option, SLICE("keep-alive"))) {
            framing->keeps_alive = true;
        } else if (slice_equal_nocase(option, SLICE("close"))) {
            framing->closes = true;
        } else if (slice_equal_nocase(option, SLICE("upgrade"))) {
            framing->offers_upgrade = true;
            says_more = true;
        } else if (option.length > 0) {
            framing->names_fields = true;
            says_more = true;
        }
    }
    return says_more;
}

static void add_upgrade(struct http1_framing *framing, struct slice value)
{
    struct slice protocol;
    while (slice_next_token(&value, ',', &protocol)) {
        protocol = slice_trim(protocol);
        framing->has_upgrade = framing->has_upgrade || protocol.length > 0;
        framing->is_websocket =
            framing->is_websocket || slice_equal_nocase(protocol, SLICE("websocket"));
        framing->is_h2 = framing->is_h2 || slice_equal_nocase(protocol, SLICE("h2c")) ||
                         slice_equal_nocase(protocol, SLICE("h2"));
    }
}

static void add_te(struct http1_framing *framing, struct slice value)
{
    struct slice coding;
    while (slice_next_token(&value, ',', &coding)) {
        framing->te_trailers =
            framing->te_trailers || slice_equal_nocase(slice_trim(coding), SLICE("trailers"));
    }
}

/* Takes in one field. RESULT_NOT_FOUND: it is not kept ("Connection: close" and "keep-alive" are
 * not seen by rules, as in HAProxy). */
static enum result add_field(struct http1_cursor *cursor, struct http1_framing *framing,
                             const struct http_field *field)
{
    switch (field->id) {
    case HTTP_NAME_CONTENT_LENGTH:
        return add_length(cursor, framing, field->value);
    case HTTP_NAME_TRANSFER_ENCODING:
        add_codings(framing, field->value);
        break;
    case HTTP_NAME_CONNECTION:
        return add_connection(framing, field->value) ? RESULT_OK : RESULT_NOT_FOUND;
    case HTTP_NAME_UPGRADE:
        add_upgrade(framing, field->value);
        break;
    case HTTP_NAME_TE:
        add_te(framing, field->value);
        break;
    case HTTP_NAME_EXPECT:
        framing->expects_continue = slice_equal_nocase(field->value, SLICE("100-continue"));
        break;
    case HTTP_NAME_HOST:
        framing->hosts++; /* no more than fields */
        break;
    case HTTP_NAME_OTHER:
    case HTTP_NAME_COOKIE:
    case HTTP_NAME_SET_COOKIE:
    case HTTP_NAME_TRAILER:
    case HTTP_NAME_KEEP_ALIVE:
    case HTTP_NAME_PROXY_CONNECTION:
    case HTTP_NAME_AUTHORIZATION:
    case HTTP_NAME_CACHE_CONTROL:
    case HTTP_NAME_DATE:
    case HTTP_NAMES:
        break;
    }
    return RESULT_OK;
}

enum result http1_read_fields(struct http1_cursor *cursor, struct http_message *message,
                              struct http1_framing *framing)
{
    struct http_field field;
    enum result result;
    do {
        const char *line = cursor->at;
        result = http1_next_field(cursor, &field);
        if (result != RESULT_OK) {
            continue;
        }
        result = add_field(cursor, framing, &field);
        if (result == RESULT_OK) {
            /* The first line counts: tune.http.maxhdr 101 means 100 fields. */
            bool is_full = message->fields.count + 1 >= message->fields_max;
            result = is_full ? RESULT_FULL : http_fields_append_known(&message->fields, &field);
        }
        cursor->at = result == RESULT_FULL ? line : cursor->at;
    } while (result == RESULT_OK || result == RESULT_NOT_FOUND);
    return result == RESULT_END ? RESULT_OK : result;
}

/* ---- together ---- */

/* What is wrong with the codings, or NULL; `status` is what a request is answered. */
static const char *find_coding_fault(const struct http1_cursor *cursor,
                                     const struct http1_framing *framing, enum http_version version,
                                     uint16_t *status)
{
    bool is_request = cursor->status == HTTP1_STATUS_BAD_REQUEST;
    bool is_tolerated = cursor->is_lenient && !is_request;
    *status = cursor->status;
    if (version < HTTP_VERSION_1_1 && is_request) {
        return "Transfer-Encoding in HTTP/1.0";
    }
    if (framing->has_empty_coding && !is_tolerated) {
        return "an empty transfer coding";
    }
    if (!framing->ends_chunked) {
        return "transfer codings that do not end with chunked";
    }
    if (framing->chunked_codings > 1 && !is_tolerated) {
        return "chunked applied more than once";
    }
    if (framing->has_other_coding) {
        *status = HTTP1_STATUS_UNPROCESSABLE;
        return "an unknown transfer coding";
    }
    return NULL;
}

enum result http1_check_coding(struct http1_cursor *cursor, struct http1_framing *framing,
                               struct http_message *message)
{
    if (framing->coding_at == NULL) {
        return RESULT_OK;
    }
    uint16_t status;
    const char *fault = find_coding_fault(cursor, framing, message->version, &status);
    if (fault != NULL) {
        return http1_fail_with(cursor, framing->coding_at, status, fault);
    }
    if (framing->length_at != NULL) {
        (void)http_fields_remove_all(&message->fields, SLICE("content-length"));
        framing->length_at = NULL;
        framing->closes = true;
    }
    framing->closes = framing->closes || message->version < HTTP_VERSION_1_1;
    return RESULT_OK;
}

/*
 * Fields that a Connection option does not take out: those with a meaning for everybody, which it
 * must not name (RFC 9110 7.6.1), and what a proxy in front of us said about its client.
 */
static bool is_end_to_end(struct slice name)
{
    enum http_name id = http_name_find(name);
    bool is_connections_own =
        id == HTTP_NAME_OTHER || id == HTTP_NAME_KEEP_ALIVE || id == HTTP_NAME_PROXY_CONNECTION;
    return !is_connections_own || slice_equal_nocase(name, SLICE("forwarded")) ||
           slice_starts_with_nocase(name, SLICE("x-forwarded-"));
}

/* Takes out what one Connection field names. False: it names too much. */
static bool remove_named(struct http_fields *fields, struct slice value, unsigned *options)
{
    struct slice option;
    while (slice_next_token(&value, ',', &option)) {
        option = slice_trim(option);
        (*options)++;
        if (*options > CONNECTION_OPTIONS_MAX) {
            return false;
        }
        if (option.length > 0 && !is_end_to_end(option)) {
            (void)http_fields_remove_all(fields, option);
        }
    }
    return true;
}

/* Index of the Connection field behind `skip` others, or the count. */
static uint16_t find_nth_connection(const struct http_fields *fields, unsigned skip)
{
    uint16_t index = http_fields_find_id(fields, HTTP_NAME_CONNECTION, 0);
    for (unsigned i = 0; i < skip && index < fields->count; i++) {
        index = http_fields_find_id(fields, HTTP_NAME_CONNECTION, (uint16_t)(index + 1));
    }
    return index;
}

enum result http1_apply_connection(struct http1_cursor *cursor, const struct http1_framing *framing,
                                   struct http_message *message)
{
    bool is_persistent = message->version >= HTTP_VERSION_1_1 || framing->keeps_alive;
    message->wants_close = framing->closes || !is_persistent;
    if (!framing->names_fields) {
        return RESULT_OK;
    }
    struct http_fields *fields = &message->fields;
    unsigned options = 0;
    uint16_t index = http_fields_find_id(fields, HTTP_NAME_CONNECTION, 0);
    for (unsigned nth = 1; index < fields->count; nth++) {
        struct slice value = fields->entries[index].value;
        if (!remove_named(fields, value, &options)) {
            return http1_fail(cursor, value.data, "too many Connection options");
        }
        index = find_nth_connection(fields, nth);
    }
    return RESULT_OK;
}
