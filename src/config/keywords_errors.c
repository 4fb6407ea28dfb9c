/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error pages: errorfile, errorloc, errorfiles and http-error in proxies, errorfile in http-errors
 * sections. Replies live in the configuration's account and are released with their tables.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"
#include "rules/reply.h"

enum { FOUND = 302, SEE_OTHER = 303 };

static struct error_files *table_of(struct config_reader *reader)
{
    return reader->proxy != NULL ? reader->proxy->errors : reader->error_files;
}

static enum result read_status(struct config_reader *reader, const char *what, const char *word,
                               uint16_t *status)
{
    uint64_t number = 0;
    bool is_known = number_parse_decimal(slice_from_string(word), &number) == RESULT_OK &&
                    number <= UINT16_MAX && error_status_is_known((uint16_t)number);
    *status = (uint16_t)number;
    return is_known ? RESULT_OK
                    : config_fail(reader, "%s : status code '%s' not handled.", what, word);
}

static enum result read_errorfile(struct config_reader *reader, const char *const *arguments,
                                  unsigned count, const struct config_keyword *keyword)
{
    uint16_t status = 0;
    (void)count;
    enum result result = read_status(reader, keyword->name, arguments[0], &status);
    if (result != RESULT_OK) {
        return result;
    }
    struct rule_parser parser = config_rule_parser(reader, 0);
    struct reply *reply = NULL;
    result = reply_load_file(&parser, status, arguments[1], &reply);
    return result == RESULT_OK
               ? error_files_set(table_of(reader), status, reply)
               : config_fail(reader, "%s : %s.", keyword->name, config_reason(reader));
}

static enum result read_errorloc(struct config_reader *reader, const char *const *arguments,
                                 unsigned count, const struct config_keyword *keyword)
{
    uint16_t status = 0;
    (void)count;
    enum result result = read_status(reader, keyword->name, arguments[0], &status);
    if (result != RESULT_OK) {
        return result;
    }
    struct rule_parser parser = config_rule_parser(reader, 0);
    struct reply *reply = NULL;
    result = reply_make_location(&parser, (uint16_t)keyword->value, arguments[1], &reply);
    return result == RESULT_OK
               ? error_files_set(reader->proxy->errors, status, reply)
               : config_fail(reader, "%s : %s.", keyword->name, config_reason(reader));
}

/* errorfiles <section> [<code>…]: the section may be declared further on. */
static enum result read_errorfiles(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    const char *name = config_copy(reader, arguments[0]);
    const struct error_files *from =
        name == NULL ? NULL : error_sections_refer(reader->configuration->error_sections, name);
    if (from == NULL) {
        return RESULT_NO_MEMORY;
    }
    if (count == 1) {
        return error_files_import(reader->proxy->errors, from, 0);
    }
    enum result result = RESULT_OK;
    for (unsigned i = 1; result == RESULT_OK && i < count; i++) {
        uint16_t status = 0;
        result = read_status(reader, keyword->name, arguments[i], &status);
        if (result == RESULT_OK) {
            result = error_files_import(reader->proxy->errors, from, status);
        }
    }
    return result;
}

static enum result read_http_error(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    if (strcmp(arguments[0], "status") != 0) {
        return config_fail(reader, "%s : expects at least a <status> as arguments.", keyword->name);
    }
    struct rule_parser parser =
        config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST | SAMPLE_IN_HTTP_RESPONSE);
    struct reply *reply = NULL;
    unsigned used = 0;
    enum result result = reply_parse(&parser, 0, arguments, count, &used, &reply);
    if (result != RESULT_OK) {
        return config_fail(reader, "%s : %s", keyword->name, config_reason(reader));
    }
    uint16_t status = reply_status(reply);
    if (used < count) {
        result = config_fail(reader, "%s : unknown keyword '%s'", keyword->name, arguments[used]);
    } else if (!error_status_is_known(status)) {
        result = config_fail(reader, "%s : Unexpected status code '%u'", keyword->name, status);
    }
    if (result != RESULT_OK) {
        reply_destroy(reader->account, reply);
        return result;
    }
    return error_files_set(reader->proxy->errors, status, reply);
}

#define LOCATION(name, status)                                                                    \
    {                                                                                             \
        name, SECTION_PROXY, 2, 2, "expects <status_code> and <url> as arguments", read_errorloc, \
            0, status, 0                                                                          \
    }

const struct config_keyword KEYWORDS_ERRORS[] = {
    {"errorfile", SECTION_PROXY | SECTION_HTTP_ERRORS, 2, 2,
     "expects <status_code> and <file> as arguments", read_errorfile, 0, 0, 0},
    LOCATION("errorloc", FOUND),
    LOCATION("errorloc302", FOUND),
    LOCATION("errorloc303", SEE_OTHER),
    {"errorfiles", SECTION_PROXY, 1, UINT_MAX, "expects <name> as argument", read_errorfiles, 0, 0,
     0},
    {"http-error", SECTION_PROXY, 2, UINT_MAX, "expects at least a <status> as arguments",
     read_http_error, 0, 0, 0},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
