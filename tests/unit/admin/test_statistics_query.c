/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suffixes of the statistics page.
 */
#include "admin/statistics_query.h"

#include "support/admin.h"

static struct statistics_query read_suffix(const char *suffix)
{
    struct statistics_query query;
    statistics_query_read(slice_from_string(suffix), &query);
    return query;
}

static void test_forms(void **state)
{
    (void)state;
    assert_int_equal(read_suffix("").form, STATISTICS_HTML);
    assert_int_equal(read_suffix(";csv").form, STATISTICS_CSV);
    assert_int_equal(read_suffix(";up;json").form, STATISTICS_JSON);
    assert_int_equal(read_suffix(";typed;norefresh").form, STATISTICS_TYPED);
    assert_int_equal(read_suffix("csv").form, STATISTICS_HTML); /* no suffix without ';' */
}

static void test_flags(void **state)
{
    (void)state;
    struct statistics_query query = read_suffix(";up;no-maint;norefresh");
    assert_true(query.only_up && query.no_maintenance && query.no_refresh);
    query = read_suffix(";something");
    assert_false(query.only_up || query.no_maintenance || query.no_refresh);
}

static void test_outcomes(void **state)
{
    (void)state;
    for (unsigned i = OUTCOME_NOTHING_ASKED + 1; i < OUTCOMES; i++) {
        char suffix[32];
        struct text text = text_over(suffix, sizeof(suffix));
        text_append_format(&text, ";up;st=%s", statistics_outcome_word((enum statistics_outcome)i));
        assert_int_equal(read_suffix(suffix).outcome, i);
        assert_true(strlen(statistics_outcome_sentence((enum statistics_outcome)i)) > 0);
    }
    assert_int_equal(read_suffix(";st=<b>").outcome, OUTCOME_UNKNOWN);
    assert_int_equal(read_suffix(";st=").outcome, OUTCOME_UNKNOWN);
    assert_int_equal(read_suffix(";st").outcome, OUTCOME_NOTHING_ASKED);
}

static void test_scope(void **state)
{
    (void)state;
    struct slice scope = read_suffix("?scope=be_1;up").scope;
    assert_true(slice_equal(scope, SLICE("be_1")));
    assert_true(slice_equal(read_suffix("?x=1&scope=A.b:c-d&y").scope, SLICE("A.b:c-d")));
    assert_int_equal(read_suffix("?scope=<script>").scope.length, 0);
    assert_int_equal(read_suffix("?scope=").scope.length, 0);
    assert_int_equal(read_suffix("?scope=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").scope.length,
                     STATISTICS_SCOPE_MAX);
}

static void test_append_says_the_same(void **state)
{
    (void)state;
    char bytes[128];
    struct text text = text_over(bytes, sizeof(bytes));
    struct statistics_query query = read_suffix(";csv;up;st=DONE;norefresh?scope=be");
    statistics_query_append(&text, &query);
    assert_string_equal(bytes, ";up;norefresh?scope=be");
    struct statistics_query again = read_suffix(bytes);
    assert_true(again.only_up && again.no_refresh && slice_equal(again.scope, SLICE("be")));
    assert_int_equal(again.outcome, OUTCOME_NOTHING_ASKED);
}

static void test_wants(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    struct statistics_object server = admin_object(&test, STATISTICS_SERVER);
    struct statistics_object backend = admin_object(&test, STATISTICS_BACKEND);
    struct statistics_query all = read_suffix("");
    struct statistics_query up = read_suffix(";up");
    struct statistics_query active = read_suffix(";no-maint");
    struct statistics_query other = read_suffix("?scope=other");
    struct statistics_query same = read_suffix("?scope=B");
    assert_true(statistics_query_wants(&up, &server));
    assert_true(statistics_query_wants(&same, &server));
    assert_false(statistics_query_wants(&other, &server));
    assert_false(statistics_query_wants(&other, &backend));
    server_set_health(world_server(&test.world, 0), SERVER_DOWN, 1);
    assert_true(statistics_query_wants(&all, &server));
    assert_false(statistics_query_wants(&up, &server));
    assert_true(statistics_query_wants(&active, &server));
    server_set_health(world_server(&test.world, 0), SERVER_UP, 2);
    server_set_admin(world_server(&test.world, 0), SERVER_MAINT_FORCED, 0, 3);
    assert_false(statistics_query_wants(&up, &server));
    assert_false(statistics_query_wants(&active, &server));
    assert_true(statistics_query_wants(&up, &backend));
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_append_says_the_same),
        cmocka_unit_test(test_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
