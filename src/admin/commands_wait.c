/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait: the commands behind it on the line are run later. The session keeps the time; anything that
 * is entered, or the client's end, stops the waiting. Conditions to wait for come with the changes
 * of servers that they are about. No memory.
 */
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"

struct wait_state {
    uint64_t deadline_ms; /* 0: not begun */
};

static const char USAGE[] = "Usage: wait {-h|<delay>}\n"
                            "  - '-h' displays this help\n"
                            "  - <delay> is how long to wait, in milliseconds without a unit\n";

static enum result wait_for(struct cli_request *request, void *opaque)
{
    struct wait_state *state = opaque;
    const char *word = cli_word(request, 1);
    const char *condition = cli_word(request, 2);
    uint32_t delay_ms = 0;
    if (strcmp(word, "-h") == 0 || strcmp(condition, "-h") == 0) {
        text_append_string(request->out, USAGE);
        return RESULT_END;
    }
    if (!cli_read_time(word, 1, &delay_ms)) {
        text_append_string(request->out, word[0] == '\0' ? USAGE : "Invalid delay.\n");
        return RESULT_END;
    }
    if (condition[0] != '\0') {
        text_append_format(request->out, "The condition '%s' is not supported by weir yet.\n",
                           condition);
        return RESULT_END;
    }
    state->deadline_ms = state->deadline_ms != 0 ? state->deadline_ms : request->now_ms + delay_ms;
    if (request->now_ms >= state->deadline_ms) {
        return RESULT_END;
    }
    request->wait_ms = (uint32_t)(state->deadline_ms - request->now_ms);
    return RESULT_BLOCKED;
}

const struct cli_command COMMANDS_WAIT[] = {
    {"wait", "{-h|<delay>} : wait the specified delay", CLI_USER, wait_for, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
