/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection chooses for itself: experimental-mode, expert-mode, show cli level, set timeout
 * cli, set severity-output. All of it is in the session's struct cli_modes and ends with it. No
 * memory.
 */
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "base/clock.h"

enum { WORD_MODE = 1, WORD_OUTPUT = 2, WORD_DELAY = 3 };

/* "<name> [on|off]": another word changes nothing, as HAProxy has it. */
static enum result change_mode(struct cli_request *request, const char *name, bool *mode)
{
    const char *word = cli_word(request, WORD_MODE);
    if (word[0] == '\0') {
        text_append_format(request->out, "%s is %s\n", name, *mode ? "ON" : "OFF");
    } else if (strcmp(word, "on") == 0) {
        *mode = true;
    } else if (strcmp(word, "off") == 0) {
        *mode = false;
    }
    return RESULT_END;
}

static enum result experimental_mode(struct cli_request *request, void *opaque)
{
    (void)opaque;
    return change_mode(request, "experimental-mode", &request->modes->is_experimental);
}

static enum result expert_mode(struct cli_request *request, void *opaque)
{
    (void)opaque;
    return change_mode(request, "expert-mode", &request->modes->is_expert);
}

static enum result show_level(struct cli_request *request, void *opaque)
{
    static const char *const NAMES[] = {
        [CLI_USER] = "user", [CLI_OPERATOR] = "operator", [CLI_ADMIN] = "admin"};
    (void)opaque;
    text_append_format(request->out, "%s\n", NAMES[request->modes->level]);
    return RESULT_END;
}

static enum result set_timeout(struct cli_request *request, void *opaque)
{
    (void)opaque;
    const char *word = cli_word(request, WORD_DELAY);
    uint32_t timeout_ms = 0;
    if (word[0] == '\0') {
        text_append_string(request->out, "Expects an integer value.\n");
    } else if (!cli_read_time(word, MS_PER_SECOND, &timeout_ms) || timeout_ms == 0) {
        text_append_string(request->out, "Invalid timeout value.\n");
    } else {
        request->modes->timeout_ms = timeout_ms;
    }
    return RESULT_END;
}

static enum result set_severity(struct cli_request *request, void *opaque)
{
    (void)opaque;
    const char *word = cli_word(request, WORD_OUTPUT);
    if (strcmp(word, "number") == 0 || strcmp(word, "string") == 0) {
        text_append_format(request->out,
                           "severity-output '%s' is not supported by weir: messages have none.\n",
                           word);
    } else if (strcmp(word, "none") != 0) {
        text_append_string(request->out,
                           "one of 'none', 'number', 'string' is a required argument\n");
    }
    return RESULT_END;
}

const struct cli_command COMMANDS_MODE[] = {
    {"show cli level", ": display the level of the current CLI session", CLI_USER, show_level,
     NULL},
    {"set timeout cli", "<delay> : change a timeout setting", CLI_USER, set_timeout, NULL},
    {"set severity-output",
     "[none|number|string] : set presence of severity level in feedback information", CLI_USER,
     set_severity, NULL},
    {"experimental-mode", NULL, CLI_ADMIN, experimental_mode, NULL},
    {"expert-mode", NULL, CLI_ADMIN, expert_mode, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
