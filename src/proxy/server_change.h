/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from a change of a server's state: log lines as HAProxy writes them, sessions ended
 * (`on-marked-down shutdown-sessions`), idle connections closed, a check at once after maintenance.
 * And `track`: which server follows which.
 */
#ifndef WEIR_PROXY_SERVER_CHANGE_H
#define WEIR_PROXY_SERVER_CHANGE_H

#include "base/result.h"
#include "base/text.h"

struct proxy;
struct worker;

/* Has changes of the proxy's servers followed up from now on. */
void server_change_watch(struct proxy *proxy);

/* Connects the servers that track others, once all proxies are made. RESULT_INVALID with the line
 * and the reason in `error`. */
MUST_USE enum result server_change_connect_trackers(struct worker *worker, struct text *error);

#endif
