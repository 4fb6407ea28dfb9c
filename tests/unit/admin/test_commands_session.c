/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on sessions and on captured errors, where there are none and where there is one.
 */
#include "admin/commands.h"

#include "memory/chunk.h"
#include "support/admin.h"

static void test_none(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    admin_assert_silent(&test, "show sess");
    admin_assert_says(&test, "shutdown session", "Session pointer expected");
    admin_assert_says(&test, "shutdown session 0x1234", "No such session");
    admin_assert_says(&test, "shutdown sessions server be/s9", "No such server.");
    admin_assert_says(&test, "shutdown sessions server", "Require 'backend/server'.");
    admin_assert_silent(&test, "shutdown sessions server be/s1");
    assert_null(strstr(admin_ask(&test, "show errors"), "invalid"));
    test.modes.level = CLI_USER;
    admin_assert_says(&test, "show errors", "Permission denied");
    admin_world_close(&test);
}

static void test_an_error(void **state)
{
    (void)state;
    struct admin_world test;
    static const char bytes[] = "GET / HTTP/1.1\r\nA\x01: b\r\n";
    admin_world_open(&test);
    struct captured_error *error = &test.world.proxy->bad_request;
    error->bytes = chunk_take(&test.world.chunks, CHUNK_SMALL, &test.world.account);
    assert_non_null(error->bytes);
    memcpy(error->bytes->data, bytes, sizeof(bytes) - 1);
    error->length = sizeof(bytes) - 1;
    error->position = 17;
    error->number = 1;
    error->reason = "a control byte";
    assert_int_equal(address_parse_ip(SLICE("192.0.2.9"), &error->source), RESULT_OK);
    const char *answer = admin_ask(&test, "show errors");
    assert_non_null(strstr(answer, "frontend be (#2): invalid request\n"));
    assert_non_null(strstr(answer, "192.0.2.9"));
    assert_non_null(strstr(answer, "  00000  GET / HTTP/1.1\\r\\n\n"));
    assert_non_null(strstr(answer, "  00016  A\\x01: b\\r\\n\n"));
    chunk_drop(error->bytes);
    error->bytes = NULL;
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
