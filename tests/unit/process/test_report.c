/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the process: what is shown and counted, the version in front of the first alert. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/report.h"

static char shown[8192];

/* Sends standard error into a file; returns the old one. */
static int begin_capture(FILE **file)
{
    *file = tmpfile();
    assert_non_null(*file);
    fflush(stderr);
    int old = dup(STDERR_FILENO);
    assert_true(old >= 0);
    assert_true(dup2(fileno(*file), STDERR_FILENO) >= 0);
    return old;
}

/* What was written goes to `shown`. */
static void end_capture(FILE *file, int old)
{
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
    rewind(file);
    shown[fread(shown, 1, sizeof(shown) - 1, file)] = '\0';
    fclose(file);
}

static void severities_have_prefixes(void **state)
{
    struct report report;
    FILE *file = NULL;
    char expected[64];
    (void)state;
    report_init(&report);
    int old = begin_capture(&file);
    report_write(&report, REPORT_WARNING, "careful with %d", 5);
    report_write(&report, REPORT_NOTICE, "note");
    report_write(&report, REPORT_DIAGNOSTIC, "hidden");
    end_capture(file, old);
    snprintf(expected, sizeof(expected), "[WARNING]  (%d) : careful with 5\n", (int)getpid());
    assert_non_null(strstr(shown, expected));
    snprintf(expected, sizeof(expected), "[NOTICE]   (%d) : note\n", (int)getpid());
    assert_non_null(strstr(shown, expected));
    assert_null(strstr(shown, "hidden"));
    assert_int_equal(report.warnings, 1);
    assert_int_equal(report.alerts, 0);
    assert_string_equal(report.log.data, shown);
}

static void the_version_is_shown_once(void **state)
{
    struct report report;
    FILE *file = NULL;
    (void)state;
    report_init(&report);
    int old = begin_capture(&file);
    report_write(&report, REPORT_ALERT, "first");
    report.config.write(report.config.argument, REPORT_ALERT, "second");
    end_capture(file, old);
    const char *version = strstr(shown, "weir version is " WEIR_VERSION);
    assert_non_null(version);
    assert_true(version < strstr(shown, "first"));
    assert_null(strstr(version + 1, "weir version is"));
    assert_non_null(strstr(shown, " : config : second\n"));
    assert_int_equal(report.alerts, 2);
}

static void quiet_shows_alerts_only(void **state)
{
    struct report report;
    FILE *file = NULL;
    (void)state;
    report_init(&report);
    report.quiet = true;
    report.diagnostics = true;
    int old = begin_capture(&file);
    report_write(&report, REPORT_WARNING, "warning");
    report_write(&report, REPORT_NOTICE, "notice");
    report_write(&report, REPORT_DIAGNOSTIC, "diagnostic");
    report_write(&report, REPORT_ALERT, "wrong");
    end_capture(file, old);
    assert_null(strstr(shown, "warning"));
    assert_null(strstr(shown, "notice"));
    assert_null(strstr(shown, "diagnostic"));
    assert_non_null(strstr(shown, "wrong"));
    assert_int_equal(report.warnings, 1);
}

static void diagnostics_are_shown_when_asked(void **state)
{
    struct report report;
    FILE *file = NULL;
    (void)state;
    report_init(&report);
    report.diagnostics = true;
    int old = begin_capture(&file);
    report_write(&report, REPORT_DIAGNOSTIC, "detail");
    end_capture(file, old);
    assert_non_null(strstr(shown, "[DIAG]"));
    assert_non_null(strstr(shown, "detail"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(severities_have_prefixes),
        cmocka_unit_test(the_version_is_shown_once),
        cmocka_unit_test(quiet_shows_alerts_only),
        cmocka_unit_test(diagnostics_are_shown_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
