/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address validation tokens (RFC 9000 8.1): those of Retry packets and of NEW_TOKEN frames, and
 * stateless reset tokens (10.3), all made from one secret of the process (`cluster-secret` where it
 * is set, so that a fleet shares them). Sealed with AES-128-GCM; no state is kept.
 */
#ifndef WEIR_QUIC_TOKEN_H
#define WEIR_QUIC_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/result.h"
#include "base/slice.h"
#include "memory/memory.h"
#include "quic/types.h"
#include "tls/aead.h"

enum {
    QUIC_TOKEN_BYTES_MAX = 128,
    QUIC_TOKEN_MARK_BYTES = 3, /* in the clear: tells tokens of this secret from others' */
    QUIC_RETRY_TOKEN_LIFE_S = 10,
    QUIC_NEW_TOKEN_LIFE_S = 7 * 24 * 3600,
};

struct quic_secrets {
    struct tls_aead tokens;
    uint8_t token_mark[QUIC_TOKEN_MARK_BYTES];
    uint8_t reset_key[32];
    uint8_t cid_key[16]; /* encrypts connection ids, and hashes them where tables need it */
};

/* What a valid token tells. */
struct quic_token {
    bool is_retry;
    struct quic_cid original_destination; /* Retry */
    struct quic_cid retry_source;         /* Retry: the id that the client must use now */
};

/* Derives all keys from `secret` (any length above 0), charged to `account`. RESULT_NO_MEMORY. */
MUST_USE enum result quic_secrets_init(struct quic_secrets *secrets, struct account *account,
                                       struct slice secret);
void quic_secrets_deinit(struct quic_secrets *secrets, struct account *account);

/* Writes a Retry token bound to the client's address and port, the version, both ids and the time
 * (seconds since 1970). Returns its length. */
size_t quic_token_write_retry(const struct quic_secrets *secrets, uint8_t out[QUIC_TOKEN_BYTES_MAX],
                              const struct address *peer, uint32_t version,
                              const struct quic_cid *original_destination,
                              const struct quic_cid *retry_source, uint64_t wall_s);

/* Writes a NEW_TOKEN token bound to the client's address without its port, the version of the
 * connection that it is sent on, and the time. */
size_t quic_token_write_new(const struct quic_secrets *secrets, uint8_t out[QUIC_TOKEN_BYTES_MAX],
                            const struct address *peer, uint32_t version, uint64_t wall_s);

/*
 * Checks a token. RESULT_OK: valid. RESULT_END: ours and a Retry token, but expired, of another
 * address or version, (the connection is to be refused with INVALID_TOKEN). RESULT_NOT_FOUND: not
 * valid as anything: as if there were none.
 */
MUST_USE enum result quic_token_check(const struct quic_secrets *secrets, struct slice token,
                                      const struct address *peer, uint32_t version,
                                      const struct quic_cid *destination, uint64_t wall_s,
                                      struct quic_token *out);

/* The stateless reset token of one of our connection ids. */
void quic_reset_token(const struct quic_secrets *secrets, const struct quic_cid *id,
                      uint8_t token[QUIC_RESET_TOKEN_BYTES]);

#endif
