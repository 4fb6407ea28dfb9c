/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS of a connection as logs and fetches see it: a GnuTLS session that lives as long as a TCP
 * connection, or the few facts that a QUIC connection keeps of its handshake, whose session is gone
 * by then. No memory.
 */
#include "transport/connection_tls.h"

#include "quic/connection.h"

static const struct tls_facts *facts_of(const struct connection *connection)
{
    return quic_connection_tls(connection->quic);
}

bool connection_has_tls(const struct connection *connection)
{
    return connection != NULL && (connection->tls != NULL || connection->quic != NULL);
}

struct slice connection_tls_sni(const struct connection *connection)
{
    if (connection->tls != NULL) {
        return tls_session_sni(connection->tls);
    }
    const struct tls_facts *facts = facts_of(connection);
    return slice_of(facts->server_name, facts->server_name_length);
}

struct slice connection_tls_alpn(const struct connection *connection)
{
    return connection->tls != NULL ? tls_session_alpn(connection->tls)
                                   : quic_connection_alpn(connection->quic);
}

const char *connection_tls_protocol(const struct connection *connection)
{
    return connection->tls != NULL ? tls_session_protocol(connection->tls) : "TLSv1.3";
}

const char *connection_tls_cipher(const struct connection *connection)
{
    return connection->tls != NULL ? tls_session_cipher(connection->tls)
                                   : tls_suite_name((enum tls_suite)facts_of(connection)->suite);
}

bool connection_tls_is_resumed(const struct connection *connection)
{
    return connection->tls != NULL ? tls_session_is_resumed(connection->tls)
                                   : facts_of(connection)->is_resumed;
}

bool connection_tls_has_client_certificate(const struct connection *connection)
{
    return connection->tls != NULL ? tls_session_has_client_certificate(connection->tls)
                                   : facts_of(connection)->has_client_certificate;
}

unsigned connection_tls_verify_error(const struct connection *connection)
{
    return connection->tls != NULL ? tls_session_verify_error(connection->tls)
                                   : facts_of(connection)->verify_error;
}
