/* SPDX-License-Identifier: Apache-2.0 */
/* Taking and releasing: reuse, charges, refusals, merging, worker lists and slabs, threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/memory.h"

#define LIMIT (64 * MEBIBYTE)

static void open_client(struct memory *memory, struct account *account)
{
    account_init(account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
}

static void test_an_object_is_charged_and_reused(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "thing", 500, 0);
    struct account account;
    open_client(memory, &account);
    void *first = pool_take(pool, &account);
    assert_non_null(first);
    memset(first, 0xff, 500);
    assert_int_equal(account.used, pool_object_bytes(pool));
    assert_true(pool_object_bytes(pool) >= 500);
    const size_t used = test_memory_used(memory); /* a slab */
    assert_true(used >= pool_object_bytes(pool) && used <= 65536);
    pool_release(pool, &account, first);
    assert_int_equal(account.used, 0);
    /* Free, it is still in memory and still counted. */
    assert_int_equal(test_memory_used(memory), used);
    assert_ptr_equal(pool_take(pool, &account), first);
    assert_int_equal(test_memory_used(memory), used);
    pool_release(pool, &account, first);
    pool_release(pool, &account, NULL);
    test_memory_close(memory);
}

static void test_zeroed(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "thing", 333, 0);
    struct account account;
    static const char zeroes[333];
    open_client(memory, &account);
    void *object = pool_take(pool, &account);
    memset(object, 0xff, 333);
    pool_release(pool, &account, object);
    object = pool_take_zeroed(pool, &account);
    assert_memory_equal(object, zeroes, sizeof(zeroes));
    pool_release(pool, &account, object);
    test_memory_close(memory);
}

static void test_smallest_objects(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "byte", 1, 0);
    struct account account;
    void *objects[100];
    open_client(memory, &account);
    for (int i = 0; i < 100; i++) {
        objects[i] = pool_take(pool, &account);
        *(char *)objects[i] = (char)i;
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(*(char *)objects[i], i);
        pool_release(pool, &account, objects[i]);
    }
    test_memory_close(memory);
}

static void test_cap_and_budget_refuse(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(16 * MEBIBYTE);
    struct pool *pool = pool_create(memory, "thing", 1000, 0);
    struct account account;
    struct account other;
    test_memory_ignore_resident(memory);
    open_client(memory, &other);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, pool_object_bytes(pool));
    void *object = pool_take(pool, &account);
    assert_non_null(object);
    assert_null(pool_take(pool, &account));
    pool_release(pool, &account, object);
    account.cap = pool_object_bytes(pool) - 1; /* also for what lies on the list */
    assert_null(pool_take(pool, &account));
    account.cap = 0;
    test_memory_fill(&other, 4096);
    test_memory_fill(&other, 1);
    /* The free object was given up for the other account's bytes. */
    assert_null(pool_take(pool, &account));
    assert_int_equal(test_memory_pool(memory, pool).failed, 3);
    assert_int_equal(test_memory_pool(memory, pool).allocated, 0);
    account_discharge(&other, other.used);
    object = pool_take(pool, &account);
    assert_non_null(object);
    pool_release(pool, &account, object);
    test_memory_close(memory);
}

static void test_recharge(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "thing", 100, 0);
    struct account from;
    struct account to;
    open_client(memory, &from);
    account_init(&to, memory_ledger(memory, 0), ACCOUNT_SERVER, 0);
    void *object = pool_take(pool, &from);
    pool_recharge(pool, &from, &to);
    assert_int_equal(from.used, 0);
    assert_int_equal(to.used, pool_object_bytes(pool));
    pool_release(pool, &to, object);
    test_memory_close(memory);
}

static void test_pools_of_one_size_merge(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *a = pool_create(memory, "a", 512, POOL_SHARED);
    struct pool *b = pool_create(memory, "b", 512, POOL_SHARED);
    struct pool *c = pool_create(memory, "c", 512, 0);
    struct pool *d = pool_create(memory, "d", 4096, POOL_SHARED);
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, c);
    assert_ptr_not_equal(a, d);
    assert_int_equal(test_memory_pool(memory, a).users, 2);
    assert_true(test_memory_pool(memory, a).is_shared);
    assert_false(test_memory_pool(memory, c).is_shared);
    test_memory_close(memory);
    memory = test_memory_open((struct memory_options){.no_merge = true});
    a = pool_create(memory, "a", 512, POOL_SHARED);
    b = pool_create(memory, "b", 512, POOL_SHARED);
    assert_ptr_not_equal(a, b);
    test_memory_close(memory);
}

static void test_without_caches_objects_go_to_the_system(void **state)
{
    (void)state;
    struct memory *memory = test_memory_open((struct memory_options){.no_cache = true});
    struct pool *pool = pool_create(memory, "thing", 100, 0);
    struct account account;
    open_client(memory, &account);
    void *object = pool_take(pool, &account);
    assert_int_equal(test_memory_pool(memory, pool).allocated, 1);
    pool_release(pool, &account, object);
    assert_int_equal(test_memory_pool(memory, pool).allocated, 0);
    assert_int_equal(test_memory_used(memory), 0);
    test_memory_close(memory);
}

static void test_lists_and_empty_slabs_are_bounded(void **state)
{
    (void)state;
    enum { OBJECTS = 20000 };
    struct memory *memory = test_memory_limited(LIMIT);
    struct ledger *ledger = memory_ledger(memory, 0);
    struct pool *pool = pool_create(memory, "thing", 1024, 0);
    struct account account;
    static void *objects[OBJECTS];
    open_client(memory, &account);
    for (int i = 0; i < OBJECTS; i++) {
        objects[i] = pool_take(pool, &account);
        assert_non_null(objects[i]);
    }
    for (int i = 0; i < OBJECTS; i++) {
        pool_release(pool, &account, objects[i]);
    }
    const struct pool_usage usage = test_memory_pool(memory, pool);
    assert_int_equal(usage.used, 0);
    assert_int_equal(usage.in_caches, usage.allocated);
    assert_int_equal(usage.high_water, OBJECTS);
    assert_true(ledger->cached <= ledger->caches_max / 4);
    assert_true(usage.in_caches * usage.object_bytes > ledger->cached); /* some are in slabs */
    assert_true(test_memory_used(memory) <= LIMIT / 8 + MEBIBYTE);      /* for the next wave */
    assert_true(test_memory_used(memory) >= usage.in_caches * usage.object_bytes);
    pool_trim_all(memory, true);
    assert_true(test_memory_used(memory) <= MEBIBYTE);
    test_memory_close(memory);
}

static void test_cold_first_takes_the_oldest(void **state)
{
    (void)state;
    for (int is_cold = 0; is_cold <= 1; is_cold++) {
        struct memory *memory = test_memory_open(
            (struct memory_options){.keep_caches = true, .cold_first = is_cold == 1});
        struct pool *pool = pool_create(memory, "thing", 100, 0);
        struct account account;
        void *objects[3];
        open_client(memory, &account);
        for (int i = 0; i < 3; i++) {
            objects[i] = pool_take(pool, &account);
        }
        for (int i = 0; i < 3; i++) {
            pool_release(pool, &account, objects[i]);
        }
        for (int i = 0; i < 3; i++) {
            assert_ptr_equal(pool_take(pool, &account), objects[is_cold == 1 ? i : 2 - i]);
        }
        for (int i = 0; i < 3; i++) {
            pool_release(pool, &account, objects[i]);
        }
        test_memory_close(memory);
    }
}

static void test_operator_takes_when_traffic_has_all(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "thing", 10000, 0);
    struct account client;
    struct account operators;
    test_memory_ignore_resident(memory);
    open_client(memory, &client);
    account_init(&operators, memory_ledger(memory, 0), ACCOUNT_OPERATOR, 0);
    test_memory_fill(&client, 1000);
    assert_null(pool_take(pool, &client));
    void *object = pool_take(pool, &operators);
    assert_non_null(object);
    pool_release(pool, &operators, object);
    assert_int_equal(operators.used, 0);
    assert_null(pool_take(pool, &client));
    account_discharge(&client, client.used);
    object = pool_take(pool, &client);
    pool_release(pool, &client, object);
    object = pool_take(pool, &operators);
    assert_non_null(object);
    pool_release(pool, &operators, object);
    test_memory_close(memory);
}

static void test_traffic_does_not_come_to_the_margin_by_the_operators_slabs(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "thing", 1000, 0);
    struct account client;
    struct account operators;
    struct memory_usage usage;
    test_memory_ignore_resident(memory);
    open_client(memory, &client);
    account_init(&operators, memory_ledger(memory, 0), ACCOUNT_OPERATOR, 0);
    memory_read_usage(memory, &usage);
    assert_int_equal(account_charge(&client, usage.traffic_max), RESULT_OK);
    for (int round = 0; round < 1000; round++) {
        void *object = pool_take(pool, &operators);
        assert_non_null(object);
        assert_null(pool_take(pool, &client)); /* of the slab that the operator holds */
        pool_release(pool, &operators, object);
        assert_null(pool_take(pool, &client)); /* of the slab that it held */
    }
    memory_read_usage(memory, &usage);
    assert_true(usage.leased <= usage.traffic_max);
    account_discharge(&client, client.used);
    test_memory_close(memory);
}

static void test_shared_ledger_takes_and_releases(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "entry", 100, 0);
    struct account table;
    struct account client;
    open_client(memory, &client);
    account_init(&table, memory_shared_ledger(memory), ACCOUNT_TABLE, 0);
    void *object = pool_take(pool, &table);
    assert_int_equal(table.used, pool_object_bytes(pool));
    pool_release(pool, &table, object);
    assert_int_equal(table.used, 0);
    assert_int_equal(test_memory_pool(memory, pool).used, 0);
    object = pool_take(pool, &client);
    assert_non_null(object);
    pool_release(pool, &client, object);
    assert_int_equal(test_memory_pool(memory, pool).used, 0);
    test_memory_close(memory);
}

static void test_workers_added_later(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "thing", 100, 0);
    struct account first;
    struct account third;
    open_client(memory, &first);
    void *a = pool_take(pool, &first);
    assert_int_equal(memory_set_workers(memory, 3), RESULT_OK);
    assert_int_equal(memory_set_workers(memory, 2), RESULT_OK);
    account_init(&third, memory_ledger(memory, 2), ACCOUNT_CLIENT, 0);
    assert_int_equal(ledger_index(third.ledger), 2);
    void *b = pool_take(pool, &third);
    assert_int_equal(test_memory_pool(memory, pool).used, 2);
    pool_release(pool, &first, a);
    pool_release(pool, &third, b);
    test_memory_close(memory);
}

/* ---- many objects at random, beside a model ---- */

enum { MODEL_OBJECTS = 300, MODEL_POOLS = 4, MODEL_ROUNDS = 60000 };

struct model_object {
    unsigned char *bytes;
    size_t size;
    unsigned pool;
    unsigned account;
    unsigned char fill;
};

static void check_and_release(struct pool **pools, struct account *accounts,
                              struct model_object *object)
{
    for (size_t i = 0; i < object->size; i++) {
        assert_int_equal(object->bytes[i], object->fill);
    }
    pool_release(pools[object->pool], &accounts[object->account], object->bytes);
    object->bytes = NULL;
}

static void test_random_use_keeps_contents_and_sums(void **state)
{
    (void)state;
    static const size_t sizes[MODEL_POOLS] = {24, 300, 3000, 20000};
    static struct model_object objects[MODEL_OBJECTS];
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pools[MODEL_POOLS];
    struct account accounts[3];
    size_t charged = 0;
    srand(4);
    for (unsigned i = 0; i < MODEL_POOLS; i++) {
        pools[i] = pool_create(memory, "thing", sizes[i], POOL_SHARED);
    }
    account_init(&accounts[0], memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    account_init(&accounts[1], memory_ledger(memory, 0), ACCOUNT_OPERATOR, 0);
    account_init(&accounts[2], memory_shared_ledger(memory), ACCOUNT_TABLE, 0);
    for (int round = 0; round < MODEL_ROUNDS; round++) {
        struct model_object *object = &objects[rand() % MODEL_OBJECTS];
        if (object->bytes != NULL) {
            charged -= pool_object_bytes(pools[object->pool]);
            check_and_release(pools, accounts, object);
        } else {
            object->pool = (unsigned)rand() % MODEL_POOLS;
            object->account = (unsigned)rand() % 3;
            object->size = sizes[object->pool];
            object->fill = (unsigned char)rand();
            object->bytes = pool_take(pools[object->pool], &accounts[object->account]);
            assert_non_null(object->bytes);
            memset(object->bytes, object->fill, object->size);
            charged += pool_object_bytes(pools[object->pool]);
        }
        if (round % 5000 == 0) {
            pool_tick(memory, memory_ledger(memory, 0));
        }
        if (round % 7001 == 0) {
            pool_trim_all(memory, true);
        }
    }
    assert_int_equal(accounts[0].used + accounts[1].used + accounts[2].used, charged);
    for (int i = 0; i < MODEL_OBJECTS; i++) {
        if (objects[i].bytes != NULL) {
            check_and_release(pools, accounts, &objects[i]);
        }
    }
    pool_trim_all(memory, true);
    assert_int_equal(test_memory_used(memory), 0);
    test_memory_close(memory);
}

/* ---- threads ---- */

enum { THREADS = 4, HELD = 64, TURNS = 20000, HAND_OVERS = 64 };

/* Objects of the shared account, handed from thread to thread. */
struct exchange {
    struct memory *memory;
    struct pool *pool;
    struct account table;
    _Atomic(void *) places[HAND_OVERS];
};

struct thread_work {
    struct exchange *exchange;
    unsigned worker;
};

static void *work(void *argument)
{
    const struct thread_work *work = argument;
    struct exchange *exchange = work->exchange;
    struct ledger *ledger = memory_ledger(exchange->memory, work->worker);
    struct account account;
    void *held[HELD] = {NULL};
    unsigned random = work->worker + 1;
    account_init(&account, ledger, ACCOUNT_CLIENT, 0);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        random = random * 1103515245u + 12345u;
        const unsigned place = random >> 16;
        void **own = &held[place % HELD];
        if (*own == NULL) {
            *own = pool_take(exchange->pool, &account);
        } else {
            pool_release(exchange->pool, &account, *own);
            *own = NULL;
        }
        if (turn % 16 == 0) {
            void *given = pool_take(exchange->pool, &exchange->table);
            void *got = atomic_exchange(&exchange->places[place % HAND_OVERS], given);
            pool_release(exchange->pool, &exchange->table, got);
        }
        if (turn % 4096 == 0) {
            pool_trim_all(exchange->memory, place % 2 == 0);
        }
        if (turn % 512 == 0) {
            pool_tick(exchange->memory, ledger);
            pool_serve_trims(ledger);
        }
    }
    for (unsigned i = 0; i < HELD; i++) {
        pool_release(exchange->pool, &account, held[i]);
    }
    account_deinit(&account);
    return NULL;
}

static void test_threads_share_the_slabs(void **state)
{
    (void)state;
    static struct exchange exchange;
    struct thread_work works[THREADS];
    pthread_t threads[THREADS];
    exchange.memory = test_memory_open(
        (struct memory_options){.limit_bytes = LIMIT, .workers = THREADS, .keep_caches = true});
    exchange.pool = pool_create(exchange.memory, "thing", 16384, 0);
    account_init(&exchange.table, memory_shared_ledger(exchange.memory), ACCOUNT_TABLE, 0);
    for (unsigned i = 0; i < THREADS; i++) {
        works[i] = (struct thread_work){.exchange = &exchange, .worker = i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &works[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (unsigned i = 0; i < HAND_OVERS; i++) {
        pool_release(exchange.pool, &exchange.table, exchange.places[i]);
    }
    assert_int_equal(test_memory_pool(exchange.memory, exchange.pool).used, 0);
    test_memory_close(exchange.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_object_is_charged_and_reused),
        cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_smallest_objects),
        cmocka_unit_test(test_cap_and_budget_refuse),
        cmocka_unit_test(test_recharge),
        cmocka_unit_test(test_pools_of_one_size_merge),
        cmocka_unit_test(test_without_caches_objects_go_to_the_system),
        cmocka_unit_test(test_lists_and_empty_slabs_are_bounded),
        cmocka_unit_test(test_cold_first_takes_the_oldest),
        cmocka_unit_test(test_operator_takes_when_traffic_has_all),
        cmocka_unit_test(test_traffic_does_not_come_to_the_margin_by_the_operators_slabs),
        cmocka_unit_test(test_shared_ledger_takes_and_releases),
        cmocka_unit_test(test_workers_added_later),
        cmocka_unit_test(test_random_use_keeps_contents_and_sums),
        cmocka_unit_test(test_threads_share_the_slabs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
