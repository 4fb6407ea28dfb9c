/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS handshake of a QUIC connection (RFC 9001 4), server side: CRYPTO bytes in, CRYPTO bytes,
 * secrets and an alert out. The session is released when the handshake is complete and its ticket
 * is sent; the facts that logs and fetches ask for stay in struct tls_facts.
 *
 * As tls.h: TLS_HANDSHAKE_BYTES are reserved before it begins, since GnuTLS's allocations cannot
 * fail.
 */
#ifndef WEIR_TLS_QUIC_SESSION_H
#define WEIR_TLS_QUIC_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "memory/memory.h"
#include "tls/aead.h"
#include "tls/tls.h"

enum tls_level {
    TLS_LEVEL_INITIAL,
    TLS_LEVEL_EARLY,
    TLS_LEVEL_HANDSHAKE,
    TLS_LEVEL_APPLICATION,
    TLS_LEVELS
};

/* Calls out of tls_quic_feed. A result other than RESULT_OK fails the handshake. */
struct tls_quic_events {
    /* A secret is there. For TLS_LEVEL_EARLY only `is_seal` false. The suite is known then. */
    enum result (*on_secret)(void *owner, enum tls_level level, bool is_seal, enum tls_suite suite,
                             const uint8_t *secret, size_t bytes);
    /* Handshake bytes to send at a level, in order. */
    enum result (*on_crypto)(void *owner, enum tls_level level, struct slice bytes);
    /* The client's transport parameters. */
    enum result (*on_parameters)(void *owner, struct slice bytes);
    /* Asks for ours, when the client's are known. Returns the length, 0: failed. */
    size_t (*write_parameters)(void *owner, uint8_t *out, size_t room);
};

struct tls_quic;

/* What is known about a handshake afterwards. 40 bytes or so; the name is charged to the account.
 */
struct tls_facts {
    char *server_name; /* as the client sent it; NULL: none */
    uint8_t server_name_length;
    uint8_t suite;  /* enum tls_suite */
    uint16_t group; /* GnuTLS's, for ssl_fc_curve */
    bool is_resumed;
    bool has_early_data; /* 0-RTT was accepted */
    bool has_client_certificate;
    uint8_t verify_error; /* X509_V_ERR */
    uint16_t alert;       /* sent or received when it failed; 0: none */
    int error;            /* GnuTLS's */
};

/*
 * Opens a server session of `context` for QUIC: TLS 1.3 only, one of the context's ALPN protocols
 * must be agreed. `allow_early`: 0-RTT is accepted where the context has a guard against replay
 * (max_early_data is 0xffffffff as RFC 9001 4.6.1 says). Tickets are issued and taken for QUIC
 * `version` alone (RFC 9369 5). RESULT_NO_MEMORY: the reserve is refused, nothing is left behind.
 */
MUST_USE enum result tls_quic_open(struct tls_context *context, struct account *account,
                                   const struct tls_quic_events *events, void *owner,
                                   bool allow_early, uint32_t version, struct tls_quic **out);

/*
 * Gives it handshake bytes of a level, in order, any piece of them. RESULT_OK, or RESULT_FAILED
 * (facts->alert is to be sent as CRYPTO_ERROR + alert). RESULT_INVALID: bytes of a level that TLS
 * does not read now, alone or behind a message that changed it (PROTOCOL_VIOLATION, RFC 9001
 * 4.1.3). RESULT_NO_MEMORY: a callback was refused; the connection cannot go on. A failure is for
 * ever.
 */
MUST_USE enum result tls_quic_feed(struct tls_quic *session, enum tls_level level,
                                   struct slice bytes);

/* Whether the handshake is complete (the client's Finished was verified). */
bool tls_quic_is_complete(const struct tls_quic *session);

/* Sends a session ticket (on_crypto at the application level), once; none where the context has no
 * tickets. Not where the version was changed in the handshake: it would be taken for the first one.
 */
MUST_USE enum result tls_quic_send_ticket(struct tls_quic *session);

/* The ALPN protocol agreed, "" when none. */
struct slice tls_quic_alpn(const struct tls_quic *session);

/* Fills in what is known now; the name's memory is charged to the session's account and released by
 * tls_facts_clear. RESULT_NO_MEMORY: without the name. */
MUST_USE enum result tls_quic_facts(const struct tls_quic *session, struct tls_facts *facts);
void tls_facts_clear(struct tls_facts *facts, struct account *account);

/* OpenSSL's name of a suite, as %sslc prints it. */
const char *tls_suite_name(enum tls_suite suite);

/* Releases the session. Not from inside its callbacks. */
void tls_quic_release(struct tls_quic *session);

#endif
