/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first handshake message of a TLS stream that is passed on unread, as rules look at it
 * (req.ssl_sni and its siblings). Sans-I/O; nothing is taken, values point into the caller's bytes.
 */
#ifndef WEIR_RULES_CLIENT_HELLO_H
#define WEIR_RULES_CLIENT_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

enum tls_message_type { TLS_CLIENT_HELLO = 1, TLS_SERVER_HELLO = 2 };

/* Extensions that rules ask for (IANA "TLS ExtensionType Values"). */
enum tls_extension {
    TLS_EXTENSION_SERVER_NAME = 0,
    TLS_EXTENSION_SUPPORTED_GROUPS = 10,
    TLS_EXTENSION_SIGNATURE_ALGORITHMS = 13,
    TLS_EXTENSION_ALPN = 16,
    TLS_EXTENSION_SESSION_TICKET = 35,
    TLS_EXTENSION_KEY_SHARE = 51,
};

/* One handshake message, complete. */
struct tls_message {
    uint8_t type;            /* enum tls_message_type, or another */
    uint16_t record_version; /* of the first record: 0x0301 */
    struct slice body;       /* behind the message's header */
};

/*
 * Finds the message at the start of a stream. The payloads of records that it is spread over are
 * joined in place, so `bytes` are changed. RESULT_OK; RESULT_BLOCKED: not complete yet;
 * RESULT_INVALID: no TLS handshake, or a message that is too long.
 */
MUST_USE enum result tls_message_read(char *bytes, size_t length, struct tls_message *out);

/*
 * The version that a stream's first bytes announce, major in the upper byte: of a ClientHello in
 * SSLv3 and later records what the hello says, of other records theirs, of an SSLv2 hello what that
 * says; once the first record is whole. Results as above.
 */
MUST_USE enum result tls_version_read(struct slice bytes, uint16_t *version);

/* The cipher suites of a ClientHello, two bytes each; false when the body is malformed. */
bool client_hello_suites(struct slice body, struct slice *suites);

/* The data of the first extension of that type; false when there is none. */
bool client_hello_extension(struct slice body, enum tls_extension type, struct slice *data);

/* The host name of server_name (RFC 6066 3); false when there is none. */
bool client_hello_server_name(struct slice body, struct slice *name);

/* The first protocol of ALPN (RFC 7301 3.1); false when there is none. */
bool client_hello_first_protocol(struct slice body, struct slice *protocol);

/* The list in an extension that is a list of two-byte values with its length in front. */
bool client_hello_list(struct slice body, enum tls_extension type, struct slice *list);

/* Takes the next group of a key_share list (RFC 8446 4.2.8) and skips its key; false at the end. */
bool client_hello_next_share(struct slice *shares, struct slice *group);

#endif
