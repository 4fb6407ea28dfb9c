/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring of consistent hashing, and the random choices on it. A server has 16 points a unit of
 * weight, at the places that HAProxy gives them by the server's id; a key goes to the nearest
 * point. All points that a server may ever need stand sorted in one array, made once; those of the
 * usable servers are copied from it, in order, into the array that is searched, when it is next
 * needed after a change. With a balance factor, a server that has more than its share of the
 * sessions is passed over (bounded loads, arXiv 1608.01350).
 *
 * Memory: 12 bytes a point, taken at the start, and again when a weight rises above what was ever
 * needed; when that is refused the ring keeps as many points of the server as it has, and tries
 * again. Choosing: O(log n).
 */
#include "balance/algorithm_internal.h"
#include "balance/backend.h"
#include "balance/backend_internal.h"
#include "balance/hash.h"
#include "base/assert.h"

enum { PERCENT = 100 };

/* One of all points: where it stands follows from the server's id and its number. */
struct source {
    uint32_t server;
    uint32_t number;
};

struct point {
    uint32_t place;
    uint32_t server;
};

struct ring {
    struct source *sources; /* sorted by place, server and number */
    struct point *points;   /* of the usable servers, sorted */
    struct server **servers;
    uint32_t *points_made;   /* of each server, among the sources */
    uint32_t *weight_before; /* of each server: weights of the usable ones before it */
    uint32_t sources_count;
    uint32_t points_count;
    uint32_t turn;      /* behind the last point of the round robin without keys */
    bool is_stale;      /* points */
    bool lacks_sources; /* a weight rose */
    uint64_t random_state;
};

/* ---- the sorted sources ---- */

static uint32_t place_of(const struct ring *ring, const struct source *source)
{
    const struct server_options *options = ring->servers[source->server]->options;
    uint32_t start = options->hash_key == SERVER_HASH_KEY_ID ? hash_avalanche(options->id)
                                                             : options->id * EFFECTIVE_WEIGHT_MAX;
    return hash_avalanche(start + source->number);
}

static bool stands_before(const struct ring *ring, const struct source *a, const struct source *b)
{
    uint32_t place_a = place_of(ring, a);
    uint32_t place_b = place_of(ring, b);
    if (place_a != place_b) {
        return place_a < place_b;
    }
    return a->server != b->server ? a->server < b->server : a->number < b->number;
}

/* Heap sort: moves the source at `root` down to where no child stands behind it. */
static void sift_down(struct ring *ring, uint32_t root, uint32_t count)
{
    struct source *sources = ring->sources;
    const struct source moved = sources[root];
    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= count) {
            break;
        }
        if (child + 1 < count && stands_before(ring, &sources[child], &sources[child + 1])) {
            child++;
        }
        if (!stands_before(ring, &moved, &sources[child])) {
            break;
        }
        sources[root] = sources[child];
        root = child;
    }
    sources[root] = moved;
}

static void sort_sources(struct ring *ring)
{
    uint32_t count = ring->sources_count;
    for (uint32_t i = count / 2; i > 0; i--) {
        sift_down(ring, i - 1, count);
    }
    for (uint32_t i = count; i > 1; i--) {
        struct source last = ring->sources[i - 1];
        ring->sources[i - 1] = ring->sources[0];
        ring->sources[0] = last;
        sift_down(ring, 0, i - 1);
    }
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Points that a server must have: for its weight, and as many as it had. */
static uint32_t points_needed(const struct ring *ring, const struct server *server)
{
    uint32_t weight = larger(server->weight, server->options->weight);
    return larger(weight * WEIGHT_SCALE, ring->points_made[server->lb_index]);
}

/* Makes all points. RESULT_NO_MEMORY leaves those that there are. */
static enum result make_sources(struct backend *backend, struct ring *ring)
{
    size_t count = 0;
    for (uint32_t i = 0; i < backend->servers_count; i++) {
        count += points_needed(ring, ring->servers[i]);
    }
    size_t room = count > 0 ? count : 1;
    struct source *sources = memory_take(backend->account, room * sizeof(*sources));
    struct point *points = memory_take(backend->account, room * sizeof(*points));
    if (sources == NULL || points == NULL) {
        memory_release(backend->account, sources);
        memory_release(backend->account, points);
        return RESULT_NO_MEMORY;
    }
    memory_release(backend->account, ring->sources);
    memory_release(backend->account, ring->points);
    ring->sources = sources;
    ring->points = points;
    ring->sources_count = 0;
    for (uint32_t i = 0; i < backend->servers_count; i++) {
        ring->points_made[i] = points_needed(ring, ring->servers[i]);
        for (uint32_t number = 0; number < ring->points_made[i]; number++) {
            sources[ring->sources_count++] = (struct source){.server = i, .number = number};
        }
    }
    sort_sources(ring);
    ring->is_stale = true;
    ring->lacks_sources = false;
    return RESULT_OK;
}

/* ---- the points in use ---- */

static bool is_in_use(const struct backend *backend, const struct server *server)
{
    return server->counted_weight > 0 &&
           server->options->is_backup == backend_uses_backups(backend);
}

/* The first point at or behind `place`, or the count when there is none. */
static uint32_t find_point(const struct ring *ring, uint32_t place)
{
    uint32_t low = 0;
    uint32_t high = ring->points_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ring->points[middle].place < place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void copy_points(const struct backend *backend, struct ring *ring)
{
    uint32_t last_place = ring->turn > 0 ? ring->points[ring->turn - 1].place : 0;
    uint32_t before = 0;
    for (uint32_t i = 0; i < backend->servers_count; i++) {
        ring->weight_before[i] = before;
        before += is_in_use(backend, ring->servers[i]) ? ring->servers[i]->counted_weight : 0;
    }
    ring->points_count = 0;
    for (uint32_t i = 0; i < ring->sources_count; i++) {
        const struct source *source = &ring->sources[i];
        const struct server *server = ring->servers[source->server];
        if (is_in_use(backend, server) && source->number < server->counted_weight) {
            ring->points[ring->points_count++] =
                (struct point){.place = place_of(ring, source), .server = source->server};
        }
    }
    if (ring->turn > 0 && ring->points_count > 0) {
        ring->turn = find_point(ring, last_place) % ring->points_count + 1;
    }
    ring->is_stale = false;
}

static void refresh(struct backend *backend, struct ring *ring)
{
    if (ring->lacks_sources && make_sources(backend, ring) != RESULT_OK) {
        ring->is_stale = true; /* with the points that there are; tried again */
    }
    if (ring->is_stale) {
        copy_points(backend, ring);
    }
}

/* ---- choosing ---- */

/* The point nearest to `place`; of two at the same distance the one before it. */
static uint32_t nearest_point(const struct ring *ring, uint32_t place)
{
    uint32_t after = find_point(ring, place) % ring->points_count;
    uint32_t before = (after + ring->points_count - 1) % ring->points_count;
    uint32_t back = place - ring->points[before].place;
    uint32_t forth = ring->points[after].place - place;
    return back <= forth ? before : after;
}

/* Whether a server has less than its share of the sessions, by its weight and the balance factor.
 */
static bool is_within_share(const struct backend *backend, const struct ring *ring,
                            const struct server *server)
{
    uint64_t factor = backend->options.hash_balance_factor;
    if (factor == 0) {
        return true;
    }
    uint64_t weight = server->counted_weight;
    uint64_t all =
        backend_uses_backups(backend) ? backend->effective_backup : backend->effective_active;
    uint64_t slots_all = ((uint64_t)(backend->served + 1) * factor + PERCENT - 1) / PERCENT;
    uint64_t rest = slots_all % all;
    uint64_t before = ring->weight_before[server->lb_index];
    uint64_t slots =
        weight * (slots_all / all) + (before + weight) * rest / all - before * rest / all;
    return server->served < (slots == 0 ? 1 : slots);
}

static struct server *server_at(struct backend *backend, struct ring *ring, uint32_t place,
                                const struct server *avoid)
{
    uint32_t first = nearest_point(ring, place);
    for (uint32_t i = 0; i < ring->points_count; i++) {
        const struct point *point = &ring->points[(first + i) % ring->points_count];
        struct server *server = ring->servers[point->server];
        if (server != avoid && is_within_share(backend, ring, server)) {
            return server;
        }
    }
    return ring->servers[ring->points[first].server];
}

/* The next point with room: for requests without a key. */
static struct server *choose_in_turn(struct ring *ring, const struct server *avoid)
{
    struct server *avoided = NULL;
    for (uint32_t i = 0; i < ring->points_count; i++) {
        uint32_t entry = (ring->turn + i) % ring->points_count;
        struct server *server = ring->servers[ring->points[entry].server];
        if (!algorithm_has_room(server)) {
            continue;
        }
        if (server != avoid) {
            ring->turn = entry + 1;
            return server;
        }
        avoided = server;
    }
    return avoided;
}

static struct server *choose_by_hash(struct backend *backend, const struct balance_request *request)
{
    struct ring *ring = backend->lb_state;
    refresh(backend, ring);
    if (ring->points_count == 0) {
        return NULL;
    }
    bool has_key = request->key.data != NULL;
    if (!has_key && backend_usable_servers(backend) > 1) {
        return choose_in_turn(ring, request->avoid);
    }
    uint32_t hash = has_key ? algorithm_hash(backend, request->key) : 0;
    return server_at(backend, ring, hash, request->avoid);
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint32_t draw(struct ring *ring)
{
    enum { SHIFT_1 = 30, SHIFT_2 = 27, SHIFT_3 = 32 };
    ring->random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t value = ring->random_state;
    value = (value ^ (value >> SHIFT_1)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> SHIFT_2)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(value >> SHIFT_3);
}

/* Any server with room, from a random one on: the drawn ones are full. */
static struct server *any_with_room(const struct backend *backend, struct ring *ring)
{
    uint32_t first = draw(ring) % backend->servers_count;
    for (uint32_t i = 0; i < backend->servers_count; i++) {
        struct server *server = ring->servers[(first + i) % backend->servers_count];
        if (is_in_use(backend, server) && !server_is_full(server)) {
            return server;
        }
    }
    return NULL;
}

static struct server *choose_by_chance(struct backend *backend,
                                       const struct balance_request *request)
{
    struct ring *ring = backend->lb_state;
    refresh(backend, ring);
    if (ring->points_count == 0) {
        return NULL;
    }
    struct server *best = server_at(backend, ring, draw(ring), request->avoid);
    for (uint32_t draws = 1; draws < backend->options.random_draws; draws++) {
        struct server *server = server_at(backend, ring, draw(ring), request->avoid);
        if ((uint64_t)server->served * best->counted_weight <=
            (uint64_t)best->served * server->counted_weight) {
            best = server;
        }
    }
    return server_is_full(best) ? any_with_room(backend, ring) : best;
}

/* ---- changes ---- */

static void on_weight(struct backend *backend, struct server *server, uint32_t old_weight)
{
    (void)old_weight;
    struct ring *ring = backend->lb_state;
    ring->is_stale = true;
    if (server->counted_weight > ring->points_made[server->lb_index]) {
        ring->lacks_sources = true;
    }
}

/* ---- life ---- */

static void stop(struct backend *backend)
{
    struct ring *ring = backend->lb_state;
    memory_release(backend->account, ring->sources);
    memory_release(backend->account, ring->points);
    memory_release(backend->account, ring->servers);
    memory_release(backend->account, ring->points_made);
    memory_release(backend->account, ring->weight_before);
    memory_release(backend->account, ring);
    backend->lb_state = NULL;
}

static enum result start(struct backend *backend)
{
    struct account *account = backend->account;
    struct ring *ring = memory_take(account, sizeof(*ring));
    if (ring == NULL) {
        return RESULT_NO_MEMORY;
    }
    backend->lb_state = ring;
    ring->random_state = backend->now_ms ^ (uintptr_t)backend;
    size_t count = larger(backend->servers_count, 1);
    ring->servers = memory_take(account, count * sizeof(struct server *));
    ring->points_made = memory_take(account, count * sizeof(*ring->points_made));
    ring->weight_before = memory_take(account, count * sizeof(*ring->weight_before));
    if (ring->servers == NULL || ring->points_made == NULL || ring->weight_before == NULL) {
        stop(backend);
        return RESULT_NO_MEMORY;
    }
    LIST_EACH(link, &backend->servers) {
        struct server *server = container_of(link, struct server, link);
        ring->servers[server->lb_index] = server;
    }
    if (make_sources(backend, ring) != RESULT_OK) {
        stop(backend);
        return RESULT_NO_MEMORY;
    }
    return RESULT_OK;
}

const struct balance_ops ALGORITHM_RING_HASH = {
    .follows_weights = true,
    .fills_all = false,
    .start = start,
    .stop = stop,
    .on_weight = on_weight,
    .on_load = NULL,
    .choose = choose_by_hash,
};

const struct balance_ops ALGORITHM_RANDOM = {
    .follows_weights = true,
    .fills_all = true,
    .start = start,
    .stop = stop,
    .on_weight = on_weight,
    .on_load = NULL,
    .choose = choose_by_chance,
};
