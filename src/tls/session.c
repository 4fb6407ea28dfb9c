/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS session: handshake, records, end. The record layer's bytes go through the owner's
 * callbacks.
 *
 * Hard idea: memory inside a library that must never be refused any. The handshake's peak is
 * reserved on the account before GnuTLS is called for the first time; each call is metered, and
 * what the library has taken comes off the reserve, so that reserve and use together are the peak.
 * When the handshake is done the rest of the reserve goes back. Later calls (a record takes and
 * gives back some 16 KiB) are metered alone.
 *
 * What bounds its memory: TLS_HANDSHAKE_BYTES; messages of a handshake are capped. RFC 8446, RFC
 * 5246.
 */
#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "base/assert.h"
#include "base/number.h"
#include "base/text.h"
#include "tls/aead.h"
#include "tls/context_internal.h"

enum {
    /* Warnings, renegotiation wishes and the like that one call takes before the peer is taken for
       hostile. */
    NUISANCES_MAX = 16,
    NAME_SIZE = 256,
    TICKET_KEY_BYTES_MAX = 64, /* of GnuTLS's */
    TICKET_LABEL_SIZE = 20,
};

/* ---- metering ---- */

static struct library_meter begin_call(void)
{
    return library_meter_begin();
}

/* Under way, reserve and use stay at the peak together. */
void tls_session_end_call(struct tls_session *session, struct library_meter meter)
{
    account_discharge(session->account, session->reserved);
    session->reserved = 0;
    library_meter_end(meter, session->account, &session->library_bytes);
    if (!session->is_complete && session->library_bytes < TLS_HANDSHAKE_BYTES) {
        session->reserved = TLS_HANDSHAKE_BYTES - session->library_bytes;
        account_charge_forced(session->account, session->reserved);
    }
}

/* ---- the record layer's bytes ---- */

static ssize_t pull(gnutls_transport_ptr_t pointer, void *data, size_t bytes)
{
    struct tls_session *session = pointer;
    ssize_t count = session->io->receive(session->io_owner, data, bytes);
    session->is_drained = count < 0;
    return count;
}

static ssize_t push(gnutls_transport_ptr_t pointer, const void *data, size_t bytes)
{
    const struct tls_session *session = pointer;
    return session->io->send(session->io_owner, data, bytes);
}

/* Without timeouts GnuTLS asks only whether it may read now: it may always try. */
static int pull_timeout(gnutls_transport_ptr_t pointer, unsigned milliseconds)
{
    (void)pointer;
    (void)milliseconds;
    return 1;
}

/* ---- opening ---- */

static unsigned init_flags(const struct tls_context *context)
{
    unsigned flags = context->is_server ? GNUTLS_SERVER : GNUTLS_CLIENT;
    flags |= GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
    return context->has_tickets ? flags : flags | GNUTLS_NO_TICKETS;
}

static bool is_ip_literal(struct slice name)
{
    struct address address;
    return address_parse_ip(name, &address) == RESULT_OK;
}

/* Tickets under the context's key, or one derived from it for a version of QUIC. */
static int enable_tickets(struct tls_session *session)
{
    const gnutls_datum_t *key = &session->context->ticket_key;
    if (session->ticket_version == 0) {
        return gnutls_session_ticket_enable_server(session->native, key);
    }
    uint8_t bytes[TICKET_KEY_BYTES_MAX];
    char buffer[TICKET_LABEL_SIZE];
    struct text label = text_over(buffer, sizeof(buffer));
    ASSERT(key->size <= sizeof(bytes));
    text_append_format(&label, "tickets %08x", session->ticket_version);
    tls_hkdf_expand_label(TLS_SUITE_AES_128_GCM, key->data, key->size, buffer, bytes, key->size);
    int status = gnutls_session_ticket_enable_server(
        session->native, &(gnutls_datum_t){.data = bytes, .size = key->size});
    gnutls_memset(bytes, 0, sizeof(bytes));
    return status;
}

static int set_role(struct tls_session *session)
{
    struct tls_context *context = session->context;
    if (context->is_server) {
        tls_sni_watch_hello(session);
        gnutls_handshake_set_max_packet_length(session->native, context->verify == TLS_VERIFY_NONE
                                                                    ? TLS_HELLO_BYTES_MAX
                                                                    : TLS_CHAIN_BYTES_MAX);
        return context->has_tickets ? enable_tickets(session) : GNUTLS_E_SUCCESS;
    }
    gnutls_handshake_set_max_packet_length(session->native, TLS_CHAIN_BYTES_MAX);
    struct slice name = slice_of(session->name, session->name_length);
    /* RFC 6066 3: literal addresses are not sent. */
    if (name.length == 0 || is_ip_literal(name)) {
        return GNUTLS_E_SUCCESS;
    }
    return gnutls_server_name_set(session->native, GNUTLS_NAME_DNS, name.data, name.length);
}

int tls_session_set_up(struct tls_session *session, unsigned flags)
{
    struct tls_context *context = session->context;
    int status = gnutls_init(&session->native, init_flags(context) | flags);
    if (status < 0) {
        session->native = NULL;
        return status;
    }
    gnutls_session_set_ptr(session->native, session);
    gnutls_transport_set_ptr(session->native, session);
    gnutls_transport_set_pull_function(session->native, pull);
    gnutls_transport_set_push_function(session->native, push);
    gnutls_transport_set_pull_timeout_function(session->native, pull_timeout);
    status = gnutls_priority_set(session->native, context->priority);
    if (status >= 0) {
        status =
            gnutls_credentials_set(session->native, GNUTLS_CRD_CERTIFICATE, context->credentials);
    }
    if (status >= 0 && context->protocols_count > 0) {
        status = gnutls_alpn_set_protocols(session->native, context->protocols,
                                           context->protocols_count, GNUTLS_ALPN_SERVER_PRECEDENCE);
    }
    if (status >= 0) {
        tls_verify_install(session);
        status = set_role(session);
    }
    return status;
}

/* Copies the name that a client session sends and checks. */
static enum result copy_name(struct tls_session *session, struct slice sni)
{
    if (session->context->is_server || sni.length == 0) {
        return RESULT_OK;
    }
    session->name = memory_copy_string(session->account, sni);
    if (session->name == NULL) {
        return RESULT_NO_MEMORY;
    }
    session->name_length = sni.length;
    return RESULT_OK;
}

enum result tls_session_init(struct tls_session *session, struct tls_context *context,
                             struct account *account)
{
    enum result result = account_charge(account, TLS_HANDSHAKE_BYTES);
    if (result == RESULT_OK) {
        session->context = context;
        session->account = account;
        session->reserved = TLS_HANDSHAKE_BYTES;
    }
    return result;
}

static struct tls_session *take_session(struct tls_context *context, struct account *account)
{
    struct tls_session *session = memory_take(account, sizeof(*session));
    if (session != NULL && tls_session_init(session, context, account) != RESULT_OK) {
        memory_release(account, session);
        return NULL;
    }
    return session;
}

enum result tls_session_open(struct tls_context *context, struct account *account,
                             const struct tls_io *io, void *io_owner, struct slice sni,
                             struct tls_session **out)
{
    struct tls_session *session = take_session(context, account);
    if (session == NULL) {
        return RESULT_NO_MEMORY;
    }
    session->io = io;
    session->io_owner = io_owner;
    enum result result = copy_name(session, sni);
    if (result != RESULT_OK) {
        tls_session_release(session);
        return result;
    }
    struct library_meter meter = begin_call();
    int status = tls_session_set_up(session, 0);
    if (status >= 0 && !context->is_server) {
        tls_resumption_offer(session);
    }
    tls_session_end_call(session, meter);
    if (status < 0) {
        tls_session_release(session);
        return RESULT_FAILED;
    }
    *out = session;
    return RESULT_OK;
}

void tls_session_deinit(struct tls_session *session)
{
    if (session->native != NULL) {
        if (!session->context->is_server) {
            tls_resumption_keep(session);
        }
        struct library_meter meter = begin_call();
        gnutls_deinit(session->native);
        tls_session_end_call(session, meter);
    }
    account_discharge(session->account, session->reserved);
    library_meter_clear(session->account, &session->library_bytes);
    memory_release(session->account, session->name);
}

void tls_session_release(struct tls_session *session)
{
    if (session != NULL) {
        tls_session_deinit(session);
        memory_release(session->account, session);
    }
}

/* ---- handshake ---- */

void tls_session_keep_name(struct tls_session *session)
{
    char name[NAME_SIZE];
    size_t size = sizeof(name);
    unsigned type = GNUTLS_NAME_DNS;
    int status = gnutls_server_name_get(session->native, name, &size, &type, 0);
    if (status != GNUTLS_E_SUCCESS || size == 0) {
        return;
    }
    session->name = memory_copy_string(session->account, slice_of(name, size));
    session->name_length = session->name == NULL ? 0 : size;
}

static bool is_blocked(int status)
{
    return status == GNUTLS_E_AGAIN || status == GNUTLS_E_INTERRUPTED;
}

static enum result note_blocked(struct tls_session *session)
{
    session->wants_write = gnutls_record_get_direction(session->native) == 1;
    return RESULT_BLOCKED;
}

/* Notes a fatal error; the peer is told why where there is a reason to tell. */
static enum result note_failure(struct tls_session *session, int status)
{
    session->error = status;
    session->is_finished = true;
    session->wants_write = false;
    if (status == GNUTLS_E_PREMATURE_TERMINATION) {
        session->is_truncated = true;
        return RESULT_END;
    }
    return RESULT_FAILED;
}

static void send_alert(struct tls_session *session, int status)
{
    if (session->is_name_refused) {
        (void)gnutls_alert_send(session->native, GNUTLS_AL_FATAL, GNUTLS_A_UNRECOGNIZED_NAME);
    } else if (status != GNUTLS_E_PUSH_ERROR && status != GNUTLS_E_PULL_ERROR &&
               status != GNUTLS_E_PREMATURE_TERMINATION) {
        (void)gnutls_alert_send_appropriate(session->native, status);
    }
}

static int shake_hands(struct tls_session *session)
{
    int status = GNUTLS_E_AGAIN;
    for (unsigned i = 0; i < NUISANCES_MAX; i++) {
        status = gnutls_handshake(session->native);
        if (status == GNUTLS_E_SUCCESS || is_blocked(status) ||
            gnutls_error_is_fatal(status) != 0) {
            return status;
        }
    }
    return GNUTLS_E_UNEXPECTED_PACKET;
}

enum result tls_session_handshake(struct tls_session *session)
{
    if (session->error != 0) {
        return RESULT_FAILED;
    }
    struct library_meter meter = begin_call();
    int status = shake_hands(session);
    if (status < 0 && !is_blocked(status)) {
        send_alert(session, status);
    }
    session->is_complete = status == GNUTLS_E_SUCCESS;
    tls_session_end_call(session, meter);
    if (is_blocked(status)) {
        return note_blocked(session);
    }
    if (session->context->is_server) {
        tls_session_keep_name(session);
    }
    if (status != GNUTLS_E_SUCCESS) {
        return note_failure(session, status);
    }
    session->wants_write = false;
    unsigned count = 0;
    session->has_peer_certificate = gnutls_certificate_get_peers(session->native, &count) != NULL;
    return RESULT_OK;
}

bool tls_session_wants_write(const struct tls_session *session)
{
    return session->wants_write;
}

/* ---- records ---- */

/* Whether a blocked read was only a handshake message (a ticket, a key update), behind which there
 * may be data. */
static bool is_worth_another(const struct tls_session *session, ssize_t status)
{
    return is_blocked((int)status) && !session->is_drained &&
           gnutls_record_get_direction(session->native) == 0;
}

/* Reads past what is no data and no end. */
static ssize_t receive_data(struct tls_session *session, void *data, size_t bytes)
{
    ssize_t status = GNUTLS_E_AGAIN;
    for (unsigned i = 0; i < NUISANCES_MAX; i++) {
        session->is_drained = false;
        status = gnutls_record_recv(session->native, data, bytes);
        if (status == GNUTLS_E_REHANDSHAKE) {
            /* Renegotiation is refused (RFC 5246 7.2.2); the peer may go on without. */
            (void)gnutls_alert_send(session->native, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
        } else if (!is_worth_another(session, status) &&
                   (status >= 0 || is_blocked((int)status) ||
                    gnutls_error_is_fatal((int)status) != 0)) {
            return status;
        }
    }
    /* Messages go on next time, after others had their turn; warnings without end are no
     * conversation. */
    return is_blocked((int)status) ? status : GNUTLS_E_UNEXPECTED_PACKET;
}

enum result tls_session_read(struct tls_session *session, void *data, size_t bytes, size_t *count)
{
    if (session->error != 0) {
        return session->is_truncated ? RESULT_END : RESULT_FAILED;
    }
    errno = 0;
    struct library_meter meter = begin_call();
    ssize_t status = receive_data(session, data, bytes);
    tls_session_end_call(session, meter);
    if (status > 0) {
        session->wants_write = false;
        *count = (size_t)status;
        return RESULT_OK;
    }
    if (status == 0) {
        return RESULT_END;
    }
    return is_blocked((int)status) ? note_blocked(session) : note_failure(session, (int)status);
}

bool tls_session_has_pending(const struct tls_session *session)
{
    return session->is_complete && gnutls_record_check_pending(session->native) > 0;
}

enum result tls_session_write(struct tls_session *session, const void *data, size_t bytes,
                              size_t *count)
{
    if (session->error != 0 || session->is_finished) {
        return RESULT_FAILED;
    }
    errno = 0;
    struct library_meter meter = begin_call();
    /* Bytes that are sealed already are sent on from GnuTLS's own buffer. */
    ssize_t status = session->sealed > 0 ? gnutls_record_send(session->native, NULL, 0)
                                         : gnutls_record_send(session->native, data, bytes);
    tls_session_end_call(session, meter);
    if (status > 0) {
        session->sealed = 0;
        session->wants_write = false;
        *count = (size_t)status;
        return RESULT_OK;
    }
    if (is_blocked((int)status)) {
        session->sealed = session->sealed > 0 ? session->sealed : bytes;
        return note_blocked(session);
    }
    enum result result = note_failure(session, (int)status);
    return result == RESULT_END ? RESULT_FAILED : result;
}

enum result tls_session_finish(struct tls_session *session)
{
    if (session->is_finished || !session->is_complete) {
        return RESULT_OK;
    }
    struct library_meter meter = begin_call();
    int status = gnutls_bye(session->native, GNUTLS_SHUT_WR);
    tls_session_end_call(session, meter);
    if (is_blocked(status)) {
        return note_blocked(session);
    }
    session->is_finished = true;
    return status < 0 ? RESULT_FAILED : RESULT_OK;
}
