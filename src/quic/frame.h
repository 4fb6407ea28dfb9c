/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames (RFC 9000 19, RFC 9221): parsed one after the other out of a decrypted packet, and written
 * into one. Parsing checks the encoding only; what a frame means is the connection's to judge.
 */
#ifndef WEIR_QUIC_FRAME_H
#define WEIR_QUIC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "quic/packet.h"
#include "quic/ranges.h"
#include "quic/types.h"

/* Types; those with flag bits are given here without them. */
enum quic_frame_type {
    QUIC_FRAME_PADDING = 0x00,
    QUIC_FRAME_PING = 0x01,
    QUIC_FRAME_ACK = 0x02, /* 0x03 with ECN counts */
    QUIC_FRAME_RESET_STREAM = 0x04,
    QUIC_FRAME_STOP_SENDING = 0x05,
    QUIC_FRAME_CRYPTO = 0x06,
    QUIC_FRAME_NEW_TOKEN = 0x07,
    QUIC_FRAME_STREAM = 0x08, /* to 0x0f */
    QUIC_FRAME_MAX_DATA = 0x10,
    QUIC_FRAME_MAX_STREAM_DATA = 0x11,
    QUIC_FRAME_MAX_STREAMS_BIDI = 0x12,
    QUIC_FRAME_MAX_STREAMS_UNI = 0x13,
    QUIC_FRAME_DATA_BLOCKED = 0x14,
    QUIC_FRAME_STREAM_DATA_BLOCKED = 0x15,
    QUIC_FRAME_STREAMS_BLOCKED_BIDI = 0x16,
    QUIC_FRAME_STREAMS_BLOCKED_UNI = 0x17,
    QUIC_FRAME_NEW_CONNECTION_ID = 0x18,
    QUIC_FRAME_RETIRE_CONNECTION_ID = 0x19,
    QUIC_FRAME_PATH_CHALLENGE = 0x1a,
    QUIC_FRAME_PATH_RESPONSE = 0x1b,
    QUIC_FRAME_CONNECTION_CLOSE = 0x1c,             /* of the transport */
    QUIC_FRAME_CONNECTION_CLOSE_APPLICATION = 0x1d, /* of the application */
    QUIC_FRAME_HANDSHAKE_DONE = 0x1e,
    QUIC_FRAME_DATAGRAM = 0x30, /* and 0x31 (RFC 9221) */
};

/* A parsed frame. Slices point into the packet. */
struct quic_frame {
    enum quic_frame_type type;
    union {
        struct {
            uint64_t largest;
            uint64_t delay; /* not yet scaled by ack_delay_exponent */
            uint64_t first_range;
            uint64_t range_count;
            struct slice ranges; /* checked: walk them with quic_ack_next */
            bool has_ecn;
            uint64_t ect0, ect1, ce;
        } ack;
        struct {
            uint64_t stream_id, offset;
            struct slice data;
            bool is_final;
        } stream;
        struct {
            uint64_t offset;
            struct slice data;
        } crypto;
        struct {
            uint64_t stream_id, code, final_size;
        } reset; /* RESET_STREAM; STOP_SENDING without final_size */
        struct {
            uint64_t stream_id; /* MAX_STREAM_DATA, STREAM_DATA_BLOCKED */
            uint64_t value;     /* the limit of MAX_*, *_BLOCKED */
        } limit;
        struct {
            uint64_t sequence, retire_prior_to;
            struct quic_cid id;
            const uint8_t *reset_token;
        } new_id;
        uint64_t retire_sequence;
        const uint8_t *path_data; /* 8 bytes */
        struct slice token;       /* NEW_TOKEN */
        struct slice datagram;
        struct {
            uint64_t code, frame_type;
            struct slice reason;
        } close;
    };
};

/*
 * Parses the frame at *at and moves *at past it; runs of PADDING count as one frame. RESULT_OK, or
 * RESULT_INVALID: FRAME_ENCODING_ERROR (also for unknown types, types not in their shortest form,
 * an ACK range below zero, an offset beyond 2^62-1, a NEW_TOKEN without token, a connection id of a
 * length not allowed, limits of streams above 2^60).
 */
MUST_USE enum result quic_frame_parse(const uint8_t **at, const uint8_t *end,
                                      struct quic_frame *out);

/* Whether RFC 9000 table 3 allows the frame in a packet of this type. */
bool quic_frame_is_allowed(enum quic_frame_type type, enum quic_packet_type packet);

/* Whether the frame makes its packet ack-eliciting (RFC 9000 13.2): all but ACK, PADDING,
 * CONNECTION_CLOSE. */
bool quic_frame_elicits_ack(enum quic_frame_type type);

/* Whether the frame is one of those that probe a path (RFC 9000 9.1). */
bool quic_frame_is_probing(enum quic_frame_type type);

/* Walks the ranges of an ACK frame from the largest down. Start with a zeroed cursor. */
struct quic_ack_cursor {
    const uint8_t *at;
    uint64_t smallest; /* of the last range given */
    uint64_t given;
};

/* The next range, both ends included; false when there are no more. */
bool quic_ack_next(const struct quic_frame *ack, struct quic_ack_cursor *cursor,
                   struct quic_range *range);

/* ---- writing: each returns the end, or NULL (nothing written) when the frame does not fit before
 * `end` ---- */

/* PING. */
uint8_t *quic_write_ping(uint8_t *out, const uint8_t *end);
/* As many ranges as fit, the largest first; ECN counts where `ecn` (ECT0, ECT1, CE) is not NULL. */
uint8_t *quic_write_ack(uint8_t *out, const uint8_t *end, const struct quic_ranges *ranges,
                        uint64_t delay, const uint64_t ecn[3]);
uint8_t *quic_write_reset_stream(uint8_t *out, const uint8_t *end, uint64_t stream_id,
                                 uint64_t code, uint64_t final_size);
uint8_t *quic_write_stop_sending(uint8_t *out, const uint8_t *end, uint64_t stream_id,
                                 uint64_t code);
uint8_t *quic_write_new_token(uint8_t *out, const uint8_t *end, struct slice token);
/* MAX_DATA, MAX_STREAMS_*, DATA_BLOCKED, STREAMS_BLOCKED_*, RETIRE_CONNECTION_ID: a type and a
 * number. */
uint8_t *quic_write_number(uint8_t *out, const uint8_t *end, enum quic_frame_type type,
                           uint64_t value);
/* MAX_STREAM_DATA, STREAM_DATA_BLOCKED. */
uint8_t *quic_write_stream_number(uint8_t *out, const uint8_t *end, enum quic_frame_type type,
                                  uint64_t stream_id, uint64_t value);
uint8_t *quic_write_new_connection_id(uint8_t *out, const uint8_t *end, uint64_t sequence,
                                      uint64_t retire_prior_to, const struct quic_cid *id,
                                      const uint8_t reset_token[QUIC_RESET_TOKEN_BYTES]);
/* PATH_CHALLENGE, PATH_RESPONSE. */
uint8_t *quic_write_path(uint8_t *out, const uint8_t *end, enum quic_frame_type type,
                         const uint8_t data[8]);
/* The reason is cut to what fits. `frame_type` only for the transport's type. */
uint8_t *quic_write_close(uint8_t *out, const uint8_t *end, enum quic_frame_type type,
                          uint64_t code, uint64_t frame_type, struct slice reason);
uint8_t *quic_write_handshake_done(uint8_t *out, const uint8_t *end);

/*
 * Headers of frames with data, which the caller copies behind them. `*bytes` is what is there to
 * send and becomes what fits; a Length field is always written in 2 bytes for STREAM and CRYPTO.
 * NULL when not even one byte (or, for an empty final STREAM frame, the header) fits.
 */
uint8_t *quic_write_crypto_header(uint8_t *out, const uint8_t *end, uint64_t offset, size_t *bytes);
uint8_t *quic_write_stream_header(uint8_t *out, const uint8_t *end, uint64_t stream_id,
                                  uint64_t offset, size_t *bytes, bool is_final);

#endif
