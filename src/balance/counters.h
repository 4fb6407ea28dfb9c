/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of frontends, backends, servers and listeners: what `show stat`, the statistics page,
 * metrics, logs and the *_conn,
 * *_rate fetches read. One struct for all four kinds; each kind uses its part.
 */
#ifndef WEIR_BALANCE_COUNTERS_H
#define WEIR_BALANCE_COUNTERS_H

#include <stdint.h>

/* Events a second over a sliding second, as HAProxy computes it: the current second's count plus
 * the share of the last. */
struct rate {
    uint64_t second; /* the second (monotonic) that `current` counts */
    uint32_t current;
    uint32_t previous;
    uint32_t max;
};

/* Counts `events` at `now_ms`. */
void rate_add(struct rate *rate, uint64_t now_ms, uint32_t events);

/* The rate per second at `now_ms`. */
uint32_t rate_read(const struct rate *rate, uint64_t now_ms);

enum { COUNTER_STATUS_CLASSES = 6 }; /* other, 1xx … 5xx */

struct counters {
    /* sessions (frontend: connections with a stream; backend, server: streams assigned) */
    uint32_t sessions_current;
    uint32_t sessions_max;
    uint64_t sessions_total;
    struct rate session_rate;
    /* connections (frontend, listener) */
    uint64_t connections_total;
    struct rate connection_rate;
    /* HTTP requests (frontend) */
    uint64_t requests_total;
    struct rate request_rate;
    uint64_t responses[COUNTER_STATUS_CLASSES];
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t denied_requests;
    uint64_t denied_responses;
    uint64_t denied_connections; /* tcp-request connection */
    uint64_t denied_sessions;    /* tcp-request session */
    uint64_t request_errors;
    uint64_t connection_errors; /* dialling failed */
    uint64_t response_errors;
    uint64_t retries;
    uint64_t redispatches;
    uint64_t client_aborts;
    uint64_t server_aborts;
    uint64_t connect_attempts;
    uint64_t connections_reused;
    uint64_t rewrites_failed; /* header rewriting refused for want of room */
    uint64_t internal_errors;
    uint64_t intercepted;     /* answered here: statistics, redirects, monitor */
    uint64_t selected_total;  /* lbtot: times chosen by the algorithm */
    uint64_t last_session_ms; /* monotonic ms of the last assignment, 0 never */
    uint32_t queue_current;
    uint32_t queue_max;
    uint64_t check_failures;
    uint64_t check_downs; /* transitions to down */
    uint64_t downtime_ms;
    uint64_t queue_time_us, connect_time_us, response_time_us,
        total_time_us; /* sums over the last 1024 (rolling) */
    uint32_t queue_time_max_ms, connect_time_max_ms, response_time_max_ms, total_time_max_ms;
};

/* Who a proxy is, for fetches, logs and statistics. */
struct proxy_identity {
    const char *name;
    uint32_t id;
    struct counters *counters;
};

/* Resets what `clear counters` resets: maxima only, or everything when `all`. */
void counters_clear(struct counters *counters, int all);

#endif
