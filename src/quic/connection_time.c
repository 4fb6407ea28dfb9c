/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines of a connection: lost packets and probes, delayed ACKs, paths, pacing, memory that was
 * refused, idle time (RFC 9000 10.1), the end of closing.
 */
#include "base/clock.h"
#include "base/number.h"
#include "quic/connection_internal.h"

enum { IDLE_PTOS = 3, PROBES_MAX = 2 };

static uint64_t idle_deadline(const struct quic_connection *c)
{
    if (c->idle_timeout_us == 0) {
        return QUIC_NONE;
    }
    uint64_t least_us = IDLE_PTOS * quic_recovery_pto_us(&c->recovery);
    return c->idle_from_us + uint64_max(c->idle_timeout_us, c->is_complete ? least_us : 0);
}

static uint64_t ack_deadline(const struct quic_connection *c)
{
    uint64_t deadline = c->received.ack_us;
    if (c->handshake != NULL) {
        deadline = uint64_min(deadline, c->handshake->received[0].ack_us);
        deadline = uint64_min(deadline, c->handshake->received[1].ack_us);
    }
    return deadline;
}

uint64_t quic_connection_deadline(const struct quic_connection *c)
{
    if (c->state == QUIC_STATE_OVER) {
        return QUIC_NONE;
    }
    if (c->state > QUIC_STATE_OPEN) {
        return c->close_until_us;
    }
    uint64_t deadline = idle_deadline(c);
    deadline = uint64_min(deadline, ack_deadline(c));
    deadline = uint64_min(deadline, quic_recovery_deadline(&c->recovery));
    deadline = uint64_min(deadline, quic_path_deadline(c));
    deadline = uint64_min(deadline, c->pace_us);
    return uint64_min(deadline, c->starved_us);
}

static void check_acks(struct quic_connection *c, uint64_t now_us)
{
    for (unsigned space = 0; space < QUIC_SPACES; space++) {
        struct quic_received *received = quic_received_of(c, space);
        if (received != NULL && received->ack_us <= now_us) {
            received->is_ack_due = true;
            received->ack_us = QUIC_NONE;
        }
    }
}

static void check_recovery(struct quic_connection *c, uint64_t now_us)
{
    if (quic_recovery_deadline(&c->recovery) > now_us) {
        return;
    }
    enum quic_space space = QUIC_SPACE_APPLICATION;
    unsigned probes = quic_recovery_on_timeout(&c->recovery, now_us, &space);
    if (probes > 0) {
        c->probes = probes < PROBES_MAX ? probes : PROBES_MAX;
        c->probe_space = space;
        c->ping_due = 1;
    }
}

void quic_connection_on_timeout(struct quic_connection *c, uint64_t now_us)
{
    if (c->state > QUIC_STATE_OPEN) {
        if (c->state != QUIC_STATE_OVER && c->close_until_us <= now_us) {
            quic_connection_set_state(c, QUIC_STATE_OVER);
            quic_connection_mark_pending(c);
        }
        return;
    }
    if (idle_deadline(c) <= now_us) {
        quic_close_silently(c, c->is_complete ? "idle timeout" : "handshake timeout", now_us);
        return;
    }
    check_acks(c, now_us);
    check_recovery(c, now_us);
    quic_path_on_timeout(c, now_us);
    if (c->pace_us <= now_us) {
        c->pace_us = QUIC_NONE;
    }
    if (c->starved_us <= now_us) {
        c->starved_us = QUIC_NONE;
    }
    if (c->state <= QUIC_STATE_OPEN) {
        quic_streams_deliver(&c->streams);
        quic_connection_mark_pending(c);
    }
}
