/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's bytes: from the socket or the TLS session straight into chunks, and out of them.
 *
 * Nothing is taken before there is a wish to read, and an untouched chunk goes back at once, so
 * that an idle connection holds none. A plain read that leaves room has emptied the socket: the
 * call that would only say EAGAIN is spared. TLS seals from the chunk; only small pieces are
 * gathered first, so that a head and a short body share a record.
 *
 * What bounds its memory: the caller's bytes_max, clamped to the transport's share for one event.
 */
#include <errno.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "base/number.h"
#include "transport/connection_internal.h"

enum {
    READ_ROOM_LEAST = 1024,    /* less at a chunk's end is not worth a system call */
    WRITE_VECTORS_MAX = 32,    /* 512 KiB of normal chunks */
    RECORD_BYTES_MAX = 16384,  /* RFC 8446 5.1 */
    RECORD_BYTES_SMALL = 4096, /* shorter pieces are gathered into one record */
};

/* Bytes of one plain read. RESULT_OK with count > 0, RESULT_BLOCKED, RESULT_END, RESULT_FAILED. */
static enum result read_plain(struct connection *connection, const struct iovec *room,
                              size_t *count)
{
    ssize_t received;
    do {
        received = recv(connection->fd, room->iov_base, room->iov_len, 0);
    } while (received < 0 && errno == EINTR);
    if (received > 0) {
        *count = (size_t)received;
        return RESULT_OK;
    }
    if (received == 0) {
        return RESULT_END;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return RESULT_BLOCKED;
    }
    connection_set_error(connection, CONNECTION_ERROR_RESET, errno);
    return RESULT_FAILED;
}

static enum result read_sealed(struct connection *connection, const struct iovec *room,
                               size_t *count)
{
    enum result result = tls_session_read(connection->tls, room->iov_base, room->iov_len, count);
    if (result == RESULT_FAILED) {
        connection_set_error(connection, CONNECTION_ERROR_RESET, errno);
    }
    return result;
}

/*
 * Whether more is likely to be there, and another call worth it. A plain read that left room has
 * emptied the socket; a long record is seldom the last.
 */
static bool is_more_likely(const struct connection *connection, size_t count, bool was_filled)
{
    if (connection->tls == NULL) {
        return was_filled;
    }
    return count >= RECORD_BYTES_SMALL || tls_session_has_pending(connection->tls);
}

/* Reads once into the end of `queue`; `was_filled` tells whether the room was used up. */
static enum result read_once(struct connection *connection, struct chunk_queue *queue,
                             enum chunk_kind kind, size_t bytes_max, size_t *count,
                             bool *was_filled)
{
    struct iovec room;
    enum result result = chunk_queue_reserve_for(
        queue, connection->transport->chunks, kind, &connection->account,
        (enum wait_class)connection->reads_for, size_min(READ_ROOM_LEAST, bytes_max), &room);
    if (result != RESULT_OK) {
        return result;
    }
    room.iov_len = size_min(room.iov_len, bytes_max);
    *count = 0;
    result = connection->tls != NULL ? read_sealed(connection, &room, count)
                                     : read_plain(connection, &room, count);
    chunk_queue_commit(queue, *count);
    *was_filled = *count == room.iov_len;
    return result;
}

/* What a call that got bytes leaves for the next one, the socket may not tell of again. */
static void remember_pending(struct connection *connection, enum result last)
{
    bool is_told = last == RESULT_END || connection_has_pending_input(connection);
    if (is_told && (connection->wanted & EVENT_READ) != 0) {
        event_io_feed(&connection->io, EVENT_READ);
    }
}

enum result connection_read(struct connection *connection, struct chunk_queue *queue,
                            enum chunk_kind kind, size_t bytes_max)
{
    if (connection->state != CONNECTION_OPEN || connection->error != CONNECTION_ERROR_NONE) {
        return RESULT_FAILED;
    }
    if (connection->read_ended) {
        return RESULT_END;
    }
    size_t left = size_min(bytes_max, connection->transport->read_bytes_max);
    ASSERT(left > 0);
    size_t total = 0;
    enum result result = RESULT_OK;
    bool goes_on = true;
    while (goes_on && left > 0) {
        size_t count = 0;
        bool was_filled = false;
        result = read_once(connection, queue, kind, left, &count, &was_filled);
        total += count;
        left -= count;
        goes_on = result == RESULT_OK && is_more_likely(connection, count, was_filled);
    }
    connection->bytes_in += total;
    if (total > 0) {
        remember_pending(connection, result);
        return RESULT_OK;
    }
    connection->read_ended = result == RESULT_END;
    connection_update_watch(connection);
    return result;
}

static enum result write_plain(struct connection *connection, const struct chunk_queue *queue,
                               size_t *count)
{
    struct iovec vectors[WRITE_VECTORS_MAX];
    struct msghdr message = {.msg_iov = vectors};
    message.msg_iovlen = chunk_queue_vectors(queue, vectors, WRITE_VECTORS_MAX);
    size_t offered = 0;
    for (size_t i = 0; i < message.msg_iovlen; i++) {
        offered += vectors[i].iov_len;
    }
    ssize_t sent;
    do {
        sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        *count = (size_t)sent;
        return *count == offered ? RESULT_OK : RESULT_BLOCKED;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return RESULT_BLOCKED;
    }
    connection_set_error(connection, CONNECTION_ERROR_RESET, errno);
    return RESULT_FAILED;
}

/* Seals one record. After a blocked call the session goes on with the bytes that it sealed then. */
static enum result write_sealed(struct connection *connection, const struct chunk_queue *queue,
                                size_t *count)
{
    char gathered[RECORD_BYTES_MAX];
    struct slice bytes = slice_first(chunk_queue_front(queue), RECORD_BYTES_MAX);
    if (bytes.length < RECORD_BYTES_SMALL && bytes.length < queue->bytes) {
        bytes.length = chunk_queue_copy_out(queue, gathered, sizeof(gathered));
        bytes.data = gathered;
    }
    enum result result = tls_session_write(connection->tls, bytes.data, bytes.length, count);
    if (result == RESULT_FAILED) {
        connection_set_error(connection, CONNECTION_ERROR_RESET, errno);
    }
    return result;
}

enum result connection_write(struct connection *connection, struct chunk_queue *queue)
{
    if (connection->state != CONNECTION_OPEN || connection->write_ended ||
        connection->error != CONNECTION_ERROR_NONE) {
        return RESULT_FAILED;
    }
    enum result result = RESULT_OK;
    while (result == RESULT_OK && !chunk_queue_is_empty(queue)) {
        size_t count = 0;
        result = connection->tls != NULL ? write_sealed(connection, queue, &count)
                                         : write_plain(connection, queue, &count);
        ASSERT(count <= queue->bytes);
        chunk_queue_drop(queue, count);
        connection->bytes_out += count;
    }
    return result;
}
