/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The normalizers of `http-request normalize-uri`: pure functions from a path and query to another
 * (RFC 3986 6.2.2).
 */
#ifndef WEIR_RULES_URI_NORMALIZER_H
#define WEIR_RULES_URI_NORMALIZER_H

#include <stdbool.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"

/* More parameters than this are not sorted. */
enum { QUERY_PARAMETERS_MAX = 512 };

enum uri_normalizer {
    URI_FRAGMENT_ENCODE,
    URI_FRAGMENT_STRIP,
    URI_PATH_MERGE_SLASHES,
    URI_PATH_STRIP_DOT,
    URI_PATH_STRIP_DOTDOT,         /* option "full": ".." at the beginning goes too */
    URI_PERCENT_DECODE_UNRESERVED, /* option "strict": bad sequences are refused */
    URI_PERCENT_TO_UPPERCASE,      /* option "strict" likewise */
    URI_QUERY_SORT_BY_NAME,
    URI_NORMALIZERS
};

/* A normalizer's name in the configuration, and the name of its option or NULL. */
const char *uri_normalizer_name(enum uri_normalizer normalizer);
const char *uri_normalizer_option(enum uri_normalizer normalizer);

/*
 * Appends the normal form of `path` (which begins with '/', with its query) to `out`.
 * RESULT_INVALID: a bad percent sequence in strict mode. RESULT_FULL: it does not fit `out`, or
 * there are more than QUERY_PARAMETERS_MAX parameters.
 */
MUST_USE enum result uri_normalize(enum uri_normalizer normalizer, bool has_option,
                                   struct slice path, struct text *out);

#endif
