/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines of health checks, word for word as HAProxy writes them.
 */
#ifndef WEIR_PROXY_CHECK_LOG_H
#define WEIR_PROXY_CHECK_LOG_H

#include <stdbool.h>

#include "balance/server.h"
#include "base/text.h"

/* With `option log-health-checks`: "Health check for server b/s failed, …". `why` is what the check
 * told beside its status, or "". */
void check_log_result(const struct server *server, bool has_passed, const char *why);

/* Appends ", reason: …, code: …, info: "…", check duration: …ms" of a server's last check. */
void check_append_reason(const struct server *server, const char *why, struct text *text);

#endif
