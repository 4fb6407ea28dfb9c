/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of streams, shared by stream*.c only.
 */
#ifndef WEIR_QUIC_STREAM_INTERNAL_H
#define WEIR_QUIC_STREAM_INTERNAL_H

#include "quic/stream.h"

/* A stream's states beyond its offsets. */
enum quic_stream_flag {
    STREAM_IS_NEW = 1 << 0,     /* on_stream is to be called */
    STREAM_RESET_IN = 1 << 1,   /* RESET_STREAM came */
    STREAM_STOPPED_IN = 1 << 2, /* this side asked the peer to stop: what comes is dropped */
    STREAM_READ = 1 << 4,       /* the application has taken the end */
    STREAM_RESET_OUT = 1 << 5,  /* this side reset */
    STREAM_RESET_ACKED = 1 << 6,
    STREAM_STOPPED_OUT = 1 << 7, /* STOP_SENDING came */
    STREAM_DUE_WINDOW = 1 << 8,  /* MAX_STREAM_DATA */
    STREAM_DUE_RESET = 1 << 9,   /* RESET_STREAM */
    STREAM_DUE_STOP = 1 << 10,   /* STOP_SENDING */
    STREAM_TELL_RECEIVE = 1 << 11,
    STREAM_TELL_SEND = 1 << 12,
    STREAM_TELL_STOP = 1 << 13,
    STREAM_IS_TOLD = 1 << 14,    /* the owner is being called */
    STREAM_RELEASED = 1 << 15,   /* by the application */
    STREAM_WANTS_ROOM = 1 << 16, /* RESULT_BLOCKED was given */
};

enum {
    STREAM_DUE_FRAMES = STREAM_DUE_WINDOW | STREAM_DUE_RESET | STREAM_DUE_STOP,
    STREAM_TELLS = STREAM_IS_NEW | STREAM_TELL_RECEIVE | STREAM_TELL_SEND | STREAM_TELL_STOP,
};

enum quic_streams_flag {
    STREAMS_DUE_WINDOW = 1 << 0, /* MAX_DATA */
    STREAMS_DUE_BIDI = 1 << 1,   /* MAX_STREAMS */
    STREAMS_DUE_UNI = 1 << 2,
};

enum { STREAM_SERVER_BIT = 1, STREAM_UNI_BIT = 2, STREAM_TYPE_BITS = 2 };

/* ---- stream_table.c ---- */

/* A stream that exists, or NULL. */
struct quic_stream *quic_streams_find(const struct quic_streams *streams, uint64_t id);

/* Whether a peer's stream could be opened now: RESULT_OK: it is new; RESULT_END: it is over;
 * RESULT_INVALID with *error; RESULT_FULL. Nothing changes. */
MUST_USE enum result quic_streams_judge_id(const struct quic_streams *streams, uint64_t id,
                                           enum quic_error *error);

/* Opens the peer's stream `id` with an object of the spare ones. */
struct quic_stream *quic_streams_open_peer(struct quic_streams *streams, uint64_t id);

/* Releases the stream when both directions and the application are through with it. */
void quic_stream_check_over(struct quic_stream *stream);

/* Releases the stream at once. */
void quic_stream_destroy(struct quic_stream *stream);

/* ---- stream.c ---- */

/* Something is to be written. */
void quic_streams_mark_pending(struct quic_streams *streams);

/* The stream has something to write. */
void quic_stream_mark_sending(struct quic_stream *stream);

/* The stream's owner is to be told. */
void quic_stream_mark_due(struct quic_stream *stream, unsigned tell);

/* ---- stream_window.c ---- */

/* The reader took bytes: gives credit where half of it is used. */
void quic_stream_credit(struct quic_stream *stream, uint64_t bytes);

/* Bytes of a connection that nobody will read: they count as taken. */
void quic_streams_credit(struct quic_streams *streams, uint64_t bytes);

/* The limits that MAX_STREAM_DATA and MAX_DATA tell now; windows that were used up within two round
 * trips have grown. */
uint64_t quic_stream_take_window(struct quic_stream *stream, uint64_t now_us);
uint64_t quic_streams_take_window(struct quic_streams *streams, uint64_t now_us);

/* ---- stream_send.c ---- */

/* Drops what is not sent of a stream that will be reset. */
void quic_stream_drop_output(struct quic_stream *stream);

#endif
