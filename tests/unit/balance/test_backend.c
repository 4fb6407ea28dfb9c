/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend: which servers count, backups, persistence, finding, downtime, memory refused at the
 * start, and that choosing among ten thousand servers stays cheap.
 */
#include "base/clock.h"
#include "support/farm.h"

static const struct balance_options ROUND_ROBIN = {.algorithm = BALANCE_ROUND_ROBIN};

static void test_counts_of_the_usable(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &ROUND_ROBIN);
    farm_add(&farm, 10);
    farm_add(&farm, 20);
    farm_add(&farm, 0);
    farm_add(&farm, 5)->is_backup = true;
    farm_add(&farm, 5)->is_disabled = true;
    farm_start(&farm);
    assert_int_equal(farm.backend.usable_active, 2);
    assert_int_equal(farm.backend.usable_backup, 1);
    assert_int_equal(farm.backend.weight_active, 30);
    assert_int_equal(farm.backend.weight_backup, 5);
    server_set_weight(&farm.servers[0], 11);
    assert_int_equal(farm.backend.weight_active, 31);
    server_set_health(&farm.servers[1], SERVER_DOWN, 2000);
    assert_int_equal(farm.backend.usable_active, 1);
    assert_int_equal(farm.backend.weight_active, 11);
    assert_int_equal(backend_usable_servers(&farm.backend), 1);
    farm_close(&farm);
}

static void test_backups_serve_in_need(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &ROUND_ROBIN);
    farm_add(&farm, 1);
    farm_add(&farm, 1)->is_backup = true;
    farm_add(&farm, 1)->is_backup = true;
    farm_start(&farm);
    farm_expect(&farm, "aaa");
    server_set_health(&farm.servers[0], SERVER_DOWN, 1);
    farm_expect(&farm, "bbb");
    assert_int_equal(backend_usable_servers(&farm.backend), 1);
    server_set_health(&farm.servers[1], SERVER_DOWN, 1);
    farm_expect(&farm, "ccc");
    server_set_health(&farm.servers[1], SERVER_UP, 1);
    farm_expect(&farm, "bbb");
    server_set_health(&farm.servers[0], SERVER_UP, 1);
    farm_expect(&farm, "aaa");
    farm_close(&farm);

    struct balance_options all = ROUND_ROBIN;
    all.all_backups = true;
    farm_open(&farm, &all);
    farm_add(&farm, 1)->is_disabled = true;
    farm_add(&farm, 1)->is_backup = true;
    farm_add(&farm, 1)->is_backup = true;
    farm_start(&farm);
    farm_expect(&farm, "bcbc");
    assert_int_equal(backend_usable_servers(&farm.backend), 2);
    farm_close(&farm);
}

static void test_full_only_backup_has_its_own_queue(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &ROUND_ROBIN);
    farm_add(&farm, 1)->is_backup = true;
    farm.options[0].maxconn = 1;
    farm_start(&farm);
    struct balance_request request = {.key = SLICE_NONE, .now_ms = 1};
    struct server *server = NULL;
    assert_int_equal(backend_assign(&farm.backend, &request, &server), RESULT_OK);
    assert_int_equal(backend_assign(&farm.backend, &request, &server), RESULT_FULL);
    assert_ptr_equal(server, &farm.servers[0]);
    farm_close(&farm);
}

static void test_nothing_usable(void **state)
{
    (void)state;
    for (int i = 0; i < BALANCE_ALGORITHMS; i++) {
        const struct balance_options options = {.algorithm = (enum balance_algorithm)i,
                                                .hash_is_consistent = i % 2 == 0};
        struct farm farm;
        farm_open(&farm, &options);
        farm_start(&farm);
        struct balance_request request = {.key = SLICE("k"), .now_ms = 1};
        struct server *server = NULL;
        assert_int_equal(backend_assign(&farm.backend, &request, &server), RESULT_NOT_FOUND);
        assert_null(server);
        farm_close(&farm);
        farm_open(&farm, &options);
        farm_add(&farm, 1);
        farm_start(&farm);
        server_set_health(&farm.servers[0], SERVER_DOWN, 2);
        assert_int_equal(backend_assign(&farm.backend, &request, &server), RESULT_NOT_FOUND);
        farm_close(&farm);
    }
}

static void test_persistence(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &ROUND_ROBIN);
    farm_add(&farm, 1)->maxconn = 1;
    farm_add(&farm, 1);
    farm_start(&farm);
    struct backend *backend = &farm.backend;
    struct server *server = &farm.servers[0];
    server_set_admin(server, SERVER_DRAIN_FORCED, 0, 1);
    farm_expect(&farm, "bb");
    assert_int_equal(backend_assign_server(backend, server), RESULT_OK);
    assert_int_equal(backend_assign_server(backend, server), RESULT_FULL);
    backend_release(backend, server, 2);
    server_set_admin(server, SERVER_MAINT_FORCED, SERVER_DRAIN_FORCED, 3);
    assert_int_equal(backend_assign_server(backend, server), RESULT_NOT_FOUND);
    assert_int_equal(backend->served, 0);
    farm_close(&farm);
}

static void test_find_server(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &ROUND_ROBIN);
    farm_add(&farm, 1);
    farm_add(&farm, 1)->id = 77;
    farm_start(&farm);
    assert_ptr_equal(backend_find_server(&farm.backend, SLICE("b")), &farm.servers[1]);
    assert_ptr_equal(backend_find_server(&farm.backend, SLICE("#77")), &farm.servers[1]);
    assert_ptr_equal(backend_find_server(&farm.backend, SLICE("#1")), &farm.servers[0]);
    assert_null(backend_find_server(&farm.backend, SLICE("#2")));
    assert_null(backend_find_server(&farm.backend, SLICE("c")));
    assert_null(backend_find_server(&farm.backend, SLICE("#")));
    farm_close(&farm);
}

static void test_downtime_of_the_backend(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &ROUND_ROBIN);
    farm_add(&farm, 1);
    farm_add(&farm, 1);
    farm_start(&farm);
    server_set_health(&farm.servers[0], SERVER_DOWN, 2000);
    assert_int_equal(farm.backend.counters.check_downs, 0);
    server_set_health(&farm.servers[1], SERVER_DOWN, 3000);
    assert_int_equal(farm.backend.counters.check_downs, 1);
    assert_int_equal(farm.backend.last_change_ms, 3000);
    assert_int_equal(backend_downtime_ms(&farm.backend, 4000), 1000);
    server_set_health(&farm.servers[0], SERVER_UP, 7500);
    assert_int_equal(farm.backend.downtime_ms, 4500);
    assert_int_equal(backend_downtime_ms(&farm.backend, 99999), 4500);
    assert_int_equal(farm.backend.last_change_ms, 7500);
    farm_close(&farm);
}

static void test_memory_refused_at_the_start(void **state)
{
    (void)state;
    for (int i = 0; i < BALANCE_ALGORITHMS; i++) {
        for (int consistent = 0; consistent < 2; consistent++) {
            const struct balance_options options = {.algorithm = (enum balance_algorithm)i,
                                                    .hash_is_consistent = consistent == 1};
            for (size_t cap = 1; cap < 700; cap += 40) {
                struct farm farm;
                farm_open(&farm, &options);
                farm.account.cap = cap;
                farm_add(&farm, 4);
                farm_add(&farm, 1);
                for (unsigned j = 0; j < farm.count; j++) {
                    backend_add_server(&farm.backend, &farm.servers[j], &farm.options[j]);
                }
                if (backend_start(&farm.backend, 1) != RESULT_OK) {
                    assert_int_equal(farm.account.used, 0);
                    server_set_health(&farm.servers[0], SERVER_DOWN, 2); /* harmless */
                }
                farm_close(&farm);
            }
        }
    }
}

/* A guard against a linear search: 200,000 choices among 10,000 servers end at once. */
static void test_ten_thousand_servers(void **state)
{
    (void)state;
    enum { SERVERS = 10000, CHOICES = 200000, PATIENCE_US = 3000000 };
    static const enum balance_algorithm algorithms[] = {
        BALANCE_ROUND_ROBIN, BALANCE_LEAST_CONNECTIONS, BALANCE_FIRST, BALANCE_URI, BALANCE_RANDOM};
    struct farm farm;
    struct server *servers = test_calloc(SERVERS, sizeof(*servers));
    struct server_options options = {.name = "s", .weight = 1, .maxconn = 50, .rise = 1, .fall = 1};
    struct server_options *all = test_calloc(SERVERS, sizeof(*all));
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        const struct balance_options balance = {
            .algorithm = algorithms[i], .hash_is_consistent = true, .random_draws = 2};
        farm_open(&farm, &balance);
        for (unsigned j = 0; j < SERVERS; j++) {
            all[j] = options;
            all[j].id = j + 1;
            backend_add_server(&farm.backend, &servers[j], &all[j]);
        }
        assert_int_equal(backend_start(&farm.backend, 1), RESULT_OK);
        uint64_t start_us = clock_monotonic_us();
        for (unsigned j = 0; j < CHOICES; j++) {
            (void)farm_choose(&farm, slice_of((const char *)&j, sizeof(j)), NULL);
        }
        uint64_t took_us = clock_monotonic_us() - start_us;
        print_message("algorithm %u: %u ns a choice\n", (unsigned)algorithms[i],
                      (unsigned)(took_us * US_PER_MS / CHOICES));
        assert_true(took_us < PATIENCE_US);
        farm_close(&farm);
    }
    test_free(all);
    test_free(servers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_of_the_usable),
        cmocka_unit_test(test_backups_serve_in_need),
        cmocka_unit_test(test_full_only_backup_has_its_own_queue),
        cmocka_unit_test(test_nothing_usable),
        cmocka_unit_test(test_persistence),
        cmocka_unit_test(test_find_server),
        cmocka_unit_test(test_downtime_of_the_backend),
        cmocka_unit_test(test_memory_refused_at_the_start),
        cmocka_unit_test(test_ten_thousand_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
