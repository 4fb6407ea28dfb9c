/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QPACK (RFC 9204) with the static table: field sections read one line at a time, and written.
 *
 * The dynamic table has no capacity on either side (SETTINGS_QPACK_MAX_TABLE_CAPACITY 0): no memory
 * a connection, no stream that waits for another, and what is sent on the encoder stream is empty.
 */
#ifndef WEIR_HTTP_QPACK_H
#define WEIR_HTTP_QPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

/* Reads a section. Names and values are copied to `out`, as far as they are not the static table's.
 */
struct qpack_reader {
    const uint8_t *at, *end;
    char *out, *out_end;
};

/* Begins with a whole encoded section (RFC 9204 4.5). RESULT_INVALID: QPACK_DECOMPRESSION_FAILED.
 */
MUST_USE enum result qpack_read_begin(struct qpack_reader *reader, struct slice section, char *out,
                                      size_t room);

/* The next field line. RESULT_OK, RESULT_END, RESULT_INVALID (QPACK_DECOMPRESSION_FAILED),
 * RESULT_FULL (no room). */
MUST_USE enum result qpack_read_field(struct qpack_reader *reader, struct slice *name,
                                      struct slice *value);

/* Writes a section into a fixed room; `at` becomes NULL when it is too small. */
struct qpack_writer {
    char *at, *end;
};

/* Begins a section; the prefix stands in it. */
void qpack_write_begin(struct qpack_writer *writer, char *out, size_t room);
/* :status. */
void qpack_write_status(struct qpack_writer *writer, unsigned status);

/* Writes a field, its name in lower case. Secrets are marked never to be indexed (7.1). */
void qpack_write_field(struct qpack_writer *writer, struct slice name, struct slice value);

/* Bytes that a field takes at most. */
size_t qpack_field_bytes_max(struct slice name, struct slice value);

enum { QPACK_SECTION_BYTES_MIN = 2 + 6 }; /* prefix and status */

#endif
