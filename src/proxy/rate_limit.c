/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rates as limits: who has had as many in the last second as allowed accepts no more, and while
 * anybody is held for that, a timer looks again every few milliseconds, so that the limit is also
 * what goes through (a look once a second would halve it). Rates slide over two seconds of the
 * clock (balance/counters.h). Nothing is refused: the kernel's backlog waits. No memory.
 */
#include "proxy/rate_limit.h"

enum { LOOK_MS = 20 };

static bool is_reached(struct worker *worker, const struct rate *rate, uint32_t limit)
{
    if (limit == 0 || rate_read(rate, event_now_ms(worker->loop)) < limit) {
        return false;
    }
    if (worker->rates.deadline_ms == TIME_NEVER) {
        event_timer_set(&worker->rates, LOOK_MS);
    }
    return true;
}

bool rate_limit_holds_worker(struct worker *worker)
{
    const struct global_settings *global = &worker->configuration->global;
    const struct process_facts *facts = worker->facts;
    bool connections = is_reached(worker, &facts->connection_rate, global->rate_connections);
    return connections || is_reached(worker, &facts->session_rate, global->rate_sessions);
}

bool rate_limit_holds_tls(struct worker *worker)
{
    return is_reached(worker, &worker->facts->tls_rate, worker->configuration->global.rate_tls);
}

bool rate_limit_holds_proxy(struct proxy *proxy)
{
    return is_reached(proxy->worker, &proxy->counters.session_rate,
                      proxy->settings->session_rate_max);
}

void rate_limit_init(struct worker *worker, void (*on_look)(struct event_timer *timer))
{
    event_timer_init(&worker->rates, worker->loop, on_look);
}

void rate_limit_deinit(struct worker *worker)
{
    event_timer_stop(&worker->rates);
}
