/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues: streams that wait for a slot of one server or of any. Their order is class first, then
 * the time of their coming plus an offset, as HAProxy orders them; of two equal ones the older goes
 * first, whichever queue it waits in.
 *
 * No slot is lost: whoever waits in a server's queue came when the server was full, whoever waits
 * in the backend's when all were, and each event that may make room (a release, a state, a limit)
 * serves the queues before it returns. Memory: entries are embedded in streams.
 */
#include "balance/backend_internal.h"
#include "base/assert.h"

/* ---- order ---- */

/* Class and time in one number: 12 bits of class, which is within -2047..2047, above 52 bits of
 * milliseconds. */
static uint64_t key_of(const struct queue_entry *entry)
{
    enum { CLASS_SHIFT = 32, TIME_BITS = 52, CLASS_MAX = 2047 };
    int64_t offset = (int32_t)(uint32_t)((uint64_t)entry->order & UINT32_MAX);
    int64_t class = (entry->order - offset) / ((int64_t)1 << CLASS_SHIFT);
    class = class < -CLASS_MAX ? -CLASS_MAX : class > CLASS_MAX ? CLASS_MAX : class;
    int64_t due_ms = (int64_t)entry->since_ms + offset;
    due_ms = due_ms < 0 ? 0 : due_ms;
    return ((uint64_t)(class + CLASS_MAX) << TIME_BITS) | (uint64_t)due_ms;
}

static struct queue_entry *first_of(const struct ordered_set *queue)
{
    struct ordered_node *node = ordered_first(queue);
    return node == NULL ? NULL : container_of(node, struct queue_entry, link);
}

/* Whether `a` goes before `b`; a server's own entry `a` does when they are equal in all. */
static bool goes_before(const struct queue_entry *a, const struct queue_entry *b)
{
    if (a->link.key != b->link.key) {
        return a->link.key < b->link.key;
    }
    return a->since_ms <= b->since_ms;
}

/* ---- in and out ---- */

static void count_entries(uint32_t *length, struct counters *counters,
                          const struct ordered_set *queue)
{
    *length = ordered_count(queue);
    counters->queue_current = *length;
    if (*length > counters->queue_max) {
        counters->queue_max = *length;
    }
}

static void insert(struct queue_entry *entry)
{
    struct server *server = entry->server;
    struct backend *backend = entry->backend;
    if (server != NULL) {
        ordered_insert(&server->queue, &entry->link, key_of(entry));
        count_entries(&server->queue_length, &server->counters, &server->queue);
        backend_tell_load(server);
        return;
    }
    ordered_insert(&backend->queue, &entry->link, key_of(entry));
    count_entries(&backend->queue_length, &backend->counters, &backend->queue);
}

enum result queue_wait(struct queue_entry *entry, struct backend *backend, struct server *server,
                       uint64_t now_ms)
{
    ASSERT(!ordered_is_member(&entry->link));
    if (server != NULL && server->options->maxqueue > 0 &&
        server->queue_length >= server->options->maxqueue) {
        return RESULT_FULL;
    }
    backend->now_ms = now_ms;
    entry->backend = backend;
    entry->server = server;
    entry->since_ms = now_ms;
    insert(entry);
    return RESULT_OK;
}

void queue_cancel(struct queue_entry *entry)
{
    if (!ordered_is_member(&entry->link)) {
        return;
    }
    ordered_remove(&entry->link);
    struct server *server = entry->server;
    struct backend *backend = entry->backend;
    if (server != NULL) {
        count_entries(&server->queue_length, &server->counters, &server->queue);
        backend_tell_load(server);
    } else {
        count_entries(&backend->queue_length, &backend->counters, &backend->queue);
    }
}

uint32_t queue_position(const struct queue_entry *entry)
{
    return ordered_is_member(&entry->link) ? ordered_rank(&entry->link) : 0;
}

/* ---- serving ---- */

/* Who is next for a slot of `server`; NULL: nobody. */
static struct queue_entry *next_for(const struct server *server)
{
    struct queue_entry *own = first_of(&server->queue);
    struct queue_entry *any =
        backend_may_serve_any(server) ? first_of(&server->backend->queue) : NULL;
    if (own == NULL || any == NULL) {
        return own != NULL ? own : any;
    }
    return goes_before(own, any) ? own : any;
}

static bool has_slot(const struct server *server)
{
    return server->maxconn == 0 || server->served < server_session_limit(server);
}

void queue_serve(struct server *server, uint64_t now_ms)
{
    server->backend->now_ms = now_ms;
    while (has_slot(server)) {
        struct queue_entry *entry = next_for(server);
        if (entry == NULL) {
            return;
        }
        queue_cancel(entry);
        backend_take_slot(server);
        entry->on_turn(entry, server);
    }
}

uint32_t queue_redistribute(struct server *server)
{
    uint32_t moved = 0;
    struct queue_entry *entry = first_of(&server->queue);
    while (entry != NULL) {
        queue_cancel(entry);
        entry->server = NULL;
        insert(entry);
        moved++;
        entry = first_of(&server->queue);
    }
    return moved;
}

void backend_serve_queues(struct backend *backend, uint64_t now_ms)
{
    backend->now_ms = now_ms;
    LIST_EACH(link, &backend->servers) {
        struct server *server = container_of(link, struct server, link);
        backend_tell_load(server);
        queue_serve(server, now_ms);
    }
}
