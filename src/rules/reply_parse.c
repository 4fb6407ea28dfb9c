/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of return, deny, tarpit and http-error: one pass over the words by a table of
 * keywords, which notes what was said; then the pieces are checked against each other and made into
 * a reply. At most one of the payload keywords may be given.
 *
 * Memory: files are read once, at most reply_limit bytes; all belongs to the configuration.
 */
#include <string.h>

#include "base/number.h"
#include "memory/memory.h"
#include "rules/arguments.h"
#include "rules/log_format.h"
#include "rules/parser.h"
#include "rules/reply_internal.h"

enum { RETURN_STATUS_MIN = 200, RETURN_STATUS_MAX = 599 };

/* What the words said so far. */
struct reply_words {
    struct rule_parser *parser;
    struct reply *reply;
    const char *payload_keyword; /* the first of string, file, errorfile…; NULL: none */
    const char *payload;
    const char *content_type;
};

struct reply_keyword {
    const char *name;
    unsigned arguments;
    const char *expects; /* "<name> and <value> as arguments" */
    enum result (*parse)(struct reply_words *said, const char *const *words);
};

/* ---- keywords ---- */

static enum result parse_status(struct reply_words *said, const char *const *words)
{
    uint64_t status = 0;
    if (number_parse_decimal(slice_from_string(words[1]), &status) != RESULT_OK) {
        status = 0;
    }
    if (status < RETURN_STATUS_MIN || status > RETURN_STATUS_MAX) {
        return parser_fail(said->parser, "Unexpected status code '%s'", words[1]);
    }
    said->reply->status = (uint16_t)status;
    return RESULT_OK;
}

static enum result parse_content_type(struct reply_words *said, const char *const *words)
{
    said->content_type = words[1];
    return RESULT_OK;
}

static enum result parse_payload(struct reply_words *said, const char *const *words)
{
    if (said->payload_keyword != NULL) {
        return parser_fail(said->parser, "unexpected '%s' argument, '%s' already defined", words[0],
                           said->payload_keyword);
    }
    said->payload_keyword = words[0];
    said->payload = words[1];
    return RESULT_OK;
}

static enum result parse_default(struct reply_words *said, const char *const *words)
{
    enum result result = parse_payload(said, words);
    said->payload = NULL;
    return result;
}

static enum result parse_header(struct reply_words *said, const char *const *words)
{
    struct account *account = said->parser->account;
    if (!slice_is_token(slice_from_string(words[1]))) {
        return parser_fail(said->parser, "'%s' is not a valid header name", words[1]);
    }
    char *name = memory_copy_string(account, slice_from_string(words[1]));
    if (name == NULL) {
        return parser_fail_memory(said->parser);
    }
    struct log_format *format = NULL;
    enum result result = log_format_parse_for(said->parser, words[2], LOG_FORMAT_FOR_HTTP, &format);
    if (result == RESULT_OK) {
        result =
            reply_add_header(said->reply, account, slice_from_string(name), SLICE_NONE, format);
    }
    if (result != RESULT_OK) {
        memory_release(account, name);
        log_format_destroy(account, format);
    }
    return result;
}

static const struct reply_keyword reply_keywords[] = {
    {"status", 1, "<status_code> as argument", parse_status},
    {"deny_status", 1, "<status_code> as argument", parse_status},
    {"content-type", 1, "<ctype> as argument", parse_content_type},
    {"errorfile", 1, "<file> as argument", parse_payload},
    {"errorfiles", 1, "<name> as argument", parse_payload},
    {"default-errorfiles", 0, "", parse_default},
    {"file", 1, "<file> as argument", parse_payload},
    {"lf-file", 1, "<file> as argument", parse_payload},
    {"string", 1, "<str> as argument", parse_payload},
    {"lf-string", 1, "<str> as argument", parse_payload},
    {"hdr", 2, "<name> and <value> as arguments", parse_header},
};

enum { REPLY_KEYWORDS = sizeof(reply_keywords) / sizeof(reply_keywords[0]) };

static const struct reply_keyword *find_keyword(const char *word)
{
    for (size_t i = 0; i < REPLY_KEYWORDS; i++) {
        if (strcmp(reply_keywords[i].name, word) == 0) {
            return &reply_keywords[i];
        }
    }
    return NULL;
}

static enum result parse_words(struct reply_words *said, const char *const *words,
                               unsigned words_count, unsigned *words_used)
{
    unsigned used = 0;
    while (used < words_count) {
        const struct reply_keyword *keyword = find_keyword(words[used]);
        if (keyword == NULL) {
            break;
        }
        if (words_count - used <= keyword->arguments) {
            return parser_fail(said->parser, "'%s' expects %s", keyword->name, keyword->expects);
        }
        enum result result = keyword->parse(said, words + used);
        if (result != RESULT_OK) {
            return result;
        }
        used += 1 + keyword->arguments;
    }
    *words_used = used;
    return RESULT_OK;
}

/* ---- payloads ---- */

static bool is_payload(const struct reply_words *said, const char *keyword)
{
    return said->payload_keyword != NULL && strcmp(said->payload_keyword, keyword) == 0;
}

/* Reads the bytes of string, lf-string, file and lf-file into the reply's storage. */
static enum result take_payload(struct reply_words *said, struct slice *bytes)
{
    struct rule_parser *parser = said->parser;
    if (is_payload(said, "file") || is_payload(said, "lf-file")) {
        return reply_read_file(parser, said->payload, &said->reply->storage, bytes);
    }
    size_t length = strlen(said->payload);
    if (length > reply_limit(parser)) {
        return parser_fail(parser, "'%s' payload exceeds the buffer size (%zu)",
                           said->payload_keyword, reply_limit(parser));
    }
    said->reply->storage = memory_copy_string(parser->account, slice_of(said->payload, length));
    *bytes = slice_of(said->reply->storage, length);
    return said->reply->storage == NULL ? parser_fail_memory(parser) : RESULT_OK;
}

static enum result take_content_type(struct reply_words *said)
{
    struct rule_parser *parser = said->parser;
    if (said->content_type == NULL) {
        return parser_fail(parser, "a content type must be defined when non-empty payload is "
                                   "configured");
    }
    struct slice type = slice_from_string(said->content_type);
    said->reply->content_type = slice_of(memory_copy_string(parser->account, type), type.length);
    return said->reply->content_type.data == NULL ? parser_fail_memory(parser) : RESULT_OK;
}

static enum result make_payload(struct reply_words *said)
{
    struct reply *reply = said->reply;
    struct slice bytes;
    enum result result = take_payload(said, &bytes);
    if (result != RESULT_OK || bytes.length == 0) {
        return result;
    }
    result = take_content_type(said);
    if (result != RESULT_OK) {
        return result;
    }
    if (!is_payload(said, "lf-file") && !is_payload(said, "lf-string")) {
        reply->body = bytes;
        return RESULT_OK;
    }
    reply->kind = REPLY_FORMAT;
    /* A body is text, not a header: line feeds in it are what the user wrote. */
    return log_format_parse_for(said->parser, bytes.data, LOG_FORMAT_FOR_HTTP, &reply->body_format);
}

/* Takes the parsed error file in place of the reply under construction; headers given are dropped.
 */
static enum result make_error_file(struct reply_words *said)
{
    struct reply *loaded = NULL;
    uint16_t status = said->reply->status;
    enum result result = reply_load_file(said->parser, status, said->payload, &loaded);
    if (result == RESULT_OK) {
        reply_destroy(said->parser->account, said->reply);
        said->reply = loaded;
    }
    return result;
}

static enum result make_section(struct reply_words *said)
{
    if (said->parser->error_sections == NULL) {
        return parser_fail(said->parser, "unknown http-errors section '%s'", said->payload);
    }
    said->reply->kind = REPLY_SECTION;
    said->reply->section = error_sections_refer(said->parser->error_sections, said->payload);
    return said->reply->section == NULL ? parser_fail_memory(said->parser) : RESULT_OK;
}

static enum result make_reply(struct reply_words *said)
{
    if (said->payload_keyword == NULL) {
        return RESULT_OK;
    }
    bool is_table = is_payload(said, "default-errorfiles");
    bool is_section = is_payload(said, "errorfiles");
    if ((is_table || is_section) && !error_status_is_known(said->reply->status)) {
        return parser_fail(said->parser,
                           "status code '%d' not handled by default with '%s' argument.",
                           said->reply->status, said->payload_keyword);
    }
    if (is_table) {
        said->reply->kind = REPLY_TABLE;
        return RESULT_OK;
    }
    if (is_section) {
        return make_section(said);
    }
    return is_payload(said, "errorfile") ? make_error_file(said) : make_payload(said);
}

enum result reply_parse(struct rule_parser *parser, uint16_t default_status,
                        const char *const *words, unsigned words_count, unsigned *words_used,
                        struct reply **out)
{
    struct reply_words said = {.parser = parser};
    said.reply = reply_create(parser->account, REPLY_PAYLOAD, default_status);
    if (said.reply == NULL) {
        return parser_fail_memory(parser);
    }
    enum result result = parse_words(&said, words, words_count, words_used);
    if (result == RESULT_OK) {
        result = make_reply(&said);
    }
    if (result != RESULT_OK) {
        reply_destroy(parser->account, said.reply);
        return result;
    }
    *out = said.reply;
    return RESULT_OK;
}
