/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations for tests: a text is written to the file t.cfg of a folder of its own, loaded with
 * every table of the rules layer, and what is reported is collected, one message a line with a
 * letter for its severity. At the end every account must be empty.
 */
#ifndef WEIR_TESTS_SUPPORT_CONFIG_H
#define WEIR_TESTS_SUPPORT_CONFIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/keyword.h"
#include "memory/fault.h"
#include "rules/actions.h"
#include "rules/converter.h"
#include "rules/fetch.h"
#include "support/memory.h"

enum { TEST_CONFIG_MESSAGES_SIZE = 65536 };

static const struct sample_fetch *const TEST_FETCHES[] = {
    fetches_internal,   fetches_process,
    fetches_proxy,      fetches_fields,
    fetches_url,        fetches_body,
    fetches_connection, fetches_tls,
    fetches_content,    fetches_http,
    fetches_cookie,     fetches_stream,
    fetches_logic,      NULL,
};

static const struct sample_converter *const TEST_CONVERTERS[] = {
    converters_integer, converters_text,    converters_encoding,
    converters_hash,    converters_address, converters_time,
    converters_logic,   converters_map,     NULL,
};

static const struct action_ops *const TEST_ACTIONS[] = {
    ACTIONS_FLOW,   ACTIONS_REDIRECT, ACTIONS_HEADER,   ACTIONS_URI, ACTIONS_NORMALIZE,
    ACTIONS_STREAM, ACTIONS_ADDRESS,  ACTIONS_VARIABLE, ACTIONS_MAP, ACTIONS_CAPTURE,
    NULL,
};

static const char *const TEST_SERVICES[] = {NULL};

static const struct rule_registry TEST_REGISTRY = {
    .fetches = TEST_FETCHES,
    .converters = TEST_CONVERTERS,
    .actions = TEST_ACTIONS,
    .services = TEST_SERVICES,
};

/* A configuration, and everything around it. */
struct test_config {
    struct memory *memory;
    struct account account;
    struct configuration configuration;
    struct config_report report;
    struct config_input input;
    struct text messages;
    char bytes[TEST_CONFIG_MESSAGES_SIZE];
    bool shows_diagnostics;
    unsigned alerts, warnings, notices, diagnostics; /* how many of each, shown or not */
    char folder[32];
    char start[1024];
};

/* Adds a message; what only says that there were others is left out. */
static inline void test_config_note(void *argument, enum report_severity severity,
                                    const char *message)
{
    static const char LETTERS[] = {[REPORT_NOTICE] = 'N',
                                   [REPORT_WARNING] = 'W',
                                   [REPORT_ALERT] = 'A',
                                   [REPORT_DIAGNOSTIC] = 'D'};
    struct test_config *test = argument;
    unsigned *const counts[] = {[REPORT_NOTICE] = &test->notices,
                                [REPORT_WARNING] = &test->warnings,
                                [REPORT_ALERT] = &test->alerts,
                                [REPORT_DIAGNOSTIC] = &test->diagnostics};
    ++*counts[severity];
    bool is_sum = strncmp(message, "Error(s) found", strlen("Error(s) found")) == 0;
    if (!is_sum && (severity != REPORT_DIAGNOSTIC || test->shows_diagnostics)) {
        text_append_format(&test->messages, "%c %s\n", LETTERS[severity], message);
    }
}

/* An empty configuration in a new folder, which is the current one until it is closed. */
static inline struct test_config *test_config_open(void)
{
    struct test_config *test = calloc(1, sizeof(*test));
    assert_non_null(test);
    assert_non_null(getcwd(test->start, sizeof(test->start)));
    strncpy(test->folder, "/tmp/weir-config-XXXXXX", sizeof(test->folder) - 1);
    assert_non_null(mkdtemp(test->folder));
    assert_int_equal(chdir(test->folder), 0);
    test->memory = test_memory_open((struct memory_options){0});
    account_init(&test->account, memory_ledger(test->memory, 0), ACCOUNT_CONFIGURATION, 0);
    test->messages = text_over(test->bytes, sizeof(test->bytes));
    test->report = (struct config_report){test_config_note, test};
    test->input = (struct config_input){
        .registry = &TEST_REGISTRY, .report = &test->report, .version = "0", .local_peer = "here"};
    configuration_init(&test->configuration, &test->account);
    return test;
}

/* Writes a file in the test's folder. */
static inline void test_config_write(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* Loads the named files. */
static inline enum result test_config_load_files(struct test_config *test, const char *const *paths,
                                                 unsigned count)
{
    test->input.paths = paths;
    test->input.paths_count = count;
    return configuration_load(&test->configuration, &test->input);
}

/* Loads a text. */
static inline enum result test_config_load(struct test_config *test, const char *text)
{
    static const char *const PATHS[] = {"t.cfg"};
    test_config_write(PATHS[0], text);
    return test_config_load_files(test, PATHS, 1);
}

/* Releases all; whatever is left is a failure. */
static inline void test_config_close(struct test_config *test)
{
    char command[64];
    configuration_destroy(&test->configuration);
    account_deinit(&test->account);
    test_memory_close(test->memory);
    assert_int_equal(chdir(test->start), 0);
    snprintf(command, sizeof(command), "rm -rf %s", test->folder);
    assert_int_equal(system(command), 0);
    free(test);
}

/* Loads a text that must be without an alert. */
static inline struct test_config *test_config_accepted(const char *text)
{
    struct test_config *test = test_config_open();
    if (test_config_load(test, text) != RESULT_OK || test->alerts != 0) {
        fail_msg("refused:\n%s\n%s", text, test->bytes);
    }
    return test;
}

/* Loads a text that is valid and of which nothing is said. */
static inline struct test_config *test_config_valid(const char *text)
{
    struct test_config *test = test_config_open();
    enum result result = test_config_load(test, text);
    assert_string_equal(test->messages.data, "");
    assert_int_equal(result, RESULT_OK);
    return test;
}

/* The proxy called `name`. */
static inline struct proxy_settings *test_config_proxy(struct test_config *test, const char *name)
{
    LIST_EACH(link, &test->configuration.proxies) {
        struct proxy_settings *proxy = container_of(link, struct proxy_settings, link);
        if (strcmp(proxy->name, name) == 0) {
            return proxy;
        }
    }
    fail_msg("there is no proxy %s", name);
    return NULL;
}

/* Member `index` of a list. */
static inline struct list *test_config_member(struct list *list, unsigned index)
{
    LIST_EACH(link, list) {
        if (index-- == 0) {
            return link;
        }
    }
    fail_msg("the list is too short");
    return NULL;
}

/* Server `index` of a proxy. */
static inline struct server_settings *test_config_server(struct proxy_settings *proxy,
                                                         unsigned index)
{
    return container_of(test_config_member(&proxy->servers, index), struct server_settings, link);
}

/* Address `index` of a list of bind_settings. */
static inline struct bind_settings *test_config_bind(struct list *binds, unsigned index)
{
    return container_of(test_config_member(binds, index), struct bind_settings, link);
}

static inline size_t test_config_length(const struct list *list)
{
    size_t count = 0;
    for (const struct list *link = list->next; link != list; link = link->next) {
        count++;
    }
    return count;
}

/* A reader for functions that a handler would call; its messages are in reader->error. */
static inline void test_config_reader(struct test_config *test, struct config_reader *reader)
{
    memset(reader, 0, sizeof(*reader));
    reader->configuration = &test->configuration;
    reader->input = &test->input;
    reader->account = &test->account;
    reader->file = "t.cfg";
    reader->line = 1;
    reader->section_name = "";
    reader->section_label = "";
    reader->error = text_over(reader->error_bytes, sizeof(reader->error_bytes));
    reader->warning = text_over(reader->warning_bytes, sizeof(reader->warning_bytes));
}

/* A text and all that is said of it. */
struct test_config_case {
    const char *text;
    const char *messages; /* with "A " alerts, "W " warnings, "N " notices, "D " diagnostics */
};

/* Loads each text, with `before` in front of it, and compares the messages. */
static inline void test_config_cases(const char *before, const struct test_config_case *cases,
                                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[TEST_CONFIG_MESSAGES_SIZE];
        struct test_config *test = test_config_open();
        bool has_alert =
            strncmp(cases[i].messages, "A ", 2) == 0 || strstr(cases[i].messages, "\nA ") != NULL;
        test->shows_diagnostics = true;
        snprintf(text, sizeof(text), "%s%s", before, cases[i].text);
        enum result result = test_config_load(test, text);
        if (strcmp(test->messages.data, cases[i].messages) != 0) {
            print_error("text:\n%s\n", cases[i].text);
        }
        assert_string_equal(test->messages.data, cases[i].messages);
        assert_int_equal(result, has_alert ? RESULT_INVALID : RESULT_OK);
        test_config_close(test);
    }
}

#define TEST_CONFIG_CASES(before, cases) \
    test_config_cases(before, cases, sizeof(cases) / sizeof((cases)[0]))

/* `text` loads, without warnings. */
static inline void assert_loads(const char *text)
{
    struct test_config *test = test_config_accepted(text);
    if (test->warnings != 0) {
        fail_msg("warnings for:\n%s\n%s", text, test->bytes);
    }
    test_config_close(test);
}

/* `text` is refused with a message that has `part` in it. */
static inline void assert_fails(const char *text, const char *part)
{
    struct test_config *test = test_config_open();
    enum result result = test_config_load(test, text);
    if (result != RESULT_INVALID || test->alerts == 0 || strstr(test->bytes, part) == NULL) {
        fail_msg("result %d, wanted '%s' for:\n%s\n%s", (int)result, part, text, test->bytes);
    }
    test_config_close(test);
}

/* `text` loads, with a warning or another message that has `part` in it. */
static inline void assert_warns(const char *text, const char *part)
{
    struct test_config *test = test_config_accepted(text);
    if (strstr(test->bytes, part) == NULL) {
        fail_msg("wanted '%s' for:\n%s\n%s", part, text, test->bytes);
    }
    test_config_close(test);
}

/* A line that is wrong, and a part of what is said. */
struct test_config_bad {
    const char *line;
    const char *part;
};

/* Each line behind `before` is refused with its message. */
static inline void test_config_lines_fail(const char *before, const struct test_config_bad *rows,
                                          size_t count)
{
    char text[TEST_CONFIG_MESSAGES_SIZE];
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "%s%s\n", before, rows[i].line);
        assert_fails(text, rows[i].part);
    }
}

#define assert_lines_fail(before, rows) \
    test_config_lines_fail(before, rows, sizeof(rows) / sizeof((rows)[0]))

/*
 * Loads the text again and again and refuses its first, second, third allocation and so on: each
 * time the load is refused, it is said why, and nothing is left. But for `harmless` of them, which
 * the load can do without.
 */
static inline void test_config_faults_but(const char *text, unsigned harmless)
{
    bool is_done = false;
    for (uint64_t nth = 1; !is_done; nth++) {
        struct test_config *test = test_config_open();
        fault_fail_nth(test->memory, nth, 0);
        enum result result = test_config_load(test, text);
        is_done = fault_failed(test->memory) == 0;
        fault_fail_nth(test->memory, 0, 0);
        bool is_told = result != RESULT_OK && strstr(test->bytes, "out of memory") != NULL;
        bool is_harmless = result == RESULT_OK && test->alerts == 0 && (is_done || harmless > 0);
        if (!is_told && !is_harmless) {
            fail_msg("allocation %u of:\n%s\nresult %d, messages:\n%s", (unsigned)nth, text,
                     (int)result, test->bytes);
        }
        harmless -= is_harmless && !is_done ? 1 : 0;
        test_config_close(test);
    }
    assert_int_equal(harmless, 0);
}

static inline void test_config_faults(const char *text)
{
    test_config_faults_but(text, 0);
}

/* Five lines that leave nothing to be warned of. */
#define TEST_CONFIG_DEFAULTS  \
    "defaults\n"              \
    "    mode http\n"         \
    "    timeout client 5s\n" \
    "    timeout server 5s\n" \
    "    timeout connect 5s\n"

#endif
