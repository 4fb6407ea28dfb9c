/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket behind a listener: TCP over IPv4 and IPv6, Unix and abstract ones, and those that a
 * parent process hands over.
 */
#ifndef WEIR_TRANSPORT_LISTEN_SOCKET_H
#define WEIR_TRANSPORT_LISTEN_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"
#include "base/result.h"
#include "base/text.h"

enum { LISTENER_POOLS_MAX = 2 };

struct pool;

/* Settings of one bind line's address; the rest of the bind line is the proxy layer's. */
struct listener_options {
    struct address address;
    const char *interface_name; /* `interface`, or NULL */
    int inherited_fd;           /* fd@N or passed by the old process; -1: bind one */
    uint32_t backlog;           /* 0: the kernel's largest */
    uint32_t mss;
    uint32_t user_timeout_ms; /* tcp-ut */
    size_t admission_bytes;   /* an accepted connection's need beside objects and TLS */
    struct pool *admission_pools[LISTENER_POOLS_MAX]; /* it needs an object of each; NULL: none */
    bool v6_only, v4_v6, transparent, defer_accept, tfo;
    bool keep_alive;  /* option clitcpka */
    bool is_operator; /* runtime API: let in out of the operator's reserve */
    bool is_datagram; /* UDP */
    bool is_tls;      /* accepting waits while too many handshakes are under way */
    mode_t mode;      /* Unix sockets; 0: by umask */
    uid_t uid;        /* (uid_t)-1: as is */
    gid_t gid;        /* (gid_t)-1: as is */
};

/*
 * Opens and binds the socket of `options`, or checks the inherited one. RESULT_FAILED with the
 * reason in `error`, fit to follow a line's place: "cannot bind socket (Address already in use)".
 */
MUST_USE enum result listen_socket_open(const struct listener_options *options, int *out,
                                        struct text *error);

/* Lets clients connect. RESULT_FAILED with the reason in `error`. */
MUST_USE enum result listen_socket_listen(int fd, const struct listener_options *options,
                                          struct text *error);

#endif
