/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a backend and its algorithm: which servers count and how much they weigh goes in, a
 * server comes out. Slots, queues, backups and states are not the algorithm's business.
 */
#ifndef WEIR_BALANCE_ALGORITHM_INTERNAL_H
#define WEIR_BALANCE_ALGORITHM_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "balance/server.h"
#include "base/result.h"
#include "base/slice.h"

enum {
    WEIGHT_SCALE = 16, /* effective weight of one unit with algorithms that follow weights */
    EFFECTIVE_WEIGHT_MAX = SERVER_WEIGHT_MAX * WEIGHT_SCALE,
};

struct backend;
struct balance_options;
struct balance_request;

struct balance_ops {
    bool follows_weights; /* at run time, slow start included */
    bool fills_all;       /* while somebody waits in the backend's queue, all servers are full */
    /* Makes lb_state for the servers and weights counted. RESULT_NO_MEMORY leaves nothing. */
    enum result (*start)(struct backend *backend);
    void (*stop)(struct backend *backend);
    /* `server->counted_weight` was `old_weight`. */
    void (*on_weight)(struct backend *backend, struct server *server, uint32_t old_weight);
    /* Its slots or its queue changed; NULL when that does not matter. */
    void (*on_load)(struct backend *backend, struct server *server);
    /* The server for a request among the counted ones of the group in use; NULL: all are full. */
    struct server *(*choose)(struct backend *backend, const struct balance_request *request);
};

extern const struct balance_ops ALGORITHM_ROUND_ROBIN;
extern const struct balance_ops ALGORITHM_LEAST_CONNECTIONS;
extern const struct balance_ops ALGORITHM_FIRST;
extern const struct balance_ops ALGORITHM_STATIC_ROUND_ROBIN;
extern const struct balance_ops ALGORITHM_MAP_HASH;
extern const struct balance_ops ALGORITHM_RING_HASH;
extern const struct balance_ops ALGORITHM_RANDOM;

/* The ops of an algorithm and its hash type. */
const struct balance_ops *algorithm_find(const struct balance_options *options);

/* The hash of a request's key by the backend's function and modifier. */
uint32_t algorithm_hash(const struct backend *backend, struct slice key);

/* Whether the server may be chosen: it has a free slot, or room in its own bounded queue
 * (maxqueue). */
bool algorithm_has_room(const struct server *server);

#endif
