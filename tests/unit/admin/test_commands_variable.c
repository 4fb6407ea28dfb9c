/* SPDX-License-Identifier: Apache-2.0 */
/* get var and set var: forms, types, what is refused, limits. */
#include "admin/commands.h"

#include "rules/actions.h"
#include "rules/converter.h"
#include "rules/fetch.h"
#include "rules/variable.h"
#include "support/admin.h"

static void open_world(struct admin_world *test)
{
    static const struct sample_fetch *const fetches[] = {fetches_internal, fetches_logic,
                                                         fetches_http, NULL};
    static const struct sample_converter *const converters[] = {converters_integer, converters_text,
                                                                NULL};
    static const struct action_ops *const actions[] = {NULL};
    static const char *const services[] = {NULL};
    static const struct rule_registry registry = {
        .fetches = fetches, .converters = converters, .actions = actions, .services = services};
    admin_world_open(test);
    struct configuration *configuration = &test->world.configuration;
    configuration->account = &test->world.account;
    configuration->registry = &registry;
    configuration->variables = variable_names_create(&test->world.account);
    assert_non_null(configuration->variables);
    variable_set_init(&configuration->process_variables, VARIABLE_PROCESS, &test->world.account);
    test->modes.is_experimental = true;
}

static void close_world(struct admin_world *test)
{
    variable_set_clear(&test->world.configuration.process_variables);
    variable_names_destroy(test->world.configuration.variables);
    admin_world_close(test);
}

static void test_forms(void **state)
{
    (void)state;
    struct admin_world test;
    open_world(&test);
    admin_assert_silent(&test, "set var proc.a str(hello)");
    assert_string_equal(admin_ask(&test, "get var proc.a"), "proc.a: type=str value=<hello>\n");
    admin_assert_silent(&test, "set var proc.a expr int(5),add(2)");
    assert_string_equal(admin_ask(&test, "get var proc.a"), "proc.a: type=sint value=<7>\n");
    admin_assert_silent(&test, "set var proc.b fmt 'is %[var(proc.a)]'");
    assert_string_equal(admin_ask(&test, "get var proc.b"), "proc.b: type=str value=<is 7>\n");
    admin_assert_silent(&test, "set var proc.c bool(true)");
    assert_string_equal(admin_ask(&test, "get var proc.c"), "proc.c: type=bool value=<1>\n");
    admin_assert_silent(&test, "set var proc.a,ifnotexists str(other)");
    admin_assert_says(&test, "get var proc.a", "<7>");
    close_world(&test);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *command;
        const char *part;
    } ROWS[] = {
        {"set var", "Missing process-wide variable identifier.\n"},
        {"set var proc.a", "Missing either 'expr', 'fmt' or expression.\n"},
        {"set var txn.a str(b)", "cannot set variable 'txn.a', only scope 'proc' is permitted"},
        {"set var proc.a nosuch", "unknown fetch method 'nosuch'"},
        {"set var proc.a str(b) more", "unexpected argument 'more'"},
        {"set var proc.a path", "path"},
        {"set var proc.a var(proc.none)", "has no value here"},
        {"set var proc.a fmt %[", "missing ']' after ''"},
        {"get var", "Missing process-wide variable identifier.\n"},
        {"get var proc.a", "Variable not found.\n"},
        {"get var txn.a", "Variable not found.\n"},
        {"get var a", "Variable not found.\n"},
    };
    (void)state;
    struct admin_world test;
    open_world(&test);
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        admin_assert_says(&test, ROWS[i].command, ROWS[i].part);
    }
    variable_names_limits(test.world.configuration.variables)->process_bytes_max = 1;
    admin_assert_says(&test, "set var proc.a str(hello)", "exceeds the limit of tune.vars.");
    test.modes.is_experimental = false;
    assert_string_equal(admin_ask(&test, "set var proc.a str(b)"),
                        "This command is restricted to experimental mode only.\n");
    test.modes.level = CLI_USER;
    assert_string_equal(admin_ask(&test, "get var proc.a"), "Permission denied\n");
    close_world(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
