/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow control windows of what is received (RFC 9000 4.1, 4.2): credit is told when half of it is
 * used up, and grows when that took less than two round trips, up to settings->window_bytes_max,
 * and only while memory is calm: far clients get what they can use, and no more.
 */
#include "base/number.h"
#include "memory/pressure.h"
#include "quic/stream_internal.h"

enum { UPDATE_SHARE = 2, GROWTH = 2, QUICK_ROUND_TRIPS = 2 };

static void update_connection(struct quic_streams *streams)
{
    uint64_t wanted = streams->taken + streams->window_bytes;
    if (wanted >= streams->window + streams->window_bytes / UPDATE_SHARE) {
        streams->flags |= STREAMS_DUE_WINDOW;
        quic_streams_mark_pending(streams);
    }
}

void quic_streams_credit(struct quic_streams *streams, uint64_t bytes)
{
    streams->taken += bytes;
    update_connection(streams);
}

void quic_stream_credit(struct quic_stream *stream, uint64_t bytes)
{
    quic_streams_credit(stream->streams, bytes);
    uint64_t wanted = stream->input.taken + stream->window_bytes;
    bool is_useful = stream->final_size == QUIC_NONE && (stream->flags & STREAM_STOPPED_IN) == 0;
    if (is_useful && wanted >= stream->window + stream->window_bytes / UPDATE_SHARE) {
        stream->flags |= STREAM_DUE_WINDOW;
        quic_stream_mark_sending(stream);
    }
}

/* Twice the window when half of it went in less than two round trips. */
static uint64_t grown(const struct quic_streams *streams, uint64_t window_bytes, uint64_t began_us,
                      uint64_t now_us)
{
    bool is_quick = now_us - began_us < QUICK_ROUND_TRIPS * streams->rtt_us;
    bool is_calm = pressure_level(streams->account->ledger->memory) == PRESSURE_CALM;
    return is_quick && is_calm
               ? uint64_min(window_bytes * GROWTH, streams->settings->window_bytes_max)
               : window_bytes;
}

uint64_t quic_stream_take_window(struct quic_stream *stream, uint64_t now_us)
{
    stream->window_bytes =
        uint64_max(stream->window_bytes,
                   grown(stream->streams, stream->window_bytes, stream->rate_began_us, now_us));
    stream->rate_began_us = now_us;
    stream->window = uint64_max(stream->window, stream->input.taken + stream->window_bytes);
    return stream->window;
}

uint64_t quic_streams_take_window(struct quic_streams *streams, uint64_t now_us)
{
    streams->window_bytes =
        uint64_max(streams->window_bytes,
                   grown(streams, streams->window_bytes, streams->rate_began_us, now_us));
    streams->rate_began_us = now_us;
    streams->window = uint64_max(streams->window, streams->taken + streams->window_bytes);
    return streams->window;
}
