/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches: the keywords that extract a sample from a context, as tables. A table ends with a NULL
 * name; all tables are listed in process/registry.c (struct rule_registry). A new fetch is one row
 * and one function.
 */
#ifndef WEIR_RULES_FETCH_H
#define WEIR_RULES_FETCH_H

#include <stdbool.h>

#include "base/result.h"
#include "base/slice.h"
#include "rules/context.h"
#include "rules/sample.h"
#include "rules/sample_argument.h"

/*
 * Sets of SAMPLE_IN_* for rows: since when and until when the information is there. What a request
 * or a response says is gone behind its own rules.
 */
#define FETCH_OF_REQUEST  (SAMPLE_IN_REQUEST_CONTENT | SAMPLE_IN_HTTP_REQUEST)
#define FETCH_OF_RESPONSE (SAMPLE_IN_RESPONSE_CONTENT | SAMPLE_IN_HTTP_RESPONSE | SAMPLE_IN_CHECK)
/* From the choice of a server to the log. */
#define FETCH_OF_SERVER (FETCH_OF_RESPONSE | SAMPLE_IN_LOG)
/* From the first bytes of a stream to its log. */
#define FETCH_OF_STREAM \
    (FETCH_OF_REQUEST | SAMPLE_IN_RESPONSE_CONTENT | SAMPLE_IN_HTTP_RESPONSE | SAMPLE_IN_LOG)
/* As long as the client is connected. */
#define FETCH_OF_CLIENT (SAMPLE_IN_CONNECTION | SAMPLE_IN_SESSION | FETCH_OF_STREAM)
#define FETCH_ANYWHERE  (FETCH_OF_CLIENT | SAMPLE_IN_CHECK | SAMPLE_IN_CLI)

/* Properties of a row, or-ed. */
enum fetch_flags {
    FETCH_HAS_FORMS = 1, /* ACLs may write <name>_beg, _dir, _dom, _end, _len, _reg, _sub, _str… */
    FETCH_NOCASE = 2,    /* patterns of its ACLs ignore case: methods */
    FETCH_DECIMAL = 4,   /* patterns are versions: "3.1" is 3 * 65536 + 1 */
};

/* One call: what the row and the expression say. */
struct sample_call {
    const struct sample_arguments *arguments;
    struct sample_cursor *cursor; /* fetches of an iteration (ACLs); NULL: one value */
    unsigned variant;             /* of the row */
};

struct sample_fetch {
    const char *name;
    struct argument_spec arguments;
    enum sample_type type;
    unsigned places; /* SAMPLE_IN_* where it has a value */
    /*
     * Fills `out`. RESULT_OK, RESULT_NOT_FOUND, RESULT_BLOCKED (more input may give a value),
     * RESULT_NO_MEMORY. With a cursor that is not at the end, out->flags has SAMPLE_NOT_LAST.
     */
    enum result (*function)(const struct sample_call *call, struct rule_context *context,
                            struct sample *out);
    /* Checks, and may compile, the arguments; RESULT_INVALID with parser->error. Or NULL. */
    enum result (*check)(struct rule_parser *parser, struct sample_arguments *arguments,
                         unsigned variant);
    unsigned variant; /* tells rows with the same function apart */
    unsigned flags;
};

/* What a row says, in one line: without arguments, and with `least` mandatory ones of the types
 * that follow. */
#define FETCH_ROW(name, type, places, function, variant, flags)                  \
    {                                                                            \
        name, {0, {ARGUMENT_NONE}}, type, places, function, NULL, variant, flags \
    }
#define FETCH_ROW_WITH(name, type, places, function, check, variant, flags, least, ...) \
    {                                                                                   \
        name, {least, {__VA_ARGS__}}, type, places, function, check, variant, flags     \
    }
#define FETCH_ROWS_END                                              \
    {                                                               \
        NULL, {0, {ARGUMENT_NONE}}, SAMPLE_ANY, 0, NULL, NULL, 0, 0 \
    }

/* The row that an expression begins with. */
const struct sample_fetch *sample_expression_fetch(const struct sample_expression *expression);

/* Whether converters follow the fetch. */
bool sample_expression_has_converters(const struct sample_expression *expression);

/*
 * As sample_parse for the criterion of an ACL: where no fetch has the name, a fetch with
 * FETCH_HAS_FORMS followed by "_<form>" is taken, and `*form` is the part behind '_' (empty
 * otherwise).
 */
MUST_USE enum result sample_parse_criterion(struct rule_parser *parser, const char *const *words,
                                            unsigned words_count, unsigned *words_used,
                                            struct slice *form, struct sample_expression **out);

/* ---- what fetches and converters answer with ---- */

/* Each fills a sample of its type and returns RESULT_OK. */
static inline enum result sample_give_text(struct sample *out, struct slice text)
{
    *out = (struct sample){.type = SAMPLE_STRING, .text = text};
    return RESULT_OK;
}

/* Gives a string; RESULT_NOT_FOUND for NULL. */
static inline enum result sample_give_string(struct sample *out, const char *s)
{
    return s != NULL ? sample_give_text(out, slice_from_string(s)) : RESULT_NOT_FOUND;
}

/* Gives bytes. */
static inline enum result sample_give_binary(struct sample *out, struct slice bytes)
{
    *out = (struct sample){.type = SAMPLE_BINARY, .text = bytes};
    return RESULT_OK;
}

/* Gives a number. */
static inline enum result sample_give_integer(struct sample *out, int64_t integer)
{
    *out = (struct sample){.type = SAMPLE_INTEGER, .integer = integer};
    return RESULT_OK;
}

/* Gives an IP address; RESULT_NOT_FOUND for one of another family. */
static inline enum result sample_give_address(struct sample *out, const struct address *address)
{
    if (address->family == AF_INET) {
        *out = (struct sample){.type = SAMPLE_IPV4, .ipv4 = address->v4};
        return RESULT_OK;
    }
    if (address->family == AF_INET6) {
        *out = (struct sample){.type = SAMPLE_IPV6, .ipv6 = address->v6};
        return RESULT_OK;
    }
    return RESULT_NOT_FOUND;
}

/* Gives true or false. */
static inline enum result sample_give_bool(struct sample *out, bool boolean)
{
    *out = (struct sample){.type = SAMPLE_BOOL, .boolean = boolean};
    return RESULT_OK;
}

/* What a fetch answers whose message is not there: it may come, unless the context is final. */
static inline enum result sample_missing(const struct rule_context *context)
{
    return context->is_final ? RESULT_NOT_FOUND : RESULT_BLOCKED;
}

/* ---- arguments ---- */

/* Microseconds in the unit "s", "ms" or "us"; no unit is seconds. */
int64_t fetch_unit_divisor(struct slice unit);

/* Whether argument `index` is a unit or missing: RESULT_OK, RESULT_INVALID with parser->error. */
MUST_USE enum result fetch_check_unit(struct rule_parser *parser,
                                      const struct sample_arguments *arguments, unsigned index);

/* ---- the tables ---- */

extern const struct sample_fetch fetches_internal[];   /* constants, var() */
extern const struct sample_fetch fetches_process[];    /* date, env, pid, rand, uuid… */
extern const struct sample_fetch fetches_proxy[];      /* fe_*, be_*, srv_*, so_*, timeouts */
extern const struct sample_fetch fetches_connection[]; /* src, dst, fc_*, bc_* */
extern const struct sample_fetch fetches_tls[];        /* ssl_fc_*, ssl_bc_*, ssl_c_* */
extern const struct sample_fetch fetches_content[];    /* req.len, req.payload, req.ssl_sni… */
extern const struct sample_fetch fetches_http[];       /* request line, status, header fields */
extern const struct sample_fetch fetches_fields[];     /* req.hdrs, req.hdr_names… */
extern const struct sample_fetch fetches_url[];        /* base, base32, url_ip… */
extern const struct sample_fetch fetches_body[];       /* req.body*, res.body* */
extern const struct sample_fetch fetches_cookie[];     /* req.cook*, res.cook*, res.scook* */
extern const struct sample_fetch
    fetches_stream[]; /* captures, timers, unique-id, txn.*, last_rule */
extern const struct sample_fetch fetches_logic[]; /* acl(), var(), http_auth() */

#endif
