/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map-based algorithms: static-rr and the hashes with `hash-type map-based`. The map has one entry
 * a unit of weight (divided by the weights' greatest common divisor), filled as HAProxy fills it,
 * so that hash modulo size is the same server there. It is made anew, when it is next needed, after
 * a server came or went; weights changed at run time do not count. Memory: one pointer a unit of
 * weight of the larger group, taken at the start. Choosing by hash: O(1).
 */
#include "balance/algorithm_internal.h"
#include "balance/backend.h"
#include "balance/backend_internal.h"
#include "base/assert.h"
#include "base/number.h"

struct map {
    uint32_t size; /* entries in use: the weight of the group in use */
    uint32_t size_max;
    uint32_t turn; /* the next entry of the round robin */
    bool is_stale;
    int64_t *scores; /* of each server while the map is filled */
    struct server *entries[];
};

/* ---- filling ---- */

static bool is_mapped(const struct backend *backend, const struct server *server)
{
    if (server->counted_weight == 0 ||
        server->options->is_backup != backend_uses_backups(backend)) {
        return false;
    }
    return backend->only_backup == NULL || !backend_uses_backups(backend) ||
           backend->only_backup == server;
}

/* Whether all mapped servers weigh the same; `*size` is the weight of all. */
static bool measure(const struct backend *backend, uint32_t *size)
{
    bool is_even = true;
    uint32_t weight = 0;
    *size = 0;
    LIST_EACH(link, &backend->servers) {
        const struct server *server = container_of(link, struct server, link);
        if (is_mapped(backend, server)) {
            is_even = is_even && (weight == 0 || weight == server->counted_weight);
            weight = server->counted_weight;
            *size += weight;
        }
    }
    return is_even;
}

/* Equal weights: the servers in their order, again and again. The same result as fill_by_score,
 * without its square cost. */
static void fill_evenly(struct backend *backend, struct map *map)
{
    uint32_t count = 0;
    LIST_EACH(link, &backend->servers) {
        struct server *server = container_of(link, struct server, link);
        if (is_mapped(backend, server)) {
            map->entries[count++] = server;
        }
    }
    for (uint32_t i = count; i < map->size; i++) {
        map->entries[i] = map->entries[i - count];
    }
}

/* The first server whose score reached the highest multiple of the whole; every score grows by the
 * server's weight. */
static struct server *best_by_score(const struct backend *backend, struct map *map)
{
    struct server *best = NULL;
    int64_t best_level = 0;
    LIST_EACH(link, &backend->servers) {
        struct server *server = container_of(link, struct server, link);
        if (!is_mapped(backend, server)) {
            continue;
        }
        int64_t *score = &map->scores[server->lb_index];
        *score += server->counted_weight;
        int64_t level = (*score + map->size) / map->size;
        if (best == NULL || level > best_level) {
            best = server;
            best_level = level;
        }
    }
    return best;
}

static void fill_by_score(struct backend *backend, struct map *map)
{
    for (uint32_t i = 0; i < backend->servers_count; i++) {
        map->scores[i] = 0;
    }
    for (uint32_t i = 0; i < map->size; i++) {
        struct server *best = best_by_score(backend, map);
        map->entries[i] = best;
        map->scores[best->lb_index] -= map->size;
    }
}

static void refresh(struct backend *backend, struct map *map)
{
    if (!map->is_stale) {
        return;
    }
    bool is_even = measure(backend, &map->size);
    ASSERT(map->size <= map->size_max);
    if (is_even) {
        fill_evenly(backend, map);
    } else {
        fill_by_score(backend, map);
    }
    map->is_stale = false;
}

/* ---- choosing ---- */

static struct server *choose_in_turn(struct backend *backend, const struct balance_request *request)
{
    struct map *map = backend->lb_state;
    refresh(backend, map);
    struct server *avoided = NULL;
    uint32_t avoided_turn = 0;
    if (map->turn >= map->size) {
        map->turn = 0;
    }
    for (uint32_t i = 0; i < map->size; i++) {
        uint32_t entry = (map->turn + i) % map->size;
        struct server *server = map->entries[entry];
        if (!algorithm_has_room(server)) {
            continue;
        }
        if (server != request->avoid) {
            map->turn = entry + 1;
            return server;
        }
        avoided = server;
        avoided_turn = entry + 1;
    }
    if (avoided != NULL) {
        map->turn = avoided_turn;
    }
    return avoided;
}

static struct server *choose_by_hash(struct backend *backend, const struct balance_request *request)
{
    struct map *map = backend->lb_state;
    bool has_key = request->key.data != NULL;
    if (!has_key && backend_usable_servers(backend) > 1) {
        return choose_in_turn(backend, request);
    }
    refresh(backend, map);
    uint32_t hash = has_key ? algorithm_hash(backend, request->key) : 0;
    return map->size == 0 ? NULL : map->entries[hash % map->size];
}

/* ---- changes ---- */

static void on_weight(struct backend *backend, struct server *server, uint32_t old_weight)
{
    (void)server;
    (void)old_weight;
    struct map *map = backend->lb_state;
    map->is_stale = true;
}

/* ---- life ---- */

/* The most entries that any set of usable servers needs. */
static uint32_t largest_size(const struct backend *backend)
{
    uint32_t sizes[2] = {0, 0};
    LIST_EACH(link, &backend->servers) {
        const struct server *server = container_of(link, struct server, link);
        sizes[server->options->is_backup ? 1 : 0] +=
            server->options->weight / backend->weight_divisor;
    }
    return sizes[0] > sizes[1] ? sizes[0] : sizes[1];
}

static enum result start(struct backend *backend)
{
    uint32_t entries_max = largest_size(backend);
    size_t bytes = sizeof(struct map) + entries_max * sizeof(struct server *);
    struct map *map = memory_take(backend->account, bytes);
    if (map == NULL) {
        return RESULT_NO_MEMORY;
    }
    map->scores =
        memory_take(backend->account, size_max(backend->servers_count, 1) * sizeof(*map->scores));
    if (map->scores == NULL) {
        memory_release(backend->account, map);
        return RESULT_NO_MEMORY;
    }
    map->size_max = entries_max;
    map->is_stale = true;
    backend->lb_state = map;
    return RESULT_OK;
}

static void stop(struct backend *backend)
{
    struct map *map = backend->lb_state;
    memory_release(backend->account, map->scores);
    memory_release(backend->account, map);
    backend->lb_state = NULL;
}

const struct balance_ops ALGORITHM_STATIC_ROUND_ROBIN = {
    .follows_weights = false,
    .fills_all = true,
    .start = start,
    .stop = stop,
    .on_weight = on_weight,
    .on_load = NULL,
    .choose = choose_in_turn,
};

const struct balance_ops ALGORITHM_MAP_HASH = {
    .follows_weights = false,
    .fills_all = false,
    .start = start,
    .stop = stop,
    .on_weight = on_weight,
    .on_load = NULL,
    .choose = choose_by_hash,
};
