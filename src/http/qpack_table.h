/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QPACK's static table (RFC 9204 A).
 */
#ifndef WEIR_HTTP_QPACK_TABLE_H
#define WEIR_HTTP_QPACK_TABLE_H

#include <stdint.h>

#include "base/slice.h"

enum { QPACK_STATIC_COUNT = 99 };

struct qpack_entry {
    struct slice name, value;
};

/* A name and the entries that have it, one behind the other. */
struct qpack_name {
    struct slice name;
    uint8_t first, count;
};

/* The entry of an index, or NULL. */
const struct qpack_entry *qpack_static_entry(uint64_t index);

/* The entries of a name that is no pseudo-field, letters folded; NULL: none. */
const struct qpack_name *qpack_static_name(struct slice name);

#endif
