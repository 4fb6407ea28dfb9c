/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of fetches and converters ("hdr(host,-1)"): what a table row accepts, and what was
 * given, parsed and typed. Names of proxies, servers and tables are references: they are noted
 * while the configuration is read and bound once the objects exist.
 *
 *   parse: reference noted -> sample_references_each by config: does the name exist?
 *   start: sample_references_each by whoever makes proxies: reference->target = the object
 */
#ifndef WEIR_RULES_SAMPLE_ARGUMENT_H
#define WEIR_RULES_SAMPLE_ARGUMENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/result.h"
#include "base/slice.h"
#include "memory/memory.h"
#include "rules/sample.h"

enum argument_type {
    ARGUMENT_NONE, /* ends a row's list; optional and not given */
    ARGUMENT_STRING,
    ARGUMENT_INTEGER,
    ARGUMENT_TIME, /* with a unit; compiled to ARGUMENT_INTEGER, milliseconds */
    ARGUMENT_SIZE, /* with a unit; compiled to ARGUMENT_INTEGER, bytes */
    ARGUMENT_IPV4,
    ARGUMENT_IPV6,
    ARGUMENT_MASK4, /* "255.255.0.0" or "16"; compiled to ARGUMENT_IPV4 */
    ARGUMENT_MASK6, /* compiled to ARGUMENT_IPV6 */
    ARGUMENT_FRONTEND,
    ARGUMENT_BACKEND,
    ARGUMENT_SERVER, /* "backend/server", or "server" of the proxy being parsed */
    ARGUMENT_TABLE,
    ARGUMENT_USERLIST,
    ARGUMENT_VARIABLE, /* a variable's name with its scope */
    ARGUMENT_OBJECT,   /* made by the row's check from a string */
    ARGUMENT_TYPES
};

/* What a row accepts: `least` are mandatory. */
enum { SAMPLE_ARGUMENTS_MAX = 12 };
struct argument_spec {
    unsigned least;
    enum argument_type types[SAMPLE_ARGUMENTS_MAX];
};

/* In a row: no arguments. */
#define NO_ARGUMENTS      \
    {                     \
        0,                \
        {                 \
            ARGUMENT_NONE \
        }                 \
    }

/* A name that is looked up when everything is loaded. */
struct sample_reference {
    struct list link;        /* sample_references */
    enum argument_type kind; /* ARGUMENT_FRONTEND … ARGUMENT_USERLIST */
    const char *name;        /* the proxy, table or userlist; never empty */
    const char *server;      /* ARGUMENT_SERVER: the server's name, else NULL */
    const char *keyword;     /* the fetch or converter, for messages */
    unsigned position;       /* of the argument, from 1 */
    bool is_implicit;        /* not given: `name` is the proxy being parsed */
    const char *file;
    unsigned line;
    /*
     * Set once it is found: ARGUMENT_FRONTEND: const struct proxy_identity; ARGUMENT_BACKEND:
     * struct backend; ARGUMENT_SERVER: struct server; ARGUMENT_USERLIST: const struct userlist;
     * ARGUMENT_TABLE: the table. Until then a fetch gives no value.
     */
    void *target;
};

/* All references of a configuration. */
struct sample_references {
    struct list list;
};

struct sample_argument {
    enum argument_type type;
    union {
        struct slice text; /* ARGUMENT_STRING: followed by a NUL */
        int64_t integer;
        struct in_addr ipv4;
        struct in6_addr ipv6;
        struct sample_reference *reference;
        const struct variable_name *variable;
        struct {
            void *pointer;
            void (*destroy)(struct account *account, void *object); /* NULL: not owned */
        } object;
    };
};

/* A compiled list. Zero-initialized has none. */
struct sample_arguments {
    struct sample_argument *items;
    unsigned count; /* given, trailing empty ones included */
};

/* Prepares an empty collection of references. */
void sample_references_init(struct sample_references *references);

/* Calls `visit` for every reference until one returns another result than RESULT_OK; returns that.
 */
MUST_USE enum result
sample_references_each(struct sample_references *references,
                       enum result (*visit)(void *argument, struct sample_reference *reference),
                       void *argument);

/*
 * Parses what stands behind a keyword: nothing, or "(a,b,…)" with quotes and escapes as HAProxy
 * reads them. `*rest` is what follows. RESULT_INVALID with parser->error (without the keyword's
 * name), RESULT_NO_MEMORY. `keyword` is kept for messages and must outlive the configuration.
 */
MUST_USE enum result sample_arguments_parse(struct rule_parser *parser, const char *keyword,
                                            const struct argument_spec *spec, const char *word,
                                            struct sample_arguments *out, const char **rest);

/* Releases the list and what it owns; references that nobody resolved are forgotten. */
void sample_arguments_destroy(struct account *account, struct sample_arguments *arguments);

/* Replaces a string argument by an object that its row's check made from it. */
void sample_argument_set_object(struct account *account, struct sample_argument *argument,
                                void *pointer,
                                void (*destroy)(struct account *account, void *object));

/* Argument `index` is given and not empty. */
bool sample_argument_is_given(const struct sample_arguments *arguments, unsigned index);

/* The text of argument `index`, empty when it is not given. */
struct slice sample_argument_text(const struct sample_arguments *arguments, unsigned index);

/* The number of argument `index`, `otherwise` when it is not given. */
int64_t sample_argument_integer(const struct sample_arguments *arguments, unsigned index,
                                int64_t otherwise);

/* The object that a reference in argument `index` leads to; NULL when not given or not bound. */
void *sample_argument_target(const struct sample_arguments *arguments, unsigned index);

#endif
