/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS handshake of a QUIC connection by GnuTLS's hooks: messages without records. The session
 * inside is the same as TCP's (context_internal.h), so that certificates, names, tickets and
 * verification are the same.
 *
 * Hard idea: GnuTLS's allocations are metered around each call (session.c), but its hooks call back
 * into the core, which allocates on its own account: the meter rests while a hook runs. And GnuTLS
 * knows no levels of what it is given, nor a bound on a message that is not whole: messages are
 * followed here by their headers and handed on one by one, so that nothing of an older level comes
 * behind newer keys.
 *
 * What bounds its memory: TLS_HANDSHAKE_BYTES, and the cap on a message. RFC 9001 4, 8.
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
    MISSING_EXTENSION = 109, /* RFC 8446 6.2; GnuTLS has no name for it before 3.8 */
    STEPS_MAX = 32,          /* messages of one flight */
    HEADER_BYTES = 4,        /* a handshake message's type and length (RFC 8446 4) */
    BYTE_BITS = 8,
};

struct tls_quic {
    struct tls_session session;
    const struct tls_quic_events *events;
    void *owner;
    struct library_meter meter; /* of the call under way */
    enum result failure;        /* what feeding gives for ever; RESULT_OK: none */
    enum tls_level level;       /* whose bytes TLS reads now */
    uint16_t alert;
    uint8_t header[HEADER_BYTES]; /* of the message that comes in */
    uint8_t header_bytes;         /* of it that are there */
    uint32_t message_left;        /* bytes of the message behind its header that are not there */
    bool has_parameters;
    bool was_refused_memory; /* a callback was */
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

/* Notes what a callback answered; what the hook returns to GnuTLS. */
static int answer(struct tls_quic *q, enum result result, int error)
{
    q->was_refused_memory = q->was_refused_memory || result == RESULT_NO_MEMORY;
    return result == RESULT_OK ? 0 : error;
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
    if (read != NULL && level != GNUTLS_ENCRYPTION_LEVEL_EARLY) {
        q->level = level_of(level);
    }
    end_call(q);
    enum result result = give_secrets(q, level_of(level), read, write, bytes);
    begin_call(q);
    return answer(q, result, GNUTLS_E_INTERNAL_ERROR);
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
    return answer(q, result, GNUTLS_E_INTERNAL_ERROR);
}

static int on_alert(gnutls_session_t native, gnutls_record_encryption_level_t level,
                    gnutls_alert_level_t severity, gnutls_alert_description_t description)
{
    (void)level;
    (void)severity;
    quic_of(native)->alert = (uint16_t)description;
    return 0;
}

/* A second hello, after a HelloRetryRequest, repeats them (RFC 8446 4.1.2). */
static int on_peer_parameters(gnutls_session_t native, const unsigned char *data, size_t bytes)
{
    struct tls_quic *q = quic_of(native);
    if (q->has_parameters) {
        return 0;
    }
    end_call(q);
    enum result result = q->events->on_parameters(q->owner, slice_of((const char *)data, bytes));
    begin_call(q);
    q->has_parameters = result == RESULT_OK;
    return answer(q, result, GNUTLS_E_RECEIVED_ILLEGAL_PARAMETER);
}

static int on_own_parameters(gnutls_session_t native, gnutls_buffer_t out)
{
    struct tls_quic *q = quic_of(native);
    uint8_t bytes[PARAMETERS_BYTES_MAX];
    end_call(q);
    size_t count = q->events->write_parameters(q->owner, bytes, sizeof(bytes));
    begin_call(q);
    return count == 0 ? GNUTLS_E_INTERNAL_ERROR : gnutls_buffer_append_data(out, bytes, count);
}

/* What a hello must have had (RFC 9001 8.1, 8.2); GnuTLS asks for neither where the client is
 * silent. */
static int on_hello(gnutls_session_t native)
{
    struct tls_quic *q = quic_of(native);
    gnutls_datum_t protocol;
    if (!q->has_parameters) {
        q->alert = MISSING_EXTENSION;
        return GNUTLS_E_MISSING_EXTENSION;
    }
    return gnutls_alpn_get_selected_protocol(native, &protocol) == GNUTLS_E_SUCCESS
               ? 0
               : GNUTLS_E_NO_APPLICATION_PROTOCOL;
}

/* ---- opening ---- */

static int set_hooks(struct tls_quic *q, bool allow_early)
{
    gnutls_session_t native = q->session.native;
    const struct tls_context *context = q->session.context;
    gnutls_handshake_set_secret_function(native, on_secret);
    gnutls_handshake_set_read_function(native, on_message);
    gnutls_alert_set_read_function(native, on_alert);
    gnutls_handshake_set_post_client_hello_function(native, on_hello);
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
    /* "application": read before on_hello is called */
    return gnutls_session_ext_register(
        native, "QUIC transport parameters", PARAMETERS_EXTENSION, GNUTLS_EXT_APPLICATION,
        on_peer_parameters, on_own_parameters, NULL, NULL, NULL,
        GNUTLS_EXT_FLAG_TLS | GNUTLS_EXT_FLAG_CLIENT_HELLO | GNUTLS_EXT_FLAG_EE);
}

enum result tls_quic_open(struct tls_context *context, struct account *account,
                          const struct tls_quic_events *events, void *owner, bool allow_early,
                          uint32_t version, struct tls_quic **out)
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
    q->session.ticket_version = version;
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
    } else if (q->alert == 0) { /* the alert's hook notes it */
        (void)gnutls_alert_send_appropriate(q->session.native, status);
    }
    if (q->alert == 0) {
        q->alert = GNUTLS_A_INTERNAL_ERROR;
    }
}

static enum result fail(struct tls_quic *q, enum result result, int status)
{
    q->failure = result;
    q->session.error = status;
    return result;
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

static size_t message_bytes_max(const struct tls_quic *q)
{
    bool may_be_chain =
        q->level != TLS_LEVEL_INITIAL && q->session.context->verify != TLS_VERIFY_NONE;
    return may_be_chain ? TLS_CHAIN_BYTES_MAX : TLS_HELLO_BYTES_MAX;
}

/* How many of `bytes` go to TLS at once: up to the end of a message; 0: the message is too long. */
static size_t find_part(struct tls_quic *q, struct slice bytes)
{
    size_t part = 0;
    bool is_begun = q->header_bytes == HEADER_BYTES;
    while (q->header_bytes < HEADER_BYTES && part < bytes.length) {
        q->header[q->header_bytes++] = (uint8_t)bytes.data[part++];
    }
    if (q->header_bytes < HEADER_BYTES) {
        return part;
    }
    if (!is_begun) {
        for (unsigned i = 1; i < HEADER_BYTES; i++) {
            q->message_left = q->message_left << BYTE_BITS | q->header[i];
        }
        if (q->message_left > message_bytes_max(q)) {
            return 0;
        }
    }
    size_t body = size_min(q->message_left, bytes.length - part);
    q->message_left -= (uint32_t)body;
    if (q->message_left == 0) {
        q->header_bytes = 0;
    }
    return part + body;
}

/* Hands a message, or a part of one, to GnuTLS. */
static enum result feed_part(struct tls_quic *q, struct slice bytes)
{
    begin_call(q);
    int status =
        gnutls_handshake_write(q->session.native, native_level(q->level), bytes.data, bytes.length);
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
        return fail(q, q->was_refused_memory ? RESULT_NO_MEMORY : RESULT_FAILED, status);
    }
    return RESULT_OK;
}

enum result tls_quic_feed(struct tls_quic *q, enum tls_level level, struct slice bytes)
{
    while (q->failure == RESULT_OK && bytes.length > 0) {
        bool is_misplaced = level != q->level;
        if (is_misplaced || q->session.is_complete) { /* RFC 9001 4.1.3; 6: no KeyUpdate */
            q->alert = GNUTLS_A_UNEXPECTED_MESSAGE;
            return fail(q, is_misplaced ? RESULT_INVALID : RESULT_FAILED,
                        GNUTLS_E_UNEXPECTED_PACKET);
        }
        size_t part = find_part(q, bytes);
        if (part == 0) {
            q->alert = GNUTLS_A_ILLEGAL_PARAMETER;
            return fail(q, RESULT_FAILED, GNUTLS_E_HANDSHAKE_TOO_LARGE);
        }
        enum result result = feed_part(q, slice_of(bytes.data, part));
        if (result != RESULT_OK) {
            return result;
        }
        bytes = slice_of(bytes.data + part, bytes.length - part);
    }
    return q->failure;
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
