/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: what the network sends is never valid unless it was sealed here, and what was sealed here
 * is, wherever one byte of it is changed, not. First byte: what is done; then the token or its ids.
 */
#include "fuzz_http.h"
#include "memory/memory.h"
#include "quic/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW_S = 1000000000, MODES = 4 };

/* One secret for all inputs: tokens of the corpus stay what they are. */
struct fuzz_secrets {
    struct memory *memory;
    struct account account;
    struct quic_secrets secrets;
    struct address peer;
};

static struct fuzz_secrets *open_secrets(void)
{
    static struct fuzz_secrets fuzz;
    if (fuzz.memory == NULL) {
        struct memory_options options = {.workers = 1};
        fuzz_require(memory_create(&options, &fuzz.memory) == RESULT_OK, "memory");
        account_init(&fuzz.account, memory_ledger(fuzz.memory, 0), ACCOUNT_WORKER, 0);
        fuzz_require(quic_secrets_init(&fuzz.secrets, &fuzz.account, SLICE("secret")) == RESULT_OK,
                     "secrets");
        fuzz_require(address_parse_ip(SLICE("2001:db8::1"), &fuzz.peer) == RESULT_OK, "address");
    }
    return &fuzz;
}

static enum result check(struct fuzz_secrets *fuzz, struct slice token, struct quic_token *out,
                         const struct quic_cid *destination)
{
    enum result result = quic_token_check(&fuzz->secrets, token, &fuzz->peer, QUIC_VERSION_1,
                                          destination, NOW_S, out);
    fuzz_require(result == RESULT_OK || result == RESULT_END || result == RESULT_NOT_FOUND,
                 "results are as the header says");
    return result;
}

/* Bytes of the network, with the mark of this secret in front of them or without. */
static void try_foreign(struct fuzz_secrets *fuzz, struct slice bytes, bool has_mark)
{
    uint8_t token[2 * QUIC_TOKEN_BYTES_MAX];
    struct quic_token out;
    const struct quic_cid destination = {8, {1}};
    if (bytes.length > sizeof(token)) {
        return;
    }
    memcpy(token, bytes.data, bytes.length);
    if (has_mark && bytes.length > QUIC_TOKEN_MARK_BYTES) {
        memcpy(token + 1, fuzz->secrets.token_mark, QUIC_TOKEN_MARK_BYTES);
    }
    fuzz_require(check(fuzz, slice_of((char *)token, bytes.length), &out, &destination) !=
                     RESULT_OK,
                 "what was not sealed here is not valid");
}

static struct quic_cid read_id(struct slice *bytes)
{
    struct quic_cid id = {0};
    if (bytes->length > 0) {
        size_t length = (uint8_t)bytes->data[0] % (QUIC_CID_BYTES_MAX + 1U);
        *bytes = slice_skip(*bytes, 1);
        id.length = (uint8_t)(length < bytes->length ? length : bytes->length);
        memcpy(id.bytes, bytes->data, id.length);
        *bytes = slice_skip(*bytes, id.length);
    }
    return id;
}

/* A token that was sealed here: valid, until a byte of it is changed. */
static void try_own(struct fuzz_secrets *fuzz, struct slice bytes, bool is_retry)
{
    uint8_t token[QUIC_TOKEN_BYTES_MAX];
    struct quic_token out;
    struct quic_cid original = read_id(&bytes), source = read_id(&bytes);
    size_t n =
        is_retry ? quic_token_write_retry(&fuzz->secrets, token, &fuzz->peer, QUIC_VERSION_1,
                                          &original, &source, NOW_S)
                 : quic_token_write_new(&fuzz->secrets, token, &fuzz->peer, QUIC_VERSION_1, NOW_S);
    fuzz_require(n <= sizeof(token), "it fits");
    fuzz_require(check(fuzz, slice_of((char *)token, n), &out, &source) == RESULT_OK,
                 "it is valid");
    fuzz_require(out.is_retry == is_retry, "its kind is told");
    if (is_retry) {
        fuzz_require(quic_cid_equal(&out.original_destination, &original) &&
                         quic_cid_equal(&out.retry_source, &source),
                     "its ids are told");
    }
    if (bytes.length >= 2 && bytes.data[1] != 0) {
        token[(uint8_t)bytes.data[0] % n] ^= (uint8_t)bytes.data[1];
        fuzz_require(check(fuzz, slice_of((char *)token, n), &out, &source) != RESULT_OK,
                     "a changed one is not");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_secrets *fuzz = open_secrets();
    if (size == 0) {
        return 0;
    }
    struct slice bytes = slice_of((const char *)data + 1, size - 1);
    unsigned mode = data[0] % MODES;
    if (mode / 2 == 0) {
        try_foreign(fuzz, bytes, mode % 2 == 0);
    } else {
        try_own(fuzz, bytes, mode % 2 == 0);
    }
    return 0;
}
