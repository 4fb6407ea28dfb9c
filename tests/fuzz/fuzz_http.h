/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets of HTTP share: a governor that lives as long as the process, an abort with
 * a reason, heads that are read, written and read again.
 */
#ifndef WEIR_TESTS_FUZZ_HTTP_H
#define WEIR_TESTS_FUZZ_HTTP_H

#include <stdio.h>
#include <stdlib.h>

#include "http/http1.h"
#include "memory/memory.h"

enum { FUZZ_REWRITE_BYTES = 65536, FUZZ_FIELDS_MAX = 101, FUZZ_NORMAL_BYTES = 16384 };

/* Fields that writing adds: Host, Content-Length, Transfer-Encoding, TE, Connection. */
enum { FUZZ_FIELDS_WRITTEN = 5 };

struct fuzz_http {
    struct memory *memory;
    struct chunk_source source;
    struct account account;
};

/* Ends the process when what must hold does not. */
static inline void fuzz_require(bool condition, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

/* The one governor of the process. */
static inline struct fuzz_http *fuzz_http(void)
{
    static struct fuzz_http http;
    if (http.memory == NULL) {
        struct memory_options options = {.workers = 1};
        fuzz_require(memory_create(&options, &http.memory) == RESULT_OK, "a governor");
        fuzz_require(chunk_source_init(&http.source, http.memory, FUZZ_NORMAL_BYTES, 0) ==
                         RESULT_OK,
                     "chunk pools");
        account_init(&http.account, memory_ledger(http.memory, 0), ACCOUNT_CLIENT, 0);
    }
    return &http;
}

/* After an input: nothing of it may be left. */
static inline void fuzz_http_end(void)
{
    fuzz_require(fuzz_http()->account.used == 0, "nothing is left of the input");
}

static inline void fuzz_message_init(struct http_message *message)
{
    struct fuzz_http *http = fuzz_http();
    http_message_init(message, &http->source, &http->account, FUZZ_REWRITE_BYTES, FUZZ_FIELDS_MAX);
}

/* A message for what was written: a few fields more than were read. */
static inline void fuzz_message_init_again(struct http_message *message)
{
    fuzz_message_init(message);
    message->fields_max += FUZZ_FIELDS_WRITTEN;
}

/* The end of a head must not depend on how the bytes come in. */
static inline enum result fuzz_find_head(struct slice bytes, size_t *length)
{
    size_t scanned = 0;
    enum result whole = http1_find_head(bytes, &scanned, length);
    size_t in_bytes = 0;
    enum result result = RESULT_BLOCKED;
    scanned = 0;
    for (size_t n = 0; n <= bytes.length && result == RESULT_BLOCKED; n++) {
        result = http1_find_head(slice_first(bytes, n), &scanned, &in_bytes);
        fuzz_require(result == RESULT_BLOCKED || in_bytes <= n, "no head beyond its bytes");
    }
    fuzz_require(result == whole, "the same head however it comes in");
    /* bytes that cannot become a head are complete as far as they are there */
    fuzz_require(whole != RESULT_OK || in_bytes <= *length, "the same end of a head");
    return whole;
}

/* Whether a field may differ from hop to hop. */
static inline bool fuzz_is_of_connection(const struct http_field *field)
{
    static const enum http_name ids[] = {
        HTTP_NAME_CONNECTION, HTTP_NAME_KEEP_ALIVE,        HTTP_NAME_PROXY_CONNECTION, HTTP_NAME_TE,
        HTTP_NAME_UPGRADE,    HTTP_NAME_TRANSFER_ENCODING, HTTP_NAME_CONTENT_LENGTH,
    };
    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        if (field->id == ids[i]) {
            return true;
        }
    }
    return field->id == HTTP_NAME_HOST &&
           field->value.length == 0; /* written where there is none */
}

/* The end-to-end fields of both must be the same, in order. */
static inline void fuzz_require_same_fields(const struct http_fields *a,
                                            const struct http_fields *b)
{
    uint16_t at = 0;
    for (uint16_t i = 0; i < a->count; i++) {
        if (fuzz_is_of_connection(&a->entries[i])) {
            continue;
        }
        while (at < b->count && fuzz_is_of_connection(&b->entries[at])) {
            at++;
        }
        fuzz_require(at < b->count, "no field is lost");
        fuzz_require(slice_equal(a->entries[i].name, b->entries[at].name) &&
                         slice_equal(a->entries[i].value, b->entries[at].value),
                     "fields stay what they are");
        at++;
    }
    while (at < b->count) {
        fuzz_require(fuzz_is_of_connection(&b->entries[at]), "no field comes in");
        at++;
    }
}

/* The framing of both must be the same. */
static inline void fuzz_require_same_framing(const struct http_message *a,
                                             const struct http_message *b)
{
    fuzz_require(a->body == b->body && a->content_length == b->content_length, "one framing");
    fuzz_require(a->wants_upgrade == b->wants_upgrade, "one upgrade");
    fuzz_require(a->te_trailers == b->te_trailers, "one TE");
}

/* Writes the head, and gives its bytes to be freed with free(). */
static inline struct slice fuzz_write_head(const struct http_message *message)
{
    struct fuzz_http *http = fuzz_http();
    struct chunk_queue queue = {0};
    struct http1_write_options options = {
        .chunked = message->body == HTTP_BODY_CHUNKED,
        .close = message->wants_close,
        .absolute_form = true,
    };
    fuzz_require(http1_write_head(message, &options, &queue, &http->source, &http->account) ==
                     RESULT_OK,
                 "memory for a head");
    char *bytes = malloc(queue.bytes);
    size_t length = chunk_queue_copy_out(&queue, bytes, queue.bytes);
    chunk_queue_clear(&queue);
    return slice_of(bytes, length);
}

#endif
