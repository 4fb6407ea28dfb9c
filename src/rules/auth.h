/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Userlists: users, their passwords (plain, or hashed as crypt(3) knows) and groups, for http_auth
 * and http_auth_group.
 *
 * What bounds it: made while the configuration is read and charged to its account; a check of a
 * hashed password takes crypt's 32 KiB state from the caller's account for its duration.
 */
#ifndef WEIR_RULES_AUTH_H
#define WEIR_RULES_AUTH_H

#include <stdbool.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "memory/memory.h"

struct userlists; /* all userlist sections, by name */
struct userlist;

/* Creates an empty collection; NULL when memory is refused. */
struct userlists *userlists_create(struct account *account);

/* Releases everything; NULL is allowed. */
void userlists_destroy(struct userlists *userlists);

/* The list called `name`, or NULL. */
struct userlist *userlists_find(const struct userlists *userlists, struct slice name);

/* Adds a list. RESULT_INVALID when the name exists (reason in `error`), RESULT_NO_MEMORY. */
MUST_USE enum result userlists_add(struct userlists *userlists, struct slice name,
                                   struct userlist **out, struct text *error);

/*
 * `group <name> [users <user>,<user>…]`; `users` may be NULL. RESULT_INVALID when the group exists
 * already, RESULT_NO_MEMORY.
 */
MUST_USE enum result userlist_add_group(struct userlist *list, const char *name, const char *users,
                                        struct text *error);

/*
 * `user <name> [password|insecure-password <password>] [groups <group>,<group>…]`; password NULL:
 * none is accepted; `groups` may be NULL. RESULT_INVALID when the user exists already or the
 * system's crypt does not know the hash, RESULT_NO_MEMORY.
 */
MUST_USE enum result userlist_add_user(struct userlist *list, const char *name,
                                       const char *password, bool is_hashed, const char *groups,
                                       struct text *error);

/*
 * Connects users and groups when the section is complete. RESULT_INVALID names what is missing,
 * RESULT_NO_MEMORY.
 */
MUST_USE enum result userlist_finish(struct userlist *list, struct text *error);

/*
 * Whether the user is in the list with this password: RESULT_OK, RESULT_NOT_FOUND.
 * RESULT_NO_MEMORY: nothing could be checked. `account` pays for crypt's state.
 */
MUST_USE enum result userlist_check(const struct userlist *list, struct slice user,
                                    struct slice password, struct account *account);

/* The name of the user's group `index` (from 0), or NULL behind the last. */
const char *userlist_group_of(const struct userlist *list, struct slice user, unsigned index);

#endif
