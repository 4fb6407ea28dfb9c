/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Administration: the runtime API on its sockets, and the statistics page as a service. Its memory
 * is the operator's reserve, which traffic cannot take, so that it answers at every level of
 * pressure.
 */
#ifndef WEIR_ADMIN_ADMIN_H
#define WEIR_ADMIN_ADMIN_H

#include "base/result.h"
#include "base/text.h"
#include "proxy/service.h"
#include "proxy/settings.h"
#include "proxy/worker.h"

struct admin;

/* The statistics page, its CSV and its JSON: "statistics" among worker.services. */
extern const struct service_ops SERVICE_STATISTICS;

/* Creates the administration of a worker, with the sockets of the `stats socket` lines not yet
 * bound. RESULT_NO_MEMORY. */
MUST_USE enum result admin_create(struct worker *worker, struct admin **out);

/* Binds all sockets (before privileges are dropped). `error` says which failed and why. */
MUST_USE enum result admin_bind(struct admin *admin, struct text *error);

/* Starts answering. */
MUST_USE enum result admin_start(struct admin *admin, struct text *error);

/* Closes listeners and connections. */
void admin_stop(struct admin *admin);

/* Releases everything; after admin_stop and one more turn of the loop. */
void admin_destroy(struct admin *admin);

/* Writes what SIGQUIT prints: the pools, as HAProxy does. */
void admin_dump_pools(struct worker *worker, int fd);

#endif
