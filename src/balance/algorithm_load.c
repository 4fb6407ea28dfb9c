/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leastconn and first: servers in an order, the first with room is chosen. leastconn orders by
 * sessions (and those who wait) for the weight, counting the one to come, so that among equals the
 * one used longest ago comes first; first orders by id. A server without room leaves the order
 * until it has some, so that choosing stays O(log n) when most are full; only one with a limit that
 * changes by itself stays and is looked at. Memory: one record a server, made at the start.
 */
#include "balance/algorithm_internal.h"
#include "balance/backend.h"
#include "balance/backend_internal.h"
#include "balance/ordered.h"
#include "base/assert.h"

struct place {
    struct ordered_node node;
    struct server *server;
};

struct order {
    struct ordered_set active, backup;
    struct place places[];
};

static uint64_t key_of(const struct server *server)
{
    if (server->backend->options.algorithm == BALANCE_FIRST) {
        return server->options->id;
    }
    uint64_t load = (uint64_t)server->served + server->queue_length;
    return load == 0 ? 0 : (load + 1) * EFFECTIVE_WEIGHT_MAX / server->counted_weight;
}

static bool has_fixed_limit(const struct server *server)
{
    return server->options->minconn == 0 && server->options->slow_start_ms == 0;
}

/* Puts a server where it belongs; it keeps its place among equals when nothing changed. */
static void place_server(struct backend *backend, struct server *server)
{
    struct order *order = backend->lb_state;
    struct place *place = server->lb_data;
    bool is_out =
        server->counted_weight == 0 || (has_fixed_limit(server) && !algorithm_has_room(server));
    if (is_out) {
        ordered_remove(&place->node);
        return;
    }
    uint64_t key = key_of(server);
    if (!ordered_is_member(&place->node) || place->node.key != key) {
        ordered_remove(&place->node);
        ordered_insert(server->options->is_backup ? &order->backup : &order->active, &place->node,
                       key);
    }
}

static void on_weight(struct backend *backend, struct server *server, uint32_t old_weight)
{
    (void)old_weight;
    place_server(backend, server);
}

static struct server *choose(struct backend *backend, const struct balance_request *request)
{
    const struct order *order = backend->lb_state;
    const struct ordered_set *set = backend_uses_backups(backend) ? &order->backup : &order->active;
    struct server *avoided = NULL;
    for (struct ordered_node *node = ordered_first(set); node != NULL; node = ordered_next(node)) {
        struct server *server = container_of(node, struct place, node)->server;
        if (!algorithm_has_room(server)) {
            continue;
        }
        if (server != request->avoid) {
            return server;
        }
        avoided = server;
    }
    return avoided;
}

static enum result start(struct backend *backend)
{
    size_t bytes = sizeof(struct order) + backend->servers_count * sizeof(struct place);
    struct order *order = memory_take(backend->account, bytes);
    if (order == NULL) {
        return RESULT_NO_MEMORY;
    }
    backend->lb_state = order;
    LIST_EACH(link, &backend->servers) {
        struct server *server = container_of(link, struct server, link);
        struct place *place = &order->places[server->lb_index];
        place->server = server;
        server->lb_data = place;
        place_server(backend, server);
    }
    return RESULT_OK;
}

static void stop(struct backend *backend)
{
    memory_release(backend->account, backend->lb_state);
    backend->lb_state = NULL;
}

const struct balance_ops ALGORITHM_LEAST_CONNECTIONS = {
    .follows_weights = true,
    .fills_all = true,
    .start = start,
    .stop = stop,
    .on_weight = on_weight,
    .on_load = place_server,
    .choose = choose,
};

const struct balance_ops ALGORITHM_FIRST = {
    .follows_weights = true,
    .fills_all = true,
    .start = start,
    .stop = stop,
    .on_weight = on_weight,
    .on_load = place_server,
    .choose = choose,
};
