/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URIs: the parts put together are the text again, valid authorities equal themselves, decoding
 * never grows and undoes encoding, parameters cover their query.
 */
#include "fuzz_http.h"
#include "http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_uri(struct slice text)
{
    struct http_uri uri;
    if (http_uri_parse(text, &uri) != RESULT_OK) {
        fuzz_require(text.length == 0 || slice_find(text, SLICE("://")) < text.length,
                     "only absolute forms are refused");
        return;
    }
    size_t mark = uri.scheme.length > 0 ? sizeof("://") - 1 : 0;
    fuzz_require(uri.scheme.length + mark + uri.authority.length + uri.path.length == text.length,
                 "the parts are the whole");
    if (uri.scheme.length > 0) {
        fuzz_require(slice_starts_with(text, uri.scheme), "the scheme is first");
        fuzz_require(slice_equal(slice_skip(text, text.length - uri.path.length), uri.path) ||
                         uri.path.length == 0,
                     "the path is last");
    }
}

static void try_authority(struct slice text)
{
    struct http_authority authority;
    bool is_valid = http_authority_parse(text, &authority) == RESULT_OK;
    fuzz_require(http_authority_equal(SLICE("http"), text, text) == is_valid,
                 "what is valid equals itself");
    if (!is_valid) {
        return;
    }
    size_t user = authority.user.data == NULL ? 0 : authority.user.length + 1;
    size_t port = authority.port.data == NULL ? 0 : authority.port.length + 1;
    fuzz_require(user + authority.host.length + port == text.length, "the parts are the whole");
    fuzz_require(slice_find_char(authority.host, '@') == authority.host.length &&
                     slice_find_char(authority.host, '/') == authority.host.length,
                 "a host is only a host");
}

static void try_decoding(struct slice text, bool is_form)
{
    static const char digits[] = "0123456789abcdef";
    char *decoded = malloc(text.length + 1);
    size_t length = 0;
    if (http_percent_decode(text, is_form, decoded, &length) == RESULT_OK) {
        fuzz_require(length <= text.length, "decoding never grows");
        char *encoded = malloc(3 * length + 1);
        char *again = malloc(3 * length + 1);
        size_t again_length = 0;
        for (size_t i = 0; i < length; i++) {
            encoded[3 * i] = '%';
            encoded[3 * i + 1] = digits[(uint8_t)decoded[i] >> 4];
            encoded[3 * i + 2] = digits[(uint8_t)decoded[i] & 0xf];
        }
        fuzz_require(http_percent_decode(slice_of(encoded, 3 * length), is_form, again,
                                         &again_length) == RESULT_OK,
                     "what is encoded can be decoded");
        fuzz_require(again_length == length && memcmp(again, decoded, length) == 0,
                     "decoding undoes encoding");
        free(again);
        free(encoded);
    }
    free(decoded);
}

static void try_parameters(struct slice url, char delimiter)
{
    struct slice rest = http_parameters(url, delimiter);
    size_t covered = rest.length;
    struct http_parameter parameter;
    while (http_parameter_next(&rest, delimiter, &parameter)) {
        size_t value = parameter.value.data == NULL ? 0 : parameter.value.length + 1;
        size_t taken = parameter.name.length + value;
        fuzz_require(slice_find_char(parameter.name, '=') == parameter.name.length,
                     "a name without '='");
        fuzz_require(taken <= covered, "no more than there is");
        covered -= taken;
        covered -= covered > 0 ? 1 : 0; /* the separator */
        fuzz_require(rest.length == covered, "nothing is left out");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    try_uri(text);
    try_authority(text);
    try_decoding(text, false);
    try_decoding(text, true);
    try_parameters(text, '?');
    try_parameters(text, ';');
    return 0;
}
