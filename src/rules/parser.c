/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the sample engine tells what is wrong with the configuration. A message may quote what the
 * error text holds already, so it is made aside and then put in its place.
 *
 * Memory: a buffer on the stack, cut at PARSER_MESSAGE_BYTES; the texts are the caller's.
 */
#include "rules/parser.h"

#include <stdarg.h>

#include "base/text.h"

enum { PARSER_MESSAGE_BYTES = 1024 };

enum result parser_fail(struct rule_parser *parser, const char *format, ...)
{
    char storage[PARSER_MESSAGE_BYTES];
    struct text message = text_over(storage, sizeof(storage));
    va_list arguments;
    va_start(arguments, format);
    text_append_format_list(&message, format, arguments);
    va_end(arguments);
    text_clear(parser->error);
    text_append(parser->error, text_slice(&message));
    return RESULT_INVALID;
}

enum result parser_fail_memory(struct rule_parser *parser)
{
    text_clear(parser->error);
    text_append_string(parser->error, "out of memory");
    return RESULT_NO_MEMORY;
}

void parser_warn(struct rule_parser *parser, const char *format, ...)
{
    if (parser->warning == NULL) {
        return;
    }
    if (parser->warning->length > 0) {
        text_append_char(parser->warning, '\n');
    }
    va_list arguments;
    va_start(arguments, format);
    text_append_format_list(parser->warning, format, arguments);
    va_end(arguments);
}
