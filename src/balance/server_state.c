/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of a server's state: health by checks, maintenance and drain by configuration, command or
 * tracking, weight, slow start. Each change is made here, counted (downs, downtime), passed on to
 * the servers that track this one, and applied to the backend. No memory; tracking is a tree, since
 * a server tracks at most one other and loops are refused.
 */
#include "balance/backend_internal.h"
#include "base/assert.h"
#include "base/clock.h"

/* ---- counting ---- */

static void set_health(struct server *server, enum server_health health)
{
    server->backend->starting_count -= server->health == SERVER_STARTING ? 1 : 0;
    server->health = health;
    server->backend->starting_count += health == SERVER_STARTING ? 1 : 0;
}

static void begin_up(struct server *server, uint64_t now_ms)
{
    bool starts_slowly = server->options->slow_start_ms > 0;
    server->starting_since_ms = now_ms;
    set_health(server, starts_slowly ? SERVER_STARTING : SERVER_UP);
}

/* Counts a step between alive and not. */
static void count_step(struct server *server, bool was_alive, uint64_t now_ms)
{
    bool is_alive = server_is_alive(server);
    if (is_alive == was_alive) {
        return;
    }
    if (is_alive) {
        server->counters.downtime_ms += now_ms - server->state_since_ms;
    } else {
        server->counters.check_downs++;
    }
    server->state_since_ms = now_ms;
}

/* Applies a change that was made and tells it. */
static void finish_change(struct server *server, struct server_change change, uint64_t now_ms)
{
    struct backend *backend = server->backend;
    bool was_usable = backend->usable_active + backend->usable_backup > 0;
    uint32_t served = backend->served;
    change.requeued = backend_apply(server, now_ms);
    if (backend->served > served) {
        change.requeued += backend->served - served;
    }
    change.took_backend_down = was_usable && backend->usable_active + backend->usable_backup == 0;
    if (backend->on_server_change != NULL) {
        backend->on_server_change(server, &change);
    }
}

/* ---- health ---- */

static void change_health(struct server *server, enum server_health health, uint64_t now_ms)
{
    const struct server_change change = {.health_before = server->health,
                                         .admin_before = server->admin};
    const struct server_options *options = server->options;
    bool is_down = health == SERVER_DOWN;
    if ((server->health == SERVER_DOWN) == is_down) {
        return;
    }
    bool was_alive = server_is_alive(server);
    if (is_down) {
        set_health(server, SERVER_DOWN);
    } else {
        begin_up(server, now_ms);
    }
    server->check_health = is_down ? 0 : options->rise + options->fall - 1;
    count_step(server, was_alive, now_ms);
    finish_change(server, change, now_ms);
}

/* The next of a tree of trackers in preorder, or NULL behind the last below `root`. */
static struct server *next_tracker(const struct server *root, struct server *server)
{
    struct list *child = list_first(&server->trackers);
    if (child != NULL) {
        return container_of(child, struct server, tracker_link);
    }
    while (server != root) {
        struct list *sibling = server->tracker_link.next;
        if (sibling != &server->tracked->trackers) {
            return container_of(sibling, struct server, tracker_link);
        }
        server = server->tracked;
    }
    return NULL;
}

void server_set_health(struct server *server, enum server_health health, uint64_t now_ms)
{
    for (struct server *each = server; each != NULL; each = next_tracker(server, each)) {
        change_health(each, health, now_ms);
    }
}

/* ---- administration ---- */

/* Health after maintenance: as the tracked server's, else up until a check fails. */
static void leave_maintenance(struct server *server, uint64_t now_ms)
{
    const struct server_options *options = server->options;
    if (server->tracked != NULL && server->tracked->health == SERVER_DOWN) {
        set_health(server, SERVER_DOWN);
        return;
    }
    server->check_health = options->rise;
    begin_up(server, now_ms);
}

static void change_admin(struct server *server, unsigned admin, uint64_t now_ms)
{
    if (admin == server->admin) {
        return;
    }
    const struct server_change change = {.health_before = server->health,
                                         .admin_before = server->admin};
    bool was_alive = server_is_alive(server);
    bool was_in_maintenance = (server->admin & SERVER_MAINT_ANY) != 0;
    server->admin = admin;
    if (was_in_maintenance && (admin & SERVER_MAINT_ANY) == 0) {
        leave_maintenance(server, now_ms);
    }
    count_step(server, was_alive, now_ms);
    finish_change(server, change, now_ms);
}

/* The flags of a server that tracks another, by that one's. */
static unsigned inherited_admin(const struct server *server)
{
    const unsigned inherited = SERVER_MAINT_INHERITED | SERVER_DRAIN_INHERITED;
    unsigned admin = server->admin & ~inherited;
    admin |= (server->tracked->admin & SERVER_MAINT_ANY) != 0 ? SERVER_MAINT_INHERITED : 0;
    admin |= (server->tracked->admin & SERVER_DRAIN_ANY) != 0 ? SERVER_DRAIN_INHERITED : 0;
    return admin;
}

void server_set_admin(struct server *server, unsigned set, unsigned clear, uint64_t now_ms)
{
    change_admin(server, (server->admin | set) & ~clear, now_ms);
    for (struct server *each = next_tracker(server, server); each != NULL;
         each = next_tracker(server, each)) {
        change_admin(each, inherited_admin(each), now_ms);
    }
}

void server_track(struct server *server, struct server *tracked)
{
    ASSERT(server->tracked == NULL);
    for (const struct server *above = tracked; above != NULL; above = above->tracked) {
        ASSERT(above != server);
    }
    server->tracked = tracked;
    list_append(&tracked->trackers, &server->tracker_link);
    uint64_t now_ms = server->backend->now_ms;
    server_set_health(server, tracked->health == SERVER_DOWN ? SERVER_DOWN : SERVER_UP, now_ms);
    server_set_admin(server, inherited_admin(server), 0, now_ms);
}

/* ---- weight and slow start ---- */

void server_set_weight(struct server *server, uint32_t weight)
{
    ASSERT(weight <= SERVER_WEIGHT_MAX);
    server->weight = weight;
    (void)backend_apply(server, server->backend->now_ms);
}

void server_set_maxconn(struct server *server, uint32_t maxconn, uint64_t now_ms)
{
    server->maxconn = maxconn;
    backend_serve_queues(server->backend, now_ms);
}

static void go_on_starting(struct server *server, uint64_t now_ms)
{
    if (now_ms >= server->starting_since_ms + server->options->slow_start_ms) {
        set_health(server, SERVER_UP);
    }
    (void)backend_apply(server, now_ms);
}

void backend_advance(struct backend *backend, uint64_t now_ms)
{
    backend->now_ms = now_ms;
    if (backend->starting_count > 0) {
        LIST_EACH(link, &backend->servers) {
            struct server *server = container_of(link, struct server, link);
            if (server->health == SERVER_STARTING) {
                go_on_starting(server, now_ms);
            }
        }
    }
    if (backend->has_dynamic_limits) {
        backend_serve_queues(backend, now_ms);
    }
}
