/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of the Basic scheme (RFC 7617): base64 into user and password. No memory beyond the
 * caller's buffer.
 */
#ifndef WEIR_HTTP_AUTH_H
#define WEIR_HTTP_AUTH_H

#include <stddef.h>

#include "base/result.h"
#include "base/slice.h"

/* Room for any credentials that are worth comparing: longer ones are refused. */
enum { HTTP_AUTH_BYTES_MAX = 512 };

struct http_credentials {
    struct slice user;
    struct slice password;
};

/*
 * Decodes the value of an Authorization field into `buffer`, which the credentials point into.
 * RESULT_NOT_FOUND for another scheme or no value, RESULT_FULL when `size` is too small,
 * RESULT_INVALID for bad base64, a missing colon or a NUL.
 */
MUST_USE enum result http_auth_parse_basic(struct slice value, char *buffer, size_t size,
                                           struct http_credentials *credentials);

#endif
