/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the command line. One row a flag: exact flags first, then those that take what follows
 * them in the same word. Flags of HAProxy that have no meaning here are accepted and do nothing
 * where that is harmless (pollers), and are refused where it is not. No memory of its own.
 */
#include "process/command_line.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/slice.h"

/* A command line under way. */
struct reader {
    int count;
    char **arguments;
    int position; /* of the flag being read */
    struct command_line *line;
    struct text *error;
};

struct flag {
    const char *name; /* behind the dash */
    enum result (*read)(struct reader *reader, const struct flag *flag);
    size_t offset; /* of the field it sets, where it sets just one */
    const char *help;
};

static const char *next_value(struct reader *reader)
{
    if (reader->position + 1 >= reader->count) {
        return NULL;
    }
    reader->position++;
    return reader->arguments[reader->position];
}

static enum result missing(struct reader *reader, const struct flag *flag, const char *expected)
{
    text_append_format(reader->error, "option '-%s' expects %s", flag->name, expected);
    return RESULT_INVALID;
}

static void *field(struct reader *reader, const struct flag *flag)
{
    return (char *)reader->line + flag->offset;
}

static enum result read_switch(struct reader *reader, const struct flag *flag)
{
    *(bool *)field(reader, flag) = true;
    return RESULT_OK;
}

static enum result read_nothing(struct reader *reader, const struct flag *flag)
{
    (void)reader;
    (void)flag;
    return RESULT_OK;
}

static enum result read_string(struct reader *reader, const struct flag *flag)
{
    const char *value = next_value(reader);
    if (value == NULL) {
        return missing(reader, flag, "an argument");
    }
    *(const char **)field(reader, flag) = value;
    return RESULT_OK;
}

static enum result read_number(struct reader *reader, const struct flag *flag)
{
    const char *value = next_value(reader);
    uint64_t number = 0;
    if (value == NULL || number_parse_decimal(slice_from_string(value), &number) != RESULT_OK ||
        number > UINT32_MAX) {
        return missing(reader, flag, "a number");
    }
    *(uint32_t *)field(reader, flag) = (uint32_t)number;
    return RESULT_OK;
}

static enum result add_file(struct reader *reader, const char *path)
{
    struct command_line *line = reader->line;
    if (line->files_count == COMMAND_FILES_MAX) {
        text_append_format(reader->error, "more than %u configuration files", COMMAND_FILES_MAX);
        return RESULT_INVALID;
    }
    line->files[line->files_count++] = path;
    return RESULT_OK;
}

static enum result read_file(struct reader *reader, const struct flag *flag)
{
    const char *value = next_value(reader);
    return value == NULL ? missing(reader, flag, "a file or a folder") : add_file(reader, value);
}

static enum result read_command(struct reader *reader, const struct flag *flag)
{
    struct command_line *line = reader->line;
    if (strcmp(flag->name, "c") == 0) {
        line->command = COMMAND_CHECK;
    } else if (strcmp(flag->name, "v") == 0) {
        line->command = COMMAND_VERSION;
    } else {
        line->command = COMMAND_VERSION_LONG;
    }
    return RESULT_OK;
}

static enum result read_condition(struct reader *reader, const struct flag *flag)
{
    reader->line->command = COMMAND_CHECK_CONDITION;
    reader->line->condition = next_value(reader);
    return reader->line->condition == NULL ? missing(reader, flag, "a condition") : RESULT_OK;
}

/* -sf and -st take every number that follows. */
static enum result read_pids(struct reader *reader, const struct flag *flag)
{
    struct command_line *line = reader->line;
    line->finish_old = strcmp(flag->name, "sf") == 0;
    while (reader->position + 1 < reader->count) {
        uint64_t pid = 0;
        struct slice word = slice_from_string(reader->arguments[reader->position + 1]);
        if (number_parse_decimal(word, &pid) != RESULT_OK || pid == 0 || pid > INT32_MAX ||
            line->old_pids_count == COMMAND_PIDS_MAX) {
            break;
        }
        line->old_pids[line->old_pids_count++] = (pid_t)pid;
        reader->position++;
    }
    return RESULT_OK;
}

static enum result read_rest_as_files(struct reader *reader, const struct flag *flag)
{
    (void)flag;
    enum result result = RESULT_OK;
    while (result == RESULT_OK && reader->position + 1 < reader->count) {
        result = add_file(reader, next_value(reader));
    }
    return result;
}

static enum result read_unsupported(struct reader *reader, const struct flag *flag)
{
    text_append_format(reader->error, "option '-%s' is not supported by weir", flag->name);
    return RESULT_INVALID;
}

#define FIELD(member) offsetof(struct command_line, member)

static const struct flag FLAGS[] = {
    {"f", read_file, 0, "<cfgfile|cfgdir>* : configuration files or folders"},
    {"-", read_rest_as_files, 0,
     "<cfgfile|cfgdir>* : the rest of the line are configuration files"},
    {"v", read_command, 0, ": version"},
    {"vv", read_command, 0, ": version, build options and libraries"},
    {"c", read_command, 0, ": check the configuration and exit"},
    {"cc", read_condition, 0, "<condition> : evaluate a condition and exit"},
    {"C", read_string, FIELD(directory), "<dir> : change to <dir> before reading files"},
    {"D", read_switch, FIELD(daemon), ": run in the background"},
    {"W", read_switch, FIELD(master_worker), ": master-worker mode"},
    {"Ws", read_switch, FIELD(master_worker), ": master-worker mode with notification of systemd"},
    {"q", read_switch, FIELD(quiet), ": quiet"},
    {"V", read_switch, FIELD(verbose), ": verbose, reverts -q"},
    {"n", read_number, FIELD(maxconn), "<n> : connections of the process"},
    {"N", read_number, FIELD(proxy_maxconn), "<n> : default connections of a proxy"},
    {"m", read_number, FIELD(memory_mib), "<n> : memory limit in megabytes"},
    {"p", read_string, FIELD(pidfile), "<file> : write the pid there"},
    {"L", read_string, FIELD(local_peer), "<name> : local peer's name"},
    {"S", read_string, FIELD(master_socket), "<bind>[,options] : the master's socket"},
    {"x", read_string, FIELD(old_socket), "<socket> : take listeners over from this socket"},
    {"sf", read_pids, 0, "<pid>* : let old processes finish"},
    {"st", read_pids, 0, "<pid>* : terminate old processes"},
    {"d", read_switch, FIELD(debug), ": stay in the foreground, say more"},
    {"db", read_switch, FIELD(foreground), ": stay in the foreground"},
    {"dW", read_switch, FIELD(zero_warning), ": refuse to start with warnings"},
    {"dD", read_switch, FIELD(diagnostics), ": additional warnings"},
    {"dr", read_switch, FIELD(ignore_resolution), ": ignore host names that do not resolve"},
    {"dI", read_nothing, 0, ": allow forking (nothing here forks)"},
    {"dF", read_nothing, 0, ": no fast forwarding"},
    {"dG", read_nothing, 0, ": no getaddrinfo"},
    {"dS", read_switch, FIELD(no_splice), ": no splicing"},
    {"dR", read_nothing, 0, ": no SO_REUSEPORT"},
    {"dZ", read_nothing, 0, ": no zero-copy forwarding"},
    {"de", read_nothing, 0, ": no epoll"},
    {"dp", read_nothing, 0, ": no poll"},
    {"dk", read_nothing, 0, ": no kqueue"},
    {"dv", read_nothing, 0, ": no event ports"},
    {"dV", read_unsupported, 0, ": no verification of servers"},
    {"dc", read_unsupported, 0, ": CPU affinity"},
    {"dL", read_unsupported, 0, ": list of shared libraries"},
};

static const struct flag *find_flag(const char *name)
{
    for (size_t i = 0; i < sizeof(FLAGS) / sizeof(FLAGS[0]); i++) {
        if (strcmp(FLAGS[i].name, name) == 0) {
            return &FLAGS[i];
        }
    }
    return NULL;
}

static enum result read_memory_debug(struct reader *reader, const char *value)
{
    switch (memory_parse_debug(value, &reader->line->memory, reader->error)) {
    case RESULT_OK:
        return RESULT_OK;
    case RESULT_END:
        reader->line->command = COMMAND_MEMORY_HELP;
        return RESULT_END;
    case RESULT_BLOCKED:
    case RESULT_FULL:
    case RESULT_NO_MEMORY:
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        break;
    }
    return RESULT_INVALID;
}

static enum result read_one(struct reader *reader)
{
    const char *word = reader->arguments[reader->position];
    if (word[0] != '-' || word[1] == '\0') {
        text_append_format(reader->error, "unexpected argument '%s'", word);
        return RESULT_INVALID;
    }
    if (strncmp(word, "-dM", sizeof("-dM") - 1) == 0) {
        return read_memory_debug(reader, word + sizeof("-dM") - 1);
    }
    const struct flag *flag = find_flag(word + 1);
    if (flag == NULL) {
        text_append_format(reader->error, "unknown option '%s'", word);
        return RESULT_INVALID;
    }
    return flag->read(reader, flag);
}

enum result command_line_parse(int count, char **arguments, struct command_line *out,
                               struct text *error)
{
    *out = (struct command_line){.command = COMMAND_RUN, .memory = {.workers = 1}};
    struct reader reader = {
        .count = count, .arguments = arguments, .position = 1, .line = out, .error = error};
    while (reader.position < count) {
        enum result result = read_one(&reader);
        if (result != RESULT_OK) {
            return result;
        }
        reader.position++;
    }
    if (out->verbose) {
        out->quiet = false;
    }
    return RESULT_OK;
}

void command_line_usage(const char *program)
{
    fprintf(stderr, "Usage : %s [-f <cfgfile|cfgdir>]* [ option ]* [ -- <cfgfile|cfgdir>* ]\n",
            program);
    for (size_t i = 0; i < sizeof(FLAGS) / sizeof(FLAGS[0]); i++) {
        fprintf(stderr, "        -%s %s\n", FLAGS[i].name, FLAGS[i].help);
    }
    fprintf(stderr, "        -dM[<byte>,][help|options,...] : memory debugging\n");
}
