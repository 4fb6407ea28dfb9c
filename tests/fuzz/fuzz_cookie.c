/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cookies: taking one out leaves the others, replacing one changes it alone, and a value can never
 * leave its field.
 */
#include "fuzz_http.h"
#include "http/chars.h"
#include "http/cookie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COOKIES_MAX = 64 };

struct cookies {
    unsigned count;
    struct http_cookie list[COOKIES_MAX];
};

static void walk(struct slice value, struct cookies *cookies)
{
    struct http_cookie cookie;
    cookies->count = 0;
    while (http_cookie_next(&value, &cookie)) {
        fuzz_require(slice_find_char(cookie.name, '=') == cookie.name.length, "a name ends at '='");
        if (cookies->count < COOKIES_MAX) {
            cookies->list[cookies->count] = cookie;
            cookies->count++;
        }
    }
}

static bool is_same(const struct http_cookie *a, const struct http_cookie *b)
{
    return slice_equal(a->name, b->name) && slice_equal(a->value, b->value) &&
           (a->value.data == NULL) == (b->value.data == NULL);
}

/* The cookie that http_cookie_find means: the first of that name with a value. */
static unsigned find_index(const struct cookies *cookies, struct slice name)
{
    unsigned i = 0;
    while (i < cookies->count &&
           (!slice_equal(cookies->list[i].name, name) || cookies->list[i].value.data == NULL)) {
        i++;
    }
    return i;
}

static void begin_fields(struct http_message *message, struct slice value, enum http_name id)
{
    struct slice name = id == HTTP_NAME_COOKIE ? SLICE("cookie") : SLICE("set-cookie");
    fuzz_message_init(message);
    fuzz_require(http_fields_append(&message->fields, name, value) == RESULT_OK, "a field");
}

static void try_removal(struct slice value, const struct cookies *before, struct slice name)
{
    struct http_message message;
    struct http_cookie_place place;
    struct cookies after = {0};
    unsigned index = find_index(before, name);
    begin_fields(&message, value, HTTP_NAME_COOKIE);
    fuzz_require(http_cookie_find(&message.fields, HTTP_NAME_COOKIE, name, 0, &place),
                 "a cookie that was walked is found");
    fuzz_require(http_cookie_remove(&message.fields, &place) == RESULT_OK, "memory");
    if (message.fields.count > 0) {
        walk(message.fields.entries[0].value, &after);
    }
    fuzz_require(after.count == before->count - 1, "one cookie less");
    for (unsigned i = 0; i < after.count; i++) {
        const struct http_cookie *old = &before->list[i < index ? i : i + 1];
        fuzz_require(is_same(&after.list[i], old), "the others stay");
    }
    http_message_clear(&message);
}

static void try_replacement(struct slice value, const struct cookies *before, struct slice name)
{
    struct http_message message;
    struct http_cookie_place place;
    struct cookies after;
    unsigned index = find_index(before, name);
    begin_fields(&message, value, HTTP_NAME_COOKIE);
    fuzz_require(http_cookie_find(&message.fields, HTTP_NAME_COOKIE, name, 0, &place), "found");
    fuzz_require(http_cookie_replace(&message.fields, &place, SLICE("new")) == RESULT_OK, "memory");
    walk(message.fields.entries[0].value, &after);
    fuzz_require(after.count == before->count, "as many cookies");
    for (unsigned i = 0; i < after.count; i++) {
        bool is_new = i == index && slice_equal(after.list[i].value, SLICE("new"));
        fuzz_require(is_new || is_same(&after.list[i], &before->list[i]), "the others stay");
    }
    http_message_clear(&message);
}

static void try_set_cookie(struct slice value)
{
    struct http_message message;
    struct http_cookie cookie;
    struct http_cookie_place place;
    struct slice attributes;
    if (!http_set_cookie_parse(value, &cookie, &attributes)) {
        return;
    }
    begin_fields(&message, value, HTTP_NAME_SET_COOKIE);
    fuzz_require(http_cookie_find(&message.fields, HTTP_NAME_SET_COOKIE, cookie.name, 0, &place),
                 "found");
    fuzz_require(http_cookie_replace(&message.fields, &place, SLICE("new")) == RESULT_OK, "memory");
    struct http_cookie changed;
    struct slice changed_attributes;
    fuzz_require(
        http_set_cookie_parse(message.fields.entries[0].value, &changed, &changed_attributes),
        "a cookie still");
    fuzz_require(slice_equal(changed.name, cookie.name) &&
                     slice_equal(changed.value, SLICE("new")) &&
                     slice_equal(changed_attributes, attributes),
                 "only the value changes");
    http_message_clear(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice value = slice_trim(slice_of((const char *)data, size));
    if (!http_is_value(value)) {
        return 0; /* no field has it */
    }
    struct cookies cookies;
    walk(value, &cookies);
    bool is_listed = cookies.count > 0 && cookies.count < COOKIES_MAX;
    for (unsigned i = 0; is_listed && i < cookies.count; i++) {
        if (cookies.list[i].value.data != NULL) {
            try_removal(value, &cookies, cookies.list[i].name);
            try_replacement(value, &cookies, cookies.list[i].name);
        }
    }
    try_set_cookie(value);
    fuzz_http_end();
    return 0;
}
