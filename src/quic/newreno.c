/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NewReno (RFC 9002 7, B): slow start, half of the window at a loss, one datagram more a round
 * trip; and no congestion control at all (a fixed window, for tests). State is inside the object
 * that they control.
 */
#include "base/clock.h"
#include "base/number.h"
#include "quic/congestion.h"

enum {
    PACING_NUM = 5, /* a quarter above the window's rate, so that it can grow (7.7) */
    PACING_DEN = 4,
    SLOW_START_PACING = 2,
};

/* The window's rate with some room; twice of it in slow start. */
uint64_t quic_window_rate(const struct quic_congestion *cc, const struct quic_rtt *rtt)
{
    if (!rtt->has_sample) {
        return 0;
    }
    uint64_t rtt_us = uint64_max(rtt->smoothed_us, 1);
    uint64_t rate = cc->window * US_PER_SECOND / rtt_us;
    return cc->window < cc->threshold ? rate * SLOW_START_PACING : rate * PACING_NUM / PACING_DEN;
}

static void begin(struct quic_congestion *cc, uint64_t now_us)
{
    (void)now_us;
    cc->state.newreno = (struct quic_newreno){0};
}

static void on_sent(struct quic_congestion *cc, uint64_t number, size_t bytes, uint64_t in_flight,
                    uint64_t now_us)
{
    (void)number;
    (void)in_flight;
    (void)now_us;
    quic_congestion_spend(cc, bytes);
}

static void on_acked(struct quic_congestion *cc, const struct quic_acked *acked)
{
    struct quic_newreno *state = &cc->state.newreno;
    bool is_recovering =
        cc->recovery_start_us != 0 && acked->largest_sent_us <= cc->recovery_start_us;
    if (is_recovering || !acked->is_window_limited) {
        return;
    }
    if (cc->window < cc->threshold) {
        cc->window += acked->acked_bytes;
    } else {
        state->acked_bytes += acked->acked_bytes;
        if (state->acked_bytes >= cc->window) {
            state->acked_bytes -= cc->window;
            cc->window += cc->datagram_bytes;
        }
    }
    cc->window = uint64_min(cc->window, cc->window_max);
}

static void on_congestion(struct quic_congestion *cc, uint64_t sent_us, uint64_t lost_bytes,
                          bool is_ecn, uint64_t now_us)
{
    (void)lost_bytes;
    (void)is_ecn;
    if (cc->recovery_start_us != 0 && sent_us <= cc->recovery_start_us) {
        return;
    }
    cc->state.newreno.previous_window = cc->window;
    cc->state.newreno.previous_threshold = cc->threshold;
    cc->recovery_start_us = now_us;
    cc->window = uint64_max(cc->window / 2, quic_congestion_least_window(cc));
    cc->threshold = cc->window;
    cc->state.newreno.acked_bytes = 0;
}

static void on_spurious(struct quic_congestion *cc)
{
    const struct quic_newreno *state = &cc->state.newreno;
    if (state->previous_window > cc->window) {
        cc->window = state->previous_window;
        cc->threshold = state->previous_threshold;
    }
}

static void on_persistent(struct quic_congestion *cc, uint64_t now_us)
{
    (void)now_us;
    cc->window = quic_congestion_least_window(cc);
    cc->recovery_start_us = 0;
    cc->state.newreno = (struct quic_newreno){0};
}

static void on_restart(struct quic_congestion *cc, uint64_t now_us)
{
    (void)now_us;
    cc->window = uint64_min(cc->window, quic_congestion_initial_window(cc->datagram_bytes));
}

const struct quic_congestion_ops QUIC_NEWRENO = {
    .name = "newreno",
    .begin = begin,
    .on_sent = on_sent,
    .on_acked = on_acked,
    .on_congestion = on_congestion,
    .on_spurious = on_spurious,
    .on_persistent = on_persistent,
    .on_restart = on_restart,
    .pacing_rate = quic_window_rate,
};

/* ---- none ---- */

static void begin_none(struct quic_congestion *cc, uint64_t now_us)
{
    (void)now_us;
    cc->window = cc->window_max;
}

static void ignore_acked(struct quic_congestion *cc, const struct quic_acked *acked)
{
    (void)cc;
    (void)acked;
}

static void ignore_congestion(struct quic_congestion *cc, uint64_t sent_us, uint64_t lost_bytes,
                              bool is_ecn, uint64_t now_us)
{
    (void)cc;
    (void)sent_us;
    (void)lost_bytes;
    (void)is_ecn;
    (void)now_us;
}

static void ignore_spurious(struct quic_congestion *cc)
{
    (void)cc;
}

static void ignore_time(struct quic_congestion *cc, uint64_t now_us)
{
    (void)cc;
    (void)now_us;
}

static uint64_t no_rate(const struct quic_congestion *cc, const struct quic_rtt *rtt)
{
    (void)cc;
    (void)rtt;
    return 0;
}

const struct quic_congestion_ops QUIC_NOCC = {
    .name = "nocc",
    .begin = begin_none,
    .on_sent = on_sent,
    .on_acked = ignore_acked,
    .on_congestion = ignore_congestion,
    .on_spurious = ignore_spurious,
    .on_persistent = ignore_time,
    .on_restart = ignore_time,
    .pacing_rate = no_rate,
};
