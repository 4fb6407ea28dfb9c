/* SPDX-License-Identifier: Apache-2.0 */
/* Log targets: none, several, global ones, one that cannot be opened; tags and levels. */
#include "proxy/logs.h"

#include "memory/fault.h"
#include "support/site.h"

static struct log_settings to_descriptor(int fd, enum syslog_level level_max)
{
    struct log_settings settings;
    memset(&settings, 0, sizeof(settings));
    list_init(&settings.link);
    log_sink_options_init(&settings.sink);
    settings.sink.kind = LOG_TARGET_DESCRIPTOR;
    settings.sink.fd = fd;
    settings.sink.format = SYSLOG_FORMAT_SHORT;
    settings.sink.level_max = level_max;
    return settings;
}

static const char *text_of(int fd)
{
    static char bytes[SITE_TEXT_BYTES];
    ssize_t count = pread(fd, bytes, sizeof(bytes) - 1, 0);
    bytes[count < 0 ? 0 : count] = '\0';
    return bytes;
}

static void test_no_target(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    struct list none;
    list_init(&none);
    struct log_target *targets = (void *)&site;
    unsigned count = 9;
    size_t used = site.worker.account.used;
    assert_int_equal(logs_open(&site.worker, &none, &targets, &count, &site.error), RESULT_OK);
    assert_null(targets);
    assert_int_equal(count, 0);
    assert_int_equal(site.worker.account.used, used);
    logs_close(&site.worker, targets, count);
    site_close(&site);
}

/* The second of three has no ring: what was opened is closed, nothing is kept. */
static void test_one_that_cannot_be_opened(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    struct log_settings lines[3];
    struct list list;
    list_init(&list);
    for (unsigned i = 0; i < 3; i++) {
        lines[i] = to_descriptor(site.log_fd, SYSLOG_DEBUG);
        list_append(&list, &lines[i].link);
    }
    lines[1].sink.kind = LOG_TARGET_RING;
    lines[1].sink.ring_name = "nowhere";
    struct log_target *targets = NULL;
    unsigned count = 9;
    size_t used = site.worker.account.used;
    assert_int_equal(logs_open(&site.worker, &list, &targets, &count, &site.error),
                     RESULT_NOT_FOUND);
    assert_non_null(strstr(site.error_bytes, "nowhere"));
    assert_null(targets);
    assert_int_equal(count, 0);
    assert_int_equal(site.worker.account.used, used);
    site_close(&site);
}

static void test_refused_memory(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    for (unsigned nth = 1; nth <= 2; nth++) { /* the array, then the sink */
        struct log_target *targets = NULL;
        unsigned count = 0;
        fault_fail_nth(site.base.memory, nth, 0);
        assert_int_equal(logs_open(&site.worker, &site.front.logs, &targets, &count, &site.error),
                         RESULT_NO_MEMORY);
        assert_null(targets);
        assert_int_equal(count, 0);
    }
    fault_fail_nth(site.base.memory, 0, 0);
    site_close(&site);
}

/* A proxy's own lines and, with `log global`, the global ones; each with its own levels. */
static void test_own_and_global_targets(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    int loud = memfd_create("loud", MFD_CLOEXEC);
    int quiet = memfd_create("quiet", MFD_CLOEXEC);
    struct log_settings lines[] = {to_descriptor(loud, SYSLOG_DEBUG),
                                   to_descriptor(quiet, SYSLOG_WARNING)};
    struct list global;
    list_init(&global);
    list_append(&global, &lines[0].link);
    list_append(&global, &lines[1].link);
    assert_int_equal(logs_open(&site.worker, &global, &site.worker.global_logs,
                               &site.worker.global_logs_count, &site.error),
                     RESULT_OK);
    site.back.log_global = true;
    site_start(&site);
    logs_write(site.frontend, SYSLOG_INFO, SLICE("one"));
    assert_string_equal(site_log(&site), "<6>one\n");
    assert_string_equal(text_of(loud), "");
    logs_write(site.backend, SYSLOG_INFO, SLICE("two"));
    logs_write(site.backend, SYSLOG_WARNING, SLICE("three"));
    logs_write_global(&site.worker, SYSLOG_ALERT, SLICE("four"));
    assert_string_equal(site_log(&site), "<6>one\n");
    assert_string_equal(text_of(loud), "<6>two\n<4>three\n<1>four\n");
    assert_string_equal(text_of(quiet), "<4>three\n<1>four\n");
    site_close(&site);
    close(loud);
    close(quiet);
}

/* The proxy's log-tag, else the global one, else HAProxy's. */
static void test_tags(void **state)
{
    (void)state;
    static const struct {
        const char *own, *global, *line;
    } CASES[] = {
        {NULL, NULL, " haproxy["},
        {NULL, "edge", " edge["},
        {"mine", "edge", " mine["},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        site_open(&site);
        site.log.sink.format = SYSLOG_FORMAT_LOCAL;
        site.front.log_tag = CASES[i].own;
        site.configuration.global.log_tag = CASES[i].global;
        site_start(&site);
        logs_write(site.frontend, SYSLOG_INFO, SLICE("text"));
        assert_non_null(strstr(site_log(&site), CASES[i].line));
        site_close(&site);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_target),      cmocka_unit_test(test_one_that_cannot_be_opened),
        cmocka_unit_test(test_refused_memory), cmocka_unit_test(test_own_and_global_targets),
        cmocka_unit_test(test_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
