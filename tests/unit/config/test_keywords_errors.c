/* SPDX-License-Identifier: Apache-2.0 */
/* Error pages: which page a proxy has for a status, whence, and what is said of bad lines. */
#include "rules/reply.h"
#include "support/config.h"

#define BACKEND "backend b\n    mode http\n"

/* The page that `name` has for a status, NULL when it is a built-in one. */
static const struct reply *find_page(struct test_config *test, const char *name, uint16_t status)
{
    return error_files_find_own(test_config_proxy(test, name)->errors, status);
}

static void pages_are_set(void **state)
{
    (void)state;
    struct test_config *test = test_config_open();
    test_config_write("busy.http", "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno");
    assert_int_equal(test_config_load(test, BACKEND
                                      "    errorfile 503 busy.http\n    errorfile 400 /dev/null\n"
                                      "    errorloc 404 /lost\n    errorloc303 403 /in\n"
                                      "    http-error status 500 content-type text/plain string x\n"
                                      "    http-error status 502 default-errorfiles\n"),
                     RESULT_OK);
    assert_string_equal(test->messages.data, "");
    assert_int_equal(reply_status(find_page(test, "b", 503)), 503);
    assert_int_equal(reply_status(find_page(test, "b", 400)), 400);
    assert_int_equal(reply_status(find_page(test, "b", 404)), 302);
    assert_int_equal(reply_status(find_page(test, "b", 403)), 303);
    assert_int_equal(reply_status(find_page(test, "b", 500)), 500);
    assert_null(find_page(test, "b", 504));
    assert_non_null(error_files_find(test_config_proxy(test, "b")->errors, 504));
    test_config_close(test);
}

static void the_last_line_holds(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(BACKEND "    errorloc302 503 /a\n"
                                                         "    errorloc303 503 /b\n");
    assert_int_equal(reply_status(find_page(test, "b", 503)), 303);
    test_config_close(test);
}

static void defaults_are_followed(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_valid(TEST_CONFIG_DEFAULTS "    errorloc 503 /a\n    errorloc 404 /b\n"
                                               "backend b\n    errorloc303 503 /c\nbackend c\n");
    assert_int_equal(reply_status(find_page(test, "b", 503)), 303);
    assert_int_equal(reply_status(find_page(test, "b", 404)), 302);
    assert_int_equal(reply_status(find_page(test, "c", 503)), 302);
    test_config_close(test);
}

/* A section may come behind those that use it; codes choose among its pages. */
static void sections_are_imported(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_valid("backend b\n    errorfiles site\n    errorfiles extra 404\n"
                          "backend c\n    errorfiles site 503 400\n"
                          "http-errors site\n    errorfile 503 /dev/null\n"
                          "http-errors extra\n    errorfile 404 /dev/null\n"
                          "    errorfile 500 /dev/null\n"
                          "http-errors site\n    errorfile 403 /dev/null\n");
    assert_non_null(find_page(test, "b", 503));
    assert_non_null(find_page(test, "b", 403));
    assert_non_null(find_page(test, "b", 404));
    assert_null(find_page(test, "b", 500));
    assert_non_null(find_page(test, "c", 503));
    assert_null(find_page(test, "c", 400));
    assert_null(find_page(test, "c", 403));
    test_config_close(test);
}

static void bad_files_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"errorfile\n",
         "A parsing [t.cfg:3] : 'errorfile' expects <status_code> and <file> as arguments.\n"},
        {"errorfile 503\n",
         "A parsing [t.cfg:3] : 'errorfile' expects <status_code> and <file> as arguments.\n"},
        {"errorfile 503 /nope\n",
         "A parsing [t.cfg:3] : errorfile : error opening file '/nope'.\n"},
        {"errorfile 999 /dev/null\n",
         "A parsing [t.cfg:3] : errorfile : status code '999' not handled.\n"},
        {"errorfile x /dev/null\n",
         "A parsing [t.cfg:3] : errorfile : status code 'x' not handled.\n"},
        {"errorfile 65739 /dev/null\n",
         "A parsing [t.cfg:3] : errorfile : status code '65739' not handled.\n"},
        {"errorfile 503 /dev/null x\n",
         "A parsing [t.cfg:3] : 'errorfile' cannot handle unexpected argument 'x'.\n"},
        {"errorloc 503\n",
         "A parsing [t.cfg:3] : 'errorloc' expects <status_code> and <url> as arguments.\n"},
        {"errorloc 999 /a\n", "A parsing [t.cfg:3] : errorloc : status code '999' not handled.\n"},
        {"errorfiles\n", "A parsing [t.cfg:3] : 'errorfiles' expects <name> as argument.\n"},
        {"errorfiles e\n", "A unknown http-errors section 'e'.\n"},
        {"errorfiles e 299\n",
         "A parsing [t.cfg:3] : errorfiles : status code '299' not handled.\n"},
        {"no errorfile 503 /dev/null\n",
         "A parsing [t.cfg:3] : negation/default currently supported only for options, log, "
         "busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.\n"},
        {"http-errors e\n"
         "    errorfile 999 /dev/null\n",
         "A parsing [t.cfg:4] : errorfile : status code '999' not handled.\n"},
        {"http-errors e\n"
         "    errorloc 503 /a\n",
         "A parsing [t.cfg:4] : unknown keyword 'errorloc' in 'http-errors' section\n"},

    };
    (void)state;
    TEST_CONFIG_CASES(BACKEND, CASES);
}
static void bad_replies_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"http-error\n",
         "A parsing [t.cfg:3] : 'http-error' expects at least a <status> as arguments.\n"},
        {"http-error nope x\n",
         "A parsing [t.cfg:3] : http-error : expects at least a <status> as arguments.\n"},
        {"http-error status\n",
         "A parsing [t.cfg:3] : 'http-error' expects at least a <status> as arguments.\n"},
        {"http-error status x\n",
         "A parsing [t.cfg:3] : http-error : Unexpected status code 'x'\n"},
        {"http-error status 299\n",
         "A parsing [t.cfg:3] : http-error : Unexpected status code '299'\n"},
        {"http-error status 503 nope\n",
         "A parsing [t.cfg:3] : http-error : unknown keyword 'nope'\n"},
        {"http-error status 503 string\n",
         "A parsing [t.cfg:3] : http-error : 'string' expects <str> as argument\n"},
        {"http-error status 503 string x\n",
         "A parsing [t.cfg:3] : http-error : a content type must be defined when non-empty payload "
         "is configured\n"},
        {"http-error status 503 file /nope\n",
         "A parsing [t.cfg:3] : http-error : error opening file '/nope'\n"},
        {"http-error status 503 errorfile /nope\n",
         "A parsing [t.cfg:3] : http-error : error opening file '/nope'\n"},
        {"http-error status 503 errorfiles e\n", "A unknown http-errors section 'e'.\n"},
        {"http-error status 503 content-type a/b lf-string %[nope]\n",
         "A parsing [t.cfg:3] : http-error : unknown fetch method 'nope'\n"},

    };
    (void)state;
    TEST_CONFIG_CASES(BACKEND, CASES);
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    /* the blocks of the three files need not shrink */
    test_config_faults_but(
        "backend b\n    mode http\n    errorfile 503 /dev/null\n    errorloc 404 /lost\n"
        "    errorfiles site 400\n    errorfiles site\n"
        "    http-error status 500 content-type text/plain lf-string %[path] hdr a b\n"
        "http-errors site\n    errorfile 400 /dev/null\n    errorfile 403 /dev/null\n",
        3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_set),          cmocka_unit_test(the_last_line_holds),
        cmocka_unit_test(defaults_are_followed),  cmocka_unit_test(sections_are_imported),
        cmocka_unit_test(bad_files_are_refused),  cmocka_unit_test(bad_replies_are_refused),
        cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
