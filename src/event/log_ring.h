/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of log lines in memory (`ring@name`, read by `show events`): the newest lines of a fixed
 * number of bytes. Writing evicts the oldest lines and never fails but for a line longer than the
 * ring.
 */
#ifndef WEIR_EVENT_LOG_RING_H
#define WEIR_EVENT_LOG_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/list.h"
#include "base/result.h"
#include "base/slice.h"
#include "memory/memory.h"

struct log_ring {
    struct list link; /* the owner's list of rings */
    const char *name; /* borrowed */
    struct account *account;
    size_t bytes_max;
    uint64_t head;    /* position behind the newest line; positions only grow */
    uint64_t tail;    /* position of the oldest line */
    uint64_t evicted; /* lines */
    char *bytes;
};

/* Prepares a ring of `bytes_max` bytes charged to `account`, which must outlive it.
 * RESULT_NO_MEMORY when refused. */
MUST_USE enum result log_ring_init(struct log_ring *ring, const char *name, size_t bytes_max,
                                   struct account *account);

/* Releases the bytes and takes the ring out of its list. */
void log_ring_deinit(struct log_ring *ring);

/* Stores the concatenation of `parts` as one line. RESULT_FULL when it is longer than the ring. */
MUST_USE enum result log_ring_write(struct log_ring *ring, const struct iovec *parts, size_t count);

/*
 * Reads the line at `*position` (0: the oldest) as two slices, the second mostly empty, and moves
 * the position behind it. A reader that was overtaken goes on with the oldest line. False at the
 * end.
 */
bool log_ring_read(const struct log_ring *ring, uint64_t *position, struct slice line[2]);

#endif
