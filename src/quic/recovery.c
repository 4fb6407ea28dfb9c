/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets in flight (RFC 9002 2, A.1): a list a space, ordered by number, of records from a pool;
 * what was sent, and what becomes of the rest when keys or paths go. Bounded: QUIC_SENT_MAX
 * records, each charged to the connection.
 */
#include "quic/recovery.h"

#include "base/assert.h"
#include "base/number.h"
#include "quic/recovery_internal.h"

enum { REORDER_PACKETS = 3 /* 6.1.1 */, RTT_VARIATIONS = 4 };

enum result quic_recovery_pools_create(struct quic_recovery_pools *pools, struct memory *memory)
{
    pools->sent = pool_create(memory, "quic_sent", sizeof(struct quic_sent), POOL_SHARED);
    pools->frames = pool_create(memory, "quic_frame", sizeof(struct quic_sent_frame), POOL_SHARED);
    return pools->sent == NULL || pools->frames == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

void quic_recovery_init(struct quic_recovery *recovery, const struct quic_recovery_pools *pools,
                        struct account *account, const struct quic_settings *settings,
                        size_t datagram_bytes, const struct quic_recovery_events *events,
                        void *owner, uint64_t now_us)
{
    *recovery = (struct quic_recovery){
        .pools = pools,
        .account = account,
        .events = events,
        .owner = owner,
        .rtt = {.smoothed_us = QUIC_INITIAL_RTT_US, .variation_us = QUIC_INITIAL_RTT_US / 2},
        .delivered_us = now_us,
        .first_sent_us = now_us,
        .reorder_threshold = REORDER_PACKETS,
    };
    for (unsigned i = 0; i < QUIC_SPACES; i++) {
        recovery->spaces[i].largest_acked = QUIC_NONE;
        recovery->spaces[i].loss_us = QUIC_NONE;
    }
    quic_congestion_init(&recovery->cc, &settings->cc, datagram_bytes, settings->tx_bytes_max,
                         now_us);
}

/* ---- records ---- */

static void release_record(struct quic_recovery *recovery, struct quic_sent *sent)
{
    while (sent->frames != NULL) {
        struct quic_sent_frame *frame = sent->frames;
        sent->frames = frame->next;
        pool_release(recovery->pools->frames, recovery->account, frame);
    }
    recovery->sent_count--;
    pool_release(recovery->pools->sent, recovery->account, sent);
}

enum result quic_sent_take(struct quic_recovery *recovery, struct quic_sent **out)
{
    if (recovery->sent_count >= QUIC_SENT_MAX) {
        return RESULT_FULL;
    }
    struct quic_sent *sent = pool_take_zeroed(recovery->pools->sent, recovery->account);
    if (sent == NULL) {
        return RESULT_NO_MEMORY;
    }
    recovery->sent_count++;
    *out = sent;
    return RESULT_OK;
}

enum result quic_sent_add(struct quic_recovery *recovery, struct quic_sent *sent,
                          const struct quic_sent_frame *frame)
{
    if (sent->frame.type == QUIC_FRAME_PADDING) {
        sent->frame = *frame;
        return RESULT_OK;
    }
    struct quic_sent_frame *copy = pool_take(recovery->pools->frames, recovery->account);
    if (copy == NULL) {
        return RESULT_NO_MEMORY;
    }
    *copy = *frame;
    copy->next = sent->frames;
    sent->frames = copy;
    return RESULT_OK;
}

void quic_sent_untake(struct quic_recovery *recovery, struct quic_sent *sent)
{
    release_record(recovery, sent);
}

static bool touches_congestion(const struct quic_recovery *recovery, const struct quic_sent *sent)
{
    return sent->bytes > 0 && sent->path == recovery->path && !sent->was_lost;
}

void quic_recovery_remove(struct quic_recovery *recovery, struct quic_sent_space *space,
                          struct quic_sent *sent)
{
    if (touches_congestion(recovery, sent)) {
        recovery->in_flight -= sent->bytes;
    }
    if (sent->elicits_ack && !sent->was_lost) {
        space->eliciting_in_flight--;
    }
    if (sent->previous != NULL) {
        sent->previous->next = sent->next;
    } else {
        space->first = sent->next;
    }
    if (sent->next != NULL) {
        sent->next->previous = sent->previous;
    } else {
        space->last = sent->previous;
    }
    release_record(recovery, sent);
}

/* ---- sending ---- */

void quic_recovery_on_sent(struct quic_recovery *recovery, enum quic_space space_id,
                           struct quic_sent *sent, uint64_t now_us)
{
    struct quic_sent_space *space = &recovery->spaces[space_id];
    recovery->packets_sent++;
    if (sent->bytes == 0 && sent->frame.type == QUIC_FRAME_PADDING) {
        release_record(recovery, sent);
        return;
    }
    if (recovery->in_flight == 0) { /* a new flight: the rate is measured from here */
        recovery->delivered_us = now_us;
        recovery->first_sent_us = now_us;
    }
    sent->sent_us = now_us;
    sent->delivered = recovery->delivered;
    sent->delivered_us = recovery->delivered_us;
    sent->first_sent_us = recovery->first_sent_us;
    sent->is_app_limited = recovery->app_limited_until != 0;
    sent->previous = space->last;
    if (space->last != NULL) {
        space->last->next = sent;
    } else {
        space->first = sent;
    }
    space->last = sent;
    space->ect0_sent += sent->is_ect ? 1 : 0;
    if (sent->elicits_ack) {
        space->eliciting_in_flight++;
        space->last_eliciting_us = now_us;
    }
    if (touches_congestion(recovery, sent)) {
        recovery->in_flight += sent->bytes;
        sent->is_window_limited = recovery->in_flight + sent->bytes >= recovery->cc.window;
        recovery->cc.ops->on_sent(&recovery->cc, sent->number, sent->bytes, recovery->in_flight,
                                  now_us);
    }
}

void quic_recovery_set_app_limited(struct quic_recovery *recovery)
{
    uint64_t until = recovery->delivered + recovery->in_flight;
    recovery->app_limited_until = until > 0 ? until : 1;
}

void quic_recovery_skip(struct quic_recovery *recovery, enum quic_space space_id)
{
    struct quic_sent_space *space = &recovery->spaces[space_id];
    space->skipped[space->skipped_count % QUIC_SKIPPED_KEPT] = space->next_number;
    space->skipped_count++;
    space->next_number++;
}

/* ---- the end of spaces and paths ---- */

void quic_recovery_discard(struct quic_recovery *recovery, enum quic_space space_id)
{
    struct quic_sent_space *space = &recovery->spaces[space_id];
    while (space->first != NULL) {
        quic_recovery_remove(recovery, space, space->first);
    }
    space->is_discarded = true;
    space->loss_us = QUIC_NONE;
    recovery->pto_count = 0;
}

void quic_recovery_deinit(struct quic_recovery *recovery)
{
    for (unsigned i = 0; i < QUIC_SPACES; i++) {
        quic_recovery_discard(recovery, i);
    }
    ASSERT(recovery->sent_count == 0);
}

void quic_recovery_report_lost(struct quic_recovery *recovery, enum quic_space space,
                               const struct quic_sent *sent)
{
    if (sent->frame.type != QUIC_FRAME_PADDING) {
        recovery->events->on_frame_lost(recovery->owner, space, &sent->frame);
    }
    for (const struct quic_sent_frame *frame = sent->frames; frame != NULL; frame = frame->next) {
        recovery->events->on_frame_lost(recovery->owner, space, frame);
    }
}

void quic_recovery_reset_path(struct quic_recovery *recovery, uint8_t path, size_t datagram_bytes,
                              uint64_t now_us)
{
    struct quic_cc_options options = recovery->cc.options;
    uint64_t window_max = recovery->cc.window_max;
    recovery->path = path;
    recovery->in_flight = 0;
    recovery->pto_count = 0;
    recovery->rtt = (struct quic_rtt){.smoothed_us = QUIC_INITIAL_RTT_US,
                                      .variation_us = QUIC_INITIAL_RTT_US / 2};
    recovery->ecn = QUIC_ECN_TESTING;
    quic_congestion_init(&recovery->cc, &options, datagram_bytes, window_max, now_us);
}

/* ---- what others ask ---- */

uint64_t quic_recovery_pto_us(const struct quic_recovery *recovery)
{
    const struct quic_rtt *rtt = &recovery->rtt;
    return rtt->smoothed_us + uint64_max(RTT_VARIATIONS * rtt->variation_us, QUIC_GRANULARITY_US) +
           (recovery->handshake_confirmed ? recovery->peer_max_ack_delay_us : 0);
}

size_t quic_recovery_held_bytes(const struct quic_recovery *recovery)
{
    return recovery->sent_count * pool_object_bytes(recovery->pools->sent);
}
