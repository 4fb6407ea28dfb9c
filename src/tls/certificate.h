/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of a bind line or a server: loaded from PEM bundles, found by the name that a client
 * asks for.
 *
 * Limits: loaded at startup, charged to the configuration; lookup takes no memory.
 */
#ifndef WEIR_TLS_CERTIFICATE_H
#define WEIR_TLS_CERTIFICATE_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash_table.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "memory/memory.h"

/* A chain, the server's own certificate first, with its key. */
struct tls_certificate {
    gnutls_pcert_st *chain;
    unsigned chain_length;
    gnutls_privkey_t key;
    gnutls_pk_algorithm_t algorithm;
    unsigned bundle; /* certificates of one `crt` argument and its .rsa/.ecdsa mates share it */
};

struct tls_certificates {
    struct account *account;
    size_t library_bytes; /* held by GnuTLS, metered */
    struct tls_certificate *items;
    size_t count, room;
    unsigned bundles;
    bool has_rsa, has_curves;      /* kinds of keys */
    bool no_bundles, no_key_files; /* as tls_options says; set between init and load */
    struct hash_table names;       /* struct tls_name */
    struct hash_link **buckets;
};

/* An empty store charged to `account`. RESULT_NO_MEMORY when refused. */
MUST_USE enum result tls_certificates_init(struct tls_certificates *store, struct account *account);

/* Releases everything; the store may be partly filled. */
void tls_certificates_deinit(struct tls_certificates *store);

/*
 * Loads a `crt` argument: a PEM file with chain and key (or the key in <file>.key), a folder of
 * such files, or a name for which <name>.rsa and <name>.ecdsa exist. RESULT_INVALID or
 * RESULT_FAILED with the reason in `error`.
 */
MUST_USE enum result tls_certificates_load(struct tls_certificates *store, const char *path,
                                           struct text *error);

/*
 * The certificate for a server name whose key `is_supported` accepts; elliptic curves before RSA.
 * Exact names come before wildcards. NULL when no certificate has that name.
 */
const struct tls_certificate *
tls_certificates_find(const struct tls_certificates *store, struct slice name,
                      bool (*is_supported)(void *argument, gnutls_pk_algorithm_t algorithm),
                      void *argument);

/* The certificate for clients that name none of ours: of the first bundle loaded. NULL when the
 * store is empty. */
const struct tls_certificate *
tls_certificates_default(const struct tls_certificates *store,
                         bool (*is_supported)(void *argument, gnutls_pk_algorithm_t algorithm),
                         void *argument);

#endif
