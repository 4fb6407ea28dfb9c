/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Response heads to a method that the first byte chooses: found at the same place however they come
 * in; what is accepted has one framing, which writing and reading it again does not change.
 */
#include "fuzz_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_same_again(const struct http_message *message, enum http_method method,
                               bool is_lenient)
{
    struct http_message again;
    struct http1_error error;
    struct http1_options options = {.accept_unsafe_response = is_lenient};
    struct slice written = fuzz_write_head(message);
    size_t length = 0;
    size_t scanned = 0;
    fuzz_require(http1_find_head(written, &scanned, &length) == RESULT_OK &&
                     length == written.length,
                 "one head is written");
    fuzz_message_init_again(&again);
    fuzz_require(http1_parse_response(written, NULL, method, &options, &again, &error) == RESULT_OK,
                 "what is written can be read");
    fuzz_require(message->status == again.status, "one status");
    fuzz_require(slice_equal(message->reason, again.reason), "one reason");
    fuzz_require(message->body == again.body && message->content_length == again.content_length,
                 "one framing");
    fuzz_require(message->wants_upgrade == again.wants_upgrade, "one upgrade");
    fuzz_require_same_fields(&message->fields, &again.fields);
    http_message_clear(&again);
    free((void *)(uintptr_t)written.data);
}

static void try_head(struct slice head, enum http_method method, bool is_lenient)
{
    struct http_message message;
    struct http1_error error;
    struct http1_options options = {.accept_unsafe_response = is_lenient};
    fuzz_message_init(&message);
    enum result result = http1_parse_response(head, NULL, method, &options, &message, &error);
    if (result == RESULT_OK) {
        require_same_again(&message, method, is_lenient);
    } else {
        fuzz_require(error.status == 502 && error.reason != NULL, "a refusal says why");
        fuzz_require(error.position <= head.length, "a refusal points into the head");
    }
    http_message_clear(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    enum http_method method = (enum http_method)(data[0] % HTTP_METHODS);
    struct slice bytes = slice_of((const char *)data + 1, size - 1);
    size_t length = 0;
    if (fuzz_find_head(bytes, &length) == RESULT_OK) {
        try_head(slice_first(bytes, length), method, false);
        try_head(slice_first(bytes, length), method, true);
    }
    try_head(bytes, method, false);
    fuzz_http_end();
    return 0;
}
