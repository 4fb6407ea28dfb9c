/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What loading certificates needs of their store.
 */
#ifndef WEIR_TLS_CERTIFICATE_INTERNAL_H
#define WEIR_TLS_CERTIFICATE_INTERNAL_H

#include "base/result.h"
#include "base/text.h"
#include "tls/certificate.h"
#include "tls/pem.h"

/* Adds a loaded bundle with a key, which becomes the store's, to the bundle that is being loaded.
 */
MUST_USE enum result tls_certificates_add(struct tls_certificates *store, struct pem_bundle *bundle,
                                          const char *path, struct text *error);

#endif
