/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a connection (RFC 9000 10): closing, in which CONNECTION_CLOSE answers what still
 * comes, ever more seldom; draining after the peer closed; and silent ends. What streams and
 * recovery held is given back when the end begins: a connection that is closing holds its object
 * alone.
 */
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "quic/connection_internal.h"

enum { CLOSE_PTOS = 3 };

/* Tells the owner, once, and gives back what is not needed to say good-bye. */
static void end_streams(struct quic_connection *c, uint64_t now_us)
{
    c->close_until_us = now_us + CLOSE_PTOS * quic_recovery_pto_us(&c->recovery);
    if (!c->is_closed_told) {
        c->is_closed_told = true;
        quic_streams_fail(&c->streams);
        c->events->on_closed(c->owner, &c->close);
    }
    for (unsigned space = 0; space < QUIC_SPACES; space++) {
        quic_recovery_discard(&c->recovery, space);
    }
    quic_connection_mark_pending(c);
}

static void note(struct quic_connection *c, bool is_application, uint64_t code, struct slice reason)
{
    struct text text = text_over(c->close.reason, sizeof(c->close.reason));
    text_append(&text, slice_of(reason.data, size_min(reason.length, sizeof(c->close.reason) - 1)));
    c->close.is_application = is_application;
    c->close.code = code;
}

static void begin_closing(struct quic_connection *c, uint64_t now_us)
{
    quic_connection_set_state(c, QUIC_STATE_CLOSING);
    c->is_close_due = true;
    end_streams(c, now_us);
}

void quic_connection_close(struct quic_connection *c, bool is_application, uint64_t code,
                           struct slice reason, uint64_t now_us)
{
    if (c->state > QUIC_STATE_OPEN) {
        return;
    }
    note(c, is_application, code, reason);
    begin_closing(c, now_us);
}

void quic_close_transport(struct quic_connection *c, uint64_t code, uint64_t frame_type,
                          const char *reason, uint64_t now_us)
{
    if (c->state > QUIC_STATE_OPEN) {
        return;
    }
    note(c, false, code, slice_from_string(reason));
    c->close.frame_type = frame_type;
    begin_closing(c, now_us);
}

void quic_close_drain(struct quic_connection *c, const struct quic_frame *frame, uint64_t now_us)
{
    note(c, frame->type == QUIC_FRAME_CONNECTION_CLOSE_APPLICATION, frame->close.code,
         frame->close.reason);
    c->close.frame_type = frame->close.frame_type;
    c->close.is_by_peer = true;
    quic_connection_set_state(c, QUIC_STATE_DRAINING);
    end_streams(c, now_us);
}

void quic_close_silently(struct quic_connection *c, const char *reason, uint64_t now_us)
{
    note(c, false, QUIC_NO_ERROR, slice_from_string(reason));
    c->close.is_silent = true;
    quic_connection_set_state(c, QUIC_STATE_OVER);
    end_streams(c, now_us);
}

void quic_connection_abandon(struct quic_connection *c, uint64_t now_us)
{
    if (c->state <= QUIC_STATE_OPEN) {
        quic_close_silently(c, "abandoned", now_us);
    }
}

void quic_close_on_datagram(struct quic_connection *c)
{
    c->close_received++;
    bool is_power_of_two = (c->close_received & (c->close_received - 1)) == 0;
    if (is_power_of_two) { /* 10.2.1: ever more seldom */
        c->is_close_due = true;
        quic_connection_mark_pending(c);
    }
}

/* One packet with CONNECTION_CLOSE; before 1-RTT an application's reason is not told (10.2.3). */
static uint8_t *write_packet(struct quic_connection *c, enum quic_space space, uint8_t *out,
                             size_t room, size_t least)
{
    struct quic_builder builder;
    const struct quic_close *close = &c->close;
    if (!quic_packet_begin(c, &builder, space, &c->paths[0], out, room)) {
        return out;
    }
    bool is_application = close->is_application && space == QUIC_SPACE_APPLICATION;
    bool is_hidden = close->is_application && !is_application;
    uint8_t *at = quic_write_close(
        builder.payload, builder.end,
        is_application ? QUIC_FRAME_CONNECTION_CLOSE_APPLICATION : QUIC_FRAME_CONNECTION_CLOSE,
        is_hidden ? QUIC_APPLICATION_ERROR : close->code, close->frame_type,
        is_hidden ? SLICE_NONE : slice_from_string(close->reason));
    if (at == NULL) {
        return out;
    }
    c->recovery.spaces[space].next_number++;
    return quic_packet_finish(c, &builder, at, least);
}

size_t quic_close_write(struct quic_connection *c, uint8_t *out, size_t room, uint64_t now_us)
{
    (void)now_us;
    uint8_t *at = out;
    size_t most = size_min(room, size_min(QUIC_INITIAL_DATAGRAM_MIN, quic_path_room(&c->paths[0])));
    c->is_close_due = false;
    for (unsigned space = 0; space < QUIC_SPACES; space++) {
        bool is_needed = space == QUIC_SPACE_APPLICATION ? c->has_seal : c->handshake != NULL;
        if (is_needed) {
            at = write_packet(c, space, at, most - (size_t)(at - out), 0);
        }
    }
    return (size_t)(at - out);
}
