/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error pages: errorfile, errorloc, errorfiles and http-error in proxies, errorfile in http-errors
 * sections. Replies live in the configuration's account and are released with their tables.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"

enum { STATUS_MIN = 100, STATUS_MAX = 599, FOUND = 302, SEE_OTHER = 303 };

static struct error_files *table_of(struct config_reader *reader)
{
    return reader->proxy != NULL ? reader->proxy->errors : reader->error_files;
}

static enum result read_status(struct config_reader *reader, const char *what, const char *word,
                               uint16_t *status)
{
    uint64_t number = 0;
    enum result result = config_read_number(reader, what, word, STATUS_MIN, STATUS_MAX, &number);
    if (result == RESULT_OK && !error_status_is_known((uint16_t)number)) {
        return config_fail(
            reader,
            "status code '%s' not handled by '%s': 200, 400, 401, 403, 404, 405, 407, 408, 410, "
            "413, 414, 425, 429, 431, 500, 501, 502, 503, and 504 are",
            word, what);
    }
    *status = (uint16_t)number;
    return result;
}

static enum result read_errorfile(struct config_reader *reader, const char *const *arguments,
                                  unsigned count, const struct config_keyword *keyword)
{
    uint16_t status = 0;
    (void)count;
    enum result result = read_status(reader, keyword->name, arguments[0], &status);
    struct rule_parser parser = config_rule_parser(reader, 0);
    struct reply *reply = NULL;
    if (result == RESULT_OK) {
        result = reply_load_file(&parser, status, arguments[1], &reply);
    }
    return result == RESULT_OK ? error_files_set(table_of(reader), status, reply) : result;
}

static enum result read_errorloc(struct config_reader *reader, const char *const *arguments,
                                 unsigned count, const struct config_keyword *keyword)
{
    uint16_t status = 0;
    (void)count;
    enum result result = read_status(reader, keyword->name, arguments[0], &status);
    struct rule_parser parser = config_rule_parser(reader, 0);
    struct reply *reply = NULL;
    if (result == RESULT_OK) {
        result = reply_make_location(&parser, (uint16_t)keyword->value, arguments[1], &reply);
    }
    return result == RESULT_OK ? error_files_set(reader->proxy->errors, status, reply) : result;
}

static enum result read_errorfiles(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    const struct error_files *from = error_sections_refer(reader->configuration->error_sections,
                                                          config_copy(reader, arguments[0]));
    enum result result = from != NULL ? RESULT_OK : config_fail(reader, "out of memory");
    if (count == 1 && result == RESULT_OK) {
        return error_files_import(reader->proxy->errors, from, 0);
    }
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
    struct rule_parser parser =
        config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST | SAMPLE_IN_HTTP_RESPONSE);
    parser.error_sections = reader->configuration->error_sections;
    struct reply *reply = NULL;
    unsigned used = 0;
    enum result result = reply_parse(&parser, 0, arguments, count, &used, &reply);
    if (result != RESULT_OK) {
        return result;
    }
    if (used < count) {
        return config_fail(reader, "'%s' : unknown keyword '%s'", keyword->name, arguments[used]);
    }
    if (!error_status_is_known(reply_status(reply))) {
        return config_fail(reader,
                           "'%s' expects 'status <code>' with a code that has an error page",
                           keyword->name);
    }
    return error_files_set(reader->proxy->errors, reply_status(reply), reply);
}

const struct config_keyword KEYWORDS_ERRORS[] = {
    {"errorfile", SECTION_PROXY | SECTION_HTTP_ERRORS, 2, 2, "<code> <file>", read_errorfile, 0, 0,
     false},
    {"errorloc", SECTION_PROXY, 2, 2, "<code> <url>", read_errorloc, 0, FOUND, false},
    {"errorloc302", SECTION_PROXY, 2, 2, "<code> <url>", read_errorloc, 0, FOUND, false},
    {"errorloc303", SECTION_PROXY, 2, 2, "<code> <url>", read_errorloc, 0, SEE_OTHER, false},
    {"errorfiles", SECTION_PROXY, 1, UINT_MAX, "<name> [<code>…]", read_errorfiles, 0, 0, false},
    {"http-error", SECTION_PROXY, 2, UINT_MAX,
     "status <code> [content-type <type>] [{file|string|…}]", read_http_error, 0, 0, false},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, false},
};
