/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping a request for another try (`retry-on` beyond connection failures). The head is still in
 * its message; of the body, references to the very chunks that are sent are kept, nothing is
 * copied. Its hard idea: what is kept may never be what somebody else waits for, so that a request
 * beyond one buffer, a chunk of the stream's own set (memory is short) or a refused reference ends
 * the keeping, and the request is then sent once. Bounded by tune.bufsize less tune.maxrewrite,
 * head and body together.
 */
#include "base/assert.h"
#include "proxy/stream_internal.h"

static size_t head_bytes(const struct http_message *request)
{
    size_t bytes = request->method.length + request->target.length;
    for (uint16_t i = 0; i < request->fields.count; i++) {
        const struct http_field *field = &request->fields.entries[i];
        bytes += field->name.length + field->value.length;
    }
    return bytes;
}

void stream_replay_begin(struct stream *stream)
{
    const uint32_t wanted = stream->backend->settings->retry_on & ~(uint32_t)RETRY_CONN_FAILURE;
    stream->keeps_request = wanted != 0 && !stream->is_tcp && !stream->settings.disable_l7_retry &&
                            stream->retries_left > 0;
}

void stream_replay_drop(struct stream *stream)
{
    stream->keeps_request = false;
    chunk_queue_clear(&stream->replay);
}

/* Whether a piece can be kept without harm to others. */
static bool keep_piece(struct stream *stream, const struct chunk_ref *ref, size_t skipped)
{
    return !ref->chunk->is_reserved &&
           chunk_queue_append_ref(&stream->replay, ref->chunk, ref->start + (uint32_t)skipped,
                                  ref->length - (uint32_t)skipped, stream->account) == RESULT_OK;
}

void stream_replay_keep(struct stream *stream)
{
    if (!stream->keeps_request) {
        return;
    }
    const struct chunk_queue *queue = &stream->up.queue;
    const struct global_settings *global = &stream->worker->configuration->global;
    const uint64_t total = stream->up.bytes + queue->bytes;
    if (head_bytes(&stream->request) + total > global->bufsize - global->maxrewrite) {
        stream_replay_drop(stream);
        return;
    }
    ASSERT(stream->replay.bytes <= total && stream->replay.bytes >= stream->up.bytes);
    size_t known = stream->replay.bytes - (size_t)stream->up.bytes; /* at the queue's front */
    for (const struct chunk_ref *ref = queue->first; ref != NULL; ref = ref->next) {
        const size_t skipped = known < ref->length ? known : ref->length;
        known -= skipped;
        if (skipped < ref->length && !keep_piece(stream, ref, skipped)) {
            stream_replay_drop(stream);
            return;
        }
    }
}

bool stream_may_replay(const struct stream *stream)
{
    return stream->keeps_request || stream->up.bytes == 0;
}

void stream_replay_restore(struct stream *stream)
{
    if (stream->replay.bytes == 0) { /* nothing was sent: all is still in the queue */
        return;
    }
    chunk_queue_clear(&stream->up.queue);
    chunk_queue_move_all(&stream->up.queue, &stream->replay);
    stream->up.bytes = 0;
}
