/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening socket of a bind line: made, set up and bound, or taken over from a parent process.
 *
 * A Unix path is replaced in one step: the socket is bound beside it, given mode and owner, made to
 * listen, and only then renamed over the path, so that a client finds the old process or the new
 * one and never none.
 *
 * What bounds its memory: one descriptor.
 */
#include "transport/listen_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "transport/socket_options.h"

enum {
    DEFER_ACCEPT_SECONDS = 1, /* a client that says nothing for so long is accepted all the same */
};

/* A path beside the wanted one, for the time before the socket is ready. */
struct temporary_path {
    char data[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* Says what could not be done, with errno's reason. */
static enum result fail(struct text *error, const char *what)
{
    text_append_string(error, what);
    text_append_string(error, " (");
    text_append_string(error, strerrordesc_np(errno));
    text_append_char(error, ')');
    return RESULT_FAILED;
}

static bool is_temporary(const struct address *address)
{
    return address->family == AF_UNIX && !address->is_abstract;
}

static bool write_temporary_path(const char *path, struct temporary_path *temporary)
{
    struct text text = text_over(temporary->data, sizeof(temporary->data));
    text_append_string(&text, path);
    text_append_char(&text, '.');
    text_append_decimal(&text, (uint64_t)getpid());
    text_append_string(&text, ".tmp");
    return !text.truncated;
}

static enum result set_v6_options(int fd, const struct listener_options *options,
                                  struct text *error)
{
    bool is_set = options->v6_only || options->v4_v6;
    if (options->address.family != AF_INET6 || !is_set) {
        return RESULT_OK;
    }
    if (!socket_set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, options->v6_only ? 1 : 0)) {
        return fail(error, "cannot choose between IPv6 alone and IPv6 with IPv4");
    }
    return RESULT_OK;
}

/* Options that the user asked for by name: a refusal is an error. */
static enum result set_bind_options(int fd, const struct listener_options *options,
                                    struct text *error)
{
    if (options->transparent) {
        bool is_v6 = options->address.family == AF_INET6;
        if (!socket_set_option(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                               is_v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, 1)) {
            return fail(error, "cannot make listening socket transparent");
        }
    }
    if (options->interface_name != NULL &&
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->interface_name,
                   (socklen_t)strlen(options->interface_name) + 1) != 0) {
        return fail(error, "cannot bind listener to device");
    }
    return set_v6_options(fd, options, error);
}

static void set_tcp_options(int fd, const struct listener_options *options)
{
    socket_set_stream_options(fd, &(struct socket_stream_options){
                                      .mss = options->mss,
                                      .user_timeout_ms = options->user_timeout_ms,
                                      .no_delay = true,
                                      .keep_alive = options->keep_alive,
                                  });
    if (options->defer_accept) {
        (void)socket_set_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, DEFER_ACCEPT_SECONDS);
    }
    if (options->tfo) {
        int queue = options->backlog > 0 && options->backlog < SOMAXCONN ? (int)options->backlog
                                                                         : SOMAXCONN;
        (void)socket_set_option(fd, IPPROTO_TCP, TCP_FASTOPEN, queue);
    }
}

static enum result bind_address(int fd, const struct address *address, struct text *error)
{
    struct sockaddr_storage storage;
    socklen_t length = address_to_socket(address, &storage);
    if (length == 0) {
        errno = ENAMETOOLONG;
        return fail(error, "cannot bind socket");
    }
    if (bind(fd, (struct sockaddr *)&storage, length) != 0) {
        return fail(error, "cannot bind socket");
    }
    return RESULT_OK;
}

static enum result bind_internet(int fd, const struct listener_options *options, struct text *error)
{
    /* The address may still be in use by connections of an old process, or by an old process
     * itself. */
    (void)socket_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    (void)socket_set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    enum result result = set_bind_options(fd, options, error);
    if (result != RESULT_OK) {
        return result;
    }
    if (!options->is_datagram) {
        set_tcp_options(fd, options);
    }
    return bind_address(fd, &options->address, error);
}

static enum result set_path_owner(const char *path, const struct listener_options *options,
                                  struct text *error)
{
    if (options->mode != 0 && chmod(path, options->mode) != 0) {
        return fail(error, "cannot change mode of UNIX socket");
    }
    bool is_owned = options->uid != (uid_t)-1 || options->gid != (gid_t)-1;
    if (is_owned && chown(path, options->uid, options->gid) != 0) {
        return fail(error, "cannot change owner of UNIX socket");
    }
    return RESULT_OK;
}

/* Binds beside the path and moves the listening socket there. */
static enum result bind_path(int fd, const struct listener_options *options, struct text *error)
{
    struct temporary_path temporary;
    if (!write_temporary_path(options->address.path, &temporary)) {
        errno = ENAMETOOLONG;
        return fail(error, "cannot bind UNIX socket");
    }
    if (unlink(temporary.data) != 0 && errno != ENOENT) {
        return fail(error, "cannot remove an old UNIX socket");
    }
    struct address address = options->address;
    address.path = temporary.data;
    enum result result = bind_address(fd, &address, error);
    if (result != RESULT_OK) {
        return result;
    }
    result = set_path_owner(temporary.data, options, error);
    if (result == RESULT_OK) {
        result = listen_socket_listen(fd, options, error);
    }
    if (result == RESULT_OK && rename(temporary.data, options->address.path) != 0) {
        result = fail(error, "cannot switch to the final UNIX socket");
    }
    if (result != RESULT_OK) {
        (void)unlink(temporary.data);
    }
    return result;
}

/* Takes over a socket that the parent process opened. */
static enum result check_inherited(int fd, int wanted_type, struct text *error)
{
    int type = 0;
    socklen_t length = sizeof(type);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0) {
        return fail(error, "cannot use inherited descriptor");
    }
    if (type != wanted_type) {
        errno = EPROTOTYPE;
        return fail(error, "cannot use inherited descriptor");
    }
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        return fail(error, "cannot set up inherited descriptor");
    }
    return RESULT_OK;
}

enum result listen_socket_open(const struct listener_options *options, int *out, struct text *error)
{
    int type = options->is_datagram ? SOCK_DGRAM : SOCK_STREAM;
    if (options->inherited_fd >= 0) {
        enum result result = check_inherited(options->inherited_fd, type, error);
        if (result == RESULT_OK && !options->is_datagram) {
            set_tcp_options(options->inherited_fd, options);
        }
        *out = options->inherited_fd;
        return result;
    }
    int fd = socket(options->address.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail(error, "cannot create listening socket");
    }
    enum result result;
    if (options->address.family != AF_UNIX) {
        result = bind_internet(fd, options, error);
    } else if (is_temporary(&options->address)) {
        result = bind_path(fd, options, error);
    } else {
        result = bind_address(fd, &options->address, error);
    }
    if (result != RESULT_OK) {
        (void)close(fd);
        return result;
    }
    *out = fd;
    return RESULT_OK;
}

enum result listen_socket_listen(int fd, const struct listener_options *options, struct text *error)
{
    /* The kernel lowers it to net.core.somaxconn. */
    uint32_t backlog = options->backlog == 0 ? INT_MAX : options->backlog;
    if (listen(fd, backlog > INT_MAX ? INT_MAX : (int)backlog) != 0) {
        return fail(error, "cannot listen to socket");
    }
    return RESULT_OK;
}
