/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: every split gives the same bytes, trailers and end; bad framing is refused at any split.
 */
#include "support/http.h"

enum { DECODED_MAX = 4096 };

/* What came out of a body. */
struct outcome {
    enum result result; /* RESULT_OK: complete, RESULT_BLOCKED, RESULT_INVALID… */
    size_t consumed;
    size_t decoded;
    char data[DECODED_MAX];
};

/* Reads on from `consumed`, seeing the first `available` bytes. */
static void read_on(struct http1_body *body, struct slice all, size_t available,
                    struct http_fields *trailers, struct outcome *outcome)
{
    for (;;) {
        struct slice rest = slice_skip(slice_first(all, available), outcome->consumed);
        size_t skip = 0;
        size_t data = 0;
        if (body->state == HTTP1_BODY_TRAILERS) {
            outcome->result = http1_parse_trailers(body, rest, trailers, &skip);
            outcome->consumed += outcome->result == RESULT_OK ? skip : 0;
            return;
        }
        enum result result = http1_body_next(body, rest, &skip, &data);
        assert_true(result == RESULT_INVALID || skip + data <= rest.length);
        outcome->result = result;
        if (result == RESULT_INVALID) {
            /* It stays so: nobody gets past the bad byte by asking again. */
            assert_int_equal(http1_body_next(body, rest, &skip, &data), RESULT_INVALID);
            return;
        }
        assert_true(result != RESULT_OK || data > 0);
        assert_true(result == RESULT_OK || data == 0);
        memcpy(outcome->data + outcome->decoded, rest.data + skip, data);
        outcome->decoded += data;
        outcome->consumed += skip + data;
        if (result == RESULT_BLOCKED) {
            return;
        }
        if (body->state == HTTP1_BODY_DONE) {
            outcome->result = RESULT_OK;
            return;
        }
    }
}

struct body_case {
    struct slice bytes;
    enum result result;
    const char *data;
    size_t consumed;
    const char *trailers; /* "name=value " */
};

static const struct body_case CHUNKED[] = {
    {SLICE("5\r\nhello\r\n0\r\n\r\nmore"), RESULT_OK, "hello", 15, ""},
    {SLICE("0\r\n\r\nGET / HTTP/1.1\r\n\r\n"), RESULT_OK, "", 5, ""},
    {SLICE("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), RESULT_OK, "hello world", 26, ""},
    {SLICE("A\r\n0123456789\r\n0\r\n\r\n"), RESULT_OK, "0123456789", 20, ""},
    {SLICE("a\r\n0123456789\r\n0\r\n\r\n"), RESULT_OK, "0123456789", 20, ""},
    {SLICE("0000000000000005\r\nhello\r\n00\r\n\r\n"), RESULT_OK, "hello", 31, ""},
    {SLICE("5;a=b\r\nhello\r\n0;c\r\n\r\n"), RESULT_OK, "hello", 21, ""},
    {SLICE("5 \t;a=\"\xc3\xa9 ,;\"\r\nhello\r\n0\r\n\r\n"), RESULT_OK, "hello", 27, ""},
    {SLICE("5 \r\nhello\r\n0 \t \r\n\r\n"), RESULT_OK, "hello", 19, ""},
    {SLICE("3\r\na\r\n\r\n0\r\n\r\n"), RESULT_OK, "a\r\n", 13, ""},
    {SLICE("0\r\nA: b\r\nC:d\r\n\r\n!"), RESULT_OK, "", 16, "A=b C=d "},
    {SLICE("1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n"), RESULT_OK, "x", 21, "X-Sum=1 "},
    {SLICE("0\r\nContent-Length: 5\r\ntransfer-encoding: chunked\r\nHost: x\r\nA: b\r\n"
           "Content-Type: c\r\nAuthorization: d\r\nSet-Cookie: e\r\nConnection: f\r\n\r\n"),
     RESULT_OK, "", 132, "A=b "},
    /* not complete */
    {SLICE(""), RESULT_BLOCKED, "", 0, ""},
    {SLICE("5\r\nhel"), RESULT_BLOCKED, "hel", 6, ""},
    {SLICE("5\r\nhello"), RESULT_BLOCKED, "hello", 8, ""},
    {SLICE("5\r\nhello\r\n0\r\n"), RESULT_BLOCKED, "hello", 13, ""},
    {SLICE("0\r\nA: b\r\n"), RESULT_BLOCKED, "", 3, ""},
    {SLICE("0\r\nA: b\r\n\r"), RESULT_BLOCKED, "", 3, ""},
    /* bad sizes */
    {SLICE("\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE(";a\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE(" 5\r\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("g\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("0x5\r\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("-5\r\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("+5\r\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("5 5\r\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("5,\r\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("00000000000000005\r\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("8000000000000000\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("ffffffffffffffff\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("10000000000000005\r\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    /* bad line ends */
    {SLICE("5\nhello\r\n0\r\n\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("5\rhello\r\n0\r\n\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("5\r\r\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("5;a\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("5;a\rb\r\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("5;a\0b\r\nhello\r\n"), RESULT_INVALID, "", 0, ""},
    {SLICE("5\r\nhello\n0\r\n\r\n"), RESULT_INVALID, "hello", 8, ""},
    {SLICE("5\r\nhello\r0\r\n\r\n"), RESULT_INVALID, "hello", 8, ""},
    {SLICE("5\r\nhello!\r\n"), RESULT_INVALID, "hello", 8, ""},
    {SLICE("5\r\nhello0\r\n"), RESULT_INVALID, "hello", 8, ""},
    {SLICE("0\n\n"), RESULT_INVALID, "", 0, ""},
    /* bad trailers */
    {SLICE("0\r\n\n"), RESULT_INVALID, "", 3, ""},
    {SLICE("0\r\nA: b\n\r\n"), RESULT_INVALID, "", 3, ""},
    {SLICE("0\r\nA : b\r\n\r\n"), RESULT_INVALID, "", 3, ""},
    {SLICE("0\r\n A: b\r\n\r\n"), RESULT_INVALID, "", 3, ""},
    {SLICE("0\r\nA: b\r\n c\r\n\r\n"), RESULT_INVALID, "", 3, ""},
    {SLICE("0\r\nA: b\rc\r\n\r\n"), RESULT_INVALID, "", 3, ""},
    {SLICE("0\r\nA: \0\r\n\r\n"), RESULT_INVALID, "", 3, ""},
    {SLICE("0\r\nhello\r\n\r\n"), RESULT_INVALID, "", 3, ""},
    {SLICE("0\r\n\r\r\n\r\n"), RESULT_INVALID, "", 3, ""},
};

struct splitter {
    struct test_http http;
    struct arena arena;
    struct http_fields trailers;
    struct http1_body body;
};

static void open_splitter(struct splitter *s)
{
    test_http_open(&s->http);
    arena_init(&s->arena, &s->http.source, &s->http.account, TEST_REWRITE_BYTES);
}

static void begin_chunked(struct splitter *s)
{
    struct http_message message = {.body = HTTP_BODY_CHUNKED};
    arena_clear(&s->arena);
    http_fields_init(&s->trailers, &s->arena, TEST_FIELDS_MAX);
    http1_body_begin(&s->body, &message);
}

static void close_splitter(struct splitter *s)
{
    arena_clear(&s->arena);
    test_http_close(&s->http);
}

static void assert_outcome(const struct body_case *c, const struct splitter *s,
                           const struct outcome *outcome)
{
    if (outcome->result != c->result) {
        print_error("%s: %s\n", c->bytes.data, result_name(outcome->result));
    }
    assert_int_equal(outcome->result, c->result);
    test_http_assert_slice(slice_of(outcome->data, outcome->decoded), c->data);
    if (c->result == RESULT_INVALID) {
        return; /* how much was consumed by then is left open */
    }
    assert_int_equal(outcome->consumed, c->consumed);
    char buffer[256];
    struct text text = text_over(buffer, sizeof(buffer));
    for (uint16_t i = 0; i < s->trailers.count; i++) {
        text_append(&text, s->trailers.entries[i].name);
        text_append_char(&text, '=');
        text_append(&text, s->trailers.entries[i].value);
        text_append_char(&text, ' ');
    }
    assert_string_equal(buffer, c->trailers);
}

static void test_chunked_at_every_split(void **state)
{
    (void)state;
    struct splitter s;
    open_splitter(&s);
    for (unsigned i = 0; i < sizeof(CHUNKED) / sizeof(CHUNKED[0]); i++) {
        const struct body_case *c = &CHUNKED[i];
        for (size_t split = 0; split <= c->bytes.length; split++) {
            struct outcome outcome = {.result = RESULT_BLOCKED};
            begin_chunked(&s);
            read_on(&s.body, c->bytes, split, &s.trailers, &outcome);
            if (outcome.result == RESULT_BLOCKED) {
                read_on(&s.body, c->bytes, c->bytes.length, &s.trailers, &outcome);
            }
            assert_outcome(c, &s, &outcome);
        }
        struct outcome outcome = {.result = RESULT_BLOCKED};
        begin_chunked(&s);
        for (size_t n = 0; n <= c->bytes.length && outcome.result == RESULT_BLOCKED; n++) {
            read_on(&s.body, c->bytes, n, &s.trailers, &outcome);
        }
        assert_outcome(c, &s, &outcome);
    }
    close_splitter(&s);
}

static void test_lengths_of_extensions(void **state)
{
    (void)state;
    struct splitter s;
    open_splitter(&s);
    char line[HTTP1_CHUNK_EXTENSION_MAX + 64];
    for (size_t bytes = HTTP1_CHUNK_EXTENSION_MAX - 1; bytes <= HTTP1_CHUNK_EXTENSION_MAX + 1;
         bytes++) {
        for (int blank = 0; blank < 2; blank++) {
            struct outcome outcome = {0};
            begin_chunked(&s);
            line[0] = '1';
            memset(line + 1, blank == 0 ? ';' : ' ', bytes);
            memcpy(line + 1 + bytes, "\r\nx\r\n0\r\n\r\n", 10);
            read_on(&s.body, slice_of(line, bytes + 11), bytes + 11, &s.trailers, &outcome);
            assert_int_equal(outcome.result,
                             bytes <= HTTP1_CHUNK_EXTENSION_MAX ? RESULT_OK : RESULT_INVALID);
        }
    }
    close_splitter(&s);
}

static void test_body_of_a_length(void **state)
{
    (void)state;
    struct http_message message = {.body = HTTP_BODY_LENGTH, .content_length = 5};
    struct slice all = SLICE("helloGET /");
    for (size_t split = 0; split <= all.length; split++) {
        struct http1_body body;
        struct outcome outcome = {0};
        http1_body_begin(&body, &message);
        read_on(&body, all, split, NULL, &outcome);
        if (outcome.result == RESULT_BLOCKED) {
            read_on(&body, all, all.length, NULL, &outcome);
        }
        assert_int_equal(outcome.result, RESULT_OK);
        test_http_assert_slice(slice_of(outcome.data, outcome.decoded), "hello");
        assert_int_equal(outcome.consumed, 5);
        size_t skip = 1;
        size_t data = 1;
        assert_int_equal(http1_body_next(&body, all, &skip, &data), RESULT_END);
        assert_int_equal(skip + data, 0);
    }
}

static void test_bodies_without_end_and_without_anything(void **state)
{
    (void)state;
    static const enum http_body endless[] = {HTTP_BODY_CLOSE, HTTP_BODY_TUNNEL};
    for (unsigned i = 0; i < 2; i++) {
        struct http_message message = {.body = endless[i]};
        struct http1_body body;
        size_t skip;
        size_t data;
        http1_body_begin(&body, &message);
        for (unsigned n = 0; n < 3; n++) {
            assert_int_equal(http1_body_next(&body, SLICE("0\r\n\r\n"), &skip, &data), RESULT_OK);
            assert_int_equal(skip, 0);
            assert_int_equal(data, 5);
        }
        assert_int_equal(http1_body_next(&body, SLICE(""), &skip, &data), RESULT_BLOCKED);
        assert_int_equal(body.state, HTTP1_BODY_DATA);
    }
    struct http_message none = {.body = HTTP_BODY_NONE};
    struct http_message empty = {.body = HTTP_BODY_LENGTH};
    struct http1_body body;
    http1_body_begin(&body, &none);
    assert_int_equal(body.state, HTTP1_BODY_DONE);
    http1_body_begin(&body, &empty);
    assert_int_equal(body.state, HTTP1_BODY_DONE);
}

static void test_trailers_that_are_refused_leave_nothing(void **state)
{
    (void)state;
    struct splitter s;
    open_splitter(&s);
    struct slice bytes = SLICE("A: b\r\nC: d\r\n\r\n");
    size_t length = 0;
    begin_chunked(&s);
    s.body.state = HTTP1_BODY_TRAILERS;
    s.http.account.cap = 1;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(http1_parse_trailers(&s.body, bytes, &s.trailers, &length),
                         RESULT_NO_MEMORY);
        assert_int_equal(s.trailers.count, 0);
        assert_int_equal(s.body.state, HTTP1_BODY_TRAILERS);
    }
    s.http.account.cap = 0;
    http_fields_init(&s.trailers, &s.arena, 1);
    assert_int_equal(http1_parse_trailers(&s.body, bytes, &s.trailers, &length), RESULT_FULL);
    assert_int_equal(s.http.account.used, 0);
    http_fields_init(&s.trailers, &s.arena, 2);
    assert_int_equal(http1_parse_trailers(&s.body, bytes, &s.trailers, &length), RESULT_OK);
    assert_int_equal(s.trailers.count, 2);
    assert_int_equal(length, bytes.length);
    assert_int_equal(s.body.state, HTTP1_BODY_DONE);
    close_splitter(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunked_at_every_split),
        cmocka_unit_test(test_lengths_of_extensions),
        cmocka_unit_test(test_body_of_a_length),
        cmocka_unit_test(test_bodies_without_end_and_without_anything),
        cmocka_unit_test(test_trailers_that_are_refused_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
