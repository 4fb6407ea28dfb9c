/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders of -f, their order, and where relative paths begin. */
#include <sys/stat.h>

#include "support/config.h"

/* Loads files; messages of an earlier load are forgotten. */
static enum result load(struct test_config *test, const char *const *paths, unsigned count)
{
    text_clear(&test->messages);
    return test_config_load_files(test, paths, count);
}

static void files_are_read_in_order(void **state)
{
    (void)state;
    static const char *const PATHS[] = {"b.cfg", "a.cfg"};
    struct test_config *test = test_config_open();
    test_config_write("a.cfg", "global\n    node a\n");
    test_config_write("b.cfg", "global\n    node b\n    description b\n");
    assert_int_equal(load(test, PATHS, 2), RESULT_OK);
    assert_string_equal(test->configuration.global.node, "a");
    assert_string_equal(test->configuration.global.description, "b");
    test_config_close(test);
}

/* Visible *.cfg files in the order of their bytes; anything else is passed over. */
static void folders_are_read_in_order(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"z.cfg", "B.cfg", "a.cfg", "10.cfg", "9.cfg"};
    static const char *const ORDER[] = {"10", "9", "B", "a", "z"};
    struct test_config *test = test_config_open();
    assert_int_equal(mkdir("d", 0700), 0);
    for (unsigned i = 0; i < 5; i++) {
        char path[32];
        char text[64];
        snprintf(path, sizeof(path), "d/%s", NAMES[i]);
        snprintf(text, sizeof(text), "backend %.*s\n", (int)strcspn(NAMES[i], "."), NAMES[i]);
        test_config_write(path, text);
    }
    test_config_write("d/.hidden.cfg", "nonsense\n");
    test_config_write("d/.cfg", "nonsense\n");
    test_config_write("d/other.txt", "nonsense\n");
    test_config_write("d/cfg", "nonsense\n");
    assert_int_equal(mkdir("d/sub.cfg", 0700), 0);
    const char *path = "d";
    assert_int_equal(load(test, &path, 1), RESULT_OK);
    assert_string_equal(test->messages.data, "");
    assert_int_equal(test_config_length(&test->configuration.proxies), 5);
    for (unsigned i = 0; i < 5; i++) {
        const struct list *link = test_config_member(&test->configuration.proxies, i);
        const struct proxy_settings *proxy = container_of(link, struct proxy_settings, link);
        char file[32];
        snprintf(file, sizeof(file), "d/%s.cfg", ORDER[i]);
        assert_string_equal(proxy->name, ORDER[i]);
        assert_string_equal(proxy->file, file);
    }
    test_config_close(test);
}

static void an_empty_folder_is_nothing(void **state)
{
    (void)state;
    struct test_config *test = test_config_open();
    assert_int_equal(mkdir("d", 0700), 0);
    const char *path = "d/";
    assert_int_equal(load(test, &path, 1), RESULT_OK);
    assert_string_equal(test->messages.data, "");
    test_config_write("d/a.cfg", "nonsense\n");
    assert_int_equal(load(test, &path, 1), RESULT_INVALID);
    assert_string_equal(test->messages.data,
                        "A parsing [d/a.cfg:1]: unknown keyword 'nonsense' out of section.\n");
    test_config_close(test);
}

/* One that is missing does not hide what is wrong in the next. */
static void missing_files_are_told(void **state)
{
    (void)state;
    static const char *const PATHS[] = {"none.cfg", "a.cfg"};
    struct test_config *test = test_config_open();
    test_config_write("a.cfg", "nonsense\n");
    assert_int_equal(load(test, PATHS, 2), RESULT_INVALID);
    assert_string_equal(
        test->messages.data,
        "A Cannot open configuration file/directory none.cfg : No such file or directory\n"
        "A parsing [a.cfg:1]: unknown keyword 'nonsense' out of section.\n");
    test_config_close(test);
}

/* Where default-path leads, a certificate's path shows; afterwards the process is back. */
static void relative_paths_begin_where_it_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        const char *folder; /* below the test's own */
    } ROWS[] = {{"current", NULL}, {"config", "/d"}, {"parent", ""}, {"origin /tmp", "/tmp"}};
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct test_config *test = test_config_open();
        char text[512];
        char expected[512];
        char here[256];
        assert_int_equal(mkdir("d", 0700), 0);
        snprintf(text, sizeof(text),
                 "global\n    default-path %s\nfrontend f\n    bind :1 ssl crt none.pem\n",
                 ROWS[i].mode);
        test_config_write("d/a.cfg", text);
        assert_non_null(getcwd(here, sizeof(here)));
        bool is_absolute = ROWS[i].folder != NULL && ROWS[i].folder[0] == '/' &&
                           strcmp(ROWS[i].folder, "/tmp") == 0;
        snprintf(expected, sizeof(expected), "SSL certificate from file '%s%s%snone.pem'",
                 ROWS[i].folder == NULL || is_absolute ? "" : here,
                 ROWS[i].folder == NULL ? "" : ROWS[i].folder, ROWS[i].folder == NULL ? "" : "/");
        const char *path = "d/a.cfg";
        assert_int_equal(load(test, &path, 1), RESULT_INVALID);
        if (strstr(test->bytes, expected) == NULL) {
            fail_msg("wanted %s in %s", expected, test->bytes);
        }
        char after[256];
        assert_non_null(getcwd(after, sizeof(after)));
        assert_string_equal(after, here);
        test_config_close(test);
    }
}

static void bad_default_paths_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"default-path\n", "A parsing [t.cfg:2] : 'default-path' expects 'current', 'config', "
                           "'parent', or 'origin'.\n"},
        {"default-path nope\n",
         "A parsing [t.cfg:2] : unknown default-path mode 'nope' for 'default-path', expects "
         "'current', 'config', 'parent', or 'origin'.\n"},
        {"default-path origin\n",
         "A parsing [t.cfg:2] : 'default-path origin' expects a directory as an argument.\n"},
        {"default-path origin /nope\n", "A parsing [t.cfg:2] : cannot change to directory '/nope' "
                                        "of 'default-path' : No such file or directory.\n"},
        {"default-path config x\n",
         "A parsing [t.cfg:2] : 'default-path config' cannot handle an argument.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("global\n", CASES);
}

static void paths_are_put_together(void **state)
{
    (void)state;
    static const struct {
        const char *directory, *base, *path, *full;
    } ROWS[] = {
        {NULL, NULL, "a.pem", "a.pem"},
        {NULL, "certs", "a.pem", "certs/a.pem"},
        {NULL, "/certs", "a.pem", "/certs/a.pem"},
        {"/etc", NULL, "a.pem", "/etc/a.pem"},
        {"/etc", "certs", "a.pem", "/etc/certs/a.pem"},
        {"/etc", "/certs", "a.pem", "/certs/a.pem"},
        {"/etc", "/certs", "/a.pem", "/a.pem"},
        {"/etc", "/certs", "@system-ca", "@system-ca"},
    };
    struct test_config *test = test_config_open();
    struct config_reader reader;
    test_config_reader(test, &reader);
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        reader.directory = ROWS[i].directory;
        assert_string_equal(config_copy_path(&reader, ROWS[i].base, ROWS[i].path), ROWS[i].full);
    }
    char longest[5000];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_null(config_copy_path(&reader, NULL, longest));
    /* what is said is cut, too */
    assert_int_equal(strncmp(reader.error.data, "path 'aaa", strlen("path 'aaa")), 0);
    text_clear(&reader.error);
    fault_fail_nth(test->memory, 1, 0);
    assert_null(config_copy_path(&reader, NULL, "a"));
    assert_string_equal(reader.error.data, "out of memory.");
    fault_fail_nth(test->memory, 0, 0);
    test_config_close(test);
}

/* A folder's list, its names, and each file. */
static void refused_memory_is_told(void **state)
{
    (void)state;
    bool is_done = false;
    for (uint64_t nth = 1; !is_done; nth++) {
        struct test_config *test = test_config_open();
        assert_int_equal(mkdir("d", 0700), 0);
        test_config_write("d/a.cfg", "global\n    default-path config\n");
        test_config_write("d/b.cfg", "global\n    node x\n");
        const char *path = "d";
        fault_fail_nth(test->memory, nth, 0);
        enum result result = load(test, &path, 1);
        is_done = fault_failed(test->memory) == 0;
        fault_fail_nth(test->memory, 0, 0);
        assert_int_equal(result, is_done ? RESULT_OK : RESULT_INVALID);
        assert_int_equal(strstr(test->bytes, "out of memory") == NULL, is_done);
        test_config_close(test);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_in_order),
        cmocka_unit_test(folders_are_read_in_order),
        cmocka_unit_test(an_empty_folder_is_nothing),
        cmocka_unit_test(missing_files_are_told),
        cmocka_unit_test(relative_paths_begin_where_it_is_said),
        cmocka_unit_test(bad_default_paths_are_refused),
        cmocka_unit_test(paths_are_put_together),
        cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
