/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look into the ClientHello (RFC 5246 7.4.1.2): version, random, session id, and then the suites.
 *
 * A client that speaks TLS 1.2 may be able to check ECDSA signatures and yet offer RSA suites
 * alone; GnuTLS asks for the certificate before it looks at suites, so this is looked at here, when
 * there is a choice at all. What bounds its memory: nothing is taken, nothing is kept.
 */
#include "tls/hello.h"

#include <stdint.h>

enum {
    RANDOM_END = 2 + 32, /* version and random */
    SUITE_BYTES = 2,
    BYTE_BITS = 8,
};

/* Suites of ECDHE_ECDSA that GnuTLS knows (RFC 8422 6, RFC 5289, RFC 7251, RFC 7905). */
static const uint16_t ECDSA_SUITES[] = {0xC009, 0xC00A, 0xC023, 0xC024, 0xC02B, 0xC02C,
                                        0xC0AC, 0xC0AD, 0xC0AE, 0xC0AF, 0xCCA9};

static bool is_ecdsa(uint16_t suite)
{
    for (size_t i = 0; i < sizeof(ECDSA_SUITES) / sizeof(ECDSA_SUITES[0]); i++) {
        if (ECDSA_SUITES[i] == suite) {
            return true;
        }
    }
    return false;
}

static uint16_t read_two(struct slice bytes)
{
    return (uint16_t)((unsigned char)bytes.data[0] << BYTE_BITS | (unsigned char)bytes.data[1]);
}

bool tls_hello_offers_ecdsa(struct slice body)
{
    struct slice rest = slice_skip(body, RANDOM_END);
    if (rest.length == 0) {
        return false;
    }
    rest = slice_skip(rest, 1 + (size_t)(unsigned char)rest.data[0]); /* session id */
    if (rest.length < SUITE_BYTES) {
        return false;
    }
    struct slice suites = slice_first(slice_skip(rest, SUITE_BYTES), read_two(rest));
    while (suites.length >= SUITE_BYTES) {
        if (is_ecdsa(read_two(suites))) {
            return true;
        }
        suites = slice_skip(suites, SUITE_BYTES);
    }
    return false;
}
