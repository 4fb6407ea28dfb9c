/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Losses and probe timeouts (RFC 9002 6, A.8 to A.10).
 *
 * Hard idea: a packet found lost gives its frames back to be sent again and leaves the flight, but
 * its record stays in the list, marked, for as long as a late ACK may tell that the loss was none:
 * until everything before it is three probe timeouts old.
 */
#include "base/number.h"
#include "quic/recovery_internal.h"

enum {
    TIME_THRESHOLD_NUM = 9, /* 6.1.2 */
    TIME_THRESHOLD_DEN = 8,
    PERSISTENT_PTOS = 3, /* 7.6.1 */
    KEEP_LOST_PTOS = 3,
    BACKOFF_MAX = 10,
    PROBES = 2, /* 6.2.4 */
};

/* ---- losses ---- */

static void note_loss(const struct quic_recovery *recovery, struct quic_losses *losses,
                      const struct quic_sent *sent)
{
    if (sent->path != recovery->path || sent->is_mtu_probe) {
        return; /* a probe's loss is no sign of congestion (RFC 8899 3) */
    }
    losses->bytes += sent->bytes;
    losses->newest_us = uint64_max(losses->newest_us, sent->sent_us);
    if (sent->elicits_ack && (losses->oldest_us == 0 || sent->sent_us < losses->oldest_us)) {
        losses->oldest_us = sent->sent_us;
    }
}

static void lose(struct quic_recovery *recovery, enum quic_space space_id, struct quic_sent *sent,
                 struct quic_losses *losses)
{
    note_loss(recovery, losses, sent);
    recovery->packets_lost++;
    recovery->bytes_lost += sent->bytes;
    if (sent->bytes > 0 && sent->path == recovery->path) {
        recovery->in_flight -= sent->bytes;
    }
    if (sent->elicits_ack) {
        recovery->spaces[space_id].eliciting_in_flight--;
    }
    sent->was_lost = true;
    quic_recovery_report_lost(recovery, space_id, sent);
    if (sent->is_mtu_probe) {
        recovery->events->on_mtu_probe(recovery->owner, sent->bytes, false);
    }
}

/* Records of lost packets that are too old for their ACK to matter. */
static void forget_lost(struct quic_recovery *recovery, struct quic_sent_space *space,
                        uint64_t now_us)
{
    uint64_t keep_us = KEEP_LOST_PTOS * quic_recovery_pto_us(recovery);
    while (space->first != NULL && space->first->was_lost &&
           space->first->sent_us + keep_us <= now_us) {
        quic_recovery_remove(recovery, space, space->first);
    }
}

void quic_recovery_detect(struct quic_recovery *recovery, enum quic_space space_id, uint64_t now_us,
                          struct quic_losses *losses)
{
    struct quic_sent_space *space = &recovery->spaces[space_id];
    const struct quic_rtt *rtt = &recovery->rtt;
    uint64_t wait_us = uint64_max(uint64_max(rtt->latest_us, rtt->smoothed_us) *
                                      TIME_THRESHOLD_NUM / TIME_THRESHOLD_DEN,
                                  QUIC_GRANULARITY_US);
    space->loss_us = QUIC_NONE;
    forget_lost(recovery, space, now_us);
    if (space->largest_acked == QUIC_NONE) {
        return;
    }
    for (struct quic_sent *sent = space->first;
         sent != NULL && sent->number <= space->largest_acked; sent = sent->next) {
        if (sent->was_lost) {
            continue;
        }
        bool is_lost = sent->number + recovery->reorder_threshold <= space->largest_acked ||
                       sent->sent_us + wait_us <= now_us;
        if (is_lost) {
            lose(recovery, space_id, sent, losses);
        } else {
            space->loss_us = uint64_min(space->loss_us, sent->sent_us + wait_us);
        }
    }
    uint64_t span_us = PERSISTENT_PTOS * quic_recovery_pto_us(recovery);
    losses->is_persistent = losses->bytes > 0 && rtt->has_sample && losses->oldest_us != 0 &&
                            losses->newest_us - losses->oldest_us > span_us;
}

void quic_recovery_respond(struct quic_recovery *recovery, const struct quic_losses *losses,
                           uint64_t now_us)
{
    struct quic_congestion *cc = &recovery->cc;
    if (losses->bytes == 0) {
        return;
    }
    cc->ops->on_congestion(cc, losses->newest_us, losses->bytes, false, now_us);
    if (losses->is_persistent) {
        cc->ops->on_persistent(cc, now_us);
    }
}

/* ---- probe timeouts ---- */

/* When a probe is due, and in which space; QUIC_NONE: never. */
static uint64_t probe_deadline(const struct quic_recovery *recovery, enum quic_space *space)
{
    uint64_t deadline = QUIC_NONE;
    unsigned backoff = recovery->pto_count < BACKOFF_MAX ? recovery->pto_count : BACKOFF_MAX;
    uint64_t pto_us = quic_recovery_pto_us(recovery);
    if (recovery->is_amplification_limited) {
        return QUIC_NONE; /* A.8: nothing could be sent */
    }
    for (unsigned i = 0; i < QUIC_SPACES; i++) {
        const struct quic_sent_space *s = &recovery->spaces[i];
        bool is_early = i == QUIC_SPACE_APPLICATION && !recovery->handshake_confirmed;
        if (s->eliciting_in_flight == 0 || is_early) {
            continue;
        }
        uint64_t due = s->last_eliciting_us + (pto_us << backoff);
        if (due < deadline) {
            deadline = due;
            *space = i;
        }
    }
    return deadline;
}

static uint64_t loss_deadline(const struct quic_recovery *recovery, enum quic_space *space)
{
    uint64_t deadline = QUIC_NONE;
    for (unsigned i = 0; i < QUIC_SPACES; i++) {
        if (recovery->spaces[i].loss_us < deadline) {
            deadline = recovery->spaces[i].loss_us;
            *space = i;
        }
    }
    return deadline;
}

uint64_t quic_recovery_deadline(const struct quic_recovery *recovery)
{
    enum quic_space ignored = QUIC_SPACE_INITIAL;
    uint64_t loss = loss_deadline(recovery, &ignored);
    return loss != QUIC_NONE ? loss : probe_deadline(recovery, &ignored);
}

/* What the oldest packets in flight carry is sent again; they stay in flight. */
static void report_oldest(struct quic_recovery *recovery, enum quic_space space_id)
{
    unsigned reported = 0;
    for (const struct quic_sent *sent = recovery->spaces[space_id].first;
         sent != NULL && reported < PROBES; sent = sent->next) {
        if (sent->elicits_ack && !sent->was_lost && !sent->is_mtu_probe) {
            quic_recovery_report_lost(recovery, space_id, sent);
            reported++;
        }
    }
}

unsigned quic_recovery_on_timeout(struct quic_recovery *recovery, uint64_t now_us,
                                  enum quic_space *space)
{
    uint64_t loss = loss_deadline(recovery, space);
    if (loss != QUIC_NONE) {
        if (loss <= now_us) {
            struct quic_losses losses = {0};
            quic_recovery_detect(recovery, *space, now_us, &losses);
            quic_recovery_respond(recovery, &losses, now_us);
        }
        return 0;
    }
    if (probe_deadline(recovery, space) > now_us) {
        return 0;
    }
    recovery->pto_count++;
    report_oldest(recovery, *space);
    return PROBES;
}
