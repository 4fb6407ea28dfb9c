/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that HTTP defines: field names, methods, statuses (RFC 9110 9, 15, 18.4).
 * The hard idea: a name's length nearly decides which one it is, so that the tables are grouped by
 * length and a look-up compares with one, two or three candidates. Constant tables, no memory.
 */
#include "http/chars.h"
#include "http/fields.h"
#include "http/message.h"

/* One name, in small letters for fields. */
struct known_name {
    struct slice text;
    int id;
};

/* Where the names of one length are in a table that is sorted by length. */
struct length_group {
    uint8_t first;
    uint8_t count;
};

static const struct known_name FIELD_NAMES[] = {
    {SLICE("te"), HTTP_NAME_TE},
    {SLICE("host"), HTTP_NAME_HOST},
    {SLICE("date"), HTTP_NAME_DATE},
    {SLICE("cookie"), HTTP_NAME_COOKIE},
    {SLICE("expect"), HTTP_NAME_EXPECT},
    {SLICE("upgrade"), HTTP_NAME_UPGRADE},
    {SLICE("trailer"), HTTP_NAME_TRAILER},
    {SLICE("connection"), HTTP_NAME_CONNECTION},
    {SLICE("set-cookie"), HTTP_NAME_SET_COOKIE},
    {SLICE("keep-alive"), HTTP_NAME_KEEP_ALIVE},
    {SLICE("cache-control"), HTTP_NAME_CACHE_CONTROL},
    {SLICE("authorization"), HTTP_NAME_AUTHORIZATION},
    {SLICE("content-length"), HTTP_NAME_CONTENT_LENGTH},
    {SLICE("proxy-connection"), HTTP_NAME_PROXY_CONNECTION},
    {SLICE("transfer-encoding"), HTTP_NAME_TRANSFER_ENCODING},
};

/* By the length of a field name. */
static const struct length_group FIELD_GROUPS[] = {
    [2] = {0, 1},   [4] = {1, 2},   [6] = {3, 2},   [7] = {5, 2},   [10] = {7, 3},
    [13] = {10, 2}, [14] = {12, 1}, [16] = {13, 1}, [17] = {14, 1},
};

_Static_assert(sizeof(FIELD_NAMES) / sizeof(FIELD_NAMES[0]) == HTTP_NAMES - 1,
               "each name has its row");

enum { FIELD_GROUPS_COUNT = sizeof(FIELD_GROUPS) / sizeof(FIELD_GROUPS[0]) };

/* Folds a tchar: letters to small ones; '-' stays, and no other tchar becomes a letter of a name.
 */
static bool equals_folded(const char *name, struct slice lower)
{
    for (size_t i = 0; i < lower.length; i++) {
        if (ascii_lower(name[i]) != lower.data[i]) {
            return false;
        }
    }
    return true;
}

enum http_name http_name_find(struct slice name)
{
    if (name.length >= FIELD_GROUPS_COUNT) {
        return HTTP_NAME_OTHER;
    }
    const struct length_group group = FIELD_GROUPS[name.length];
    for (unsigned i = group.first; i < (unsigned)group.first + group.count; i++) {
        if (equals_folded(name.data, FIELD_NAMES[i].text)) {
            return (enum http_name)FIELD_NAMES[i].id;
        }
    }
    return HTTP_NAME_OTHER;
}

/* ---- methods ---- */

static const struct slice METHOD_NAMES[HTTP_METHODS] = {
    [HTTP_METHOD_OTHER] = SLICE(""),          [HTTP_METHOD_GET] = SLICE("GET"),
    [HTTP_METHOD_HEAD] = SLICE("HEAD"),       [HTTP_METHOD_POST] = SLICE("POST"),
    [HTTP_METHOD_PUT] = SLICE("PUT"),         [HTTP_METHOD_DELETE] = SLICE("DELETE"),
    [HTTP_METHOD_OPTIONS] = SLICE("OPTIONS"), [HTTP_METHOD_TRACE] = SLICE("TRACE"),
    [HTTP_METHOD_CONNECT] = SLICE("CONNECT"), [HTTP_METHOD_PATCH] = SLICE("PATCH"),
};

enum http_method http_method_find(struct slice name)
{
    for (unsigned i = HTTP_METHOD_GET; i < HTTP_METHODS; i++) {
        if (slice_equal(name, METHOD_NAMES[i])) {
            return (enum http_method)i;
        }
    }
    return HTTP_METHOD_OTHER;
}

struct slice http_method_name(enum http_method method)
{
    return METHOD_NAMES[method];
}

/* ---- statuses ---- */

struct status_reason {
    uint16_t status;
    struct slice reason;
};

static const struct status_reason STATUS_REASONS[] = {
    {100, SLICE("Continue")},
    {101, SLICE("Switching Protocols")},
    {102, SLICE("Processing")},
    {103, SLICE("Early Hints")},
    {200, SLICE("OK")},
    {201, SLICE("Created")},
    {202, SLICE("Accepted")},
    {203, SLICE("Non-Authoritative Information")},
    {204, SLICE("No Content")},
    {205, SLICE("Reset Content")},
    {206, SLICE("Partial Content")},
    {207, SLICE("Multi-Status")},
    {210, SLICE("Content Different")},
    {226, SLICE("IM Used")},
    {300, SLICE("Multiple Choices")},
    {301, SLICE("Moved Permanently")},
    {302, SLICE("Moved Temporarily")},
    {303, SLICE("See Other")},
    {304, SLICE("Not Modified")},
    {305, SLICE("Use Proxy")},
    {307, SLICE("Temporary Redirect")},
    {308, SLICE("Permanent Redirect")},
    {310, SLICE("Too many Redirects")},
    {400, SLICE("Bad Request")},
    {401, SLICE("Unauthorized")},
    {402, SLICE("Payment Required")},
    {403, SLICE("Forbidden")},
    {404, SLICE("Not Found")},
    {405, SLICE("Method Not Allowed")},
    {406, SLICE("Not Acceptable")},
    {407, SLICE("Proxy Authentication Required")},
    {408, SLICE("Request Time-out")},
    {409, SLICE("Conflict")},
    {410, SLICE("Gone")},
    {411, SLICE("Length Required")},
    {412, SLICE("Precondition Failed")},
    {413, SLICE("Request Entity Too Large")},
    {414, SLICE("Request-URI Too Long")},
    {415, SLICE("Unsupported Media Type")},
    {416, SLICE("Requested range unsatisfiable")},
    {417, SLICE("Expectation failed")},
    {418, SLICE("I'm a teapot")},
    {421, SLICE("Misdirected Request")},
    {422, SLICE("Unprocessable Content")},
    {423, SLICE("Locked")},
    {424, SLICE("Method failure")},
    {425, SLICE("Too Early")},
    {426, SLICE("Upgrade Required")},
    {428, SLICE("Precondition Required")},
    {429, SLICE("Too Many Requests")},
    {431, SLICE("Request Header Fields Too Large")},
    {449, SLICE("Retry With")},
    {450, SLICE("Blocked by Windows Parental Controls")},
    {451, SLICE("Unavailable For Legal Reasons")},
    {456, SLICE("Unrecoverable Error")},
    {499, SLICE("client has closed connection")},
    {500, SLICE("Internal Server Error")},
    {501, SLICE("Not Implemented")},
    {502, SLICE("Bad Gateway or Proxy Error")},
    {503, SLICE("Service Unavailable")},
    {504, SLICE("Gateway Time-out")},
    {505, SLICE("HTTP Version not supported")},
    {506, SLICE("Variant also negotiate")},
    {507, SLICE("Insufficient storage")},
    {508, SLICE("Loop detected")},
    {509, SLICE("Bandwidth Limit Exceeded")},
    {510, SLICE("Not extended")},
    {511, SLICE("Network authentication required")},
    {520, SLICE("Web server is returning an unknown error")},
};

enum {
    STATUS_REASONS_COUNT = sizeof(STATUS_REASONS) / sizeof(STATUS_REASONS[0]),
    STATUSES_IN_CLASS = 100,
};

/* Words for a status that has no registered phrase. */
static struct slice reason_of_class(unsigned class)
{
    static const struct slice classes[] = {
        SLICE("Other"),       SLICE("Informational"), SLICE("Success"),
        SLICE("Redirection"), SLICE("Client Error"),  SLICE("Server Error"),
    };
    return class < sizeof(classes) / sizeof(classes[0]) ? classes[class] : classes[0];
}

struct slice http_status_reason(uint16_t status)
{
    unsigned low = 0;
    unsigned high = STATUS_REASONS_COUNT;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (STATUS_REASONS[middle].status == status) {
            return STATUS_REASONS[middle].reason;
        }
        if (STATUS_REASONS[middle].status < status) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return reason_of_class(status / STATUSES_IN_CLASS);
}
