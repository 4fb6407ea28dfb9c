/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Userlists: lists of users and groups, found by name in order of the configuration. Membership may
 * be written at the user or at the group; userlist_finish joins both into one list of pairs.
 *
 * Memory: everything is made while the configuration is read and charged to its account. A check of
 * a hashed password takes crypt's state from the caller's account for its duration: crypt is slow
 * on purpose, so passwords are best plain or of few rounds where every request carries one.
 */
#include "rules/auth.h"

#include <crypt.h>
#include <string.h>

enum { PASSWORD_BYTES_MAX = CRYPT_MAX_PASSPHRASE_SIZE };

struct user {
    struct user *next;
    char *name;
    char *password; /* NULL: none is accepted */
    char *groups;   /* as written, NULL: none */
    bool is_hashed;
};

struct group {
    struct group *next;
    char *name;
    char *users; /* as written, NULL: none */
};

struct membership {
    struct membership *next;
    const struct user *user;
    const struct group *group;
};

struct userlist {
    struct userlist *next;
    struct account *account;
    char *name;
    struct user *users;
    struct group *groups;
    struct membership *memberships;
};

struct userlists {
    struct account *account;
    struct userlist *first;
};

/* ---- creation and release ---- */

struct userlists *userlists_create(struct account *account)
{
    struct userlists *userlists = memory_take(account, sizeof(*userlists));
    if (userlists != NULL) {
        userlists->account = account;
    }
    return userlists;
}

static void user_destroy(struct account *account, struct user *user)
{
    memory_release(account, user->name);
    memory_release(account, user->password);
    memory_release(account, user->groups);
    memory_release(account, user);
}

static void group_destroy(struct account *account, struct group *group)
{
    memory_release(account, group->name);
    memory_release(account, group->users);
    memory_release(account, group);
}

static void userlist_destroy(struct userlist *list)
{
    struct account *account = list->account;
    while (list->memberships != NULL) {
        struct membership *membership = list->memberships;
        list->memberships = membership->next;
        memory_release(account, membership);
    }
    while (list->users != NULL) {
        struct user *user = list->users;
        list->users = user->next;
        user_destroy(account, user);
    }
    while (list->groups != NULL) {
        struct group *group = list->groups;
        list->groups = group->next;
        group_destroy(account, group);
    }
    memory_release(account, list->name);
    memory_release(account, list);
}

void userlists_destroy(struct userlists *userlists)
{
    if (userlists == NULL) {
        return;
    }
    while (userlists->first != NULL) {
        struct userlist *list = userlists->first;
        userlists->first = list->next;
        userlist_destroy(list);
    }
    memory_release(userlists->account, userlists);
}

/* ---- lookup ---- */

struct userlist *userlists_find(const struct userlists *userlists, struct slice name)
{
    struct userlist *list = userlists->first;
    while (list != NULL && !slice_equal(slice_from_string(list->name), name)) {
        list = list->next;
    }
    return list;
}

static struct user *find_user(const struct userlist *list, struct slice name)
{
    struct user *user = list->users;
    while (user != NULL && !slice_equal(slice_from_string(user->name), name)) {
        user = user->next;
    }
    return user;
}

static struct group *find_group(const struct userlist *list, struct slice name)
{
    struct group *group = list->groups;
    while (group != NULL && !slice_equal(slice_from_string(group->name), name)) {
        group = group->next;
    }
    return group;
}

/* ---- filling ---- */

static enum result fail_duplicate(struct text *error, const char *what, const char *name)
{
    text_clear(error);
    text_append_format(error, "ignoring duplicated %s '%s'", what, name);
    return RESULT_INVALID;
}

static enum result fail_hash(struct text *error, const char *name)
{
    text_clear(error);
    text_append_format(
        error, "the encrypted password used for user '%s' is not supported by crypt(3)", name);
    return RESULT_INVALID;
}

enum result userlists_add(struct userlists *userlists, struct slice name, struct userlist **out,
                          struct text *error)
{
    if (userlists_find(userlists, name) != NULL) {
        text_clear(error);
        text_append_format(error, "ignoring duplicated userlist '%.*s'", (int)name.length,
                           name.data);
        return RESULT_INVALID;
    }
    struct userlist *list = memory_take(userlists->account, sizeof(*list));
    if (list == NULL) {
        return RESULT_NO_MEMORY;
    }
    list->account = userlists->account;
    list->name = memory_copy_string(userlists->account, name);
    if (list->name == NULL) {
        userlist_destroy(list);
        return RESULT_NO_MEMORY;
    }
    struct userlist **last = &userlists->first;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = list;
    *out = list;
    return RESULT_OK;
}

/* Copies an optional string; false when memory is refused. */
static bool copy_optional(struct account *account, const char *text, char **out)
{
    if (text == NULL) {
        return true;
    }
    *out = memory_copy_string(account, slice_from_string(text));
    return *out != NULL;
}

enum result userlist_add_group(struct userlist *list, const char *name, const char *users,
                               struct text *error)
{
    if (find_group(list, slice_from_string(name)) != NULL) {
        return fail_duplicate(error, "group", name);
    }
    struct group *group = memory_take(list->account, sizeof(*group));
    if (group == NULL) {
        return RESULT_NO_MEMORY;
    }
    if (!copy_optional(list->account, name, &group->name) ||
        !copy_optional(list->account, users, &group->users)) {
        group_destroy(list->account, group);
        return RESULT_NO_MEMORY;
    }
    struct group **last = &list->groups;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = group;
    return RESULT_OK;
}

/* Hashes `password` as `hash` says and compares. RESULT_INVALID: crypt does not know the form. */
static enum result check_hash(const char *password, const char *hash, struct account *account)
{
    struct crypt_data *state = memory_take(account, sizeof(*state));
    if (state == NULL) {
        return RESULT_NO_MEMORY;
    }
    const char *hashed = crypt_r(password, hash, state);
    enum result result = RESULT_INVALID;
    if (hashed != NULL && hashed[0] != '*') {
        result = strcmp(hashed, hash) == 0 ? RESULT_OK : RESULT_NOT_FOUND;
    }
    memory_release(account, state);
    return result;
}

enum result userlist_add_user(struct userlist *list, const char *name, const char *password,
                              bool is_hashed, const char *groups, struct text *error)
{
    struct account *account = list->account;
    if (find_user(list, slice_from_string(name)) != NULL) {
        return fail_duplicate(error, "user", name);
    }
    if (password != NULL && is_hashed) {
        enum result result = check_hash("", password, account);
        if (result == RESULT_INVALID) {
            return fail_hash(error, name);
        }
        if (result == RESULT_NO_MEMORY) {
            return result;
        }
    }
    struct user *user = memory_take(account, sizeof(*user));
    if (user == NULL) {
        return RESULT_NO_MEMORY;
    }
    user->is_hashed = is_hashed;
    if (!copy_optional(account, name, &user->name) ||
        !copy_optional(account, password, &user->password) ||
        !copy_optional(account, groups, &user->groups)) {
        user_destroy(account, user);
        return RESULT_NO_MEMORY;
    }
    struct user **last = &list->users;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = user;
    return RESULT_OK;
}

/* ---- membership ---- */

/* Adds a pair unless it is there. */
static enum result join(struct userlist *list, const struct user *user, const struct group *group)
{
    struct membership **last = &list->memberships;
    while (*last != NULL) {
        if ((*last)->user == user && (*last)->group == group) {
            return RESULT_OK;
        }
        last = &(*last)->next;
    }
    struct membership *membership = memory_take(list->account, sizeof(*membership));
    if (membership == NULL) {
        return RESULT_NO_MEMORY;
    }
    membership->user = user;
    membership->group = group;
    *last = membership;
    return RESULT_OK;
}

static enum result fail_missing(struct text *error, const struct userlist *list, const char *what,
                                struct slice missing, const char *where, const char *name)
{
    text_clear(error);
    text_append_format(error, "userlist '%s': no such %s '%.*s' specified in %s '%s'", list->name,
                       what, (int)missing.length, missing.data, where, name);
    return RESULT_INVALID;
}

static enum result join_groups_of_user(struct userlist *list, const struct user *user,
                                       struct text *error)
{
    struct slice rest = slice_from_string(user->groups);
    struct slice name;
    while (slice_next_token(&rest, ',', &name)) {
        const struct group *group = find_group(list, name);
        if (group == NULL) {
            return fail_missing(error, list, "group", name, "user", user->name);
        }
        enum result result = join(list, user, group);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

static enum result join_users_of_group(struct userlist *list, const struct group *group,
                                       struct text *error)
{
    struct slice rest = slice_from_string(group->users);
    struct slice name;
    while (slice_next_token(&rest, ',', &name)) {
        const struct user *user = find_user(list, name);
        if (user == NULL) {
            return fail_missing(error, list, "user", name, "group", group->name);
        }
        enum result result = join(list, user, group);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

enum result userlist_finish(struct userlist *list, struct text *error)
{
    enum result result = RESULT_OK;
    for (const struct user *user = list->users; user != NULL && result == RESULT_OK;
         user = user->next) {
        result = join_groups_of_user(list, user, error);
    }
    for (const struct group *group = list->groups; group != NULL && result == RESULT_OK;
         group = group->next) {
        result = join_users_of_group(list, group, error);
    }
    return result;
}

const char *userlist_group_of(const struct userlist *list, struct slice user, unsigned index)
{
    for (const struct membership *membership = list->memberships; membership != NULL;
         membership = membership->next) {
        if (slice_equal(slice_from_string(membership->user->name), user) && index-- == 0) {
            return membership->group->name;
        }
    }
    return NULL;
}

/* ---- checking ---- */

/* Compares without telling by time how much is equal. */
static bool equal_secretly(struct slice a, struct slice b)
{
    unsigned difference = 0;
    if (a.length != b.length) {
        return false;
    }
    for (size_t i = 0; i < a.length; i++) {
        difference |= (unsigned)((unsigned char)a.data[i] ^ (unsigned char)b.data[i]);
    }
    return difference == 0;
}

enum result userlist_check(const struct userlist *list, struct slice user, struct slice password,
                           struct account *account)
{
    const struct user *found = find_user(list, user);
    if (found == NULL || found->password == NULL) {
        return RESULT_NOT_FOUND;
    }
    if (!found->is_hashed) {
        bool is_equal = equal_secretly(password, slice_from_string(found->password));
        return is_equal ? RESULT_OK : RESULT_NOT_FOUND;
    }
    char plain[PASSWORD_BYTES_MAX];
    if (password.length >= sizeof(plain) || slice_find_char(password, '\0') != password.length) {
        return RESULT_NOT_FOUND;
    }
    if (password.length > 0) {
        memcpy(plain, password.data, password.length);
    }
    plain[password.length] = '\0';
    enum result result = check_hash(plain, found->password, account);
    explicit_bzero(plain, sizeof(plain));
    return result == RESULT_INVALID ? RESULT_NOT_FOUND : result;
}
