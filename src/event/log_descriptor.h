/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor that takes log lines (stdout, stderr, fd@N) and never blocks the loop: what a slow
 * reader does not take waits in a bounded queue, and what does not fit there is counted as lost.
 */
#ifndef WEIR_EVENT_LOG_DESCRIPTOR_H
#define WEIR_EVENT_LOG_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/list.h"
#include "base/result.h"
#include "event/loop.h"
#include "memory/memory.h"

/* Bytes that may wait for one descriptor; taken when they are first needed. */
enum { LOG_QUEUE_BYTES = 64 * 1024 };

struct log_descriptor {
    struct list link; /* the owner's list */
    struct event_loop *loop;
    struct account *account;
    struct event_io io;
    int number; /* as configured */
    int fd;     /* what is written to: a description of its own where possible */
    bool is_socket;
    bool is_own; /* to be closed */
    unsigned users;
    char *queue; /* NULL until needed */
    size_t queue_start;
    size_t queue_bytes;
    uint64_t dropped; /* lines lost */
};

/*
 * Prepares writing to descriptor `number`. Pipes and terminals are opened anew, so that not
 * blocking here does not change how other processes that share them see them. RESULT_FAILED with
 * errno when it is not open.
 */
MUST_USE enum result log_descriptor_init(struct log_descriptor *descriptor, int number,
                                         struct event_loop *loop, struct account *account);

/* Writes what waits as far as possible without blocking, and releases. */
void log_descriptor_deinit(struct log_descriptor *descriptor);

/* Writes one line of `count` parts, or queues it, or counts it as lost (RESULT_FULL). */
MUST_USE enum result log_descriptor_write(struct log_descriptor *descriptor,
                                          const struct iovec *parts, size_t count);

#endif
