/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QUIC connection, server side, without sockets and without a clock: datagrams and time go in,
 * datagrams and a deadline come out.
 *
 *   HANDSHAKE -> OPEN (handshake complete) -> CLOSING | DRAINING -> over
 *                 \-> asleep (hibernation) and back
 *
 * The owner (src/transport/quic_*) calls quic_connection_receive with each datagram, then
 * quic_connection_send until it gives nothing, and quic_connection_on_timeout when
 * quic_connection_deadline says so. Events never come from inside quic_connection_send.
 *
 * What bounds it: docs are beside each part: recovery.h, stream.h, intake.h, keys.h; here the
 * object itself and what a handshake needs (struct quic_handshake), which goes when it is
 * confirmed.
 */
#ifndef WEIR_QUIC_CONNECTION_H
#define WEIR_QUIC_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/list.h"
#include "base/result.h"
#include "base/text.h"
#include "memory/chunk.h"
#include "memory/memory.h"
#include "memory/pool.h"
#include "quic/keys.h"
#include "quic/packet.h"
#include "quic/recovery.h"
#include "quic/settings.h"
#include "quic/stream.h"
#include "quic/token.h"
#include "quic/types.h"
#include "tls/quic_session.h"

enum { QUIC_LOCAL_CID_BYTES = 8 }; /* length of the ids that this side gives out */

struct quic_connection;

enum quic_state {
    QUIC_STATE_HANDSHAKE,
    QUIC_STATE_OPEN,
    QUIC_STATE_CLOSING,
    QUIC_STATE_DRAINING,
    QUIC_STATE_OVER
};

/* Where a datagram came from and went to. */
struct quic_path_addresses {
    struct address local, peer;
};

/* A datagram received; its bytes are changed (decrypted in place). */
struct quic_datagram {
    uint8_t *bytes;
    size_t length;
    const struct quic_path_addresses *addresses;
    uint8_t ecn; /* the two bits: 0 none, 1 ECT(1), 2 ECT(0), 3 CE */
};

/* What quic_connection_send made. */
struct quic_transmit {
    struct quic_path_addresses addresses;
    size_t bytes;         /* in all; 0: nothing to send now */
    size_t segment_bytes; /* of each datagram but the last, which may be shorter */
    uint8_t ecn;
};

/* Why a connection ended. */
struct quic_close {
    uint64_t code;
    uint64_t frame_type;
    bool is_application; /* an HTTP/3 code */
    bool is_by_peer;
    bool is_silent; /* idle timeout, stateless reset: nobody was told */
    bool is_internal;
    char reason[64]; /* cut */
};

/* Calls to the owner. Never from inside quic_connection_send; they must not destroy the connection.
 */
struct quic_connection_events {
    /* Something is to be sent, or the deadline has changed: call send after this turn's work. May
     * come from any call. */
    void (*on_pending)(void *owner);
    /* Streams can be used: 1-RTT keys for sending are there (the handshake may not be complete yet;
     * 0-RTT data may come). */
    void (*on_ready)(void *owner);
    /* The handshake is complete. */
    void (*on_complete)(void *owner);
    /* The connection is closing or over: streams are dead. Once. It stays to answer late packets
     * until its state is QUIC_STATE_OVER. */
    void (*on_closed)(void *owner, const struct quic_close *close);
    /* An id of ours comes into use or goes: for the table that finds connections. RESULT_NO_MEMORY:
     * it is not given out. */
    enum result (*on_id)(void *owner, const struct quic_cid *id, bool is_added);
};

/* Pools of a process. */
struct quic_pools {
    struct pool *connections, *handshakes;
    struct quic_recovery_pools recovery;
    struct quic_stream_pools streams;
};

/* What all connections of a bind line and worker share; borrowed. */
struct quic_context {
    const struct quic_pools *pools;
    struct chunk_source *chunks;
    const struct quic_settings *settings;
    const struct quic_secrets *secrets;
    struct tls_context *tls;
    uint64_t wall_offset_us;    /* add to a time of this core to get microseconds since 1970 */
    uint8_t worker, generation; /* written into connection ids */
};

/* Creates the pools. RESULT_NO_MEMORY. */
MUST_USE enum result quic_pools_create(struct quic_pools *pools, struct memory *memory);

/* What a first Initial packet told. */
struct quic_opening {
    uint32_t version;
    struct quic_cid destination; /* as the client chose, or the Retry's */
    struct quic_cid source;
    bool is_validated; /* a token proved the address */
    bool has_retried;
    struct quic_cid original_destination; /* of the first Initial, when has_retried */
    struct quic_path_addresses addresses;
};

/*
 * Opens a connection for a client's first Initial packet; give that datagram to
 * quic_connection_receive next. RESULT_NO_MEMORY: refused, nothing is left behind. `account` pays
 * for everything until quic_connection_destroy.
 */
MUST_USE enum result quic_connection_open(const struct quic_context *context,
                                          struct account *account,
                                          const struct quic_opening *opening,
                                          const struct quic_connection_events *events, void *owner,
                                          uint64_t now_us, struct quic_connection **out);

/* Releases it at once, whatever its state; ids are reported as removed. Nothing is sent. */
void quic_connection_destroy(struct quic_connection *connection);

/* Processes a datagram. */
void quic_connection_receive(struct quic_connection *connection,
                             const struct quic_datagram *datagram, uint64_t now_us);

/* Builds one datagram, or several of one size in a row, at most `room` bytes (at least
 * QUIC_DATAGRAM_BYTES_MAX). transmit->bytes 0: nothing (more) for now. */
void quic_connection_send(struct quic_connection *connection, uint8_t *out, size_t room,
                          struct quic_transmit *transmit, uint64_t now_us);

/* The socket could not take a datagram of this size (EMSGSIZE). */
void quic_connection_on_too_large(struct quic_connection *connection, size_t bytes);

/* When quic_connection_on_timeout is due, in microseconds; QUIC_NONE: never. */
uint64_t quic_connection_deadline(const struct quic_connection *connection);
void quic_connection_on_timeout(struct quic_connection *connection, uint64_t now_us);

/* Closes with an application error (HTTP/3's), or one of the transport. on_closed comes from
 * inside. Harmless on one that is closing. */
void quic_connection_close(struct quic_connection *connection, bool is_application, uint64_t code,
                           struct slice reason, uint64_t now_us);

/* Ends it without a word to the peer. */
void quic_connection_abandon(struct quic_connection *connection, uint64_t now_us);

/* Begins a key update of our own; RESULT_FULL when not allowed yet. */
MUST_USE enum result quic_connection_update_keys(struct quic_connection *connection,
                                                 uint64_t now_us);

/* ---- what others ask ---- */

/* Its streams, for the application. */
struct quic_streams *quic_connection_streams(struct quic_connection *connection);
/* Where it stands. */
enum quic_state quic_connection_state(const struct quic_connection *connection);
/* What its handshake told; zeros before on_ready. */
const struct tls_facts *quic_connection_tls(const struct quic_connection *connection);
struct slice
quic_connection_alpn(const struct quic_connection *connection); /* "" before on_ready */
const struct quic_path_addresses *
quic_connection_addresses(const struct quic_connection *connection);
/* Whether the handshake is complete. */
bool quic_connection_is_complete(const struct quic_connection *connection);
/* The version in use. */
uint32_t quic_connection_version(const struct quic_connection *connection);
/* Loss detection and congestion control, to be looked at. */
const struct quic_recovery *quic_connection_recovery(const struct quic_connection *connection);
#endif
