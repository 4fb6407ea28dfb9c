/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures: values of a message kept for the log and for capture.* fetches. A frontend declares
 * slots (`capture request header`, `capture response header`, `declare capture`, `http-request
 * capture … len`), in order; a stream fills them.
 *
 * What bounds it: each slot has a length, the number of slots is the configuration's; texts live in
 * the stream's arena.
 */
#ifndef WEIR_RULES_CAPTURE_H
#define WEIR_RULES_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "http/message.h"
#include "memory/arena.h"
#include "memory/memory.h"
#include "rules/context.h"

/* Bytes of the request line that are kept for the log (%r) unless tune.http.logurilen says
 * otherwise. */
enum { CAPTURE_REQUEST_LINE_BYTES = 1023 };

/* One slot. */
struct capture_settings {
    const char *name; /* of the header; NULL: filled by a rule */
    uint16_t bytes_max;
};

/* The slots of one frontend. Zero-initialized has none. */
struct capture_declarations {
    struct capture_settings *request, *response;
    unsigned request_count, response_count;
    unsigned request_referred, response_referred; /* 1 + the highest id that a rule names */
    const char *cookie_name; /* capture cookie: the beginning of its name, "name=" for exactly it;
                                NULL: none */
    uint16_t cookie_bytes_max;
};

/* Adds a slot; `name` is copied (NULL: declared without a header). `*id` is its number, counted
 * from 0. RESULT_NO_MEMORY. */
MUST_USE enum result capture_declare(struct capture_declarations *declarations,
                                     struct account *account, bool is_response, const char *name,
                                     uint16_t bytes_max, unsigned *id);

/* Notes that a rule names slot `id`, which may be declared further on: once everything is read,
 * *_referred above *_count means "unable to find capture id". */
void capture_refer(struct capture_declarations *declarations, bool is_response, unsigned id);

/* Sets the one captured cookie; `name` is copied. RESULT_FULL: there is one already. */
MUST_USE enum result capture_declare_cookie(struct capture_declarations *declarations,
                                            struct account *account, const char *name,
                                            uint16_t bytes_max);

/* Releases what the declarations took. */
void capture_declarations_deinit(struct capture_declarations *declarations,
                                 struct account *account);

/* Takes empty slots for one stream from `arena`. RESULT_NO_MEMORY leaves it without any (nothing is
 * captured). */
MUST_USE enum result captures_begin(struct captures *captures,
                                    const struct capture_declarations *declarations,
                                    struct arena *arena);

/* Keeps the request line as it came ("GET /x HTTP/1.1", at most `bytes_max` bytes) for %r, %HU… and
 * capture.req.*. */
void captures_fill_request_line(struct captures *captures, const struct http_message *request,
                                size_t bytes_max, struct arena *arena);

/* Fills the header slots and the cookie of one message: the last value of each header, cut at the
 * slot's length. */
void captures_fill_message(struct captures *captures, const struct http_message *message,
                           struct arena *arena);

/* Puts `value` (cut at the slot's length) in slot `id`. RESULT_NOT_FOUND: the frontend has no such
 * slot. RESULT_NO_MEMORY. */
MUST_USE enum result captures_set(struct captures *captures, bool is_response, unsigned id,
                                  struct slice value, struct arena *arena);

#endif
