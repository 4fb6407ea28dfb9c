/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Round-trip time (RFC 9002 5): latest, smallest, smoothed, and its variation. The peer's own delay
 * is taken off where that does not make the sample smaller than the smallest one seen. No memory.
 */
#include "base/number.h"
#include "quic/recovery_internal.h"

enum { SMOOTH_SHARE = 8, VARIATION_SHARE = 4 };

void quic_rtt_add(struct quic_rtt *rtt, uint64_t sample_us, uint64_t delay_us)
{
    rtt->latest_us = sample_us;
    if (!rtt->has_sample) {
        rtt->has_sample = true;
        rtt->min_us = sample_us;
        rtt->smoothed_us = sample_us;
        rtt->variation_us = sample_us / 2;
        return;
    }
    rtt->min_us = uint64_min(rtt->min_us, sample_us);
    uint64_t adjusted = sample_us >= rtt->min_us + delay_us ? sample_us - delay_us : sample_us;
    uint64_t difference =
        adjusted > rtt->smoothed_us ? adjusted - rtt->smoothed_us : rtt->smoothed_us - adjusted;
    rtt->variation_us = (rtt->variation_us * (VARIATION_SHARE - 1) + difference) / VARIATION_SHARE;
    rtt->smoothed_us = (rtt->smoothed_us * (SMOOTH_SHARE - 1) + adjusted) / SMOOTH_SHARE;
}
