/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log targets of proxies and of the process: each line goes to every target whose levels let it
 * pass.
 */
#ifndef WEIR_PROXY_LOGS_H
#define WEIR_PROXY_LOGS_H

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "event/log_sink.h"
#include "proxy/proxy.h"

/* Opens the targets of a list of struct log_settings, charged to the worker. `error` on
 * RESULT_INVALID or RESULT_FAILED. */
MUST_USE enum result logs_open(struct worker *worker, const struct list *settings,
                               struct log_target **targets, unsigned *count, struct text *error);

/* Closes targets opened by logs_open. */
void logs_close(struct worker *worker, struct log_target *targets, unsigned count);

/* Writes one line of a proxy. */
void logs_write(const struct proxy *proxy, enum syslog_level level, struct slice line);

/* Writes one line of the process itself to the global targets (server state changes, stops). */
void logs_write_global(struct worker *worker, enum syslog_level level, struct slice line);

#endif
