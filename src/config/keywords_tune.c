/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The global section's performance tuning (manual 3.2). The memory ones are real; those that tune
 * machinery which weir does not have are accepted with a diagnostic: here, and every other tune.*
 * of the catalog in dispatch.c. Everything is a field of struct global_settings, or a limit of the
 * rules layer's variables.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"
#include "rules/variable.h"

enum {
    BUFSIZE_MIN = 2048,
    FIELDS_MAX = 32767,
    PERCENT_MAX = 100,
};

static const size_t BUFSIZE_MAX = 64 * MEBIBYTE;

#define FIELD(member) offsetof(struct global_settings, member)

static enum result read_size(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    size_t size = 0;
    (void)count;
    enum result result = config_read_size(reader, keyword->name, arguments[0], &size);
    if (result != RESULT_OK) {
        return result;
    }
    if (size < keyword->value || size > BUFSIZE_MAX) {
        return config_fail(reader, "'%s' expects a size between %u and %zu (got '%s').",
                           keyword->name, keyword->value, BUFSIZE_MAX, arguments[0]);
    }
    *(size_t *)(void *)((char *)&reader->configuration->global + keyword->offset) = size;
    return RESULT_OK;
}

static enum result read_maxhdr(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    uint64_t number = 0;
    (void)count;
    if (number_parse_decimal(slice_from_string(arguments[0]), &number) != RESULT_OK ||
        number == 0 || number > FIELDS_MAX) {
        return config_fail(reader, "'%s' expects a numeric value between 1 and %d", keyword->name,
                           FIELDS_MAX);
    }
    reader->configuration->global.fields_max = (uint16_t)number;
    return RESULT_OK;
}

static enum result read_percent(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    uint64_t number = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 0, PERCENT_MAX, &number);
    reader->configuration->global.memory.fail_percent = (unsigned)number;
    return result;
}

/* A limit of variables; keyword->offset is the field in struct variable_limits. */
static enum result read_variable_limit(struct config_reader *reader, const char *const *arguments,
                                       unsigned count, const struct config_keyword *keyword)
{
    struct variable_limits *limits = variable_names_limits(reader->configuration->variables);
    (void)count;
    return config_read_size(reader, keyword->name, arguments[0],
                            (size_t *)(void *)((char *)limits + keyword->offset));
}

/* -1: no limit; 0: the default. */
static enum result read_max_accept(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    if (strcmp(arguments[0], "-1") == 0) {
        reader->configuration->global.max_accept = UINT32_MAX;
        return RESULT_OK;
    }
    return config_read_u32_field(reader, arguments, count, keyword);
}

static enum result read_no_splice(struct config_reader *reader, const char *const *arguments,
                                  unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    (void)keyword;
    reader->configuration->global.no_splice = true;
    return RESULT_OK;
}

#define NUMBER(name, member, most)                                                        \
    {                                                                                     \
        name, SECTION_GLOBAL, 1, 1, "expects an integer argument", config_read_u32_field, \
            FIELD(member), most, 0                                                        \
    }
#define SIZE(name, member, least)                                                            \
    {                                                                                        \
        name, SECTION_GLOBAL, 1, 1, "expects an integer argument", read_size, FIELD(member), \
            least, 0                                                                         \
    }
#define VARIABLES(name, member)                                                     \
    {                                                                               \
        name, SECTION_GLOBAL, 1, 1, "expects a size argument", read_variable_limit, \
            offsetof(struct variable_limits, member), 0, 0                          \
    }
#define NOTHING(name)                                                  \
    {                                                                  \
        name, SECTION_GLOBAL, 0, UINT_MAX, "", config_pass_over, 0, 0, \
            KEYWORD_WITHOUT_MEANING | KEYWORD_MAY_NEGATE               \
    }

const struct config_keyword KEYWORDS_TUNE[] = {
    {"nosplice", SECTION_GLOBAL, 0, 0, "", read_no_splice, 0, 0, 0},
    NUMBER("maxconn", maxconn, INT32_MAX),
    NUMBER("maxconnrate", rate_connections, INT32_MAX),
    NUMBER("maxsessrate", rate_sessions, INT32_MAX),
    NUMBER("maxsslrate", rate_tls, INT32_MAX),
    NUMBER("maxpipes", maxpipes, INT32_MAX),
    SIZE("tune.bufsize", bufsize, BUFSIZE_MIN),
    SIZE("tune.bufsize.large", bufsize_large, 0),
    SIZE("tune.maxrewrite", maxrewrite, 0),
    NUMBER("tune.buffers.limit", buffers_limit, INT32_MAX),
    NUMBER("tune.buffers.reserve", buffers_reserve, INT32_MAX),
    {"tune.http.maxhdr", SECTION_GLOBAL, 1, 1, "expects an integer argument", read_maxhdr, 0, 0, 0},
    NUMBER("tune.http.cookielen", cookie_bytes_max, UINT16_MAX),
    NUMBER("tune.http.logurilen", uri_log_bytes_max, UINT16_MAX),
    {"tune.maxaccept", SECTION_GLOBAL, 1, 1, "expects an integer argument", read_max_accept,
     FIELD(max_accept), INT32_MAX, 0},
    {"tune.fail-alloc", SECTION_GLOBAL, 1, 1, "expects a numeric value between 0 and 100",
     read_percent, 0, 0, 0},
    VARIABLES("tune.vars.global-max-size", global_bytes_max),
    VARIABLES("tune.vars.proc-max-size", process_bytes_max),
    VARIABLES("tune.vars.sess-max-size", session_bytes_max),
    VARIABLES("tune.vars.txn-max-size", transaction_bytes_max),
    VARIABLES("tune.vars.reqres-max-size", exchange_bytes_max),
    VARIABLES("tune.vars.check-max-size", check_bytes_max),
    NOTHING("max-spread-checks"),
    NOTHING("no-memory-trimming"),
    NOTHING("noepoll"),
    NOTHING("noevports"),
    NOTHING("nogetaddrinfo"),
    NOTHING("nokqueue"),
    NOTHING("nopoll"),
    NOTHING("noreuseport"),
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
