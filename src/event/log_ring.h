/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of log lines in memory (`ring@name`, read by `show events`): the newest lines of a fixed
 * number of bytes. Writing evicts the oldest lines and never fails but for a line longer than the
 * ring. A ring that nothing writes to costs no more than its struct.
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
#include "event/syslog.h"
#include "memory/memory.h"

/* What a `ring` section says. Strings are borrowed for the ring's life. */
struct log_ring_options {
    const char *name;
    const char *description;   /* NULL: the name */
    size_t bytes_max;          /* size */
    uint32_t line_bytes_max;   /* maxlen: longer lines are cut; 0: as long as the ring */
    enum syslog_format format; /* of sinks that do not say another */
};

/* Somebody who wants to be told of new lines. */
struct log_ring_watch {
    struct list link;
    /* Called inside log_ring_write: it may only note that there is something. */
    void (*on_line)(struct log_ring_watch *watch);
};

struct log_ring {
    struct list link; /* the owner's list of rings */
    struct log_ring_options options;
    struct account *account;
    struct list watches; /* struct log_ring_watch */
    uint64_t head;       /* position behind the newest line; positions only grow */
    uint64_t tail;       /* position of the oldest line */
    uint64_t evicted;    /* lines */
    uint64_t dropped;    /* lines longer than the ring */
    char *bytes;         /* NULL until log_ring_open */
};

/* Prepares a ring without memory; what it takes is charged to `account`, which must outlive it. */
void log_ring_init(struct log_ring *ring, const struct log_ring_options *options,
                   struct account *account);

/* Takes the ring's bytes, unless it has them. RESULT_NO_MEMORY when refused. */
MUST_USE enum result log_ring_open(struct log_ring *ring);

/* Releases the bytes and takes the ring out of its list. Nobody may watch it any more. */
void log_ring_deinit(struct log_ring *ring);

/* Stores the concatenation of `parts`, cut to the ring's longest line, in an open ring and tells
 * who watches. RESULT_FULL when it is longer than the ring. */
MUST_USE enum result log_ring_write(struct log_ring *ring, const struct iovec *parts, size_t count);

/* Begins and ends being told of new lines; ending what has not begun is harmless once `watch` is
 * initialized by log_ring_watch_init. */
void log_ring_watch_init(struct log_ring_watch *watch,
                         void (*on_line)(struct log_ring_watch *watch));
void log_ring_watch(struct log_ring *ring, struct log_ring_watch *watch);
void log_ring_unwatch(struct log_ring_watch *watch);

/*
 * Reads the line at `*position` (0: the oldest) as two slices, the second mostly empty, and moves
 * the position behind it. A reader that was overtaken goes on with the oldest line. False at the
 * end.
 */
bool log_ring_read(const struct log_ring *ring, uint64_t *position, struct slice line[2]);

#endif
