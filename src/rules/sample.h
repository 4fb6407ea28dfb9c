/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples: typed values that fetches extract from a context and converters change
 * ("req.hdr(host),lower,map(f)"). Compiled once into a struct sample_expression; evaluated without
 * allocation beyond the context's scratch arena.
 */
#ifndef WEIR_RULES_SAMPLE_H
#define WEIR_RULES_SAMPLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "http/message.h"
#include "memory/memory.h"

struct rule_context;
struct rule_registry;
struct sample_references;

enum sample_type {
    SAMPLE_ANY, /* only as a converter's declared input or output */
    SAMPLE_BOOL,
    SAMPLE_INTEGER,
    SAMPLE_ADDRESS, /* declared output only: IPv4 or IPv6 */
    SAMPLE_IPV4,
    SAMPLE_IPV6,
    SAMPLE_STRING,
    SAMPLE_BINARY,
    SAMPLE_METHOD,
    SAMPLE_TYPES
};

/* How a sample may change later. */
enum sample_flags {
    SAMPLE_MAY_CHANGE = 1, /* the same fetch may give another value when more input has come */
    SAMPLE_NOT_LAST = 2,   /* more values follow: fetch again with the same cursor */
};

struct sample {
    enum sample_type type;
    unsigned flags;
    union {
        bool boolean;
        int64_t integer;
        struct slice text; /* STRING, BINARY: valid until the context's scratch arena is cleared */
        struct in_addr ipv4;
        struct in6_addr ipv6;
        struct {
            enum http_method id;
            struct slice name;
        } method;
    };
};

/* Where parsing happens, what it may look up, and where it says what is wrong. */
struct rule_parser {
    const struct rule_registry *registry;
    struct account *account; /* pays for what is compiled (configuration) */
    const char *file;        /* of the line being parsed */
    unsigned line;
    struct text
        *error; /* on RESULT_INVALID: what is wrong, what was expected, without file and line */
    struct acl_table *acls;         /* named ACLs of the proxy being parsed, or NULL */
    struct pattern_files *patterns; /* files of ACLs and maps, shared by name */
    struct variable_names *variables;
    const struct userlists *userlists;
    struct capture_declarations
        *captures; /* slots of the proxy being parsed; NULL where none can be declared */
    struct error_sections *error_sections; /* http-errors sections by name, or NULL */
    size_t reply_bytes_max;                /* tune.bufsize: the longest reply; 0: 16 KiB */
    unsigned capabilities;                 /* SAMPLE_IN_* where the expression will be evaluated */
    const char
        *proxy_name; /* of the proxy being parsed: what be_conn() without a name means; or NULL */
    struct sample_references
        *references;      /* names of proxies and servers, found later; NULL: none can be named */
    struct text *warning; /* what is suspicious, one line each; NULL: not wanted */
};

/* Where an expression is used: a fetch must be available there. */
enum sample_place {
    SAMPLE_IN_CONNECTION = 1,
    SAMPLE_IN_SESSION = 2,
    SAMPLE_IN_REQUEST_CONTENT = 4,
    SAMPLE_IN_HTTP_REQUEST = 8,
    SAMPLE_IN_RESPONSE_CONTENT = 16,
    SAMPLE_IN_HTTP_RESPONSE = 32,
    SAMPLE_IN_LOG = 64,
    SAMPLE_IN_CHECK = 128,
    SAMPLE_IN_CLI = 256,
};

struct sample_expression;

/*
 * Compiles the expression in words[0..] ("fetch(args),converter(args)…", converters may also stand
 * in the next words); stores how many words it took. RESULT_INVALID with parser->error filled.
 * Charged to parser->account; lives as long as the configuration.
 */
MUST_USE enum result sample_parse(struct rule_parser *parser, const char *const *words,
                                  unsigned words_count, unsigned *words_used,
                                  struct sample_expression **out);
void sample_expression_destroy(struct account *account, struct sample_expression *expression);

/* The type that an expression yields. */
enum sample_type sample_expression_type(const struct sample_expression *expression);

/* Repeated fetching of a fetch with several values (hdr): zero it before the first call. */
struct sample_cursor {
    bool started;
    uint64_t state[4];
};

/*
 * Evaluates. With a cursor (ACLs) a fetch with several values gives one after the other, from the
 * first; without one it gives the one it stands for (of a header: the last). RESULT_OK: `out` holds
 * a value. RESULT_NOT_FOUND: no value. RESULT_BLOCKED: more input may give one (only while the
 * context is not final). RESULT_NO_MEMORY.
 */
MUST_USE enum result sample_evaluate(const struct sample_expression *expression,
                                     struct rule_context *context, struct sample_cursor *cursor,
                                     struct sample *out);

/* As sample_evaluate once, then cast to `type`. */
MUST_USE enum result sample_evaluate_as(const struct sample_expression *expression,
                                        struct rule_context *context, enum sample_type type,
                                        struct sample *out);

/* Casts in place by HAProxy's table of casts; RESULT_NOT_FOUND when the value has no such form. */
MUST_USE enum result sample_cast(struct rule_context *context, struct sample *sample,
                                 enum sample_type type);

/* Whether some value of type `from` has a form of type `to`. */
bool sample_can_cast(enum sample_type from, enum sample_type to);

/* The type's name in HAProxy's messages and in `show`: "str", "sint", "ipv4"… */
const char *sample_type_name(enum sample_type type);

#endif
