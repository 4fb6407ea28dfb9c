/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames written (RFC 9000 19): each function writes one whole frame before `end`, or nothing.
 * Lengths of data take two bytes always, so that a header's size is known before its data are.
 * No memory.
 */
#include "base/number.h"
#include "quic/frame.h"

enum {
    ACK_ECN = 0x03,
    STREAM_OFF = 0x04,
    STREAM_LEN = 0x02,
    STREAM_FIN = 0x01,
    PATH_BYTES = 8,
    LENGTH_BYTES = 2, /* of the Length field of STREAM and CRYPTO frames */
    LENGTH_MAX = 0x3fff,
};

static bool fits(const uint8_t *out, const uint8_t *end, size_t bytes)
{
    return out <= end && (size_t)(end - out) >= bytes;
}

uint8_t *quic_write_ping(uint8_t *out, const uint8_t *end)
{
    if (!fits(out, end, 1)) {
        return NULL;
    }
    *out = QUIC_FRAME_PING;
    return out + 1;
}

uint8_t *quic_write_handshake_done(uint8_t *out, const uint8_t *end)
{
    if (!fits(out, end, 1)) {
        return NULL;
    }
    *out = QUIC_FRAME_HANDSHAKE_DONE;
    return out + 1;
}

/* ---- ACK ---- */

/* How many ranges behind the first fit into `room` bytes. */
static uint16_t count_ranges(const struct quic_ranges *ranges, size_t room)
{
    size_t bytes = 0;
    uint16_t count = 0;
    for (uint16_t i = 1; i < ranges->count; i++) {
        const struct quic_range *range = &ranges->entries[i];
        bytes += varint_bytes(ranges->entries[i - 1].first - range->last - 2) +
                 varint_bytes(range->last - range->first);
        if (bytes > room) {
            break;
        }
        count++;
    }
    return count;
}

uint8_t *quic_write_ack(uint8_t *out, const uint8_t *end, const struct quic_ranges *ranges,
                        uint64_t delay, const uint64_t ecn[3])
{
    enum { ECN_COUNTS = 3 };
    const struct quic_range *top = &ranges->entries[0];
    delay = uint64_min(delay, VARINT_MAX);
    size_t fixed = 1 + varint_bytes(top->last) + varint_bytes(delay) + varint_bytes(ranges->count) +
                   varint_bytes(top->last - top->first);
    for (unsigned i = 0; ecn != NULL && i < ECN_COUNTS; i++) {
        fixed += varint_bytes(ecn[i]);
    }
    if (!fits(out, end, fixed)) {
        return NULL;
    }
    uint16_t count = count_ranges(ranges, (size_t)(end - out) - fixed);
    *out++ = ecn != NULL ? ACK_ECN : QUIC_FRAME_ACK;
    out = varint_write(out, top->last);
    out = varint_write(out, delay);
    out = varint_write(out, count);
    out = varint_write(out, top->last - top->first);
    for (uint16_t i = 1; i <= count; i++) {
        const struct quic_range *range = &ranges->entries[i];
        out = varint_write(out, ranges->entries[i - 1].first - range->last - 2);
        out = varint_write(out, range->last - range->first);
    }
    for (unsigned i = 0; ecn != NULL && i < ECN_COUNTS; i++) {
        out = varint_write(out, ecn[i]);
    }
    return out;
}

/* ---- a type and numbers ---- */

static uint8_t *write_numbers(uint8_t *out, const uint8_t *end, enum quic_frame_type type,
                              const uint64_t *numbers, unsigned count)
{
    size_t bytes = 1;
    for (unsigned i = 0; i < count; i++) {
        bytes += varint_bytes(numbers[i]);
    }
    if (!fits(out, end, bytes)) {
        return NULL;
    }
    *out++ = (uint8_t)type;
    for (unsigned i = 0; i < count; i++) {
        out = varint_write(out, numbers[i]);
    }
    return out;
}

uint8_t *quic_write_number(uint8_t *out, const uint8_t *end, enum quic_frame_type type,
                           uint64_t value)
{
    return write_numbers(out, end, type, &value, 1);
}

uint8_t *quic_write_stream_number(uint8_t *out, const uint8_t *end, enum quic_frame_type type,
                                  uint64_t stream_id, uint64_t value)
{
    const uint64_t numbers[] = {stream_id, value};
    return write_numbers(out, end, type, numbers, sizeof(numbers) / sizeof(numbers[0]));
}

uint8_t *quic_write_reset_stream(uint8_t *out, const uint8_t *end, uint64_t stream_id,
                                 uint64_t code, uint64_t final_size)
{
    const uint64_t numbers[] = {stream_id, code, final_size};
    return write_numbers(out, end, QUIC_FRAME_RESET_STREAM, numbers,
                         sizeof(numbers) / sizeof(numbers[0]));
}

uint8_t *quic_write_stop_sending(uint8_t *out, const uint8_t *end, uint64_t stream_id,
                                 uint64_t code)
{
    return quic_write_stream_number(out, end, QUIC_FRAME_STOP_SENDING, stream_id, code);
}

/* ---- ids, tokens, paths, closing ---- */

uint8_t *quic_write_new_token(uint8_t *out, const uint8_t *end, struct slice token)
{
    if (!fits(out, end, 1 + varint_bytes(token.length) + token.length)) {
        return NULL;
    }
    *out++ = QUIC_FRAME_NEW_TOKEN;
    out = varint_write(out, token.length);
    memcpy(out, token.data, token.length);
    return out + token.length;
}

uint8_t *quic_write_new_connection_id(uint8_t *out, const uint8_t *end, uint64_t sequence,
                                      uint64_t retire_prior_to, const struct quic_cid *id,
                                      const uint8_t reset_token[QUIC_RESET_TOKEN_BYTES])
{
    size_t bytes = 1 + varint_bytes(sequence) + varint_bytes(retire_prior_to) + 1 + id->length +
                   QUIC_RESET_TOKEN_BYTES;
    if (!fits(out, end, bytes)) {
        return NULL;
    }
    *out++ = QUIC_FRAME_NEW_CONNECTION_ID;
    out = varint_write(out, sequence);
    out = varint_write(out, retire_prior_to);
    *out++ = id->length;
    memcpy(out, id->bytes, id->length);
    out += id->length;
    memcpy(out, reset_token, QUIC_RESET_TOKEN_BYTES);
    return out + QUIC_RESET_TOKEN_BYTES;
}

uint8_t *quic_write_path(uint8_t *out, const uint8_t *end, enum quic_frame_type type,
                         const uint8_t data[8])
{
    if (!fits(out, end, 1 + PATH_BYTES)) {
        return NULL;
    }
    *out++ = (uint8_t)type;
    memcpy(out, data, PATH_BYTES);
    return out + PATH_BYTES;
}

uint8_t *quic_write_close(uint8_t *out, const uint8_t *end, enum quic_frame_type type,
                          uint64_t code, uint64_t frame_type, struct slice reason)
{
    bool has_frame_type = type == QUIC_FRAME_CONNECTION_CLOSE;
    size_t fixed =
        1 + varint_bytes(code) + (has_frame_type ? varint_bytes(frame_type) : 0) + LENGTH_BYTES;
    if (!fits(out, end, fixed)) {
        return NULL;
    }
    size_t length = size_min(size_min(reason.length, (size_t)(end - out) - fixed), LENGTH_MAX);
    *out++ = (uint8_t)type;
    out = varint_write(out, code);
    if (has_frame_type) {
        out = varint_write(out, frame_type);
    }
    out = varint_write_in(out, length, LENGTH_BYTES);
    if (length > 0) {
        memcpy(out, reason.data, length);
    }
    return out + length;
}

/* ---- headers of data ---- */

/* Cuts `*bytes` to what fits behind a header of `header` bytes. */
static bool cut(const uint8_t *out, const uint8_t *end, size_t header, size_t *bytes)
{
    if (!fits(out, end, header)) {
        return false;
    }
    *bytes = size_min(size_min(*bytes, (size_t)(end - out) - header), LENGTH_MAX);
    return true;
}

uint8_t *quic_write_crypto_header(uint8_t *out, const uint8_t *end, uint64_t offset, size_t *bytes)
{
    if (!cut(out, end, 1 + varint_bytes(offset) + LENGTH_BYTES, bytes) || *bytes == 0) {
        return NULL;
    }
    *out++ = QUIC_FRAME_CRYPTO;
    out = varint_write(out, offset);
    return varint_write_in(out, *bytes, LENGTH_BYTES);
}

uint8_t *quic_write_stream_header(uint8_t *out, const uint8_t *end, uint64_t stream_id,
                                  uint64_t offset, size_t *bytes, bool is_final)
{
    size_t header =
        1 + varint_bytes(stream_id) + (offset > 0 ? varint_bytes(offset) : 0) + LENGTH_BYTES;
    size_t wanted = *bytes;
    if (!cut(out, end, header, bytes) || (*bytes == 0 && (wanted > 0 || !is_final))) {
        return NULL;
    }
    bool has_fin = is_final && *bytes == wanted;
    *out++ = (uint8_t)(QUIC_FRAME_STREAM | STREAM_LEN | (offset > 0 ? STREAM_OFF : 0) |
                       (has_fin ? STREAM_FIN : 0));
    out = varint_write(out, stream_id);
    if (offset > 0) {
        out = varint_write(out, offset);
    }
    return varint_write_in(out, *bytes, LENGTH_BYTES);
}
