/* SPDX-License-Identifier: Apache-2.0 */
/* show quic: its forms, and a worker without QUIC. */
#include "admin/commands.h"

#include "support/admin.h"

static void test_without_connections(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    assert_string_equal(admin_ask(&test, "show quic"),
                        "# conn   state      inflight     sent     lost     held from\n");
    assert_string_equal(admin_ask(&test, "show quic full"), "");
    assert_string_equal(admin_ask(&test, "show quic help"), "show quic [oneline|full]\n");
    assert_string_equal(admin_ask(&test, "show quic all"),
                        "expects 'oneline', 'full' or 'help'.\n");
    test.modes.level = CLI_USER;
    assert_string_equal(admin_ask(&test, "show quic"), "Permission denied\n");
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_without_connections)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
