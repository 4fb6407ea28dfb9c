/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the first handshake message of a TLS stream (RFC 8446 4 and 5.1, RFC 5246 7.4.1.2). A
 * hello may be cut into several records and comes in any number of segments: record payloads are
 * moved together in place, and a message that is not whole yet is asked for again later. Every
 * length is checked against what holds it. What bounds its memory: nothing is taken.
 */
#include "rules/client_hello.h"

#include <string.h>

enum {
    RECORD_HEADER = 5,
    RECORD_HANDSHAKE = 0x16,
    RECORD_FIRST = 0x14, /* change_cipher_spec … application_data */
    RECORD_LAST = 0x17,
    RECORD_BYTES_MAX = 16384,
    RECORD_LENGTH_AT = 3,
    MESSAGE_HEADER = 4,
    MESSAGE_BYTES_MAX = 65536, /* a hello with post-quantum keys has about 2,000 */
    MAJOR_SSL3 = 3,
    VERSION_BYTES = 2,
    RANDOM_END = 2 + 32, /* version and random */
    BYTE_BITS = 8,
    NAME_TYPE_HOST = 0,
    SSL2_FLAG = 0x80,
    SSL2_HEADER = 5, /* length, type, version */
    SSL2_VERSION_AT = 3,
    SSL2_BYTES_LEAST = 9,
};

static unsigned byte_at(struct slice s, size_t index)
{
    return (unsigned char)s.data[index];
}

static unsigned two_at(struct slice s, size_t index)
{
    return byte_at(s, index) << BYTE_BITS | byte_at(s, index + 1);
}

/* Cuts a vector with a length of one or two bytes off the front; false when it is cut short. */
static bool take_vector(struct slice *rest, size_t length_bytes, struct slice *out)
{
    if (rest->length < length_bytes) {
        return false;
    }
    size_t length = length_bytes == 1 ? byte_at(*rest, 0) : two_at(*rest, 0);
    *rest = slice_skip(*rest, length_bytes);
    if (rest->length < length) {
        return false;
    }
    *out = slice_first(*rest, length);
    *rest = slice_skip(*rest, length);
    return true;
}

/* ---- records ---- */

/* What the header of the record at the start says; RESULT_BLOCKED while bytes of it miss. */
static enum result read_record(struct slice bytes, size_t *length)
{
    if ((bytes.length > 0 && byte_at(bytes, 0) != RECORD_HANDSHAKE) ||
        (bytes.length > 1 && byte_at(bytes, 1) != MAJOR_SSL3)) {
        return RESULT_INVALID;
    }
    if (bytes.length < RECORD_HEADER) {
        return RESULT_BLOCKED;
    }
    *length = two_at(bytes, RECORD_LENGTH_AT);
    return *length == 0 || *length > RECORD_BYTES_MAX ? RESULT_INVALID : RESULT_OK;
}

/* Whether the joined bytes hold a whole message. */
static enum result find_message(struct slice joined, struct tls_message *out)
{
    if (joined.length < MESSAGE_HEADER) {
        return RESULT_BLOCKED;
    }
    size_t length = (size_t)byte_at(joined, 1) << (2 * BYTE_BITS) | two_at(joined, 2);
    if (length > MESSAGE_BYTES_MAX) {
        return RESULT_INVALID;
    }
    out->type = (uint8_t)byte_at(joined, 0);
    out->body = slice_first(slice_skip(joined, MESSAGE_HEADER), length);
    return out->body.length == length ? RESULT_OK : RESULT_BLOCKED;
}

enum result tls_message_read(char *bytes, size_t length, struct tls_message *out)
{
    size_t joined = 0;
    struct slice rest = slice_of(bytes, length);
    uint16_t version = rest.length >= RECORD_HEADER ? (uint16_t)two_at(rest, 1) : 0;
    for (;;) {
        size_t record = 0;
        enum result result = read_record(rest, &record);
        if (result != RESULT_OK) {
            return result;
        }
        rest = slice_skip(rest, RECORD_HEADER);
        size_t held = rest.length < record ? rest.length : record;
        memmove(bytes + joined, rest.data, held);
        joined += held;
        rest = slice_skip(rest, held);
        *out = (struct tls_message){.record_version = version};
        result = find_message(slice_of(bytes, joined), out);
        if (result != RESULT_BLOCKED || held < record) {
            return result;
        }
    }
}

static enum result read_ssl2_version(struct slice bytes, uint16_t *version)
{
    if (bytes.length < SSL2_HEADER) {
        return RESULT_BLOCKED;
    }
    size_t length = two_at(bytes, 0) & (size_t) ~(SSL2_FLAG << BYTE_BITS);
    if (byte_at(bytes, 2) != TLS_CLIENT_HELLO || length < SSL2_BYTES_LEAST) {
        return RESULT_INVALID;
    }
    if (bytes.length < 2 + length) {
        return RESULT_BLOCKED;
    }
    *version = (uint16_t)two_at(bytes, SSL2_VERSION_AT);
    return RESULT_OK;
}

enum result tls_version_read(struct slice bytes, uint16_t *version)
{
    if (bytes.length == 0) {
        return RESULT_BLOCKED;
    }
    unsigned first = byte_at(bytes, 0);
    if ((first & SSL2_FLAG) != 0) {
        return read_ssl2_version(bytes, version);
    }
    if (first < RECORD_FIRST || first > RECORD_LAST) {
        return RESULT_INVALID;
    }
    enum { HELLO_VERSION_AT = RECORD_HEADER + MESSAGE_HEADER };
    if (bytes.length > 1 && byte_at(bytes, 1) < MAJOR_SSL3) {
        return RESULT_INVALID;
    }
    if (bytes.length < HELLO_VERSION_AT + VERSION_BYTES ||
        bytes.length < RECORD_HEADER + (size_t)two_at(bytes, RECORD_LENGTH_AT)) {
        return RESULT_BLOCKED;
    }
    bool is_hello = first == RECORD_HANDSHAKE && byte_at(bytes, RECORD_HEADER) == TLS_CLIENT_HELLO;
    *version = (uint16_t)two_at(bytes, is_hello ? HELLO_VERSION_AT : 1);
    return RESULT_OK;
}

/* ---- the hello ---- */

/* What stands behind the session id: suites, compression methods, extensions. */
static bool cut_suites(struct slice body, struct slice *suites, struct slice *rest)
{
    struct slice ignored;
    *rest = slice_skip(body, RANDOM_END);
    return take_vector(rest, 1, &ignored) && take_vector(rest, 2, suites);
}

bool client_hello_suites(struct slice body, struct slice *suites)
{
    struct slice rest;
    return cut_suites(body, suites, &rest);
}

bool client_hello_extension(struct slice body, enum tls_extension type, struct slice *data)
{
    struct slice rest;
    struct slice ignored;
    struct slice extensions;
    if (!cut_suites(body, &ignored, &rest) || !take_vector(&rest, 1, &ignored) ||
        !take_vector(&rest, 2, &extensions)) {
        return false;
    }
    while (extensions.length >= 2) {
        unsigned found = two_at(extensions, 0);
        extensions = slice_skip(extensions, 2);
        if (!take_vector(&extensions, 2, data)) {
            return false;
        }
        if (found == (unsigned)type) {
            return true;
        }
    }
    return false;
}

bool client_hello_list(struct slice body, enum tls_extension type, struct slice *list)
{
    struct slice data;
    return client_hello_extension(body, type, &data) && take_vector(&data, 2, list);
}

bool client_hello_server_name(struct slice body, struct slice *name)
{
    struct slice names;
    if (!client_hello_list(body, TLS_EXTENSION_SERVER_NAME, &names)) {
        return false;
    }
    while (names.length > 0) {
        unsigned type = byte_at(names, 0);
        names = slice_skip(names, 1);
        if (!take_vector(&names, 2, name)) {
            return false;
        }
        if (type == NAME_TYPE_HOST) {
            return true;
        }
    }
    return false;
}

bool client_hello_first_protocol(struct slice body, struct slice *protocol)
{
    struct slice protocols;
    return client_hello_list(body, TLS_EXTENSION_ALPN, &protocols) &&
           take_vector(&protocols, 1, protocol);
}

bool client_hello_next_share(struct slice *shares, struct slice *group)
{
    struct slice key;
    if (shares->length < 2) {
        return false;
    }
    *group = slice_first(*shares, 2);
    *shares = slice_skip(*shares, 2);
    return take_vector(shares, 2, &key);
}
