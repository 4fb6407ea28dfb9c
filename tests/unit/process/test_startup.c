/* SPDX-License-Identifier: Apache-2.0 */
/* An instance from its configuration to its end: every step, what stops it, and what is left. */
#include <signal.h>

#include "support/instance.h"

static const char FULL[] =
    "global\n    stats socket unix@admin.sock\n    log stdout format raw local0\n    node here\n"
    "    maxconn 100\nring r\n    size 32768\n"
    "defaults\n    mode http\n    log global\n    timeout client 5s\n    timeout server 5s\n"
    "    timeout connect 5s\n"
    "frontend f\n    bind unix@s.sock\n    use_backend b if { be_conn(b) gt 1 }\n"
    "    default_backend b\n"
    "backend b\n    server s unix@origin.sock track c/t\n    balance leastconn\n"
    "backend c\n    server t unix@origin.sock check\n";

static void it_starts_and_ends(void **state)
{
    (void)state;
    struct test_instance *test = test_instance_open(FULL);
    struct instance *instance = &test->instance;
    enum result loaded = instance_load(instance, &test->line, &test->report);
    enum result built = loaded == RESULT_OK ? instance_build(instance) : loaded;
    bool has_listeners = built == RESULT_OK && instance_has_listeners(instance);
    int early = test_client_connect("s.sock");
    enum result started = built == RESULT_OK ? instance_start(instance) : built;
    struct process_facts facts = instance->facts;
    int client = test_client_connect("s.sock");
    int admin = test_client_connect("admin.sock");
    char answer[64] = "";
    if (started == RESULT_OK) {
        test_instance_turn(test);
        assert_int_equal(send(admin, "show version\n", 13, MSG_NOSIGNAL), 13);
        test_instance_turn(test);
        (void)!read(admin, answer, sizeof(answer) - 1);
        raise(SIGTERM);
    }
    int status = started == RESULT_OK ? instance_run(instance) : -1;
    test_instance_stop(test);
    close(client);
    close(admin);
    assert_string_equal(test->output.error, "");
    assert_int_equal(started, RESULT_OK);
    assert_int_equal(status, 0);
    assert_true(has_listeners);
    assert_int_equal(early, -1);
    assert_true(client >= 0);
    assert_string_equal(answer, WEIR_VERSION "\n\n");
    assert_int_equal(facts.maxconn, 100);
    assert_int_equal(facts.maxconn_hard, 100);
    assert_int_equal(facts.pid, getpid());
    assert_string_equal(facts.version, WEIR_VERSION);
    assert_true(facts.started_wall_us > 0);
    assert_int_equal(test_client_connect("s.sock"), -1);
    test_instance_close(test);
}

/* -n, -p, -D against the file; -d and -db keep it in the foreground. */
static void the_command_line_wins(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct test_instance *test = test_instance_open(
            i == 3 ? "frontend f\n    bind unix@s.sock\n    timeout client 1s\n"
                   : "global\n    daemon\n    maxconn 5\n    pidfile a.pid\n"
                     "frontend f\n    bind unix@s.sock\n    timeout client 1s\n");
        test->line.foreground = i == 1;
        test->line.debug = i == 2;
        test->line.maxconn = i == 0 ? 0 : 7;
        test->line.pidfile = i == 0 ? NULL : "b.pid";
        test->line.no_splice = i == 1;
        enum result result = instance_load(&test->instance, &test->line, &test->report);
        struct global_settings global = test->instance.configuration.global;
        bool has_pidfile = result == RESULT_OK && global.pidfile != NULL &&
                           strcmp(global.pidfile, i == 0 ? "a.pid" : "b.pid") == 0;
        test_instance_stop(test);
        assert_int_equal(result, RESULT_OK);
        assert_int_equal(global.daemon, i == 0);
        assert_int_equal(global.maxconn, i == 0 ? 5 : 7);
        assert_int_equal(global.no_splice, i == 1);
        assert_true(has_pidfile);
        test_instance_close(test);
    }
}

/* A configuration that does not start: where it stops, and what is said. */
struct bad_start {
    const char *text;
    enum { AT_LOAD, AT_BUILD, AT_START } step;
    const char *message;
};

static void what_stops_a_start_is_told(void **state)
{
    static const struct bad_start ROWS[] = {
        {"nonsense\n", AT_LOAD, " : config : parsing [t.cfg:1]: unknown keyword 'nonsense'"},
        {"frontend f\n    bind unix@s.sock ssl crt t.cfg\n    timeout client 1s\n", AT_BUILD,
         " : config : Proxy 'f' [t.cfg:1]: "},
        {"global\n    log ring@none local0\nfrontend f\n    bind unix@s.sock\n"
         "    timeout client 1s\n",
         AT_LOAD, "log target uses unknown ring named 'none'."},
        {"frontend f\n    bind unix@/none/s.sock\n    timeout client 1s\n", AT_START,
         " : Binding [t.cfg:1] for frontend f: "},
        {"listen l\n    bind unix@/none/s.sock\n    timeout client 1s\n", AT_START,
         " : Binding [t.cfg:1] for proxy l: "},
        {"global\n    stats socket unix@/none/s.sock\nfrontend f\n    bind unix@s.sock\n"
         "    timeout client 1s\n",
         AT_START, " : stats socket: "},
        {"global\n    chroot /none\nfrontend f\n    bind unix@s.sock\n    timeout client 1s\n",
         AT_START, " : Cannot chroot to '/none': "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct bad_start *row = &ROWS[i];
        struct test_instance *test = test_instance_open(row->text);
        struct instance *instance = &test->instance;
        enum result results[] = {RESULT_OK, RESULT_OK, RESULT_OK};
        results[AT_LOAD] = instance_load(instance, &test->line, &test->report);
        if (results[AT_LOAD] == RESULT_OK) {
            results[AT_BUILD] = instance_build(instance);
        }
        if (results[AT_LOAD] == RESULT_OK && results[AT_BUILD] == RESULT_OK) {
            results[AT_START] = instance_start(instance);
        }
        test_instance_stop(test);
        for (int step = AT_LOAD; step <= AT_START; step++) {
            assert_int_equal(results[step] != RESULT_OK, step == (int)row->step);
        }
        if (strstr(test->output.error, row->message) == NULL) {
            fail_msg("wanted '%s' in:\n%s", row->message, test->output.error);
        }
        assert_true(test->report.alerts > 0);
        test_instance_close(test);
    }
}

/* A backend alone listens to nothing. */
static void backends_do_not_listen(void **state)
{
    (void)state;
    struct test_instance *test = test_instance_open("backend b\n");
    enum result result = instance_load(&test->instance, &test->line, &test->report);
    result = result == RESULT_OK ? instance_build(&test->instance) : result;
    bool has_listeners = instance_has_listeners(&test->instance);
    test_instance_stop(test);
    assert_int_equal(result, RESULT_OK);
    assert_false(has_listeners);
    test_instance_close(test);
}

/* Under -m 1 not even an idle process fits, which is said and not died of. */
static void a_small_limit_is_told(void **state)
{
    (void)state;
    struct test_instance *test = test_instance_open(FULL);
    test->line.memory_mib = 1;
    enum result result = test_instance_start(test);
    test_instance_stop(test);
    assert_int_not_equal(result, RESULT_OK);
    assert_true(test->report.alerts > 0);
    assert_non_null(strstr(test->output.error, "memory"));
    test_instance_close(test);
}

/* Each allocation of building and starting refused in turn: told, or done without, never a leak. */
static void refused_memory_is_told(void **state)
{
    enum { HARMLESS_MAX = 8 };
    (void)state;
    bool is_done = false;
    unsigned harmless = 0;
    uint64_t nth = 0;
    while (!is_done) {
        struct test_instance *test = test_instance_open(FULL);
        enum result result = instance_load(&test->instance, &test->line, &test->report);
        fault_fail_nth(test->instance.memory, ++nth, 0);
        result = result == RESULT_OK ? instance_build(&test->instance) : result;
        result = result == RESULT_OK ? instance_start(&test->instance) : result;
        is_done = fault_failed(test->instance.memory) == 0;
        fault_fail_nth(test->instance.memory, 0, 0);
        test_instance_stop(test);
        if (result != RESULT_OK && test->report.alerts == 0) {
            fail_msg("allocation %u: nothing is said", (unsigned)nth);
        }
        harmless += !is_done && result == RESULT_OK ? 1 : 0;
        test_instance_close(test);
    }
    assert_true(nth > 20);
    assert_in_range(harmless, 0, HARMLESS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_starts_and_ends),         cmocka_unit_test(the_command_line_wins),
        cmocka_unit_test(what_stops_a_start_is_told), cmocka_unit_test(backends_do_not_listen),
        cmocka_unit_test(a_small_limit_is_told),      cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
