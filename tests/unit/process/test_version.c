/* SPDX-License-Identifier: Apache-2.0 */
/* -v and -vv: the first line that tools read, and that the lists name what is there. */
#include "process/version.h"

#include <regex.h>

#include "process/registry.h"
#include "support/process.h"
#include "tls/tls.h"

static struct test_output output;

static void print(bool is_long)
{
    test_output_begin(&output);
    version_print(is_long);
    test_output_end(&output);
    assert_string_equal(output.error, "");
}

static void the_first_line_has_version_and_date(void **state)
{
    static const char PATTERN[] =
        "^weir version [0-9]+\\.[0-9]+\\.[0-9]+ [0-9]{4}/[0-9]{2}/[0-9]{2} - [^\n]+\n$";
    regex_t regex;
    (void)state;
    print(false);
    assert_int_equal(regcomp(&regex, PATTERN, REG_EXTENDED | REG_NOSUB), 0);
    assert_int_equal(regexec(&regex, output.out, 0, NULL, 0), 0);
    regfree(&regex);
    assert_non_null(strstr(output.out, "weir version " WEIR_VERSION " " WEIR_VERSION_DATE " "));
}

static void the_long_form_begins_with_the_short_one(void **state)
{
    (void)state;
    print(false);
    char *first = strdup(output.out);
    assert_non_null(first);
    print(true);
    assert_int_equal(strncmp(output.out, first, strlen(first)), 0);
    assert_true(strlen(output.out) > strlen(first));
    free(first);
}

static void the_build_is_told(void **state)
{
    static const char *const LINES[] = {
        "Build options :\n",
        "\n  TARGET  = Linux-",
        "\n  CC      = ",
        "\n  TYPE    = ",
        "\n  CFLAGS  = ",
        "\nBuilt with libev version : 4.",
        "\nAllocator : ",
        "\nAvailable polling systems :\n      epoll : ",
        "\n        H1 : mode=HTTP  side=FE|BE\n",
        "\n       TCP : mode=TCP   side=FE|BE\n",
        "\nAvailable filters : none\n",
    };
    char running[256];
    (void)state;
    print(true);
    for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
        if (strstr(output.out, LINES[i]) == NULL) {
            fail_msg("no '%s' in:\n%s", LINES[i], output.out);
        }
    }
    snprintf(running, sizeof(running), "\nRunning on %s\n", tls_library_version());
    assert_non_null(strstr(output.out, running));
}

/* Exactly the services of the registry, in its order. */
static void every_service_is_listed(void **state)
{
    char expected[1024] = "\nAvailable services :";
    unsigned count = 0;
    (void)state;
    for (const struct service_ops *const *service = registry_services(); *service != NULL;
         service++) {
        size_t length = strlen(expected);
        snprintf(expected + length, sizeof(expected) - length, " %s", (*service)->name);
        count++;
    }
    assert_true(count > 0);
    strncat(expected, "\n", sizeof(expected) - strlen(expected) - 1);
    print(true);
    assert_non_null(strstr(output.out, expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_has_version_and_date),
        cmocka_unit_test(the_long_form_begins_with_the_short_one),
        cmocka_unit_test(the_build_is_told),
        cmocka_unit_test(every_service_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
