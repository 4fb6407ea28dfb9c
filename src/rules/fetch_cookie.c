/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of cookies: those of a request, and those that a response sets (RFC 6265 4.1 and 4.2).
 * Of several with one name ACLs see each, others the last; without a name the first of all. Values
 * point into the message; lists of names are put together in the scratch arena.
 */
#include "http/cookie.h"
#include "rules/fetch.h"

/* Whose cookies: of the request, of the response, or of what the rule works on. */
enum { COOKIES_OF_REQUEST, COOKIES_OF_RESPONSE, COOKIES_OF_RULE };

/* Goes over all cookies of a message. */
struct cookie_walk {
    const struct http_fields *fields;
    enum http_name id;
    uint16_t next_field;
    struct slice rest; /* of the present Cookie field */
};

/* RESULT_BLOCKED or RESULT_NOT_FOUND where there is no such message (yet). */
static enum result begin_walk(const struct rule_context *context, unsigned side,
                              struct cookie_walk *walk)
{
    bool is_response =
        side == COOKIES_OF_RESPONSE || (side == COOKIES_OF_RULE && context->response != NULL);
    const struct http_message *message = is_response ? context->response : context->request;
    if (message == NULL) {
        return sample_missing(context);
    }
    *walk = (struct cookie_walk){.fields = &message->fields,
                                 .id = is_response ? HTTP_NAME_SET_COOKIE : HTTP_NAME_COOKIE};
    return RESULT_OK;
}

static bool next_cookie(struct cookie_walk *walk, struct http_cookie *cookie)
{
    for (;;) {
        if (http_cookie_next(&walk->rest, cookie)) {
            return true;
        }
        uint16_t index = http_fields_find_id(walk->fields, walk->id, walk->next_field);
        if (index >= walk->fields->count) {
            return false;
        }
        struct slice value = walk->fields->entries[index].value;
        struct slice attributes;
        walk->next_field = (uint16_t)(index + 1);
        if (walk->id == HTTP_NAME_COOKIE) {
            walk->rest = value;
        } else if (http_set_cookie_parse(value, cookie, &attributes)) {
            return true;
        }
    }
}

/* The next one of that name with a value; any when the name is empty. */
static bool next_match(struct cookie_walk *walk, struct slice name, struct http_cookie *cookie)
{
    while (next_cookie(walk, cookie)) {
        if ((name.length == 0 || slice_equal(cookie->name, name)) && cookie->value.data != NULL) {
            return true;
        }
    }
    return false;
}

/* In an ACL one after the other. */
static enum result give_next(const struct sample_call *call, struct cookie_walk *walk,
                             struct slice name, struct sample *out)
{
    struct http_cookie cookie;
    struct http_cookie following;
    uint64_t wanted = call->cursor->state[0]++;
    for (uint64_t i = 0; i <= wanted; i++) {
        if (!next_match(walk, name, &cookie)) {
            return RESULT_NOT_FOUND;
        }
    }
    enum result result = sample_give_text(out, cookie.value);
    out->flags |= next_match(walk, name, &following) ? SAMPLE_NOT_LAST : 0;
    return result;
}

static enum result fetch_cookie(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    struct cookie_walk walk;
    struct http_cookie cookie;
    struct slice name = sample_argument_text(call->arguments, 0);
    enum result result = begin_walk(context, call->variant, &walk);
    if (result != RESULT_OK) {
        return result;
    }
    if (call->cursor != NULL) {
        return give_next(call, &walk, name, out);
    }
    result = RESULT_NOT_FOUND;
    while (next_match(&walk, name, &cookie)) {
        result = sample_give_text(out, cookie.value);
        if (name.length == 0) {
            break;
        }
    }
    return result;
}

static enum result fetch_integer(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    enum result result = fetch_cookie(call, context, out);
    unsigned flags = out->flags;
    if (result == RESULT_OK) {
        result = sample_cast(context, out, SAMPLE_INTEGER);
        out->flags = flags;
    }
    return result;
}

static enum result fetch_count(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    struct cookie_walk walk;
    struct http_cookie cookie;
    int64_t count = 0;
    enum result result = begin_walk(context, call->variant, &walk);
    if (result != RESULT_OK) {
        return result;
    }
    while (next_match(&walk, sample_argument_text(call->arguments, 0), &cookie)) {
        count++;
    }
    return sample_give_integer(out, count);
}

static enum result fetch_names(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    struct cookie_walk walk;
    struct http_cookie cookie;
    size_t bytes = 1;
    struct slice delimiter = sample_argument_text(call->arguments, 0);
    enum result result = begin_walk(context, call->variant, &walk);
    if (result != RESULT_OK) {
        return result;
    }
    while (next_cookie(&walk, &cookie)) {
        bytes += cookie.name.length + 1;
    }
    char *place = arena_take_text(context->scratch, bytes);
    if (place == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(place, bytes);
    (void)!begin_walk(context, call->variant, &walk);
    while (next_cookie(&walk, &cookie)) {
        if (text.length > 0) {
            text_append_char(&text, delimiter.length > 0 ? delimiter.data[0] : ',');
        }
        text_append(&text, cookie.name);
    }
    return sample_give_text(out, text_slice(&text));
}

#define COOKIE_ROW(name, places, type, function, side, flags) \
    FETCH_ROW_WITH(name, type, places, function, NULL, side, flags, 0, ARGUMENT_STRING)
#define VALUE_ROW(name, places, side) \
    COOKIE_ROW(name, places, SAMPLE_STRING, fetch_cookie, side, FETCH_HAS_FORMS)
#define INTEGER_ROW(name, places, side) \
    COOKIE_ROW(name, places, SAMPLE_INTEGER, fetch_integer, side, 0)
#define COUNT_ROW(name, places, side) COOKIE_ROW(name, places, SAMPLE_INTEGER, fetch_count, side, 0)
#define NAMES_ROW(name, places, side) COOKIE_ROW(name, places, SAMPLE_STRING, fetch_names, side, 0)

const struct sample_fetch fetches_cookie[] = {
    VALUE_ROW("req.cook", FETCH_OF_STREAM, COOKIES_OF_REQUEST),
    VALUE_ROW("cook", FETCH_OF_STREAM, COOKIES_OF_REQUEST),
    VALUE_ROW("cookie", FETCH_OF_STREAM, COOKIES_OF_RULE),
    INTEGER_ROW("req.cook_val", FETCH_OF_STREAM, COOKIES_OF_REQUEST),
    INTEGER_ROW("cook_val", FETCH_OF_STREAM, COOKIES_OF_REQUEST),
    COUNT_ROW("req.cook_cnt", FETCH_OF_STREAM, COOKIES_OF_REQUEST),
    COUNT_ROW("cook_cnt", FETCH_OF_STREAM, COOKIES_OF_REQUEST),
    NAMES_ROW("req.cook_names", FETCH_OF_STREAM, COOKIES_OF_REQUEST),
    VALUE_ROW("res.cook", FETCH_OF_RESPONSE, COOKIES_OF_RESPONSE),
    VALUE_ROW("scook", FETCH_OF_RESPONSE, COOKIES_OF_RESPONSE),
    VALUE_ROW("set-cookie", FETCH_OF_RESPONSE, COOKIES_OF_RESPONSE),
    INTEGER_ROW("res.cook_val", FETCH_OF_RESPONSE, COOKIES_OF_RESPONSE),
    INTEGER_ROW("scook_val", FETCH_OF_RESPONSE, COOKIES_OF_RESPONSE),
    COUNT_ROW("res.cook_cnt", FETCH_OF_RESPONSE, COOKIES_OF_RESPONSE),
    COUNT_ROW("scook_cnt", FETCH_OF_RESPONSE, COOKIES_OF_RESPONSE),
    NAMES_ROW("res.cook_names", FETCH_OF_RESPONSE, COOKIES_OF_RESPONSE),
    FETCH_ROWS_END,
};
