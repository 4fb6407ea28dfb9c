/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues: order by class, time and offset, both queues together, cancelling, redistribution, and a
 * model that changes everything at random and checks after each step that no slot is free while
 * somebody waits who could have it, and that nobody is lost.
 */
#include "support/farm.h"

enum { WAITERS = 60 };

struct waiter {
    struct queue_entry entry;
    struct server *served_by;
    unsigned turn; /* when its turn came, counted from 1 */
};

static unsigned turns_given;

static void on_turn(struct queue_entry *entry, struct server *server)
{
    struct waiter *waiter = container_of(entry, struct waiter, entry);
    assert_null(waiter->served_by);
    waiter->served_by = server;
    waiter->turn = ++turns_given;
}

static void wait_at(struct farm *farm, struct waiter *waiter, struct server *server, int rank,
                    int offset_ms, uint64_t now_ms)
{
    *waiter = (struct waiter){
        .entry = {.on_turn = on_turn, .order = rank * ((int64_t)1 << 32) + offset_ms}};
    assert_int_equal(queue_wait(&waiter->entry, &farm->backend, server, now_ms), RESULT_OK);
}

static void open_single(struct farm *farm)
{
    const struct balance_options options = {.algorithm = BALANCE_ROUND_ROBIN};
    farm_open(farm, &options);
    farm_add(farm, 1)->maxconn = 1;
    farm_start(farm);
    assert_non_null(farm_choose(farm, SLICE_NONE, NULL));
    turns_given = 0;
}

static void test_first_come_first_served(void **state)
{
    (void)state;
    struct farm farm;
    open_single(&farm);
    struct waiter waiters[3];
    for (unsigned i = 0; i < 3; i++) {
        wait_at(&farm, &waiters[i], NULL, 0, 0, 1000);
        assert_int_equal(queue_position(&waiters[i].entry), i);
    }
    assert_int_equal(farm.backend.counters.queue_current, 3);
    for (unsigned i = 0; i < 3; i++) {
        backend_release(&farm.backend, &farm.servers[0], 1001 + i);
        assert_int_equal(waiters[i].turn, i + 1);
        assert_int_equal(farm.servers[0].served, 1);
    }
    assert_int_equal(farm.backend.counters.queue_current, 0);
    assert_int_equal(farm.backend.counters.queue_max, 3);
    farm_close(&farm);
}

static void test_classes_and_offsets(void **state)
{
    (void)state;
    struct farm farm;
    open_single(&farm);
    struct waiter waiters[6];
    wait_at(&farm, &waiters[0], NULL, 0, 0, 1000);
    wait_at(&farm, &waiters[1], NULL, 5, -100, 1000);  /* later class */
    wait_at(&farm, &waiters[2], NULL, -5, 100, 1000);  /* earlier class */
    wait_at(&farm, &waiters[3], NULL, 0, -30, 1020);   /* due at 990 */
    wait_at(&farm, &waiters[4], NULL, 0, 50, 1000);    /* due at 1050 */
    wait_at(&farm, &waiters[5], NULL, 0, -9999, 1000); /* before all time */
    const unsigned expected[] = {2, 5, 3, 0, 4, 1};
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(queue_position(&waiters[expected[i]].entry), i);
    }
    for (unsigned i = 0; i < 6; i++) {
        backend_release(&farm.backend, &farm.servers[0], 2000);
        assert_int_equal(waiters[expected[i]].turn, i + 1);
    }
    farm_close(&farm);
}

static void test_server_and_backend_queue_as_one(void **state)
{
    (void)state;
    struct farm farm;
    open_single(&farm);
    struct server *server = &farm.servers[0];
    struct waiter waiters[4];
    wait_at(&farm, &waiters[0], NULL, 0, 0, 1000);
    wait_at(&farm, &waiters[1], server, 0, 0, 1001);
    wait_at(&farm, &waiters[2], NULL, 0, 0, 1002);
    wait_at(&farm, &waiters[3], server, -1, 0, 1003);
    assert_int_equal(server->queue_length, 2);
    assert_int_equal(farm.backend.queue_length, 2);
    const unsigned expected[] = {3, 0, 1, 2};
    for (unsigned i = 0; i < 4; i++) {
        backend_release(&farm.backend, server, 2000);
        assert_int_equal(waiters[expected[i]].turn, i + 1);
        assert_ptr_equal(waiters[expected[i]].served_by, server);
    }
    farm_close(&farm);
}

static void test_cancel(void **state)
{
    (void)state;
    struct farm farm;
    open_single(&farm);
    struct waiter waiters[3];
    for (unsigned i = 0; i < 3; i++) {
        wait_at(&farm, &waiters[i], NULL, 0, 0, 1000);
    }
    queue_cancel(&waiters[1].entry);
    queue_cancel(&waiters[1].entry);
    assert_int_equal(queue_position(&waiters[2].entry), 1);
    backend_release(&farm.backend, &farm.servers[0], 1);
    backend_release(&farm.backend, &farm.servers[0], 1);
    assert_int_equal(waiters[2].turn, 2);
    assert_null(waiters[1].served_by);
    farm_close(&farm);
}

static void test_maxqueue(void **state)
{
    (void)state;
    const struct balance_options options = {.algorithm = BALANCE_SOURCE};
    struct farm farm;
    farm_open(&farm, &options);
    farm_add(&farm, 1)->maxconn = 1;
    farm.options[0].maxqueue = 1;
    farm_start(&farm);
    struct server *server = farm_choose(&farm, SLICE("abcd"), NULL);
    assert_non_null(server);
    struct waiter first;
    wait_at(&farm, &first, server, 0, 0, 1);
    struct queue_entry second = {.on_turn = on_turn};
    assert_int_equal(queue_wait(&second, &farm.backend, server, 1), RESULT_FULL);
    queue_cancel(&second);
    queue_cancel(&first.entry);
    farm_close(&farm);
}

static void test_redistribution_when_a_server_goes_down(void **state)
{
    (void)state;
    struct balance_options options = {.algorithm = BALANCE_ROUND_ROBIN, .redistributes = true};
    struct farm farm;
    farm_open(&farm, &options);
    farm_add(&farm, 1)->maxconn = 1;
    farm_add(&farm, 1);
    farm_start(&farm);
    struct server *server = farm_choose(&farm, SLICE_NONE, NULL);
    assert_ptr_equal(server, &farm.servers[0]);
    struct waiter waiters[2];
    wait_at(&farm, &waiters[0], server, 0, 0, 1);
    wait_at(&farm, &waiters[1], server, 0, 0, 1);
    server_set_health(server, SERVER_DOWN, 2);
    /* the other one has room: it serves them at once */
    assert_ptr_equal(waiters[0].served_by, &farm.servers[1]);
    assert_ptr_equal(waiters[1].served_by, &farm.servers[1]);
    assert_int_equal(server->queue_length, 0);
    farm_close(&farm);
}

static void test_without_redispatch_they_wait_on(void **state)
{
    (void)state;
    const struct balance_options options = {.algorithm = BALANCE_ROUND_ROBIN};
    struct farm farm;
    farm_open(&farm, &options);
    farm_add(&farm, 1)->maxconn = 1;
    farm_add(&farm, 1);
    farm_start(&farm);
    struct server *server = farm_choose(&farm, SLICE_NONE, NULL);
    struct waiter waiter;
    wait_at(&farm, &waiter, server, 0, 0, 1);
    server_set_health(server, SERVER_DOWN, 2);
    assert_null(waiter.served_by);
    backend_release(&farm.backend, server, 3);
    assert_ptr_equal(waiter.served_by, server);
    farm_close(&farm);
}

static void test_server_coming_up_serves(void **state)
{
    (void)state;
    const struct balance_options options = {.algorithm = BALANCE_LEAST_CONNECTIONS};
    struct farm farm;
    farm_open(&farm, &options);
    farm_add(&farm, 1)->maxconn = 1;
    farm_add(&farm, 1)->maxconn = 2;
    farm.options[1].is_disabled = true;
    farm_start(&farm);
    assert_non_null(farm_choose(&farm, SLICE_NONE, NULL));
    struct waiter waiters[3];
    for (unsigned i = 0; i < 3; i++) {
        wait_at(&farm, &waiters[i], NULL, 0, 0, 1);
    }
    server_set_admin(&farm.servers[1], 0, SERVER_MAINT_CONFIGURED, 2);
    assert_ptr_equal(waiters[0].served_by, &farm.servers[1]);
    assert_ptr_equal(waiters[1].served_by, &farm.servers[1]);
    assert_null(waiters[2].served_by);
    server_set_maxconn(&farm.servers[0], 2, 3);
    assert_ptr_equal(waiters[2].served_by, &farm.servers[0]);
    farm_close(&farm);
}

/* ---- the model ---- */

/* An active server, or the first usable backup while no active one is usable. */
static bool serves_any(const struct farm *farm, const struct server *server)
{
    const struct server *first = NULL;
    for (unsigned i = 0; i < farm->count; i++) {
        const struct server *each = &farm->servers[i];
        if (!server_is_usable(each)) {
            continue;
        }
        if (!each->options->is_backup) {
            return !server->options->is_backup;
        }
        first = first == NULL ? each : first;
    }
    return first == server;
}

static void check_no_slot_lost(const struct farm *farm, const struct waiter *waiters)
{
    uint32_t waiting = 0;
    uint32_t waiting_for[FARM_SERVERS_MAX] = {0};
    uint32_t served[FARM_SERVERS_MAX] = {0};
    for (unsigned i = 0; i < WAITERS; i++) {
        if (waiters[i].served_by != NULL) {
            served[waiters[i].served_by->lb_index]++;
        } else if (ordered_is_member(&waiters[i].entry.link)) {
            if (waiters[i].entry.server == NULL) {
                waiting++;
            } else {
                waiting_for[waiters[i].entry.server->lb_index]++;
            }
        }
    }
    assert_int_equal(farm->backend.queue_length, waiting);
    uint32_t served_all = 0;
    for (unsigned i = 0; i < farm->count; i++) {
        const struct server *server = &farm->servers[i];
        assert_int_equal(server->served, served[i]);
        assert_int_equal(server->queue_length, waiting_for[i]);
        served_all += served[i];
        bool has_slot = server->maxconn == 0 || server->served < server_session_limit(server);
        if (server_is_usable(server)) {
            assert_false(has_slot && waiting_for[i] > 0);
            assert_false(has_slot && waiting > 0 && serves_any(farm, server));
        }
    }
    assert_int_equal(farm->backend.served, served_all);
}

/* A stream's way: ask for a server, wait when it is full. */
static void arrive(struct farm *farm, struct waiter *waiter)
{
    *waiter = (struct waiter){.entry = {.on_turn = on_turn}};
    struct server *server = NULL;
    enum result result;
    if (random() % 3 == 0) {
        server = &farm->servers[random() % farm->count];
        result = backend_assign_server(&farm->backend, server);
    } else {
        struct balance_request request = {.key = SLICE_NONE, .now_ms = farm->now_ms};
        if (random() % 2) {
            request.key = slice_of((const char *)&farm->now_ms, sizeof(farm->now_ms));
        }
        result = backend_assign(&farm->backend, &request, &server);
    }
    if (result == RESULT_OK) {
        waiter->served_by = server;
    } else if (result == RESULT_FULL) {
        waiter->entry.order =
            ((int64_t)(random() % 5 - 2) * ((int64_t)1 << 32)) + random() % 100 - 50;
        (void)!queue_wait(&waiter->entry, &farm->backend, server, farm->now_ms);
    }
}

static void change_a_server(struct farm *farm)
{
    struct server *server = &farm->servers[random() % farm->count];
    switch (random() % 5) {
    case 0:
        server_set_health(server, random() % 2 ? SERVER_UP : SERVER_DOWN, farm->now_ms);
        break;
    case 1:
        server_set_admin(server, SERVER_MAINT_FORCED, 0, farm->now_ms);
        break;
    case 2:
        server_set_admin(server, 0, SERVER_MAINT_FORCED | SERVER_DRAIN_FORCED, farm->now_ms);
        break;
    case 3:
        server_set_weight(server, (uint32_t)(random() % 4));
        break;
    default:
        server_set_maxconn(server, (uint32_t)(random() % 5), farm->now_ms);
    }
}

static void run_model(enum balance_algorithm algorithm, bool is_consistent, bool redistributes,
                      unsigned seed)
{
    static struct waiter waiters[WAITERS];
    memset(waiters, 0, sizeof(waiters));
    const struct balance_options options = {
        .algorithm = algorithm,
        .hash_is_consistent = is_consistent,
        .random_draws = 2,
        .redistributes = redistributes,
    };
    struct farm farm;
    farm_open(&farm, &options);
    for (unsigned i = 0; i < 5; i++) {
        farm_add(&farm, 1 + i % 3)->maxconn = 1 + i % 3;
        farm.options[i].is_backup = i >= 3;
        farm.options[i].maxqueue = i == 1 ? 2 : 0;
    }
    farm_start(&farm);
    srandom(seed);
    for (unsigned step = 0; step < 30000; step++) {
        struct waiter *waiter = &waiters[random() % WAITERS];
        farm.now_ms += (uint64_t)(random() % 3);
        if (random() % 20 == 0) {
            change_a_server(&farm);
        } else if (waiter->served_by != NULL) {
            struct server *server = waiter->served_by;
            waiter->served_by = NULL;
            backend_release(&farm.backend, server, farm.now_ms);
        } else if (!ordered_is_member(&waiter->entry.link)) {
            arrive(&farm, waiter);
        } else if (random() % 8 == 0) {
            queue_cancel(&waiter->entry);
        }
        check_no_slot_lost(&farm, waiters);
    }
    for (unsigned i = 0; i < WAITERS; i++) {
        queue_cancel(&waiters[i].entry);
    }
    farm_close(&farm);
}

static void test_model(void **state)
{
    (void)state;
    for (int i = 0; i < BALANCE_ALGORITHMS; i++) {
        run_model((enum balance_algorithm)i, i % 2 == 0, false, (unsigned)i);
        run_model((enum balance_algorithm)i, i % 2 == 1, true, (unsigned)i + 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_come_first_served),
        cmocka_unit_test(test_classes_and_offsets),
        cmocka_unit_test(test_server_and_backend_queue_as_one),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_maxqueue),
        cmocka_unit_test(test_redistribution_when_a_server_goes_down),
        cmocka_unit_test(test_without_redispatch_they_wait_on),
        cmocka_unit_test(test_server_coming_up_serves),
        cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
