/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/3's frames, SETTINGS and priorities (RFC 9114 7, RFC 9218 4). What is unknown is passed
 * over, what HTTP/2 used and HTTP/3 forbids is refused, and SETTINGS come with a reserved one, so
 * that peers stay used to it. No memory.
 */
#include "http/http3.h"

#include <string.h>

enum {
    SETTING_TABLE_CAPACITY = 0x01,
    SETTING_FIELD_SECTION = 0x06,
    SETTING_BLOCKED_STREAMS = 0x07,
    SETTING_CONNECT = 0x08, /* RFC 9220 */
    SETTING_HTTP2_FIRST = 0x02,
    SETTING_HTTP2_LAST = 0x05,
    RESERVED_STEP = 0x1f, /* 7.2.4.1: 0x1f * N + 0x21 */
    RESERVED_BASE = 0x21,
    RANDOM_MASK = 0xffff,
    SETTINGS_KNOWN = 64, /* ids that are watched for duplicates */
    SETTINGS_BYTES_MAX = 64,
};

bool http3_is_reserved_frame(uint64_t type)
{
    enum { PRIORITY = 0x02, PING = 0x06, WINDOW_UPDATE = 0x08, CONTINUATION = 0x09 };
    return type == PRIORITY || type == PING || type == WINDOW_UPDATE || type == CONTINUATION;
}

size_t http3_write_frame_header(uint8_t *out, uint64_t type, uint64_t length)
{
    return (size_t)(varint_write(varint_write(out, type), length) - out);
}

enum result http3_parse_settings(struct slice payload, struct http3_settings *out)
{
    const uint8_t *at = (const uint8_t *)payload.data;
    const uint8_t *end = at + payload.length;
    uint64_t seen = 0;
    *out = (struct http3_settings){.field_section_bytes_max = VARINT_MAX};
    while (at < end) {
        uint64_t id, value;
        if (!varint_read(&at, end, &id) || !varint_read(&at, end, &value)) {
            return RESULT_INVALID;
        }
        if (id >= SETTINGS_KNOWN) {
            continue; /* nobody here knows it */
        }
        bool is_of_http2 = id >= SETTING_HTTP2_FIRST && id <= SETTING_HTTP2_LAST;
        if (is_of_http2 || (seen >> id & 1U) != 0 || (id == SETTING_CONNECT && value > 1)) {
            return RESULT_INVALID;
        }
        seen |= UINT64_C(1) << id;
        if (id == SETTING_TABLE_CAPACITY) {
            out->table_capacity = value;
        } else if (id == SETTING_FIELD_SECTION) {
            out->field_section_bytes_max = value;
        } else if (id == SETTING_BLOCKED_STREAMS) {
            out->blocked_streams = value;
        }
    }
    return RESULT_OK;
}

size_t http3_write_control(uint8_t *out, size_t room, uint64_t field_section_bytes_max,
                           uint64_t random)
{
    uint8_t settings[SETTINGS_BYTES_MAX];
    uint8_t *at = varint_write(settings, SETTING_FIELD_SECTION);
    at = varint_write(at, field_section_bytes_max);
    at = varint_write(at, RESERVED_STEP * (random & RANDOM_MASK) + RESERVED_BASE);
    at = varint_write(at, random & RANDOM_MASK);
    size_t length = (size_t)(at - settings);
    if (room < 1 + HTTP3_FRAME_HEADER_MAX + length) {
        return 0;
    }
    out[0] = HTTP3_CONTROL;
    size_t header = 1 + http3_write_frame_header(out + 1, HTTP3_SETTINGS, length);
    memcpy(out + header, settings, length);
    return header + length;
}

void http3_parse_priority(struct slice value, unsigned *urgency, bool *is_incremental)
{
    struct slice member;
    while (slice_next_token(&value, ',', &member)) {
        member = slice_trim(member);
        bool is_urgency = member.length == 3 && member.data[0] == 'u' && member.data[1] == '=' &&
                          member.data[2] >= '0' && member.data[2] <= '7';
        if (is_urgency) {
            *urgency = (unsigned)(member.data[2] - '0');
        } else if (slice_equal(member, SLICE("i")) || slice_equal(member, SLICE("i=?1"))) {
            *is_incremental = true;
        } else if (slice_equal(member, SLICE("i=?0"))) {
            *is_incremental = false;
        }
    }
}
