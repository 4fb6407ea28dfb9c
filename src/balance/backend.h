/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend's servers and how one is chosen: the algorithm, the slots (sessions a server may serve
 * at once) and the queues.
 *
 * A stream asks backend_assign; it gets a server with a slot taken, or is told to wait (queue_wait:
 * in the server's queue when it must go there, else in the backend's), or that there is none. Every
 * slot is given back by backend_release, which hands it to the next in the queues. What bounds it:
 * a queue entry is embedded in the stream; servers and the algorithm's arrays are made at startup.
 */
#ifndef WEIR_BALANCE_BACKEND_H
#define WEIR_BALANCE_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "balance/counters.h"
#include "balance/ordered.h"
#include "balance/server.h"
#include "base/list.h"
#include "base/result.h"
#include "base/slice.h"
#include "memory/memory.h"

enum balance_algorithm {
    BALANCE_ROUND_ROBIN, /* default: smooth, weights change at run time */
    BALANCE_STATIC_ROUND_ROBIN,
    BALANCE_LEAST_CONNECTIONS,
    BALANCE_FIRST,
    BALANCE_RANDOM,
    BALANCE_SOURCE,
    BALANCE_URI,
    BALANCE_URL_PARAMETER,
    BALANCE_HEADER,
    BALANCE_HASH,
    BALANCE_ALGORITHMS
};

enum hash_function {
    HASH_FUNCTION_SDBM,
    HASH_FUNCTION_DJB2,
    HASH_FUNCTION_WT6,
    HASH_FUNCTION_CRC32,
    HASH_FUNCTION_NONE
};

struct balance_options {
    enum balance_algorithm algorithm;
    uint32_t random_draws;   /* random(n), default 2 */
    bool hash_is_consistent; /* hash-type consistent, else map-based */
    bool hash_avalanche;
    bool hash_domain_only; /* use_domain_only: of a host name the label before the last dot */
    enum hash_function hash_function;
    uint32_t hash_balance_factor; /* percent, 0: off */
    bool all_backups;             /* option allbackups */
    bool redistributes; /* option redispatch without option persist: who waits for a server that
                           went down may go elsewhere */
    uint32_t fullconn;  /* 0: computed at startup */
};

struct balance_ops;

/* What happened to a server, besides what can be read from it. */
struct server_change {
    enum server_health health_before;
    unsigned admin_before;
    uint32_t
        requeued; /* who left its queue to wait for any server, or found a slot by the change */
    bool took_backend_down; /* it was the last usable one */
};

struct backend {
    struct proxy_identity identity;
    struct counters counters;
    struct balance_options options;
    const struct balance_ops *ops; /* the algorithm */
    void *lb_state;                /* its arrays */
    struct account *account;       /* configuration: pays for lb_state */
    struct list servers;
    uint32_t servers_count;
    uint32_t usable_active, usable_backup; /* servers */
    uint32_t weight_active,
        weight_backup; /* sums of user weights of the usable, less during slow start */
    uint32_t effective_active, effective_backup; /* the same in the algorithm's units */
    uint32_t weight_scale, weight_divisor;       /* effective weight = weight * scale / divisor */
    struct server *only_backup; /* the one that serves while no active server is usable; NULL with
                                   all_backups */
    uint32_t served;            /* slots taken */
    struct ordered_set queue;   /* struct queue_entry without a server */
    uint32_t queue_length;
    uint32_t starting_count; /* servers in slow start */
    bool has_dynamic_limits; /* some server has minconn or slow start: limits change without an
                                event */
    /* Told after each change of health or administration; NULL: nobody. */
    void (*on_server_change)(struct server *server, const struct server_change *change);
    uint64_t now_ms; /* of the last call */
    uint64_t last_change_ms, downtime_ms;
};

/* One waiting stream. Zero bytes make one that does not wait. */
struct queue_entry {
    struct ordered_node link;
    struct backend *backend;
    struct server *server; /* NULL: waits for any */
    int64_t
        order; /* priority class (lowest first) times 2^32 plus an offset in ms to the arrival */
    uint64_t since_ms;
    /* A slot of `server` is taken for this entry, which left the queue. Called from backend_release
     * or a state change. */
    void (*on_turn)(struct queue_entry *entry, struct server *server);
};

/* What the algorithm may know of a request. */
struct balance_request {
    struct slice
        key; /* hash input; data NULL: none (round robin is used instead, as HAProxy does) */
    struct server *avoid; /* just failed there (redispatch), or NULL */
    /* Told after each change of health or administration; NULL: nobody. */
    void (*on_server_change)(struct server *server, const struct server_change *change);
    uint64_t now_ms;
};

/* Prepares a backend without servers. */
void backend_init(struct backend *backend, const char *name, uint32_t id,
                  const struct balance_options *options, struct account *account);

/* Adds a server (before backend_start). */
void backend_add_server(struct backend *backend, struct server *server,
                        const struct server_options *options);

/* Builds the algorithm's structures. RESULT_NO_MEMORY. */
MUST_USE enum result backend_start(struct backend *backend, uint64_t now_ms);

/* Releases the algorithm's structures. */
void backend_stop(struct backend *backend);

/*
 * Chooses a server and takes a slot. RESULT_OK with `*server`. RESULT_FULL: all usable are at their
 * limit (`*server` NULL: wait in the backend's queue) or the one the key leads to is (`*server`
 * set: wait there). RESULT_NOT_FOUND: no usable server.
 */
MUST_USE enum result backend_assign(struct backend *backend, const struct balance_request *request,
                                    struct server **server);

/* Takes a slot of a given server (persistence). RESULT_OK, RESULT_FULL (wait in its queue),
 * RESULT_NOT_FOUND (does not accept persistent sessions). */
MUST_USE enum result backend_assign_server(struct backend *backend, struct server *server);

/* Gives a slot back and wakes the next waiting entry. */
void backend_release(struct backend *backend, struct server *server, uint64_t now_ms);

/* Puts an entry in the queue of `server`, or of the backend when NULL, by its order. RESULT_FULL:
 * the server's maxqueue is reached. */
MUST_USE enum result queue_wait(struct queue_entry *entry, struct backend *backend,
                                struct server *server, uint64_t now_ms);

/* Takes an entry out; harmless when it is in none. */
void queue_cancel(struct queue_entry *entry);

/* Entries that stand before this one. */
uint32_t queue_position(const struct queue_entry *entry);

/* Gives free slots to waiting entries (after a server came up, or its maxconn rose). */
void backend_serve_queues(struct backend *backend, uint64_t now_ms);

/* The server called `name`, or with the id when `name` is "#<id>"; NULL when there is none. */
struct server *backend_find_server(const struct backend *backend, struct slice name);

/* Milliseconds that no server was usable until `now_ms`, the present time included. */
uint64_t backend_downtime_ms(const struct backend *backend, uint64_t now_ms);

/*
 * Lets time pass: slow starts go on, limits that rose serve waiting entries. backend_assign does it
 * by itself; call it about once a second for backends at rest.
 */
void backend_advance(struct backend *backend, uint64_t now_ms);

/* Whether weights changed at run time are followed: false for static-rr and map-based hashes, which
 * take 0 % and 100 % only. */
bool backend_has_dynamic_weights(const struct backend *backend);

/* Servers that may be chosen now: of the active ones, or of the backups when no active one is
 * usable. */
uint32_t backend_usable_servers(const struct backend *backend);

#endif
