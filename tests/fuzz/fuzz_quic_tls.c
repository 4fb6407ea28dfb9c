/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handshake bytes of a QUIC client: however they are cut into pieces, the end is the same, memory
 * stays below a bound, a failure is for ever. First byte: the pieces' length; second: the level;
 * then what the client sends. The context has no certificate, so that every hello ends in a
 * failure, after it was read.
 */
#include "fuzz_http.h"
#include "memory/memory.h"
#include "tls/quic_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD_BYTES = 2, ACCOUNT_MAX = 2 * TLS_HANDSHAKE_BYTES };

struct fuzz_quic_tls {
    struct memory *memory;
    struct account configuration, account;
    struct tls_context *context;
    bool has_parameters;
};

/* What a client's bytes led to. */
struct outcome {
    enum result result;
    uint16_t alert;
    bool has_parameters;
};

static enum result on_secret(void *owner, enum tls_level level, bool is_seal, enum tls_suite suite,
                             const uint8_t *secret, size_t bytes)
{
    (void)owner;
    fuzz_require((unsigned)level < TLS_LEVELS && (unsigned)suite < TLS_SUITES, "known values");
    fuzz_require(level != TLS_LEVEL_EARLY || !is_seal, "no 0-RTT is sent");
    fuzz_require(secret != NULL && bytes <= TLS_SECRET_BYTES_MAX, "a secret");
    return RESULT_OK;
}

static enum result on_crypto(void *owner, enum tls_level level, struct slice bytes)
{
    (void)owner;
    fuzz_require(bytes.length > 0 && level != TLS_LEVEL_EARLY, "something to send");
    return RESULT_OK;
}

static enum result on_parameters(void *owner, struct slice bytes)
{
    struct fuzz_quic_tls *fuzz = owner;
    (void)bytes;
    fuzz_require(!fuzz->has_parameters, "parameters are told once");
    fuzz->has_parameters = true;
    return RESULT_OK;
}

static size_t write_parameters(void *owner, uint8_t *out, size_t room)
{
    const struct fuzz_quic_tls *fuzz = owner;
    fuzz_require(fuzz->has_parameters && room > 0, "ours come after the client's");
    out[0] = 0;
    return 1;
}

static const struct tls_quic_events EVENTS = {on_secret, on_crypto, on_parameters,
                                              write_parameters};

static struct fuzz_quic_tls *open_context(void)
{
    static struct fuzz_quic_tls fuzz;
    char buffer[256];
    struct text error = text_over(buffer, sizeof(buffer));
    if (fuzz.memory == NULL) {
        struct memory_options options = {.workers = 1};
        const struct tls_options tls = {
            .is_server = true, .is_quic = true, .strict_sni = true, .alpn = "h3"};
        fuzz_require(memory_create(&options, &fuzz.memory) == RESULT_OK, "memory");
        account_init(&fuzz.configuration, memory_ledger(fuzz.memory, 0), ACCOUNT_CONFIGURATION, 0);
        account_init(&fuzz.account, memory_ledger(fuzz.memory, 0), ACCOUNT_CLIENT, 0);
        fuzz_require(tls_context_create(&tls, &fuzz.configuration, &fuzz.context, &error) ==
                         RESULT_OK,
                     buffer);
    }
    return &fuzz;
}

static struct outcome shake_hands(struct fuzz_quic_tls *fuzz, enum tls_level level,
                                  struct slice bytes, size_t piece)
{
    struct tls_quic *session = NULL;
    struct tls_facts facts = {0};
    struct outcome outcome = {RESULT_OK, 0, false};
    fuzz->has_parameters = false;
    fuzz_require(tls_quic_open(fuzz->context, &fuzz->account, &EVENTS, fuzz, false, 1, &session) ==
                     RESULT_OK,
                 "it opens");
    while (bytes.length > 0 && outcome.result == RESULT_OK) {
        size_t part = piece < bytes.length ? piece : bytes.length;
        outcome.result = tls_quic_feed(session, level, slice_of(bytes.data, part));
        bytes = slice_skip(bytes, part);
        fuzz_require(fuzz->account.used < ACCOUNT_MAX, "memory is bounded");
    }
    fuzz_require(!tls_quic_is_complete(session), "nobody gets in");
    fuzz_require(outcome.result == RESULT_OK ||
                     tls_quic_feed(session, TLS_LEVEL_INITIAL, SLICE("x")) == outcome.result,
                 "a failure is for ever");
    fuzz_require(tls_quic_facts(session, &facts) == RESULT_OK, "facts");
    fuzz_require((outcome.result == RESULT_OK) == (facts.alert == 0), "a failure has an alert");
    outcome.alert = facts.alert;
    outcome.has_parameters = fuzz->has_parameters;
    tls_facts_clear(&facts, &fuzz->account);
    tls_quic_release(session);
    fuzz_require(fuzz->account.used == 0, "all is given back");
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_quic_tls *fuzz = open_context();
    if (size < HEAD_BYTES) {
        return 0;
    }
    struct slice bytes = slice_of((const char *)data + HEAD_BYTES, size - HEAD_BYTES);
    enum tls_level level = (enum tls_level)(data[1] % TLS_LEVELS);
    struct outcome whole = shake_hands(fuzz, level, bytes, SIZE_MAX);
    struct outcome pieces = shake_hands(fuzz, level, bytes, data[0] + 1U);
    fuzz_require(whole.result == pieces.result, "results do not depend on pieces");
    fuzz_require(whole.alert == pieces.alert, "nor do alerts");
    fuzz_require(whole.has_parameters == pieces.has_parameters, "nor does what is told");
    return 0;
}
