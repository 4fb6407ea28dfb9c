/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend: which of its servers count (the active ones, or the backups while no active one is
 * usable), their slots, and the way from a request to a slot. The algorithm behind `struct
 * balance_ops` chooses among those that count. What is hard is that a change of any server may
 * change who serves: backend_apply is the one place where that is worked out.
 *
 * Memory: servers are embedded in their endpoints; the algorithm's arrays are taken at the start.
 */
#include "balance/backend.h"

#include "balance/algorithm_internal.h"
#include "balance/backend_internal.h"
#include "base/assert.h"
#include "base/number.h"

/* ---- creation ---- */

void backend_init(struct backend *backend, const char *name, uint32_t id,
                  const struct balance_options *options, struct account *account)
{
    *backend = (struct backend){
        .identity = {.name = name, .id = id, .counters = &backend->counters},
        .options = *options,
        .account = account,
        .weight_scale = 1,
        .weight_divisor = 1,
    };
    list_init(&backend->servers);
}

void backend_add_server(struct backend *backend, struct server *server,
                        const struct server_options *options)
{
    ASSERT(backend->ops == NULL);
    *server = (struct server){
        .options = options,
        .backend = backend,
        .address = options->address,
        .port = options->address.port,
        .health = SERVER_UP,
        .admin = options->is_disabled ? SERVER_MAINT_CONFIGURED : 0,
        .weight = options->weight,
        .maxconn = options->maxconn > options->minconn ? options->maxconn : options->minconn,
        .check_health = options->rise,
        .lb_index = backend->servers_count,
    };
    list_init(&server->trackers);
    list_init(&server->tracker_link);
    list_append(&backend->servers, &server->link);
    backend->servers_count++;
    if (options->minconn > 0 || options->slow_start_ms > 0) {
        backend->has_dynamic_limits = true;
    }
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* What all configured weights can be divided by. */
static uint32_t weights_divisor(const struct backend *backend)
{
    uint32_t divisor = 0;
    LIST_EACH(link, &backend->servers) {
        divisor = common_divisor(divisor, container_of(link, struct server, link)->options->weight);
    }
    return divisor == 0 ? 1 : divisor;
}

/* ---- what counts ---- */

/* The effective weight by the user's weight, the algorithm's scale and the slow start at `now_ms`.
 */
static uint32_t weigh(const struct server *server)
{
    const struct backend *backend = server->backend;
    uint64_t weight = server->weight;
    if (!backend->ops->follows_weights) {
        return weight == 0 ? 0 : server->options->weight / backend->weight_divisor;
    }
    uint64_t scale = backend->weight_scale;
    uint64_t whole_ms = server->options->slow_start_ms;
    if (server->health == SERVER_STARTING && whole_ms > 0) {
        uint64_t over_ms = backend->now_ms - server->starting_since_ms;
        over_ms = over_ms < whole_ms ? over_ms : whole_ms - 1;
        scale = (scale * over_ms + whole_ms) / whole_ms;
    }
    return (uint32_t)(weight * scale);
}

static uint32_t in_user_units(const struct backend *backend, uint32_t effective)
{
    uint64_t scale = backend->weight_scale;
    return (uint32_t)(((uint64_t)effective * backend->weight_divisor + scale - 1) / scale);
}

/* Counts a server in, out or with another weight. */
static void count_server(struct server *server, uint32_t weight)
{
    struct backend *backend = server->backend;
    bool is_backup = server->options->is_backup;
    uint32_t *usable = is_backup ? &backend->usable_backup : &backend->usable_active;
    uint32_t *effective = is_backup ? &backend->effective_backup : &backend->effective_active;
    *usable -= server->counted_weight > 0 ? 1 : 0;
    *usable += weight > 0 ? 1 : 0;
    *effective = *effective - server->counted_weight + weight;
    server->counted_weight = weight;
    backend->weight_active = in_user_units(backend, backend->effective_active);
    backend->weight_backup = in_user_units(backend, backend->effective_backup);
}

/* The first usable backup, which serves alone, unless all of them do. */
static struct server *find_only_backup(const struct backend *backend)
{
    if (backend->options.all_backups) {
        return NULL;
    }
    LIST_EACH(link, &backend->servers) {
        struct server *server = container_of(link, struct server, link);
        if (server->options->is_backup && server->counted_weight > 0) {
            return server;
        }
    }
    return NULL;
}

/* A backend is down while none of its servers is usable. */
static void count_backend_step(struct backend *backend, uint32_t usable_before)
{
    uint32_t usable = backend->usable_active + backend->usable_backup;
    if ((usable == 0) == (usable_before == 0)) {
        return;
    }
    if (usable == 0) {
        backend->counters.check_downs++;
    } else {
        backend->downtime_ms += backend->now_ms - backend->last_change_ms;
    }
    backend->last_change_ms = backend->now_ms;
}

/* Counts a change of weight and tells the algorithm. Returns whether another group of servers
 * serves now. */
static bool apply_weight(struct server *server, uint32_t weight)
{
    struct backend *backend = server->backend;
    uint32_t old_weight = server->counted_weight;
    bool used_backups = backend_uses_backups(backend);
    const struct server *used_backup = backend->only_backup;
    uint32_t usable_before = backend->usable_active + backend->usable_backup;
    count_server(server, weight);
    if (server->options->is_backup && (old_weight == 0) != (weight == 0)) {
        backend->only_backup = find_only_backup(backend);
    }
    count_backend_step(backend, usable_before);
    backend->ops->on_weight(backend, server, old_weight);
    return used_backups != backend_uses_backups(backend) || used_backup != backend->only_backup;
}

uint32_t backend_apply(struct server *server, uint64_t now_ms)
{
    struct backend *backend = server->backend;
    backend->now_ms = now_ms > backend->now_ms ? now_ms : backend->now_ms;
    if (backend->ops == NULL) {
        return 0;
    }
    server->effective_weight = weigh(server);
    uint32_t weight = server_is_usable(server) ? server->effective_weight : 0;
    bool others_serve = weight != server->counted_weight && apply_weight(server, weight);
    bool redistributes = backend->options.redistributes && !server_accepts_persistent(server);
    uint32_t requeued = redistributes ? queue_redistribute(server) : 0;
    if (others_serve || requeued > 0) {
        backend_serve_queues(backend, now_ms);
    } else {
        queue_serve(server, now_ms);
    }
    return requeued;
}

enum result backend_start(struct backend *backend, uint64_t now_ms)
{
    const struct balance_ops *ops = algorithm_find(&backend->options);
    backend->now_ms = now_ms;
    backend->last_change_ms = now_ms;
    backend->weight_scale = ops->follows_weights ? WEIGHT_SCALE : 1;
    backend->weight_divisor = ops->follows_weights ? 1 : weights_divisor(backend);
    backend->ops = ops;
    LIST_EACH(link, &backend->servers) {
        struct server *server = container_of(link, struct server, link);
        server->state_since_ms = now_ms;
        server->effective_weight = weigh(server);
        count_server(server, server_is_usable(server) ? server->effective_weight : 0);
    }
    backend->only_backup = find_only_backup(backend);
    enum result result = ops->start(backend);
    backend->ops = result == RESULT_OK ? ops : NULL;
    return result;
}

void backend_stop(struct backend *backend)
{
    if (backend->ops != NULL) {
        backend->ops->stop(backend);
        backend->ops = NULL;
    }
}

/* ---- slots ---- */

void backend_tell_load(struct server *server)
{
    struct backend *backend = server->backend;
    if (backend->ops != NULL && backend->ops->on_load != NULL) {
        backend->ops->on_load(backend, server);
    }
}

void backend_take_slot(struct server *server)
{
    server->served++;
    server->backend->served++;
    backend_tell_load(server);
}

static enum result take_if_free(struct server *server)
{
    if (server_is_full(server)) {
        return RESULT_FULL;
    }
    backend_take_slot(server);
    return RESULT_OK;
}

bool backend_may_serve_any(const struct server *server)
{
    const struct backend *backend = server->backend;
    if (server->counted_weight == 0) {
        return false;
    }
    return !server->options->is_backup ||
           (backend_uses_backups(backend) &&
            (backend->options.all_backups || backend->only_backup == server));
}

enum result backend_assign(struct backend *backend, const struct balance_request *request,
                           struct server **server)
{
    *server = NULL;
    if (backend->starting_count > 0 || (backend->has_dynamic_limits && backend->queue_length > 0)) {
        backend_advance(backend, request->now_ms);
    }
    backend->now_ms = request->now_ms;
    if (backend->usable_active + backend->usable_backup == 0) {
        return RESULT_NOT_FOUND;
    }
    if (backend->ops->fills_all && backend->queue_length > 0) {
        return RESULT_FULL;
    }
    bool is_alone = backend_uses_backups(backend) && backend->only_backup != NULL;
    *server = is_alone ? backend->only_backup : backend->ops->choose(backend, request);
    return *server == NULL ? RESULT_FULL : take_if_free(*server);
}

enum result backend_assign_server(struct backend *backend, struct server *server)
{
    ASSERT(server->backend == backend);
    return server_accepts_persistent(server) ? take_if_free(server) : RESULT_NOT_FOUND;
}

void backend_release(struct backend *backend, struct server *server, uint64_t now_ms)
{
    ASSERT(server->backend == backend && server->served > 0);
    backend->now_ms = now_ms;
    server->served--;
    backend->served--;
    backend_tell_load(server);
    queue_serve(server, now_ms);
}

/* ---- inspection ---- */

struct server *backend_find_server(const struct backend *backend, struct slice name)
{
    uint64_t id = 0;
    bool is_id = name.length > 1 && name.data[0] == '#' &&
                 number_parse_decimal(slice_skip(name, 1), &id) == RESULT_OK;
    LIST_EACH(link, &backend->servers) {
        struct server *server = container_of(link, struct server, link);
        if (is_id ? server->options->id == id
                  : slice_equal(slice_from_string(server->options->name), name)) {
            return server;
        }
    }
    return NULL;
}

uint32_t backend_usable_servers(const struct backend *backend)
{
    if (backend->usable_active > 0) {
        return backend->usable_active;
    }
    return backend->only_backup != NULL ? 1 : backend->usable_backup;
}

bool backend_has_dynamic_weights(const struct backend *backend)
{
    return algorithm_find(&backend->options)->follows_weights;
}
