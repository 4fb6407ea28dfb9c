/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log sinks: one a `log` line. A sink filters by level, samples, puts the syslog header before the
 * text and hands it to where the line says: UDP, a Unix datagram socket, a descriptor or a ring in
 * memory. Writing never blocks and never fails the caller: a line that cannot be sent is counted as
 * lost.
 *
 * Limits: sinks share sockets, descriptors and rings through struct log_outputs, one a worker,
 * charged to the operator's account.
 */
#ifndef WEIR_EVENT_LOG_SINK_H
#define WEIR_EVENT_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/list.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "event/log_ring.h"
#include "event/loop.h"
#include "event/syslog.h"
#include "memory/memory.h"

struct log_sink;

enum log_target_kind {
    LOG_TARGET_DATAGRAM,   /* address: UDP, or the path of a Unix socket */
    LOG_TARGET_DESCRIPTOR, /* fd: stdout is 1, stderr 2 */
    LOG_TARGET_RING,       /* ring_name */
};

/* Bounds of `log … len` and `log … sample`. */
enum {
    LOG_LENGTH_MIN = 80,
    LOG_LENGTH_MAX = 65535,
    LOG_LENGTH_DEFAULT = 1024,
    LOG_RANGES_MAX = 16,
    LOG_PARTS_MAX = 8,                 /* parts of one line's text */
    LOG_RING_BUF0_BYTES = 1024 * 1024, /* of the ring that is always there */
};

/* Lines `low` to `high` of each sample are sent, counted from 1. */
struct log_range {
    uint32_t low, high;
};

/* One `log` line as the configuration gives it. Strings are borrowed for the sink's life. */
struct log_sink_options {
    enum log_target_kind kind;
    struct address address;
    int fd;
    const char *ring_name;
    enum syslog_format format;
    bool has_format; /* false: a ring's sink has the ring's format */
    unsigned facility;
    enum syslog_level level_max; /* less important lines are not sent */
    enum syslog_level level_min; /* more severe ones are sent as this */
    uint32_t length_max;         /* bytes of header and text, the newline aside */
    struct log_range ranges[LOG_RANGES_MAX];
    unsigned ranges_count; /* 0: all lines */
    uint32_t sample_size;
    const char *host; /* log-send-hostname, or NULL */
};

/* What all sinks of a worker share. */
struct log_outputs {
    struct event_loop *loop;
    struct account account;  /* ACCOUNT_OPERATOR */
    struct list descriptors; /* struct log_descriptor */
    struct list rings;       /* struct log_ring */
    struct {
        int v4, v6, local; /* -1: not opened yet */
    } sockets;
    uint32_t pid;     /* shown in headers: of the process that called log_outputs_init */
    uint64_t dropped; /* lines lost by all sinks (DroppedLogs of `show info`) */
};

/* One line to be logged. */
struct log_line {
    enum syslog_level level;
    struct slice tag;             /* log-tag; shown as "tag[pid]:" */
    struct slice structured_data; /* log-format-sd for RFC 5424, or empty */
    const struct slice *parts;    /* text, at most LOG_PARTS_MAX */
    size_t parts_count;
};

/* Prepares a worker's outputs. */
void log_outputs_init(struct log_outputs *outputs, struct event_loop *loop);

/* Closes what sinks shared; all sinks must be closed. */
void log_outputs_deinit(struct log_outputs *outputs);

/* Adds a ring that sinks may name and `show events` lists (it is in outputs.rings); its bytes are
 * taken with the first sink. RESULT_NO_MEMORY when refused. */
MUST_USE enum result log_outputs_add_ring(struct log_outputs *outputs,
                                          const struct log_ring_options *options);

/* Adds `buf0`, which is always there: raw lines with their time. RESULT_NO_MEMORY when refused. */
MUST_USE enum result log_outputs_add_default_ring(struct log_outputs *outputs);

/* The ring of that name, NULL: none. */
struct log_ring *log_outputs_find_ring(struct log_outputs *outputs, const char *name);

/* Lines lost by descriptor `number` (1: stdout), 0 when no sink uses it. */
uint64_t log_outputs_descriptor_dropped(struct log_outputs *outputs, int number);

/* Fills the options of a bare `log <target> <facility>`. */
void log_sink_options_init(struct log_sink_options *options);

/* Opens a sink; `options` is borrowed for its life. RESULT_FAILED, RESULT_NOT_FOUND (no such ring)
 * or RESULT_NO_MEMORY with a reason in `error`. */
MUST_USE enum result log_sink_open(struct log_outputs *outputs,
                                   const struct log_sink_options *options, struct log_sink **out,
                                   struct text *error);

/* Sends a line, unless level or sample leave it out. Never blocks. */
void log_sink_write(struct log_sink *sink, const struct log_line *line);

/* Whether a line of `level` would be looked at: spares formatting those that nobody takes. */
bool log_sink_takes(const struct log_sink *sink, enum syslog_level level);

/* Lines that this sink lost. */
uint64_t log_sink_dropped(const struct log_sink *sink);

/* Closes a sink; NULL is allowed. */
void log_sink_close(struct log_sink *sink);

#endif
