/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS handshake of a QUIC connection by GnuTLS's hooks: messages without records. The session
 * inside is the same as TCP's (context_internal.h), so that certificates, names, tickets and
 * verification are the same.
 *
 * Hard idea: GnuTLS's allocations are metered around each call (session.c), but its hooks call back
 * into the core, which allocates on its own account: the meter rests while a hook runs. RFC 9001
 * 4, 8.
 */
#include "tls/quic_session.h"

#include <string.h>

#include "base/assert.h"
#include "base/number.h"
#include "tls/context_internal.h"
#include "tls/names.h"
#include "tls/replay.h"

enum {
    PARAMETERS_EXTENSION = 0x39, /* RFC 9001 8.2 */
    PARAMETERS_BYTES_MAX = 512,  /* what this side sends */
    NAME_LENGTH_MAX = UINT8_MAX,
    EXTENSION_MISSING = 109, /* RFC 8446 6.2 */
    NO_PROTOCOL = 120,
    INTERNAL_ERROR = 80,
    STEPS_MAX = 32, /* messages of one flight */
};

struct tls_quic {
    struct tls_session session;
    const struct tls_quic_events *events;
    void *owner;
    struct library_meter meter; /* of the call under way */
    uint16_t alert;
    bool has_parameters;
};

static struct tls_quic *quic_of(gnutls_session_t native)
{
    struct tls_session *session = gnutls_session_get_ptr(native);
    return container_of(session, struct tls_quic, session);
}

/* ---- metering around hooks ---- */

static void begin_call(struct tls_quic *q)
{
    q->meter = library_meter_begin();
}

static void end_call(struct tls_quic *q)
{
    tls_session_end_call(&q->session, q->meter);
}

/* ---- hooks ---- */

static enum tls_level level_of(gnutls_record_encryption_level_t level)
{
    switch (level) {
    case GNUTLS_ENCRYPTION_LEVEL_INITIAL:
        return TLS_LEVEL_INITIAL;
    case GNUTLS_ENCRYPTION_LEVEL_EARLY:
        return TLS_LEVEL_EARLY;
    case GNUTLS_ENCRYPTION_LEVEL_HANDSHAKE:
        return TLS_LEVEL_HANDSHAKE;
    case GNUTLS_ENCRYPTION_LEVEL_APPLICATION:
        break;
    }
    return TLS_LEVEL_APPLICATION;
}

static bool find_suite(gnutls_cipher_algorithm_t cipher, enum tls_suite *suite)
{
    switch ((int)cipher) {
    case GNUTLS_CIPHER_AES_128_GCM:
        *suite = TLS_SUITE_AES_128_GCM;
        return true;
    case GNUTLS_CIPHER_AES_256_GCM:
        *suite = TLS_SUITE_AES_256_GCM;
        return true;
    case GNUTLS_CIPHER_CHACHA20_POLY1305:
        *suite = TLS_SUITE_CHACHA20_POLY1305;
        return true;
    default:
        return false;
    }
}

static enum result give_secrets(struct tls_quic *q, enum tls_level level, const void *read,
                                const void *write, size_t bytes)
{
    gnutls_session_t native = q->session.native;
    enum tls_suite suite;
    gnutls_cipher_algorithm_t cipher =
        level == TLS_LEVEL_EARLY ? gnutls_early_cipher_get(native) : gnutls_cipher_get(native);
    if (!find_suite(cipher, &suite)) {
        return RESULT_FAILED;
    }
    enum result result = RESULT_OK;
    if (write != NULL) {
        result = q->events->on_secret(q->owner, level, true, suite, write, bytes);
    }
    if (result == RESULT_OK && read != NULL) {
        result = q->events->on_secret(q->owner, level, false, suite, read, bytes);
    }
    return result;
}

static int on_secret(gnutls_session_t native, gnutls_record_encryption_level_t level,
                     const void *read, const void *write, size_t bytes)
{
    struct tls_quic *q = quic_of(native);
    if (!q->has_parameters) { /* RFC 9001 8.2 */
        q->alert = EXTENSION_MISSING;
        return -1;
    }
    end_call(q);
    enum result result = give_secrets(q, level_of(level), read, write, bytes);
    begin_call(q);
    return result == RESULT_OK ? 0 : -1;
}

static int on_message(gnutls_session_t native, gnutls_record_encryption_level_t level,
                      gnutls_handshake_description_t type, const void *data, size_t bytes)
{
    struct tls_quic *q = quic_of(native);
    if (type == GNUTLS_HANDSHAKE_CHANGE_CIPHER_SPEC) {
        return 0; /* QUIC has none (RFC 9001 8.4) */
    }
    end_call(q);
    enum result result = q->events->on_crypto(q->owner, level_of(level), slice_of(data, bytes));
    begin_call(q);
    return result == RESULT_OK ? 0 : -1;
}

static int on_alert(gnutls_session_t native, gnutls_record_encryption_level_t level,
                    gnutls_alert_level_t severity, gnutls_alert_description_t description)
{
    (void)level;
    (void)severity;
    quic_of(native)->alert = (uint16_t)description;
    return 0;
}

static int on_peer_parameters(gnutls_session_t native, const unsigned char *data, size_t bytes)
{
    struct tls_quic *q = quic_of(native);
    end_call(q);
    enum result result = q->events->on_parameters(q->owner, slice_of((const char *)data, bytes));
    begin_call(q);
    q->has_parameters = result == RESULT_OK;
    return result == RESULT_OK ? 0 : GNUTLS_E_RECEIVED_ILLEGAL_PARAMETER;
}

static int on_own_parameters(gnutls_session_t native, gnutls_buffer_t out)
{
    struct tls_quic *q = quic_of(native);
    uint8_t bytes[PARAMETERS_BYTES_MAX];
    size_t count = q->events->write_parameters(q->owner, bytes, sizeof(bytes));
    return count == 0 ? GNUTLS_E_INTERNAL_ERROR : gnutls_buffer_append_data(out, bytes, count);
}

/* ---- opening ---- */

static int set_hooks(struct tls_quic *q, bool allow_early)
{
    gnutls_session_t native = q->session.native;
    const struct tls_context *context = q->session.context;
    gnutls_handshake_set_secret_function(native, on_secret);
    gnutls_handshake_set_read_function(native, on_message);
    gnutls_alert_set_read_function(native, on_alert);
    if (allow_early && context->replay != NULL) {
        tls_replay_enable(context->replay, native);
    }
    if (context->protocols_count > 0) {
        int status = gnutls_alpn_set_protocols(
            native, (gnutls_datum_t *)(uintptr_t)context->protocols, context->protocols_count,
            GNUTLS_ALPN_SERVER_PRECEDENCE | GNUTLS_ALPN_MANDATORY);
        if (status < 0) {
            return status;
        }
    }
    return gnutls_session_ext_register(
        native, "QUIC transport parameters", PARAMETERS_EXTENSION, GNUTLS_EXT_TLS,
        on_peer_parameters, on_own_parameters, NULL, NULL, NULL,
        GNUTLS_EXT_FLAG_TLS | GNUTLS_EXT_FLAG_CLIENT_HELLO | GNUTLS_EXT_FLAG_EE);
}

enum result tls_quic_open(struct tls_context *context, struct account *account,
                          const struct tls_quic_events *events, void *owner, bool allow_early,
                          struct tls_quic **out)
{
    struct tls_quic *q = memory_take(account, sizeof(*q));
    if (q == NULL) {
        return RESULT_NO_MEMORY;
    }
    if (tls_session_init(&q->session, context, account) != RESULT_OK) {
        memory_release(account, q);
        return RESULT_NO_MEMORY;
    }
    q->events = events;
    q->owner = owner;
    bool has_early = allow_early && context->replay != NULL;
    unsigned flags = GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_END_OF_EARLY_DATA |
                     (has_early ? (unsigned)GNUTLS_ENABLE_EARLY_DATA : 0);
    begin_call(q);
    int status = tls_session_set_up(&q->session, flags);
    if (status >= 0) {
        status = set_hooks(q, has_early);
    }
    end_call(q);
    if (status < 0) {
        tls_quic_release(q);
        return RESULT_FAILED;
    }
    *out = q;
    return RESULT_OK;
}

void tls_quic_release(struct tls_quic *q)
{
    struct account *account = q->session.account;
    tls_session_deinit(&q->session);
    memory_release(account, q);
}

/* ---- the handshake ---- */

static gnutls_record_encryption_level_t native_level(enum tls_level level)
{
    static const gnutls_record_encryption_level_t LEVELS[] = {
        [TLS_LEVEL_INITIAL] = GNUTLS_ENCRYPTION_LEVEL_INITIAL,
        [TLS_LEVEL_EARLY] = GNUTLS_ENCRYPTION_LEVEL_EARLY,
        [TLS_LEVEL_HANDSHAKE] = GNUTLS_ENCRYPTION_LEVEL_HANDSHAKE,
        [TLS_LEVEL_APPLICATION] = GNUTLS_ENCRYPTION_LEVEL_APPLICATION,
    };
    return LEVELS[level];
}

/* The alert that the peer gets, where no hook knew it better. */
static void find_alert(struct tls_quic *q, int status)
{
    if (q->session.is_name_refused) {
        q->alert = GNUTLS_A_UNRECOGNIZED_NAME;
    } else if (q->alert == 0) {
        if (status == GNUTLS_E_NO_APPLICATION_PROTOCOL) {
            q->alert = NO_PROTOCOL;
        } else {
            (void)gnutls_alert_send_appropriate(q->session.native, status);
        }
    }
    if (q->alert == 0) {
        q->alert = INTERNAL_ERROR;
    }
}

static int shake_hands(struct tls_quic *q)
{
    int status = GNUTLS_E_AGAIN;
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        status = gnutls_handshake(q->session.native);
        if (status == GNUTLS_E_SUCCESS || status == GNUTLS_E_AGAIN ||
            gnutls_error_is_fatal(status) != 0) {
            return status;
        }
    }
    return GNUTLS_E_UNEXPECTED_PACKET;
}

enum result tls_quic_feed(struct tls_quic *q, enum tls_level level, struct slice bytes)
{
    if (q->session.error != 0) {
        return RESULT_FAILED;
    }
    begin_call(q);
    int status =
        gnutls_handshake_write(q->session.native, native_level(level), bytes.data, bytes.length);
    if (status == GNUTLS_E_SUCCESS) {
        status = shake_hands(q);
    }
    bool is_failed = status != GNUTLS_E_SUCCESS && status != GNUTLS_E_AGAIN;
    if (is_failed) {
        find_alert(q, status);
    }
    q->session.is_complete = status == GNUTLS_E_SUCCESS;
    end_call(q);
    if (q->session.name == NULL) {
        tls_session_keep_name(&q->session);
    }
    if (is_failed) {
        q->session.error = status;
        return RESULT_FAILED;
    }
    return RESULT_OK;
}

bool tls_quic_is_complete(const struct tls_quic *q)
{
    return q->session.is_complete;
}

enum result tls_quic_send_ticket(struct tls_quic *q)
{
    if (!q->session.context->has_tickets) {
        return RESULT_OK;
    }
    begin_call(q);
    int status = gnutls_session_ticket_send(q->session.native, 1, 0);
    end_call(q);
    return status == GNUTLS_E_SUCCESS ? RESULT_OK : RESULT_FAILED;
}

/* ---- facts ---- */

struct slice tls_quic_alpn(const struct tls_quic *q)
{
    return tls_session_alpn(&q->session);
}

enum result tls_quic_facts(const struct tls_quic *q, struct tls_facts *facts)
{
    const struct tls_session *session = &q->session;
    gnutls_session_t native = session->native;
    unsigned peers = 0;
    enum tls_suite suite = TLS_SUITE_AES_128_GCM;
    (void)find_suite(gnutls_cipher_get(native), &suite);
    tls_facts_clear(facts, session->account);
    *facts = (struct tls_facts){
        .suite = (uint8_t)suite,
        .group = (uint16_t)gnutls_group_get(native),
        .is_resumed = gnutls_session_is_resumed(native) != 0,
        .has_early_data = (gnutls_session_get_flags(native) & GNUTLS_SFLAGS_EARLY_DATA) != 0,
        .has_client_certificate = gnutls_certificate_get_peers(native, &peers) != NULL,
        .verify_error = (uint8_t)session->verify_error,
        .alert = q->alert,
        .error = session->error,
    };
    if (session->name_length == 0) {
        return RESULT_OK;
    }
    size_t length = size_min(session->name_length, NAME_LENGTH_MAX);
    facts->server_name = memory_copy_string(session->account, slice_of(session->name, length));
    if (facts->server_name == NULL) {
        return RESULT_NO_MEMORY;
    }
    facts->server_name_length = (uint8_t)length;
    return RESULT_OK;
}

void tls_facts_clear(struct tls_facts *facts, struct account *account)
{
    memory_release(account, facts->server_name);
    facts->server_name = NULL;
    facts->server_name_length = 0;
}

const char *tls_suite_name(enum tls_suite suite)
{
    static const char *const NAMES[] = {
        [TLS_SUITE_AES_128_GCM] = "TLS_AES_128_GCM_SHA256",
        [TLS_SUITE_AES_256_GCM] = "TLS_AES_256_GCM_SHA384",
        [TLS_SUITE_CHACHA20_POLY1305] = "TLS_CHACHA20_POLY1305_SHA256",
    };
    return NAMES[suite];
}
