/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a connection, shared by the connection_*.c files only.
 *
 *   connection.c            life: opening, state, closing, release, what others ask
 *   connection_receive.c    datagram -> packets -> frames: planned, then committed
 *   connection_frames.c     what each frame does
 *   connection_handshake.c  TLS's callbacks, keys, completion
 *   connection_send.c       which packets a datagram is made of
 *   connection_write.c      which frames a packet is made of
 *   connection_ids.c        connection ids of both sides
 *   connection_path.c       paths: validation, migration, anti-amplification, datagram size
 *   connection_close.c      closing and draining
 *   connection_time.c       deadlines
 */
#ifndef WEIR_QUIC_CONNECTION_INTERNAL_H
#define WEIR_QUIC_CONNECTION_INTERNAL_H

#include "quic/connection.h"
#include "quic/frame.h"
#include "quic/output.h"
#include "quic/ranges.h"
#include "quic/transport_parameters.h"

enum {
    QUIC_LOCAL_IDS_MAX = 4,  /* ids of ours in use at a time */
    QUIC_PEER_IDS_MAX = 4,   /* active_connection_id_limit that we announce */
    QUIC_RETIRE_DUE_MAX = 8, /* ids of the peer that it is still to be told are retired */
    QUIC_PATHS_MAX = 2,      /* the one in use, and one being tried (or the one before) */
    QUIC_RECEIVED_RANGES = 16,
    QUIC_CRYPTO_WINDOW = 16 * 1024, /* CRYPTO bytes a level ahead of what TLS has read (7.5) */
    QUIC_AMPLIFICATION = 3,         /* RFC 9000 8.1 */
    QUIC_ACK_DELAY_MS = 25,
    QUIC_ACK_DELAY_EXPONENT = 3,
    QUIC_ALERT_UNEXPECTED_MESSAGE = 10, /* RFC 8446 6.2 */
};

/* Packets received in one space and what is to be told of them. */
struct quic_received {
    struct quic_range entries[QUIC_RECEIVED_RANGES];
    struct quic_ranges ranges;
    uint64_t floor;      /* numbers below it count as received */
    uint64_t largest;    /* QUIC_NONE: none yet */
    uint64_t largest_us; /* when the largest came */
    uint64_t ack_us;     /* deadline of a delayed ACK; QUIC_NONE: none */
    uint64_t ecn[3];     /* ECT(0), ECT(1), CE */
    uint32_t eliciting;  /* since the last ACK that was sent */
    bool is_ack_due;     /* at once */
    bool has_ecn;
};

/* An id of ours. */
struct quic_local_id {
    struct quic_cid id;
    uint64_t sequence;
    bool is_used;
    bool is_due; /* NEW_CONNECTION_ID is to be sent (again) */
};

/* An id of the peer's. */
struct quic_peer_id {
    struct quic_cid id;
    uint64_t sequence;
    uint8_t reset_token[QUIC_RESET_TOKEN_BYTES];
    bool is_known;
    bool has_token;
    bool is_taken; /* by a path */
};

struct quic_path {
    struct quic_path_addresses addresses;
    uint64_t bytes_in, bytes_out; /* for anti-amplification, while not validated */
    uint64_t challenge_until_us;  /* when validation is given up; QUIC_NONE: none under way */
    uint64_t challenge_us;        /* when the next PATH_CHALLENGE is due */
    uint64_t mtu_us;              /* when the next MTU probe is due; QUIC_NONE: not */
    uint8_t challenge[8];
    uint8_t response[8];
    uint16_t datagram_bytes;  /* known to arrive */
    uint16_t mtu_probe_bytes; /* being tried; 0: none */
    uint16_t mtu_ceiling;     /* known not to arrive, or the largest ever sent, plus one */
    uint8_t mtu_tries;
    uint8_t peer_id; /* index of the id in use */
    bool is_used;
    bool is_validated;
    bool is_response_due;
};

/* What only a handshake needs. */
struct quic_handshake {
    struct tls_quic *tls;
    struct quic_keys initial, initial_first; /* of the version in use; of the client's first one */
    struct quic_keys handshake, early;
    struct quic_input input[2]; /* CRYPTO: Initial, Handshake */
    struct quic_output output[2];
    struct quic_received received[2];
    struct quic_cid original_destination; /* of the client's very first Initial */
    struct quic_cid client_destination;   /* of the first one here: Retry's source, or the same */
    struct quic_transport_parameters peer;
    uint32_t first_version;
    bool has_retried;
    bool is_entered;         /* client_destination is in the owner's table */
    bool has_first_keys;     /* initial_first differs from initial */
    bool was_refused_memory; /* what failed inside TLS was a callback's memory */
};

struct quic_connection {
    const struct quic_context *context;
    struct account *account;
    const struct quic_connection_events *events;
    void *owner;
    struct quic_handshake *handshake; /* NULL: confirmed */
    struct quic_keys keys;            /* 1-RTT */
    struct quic_key_update update;
    struct quic_received received; /* of the application space */
    struct quic_recovery recovery;
    struct quic_streams streams;
    struct quic_output crypto;              /* 1-RTT: tickets */
    struct quic_path paths[QUIC_PATHS_MAX]; /* [0]: in use */
    struct quic_local_id local_ids[QUIC_LOCAL_IDS_MAX];
    struct quic_peer_id peer_ids[QUIC_PEER_IDS_MAX];
    uint64_t retire_due[QUIC_RETIRE_DUE_MAX];
    uint64_t local_sequence, peer_retire_prior_to;
    uint8_t retire_due_count;
    uint8_t local_ids_limit; /* the peer's active_connection_id_limit */
    uint8_t alpn_length;
    char alpn[8];
    uint32_t version;
    uint32_t probes; /* packets that may be sent beyond the window: probe timeouts */
    enum quic_space probe_space;
    enum quic_state state;
    struct tls_facts facts;
    uint64_t idle_timeout_us; /* 0: none */
    uint64_t received_us;     /* when a packet was last processed */
    uint64_t idle_from_us;
    uint64_t pace_us;        /* when the pacer lets the next packet go; QUIC_NONE: not held */
    uint64_t starved_us;     /* when to try again after memory was refused; QUIC_NONE */
    uint64_t close_until_us; /* end of closing or draining */
    uint64_t peer_ack_delay_exponent;
    struct quic_close close;
    uint32_t close_received; /* datagrams since the close was sent last */
    uint64_t packets_received, packets_refused, packets_invalid; /* refused: for want of memory */
    uint64_t bytes_received, bytes_sent;
    uint8_t ping_due;
    bool is_complete;
    bool is_ready; /* on_ready was called */
    bool is_closed_told;
    bool has_seal;     /* 1-RTT packets can be sent */
    bool is_done_due;  /* HANDSHAKE_DONE */
    bool is_token_due; /* NEW_TOKEN */
    bool is_close_due;
    bool has_sent_since;     /* something ack-eliciting since the last packet came */
    bool is_finishing;       /* the handshake object goes at the end of this call */
    bool migration_disabled; /* never here: the peer's wish concerns its own address only */
    bool grease_bit;         /* the peer takes packets with the fixed bit cleared */
};

/* ---- connection.c ---- */

/* Changes the state; asserts that the step is one of the picture in connection.h. */
void quic_connection_set_state(struct quic_connection *c, enum quic_state state);

/* Tells the owner that send may have something. */
void quic_connection_mark_pending(struct quic_connection *c);

/* ---- connection_handshake.c ---- */

extern const struct tls_quic_events QUIC_TLS_EVENTS;

/* Gives TLS the CRYPTO bytes of a level that are in order. */
void quic_handshake_feed(struct quic_connection *c, enum quic_space space, uint64_t now_us);

/* Keys and records of a space are not needed any more (RFC 9001 4.9). */
void quic_handshake_discard(struct quic_connection *c, enum quic_space space);

/* Releases the handshake's object. */
void quic_handshake_release(struct quic_connection *c);

/* ---- connection_frames.c ---- */

/* Step one: everything in the payload is judged and what it needs is taken. RESULT_OK;
 * RESULT_INVALID with *error and *frame_type; RESULT_NO_MEMORY. Tells whether the packet elicits an
 * ACK and whether it does anything but probe a path. */
struct quic_packet_plan {
    bool elicits_ack, is_probing_only;
};
MUST_USE enum result quic_frames_plan(struct quic_connection *c, enum quic_packet_type type,
                                      struct slice payload, struct quic_packet_plan *plan,
                                      enum quic_error *error, uint64_t *frame_type);

/* Step two. `path` is where the packet came from. */
void quic_frames_commit(struct quic_connection *c, enum quic_packet_type type, struct slice payload,
                        struct quic_path *path, uint64_t now_us);

extern const struct quic_recovery_events QUIC_RECOVERY_EVENTS;

/* ---- connection_write.c ---- */

/* Whether packets of the space would have anything to say now. `may_send`: also what counts against
 * the window. */
bool quic_space_has_pending(const struct quic_connection *c, enum quic_space space, bool may_send);

/* Writes frames for a packet of the space on the path in use; returns the end. */
uint8_t *quic_write_frames(struct quic_connection *c, enum quic_space space, struct quic_sent *sent,
                           uint8_t *out, const uint8_t *end, bool may_send, uint64_t now_us);

/* ---- connection_ids.c ---- */

/* Makes a new id of ours and has it entered; false when it cannot be had now. */
bool quic_ids_add_local(struct quic_connection *c);

/* Gives out as many ids as the peer takes. */
void quic_ids_fill(struct quic_connection *c);

/* Whether a packet's destination is one of ours; its sequence. */
bool quic_ids_find_local(const struct quic_connection *c, const struct quic_cid *id,
                         uint64_t *sequence);

/* NEW_CONNECTION_ID and RETIRE_CONNECTION_ID. RESULT_INVALID with *error. */
MUST_USE enum result quic_ids_on_new(struct quic_connection *c, const struct quic_frame *frame,
                                     enum quic_error *error);
MUST_USE enum result quic_ids_on_retire(struct quic_connection *c, uint64_t sequence,
                                        enum quic_error *error);

/* An id of the peer for another path: false when there is none left. */
bool quic_ids_take_peer(struct quic_connection *c, struct quic_path *path);

/* The path's id is not used any more: it will be retired. */
void quic_ids_give_peer(struct quic_connection *c, struct quic_path *path);

/* Whether the datagram ends with a stateless reset token of the peer's. */
bool quic_ids_is_reset(const struct quic_connection *c, const struct quic_datagram *datagram);

/* Removes all ids of ours from the owner's table. */
void quic_ids_clear(struct quic_connection *c);

/* ---- connection_path.c ---- */

/* Prepares a path of the addresses. */
void quic_path_init(struct quic_connection *c, struct quic_path *path,
                    const struct quic_path_addresses *addresses);

/* The path of a datagram, made when there is none and migration may be tried; NULL: drop the
 * datagram. */
struct quic_path *quic_path_find(struct quic_connection *c, const struct quic_datagram *datagram);

/* A packet with the highest number and more than probes came from `path`: the peer moved there. */
void quic_path_follow(struct quic_connection *c, struct quic_path *path, uint64_t now_us);

/* PATH_RESPONSE. */
void quic_path_on_response(struct quic_connection *c, const uint8_t data[8]);

/* How many bytes may be sent on the path now, for anti-amplification. */
size_t quic_path_room(const struct quic_path *path);

/* Due times of paths; QUIC_NONE when there is none. */
uint64_t quic_path_deadline(const struct quic_connection *c);
void quic_path_on_timeout(struct quic_connection *c, uint64_t now_us);

/* MTU discovery (RFC 8899): begins when the handshake is complete; what became of a probe. */
void quic_mtu_begin(struct quic_connection *c, uint64_t now_us);
void quic_mtu_on_probe(struct quic_connection *c, size_t bytes, bool is_acked);

/* ---- connection_close.c ---- */

/* Closes with a transport error. */
void quic_close_transport(struct quic_connection *c, uint64_t code, uint64_t frame_type,
                          const char *reason, uint64_t now_us);

/* The peer closed. */
void quic_close_drain(struct quic_connection *c, const struct quic_frame *frame, uint64_t now_us);

/* Ends without a word (idle timeout, stateless reset). */
void quic_close_silently(struct quic_connection *c, const char *reason, uint64_t now_us);

/* A datagram came while closing. */
void quic_close_on_datagram(struct quic_connection *c);

/* Writes the datagram with CONNECTION_CLOSE; returns its length. */
size_t quic_close_write(struct quic_connection *c, uint8_t *out, size_t room, uint64_t now_us);

/* ---- connection_send.c ---- */

/* One packet being built in a datagram. */
struct quic_builder {
    uint8_t *packet;    /* its first byte */
    uint8_t *payload;   /* behind the header */
    uint8_t *length_at; /* long headers */
    const uint8_t *end; /* of the payload's room: the tag fits behind */
    uint64_t number;
    size_t number_bytes;
    enum quic_space space;
    const struct quic_keys *keys;
};

/* Begins a packet of the space at `out`; false when there is no room or no key. */
bool quic_packet_begin(struct quic_connection *c, struct quic_builder *builder,
                       enum quic_space space, const struct quic_path *path, uint8_t *out,
                       size_t room);

/* Pads to at least `least` bytes of packet (0: as needed to be sampled), seals it; returns its end.
 */
uint8_t *quic_packet_finish(struct quic_connection *c, struct quic_builder *builder, uint8_t *at,
                            size_t least);

/* ---- small helpers ---- */

/* What was received in a space; NULL when the space is over. */
static inline struct quic_received *quic_received_of(struct quic_connection *c,
                                                     enum quic_space space)
{
    if (space == QUIC_SPACE_APPLICATION) {
        return &c->received;
    }
    return c->handshake == NULL ? NULL : &c->handshake->received[space];
}

/* The CRYPTO output of a space; NULL when the space is over. */
static inline struct quic_output *quic_crypto_of(struct quic_connection *c, enum quic_space space)
{
    if (space == QUIC_SPACE_APPLICATION) {
        return &c->crypto;
    }
    return c->handshake == NULL ? NULL : &c->handshake->output[space];
}

/* The space that packets of a type count in. */
static inline enum quic_space quic_space_of(enum quic_packet_type type)
{
    return type == QUIC_PACKET_INITIAL     ? QUIC_SPACE_INITIAL
           : type == QUIC_PACKET_HANDSHAKE ? QUIC_SPACE_HANDSHAKE
                                           : QUIC_SPACE_APPLICATION;
}

#endif
