/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of a running instance: how it stops, what it dumps, logs and pauses, old processes. */
#include "process/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "proxy/proxy.h"
#include "support/instance.h"

static const char TEXT[] =
    "global\n    log \"${WEIR_T_FOLDER}/log.sock\" format raw local0\n    hard-stop-after 50ms\n"
    "defaults\n    mode http\n    timeout client 60s\n"
    "    timeout server 5s\n    timeout connect 5s\n"
    "frontend f\n    bind unix@s.sock\n    default_backend b\n"
    "backend b\n    server s unix@origin.sock\n"
    "    server t unix@origin.sock backup\n";

/* A started instance, with a socket that takes its log. */
struct fixture {
    struct test_instance *test;
    int log;
    enum result started;
};

static int setup(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "log.sock"};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->test = test_instance_open(TEXT);
    fixture->log = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)!bind(fixture->log, (const struct sockaddr *)&address, sizeof(address));
    setenv("WEIR_T_FOLDER", fixture->test->folder.path, 1);
    fixture->started = test_instance_start(fixture->test);
    if (fixture->started != RESULT_OK) {
        test_instance_stop(fixture->test);
        print_error("%s", fixture->test->output.error);
    }
    *state = fixture;
    return fixture->started == RESULT_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    close(fixture->log);
    test_instance_close(fixture->test);
    free(fixture);
    return 0;
}

/* The proxy called `name`. */
static struct proxy *find_proxy(struct fixture *fixture, const char *name)
{
    LIST_EACH(link, &fixture->test->instance.worker.proxies) {
        struct proxy *proxy = container_of(link, struct proxy, link);
        if (strcmp(proxy->settings->name, name) == 0) {
            return proxy;
        }
    }
    return NULL;
}

static void signal_and_turn(struct fixture *fixture, int number)
{
    raise(number);
    test_instance_turn(fixture->test);
}

/* Both end the loop at once, whoever is connected. */
static void termination_is_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct instance *instance = &fixture->test->instance;
    int client = test_client_connect("s.sock");
    test_instance_turn(fixture->test);
    raise(SIGTERM);
    int first = instance_run(instance);
    raise(SIGINT);
    int second = instance_run(instance);
    bool is_soft = instance->is_soft_stopping;
    test_instance_stop(fixture->test);
    close(client);
    assert_int_equal(fixture->started, RESULT_OK);
    assert_true(client >= 0);
    assert_int_equal(first, 0);
    assert_int_equal(second, 0);
    assert_false(is_soft);
    assert_string_equal(fixture->test->output.error, "");
}

/* Nobody is connected: the loop ends by itself; a second signal changes nothing. */
static void a_soft_stop_without_clients_ends(void **state)
{
    struct fixture *fixture = *state;
    struct instance *instance = &fixture->test->instance;
    raise(SIGUSR1);
    raise(SIGUSR1);
    int status = instance_run(instance);
    bool is_soft = instance->is_soft_stopping;
    int late = test_client_connect("s.sock");
    test_instance_stop(fixture->test);
    assert_int_equal(fixture->started, RESULT_OK);
    assert_int_equal(status, 0);
    assert_true(is_soft);
    assert_int_equal(late, -1);
    const char *error = fixture->test->output.error;
    const char *told = strstr(error, " : Proxy f stopped (cumulated conns: FE: 0, BE: 0).\n");
    assert_non_null(told);
    assert_non_null(strstr(error, " : Proxy b stopped (cumulated conns: FE: 0, BE: 0).\n"));
    assert_null(strstr(told + strlen(" : Proxy"), "Proxy f stopped"));
    assert_null(strstr(error, "hard-stop"));
}

/* A client in the middle of its request holds it up until hard-stop-after. */
static void a_soft_stop_has_a_limit(void **state)
{
    struct fixture *fixture = *state;
    struct instance *instance = &fixture->test->instance;
    static const char PART[] = "GET / HTTP/1.1\r\nHost: a\r\n";
    int client = test_client_connect("s.sock");
    (void)!send(client, PART, sizeof(PART) - 1, MSG_NOSIGNAL);
    test_instance_turn(fixture->test);
    uint64_t before_ms = event_now_ms(instance->loop);
    raise(SIGUSR1);
    int status = instance_run(instance);
    uint64_t took_ms = event_now_ms(instance->loop) - before_ms;
    test_instance_stop(fixture->test);
    close(client);
    assert_int_equal(status, 0);
    assert_in_range(took_ms, 45, 5000);
    assert_non_null(strstr(fixture->test->output.error,
                           " : Proxy f stopped (cumulated conns: FE: 1, BE: 0).\n"));
    assert_non_null(strstr(fixture->test->output.error,
                           " : soft-stop running for too long, performing a hard-stop.\n"));
}

static void pools_are_dumped(void **state)
{
    struct fixture *fixture = *state;
    signal_and_turn(fixture, SIGQUIT);
    test_instance_stop(fixture->test);
    const char *error = fixture->test->output.error;
    assert_non_null(strstr(error, "Dumping pools usage."));
    assert_non_null(strstr(error, "  - Pool "));
    assert_non_null(strstr(error, "Total: "));
}

/* One line a proxy, to the global log. */
static void the_state_is_logged(void **state)
{
    enum { LINES = 2 };
    static const char *const EXPECTED[LINES] = {
        "SIGHUP: Proxy f has 0 active servers and 0 backup servers available. Conn: 0 act, 0 pend, "
        "0 tot.",
        "SIGHUP: Proxy b has 1 active servers and 1 backup servers available. Conn: 0 act, 0 pend, "
        "0 tot.",
    };
    struct fixture *fixture = *state;
    char lines[LINES][256] = {"", ""};
    signal_and_turn(fixture, SIGHUP);
    for (int i = 0; i < LINES; i++) {
        struct pollfd readable = {.fd = fixture->log, .events = POLLIN};
        for (int turn = 0; turn < 50 && poll(&readable, 1, 20) == 0; turn++) {
            test_instance_turn(fixture->test);
        }
        (void)!recv(fixture->log, lines[i], sizeof(lines[i]) - 1, 0);
    }
    test_instance_stop(fixture->test);
    for (int i = 0; i < LINES; i++) {
        lines[i][strcspn(lines[i], "\n")] = '\0';
        assert_string_equal(lines[i], EXPECTED[i]);
    }
}

static void proxies_are_paused_and_resumed(void **state)
{
    struct fixture *fixture = *state;
    struct proxy *proxy = find_proxy(fixture, "f");
    enum { STEPS = 4 };
    static const int SIGNALS[STEPS] = {SIGTTOU, SIGTTOU, SIGTTIN, SIGTTIN};
    int states[STEPS] = {0};
    bool held[STEPS] = {false};
    for (int i = 0; i < STEPS && proxy != NULL; i++) {
        signal_and_turn(fixture, SIGNALS[i]);
        states[i] = (int)proxy->state;
        held[i] = proxy->is_held;
    }
    test_instance_stop(fixture->test);
    assert_non_null(proxy);
    for (int i = 0; i < STEPS; i++) {
        assert_int_equal(states[i], i < 2 ? PROXY_PAUSED : PROXY_READY);
        assert_int_equal(held[i], i < 2);
    }
}

/* Behind signals_stop nothing is watched, and it may be called again. */
static void watching_ends(void **state)
{
    struct fixture *fixture = *state;
    struct instance *instance = &fixture->test->instance;
    unsigned before = instance->signals_count;
    signals_stop(instance);
    unsigned after = instance->signals_count;
    signals_stop(instance);
    void (*old)(int) = signal(SIGUSR1, SIG_IGN);
    signal_and_turn(fixture, SIGUSR1);
    signal(SIGUSR1, old);
    bool is_soft = instance->is_soft_stopping;
    test_instance_stop(fixture->test);
    assert_int_equal(before, 7);
    assert_int_equal(after, 0);
    assert_false(is_soft);
}

/* -sf asks, -st orders. */
static void old_processes_are_told(void **state)
{
    enum { OLD = 2, SIGNALLED = 1000 };
    (void)state;
    for (int finishes = 0; finishes < 2; finishes++) {
        struct command_line line = {.finish_old = finishes != 0, .old_pids_count = OLD};
        struct instance instance = {.line = &line};
        for (int i = 0; i < OLD; i++) {
            pid_t pid = fork();
            if (pid == 0) {
                for (;;) {
                    pause();
                }
            }
            line.old_pids[i] = pid;
        }
        signals_tell_old_processes(&instance);
        for (int i = 0; i < OLD; i++) {
            assert_int_equal(test_child_wait(line.old_pids[i]),
                             SIGNALLED + (finishes != 0 ? SIGUSR1 : SIGTERM));
        }
    }
}

#define WITH_FIXTURE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(termination_is_at_once),  WITH_FIXTURE(a_soft_stop_without_clients_ends),
        WITH_FIXTURE(a_soft_stop_has_a_limit), WITH_FIXTURE(pools_are_dumped),
        WITH_FIXTURE(the_state_is_logged),     WITH_FIXTURE(proxies_are_paused_and_resumed),
        WITH_FIXTURE(watching_ends),           cmocka_unit_test(old_processes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
