/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters: rates over a sliding second and what `clear counters` resets. Time is passed in; a rate
 * is four words, moved on when it is written and worked out when it is read, so that nothing runs
 * for idle ones.
 */
#include "balance/counters.h"

#include "base/clock.h"

/* Moves the window on to the second of `now_ms`. */
static void rate_advance(struct rate *rate, uint64_t now_ms)
{
    uint64_t second = now_ms / MS_PER_SECOND;
    if (second == rate->second) {
        return;
    }
    rate->previous = second == rate->second + 1 ? rate->current : 0;
    rate->current = 0;
    rate->second = second;
}

void rate_add(struct rate *rate, uint64_t now_ms, uint32_t events)
{
    rate_advance(rate, now_ms);
    if (__builtin_add_overflow(rate->current, events, &rate->current)) {
        rate->current = UINT32_MAX;
    }
    if (rate->current > rate->max) {
        rate->max = rate->current;
    }
}

uint32_t rate_read(const struct rate *rate, uint64_t now_ms)
{
    struct rate now = *rate;
    rate_advance(&now, now_ms);
    if (now.current == 0 && now.previous <= 1) {
        return now.previous; /* a very low rate is not made to flap */
    }
    uint64_t left_ms = MS_PER_SECOND - now_ms % MS_PER_SECOND;
    return now.current + (uint32_t)((uint64_t)now.previous * left_ms / MS_PER_SECOND);
}

static void clear_maxima(struct counters *counters)
{
    counters->sessions_max = counters->sessions_current;
    counters->queue_max = counters->queue_current;
    counters->session_rate.max = 0;
    counters->connection_rate.max = 0;
    counters->request_rate.max = 0;
    counters->queue_time_max_ms = 0;
    counters->connect_time_max_ms = 0;
    counters->response_time_max_ms = 0;
    counters->total_time_max_ms = 0;
}

void counters_clear(struct counters *counters, int all)
{
    if (all != 0) {
        const struct counters old = *counters;
        *counters = (struct counters){
            .sessions_current = old.sessions_current,
            .queue_current = old.queue_current,
            .session_rate = old.session_rate,
            .connection_rate = old.connection_rate,
            .request_rate = old.request_rate,
            .downtime_ms = old.downtime_ms,
        };
    }
    clear_maxima(counters);
}
