/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyword tables: one row a keyword with the sections where it stands, how many arguments it takes,
 * and its handler. Everything that sections share while a configuration is read is in struct
 * config_reader.
 */
#ifndef WEIR_CONFIG_KEYWORD_H
#define WEIR_CONFIG_KEYWORD_H

#include <stdbool.h>

#include "base/result.h"
#include "config/config.h"
#include "config/lexer.h"
#include "proxy/settings.h"
#include "rules/auth.h"
#include "rules/sample.h"

/* Where a keyword may stand, or-ed. */
enum config_section {
    SECTION_NONE = 0,
    SECTION_GLOBAL = 1,
    SECTION_DEFAULTS = 2,
    SECTION_FRONTEND = 4,
    SECTION_BACKEND = 8,
    SECTION_LISTEN = 16,
    SECTION_USERLIST = 32,
    SECTION_HTTP_ERRORS = 64,
};
#define SECTION_PROXY (SECTION_DEFAULTS | SECTION_FRONTEND | SECTION_BACKEND | SECTION_LISTEN)
#define SECTION_FRONT (SECTION_DEFAULTS | SECTION_FRONTEND | SECTION_LISTEN)
#define SECTION_BACK  (SECTION_DEFAULTS | SECTION_BACKEND | SECTION_LISTEN)

enum { CONFIG_ERROR_SIZE = 2048, CONFIG_ERRORS_MAX = 50 };

/* A configuration being read. */
struct config_reader {
    struct configuration *configuration;
    const struct config_input *input;
    struct account *account;
    enum config_section section;
    const char *section_name;        /* "frontend" */
    struct proxy_settings *proxy;    /* of the section, NULL elsewhere */
    struct proxy_settings *defaults; /* the last unnamed or named defaults section */
    struct userlist *userlist;
    struct error_files *error_files; /* of an http-errors section */
    const char *file;
    unsigned line;
    const struct config_words *words; /* of the line */
    bool is_negated;                  /* "no …" */
    bool is_default;                  /* "default …" */
    struct text error;                /* of the line being read */
    char error_bytes[CONFIG_ERROR_SIZE];
    unsigned alerts;
    uint32_t next_proxy_id;
    struct server_settings *default_server; /* of the section */
};

/* One keyword; several words in `name` must all match ("timeout client"). Tables end with a NULL
 * name. */
struct config_keyword {
    const char *name;
    unsigned sections;
    unsigned least, most; /* arguments behind the name; most UINT_MAX: any number */
    const char *usage;    /* "<time>" */
    enum result (*read)(struct config_reader *reader, const char *const *arguments, unsigned count,
                        const struct config_keyword *keyword);
    size_t offset;   /* of a field that a shared handler sets */
    uint32_t value;  /* for a shared handler */
    bool may_negate; /* "no <keyword>" makes sense */
};

/* Says what is wrong with the line: RESULT_INVALID, for `return config_fail(…)`. */
enum result config_fail(struct config_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reports a warning about the line being read. */
void config_warn(struct config_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reports an alert about another place than the line being read. */
void config_alert_at(struct config_reader *reader, const char *file, unsigned line,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A copy of a word that lives as long as the configuration; fails the line when memory is refused.
 */
const char *config_copy(struct config_reader *reader, const char *word);

/* A zeroed block of the configuration, NULL when refused (the line is failed then). */
void *config_take(struct config_reader *reader, size_t bytes);

/* Releases all blocks that config_take and config_copy made. */
void config_release_blocks(struct configuration *configuration);

/* A parser for rules, with everything of this reader; `capabilities` are SAMPLE_IN_*. */
struct rule_parser config_rule_parser(struct config_reader *reader, unsigned capabilities);

/* ---- units (manual 2.4, 2.5) ---- */

/* Reads a duration in milliseconds; without a unit it counts `unit_ms`. Fails the line, naming
 * `what`. */
MUST_USE enum result config_read_time(struct config_reader *reader, const char *what,
                                      const char *word, uint32_t unit_ms, uint32_t *out_ms);

/* Reads a size in bytes with k, m, g. */
MUST_USE enum result config_read_size(struct config_reader *reader, const char *what,
                                      const char *word, size_t *out);

/* Reads a decimal number between `least` and `most`. */
MUST_USE enum result config_read_number(struct config_reader *reader, const char *what,
                                        const char *word, uint64_t least, uint64_t most,
                                        uint64_t *out);

/* ---- addresses (manual 4.2 bind, server) ---- */

/* One address as written: kind, host, port or port range. */
struct config_address {
    struct address address; /* port is the range's first */
    uint16_t last_port;
    int fd;           /* fd@N, else -1 */
    const char *host; /* when it is a name to be resolved, else NULL */
    bool has_port;
    bool port_is_relative;
    int32_t port_offset;
};

/* Reads one address of a bind or server line. RESULT_INVALID: the line is failed. */
MUST_USE enum result config_read_address(struct config_reader *reader, const char *word,
                                         bool needs_port, struct config_address *out);

/* ---- the tables ---- */
extern const struct config_keyword KEYWORDS_GLOBAL[];
extern const struct config_keyword KEYWORDS_PROXY[];
extern const struct config_keyword KEYWORDS_OPTIONS[];
extern const struct config_keyword KEYWORDS_RULES[];
extern const struct config_keyword KEYWORDS_SERVERS[];
extern const struct config_keyword KEYWORDS_BIND[];
extern const struct config_keyword KEYWORDS_LOG[];
extern const struct config_keyword KEYWORDS_STATISTICS[];
extern const struct config_keyword KEYWORDS_ERRORS[];
extern const struct config_keyword KEYWORDS_USERLIST[];
extern const struct config_keyword KEYWORDS_CHECK[];

/* Finds and runs the keyword of the reader's line. Fails the line when there is none, with the
 * closest one. */
MUST_USE enum result config_run_keyword(struct config_reader *reader);

/* Whether a word is a keyword of HAProxy's manual that weir does not have (yet). */
bool config_is_haproxy_keyword(const char *word);

/* ---- sections ---- */

/* Begins the section that the line names. RESULT_NOT_FOUND: the line is no section. */
MUST_USE enum result config_begin_section(struct config_reader *reader);

/* Ends the section under way (checks that need all of it). */
MUST_USE enum result config_end_section(struct config_reader *reader);

/* Resolves names when everything is read; reports alerts and warnings. */
void config_resolve(struct config_reader *reader);

/* What a server line starts from without default-server. */
void config_init_server(struct server_settings *server);

/* ---- helpers of the servers' and binds' tables ---- */

/* Reads TLS arguments that bind and server lines share. RESULT_NOT_FOUND: not one of them; `*used`
 * is what it took. */
MUST_USE enum result config_read_tls_argument(struct config_reader *reader,
                                              const char *const *words, unsigned count,
                                              struct tls_options *tls, unsigned *used);

/* Fills listener options with what a bind line starts from. */
void config_init_listener(struct listener_options *options);

/* Reads a bind line's addresses and arguments into `list`; `for_stats` for `stats socket`. */
MUST_USE enum result config_read_bind(struct config_reader *reader, const char *const *arguments,
                                      unsigned count, struct list *list, bool for_stats);

/* `set-var proc.x <expression>`, `set-var-fmt proc.x <format>`: evaluated once, now. */
MUST_USE enum result config_set_process_variable(struct config_reader *reader,
                                                 const char *const *arguments, unsigned count,
                                                 bool is_format);

/* Reads a `log` line into `list`. */
MUST_USE enum result config_read_log(struct config_reader *reader, const char *const *arguments,
                                     unsigned count, struct list *list);

#endif
