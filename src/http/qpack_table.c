/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QPACK's static table (RFC 9204 A): by index for what is received, and by name for what is sent.
 * Names are sorted by length, so that a name is compared with the few that are as long.
 * Pseudo-fields are written by number and not looked up. Constant.
 */
#include "http/qpack_table.h"

static const struct qpack_entry ENTRIES[QPACK_STATIC_COUNT] = {
    {SLICE(":authority"), SLICE("")},
    {SLICE(":path"), SLICE("/")},
    {SLICE("age"), SLICE("0")},
    {SLICE("content-disposition"), SLICE("")},
    {SLICE("content-length"), SLICE("0")},
    {SLICE("cookie"), SLICE("")},
    {SLICE("date"), SLICE("")},
    {SLICE("etag"), SLICE("")},
    {SLICE("if-modified-since"), SLICE("")},
    {SLICE("if-none-match"), SLICE("")},
    {SLICE("last-modified"), SLICE("")},
    {SLICE("link"), SLICE("")},
    {SLICE("location"), SLICE("")},
    {SLICE("referer"), SLICE("")},
    {SLICE("set-cookie"), SLICE("")},
    {SLICE(":method"), SLICE("CONNECT")},
    {SLICE(":method"), SLICE("DELETE")},
    {SLICE(":method"), SLICE("GET")},
    {SLICE(":method"), SLICE("HEAD")},
    {SLICE(":method"), SLICE("OPTIONS")},
    {SLICE(":method"), SLICE("POST")},
    {SLICE(":method"), SLICE("PUT")},
    {SLICE(":scheme"), SLICE("http")},
    {SLICE(":scheme"), SLICE("https")},
    {SLICE(":status"), SLICE("103")},
    {SLICE(":status"), SLICE("200")},
    {SLICE(":status"), SLICE("304")},
    {SLICE(":status"), SLICE("404")},
    {SLICE(":status"), SLICE("503")},
    {SLICE("accept"), SLICE("*/*")},
    {SLICE("accept"), SLICE("application/dns-message")},
    {SLICE("accept-encoding"), SLICE("gzip, deflate, br")},
    {SLICE("accept-ranges"), SLICE("bytes")},
    {SLICE("access-control-allow-headers"), SLICE("cache-control")},
    {SLICE("access-control-allow-headers"), SLICE("content-type")},
    {SLICE("access-control-allow-origin"), SLICE("*")},
    {SLICE("cache-control"), SLICE("max-age=0")},
    {SLICE("cache-control"), SLICE("max-age=2592000")},
    {SLICE("cache-control"), SLICE("max-age=604800")},
    {SLICE("cache-control"), SLICE("no-cache")},
    {SLICE("cache-control"), SLICE("no-store")},
    {SLICE("cache-control"), SLICE("public, max-age=31536000")},
    {SLICE("content-encoding"), SLICE("br")},
    {SLICE("content-encoding"), SLICE("gzip")},
    {SLICE("content-type"), SLICE("application/dns-message")},
    {SLICE("content-type"), SLICE("application/javascript")},
    {SLICE("content-type"), SLICE("application/json")},
    {SLICE("content-type"), SLICE("application/x-www-form-urlencoded")},
    {SLICE("content-type"), SLICE("image/gif")},
    {SLICE("content-type"), SLICE("image/jpeg")},
    {SLICE("content-type"), SLICE("image/png")},
    {SLICE("content-type"), SLICE("text/css")},
    {SLICE("content-type"), SLICE("text/html; charset=utf-8")},
    {SLICE("content-type"), SLICE("text/plain")},
    {SLICE("content-type"), SLICE("text/plain;charset=utf-8")},
    {SLICE("range"), SLICE("bytes=0-")},
    {SLICE("strict-transport-security"), SLICE("max-age=31536000")},
    {SLICE("strict-transport-security"), SLICE("max-age=31536000; includesubdomains")},
    {SLICE("strict-transport-security"), SLICE("max-age=31536000; includesubdomains; preload")},
    {SLICE("vary"), SLICE("accept-encoding")},
    {SLICE("vary"), SLICE("origin")},
    {SLICE("x-content-type-options"), SLICE("nosniff")},
    {SLICE("x-xss-protection"), SLICE("1; mode=block")},
    {SLICE(":status"), SLICE("100")},
    {SLICE(":status"), SLICE("204")},
    {SLICE(":status"), SLICE("206")},
    {SLICE(":status"), SLICE("302")},
    {SLICE(":status"), SLICE("400")},
    {SLICE(":status"), SLICE("403")},
    {SLICE(":status"), SLICE("421")},
    {SLICE(":status"), SLICE("425")},
    {SLICE(":status"), SLICE("500")},
    {SLICE("accept-language"), SLICE("")},
    {SLICE("access-control-allow-credentials"), SLICE("FALSE")},
    {SLICE("access-control-allow-credentials"), SLICE("TRUE")},
    {SLICE("access-control-allow-headers"), SLICE("*")},
    {SLICE("access-control-allow-methods"), SLICE("get")},
    {SLICE("access-control-allow-methods"), SLICE("get, post, options")},
    {SLICE("access-control-allow-methods"), SLICE("options")},
    {SLICE("access-control-expose-headers"), SLICE("content-length")},
    {SLICE("access-control-request-headers"), SLICE("content-type")},
    {SLICE("access-control-request-method"), SLICE("get")},
    {SLICE("access-control-request-method"), SLICE("post")},
    {SLICE("alt-svc"), SLICE("clear")},
    {SLICE("authorization"), SLICE("")},
    {SLICE("content-security-policy"),
     SLICE("script-src 'none'; object-src 'none'; base-uri 'none'")},
    {SLICE("early-data"), SLICE("1")},
    {SLICE("expect-ct"), SLICE("")},
    {SLICE("forwarded"), SLICE("")},
    {SLICE("if-range"), SLICE("")},
    {SLICE("origin"), SLICE("")},
    {SLICE("purpose"), SLICE("prefetch")},
    {SLICE("server"), SLICE("")},
    {SLICE("timing-allow-origin"), SLICE("*")},
    {SLICE("upgrade-insecure-requests"), SLICE("1")},
    {SLICE("user-agent"), SLICE("")},
    {SLICE("x-forwarded-for"), SLICE("")},
    {SLICE("x-frame-options"), SLICE("deny")},
    {SLICE("x-frame-options"), SLICE("sameorigin")},
};

/* Names without pseudo-fields, by length. */
static const struct qpack_name NAMES[] = {
    {SLICE("age"), 2, 1},
    {SLICE("date"), 6, 1},
    {SLICE("etag"), 7, 1},
    {SLICE("link"), 11, 1},
    {SLICE("vary"), 59, 2},
    {SLICE("range"), 55, 1},
    {SLICE("accept"), 29, 2},
    {SLICE("cookie"), 5, 1},
    {SLICE("origin"), 90, 1},
    {SLICE("server"), 92, 1},
    {SLICE("alt-svc"), 83, 1},
    {SLICE("purpose"), 91, 1},
    {SLICE("referer"), 13, 1},
    {SLICE("if-range"), 89, 1},
    {SLICE("location"), 12, 1},
    {SLICE("expect-ct"), 87, 1},
    {SLICE("forwarded"), 88, 1},
    {SLICE("early-data"), 86, 1},
    {SLICE("set-cookie"), 14, 1},
    {SLICE("user-agent"), 95, 1},
    {SLICE("content-type"), 44, 11},
    {SLICE("accept-ranges"), 32, 1},
    {SLICE("authorization"), 84, 1},
    {SLICE("cache-control"), 36, 6},
    {SLICE("if-none-match"), 9, 1},
    {SLICE("last-modified"), 10, 1},
    {SLICE("content-length"), 4, 1},
    {SLICE("accept-encoding"), 31, 1},
    {SLICE("accept-language"), 72, 1},
    {SLICE("x-forwarded-for"), 96, 1},
    {SLICE("x-frame-options"), 97, 2},
    {SLICE("content-encoding"), 42, 2},
    {SLICE("x-xss-protection"), 62, 1},
    {SLICE("if-modified-since"), 8, 1},
    {SLICE("content-disposition"), 3, 1},
    {SLICE("timing-allow-origin"), 93, 1},
    {SLICE("x-content-type-options"), 61, 1},
    {SLICE("content-security-policy"), 85, 1},
    {SLICE("strict-transport-security"), 56, 3},
    {SLICE("upgrade-insecure-requests"), 94, 1},
    {SLICE("access-control-allow-origin"), 35, 1},
    {SLICE("access-control-allow-headers"), 33, 2},
    {SLICE("access-control-allow-methods"), 76, 3},
    {SLICE("access-control-expose-headers"), 79, 1},
    {SLICE("access-control-request-method"), 81, 2},
    {SLICE("access-control-request-headers"), 80, 1},
    {SLICE("access-control-allow-credentials"), 73, 2},
};

enum { NAME_BYTES_MAX = 32 };

/* Where the names of each length begin; one more at the end. */
static const uint8_t STARTS[NAME_BYTES_MAX + 2] = {
    0,  0,  0,  0,  1,  5,  6,  10, 13, 15, 17, 20, 20, 21, 26, 27, 31,
    33, 34, 34, 36, 36, 36, 37, 38, 38, 40, 40, 41, 43, 45, 46, 46, 47,
};

const struct qpack_entry *qpack_static_entry(uint64_t index)
{
    return index < QPACK_STATIC_COUNT ? &ENTRIES[index] : NULL;
}

const struct qpack_name *qpack_static_name(struct slice name)
{
    if (name.length > NAME_BYTES_MAX) {
        return NULL;
    }
    for (unsigned i = STARTS[name.length]; i < STARTS[name.length + 1]; i++) {
        if (slice_equal_nocase(NAMES[i].name, name)) {
            return &NAMES[i];
        }
    }
    return NULL;
}
