/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show stat, clear counters: the table of statistics as CSV, typed or JSON, for all objects or
 * those chosen by <iid> <type> <sid>. One object a row; the dump goes on where it stopped. Bounded
 * by one answer piece at a time.
 */
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "admin/statistics_schema.h"
#include "admin/statistics_write.h"
#include "base/number.h"

enum stat_form { FORM_CSV, FORM_TYPED, FORM_JSON };

struct stat_state {
    struct statistics_walk walk;
    bool has_begun;
    bool has_row; /* JSON: a row was written before */
    bool is_over;
};

_Static_assert(sizeof(struct stat_state) <= CLI_STATE_BYTES,
               "the state must fit the session's room");

/* What the words behind "show stat" choose. */
struct stat_choice {
    enum stat_form form;
    int64_t proxy, types, service; /* -1: all */
    bool no_maintenance, only_up, is_described;
    bool is_of_resolvers; /* of which there are none */
};

static bool read_choice(struct cli_request *request, struct stat_choice *choice)
{
    int64_t *const numbers[] = {&choice->proxy, &choice->types, &choice->service};
    unsigned count = 0;
    *choice = (struct stat_choice){.form = FORM_CSV, .proxy = -1, .types = -1, .service = -1};
    for (unsigned i = 2; i < request->count; i++) {
        const char *word = request->words[i];
        int64_t number = 0;
        if (strcmp(word, "typed") == 0) {
            choice->form = FORM_TYPED;
        } else if (strcmp(word, "json") == 0) {
            choice->form = FORM_JSON;
        } else if (strcmp(word, "no-maint") == 0) {
            choice->no_maintenance = true;
        } else if (strcmp(word, "up") == 0) {
            choice->only_up = true;
        } else if (strcmp(word, "desc") == 0) {
            choice->is_described = true;
        } else if (strcmp(word, "domain") == 0) {
            choice->is_of_resolvers = strcmp(cli_word(request, ++i), "resolvers") == 0;
        } else if (number_parse_signed(slice_from_string(word), &number) == RESULT_OK &&
                   count < sizeof(numbers) / sizeof(numbers[0])) {
            *numbers[count++] = number;
        } else if (count == 0) {
            const struct proxy *proxy = proxy_find(request->worker, slice_from_string(word),
                                                   PROXY_FRONTEND | PROXY_BACKEND);
            if (proxy == NULL) {
                text_append_string(request->out, "No such proxy.\n");
                return false;
            }
            choice->proxy = proxy->settings->id;
            count++;
        }
    }
    return true;
}

/* What `show stat domain resolvers` says when there are none. */
static const char *const NO_RESOLVERS[] = {
    [FORM_CSV] = "# id,pid,sent,send_error,valid,update,cname,cname_error,any_err,nx,timeout,"
                 "refused,other,invalid,too_big,truncated,outdated,\n",
    [FORM_TYPED] = "",
    [FORM_JSON] = "[]\n",
};

static bool is_chosen(const struct stat_choice *choice, const struct statistics_object *object)
{
    static const unsigned BITS[STATISTICS_KINDS] = {
        [STATISTICS_FRONTEND] = 1U << 0,
        [STATISTICS_BACKEND] = 1U << 1,
        [STATISTICS_SERVER] = 1U << 2,
        [STATISTICS_LISTENER] = 1U << 3,
    };
    if (choice->proxy > 0 && object->proxy->settings->id != (uint64_t)choice->proxy) {
        return false;
    }
    if (choice->types >= 0 && ((uint64_t)choice->types & BITS[object->kind]) == 0) {
        return false;
    }
    if (object->kind != STATISTICS_SERVER) {
        return true;
    }
    const struct server *server = &object->endpoint->server;
    bool is_maintained = (server->admin & SERVER_MAINT_ANY) != 0;
    bool is_up = server->health != SERVER_DOWN && !is_maintained;
    return (choice->service <= 0 || server->options->id == (uint64_t)choice->service) &&
           !(choice->no_maintenance && is_maintained) && !(choice->only_up && !is_up);
}

static void begin(struct cli_request *request, struct stat_state *state, enum stat_form form)
{
    state->has_begun = true;
    statistics_walk_begin(&state->walk, request->worker, request->now_ms);
    if (form == FORM_CSV) {
        statistics_write_header(request->out);
    } else if (form == FORM_JSON) {
        text_append_char(request->out, '[');
    }
}

static void write_row(struct cli_request *request, struct stat_state *state,
                      const struct stat_choice *choice, const struct statistics_object *object)
{
    switch (choice->form) {
    case FORM_CSV:
        statistics_write_csv(request->out, object);
        break;
    case FORM_TYPED:
        statistics_write_typed(request->out, object, choice->is_described);
        break;
    case FORM_JSON:
        if (state->has_row) {
            text_append_char(request->out, ',');
        }
        statistics_write_json(request->out, object);
        break;
    }
    state->has_row = true;
}

static enum result show_stat(struct cli_request *request, void *opaque)
{
    struct stat_state *state = opaque;
    struct stat_choice choice;
    if (!read_choice(request, &choice)) {
        return RESULT_END;
    }
    if (choice.is_of_resolvers) {
        text_append_string(request->out, NO_RESOLVERS[choice.form]);
        return RESULT_END;
    }
    if (!state->has_begun) {
        begin(request, state, choice.form);
    }
    struct stat_state before = *state;
    struct statistics_object object;
    while (statistics_walk_next(&state->walk, &object)) {
        size_t length = request->out->length;
        if (is_chosen(&choice, &object)) {
            write_row(request, state, &choice, &object);
        }
        if (request->out->truncated) {
            request->out->length = length;
            if (length > 0) { /* this row opens the next piece */
                *state = before;
                return RESULT_OK;
            }
            state->has_row = before.has_row; /* larger than any piece: left out */
            request->out->truncated = false;
        }
        before = *state;
    }
    if (choice.form == FORM_JSON) {
        text_append_string(request->out, "]\n");
    }
    return RESULT_END;
}

static enum result show_schema(struct cli_request *request, void *opaque)
{
    (void)opaque;
    statistics_write_schema(request->out);
    return RESULT_END;
}

static enum result clear_counters(struct cli_request *request, void *opaque)
{
    (void)opaque;
    const char *word = cli_word(request, 2);
    bool all = strcmp(word, "all") == 0;
    if (word[0] != '\0' && !all) {
        text_append_string(request->out, "'clear counters' only supports the 'all' option.\n");
        return RESULT_END;
    }
    LIST_EACH(link, &request->worker->proxies) {
        struct proxy *proxy = container_of(link, struct proxy, link);
        counters_clear(&proxy->counters, all);
        counters_clear(&proxy->backend.counters, all);
        LIST_EACH(position, &proxy->endpoints) {
            counters_clear(&container_of(position, struct endpoint, link)->server.counters, all);
        }
        LIST_EACH(position, &proxy->binds) {
            counters_clear(&container_of(position, struct bind, link)->counters, all);
        }
    }
    struct process_facts *facts = request->worker->facts;
    facts->connection_rate.max = 0;
    facts->session_rate.max = 0;
    facts->tls_rate.max = 0;
    return RESULT_END;
}

const struct cli_command COMMANDS_STAT[] = {
    {"show stat", "[desc|json|no-maint|typed|up]* : report counters for each proxy and server",
     CLI_USER, show_stat, NULL},
    {"show schema json", ": report schema used for stats", CLI_USER, show_schema, NULL},
    {"clear counters", "[all] : clear max statistics counters (or all counters)", CLI_OPERATOR,
     clear_counters, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
