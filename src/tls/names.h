/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL's names, which configurations and logs use, in GnuTLS's words: cipher suites, curves and
 * versions.
 *
 * Limits: GnuTLS allows key exchanges, ciphers and MACs each for themselves. A list of suites
 * becomes the sets that occur in it, so that a suite made of allowed parts is allowed too though
 * the list does not name it.
 */
#ifndef WEIR_TLS_NAMES_H
#define WEIR_TLS_NAMES_H

#include "base/result.h"
#include "base/text.h"
#include "tls/tls.h"

/* Room for any priority string. */
enum { TLS_PRIORITY_SIZE = 2048 };

/*
 * Appends the priority string for versions, ciphers, curves and preference of `options`.
 * RESULT_INVALID with the reason in `error` when a list selects nothing.
 */
MUST_USE enum result tls_names_append_priority(const struct tls_options *options,
                                               struct text *priority, struct text *error);

/* OpenSSL's name of the suite that the IANA calls `suite`; `suite` itself when OpenSSL has none. */
const char *tls_names_openssl_suite(const char *suite);

#endif
