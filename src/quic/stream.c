/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams as the application uses them (RFC 9000 2.4): receive, send, finish, reset, stop, let go;
 * and how it is told.
 *
 * Hard idea: what is to be told is noted while frames are processed and told afterwards, when
 * nothing of the core is half done; the stream told of may be let go inside the call.
 */
#include "quic/stream.h"

#include "base/assert.h"
#include "base/number.h"
#include "quic/stream_internal.h"

enum { BEYOND_LIMIT = 16 * 1024 }; /* bytes held beyond what the peer lets a stream send */

/* ---- all streams ---- */

enum result quic_stream_pools_create(struct quic_stream_pools *pools, struct memory *memory)
{
    pools->streams = pool_create(memory, "quic_stream", sizeof(struct quic_stream), POOL_SHARED);
    pools->pieces = quic_piece_pool_create(memory);
    pools->ranges = quic_output_pool_create(memory);
    return pools->streams == NULL || pools->pieces == NULL || pools->ranges == NULL
               ? RESULT_NO_MEMORY
               : RESULT_OK;
}

void quic_streams_init(struct quic_streams *streams, const struct quic_stream_pools *pools,
                       struct chunk_source *chunks, struct account *account,
                       const struct quic_settings *settings,
                       const struct quic_stream_events *events, void *owner)
{
    *streams = (struct quic_streams){
        .pools = pools,
        .account = account,
        .settings = settings,
        .events = events,
        .owner = owner,
        .window = settings->window_bytes,
        .window_bytes = settings->window_bytes,
        .streams_max = {settings->streams_bidi_max, QUIC_UNI_STREAMS_MAX},
        .send_target = settings->tx_bytes_max,
    };
    quic_intake_init(&streams->intake, chunks, pools->pieces, account);
    for (unsigned i = 0; i < QUIC_STREAM_BUCKETS; i++) {
        list_init(&streams->buckets[i]);
    }
    for (unsigned i = 0; i < QUIC_URGENCIES; i++) {
        list_init(&streams->sending[i]);
    }
    for (unsigned kind = 0; kind < 2; kind++) {
        streams->unused[kind] = quic_ranges_over(streams->unused_entries[kind], QUIC_UNUSED_RANGES);
    }
    list_init(&streams->spare);
    list_init(&streams->due);
    list_init(&streams->waiting);
}

void quic_streams_set_peer(struct quic_streams *streams,
                           const struct quic_transport_parameters *peer)
{
    streams->limit = peer->initial_max_data;
    streams->peer_window_bidi = peer->initial_max_stream_data_bidi_local;
    streams->peer_window_uni = peer->initial_max_stream_data_uni;
    streams->peer_streams_max[0] = peer->initial_max_streams_bidi;
    streams->peer_streams_max[1] = peer->initial_max_streams_uni;
}

void quic_streams_set_owner(struct quic_streams *streams, const struct quic_stream_events *events,
                            void *owner)
{
    streams->events = events;
    streams->owner = owner;
}

void quic_streams_deinit(struct quic_streams *streams)
{
    quic_streams_settle(streams);
    for (unsigned i = 0; i < QUIC_STREAM_BUCKETS; i++) {
        LIST_EACH_SAFE(link, &streams->buckets[i]) {
            quic_stream_destroy(container_of(link, struct quic_stream, link));
        }
    }
    quic_intake_deinit(&streams->intake);
}

void quic_streams_fail(struct quic_streams *streams)
{
    streams->is_failed = true;
    for (unsigned i = 0; i < QUIC_STREAM_BUCKETS; i++) {
        LIST_EACH_SAFE(link, &streams->buckets[i]) {
            struct quic_stream *stream = container_of(link, struct quic_stream, link);
            if ((stream->flags & (STREAM_RELEASED | STREAM_IS_TOLD)) == STREAM_RELEASED) {
                quic_stream_destroy(stream);
            }
        }
    }
}

/* ---- telling ---- */

void quic_stream_mark_due(struct quic_stream *stream, unsigned tell)
{
    if ((stream->flags & STREAM_RELEASED) != 0) {
        return;
    }
    stream->flags |= tell;
    if (list_is_empty(&stream->due_link)) {
        list_append(&stream->streams->due, &stream->due_link);
    }
}

/* Takes one of the flags off; whether it was set, and there is still somebody to tell. */
static bool takes(struct quic_stream *stream, unsigned tell)
{
    bool is_set = (stream->flags & tell) != 0 && (stream->flags & STREAM_RELEASED) == 0;
    stream->flags &= ~tell;
    return is_set;
}

static void tell(struct quic_streams *streams, struct quic_stream *stream)
{
    stream->flags |= STREAM_IS_TOLD;
    if (takes(stream, STREAM_IS_NEW)) {
        streams->events->on_stream(streams->owner, stream);
    }
    if (takes(stream, STREAM_TELL_STOP)) {
        streams->events->on_stop(streams->owner, stream, stream->peer_stop_code);
    }
    if (takes(stream, STREAM_TELL_RECEIVE)) {
        streams->events->on_receive(streams->owner, stream);
    }
    if (takes(stream, STREAM_TELL_SEND)) {
        stream->flags &= ~(unsigned)STREAM_WANTS_ROOM;
        streams->events->on_send(streams->owner, stream);
    }
    stream->flags &= ~(unsigned)STREAM_IS_TOLD;
    if (streams->is_failed && (stream->flags & STREAM_RELEASED) != 0) {
        quic_stream_destroy(stream);
    } else {
        quic_stream_check_over(stream);
    }
}

void quic_streams_deliver(struct quic_streams *streams)
{
    struct list *link;
    while (streams->events != NULL && !streams->is_failed &&
           (link = list_take_first(&streams->due)) != NULL) {
        tell(streams, container_of(link, struct quic_stream, due_link));
    }
}

void quic_streams_mark_pending(struct quic_streams *streams)
{
    if (streams->on_pending != NULL) {
        streams->on_pending(streams->pending_owner);
    }
}

void quic_stream_mark_sending(struct quic_stream *stream)
{
    quic_streams_mark_pending(stream->streams);
    if (!list_is_empty(&stream->send_link)) {
        return;
    }
    struct list *head = &stream->streams->sending[stream->urgency];
    struct list *after = head->previous;
    if (!stream->is_incremental) { /* the lowest id first */
        while (after != head &&
               container_of(after, struct quic_stream, send_link)->id > stream->id) {
            after = after->previous;
        }
    }
    list_insert_after(after, &stream->send_link);
}

/* ---- receiving ---- */

static bool is_input_dead(const struct quic_stream *stream)
{
    return stream->streams->is_failed ||
           (stream->flags & (STREAM_RESET_IN | STREAM_STOPPED_IN)) != 0;
}

static bool is_input_ended(const struct quic_stream *stream)
{
    return stream->final_size != QUIC_NONE && stream->input.taken == stream->final_size;
}

enum result quic_stream_receive(struct quic_stream *stream, struct chunk_queue *queue,
                                size_t bytes_max)
{
    if (is_input_dead(stream)) {
        return RESULT_FAILED;
    }
    if (is_input_ended(stream)) {
        stream->flags |= STREAM_READ;
        return RESULT_END;
    }
    size_t before = queue->bytes;
    enum result result =
        quic_input_take(&stream->input, &stream->streams->intake, queue, bytes_max);
    if (result == RESULT_OK) {
        quic_stream_credit(stream, queue->bytes - before);
    }
    return result;
}

size_t quic_stream_readable(const struct quic_stream *stream, bool *is_end)
{
    uint64_t available = quic_input_available(&stream->input);
    *is_end = stream->final_size != QUIC_NONE && available == stream->final_size;
    return (size_t)(available - stream->input.taken);
}

struct slice quic_stream_front(const struct quic_stream *stream)
{
    return quic_input_front(&stream->input);
}

void quic_stream_drop(struct quic_stream *stream, size_t bytes)
{
    quic_input_drop(&stream->input, &stream->streams->intake, bytes);
    quic_stream_credit(stream, bytes);
}

/* ---- sending ---- */

static bool is_output_dead(const struct quic_stream *stream)
{
    return stream->streams->is_failed || stream->output.has_fin ||
           (stream->flags & (STREAM_RESET_OUT | STREAM_STOPPED_OUT)) != 0;
}

size_t quic_stream_room(const struct quic_stream *stream)
{
    const struct quic_streams *streams = stream->streams;
    uint64_t end = quic_output_end(&stream->output);
    uint64_t most = stream->limit + BEYOND_LIMIT;
    uint64_t own = most > end ? most - end : 0;
    uint64_t shared = streams->send_target > streams->unacked_bytes
                          ? streams->send_target - streams->unacked_bytes
                          : 0;
    return (size_t)uint64_min(own, shared);
}

void quic_stream_wait(struct quic_stream *stream)
{
    stream->flags |= STREAM_WANTS_ROOM;
    if (list_is_empty(&stream->wait_link)) {
        list_append(&stream->streams->waiting, &stream->wait_link);
    }
}

enum result quic_stream_send(struct quic_stream *stream, struct chunk_queue *queue)
{
    struct quic_streams *streams = stream->streams;
    if (is_output_dead(stream)) {
        return RESULT_FAILED;
    }
    size_t room = quic_stream_room(stream);
    size_t before = stream->output.queue.bytes;
    enum result result = RESULT_OK;
    if (queue->bytes <= room) {
        chunk_queue_move_all(&stream->output.queue, queue);
    } else {
        result = chunk_queue_move(&stream->output.queue, queue, room, streams->account);
    }
    size_t moved = stream->output.queue.bytes - before;
    streams->unacked_bytes += moved;
    if (moved > 0) {
        quic_stream_mark_sending(stream);
    }
    if (result != RESULT_OK) {
        return result;
    }
    if (queue->bytes > 0) {
        quic_stream_wait(stream);
        return RESULT_BLOCKED;
    }
    return RESULT_OK;
}

void quic_stream_finish(struct quic_stream *stream)
{
    if (!is_output_dead(stream)) {
        stream->output.has_fin = true;
        quic_stream_mark_sending(stream);
    }
}

bool quic_stream_is_sent(const struct quic_stream *stream)
{
    const struct quic_output *output = &stream->output;
    return output->next == quic_output_end(output) && (!output->has_fin || output->is_fin_sent);
}

/* ---- ending ---- */

void quic_stream_reset(struct quic_stream *stream, uint64_t code)
{
    bool is_over = stream->output.has_fin && quic_output_is_done(&stream->output);
    if (is_over || (stream->flags & STREAM_RESET_OUT) != 0) {
        return;
    }
    stream->flags |= STREAM_RESET_OUT | STREAM_DUE_RESET;
    stream->send_reset_code = code;
    quic_stream_drop_output(stream);
    quic_stream_mark_sending(stream);
}

void quic_stream_stop(struct quic_stream *stream, uint64_t code)
{
    if ((stream->flags & (STREAM_STOPPED_IN | STREAM_RESET_IN | STREAM_READ)) != 0) {
        return;
    }
    uint64_t unread = stream->input.highest - stream->input.taken;
    stream->flags |= STREAM_STOPPED_IN;
    quic_input_clear(&stream->input, &stream->streams->intake);
    stream->input.taken = stream->input.highest;
    quic_streams_credit(stream->streams, unread);
    bool is_whole = stream->final_size != QUIC_NONE && stream->input.taken == stream->final_size;
    if (!is_whole) {
        stream->stop_code = code;
        stream->flags |= STREAM_DUE_STOP;
        quic_stream_mark_sending(stream);
    }
}

void quic_stream_set_priority(struct quic_stream *stream, unsigned urgency, bool is_incremental)
{
    ASSERT(urgency < QUIC_URGENCIES);
    bool is_sending = !list_is_empty(&stream->send_link);
    list_remove(&stream->send_link);
    stream->urgency = (uint8_t)urgency;
    stream->is_incremental = is_incremental;
    if (is_sending) {
        quic_stream_mark_sending(stream);
    }
}

void quic_stream_release(struct quic_stream *stream)
{
    stream->owner = NULL;
    stream->flags |= STREAM_RELEASED;
    stream->flags &= ~(unsigned)STREAM_TELLS;
    list_remove(&stream->due_link);
    list_remove(&stream->wait_link);
    if (stream->streams->is_failed && (stream->flags & STREAM_IS_TOLD) == 0) {
        quic_stream_destroy(stream);
    } else {
        quic_stream_check_over(stream);
    }
}
