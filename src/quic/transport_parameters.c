/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transport parameters (RFC 9000 18.2; RFC 9221 3; RFC 9287 3; RFC 9368 3): one table of the
 * numeric ones, which both parsing and writing walk.
 */
#include "quic/transport_parameters.h"

#include <stddef.h>

#include "quic/packet.h"

enum {
    ID_ORIGINAL_DESTINATION = 0x00,
    ID_IDLE_TIMEOUT = 0x01,
    ID_RESET_TOKEN = 0x02,
    ID_UDP_PAYLOAD = 0x03,
    ID_MAX_DATA = 0x04,
    ID_BIDI_LOCAL = 0x05,
    ID_BIDI_REMOTE = 0x06,
    ID_UNI = 0x07,
    ID_STREAMS_BIDI = 0x08,
    ID_STREAMS_UNI = 0x09,
    ID_ACK_EXPONENT = 0x0a,
    ID_ACK_DELAY = 0x0b,
    ID_NO_MIGRATION = 0x0c,
    ID_PREFERRED_ADDRESS = 0x0d,
    ID_CID_LIMIT = 0x0e,
    ID_INITIAL_SOURCE = 0x0f,
    ID_RETRY_SOURCE = 0x10,
    ID_VERSIONS = 0x11,
    ID_DATAGRAM = 0x20,
    ID_GREASE_BIT = 0x2ab2,
    DEFAULT_UDP_PAYLOAD = 65527,
    DEFAULT_ACK_EXPONENT = 3,
    DEFAULT_ACK_DELAY_MS = 25,
    DEFAULT_CID_LIMIT = 2,
    VERSION_BYTES = 4,
    RESERVED_STEP = 31, /* 18.1: 31 * N + 27 */
    RESERVED_BASE = 27,
    RANDOM_MASK = 0xffff,
};

/* A numeric parameter. */
struct row {
    uint64_t id;
    size_t field;
    uint64_t implied; /* the value when it is absent */
    uint64_t least, most;
};

#define FIELD(name) offsetof(struct quic_transport_parameters, name)

static const struct row ROWS[] = {
    {ID_IDLE_TIMEOUT, FIELD(max_idle_timeout_ms), 0, 0, VARINT_MAX},
    {ID_UDP_PAYLOAD, FIELD(max_udp_payload_size), DEFAULT_UDP_PAYLOAD, 1200, VARINT_MAX},
    {ID_MAX_DATA, FIELD(initial_max_data), 0, 0, VARINT_MAX},
    {ID_BIDI_LOCAL, FIELD(initial_max_stream_data_bidi_local), 0, 0, VARINT_MAX},
    {ID_BIDI_REMOTE, FIELD(initial_max_stream_data_bidi_remote), 0, 0, VARINT_MAX},
    {ID_UNI, FIELD(initial_max_stream_data_uni), 0, 0, VARINT_MAX},
    {ID_STREAMS_BIDI, FIELD(initial_max_streams_bidi), 0, 0, UINT64_C(1) << 60},
    {ID_STREAMS_UNI, FIELD(initial_max_streams_uni), 0, 0, UINT64_C(1) << 60},
    {ID_ACK_EXPONENT, FIELD(ack_delay_exponent), DEFAULT_ACK_EXPONENT, 0, 20},
    {ID_ACK_DELAY, FIELD(max_ack_delay_ms), DEFAULT_ACK_DELAY_MS, 0, (1 << 14) - 1},
    {ID_CID_LIMIT, FIELD(active_connection_id_limit), DEFAULT_CID_LIMIT, 2, VARINT_MAX},
    {ID_DATAGRAM, FIELD(max_datagram_frame_size), 0, 0, VARINT_MAX},
};

enum { ROWS_COUNT = sizeof(ROWS) / sizeof(ROWS[0]) };

static uint64_t *field_of(struct quic_transport_parameters *parameters, const struct row *row)
{
    return (uint64_t *)(void *)((char *)parameters + row->field);
}

static const struct row *find_row(uint64_t id)
{
    for (unsigned i = 0; i < ROWS_COUNT; i++) {
        if (ROWS[i].id == id) {
            return &ROWS[i];
        }
    }
    return NULL;
}

void quic_transport_parameters_init(struct quic_transport_parameters *parameters)
{
    *parameters = (struct quic_transport_parameters){0};
    for (unsigned i = 0; i < ROWS_COUNT; i++) {
        *field_of(parameters, &ROWS[i]) = ROWS[i].implied;
    }
}

/* ---- parsing ---- */

static bool parse_number(const struct row *row, const uint8_t *at, const uint8_t *end,
                         struct quic_transport_parameters *out)
{
    uint64_t value;
    if (!varint_read(&at, end, &value) || at != end || value < row->least || value > row->most) {
        return false;
    }
    *field_of(out, row) = value;
    return true;
}

static bool parse_cid(const uint8_t *at, size_t length, struct quic_cid *id)
{
    if (length > QUIC_CID_BYTES_MAX) {
        return false;
    }
    id->length = (uint8_t)length;
    memcpy(id->bytes, at, length);
    return true;
}

static uint32_t read_version(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool parse_versions(const uint8_t *at, size_t length, struct quic_transport_parameters *out)
{
    if (length < VERSION_BYTES || length % VERSION_BYTES != 0) {
        return false;
    }
    out->chosen_version = read_version(at);
    bool is_valid = out->chosen_version != 0;
    bool is_chosen_available = false;
    for (size_t i = VERSION_BYTES; i < length; i += VERSION_BYTES) {
        uint32_t version = read_version(at + i);
        is_valid = is_valid && version != 0;
        is_chosen_available = is_chosen_available || version == out->chosen_version;
        if (out->available_versions_count < QUIC_OTHER_VERSIONS_MAX) {
            out->available_versions[out->available_versions_count++] = version;
        }
    }
    return is_valid && is_chosen_available; /* RFC 9368 3 and 4 */
}

static bool parse_one(uint64_t id, const uint8_t *at, size_t length,
                      struct quic_transport_parameters *out)
{
    const struct row *row = find_row(id);
    if (row != NULL) {
        return parse_number(row, at, at + length, out);
    }
    switch (id) {
    case ID_NO_MIGRATION:
        out->disable_active_migration = true;
        return length == 0;
    case ID_GREASE_BIT:
        out->grease_quic_bit = true;
        return length == 0;
    case ID_INITIAL_SOURCE:
        out->has_initial_source_cid = true;
        return parse_cid(at, length, &out->initial_source_cid);
    case ID_VERSIONS:
        return parse_versions(at, length, out);
    case ID_ORIGINAL_DESTINATION:
    case ID_RESET_TOKEN:
    case ID_PREFERRED_ADDRESS:
    case ID_RETRY_SOURCE:
        return false; /* only servers send these */
    default:
        return true; /* unknown ones are ignored */
    }
}

/* The bit of a parameter that may come once; 0 for unknown ones, which nobody looks at. */
static uint64_t bit_of(uint64_t id)
{
    enum { GREASE_BIT_PLACE = ID_DATAGRAM + 1 };
    if (id <= ID_DATAGRAM) {
        return UINT64_C(1) << id;
    }
    return id == ID_GREASE_BIT ? UINT64_C(1) << GREASE_BIT_PLACE : 0;
}

enum result quic_transport_parameters_parse(struct slice bytes,
                                            struct quic_transport_parameters *out)
{
    const uint8_t *start = (const uint8_t *)bytes.data;
    const uint8_t *end = start + bytes.length;
    const uint8_t *at = start;
    uint64_t seen = 0;
    quic_transport_parameters_init(out);
    while (at < end) {
        uint64_t id, length;
        if (!varint_read(&at, end, &id) || !varint_read(&at, end, &length) ||
            length > (uint64_t)(end - at) || (seen & bit_of(id)) != 0 ||
            !parse_one(id, at, (size_t)length, out)) {
            return RESULT_INVALID;
        }
        seen |= bit_of(id);
        at += length;
    }
    return RESULT_OK;
}

/* ---- writing ---- */

/* Where the next parameter goes; `at` NULL: it did not fit. */
struct output {
    uint8_t *at;
    const uint8_t *end;
};

static uint8_t *begin(struct output *out, uint64_t id, size_t length)
{
    if (out->at == NULL ||
        (size_t)(out->end - out->at) < varint_bytes(id) + varint_bytes(length) + length) {
        out->at = NULL;
        return NULL;
    }
    uint8_t *at = varint_write(varint_write(out->at, id), length);
    out->at = at + length;
    return at;
}

static void write_bytes(struct output *out, uint64_t id, const uint8_t *bytes, size_t length)
{
    uint8_t *at = begin(out, id, length);
    if (at != NULL && length > 0) {
        memcpy(at, bytes, length);
    }
}

static void write_versions(struct output *out, const struct quic_transport_parameters *p)
{
    uint8_t bytes[(QUIC_OTHER_VERSIONS_MAX + 1) * VERSION_BYTES];
    size_t length = 0;
    for (unsigned i = 0; i <= p->available_versions_count; i++) {
        uint32_t version = i == 0 ? p->chosen_version : p->available_versions[i - 1];
        for (unsigned shift = 32; shift > 0; shift -= 8) {
            bytes[length++] = (uint8_t)(version >> (shift - 8));
        }
    }
    write_bytes(out, ID_VERSIONS, bytes, length);
}

size_t quic_transport_parameters_write(uint8_t *out, size_t room,
                                       const struct quic_transport_parameters *parameters,
                                       uint64_t random)
{
    struct quic_transport_parameters p = *parameters;
    struct output o = {.at = out, .end = out + room};
    for (unsigned i = 0; i < ROWS_COUNT; i++) {
        uint64_t value = *field_of(&p, &ROWS[i]);
        if (value != ROWS[i].implied) {
            uint8_t *at = begin(&o, ROWS[i].id, varint_bytes(value));
            if (at != NULL) {
                varint_write(at, value);
            }
        }
    }
    write_bytes(&o, ID_ORIGINAL_DESTINATION, p.original_destination_cid.bytes,
                p.original_destination_cid.length);
    write_bytes(&o, ID_INITIAL_SOURCE, p.initial_source_cid.bytes, p.initial_source_cid.length);
    if (p.has_retry_source_cid) {
        write_bytes(&o, ID_RETRY_SOURCE, p.retry_source_cid.bytes, p.retry_source_cid.length);
    }
    if (p.has_reset_token) {
        write_bytes(&o, ID_RESET_TOKEN, p.reset_token, sizeof(p.reset_token));
    }
    if (p.disable_active_migration) {
        write_bytes(&o, ID_NO_MIGRATION, NULL, 0);
    }
    if (p.grease_quic_bit) {
        write_bytes(&o, ID_GREASE_BIT, NULL, 0);
    }
    if (p.chosen_version != 0) {
        write_versions(&o, &p);
    }
    uint8_t grease = (uint8_t)random;
    write_bytes(&o, RESERVED_STEP * (random & RANDOM_MASK) + RESERVED_BASE, &grease, 1);
    return o.at == NULL ? 0 : (size_t)(o.at - out);
}
