/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proxy's life: made from its settings, bound, started, released.
 */
#ifndef WEIR_PROXY_PROXY_LIFE_H
#define WEIR_PROXY_PROXY_LIFE_H

#include "base/result.h"
#include "base/text.h"
#include "proxy/proxy.h"

/* Makes the runtime of one settings section: counters, servers, log sinks, TLS contexts. `error`
 * for the user on RESULT_INVALID, RESULT_FAILED. */
MUST_USE enum result proxy_create(struct worker *worker, struct proxy_settings *settings,
                                  struct proxy **out, struct text *error);

/* Binds the listeners (before privileges are dropped); `inherited` finds a descriptor for an
 * address passed on by the old process, or NULL. */
MUST_USE enum result proxy_bind(struct proxy *proxy,
                                int (*inherited)(void *argument,
                                                 const struct listener_options *options),
                                void *argument, struct text *error);

/* Starts accepting. */
MUST_USE enum result proxy_start(struct proxy *proxy, struct text *error);

/* Releases a stopped proxy. */
void proxy_destroy(struct proxy *proxy);

#endif
