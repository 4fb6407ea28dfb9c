/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listeners: one bound stream socket each. Accepting stops (the kernel's backlog waits) while the process is at its connection limit, the
 * frontend at its own, or memory is scarce, and starts again when that is over.
 */
#ifndef WEIR_TRANSPORT_LISTENER_H
#define WEIR_TRANSPORT_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/address.h"
#include "base/result.h"
#include "base/text.h"
#include "transport/connection.h"

/* Settings of one bind line's address; the rest of the bind line is the proxy layer's. */
struct listener_options {
    struct address address;
    const char *interface_name;  /* `interface`, or NULL */
    int inherited_fd;            /* fd@N or passed by the old process; -1: bind one */
    uint32_t backlog;
    uint32_t mss;
    bool v6_only, v4_v6, transparent, defer_accept, tfo;
    mode_t mode;                 /* Unix sockets; 0: by umask */
    uid_t uid;                   /* (uid_t)-1: as is */
    gid_t gid;
};

struct listener {
    struct transport *transport;
    struct event_io io;
    struct listener_options options;
    struct list link;            /* owner's list */
    int fd;                      /* -1: not bound */
    bool is_paused;              /* by whom it is paused is the owner's to know */
    uint64_t accept_errors;
    /* Called for each accepted descriptor; the callee owns it. Returns RESULT_OK, or another result to stop accepting in this turn. */
    enum result (*on_accept)(struct listener *listener, int fd, const struct address *peer);
    void *owner;
};

/* Creates and binds the socket (no listen yet). On failure `error` says why ("cannot bind socket (Address already in use)"). Startup, before privileges are dropped. */
MUST_USE enum result listener_bind(struct listener *listener, struct transport *transport,
                                   const struct listener_options *options, struct text *error);

/* Starts listening and accepting. */
MUST_USE enum result listener_start(struct listener *listener, struct text *error);

/* Stops and starts taking from the backlog. */
void listener_pause(struct listener *listener);
void listener_resume(struct listener *listener);

/* Closes the socket (and leaves a Unix path alone unless `unlink_path`). */
void listener_close(struct listener *listener, bool unlink_path);

#endif
