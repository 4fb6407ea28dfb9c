/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines to a descriptor, without ever blocking.
 *
 * O_NONBLOCK belongs to the open file description, which a shell or a supervisor may share: so a
 * pipe or terminal is opened once more through /proc, and that description is made non-blocking.
 * Where it cannot be (no /proc, no permission), the shared one is set after all; a socket is
 * written with MSG_DONTWAIT; a file never blocks. A line of at most PIPE_BUF bytes is written whole
 * or not at all (pipe(7)), so only longer ones can be cut apart.
 *
 * What bounds its memory: LOG_QUEUE_BYTES, taken when a reader is slow for the first time; lines
 * beyond are lost.
 */
#include "event/log_descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"
#include "base/text.h"

/* Room for "/proc/self/fd/" and a number. */
enum { PATH_SIZE = 48 };

static void on_writable(struct event_io *io, unsigned ready);

static int open_anew(int number)
{
    char path[PATH_SIZE];
    struct text text = text_over(path, sizeof(path));
    text_append_string(&text, "/proc/self/fd/");
    text_append_signed(&text, number);
    return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

/* Chooses how to write to a descriptor of the kind that `status` tells. */
static void choose_way(struct log_descriptor *descriptor, const struct stat *status)
{
    descriptor->fd = descriptor->number;
    descriptor->is_socket = S_ISSOCK(status->st_mode);
    if (descriptor->is_socket || S_ISREG(status->st_mode)) {
        return;
    }
    int fd = open_anew(descriptor->number);
    if (fd >= 0) {
        descriptor->fd = fd;
        descriptor->is_own = true;
        return;
    }
    int flags = fcntl(descriptor->number, F_GETFL);
    if (flags >= 0) {
        (void)fcntl(descriptor->number, F_SETFL, flags | O_NONBLOCK);
    }
}

enum result log_descriptor_init(struct log_descriptor *descriptor, int number,
                                struct event_loop *loop, struct account *account)
{
    struct stat status;
    if (fstat(number, &status) != 0) {
        return RESULT_FAILED;
    }
    *descriptor = (struct log_descriptor){.number = number, .loop = loop, .account = account};
    list_init(&descriptor->link);
    choose_way(descriptor, &status);
    event_io_init(&descriptor->io, loop, descriptor->fd, on_writable);
    return RESULT_OK;
}

static ssize_t write_parts(const struct log_descriptor *descriptor, const struct iovec *parts,
                           size_t count)
{
    ssize_t written;
    do {
        if (descriptor->is_socket) {
            struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};
            written = sendmsg(descriptor->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        } else {
            written = writev(descriptor->fd, parts, (int)count);
        }
    } while (written < 0 && errno == EINTR);
    return written;
}

/* Writes what waits; true when the queue is empty. On an error of the descriptor all of it is lost.
 */
static bool flush_queue(struct log_descriptor *descriptor)
{
    while (descriptor->queue_bytes > 0) {
        struct iovec part = {
            .iov_base = descriptor->queue + descriptor->queue_start,
            .iov_len = size_min(descriptor->queue_bytes, LOG_QUEUE_BYTES - descriptor->queue_start),
        };
        ssize_t written = write_parts(descriptor, &part, 1);
        if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return false;
        }
        if (written <= 0) {
            descriptor->dropped++;
            descriptor->queue_bytes = 0;
            break;
        }
        descriptor->queue_start = (descriptor->queue_start + (size_t)written) % LOG_QUEUE_BYTES;
        descriptor->queue_bytes -= (size_t)written;
    }
    descriptor->queue_start = 0;
    return true;
}

static void on_writable(struct event_io *io, unsigned ready)
{
    (void)ready;
    struct log_descriptor *descriptor = container_of(io, struct log_descriptor, io);
    if (flush_queue(descriptor)) {
        event_io_want(io, 0);
    }
}

/* Appends bytes to the queue, which has room for them. */
static void enqueue(struct log_descriptor *descriptor, const char *data, size_t bytes)
{
    size_t end = (descriptor->queue_start + descriptor->queue_bytes) % LOG_QUEUE_BYTES;
    size_t first = size_min(bytes, LOG_QUEUE_BYTES - end);
    memcpy(descriptor->queue + end, data, first);
    if (bytes > first) {
        memcpy(descriptor->queue, data + first, bytes - first);
    }
    descriptor->queue_bytes += bytes;
}

/* Keeps a line for later, but for its first `skip` bytes that are written already. */
static enum result keep(struct log_descriptor *descriptor, const struct iovec *parts, size_t count,
                        size_t total, size_t skip)
{
    if (descriptor->queue == NULL) {
        descriptor->queue = memory_take(descriptor->account, LOG_QUEUE_BYTES);
    }
    if (descriptor->queue == NULL || total - skip > LOG_QUEUE_BYTES - descriptor->queue_bytes) {
        descriptor->dropped++;
        return RESULT_FULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t skipped = size_min(skip, parts[i].iov_len);
        enqueue(descriptor, (const char *)parts[i].iov_base + skipped, parts[i].iov_len - skipped);
        skip -= skipped;
    }
    event_io_want(&descriptor->io, EVENT_WRITE);
    return RESULT_OK;
}

enum result log_descriptor_write(struct log_descriptor *descriptor, const struct iovec *parts,
                                 size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += parts[i].iov_len;
    }
    if (descriptor->queue_bytes > 0) {
        return keep(descriptor, parts, count, total, 0);
    }
    ssize_t written = write_parts(descriptor, parts, count);
    if (written < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        descriptor->dropped++;
        return RESULT_FULL;
    }
    size_t done = written < 0 ? 0 : (size_t)written;
    return done == total ? RESULT_OK : keep(descriptor, parts, count, total, done);
}

void log_descriptor_deinit(struct log_descriptor *descriptor)
{
    event_io_stop(&descriptor->io);
    if (descriptor->queue != NULL) {
        (void)flush_queue(descriptor);
        memory_release(descriptor->account, descriptor->queue);
        descriptor->queue = NULL;
    }
    if (descriptor->is_own) {
        (void)close(descriptor->fd);
    }
    list_remove(&descriptor->link);
}
