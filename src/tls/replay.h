/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard of 0-RTT (RFC 8446 8): remembers the ClientHellos of the last minutes, so that early
 * data sent twice is taken once. Only within one process: 0-RTT replayed at another is for
 * requests' `Early-Data` to tell.
 *
 * What bounds it: struct tls_replay_table, 128 KiB; when all entries are young, 0-RTT is refused
 * and the handshake goes on without.
 */
#ifndef WEIR_TLS_REPLAY_H
#define WEIR_TLS_REPLAY_H

#include <gnutls/gnutls.h>

#include "memory/library.h"
#include "memory/memory.h"

struct tls_replay;

/* A guard charged to `account`; NULL when refused. */
struct tls_replay *tls_replay_create(struct account *account);
void tls_replay_destroy(struct tls_replay *replay, struct account *account); /* NULL is allowed */

/* Lets a server session take 0-RTT under the guard. */
void tls_replay_enable(struct tls_replay *replay, gnutls_session_t native);

#endif
