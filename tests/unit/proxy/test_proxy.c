/* SPDX-License-Identifier: Apache-2.0 */
/* Looking proxies up by name, id and role, and the last malformed message of each direction. */
#include "memory/fault.h"
#include "proxy/proxy.h"
#include "support/site.h"

static void test_finding(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site_start(&site);
    const struct worker *worker = &site.worker;
    assert_ptr_equal(proxy_find(worker, SLICE("fe"), PROXY_FRONTEND), site.frontend);
    assert_ptr_equal(proxy_find(worker, SLICE("be"), PROXY_BACKEND), site.backend);
    assert_ptr_equal(proxy_find(worker, SLICE("be"), PROXY_BACKEND | PROXY_FRONTEND), site.backend);
    assert_ptr_equal(proxy_find(worker, SLICE("#2"), PROXY_FRONTEND), site.frontend);
    assert_ptr_equal(proxy_find(worker, SLICE("#3"), PROXY_BACKEND), site.backend);
    static const char *const ABSENT[] = {"f", "fee", "#2", "#4", "#", "#3x", ""};
    for (size_t i = 0; i < sizeof(ABSENT) / sizeof(ABSENT[0]); i++) {
        assert_null(proxy_find(worker, slice_from_string(ABSENT[i]), PROXY_BACKEND));
    }
    assert_null(proxy_find(worker, SLICE("fe"), PROXY_BACKEND)); /* it has another role */
    site_close(&site);
}

/* A name that begins as an id does is a name when no id follows. */
static void test_a_name_with_a_hash(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site.back.name = "#be";
    site_start(&site);
    assert_ptr_equal(proxy_find(&site.worker, SLICE("#be"), PROXY_BACKEND), site.backend);
    site_close(&site);
}

static const struct rule_context CONTEXT = {.wall_us = 77, .source = {.family = AF_INET}};

static void test_the_last_malformed_message_is_kept(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site_start(&site);
    struct captured_error *slot = &site.frontend->bad_request;
    struct mux_refusal refusal = {.error = {.reason = "first", .position = 3},
                                  .bytes = SLICE("GET\x01 first")};
    proxy_capture_error(site.frontend, slot, &refusal, &CONTEXT);
    assert_int_equal(slot->number, 1);
    assert_int_equal(slot->position, 3);
    assert_int_equal(slot->wall_us, 77);
    assert_string_equal(slot->reason, "first");
    assert_int_equal(slot->length, refusal.bytes.length);
    assert_memory_equal(slot->bytes->data, refusal.bytes.data, refusal.bytes.length);
    size_t used = site.worker.account.used;
    refusal = (struct mux_refusal){.error = {.reason = "second"}, .bytes = SLICE("x")};
    proxy_capture_error(site.frontend, slot, &refusal, &CONTEXT);
    assert_int_equal(slot->number, 2);
    assert_int_equal(slot->length, 1);
    assert_string_equal(slot->reason, "second");
    assert_int_equal(site.worker.account.used, used); /* one chunk for both */
    assert_int_equal(site.frontend->bad_response.number, 0);
    site_close(&site);
}

static void test_bytes_are_cut_at_a_chunk(void **state)
{
    (void)state;
    static char bytes[3 * TEST_CHUNK_BYTES];
    struct site site;
    site_open(&site);
    site_start(&site);
    memset(bytes, 'a', sizeof(bytes));
    struct mux_refusal refusal = {.bytes = {bytes, sizeof(bytes)}};
    struct captured_error *slot = &site.backend->bad_response;
    proxy_capture_error(site.backend, slot, &refusal, &CONTEXT);
    assert_int_equal(slot->length, slot->bytes->size);
    assert_true(slot->length <= TEST_CHUNK_BYTES);
    site_close(&site);
}

static void test_without_memory_the_reason_is_kept(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site_start(&site);
    struct mux_refusal refusal = {.error = {.reason = "why", .position = 9}, .bytes = SLICE("x")};
    struct captured_error *slot = &site.frontend->bad_request;
    proxy_capture_error(site.frontend, slot, &refusal, &CONTEXT);
    fault_fail_nth(site.base.memory, 1, 0);
    proxy_capture_error(site.frontend, slot, &refusal, &CONTEXT);
    fault_fail_nth(site.base.memory, 0, 0);
    assert_null(slot->bytes);
    assert_int_equal(slot->length, 0);
    assert_int_equal(slot->number, 2);
    assert_int_equal(slot->position, 9);
    assert_string_equal(slot->reason, "why");
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_a_name_with_a_hash),
        cmocka_unit_test(test_the_last_malformed_message_is_kept),
        cmocka_unit_test(test_bytes_are_cut_at_a_chunk),
        cmocka_unit_test(test_without_memory_the_reason_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
