/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request heads: found at the same place however they come in; what is accepted has one meaning,
 * which writing and reading it again does not change.
 */
#include "fuzz_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads what was written, as a strict server would. */
static void require_same_again(const struct http_message *message, bool is_lenient)
{
    struct http_message again;
    struct http1_error error;
    struct http1_options options = {.accept_unsafe_request = is_lenient};
    struct slice written = fuzz_write_head(message);
    size_t length = 0;
    size_t scanned = 0;
    fuzz_require(http1_find_head(written, &scanned, &length) == RESULT_OK &&
                     length == written.length,
                 "one head is written");
    fuzz_message_init_again(&again);
    fuzz_require(http1_parse_request(written, NULL, &options, &again, &error) == RESULT_OK,
                 "what is written can be read");
    fuzz_require(slice_equal(message->method, again.method), "one method");
    fuzz_require(slice_equal(message->path, again.path), "one path");
    fuzz_require(slice_equal(http_message_host(message), http_message_host(&again)), "one host");
    fuzz_require_same_framing(message, &again);
    fuzz_require(message->expects_continue == again.expects_continue ||
                     message->version < HTTP_VERSION_1_1,
                 "one expectation");
    fuzz_require_same_fields(&message->fields, &again.fields);
    http_message_clear(&again);
    free((void *)(uintptr_t)written.data);
}

static void try_head(struct slice head, bool is_lenient)
{
    struct http_message message;
    struct http1_error error;
    struct http1_options options = {.accept_unsafe_request = is_lenient};
    fuzz_message_init(&message);
    enum result result = http1_parse_request(head, NULL, &options, &message, &error);
    if (result == RESULT_OK) {
        require_same_again(&message, is_lenient);
    } else {
        fuzz_require(error.status >= 400 && error.status < 500 && error.reason != NULL,
                     "a refusal says why");
        fuzz_require(error.position <= head.length, "a refusal points into the head");
        fuzz_require(message.fields.count == 0 && message.method.length == 0,
                     "a refusal leaves nothing");
    }
    http_message_clear(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of((const char *)data, size);
    size_t length = 0;
    if (fuzz_find_head(bytes, &length) == RESULT_OK) {
        fuzz_require(length <= size, "a head inside its bytes");
        try_head(slice_first(bytes, length), false);
        try_head(slice_first(bytes, length), true);
    }
    try_head(bytes, false); /* incomplete heads must be refused, not read beyond */
    fuzz_http_end();
    return 0;
}
