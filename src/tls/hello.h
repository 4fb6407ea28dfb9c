/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What GnuTLS does not tell of a ClientHello before a certificate must be chosen.
 */
#ifndef WEIR_TLS_HELLO_H
#define WEIR_TLS_HELLO_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * Whether a ClientHello (the message's body, without its header) offers a suite of TLS 1.2 or older
 * for a certificate with an elliptic curve's key. False for a body that is cut short.
 */
bool tls_hello_offers_ecdsa(struct slice body);

#endif
