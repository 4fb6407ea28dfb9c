/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of HTTP share: a governor with chunk pools, messages over it, texts of queues. Each
 * test opens and closes one, and closing finds what was left.
 */
#ifndef WEIR_TESTS_SUPPORT_HTTP_H
#define WEIR_TESTS_SUPPORT_HTTP_H

#include <stdio.h>
#include <stdlib.h>

#include "http/http1.h"
#include "support/memory.h"

#define TEST_NORMAL_BYTES  ((size_t)16384)
#define TEST_REWRITE_BYTES ((size_t)65536)
#define TEST_FIELDS_MAX    101

struct test_http {
    struct memory *memory;
    struct chunk_source source;
    struct account account;
    struct http_message message;
    struct http1_error error;
    struct http1_options options;
};

static inline void test_http_open_limited(struct test_http *test, size_t limit)
{
    *test = (struct test_http){.memory = test_memory_limited(limit)};
    assert_int_equal(chunk_source_init(&test->source, test->memory, TEST_NORMAL_BYTES, 0),
                     RESULT_OK);
    account_init(&test->account, memory_ledger(test->memory, 0), ACCOUNT_CLIENT, 0);
    http_message_init(&test->message, &test->source, &test->account, TEST_REWRITE_BYTES,
                      TEST_FIELDS_MAX);
}

static inline void test_http_open(struct test_http *test)
{
    test_http_open_limited(test, 0);
}

static inline void test_http_close(struct test_http *test)
{
    http_message_clear(&test->message);
    assert_int_equal(test->account.used, 0);
    account_deinit(&test->account);
    test_memory_close(test->memory);
}

/* Clears the message and parses a whole request head. */
static inline enum result test_http_request(struct test_http *test, const char *head)
{
    http_message_clear(&test->message);
    return http1_parse_request(slice_from_string(head), NULL, &test->options, &test->message,
                               &test->error);
}

/* Clears the message and parses a whole response head. */
static inline enum result test_http_response(struct test_http *test, enum http_method method,
                                             const char *head)
{
    http_message_clear(&test->message);
    return http1_parse_response(slice_from_string(head), NULL, method, &test->options,
                                &test->message, &test->error);
}

/* The queue's bytes as a string to be freed with free(). */
static inline char *test_http_text(const struct chunk_queue *queue)
{
    char *text = malloc(queue->bytes + 1);
    assert_non_null(text);
    text[chunk_queue_copy_out(queue, text, queue->bytes)] = '\0';
    return text;
}

/* Writes the message's head and compares it. */
static inline void test_http_assert_written(struct test_http *test,
                                            const struct http1_write_options *options,
                                            const char *expected)
{
    struct chunk_queue queue = {0};
    assert_int_equal(
        http1_write_head(&test->message, options, &queue, &test->source, &test->account),
        RESULT_OK);
    char *text = test_http_text(&queue);
    assert_string_equal(text, expected);
    free(text);
    chunk_queue_clear(&queue);
}

/* Compares a slice with a string; NULL stands for data NULL. */
static inline void test_http_assert_slice(struct slice s, const char *expected)
{
    if (expected == NULL) {
        assert_null(s.data);
        return;
    }
    if (!slice_equal(s, slice_from_string(expected))) {
        print_error("'%.*s' is not '%s'\n", (int)s.length, s.data == NULL ? "" : s.data, expected);
        fail();
    }
}

#endif
