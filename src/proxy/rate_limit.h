/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of connections, sessions and TLS handshakes a second, of the process (`maxconnrate`,
 * `maxsessrate`, `maxsslrate`) and of frontends (`rate-limit sessions`).
 */
#ifndef WEIR_PROXY_RATE_LIMIT_H
#define WEIR_PROXY_RATE_LIMIT_H

#include <stdbool.h>

#include "proxy/proxy.h"
#include "proxy/worker.h"

/* Prepares the worker's timer, which calls `on_look` (worker.rates is the timer) while somebody is
 * held: that updates admission. */
void rate_limit_init(struct worker *worker, void (*on_look)(struct event_timer *timer));
/* Stops it. */
void rate_limit_deinit(struct worker *worker);

/* Whether the process has had its connections or sessions of this second; it is looked again soon
 * then. */
bool rate_limit_holds_worker(struct worker *worker);

/* The same of TLS handshakes: those of listeners with `ssl`. */
bool rate_limit_holds_tls(struct worker *worker);

/* The same of a frontend's sessions. */
bool rate_limit_holds_proxy(struct proxy *proxy);

#endif
