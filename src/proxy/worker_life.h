/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's life: pools, the second's tick, answers to memory pressure, stopping.
 */
#ifndef WEIR_PROXY_WORKER_LIFE_H
#define WEIR_PROXY_WORKER_LIFE_H

#include "base/result.h"
#include "proxy/worker.h"

/* Prepares a worker's lists and pools. RESULT_FAILED when the system has no memory. */
MUST_USE enum result worker_init(struct worker *worker, struct memory *memory, unsigned index,
                                 struct event_loop *loop, struct chunk_source *chunks,
                                 struct configuration *configuration, struct process_facts *facts);

/* Releases a worker on which nothing runs any more, with its proxies. */
void worker_deinit(struct worker *worker);

/* Begins a soft stop: listeners close, idle clients go, the others finish; on_stopped is called
 * when nothing is left. */
void worker_stop_soft(struct worker *worker);

/* Ends everything at once (hard stop): every session and link is closed. The loop must turn once
 * more to release them. */
void worker_stop_hard(struct worker *worker);

#endif
