/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show sess, shutdown session, shutdown sessions server, show errors. Streams are walked by their
 * ids, which only grow, so that a dump goes on at the right place when streams end in between. No
 * memory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "admin/server_action.h"
#include "base/number.h"
#include "proxy/proxy.h"
#include "proxy/stream.h"
#include "rules/log_time.h"

enum { NAME_MAX_BYTES = 256, ERROR_LINE_BYTES = 64 };

struct session_state {
    uint64_t next_id;
};

static enum result show_sess(struct cli_request *request, void *opaque)
{
    struct session_state *state = opaque;
    LIST_EACH(link, &request->worker->streams) {
        const struct stream *stream = container_of(link, struct stream, link);
        if (stream->facts.id < state->next_id) {
            continue;
        }
        if (!cli_row_fits(request)) {
            return RESULT_OK;
        }
        stream_describe(stream, request->out, request->now_ms);
        state->next_id = stream->facts.id + 1;
    }
    return RESULT_END;
}

static struct stream *find_stream(const struct worker *worker, const char *reference)
{
    LIST_EACH(link, &worker->streams) {
        struct stream *stream = container_of(link, struct stream, link);
        char name[NUMBER_TEXT_SIZE];
        snprintf(name, sizeof(name), "%p", (void *)stream);
        if (strcmp(name, reference) == 0) {
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

/* ---- show errors ---- */

static void append_error_bytes(struct text *out, const struct captured_error *error)
{
    size_t start = 0;
    while (start < error->length && text_room(out) > CLI_ROW_MAX / 2) {
        struct slice rest = slice_of(error->bytes->data + start, error->length - start);
        size_t end = slice_find_char(rest, '\n');
        size_t length = end < rest.length ? end + 1 : rest.length;
        length = length > ERROR_LINE_BYTES ? ERROR_LINE_BYTES : length;
        text_append_format(out, "  %05zu  ", start);
        for (size_t i = 0; i < length; i++) {
            unsigned char c = (unsigned char)rest.data[i];
            if (c == '\n') {
                text_append_string(out, "\\n");
            } else if (c == '\r') {
                text_append_string(out, "\\r");
            } else if (c < ' ' || c > '~') {
                text_append_format(out, "\\x%02X", c);
            } else {
                text_append_char(out, (char)c);
            }
        }
        text_append_char(out, '\n');
        start += length;
    }
}

static void append_error(struct text *out, const struct proxy *proxy,
                         const struct captured_error *error, bool is_response)
{
    if (error->number == 0) {
        return;
    }
    text_append_char(out, '[');
    log_append_date(out, error->wall_us, DATE_LOCAL_MS);
    text_append_format(out, "] %s %s (#%u): invalid %s\n  ", is_response ? "backend" : "frontend",
                       proxy->settings->name, proxy->settings->id,
                       is_response ? "response" : "request");
    text_append_format(out, "server %s, event #%" PRIu64 ", src ",
                       error->server != NULL ? error->server->options->name : "<NONE>",
                       error->number - 1);
    address_append_with_port(out, &error->source, false);
    text_append_format(out, "\n  %s at position %zu, buffer of %zu bytes:\n\n",
                       error->reason != NULL ? error->reason : "incomplete message",
                       error->position, error->length);
    append_error_bytes(out, error);
    text_append_char(out, '\n');
}

struct error_state {
    bool has_begun;
    uint32_t next_proxy; /* index */
};

static uint64_t count_errors(const struct worker *worker)
{
    uint64_t count = 0;
    LIST_EACH(link, &worker->proxies) {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        count += proxy->bad_request.number + proxy->bad_response.number;
    }
    return count;
}

static enum result show_errors(struct cli_request *request, void *opaque)
{
    struct error_state *state = opaque;
    if (!state->has_begun) {
        state->has_begun = true;
        text_append_string(request->out, "Total events captured on [");
        log_append_date(request->out, event_wall_us(request->worker->loop), DATE_LOCAL_MS);
        text_append_format(request->out, "] : %" PRIu64 "\n\n", count_errors(request->worker));
    }
    uint32_t index = 0;
    LIST_EACH(link, &request->worker->proxies) {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        if (index++ < state->next_proxy) {
            continue;
        }
        if (request->out->length > CLI_ROW_MAX) {
            return RESULT_OK;
        }
        append_error(request->out, proxy, &proxy->bad_request, false);
        append_error(request->out, proxy, &proxy->bad_response, true);
        state->next_proxy = index;
    }
    return RESULT_END;
}

const struct cli_command COMMANDS_SESSION[] = {
    {"show sess", ": report the list of current streams", CLI_OPERATOR, show_sess, NULL},
    {"show errors", ": report last request and response errors for each proxy", CLI_OPERATOR,
     show_errors, NULL},
    {"shutdown session", "<id> : kill a specific stream", CLI_OPERATOR, shutdown_session, NULL},
    {"shutdown sessions server", "<bk>/<srv> : kill streams of a server", CLI_OPERATOR,
     shutdown_server_sessions, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
