/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands about things of which a configuration can have none yet: stick tables, peers, resolvers,
 * caches, files of ticket keys. The truth about them is an empty list, and that there is none of a
 * name; changes are refused in the same words. One row a command; no memory.
 */
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"

struct absence {
    const char *words;
    unsigned name_at;      /* index of the word that names one; 0: none does */
    const char *list;      /* without a name */
    const char *not_found; /* with one */
};

static const struct absence ABSENCES[] = {
    {"show table", 2, "", "No such table\n"},
    {"set table", 2, "\"table name\" argument is required\n", "No such table\n"},
    {"clear table", 2, "\"table name\" argument is required\n", "No such table\n"},
    {"show peers", 2, "", "No such peers\n"},
    {"show resolvers", 2, "", "Can't find that resolvers section\n"},
    {"show cache", 0, "", ""},
    {"show tls-keys", 0, "# id (file)\n", ""},
    {"set rate-limit", 0, "'set rate-limit' is not supported by weir yet.\n", ""},
};

/* The row of the command that was asked. */
static const struct absence *find(const struct cli_request *request)
{
    for (size_t i = 0; i < sizeof(ABSENCES) / sizeof(ABSENCES[0]); i++) {
        struct slice rest = slice_from_string(ABSENCES[i].words);
        struct slice first;
        if (slice_next_token(&rest, ' ', &first) &&
            slice_equal(first, slice_from_string(cli_word(request, 0))) &&
            slice_equal(rest, slice_from_string(cli_word(request, 1)))) {
            return &ABSENCES[i];
        }
    }
    return NULL;
}

static enum result answer(struct cli_request *request, void *opaque)
{
    (void)opaque;
    const struct absence *absence = find(request);
    bool has_name = absence->name_at != 0 && cli_word(request, absence->name_at)[0] != '\0';
    text_append_string(request->out, has_name ? absence->not_found : absence->list);
    return RESULT_END;
}

const struct cli_command COMMANDS_ABSENT[] = {
    {"show table", "<table> [<filter>]* : report table usage stats or dump this table's contents",
     CLI_USER, answer, NULL},
    {"set table", "<table> key <k> [data.* <v>]* : update or create a table entry's data",
     CLI_OPERATOR, answer, NULL},
    {"clear table", "<table> [<filter>]* : remove an entry from a table", CLI_OPERATOR, answer,
     NULL},
    {"show peers", "[section] : dump some information about all the peers or this peers section",
     CLI_USER, answer, NULL},
    {"show resolvers", "[id] : dumps counters from all resolvers section and their name servers",
     CLI_USER, answer, NULL},
    {"show cache", ": show cache status", CLI_USER, answer, NULL},
    {"show tls-keys", ": show tls keys references", CLI_USER, answer, NULL},
    {"set rate-limit", "<setting> <value> : change a rate limiting value", CLI_ADMIN, answer, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
