/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relaying in the kernel. A pipe is two descriptors and 64 KiB that the kernel owns, so pipes are
 * bounded in number and a few empty ones are kept: opening one costs as much as relaying some
 * kilobytes.
 *
 * splice(2) says EAGAIN both for an empty socket and for a full pipe: the caller drains first and
 * fills then, so that the one that is meant follows from what the pipe holds.
 *
 * What bounds its memory: pipes_max pipes; nothing of this process's own.
 */
#include "transport/splice.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/number.h"
#include "transport/connection_internal.h"

void splice_pool_init(struct splice_pool *pool, unsigned pipes_max)
{
    *pool = (struct splice_pool){.pipes_max = pipes_max};
}

void splice_pool_deinit(struct splice_pool *pool)
{
    while (pool->kept_count > 0) {
        pool->kept_count--;
        (void)close(pool->kept[pool->kept_count].read_fd);
        (void)close(pool->kept[pool->kept_count].write_fd);
        pool->pipes_open--;
    }
    ASSERT(pool->pipes_open == 0);
}

static bool is_usable(const struct connection *connection)
{
    return connection->state == CONNECTION_OPEN && connection->tls == NULL &&
           connection->error == CONNECTION_ERROR_NONE;
}

bool splice_is_possible(const struct connection *from, const struct connection *to)
{
    return is_usable(from) && is_usable(to);
}

enum result splice_open(struct splice_pool *pool, struct splice *splice)
{
    if (pool->kept_count > 0) {
        pool->kept_count--;
        *splice = (struct splice){.pool = pool,
                                  .read_fd = pool->kept[pool->kept_count].read_fd,
                                  .write_fd = pool->kept[pool->kept_count].write_fd};
        return RESULT_OK;
    }
    if (pool->pipes_open >= pool->pipes_max) {
        return RESULT_FULL;
    }
    int fds[2];
    if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) {
        return RESULT_FAILED;
    }
    pool->pipes_open++;
    *splice = (struct splice){.pool = pool, .read_fd = fds[0], .write_fd = fds[1]};
    return RESULT_OK;
}

/* One splice(2), past interruptions. */
static ssize_t move_bytes(int from, int to, size_t bytes)
{
    ssize_t moved;
    do {
        moved = splice(from, NULL, to, NULL, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    } while (moved < 0 && errno == EINTR);
    return moved;
}

enum result splice_fill(struct splice *splice, struct connection *from, size_t bytes_max,
                        size_t *count)
{
    *count = 0;
    if (!is_usable(from)) {
        return RESULT_FAILED;
    }
    if (from->read_ended) {
        return RESULT_END;
    }
    ssize_t moved = move_bytes(from->fd, splice->write_fd, bytes_max);
    if (moved > 0) {
        *count = (size_t)moved;
        splice->held += *count;
        from->bytes_in += *count;
        return RESULT_OK;
    }
    if (moved == 0) {
        from->read_ended = true;
        connection_update_watch(from);
        return RESULT_END;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return RESULT_BLOCKED;
    }
    connection_set_error(from, CONNECTION_ERROR_RESET, errno);
    return RESULT_FAILED;
}

enum result splice_drain(struct splice *splice, struct connection *to, size_t *count)
{
    *count = 0;
    if (!is_usable(to) || to->write_ended) {
        return RESULT_FAILED;
    }
    while (splice->held > 0) {
        ssize_t moved = move_bytes(splice->read_fd, to->fd, splice->held);
        if (moved > 0) {
            ASSERT((size_t)moved <= splice->held);
            splice->held -= (size_t)moved;
            *count += (size_t)moved;
            to->bytes_out += (size_t)moved;
        } else if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return RESULT_BLOCKED;
        } else {
            connection_set_error(to, CONNECTION_ERROR_RESET, moved == 0 ? EPIPE : errno);
            return RESULT_FAILED;
        }
    }
    return RESULT_OK;
}

void splice_close(struct splice *splice)
{
    struct splice_pool *pool = splice->pool;
    if (pool == NULL) {
        return;
    }
    if (splice->held == 0 && pool->kept_count < SPLICE_KEPT_MAX) {
        pool->kept[pool->kept_count].read_fd = splice->read_fd;
        pool->kept[pool->kept_count].write_fd = splice->write_fd;
        pool->kept_count++;
    } else {
        (void)close(splice->read_fd);
        (void)close(splice->write_fd);
        pool->pipes_open--;
    }
    *splice = (struct splice){.pool = NULL};
}
