/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show sess, shutdown session, shutdown sessions server. Streams are walked by their
 * ids, which only grow, so that a dump goes on at the right place when streams end in between. No
 * memory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "admin/server_action.h"
#include "base/clock.h"
#include "base/number.h"
#include "proxy/proxy.h"
#include "proxy/stream.h"
#include "rules/log_time.h"

enum { FIRST_WORD = 2, OVERDUE_MS = 5000 };

/* ---- show sess ---- */

/* What the words behind "show sess" choose. */
struct session_choice {
    const char *identity; /* "0x…", NULL: all */
    const struct proxy *frontend, *backend;
    const struct server *server;
    uint64_t age_least_ms;
    bool is_long, with_uri, only_suspicious;
};

struct session_state {
    uint64_t next_id;
    bool has_shown;
};

static const char USAGE[] =
    "Usage: show sess [<id> | all | help] [<options>*]\n"
    "Dumps active streams (formerly called 'sessions'): a line each, or many with <id> or 'all'.\n"
    "   <id>          dump only this stream (0x...)\n"
    "   all           dump all streams in the long form\n"
    "Options:\n"
    "   backend <b>   only streams of this backend\n"
    "   frontend <f>  only streams of this frontend\n"
    "   older <age>   only streams older than <age> seconds\n"
    "   server <b/s>  only streams of this server\n"
    "   show-uri      with the URI, where it was captured\n"
    "   susp          only streams that are suspicious: longer due than seconds\n";

static bool read_proxy(struct cli_request *request, const char *word, unsigned role,
                       const struct proxy **out)
{
    *out = proxy_find(request->worker, slice_from_string(word), role);
    if (*out == NULL) {
        text_append_format(request->out, "No such %s.\n",
                           role == PROXY_FRONTEND ? "frontend" : "backend");
    }
    return *out != NULL;
}

static bool read_server(struct cli_request *request, const char *word,
                        struct session_choice *choice)
{
    struct slice rest = slice_from_string(word);
    struct slice name;
    struct proxy *proxy = slice_next_token(&rest, '/', &name)
                              ? proxy_find(request->worker, name, PROXY_BACKEND)
                              : NULL;
    choice->server = proxy != NULL ? backend_find_server(&proxy->backend, rest) : NULL;
    if (choice->server == NULL) {
        text_append_string(request->out, "No such server.\n");
    }
    return choice->server != NULL;
}

/* Options that are followed by a word; false when the answer is written. */
static bool read_filter(struct cli_request *request, const char *name, const char *value,
                        struct session_choice *choice)
{
    uint64_t seconds = 0;
    if (strcmp(name, "frontend") == 0) {
        return read_proxy(request, value, PROXY_FRONTEND, &choice->frontend);
    }
    if (strcmp(name, "backend") == 0) {
        return read_proxy(request, value, PROXY_BACKEND, &choice->backend);
    }
    if (strcmp(name, "server") == 0) {
        return read_server(request, value, choice);
    }
    if (number_parse_decimal(slice_from_string(value), &seconds) != RESULT_OK ||
        seconds > UINT32_MAX) {
        text_append_string(request->out, "Age is expected in seconds.\n");
        return false;
    }
    choice->age_least_ms = seconds * MS_PER_SECOND;
    return true;
}

static bool is_filter(const char *word)
{
    static const char *const NAMES[] = {"frontend", "backend", "server", "older"};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (strcmp(word, NAMES[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* False when the answer is written. */
static bool read_choice(struct cli_request *request, struct session_choice *choice)
{
    *choice = (struct session_choice){0};
    for (unsigned i = FIRST_WORD; i < request->count; i++) {
        const char *word = request->words[i];
        if (is_filter(word)) {
            if (!read_filter(request, word, cli_word(request, ++i), choice)) {
                return false;
            }
        } else if (strcmp(word, "susp") == 0) {
            choice->only_suspicious = true;
        } else if (strcmp(word, "show-uri") == 0) {
            choice->with_uri = true;
        } else if (strcmp(word, "all") == 0) {
            choice->is_long = true;
        } else if (strncmp(word, "0x", strlen("0x")) == 0) {
            choice->identity = word;
            choice->is_long = true;
        } else {
            text_append_string(request->out, USAGE);
            return false;
        }
    }
    return true;
}

/* Whether `reference` is what `show sess` calls the stream. */
static bool is_called(const struct stream *stream, const char *reference)
{
    char name[NUMBER_TEXT_SIZE];
    snprintf(name, sizeof(name), "%p", (const void *)stream);
    return strcmp(name, reference) == 0;
}

static bool is_chosen(const struct session_choice *choice, const struct stream *stream,
                      uint64_t now_ms)
{
    bool is_overdue =
        stream->state_deadline_ms != TIME_NEVER && stream->state_deadline_ms + OVERDUE_MS < now_ms;
    return (choice->identity == NULL || is_called(stream, choice->identity)) &&
           (choice->frontend == NULL || stream->frontend == choice->frontend) &&
           (choice->backend == NULL || stream->backend == choice->backend) &&
           (choice->server == NULL || stream->assigned == choice->server) &&
           now_ms - stream->started_ms >= choice->age_least_ms &&
           (!choice->only_suspicious || is_overdue);
}

/* The URI of a request line as it came. */
static struct slice uri_of(const struct stream *stream)
{
    struct slice rest = stream->captures.request_line;
    struct slice uri = SLICE_NONE;
    if (rest.data != NULL && slice_next_token(&rest, ' ', &uri)) {
        uri = slice_first(rest, slice_find_char(rest, ' '));
    }
    return uri;
}

static void append_proxy(struct text *out, const char *role, const struct proxy *proxy)
{
    if (proxy == NULL) {
        text_append_format(out, "  %s=<NONE> (id=-1 mode=-)", role);
        return;
    }
    text_append_format(out, "  %s=%s (id=%u mode=%s)", role, proxy->settings->name,
                       proxy->settings->id,
                       proxy->settings->mode == PROXY_MODE_HTTP ? "http" : "tcp");
}

static void append_direction(struct text *out, const char *name,
                             const struct stream_direction *direction)
{
    text_append_format(out, "  %s: relayed=%" PRIu64 " waiting=%zu ended=%d blocked=%d\n", name,
                       direction->bytes, direction->queue.bytes, direction->has_ended ? 1 : 0,
                       direction->is_blocked ? 1 : 0);
}

static void append_mux(struct text *out, const char *name, struct mux_stream *side)
{
    text_append_format(out, "  %s: ", name);
    if (side != NULL) {
        side->mux->ops->describe(side, out);
    } else {
        text_append_string(out, "none");
    }
    text_append_char(out, '\n');
}

/* The long form: the stream's line, then what belongs to it behind spaces. */
static void append_details(struct cli_request *request, const struct stream *stream)
{
    struct text *out = request->out;
    const struct session *session = stream->session;
    const struct bind *bind = session->bind;
    text_append_string(out, "  begun=[");
    log_append_date(out, session->accept_wall_us, DATE_LOCAL_MS);
    text_append_format(out, "] id=%" PRIu64 " session=%" PRIu64 " retries=%u\n", stream->facts.id,
                       session->id, stream->facts.retries);
    append_proxy(out, "frontend", stream->frontend);
    text_append_format(out, ", listener=%s (id=%u) addr=", bind->name != NULL ? bind->name : "?",
                       bind->settings->id);
    address_append_with_port(out, &session->destination, false);
    text_append_char(out, '\n');
    append_proxy(out, "backend", stream->backend);
    const struct server *server = stream->assigned;
    text_append_format(out, "\n  server=%s (id=%d)\n",
                       server != NULL ? server->options->name : "<NONE>",
                       server != NULL ? (int)server->options->id : -1);
    append_mux(out, "client", stream->client);
    append_mux(out, "server", stream->server);
    append_direction(out, "request", &stream->up);
    append_direction(out, "response", &stream->down);
}

static void append_stream(struct cli_request *request, const struct session_choice *choice,
                          const struct stream *stream)
{
    struct text *out = request->out;
    stream_describe(stream, out, request->now_ms);
    struct slice uri = choice->with_uri ? uri_of(stream) : SLICE_NONE;
    if (uri.length > 0) {
        out->length--; /* its newline */
        text_append_string(out, " uri=");
        text_append(out, uri);
        text_append_char(out, '\n');
    }
    if (choice->is_long) {
        append_details(request, stream);
    }
}

static enum result show_sess(struct cli_request *request, void *opaque)
{
    struct session_state *state = opaque;
    struct session_choice choice;
    if (!read_choice(request, &choice)) {
        return RESULT_END;
    }
    LIST_EACH(link, &request->worker->streams) {
        const struct stream *stream = container_of(link, struct stream, link);
        if (stream->facts.id < state->next_id || !is_chosen(&choice, stream, request->now_ms)) {
            continue;
        }
        if (!cli_row_fits(request)) {
            return RESULT_OK;
        }
        append_stream(request, &choice, stream);
        state->next_id = stream->facts.id + 1;
        state->has_shown = true;
    }
    if (choice.identity != NULL && !state->has_shown) {
        text_append_string(request->out, "Session not found.\n");
    }
    return RESULT_END;
}

/* ---- shutdown ---- */

static struct stream *find_stream(const struct worker *worker, const char *reference)
{
    LIST_EACH(link, &worker->streams) {
        struct stream *stream = container_of(link, struct stream, link);
        if (is_called(stream, reference)) {
            return stream;
        }
    }
    return NULL;
}

static enum result shutdown_session(struct cli_request *request, void *opaque)
{
    (void)opaque;
    const char *reference = cli_word(request, 2);
    struct stream *stream = find_stream(request->worker, reference);
    if (reference[0] == '\0') {
        text_append_string(request->out, "Session pointer expected (use 'show sess').\n");
    } else if (stream == NULL) {
        text_append_string(request->out, "No such session (use 'show sess').\n");
    } else {
        stream_shutdown(stream, 'K');
    }
    return RESULT_END;
}

static enum result shutdown_server_sessions(struct cli_request *request, void *opaque)
{
    enum { ARGUMENT = 3 };
    (void)opaque;
    struct slice rest = slice_from_string(cli_word(request, ARGUMENT));
    struct slice name;
    if (!slice_next_token(&rest, '/', &name)) {
        text_append_string(request->out, "Require 'backend/server'.\n");
        return RESULT_END;
    }
    struct proxy *proxy = proxy_find(request->worker, name, PROXY_BACKEND);
    struct server *server = proxy != NULL ? backend_find_server(&proxy->backend, rest) : NULL;
    if (server == NULL) {
        text_append_string(request->out, "No such server.\n");
        return RESULT_END;
    }
    (void)server_action_run(SERVER_ACTION_SHUTDOWN_SESSIONS, request->worker, server,
                            request->now_ms);
    return RESULT_END;
}

const struct cli_command COMMANDS_SESSION[] = {
    {"show sess", "[<id>|all|help] [<options>*] : report the list of current streams", CLI_OPERATOR,
     show_sess, NULL},
    {"shutdown session", "<id> : kill a specific stream", CLI_OPERATOR, shutdown_session, NULL},
    {"shutdown sessions server", "<bk>/<srv> : kill streams of a server", CLI_OPERATOR,
     shutdown_server_sessions, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
