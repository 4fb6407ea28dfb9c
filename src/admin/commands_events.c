/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show events, show startup-logs: rings of log lines, and what was said at the start. A dump keeps
 * a position in the ring, so that lines may be written and evicted while it goes on; a line longer
 * than a piece of an answer is written in parts. Waiting for more (-w) is the session's: the ring
 * tells it. No memory of its own.
 */
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "base/number.h"

/* Where a dump of a ring is. */
struct events_state {
    struct log_ring *ring; /* NULL: not begun */
    uint64_t position;     /* of the line being written */
    size_t offset;         /* how much of it is written */
    bool waits;
    char end; /* behind each line */
};

_Static_assert(sizeof(struct events_state) <= CLI_STATE_BYTES, "a command's state has this room");

enum { STDOUT = 1, STDERR = 2 };

static void append_descriptor(struct cli_request *request, const char *name, int number)
{
    struct log_outputs *outputs = &request->worker->log_outputs;
    text_append_format(request->out, "    %-10s : type=fd, %llu dropped, standard output (fd#%d)\n",
                       name, (unsigned long long)log_outputs_descriptor_dropped(outputs, number),
                       number);
}

static void append_sinks(struct cli_request *request)
{
    text_append_string(request->out, "Supported events sinks are listed below. Add -w(wait), "
                                     "-n(new). Any key to stop\n");
    append_descriptor(request, "stdout", STDOUT);
    append_descriptor(request, "stderr", STDERR);
    LIST_EACH(link, &request->worker->log_outputs.rings) {
        const struct log_ring *ring = container_of(link, struct log_ring, link);
        const struct log_ring_options *options = &ring->options;
        text_append_format(request->out, "    %-10s : type=buffer, %llu dropped, %s\n",
                           options->name, (unsigned long long)ring->dropped,
                           options->description != NULL ? options->description : options->name);
    }
}

/* Reads -w, -n, -0 or several of them in one word. */
static bool read_options(const struct cli_request *request, struct events_state *state,
                         bool *is_new)
{
    enum { FIRST_OPTION = 3 };
    state->end = '\n';
    for (unsigned i = FIRST_OPTION; i < request->count; i++) {
        const char *word = request->words[i];
        if (word[0] != '-') {
            return false;
        }
        for (const char *c = word + 1; *c != '\0'; c++) {
            state->waits = state->waits || *c == 'w';
            *is_new = *is_new || *c == 'n';
            state->end = *c == '0' ? '\0' : state->end;
            if (strchr("wn0", *c) == NULL) {
                return false;
            }
        }
    }
    return true;
}

/* Finds the ring and where to begin; false when the answer is already written. */
static bool begin(struct cli_request *request, struct events_state *state)
{
    const char *name = cli_word(request, 2);
    struct log_ring *ring = log_outputs_find_ring(&request->worker->log_outputs, name);
    bool is_new = false;
    if (name[0] == '\0') {
        append_sinks(request);
    } else if (ring == NULL && (strcmp(name, "stdout") == 0 || strcmp(name, "stderr") == 0)) {
        text_append_string(request->out, "Nothing to report for this sink\n");
    } else if (ring == NULL) {
        text_append_string(request->out, "No such event sink\n");
    } else if (!read_options(request, state, &is_new)) {
        text_append_string(request->out, "unknown option\n");
    } else {
        state->ring = ring;
        state->position = is_new ? ring->head : ring->tail;
        return true;
    }
    return false;
}

/* Writes what fits of the line; true when all of it is written. */
static bool append_line(struct text *out, struct events_state *state, const struct slice line[2])
{
    size_t room = text_room(out) - 1; /* its end */
    for (unsigned i = 0; i < 2; i++) {
        size_t before = i == 0 ? 0 : line[0].length;
        size_t from = state->offset > before ? state->offset - before : 0;
        struct slice rest = slice_skip(line[i], size_min(from, line[i].length));
        struct slice part = slice_first(rest, size_min(rest.length, room));
        text_append(out, part);
        state->offset += part.length;
        room -= part.length;
    }
    return state->offset == line[0].length + line[1].length;
}

static enum result show_events(struct cli_request *request, void *opaque)
{
    struct events_state *state = opaque;
    if (state->ring == NULL && !begin(request, state)) {
        return RESULT_END;
    }
    const struct log_ring *ring = state->ring;
    struct slice line[2];
    if (state->position < ring->tail) { /* the line was evicted under way */
        text_append_string(request->out, state->offset > 0 ? "\n" : "");
        state->position = ring->tail;
        state->offset = 0;
    }
    uint64_t next = state->position;
    while (text_room(request->out) > 1 && log_ring_read(ring, &next, line)) {
        if (!append_line(request->out, state, line)) {
            return RESULT_OK;
        }
        text_append_char(request->out, state->end);
        state->position = next;
        state->offset = 0;
    }
    if (state->position < ring->head) {
        return RESULT_OK;
    }
    if (state->waits) {
        log_ring_watch(state->ring, request->watch);
        return RESULT_BLOCKED;
    }
    return RESULT_END;
}

static enum result show_startup_logs(struct cli_request *request, void *opaque)
{
    size_t *written = opaque;
    const struct text *logs = request->worker->facts->startup_logs;
    struct slice rest = logs != NULL ? slice_skip(text_slice(logs), *written) : SLICE_NONE;
    struct slice part = slice_first(rest, size_min(rest.length, text_room(request->out)));
    text_append(request->out, part);
    *written += part.length;
    return part.length < rest.length ? RESULT_OK : RESULT_END;
}

const struct cli_command COMMANDS_EVENTS[] = {
    {"show events", "[<sink>] [-w] [-n] [-0] : show event sink state", CLI_USER, show_events, NULL},
    {"show startup-logs", ": report logs emitted during startup", CLI_USER, show_startup_logs,
     NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
