/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a stats socket.
 */
#ifndef WEIR_ADMIN_CLI_SESSION_H
#define WEIR_ADMIN_CLI_SESSION_H

#include "admin/cli.h"
#include "base/list.h"
#include "transport/connection.h"

struct cli_session;

/* What sessions share. */
struct cli_server {
    struct worker *worker;
    struct pool *sessions;
    struct list open; /* struct cli_session */
    uint32_t open_count;
};

/* The size of a session, for its pool. */
size_t cli_session_bytes(void);

/* Answers on an accepted descriptor at `level`. RESULT_NO_MEMORY: the descriptor is still the
 * caller's. */
MUST_USE enum result cli_session_open(struct cli_server *server, int fd, const struct address *peer,
                                      enum cli_level level);

/* Closes every session. */
void cli_sessions_close(struct cli_server *server);

#endif
