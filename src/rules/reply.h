/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies made here: error files (raw HTTP responses), http-errors sections, `http-request return`,
 * deny with a status, HAProxy's built-in error pages, redirects. A reply is compiled from the
 * configuration; materializing one fills a message and a body queue.
 *
 *   which error page: the proxy's table -> its defaults' -> the frontend's -> the built-in one
 *
 * What bounds it: a reply is at most `reply_bytes_max` of the parser (tune.bufsize -
 * tune.maxrewrite), read once at startup; materializing copies its head into the message's arena
 * and its body into chunks of the caller's account.
 */
#ifndef WEIR_RULES_REPLY_H
#define WEIR_RULES_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "memory/chunk.h"
#include "rules/rule.h"

struct reply;
struct error_files;    /* status -> reply of one proxy or http-errors section */
struct error_sections; /* name -> struct error_files */

/* Longest error file and payload when the parser does not say: the default tune.bufsize. */
enum { REPLY_BYTES_MAX_DEFAULT = 16 * 1024 };

/* ---- replies ---- */

/* Loads a raw HTTP response from a file (errorfile). RESULT_INVALID with the parser's error. */
MUST_USE enum result reply_load_file(struct rule_parser *parser, uint16_t status, const char *path,
                                     struct reply **out);

/* As reply_load_file with the response's bytes. */
MUST_USE enum result reply_load_bytes(struct rule_parser *parser, uint16_t status,
                                      struct slice bytes, struct reply **out);

/* A redirect instead of an error page: `errorloc302`, `errorloc303` (redirect_status 302 or 303).
 */
MUST_USE enum result reply_make_location(struct rule_parser *parser, uint16_t redirect_status,
                                         const char *url, struct reply **out);

/*
 * Parses the arguments of return/deny/http-error: status, content-type, file, string, lf-file,
 * lf-string, errorfile(s), default-errorfiles, hdr. Stops at the first other word. `default_status`
 * when there is no status.
 */
MUST_USE enum result reply_parse(struct rule_parser *parser, uint16_t default_status,
                                 const char *const *words, unsigned words_count,
                                 unsigned *words_used, struct reply **out);

/* The status that a reply was parsed for (or its default). */
uint16_t reply_status(const struct reply *reply);

/* Releases a reply. NULL is allowed. */
void reply_destroy(struct account *account, struct reply *reply);

/* ---- tables of error pages ---- */

/* Whether an error page exists for `status` (200, 400, 401, 403, 404, 405, 407, 408, 410 …). */
bool error_status_is_known(uint16_t status);

/*
 * Creates, fills and asks a table of error files. Setting takes the caller's reference over, even
 * when it fails with RESULT_NO_MEMORY, and replaces what was there; a NULL reply stands for "as if
 * nothing were set, even in the parent".
 */
struct error_files *error_files_create(struct account *account, const struct error_files *parent);
void error_files_destroy(struct account *account, struct error_files *files);
MUST_USE enum result error_files_set(struct error_files *files, uint16_t status,
                                     struct reply *reply);

/* Takes the page of `status` (0: every one) from another table, which may get it later and must
 * live as long: `errorfiles <section> [codes]`. */
MUST_USE enum result error_files_import(struct error_files *files, const struct error_files *from,
                                        uint16_t status);

/*
 * Lookup falls back to `parent` (the defaults), then to HAProxy's built-in page of that status;
 * never NULL: 500's for a status that has none. `files` may be NULL.
 */
const struct reply *error_files_find(const struct error_files *files, uint16_t status);

/* As error_files_find without the built-in pages: NULL when neither the table nor a parent has one.
 */
const struct reply *error_files_find_own(const struct error_files *files, uint16_t status);

/*
 * http-errors sections. Adding declares a section (again: the same table); a reference may come
 * before the declaration. NULL when memory is refused.
 */
struct error_sections *error_sections_create(struct account *account);
struct error_files *error_sections_add(struct error_sections *sections, const char *name);
const struct error_files *error_sections_refer(struct error_sections *sections, const char *name);

/* The name of a section that is referred to but was never declared, or NULL: ask after loading. */
const char *error_sections_undeclared(const struct error_sections *sections);

/* Releases all sections; NULL is allowed. */
void error_sections_destroy(struct account *account, struct error_sections *sections);

/* ---- making an answer ---- */

/*
 * Materializes the answer to `verdict` (reply, redirect or status): fills `message` (a response,
 * initialized by the caller) and appends the body to `body`. Error pages are looked for in `files`,
 * then in context->frontend_errors. An answer to HEAD gets no body. Clears context->scratch.
 * RESULT_END: nothing is to be sent (errorfile /dev/null): close. RESULT_NO_MEMORY: nothing usable;
 * the caller closes.
 */
MUST_USE enum result reply_make(const struct verdict *verdict, const struct error_files *files,
                                struct rule_context *context, struct http_message *message,
                                struct chunk_queue *body, struct chunk_source *source,
                                struct account *account);

/*
 * As reply_make for a plain status (400, 408, 503…) without a rule. `context` may be NULL where
 * there is no stream: replies that must be evaluated are then replaced by the built-in page.
 */
MUST_USE enum result reply_make_error(uint16_t status, const struct error_files *files,
                                      struct rule_context *context, struct http_message *message,
                                      struct chunk_queue *body, struct chunk_source *source,
                                      struct account *account);

#endif
