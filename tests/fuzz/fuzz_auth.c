/* SPDX-License-Identifier: Apache-2.0 */
/* Basic credentials: what is accepted has exactly one spelling, which encoding gives back. */
#include "fuzz_http.h"
#include "http/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t encode(struct slice bytes, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = 0;
    for (size_t i = 0; i < bytes.length; i += 3) {
        uint32_t group = (uint32_t)(uint8_t)bytes.data[i] << 16;
        size_t here = bytes.length - i;
        group |= here > 1 ? (uint32_t)(uint8_t)bytes.data[i + 1] << 8 : 0;
        group |= here > 2 ? (uint32_t)(uint8_t)bytes.data[i + 2] : 0;
        out[length] = digits[group >> 18];
        out[length + 1] = digits[(group >> 12) & 0x3f];
        out[length + 2] = '=';
        out[length + 3] = '=';
        if (here > 1) {
            out[length + 2] = digits[(group >> 6) & 0x3f];
        }
        if (here > 2) {
            out[length + 3] = digits[group & 0x3f];
        }
        length += 4;
    }
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice value = slice_of((const char *)data, size);
    char buffer[HTTP_AUTH_BYTES_MAX];
    char encoded[2 * HTTP_AUTH_BYTES_MAX];
    struct http_credentials credentials;
    if (http_auth_parse_basic(value, buffer, sizeof(buffer), &credentials) != RESULT_OK) {
        return 0;
    }
    fuzz_require(credentials.user.data == buffer &&
                     credentials.password.data == buffer + credentials.user.length + 1,
                 "user, colon, password");
    fuzz_require(slice_find_char(credentials.user, ':') == credentials.user.length,
                 "no colon in a user");
    size_t decoded = credentials.user.length + 1 + credentials.password.length;
    size_t length = encode(slice_of(buffer, decoded), encoded);
    struct slice text = slice_trim(slice_skip(value, sizeof("Basic") - 1));
    fuzz_require(slice_equal(text, slice_of(encoded, length)), "one spelling");
    return 0;
}
