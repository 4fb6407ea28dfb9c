/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Environment variables (setenv, presetenv, unsetenv, resetenv) and variables of the process
 * (set-var, set-var-fmt), which change what later lines mean. The environment is the process's.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config/keyword.h"

static enum result read_setenv(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    return setenv(arguments[0], arguments[1], (int)keyword->value) == 0
               ? RESULT_OK
               : config_fail(reader, "'%s' : cannot set variable '%s'.", keyword->name,
                             arguments[0]);
}

static enum result read_unsetenv(struct config_reader *reader, const char *const *arguments,
                                 unsigned count, const struct config_keyword *keyword)
{
    for (unsigned i = 0; i < count; i++) {
        if (unsetenv(arguments[i]) != 0) {
            return config_fail(reader, "'%s' : cannot unset variable '%s'.", keyword->name,
                               arguments[i]);
        }
    }
    return RESULT_OK;
}

static bool is_kept(const char *variable, const char *const *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(variable, names[i], length) == 0 && variable[length] == '=') {
            return true;
        }
    }
    return false;
}

/* Forgets every variable but those named. */
static enum result read_resetenv(struct config_reader *reader, const char *const *arguments,
                                 unsigned count, const struct config_keyword *keyword)
{
    enum { NAME_BYTES_MAX = 4096 };
    (void)keyword;
    unsigned position = 0;
    while (environ[position] != NULL) {
        char bytes[NAME_BYTES_MAX];
        struct text name = text_over(bytes, sizeof(bytes));
        struct slice variable = slice_from_string(environ[position]);
        text_append(&name, slice_first(variable, slice_find_char(variable, '=')));
        bool stays = is_kept(environ[position], arguments, count) || name.length == 0;
        if (!stays && (name.truncated || unsetenv(bytes) != 0)) {
            return config_fail(reader, "'resetenv' : cannot unset variable '%s'.", bytes);
        }
        position += stays ? 1 : 0;
    }
    return RESULT_OK;
}

static enum result read_set_var(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    return config_set_process_variable(reader, arguments, count, keyword->value != 0);
}

const struct config_keyword KEYWORDS_ENVIRONMENT[] = {
    {"setenv", SECTION_GLOBAL, 2, 2, "expects a name and a value", read_setenv, 0, 1, 0},
    {"presetenv", SECTION_GLOBAL, 2, 2, "expects a name and a value", read_setenv, 0, 0, 0},
    {"unsetenv", SECTION_GLOBAL, 1, UINT_MAX, "expects at least one variable name", read_unsetenv,
     0, 0, 0},
    {"resetenv", SECTION_GLOBAL, 0, UINT_MAX, "", read_resetenv, 0, 0, 0},
    {"set-var", SECTION_GLOBAL, 2, UINT_MAX,
     "requires a process-wide variable name ('proc.<name>') and a sample expression", read_set_var,
     0, 0, 0},
    {"set-var-fmt", SECTION_GLOBAL, 2, 2,
     "requires a process-wide variable name ('proc.<name>') and a format", read_set_var, 0, 1, 0},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
