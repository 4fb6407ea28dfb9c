/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which streams there are (RFC 9000 2.1, 4.6): found by id in a few lists, opened in order of their
 * numbers, and their limits. A stream that is over needs no object: its number is below what was
 * opened and not among the unused ones.
 */
#include "base/assert.h"
#include "base/number.h"
#include "quic/stream_internal.h"

enum { UPDATE_SHARE = 2 };

static unsigned kind_of(uint64_t id)
{
    return (id & STREAM_UNI_BIT) != 0 ? 1 : 0;
}

static const struct list *bucket_of(const struct quic_streams *streams, uint64_t id)
{
    return &streams->buckets[(id >> STREAM_TYPE_BITS) % QUIC_STREAM_BUCKETS];
}

struct quic_stream *quic_streams_find(const struct quic_streams *streams, uint64_t id)
{
    const struct list *bucket = bucket_of(streams, id);
    for (struct list *link = bucket->next; link != bucket; link = link->next) {
        struct quic_stream *stream = container_of(link, struct quic_stream, link);
        if (stream->id == id) {
            return stream;
        }
    }
    return NULL;
}

/* ---- opening ---- */

static struct quic_stream *enter(struct quic_streams *streams, struct quic_stream *stream,
                                 uint64_t id)
{
    *stream = (struct quic_stream){
        .streams = streams,
        .id = id,
        .final_size = QUIC_NONE,
        .urgency = QUIC_URGENCY_DEFAULT,
        .window_bytes = streams->settings->stream_window_bytes,
        .window = streams->settings->stream_window_bytes,
    };
    list_init(&stream->send_link);
    list_init(&stream->due_link);
    list_init(&stream->wait_link);
    quic_output_init(&stream->output);
    list_append((struct list *)(uintptr_t)bucket_of(streams, id), &stream->link);
    streams->count++;
    return stream;
}

enum result quic_streams_judge_id(const struct quic_streams *streams, uint64_t id,
                                  enum quic_error *error)
{
    unsigned kind = kind_of(id);
    uint64_t index = id >> STREAM_TYPE_BITS;
    if ((id & STREAM_SERVER_BIT) != 0) { /* ours: it exists, is over, or never was */
        *error = QUIC_STREAM_STATE_ERROR;
        return index < streams->local_opened[kind] ? RESULT_END : RESULT_INVALID;
    }
    if (index >= streams->streams_max[kind]) {
        *error = QUIC_STREAM_LIMIT_ERROR;
        return RESULT_INVALID;
    }
    if (index < streams->streams_opened[kind]) {
        return quic_ranges_contain(&streams->unused[kind], index) ? RESULT_OK : RESULT_END;
    }
    bool makes_gap = index > streams->streams_opened[kind];
    const struct quic_ranges *unused = &streams->unused[kind];
    return makes_gap && unused->count + 1 >= unused->size ? RESULT_FULL : RESULT_OK;
}

struct quic_stream *quic_streams_open_peer(struct quic_streams *streams, uint64_t id)
{
    unsigned kind = kind_of(id);
    uint64_t index = id >> STREAM_TYPE_BITS;
    struct list *link = list_take_first(&streams->spare);
    ASSERT(link != NULL); /* it was planned */
    if (index < streams->streams_opened[kind]) {
        quic_ranges_remove(&streams->unused[kind], index, index);
    } else {
        if (index > streams->streams_opened[kind]) {
            quic_ranges_add(&streams->unused[kind], streams->streams_opened[kind], index - 1);
        }
        streams->streams_opened[kind] = index + 1;
    }
    struct quic_stream *stream = enter(streams, container_of(link, struct quic_stream, link), id);
    stream->limit = streams->peer_window_bidi;
    quic_stream_mark_due(stream, STREAM_IS_NEW);
    return stream;
}

enum result quic_stream_open(struct quic_streams *streams, void *owner, struct quic_stream **out)
{
    enum { UNI = 1 };
    if (streams->local_opened[UNI] >= streams->peer_streams_max[UNI] || streams->is_failed) {
        return RESULT_FULL;
    }
    struct quic_stream *stream = pool_take(streams->pools->streams, streams->account);
    if (stream == NULL) {
        return RESULT_NO_MEMORY;
    }
    uint64_t id =
        streams->local_opened[UNI] << STREAM_TYPE_BITS | STREAM_UNI_BIT | STREAM_SERVER_BIT;
    streams->local_opened[UNI]++;
    *out = enter(streams, stream, id);
    stream->owner = owner;
    stream->limit = streams->peer_window_uni;
    stream->flags |= STREAM_READ;
    return RESULT_OK;
}

/* ---- the end ---- */

static bool is_receiving_over(const struct quic_stream *stream)
{
    if ((stream->id & STREAM_UNI_BIT) != 0 && (stream->id & STREAM_SERVER_BIT) != 0) {
        return true;
    }
    bool is_whole = stream->input.taken == stream->final_size;
    return stream->final_size != QUIC_NONE &&
           (is_whole || (stream->flags & (STREAM_RESET_IN | STREAM_STOPPED_IN)) != 0);
}

static bool is_sending_over(const struct quic_stream *stream)
{
    if ((stream->id & STREAM_UNI_BIT) != 0 && (stream->id & STREAM_SERVER_BIT) == 0) {
        return true;
    }
    if ((stream->flags & STREAM_RESET_OUT) != 0) {
        return (stream->flags & STREAM_RESET_ACKED) != 0;
    }
    return stream->output.has_fin && quic_output_is_done(&stream->output);
}

/* One of the peer's streams is over: it may open another. */
static void count_closed(struct quic_streams *streams, uint64_t id)
{
    if ((id & STREAM_SERVER_BIT) != 0) {
        return;
    }
    unsigned kind = kind_of(id);
    uint64_t allowed = kind == 0 ? streams->settings->streams_bidi_max : QUIC_UNI_STREAMS_MAX;
    streams->streams_closed[kind]++;
    if (streams->streams_closed[kind] + allowed >=
        streams->streams_max[kind] + (allowed + 1) / UPDATE_SHARE) {
        streams->flags |= kind == 0 ? STREAMS_DUE_BIDI : STREAMS_DUE_UNI;
        quic_streams_mark_pending(streams);
    }
}

void quic_stream_check_over(struct quic_stream *stream)
{
    bool is_over = (stream->flags & STREAM_RELEASED) != 0 &&
                   (stream->flags & STREAM_IS_TOLD) == 0 && is_receiving_over(stream) &&
                   is_sending_over(stream);
    if (is_over) {
        struct quic_streams *streams = stream->streams;
        count_closed(streams, stream->id);
        quic_stream_destroy(stream);
    }
}

void quic_stream_destroy(struct quic_stream *stream)
{
    struct quic_streams *streams = stream->streams;
    streams->unacked_bytes -= stream->output.queue.bytes;
    list_remove(&stream->link);
    list_remove(&stream->send_link);
    list_remove(&stream->due_link);
    list_remove(&stream->wait_link);
    quic_input_clear(&stream->input, &streams->intake);
    quic_output_deinit(&stream->output, streams->pools->ranges, streams->account);
    streams->count--;
    pool_release(streams->pools->streams, streams->account, stream);
}
