/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of the statistics page: what it says, and how it ends.
 */
#include "admin/statistics_post.h"

#include "support/admin.h"

static bool always(const void *argument, const struct proxy *proxy)
{
    (void)proxy;
    return argument == NULL;
}

static enum statistics_outcome post(struct admin_world *test, const char *form)
{
    struct statistics_post read;
    struct statistics_permission permission = {always, NULL};
    if (statistics_post_read(slice_from_string(form), &read) != RESULT_OK) {
        return OUTCOME_INVALID;
    }
    return statistics_post_run(&read, &test->world.worker, &permission, 1);
}

static void test_read(void **state)
{
    (void)state;
    struct statistics_post read;
    assert_int_equal(statistics_post_read(SLICE("s=a&action=drain&b=%232"), &read), RESULT_OK);
    assert_true(slice_equal(read.backend, SLICE("#2")));
    assert_true(read.has_action);
    assert_int_equal(read.action, SERVER_ACTION_DRAIN);
    assert_int_equal(statistics_post_read(SLICE("action=&b=be"), &read), RESULT_OK);
    assert_false(read.has_action);
    assert_int_equal(statistics_post_read(SLICE(""), &read), RESULT_OK);
    assert_null(read.backend.data);
    assert_int_equal(statistics_post_read(SLICE("action=explode&b=be"), &read), RESULT_INVALID);
    assert_int_equal(statistics_post_read(SLICE("no form"), &read), RESULT_INVALID);
    assert_int_equal(statistics_post_read(SLICE("b=%2"), &read), RESULT_INVALID);
    char long_name[STATISTICS_POST_NAME_MAX + 4];
    memset(long_name, 'x', sizeof(long_name));
    memcpy(long_name, "b=", 2);
    assert_int_equal(statistics_post_read(slice_of(long_name, sizeof(long_name)), &read),
                     RESULT_INVALID);
    assert_int_equal(statistics_post_read(slice_of(long_name, sizeof(long_name) - 2), &read),
                     RESULT_OK);
}

static void test_outcomes(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    const struct server *first = world_server(&test.world, 0);
    const struct server *second = world_server(&test.world, 1);
    assert_int_equal(post(&test, "s=s1&action=maint&b=%232"), OUTCOME_DONE);
    assert_int_equal(first->admin, SERVER_MAINT_FORCED);
    assert_int_equal(second->admin, 0);
    assert_int_equal(post(&test, "s=s1&action=maint&b=be"), OUTCOME_NONE); /* it is already */
    assert_int_equal(post(&test, "b=be&s=s1&s=%732&action=drain"), OUTCOME_DONE);
    assert_int_equal(first->admin, SERVER_DRAIN_FORCED);
    assert_int_equal(second->admin, SERVER_DRAIN_FORCED);
    assert_int_equal(post(&test, "s=s1&s=nobody&action=ready&b=be"), OUTCOME_PARTLY);
    assert_int_equal(first->admin, 0);
    assert_int_equal(post(&test, "s=nobody&action=ready&b=be"), OUTCOME_INVALID);
    assert_int_equal(post(&test, "s=s1&action=ready&b=other"), OUTCOME_INVALID);
    assert_int_equal(post(&test, "s=s1&action=ready"), OUTCOME_INVALID);
    assert_int_equal(post(&test, "action=ready&b=be"), OUTCOME_NONE);
    assert_int_equal(post(&test, "s=s1&action=&b=be"), OUTCOME_NONE);
    assert_int_equal(post(&test, "s=s1&s=%zz&action=maint&b=be"), OUTCOME_PARTLY);
    admin_world_close(&test);
}

static void test_denied(void **state)
{
    (void)state;
    struct admin_world test;
    struct statistics_post read;
    admin_world_open(&test);
    struct statistics_permission never = {always, &test};
    assert_int_equal(statistics_post_read(SLICE("s=s1&action=maint&b=be"), &read), RESULT_OK);
    assert_int_equal(statistics_post_run(&read, &test.world.worker, &never, 1), OUTCOME_DENIED);
    assert_int_equal(world_server(&test.world, 0)->admin, 0);
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
