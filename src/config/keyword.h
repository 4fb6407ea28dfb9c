/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyword tables: one row a keyword with the sections where it stands, how many arguments it takes,
 * and its handler. Everything that sections share while a configuration is read is in struct
 * config_reader.
 */
#ifndef WEIR_CONFIG_KEYWORD_H
#define WEIR_CONFIG_KEYWORD_H

#include <stdbool.h>
#include <stdio.h>

#include "base/result.h"
#include "config/config.h"
#include "config/lexer.h"
#include "proxy/settings.h"
#include "rules/auth.h"
#include "rules/log_format.h"
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
    SECTION_RING = 128,
    SECTION_REFUSED = 256, /* one that weir does not have: its lines are passed over */
};
#define SECTION_PROXY (SECTION_DEFAULTS | SECTION_FRONTEND | SECTION_BACKEND | SECTION_LISTEN)
#define SECTION_FRONT (SECTION_DEFAULTS | SECTION_FRONTEND | SECTION_LISTEN)
#define SECTION_BACK  (SECTION_DEFAULTS | SECTION_BACKEND | SECTION_LISTEN)

enum { CONFIG_ERROR_SIZE = 2048, CONFIG_ERRORS_MAX = 50 };

/* Where relative paths begin: `default-path`. */
enum config_path_mode { PATHS_CURRENT, PATHS_CONFIG, PATHS_PARENT, PATHS_ORIGIN };

/* A configuration being read. */
struct config_reader {
    struct pool *scratch; /* of set-var lines; NULL until there is one */
    struct configuration *configuration;
    const struct config_input *input;
    struct account *account;
    enum config_section section;
    const char *section_name;        /* "frontend" */
    const char *section_label;       /* .SECTION: the section's own name, else its type */
    struct proxy_settings *proxy;    /* of the section, NULL elsewhere */
    struct proxy_settings *defaults; /* the last unnamed or named defaults section */
    struct userlist *userlist;
    struct ring_settings *ring;
    struct error_files *error_files; /* of an http-errors section */
    const char *file;
    unsigned line;
    enum config_path_mode path_mode;
    const char *path_origin;          /* of PATHS_ORIGIN */
    const char *start_directory;      /* where the process was started */
    const char *directory;            /* another one that `default-path` led to, else NULL */
    const struct config_words *words; /* of the line */
    bool is_negated;                  /* "no …" */
    bool is_default;                  /* "default …" */
    struct text error;                /* of the line being read */
    char error_bytes[CONFIG_ERROR_SIZE];
    struct text warning; /* of the rules in the line, one a line */
    char warning_bytes[CONFIG_ERROR_SIZE];
    unsigned alerts;
    bool lacks_memory;                      /* the line was refused memory, which is an error */
    struct server_settings *default_server; /* of the section */
};

/* What is unusual about a keyword, or-ed. */
enum config_keyword_flags {
    KEYWORD_MAY_NEGATE = 1,     /* "no <keyword>" and "default <keyword>" make sense */
    KEYWORD_NAMED_DEFAULTS = 2, /* not in defaults sections without a name */
    KEYWORD_FAILS_ELSEWHERE =
        4, /* refused in other proxies, where most are ignored with a warning */
    KEYWORD_WITHOUT_MEANING = 8, /* tunes what weir does not have: accepted and passed over */
};

/*
 * One keyword; several words in `name` must all match ("timeout client"). Tables end with a NULL
 * name.
 */
struct config_keyword {
    const char *name;
    unsigned sections;
    unsigned least, most; /* arguments behind the name; most UINT_MAX: any number */
    const char *expects;  /* said behind the name when there are too few: "expects a time" */
    enum result (*read)(struct config_reader *reader, const char *const *arguments, unsigned count,
                        const struct config_keyword *keyword);
    size_t offset;  /* of a field that a shared handler sets */
    uint32_t value; /* for a shared handler */
    unsigned flags; /* enum config_keyword_flags */
};

/* Says what is wrong with the line: RESULT_INVALID, for `return config_fail(…)`. */
enum result config_fail(struct config_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What the layers below found wrong with the line, without a full stop, to be quoted. */
const char *config_reason(struct config_reader *reader);

/* Reports a warning about the line being read. */
void config_warn(struct config_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says with -dD that the line has no effect here. */
void config_note_without_meaning(struct config_reader *reader, const char *name);

/* Reports a message of `severity` as it is, without a place; counts alerts and warnings. */
void config_report(struct config_reader *reader, enum report_severity severity, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));

/* Reports what config_fail said last, without a place, and forgets it; memory was refused when
 * nothing was said. */
void config_report_error(struct config_reader *reader);

/* Reports an alert about another place than the line being read. */
void config_alert_at(struct config_reader *reader, const char *file, unsigned line,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A copy of a word that lives as long as the configuration; fails the line when memory is refused.
 */
const char *config_copy(struct config_reader *reader, const char *word);

/* As config_copy for a slice. */
const char *config_copy_slice(struct config_reader *reader, struct slice text);

/* A zeroed block of the configuration, NULL when refused (the line is failed then). */
void *config_take(struct config_reader *reader, size_t bytes);

/* Releases all blocks that config_take and config_copy made. */
void config_release_blocks(struct configuration *configuration);

/* A parser for rules, with everything of this reader; `capabilities` are SAMPLE_IN_*. */
struct rule_parser config_rule_parser(struct config_reader *reader, unsigned capabilities);

/*
 * Compiles expressions, formats and conditions for as long as the configuration lives: what is
 * inherited or replaced later needs no care. Results and messages as sample_parse,
 * log_format_parse_for and acl_condition_parse give them.
 */
MUST_USE enum result config_compile_expression(struct config_reader *reader,
                                               struct rule_parser *parser, const char *const *words,
                                               unsigned count, unsigned *used,
                                               struct sample_expression **out);
MUST_USE enum result config_compile_format(struct config_reader *reader, struct rule_parser *parser,
                                           const char *text, enum log_format_use use,
                                           struct log_format **out);
MUST_USE enum result config_compile_condition(struct config_reader *reader,
                                              struct rule_parser *parser, const char *const *words,
                                              unsigned count, struct acl_condition **out);

/* Releases everything that was compiled. */
void config_release_compiled(struct configuration *configuration);

/* What messages call a proxy: "frontend", "backend", "proxy" for both. */
const char *config_role_name(const struct proxy_settings *proxy);

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

/* ---- addresses (manual 2.9) ---- */

/* What an address is for. */
enum config_address_use { CONFIG_ADDRESS_STREAM, CONFIG_ADDRESS_DATAGRAM, CONFIG_ADDRESS_BIND };

/* One address as written. */
struct config_address {
    struct address address; /* its port is the range's first; a host to be resolved has no family */
    uint16_t last_port;     /* of a range, else the same */
    int fd;                 /* fd@N, else -1 */
    const char *host;       /* a name to be resolved, else NULL */
    bool has_port;
    bool is_quic;
    bool port_is_relative; /* "+N", "-N": port_offset */
    int32_t port_offset;
};

/*
 * Reads one address of a bind, server, source or log line; the caller says which parts it can use.
 * RESULT_INVALID: the line is failed, without its keyword in front.
 */
MUST_USE enum result config_read_address(struct config_reader *reader, const char *word,
                                         enum config_address_use use, struct config_address *out);

/* Resolves the host, if there is one; `word` is for the message. */
MUST_USE enum result config_resolve_address(struct config_reader *reader, const char *word,
                                            struct config_address *address);

/* ---- handlers that many rows share ---- */

/* A number up to keyword->value into a uint32_t. */
MUST_USE enum result config_read_u32_field(struct config_reader *reader,
                                           const char *const *arguments, unsigned count,
                                           const struct config_keyword *keyword);

/* A duration, in units of keyword->value ms, into a uint32_t of milliseconds. */
MUST_USE enum result config_read_time_field(struct config_reader *reader,
                                            const char *const *arguments, unsigned count,
                                            const struct config_keyword *keyword);

/* A copy of the word into a const char pointer. */
MUST_USE enum result config_read_text_field(struct config_reader *reader,
                                            const char *const *arguments, unsigned count,
                                            const struct config_keyword *keyword);

/* true, or false behind "no", into a bool. */
MUST_USE enum result config_read_flag_field(struct config_reader *reader,
                                            const char *const *arguments, unsigned count,
                                            const struct config_keyword *keyword);

/* Nothing: the keyword has no meaning for weir, which is said with -dD. */
MUST_USE enum result config_pass_over(struct config_reader *reader, const char *const *arguments,
                                      unsigned count, const struct config_keyword *keyword);

/* ---- the tables ---- */
extern const struct config_keyword KEYWORDS_GLOBAL[];
extern const struct config_keyword KEYWORDS_TUNE[];
extern const struct config_keyword KEYWORDS_QUIC[];
extern const struct config_keyword KEYWORDS_SSL[];
extern const struct config_keyword KEYWORDS_ENVIRONMENT[];
extern const struct config_keyword KEYWORDS_PROXY[];
extern const struct config_keyword KEYWORDS_BALANCE[];
extern const struct config_keyword KEYWORDS_CAPTURE[];
extern const struct config_keyword KEYWORDS_COOKIE[];
extern const struct config_keyword KEYWORDS_OPTIONS[];
extern const struct config_keyword KEYWORDS_RULES[];
extern const struct config_keyword KEYWORDS_SERVERS[];
extern const struct config_keyword KEYWORDS_BIND[];
extern const struct config_keyword KEYWORDS_LOG[];
extern const struct config_keyword KEYWORDS_STATISTICS[];
extern const struct config_keyword KEYWORDS_ERRORS[];
extern const struct config_keyword KEYWORDS_USERLIST[];
extern const struct config_keyword KEYWORDS_CHECK[];
extern const struct config_keyword KEYWORDS_RING[];

/* How many of a line's first words a keyword's name covers; 0: it does not match. */
unsigned config_match_keyword(const char *name, const char *const *words, unsigned count);

/* Finds and runs the keyword of the reader's line. Fails the line when there is none, with the
 * closest one. */
MUST_USE enum result config_run_keyword(struct config_reader *reader);

/* The tables above, ended by NULL. */
extern const struct config_keyword *const KEYWORD_TABLES[];

/* ---- shared with other tables ---- */

/* The words with a space between them, NULL when the line is failed. */
const char *config_join(struct config_reader *reader, const char *const *words, unsigned count);

/* The numbers of a user and a group by name. */
MUST_USE enum result config_find_user(struct config_reader *reader, const char *name, uid_t *uid);
MUST_USE enum result config_find_group(struct config_reader *reader, const char *name, gid_t *gid);

/* When things of a proxy are run, whatever the order of their lines. */
enum config_order {
    CONFIG_ORDER_NONE,
    CONFIG_ORDER_TCP_CONNECTION,
    CONFIG_ORDER_TCP_SESSION,
    CONFIG_ORDER_TCP_CONTENT,
    CONFIG_ORDER_MONITOR,
    CONFIG_ORDER_HTTP_REQUEST,
    CONFIG_ORDER_REDIRECT,
    CONFIG_ORDER_USE_BACKEND,
    CONFIG_ORDER_USE_SERVER,
};

/* Warns when the proxy has a line already that is run later than `name`, which has this order. */
void config_check_order(struct config_reader *reader, enum config_order order, const char *name);

/* ---- files ---- */

/* Reads all files and folders of the reader's input. */
void config_read_paths(struct config_reader *reader);

/* Reads the lines of one file, which is reader->file, up to its end. */
void config_read_stream(struct config_reader *reader, FILE *stream);

/* `default-path`, in force at once. */
MUST_USE enum result config_set_default_path(struct config_reader *reader,
                                             enum config_path_mode mode, const char *origin);

/* A copy of a path that will be opened later: below `base` (or NULL) and the default path unless
 * it begins with '/' or '@'. */
const char *config_copy_path(struct config_reader *reader, const char *base, const char *path);

/* ---- sections ---- */

/* Begins the section that the line names. RESULT_NOT_FOUND: the line is no section. */
MUST_USE enum result config_begin_section(struct config_reader *reader);

/* Ends the section under way (checks that need all of it). */
MUST_USE enum result config_end_section(struct config_reader *reader);

/*
 * Fills a new proxy, whose name, place and role are set, with what its defaults section says
 * (NULL: none) or else HAProxy's own defaults.
 */
MUST_USE enum result config_init_proxy(struct config_reader *reader, struct proxy_settings *proxy,
                                       const struct proxy_settings *defaults);

/* Resolves names when everything is read; reports alerts and warnings. */
void config_resolve(struct config_reader *reader);

/* Switches off what the proxy's mode ignores, and reports what is doubtful or missing. */
void config_verify_proxy(struct config_reader *reader, struct proxy_settings *proxy);

/* What a server line starts from without default-server. */
void config_init_server(struct server_settings *server);

/* ---- helpers of the servers' and binds' tables ---- */

/* Reads a TLS argument of a bind line (tls->is_server), of a server line, or, with `is_default`, of
 * ssl-default-*-options. RESULT_NOT_FOUND: not one of them; `*used` is how many words it took. */
MUST_USE enum result config_read_tls_argument(struct config_reader *reader,
                                              const char *const *words, unsigned count,
                                              struct tls_options *tls, bool is_default,
                                              unsigned *used);

/* Reads "<address>[:<port>]" of `source`, with the words behind it. */
MUST_USE enum result config_read_source(struct config_reader *reader, const char *const *words,
                                        unsigned count, struct address *out);

/* Takes the protocols out of the list that weir cannot speak, which is told. */
void config_trim_alpn(struct config_reader *reader, struct tls_options *tls);

/* Reads a bind line's addresses and arguments into `list`; `for_stats` for `stats socket`. */
MUST_USE enum result config_read_bind(struct config_reader *reader, const char *const *arguments,
                                      unsigned count, struct list *list, bool for_stats);

/* `set-var proc.x <expression>`, `set-var-fmt proc.x <format>`: evaluated once, now. */
MUST_USE enum result config_set_process_variable(struct config_reader *reader,
                                                 const char *const *arguments, unsigned count,
                                                 bool is_format);

/* Begins a ring section with the reader's line, and ends it. */
MUST_USE enum result config_begin_ring(struct config_reader *reader);
void config_end_ring(struct config_reader *reader);

/* Whether there is a ring of that name: one of a section, or buf0. */
bool config_has_ring(const struct configuration *configuration, const char *name);

/* Reads a `log` line into `list`. */
MUST_USE enum result config_read_log(struct config_reader *reader, const char *const *arguments,
                                     unsigned count, struct list *list);

#endif
