/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CUBIC (RFC 9438) with HyStart++ (RFC 9406).
 *
 * The window follows W(t) = C (t - K)^3 + W_max, t since the last reduction, never below what
 * NewReno would have. Integers only: windows in bytes, times in milliseconds, C = 0.4 datagrams a
 * cubic second.
 */
#include "base/clock.h"
#include "base/number.h"
#include "quic/congestion.h"

enum {
    BETA_NUM = 7, /* 4.6: the window after a reduction, in tenths */
    BETA_DEN = 10,
    C_NUM = 4,
    C_DEN = 10,
    FAST_NUM = 17, /* 4.7: (1 + beta) / 2, in twentieths */
    FAST_DEN = 20,
    ALPHA_NUM = 9, /* 4.3: 3 (1 - beta) / (1 + beta) = 9/17 */
    ALPHA_DEN = 17,
    GROWTH_NUM = 3, /* 4.2: at most half of the window more a round trip */
    GROWTH_DEN = 2,
    HYSTART_SAMPLES = 8, /* RFC 9406 4.3 */
    HYSTART_MIN_US = 4000,
    HYSTART_MAX_US = 16000,
    HYSTART_SHARE = 8,
    CSS_GROWTH = 4,
    CSS_ROUNDS = 5,
    TIME_MS_MAX = 1000000, /* of a growth: its cube fits 64 bits */
};

static uint64_t cube(uint64_t value)
{
    return value * value * value;
}

/* The largest integer whose cube is at most `value`. */
static uint64_t cube_root(uint64_t value)
{
    uint64_t low = 0, high = 2642245; /* its cube is the largest below 2^64 */
    while (low < high) {
        uint64_t middle = (low + high + 1) / 2;
        if (cube(middle) <= value) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

/* ---- HyStart++ ---- */

static void begin_round(struct quic_hystart *h, uint64_t end)
{
    h->last_min_us = h->current_min_us;
    h->current_min_us = UINT64_MAX;
    h->samples = 0;
    h->round_end = end;
}

/* Slow start ends when round trips get longer: first it grows slower, to be sure (CSS). */
static void watch_rtt(struct quic_congestion *cc, const struct quic_acked *acked)
{
    struct quic_hystart *h = &cc->state.cubic.hystart;
    h->current_min_us = uint64_min(h->current_min_us, acked->rtt->latest_us);
    h->samples++;
    if (h->samples >= HYSTART_SAMPLES && h->current_min_us != UINT64_MAX &&
        h->last_min_us != UINT64_MAX) {
        uint64_t limit_us =
            uint64_min(uint64_max(h->last_min_us / HYSTART_SHARE, HYSTART_MIN_US), HYSTART_MAX_US);
        if (!h->in_css && h->current_min_us >= h->last_min_us + limit_us) {
            h->css_baseline_us = h->current_min_us;
            h->in_css = true;
            h->css_rounds = 0;
        } else if (h->in_css && h->current_min_us < h->css_baseline_us) {
            h->in_css = false; /* it was a jitter */
        }
    }
    if (acked->largest_number >= h->round_end) {
        begin_round(h, acked->next_number);
        h->css_rounds += h->in_css ? 1 : 0;
        if (h->in_css && h->css_rounds >= CSS_ROUNDS) {
            cc->threshold = cc->window;
            h->is_done = true;
        }
    }
}

static void slow_start(struct quic_congestion *cc, const struct quic_acked *acked)
{
    const struct quic_hystart *h = &cc->state.cubic.hystart;
    cc->window += h->in_css ? acked->acked_bytes / CSS_GROWTH : acked->acked_bytes;
    if (!cc->options.no_hystart && !h->is_done) {
        watch_rtt(cc, acked);
    }
}

/* ---- CUBIC ---- */

static void begin_epoch(struct quic_congestion *cc, uint64_t now_us)
{
    struct quic_cubic *state = &cc->state.cubic;
    state->epoch_us = now_us;
    state->reno_window = cc->window;
    state->acked_bytes = 0;
    if (state->origin_window <= cc->window) {
        state->origin_window = cc->window;
        state->k_ms = 0;
        return;
    }
    /* K = cube root of (W_max - cwnd) / C, in datagrams and seconds; here with milliseconds cubed.
     */
    uint64_t missing = state->origin_window - cc->window;
    uint64_t cubic_ms = missing * C_DEN / C_NUM * UINT64_C(1000000) / cc->datagram_bytes;
    state->k_ms = cube_root(cubic_ms * UINT64_C(1000));
}

/* W(t), in bytes. */
static uint64_t window_at(const struct quic_congestion *cc, uint64_t t_ms)
{
    const struct quic_cubic *state = &cc->state.cubic;
    bool is_past = t_ms >= state->k_ms;
    uint64_t distance_ms =
        uint64_min(is_past ? t_ms - state->k_ms : state->k_ms - t_ms, TIME_MS_MAX);
    uint64_t bytes =
        cube(distance_ms) / UINT64_C(1000000) * cc->datagram_bytes / 1000 * C_NUM / C_DEN;
    if (is_past) {
        return state->origin_window + bytes;
    }
    return state->origin_window > bytes ? state->origin_window - bytes : 0;
}

static void avoid_congestion(struct quic_congestion *cc, const struct quic_acked *acked)
{
    struct quic_cubic *state = &cc->state.cubic;
    if (state->epoch_us == 0) {
        begin_epoch(cc, acked->now_us);
    }
    uint64_t t_ms = (acked->now_us - state->epoch_us + acked->rtt->smoothed_us) / US_PER_MS;
    uint64_t target = window_at(cc, t_ms);
    target = uint64_min(uint64_max(target, cc->window), cc->window * GROWTH_NUM / GROWTH_DEN);
    /* As NewReno would: alpha datagrams a window's worth of ACKs. */
    bool is_caught_up = state->reno_window >= state->previous_window;
    uint64_t gain = cc->datagram_bytes * acked->acked_bytes / uint64_max(cc->window, 1);
    state->reno_window += is_caught_up ? gain : gain * ALPHA_NUM / ALPHA_DEN;
    /* (target - cwnd) / cwnd for each byte, with what is less than one byte kept for the next. */
    state->acked_bytes += (target - cc->window) * acked->acked_bytes;
    uint64_t steps = state->acked_bytes / uint64_max(cc->window, 1);
    state->acked_bytes -= steps * cc->window;
    cc->window = uint64_max(cc->window + steps, state->reno_window);
}

static void begin(struct quic_congestion *cc, uint64_t now_us)
{
    (void)now_us;
    cc->state.cubic = (struct quic_cubic){0};
    cc->state.cubic.hystart.current_min_us = UINT64_MAX;
    cc->state.cubic.hystart.last_min_us = UINT64_MAX;
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
    bool is_recovering =
        cc->recovery_start_us != 0 && acked->largest_sent_us <= cc->recovery_start_us;
    if (is_recovering) {
        return;
    }
    if (!acked->is_window_limited) { /* 5.8: time without need is no time to grow in */
        cc->state.cubic.epoch_us = 0;
        return;
    }
    if (cc->window < cc->threshold) {
        slow_start(cc, acked);
    } else {
        avoid_congestion(cc, acked);
    }
    cc->window = uint64_min(cc->window, cc->window_max);
}

static void on_congestion(struct quic_congestion *cc, uint64_t sent_us, uint64_t lost_bytes,
                          bool is_ecn, uint64_t now_us)
{
    struct quic_cubic *state = &cc->state.cubic;
    (void)lost_bytes;
    (void)is_ecn;
    if (cc->recovery_start_us != 0 && sent_us <= cc->recovery_start_us) {
        return;
    }
    state->previous_window = cc->window;
    state->previous_threshold = cc->threshold;
    state->previous_origin = state->origin_window;
    cc->recovery_start_us = now_us;
    state->origin_window =
        cc->window < state->origin_window ? cc->window * FAST_NUM / FAST_DEN : cc->window;
    cc->window = uint64_max(cc->window * BETA_NUM / BETA_DEN, quic_congestion_least_window(cc));
    cc->threshold = cc->window;
    state->epoch_us = 0;
    state->hystart.is_done = true;
}

static void on_spurious(struct quic_congestion *cc)
{
    struct quic_cubic *state = &cc->state.cubic;
    if (state->previous_window > cc->window) { /* 4.9 */
        cc->window = state->previous_window;
        cc->threshold = state->previous_threshold;
        state->origin_window = state->previous_origin;
        state->epoch_us = 0;
    }
}

static void on_persistent(struct quic_congestion *cc, uint64_t now_us)
{
    (void)now_us;
    struct quic_cubic *state = &cc->state.cubic;
    state->origin_window = cc->window;
    cc->threshold = cc->window * BETA_NUM / BETA_DEN;
    cc->window = quic_congestion_least_window(cc);
    cc->recovery_start_us = 0;
    state->epoch_us = 0;
    state->previous_window = 0;
}

static void on_restart(struct quic_congestion *cc, uint64_t now_us)
{
    (void)now_us;
    cc->window = uint64_min(cc->window, quic_congestion_initial_window(cc->datagram_bytes));
    cc->state.cubic.epoch_us = 0;
}

const struct quic_congestion_ops QUIC_CUBIC = {
    .name = "cubic",
    .begin = begin,
    .on_sent = on_sent,
    .on_acked = on_acked,
    .on_congestion = on_congestion,
    .on_spurious = on_spurious,
    .on_persistent = on_persistent,
    .on_restart = on_restart,
    .pacing_rate = quic_window_rate,
};
