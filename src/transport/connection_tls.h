/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What logs and fetches ask of a connection's TLS, whether it is TCP's (a session that lives) or
 * QUIC's (facts that its handshake left behind).
 */
#ifndef WEIR_TRANSPORT_CONNECTION_TLS_H
#define WEIR_TRANSPORT_CONNECTION_TLS_H

#include <stdbool.h>

#include "base/slice.h"
#include "transport/connection.h"

/* Whether it speaks TLS; NULL does not. The others are asked of those that do. */
bool connection_has_tls(const struct connection *connection);

/* The name that the client sent. */
struct slice connection_tls_sni(const struct connection *connection); /* "" when none was sent */
/* The protocol agreed. */
struct slice connection_tls_alpn(const struct connection *connection); /* "" when none was agreed */
/* As %sslv. */
const char *connection_tls_protocol(const struct connection *connection); /* "TLSv1.3" */
/* As %sslc. */
const char *connection_tls_cipher(const struct connection *connection); /* OpenSSL's name */
/* Whether a session was resumed. */
bool connection_tls_is_resumed(const struct connection *connection);
/* Whether the client showed one. */
bool connection_tls_has_client_certificate(const struct connection *connection);
/* 0: the client's certificate is good. */
unsigned connection_tls_verify_error(const struct connection *connection); /* X509_V_ERR */

#endif
