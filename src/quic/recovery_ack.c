/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACK frames (RFC 9002 A.7; RFC 9000 13.4.2; draft-ietf-ccwg-bbr 4.1 for delivery rates): which
 * packets arrived, the round-trip time, ECN, losses that show by it, and what congestion control
 * makes of all that. Takes no memory.
 *
 * Hard idea: a lost packet's record stays for a while (was_lost): when its ACK comes after all, the
 * loss was spurious, and the window is restored.
 */
#include "base/assert.h"
#include "base/clock.h"
#include "base/number.h"
#include "quic/recovery_internal.h"

enum { REORDER_MAX = 64 };

/* What one ACK brings together. */
struct ack_round {
    struct quic_acked acked;
    struct quic_losses losses;
    uint64_t newest_number, newest_sent_us; /* the largest newly acknowledged packet */
    uint64_t ect_packets;
    uint64_t rate_delivered, rate_delivered_us, rate_first_sent_us, rate_sent_us;
    bool has_newest, elicited, has_rate, has_spurious;
};

/* The ranges of an ACK, from the lowest: what the list of packets is walked along. */
enum { RANGES_WALKED = 64 };

static unsigned collect_ranges(const struct quic_frame *ack, struct quic_range *out)
{
    struct quic_ack_cursor cursor = {0};
    unsigned count = 0;
    while (count < RANGES_WALKED && quic_ack_next(ack, &cursor, &out[count])) {
        count++;
    }
    return count;
}

/* ---- one packet ---- */

static void note_rate(struct ack_round *round, const struct quic_sent *sent)
{
    if (!round->has_rate || sent->delivered >= round->rate_delivered) {
        round->has_rate = true;
        round->rate_delivered = sent->delivered;
        round->rate_delivered_us = sent->delivered_us;
        round->rate_first_sent_us = sent->first_sent_us;
        round->rate_sent_us = sent->sent_us;
        round->acked.is_app_limited = sent->is_app_limited;
    }
}

static void report_acked(struct quic_recovery *recovery, enum quic_space space,
                         const struct quic_sent *sent)
{
    if (sent->frame.type != QUIC_FRAME_PADDING) {
        recovery->events->on_frame_acked(recovery->owner, space, &sent->frame);
    }
    for (const struct quic_sent_frame *frame = sent->frames; frame != NULL; frame = frame->next) {
        recovery->events->on_frame_acked(recovery->owner, space, frame);
    }
    if (sent->is_mtu_probe) {
        recovery->events->on_mtu_probe(recovery->owner, sent->bytes, true);
    }
}

static void ack_packet(struct quic_recovery *recovery, enum quic_space space_id,
                       struct ack_round *round, struct quic_sent *sent, uint64_t now_us)
{
    struct quic_sent_space *space = &recovery->spaces[space_id];
    if (!round->has_newest || sent->number > round->newest_number) {
        round->has_newest = true;
        round->newest_number = sent->number;
        round->newest_sent_us = sent->sent_us;
    }
    round->elicited = round->elicited || sent->elicits_ack;
    round->ect_packets += sent->is_ect ? 1 : 0;
    if (sent->was_lost) {
        recovery->packets_spurious++;
        round->has_spurious = true;
        if (recovery->reorder_threshold < REORDER_MAX) {
            recovery->reorder_threshold++;
        }
    } else if (sent->bytes > 0 && sent->path == recovery->path) {
        round->acked.acked_bytes += sent->bytes;
        round->acked.is_window_limited = round->acked.is_window_limited || sent->is_window_limited;
        recovery->delivered += sent->bytes;
        recovery->delivered_us = now_us;
        recovery->first_sent_us = sent->sent_us;
        note_rate(round, sent);
    }
    report_acked(recovery, space_id, sent);
    quic_recovery_remove(recovery, space, sent);
}

static void ack_packets(struct quic_recovery *recovery, enum quic_space space_id,
                        const struct quic_frame *ack, struct ack_round *round, uint64_t now_us)
{
    struct quic_range ranges[RANGES_WALKED];
    unsigned count = collect_ranges(ack, ranges);
    struct quic_sent *sent = recovery->spaces[space_id].first;
    unsigned i = count;
    while (sent != NULL && i > 0) {
        struct quic_sent *next = sent->next;
        if (sent->number > ranges[i - 1].last) {
            i--;
            continue;
        }
        if (sent->number >= ranges[i - 1].first) {
            ack_packet(recovery, space_id, round, sent, now_us);
        }
        sent = next;
    }
}

/* ---- round-trip time, ECN, rate ---- */

static void update_rtt(struct quic_recovery *recovery, const struct ack_round *round,
                       const struct quic_frame *ack, uint64_t delay_us, uint64_t now_us)
{
    bool is_sample =
        round->has_newest && round->newest_number == ack->ack.largest && round->elicited;
    if (!is_sample) {
        return;
    }
    if (recovery->handshake_confirmed) {
        delay_us = uint64_min(delay_us, recovery->peer_max_ack_delay_us);
    }
    quic_rtt_add(&recovery->rtt, now_us - round->newest_sent_us, delay_us);
}

/* RFC 9000 13.4.2.1: counts must add up, else the path or the peer bleaches marks. */
static bool check_ecn(struct quic_recovery *recovery, struct quic_sent_space *space,
                      const struct quic_frame *ack, const struct ack_round *round)
{
    if (recovery->ecn == QUIC_ECN_FAILED || round->ect_packets == 0) {
        return false;
    }
    if (!ack->ack.has_ecn) {
        recovery->ecn = QUIC_ECN_FAILED;
        return false;
    }
    uint64_t known = space->ect0_acked + space->ce_acked;
    uint64_t told = ack->ack.ect0 + ack->ack.ce;
    if (ack->ack.ect0 < space->ect0_acked || ack->ack.ce < space->ce_acked ||
        told < known + round->ect_packets || told > space->ect0_sent || ack->ack.ect1 > 0) {
        recovery->ecn = QUIC_ECN_FAILED;
        return false;
    }
    bool is_congested = ack->ack.ce > space->ce_acked;
    space->ect0_acked = ack->ack.ect0;
    space->ce_acked = ack->ack.ce;
    recovery->ecn = QUIC_ECN_CAPABLE;
    return is_congested;
}

static void compute_rate(const struct quic_recovery *recovery, struct ack_round *round,
                         uint64_t now_us)
{
    if (!round->has_rate) {
        return;
    }
    uint64_t send_us = round->rate_sent_us - round->rate_first_sent_us;
    uint64_t ack_us = now_us - round->rate_delivered_us;
    uint64_t interval_us = uint64_max(send_us, ack_us);
    round->acked.delivered = round->rate_delivered;
    if (interval_us == 0 || interval_us < recovery->rtt.min_us) {
        return; /* too short to tell (4.1.2.3) */
    }
    round->acked.delivery_rate =
        (recovery->delivered - round->rate_delivered) * US_PER_SECOND / interval_us;
}

/* ---- the whole ---- */

static bool is_skipped(const struct quic_sent_space *space, const struct quic_frame *ack)
{
    struct quic_range ranges[RANGES_WALKED];
    unsigned kept =
        space->skipped_count < QUIC_SKIPPED_KEPT ? space->skipped_count : QUIC_SKIPPED_KEPT;
    if (kept == 0) {
        return false;
    }
    unsigned count = collect_ranges(ack, ranges);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < kept; j++) {
            if (space->skipped[j] >= ranges[i].first && space->skipped[j] <= ranges[i].last) {
                return true;
            }
        }
    }
    return false;
}

static void tell_congestion(struct quic_recovery *recovery, struct ack_round *round,
                            bool is_congested, uint64_t now_us)
{
    struct quic_congestion *cc = &recovery->cc;
    if (round->has_spurious && round->losses.bytes == 0) {
        cc->ops->on_spurious(cc);
    }
    if (is_congested) {
        cc->ops->on_congestion(cc, round->newest_sent_us, 0, true, now_us);
    }
    quic_recovery_respond(recovery, &round->losses, now_us);
    round->acked.now_us = now_us;
    round->acked.lost_bytes = round->losses.bytes;
    round->acked.in_flight = recovery->in_flight;
    round->acked.largest_sent_us = round->newest_sent_us;
    round->acked.largest_number = round->newest_number;
    round->acked.next_number = recovery->spaces[QUIC_SPACE_APPLICATION].next_number;
    round->acked.delivered_total = recovery->delivered;
    round->acked.rtt = &recovery->rtt;
    if (round->acked.acked_bytes > 0) {
        cc->ops->on_acked(cc, &round->acked);
    }
}

enum result quic_recovery_on_ack(struct quic_recovery *recovery, enum quic_space space_id,
                                 const struct quic_frame *ack, uint64_t delay_us, uint64_t now_us)
{
    struct quic_sent_space *space = &recovery->spaces[space_id];
    if (ack->ack.largest >= space->next_number || is_skipped(space, ack)) {
        return RESULT_INVALID;
    }
    if (space->is_discarded) {
        return RESULT_OK;
    }
    if (space->largest_acked == QUIC_NONE || ack->ack.largest > space->largest_acked) {
        space->largest_acked = ack->ack.largest;
    }
    struct ack_round round = {.acked.in_flight_before = recovery->in_flight};
    ack_packets(recovery, space_id, ack, &round, now_us);
    if (!round.has_newest || space->is_discarded) {
        return RESULT_OK;
    }
    update_rtt(recovery, &round, ack, delay_us, now_us);
    bool is_congested = check_ecn(recovery, space, ack, &round);
    compute_rate(recovery, &round, now_us);
    if (recovery->app_limited_until != 0 && recovery->delivered > recovery->app_limited_until) {
        recovery->app_limited_until = 0;
    }
    quic_recovery_detect(recovery, space_id, now_us, &round.losses);
    tell_congestion(recovery, &round, is_congested, now_us);
    if (round.elicited || space_id != QUIC_SPACE_INITIAL) {
        recovery->pto_count = 0;
    }
    return RESULT_OK;
}
