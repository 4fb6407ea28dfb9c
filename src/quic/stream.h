/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of a connection (RFC 9000 2, 3, 4): states, flow control both ways, limits, and which
 * stream sends next (RFC 9218). What the application (the h3 mux) holds, and what the connection
 * drives.
 *
 * A frame is judged and planned before its packet is committed (quic_streams_plan), then committed,
 * which cannot fail. Windows begin at the settings' and grow with what the reader takes in a round
 * trip, up to window_bytes_max and no more than pressure allows.
 *
 * What bounds it: streams_bidi_max objects plus the unidirectional ones (QUIC_UNI_STREAMS_MAX) from
 * a pool; an object exists from the first frame to the last acknowledgement; streams that are over
 * are told from those never opened by number alone (what was opened implicitly and not used yet
 * stays a bit of a small window, see stream_table.c).
 */
#ifndef WEIR_QUIC_STREAM_H
#define WEIR_QUIC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/result.h"
#include "memory/chunk.h"
#include "memory/memory.h"
#include "memory/pool.h"
#include "quic/frame.h"
#include "quic/intake.h"
#include "quic/output.h"
#include "quic/recovery.h"
#include "quic/settings.h"
#include "quic/transport_parameters.h"
#include "quic/types.h"

enum {
    QUIC_UNI_STREAMS_MAX = 8, /* a client's: control, QPACK, and some to spare (greased types) */
    QUIC_URGENCIES = 8,       /* RFC 9218 */
    QUIC_URGENCY_DEFAULT = 3,
    QUIC_STREAM_BUCKETS = 8,
    QUIC_UNUSED_RANGES = 8, /* gaps in the order in which the peer opens streams */
};

struct quic_streams;

struct quic_stream {
    struct list link;      /* quic_streams.buckets */
    struct list send_link; /* quic_streams.sending, while it has something to send */
    struct list due_link;  /* quic_streams.due, while its owner is to be called */
    struct list wait_link; /* quic_streams.waiting, while it waits for room */
    struct quic_streams *streams;
    uint64_t id;
    void *owner; /* the application's; NULL: none (it let go) */
    /* receiving */
    struct quic_input input;
    uint64_t window;       /* absolute offset the peer may send up to, as told */
    uint64_t window_bytes; /* credit ahead of what the reader took */
    uint64_t final_size;   /* QUIC_NONE: not known */
    uint64_t reset_code;   /* by the peer */
    uint64_t stop_code;    /* of our STOP_SENDING */
    /* sending */
    struct quic_output output;
    uint64_t limit;           /* the peer's MAX_STREAM_DATA */
    uint64_t send_reset_code; /* of our RESET_STREAM */
    uint64_t peer_stop_code;
    uint64_t rate_began_us, rate_taken; /* window growth */
    unsigned flags;                     /* enum quic_stream_flag */
    uint8_t urgency;
    bool is_incremental;
};

/* Calls to the application, after a packet is committed, never from inside a call it makes. */
struct quic_stream_events {
    /* A peer's stream: its owner may be set. Called once, before any other. */
    void (*on_stream)(void *owner, struct quic_stream *stream);
    /* Bytes, the end, or a reset can be received. */
    void (*on_receive)(void *owner, struct quic_stream *stream);
    /* Room to send again, after RESULT_BLOCKED; or all that was sent is acknowledged
     * (quic_stream_is_flushed). */
    void (*on_send)(void *owner, struct quic_stream *stream);
    /* The peer wants no more (STOP_SENDING): sending fails from now on. A RESET_STREAM is sent by
     * the core. */
    void (*on_stop)(void *owner, struct quic_stream *stream, uint64_t code);
};

/* Pools of a process. */
struct quic_stream_pools {
    struct pool *streams, *pieces, *ranges;
};

/* All streams of a connection. */
struct quic_streams {
    const struct quic_stream_pools *pools;
    struct account *account;
    const struct quic_settings *settings;
    const struct quic_stream_events *events;
    void *owner; /* of the events: the application's connection */
    /* Something is to be written: for the connection; NULL: nobody asks. */
    void (*on_pending)(void *owner);
    void *pending_owner;
    struct quic_intake intake;
    struct list buckets[QUIC_STREAM_BUCKETS]; /* struct quic_stream, by id */
    struct list spare;                        /* taken for the packet at hand */
    struct list sending[QUIC_URGENCIES];      /* round robin where incremental, else by id */
    struct list due;                          /* streams whose owner must be called */
    struct list waiting;                      /* streams that wait for room to send */
    uint32_t count;
    /* limits on the peer's streams: how many it may open, as told; how many it has; [0]
     * bidirectional, [1] unidirectional */
    uint64_t streams_max[2], streams_opened[2], streams_closed[2];
    /* limits of ours, as the peer told */
    uint64_t peer_streams_max[2], local_opened[2];
    /* the connection's flow control */
    uint64_t received, window, window_bytes, taken; /* sum of highest offsets; told; ahead; read */
    uint64_t sent, limit;   /* sum of highest offsets sent; the peer's MAX_DATA */
    uint64_t unacked_bytes; /* held in outputs: bounded by settings->tx_bytes_max */
    unsigned flags;         /* enum quic_streams_flag: frames due */
    uint64_t peer_window_bidi, peer_window_uni; /* initial limits of streams, as the peer told */
    uint64_t rtt_us;      /* set by the connection, for the growth of windows */
    uint64_t send_target; /* bytes that outputs should hold in all: set by the connection */
    struct quic_range unused_entries[2][QUIC_UNUSED_RANGES];
    struct quic_ranges unused[2]; /* peer's streams opened by a higher one, and not used yet */
    bool is_failed;
    uint64_t rate_began_us, rate_taken;
};

/* Creates the pools. RESULT_NO_MEMORY. */
MUST_USE enum result quic_stream_pools_create(struct quic_stream_pools *pools,
                                              struct memory *memory);

/* No streams yet; what is given is borrowed. */
void quic_streams_init(struct quic_streams *streams, const struct quic_stream_pools *pools,
                       struct chunk_source *chunks, struct account *account,
                       const struct quic_settings *settings,
                       const struct quic_stream_events *events, void *owner);

/* Takes the peer's initial limits. */
void quic_streams_set_peer(struct quic_streams *streams,
                           const struct quic_transport_parameters *peer);

/* The application's connection (the mux) that events go to. */
void quic_streams_set_owner(struct quic_streams *streams, const struct quic_stream_events *events,
                            void *owner);

/* Releases all streams, without events. */
void quic_streams_deinit(struct quic_streams *streams);

/* ================ for the connection ================ */

/*
 * Step one for a STREAM, RESET_STREAM, STOP_SENDING, MAX_DATA, MAX_STREAM_DATA, MAX_STREAMS_*,
 * *_BLOCKED frame, in order of the packet: judges it and takes what it needs; nothing that the peer
 * or the application could see changes. RESULT_OK; RESULT_INVALID with the error to close the
 * connection with in *error; RESULT_NO_MEMORY, RESULT_FULL: drop the packet unacknowledged.
 */
MUST_USE enum result quic_streams_plan(struct quic_streams *streams, const struct quic_frame *frame,
                                       enum quic_error *error);

/* Step two. May also find an error that only shows in order (two frames of a packet contradict each
 * other): RESULT_INVALID with *error; else RESULT_OK. */
MUST_USE enum result quic_streams_commit(struct quic_streams *streams,
                                         const struct quic_frame *frame, uint64_t now_us,
                                         enum quic_error *error);

/* After a packet, committed or not: gives spares back. */
void quic_streams_settle(struct quic_streams *streams);

/* Calls the application for what is due. After each datagram, ACK or timeout. */
void quic_streams_deliver(struct quic_streams *streams);

/* Whether frames wait to be written: control frames (limits, resets, stops) or data that flow
 * control allows. */
bool quic_streams_has_pending(const struct quic_streams *streams);

/*
 * Writes frames as far as they fit, notes each in `sent`; returns the new end. Data only when
 * `with_data` (a window-limited packet may still carry control frames); CRYPTO and others are the
 * connection's.
 */
uint8_t *quic_streams_write(struct quic_streams *streams, struct quic_recovery *recovery,
                            struct quic_sent *sent, uint8_t *out, const uint8_t *end,
                            bool with_data, uint64_t now_us);

/* Frames of a packet that was acknowledged or lost, of the types above. */
void quic_streams_on_acked(struct quic_streams *streams, const struct quic_sent_frame *frame);
void quic_streams_on_lost(struct quic_streams *streams, const struct quic_sent_frame *frame);

/* 0-RTT was refused or Retry came: not used by servers. Ends every stream towards the application:
 * on_receive/on_stop follow and all calls fail (the connection is closing). */
void quic_streams_fail(struct quic_streams *streams);

/* ================ for the application ================ */

/* Opens a unidirectional stream of ours. RESULT_FULL (the peer's limit), RESULT_NO_MEMORY. */
MUST_USE enum result quic_stream_open(struct quic_streams *streams, void *owner,
                                      struct quic_stream **out);

/* Whether both sides send on it. */
static inline bool quic_stream_is_bidirectional(const struct quic_stream *stream)
{
    return (stream->id & 2U) == 0;
}

/* Moves at most bytes_max received bytes to `queue`: RESULT_OK, RESULT_BLOCKED, RESULT_END,
 * RESULT_NO_MEMORY, RESULT_FAILED (reset by the peer, or closing). Taking gives credit. */
MUST_USE enum result quic_stream_receive(struct quic_stream *stream, struct chunk_queue *queue,
                                         size_t bytes_max);

/* Bytes that quic_stream_receive would find, and whether the end follows them. */
size_t quic_stream_readable(const struct quic_stream *stream, bool *is_end);

/* The next bytes in order that lie together, not taken: for frame headers. quic_stream_drop takes
 * them away and gives credit. */
struct slice quic_stream_front(const struct quic_stream *stream);
void quic_stream_drop(struct quic_stream *stream, size_t bytes);

/* Moves bytes from `queue` to the stream as far as tx_bytes_max and its share allow (never copied,
 * split by a reference). RESULT_OK: all; RESULT_BLOCKED: on_send follows; RESULT_NO_MEMORY;
 * RESULT_FAILED: stopped, reset or closing. */
MUST_USE enum result quic_stream_send(struct quic_stream *stream, struct chunk_queue *queue);

/* Bytes it would take now. */
size_t quic_stream_room(const struct quic_stream *stream);

/* Asks for on_send when there is more room. */
void quic_stream_wait(struct quic_stream *stream);

/* Nothing follows: FIN. */
void quic_stream_finish(struct quic_stream *stream);

/* Whether all that was sent has left in a packet once, the FIN too. */
bool quic_stream_is_sent(const struct quic_stream *stream);

/* Ends sending with RESET_STREAM; drops what was not sent. Harmless when it has ended. */
void quic_stream_reset(struct quic_stream *stream, uint64_t code);

/* Asks the peer to stop (STOP_SENDING); bytes that still come are dropped, and credited to the
 * connection. Harmless when the end was received. */
void quic_stream_stop(struct quic_stream *stream, uint64_t code);

/* Sets when it sends (RFC 9218). */
void quic_stream_set_priority(struct quic_stream *stream, unsigned urgency, bool is_incremental);

/* The application lets go; what was sent is delivered all the same. The stream is gone for it. A
 * direction that is not ended must have been finished, reset or stopped. */
void quic_stream_release(struct quic_stream *stream);

#endif
