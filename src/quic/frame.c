/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames parsed (RFC 9000 19, RFC 9221): their encoding alone. One function a shape, a switch over
 * the type; nothing is copied.
 */
#include "quic/frame.h"

enum {
    ACK_ECN = 0x03,
    STREAM_LAST = 0x0f,
    STREAM_OFF = 0x04,
    STREAM_LEN = 0x02,
    STREAM_FIN = 0x01,
    DATAGRAM_LEN = 0x31,
    PATH_BYTES = 8,
};
static const uint64_t STREAMS_MAX = UINT64_C(1) << 60;

static bool read_data(const uint8_t **at, const uint8_t *end, bool has_length, struct slice *data)
{
    uint64_t length = (uint64_t)(end - *at);
    if (has_length && (!varint_read(at, end, &length) || length > (uint64_t)(end - *at))) {
        return false;
    }
    *data = slice_of((const char *)*at, (size_t)length);
    *at += length;
    return true;
}

/* Walks the ranges once, so that nobody has to doubt them later. */
static bool check_ranges(const uint8_t **at, const uint8_t *end, const struct quic_frame *f)
{
    uint64_t smallest = f->ack.largest - f->ack.first_range;
    for (uint64_t i = 0; i < f->ack.range_count; i++) {
        uint64_t gap, length;
        if (!varint_read(at, end, &gap) || !varint_read(at, end, &length) || smallest < gap + 2 ||
            smallest - gap - 2 < length) {
            return false;
        }
        smallest -= gap + 2 + length;
    }
    return true;
}

static bool parse_ack(const uint8_t **at, const uint8_t *end, bool has_ecn, struct quic_frame *f)
{
    f->type = QUIC_FRAME_ACK;
    if (!varint_read(at, end, &f->ack.largest) || !varint_read(at, end, &f->ack.delay) ||
        !varint_read(at, end, &f->ack.range_count) || !varint_read(at, end, &f->ack.first_range) ||
        f->ack.first_range > f->ack.largest) {
        return false;
    }
    const uint8_t *ranges = *at;
    if (!check_ranges(at, end, f)) {
        return false;
    }
    f->ack.ranges = slice_of((const char *)ranges, (size_t)(*at - ranges));
    f->ack.has_ecn = has_ecn;
    return !has_ecn || (varint_read(at, end, &f->ack.ect0) && varint_read(at, end, &f->ack.ect1) &&
                        varint_read(at, end, &f->ack.ce));
}

static bool parse_stream(const uint8_t **at, const uint8_t *end, uint64_t type,
                         struct quic_frame *f)
{
    f->type = QUIC_FRAME_STREAM;
    f->stream.offset = 0;
    f->stream.is_final = (type & STREAM_FIN) != 0;
    if (!varint_read(at, end, &f->stream.stream_id) ||
        ((type & STREAM_OFF) != 0 && !varint_read(at, end, &f->stream.offset)) ||
        !read_data(at, end, (type & STREAM_LEN) != 0, &f->stream.data)) {
        return false;
    }
    return f->stream.offset + f->stream.data.length <= VARINT_MAX;
}

static bool parse_crypto(const uint8_t **at, const uint8_t *end, struct quic_frame *f)
{
    return varint_read(at, end, &f->crypto.offset) && read_data(at, end, true, &f->crypto.data) &&
           f->crypto.offset + f->crypto.data.length <= VARINT_MAX;
}

static bool parse_new_id(const uint8_t **at, const uint8_t *end, struct quic_frame *f)
{
    if (!varint_read(at, end, &f->new_id.sequence) ||
        !varint_read(at, end, &f->new_id.retire_prior_to) ||
        f->new_id.retire_prior_to > f->new_id.sequence || *at >= end) {
        return false;
    }
    uint8_t length = *(*at)++;
    if (length == 0 || length > QUIC_CID_BYTES_MAX || end - *at < length + QUIC_RESET_TOKEN_BYTES) {
        return false;
    }
    f->new_id.id.length = length;
    memcpy(f->new_id.id.bytes, *at, length);
    f->new_id.reset_token = *at + length;
    *at += length + QUIC_RESET_TOKEN_BYTES;
    return true;
}

static bool parse_close(const uint8_t **at, const uint8_t *end, struct quic_frame *f)
{
    f->close.frame_type = 0;
    return varint_read(at, end, &f->close.code) &&
           (f->type != QUIC_FRAME_CONNECTION_CLOSE || varint_read(at, end, &f->close.frame_type)) &&
           read_data(at, end, true, &f->close.reason);
}

static bool parse_path(const uint8_t **at, const uint8_t *end, struct quic_frame *f)
{
    if (end - *at < PATH_BYTES) {
        return false;
    }
    f->path_data = *at;
    *at += PATH_BYTES;
    return true;
}

static bool parse_limit(const uint8_t **at, const uint8_t *end, struct quic_frame *f)
{
    bool has_stream =
        f->type == QUIC_FRAME_MAX_STREAM_DATA || f->type == QUIC_FRAME_STREAM_DATA_BLOCKED;
    bool counts_streams =
        f->type == QUIC_FRAME_MAX_STREAMS_BIDI || f->type == QUIC_FRAME_MAX_STREAMS_UNI ||
        f->type == QUIC_FRAME_STREAMS_BLOCKED_BIDI || f->type == QUIC_FRAME_STREAMS_BLOCKED_UNI;
    f->limit.stream_id = 0;
    return (!has_stream || varint_read(at, end, &f->limit.stream_id)) &&
           varint_read(at, end, &f->limit.value) &&
           (!counts_streams || f->limit.value <= STREAMS_MAX);
}

static bool parse_reset(const uint8_t **at, const uint8_t *end, struct quic_frame *f)
{
    f->reset.final_size = 0;
    return varint_read(at, end, &f->reset.stream_id) && varint_read(at, end, &f->reset.code) &&
           (f->type == QUIC_FRAME_STOP_SENDING || varint_read(at, end, &f->reset.final_size));
}

static void skip_padding(const uint8_t **at, const uint8_t *end)
{
    while (*at < end && **at == QUIC_FRAME_PADDING) {
        (*at)++;
    }
}

static bool parse_body(const uint8_t **at, const uint8_t *end, struct quic_frame *f)
{
    switch (f->type) {
    case QUIC_FRAME_PADDING:
        skip_padding(at, end);
        return true;
    case QUIC_FRAME_PING:
    case QUIC_FRAME_HANDSHAKE_DONE:
        return true;
    case QUIC_FRAME_ACK:
        return parse_ack(at, end, false, f);
    case QUIC_FRAME_RESET_STREAM:
    case QUIC_FRAME_STOP_SENDING:
        return parse_reset(at, end, f);
    case QUIC_FRAME_CRYPTO:
        return parse_crypto(at, end, f);
    case QUIC_FRAME_NEW_TOKEN:
        return read_data(at, end, true, &f->token) && f->token.length > 0;
    case QUIC_FRAME_STREAM:
        return parse_stream(at, end, QUIC_FRAME_STREAM, f);
    case QUIC_FRAME_MAX_DATA:
    case QUIC_FRAME_MAX_STREAM_DATA:
    case QUIC_FRAME_MAX_STREAMS_BIDI:
    case QUIC_FRAME_MAX_STREAMS_UNI:
    case QUIC_FRAME_DATA_BLOCKED:
    case QUIC_FRAME_STREAM_DATA_BLOCKED:
    case QUIC_FRAME_STREAMS_BLOCKED_BIDI:
    case QUIC_FRAME_STREAMS_BLOCKED_UNI:
        return parse_limit(at, end, f);
    case QUIC_FRAME_NEW_CONNECTION_ID:
        return parse_new_id(at, end, f);
    case QUIC_FRAME_RETIRE_CONNECTION_ID:
        return varint_read(at, end, &f->retire_sequence);
    case QUIC_FRAME_PATH_CHALLENGE:
    case QUIC_FRAME_PATH_RESPONSE:
        return parse_path(at, end, f);
    case QUIC_FRAME_CONNECTION_CLOSE:
    case QUIC_FRAME_CONNECTION_CLOSE_APPLICATION:
        return parse_close(at, end, f);
    case QUIC_FRAME_DATAGRAM:
        return read_data(at, end, false, &f->datagram);
    }
    return false; /* unknown */
}

enum result quic_frame_parse(const uint8_t **at, const uint8_t *end, struct quic_frame *out)
{
    const uint8_t *from = *at;
    uint64_t type;
    if (!varint_read(&from, end, &type) || varint_bytes(type) != (size_t)(from - *at)) {
        return RESULT_INVALID;
    }
    bool is_valid;
    if (type >= QUIC_FRAME_STREAM && type <= STREAM_LAST) {
        is_valid = parse_stream(&from, end, type, out);
    } else if (type == ACK_ECN) {
        is_valid = parse_ack(&from, end, true, out);
    } else if (type == DATAGRAM_LEN) {
        out->type = QUIC_FRAME_DATAGRAM;
        is_valid = read_data(&from, end, true, &out->datagram);
    } else {
        out->type = (enum quic_frame_type)type;
        is_valid = type <= QUIC_FRAME_DATAGRAM && parse_body(&from, end, out);
    }
    if (!is_valid) {
        return RESULT_INVALID;
    }
    *at = from;
    return RESULT_OK;
}

/* ---- what frames are (RFC 9000 12.4, table 3) ---- */

bool quic_frame_is_allowed(enum quic_frame_type type, enum quic_packet_type packet)
{
    bool is_handshake = packet == QUIC_PACKET_INITIAL || packet == QUIC_PACKET_HANDSHAKE;
    bool is_early = packet == QUIC_PACKET_ZERO_RTT;
    switch (type) {
    case QUIC_FRAME_PADDING:
    case QUIC_FRAME_PING:
    case QUIC_FRAME_CONNECTION_CLOSE:
        return true;
    case QUIC_FRAME_ACK:
    case QUIC_FRAME_CRYPTO:
        return !is_early;
    case QUIC_FRAME_NEW_TOKEN:
    case QUIC_FRAME_PATH_RESPONSE:
    case QUIC_FRAME_RETIRE_CONNECTION_ID:
    case QUIC_FRAME_HANDSHAKE_DONE:
        return packet == QUIC_PACKET_ONE_RTT;
    case QUIC_FRAME_RESET_STREAM:
    case QUIC_FRAME_STOP_SENDING:
    case QUIC_FRAME_STREAM:
    case QUIC_FRAME_MAX_DATA:
    case QUIC_FRAME_MAX_STREAM_DATA:
    case QUIC_FRAME_MAX_STREAMS_BIDI:
    case QUIC_FRAME_MAX_STREAMS_UNI:
    case QUIC_FRAME_DATA_BLOCKED:
    case QUIC_FRAME_STREAM_DATA_BLOCKED:
    case QUIC_FRAME_STREAMS_BLOCKED_BIDI:
    case QUIC_FRAME_STREAMS_BLOCKED_UNI:
    case QUIC_FRAME_NEW_CONNECTION_ID:
    case QUIC_FRAME_PATH_CHALLENGE:
    case QUIC_FRAME_CONNECTION_CLOSE_APPLICATION:
    case QUIC_FRAME_DATAGRAM:
        return !is_handshake;
    }
    return false;
}

bool quic_frame_elicits_ack(enum quic_frame_type type)
{
    return type != QUIC_FRAME_ACK && type != QUIC_FRAME_PADDING &&
           type != QUIC_FRAME_CONNECTION_CLOSE && type != QUIC_FRAME_CONNECTION_CLOSE_APPLICATION;
}

bool quic_frame_is_probing(enum quic_frame_type type)
{
    return type == QUIC_FRAME_PATH_CHALLENGE || type == QUIC_FRAME_PATH_RESPONSE ||
           type == QUIC_FRAME_NEW_CONNECTION_ID || type == QUIC_FRAME_PADDING;
}

bool quic_ack_next(const struct quic_frame *ack, struct quic_ack_cursor *cursor,
                   struct quic_range *range)
{
    if (cursor->given > ack->ack.range_count) {
        return false;
    }
    if (cursor->given == 0) {
        cursor->at = (const uint8_t *)ack->ack.ranges.data;
        range->last = ack->ack.largest;
        range->first = ack->ack.largest - ack->ack.first_range;
    } else {
        const uint8_t *end = (const uint8_t *)ack->ack.ranges.data + ack->ack.ranges.length;
        uint64_t gap, length;
        if (!varint_read(&cursor->at, end, &gap) || !varint_read(&cursor->at, end, &length)) {
            return false;
        }
        range->last = cursor->smallest - gap - 2;
        range->first = range->last - length;
    }
    cursor->smallest = range->first;
    cursor->given++;
    return true;
}
