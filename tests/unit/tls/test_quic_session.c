/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUIC's TLS handshake against GnuTLS's own client: agreed and refused protocols, parameters,
 * names, certificates, tickets, 0-RTT once and twice, corrupted and misplaced messages.
 */
#include "base/number.h"
#include "support/certificates.h"
#include "support/memory.h"
#include "support/quic_tls.h"
#include "tls/context_internal.h"

enum alert {
    UNEXPECTED_MESSAGE = 10,
    HANDSHAKE_FAILURE = 40,
    ILLEGAL_PARAMETER = 47,
    DECRYPT_ERROR = 51,
    INTERNAL_ERROR = 80,
    MISSING_EXTENSION = 109,
    UNRECOGNIZED_NAME = 112,
    CERTIFICATE_REQUIRED = 116,
    NO_APPLICATION_PROTOCOL = 120,
};

enum { TURNS_MAX = 8, OBJECT_BYTES = 512, ACCOUNT_CAP = 512 * 1024 };

/* Handshake bytes that wait to be passed on, and a traffic secret. */
struct flight {
    char bytes[TEST_CRYPTO_BYTES];
    size_t length;
};
struct secret {
    uint8_t bytes[TLS_SECRET_BYTES_MAX];
    size_t length; /* 0: none yet */
};

/* What the server side of the test is told, and how it answers. */
struct server {
    struct tls_quic *session;
    struct flight out[TLS_LEVELS];
    struct secret seal[TLS_LEVELS], open[TLS_LEVELS];
    enum tls_suite suite;
    unsigned parameters_seen;
    enum result secret_result, crypto_result, parameters_result;
    size_t parameters_bytes;
    enum result last;
    struct tls_facts facts;
};

struct fixture {
    struct test_folder folder;
    struct test_identity authority, first, second, client;
    const char *ca, *crt[2], *client_crt;
    struct memory *memory;
    struct account configuration, account;
};

static struct fixture f;
static struct test_quic_tls client;
static struct server server;
static uint32_t version; /* of QUIC that servers are opened with */

/* ---- the server's side ---- */

static enum result on_secret(void *owner, enum tls_level level, bool is_seal, enum tls_suite suite,
                             const uint8_t *secret, size_t bytes)
{
    struct server *s = owner;
    struct secret *kept = is_seal ? &s->seal[level] : &s->open[level];
    assert_true(bytes <= sizeof(kept->bytes));
    memcpy(kept->bytes, secret, bytes);
    kept->length = bytes;
    s->suite = suite;
    return s->secret_result;
}

static enum result on_crypto(void *owner, enum tls_level level, struct slice bytes)
{
    struct server *s = owner;
    struct flight *flight = &s->out[level];
    assert_true(bytes.length <= sizeof(flight->bytes) - flight->length);
    memcpy(flight->bytes + flight->length, bytes.data, bytes.length);
    flight->length += bytes.length;
    return s->crypto_result;
}

static enum result on_parameters(void *owner, struct slice bytes)
{
    struct server *s = owner;
    assert_true(slice_equal(bytes, SLICE("client parameters")));
    s->parameters_seen++;
    return s->parameters_result;
}

static size_t write_parameters(void *owner, uint8_t *out, size_t room)
{
    struct server *s = owner;
    assert_true(room >= s->parameters_bytes);
    assert_int_equal(s->parameters_seen, 1);
    memset(out, 'p', s->parameters_bytes);
    return s->parameters_bytes;
}

static const struct tls_quic_events EVENTS = {on_secret, on_crypto, on_parameters,
                                              write_parameters};

static struct tls_context *make_context(struct tls_options options)
{
    char buffer[1024];
    struct text error = text_over(buffer, sizeof(buffer));
    struct tls_context *context = NULL;
    options.is_server = true;
    options.is_quic = true;
    options.certificates = f.crt;
    options.certificates_count = 2;
    options.alpn = options.alpn == NULL ? "h3" : options.alpn;
    if (tls_context_create(&options, &f.configuration, &context, &error) != RESULT_OK) {
        fail_msg("%s", buffer);
    }
    return context;
}

static void open_server(struct tls_context *context)
{
    server = (struct server){.parameters_bytes = 20, .last = RESULT_OK};
    assert_int_equal(tls_quic_open(context, &f.account, &EVENTS, &server, context->replay != NULL,
                                   version, &server.session),
                     RESULT_OK);
    assert_true(f.account.used >= TLS_HANDSHAKE_BYTES);
}

static void close_server(void)
{
    tls_facts_clear(&server.facts, &f.account);
    tls_quic_release(server.session);
    assert_int_equal(f.account.used, 0);
}

static void open_client(const struct test_quic_tls_options *options, bool sends_parameters)
{
    static const char PARAMETERS[] = "client parameters";
    client = (struct test_quic_tls){.parameters_bytes = sizeof(PARAMETERS) - 1,
                                    .sends_no_parameters = !sends_parameters};
    memcpy(client.parameters, PARAMETERS, sizeof(PARAMETERS) - 1);
    test_quic_tls_open_as(&client, options);
}

static void open_both(struct tls_context *context, struct test_quic_tls_options options)
{
    if (options.alpn == NULL) {
        options.alpn = "h3";
    }
    open_server(context);
    open_client(&options, true);
}

static void close_both(void)
{
    test_quic_tls_close(&client);
    close_server();
}

/* ---- passing on ---- */

/* Gives the server what the client has for it, in pieces of `piece` bytes. */
static void pass_up(size_t piece)
{
    for (unsigned level = 0; level < TLS_LEVELS; level++) {
        size_t length = client.out_bytes[level];
        for (size_t at = 0; at < length && server.last == RESULT_OK; at += piece) {
            server.last =
                tls_quic_feed(server.session, (enum tls_level)level,
                              slice_of(client.out[level] + at, size_min(length - at, piece)));
        }
        client.out_bytes[level] = 0;
    }
}

static bool pass_down(void)
{
    bool is_well = true;
    for (unsigned level = 0; level < TLS_LEVELS; level++) {
        struct flight *flight = &server.out[level];
        if (flight->length > 0 && is_well) {
            test_quic_tls_feed(&client, (enum tls_level)level, flight->bytes, flight->length);
            is_well = client.status == 0 || client.status == GNUTLS_E_AGAIN;
        }
        flight->length = 0;
    }
    return is_well;
}

/* Shakes hands until both are through or one has failed; tells which. */
static bool shake_hands(size_t piece)
{
    bool is_well = true;
    for (unsigned turn = 0; turn < TURNS_MAX && is_well && server.last == RESULT_OK; turn++) {
        pass_up(piece);
        is_well = server.last == RESULT_OK && pass_down();
    }
    enum result result = tls_quic_facts(server.session, &server.facts);
    assert_int_equal(result, RESULT_OK);
    return client.is_complete && tls_quic_is_complete(server.session);
}

/* A handshake that the server must end with `alert`. */
static void check_refused(enum alert alert)
{
    assert_false(shake_hands(SIZE_MAX));
    assert_int_equal(server.last, RESULT_FAILED);
    assert_int_equal(server.facts.alert, alert);
    assert_int_not_equal(server.facts.error, 0);
    assert_false(tls_quic_is_complete(server.session));
    /* It stays failed. */
    assert_int_equal(tls_quic_feed(server.session, TLS_LEVEL_INITIAL, SLICE("x")), RESULT_FAILED);
}

/* ---- tests ---- */

/* The client was given the same secret. */
static void check_same(const struct secret *secret, enum tls_level level, bool is_seal)
{
    assert_true(secret->length >= 32);
    assert_int_equal(secret->length, client.secret_bytes[level][is_seal]);
    assert_memory_equal(secret->bytes, client.secrets[level][is_seal], secret->length);
}

static void check_secrets(void)
{
    check_same(&server.seal[TLS_LEVEL_HANDSHAKE], TLS_LEVEL_HANDSHAKE, false);
    check_same(&server.open[TLS_LEVEL_HANDSHAKE], TLS_LEVEL_HANDSHAKE, true);
    check_same(&server.seal[TLS_LEVEL_APPLICATION], TLS_LEVEL_APPLICATION, false);
    check_same(&server.open[TLS_LEVEL_APPLICATION], TLS_LEVEL_APPLICATION, true);
}

static void test_whole_and_in_pieces(void **state)
{
    (void)state;
    static const size_t PIECES[] = {SIZE_MAX, 1, 7, 100};
    struct tls_context *context = make_context((struct tls_options){0});
    for (unsigned i = 0; i < sizeof(PIECES) / sizeof(PIECES[0]); i++) {
        open_both(context, (struct test_quic_tls_options){.name = "second.test"});
        assert_true(shake_hands(PIECES[i]));
        check_secrets();
        assert_true(client.has_peer_parameters);
        assert_true(slice_equal(tls_quic_alpn(server.session), SLICE("h3")));
        assert_string_equal(server.facts.server_name, "second.test");
        assert_int_equal(server.facts.server_name_length, 11);
        assert_false(server.facts.is_resumed || server.facts.has_early_data);
        assert_int_equal(server.facts.alert, 0);
        assert_int_equal(server.facts.suite, server.suite);
        close_both();
    }
    tls_context_destroy(context);
}

static void test_reserve_is_refused(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){0});
    struct tls_quic *session = NULL;
    f.account.cap = TLS_HANDSHAKE_BYTES / 2;
    assert_int_equal(tls_quic_open(context, &f.account, &EVENTS, &server, false, version, &session),
                     RESULT_NO_MEMORY);
    f.account.cap = ACCOUNT_CAP;
    assert_null(session);
    assert_int_equal(f.account.used, 0);
    tls_context_destroy(context);
}

static void check_suite(struct tls_context *context, const char *cipher, enum tls_suite suite)
{
    char priority[128] = "";
    struct text text = text_over(priority, sizeof(priority));
    text_append_string(&text, "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+");
    text_append_string(&text, cipher);
    open_both(context, (struct test_quic_tls_options){.priority = priority});
    if (suite == TLS_SUITES) {
        check_refused(HANDSHAKE_FAILURE);
    } else {
        assert_true(shake_hands(SIZE_MAX));
        check_secrets();
        assert_int_equal(server.facts.suite, suite);
    }
    close_both();
}

static void test_suites(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){0});
    check_suite(context, "AES-128-GCM", TLS_SUITE_AES_128_GCM);
    check_suite(context, "AES-256-GCM", TLS_SUITE_AES_256_GCM);
    check_suite(context, "CHACHA20-POLY1305", TLS_SUITE_CHACHA20_POLY1305);
    check_suite(context, "AES-128-CCM", TLS_SUITES);
    check_suite(context, "AES-128-CCM-8", TLS_SUITES);
    assert_string_equal(tls_suite_name(TLS_SUITE_AES_128_GCM), "TLS_AES_128_GCM_SHA256");
    tls_context_destroy(context);
    /* asked for by name it is refused too */
    context = make_context(
        (struct tls_options){.ciphersuites = "TLS_AES_128_CCM_SHA256:TLS_AES_256_GCM_SHA384"});
    check_suite(context, "AES-128-CCM", TLS_SUITES);
    check_suite(context, "AES-256-GCM", TLS_SUITE_AES_256_GCM);
    tls_context_destroy(context);
}

static void test_older_versions_are_refused(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){0});
    open_both(context, (struct test_quic_tls_options){.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2"});
    assert_false(shake_hands(SIZE_MAX));
    assert_int_equal(server.last, RESULT_FAILED);
    assert_int_not_equal(server.facts.alert, 0);
    close_both();
    tls_context_destroy(context);
}

static void test_protocols(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){.alpn = "h3,hq-interop"});
    open_both(context, (struct test_quic_tls_options){.alpn = "hq-interop"});
    assert_true(shake_hands(SIZE_MAX));
    assert_true(slice_equal(tls_quic_alpn(server.session), SLICE("hq-interop")));
    close_both();
    open_both(context, (struct test_quic_tls_options){.alpn = "h2"});
    check_refused(NO_APPLICATION_PROTOCOL);
    close_both();
    open_server(context); /* and a client that offers none at all */
    open_client(&(struct test_quic_tls_options){0}, true);
    check_refused(NO_APPLICATION_PROTOCOL);
    close_both();
    tls_context_destroy(context);
}

static void test_parameters(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){0});
    open_server(context);
    open_client(&(struct test_quic_tls_options){.alpn = "h3"}, false);
    check_refused(MISSING_EXTENSION);
    close_both();
    open_both(context, (struct test_quic_tls_options){0});
    server.parameters_result = RESULT_INVALID;
    check_refused(ILLEGAL_PARAMETER);
    close_both();
    open_both(context, (struct test_quic_tls_options){0});
    server.parameters_bytes = 0;
    check_refused(INTERNAL_ERROR);
    close_both();
    tls_context_destroy(context);
}

/* The client's key share is of no group of ours: it says hello twice, its parameters count once. */
static void test_hello_retry(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){.curves = "X25519"});
    open_both(context, (struct test_quic_tls_options){
                           .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP384R1:"
                                       "+GROUP-X25519",
                           .has_one_share = true});
    pass_up(SIZE_MAX);
    assert_int_equal(server.out[TLS_LEVEL_HANDSHAKE].length, 0);
    assert_true(shake_hands(10));
    check_secrets();
    assert_int_equal(server.parameters_seen, 1);
    close_both();
    tls_context_destroy(context);
}

/* Callbacks that are refused memory. */
static void test_callbacks_fail(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){0});
    for (unsigned which = 0; which < 3; which++) {
        open_both(context, (struct test_quic_tls_options){0});
        *(which == 0   ? &server.secret_result
          : which == 1 ? &server.crypto_result
                       : &server.parameters_result) = RESULT_NO_MEMORY;
        assert_false(shake_hands(SIZE_MAX));
        assert_int_equal(server.last, RESULT_NO_MEMORY);
        assert_int_equal(tls_quic_feed(server.session, TLS_LEVEL_INITIAL, SLICE("x")),
                         RESULT_NO_MEMORY);
        close_both();
    }
    tls_context_destroy(context);
}

static bool is_shown(const struct test_identity *identity)
{
    unsigned count = 0;
    const gnutls_datum_t *peers = gnutls_certificate_get_peers(client.native, &count);
    gnutls_datum_t expected;
    assert_non_null(peers);
    assert_int_equal(gnutls_x509_crt_export2(identity->certificate, GNUTLS_X509_FMT_DER, &expected),
                     0);
    bool is_same =
        peers[0].size == expected.size && memcmp(peers[0].data, expected.data, expected.size) == 0;
    gnutls_free(expected.data);
    return is_same;
}

static void test_names(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){0});
    static const char *const NAMES[] = {"first.test", "x.second.test", "third.test", NULL};
    for (unsigned i = 0; i < 4; i++) {
        open_both(context, (struct test_quic_tls_options){.name = NAMES[i]});
        assert_true(shake_hands(SIZE_MAX));
        assert_true(is_shown(i == 1 ? &f.second : &f.first));
        assert_int_equal(server.facts.server_name == NULL, NAMES[i] == NULL);
        close_both();
    }
    tls_context_destroy(context);
    context = make_context((struct tls_options){.strict_sni = true});
    open_both(context, (struct test_quic_tls_options){.name = "third.test"});
    check_refused(UNRECOGNIZED_NAME);
    assert_string_equal(server.facts.server_name, "third.test");
    close_both();
    tls_context_destroy(context);
}

static void test_client_certificates(void **state)
{
    (void)state;
    struct tls_options options = {.verify = TLS_VERIFY_REQUIRED, .ca_file = f.ca};
    struct tls_context *context = make_context(options);
    open_both(context, (struct test_quic_tls_options){.certificate_file = f.client_crt});
    assert_true(shake_hands(SIZE_MAX));
    assert_true(server.facts.has_client_certificate);
    assert_int_equal(server.facts.verify_error, 0);
    close_both();
    open_both(context, (struct test_quic_tls_options){0});
    check_refused(CERTIFICATE_REQUIRED);
    assert_false(server.facts.has_client_certificate);
    close_both();
    open_both(context, (struct test_quic_tls_options){.certificate_file = f.crt[0]});
    assert_false(shake_hands(SIZE_MAX));
    assert_int_equal(server.last, RESULT_FAILED);
    assert_int_not_equal(server.facts.verify_error, 0);
    close_both();
    tls_context_destroy(context);
    options.verify = TLS_VERIFY_OPTIONAL;
    context = make_context(options);
    open_both(context, (struct test_quic_tls_options){0});
    assert_true(shake_hands(SIZE_MAX));
    assert_false(server.facts.has_client_certificate);
    close_both();
    tls_context_destroy(context);
}

/* Shakes hands and takes a ticket home. */
static gnutls_datum_t fetch_ticket(struct tls_context *context, bool is_early)
{
    open_both(context, (struct test_quic_tls_options){.name = "first.test", .is_early = is_early});
    assert_true(shake_hands(SIZE_MAX));
    assert_int_equal(tls_quic_send_ticket(server.session), RESULT_OK);
    assert_true(server.out[TLS_LEVEL_APPLICATION].length > 0);
    assert_true(pass_down());
    gnutls_datum_t ticket = {0};
    assert_int_equal(gnutls_session_get_data2(client.native, &ticket), 0);
    close_both();
    return ticket;
}

static void test_resumption(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){0});
    gnutls_datum_t ticket = fetch_ticket(context, false);
    open_both(context, (struct test_quic_tls_options){.name = "first.test", .ticket = &ticket});
    assert_true(shake_hands(SIZE_MAX));
    assert_true(server.facts.is_resumed);
    assert_true(gnutls_session_is_resumed(client.native) != 0);
    check_secrets();
    close_both();
    struct tls_context *stranger = make_context((struct tls_options){0});
    open_both(stranger, (struct test_quic_tls_options){.name = "first.test", .ticket = &ticket});
    assert_true(shake_hands(SIZE_MAX));
    assert_false(server.facts.is_resumed);
    close_both();
    gnutls_free(ticket.data);
    tls_context_destroy(stranger);
    tls_context_destroy(context);
    context = make_context((struct tls_options){.no_tickets = true});
    open_both(context, (struct test_quic_tls_options){0});
    assert_true(shake_hands(SIZE_MAX));
    assert_int_equal(tls_quic_send_ticket(server.session), RESULT_OK);
    assert_int_equal(server.out[TLS_LEVEL_APPLICATION].length, 0);
    close_both();
    tls_context_destroy(context);
}

/* A ticket of one version of QUIC is no ticket of another (RFC 9369 5). */
static void test_tickets_of_versions(void **state)
{
    (void)state;
    static const uint32_t VERSIONS[] = {1, 0x6b3343cf};
    struct tls_context *context = make_context((struct tls_options){.allow_early = true});
    for (unsigned issued = 0; issued < 2; issued++) {
        version = VERSIONS[issued];
        gnutls_datum_t ticket = fetch_ticket(context, true);
        for (unsigned taken = 0; taken < 2; taken++) {
            version = VERSIONS[taken];
            open_both(context, (struct test_quic_tls_options){
                                   .name = "first.test", .ticket = &ticket, .is_early = true});
            assert_true(shake_hands(SIZE_MAX));
            assert_int_equal(server.facts.is_resumed, taken == issued);
            assert_int_equal(server.facts.has_early_data, taken == issued);
            close_both();
        }
        gnutls_free(ticket.data);
    }
    tls_context_destroy(context);
}

/* One try of 0-RTT with a ticket; tells whether it was accepted. The handshake always succeeds. */
static bool try_early(struct tls_context *context, const gnutls_datum_t *ticket)
{
    open_both(context, (struct test_quic_tls_options){
                           .name = "first.test", .ticket = ticket, .is_early = true});
    assert_true(shake_hands(SIZE_MAX));
    assert_true(server.facts.is_resumed);
    bool is_accepted = server.facts.has_early_data;
    assert_int_equal(server.open[TLS_LEVEL_EARLY].length > 0, is_accepted);
    assert_int_equal(server.seal[TLS_LEVEL_EARLY].length, 0);
    if (is_accepted) {
        check_same(&server.open[TLS_LEVEL_EARLY], TLS_LEVEL_EARLY, true);
    }
    close_both();
    return is_accepted;
}

static void test_early_data(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){.allow_early = true});
    gnutls_datum_t ticket = fetch_ticket(context, true);
    assert_true(try_early(context, &ticket));
    gnutls_free(ticket.data);
    tls_context_destroy(context);
    context = make_context((struct tls_options){0});
    ticket = fetch_ticket(context, true);
    assert_false(try_early(context, &ticket));
    gnutls_free(ticket.data);
    tls_context_destroy(context);
}

/* The very same first flight twice, as an attacker sends it again. */
static void test_replayed_early_data(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){.allow_early = true});
    gnutls_datum_t ticket = fetch_ticket(context, true);
    open_both(context, (struct test_quic_tls_options){
                           .name = "first.test", .ticket = &ticket, .is_early = true});
    static char hello[TEST_CRYPTO_BYTES];
    struct slice bytes = slice_of(hello, client.out_bytes[TLS_LEVEL_INITIAL]);
    memcpy(hello, client.out[TLS_LEVEL_INITIAL], bytes.length);
    assert_int_equal(tls_quic_feed(server.session, TLS_LEVEL_INITIAL, bytes), RESULT_OK);
    assert_true(server.open[TLS_LEVEL_EARLY].length > 0);
    close_both();
    open_server(context);
    assert_int_equal(tls_quic_feed(server.session, TLS_LEVEL_INITIAL, bytes), RESULT_OK);
    assert_int_equal(server.open[TLS_LEVEL_EARLY].length, 0);
    assert_true(server.out[TLS_LEVEL_HANDSHAKE].length > 0); /* the handshake goes on without */
    close_server();
    gnutls_free(ticket.data);
    tls_context_destroy(context);
}

/* The last message was of a level that is not read now. */
static void check_misplaced(enum result result)
{
    assert_int_equal(result, RESULT_INVALID);
    assert_int_equal(tls_quic_facts(server.session, &server.facts), RESULT_OK);
    assert_int_equal(server.facts.alert, UNEXPECTED_MESSAGE);
    assert_int_equal(tls_quic_feed(server.session, TLS_LEVEL_INITIAL, SLICE("x")), RESULT_INVALID);
}

/* Both are as far as the client's Finished, which is not passed on. */
static void open_before_finished(struct tls_context *context)
{
    open_both(context, (struct test_quic_tls_options){0});
    pass_up(SIZE_MAX);
    assert_int_equal(server.last, RESULT_OK);
    assert_true(pass_down());
    assert_true(client.out_bytes[TLS_LEVEL_HANDSHAKE] > 0);
}

static struct slice flight_of(enum tls_level level)
{
    return slice_of(client.out[level], client.out_bytes[level]);
}

static void test_corrupted_finished(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){0});
    open_before_finished(context);
    client.out[TLS_LEVEL_HANDSHAKE][client.out_bytes[TLS_LEVEL_HANDSHAKE] - 1] ^= 1;
    check_refused(DECRYPT_ERROR);
    close_both();
    tls_context_destroy(context);
}

/* Handshake bytes at another level than TLS is at. */
static void test_wrong_level(void **state)
{
    (void)state;
    struct tls_context *context = make_context((struct tls_options){0});
    static const enum tls_level WRONG[] = {TLS_LEVEL_EARLY, TLS_LEVEL_HANDSHAKE,
                                           TLS_LEVEL_APPLICATION};
    for (unsigned i = 0; i < 3; i++) {
        open_both(context, (struct test_quic_tls_options){0});
        check_misplaced(tls_quic_feed(server.session, WRONG[i], flight_of(TLS_LEVEL_INITIAL)));
        close_both();
    }
    open_before_finished(context);
    check_misplaced(
        tls_quic_feed(server.session, TLS_LEVEL_INITIAL, flight_of(TLS_LEVEL_HANDSHAKE)));
    close_both();
    tls_context_destroy(context);
}

static void append(enum tls_level level, const uint8_t *data, size_t bytes)
{
    assert_true(bytes <= TEST_CRYPTO_BYTES - client.out_bytes[level]);
    memcpy(client.out[level] + client.out_bytes[level], data, bytes);
    client.out_bytes[level] += bytes;
}

/* More bytes behind the ClientHello at the same level, and behind the client's Finished. */
static void test_surplus_bytes(void **state)
{
    (void)state;
    static const uint8_t FINISHED[] = {20, 0, 0, 32, 1, 2, 3};
    struct tls_context *context = make_context((struct tls_options){0});
    open_both(context, (struct test_quic_tls_options){0});
    append(TLS_LEVEL_INITIAL, FINISHED, sizeof(FINISHED));
    pass_up(SIZE_MAX);
    check_misplaced(server.last);
    close_both();
    open_before_finished(context);
    append(TLS_LEVEL_HANDSHAKE, FINISHED, sizeof(FINISHED));
    pass_up(SIZE_MAX);
    check_misplaced(server.last);
    assert_true(tls_quic_is_complete(server.session));
    close_both();
    tls_context_destroy(context);
}

/* KeyUpdate after the end: it is not legal in QUIC (RFC 9001 6). */
static void test_after_the_end(void **state)
{
    (void)state;
    static const uint8_t KEY_UPDATE[] = {24, 0, 0, 1, 0};
    struct slice bytes = slice_of((const char *)KEY_UPDATE, sizeof(KEY_UPDATE));
    struct tls_context *context = make_context((struct tls_options){0});
    open_both(context, (struct test_quic_tls_options){0});
    assert_true(shake_hands(SIZE_MAX));
    assert_int_equal(tls_quic_feed(server.session, TLS_LEVEL_APPLICATION, bytes), RESULT_FAILED);
    assert_int_equal(tls_quic_facts(server.session, &server.facts), RESULT_OK);
    assert_int_equal(server.facts.alert, UNEXPECTED_MESSAGE);
    assert_true(tls_quic_is_complete(server.session));
    close_both();
    open_both(context, (struct test_quic_tls_options){0});
    assert_true(shake_hands(SIZE_MAX));
    check_misplaced(tls_quic_feed(server.session, TLS_LEVEL_HANDSHAKE, bytes));
    close_both();
    tls_context_destroy(context);
}

static void test_huge_message(void **state)
{
    (void)state;
    static const uint8_t HEADER[] = {1, 0xff, 0xff, 0xff}; /* a ClientHello of 16 MiB */
    static char zeros[1024];
    struct tls_context *context = make_context((struct tls_options){0});
    open_server(context);
    server.last = tls_quic_feed(server.session, TLS_LEVEL_INITIAL,
                                slice_of((const char *)HEADER, sizeof(HEADER)));
    for (unsigned i = 0; i < 64 && server.last == RESULT_OK; i++) {
        server.last =
            tls_quic_feed(server.session, TLS_LEVEL_INITIAL, slice_of(zeros, sizeof(zeros)));
    }
    assert_int_equal(server.last, RESULT_FAILED);
    assert_int_equal(tls_quic_facts(server.session, &server.facts), RESULT_OK);
    assert_int_equal(server.facts.alert, ILLEGAL_PARAMETER);
    close_server();
    tls_context_destroy(context);
}

/* ---- life ---- */

static int set_up(void **state)
{
    (void)state;
    test_folder_open(&f.folder);
    test_identity_make(&f.authority,
                       &(struct test_request){.common_name = "Authority", .is_authority = true});
    test_identity_make(&f.first, &(struct test_request){.common_name = "first.test"});
    test_identity_make(&f.second,
                       &(struct test_request){.common_name = "second.test",
                                              .dns_names = {"second.test", "*.second.test"}});
    test_identity_make(&f.client,
                       &(struct test_request){.common_name = "client", .signer = &f.authority});
    f.crt[0] = test_write_bundle(&f.folder, "first.pem", &f.first);
    f.crt[1] = test_write_bundle(&f.folder, "second.pem", &f.second);
    f.client_crt = test_write_bundle(&f.folder, "client.pem", &f.client);
    char pem[TEST_PEM_SIZE] = "";
    test_append_certificate(pem, &f.authority);
    f.ca = test_folder_write(&f.folder, "ca.pem", pem);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_identity_clear(&f.authority);
    test_identity_clear(&f.first);
    test_identity_clear(&f.second);
    test_identity_clear(&f.client);
    test_folder_close(&f.folder);
    return 0;
}

static int open_test(void **state)
{
    (void)state;
    version = 1;
    f.memory = test_memory_limited(0);
    account_init(&f.configuration, memory_ledger(f.memory, 0), ACCOUNT_CONFIGURATION, 0);
    account_init(&f.account, memory_ledger(f.memory, 0), ACCOUNT_CLIENT, ACCOUNT_CAP);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    assert_int_equal(f.configuration.used, 0);
    /* What is reserved is enough for all handshakes, and no message takes more. */
    assert_true(f.account.high_water <= TLS_HANDSHAKE_BYTES + OBJECT_BYTES);
    account_deinit(&f.account);
    account_deinit(&f.configuration);
    test_memory_close(f.memory);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole_and_in_pieces),
        TEST(test_reserve_is_refused),
        TEST(test_suites),
        TEST(test_older_versions_are_refused),
        TEST(test_protocols),
        TEST(test_parameters),
        TEST(test_hello_retry),
        TEST(test_callbacks_fail),
        TEST(test_names),
        TEST(test_client_certificates),
        TEST(test_resumption),
        TEST(test_tickets_of_versions),
        TEST(test_early_data),
        TEST(test_replayed_early_data),
        TEST(test_corrupted_finished),
        TEST(test_wrong_level),
        TEST(test_surplus_bytes),
        TEST(test_after_the_end),
        TEST(test_huge_message),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
