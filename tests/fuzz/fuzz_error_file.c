/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error files: what is accepted makes an answer whose head can be written and read again by the
 * codec, with the same status and body. What is refused says why and leaves nothing behind.
 */
#include "fuzz_http.h"
#include "rules/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ERROR_SIZE = 1024, STATUS = 503 };

/* Writes the head and parses what was written. */
static void check_head(const struct http_message *message)
{
    struct fuzz_http *http = fuzz_http();
    struct chunk_queue queue = {0};
    struct http1_write_options options = {.close = message->wants_close};
    fuzz_require(http1_write_head(message, &options, &queue, &http->source, &http->account) ==
                     RESULT_OK,
                 "a head that can be written");
    struct slice head;
    fuzz_require(chunk_queue_pull_up(&queue, &http->source, &http->account, queue.bytes, &head) ==
                     RESULT_OK,
                 "a head in one piece");
    struct http_message again;
    struct http1_options strict = {0};
    struct http1_error error;
    fuzz_message_init_again(&again);
    fuzz_require(http1_parse_response(head, queue.first->chunk, HTTP_METHOD_GET, &strict, &again,
                                      &error) == RESULT_OK,
                 "a head that can be read");
    fuzz_require(again.status == message->status, "the same status");
    if (message->body == HTTP_BODY_LENGTH) {
        fuzz_require(again.body == HTTP_BODY_NONE ||
                         again.content_length == message->content_length,
                     "the same length");
    }
    http_message_clear(&again);
    chunk_queue_clear(&queue);
}

static void check_answer(struct error_files *files)
{
    struct fuzz_http *http = fuzz_http();
    struct http_message message;
    struct chunk_queue body = {0};
    fuzz_message_init(&message);
    enum result result =
        reply_make_error(STATUS, files, NULL, &message, &body, &http->source, &http->account);
    if (result == RESULT_OK) {
        bool has_length = message.body == HTTP_BODY_LENGTH;
        fuzz_require(!has_length || body.bytes == message.content_length, "the announced body");
        /* An answer may have a few fields more than a head that is read. */
        if (message.fields.count <= FUZZ_FIELDS_MAX) {
            check_head(&message);
        }
    } else {
        fuzz_require(result == RESULT_END || result == RESULT_NO_MEMORY, "silence, or no room");
    }
    http_message_clear(&message);
    chunk_queue_clear(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_http *http = fuzz_http();
    char storage[ERROR_SIZE];
    struct text error = text_over(storage, sizeof(storage));
    struct rule_parser parser = {.account = &http->account, .error = &error};
    struct reply *reply = NULL;
    if (size > REPLY_BYTES_MAX_DEFAULT) {
        return 0;
    }
    enum result result =
        reply_load_bytes(&parser, STATUS, slice_of((const char *)data, size), &reply);
    if (result == RESULT_OK) {
        struct error_files *files = error_files_create(&http->account, NULL);
        fuzz_require(error_files_set(files, STATUS, reply) == RESULT_OK, "a table");
        check_answer(files);
        error_files_destroy(&http->account, files);
    } else {
        fuzz_require(result == RESULT_INVALID && error.length > 0, "refused with a reason");
    }
    fuzz_http_end();
    return 0;
}
