/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server: settings (immutable after load) and runtime (state, weight, sessions, queue). No I/O:
 * time is passed in, and connections are the proxy layer's (`endpoint`).
 *
 *   health:  DOWN <-> UP, with STARTING (slow start) on the way up
 *   admin:   ready, drain, maint; by configuration, by command or by tracking; a server is usable
 * when UP (or unchecked) and no flag is set
 */
#ifndef WEIR_BALANCE_SERVER_H
#define WEIR_BALANCE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "balance/counters.h"
#include "balance/ordered.h"
#include "base/address.h"
#include "base/list.h"
#include "base/slice.h"
#include "base/text.h"

enum { SERVER_WEIGHT_MAX = 256 };

enum server_on_marked_down { MARKED_DOWN_NOTHING, MARKED_DOWN_SHUTDOWN_SESSIONS };

/* `hash-key`: what a server's places on the ring of `hash-type consistent` come from. */
enum server_hash_key {
    SERVER_HASH_KEY_ID,        /* its id, as HAProxy has it since 3.0 */
    SERVER_HASH_KEY_ID_LEGACY, /* its id, as HAProxy had it before; `id-2` is weir's own word */
};

struct server_options {
    const char *name;
    uint32_t id;      /* `id` or counted from 1 in the backend */
    const char *file; /* of the line */
    unsigned line;
    const char *hostname;   /* as written, for `show servers state` and resolution */
    struct address address; /* port 0: the client's destination port (plus port_offset) */
    int32_t port_offset;
    bool port_is_relative; /* "server s addr:+100" */
    uint32_t weight;       /* 0..256, default 1 */
    uint32_t maxconn;      /* 0: none */
    uint32_t minconn;
    uint32_t maxqueue;
    const char *cookie;          /* NULL: none */
    const char *redirect_prefix; /* `redir`, NULL: none */
    enum server_hash_key hash_key;
    bool is_backup;
    bool is_disabled;
    bool no_check_state; /* reserved for init-state */
    uint32_t slow_start_ms;
    bool has_check;
    uint32_t check_interval_ms, check_fast_interval_ms,
        check_down_interval_ms; /* 0: as check_interval_ms */
    uint32_t rise, fall;
    uint32_t error_limit;
    enum server_on_marked_down on_marked_down;
    const char *track;             /* "backend/server", NULL: none */
    uint32_t pool_max_connections; /* UINT32_MAX: none */
    uint32_t pool_low_connections;
    uint32_t pool_purge_delay_ms;
    uint32_t max_reuse; /* UINT32_MAX: none */
};

enum server_health { SERVER_DOWN, SERVER_STARTING, SERVER_UP };

/* Why a server is out of use, or-ed. */
enum server_admin {
    SERVER_MAINT_CONFIGURED = 1, /* `disabled` */
    SERVER_MAINT_FORCED = 2,     /* set server state maint, disable server */
    SERVER_MAINT_INHERITED = 4,  /* by track */
    SERVER_MAINT_RESOLUTION = 8, /* no address */
    SERVER_DRAIN_FORCED = 16,    /* set server state drain */
    SERVER_DRAIN_INHERITED = 32,
};
#define SERVER_MAINT_ANY                                                      \
    (SERVER_MAINT_CONFIGURED | SERVER_MAINT_FORCED | SERVER_MAINT_INHERITED | \
     SERVER_MAINT_RESOLUTION)
#define SERVER_DRAIN_ANY (SERVER_DRAIN_FORCED | SERVER_DRAIN_INHERITED)

struct backend;

struct server {
    const struct server_options *options;
    struct backend *backend;
    struct list link; /* backend->servers, in order of configuration */
    struct counters counters;
    struct address address; /* may change at run time */
    uint16_t port;

    enum server_health health;
    unsigned admin;  /* enum server_admin, or-ed */
    uint32_t weight; /* user's weight now, 0..256 */
    uint32_t
        effective_weight; /* for the algorithm: weight times its scale, less during slow start */
    uint32_t
        counted_weight; /* of it, what backend and algorithm count now: 0 while it is not usable */
    uint32_t maxconn;   /* may change at run time; 0: none */
    uint64_t state_since_ms; /* of the last up/down change */
    uint64_t starting_since_ms;

    uint32_t check_health;       /* 0..rise+fall-1 as HAProxy counts */
    uint32_t consecutive_errors; /* observed */
    uint16_t check_code;         /* HTTP status or 0 */
    uint8_t check_status; /* proxy/check.h's table: INI UNK SOCKERR L4OK L4TOUT L4CON L6OK… L7OK
                             L7STS… */
    uint32_t check_duration_ms;

    uint32_t served;          /* slots taken: sessions being served */
    struct ordered_set queue; /* struct queue_entry waiting for this server */
    uint32_t queue_length;

    uint32_t lb_index; /* in the algorithm's arrays: its place in order of configuration */
    void *lb_data;     /* the algorithm's own state of it */

    struct server *tracked; /* whose state it follows, NULL: none */
    struct list trackers;   /* struct server that follow it, by tracker_link */
    struct list tracker_link;

    void *endpoint; /* proxy/endpoint.h: how to connect, idle connections, checks */
};

/* Whether it answers as far as is known: not down and not in maintenance. */
bool server_is_alive(const struct server *server);

/* Whether new sessions may be given to it by the algorithm: up, not in maintenance or drain, weight
 * above 0. */
bool server_is_usable(const struct server *server);

/* Whether sessions bound to it by a cookie or a table may still go there: as usable, drain and
 * weight 0 allowed. */
bool server_accepts_persistent(const struct server *server);

/* Sets health after a check; counts transitions and downtime, tells the algorithm. */
void server_set_health(struct server *server, enum server_health health, uint64_t now_ms);

/*
 * Sets and clears admin flags, tells the algorithm. A server that leaves maintenance begins as up
 * (its first failed check takes it down), with a slow start when it has one.
 */
void server_set_admin(struct server *server, unsigned set, unsigned clear, uint64_t now_ms);

/* Lets `server` follow the state of `tracked` from now on, at once as well. `tracked` must not
 * follow `server`. */
void server_track(struct server *server, struct server *tracked);

/* Sets the user's weight (0..256), tells the algorithm. A static algorithm knows 0 and the
 * configured weight only. */
void server_set_weight(struct server *server, uint32_t weight);

/* The state in the words of `show stat`: "UP", "DOWN", "UP 1/3", "DOWN 1/2", "NOLB", "MAINT",
 * "MAINT (via …)", "MAINT (resolution)", "DRAIN", "no check". */
void server_append_status(const struct server *server, struct text *text);

/* Sets the most sessions at once (0: none) and lets those who wait have what came free. */
void server_set_maxconn(struct server *server, uint32_t maxconn, uint64_t now_ms);

/* Percent of its weight that it has now: below 100 during slow start. */
uint32_t server_throttle_percent(const struct server *server);

/* Milliseconds that it was down until `now_ms`, the present time down included. */
uint64_t server_downtime_ms(const struct server *server, uint64_t now_ms);

/* Whether a session sent to it now would have to wait. */
bool server_is_full(const struct server *server);

/* Sessions it may serve at once now: maxconn, or between minconn and maxconn by the backend's load
 * (dynamic limit); 0: no limit. */
uint32_t server_session_limit(const struct server *server);

#endif
