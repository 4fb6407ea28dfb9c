/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dialling: a socket with its options, bound to a source address if one is set, connecting without
 * blocking.
 *
 * The owner is never called from inside connection_dial: what is known at once (a refusal, a Unix
 * socket that is connected already) is told by a fed event in the same or the next turn.
 *
 * What bounds its memory: the connection's pool object and, with TLS, the handshake's reserve, both
 * taken before the first packet leaves.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "transport/connection_internal.h"
#include "transport/socket_options.h"

static bool bind_source(int fd, const struct address *source)
{
    if (source->family == AF_UNSPEC) {
        return true;
    }
    struct sockaddr_storage storage;
    socklen_t length = address_to_socket(source, &storage);
    if (source->port == 0) {
        /* The port is chosen at connect(): one source port then serves many destinations. */
        (void)socket_set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    } else {
        (void)socket_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    }
    return length > 0 && bind(fd, (struct sockaddr *)&storage, length) == 0;
}

/* A socket ready to connect, or -1 with errno. */
static int open_socket(const struct connection_options *options)
{
    int family = options->destination.family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    if (family != AF_UNIX) {
        socket_set_stream_options(fd, &(struct socket_stream_options){
                                          .mss = options->mss,
                                          .user_timeout_ms = options->user_timeout_ms,
                                          .no_delay = options->no_delay,
                                          .keep_alive = options->keep_alive,
                                      });
    }
    if (!bind_source(fd, &options->source)) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* Begins to connect and arranges for on_io to learn the end of it. */
static void start_connect(struct connection *connection, const struct address *destination)
{
    struct sockaddr_storage storage;
    socklen_t length = address_to_socket(destination, &storage);
    int status = -1;
    errno = EADDRNOTAVAIL;
    if (length > 0) {
        status = connect(connection->fd, (struct sockaddr *)&storage, length);
    }
    if (status < 0 && errno == EINPROGRESS) {
        connection_update_watch(connection);
        return;
    }
    connection->system_error = status == 0 ? 0 : errno;
    event_io_feed(&connection->io, EVENT_WRITE);
}

enum result connection_dial(struct transport *transport, const struct connection_options *options,
                            const struct connection_events *events, void *owner,
                            struct connection **out)
{
    int fd = open_socket(options);
    if (fd < 0) {
        return RESULT_FAILED;
    }
    struct connection *connection =
        connection_take(transport, fd, options->is_operator ? ACCOUNT_OPERATOR : ACCOUNT_SERVER);
    if (connection == NULL) {
        (void)close(fd);
        return RESULT_NO_MEMORY;
    }
    connection->state = CONNECTION_DIALLING;
    enum result result = connection_open_tls(connection, options);
    if (result != RESULT_OK) {
        connection_untake(connection);
        (void)close(fd);
        return result;
    }
    connection->peer = options->destination;
    connection_set_owner(connection, events, owner);
    start_connect(connection, &options->destination);
    *out = connection;
    return RESULT_OK;
}

void connection_continue_dial(struct connection *connection)
{
    int error = connection->system_error;
    socklen_t length = sizeof(error);
    if (error == 0 && getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) {
        error = errno;
    }
    if (error != 0) {
        connection_fail(connection, CONNECTION_ERROR_REFUSED, error);
        return;
    }
    connection_on_connected(connection);
}
