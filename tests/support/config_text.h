/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations for tests: a text is written to a file and loaded with every table of rules; what
 * is reported is collected. Each load has a governor of its own, and nothing may be left in it.
 */
#ifndef WEIR_TESTS_SUPPORT_CONFIG_TEXT_H
#define WEIR_TESTS_SUPPORT_CONFIG_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "config/config.h"
#include "config/keyword.h"
#include "rules/actions.h"
#include "rules/converter.h"
#include "rules/fetch.h"
#include "support/memory.h"

enum { TEST_CONFIG_MESSAGES = 65536 };

/* A configuration that was loaded, or refused. */
struct test_config {
    struct memory *memory;
    struct account account;
    struct configuration configuration;
    struct config_report report;
    struct config_input input;
    enum result result;
    char path[64];
    const char *paths[1];
    unsigned alerts, warnings, notices, diagnostics;
    struct text messages; /* one a line */
    char bytes[TEST_CONFIG_MESSAGES];
};

static inline const struct rule_registry *test_config_registry(void)
{
    static const struct sample_fetch *const fetches[] = {
        fetches_internal, fetches_connection, fetches_tls,
        fetches_content,  fetches_http,       fetches_cookie,
        fetches_stream,   fetches_logic,      NULL};
    static const struct sample_converter *const converters[] = {
        converters_integer, converters_text,    converters_encoding,
        converters_hash,    converters_address, converters_time,
        converters_logic,   converters_map,     NULL};
    static const struct action_ops *const actions[] = {ACTIONS_FLOW,
                                                       ACTIONS_REDIRECT,
                                                       ACTIONS_HEADER,
                                                       ACTIONS_URI,
                                                       ACTIONS_NORMALIZE,
                                                       ACTIONS_STREAM,
                                                       ACTIONS_ADDRESS,
                                                       ACTIONS_VARIABLE,
                                                       ACTIONS_MAP,
                                                       ACTIONS_CAPTURE,
                                                       NULL};
    static const char *const services[] = {NULL};
    static const struct rule_registry registry = {
        .fetches = fetches, .converters = converters, .actions = actions, .services = services};
    return &registry;
}

static inline void test_config_collect(void *argument, enum report_severity severity,
                                       const char *message)
{
    struct test_config *test = argument;
    switch (severity) {
    case REPORT_NOTICE:
        test->notices++;
        break;
    case REPORT_WARNING:
        test->warnings++;
        break;
    case REPORT_ALERT:
        test->alerts++;
        break;
    case REPORT_DIAGNOSTIC:
        test->diagnostics++;
        break;
    }
    text_append_format(&test->messages, "%s\n", message);
}

/* A configuration before any file is read; test_config_close ends it. */
static inline void test_config_open(struct test_config *test)
{
    memset(test, 0, sizeof(*test));
    test->memory = test_memory_limited(0);
    account_init(&test->account, memory_ledger(test->memory, 0), ACCOUNT_CONFIGURATION, 0);
    test->messages = text_over(test->bytes, sizeof(test->bytes));
    test->report = (struct config_report){.write = test_config_collect, .argument = test};
    test->input = (struct config_input){.registry = test_config_registry(),
                                        .report = &test->report,
                                        .version = "0.0.0",
                                        .local_peer = "here"};
    configuration_init(&test->configuration, &test->account);
}

/* Loads `text` from a file that is gone afterwards. */
static inline enum result test_config_read(struct test_config *test, const char *text)
{
    snprintf(test->path, sizeof(test->path), "/tmp/weir-test-config-XXXXXX");
    int fd = mkstemp(test->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    test->paths[0] = test->path;
    test->input.paths = test->paths;
    test->input.paths_count = 1;
    test->result = configuration_load(&test->configuration, &test->input);
    unlink(test->path);
    return test->result;
}

static inline void test_config_close(struct test_config *test)
{
    configuration_destroy(&test->configuration);
    account_deinit(&test->account);
    test_memory_close(test->memory);
}

/* A reader for functions that a handler would call; its messages are in reader->error. */
static inline void test_config_reader(struct test_config *test, struct config_reader *reader)
{
    memset(reader, 0, sizeof(*reader));
    reader->configuration = &test->configuration;
    reader->input = &test->input;
    reader->account = &test->account;
    reader->file = "test.cfg";
    reader->line = 1;
    reader->section_name = "";
    reader->section_label = "";
    reader->error = text_over(reader->error_bytes, sizeof(reader->error_bytes));
    reader->warning = text_over(reader->warning_bytes, sizeof(reader->warning_bytes));
}

/* The proxy `name`, which must be there. */
static inline struct proxy_settings *test_config_proxy(struct test_config *test, const char *name)
{
    LIST_EACH(link, &test->configuration.proxies) {
        struct proxy_settings *proxy = container_of(link, struct proxy_settings, link);
        if (strcmp(proxy->name, name) == 0) {
            return proxy;
        }
    }
    fail_msg("no proxy '%s'", name);
    return NULL;
}

/* The server at `position` of a proxy, counted from 0. */
static inline struct server_settings *test_config_server(struct proxy_settings *proxy,
                                                         unsigned position)
{
    LIST_EACH(link, &proxy->servers) {
        if (position-- == 0) {
            return container_of(link, struct server_settings, link);
        }
    }
    fail_msg("no such server in '%s'", proxy->name);
    return NULL;
}

/* The address at `position` of a list of bind_settings, counted from 0. */
static inline struct bind_settings *test_config_bind(struct list *binds, unsigned position)
{
    LIST_EACH(link, binds) {
        if (position-- == 0) {
            return container_of(link, struct bind_settings, link);
        }
    }
    fail_msg("no such bind");
    return NULL;
}

static inline size_t test_config_length(const struct list *list)
{
    size_t count = 0;
    for (const struct list *link = list->next; link != list; link = link->next) {
        count++;
    }
    return count;
}

/* Loads `text`, which must be without an alert. */
static inline void test_config_load(struct test_config *test, const char *text)
{
    test_config_open(test);
    if (test_config_read(test, text) != RESULT_OK || test->alerts != 0) {
        fail_msg("refused:\n%s\n%s", text, test->bytes);
    }
}

/* `text` loads, without warnings. */
static inline void assert_loads(const char *text)
{
    struct test_config *test = calloc(1, sizeof(*test));
    assert_non_null(test);
    test_config_load(test, text);
    if (test->warnings != 0) {
        fail_msg("warnings for:\n%s\n%s", text, test->bytes);
    }
    test_config_close(test);
    free(test);
}

/* `text` is refused with a message that has `part` in it. */
static inline void assert_fails(const char *text, const char *part)
{
    struct test_config *test = calloc(1, sizeof(*test));
    assert_non_null(test);
    test_config_open(test);
    enum result result = test_config_read(test, text);
    if (result != RESULT_INVALID || test->alerts == 0 || strstr(test->bytes, part) == NULL) {
        fail_msg("result %d, wanted '%s' for:\n%s\n%s", (int)result, part, text, test->bytes);
    }
    test_config_close(test);
    free(test);
}

/* `text` loads, with a warning or another message that has `part` in it. */
static inline void assert_warns(const char *text, const char *part)
{
    struct test_config *test = calloc(1, sizeof(*test));
    assert_non_null(test);
    test_config_load(test, text);
    if (strstr(test->bytes, part) == NULL) {
        fail_msg("wanted '%s' for:\n%s\n%s", part, text, test->bytes);
    }
    test_config_close(test);
    free(test);
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
    char text[4096];
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "%s%s\n", before, rows[i].line);
        assert_fails(text, rows[i].part);
    }
}
#define assert_lines_fail(before, rows) \
    test_config_lines_fail(before, rows, sizeof(rows) / sizeof((rows)[0]))

#endif
