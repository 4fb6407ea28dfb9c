/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all congestion controllers share: the window's bounds (RFC 9002 7.2), and the pacer (7.7): a
 * bucket of bytes that fills at the controller's rate and holds a burst.
 */
#include "quic/congestion.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/number.h"

enum {
    INITIAL_DATAGRAMS = 10,
    INITIAL_BYTES_MAX = 14720,
    LEAST_DATAGRAMS = 2,
    BURST_DATAGRAMS = 16,
    BURST_US = 2000, /* what the pacer lets through at once at high rates: a timer's grain twice */
};

uint64_t quic_congestion_initial_window(size_t datagram_bytes)
{
    uint64_t least = uint64_max(INITIAL_BYTES_MAX, LEAST_DATAGRAMS * datagram_bytes);
    return uint64_min(INITIAL_DATAGRAMS * datagram_bytes, least);
}

uint64_t quic_congestion_least_window(const struct quic_congestion *cc)
{
    return LEAST_DATAGRAMS * cc->datagram_bytes;
}

static const struct quic_congestion_ops *find_ops(enum quic_cc_algorithm algorithm)
{
    switch (algorithm) {
    case QUIC_CC_CUBIC:
        return &QUIC_CUBIC;
    case QUIC_CC_NEWRENO:
        return &QUIC_NEWRENO;
    case QUIC_CC_NONE:
        return &QUIC_NOCC;
    }
    return &QUIC_CUBIC;
}

void quic_congestion_init(struct quic_congestion *cc, const struct quic_cc_options *options,
                          size_t datagram_bytes, uint64_t window_max, uint64_t now_us)
{
    *cc = (struct quic_congestion){
        .ops = find_ops(options->algorithm),
        .options = *options,
        .datagram_bytes = datagram_bytes,
        .window = quic_congestion_initial_window(datagram_bytes),
        .threshold = UINT64_MAX,
        .window_max = options->window_max != 0 && options->window_max < window_max
                          ? options->window_max
                          : window_max,
    };
    cc->pacer.updated_us = now_us;
    cc->pacer.tokens = cc->window;
    cc->ops->begin(cc, now_us);
}

void quic_congestion_set_datagram(struct quic_congestion *cc, size_t datagram_bytes)
{
    bool is_initial = cc->window == quic_congestion_initial_window(cc->datagram_bytes);
    cc->datagram_bytes = datagram_bytes;
    if (is_initial) {
        cc->window = quic_congestion_initial_window(datagram_bytes);
    }
}

/* ---- the pacer ---- */

static uint64_t burst_bytes(const struct quic_congestion *cc, uint64_t rate)
{
    uint64_t datagrams = cc->options.burst != 0 ? cc->options.burst : BURST_DATAGRAMS;
    return uint64_max(datagrams * cc->datagram_bytes, rate / US_PER_SECOND * BURST_US);
}

/* The rate; 0: everything may leave at once. The bucket is brought up to now. */
static uint64_t fill(struct quic_congestion *cc, const struct quic_rtt *rtt, uint64_t now_us)
{
    uint64_t rate = cc->options.no_pacing ? 0 : cc->ops->pacing_rate(cc, rtt);
    if (rate == 0) {
        return 0;
    }
    uint64_t elapsed_us = now_us - uint64_min(now_us, cc->pacer.updated_us);
    uint64_t burst = burst_bytes(cc, rate);
    uint64_t gained = elapsed_us >= US_PER_SECOND ? burst : rate * elapsed_us / US_PER_SECOND;
    if (gained > 0) {
        cc->pacer.tokens = uint64_min(cc->pacer.tokens + gained, burst);
        cc->pacer.updated_us = now_us;
    }
    return rate;
}

bool quic_congestion_may_send(struct quic_congestion *cc, const struct quic_rtt *rtt,
                              uint64_t in_flight, size_t bytes, uint64_t now_us, uint64_t *at_us)
{
    *at_us = QUIC_NONE;
    if (in_flight + bytes > cc->window) {
        return false;
    }
    uint64_t rate = fill(cc, rtt, now_us);
    if (rate == 0 || cc->pacer.tokens >= bytes) {
        return true;
    }
    uint64_t missing = bytes - cc->pacer.tokens;
    *at_us = now_us + missing * US_PER_SECOND / rate + 1;
    return false;
}

void quic_congestion_spend(struct quic_congestion *cc, size_t bytes)
{
    cc->pacer.tokens -= uint64_min(cc->pacer.tokens, bytes);
}
