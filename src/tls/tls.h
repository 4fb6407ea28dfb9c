/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS by GnuTLS: certificates and settings of a bind line or a server (struct tls_context), and
 * sessions that read and write through callbacks (struct tls_session). No sockets here.
 *
 * GnuTLS crashes when malloc fails in a handshake, so its allocations are never failed:
 * tls_session_open reserves TLS_HANDSHAKE_BYTES on the account before it begins, and what the
 * library really holds is charged by counter differences afterwards (memory/library.h).
 */
#ifndef WEIR_TLS_TLS_H
#define WEIR_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "memory/memory.h"

/* Peak of a handshake inside GnuTLS, measured (33-40 KiB), reserved before it begins. */
enum { TLS_HANDSHAKE_BYTES = 40 * 1024 };

enum tls_version {
    TLS_VERSION_DEFAULT,
    TLS_VERSION_1_0,
    TLS_VERSION_1_1,
    TLS_VERSION_1_2,
    TLS_VERSION_1_3
};
enum tls_verify { TLS_VERIFY_NONE, TLS_VERIFY_OPTIONAL, TLS_VERIFY_REQUIRED };

struct tls_context; /* immutable after load; shared by sessions of one worker's bind line or server
                     */
struct tls_session;

/* Settings as the configuration gives them; strings are borrowed until tls_context_create returns.
 */
struct tls_options {
    bool is_server;                  /* role: bind line (true) or towards a server */
    const char *const *certificates; /* crt: PEM bundle files or folders; is_server false: one
                                        client certificate or none */
    size_t certificates_count;
    const char *alpn; /* "h2,http/1.1" or NULL */
    enum tls_version min_version, max_version;
    enum tls_verify verify;
    const char *ca_file; /* PEM, or "@system-ca", or NULL */
    const char *crl_file;
    const char *verify_host;
    const char *ciphers;      /* OpenSSL's TLS 1.2 list, translated; NULL: default */
    const char *ciphersuites; /* OpenSSL's TLS 1.3 list, translated; NULL: default */
    const char *curves;
    bool strict_sni;
    bool no_bundles; /* ssl-load-extra-files without "bundle": a file that is not there has no mates
                      */
    bool no_key_files; /* and without "key": the key is in the certificate's file */
    bool no_tickets;
    bool prefer_client_ciphers;
    bool is_quic;     /* for QUIC: TLS 1.3 alone, without AES-CCM; ALPN must be agreed */
    bool allow_early; /* QUIC: 0-RTT is accepted, guarded against replay */
};

/*
 * Loads certificates, keys and settings, charged to `account` (configuration). On RESULT_INVALID or
 * RESULT_FAILED `error` says which file and what was expected, in words for the user.
 */
MUST_USE enum result tls_context_create(const struct tls_options *options, struct account *account,
                                        struct tls_context **out, struct text *error);
void tls_context_destroy(struct tls_context *context);

/* Whether a `crt` argument of a bind line names something: a file, a folder or, where `bundles`,
 * the stem of .rsa, .ecdsa or .dsa files. errno tells of the file when it does not. */
bool tls_certificate_exists(const char *path, bool bundles);

/* Reads and writes of the record layer's bytes: as recv(2)/send(2): -1 with errno EAGAIN when
 * blocked, 0 at end of input. */
struct tls_io {
    ssize_t (*receive)(void *owner, void *data, size_t bytes);
    ssize_t (*send)(void *owner, const void *data, size_t bytes);
};

/*
 * Opens a session. The handshake's peak is reserved on `account` first: RESULT_NO_MEMORY when
 * refused (nothing is left behind). `sni` for the client role, or empty.
 */
MUST_USE enum result tls_session_open(struct tls_context *context, struct account *account,
                                      const struct tls_io *io, void *io_owner, struct slice sni,
                                      struct tls_session **out);

/* Goes on with the handshake. RESULT_OK: complete. RESULT_BLOCKED: wait for
 * tls_session_wants_write() ? write : read. RESULT_FAILED, RESULT_END. */
MUST_USE enum result tls_session_handshake(struct tls_session *session);

/* Whether the last blocked call waits for the socket to become writable (else readable). */
bool tls_session_wants_write(const struct tls_session *session);

/* Reads decrypted bytes: RESULT_OK with *count > 0, RESULT_BLOCKED, RESULT_END (close_notify or end
 * of input), RESULT_FAILED. */
MUST_USE enum result tls_session_read(struct tls_session *session, void *data, size_t bytes,
                                      size_t *count);

/* Whether decrypted bytes wait inside the session (the socket will not tell). */
bool tls_session_has_pending(const struct tls_session *session);

/* Seals and sends bytes; a blocked call is resumed by calling again with the same bytes. RESULT_OK
 * with *count, RESULT_BLOCKED, RESULT_FAILED. */
MUST_USE enum result tls_session_write(struct tls_session *session, const void *data, size_t bytes,
                                       size_t *count);

/* Sends close_notify once, best effort. */
MUST_USE enum result tls_session_finish(struct tls_session *session);

/* Releases the session and its charges. */
void tls_session_release(struct tls_session *session);

/* ---- what logs, fetches and checks ask ---- */
struct slice tls_session_alpn(const struct tls_session *session); /* "" when none was agreed */
struct slice tls_session_sni(const struct tls_session *session);  /* as the client sent it, or "" */
const char *
tls_session_protocol(const struct tls_session *session); /* "TLSv1.3" as HAProxy prints %sslv */
const char *tls_session_cipher(const struct tls_session *session); /* OpenSSL's name, as %sslc */
bool tls_session_is_resumed(const struct tls_session *session);
bool tls_session_has_client_certificate(const struct tls_session *session);
/* The peer's verification result as OpenSSL's X509_V_ERR number (0: ok). */
unsigned tls_session_verify_error(const struct tls_session *session);
/* Appends why the handshake failed, in a form fit for a log line ("SSL handshake failure"…). */
void tls_session_append_error(const struct tls_session *session, struct text *text);
/* Bytes held inside the library for this session. */
size_t tls_session_held_bytes(const struct tls_session *session);

/* The library's name and version for -vv. */
const char *tls_library_version(void);

#endif
