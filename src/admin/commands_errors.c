/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show errors: the last malformed request of each frontend and the last malformed response of each
 * backend, as they came. A dump that goes on stops between proxies; a message is cut to what one
 * piece of an answer holds. No memory of its own.
 */
#include <inttypes.h>
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "base/number.h"
#include "proxy/proxy.h"
#include "rules/log_time.h"

enum { FIRST_WORD = 2, LINE_COLUMNS = 70, ESCAPED_MAX = 5 };

struct error_choice {
    int64_t proxy; /* id, -1: all */
    bool requests, responses;
};

struct error_state {
    bool has_begun;
    uint32_t next_proxy; /* index */
};

/* False when the answer is written. */
static bool read_choice(struct cli_request *request, struct error_choice *choice)
{
    *choice = (struct error_choice){.proxy = -1, .requests = true, .responses = true};
    for (unsigned i = FIRST_WORD; i < request->count; i++) {
        const char *word = request->words[i];
        const struct proxy *proxy = NULL;
        if (strcmp(word, "request") == 0) {
            choice->responses = false;
        } else if (strcmp(word, "response") == 0) {
            choice->requests = false;
        } else if (number_parse_signed(slice_from_string(word), &choice->proxy) != RESULT_OK) {
            proxy = proxy_find(request->worker, slice_from_string(word),
                               PROXY_FRONTEND | PROXY_BACKEND);
            choice->proxy = proxy != NULL ? (int64_t)proxy->settings->id : -1;
            if (proxy == NULL) {
                text_append_string(request->out, "No such proxy.\n");
                return false;
            }
        }
    }
    return true;
}

/* Writes one byte as HAProxy does; returns its columns. */
static unsigned append_byte(struct text *out, unsigned char byte)
{
    static const char NAMED[] = "\t\n\r\x1b\\";
    static const char LETTERS[] = "tnre\\";
    const char *named = byte != 0 ? strchr(NAMED, (char)byte) : NULL;
    size_t before = out->length;
    if (named != NULL) {
        text_append_format(out, "\\%c", LETTERS[named - NAMED]);
    } else if (byte < ' ' || byte > '~') {
        text_append_format(out, "\\x%02X", byte);
    } else {
        text_append_char(out, (char)byte);
    }
    return (unsigned)(out->length - before);
}

/* Lines with the position of their first byte; a '+' behind it where a line goes on. */
static void append_bytes(struct text *out, const struct captured_error *error)
{
    bool goes_on = false;
    for (size_t at = 0; at < error->length && text_room(out) > CLI_ROW_MAX / 2;) {
        text_append_format(out, "  %05zu%c ", at, goes_on ? '+' : ' ');
        unsigned columns = 0;
        goes_on = true;
        while (at < error->length && goes_on && columns + ESCAPED_MAX < LINE_COLUMNS) {
            goes_on = error->bytes->data[at] != '\n';
            columns += append_byte(out, (unsigned char)error->bytes->data[at]);
            at++;
        }
        text_append_char(out, '\n');
    }
}

static void append_other(struct text *out, const struct proxy *other, bool is_response)
{
    const char *role = is_response ? "frontend" : "backend";
    if (other == NULL) {
        text_append_format(out, "  %s <NONE> (#-1)", role);
    } else {
        text_append_format(out, "  %s %s (#%u)", role, other->settings->name, other->settings->id);
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
    text_append_format(out, "] %s %s (#%u): invalid %s\n", is_response ? "backend" : "frontend",
                       proxy->settings->name, proxy->settings->id,
                       is_response ? "response" : "request");
    append_other(out, error->other, is_response);
    const struct server *server = error->server;
    text_append_format(out, ", server %s (#%d), event #%" PRIu64 ", src ",
                       server != NULL ? server->options->name : "<NONE>",
                       server != NULL ? (int)server->options->id : -1, error->number - 1);
    address_append_with_port(out, &error->source, false);
    text_append_format(out, "\n  len %zu, error at position %zu (%s)\n\n", error->length,
                       error->position,
                       error->reason != NULL ? error->reason : "incomplete message");
    append_bytes(out, error);
    text_append_char(out, '\n');
}

static uint64_t count_errors(const struct worker *worker)
{
    uint64_t count = 0;
    LIST_EACH(link, &worker->proxies) {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        count += proxy->bad_request.number + proxy->bad_response.number;
    }
    return count;
}

/* Whether the message has to do with the chosen proxy, on either side. */
static bool is_chosen(const struct error_choice *choice, const struct proxy *proxy,
                      const struct captured_error *error)
{
    uint64_t id = (uint64_t)choice->proxy;
    return choice->proxy < 0 || proxy->settings->id == id ||
           (error->other != NULL && error->other->settings->id == id);
}

static void append_proxy(struct text *out, const struct proxy *proxy,
                         const struct error_choice *choice)
{
    if (choice->requests && is_chosen(choice, proxy, &proxy->bad_request)) {
        append_error(out, proxy, &proxy->bad_request, false);
    }
    if (choice->responses && is_chosen(choice, proxy, &proxy->bad_response)) {
        append_error(out, proxy, &proxy->bad_response, true);
    }
}

static enum result show_errors(struct cli_request *request, void *opaque)
{
    struct error_state *state = opaque;
    struct error_choice choice;
    if (!read_choice(request, &choice)) {
        return RESULT_END;
    }
    if (!state->has_begun) {
        state->has_begun = true;
        text_append_string(request->out, "Total events captured on [");
        log_append_date(request->out, event_wall_us(request->worker->loop), DATE_LOCAL_MS);
        text_append_format(request->out, "] : %" PRIu64 "\n\n", count_errors(request->worker));
    }
    uint32_t index = 0;
    LIST_EACH(link, &request->worker->proxies) {
        if (index++ < state->next_proxy) {
            continue;
        }
        if (request->out->length > CLI_ROW_MAX) {
            return RESULT_OK;
        }
        append_proxy(request->out, container_of(link, struct proxy, link), &choice);
        state->next_proxy = index;
    }
    return RESULT_END;
}

const struct cli_command COMMANDS_ERRORS[] = {
    {"show errors",
     "[<px>] [request|response] : report last request and/or response errors for each proxy",
     CLI_OPERATOR, show_errors, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
