/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Huffman code of HPACK and QPACK (RFC 7541 5.2, B).
 */
#ifndef WEIR_HTTP_HUFFMAN_H
#define WEIR_HTTP_HUFFMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define HUFFMAN_INVALID SIZE_MAX

/* Bytes that `coded` may decode to at most. */
static inline size_t huffman_decoded_max(size_t coded)
{
    enum { BITS = 8, SHORTEST = 5 };
    return coded * BITS / SHORTEST + 1;
}

/* Decodes into `out`; returns the bytes written, or HUFFMAN_INVALID: not a coding, or no room. */
size_t huffman_decode(struct slice bytes, char *out, size_t room);

/* Bytes that `text` takes when coded. */
size_t huffman_bytes(struct slice text);

/* Codes `text` into `out`, which has room for huffman_bytes(text). Returns the end. */
char *huffman_encode(struct slice text, char *out);

#endif
