/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving bytes from one plain connection to another inside the kernel, through a pipe: TCP mode's
 * relay where it serves
 * (`option splice-auto` and its kin). One struct splice a direction.
 *
 *   from's socket --splice_fill--> pipe --splice_drain--> to's socket
 *
 * Limits: at most pipes_max pipes (`maxpipes`) a pool; a few empty ones are kept for the next.
 * Bytes in a pipe are the kernel's.
 * splice(2) knows no MSG_NOSIGNAL: the process must ignore SIGPIPE.
 */
#ifndef WEIR_TRANSPORT_SPLICE_H
#define WEIR_TRANSPORT_SPLICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "transport/connection.h"

/* Empty pipes that are kept. */
enum { SPLICE_KEPT_MAX = 16 };

/* A worker's pipes. */
struct splice_pool {
    unsigned pipes_max;
    unsigned pipes_open; /* in use and kept */
    unsigned kept_count;
    struct {
        int read_fd, write_fd;
    } kept[SPLICE_KEPT_MAX];
};

/* One direction of a relay. */
struct splice {
    struct splice_pool *pool; /* NULL: not open */
    int read_fd, write_fd;
    size_t held; /* bytes in the pipe */
};

/* Prepares a pool without pipes; 0 allows none. */
void splice_pool_init(struct splice_pool *pool, unsigned pipes_max);

/* Closes the pipes that were kept; none may be in use. */
void splice_pool_deinit(struct splice_pool *pool);

/* Whether bytes may go from one to the other in the kernel: both plain and open. */
bool splice_is_possible(const struct connection *from, const struct connection *to);

/* Takes a pipe. RESULT_FULL at pipes_max, RESULT_FAILED when the kernel has none. */
MUST_USE enum result splice_open(struct splice_pool *pool, struct splice *splice);

/*
 * Moves at most `bytes_max` bytes from the socket into the pipe. RESULT_OK with *count,
 * RESULT_BLOCKED (nothing there, or the pipe is full), RESULT_END, RESULT_FAILED; as
 * connection_read otherwise.
 */
MUST_USE enum result splice_fill(struct splice *splice, struct connection *from, size_t bytes_max,
                                 size_t *count);

/* Moves what is in the pipe into the socket. RESULT_OK: the pipe is empty. RESULT_BLOCKED: want
 * EVENT_WRITE. RESULT_FAILED. */
MUST_USE enum result splice_drain(struct splice *splice, struct connection *to, size_t *count);

/* Gives the pipe back; one that still holds bytes is closed. Harmless when not open. */
void splice_close(struct splice *splice);

#endif
