/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunked bodies: the same bytes, trailers, end or refusal in one piece, byte by byte and at splits
 * that the input chooses; and what is chunked anew decodes to the same.
 */
#include "fuzz_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DECODED_MAX = 1 << 20, SPLITS_MAX = 8 };

struct decoder {
    struct http1_body body;
    struct arena arena;
    struct http_fields trailers;
    size_t consumed;
    size_t decoded;
    char *bytes;
    enum result result; /* RESULT_OK: complete */
};

static void begin(struct decoder *decoder, size_t size)
{
    struct fuzz_http *http = fuzz_http();
    struct http_message message = {.body = HTTP_BODY_CHUNKED};
    *decoder = (struct decoder){.result = RESULT_BLOCKED, .bytes = malloc(size + 1)};
    http1_body_begin(&decoder->body, &message);
    arena_init(&decoder->arena, &http->source, &http->account, FUZZ_REWRITE_BYTES);
    http_fields_init(&decoder->trailers, &decoder->arena, FUZZ_FIELDS_MAX);
}

static void end(struct decoder *decoder)
{
    arena_clear(&decoder->arena);
    free(decoder->bytes);
}

static bool step(struct decoder *decoder, struct slice bytes)
{
    struct slice rest = slice_skip(bytes, decoder->consumed);
    size_t skip = 0;
    size_t data = 0;
    if (decoder->body.state == HTTP1_BODY_TRAILERS) {
        decoder->result = http1_parse_trailers(&decoder->body, rest, &decoder->trailers, &skip);
        decoder->consumed += decoder->result == RESULT_OK ? skip : 0;
        return false;
    }
    enum result result = http1_body_next(&decoder->body, rest, &skip, &data);
    if (result == RESULT_INVALID) {
        decoder->result = result;
        return false;
    }
    fuzz_require(skip + data <= rest.length, "no more than there is");
    fuzz_require((result == RESULT_OK) == (data > 0), "data and only data are RESULT_OK");
    if (data > 0) {
        memcpy(decoder->bytes + decoder->decoded, rest.data + skip, data);
    }
    decoder->decoded += data;
    decoder->consumed += skip + data;
    return result != RESULT_BLOCKED;
}

/* Goes on with the first `available` bytes. */
static void decode(struct decoder *decoder, struct slice bytes, size_t available)
{
    bool goes_on = decoder->result == RESULT_BLOCKED;
    while (goes_on) {
        goes_on = step(decoder, slice_first(bytes, available));
    }
}

static void require_same(const struct decoder *a, const struct decoder *b)
{
    fuzz_require(a->result == b->result, "one result");
    fuzz_require(a->decoded == b->decoded && memcmp(a->bytes, b->bytes, a->decoded) == 0,
                 "one content");
    fuzz_require(a->result == RESULT_INVALID || a->consumed == b->consumed, "one end");
    fuzz_require_same_fields(&a->trailers, &b->trailers);
}

static void require_same_again(const struct decoder *decoder)
{
    struct fuzz_http *http = fuzz_http();
    struct chunk_queue queue = {0};
    char line[HTTP1_CHUNK_HEADER_MAX];
    enum result result = RESULT_OK;
    if (decoder->decoded > 0) {
        struct slice pieces[] = {
            slice_of(line, http1_write_chunk_header(line, decoder->decoded)),
            slice_of(decoder->bytes, decoder->decoded),
            SLICE("\r\n"),
        };
        for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]) && result == RESULT_OK; i++) {
            result = chunk_queue_append_copy(&queue, &http->source, &http->account, pieces[i]);
        }
    }
    fuzz_require(result == RESULT_OK &&
                     http1_write_last_chunk(&decoder->trailers, &queue, &http->source,
                                            &http->account) == RESULT_OK,
                 "memory for a body");
    size_t length = queue.bytes;
    char *bytes = malloc(length);
    (void)chunk_queue_copy_out(&queue, bytes, length);
    chunk_queue_clear(&queue);
    struct decoder again;
    begin(&again, length);
    decode(&again, slice_of(bytes, length), length);
    fuzz_require(again.result == RESULT_OK && again.consumed == length, "one whole body");
    fuzz_require(again.decoded == decoder->decoded &&
                     memcmp(again.bytes, decoder->bytes, again.decoded) == 0,
                 "one content");
    fuzz_require_same_fields(&decoder->trailers, &again.trailers);
    end(&again);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned splits = size > 0 ? data[0] % SPLITS_MAX : 0;
    if (size < 1 + splits || size > DECODED_MAX) {
        return 0;
    }
    struct slice bytes = slice_of((const char *)data + 1 + splits, size - 1 - splits);
    struct decoder whole;
    struct decoder bytewise;
    struct decoder split;
    begin(&whole, bytes.length);
    begin(&bytewise, bytes.length);
    begin(&split, bytes.length);
    decode(&whole, bytes, bytes.length);
    for (size_t n = 0; n <= bytes.length; n++) {
        decode(&bytewise, bytes, n);
    }
    size_t at = 0;
    for (unsigned i = 0; i < splits; i++) {
        at += data[1 + i];
        decode(&split, bytes, at < bytes.length ? at : bytes.length);
    }
    decode(&split, bytes, bytes.length);
    require_same(&whole, &bytewise);
    require_same(&whole, &split);
    if (whole.result == RESULT_OK) {
        require_same_again(&whole);
    }
    end(&whole);
    end(&bytewise);
    end(&split);
    fuzz_http_end();
    return 0;
}
