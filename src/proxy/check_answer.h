/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to an HTTP health check: collected from bytes and judged by what is expected. No I/O.
 *
 * What bounds it: a head within one chunk, and of the body (only where it matters) one chunk; the
 * rest is not looked at.
 */
#ifndef WEIR_PROXY_CHECK_ANSWER_H
#define WEIR_PROXY_CHECK_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "http/http1.h"
#include "http/message.h"
#include "memory/arena.h"
#include "memory/chunk.h"
#include "proxy/check_status.h"
#include "proxy/settings.h"
#include "rules/regex.h"

struct check_answer {
    const struct http_check_settings *expected;
    const struct regex *pattern; /* of rstatus and rstring */
    struct arena *scratch;       /* for searching */
    struct chunk_source *chunks;
    struct account *account;
    struct http_message message;
    struct http1_body framing;
    struct chunk *body; /* decoded bytes, NULL: none yet */
    size_t scanned;     /* of an incomplete head */
    bool has_head;
    /* the judgement */
    enum check_status status;
    uint16_t code;     /* HTTP status, 0: none */
    struct slice text; /* why it failed, or empty; valid until check_answer_end */
};

/* Begins to wait for an answer. No memory is taken yet; `account` pays. */
void check_answer_begin(struct check_answer *answer, const struct http_check_settings *expected,
                        const struct regex *pattern, struct arena *scratch,
                        struct chunk_source *chunks, struct account *account);

/*
 * Takes the bytes of `input` as far as they are understood; `has_ended`: no more will come.
 * RESULT_OK: judged. RESULT_BLOCKED: more bytes are needed. RESULT_NO_MEMORY.
 */
MUST_USE enum result check_answer_receive(struct check_answer *answer, struct chunk_queue *input,
                                          bool has_ended);

/* Gives back what the answer held. */
void check_answer_end(struct check_answer *answer);

#endif
