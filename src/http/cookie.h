/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cookies (RFC 6265): finding one in a request's Cookie fields or a response's Set-Cookie, taking
 * it out, giving it another value, building a Set-Cookie. Values are left as they are sent, quotes
 * included. As in HAProxy, ',' ends a cookie like ';' does, except inside quotes.
 *
 * Changes are copies in the message's arena; its cap bounds them.
 */
#ifndef WEIR_HTTP_COOKIE_H
#define WEIR_HTTP_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "http/fields.h"

/* One name=value, borrowed from a field's value. */
struct http_cookie {
    struct slice name;
    struct slice value; /* data NULL when there is no '=' */
};

/* Cuts the next cookie off the value of a Cookie field. Empty pieces are skipped. False: no more.
 */
bool http_cookie_next(struct slice *rest, struct http_cookie *cookie);

/* The cookie of a Set-Cookie field's value, its attributes ("path=/; secure") in `attributes`.
 * False when it has no name. */
bool http_set_cookie_parse(struct slice field_value, struct http_cookie *cookie,
                           struct slice *attributes);

/* Where a cookie stands: valid until the fields change. */
struct http_cookie_place {
    uint16_t index; /* of the field */
    struct http_cookie cookie;
};

/*
 * Finds the first cookie `name` (case matters) in the fields of `id`, HTTP_NAME_COOKIE or
 * HTTP_NAME_SET_COOKIE, at or after field `from`. False when there is none.
 */
bool http_cookie_find(const struct http_fields *fields, enum http_name id, struct slice name,
                      uint16_t from, struct http_cookie_place *place);

/*
 * Takes the cookie out of its field, with its separator; the field goes when nothing is left. A
 * Set-Cookie field always goes. Results as http_fields_replace.
 */
MUST_USE enum result http_cookie_remove(struct http_fields *fields,
                                        const struct http_cookie_place *place);

/* Gives the cookie another value where it stands. Results as http_fields_replace. */
MUST_USE enum result http_cookie_replace(struct http_fields *fields,
                                         const struct http_cookie_place *place, struct slice value);

/* What a Set-Cookie says. Empty slices are left out. */
struct http_set_cookie {
    struct slice name;
    struct slice value;
    struct slice expires; /* a date as it is written */
    struct slice path;
    struct slice domain;
    bool is_http_only;
    bool is_secure;
    struct slice attributes; /* others, as they are written */
};

/* Appends the value of a Set-Cookie field in HAProxy's order: name=value; Expires; path; domain;
 * HttpOnly; Secure; others. */
void http_set_cookie_append(struct text *text, const struct http_set_cookie *cookie);

#endif
