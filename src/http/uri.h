/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URIs and authorities (RFC 3986) as request targets, redirects and rules need them: cutting into
 * parts, comparing hosts, percent decoding, parameters of a query. Everything borrows the bytes it
 * is given; nothing here takes memory.
 */
#ifndef WEIR_HTTP_URI_H
#define WEIR_HTTP_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

/* The parts of a request target. Those that it does not have are empty. */
struct http_uri {
    struct slice scheme;    /* "http" of an absolute URI */
    struct slice authority; /* "user@host:port" of an absolute URI, or the whole of "host:port" */
    struct slice path;      /* path and query of an absolute URI (may be empty), "/…", or "*" */
};

/*
 * Cuts a target into its parts by its form: absolute ("scheme://…"), origin ("/…"), asterisk, else
 * authority. RESULT_INVALID for an empty text, or an absolute URI without a proper scheme. Bytes of
 * path and authority are not checked.
 */
MUST_USE enum result http_uri_parse(struct slice text, struct http_uri *uri);

/* The parts of an authority. */
struct http_authority {
    struct slice user; /* in front of '@'; data NULL when there is no '@' */
    struct slice host; /* with its brackets when it is an IPv6 literal */
    struct slice port; /* digits, may be empty behind ':'; data NULL when there is no ':' */
};

/* Cuts and checks "[user@]host[:port]" (RFC 3986 3.2): RESULT_INVALID for bytes that it does not
 * allow, an unclosed bracket or a port that is no number up to 65535. The host may be empty. */
MUST_USE enum result http_authority_parse(struct slice text, struct http_authority *authority);

/*
 * Whether two valid authorities name the same host and port. A port that is left out stands for the
 * scheme's own; with an empty scheme (CONNECT) both 80 and 443 may be left out, as HAProxy does.
 */
bool http_authority_equal(struct slice scheme, struct slice a, struct slice b);

/* The port that a scheme implies, or 0. */
uint16_t http_scheme_port(struct slice scheme);

/* Whether a byte stands for itself everywhere in a URI (RFC 3986 2.3). */
bool http_is_unreserved(char c);

/*
 * Decodes %XX into `out` (room for text.length bytes; may be the text's own bytes). '+' becomes a
 * space in a form, else only behind the first '?'. RESULT_INVALID for a '%' without two digits.
 */
MUST_USE enum result http_percent_decode(struct slice text, bool is_form, char *out,
                                         size_t *length);

/* One parameter of a query. Nothing is decoded. */
struct http_parameter {
    struct slice name;
    struct slice value; /* data NULL when there is no '=' */
};

/* The parameters of a URL as HAProxy's url_param sees them: all behind the first `delimiter`
 * (normally '?'); data NULL when there is none. */
struct slice http_parameters(struct slice url, char delimiter);

/* Cuts the next parameter off `rest`; they end at '&', ';' or `delimiter`. False: no more. */
bool http_parameter_next(struct slice *rest, char delimiter, struct http_parameter *parameter);

#endif
