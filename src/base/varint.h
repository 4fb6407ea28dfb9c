/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variable-length integers of QUIC and HTTP/3 (RFC 9000 16).
 */
#ifndef WEIR_BASE_VARINT_H
#define WEIR_BASE_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VARINT_MAX ((UINT64_C(1) << 62) - 1)

/* Bytes that `value` (at most VARINT_MAX) takes: 1, 2, 4 or 8. */
size_t varint_bytes(uint64_t value);

/* Writes `value` in its shortest form; the caller has room for varint_bytes(value). Returns
 * the end. */
uint8_t *varint_write(uint8_t *out, uint64_t value);

/* Writes `value` in exactly `bytes` (1, 2, 4 or 8) bytes, which it fits. Returns the end. */
uint8_t *varint_write_in(uint8_t *out, uint64_t value, size_t bytes);

/* Reads an integer and moves `*at` past it. False when `end` comes first; `*at` stays then. */
bool varint_read(const uint8_t **at, const uint8_t *end, uint64_t *value);

#endif
