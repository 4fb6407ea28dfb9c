/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of message bodies.
 */
#include "rules/fetch.h"

#include "support/fetch.h"

static struct rules_test test;
static struct chunk_queue queue;

FETCH_TEST_REGISTRY(registry, fetches_body);

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "POST", "/");
    test.parser.registry = &registry;
    test.context.request_body = &queue;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    chunk_queue_clear(&queue);
    rules_test_close(&test);
    return 0;
}

static void hold(struct slice bytes)
{
    chunk_queue_clear(&queue);
    assert_int_equal(chunk_queue_append_copy(&queue, &test.source, &test.account, bytes),
                     RESULT_OK);
}

static void test_of_requests(void **state)
{
    (void)state;
    assert_fetch(&test, "req.body", "(none)");
    assert_fetch(&test, "req.body_len", "0");
    assert_fetch(&test, "req.body_size", "0");
    hold(SLICE("hello"));
    assert_fetch(&test, "req.body", "hello");
    assert_fetch(&test, "req.body_len", "5");
    assert_fetch(&test, "req.body_size", "5");
    test.request.body = HTTP_BODY_LENGTH;
    test.request.content_length = 500;
    assert_fetch(&test, "req.body_size", "500");
    test.context.request_body = NULL;
    assert_fetch(&test, "req.body_len", "0");
    test.context.request = NULL;
    assert_fetch(&test, "req.body_size", "(none)");
    test.context.is_final = false;
    assert_fetch(&test, "req.body", "(wait)");
    assert_fetch(&test, "req.body_len", "(wait)");
}

static void test_of_responses(void **state)
{
    (void)state;
    test.parser.capabilities = SAMPLE_IN_HTTP_RESPONSE;
    assert_fetch(&test, "res.body_len", "(none)");
    rules_test_response(&test, 200);
    test.context.response_body = &queue;
    hold(SLICE("hi"));
    assert_fetch(&test, "res.body", "hi");
    assert_fetch(&test, "res.body_len", "2");
    assert_fetch(&test, "res.body_size", "2");
}

static void test_parameters(void **state)
{
    (void)state;
    hold(SLICE("p=1&q=%20two&bare&Q=3&empty=&p=4"));
    assert_fetch(&test, "req.body_param(p)", "1");
    assert_fetch(&test, "req.body_param(q)", "%20two");
    assert_fetch(&test, "req.body_param(Q)", "3");
    assert_fetch(&test, "req.body_param(Q,i)", "%20two");
    assert_fetch(&test, "req.body_param(empty)", "");
    assert_fetch(&test, "req.body_param(bare)", "(none)");
    assert_fetch(&test, "req.body_param", "1");
    assert_refused(&test, "req.body_param(p,x)",
                   "invalid args in fetch method 'req.body_param' : expects 'i' or nothing as "
                   "second argument, got 'x'");
    static const char *const VALUES[] = {"1", "4"};
    struct sample_expression *expression = fetch_test_parse(&test, "req.body_param(p)");
    struct sample_cursor cursor = {0};
    struct sample sample;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(sample_evaluate(expression, &test.context, &cursor, &sample), RESULT_OK);
        assert_slice(sample.text, VALUES[i]);
        assert_int_equal(sample.flags & SAMPLE_NOT_LAST, i == 0 ? SAMPLE_NOT_LAST : 0);
    }
    sample_expression_destroy(&test.account, expression);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_of_requests),
        CASE(test_of_responses),
        CASE(test_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
