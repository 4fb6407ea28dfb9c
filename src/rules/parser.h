/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the sample engine tells what is wrong with the configuration: into the parser's error text.
 */
#ifndef WEIR_RULES_PARSER_H
#define WEIR_RULES_PARSER_H

#include "base/result.h"
#include "rules/sample.h"

/* Replaces parser->error by the formatted message; returns RESULT_INVALID. */
enum result parser_fail(struct rule_parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says that memory is refused; returns RESULT_NO_MEMORY. */
enum result parser_fail_memory(struct rule_parser *parser);

/* Adds a message to parser->warning, when the caller wants warnings. */
void parser_warn(struct rule_parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
