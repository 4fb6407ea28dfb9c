/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM files: a chain of certificates and a private key, from one file or two.
 */
#ifndef WEIR_TLS_PEM_H
#define WEIR_TLS_PEM_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>

#include "base/result.h"
#include "base/text.h"

/* What a PEM bundle holds. Everything in it is GnuTLS's: release with pem_bundle_clear. */
struct pem_bundle {
    gnutls_x509_crt_t *certificates; /* in the file's order, the server's own first */
    unsigned count;
    gnutls_privkey_t key; /* NULL: the file had none */
};

/* Reads the certificates of `path`, and its key if there is one. RESULT_FAILED or RESULT_INVALID
 * with the reason in `error`. */
MUST_USE enum result pem_bundle_load(struct pem_bundle *bundle, const char *path,
                                     struct text *error);

/* Reads the key of `path` into a bundle without one. */
MUST_USE enum result pem_bundle_load_key(struct pem_bundle *bundle, const char *path,
                                         struct text *error);

/* Whether the key belongs to the first certificate. */
bool pem_bundle_key_matches(const struct pem_bundle *bundle);

/* Releases what is left in the bundle. */
void pem_bundle_clear(struct pem_bundle *bundle);

#endif
