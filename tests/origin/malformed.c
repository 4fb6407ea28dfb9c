/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Malformed responses, by name: what a proxy should answer with 502 (or cut, where the head was
 * good and the body is not). Each is whole in itself and ends the connection.
 */
#include <string.h>

#include "origin.h"

#define LONG_HEAD_BYTES (1U << 20)

#define OK "HTTP/1.1 200 OK\r\n"

struct malformed_response {
    const char *bytes;
    size_t length;
};

#define RESPONSE(literal)            \
    {                                \
        literal, sizeof(literal) - 1 \
    }

static const struct malformed_response responses[] = {
    [BAD_STATUS] = RESPONSE("HELLO 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    [BAD_VERSION] = RESPONSE("HTTP/9.9 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    [BAD_NAME] = RESPONSE(OK "X Bad: 1\r\nContent-Length: 5\r\n\r\nhello"),
    [BAD_COLON] = RESPONSE(OK "X-Bad : 1\r\nContent-Length: 5\r\n\r\nhello"),
    [BAD_NUL] = RESPONSE(OK "X-Bad: a\0b\r\nContent-Length: 5\r\n\r\nhello"),
    [BAD_LENGTH] = RESPONSE(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    [BAD_SIGN] = RESPONSE(OK "Content-Length: +5\r\n\r\nhello"),
    [BAD_BOTH] = RESPONSE(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "5\r\nhello\r\n0\r\n\r\n"),
    [BAD_CODING] = RESPONSE(OK "Transfer-Encoding: rot13\r\n\r\nuryyb"),
    [BAD_FOLD] = RESPONSE(OK "X-Bad: a\r\n b\r\nContent-Length: 5\r\n\r\nhello"),
    [BAD_LF] = RESPONSE("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"),
    [BAD_CR] = RESPONSE(OK "X-Bad: a\rb\r\nContent-Length: 5\r\n\r\nhello"),
    [BAD_CHUNK] = RESPONSE(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n\r\n"),
};

bool malformed_head(struct connection *c)
{
    enum malformed kind = c->request.plan.malformed;
    if (kind == BAD_NOTHING) {
        return false;
    }
    if (kind == BAD_LONG) {
        buffer_append_string(&c->out, OK "X-Long: ");
        memset(buffer_reserve(&c->out, LONG_HEAD_BYTES), 'a', LONG_HEAD_BYTES);
        c->out.end += LONG_HEAD_BYTES;
        buffer_append_string(&c->out, "\r\nContent-Length: 5\r\n\r\nhello");
    } else {
        buffer_append(&c->out, responses[kind].bytes, responses[kind].length);
    }
    c->keep = false;
    c->limit = 0;
    return true;
}
