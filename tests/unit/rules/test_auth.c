/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Userlists: plain and hashed passwords, groups written at users and at groups, what is refused,
 * and every allocation failed in turn.
 */
#include "rules/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <crypt.h>

#include "memory/fault.h"
#include "support/memory.h"

static struct memory *memory;
static struct account account;
static struct userlists *userlists;
static struct userlist *list;
static struct text error;
static char error_bytes[512];
static char hash[CRYPT_OUTPUT_SIZE];

/* Makes `hash` of a password by the system's crypt, whichever methods it has. */
static void make_hash(const char *password, const char *setting)
{
    static struct crypt_data data;
    memset(&data, 0, sizeof(data));
    const char *made = crypt_r(password, setting, &data);
    assert_non_null(made);
    assert_int_not_equal(made[0], '*');
    struct text text = text_over(hash, sizeof(hash));
    text_append_string(&text, made);
    assert_false(text.truncated);
}

static int open_test(void **state)
{
    (void)state;
    memory = test_memory_limited(0);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CONFIGURATION, 0);
    error = text_over(error_bytes, sizeof(error_bytes));
    userlists = userlists_create(&account);
    assert_non_null(userlists);
    assert_int_equal(userlists_add(userlists, SLICE("staff"), &list, &error), RESULT_OK);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    userlists_destroy(userlists);
    assert_int_equal(account.used, 0);
    account_deinit(&account);
    test_memory_close(memory);
    return 0;
}

static void add_user(const char *name, const char *password, bool is_hashed, const char *groups)
{
    if (userlist_add_user(list, name, password, is_hashed, groups, &error) != RESULT_OK) {
        fail_msg("%s: %s", name, error_bytes);
    }
}

static enum result check(const char *user, const char *password)
{
    return userlist_check(list, slice_from_string(user), slice_from_string(password), &account);
}

static void test_lists(void **state)
{
    (void)state;
    struct userlist *other = NULL;
    assert_int_equal(userlists_add(userlists, SLICE("others"), &other, &error), RESULT_OK);
    assert_ptr_not_equal(other, list);
    assert_ptr_equal(userlists_find(userlists, SLICE("staff")), list);
    assert_ptr_equal(userlists_find(userlists, SLICE("others")), other);
    assert_null(userlists_find(userlists, SLICE("Staff")));
    assert_null(userlists_find(userlists, SLICE("")));
    assert_null(userlists_find(userlists, SLICE("staf")));
    struct userlist *again = NULL;
    assert_int_equal(userlists_add(userlists, SLICE("staff"), &again, &error), RESULT_INVALID);
    assert_string_equal(error_bytes, "ignoring duplicated userlist 'staff'");
    assert_null(again);
    userlists_destroy(NULL);
}

static void test_plain_passwords(void **state)
{
    (void)state;
    add_user("ann", "Pass word", false, NULL);
    add_user("bob", "", false, NULL);
    add_user("none", NULL, false, NULL);
    assert_int_equal(check("ann", "Pass word"), RESULT_OK);
    assert_int_equal(check("ann", "pass word"), RESULT_NOT_FOUND);
    assert_int_equal(check("ann", "Pass wor"), RESULT_NOT_FOUND);
    assert_int_equal(check("ann", "Pass word "), RESULT_NOT_FOUND);
    assert_int_equal(check("ann", ""), RESULT_NOT_FOUND);
    assert_int_equal(check("Ann", "Pass word"), RESULT_NOT_FOUND);
    assert_int_equal(check("bob", ""), RESULT_OK);
    assert_int_equal(check("bob", "x"), RESULT_NOT_FOUND);
    assert_int_equal(check("none", ""), RESULT_NOT_FOUND); /* no password is accepted */
    assert_int_equal(check("nobody", ""), RESULT_NOT_FOUND);
    assert_int_equal(check("", ""), RESULT_NOT_FOUND);
    assert_int_equal(userlist_check(list, SLICE("bob"), SLICE_NONE, &account), RESULT_OK);
}

static void test_hashed_passwords(void **state)
{
    (void)state;
    make_hash("secret", "$5$rounds=1000$saltsalt$");
    add_user("ann", hash, true, NULL);
    make_hash("", "$6$rounds=1000$saltsalt$");
    add_user("empty", hash, true, NULL);
    size_t held = account.used;
    assert_int_equal(check("ann", "secret"), RESULT_OK);
    assert_int_equal(check("ann", "Secret"), RESULT_NOT_FOUND);
    assert_int_equal(check("ann", "secre"), RESULT_NOT_FOUND);
    assert_int_equal(check("ann", ""), RESULT_NOT_FOUND);
    assert_int_equal(check("empty", ""), RESULT_OK);
    assert_int_equal(check("empty", " "), RESULT_NOT_FOUND);
    /* The hash itself is no password, and a NUL does not end one. */
    assert_int_equal(check("empty", hash), RESULT_NOT_FOUND);
    assert_int_equal(userlist_check(list, SLICE("ann"), slice_of("secret\0x", 8), &account),
                     RESULT_NOT_FOUND);
    assert_int_equal(userlist_check(list, SLICE("empty"), slice_of("\0", 1), &account),
                     RESULT_NOT_FOUND);
    assert_int_equal(userlist_check(list, SLICE("empty"), SLICE_NONE, &account), RESULT_OK);
    char longest[CRYPT_MAX_PASSPHRASE_SIZE + 1];
    memset(longest, 'p', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(check("ann", longest), RESULT_NOT_FOUND);
    assert_int_equal(check("ann", longest + 1), RESULT_NOT_FOUND);
    assert_int_equal(account.used, held); /* crypt's state is given back */
}

static void test_refused_users(void **state)
{
    (void)state;
    add_user("ann", "x", false, NULL);
    assert_int_equal(userlist_add_user(list, "ann", "y", false, NULL, &error), RESULT_INVALID);
    assert_string_equal(error_bytes, "ignoring duplicated user 'ann'");
    assert_int_equal(check("ann", "x"), RESULT_OK); /* the first stays */
    assert_int_equal(userlist_add_user(list, "eve", "$nosuch$salt$x", true, NULL, &error),
                     RESULT_INVALID);
    assert_string_equal(error_bytes,
                        "the encrypted password used for user 'eve' is not supported by crypt(3)");
    assert_int_equal(userlist_add_user(list, "eve", "*", true, NULL, &error), RESULT_INVALID);
    assert_int_equal(check("eve", "$nosuch$salt$x"), RESULT_NOT_FOUND);
    assert_int_equal(userlist_add_group(list, "admins", NULL, &error), RESULT_OK);
    assert_int_equal(userlist_add_group(list, "admins", "ann", &error), RESULT_INVALID);
    assert_string_equal(error_bytes, "ignoring duplicated group 'admins'");
}

static const char *group(const char *user, unsigned index)
{
    const char *name = userlist_group_of(list, slice_from_string(user), index);
    return name == NULL ? "(none)" : name;
}

static void test_groups(void **state)
{
    (void)state;
    assert_int_equal(userlist_add_group(list, "g1", "ann,bob", &error), RESULT_OK);
    assert_int_equal(userlist_add_group(list, "g2", NULL, &error), RESULT_OK);
    assert_int_equal(userlist_add_group(list, "g3", "", &error), RESULT_OK);
    add_user("ann", "x", false, "g2,g1"); /* g1 is said twice, and counts once */
    add_user("bob", "x", false, NULL);
    add_user("cid", "x", false, "");
    assert_string_equal(group("ann", 0), "(none)"); /* not yet connected */
    assert_int_equal(userlist_finish(list, &error), RESULT_OK);
    assert_string_equal(group("ann", 0), "g2");
    assert_string_equal(group("ann", 1), "g1");
    assert_string_equal(group("ann", 2), "(none)");
    assert_string_equal(group("bob", 0), "g1");
    assert_string_equal(group("bob", 1), "(none)");
    assert_string_equal(group("cid", 0), "(none)");
    assert_string_equal(group("dan", 0), "(none)");
}

static void test_unknown_members(void **state)
{
    (void)state;
    add_user("ann", "x", false, "g1,g2");
    assert_int_equal(userlist_add_group(list, "g1", NULL, &error), RESULT_OK);
    assert_int_equal(userlist_finish(list, &error), RESULT_INVALID);
    assert_string_equal(error_bytes,
                        "userlist 'staff': no such group 'g2' specified in user 'ann'");
    assert_int_equal(userlist_add_group(list, "g2", "ann,bob", &error), RESULT_OK);
    assert_int_equal(userlist_finish(list, &error), RESULT_INVALID);
    assert_string_equal(error_bytes,
                        "userlist 'staff': no such user 'bob' specified in group 'g2'");
    add_user("bob", NULL, false, NULL);
    assert_int_equal(userlist_finish(list, &error), RESULT_OK); /* again: pairs stay single */
    assert_string_equal(group("ann", 0), "g1");
    assert_string_equal(group("ann", 1), "g2");
    assert_string_equal(group("ann", 2), "(none)");
}

/* ---- refused memory ---- */

/* Makes a whole collection and checks a password in it; RESULT_NO_MEMORY when anything was refused.
 */
static enum result make_all(void)
{
    struct userlist *made = NULL;
    struct userlists *all = userlists_create(&account);
    if (all == NULL) {
        return RESULT_NO_MEMORY;
    }
    enum result result = userlists_add(all, SLICE("l"), &made, &error);
    if (result == RESULT_OK) {
        result = userlist_add_group(made, "g", "u", &error);
    }
    if (result == RESULT_OK) {
        result = userlist_add_user(made, "u", hash, true, "h", &error);
    }
    if (result == RESULT_OK) {
        result = userlist_add_group(made, "h", NULL, &error);
    }
    if (result == RESULT_OK) {
        result = userlist_finish(made, &error);
    }
    if (result == RESULT_OK) {
        result = userlist_check(made, SLICE("u"), SLICE("secret"), &account);
    }
    userlists_destroy(all);
    return result;
}

static void test_no_memory(void **state)
{
    (void)state;
    make_hash("secret", "$5$rounds=1000$saltsalt$");
    size_t held = account.used;
    uint64_t nth = 1;
    for (;; nth++) {
        fault_fail_nth(memory, nth, 0);
        enum result result = make_all();
        assert_int_equal(account.used, held);
        if (fault_failed(memory) == 0) {
            assert_int_equal(result, RESULT_OK);
            break;
        }
        assert_int_equal(result, RESULT_NO_MEMORY);
    }
    /* The collection, list and name, groups with three and two blocks, user with four, two pairs,
     * and crypt's state twice. */
    assert_int_equal(nth - 1, 1 + 2 + 3 + 2 + 4 + 2 + 2);
    fault_fail_nth(memory, 0, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_lists),         CASE(test_plain_passwords), CASE(test_hashed_passwords),
        CASE(test_refused_users), CASE(test_groups),          CASE(test_unknown_members),
        CASE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
