/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies made here: error files (raw HTTP responses), http-errors sections, `http-request return`, deny with a status, HAProxy's built-in error
 * pages, redirects. A reply is compiled from the configuration; materializing one fills a message and a body queue.
 */
#ifndef WEIR_RULES_REPLY_H
#define WEIR_RULES_REPLY_H

#include <stdint.h>

#include "base/result.h"
#include "memory/chunk.h"
#include "rules/rule.h"

struct reply;
struct error_files; /* status -> reply of one proxy or http-errors section */

/* Loads a raw HTTP response from a file (errorfile). RESULT_INVALID with the parser's error. */
MUST_USE enum result reply_load_file(struct rule_parser *parser, uint16_t status, const char *path, struct reply **out);

/* Parses the arguments of return/deny/http-error: status, content-type, file, string, lf-file, lf-string, errorfile(s), default-errorfiles, hdr. */
MUST_USE enum result reply_parse(struct rule_parser *parser, uint16_t default_status, const char *const *words,
                                 unsigned words_count, unsigned *words_used, struct reply **out);
void reply_destroy(struct account *account, struct reply *reply);

/* Creates, fills and asks a table of error files. Lookup falls back to `parent` (the defaults), then to HAProxy's built-in page of that status; never NULL. */
struct error_files *error_files_create(struct account *account, const struct error_files *parent);
void error_files_destroy(struct account *account, struct error_files *files);
MUST_USE enum result error_files_set(struct error_files *files, uint16_t status, struct reply *reply);
const struct reply *error_files_find(const struct error_files *files, uint16_t status);

/*
 * Materializes the answer to `verdict` (reply, redirect or status): fills `message` (a response, initialized by the caller) and appends the body to
 * `body`. Error pages of `files`. RESULT_NO_MEMORY: nothing usable; the caller closes.
 */
MUST_USE enum result reply_make(const struct verdict *verdict, const struct error_files *files, struct rule_context *context,
                                struct http_message *message, struct chunk_queue *body,
                                struct chunk_source *source, struct account *account);

/* As reply_make for a plain status (400, 408, 503…) without a rule. */
MUST_USE enum result reply_make_error(uint16_t status, const struct error_files *files, struct rule_context *context,
                                      struct http_message *message, struct chunk_queue *body,
                                      struct chunk_source *source, struct account *account);

#endif
