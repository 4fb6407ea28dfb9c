/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a context and a session, shared by the files of src/tls only.
 */
#ifndef WEIR_TLS_CONTEXT_INTERNAL_H
#define WEIR_TLS_CONTEXT_INTERNAL_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "memory/library.h"
#include "memory/memory.h"
#include "tls/certificate.h"
#include "tls/tls.h"

enum {
    TLS_ALPN_MAX = 8,         /* protocols of one list */
    TLS_RESUMPTION_SLOTS = 4, /* server names whose last session a client context remembers */
    TLS_RESUMPTION_BYTES_MAX = 8 * 1024, /* a session's data: ticket and the server's chain */
    TLS_HELLO_BYTES_MAX = 16 * 1024,     /* of a ClientHello */
    TLS_CHAIN_BYTES_MAX = 64 * 1024,     /* of a message where the peer is asked for a chain */
};

/* The last session with a server of one name, to be resumed. */
struct tls_resumption {
    uint64_t name_hash;
    void *data; /* NULL: free */
    size_t bytes;
};

struct tls_replay;

struct tls_context {
    struct account *account;
    size_t library_bytes; /* held by GnuTLS, metered */
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    gnutls_datum_t ticket_key; /* the server's; GnuTLS rotates what it derives from it */
    struct tls_certificates certificates;
    char *alpn; /* storage of the protocols' names */
    gnutls_datum_t protocols[TLS_ALPN_MAX];
    unsigned protocols_count;
    char *verify_host; /* or NULL */
    enum tls_verify verify;
    bool is_server;
    bool strict_sni;
    bool has_tickets;
    bool is_quic;
    struct tls_replay *replay; /* guard of 0-RTT; NULL: none is accepted */
    struct tls_resumption resumptions[TLS_RESUMPTION_SLOTS];
    unsigned resumption_next; /* slot that is replaced next */
};

struct tls_session {
    struct tls_context *context;
    struct account *account;
    gnutls_session_t native;
    const struct tls_io *io;
    void *io_owner;
    size_t library_bytes; /* held by GnuTLS, metered */
    size_t reserved;      /* of TLS_HANDSHAKE_BYTES, not yet used by the library */
    size_t sealed;        /* bytes of a write that was blocked after they were sealed */
    char *name;           /* server role: the name the client sent; client role: the one to check */
    size_t name_length;
    uint32_t ticket_version; /* of QUIC, that tickets are issued and taken for; 0: TCP */
    int error;               /* GnuTLS's, of the failure */
    unsigned verify_error;   /* X509_V_ERR */
    bool is_complete;
    bool is_finished; /* close_notify sent, or not to be sent any more */
    bool wants_write;
    bool is_drained;      /* the last call asked for more input than there was */
    bool is_name_refused; /* strict-sni */
    bool offers_ecdsa; /* the hello has a suite of TLS 1.2 for certificates with elliptic curves */
    bool is_truncated; /* input ended without close_notify */
    bool has_peer_certificate;
};

/* Reserves a handshake's peak for a zeroed session. RESULT_NO_MEMORY. (session.c, as what follows)
 */
MUST_USE enum result tls_session_init(struct tls_session *session, struct tls_context *context,
                                      struct account *account);

/* Makes the library's session with additional flags of gnutls_init; its status. Metered by the
 * caller. */
int tls_session_set_up(struct tls_session *session, unsigned flags);

/* Charges what the library gained since `meter`. */
void tls_session_end_call(struct tls_session *session, struct library_meter meter);

/* Keeps the name that the client sent; without memory for it the name is only missing in logs. */
void tls_session_keep_name(struct tls_session *session);

/* Gives back all that a session holds, but not itself. */
void tls_session_deinit(struct tls_session *session);

/* Sets the certificate choice of a context (sni.c). */
void tls_sni_install(struct tls_context *context);

/* Lets a server session look at the hello, where its context has keys of both kinds to choose from
 * (sni.c). */
void tls_sni_watch_hello(struct tls_session *session);

/* Checks the peer's certificate in the handshake of `session`, as its context demands (verify.c).
 */
void tls_verify_install(struct tls_session *session);

/* Gives the session data of the last session with this name to the library, if there is any. */
void tls_resumption_offer(struct tls_session *session);

/* Remembers a client session that ends, for the next one. */
void tls_resumption_keep(struct tls_session *session);

/* Releases all remembered sessions. */
void tls_resumption_clear(struct tls_context *context);

#endif
