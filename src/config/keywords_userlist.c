/* SPDX-License-Identifier: Apache-2.0 */
/*
 * userlist sections: groups and users with hashed or plain passwords. The lists are the rules
 * layer's (rules/auth.h).
 */
#include <limits.h>
#include <string.h>

#include "config/keyword.h"

static enum result read_group(struct config_reader *reader, const char *const *arguments,
                              unsigned count, const struct config_keyword *keyword)
{
    enum { WITH_USERS = 3 };
    if (count != 1 && (count != WITH_USERS || strcmp(arguments[1], "users") != 0)) {
        return config_fail(reader, "'%s' expects %s", keyword->name, keyword->usage);
    }
    return userlist_add_group(reader->userlist, arguments[0],
                              count == WITH_USERS ? arguments[2] : NULL, &reader->error);
}

static enum result read_user(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    const char *password = NULL;
    const char *groups = NULL;
    bool is_hashed = true;
    for (unsigned i = 1; i < count; i += 2) {
        bool has_value = i + 1 < count;
        if (has_value && strcmp(arguments[i], "password") == 0) {
            password = arguments[i + 1];
        } else if (has_value && strcmp(arguments[i], "insecure-password") == 0) {
            password = arguments[i + 1];
            is_hashed = false;
        } else if (has_value && strcmp(arguments[i], "groups") == 0) {
            groups = arguments[i + 1];
        } else {
            return config_fail(reader, "'%s' expects %s, but got '%s'", keyword->name,
                               keyword->usage, arguments[i]);
        }
    }
    return userlist_add_user(reader->userlist, arguments[0], password, is_hashed, groups,
                             &reader->error);
}

const struct config_keyword KEYWORDS_USERLIST[] = {
    {"group", SECTION_USERLIST, 1, UINT_MAX, "<name> [users <user>,<user>…]", read_group, 0, 0,
     false},
    {"user", SECTION_USERLIST, 1, UINT_MAX,
     "<name> [password|insecure-password <password>] [groups <group>,…]", read_user, 0, 0, false},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, false},
};
