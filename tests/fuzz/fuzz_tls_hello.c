/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzing of the look into a ClientHello: no input may be read past its end, and an answer does not
 * depend on what follows.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tls/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    bool offers = tls_hello_offers_ecdsa(slice_of(bytes, size));
    /* Cutting bytes off can only take suites away. */
    if (!offers && size > 0 && tls_hello_offers_ecdsa(slice_of(bytes, size - 1))) {
        abort();
    }
    return 0;
}
