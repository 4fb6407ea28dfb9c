/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smuggling corpus through the codec alone: each case of tests/integration/smuggling/ (format:
 * README.md there) is read, parsed and written as the mux does it. It must be refused, or what was
 * written must have exactly the same one meaning when it is read again. The integration tests send
 * the same cases through the whole program.
 */
#include <dirent.h>

#include "support/http.h"

#define FOLDER "tests/integration/smuggling"

enum {
    HEAD_BYTES_MAX = 15360,
    BYTES_MAX = 100000,
    MESSAGES_MAX = 4,
    CASES_MIN = 150,
    DECIMAL_BASE = 10,
};

/* ---- the corpus ---- */

enum expectation { EXPECT_EITHER, EXPECT_REFUSE, EXPECT_FORWARD };

struct corpus_case {
    char name[128];
    bool is_response;
    enum expectation expectation;
    unsigned status; /* 0: not said */
    int count;       /* -1: not said */
    struct text data;
    struct text body;
    struct text head;
    struct text not_head;
    bool has_body;
};

static void append_unescaped(struct text *out, struct slice text);

/* "{N*TEXT}" behind a backslash; returns what it took of `text`. */
static size_t append_repeated(struct text *out, struct slice text)
{
    size_t at = 1;
    unsigned count = 0;
    while (text.data[at] != '*') {
        count = count * DECIMAL_BASE + (unsigned)(text.data[at] - '0');
        at++;
    }
    size_t start = at + 1;
    at = start;
    while (text.data[at] != '}') {
        at += text.data[at] == '\\' ? 2 : 1;
    }
    for (unsigned i = 0; i < count; i++) {
        append_unescaped(out, slice_of(text.data + start, at - start));
    }
    return at + 1;
}

/* Appends what the escape at the start of `text` stands for; returns its length. */
static size_t append_escape(struct text *out, struct slice text)
{
    uint64_t value = 0;
    switch (text.data[0]) {
    case 'r':
        text_append_char(out, '\r');
        return 1;
    case 'n':
        text_append_char(out, '\n');
        return 1;
    case 't':
        text_append_char(out, '\t');
        return 1;
    case '0':
        text_append_char(out, '\0');
        return 1;
    case '\\':
        text_append_char(out, '\\');
        return 1;
    case 'x':
        assert_int_equal(number_parse_hex(slice_of(text.data + 1, 2), &value), RESULT_OK);
        text_append_char(out, (char)value);
        return 3;
    case '{':
        return append_repeated(out, text);
    }
    print_error("unknown escape \\%c\n", text.data[0]);
    fail();
    return 1;
}

/* The format nests no repetition, so that this goes one level down at most. */
static void append_unescaped(struct text *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '\\') {
            i += append_escape(out, slice_skip(text, i + 1));
        } else {
            text_append_char(out, text.data[i]);
        }
    }
}

static bool take_key(struct slice line, const char *key, struct slice *value)
{
    struct slice name = slice_from_string(key);
    if (!slice_starts_with(line, name) || line.length == name.length ||
        line.data[name.length] != ':') {
        return false;
    }
    *value = slice_trim(slice_skip(line, name.length + 1));
    return true;
}

static void read_key(struct corpus_case *c, struct slice line)
{
    struct slice value;
    uint64_t number = 0;
    if (take_key(line, "side", &value)) {
        c->is_response = slice_equal(value, SLICE("response"));
    } else if (take_key(line, "expect", &value)) {
        c->expectation = slice_equal(value, SLICE("refuse"))    ? EXPECT_REFUSE
                         : slice_equal(value, SLICE("forward")) ? EXPECT_FORWARD
                                                                : EXPECT_EITHER;
    } else if (take_key(line, "status", &value)) {
        assert_int_equal(number_parse_decimal(value, &number), RESULT_OK);
        c->status = (unsigned)number;
    } else if (take_key(line, "count", &value)) {
        assert_int_equal(number_parse_decimal(value, &number), RESULT_OK);
        c->count = (int)number;
    } else if (take_key(line, "body", &value)) {
        c->has_body = true;
        append_unescaped(&c->body, value);
    } else if (take_key(line, "head", &value)) {
        text_append(&c->head, value);
    } else if (take_key(line, "not-head", &value)) {
        text_append(&c->not_head, value);
    } else if (!take_key(line, "weir-only", &value)) {
        print_error("%s: unknown line %.*s\n", c->name, (int)line.length, line.data);
        fail();
    }
}

static void begin_case(struct corpus_case *c, struct slice name)
{
    (void)snprintf(c->name, sizeof(c->name), "%.*s", (int)name.length, name.data);
    c->is_response = false;
    c->expectation = EXPECT_EITHER;
    c->status = 0;
    c->count = -1;
    c->has_body = false;
    text_clear(&c->data);
    text_clear(&c->body);
    text_clear(&c->head);
    text_clear(&c->not_head);
}

/* ---- a proxy's two sides ---- */

/* A message as its receiver understands it. */
struct seen {
    char meaning[BYTES_MAX]; /* first line, fields, body and trailers in one form */
    struct text text;
    char body_bytes[BYTES_MAX];
    struct text body;
    struct chunk_queue wire; /* what is sent on */
    struct text head;        /* the head sent on, in small letters */
    char head_bytes[BYTES_MAX];
};

struct run {
    struct test_http http;
    struct http_fields trailers;
    struct arena trailers_arena;
    bool is_response;
    unsigned whole;   /* messages that came complete */
    unsigned refused; /* status, 0: none */
    bool is_cut;      /* the bytes end inside a message */
    struct seen seen[MESSAGES_MAX];
};

/* Fields that say the same on both sides; those of the connection are compared by their effects. */
static bool is_compared(const struct http_field *field)
{
    switch (field->id) {
    case HTTP_NAME_CONNECTION:
    case HTTP_NAME_KEEP_ALIVE:
    case HTTP_NAME_PROXY_CONNECTION:
    case HTTP_NAME_TE:
    case HTTP_NAME_UPGRADE:
    case HTTP_NAME_TRANSFER_ENCODING:
    case HTTP_NAME_CONTENT_LENGTH:
        return false;
    case HTTP_NAME_OTHER:
    case HTTP_NAME_HOST:
    case HTTP_NAME_COOKIE:
    case HTTP_NAME_SET_COOKIE:
    case HTTP_NAME_EXPECT:
    case HTTP_NAME_TRAILER:
    case HTTP_NAME_AUTHORIZATION:
    case HTTP_NAME_CACHE_CONTROL:
    case HTTP_NAME_DATE:
    case HTTP_NAMES:
        break;
    }
    return true;
}

static void describe_fields(struct text *text, const struct http_fields *fields)
{
    for (uint16_t i = 0; i < fields->count; i++) {
        if (is_compared(&fields->entries[i])) {
            text_append(text, fields->entries[i].name);
            text_append_char(text, '=');
            text_append(text, fields->entries[i].value);
            text_append_char(text, '\n');
        }
    }
}

static void describe_head(struct text *text, const struct http_message *message)
{
    if (message->is_response) {
        text_append_format(text, "%u\n", (unsigned)message->status);
    } else {
        text_append(text, message->method);
        text_append_char(text, ' ');
        text_append(text, message->path);
        text_append_char(text, ' ');
        text_append(text, message->authority);
        text_append_char(text, '\n');
    }
    text_append_format(text, "body %d upgrade %d te %d\n", (int)message->body,
                       (int)message->wants_upgrade, (int)message->te_trailers);
    describe_fields(text, &message->fields);
}

static void write_head(struct run *run, struct seen *seen)
{
    const struct http_message *message = &run->http.message;
    struct http1_write_options options = {
        .chunked = message->body == HTTP_BODY_CHUNKED,
        .close = message->body == HTTP_BODY_CLOSE,
        .absolute_form = true,
    };
    assert_int_equal(
        http1_write_head(message, &options, &seen->wire, &run->http.source, &run->http.account),
        RESULT_OK);
    seen->head.length = chunk_queue_copy_out(&seen->wire, seen->head_bytes, BYTES_MAX - 1);
    for (size_t i = 0; i < seen->head.length; i++) {
        seen->head_bytes[i] = ascii_lower(seen->head_bytes[i]);
    }
}

static void send(struct run *run, struct seen *seen, struct slice bytes)
{
    assert_int_equal(
        chunk_queue_append_copy(&seen->wire, &run->http.source, &run->http.account, bytes),
        RESULT_OK);
}

static void send_piece(struct run *run, struct seen *seen, struct slice data)
{
    char line[HTTP1_CHUNK_HEADER_MAX];
    bool is_chunked = run->http.message.body == HTTP_BODY_CHUNKED;
    text_append(&seen->body, data);
    if (is_chunked) {
        send(run, seen, slice_of(line, http1_write_chunk_header(line, data.length)));
    }
    send(run, seen, data);
    if (is_chunked) {
        send(run, seen, SLICE("\r\n"));
    }
}

/* The body behind the head that was parsed. RESULT_OK, RESULT_BLOCKED when cut, RESULT_INVALID. */
static enum result take_body(struct run *run, struct seen *seen, struct slice *rest)
{
    struct http1_body body;
    size_t length = 0;
    http1_body_begin(&body, &run->http.message);
    while (body.state != HTTP1_BODY_DONE && body.state != HTTP1_BODY_TRAILERS) {
        size_t skip;
        size_t data;
        enum result result = http1_body_next(&body, *rest, &skip, &data);
        if (result == RESULT_INVALID) {
            return result;
        }
        if (data > 0) {
            send_piece(run, seen, slice_of(rest->data + skip, data));
        }
        *rest = slice_skip(*rest, skip + data);
        if (result == RESULT_BLOCKED) {
            return body.remaining == UINT64_MAX ? RESULT_OK : RESULT_BLOCKED;
        }
    }
    arena_clear(&run->trailers_arena);
    http_fields_init(&run->trailers, &run->trailers_arena, TEST_FIELDS_MAX);
    if (body.state == HTTP1_BODY_TRAILERS) {
        enum result result = http1_parse_trailers(&body, *rest, &run->trailers, &length);
        if (result != RESULT_OK) {
            return result;
        }
        *rest = slice_skip(*rest, length);
    }
    if (run->http.message.body == HTTP_BODY_CHUNKED) {
        assert_int_equal(http1_write_last_chunk(&run->trailers, &seen->wire, &run->http.source,
                                                &run->http.account),
                         RESULT_OK);
    }
    return RESULT_OK;
}

static enum result take_head(struct run *run, struct slice *rest)
{
    struct test_http *http = &run->http;
    size_t scanned = 0;
    size_t length = 0;
    enum result result = http1_find_head(*rest, &scanned, &length);
    if (result == RESULT_BLOCKED && rest->length < HEAD_BYTES_MAX) {
        return RESULT_BLOCKED;
    }
    http->error = (struct http1_error){.status = run->is_response ? 502 : 400};
    if (result == RESULT_BLOCKED || length > HEAD_BYTES_MAX) {
        return RESULT_INVALID;
    }
    struct slice head = slice_first(*rest, length);
    http_message_clear(&http->message);
    result = run->is_response
                 ? http1_parse_response(head, NULL, HTTP_METHOD_GET, &http->options, &http->message,
                                        &http->error)
                 : http1_parse_request(head, NULL, &http->options, &http->message, &http->error);
    *rest = slice_skip(*rest, length);
    bool is_unasked_switch =
        run->is_response && result == RESULT_OK && http->message.body == HTTP_BODY_TUNNEL;
    return is_unasked_switch ? RESULT_INVALID : result; /* the mux knows that GET asked for none */
}

static void clear_seen(struct seen *seen)
{
    seen->text = text_over(seen->meaning, sizeof(seen->meaning));
    seen->body = text_over(seen->body_bytes, sizeof(seen->body_bytes));
    seen->head = text_over(seen->head_bytes, sizeof(seen->head_bytes));
    chunk_queue_clear(&seen->wire);
}

/* One message. False when the connection ends here. */
static bool take_message(struct run *run, struct slice *rest)
{
    struct seen *seen = &run->seen[run->whole];
    clear_seen(seen);
    *rest = slice_skip(*rest, http1_skip_empty_lines(*rest));
    if (rest->length == 0 && !run->is_response) {
        return false;
    }
    enum result result = take_head(run, rest);
    bool is_interim = result == RESULT_OK && run->is_response && run->http.message.status < 200;
    if (is_interim) {
        return true;
    }
    if (result == RESULT_OK) {
        write_head(run, seen);
        describe_head(&seen->text, &run->http.message);
        result = take_body(run, seen, rest);
        run->http.error.status = run->is_response ? 502 : 400;
    }
    if (result == RESULT_BLOCKED) {
        run->is_cut = true;
        return false;
    }
    if (result != RESULT_OK) {
        run->refused = run->http.error.status;
        return false;
    }
    text_append(&seen->text, text_slice(&seen->body));
    text_append_char(&seen->text, '\n');
    describe_fields(&seen->text, &run->trailers);
    run->whole++;
    return !run->is_response && !run->http.message.wants_close &&
           run->http.message.method_id != HTTP_METHOD_CONNECT && run->whole < MESSAGES_MAX;
}

static void run_bytes(struct run *run, struct slice bytes, bool is_response)
{
    run->is_response = is_response;
    run->whole = 0;
    run->refused = 0;
    run->is_cut = false;
    while (take_message(run, &bytes)) {
    }
}

/* ---- checks ---- */

static struct run *first;
static struct run *second;

static void complain(const struct corpus_case *c, const char *what)
{
    print_error("%s: %s (whole %u, refused %u, cut %d; %s)\n", c->name, what, first->whole,
                first->refused, (int)first->is_cut,
                first->http.error.reason == NULL ? "" : first->http.error.reason);
    fail();
}

/* What was sent on, read again by somebody strict, must be the same and nothing else. */
static void check_same_meaning(const struct corpus_case *c)
{
    for (unsigned i = 0; i < first->whole; i++) {
        char *wire = test_http_text(&first->seen[i].wire);
        size_t length = first->seen[i].wire.bytes;
        run_bytes(second, slice_of(wire, length), c->is_response);
        if (second->whole != 1 || second->refused != 0 || second->is_cut) {
            print_error("%s\n", wire);
            complain(c, "what is sent on is not one message");
        }
        if (!slice_equal(text_slice(&first->seen[i].text), text_slice(&second->seen[0].text))) {
            print_error("%s\n-- becomes --\n%s\n", first->seen[i].meaning, second->seen[0].meaning);
            complain(c, "what is sent on means something else");
        }
        free(wire);
    }
}

static void check_contents(const struct corpus_case *c)
{
    const struct seen *seen = &first->seen[0];
    if (c->has_body && !slice_equal(text_slice(&seen->body), text_slice(&c->body))) {
        complain(c, "the wrong body");
    }
    struct slice head = text_slice(&seen->head);
    if (c->head.length > 0 && slice_find_nocase(head, text_slice(&c->head)) == head.length) {
        complain(c, "the head lacks what it must have");
    }
    if (c->not_head.length > 0 && slice_find_nocase(head, text_slice(&c->not_head)) < head.length) {
        complain(c, "the head has what it must not");
    }
}

static void check_case(const struct corpus_case *c)
{
    assert_false(c->data.truncated);
    run_bytes(first, text_slice(&c->data), c->is_response);
    unsigned count = c->count >= 0 ? (unsigned)c->count : c->expectation == EXPECT_REFUSE ? 0 : 1;
    bool is_refused = first->refused != 0 || first->is_cut || first->whole == 0;
    if (c->expectation == EXPECT_REFUSE && (!is_refused || first->whole != count)) {
        complain(c, "should be refused");
    }
    if (c->expectation == EXPECT_FORWARD && (is_refused || first->whole != count)) {
        complain(c, "should be forwarded");
    }
    if (c->status != 0 && first->refused != 0 && first->refused != c->status) {
        complain(c, "the wrong status");
    }
    check_same_meaning(c);
    if (!is_refused) {
        check_contents(c);
    }
}

/* ---- reading ---- */

struct reader {
    struct corpus_case current;
    unsigned cases;
    bool is_in_case;
    bool is_in_bytes;
};

static void end_case(struct reader *reader)
{
    if (reader->is_in_case) {
        check_case(&reader->current);
        reader->cases++;
    }
}

static void read_line(struct reader *reader, struct slice line)
{
    if (slice_starts_with(line, SLICE("== "))) {
        end_case(reader);
        begin_case(&reader->current, slice_trim(slice_skip(line, 3)));
        reader->is_in_case = true;
        reader->is_in_bytes = false;
    } else if (reader->is_in_bytes) {
        append_unescaped(&reader->current.data, line);
    } else if (slice_equal(slice_trim(line), SLICE("--"))) {
        reader->is_in_bytes = true;
    } else if (slice_trim(line).length > 0 && line.data[0] != '#') {
        read_key(&reader->current, line);
    }
}

static void read_file(struct reader *reader, const char *name)
{
    char path[512];
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    (void)snprintf(path, sizeof(path), FOLDER "/%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while ((length = getline(&line, &size, file)) >= 0) {
        length -= length > 0 && line[length - 1] == '\n' ? 1 : 0;
        read_line(reader, slice_of(line, (size_t)length));
    }
    end_case(reader);
    reader->is_in_case = false;
    reader->is_in_bytes = false;
    free(line);
    (void)fclose(file);
}

static struct text new_text(void)
{
    return text_over(malloc(BYTES_MAX), BYTES_MAX);
}

static struct run *open_run(void)
{
    struct run *run = calloc(1, sizeof(*run));
    test_http_open(&run->http);
    arena_init(&run->trailers_arena, &run->http.source, &run->http.account, BYTES_MAX);
    return run;
}

static void close_run(struct run *run)
{
    for (unsigned i = 0; i < MESSAGES_MAX; i++) {
        chunk_queue_clear(&run->seen[i].wire);
    }
    arena_clear(&run->trailers_arena);
    test_http_close(&run->http);
    free(run);
}

static void test_corpus(void **state)
{
    (void)state;
    struct reader reader = {
        .current = {
            .data = new_text(), .body = new_text(), .head = new_text(), .not_head = new_text()}};
    first = open_run();
    second = open_run();
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (slice_ends_with(slice_from_string(entry->d_name), SLICE(".txt"))) {
            read_file(&reader, entry->d_name);
        }
    }
    (void)closedir(folder);
    assert_true(reader.cases >= CASES_MIN);
    print_message("%u cases\n", reader.cases);
    close_run(first);
    close_run(second);
    free(reader.current.data.data);
    free(reader.current.body.data);
    free(reader.current.head.data);
    free(reader.current.not_head.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
