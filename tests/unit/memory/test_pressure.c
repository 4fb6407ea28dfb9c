/* SPDX-License-Identifier: Apache-2.0 */
/* Levels with hysteresis, announced once and both ways; waiters woken by the rule of memory_wake,
 * none forgotten. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory/pressure.h"
#include "support/death.h"
#include "support/memory.h"

#define LIMIT (64 * MEBIBYTE)
#define SET   (64 * KIBIBYTE)

/* A governor whose budget a client account fills to the byte. */
struct fixture {
    struct memory *memory;
    struct ledger *ledger;
    struct account client;
    size_t traffic_max;
};

static void set_needs(struct memory *memory)
{
    for (unsigned i = 0; i < WAIT_CLASSES; i++) {
        memory_set_need(memory, (enum wait_class)i, SET);
    }
}

static struct fixture open_fixture(void)
{
    struct memory_usage usage;
    struct fixture fixture = {.memory = test_memory_limited(LIMIT)};
    test_memory_ignore_resident(fixture.memory);
    fixture.ledger = memory_ledger(fixture.memory, 0);
    account_init(&fixture.client, fixture.ledger, ACCOUNT_CLIENT, 0);
    memory_read_usage(fixture.memory, &usage);
    fixture.traffic_max = usage.traffic_max;
    set_needs(fixture.memory);
    pressure_update(fixture.memory, 1);
    return fixture;
}

/* Makes the client hold `bytes` and nobody any surplus. */
static void hold(struct fixture *fixture, size_t bytes)
{
    account_discharge(&fixture->client, fixture->client.used);
    assert_int_equal(account_charge(&fixture->client, bytes), RESULT_OK);
    ledger_return_surplus(fixture->ledger, 0);
}

static void hold_percent(struct fixture *fixture, size_t percent)
{
    hold(fixture, fixture->traffic_max / 100 * percent + 100);
}

static void close_fixture(struct fixture *fixture)
{
    account_discharge(&fixture->client, fixture->client.used);
    test_memory_close(fixture->memory);
}

/* ---- levels ---- */

static void test_levels_rise_and_fall_with_hysteresis(void **state)
{
    (void)state;
    static const struct {
        size_t percent;
        enum pressure_level level;
    } steps[] = {
        {0, PRESSURE_CALM},   {69, PRESSURE_CALM},   {70, PRESSURE_TIGHT},  {66, PRESSURE_TIGHT},
        {64, PRESSURE_CALM},  {85, PRESSURE_SCARCE}, {81, PRESSURE_SCARCE}, {79, PRESSURE_TIGHT},
        {84, PRESSURE_TIGHT}, {95, PRESSURE_FULL},   {91, PRESSURE_FULL},   {89, PRESSURE_SCARCE},
        {10, PRESSURE_CALM},  {99, PRESSURE_FULL},   {0, PRESSURE_CALM},
    };
    struct fixture fixture = open_fixture();
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        hold_percent(&fixture, steps[i].percent);
        pressure_update(fixture.memory, i);
        assert_int_equal(pressure_level(fixture.memory), steps[i].level);
    }
    assert_int_equal(pressure_entered(fixture.memory, PRESSURE_FULL), 2);
    assert_int_equal(pressure_entered(fixture.memory, PRESSURE_CALM), 3);
    close_fixture(&fixture);
}

static void test_windows_grow_while_it_is_calm(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    assert_int_equal(pressure_window(fixture.memory, 1000), 4000);
    hold_percent(&fixture, 75);
    pressure_update(fixture.memory, 2);
    assert_int_equal(pressure_window(fixture.memory, 1000), 1000);
    close_fixture(&fixture);
}

static void test_without_a_limit_it_is_always_calm(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(0);
    struct memory_usage usage;
    struct account client;
    memory_read_usage(memory, &usage);
    if (usage.limit == 0) { /* the tests may run inside a limited group */
        account_init(&client, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
        account_charge_forced(&client, 100 * GIBIBYTE);
        pressure_update(memory, 1);
        assert_int_equal(pressure_level(memory), PRESSURE_CALM);
        account_discharge(&client, client.used);
    }
    test_memory_close(memory);
}

static void test_time_since_the_change(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    assert_int_equal(pressure_since_ms(fixture.memory, 1), 0);
    assert_int_equal(pressure_since_ms(fixture.memory, 101), 100);
    hold_percent(&fixture, 90);
    pressure_update(fixture.memory, 200);
    pressure_update(fixture.memory, 250);
    assert_int_equal(pressure_since_ms(fixture.memory, 300), 100);
    assert_int_equal(pressure_since_ms(fixture.memory, 100), 0);
    close_fixture(&fixture);
}

struct watcher {
    struct pressure_observer observer;
    unsigned calls;
    enum pressure_level from;
    enum pressure_level to;
};

static void on_level(struct pressure_observer *observer, enum pressure_level from,
                     enum pressure_level to)
{
    struct watcher *watcher = container_of(observer, struct watcher, observer);
    watcher->calls++;
    watcher->from = from;
    watcher->to = to;
}

static void test_observers_hear_each_change_once(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct watcher watcher = {.observer = {.on_level = on_level}};
    pressure_observe(fixture.memory, &watcher.observer);
    hold_percent(&fixture, 96);
    pressure_update(fixture.memory, 2);
    pressure_update(fixture.memory, 3);
    assert_int_equal(watcher.calls, 1);
    assert_int_equal(watcher.from, PRESSURE_CALM);
    assert_int_equal(watcher.to, PRESSURE_FULL);
    hold_percent(&fixture, 1);
    pressure_update(fixture.memory, 4);
    assert_int_equal(watcher.calls, 2);
    assert_int_equal(watcher.to, PRESSURE_CALM);
    close_fixture(&fixture);
}

static void test_level_names(void **state)
{
    (void)state;
    assert_string_equal(pressure_level_name(PRESSURE_CALM), "calm");
    assert_string_equal(pressure_level_name(PRESSURE_TIGHT), "tight");
    assert_string_equal(pressure_level_name(PRESSURE_SCARCE), "scarce");
    assert_string_equal(pressure_level_name(PRESSURE_FULL), "full");
    assert_string_equal(pressure_level_name(PRESSURE_LEVELS), "unknown");
}

static void test_a_worker_gives_its_slack_back_when_pressed(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct pool *pool = pool_create(fixture.memory, "thing", 1000, 0);
    void *objects[64];
    for (int i = 0; i < 64; i++) {
        objects[i] = pool_take(pool, &fixture.client);
    }
    for (int i = 0; i < 64; i++) {
        pool_release(pool, &fixture.client, objects[i]);
    }
    assert_true(test_memory_pool(fixture.memory, pool).in_caches > 0);
    hold_percent(&fixture, 90);
    pressure_update(fixture.memory, 2);
    memory_wake(fixture.ledger);
    assert_int_equal(fixture.ledger->cached, 0);
    assert_int_equal(test_memory_pool(fixture.memory, pool).allocated, 0);
    assert_int_equal(fixture.ledger->caches_max, 0);
    hold_percent(&fixture, 96);
    pressure_update(fixture.memory, 3);
    memory_wake(fixture.ledger);
    assert_int_equal(fixture.ledger->surplus_max, 0);
    hold_percent(&fixture, 1);
    pressure_update(fixture.memory, 4);
    memory_wake(fixture.ledger);
    assert_true(fixture.ledger->surplus_max > 0);
    assert_true(fixture.ledger->caches_max > 0);
    close_fixture(&fixture);
}

/* ---- waking ---- */

enum { WAITERS = 8 };

/* A waiter that notes when it was woken and may do something then. */
struct sleeper {
    struct memory_waiter waiter;
    struct fixture *fixture;
    char *record; /* a letter is appended */
    char letter;
    size_t charges; /* taken when woken */
    bool waits_again;
    bool wakes; /* calls memory_wake from inside */
    struct sleeper *cancels;
};

static void on_memory(struct memory_waiter *waiter)
{
    struct sleeper *sleeper = container_of(waiter, struct sleeper, waiter);
    const size_t length = strlen(sleeper->record);
    sleeper->record[length] = sleeper->letter;
    sleeper->record[length + 1] = '\0';
    if (sleeper->charges > 0) {
        account_charge_forced(&sleeper->fixture->client, sleeper->charges);
    }
    if (sleeper->cancels != NULL) {
        memory_wait_cancel(&sleeper->cancels->waiter);
    }
    if (sleeper->waits_again) {
        memory_wait(sleeper->fixture->ledger, WAIT_REQUEST, waiter);
    }
    if (sleeper->wakes) {
        assert_int_equal(memory_wake(sleeper->fixture->ledger), 0);
    }
}

static void add_sleeper(struct fixture *fixture, struct sleeper *sleeper,
                        enum wait_class wait_class, char letter, char *record)
{
    *sleeper = (struct sleeper){.fixture = fixture, .letter = letter, .record = record};
    memory_waiter_init(&sleeper->waiter, on_memory);
    memory_wait(fixture->ledger, wait_class, &sleeper->waiter);
}

static void test_nobody_is_woken_without_a_set(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct sleeper sleeper;
    char record[WAITERS + 1] = "";
    hold(&fixture, fixture.traffic_max - SET + 1);
    add_sleeper(&fixture, &sleeper, WAIT_EXCHANGE, 'a', record);
    assert_int_equal(memory_wake(fixture.ledger), 0);
    assert_int_equal(memory_waiting(fixture.ledger, WAIT_EXCHANGE), 1);
    account_discharge(&fixture.client, 1);
    assert_string_equal(record, "");
    assert_int_equal(memory_wake(fixture.ledger), 1);
    assert_string_equal(record, "a");
    assert_int_equal(memory_waiting(fixture.ledger, WAIT_EXCHANGE), 0);
    assert_int_equal(memory_wake(fixture.ledger), 0);
    close_fixture(&fixture);
}

static void test_order_is_by_class_then_by_arrival(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct sleeper sleepers[6];
    char record[WAITERS + 1] = "";
    add_sleeper(&fixture, &sleepers[0], WAIT_ACCEPT, 'e', record);
    add_sleeper(&fixture, &sleepers[1], WAIT_REQUEST, 'c', record);
    add_sleeper(&fixture, &sleepers[2], WAIT_EXCHANGE, 'a', record);
    add_sleeper(&fixture, &sleepers[3], WAIT_EXCHANGE, 'b', record);
    add_sleeper(&fixture, &sleepers[4], WAIT_REQUEST, 'd', record);
    add_sleeper(&fixture, &sleepers[5], WAIT_ACCEPT, 'f', record);
    assert_int_equal(memory_wake(fixture.ledger), 6);
    assert_string_equal(record, "abcdef");
    close_fixture(&fixture);
}

static void test_as_many_as_find_room_are_woken(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct sleeper sleepers[4];
    char record[WAITERS + 1] = "";
    for (int i = 0; i < 4; i++) {
        add_sleeper(&fixture, &sleepers[i], WAIT_EXCHANGE, (char)('a' + i), record);
        sleepers[i].charges = i < 2 ? SET : 0;
    }
    hold(&fixture, fixture.traffic_max - 2 * SET);
    assert_int_equal(memory_wake(fixture.ledger), 2);
    assert_string_equal(record, "ab");
    account_discharge(&fixture.client, SET);
    assert_int_equal(memory_wake(fixture.ledger), 2); /* the first of them takes nothing */
    assert_string_equal(record, "abcd");
    close_fixture(&fixture);
}

static void test_what_the_woken_take_is_not_given_twice(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct sleeper sleepers[3];
    char record[WAITERS + 1] = "";
    for (int i = 0; i < 3; i++) {
        add_sleeper(&fixture, &sleepers[i], WAIT_EXCHANGE, (char)('a' + i), record);
    }
    sleepers[0].charges = 3 * SET - 1;
    hold(&fixture, fixture.traffic_max - 3 * SET);
    assert_int_equal(memory_wake(fixture.ledger), 1);
    assert_string_equal(record, "a");
    account_discharge(&fixture.client, 3 * SET - 1);
    assert_int_equal(memory_wake(fixture.ledger), 2);
    close_fixture(&fixture);
}

static void test_whoever_waits_again_is_woken_once_a_call(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct sleeper sleepers[2];
    char record[WAITERS + 1] = "";
    add_sleeper(&fixture, &sleepers[0], WAIT_REQUEST, 'a', record);
    add_sleeper(&fixture, &sleepers[1], WAIT_REQUEST, 'b', record);
    sleepers[0].waits_again = true;
    assert_int_equal(memory_wake(fixture.ledger), 2);
    assert_string_equal(record, "ab");
    assert_int_equal(memory_wake(fixture.ledger), 1);
    assert_string_equal(record, "aba");
    memory_wait_cancel(&sleepers[0].waiter);
    close_fixture(&fixture);
}

static void test_whoever_waits_again_does_not_hold_up_lower_classes(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct sleeper sleepers[2];
    char record[WAITERS + 1] = "";
    add_sleeper(&fixture, &sleepers[0], WAIT_REQUEST, 'a', record);
    add_sleeper(&fixture, &sleepers[1], WAIT_ACCEPT, 'b', record);
    sleepers[0].waits_again = true;
    assert_int_equal(memory_wake(fixture.ledger), 2);
    assert_string_equal(record, "ab");
    memory_wait_cancel(&sleepers[0].waiter);
    close_fixture(&fixture);
}

static void test_waking_inside_a_waking_does_nothing(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct sleeper sleepers[2];
    char record[WAITERS + 1] = "";
    add_sleeper(&fixture, &sleepers[0], WAIT_REQUEST, 'a', record);
    add_sleeper(&fixture, &sleepers[1], WAIT_REQUEST, 'b', record);
    sleepers[0].wakes = true;
    assert_int_equal(memory_wake(fixture.ledger), 2);
    assert_string_equal(record, "ab");
    close_fixture(&fixture);
}

static void test_cancelled_waiters_are_not_woken(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct sleeper sleepers[3];
    char record[WAITERS + 1] = "";
    for (int i = 0; i < 3; i++) {
        add_sleeper(&fixture, &sleepers[i], WAIT_EXCHANGE, (char)('a' + i), record);
    }
    sleepers[0].cancels = &sleepers[1];
    assert_int_equal(memory_wake(fixture.ledger), 2);
    assert_string_equal(record, "ac");
    memory_wait_cancel(&sleepers[1].waiter);
    memory_wait_cancel(&sleepers[1].waiter);
    close_fixture(&fixture);
}

/* Each class is served from its own share of the budget on, and leaves the rest to those before. */
static void test_floors(void **state)
{
    (void)state;
    static const struct {
        enum wait_class wait_class;
        size_t percent; /* in use, with room */
    } rows[] = {
        {WAIT_EXCHANGE, 98}, {WAIT_STREAM, 92}, {WAIT_REQUEST, 88},
        {WAIT_WINDOW, 85},   {WAIT_ACCEPT, 83},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture fixture = open_fixture();
        struct sleeper sleeper;
        char record[WAITERS + 1] = "";
        hold_percent(&fixture, i == 0 ? 99 : rows[i].percent + 4);
        assert_int_equal(memory_has_room(fixture.ledger, rows[i].wait_class, SET), i == 0);
        hold_percent(&fixture, rows[i].percent);
        add_sleeper(&fixture, &sleeper, rows[i].wait_class, 'a', record);
        assert_true(memory_has_room(fixture.ledger, rows[i].wait_class, SET));
        assert_true(memory_can_serve(fixture.ledger, rows[i].wait_class)); /* a waiter needs SET */
        assert_int_equal(memory_waiting_up_to(fixture.ledger, rows[i].wait_class), 1);
        assert_int_equal(memory_waiting_up_to(fixture.ledger, WAIT_EXCHANGE), i == 0);
        assert_int_equal(memory_wake(fixture.ledger), 1);
        close_fixture(&fixture);
    }
}

static void test_there_is_always_room_without_a_limit(void **state)
{
    (void)state;
    struct memory *memory = test_memory_open((struct memory_options){0});
    assert_true(memory_has_room(memory_ledger(memory, 0), WAIT_ACCEPT, SIZE_MAX));
    assert_false(memory_is_limited(memory));
    test_memory_close(memory);
}

static void test_what_is_under_way_goes_on_at_full(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct sleeper sleepers[3];
    char record[WAITERS + 1] = "";
    add_sleeper(&fixture, &sleepers[0], WAIT_ACCEPT, 'x', record);
    add_sleeper(&fixture, &sleepers[1], WAIT_STREAM, 'y', record);
    add_sleeper(&fixture, &sleepers[2], WAIT_EXCHANGE, 'a', record);
    hold_percent(&fixture, 97);
    pressure_update(fixture.memory, 2);
    assert_int_equal(memory_wake(fixture.ledger), 1);
    assert_string_equal(record, "a");
    assert_int_equal(fixture.ledger->woken, 1);
    memory_wait_cancel(&sleepers[0].waiter);
    memory_wait_cancel(&sleepers[1].waiter);
    close_fixture(&fixture);
}

static void wait_twice(void *argument)
{
    struct fixture fixture = open_fixture();
    struct sleeper sleeper;
    char record[WAITERS + 1] = "";
    (void)argument;
    add_sleeper(&fixture, &sleeper, WAIT_EXCHANGE, 'a', record);
    memory_wait(fixture.ledger, WAIT_EXCHANGE, &sleeper.waiter);
}

static void test_waiting_twice_aborts(void **state)
{
    (void)state;
    assert_true(death_aborts(wait_twice, NULL, "assertion failed"));
}

/* ---- the wake hook ---- */

static void count_call(void *argument)
{
    unsigned *calls = argument;
    (*calls)++;
}

static void test_waiting_again_makes_no_circle(void **state)
{
    (void)state;
    struct fixture fixture = open_fixture();
    struct sleeper sleepers[2];
    char record[4 * WAITERS + 1] = "";
    unsigned calls = 0;
    memory_set_wake_hook(fixture.ledger, count_call, &calls);
    add_sleeper(&fixture, &sleepers[0], WAIT_REQUEST, 'a', record);
    add_sleeper(&fixture, &sleepers[1], WAIT_REQUEST, 'b', record);
    sleepers[0].waits_again = true;
    sleepers[1].waits_again = true;
    for (int turn = 0; turn < 5; turn++) {
        assert_int_equal(memory_wake(fixture.ledger), 2);
    }
    assert_int_equal(calls, 0);
    assert_string_equal(record, "ababababab");
    memory_wait_cancel(&sleepers[0].waiter);
    memory_wait_cancel(&sleepers[1].waiter);
    close_fixture(&fixture);
}

static void test_other_workers_are_told(void **state)
{
    (void)state;
    struct memory *memory =
        test_memory_open((struct memory_options){.limit_bytes = LIMIT, .workers = 2});
    struct fixture first = {.memory = memory, .ledger = memory_ledger(memory, 0)};
    struct memory_usage usage;
    struct sleeper sleeper;
    struct account other;
    char record[WAITERS + 1] = "";
    unsigned calls[2] = {0, 0};
    test_memory_ignore_resident(memory);
    memory_ledger(memory, 1)->observe = NULL;
    set_needs(memory);
    memory_set_wake_hook(memory_ledger(memory, 0), count_call, &calls[0]);
    memory_set_wake_hook(memory_ledger(memory, 1), count_call, &calls[1]);
    account_init(&first.client, first.ledger, ACCOUNT_CLIENT, 0);
    account_init(&other, memory_ledger(memory, 1), ACCOUNT_CLIENT, 0);
    memory_read_usage(memory, &usage);
    assert_int_equal(account_charge(&other, usage.traffic_max), RESULT_OK);
    add_sleeper(&first, &sleeper, WAIT_EXCHANGE, 'a', record);
    assert_int_equal(memory_wake(first.ledger), 0);
    assert_int_equal(memory_wake(memory_ledger(memory, 1)), 0);
    assert_int_equal(calls[0], 0);
    account_discharge(&other, 2 * SET); /* less than a worker may keep, but others wait */
    assert_int_equal(memory_wake(memory_ledger(memory, 1)), 0);
    assert_int_equal(calls[0], 1);
    assert_int_equal(memory_wake(first.ledger), 1);
    assert_int_equal(memory_wake(memory_ledger(memory, 1)), 0);
    assert_int_equal(calls[0], 1);
    account_discharge(&other, other.used);
    test_memory_close(memory);
}

static void test_a_sleeping_workers_surplus_is_called_in(void **state)
{
    (void)state;
    struct memory *memory =
        test_memory_open((struct memory_options){.limit_bytes = LIMIT, .workers = 2});
    struct fixture first = {.memory = memory, .ledger = memory_ledger(memory, 0)};
    struct memory_usage usage;
    struct sleeper sleeper;
    struct account other;
    char record[WAITERS + 1] = "";
    unsigned calls[2] = {0, 0};
    test_memory_ignore_resident(memory);
    memory_ledger(memory, 1)->observe = NULL;
    set_needs(memory);
    memory_set_wake_hook(memory_ledger(memory, 0), count_call, &calls[0]);
    memory_set_wake_hook(memory_ledger(memory, 1), count_call, &calls[1]);
    account_init(&first.client, first.ledger, ACCOUNT_CLIENT, 0);
    account_init(&other, memory_ledger(memory, 1), ACCOUNT_CLIENT, 0);
    memory_read_usage(memory, &usage);
    assert_int_equal(account_charge(&other, usage.traffic_max), RESULT_OK);
    account_discharge(&other, 2 * SET);
    assert_int_equal(memory_wake(memory_ledger(memory, 1)), 0); /* sleeps on two sets */
    add_sleeper(&first, &sleeper, WAIT_EXCHANGE, 'a', record);
    assert_int_equal(memory_wake(first.ledger), 0);
    assert_int_equal(calls[1], 1);
    assert_int_equal(memory_wake(memory_ledger(memory, 1)), 0); /* its turn gives them back */
    assert_int_equal(calls[0], 1);
    assert_int_equal(memory_wake(first.ledger), 1);
    account_discharge(&other, other.used);
    test_memory_close(memory);
}

static void test_a_falling_level_tells_waiters_of_other_workers(void **state)
{
    (void)state;
    struct memory *memory =
        test_memory_open((struct memory_options){.limit_bytes = LIMIT, .workers = 2});
    struct fixture first = {.memory = memory, .ledger = memory_ledger(memory, 0)};
    struct memory_usage usage;
    struct sleeper sleeper;
    struct account other;
    char record[WAITERS + 1] = "";
    unsigned calls = 0;
    test_memory_ignore_resident(memory);
    memory_ledger(memory, 1)->observe = NULL;
    set_needs(memory);
    memory_set_wake_hook(memory_ledger(memory, 0), count_call, &calls);
    account_init(&other, memory_ledger(memory, 1), ACCOUNT_CLIENT, 0);
    memory_read_usage(memory, &usage);
    assert_int_equal(account_charge(&other, usage.traffic_max / 100 * 96), RESULT_OK);
    pressure_update(memory, 1);
    add_sleeper(&first, &sleeper, WAIT_ACCEPT, 'a', record);
    assert_int_equal(memory_wake(first.ledger), 0);
    account_discharge(&other, usage.traffic_max / 100 * 30);
    pressure_update(memory, 2);
    assert_int_equal(memory_wake(memory_ledger(memory, 1)), 0);
    assert_int_equal(calls, 1);
    assert_int_equal(memory_wake(first.ledger), 1);
    account_discharge(&other, other.used);
    test_memory_close(memory);
}

/* ---- workers that sleep: nobody may be forgotten ---- */

enum { CREW = 4, JOBS = 400, JOBS_AT_ONCE = 5, CREW_SETS = 6, PATIENCE_S = 60 };

/* A worker's thread: it turns while it is called, and sleeps otherwise. */
struct crew_worker {
    struct crew *crew;
    struct ledger *ledger;
    struct account account;
    pthread_mutex_t lock;
    pthread_cond_t called;
    bool is_called;
    unsigned done; /* jobs finished */
    struct crew_job {
        struct memory_waiter waiter;
        struct crew_worker *worker;
        bool has_memory;
    } jobs[JOBS_AT_ONCE];
};

struct crew {
    struct memory *memory;
    struct crew_worker workers[CREW];
    _Atomic unsigned finished;
};

static void call_worker(void *argument)
{
    struct crew_worker *worker = argument;
    pthread_mutex_lock(&worker->lock);
    worker->is_called = true;
    pthread_cond_signal(&worker->called);
    pthread_mutex_unlock(&worker->lock);
}

static void start_job(struct memory_waiter *waiter)
{
    struct crew_job *job = container_of(waiter, struct crew_job, waiter);
    if (account_charge(&job->worker->account, SET) == RESULT_OK) {
        job->has_memory = true;
    } else {
        memory_wait(job->worker->ledger, WAIT_EXCHANGE, waiter);
    }
}

/* Ends the jobs that have memory and starts others; true when there is work to go on with. */
static bool work_a_turn(struct crew_worker *worker)
{
    bool is_busy = false;
    for (int i = 0; i < JOBS_AT_ONCE; i++) {
        struct crew_job *job = &worker->jobs[i];
        if (job->has_memory) {
            account_discharge(&worker->account, SET);
            job->has_memory = false;
            worker->done++;
            is_busy = true;
        }
        if (worker->done < JOBS && job->waiter.ledger == NULL) {
            start_job(&job->waiter);
            is_busy = is_busy || job->has_memory;
        }
    }
    return is_busy;
}

static bool has_jobs(const struct crew_worker *worker)
{
    for (int i = 0; i < JOBS_AT_ONCE; i++) {
        if (worker->jobs[i].waiter.ledger != NULL || worker->jobs[i].has_memory) {
            return true;
        }
    }
    return false;
}

/* Sleeps until called: without a timeout, as a loop without events does. */
static void sleep_until_called(struct crew_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    while (!worker->is_called) {
        pthread_cond_wait(&worker->called, &worker->lock);
    }
    worker->is_called = false;
    pthread_mutex_unlock(&worker->lock);
}

static void *run_worker(void *argument)
{
    struct crew_worker *worker = argument;
    while (worker->done < JOBS || has_jobs(worker)) {
        bool is_busy = work_a_turn(worker);
        is_busy = memory_wake(worker->ledger) > 0 || is_busy;
        if (!is_busy) {
            sleep_until_called(worker);
        }
    }
    memory_wake(worker->ledger);
    /* A loop that is done still turns when it is called. */
    atomic_fetch_add(&worker->crew->finished, 1);
    while (atomic_load(&worker->crew->finished) < CREW) {
        sleep_until_called(worker);
        memory_wake(worker->ledger);
    }
    for (int i = 0; i < CREW; i++) {
        call_worker(&worker->crew->workers[i]);
    }
    return NULL;
}

static void open_crew(struct crew *crew)
{
    crew->memory = test_memory_open(
        (struct memory_options){.limit_bytes = LIMIT, .workers = CREW, .keep_caches = true});
    set_needs(crew->memory);
    for (unsigned i = 0; i < CREW; i++) {
        struct crew_worker *worker = &crew->workers[i];
        worker->crew = crew;
        worker->ledger = memory_ledger(crew->memory, i);
        worker->ledger->observe = NULL;
        account_init(&worker->account, worker->ledger, ACCOUNT_CLIENT, 0);
        pthread_mutex_init(&worker->lock, NULL);
        pthread_cond_init(&worker->called, NULL);
        memory_set_wake_hook(worker->ledger, call_worker, worker);
        for (int k = 0; k < JOBS_AT_ONCE; k++) {
            worker->jobs[k].worker = worker;
            memory_waiter_init(&worker->jobs[k].waiter, start_job);
        }
    }
}

static void test_no_worker_sleeps_on_while_memory_is_left(void **state)
{
    (void)state;
    static struct crew crew;
    pthread_t threads[CREW];
    struct memory_usage usage;
    struct account ballast;
    open_crew(&crew);
    memory_read_usage(crew.memory, &usage);
    account_init(&ballast, memory_shared_ledger(crew.memory), ACCOUNT_TABLE, 0);
    memory_shared_ledger(crew.memory)->observe = NULL;
    /* Twenty jobs want a set at a time and six are left. */
    assert_int_equal(account_charge(&ballast, usage.traffic_max - CREW_SETS * SET - 1), RESULT_OK);
    alarm(PATIENCE_S); /* a forgotten worker ends the test */
    for (int i = 0; i < CREW; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_worker, &crew.workers[i]), 0);
    }
    for (int i = 0; i < CREW; i++) {
        pthread_join(threads[i], NULL);
    }
    alarm(0);
    for (int i = 0; i < CREW; i++) {
        assert_true(crew.workers[i].done >= JOBS);
        assert_int_equal(crew.workers[i].account.used, 0);
    }
    account_discharge(&ballast, ballast.used);
    test_memory_close(crew.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels_rise_and_fall_with_hysteresis),
        cmocka_unit_test(test_windows_grow_while_it_is_calm),
        cmocka_unit_test(test_without_a_limit_it_is_always_calm),
        cmocka_unit_test(test_time_since_the_change),
        cmocka_unit_test(test_observers_hear_each_change_once),
        cmocka_unit_test(test_level_names),
        cmocka_unit_test(test_a_worker_gives_its_slack_back_when_pressed),
        cmocka_unit_test(test_nobody_is_woken_without_a_set),
        cmocka_unit_test(test_order_is_by_class_then_by_arrival),
        cmocka_unit_test(test_as_many_as_find_room_are_woken),
        cmocka_unit_test(test_what_the_woken_take_is_not_given_twice),
        cmocka_unit_test(test_whoever_waits_again_is_woken_once_a_call),
        cmocka_unit_test(test_whoever_waits_again_does_not_hold_up_lower_classes),
        cmocka_unit_test(test_waking_inside_a_waking_does_nothing),
        cmocka_unit_test(test_cancelled_waiters_are_not_woken),
        cmocka_unit_test(test_floors),
        cmocka_unit_test(test_there_is_always_room_without_a_limit),
        cmocka_unit_test(test_what_is_under_way_goes_on_at_full),
        cmocka_unit_test(test_waiting_twice_aborts),
        cmocka_unit_test(test_waiting_again_makes_no_circle),
        cmocka_unit_test(test_other_workers_are_told),
        cmocka_unit_test(test_a_sleeping_workers_surplus_is_called_in),
        cmocka_unit_test(test_a_falling_level_tells_waiters_of_other_workers),
        cmocka_unit_test(test_no_worker_sleeps_on_while_memory_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
