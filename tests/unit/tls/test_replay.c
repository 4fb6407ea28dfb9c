/* SPDX-License-Identifier: Apache-2.0 */
/* The guard of 0-RTT: made, enabled, given back, and only where it is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/quic_tls.h"
#include "tls/replay.h"

static void test_made_and_given_back(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(0);
    struct account account;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CONFIGURATION, 0);
    struct tls_replay *replay = tls_replay_create(&account);
    assert_non_null(replay);
    gnutls_session_t native;
    assert_int_equal(gnutls_init(&native, GNUTLS_SERVER | GNUTLS_ENABLE_EARLY_DATA), 0);
    tls_replay_enable(replay, native);
    assert_int_equal(gnutls_record_get_max_early_data_size(native), UINT32_MAX);
    gnutls_deinit(native);
    tls_replay_destroy(replay, &account);
    tls_replay_destroy(NULL, &account);
    assert_int_equal(account.used, 0);
    account.cap = 100;
    assert_null(tls_replay_create(&account));
    account.cap = 0;
    assert_int_equal(account.used, 0);
    test_memory_close(memory);
}

static void test_only_where_it_is_allowed(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(0);
    struct account account;
    struct test_folder folder;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CONFIGURATION, 0);
    test_folder_open(&folder);
    struct tls_context *without = test_quic_context(&folder, &account, false);
    size_t before = account.used;
    test_folder_close(&folder);
    test_folder_open(&folder);
    struct tls_context *with = test_quic_context(&folder, &account, true);
    assert_true(account.used - before > before); /* the guard's table */
    tls_context_destroy(with);
    tls_context_destroy(without);
    test_folder_close(&folder);
    assert_int_equal(account.used, 0);
    test_memory_close(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_and_given_back),
        cmocka_unit_test(test_only_where_it_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
