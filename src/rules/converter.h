/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converters: the keywords that change a sample, as tables like those of fetches. The engine casts
 * the sample to `input` before the call; the function changes it in place.
 */
#ifndef WEIR_RULES_CONVERTER_H
#define WEIR_RULES_CONVERTER_H

#include "base/result.h"
#include "rules/fetch.h"
#include "rules/sample.h"
#include "rules/sample_argument.h"

struct sample_converter {
    const char *name;
    struct argument_spec arguments;
    enum sample_type input;  /* SAMPLE_ANY: taken as it is */
    enum sample_type output; /* SAMPLE_ANY: that of the input */
    /* Changes `sample`. RESULT_OK, RESULT_NOT_FOUND (no value), RESULT_NO_MEMORY. */
    enum result (*function)(const struct sample_call *call, struct rule_context *context,
                            struct sample *sample);
    /* As in struct sample_fetch. */
    enum result (*check)(struct rule_parser *parser, struct sample_arguments *arguments,
                         unsigned variant);
    unsigned variant;
};

extern const struct sample_converter converters_integer[]; /* add, and, neg, even… */
extern const struct sample_converter converters_text[]; /* lower, field, word, concat, regsub… */
extern const struct sample_converter converters_encoding[]; /* url_dec, base64, hex, json… */
extern const struct sample_converter converters_hash[];     /* crc32, sdbm, xxh64… */
extern const struct sample_converter converters_address[];  /* ipmask, host_only, rfc7239_* */
extern const struct sample_converter converters_time[];     /* ltime, utime, http_date… */
extern const struct sample_converter converters_logic[];    /* iif, set-var, strcmp, srv_is_up… */
extern const struct sample_converter converters_map[];      /* map_* */

#endif
