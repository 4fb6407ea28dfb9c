/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting URIs and authorities into parts, comparing authorities, decoding, walking parameters
 * (RFC 3986 3, RFC 9112 3.2).
 * The hard idea: two readers of one URI must find the same host, so that an authority is either
 * entirely of the grammar or refused, and "same" means host and port, not spelling. Borrowed bytes
 * only; each loop is bounded by them.
 */
#include "http/uri.h"

#include "base/number.h"
#include "http/chars.h"

enum { PORT_HTTP = 80, PORT_HTTPS = 443, HEX_DIGIT_BITS = 4, PERCENT_DIGITS = 2 };

/* ---- URIs ---- */

/* The length of "scheme" in front of "://", or 0; `has_mark`: whether there is a "://" behind the
 * first colon. */
static size_t find_scheme(struct slice text, bool *has_mark)
{
    size_t colon = slice_find_char(text, ':');
    *has_mark = slice_starts_with(slice_skip(text, colon), SLICE("://"));
    struct slice scheme = slice_first(text, colon);
    bool is_proper = scheme.length > 0 && http_chars_are(scheme, HTTP_CHAR_SCHEME) &&
                     ascii_lower(scheme.data[0]) >= 'a' && ascii_lower(scheme.data[0]) <= 'z';
    return *has_mark && is_proper ? colon : 0;
}

static size_t find_authority_end(struct slice text)
{
    size_t end = 0;
    while (end < text.length && text.data[end] != '/' && text.data[end] != '?' &&
           text.data[end] != '#') {
        end++;
    }
    return end;
}

enum result http_uri_parse(struct slice text, struct http_uri *uri)
{
    *uri = (struct http_uri){0};
    if (text.length == 0) {
        return RESULT_INVALID;
    }
    if (text.data[0] == '/' || slice_equal(text, SLICE("*"))) {
        uri->path = text;
        return RESULT_OK;
    }
    bool has_mark;
    size_t length = find_scheme(text, &has_mark);
    if (!has_mark) {
        uri->authority = text;
        return RESULT_OK;
    }
    if (length == 0) {
        return RESULT_INVALID;
    }
    uri->scheme = slice_first(text, length);
    struct slice rest = slice_skip(text, length + sizeof("://") - 1);
    size_t end = find_authority_end(rest);
    uri->authority = slice_first(rest, end);
    uri->path = slice_skip(rest, end);
    return RESULT_OK;
}

/* ---- authorities ---- */

/* Whether each '%' has its two hexadecimal digits. */
static bool has_proper_percents(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '%' &&
            (text.length - i <= PERCENT_DIGITS || number_hex_digit(text.data[i + 1]) < 0 ||
             number_hex_digit(text.data[i + PERCENT_DIGITS]) < 0)) {
            return false;
        }
    }
    return true;
}

/* Letters, digits, what else a name may have, and ':' (in users and IPv6 addresses). */
static bool is_name_with_colons(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != ':' && !http_char_is(text.data[i], HTTP_CHAR_HOST)) {
            return false;
        }
    }
    return has_proper_percents(text);
}

/* Splits "host[:port]". False for an unclosed bracket or more behind it than a port. */
static bool split_port(struct slice text, struct http_authority *authority)
{
    size_t end = slice_find_char(text, text.length > 0 && text.data[0] == '[' ? ']' : ':');
    if (text.length > 0 && text.data[0] == '[') {
        if (end == text.length) {
            return false;
        }
        end++;
    }
    authority->host = slice_first(text, end);
    struct slice rest = slice_skip(text, end);
    if (rest.length > 0) {
        authority->port = slice_skip(rest, 1);
    }
    return rest.length == 0 || rest.data[0] == ':';
}

static bool is_host(struct slice host)
{
    bool is_literal = host.length > 0 && host.data[0] == '[';
    if (!is_literal) {
        return http_chars_are(host, HTTP_CHAR_HOST) && has_proper_percents(host);
    }
    struct slice inner = slice_of(host.data + 1, host.length - sizeof("[]") + 1);
    return inner.length > 0 && is_name_with_colons(inner);
}

static bool is_port(struct slice port)
{
    uint64_t number = 0;
    return port.length == 0 ||
           (number_parse_decimal(port, &number) == RESULT_OK && number <= UINT16_MAX);
}

/* Index of the last '@', or the length. */
static size_t find_last_at(struct slice text)
{
    size_t at = text.length;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '@') {
            at = i;
        }
    }
    return at;
}

enum result http_authority_parse(struct slice text, struct http_authority *authority)
{
    *authority = (struct http_authority){0};
    size_t at = find_last_at(text);
    if (at < text.length) {
        authority->user = slice_first(text, at);
        text = slice_skip(text, at + 1);
    }
    bool is_valid = split_port(text, authority) && is_host(authority->host) &&
                    is_port(authority->port) && is_name_with_colons(authority->user);
    return is_valid ? RESULT_OK : RESULT_INVALID;
}

uint16_t http_scheme_port(struct slice scheme)
{
    if (slice_equal_nocase(scheme, SLICE("http"))) {
        return PORT_HTTP;
    }
    return slice_equal_nocase(scheme, SLICE("https")) ? PORT_HTTPS : 0;
}

static bool is_default_port(struct slice scheme, uint64_t port)
{
    if (scheme.length == 0) {
        return port == PORT_HTTP || port == PORT_HTTPS;
    }
    return port != 0 && port == http_scheme_port(scheme);
}

bool http_authority_equal(struct slice scheme, struct slice a, struct slice b)
{
    struct http_authority first;
    struct http_authority second;
    if (http_authority_parse(a, &first) != RESULT_OK ||
        http_authority_parse(b, &second) != RESULT_OK ||
        !slice_equal_nocase(first.host, second.host)) {
        return false;
    }
    uint64_t first_port = 0;
    uint64_t second_port = 0;
    bool has_first = number_parse_decimal(first.port, &first_port) == RESULT_OK;
    bool has_second = number_parse_decimal(second.port, &second_port) == RESULT_OK;
    if (has_first == has_second) {
        return first_port == second_port;
    }
    return is_default_port(scheme, has_first ? first_port : second_port);
}

/* ---- decoding ---- */

bool http_is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

enum result http_percent_decode(struct slice text, bool is_form, char *out, size_t *length)
{
    bool is_query = is_form;
    size_t written = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '?') {
            is_query = true;
        } else if (c == '+' && is_query) {
            c = ' ';
        } else if (c == '%') {
            struct slice digits = slice_first(slice_skip(text, i + 1), PERCENT_DIGITS);
            if (digits.length < PERCENT_DIGITS || number_hex_digit(digits.data[0]) < 0 ||
                number_hex_digit(digits.data[1]) < 0) {
                return RESULT_INVALID;
            }
            c = (char)((number_hex_digit(digits.data[0]) << HEX_DIGIT_BITS) |
                       number_hex_digit(digits.data[1]));
            i += PERCENT_DIGITS;
        }
        out[written] = c;
        written++;
    }
    *length = written;
    return RESULT_OK;
}

/* ---- parameters ---- */

struct slice http_parameters(struct slice url, char delimiter)
{
    size_t start = slice_find_char(url, delimiter);
    return start == url.length ? SLICE_NONE : slice_skip(url, start + 1);
}

bool http_parameter_next(struct slice *rest, char delimiter, struct http_parameter *parameter)
{
    if (rest->data == NULL || rest->length == 0) {
        return false;
    }
    size_t end = 0;
    while (end < rest->length && rest->data[end] != '&' && rest->data[end] != ';' &&
           rest->data[end] != delimiter) {
        end++;
    }
    struct slice pair = slice_first(*rest, end);
    size_t equals = slice_find_char(pair, '=');
    parameter->name = slice_first(pair, equals);
    parameter->value = equals == end ? SLICE_NONE : slice_skip(pair, equals + 1);
    *rest = end == rest->length ? SLICE_NONE : slice_skip(*rest, end + 1);
    return true;
}
