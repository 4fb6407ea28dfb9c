/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frontend keeps of its messages and answers by itself: capture, declare capture,
 * unique-id-format and -header, monitor-uri, monitor fail. Slots are the proxy's, texts and
 * compiled objects the configuration's.
 */
#include <limits.h>
#include <string.h>

#include "config/keyword.h"
#include "rules/capture.h"
#include "rules/log_format.h"

enum { CAPTURE_BYTES_MAX = 65535, NAME_LEN_LENGTH = 3 };

#define FIELD(member) offsetof(struct proxy_settings, member)

/* Reads "<name> len <length>" or, behind declare, "<direction> len <length>". */
static enum result read_length(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword,
                               uint16_t *bytes)
{
    uint64_t number = 0;
    if (count != NAME_LEN_LENGTH || strcmp(arguments[1], "len") != 0) {
        return config_fail(reader, "'%s' %s.", keyword->name, keyword->expects);
    }
    enum result result =
        config_read_number(reader, "len", arguments[2], 1, CAPTURE_BYTES_MAX, &number);
    *bytes = (uint16_t)number;
    return result;
}

static enum result read_header(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    uint16_t bytes = 0;
    unsigned id = 0;
    enum result result = read_length(reader, arguments, count, keyword, &bytes);
    return result == RESULT_OK ? capture_declare(&reader->proxy->captures, reader->account,
                                                 keyword->value != 0, arguments[0], bytes, &id)
                               : result;
}

/* One cookie a proxy: the last line holds. */
static enum result read_cookie(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    uint16_t bytes = 0;
    struct capture_declarations *captures = &reader->proxy->captures;
    enum result result = read_length(reader, arguments, count, keyword, &bytes);
    if (result == RESULT_OK && captures->cookie_name != NULL) {
        memory_release(reader->account, (void *)(uintptr_t)captures->cookie_name);
        captures->cookie_name = NULL;
    }
    return result == RESULT_OK
               ? capture_declare_cookie(captures, reader->account, arguments[0], bytes)
               : result;
}

static enum result read_declare(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    uint16_t bytes = 0;
    unsigned id = 0;
    bool is_response = strcmp(arguments[0], "response") == 0;
    if (!is_response && strcmp(arguments[0], "request") != 0) {
        return config_fail(reader, "'%s' requires a direction ('request' or 'response').",
                           keyword->name);
    }
    enum result result = read_length(reader, arguments, count, keyword, &bytes);
    return result == RESULT_OK ? capture_declare(&reader->proxy->captures, reader->account,
                                                 is_response, NULL, bytes, &id)
                               : result;
}

/* ---- unique ids ---- */

static enum result read_unique_id(struct config_reader *reader, const char *const *arguments,
                                  unsigned count, const struct config_keyword *keyword)
{
    struct rule_parser parser =
        config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST | SAMPLE_IN_REQUEST_CONTENT |
                                       SAMPLE_IN_SESSION | SAMPLE_IN_CONNECTION);
    (void)count;
    (void)keyword;
    enum result result = config_compile_format(reader, &parser, arguments[0], LOG_FORMAT_FOR_ID,
                                               &reader->proxy->unique_id_format);
    return result == RESULT_OK
               ? result
               : config_fail(reader, "failed to parse unique-id : %s.", config_reason(reader));
}

/* ---- monitoring ---- */

static enum result read_monitor_fail(struct config_reader *reader, const char *const *arguments,
                                     unsigned count, const struct config_keyword *keyword)
{
    bool has_condition =
        count > 1 && (strcmp(arguments[0], "if") == 0 || strcmp(arguments[0], "unless") == 0);
    if (!has_condition) {
        return config_fail(reader, "'%s' requires either 'if' or 'unless' followed by a condition.",
                           keyword->name);
    }
    config_check_order(reader, CONFIG_ORDER_MONITOR, keyword->name);
    struct rule_parser parser = config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST);
    struct acl_condition *condition = NULL;
    enum result result = config_compile_condition(reader, &parser, arguments, count, &condition);
    if (result != RESULT_OK) {
        return config_fail(reader, "error detected while parsing a 'monitor fail' condition : %s.",
                           config_reason(reader));
    }
    reader->proxy->monitor_fail = condition;
    return RESULT_OK;
}

#define FRONTENDS (SECTION_FRONTEND | SECTION_LISTEN)

const struct config_keyword KEYWORDS_CAPTURE[] = {
    {"capture request header", FRONTENDS, 3, 3, "expects <header_name> 'len' <len>", read_header, 0,
     0, 0},
    {"capture response header", FRONTENDS, 3, 3, "expects <header_name> 'len' <len>", read_header,
     0, 1, 0},
    {"capture cookie", FRONTENDS, 3, 3, "expects <cookie_prefix> 'len' <len>", read_cookie, 0, 0,
     0},
    {"declare capture", FRONTENDS, 1, 3, "requires a direction ('request' or 'response')",
     read_declare, 0, 0, 0},
    {"unique-id-format", SECTION_FRONT, 1, 1, "expects an argument", read_unique_id, 0, 0, 0},
    {"unique-id-header", SECTION_FRONT, 1, 1, "expects an argument", config_read_text_field,
     FIELD(unique_id_header), 0, 0},
    {"monitor-uri", SECTION_FRONT, 1, 1, "expects an URI", config_read_text_field,
     FIELD(monitor_uri), 0, 0},
    {"monitor fail", FRONTENDS, 0, UINT_MAX, "", read_monitor_fail, 0, 0, 0},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
