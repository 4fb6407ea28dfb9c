/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime API's command tables, each ended by a row of NULL words. cli_tables.c lists them.
 */
#ifndef WEIR_ADMIN_COMMANDS_H
#define WEIR_ADMIN_COMMANDS_H

#include "admin/cli.h"

/* show stat, show schema json, clear counters */
extern const struct cli_command COMMANDS_STAT[];
/* show info, show version, show env */
extern const struct cli_command COMMANDS_INFO[];
/* show events, show startup-logs */
extern const struct cli_command COMMANDS_EVENTS[];
/* experimental-mode, expert-mode, show cli level, set timeout cli, set severity-output */
extern const struct cli_command COMMANDS_MODE[];
/* get var, set var */
extern const struct cli_command COMMANDS_VARIABLE[];
/* show pools, show memory */
extern const struct cli_command COMMANDS_MEMORY[];
/* show sess, shutdown session, shutdown sessions server */
extern const struct cli_command COMMANDS_SESSION[];
/* show table, set table, clear table, show peers, show resolvers, show cache, show tls-keys… */
extern const struct cli_command COMMANDS_ABSENT[];
/* wait */
extern const struct cli_command COMMANDS_WAIT[];
/* show activity */
extern const struct cli_command COMMANDS_ACTIVITY[];
extern const struct cli_command COMMANDS_QUIC[];
/* show fd */
extern const struct cli_command COMMANDS_FD[];
/* show errors */
extern const struct cli_command COMMANDS_ERRORS[];
/* set server, enable, disable, set weight, set maxconn, show servers state, show backend… */
extern const struct cli_command COMMANDS_SERVER[];
/* enable, disable, shutdown, set maxconn frontend */
extern const struct cli_command COMMANDS_PROXY[];
/* show, get, add, del, set, clear map and acl */
extern const struct cli_command COMMANDS_PATTERN[];

#endif
