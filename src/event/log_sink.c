/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log sinks: filter, sample, header, length, output.
 *
 * A line is one system call of a few vectors: header, text as the caller has it in pieces, newline.
 * Datagrams are sent unconnected from one socket a family, so that a thousand proxies with `log
 * global` share three sockets and a syslog daemon may be restarted. EAGAIN, a full socket buffer or
 * a missing peer lose the line, which is counted.
 *
 * What bounds its memory: a sink is some 200 bytes on the operator's account; queues and rings as
 * their headers say.
 */
#include "event/log_sink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/number.h"
#include "event/log_descriptor.h"

enum {
    SYSLOG_LOCAL0 = 16,
    HEADER_ROOM = SYSLOG_HEADER_SIZE + 512, /* 512: host, tag and structured data */
    VECTORS_MAX = LOG_PARTS_MAX + 2,        /* header and newline */
};

struct log_sink {
    struct log_outputs *outputs;
    const struct log_sink_options *options;
    struct log_descriptor *descriptor; /* LOG_TARGET_DESCRIPTOR */
    struct log_ring *ring;             /* LOG_TARGET_RING */
    int socket;                        /* LOG_TARGET_DATAGRAM; borrowed from the outputs */
    socklen_t address_length;
    struct sockaddr_storage *address; /* behind the sink's block */
    uint32_t sample_index;            /* of the last line, 1 to sample_size */
    uint64_t dropped;
    struct syslog_clock clock;
};

/* ---- outputs ---- */

void log_outputs_init(struct log_outputs *outputs, struct event_loop *loop)
{
    *outputs =
        (struct log_outputs){.loop = loop, .sockets = {-1, -1, -1}, .pid = (uint32_t)getpid()};
    account_init(&outputs->account, event_loop_ledger(loop), ACCOUNT_OPERATOR, 0);
    list_init(&outputs->descriptors);
    list_init(&outputs->rings);
}

static void close_socket(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

void log_outputs_deinit(struct log_outputs *outputs)
{
    ASSERT(list_is_empty(&outputs->descriptors));
    LIST_EACH_SAFE(link, &outputs->rings) {
        struct log_ring *ring = container_of(link, struct log_ring, link);
        log_ring_deinit(ring);
        memory_release(&outputs->account, ring);
    }
    close_socket(&outputs->sockets.v4);
    close_socket(&outputs->sockets.v6);
    close_socket(&outputs->sockets.local);
    account_deinit(&outputs->account);
}

enum result log_outputs_add_ring(struct log_outputs *outputs,
                                 const struct log_ring_options *options)
{
    struct log_ring *ring = memory_take(&outputs->account, sizeof(*ring));
    if (ring == NULL) {
        return RESULT_NO_MEMORY;
    }
    log_ring_init(ring, options, &outputs->account);
    list_append(&outputs->rings, &ring->link);
    return RESULT_OK;
}

enum result log_outputs_add_default_ring(struct log_outputs *outputs)
{
    static const struct log_ring_options BUF0 = {
        .name = "buf0",
        .description = "in-memory ring buffer",
        .bytes_max = LOG_RING_BUF0_BYTES,
        .format = SYSLOG_FORMAT_TIMED,
    };
    return log_outputs_add_ring(outputs, &BUF0);
}

static int *socket_of(struct log_outputs *outputs, sa_family_t family)
{
    if (family == AF_UNIX) {
        return &outputs->sockets.local;
    }
    return family == AF_INET6 ? &outputs->sockets.v6 : &outputs->sockets.v4;
}

struct log_ring *log_outputs_find_ring(struct log_outputs *outputs, const char *name)
{
    LIST_EACH(link, &outputs->rings) {
        struct log_ring *ring = container_of(link, struct log_ring, link);
        if (strcmp(ring->options.name, name) == 0) {
            return ring;
        }
    }
    return NULL;
}

static struct log_descriptor *find_descriptor(struct log_outputs *outputs, int number)
{
    LIST_EACH(link, &outputs->descriptors) {
        struct log_descriptor *descriptor = container_of(link, struct log_descriptor, link);
        if (descriptor->number == number) {
            return descriptor;
        }
    }
    return NULL;
}

uint64_t log_outputs_descriptor_dropped(struct log_outputs *outputs, int number)
{
    const struct log_descriptor *descriptor = find_descriptor(outputs, number);
    return descriptor == NULL ? 0 : descriptor->dropped;
}

/* ---- opening and closing ---- */

void log_sink_options_init(struct log_sink_options *options)
{
    *options = (struct log_sink_options){
        .fd = -1,
        .facility = SYSLOG_LOCAL0,
        .level_max = SYSLOG_DEBUG,
        .level_min = SYSLOG_EMERG,
        .length_max = LOG_LENGTH_DEFAULT,
    };
}

static enum result open_datagram(struct log_sink *sink, struct text *error)
{
    const struct address *address = &sink->options->address;
    sink->address_length = address_to_socket(address, sink->address);
    if (sink->address_length == 0) {
        text_append_string(error, "the address of a log target is not usable");
        return RESULT_FAILED;
    }
    int *fd = socket_of(sink->outputs, address->family);
    if (*fd < 0) {
        *fd = socket(address->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }
    if (*fd < 0) {
        text_append_format(error, "cannot create a socket for logs (%s)", strerrordesc_np(errno));
        return RESULT_FAILED;
    }
    sink->socket = *fd;
    return RESULT_OK;
}

static enum result open_descriptor(struct log_sink *sink, struct text *error)
{
    struct log_outputs *outputs = sink->outputs;
    int number = sink->options->fd;
    struct log_descriptor *descriptor = find_descriptor(outputs, number);
    if (descriptor == NULL) {
        descriptor = memory_take(&outputs->account, sizeof(*descriptor));
        if (descriptor == NULL) {
            text_append_string(error, "no memory for a log target");
            return RESULT_NO_MEMORY;
        }
        if (log_descriptor_init(descriptor, number, outputs->loop, &outputs->account) !=
            RESULT_OK) {
            text_append_format(error, "cannot log to descriptor %d (%s)", number,
                               strerrordesc_np(errno));
            memory_release(&outputs->account, descriptor);
            return RESULT_FAILED;
        }
        list_append(&outputs->descriptors, &descriptor->link);
    }
    descriptor->users++;
    sink->descriptor = descriptor;
    return RESULT_OK;
}

static enum result open_ring(struct log_sink *sink, struct text *error)
{
    const char *name = sink->options->ring_name;
    sink->ring = log_outputs_find_ring(sink->outputs, name);
    if (sink->ring == NULL) {
        text_append_format(error, "there is no ring '%s'", name);
        return RESULT_NOT_FOUND;
    }
    enum result result = log_ring_open(sink->ring);
    if (result != RESULT_OK) {
        text_append_format(error, "no memory for the %zu bytes of ring '%s'",
                           sink->ring->options.bytes_max, name);
    }
    return result;
}

static enum result open_target(struct log_sink *sink, struct text *error)
{
    switch (sink->options->kind) {
    case LOG_TARGET_DATAGRAM:
        return open_datagram(sink, error);
    case LOG_TARGET_DESCRIPTOR:
        return open_descriptor(sink, error);
    case LOG_TARGET_RING:
        return open_ring(sink, error);
    }
    return RESULT_FAILED;
}

enum result log_sink_open(struct log_outputs *outputs, const struct log_sink_options *options,
                          struct log_sink **out, struct text *error)
{
    bool has_address = options->kind == LOG_TARGET_DATAGRAM;
    size_t address_bytes = has_address ? sizeof(struct sockaddr_storage) : 0;
    struct log_sink *sink = memory_take(&outputs->account, sizeof(*sink) + address_bytes);
    if (sink == NULL) {
        text_append_string(error, "no memory for a log target");
        return RESULT_NO_MEMORY;
    }
    sink->outputs = outputs;
    sink->options = options;
    sink->socket = -1;
    sink->address = has_address ? (struct sockaddr_storage *)(void *)(sink + 1) : NULL;
    enum result result = open_target(sink, error);
    if (result != RESULT_OK) {
        memory_release(&outputs->account, sink);
        return result;
    }
    *out = sink;
    return RESULT_OK;
}

void log_sink_close(struct log_sink *sink)
{
    if (sink == NULL) {
        return;
    }
    struct log_descriptor *descriptor = sink->descriptor;
    if (descriptor != NULL) {
        descriptor->users--;
        if (descriptor->users == 0) {
            log_descriptor_deinit(descriptor);
            memory_release(&sink->outputs->account, descriptor);
        }
    }
    memory_release(&sink->outputs->account, sink);
}

/* ---- writing ---- */

bool log_sink_takes(const struct log_sink *sink, enum syslog_level level)
{
    return level <= sink->options->level_max;
}

uint64_t log_sink_dropped(const struct log_sink *sink)
{
    return sink->dropped;
}

/* Counts the line and tells whether it is one of the sample's. */
static bool is_sampled(struct log_sink *sink)
{
    const struct log_sink_options *options = sink->options;
    if (options->ranges_count == 0) {
        return true;
    }
    sink->sample_index = sink->sample_index % options->sample_size + 1;
    for (unsigned i = 0; i < options->ranges_count; i++) {
        if (sink->sample_index >= options->ranges[i].low &&
            sink->sample_index <= options->ranges[i].high) {
            return true;
        }
    }
    return false;
}

static enum result send_datagram(const struct log_sink *sink, struct iovec *vectors, size_t count)
{
    struct msghdr message = {
        .msg_name = sink->address,
        .msg_namelen = sink->address_length,
        .msg_iov = vectors,
        .msg_iovlen = count,
    };
    ssize_t sent = sendmsg(sink->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent >= 0 ? RESULT_OK : RESULT_FULL;
}

static enum result send_vectors(const struct log_sink *sink, struct iovec *vectors, size_t count)
{
    switch (sink->options->kind) {
    case LOG_TARGET_DATAGRAM:
        return send_datagram(sink, vectors, count);
    case LOG_TARGET_DESCRIPTOR:
        return log_descriptor_write(sink->descriptor, vectors, count);
    case LOG_TARGET_RING:
        return log_ring_write(sink->ring, vectors, count);
    }
    return RESULT_FAILED;
}

static void append_header(struct log_sink *sink, const struct log_line *line, struct text *text)
{
    const struct log_sink_options *options = sink->options;
    bool is_rings = sink->ring != NULL && !options->has_format;
    struct syslog_header header = {
        .format = is_rings ? sink->ring->options.format : options->format,
        .facility = options->facility,
        .level = line->level < options->level_min ? options->level_min : line->level,
        .wall_us = event_wall_us(sink->outputs->loop),
        .host = slice_from_string(options->host),
        .tag = line->tag,
        .structured_data = line->structured_data,
        .pid = sink->outputs->pid,
    };
    syslog_append_header(text, &header, &sink->clock);
}

/* Adds a part as far as the line's length allows. */
static void add_vector(struct iovec *vectors, size_t *count, size_t *room, struct slice part)
{
    size_t length = size_min(part.length, *room);
    if (length > 0) {
        vectors[*count] = (struct iovec){.iov_base = (char *)part.data, .iov_len = length};
        (*count)++;
        *room -= length;
    }
}

void log_sink_write(struct log_sink *sink, const struct log_line *line)
{
    ASSERT(line->parts_count <= LOG_PARTS_MAX);
    if (!log_sink_takes(sink, line->level) || !is_sampled(sink)) {
        return;
    }
    char header[HEADER_ROOM];
    struct text text = text_over(header, sizeof(header));
    append_header(sink, line, &text);
    struct iovec vectors[VECTORS_MAX];
    size_t count = 0;
    size_t room = sink->options->length_max;
    add_vector(vectors, &count, &room, text_slice(&text));
    for (size_t i = 0; i < line->parts_count; i++) {
        add_vector(vectors, &count, &room, line->parts[i]);
    }
    if (sink->options->kind != LOG_TARGET_RING) {
        size_t newline_room = 1;
        add_vector(vectors, &count, &newline_room, SLICE("\n"));
    }
    if (send_vectors(sink, vectors, count) != RESULT_OK) {
        sink->dropped++;
        sink->outputs->dropped++;
    }
}
