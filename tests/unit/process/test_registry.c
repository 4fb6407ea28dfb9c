/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: every table is there, ends, and no name is listed twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "process/registry.h"
#include "rules/actions.h"
#include "rules/converter.h"
#include "rules/fetch.h"

static bool has_fetch(const char *name)
{
    for (const struct sample_fetch *const *table = registry_rules()->fetches; *table != NULL;
         table++) {
        for (const struct sample_fetch *row = *table; row->name != NULL; row++) {
            if (strcmp(row->name, name) == 0) {
                return true;
            }
        }
    }
    return false;
}

static unsigned count_converters(const char *name)
{
    unsigned count = 0;
    for (const struct sample_converter *const *table = registry_rules()->converters; *table != NULL;
         table++) {
        for (const struct sample_converter *row = *table; row->name != NULL; row++) {
            count += strcmp(row->name, name) == 0 ? 1 : 0;
        }
    }
    return count;
}

static void fetches_of_every_table_are_found(void **state)
{
    static const char *const NAMES[] = {"str",  "src",      "ssl_fc", "req.len",
                                        "path", "req.cook", "var"};
    (void)state;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        assert_true(has_fetch(NAMES[i]));
    }
    assert_false(has_fetch("nonsense"));
}

static void converters_are_listed_once(void **state)
{
    (void)state;
    unsigned seen = 0;
    for (const struct sample_converter *const *table = registry_rules()->converters; *table != NULL;
         table++) {
        for (const struct sample_converter *row = *table; row->name != NULL; row++) {
            assert_int_equal(count_converters(row->name), 1);
            seen++;
        }
    }
    assert_true(seen > 50);
    assert_int_equal(count_converters("lower"), 1);
    assert_int_equal(count_converters("map"), 1);
}

static void actions_are_found(void **state)
{
    static const char *const NAMES[] = {"deny", "redirect", "set-header", "set-path", "set-var("};
    (void)state;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        bool found = false;
        for (const struct action_ops *const *table = registry_rules()->actions; *table != NULL;
             table++) {
            for (const struct action_ops *row = *table; row->name != NULL; row++) {
                found = found || strcmp(row->name, NAMES[i]) == 0;
            }
        }
        assert_true(found);
    }
}

static void services_are_listed(void **state)
{
    (void)state;
    const struct service_ops *const *services = registry_services();
    assert_non_null(services[0]);
    assert_true(strlen(services[0]->name) > 0);
    assert_null(services[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetches_of_every_table_are_found),
        cmocka_unit_test(converters_are_listed_once),
        cmocka_unit_test(actions_are_found),
        cmocka_unit_test(services_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
