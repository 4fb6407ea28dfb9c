/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a request head, strictly: what a proxy should never let through is answered with 400 and
 * the reason, so that a test sees it. RFC 9112.
 */
#include "request.h"

#include <string.h>
#include <strings.h>

#include "plan.h"

struct text {
    const char *data;
    size_t length;
};

static bool text_is_nocase(struct text t, const char *word)
{
    return strlen(word) == t.length && strncasecmp(t.data, word, t.length) == 0;
}

/* Whether a comma-separated list holds `word`. */
static bool list_has(struct text list, const char *word)
{
    const char *at = list.data;
    const char *end = list.data + list.length;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma == NULL ? end : comma;
        struct text item = {at, (size_t)(stop - at)};
        while (item.length > 0 && (item.data[0] == ' ' || item.data[0] == '\t')) {
            item.data++;
            item.length--;
        }
        while (item.length > 0 && strchr(" \t", item.data[item.length - 1]) != NULL) {
            item.length--;
        }
        if (text_is_nocase(item, word)) {
            return true;
        }
        at = stop + 1;
    }
    return false;
}

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct text t)
{
    for (size_t i = 0; i < t.length; i++) {
        if (!is_token_char(t.data[i])) {
            return false;
        }
    }
    return t.length > 0;
}

size_t request_head_length(const char *data, size_t length)
{
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t)(end - data) + 4;
}

static const char *read_length(struct request *request, struct text value, bool *seen)
{
    uint64_t length = 0;
    if (value.length == 0) {
        return "empty Content-Length";
    }
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] < '0' || value.data[i] > '9' || length > UINT64_MAX / 16) {
            return "bad Content-Length";
        }
        length = length * 10 + (uint64_t)(value.data[i] - '0');
    }
    if (*seen) {
        return "repeated Content-Length";
    }
    *seen = true;
    request->body_length = length;
    return NULL;
}

static const char *read_field(struct request *request, struct text name, struct text value,
                              bool *length_seen)
{
    if (text_is_nocase(name, "content-length")) {
        return read_length(request, value, length_seen);
    }
    if (text_is_nocase(name, "transfer-encoding")) {
        if (request->chunked || !text_is_nocase(value, "chunked")) {
            return "bad Transfer-Encoding";
        }
        request->chunked = true;
    } else if (text_is_nocase(name, "connection")) {
        if (list_has(value, "close")) {
            request->keep_alive = false;
        } else if (list_has(value, "keep-alive")) {
            request->keep_alive = true;
        }
    } else if (text_is_nocase(name, "expect")) {
        request->expects_continue = text_is_nocase(value, "100-continue");
    } else if (text_is_nocase(name, "upgrade")) {
        request->upgrade = list_has(value, "echo");
    } else if (text_is_nocase(name, "sec-websocket-key")) {
        if (value.length >= WEBSOCKET_KEY_MAX) {
            return "long Sec-WebSocket-Key";
        }
        memcpy(request->websocket_key, value.data, value.length);
        request->websocket_key[value.length] = '\0';
    }
    return NULL;
}

static const char *read_fields(struct request *request, const char *at, const char *end)
{
    bool length_seen = false;
    while (at < end) {
        const char *line_end = memmem(at, (size_t)(end - at), "\r\n", 2);
        const char *colon = memchr(at, ':', (size_t)(line_end - at));
        if (colon == NULL) {
            return "a line without a colon";
        }
        struct text name = {at, (size_t)(colon - at)};
        struct text value = {colon + 1, (size_t)(line_end - colon - 1)};
        while (value.length > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
            value.data++;
            value.length--;
        }
        while (value.length > 0 && strchr(" \t", value.data[value.length - 1]) != NULL) {
            value.length--;
        }
        if (!is_token(name)) {
            return "a bad field name";
        }
        for (size_t i = 0; i < value.length; i++) {
            unsigned char c = (unsigned char)value.data[i];
            if ((c < ' ' && c != '\t') || c == 0x7f) {
                return "a control character in a field value";
            }
        }
        const char *wrong = read_field(request, name, value, &length_seen);
        if (wrong != NULL) {
            return wrong;
        }
        at = line_end + 2;
    }
    if (length_seen && request->chunked) {
        return "both Content-Length and Transfer-Encoding";
    }
    return NULL;
}

const char *request_read(struct request *request, const char *head, size_t length,
                         uint64_t default_size, struct buffer *extra)
{
    *request = (struct request){0};
    plan_read(&request->plan, "/", 1, default_size, extra);
    const char *line_end = memmem(head, length, "\r\n", 2);
    const char *space = memchr(head, ' ', (size_t)(line_end - head));
    if (space == NULL) {
        return "a bad request line";
    }
    const char *target = space + 1;
    const char *target_end = memchr(target, ' ', (size_t)(line_end - target));
    if (target_end == NULL || target_end == target ||
        !is_token((struct text){head, (size_t)(space - head)})) {
        return "a bad request line";
    }
    struct text version = {target_end + 1, (size_t)(line_end - target_end - 1)};
    request->old_version = text_is_nocase(version, "HTTP/1.0");
    if (!request->old_version && !text_is_nocase(version, "HTTP/1.1")) {
        return "a bad version";
    }
    struct text method = {head, (size_t)(space - head)};
    request->is_head = text_is_nocase(method, "HEAD");
    request->is_connect = text_is_nocase(method, "CONNECT");
    request->keep_alive = !request->old_version;
    plan_read(&request->plan, target, (size_t)(target_end - target), default_size, extra);
    const char *wrong = read_fields(request, line_end + 2, head + length - 2);
    if (request->is_connect || (request->upgrade && request->plan.service == SERVICE_OBJECT)) {
        request->plan.service = SERVICE_TUNNEL;
    }
    return wrong;
}
