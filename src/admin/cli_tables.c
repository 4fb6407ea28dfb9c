/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one list of the runtime API's command tables. Constant.
 */
#include <stddef.h>

#include "admin/cli.h"
#include "admin/commands.h"

const struct cli_command *const CLI_TABLES[] = {
    COMMANDS_STAT,   COMMANDS_INFO,  COMMANDS_MEMORY,  COMMANDS_SESSION,
    COMMANDS_SERVER, COMMANDS_PROXY, COMMANDS_PATTERN, NULL,
};
