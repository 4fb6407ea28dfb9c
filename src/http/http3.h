/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/3 (RFC 9114, 9218, 9220) without connections: its numbers, SETTINGS, and messages to and
 * from field sections.
 */
#ifndef WEIR_HTTP_HTTP3_H
#define WEIR_HTTP_HTTP3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/varint.h"
#include "http/message.h"
#include "http/qpack.h"
#include "memory/chunk.h"

enum http3_frame {
    HTTP3_DATA = 0x00,
    HTTP3_HEADERS = 0x01,
    HTTP3_CANCEL_PUSH = 0x03,
    HTTP3_SETTINGS = 0x04,
    HTTP3_PUSH_PROMISE = 0x05,
    HTTP3_GOAWAY = 0x07,
    HTTP3_MAX_PUSH_ID = 0x0d,
    HTTP3_PRIORITY_UPDATE = 0xf0700, /* of requests (RFC 9218 7.2) */
    HTTP3_PRIORITY_UPDATE_PUSH = 0xf0701,
};

enum http3_stream {
    HTTP3_CONTROL = 0x00,
    HTTP3_PUSH = 0x01,
    HTTP3_ENCODER = 0x02,
    HTTP3_DECODER = 0x03
};

enum http3_error {
    HTTP3_NO_ERROR = 0x100,
    HTTP3_GENERAL_PROTOCOL_ERROR = 0x101,
    HTTP3_INTERNAL_ERROR = 0x102,
    HTTP3_STREAM_CREATION_ERROR = 0x103,
    HTTP3_CLOSED_CRITICAL_STREAM = 0x104,
    HTTP3_FRAME_UNEXPECTED = 0x105,
    HTTP3_FRAME_ERROR = 0x106,
    HTTP3_EXCESSIVE_LOAD = 0x107,
    HTTP3_ID_ERROR = 0x108,
    HTTP3_SETTINGS_ERROR = 0x109,
    HTTP3_MISSING_SETTINGS = 0x10a,
    HTTP3_REQUEST_REJECTED = 0x10b,
    HTTP3_REQUEST_CANCELLED = 0x10c,
    HTTP3_REQUEST_INCOMPLETE = 0x10d,
    HTTP3_MESSAGE_ERROR = 0x10e,
    HTTP3_CONNECT_ERROR = 0x10f,
    HTTP3_VERSION_FALLBACK = 0x110,
    HTTP3_QPACK_DECOMPRESSION_FAILED = 0x200,
    HTTP3_QPACK_ENCODER_STREAM_ERROR = 0x201,
    HTTP3_QPACK_DECODER_STREAM_ERROR = 0x202,
};

enum { HTTP3_FRAME_HEADER_MAX = 16 };

/* Whether the type is one of HTTP/2's that must not appear (7.2.8). */
bool http3_is_reserved_frame(uint64_t type);

/* Writes a frame's header; returns its length, at most HTTP3_FRAME_HEADER_MAX. */
size_t http3_write_frame_header(uint8_t *out, uint64_t type, uint64_t length);

/* What a peer's SETTINGS told. */
struct http3_settings {
    uint64_t field_section_bytes_max; /* VARINT_MAX: unlimited */
    uint64_t table_capacity, blocked_streams;
};

/* Parses a whole SETTINGS frame's payload. RESULT_INVALID: HTTP3_SETTINGS_ERROR. */
MUST_USE enum result http3_parse_settings(struct slice payload, struct http3_settings *out);

/* Writes the control stream's begin: its type and our SETTINGS. Returns the length, 0 when there is
 * no room. */
size_t http3_write_control(uint8_t *out, size_t room, uint64_t field_section_bytes_max,
                           uint64_t random);

/* RFC 9218: "u=3, i". What is not understood is left as it is. */
void http3_parse_priority(struct slice value, unsigned *urgency, bool *is_incremental);

/* Why a section is no message. */
struct http3_fault {
    uint64_t code;   /* enum http3_error; HTTP3_QPACK_DECOMPRESSION_FAILED ends the connection */
    uint16_t status; /* 431 where the message is only too large; 0: the stream is reset */
    const char *reason;
};

/*
 * Makes a request of a whole field section (4.1 to 4.4). `has_ended`: no body follows. The text
 * lies in a chunk that the message holds. RESULT_OK; RESULT_INVALID with `fault`; RESULT_NO_MEMORY:
 * try again. The message is fresh from init or clear, and empty unless RESULT_OK.
 */
MUST_USE enum result http3_parse_request(struct slice section, bool has_ended,
                                         struct chunk_source *chunks, struct account *account,
                                         struct http_message *message, struct http3_fault *fault);

/* Trailers: fields alone; the text goes to the table's arena. Results as http3_parse_request. */
MUST_USE enum result http3_parse_trailers(struct slice section, struct http_fields *fields,
                                          struct http3_fault *fault);

/* Bytes that the head of a response, or trailers, take at most, the frame's header included. */
size_t http3_response_bytes_max(const struct http_message *message);
size_t http3_trailers_bytes_max(const struct http_fields *fields);

/* Writes them as a HEADERS frame; `room` is at least that much. Returns the first byte's offset in
 * *start and the length. */
size_t http3_write_response(char *out, size_t room, const struct http_message *message,
                            size_t *start);
size_t http3_write_trailers(char *out, size_t room, const struct http_fields *fields,
                            size_t *start);

#endif
