/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets, edge-triggered: a descriptor counts as readable or writable until the kernel says
 * otherwise, so that a short read or write costs no further call.
 */
#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "origin.h"

/* What a failed call means: nothing for now, or the end. */
static enum wire failure(bool *flag)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        *flag = false;
        return WIRE_BLOCKED;
    }
    return WIRE_FAILED;
}

enum wire wire_receive(struct connection *c, size_t count)
{
    if (c->ended) {
        return WIRE_ENDED;
    }
    if (!c->readable) {
        return WIRE_BLOCKED;
    }
    ssize_t got = recv(c->fd, buffer_reserve(&c->in, count), count, 0);
    if (got < 0) {
        return failure(&c->readable);
    }
    if (got == 0) {
        c->ended = true;
        return WIRE_ENDED;
    }
    c->in.end += (size_t)got;
    return WIRE_DONE;
}

enum wire wire_discard(struct connection *c, uint64_t count)
{
    const size_t step = 1U << 20;
    if (c->ended) {
        return WIRE_ENDED;
    }
    if (!c->readable) {
        return WIRE_BLOCKED;
    }
    ssize_t got = recv(c->fd, NULL, count < step ? (size_t)count : step, MSG_TRUNC);
    if (got < 0) {
        return failure(&c->readable);
    }
    if (got == 0) {
        c->ended = true;
        return WIRE_ENDED;
    }
    c->body_left -= (uint64_t)got;
    c->body_count += (uint64_t)got;
    return WIRE_DONE;
}

enum wire wire_flush(struct connection *c, bool more)
{
    while (buffer_used(&c->out) > 0) {
        if (!c->writable) {
            return WIRE_BLOCKED;
        }
        int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
        ssize_t sent = send(c->fd, buffer_head(&c->out), buffer_used(&c->out), flags);
        if (sent < 0) {
            return failure(&c->writable);
        }
        buffer_consume(&c->out, (size_t)sent);
    }
    return WIRE_DONE;
}

enum wire wire_send_pattern(struct connection *c, uint64_t at, uint64_t count, uint64_t *sent)
{
    *sent = 0;
    if (!c->writable) {
        return WIRE_BLOCKED;
    }
    off_t offset = (off_t)(at % PATTERN_PERIOD);
    size_t room = PATTERN_BYTES - (size_t)offset;
    size_t ask = count < room ? (size_t)count : room;
    ssize_t went = sendfile(c->fd, c->worker->pattern_file, &offset, ask);
    if (went < 0) {
        return failure(&c->writable);
    }
    *sent = (uint64_t)went;
    return WIRE_DONE;
}
