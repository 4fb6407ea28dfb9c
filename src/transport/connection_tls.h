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

struct slice connection_tls_sni(const struct connection *connection);  /* "" when none was sent */
struct slice connection_tls_alpn(const struct connection *connection); /* "" when none was agreed */
const char *connection_tls_protocol(const struct connection *connection); /* "TLSv1.3" */
const char *connection_tls_cipher(const struct connection *connection);   /* OpenSSL's name */
bool connection_tls_is_resumed(const struct connection *connection);
bool connection_tls_has_client_certificate(const struct connection *connection);
unsigned connection_tls_verify_error(const struct connection *connection); /* X509_V_ERR */

#endif
