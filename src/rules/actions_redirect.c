/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redirect and auth: answers whose headers are computed for each request. A redirect's Location is
 * put together from the given text and pieces of the request:
 *
 *   location  text [?query of the request with keep-query]
 *   prefix    text + path and query       ("/" alone adds nothing)
 *   scheme    text :// Host path and query
 *
 * Memory: Location and Set-Cookie are taken from the stream's arena, their parts from the scratch
 * arena. RFC 9110 10.2.2, 11.6, 15.4.
 */
#include "rules/actions.h"

#include <string.h>

#include "base/number.h"
#include "memory/arena.h"
#include "memory/memory.h"
#include "rules/arguments.h"
#include "rules/log_format.h"
#include "rules/parser.h"
#include "rules/rewrite.h"

enum {
    STATUS_MOVED = 301,
    STATUS_FOUND = 302,
    STATUS_SEE_OTHER = 303,
    STATUS_TEMPORARY = 307,
    STATUS_PERMANENT = 308,
    STATUS_UNAUTHORIZED = 401,
    STATUS_PROXY_UNAUTHORIZED = 407,
};

enum redirect_type { REDIRECT_NONE, REDIRECT_LOCATION, REDIRECT_PREFIX, REDIRECT_SCHEME };

struct redirect_arguments {
    enum redirect_type type;
    uint16_t status;
    bool drops_query, appends_slash, keeps_query, ignores_empty;
    bool is_literal;   /* texts are not log-formats */
    struct slice text; /* literal target, in `storage` */
    char *storage;
    struct log_format *format;        /* or computed */
    char *cookie;                     /* "Set-Cookie: NAME=value; path=/;" ready, or NULL */
    struct log_format *cookie_format; /* set-cookie-fmt, or NULL */
};

/* What a parser of one redirect keyword works on. */
struct redirect_words {
    struct rule_parser *parser;
    struct redirect_arguments *arguments;
};

/* ---- parsing ---- */

static enum result set_target(struct redirect_words *said, enum redirect_type type,
                              const char *word)
{
    struct redirect_arguments *arguments = said->arguments;
    memory_release(said->parser->account, arguments->storage);
    log_format_destroy(said->parser->account, arguments->format);
    arguments->storage = NULL;
    arguments->format = NULL;
    arguments->type = type;
    if (!arguments->is_literal) {
        return log_format_parse_for(said->parser, word, LOG_FORMAT_FOR_HTTP, &arguments->format);
    }
    arguments->storage = rule_copy(said->parser, slice_from_string(word));
    arguments->text = slice_from_string(arguments->storage);
    return arguments->storage == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

static enum result parse_location(struct redirect_words *said, const char *word)
{
    return set_target(said, REDIRECT_LOCATION, word);
}

static enum result parse_prefix(struct redirect_words *said, const char *word)
{
    return set_target(said, REDIRECT_PREFIX, word);
}

static enum result parse_scheme(struct redirect_words *said, const char *word)
{
    return set_target(said, REDIRECT_SCHEME, word);
}

static enum result parse_code(struct redirect_words *said, const char *word)
{
    uint64_t code = 0;
    if (number_parse_decimal(slice_from_string(word), &code) != RESULT_OK) {
        code = 0;
    }
    if ((code < STATUS_MOVED || code > STATUS_SEE_OTHER) && code != STATUS_TEMPORARY &&
        code != STATUS_PERMANENT) {
        return parser_fail(
            said->parser,
            "'code': unsupported HTTP code '%s' (must be one of 301, 302, 303, 307 or "
            "308)",
            word);
    }
    said->arguments->status = (uint16_t)code;
    return RESULT_OK;
}

/* Keeps the whole Set-Cookie line; `attributes` come behind the word. */
static enum result keep_cookie(struct redirect_words *said, const char *word,
                               const char *attributes)
{
    static const char name[] = "Set-Cookie: ";
    struct account *account = said->parser->account;
    size_t size = sizeof(name) + strlen(word) + strlen(attributes);
    memory_release(account, said->arguments->cookie);
    said->arguments->cookie = rule_take(said->parser, size);
    if (said->arguments->cookie == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text line = text_over(said->arguments->cookie, size);
    text_append_format(&line, "%s%s%s", name, word, attributes);
    return RESULT_OK;
}

static enum result parse_set_cookie(struct redirect_words *said, const char *word)
{
    return keep_cookie(said, word, "; path=/;");
}

static enum result parse_clear_cookie(struct redirect_words *said, const char *word)
{
    return keep_cookie(said, word, "; path=/; Max-Age=0;");
}

static enum result parse_set_cookie_format(struct redirect_words *said, const char *word)
{
    log_format_destroy(said->parser->account, said->arguments->cookie_format);
    said->arguments->cookie_format = NULL;
    return log_format_parse_for(said->parser, word, LOG_FORMAT_FOR_HTTP,
                                &said->arguments->cookie_format);
}

static enum result parse_drop_query(struct redirect_words *said, const char *word)
{
    (void)word;
    said->arguments->drops_query = true;
    return RESULT_OK;
}

static enum result parse_append_slash(struct redirect_words *said, const char *word)
{
    (void)word;
    said->arguments->appends_slash = true;
    return RESULT_OK;
}

static enum result parse_keep_query(struct redirect_words *said, const char *word)
{
    (void)word;
    said->arguments->keeps_query = true;
    return RESULT_OK;
}

static enum result parse_ignore_empty(struct redirect_words *said, const char *word)
{
    (void)word;
    said->arguments->ignores_empty = true;
    return RESULT_OK;
}

struct redirect_keyword {
    const char *name;
    bool has_argument;
    enum result (*parse)(struct redirect_words *said, const char *word);
};

static const struct redirect_keyword redirect_keywords[] = {
    {"location", true, parse_location},
    {"prefix", true, parse_prefix},
    {"scheme", true, parse_scheme},
    {"code", true, parse_code},
    {"set-cookie", true, parse_set_cookie},
    {"set-cookie-fmt", true, parse_set_cookie_format},
    {"clear-cookie", true, parse_clear_cookie},
    {"drop-query", false, parse_drop_query},
    {"append-slash", false, parse_append_slash},
    {"keep-query", false, parse_keep_query},
    {"ignore-empty", false, parse_ignore_empty},
    {0},
};

static const struct redirect_keyword *find_redirect_keyword(const char *word)
{
    for (const struct redirect_keyword *row = redirect_keywords; row->name != NULL; row++) {
        if (strcmp(row->name, word) == 0) {
            return row;
        }
    }
    return NULL;
}

static enum result parse_redirect_words(struct redirect_words *said, const char *const *words,
                                        unsigned words_count, unsigned *words_used)
{
    unsigned count = arguments_count(words, words_count);
    unsigned used = 0;
    while (used < count) {
        const struct redirect_keyword *row = find_redirect_keyword(words[used]);
        if (row == NULL) {
            return parser_fail(said->parser,
                               "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', "
                               "'set-cookie-fmt', 'clear-cookie', 'drop-query', 'keep-query', "
                               "'ignore-empty' or 'append-slash' (was '%s')",
                               words[used]);
        }
        const char *argument = NULL;
        if (row->has_argument) {
            if (used + 1 >= words_count || words[used + 1][0] == '\0') {
                return parser_fail(said->parser, "missing argument for '%s'", row->name);
            }
            argument = words[used + 1];
            used++;
        }
        enum result result = row->parse(said, argument);
        if (result != RESULT_OK) {
            return result;
        }
        used++;
    }
    *words_used = used;
    return RESULT_OK;
}

static enum result parse_redirect_as(struct rule_parser *parser, struct rule *rule, bool is_literal,
                                     enum rule_phase phase, const char *const *words,
                                     unsigned words_count, unsigned *words_used)
{
    struct redirect_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->status = STATUS_FOUND;
    arguments->is_literal = is_literal;
    struct redirect_words said = {parser, arguments};
    enum result result = parse_redirect_words(&said, words, words_count, words_used);
    if (result != RESULT_OK) {
        return result;
    }
    if (arguments->type == REDIRECT_NONE) {
        return parser_fail(parser, "redirection type expected ('prefix', 'location', or 'scheme')");
    }
    if (phase_is_response(phase) && arguments->type != REDIRECT_LOCATION) {
        return parser_fail(parser, "only 'location' redirects are permitted in responses");
    }
    return RESULT_OK;
}

static enum result parse_redirect(struct rule_parser *parser, struct rule *rule,
                                  enum rule_phase phase, const char *const *words,
                                  unsigned words_count, unsigned *words_used)
{
    return parse_redirect_as(parser, rule, false, phase, words, words_count, words_used);
}

static enum result parse_redirect_literal(struct rule_parser *parser, struct rule *rule,
                                          enum rule_phase phase, const char *const *words,
                                          unsigned words_count, unsigned *words_used)
{
    return parse_redirect_as(parser, rule, true, phase, words, words_count, words_used);
}

static void destroy_redirect(struct account *account, void *data)
{
    struct redirect_arguments *arguments = data;
    memory_release(account, arguments->storage);
    memory_release(account, arguments->cookie);
    log_format_destroy(account, arguments->format);
    log_format_destroy(account, arguments->cookie_format);
}

/* ---- running ---- */

/* The pieces that a Location or a header is joined from. */
enum { PIECES_MAX = 6 };
struct pieces {
    struct slice parts[PIECES_MAX];
    unsigned count;
};

static void add_piece(struct pieces *pieces, struct slice part)
{
    pieces->parts[pieces->count] = part;
    pieces->count++;
}

/* Joins in the stream's arena; data NULL when refused. */
static struct slice join_pieces(const struct pieces *pieces, struct arena *arena)
{
    size_t length = 0;
    for (unsigned i = 0; i < pieces->count; i++) {
        length += pieces->parts[i].length;
    }
    char *joined = arena_take_text(arena, length + 1);
    if (joined == NULL) {
        return SLICE_NONE;
    }
    char *end = joined;
    for (unsigned i = 0; i < pieces->count; i++) {
        if (pieces->parts[i].length > 0) {
            memcpy(end, pieces->parts[i].data, pieces->parts[i].length);
            end += pieces->parts[i].length;
        }
    }
    return slice_of(joined, length);
}

/* The request's path, with or without its query; "/" when there is none. */
static struct slice request_path(const struct rule_context *context, bool drops_query)
{
    const struct http_message *request = context->request;
    if (request == NULL || request->path.length == 0 || request->path.data[0] != '/') {
        return SLICE("/");
    }
    return drops_query ? http_message_path_only(request) : request->path;
}

static void add_path(struct pieces *pieces, const struct redirect_arguments *arguments,
                     const struct rule_context *context)
{
    struct slice path = request_path(context, arguments->drops_query);
    add_piece(pieces, path);
    if (arguments->appends_slash && path.data[path.length - 1] != '/') {
        add_piece(pieces, SLICE("/"));
    }
}

/* Adds the request's query behind a location. */
static void add_query(struct pieces *pieces, const struct rule_context *context,
                      struct slice location)
{
    if (context->request == NULL) {
        return;
    }
    struct slice query = http_message_query(context->request);
    if (query.data != NULL && query.length > 0) {
        bool has_query = slice_find_char(location, '?') < location.length;
        add_piece(pieces, has_query ? SLICE("&") : SLICE("?"));
        add_piece(pieces, query);
    }
}

static struct slice make_location(const struct redirect_arguments *arguments,
                                  struct rule_context *context, struct slice text)
{
    struct pieces pieces = {0};
    switch (arguments->type) {
    case REDIRECT_PREFIX:
        if (!slice_equal(text, SLICE("/"))) {
            add_piece(&pieces, text);
        }
        add_path(&pieces, arguments, context);
        break;
    case REDIRECT_SCHEME:
        add_piece(&pieces, text);
        add_piece(&pieces, SLICE("://"));
        if (context->request != NULL) {
            add_piece(&pieces, http_message_host(context->request));
        }
        add_path(&pieces, arguments, context);
        break;
    case REDIRECT_LOCATION:
        add_piece(&pieces, text);
        if (arguments->keeps_query) {
            add_query(&pieces, context, text);
        }
        break;
    case REDIRECT_NONE:
        break;
    }
    return join_pieces(&pieces, context->stream_arena);
}

/* The Set-Cookie line to send, if any. False when memory is refused. */
static bool make_cookie(const struct redirect_arguments *arguments, struct rule_context *context,
                        struct slice *line)
{
    *line = slice_from_string(arguments->cookie);
    if (arguments->cookie_format == NULL) {
        return true;
    }
    struct slice value;
    if (log_format_evaluate(arguments->cookie_format, context, &value) != RESULT_OK) {
        return false;
    }
    struct pieces pieces = {0};
    add_piece(&pieces, SLICE("Set-Cookie: "));
    add_piece(&pieces, value);
    add_piece(&pieces, SLICE("; path=/;"));
    *line = join_pieces(&pieces, context->stream_arena);
    return line->data != NULL;
}

static void run_redirect(const struct rule *rule, struct rule_context *context,
                         struct verdict *verdict)
{
    const struct redirect_arguments *arguments = rule->arguments;
    struct slice text = arguments->text;
    if (arguments->format != NULL &&
        log_format_evaluate(arguments->format, context, &text) != RESULT_OK) {
        verdict->kind = VERDICT_ERROR;
        return;
    }
    if (arguments->ignores_empty && arguments->format != NULL && text.length == 0) {
        return;
    }
    verdict->location = make_location(arguments, context, text);
    if (verdict->location.data == NULL || !make_cookie(arguments, context, &verdict->header)) {
        *verdict = (struct verdict){.kind = VERDICT_ERROR};
        return;
    }
    verdict->kind = VERDICT_REPLY;
    verdict->status = arguments->status;
}

/* ---- auth ---- */

struct auth_arguments {
    char *realm; /* NULL: the proxy's name */
};

static enum result parse_auth(struct rule_parser *parser, struct rule *rule, enum rule_phase phase,
                              const char *const *words, unsigned words_count, unsigned *words_used)
{
    (void)phase;
    struct auth_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    if (!argument_is(words, words_count, 0, "realm")) {
        *words_used = 0;
        return RESULT_OK;
    }
    if (words_count < 2 || words[1][0] == '\0') {
        return parser_fail(parser, "missing realm value.");
    }
    arguments->realm = rule_copy(parser, slice_from_string(words[1]));
    *words_used = 2;
    return arguments->realm == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

static void run_auth(const struct rule *rule, struct rule_context *context, struct verdict *verdict)
{
    const struct auth_arguments *arguments = rule->arguments;
    const struct proxy_identity *proxy =
        context->proxy != NULL ? context->proxy : context->frontend;
    const char *realm = arguments->realm;
    if (realm == NULL) {
        realm = proxy == NULL ? "" : proxy->name;
    }
    struct pieces pieces = {0};
    add_piece(&pieces, context->uses_proxy_header ? SLICE("Proxy-Authenticate: Basic realm=\"")
                                                  : SLICE("WWW-Authenticate: Basic realm=\""));
    add_piece(&pieces, slice_from_string(realm));
    add_piece(&pieces, SLICE("\""));
    verdict->header = join_pieces(&pieces, context->stream_arena);
    if (verdict->header.data == NULL) {
        verdict->kind = VERDICT_ERROR;
        return;
    }
    verdict->kind = VERDICT_REPLY;
    verdict->status = context->uses_proxy_header ? STATUS_PROXY_UNAUTHORIZED : STATUS_UNAUTHORIZED;
}

static void destroy_auth(struct account *account, void *data)
{
    struct auth_arguments *arguments = data;
    memory_release(account, arguments->realm);
}

const struct action_ops ACTIONS_REDIRECT[] = {
    {"auth", PHASES_HTTP_REQUEST, "auth [realm <realm>]", parse_auth, run_auth, destroy_auth, 0},
    {"redirect", PHASES_HTTP_BOTH, "redirect { location | prefix | scheme } <text> [<option>]*",
     parse_redirect, run_redirect, destroy_redirect, 0},
    {0},
};

/* ---- the directive ---- */

static const struct action_ops directive_actions[] = {
    {"redirect", PHASES_HTTP_REQUEST, "redirect { location | prefix | scheme } <text> [<option>]*",
     parse_redirect_literal, run_redirect, destroy_redirect, 0},
    {0},
};

enum result redirect_parse_directive(struct rule_parser *parser, const char *const *words,
                                     unsigned words_count, struct rule_list *list)
{
    static const struct action_ops *const tables[] = {directive_actions, NULL};
    struct rule_registry registry = {
        .fetches = parser->registry->fetches,
        .converters = parser->registry->converters,
        .actions = tables,
        .services = parser->registry->services,
    };
    const struct rule_registry *whole = parser->registry;
    parser->registry = &registry;
    enum result result = rule_parse(parser, RULE_HTTP_REQUEST, words, words_count, list);
    parser->registry = whole;
    return result;
}
