/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of a backend share: how a change of a server is applied, how slots are taken and
 * queues served.
 */
#ifndef WEIR_BALANCE_BACKEND_INTERNAL_H
#define WEIR_BALANCE_BACKEND_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "balance/backend.h"
#include "balance/server.h"

/* Brings counts, algorithm and queues in line with a server whose state or weight changed. Returns
 * how many of its queue wait for any server now. */
uint32_t backend_apply(struct server *server, uint64_t now_ms);

/* Whether the backups serve, since no active server is usable. */
static inline bool backend_uses_backups(const struct backend *backend)
{
    return backend->usable_active == 0;
}

/* Takes a slot of a server. */
void backend_take_slot(struct server *server);

/* Tells the algorithm that a server's slots or queue changed. */
void backend_tell_load(struct server *server);

/* Whether a server may serve those who wait for any. */
bool backend_may_serve_any(const struct server *server);

/* Gives the free slots of a server to those who wait. */
void queue_serve(struct server *server, uint64_t now_ms);

/* Lets all who wait for a server wait for any; returns how many. */
uint32_t queue_redistribute(struct server *server);

#endif
