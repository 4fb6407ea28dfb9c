/* SPDX-License-Identifier: Apache-2.0 */
/* show errors: none, one with its bytes, long lines, the words that choose. */
#include "admin/commands.h"

#include "memory/chunk.h"
#include "support/admin.h"

static void test_none(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    assert_null(strstr(admin_ask(&test, "show errors"), "invalid"));
    admin_assert_says(&test, "show errors", "] : 0\n");
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
    assert_non_null(strstr(answer, "] : 1\n"));
    assert_non_null(strstr(answer, "  backend <NONE> (#-1), server <NONE> (#-1), event #0, src "));
    assert_non_null(strstr(answer, "error at position 17 (a control byte)"));
    assert_non_null(strstr(answer, "frontend be (#2): invalid request\n"));
    assert_non_null(strstr(answer, "192.0.2.9"));
    assert_non_null(strstr(answer, "  00000  GET / HTTP/1.1\\r\\n\n"));
    assert_non_null(strstr(answer, "  00016  A\\x01: b\\r\\n\n"));
    admin_assert_says(&test, "show errors be", "invalid request");
    admin_assert_says(&test, "show errors 2 request", "invalid request");
    admin_assert_says(&test, "show errors -1", "invalid request");
    assert_null(strstr(admin_ask(&test, "show errors be response"), "invalid"));
    assert_null(strstr(admin_ask(&test, "show errors 99"), "invalid"));
    assert_string_equal(admin_ask(&test, "show errors none"), "No such proxy.\n");
    chunk_drop(error->bytes);
    error->bytes = NULL;
    admin_world_close(&test);
}

static void test_long_lines(void **state)
{
    (void)state;
    struct admin_world test;
    static const char bytes[] =
        "0123456789012345678901234567890123456789012345678901234567890123456"
        "789\t\\\x1b\x80\nend";
    admin_world_open(&test);
    struct captured_error *error = &test.world.proxy->bad_response;
    error->bytes = chunk_take(&test.world.chunks, CHUNK_SMALL, &test.world.account);
    assert_non_null(error->bytes);
    memcpy(error->bytes->data, bytes, sizeof(bytes) - 1);
    error->length = sizeof(bytes) - 1;
    error->number = 3;
    error->other = test.world.proxy;
    const char *answer = admin_ask(&test, "show errors be response");
    assert_non_null(strstr(answer, "backend be (#2): invalid response\n"));
    assert_non_null(strstr(answer, "  frontend be (#2), server <NONE> (#-1), event #2, src "));
    assert_non_null(strstr(answer,
                           "  00000  01234567890123456789012345678901234567890123456789012345"
                           "678901234\n"));
    assert_non_null(strstr(answer, "  00065+ 56789\\t\\\\\\e\\x80\\n\n  00075  end\n"));
    chunk_drop(error->bytes);
    error->bytes = NULL;
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_an_error),
        cmocka_unit_test(test_long_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
