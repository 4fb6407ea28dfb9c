/* SPDX-License-Identifier: Apache-2.0 */
/*
 * userlist sections: groups and users with hashed or plain passwords. The lists are the rules
 * layer's (rules/auth.h).
 */
#include <limits.h>
#include <string.h>

#include "config/keyword.h"

/* A user or group that exists already is told, and passed over. */
static enum result pass_duplicate(struct config_reader *reader, enum result result)
{
    if (result != RESULT_INVALID ||
        !slice_starts_with(text_slice(&reader->error), SLICE("ignoring duplicated"))) {
        return result;
    }
    config_warn(reader, "%s.", config_reason(reader));
    text_clear(&reader->error);
    return RESULT_OK;
}

static enum result read_group(struct config_reader *reader, const char *const *arguments,
                              unsigned count, const struct config_keyword *keyword)
{
    enum { WITH_USERS = 3 };
    bool has_users = count == WITH_USERS && strcmp(arguments[1], "users") == 0;
    if (count != 1 && !has_users) {
        return config_fail(reader, "'%s' only supports 'users' option.", keyword->name);
    }
    return pass_duplicate(reader,
                          userlist_add_group(reader->userlist, arguments[0],
                                             has_users ? arguments[2] : NULL, &reader->error));
}

static enum result read_user(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    const char *password = NULL;
    const char *groups = NULL;
    bool is_hashed = true;
    for (unsigned i = 1; i < count; i += 2) {
        const char *value = i + 1 < count ? arguments[i + 1] : NULL;
        bool is_plain = strcmp(arguments[i], "insecure-password") == 0;
        bool is_password = is_plain || strcmp(arguments[i], "password") == 0;
        if (!is_password && strcmp(arguments[i], "groups") != 0) {
            return config_fail(reader,
                               "'%s' only supports 'password', 'insecure-password' and "
                               "'groups' options.",
                               keyword->name);
        }
        if (value == NULL) {
            return config_fail(reader, "'%s' : '%s' expects an argument.", keyword->name,
                               arguments[i]);
        }
        password = is_password ? value : password;
        is_hashed = is_password ? !is_plain : is_hashed;
        groups = is_password ? groups : value;
    }
    return pass_duplicate(reader, userlist_add_user(reader->userlist, arguments[0], password,
                                                    is_hashed, groups, &reader->error));
}

const struct config_keyword KEYWORDS_USERLIST[] = {
    {"group", SECTION_USERLIST, 1, UINT_MAX, "expects <name> as arguments", read_group, 0, 0, 0},
    {"user", SECTION_USERLIST, 1, UINT_MAX, "expects <name> as arguments", read_user, 0, 0, 0},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
