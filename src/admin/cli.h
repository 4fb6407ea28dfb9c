/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime API: lines of commands on a stats socket, answered as HAProxy answers them
 * (management manual, section 9.3). A command writes its answer piece by piece through struct
 * cli_output, so that a large dump never needs more than a few chunks.
 *
 * Limits: one command line and its payload at most tune.bufsize; output at most CLI_OUTPUT_MAX
 * bytes ahead of the socket; connections at most `stats maxconn`. Everything is charged to the
 * operator's account.
 */
#ifndef WEIR_ADMIN_CLI_H
#define WEIR_ADMIN_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/text.h"
#include "event/log_ring.h"
#include "proxy/worker.h"

enum { CLI_WORDS_MAX = 64, CLI_STATE_BYTES = 128 };

enum cli_level { CLI_USER, CLI_OPERATOR, CLI_ADMIN };

/* What a connection has chosen for itself; commands may change it. */
struct cli_modes {
    enum cli_level level;
    bool is_experimental;
    bool is_expert;
    bool is_interactive;
    bool has_prompt;
    bool is_timed;
    uint32_t timeout_ms; /* 0: that of the configuration */
};

/* One command being executed. */
struct cli_request {
    struct worker *worker;
    struct cli_modes *modes;
    struct log_ring_watch *watch;     /* wakes a command that is waiting */
    const char *words[CLI_WORDS_MAX]; /* the whole line: "show", "stat", … */
    unsigned count;
    struct slice payload; /* behind "<<", empty otherwise */
    struct text *out;     /* the answer: at most one chunk a call */
    uint64_t now_ms;
    uint32_t wait_ms; /* with RESULT_BLOCKED: run again after that, too; 0: by the watch only */
};

/* One command. A table of these is a list of rows ended by NULL words. */
struct cli_command {
    const char *words;    /* "show stat" */
    const char *usage;    /* what `help` prints behind the words: "[args] : what"; NULL: hidden */
    enum cli_level level; /* needed */
    /*
     * Writes (more of) the answer to request->out. `state` is the command's own position, zeroed
     * before the first call. RESULT_OK: call again with empty room; RESULT_END: done;
     * RESULT_BLOCKED: call again when request->watch, which the command has put on a ring, tells of
     * a line, or after request->wait_ms; anything that is entered meanwhile ends the command. A row
     * that was cut (out->truncated) is written again in the next call by the row's own logic: see
     * cli_row_fits.
     */
    enum result (*run)(struct cli_request *request, void *state);
    /* Called when the session goes away before RESULT_END; NULL: nothing to give back. */
    void (*finish)(void *state);
};

/* Bytes that one row of a dump may need: a command stops with RESULT_OK when less room is left. */
enum { CLI_ROW_MAX = 4096 };

/* Whether another row fits. */
static inline bool cli_row_fits(const struct cli_request *request)
{
    return text_room(request->out) >= CLI_ROW_MAX;
}

/* The argument at `index`, or "" when there are fewer. */
static inline const char *cli_word(const struct cli_request *request, unsigned index)
{
    return index < request->count ? request->words[index] : "";
}

/* All command tables, ended by NULL. */
extern const struct cli_command *const CLI_TABLES[];

/* The command that the request's words begin with, NULL: none (the text says why). */
const struct cli_command *cli_find_command(struct cli_request *request);

/* Splits a line into words in place: quotes and backslashes as in the configuration. RESULT_FULL:
 * too many words. */
MUST_USE enum result cli_split(char *line, struct cli_request *request);

/* Reads a duration with HAProxy's units; without one it counts `unit_ms`. False when it is none or
 * more than 24 days. */
bool cli_read_time(const char *word, uint32_t unit_ms, uint32_t *out_ms);

/* Appends the list of commands for a level, those beginning with `prefix` only. */
void cli_append_help(struct text *text, enum cli_level level, const char *const *prefix,
                     unsigned prefix_count);

#endif
