/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one list of the runtime API's command tables: a new group of commands is a table in its own
 * file, declared in commands.h and named here. The order is that of `help`. Constant.
 */
#include <stddef.h>

#include "admin/cli.h"
#include "admin/commands.h"

const struct cli_command *const CLI_TABLES[] = {
    COMMANDS_STAT,
    COMMANDS_INFO,
    COMMANDS_MODE,
    COMMANDS_EVENTS,
    COMMANDS_MEMORY,
    COMMANDS_SESSION,
    COMMANDS_ERRORS,
    COMMANDS_ACTIVITY,
    COMMANDS_QUIC,
    COMMANDS_FD,
    COMMANDS_SERVER,
    COMMANDS_PROXY,
    COMMANDS_PATTERN,
    COMMANDS_VARIABLE,
    COMMANDS_ABSENT,
    COMMANDS_WAIT,
    NULL,
};
