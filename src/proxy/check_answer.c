/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging the answer to an HTTP check. The status is judged as soon as the head is complete
 * (interim responses aside, RFC 9110 15.2); a text in the body as soon as it is found, and its
 * absence when the body ends or fills its chunk.
 *
 *   head -> status expected: judged
 *        -> text expected: body -> judged
 *
 * Memory: the chunk of the head, its table of fields, and one chunk of body, on the check's
 * account.
 */
#include "proxy/check_answer.h"

#include <string.h>

#include "base/number.h"
#include "base/text.h"

enum {
    FIELDS_MAX = 101, /* as tune.http.maxhdr's default */
    STATUS_FINAL = 200,
    STATUS_PASS_MIN = 200,
    STATUS_PASS_MAX = 399,
    STATUS_TEXT_SIZE = 8,
};

void check_answer_begin(struct check_answer *answer, const struct http_check_settings *expected,
                        const struct regex *pattern, struct arena *scratch,
                        struct chunk_source *chunks, struct account *account)
{
    *answer = (struct check_answer){
        .expected = expected,
        .pattern = pattern,
        .scratch = scratch,
        .chunks = chunks,
        .account = account,
        .status = CHECK_STATUS_STARTED,
    };
    http_message_init(&answer->message, chunks, account, 0, FIELDS_MAX);
}

void check_answer_end(struct check_answer *answer)
{
    http_message_clear(&answer->message);
    chunk_drop(answer->body);
    answer->body = NULL;
    answer->text = SLICE_NONE;
}

static enum result judge(struct check_answer *answer, enum check_status status, struct slice text)
{
    answer->status = status;
    answer->code = status > CHECK_STATUS_WITH_CODE ? answer->message.status : 0;
    answer->text = text;
    return RESULT_OK;
}

static enum result judge_invalid(struct check_answer *answer, struct slice text)
{
    return judge(answer, CHECK_STATUS_L7_RESPONSE, text);
}

/* ---- the status ---- */

/* Whether a status is in a list as `http-check expect status` takes it: "200", "200-299,301". */
static bool is_listed(const char *list, uint16_t status)
{
    struct slice rest = slice_from_string(list);
    struct slice range;
    while (slice_next_token(&rest, ',', &range)) {
        range = slice_trim(range);
        size_t dash = slice_find_char(range, '-');
        uint64_t low = 0;
        uint64_t high = 0;
        if (number_parse_decimal(slice_first(range, dash), &low) != RESULT_OK) {
            continue;
        }
        if (dash == range.length) {
            high = low;
        } else if (number_parse_decimal(slice_skip(range, dash + 1), &high) != RESULT_OK) {
            continue;
        }
        if (low <= status && status <= high) {
            return true;
        }
    }
    return false;
}

/* Searches `subject` for the pattern: RESULT_OK with `*found`, or RESULT_NO_MEMORY. */
static enum result search(struct check_answer *answer, struct slice subject, bool *found)
{
    enum result result = regex_search(answer->pattern, subject, answer->scratch, NULL);
    arena_clear(answer->scratch);
    *found = result == RESULT_OK;
    return result == RESULT_NO_MEMORY ? result : RESULT_OK;
}

static enum result status_matches(struct check_answer *answer, bool *matches)
{
    uint16_t status = answer->message.status;
    if (answer->expected->expect == EXPECT_STATUS) {
        *matches = is_listed(answer->expected->expect_value, status);
        return RESULT_OK;
    }
    if (answer->expected->expect == EXPECT_RSTATUS) {
        char digits[STATUS_TEXT_SIZE];
        struct text text = text_over(digits, sizeof(digits));
        text_append_format(&text, "%03u", status);
        return search(answer, text_slice(&text), matches);
    }
    *matches = status >= STATUS_PASS_MIN && status <= STATUS_PASS_MAX;
    return RESULT_OK;
}

static enum result judge_status(struct check_answer *answer)
{
    bool matches = false;
    enum result result = status_matches(answer, &matches);
    if (result != RESULT_OK) {
        return result;
    }
    if (matches != answer->expected->expect_negated) {
        return judge(answer, CHECK_STATUS_L7_PASSED, SLICE_NONE);
    }
    return judge(answer, CHECK_STATUS_L7_STATUS, answer->message.reason);
}

/* ---- the body ---- */

static struct slice body_of(const struct check_answer *answer)
{
    return answer->body == NULL ? SLICE_NONE : slice_of(answer->body->data, answer->body->filled);
}

static bool is_body_full(const struct check_answer *answer)
{
    return answer->body != NULL && answer->body->filled == answer->body->size;
}

/* Trailers do not matter. */
static bool is_body_over(const struct check_answer *answer)
{
    return answer->framing.state == HTTP1_BODY_TRAILERS || answer->framing.state == HTTP1_BODY_DONE;
}

/* Copies the body bytes at the front of `input`, leaving the framing out. RESULT_END: that was all
 * of the body. */
static enum result collect_body(struct check_answer *answer, struct chunk_queue *input)
{
    while (!chunk_queue_is_empty(input) && !is_body_full(answer)) {
        size_t skip = 0;
        size_t data = 0;
        enum result result =
            http1_body_next(&answer->framing, chunk_queue_front(input), &skip, &data);
        if (result == RESULT_INVALID) {
            return result;
        }
        chunk_queue_drop(input, skip);
        size_t kept = size_min(data, answer->body->size - answer->body->filled);
        kept = chunk_queue_copy_out(input, answer->body->data + answer->body->filled, kept);
        answer->body->filled += (uint32_t)kept;
        chunk_queue_drop(input, data);
        if (is_body_over(answer)) {
            return RESULT_END;
        }
        if (skip == 0 && data == 0) {
            return RESULT_BLOCKED;
        }
    }
    return is_body_over(answer) ? RESULT_END : RESULT_BLOCKED;
}

static enum result body_matches(struct check_answer *answer, bool *matches)
{
    struct slice body = body_of(answer);
    if (answer->expected->expect == EXPECT_RSTRING) {
        return search(answer, body, matches);
    }
    struct slice wanted = slice_from_string(answer->expected->expect_value);
    *matches = slice_find(body, wanted) < body.length || wanted.length == 0;
    return RESULT_OK;
}

static enum result judge_body(struct check_answer *answer, bool is_whole)
{
    bool matches = false;
    enum result result = body_matches(answer, &matches);
    if (result != RESULT_OK) {
        return result;
    }
    if (!matches && !is_whole) {
        return RESULT_BLOCKED;
    }
    if (matches != answer->expected->expect_negated) {
        return judge(answer, CHECK_STATUS_L7_PASSED, SLICE_NONE);
    }
    if (is_whole && body_of(answer).length == 0) {
        return judge_invalid(answer, SLICE("HTTP content check could not find a response body"));
    }
    return judge_invalid(answer, matches ? SLICE("HTTP check matched unwanted content")
                                         : SLICE("HTTP content check did not match"));
}

static enum result receive_body(struct check_answer *answer, struct chunk_queue *input,
                                bool has_ended)
{
    if (answer->body == NULL) {
        answer->body = chunk_take(answer->chunks, CHUNK_NORMAL, answer->account);
        if (answer->body == NULL) {
            return RESULT_NO_MEMORY;
        }
    }
    enum result result = collect_body(answer, input);
    if (result == RESULT_INVALID) {
        return judge_invalid(answer, SLICE_NONE);
    }
    return judge_body(answer, has_ended || result == RESULT_END || is_body_full(answer));
}

/* ---- the head ---- */

static enum result parse_head(struct check_answer *answer, struct chunk_queue *input)
{
    size_t wanted = size_min(input->bytes, answer->chunks->bytes[CHUNK_NORMAL]);
    size_t length = 0;
    struct slice bytes;
    enum result result =
        chunk_queue_pull_up(input, answer->chunks, answer->account, wanted, &bytes);
    if (result != RESULT_OK) {
        return result;
    }
    if (http1_find_head(bytes, &answer->scanned, &length) != RESULT_OK) {
        bool is_too_long = wanted == answer->chunks->bytes[CHUNK_NORMAL];
        return is_too_long ? RESULT_INVALID : RESULT_BLOCKED;
    }
    const struct http1_options options = {.accept_unsafe_response = false};
    struct http1_error error = {0};
    const char *method = answer->expected->method;
    result = http1_parse_response(slice_first(bytes, length), input->first->chunk,
                                  http_method_find(slice_from_string(method)), &options,
                                  &answer->message, &error);
    if (result == RESULT_OK) {
        chunk_queue_drop(input, length);
        answer->scanned = 0;
    }
    return result;
}

/* RESULT_OK: the final head is there. RESULT_INVALID: it never will be. */
static enum result receive_head(struct check_answer *answer, struct chunk_queue *input)
{
    while (!chunk_queue_is_empty(input)) {
        enum result result = parse_head(answer, input);
        if (result != RESULT_OK) {
            return result == RESULT_FULL ? RESULT_INVALID : result;
        }
        if (answer->message.status >= STATUS_FINAL) {
            answer->has_head = true;
            http1_body_begin(&answer->framing, &answer->message);
            return RESULT_OK;
        }
        http_message_clear(&answer->message); /* an interim response */
    }
    return RESULT_BLOCKED;
}

static bool judges_status(const struct check_answer *answer)
{
    switch (answer->expected->expect) {
    case EXPECT_DEFAULT:
    case EXPECT_STATUS:
    case EXPECT_RSTATUS:
        return true;
    case EXPECT_STRING:
    case EXPECT_RSTRING:
        return false;
    }
    return true;
}

enum result check_answer_receive(struct check_answer *answer, struct chunk_queue *input,
                                 bool has_ended)
{
    if (!answer->has_head) {
        enum result result = receive_head(answer, input);
        if (result == RESULT_INVALID || (result == RESULT_BLOCKED && has_ended)) {
            return judge_invalid(answer, SLICE_NONE);
        }
        if (result != RESULT_OK) {
            return result;
        }
    }
    return judges_status(answer) ? judge_status(answer) : receive_body(answer, input, has_ended);
}
