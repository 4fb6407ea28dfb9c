/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of HTTP/3: what is well formed, what RFC 9114 4 calls malformed; responses and trailers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "http/http3.h"
#include "support/memory.h"

enum { SECTION_MAX = 4096, REWRITE_BYTES = 1024, FIELDS_MAX = 101 };

static struct memory *memory;
static struct chunk_source chunks;
static struct account account;
static struct http_message message;
static struct http3_fault fault;

static int open_test(void **state)
{
    (void)state;
    memory = test_memory_limited(0);
    assert_int_equal(chunk_source_init(&chunks, memory, 16384, 0), RESULT_OK);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    http_message_init(&message, &chunks, &account,
                      REWRITE_BYTES + http_fields_arena_bytes(&chunks, FIELDS_MAX), FIELDS_MAX);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    http_message_clear(&message);
    assert_int_equal(account.used, 0);
    test_memory_close(memory);
    return 0;
}

/* Parses "name: value\n" lines as a section. */
static enum result parse(const char *lines, bool has_ended)
{
    static char section[SECTION_MAX];
    struct qpack_writer writer;
    struct slice rest = slice_from_string(lines), line;
    http_message_clear(&message);
    qpack_write_begin(&writer, section, sizeof(section));
    while (slice_next_token(&rest, '\n', &line)) {
        size_t at = 1; /* behind a pseudo-field's own colon */
        while (at < line.length && line.data[at] != ':') {
            at++;
        }
        bool has_upper = line.length > 0 && line.data[0] == '^'; /* written as it is */
        struct slice name = slice_first(line, at);
        if (line.length == 0) {
            continue;
        }
        struct slice value = slice_skip(line, at + 2 > line.length ? line.length : at + 2);
        qpack_write_field(&writer, has_upper ? slice_skip(name, 1) : name, value);
        if (has_upper) { /* undo the folding of the first letter: literal name of this length */
            char *name_at = writer.at;
            while (*name_at != name.data[1] + 'a' - 'A') {
                name_at--;
            }
            *name_at = name.data[1];
        }
    }
    return http3_parse_request(slice_of(section, (size_t)(writer.at - section)), has_ended, &chunks,
                               &account, &message, &fault);
}

#define GET ":method: GET\n:scheme: https\n:path: /p?q\n:authority: example.com\n"

static void test_request(void **state)
{
    (void)state;
    assert_int_equal(parse(GET "user-agent: curl\ncookie: a=1\ncookie: b=2\n", true), RESULT_OK);
    assert_int_equal(message.method_id, HTTP_METHOD_GET);
    assert_int_equal(message.version, HTTP_VERSION_3);
    assert_true(slice_equal(message.path, SLICE("/p?q")));
    assert_true(slice_equal(message.authority, SLICE("example.com")));
    assert_true(
        slice_equal(http_fields_value(&message.fields, HTTP_NAME_HOST), SLICE("example.com")));
    assert_true(
        slice_equal(http_fields_value(&message.fields, HTTP_NAME_COOKIE), SLICE("a=1; b=2")));
    assert_int_equal(message.body, HTTP_BODY_NONE);
    assert_int_equal(parse(GET, false), RESULT_OK);
    assert_int_equal(message.body, HTTP_BODY_CHUNKED);
    assert_int_equal(parse(GET "content-length: 12\n", false), RESULT_OK);
    assert_int_equal(message.body, HTTP_BODY_LENGTH);
    assert_int_equal(message.content_length, 12);
    assert_int_equal(parse(":method: OPTIONS\n:scheme: https\n:path: *\nhost: h\n", true),
                     RESULT_OK);
    assert_true(slice_equal(message.authority, SLICE("h")));
    assert_int_equal(parse(":method: CONNECT\n:authority: h:443\n", false), RESULT_OK);
    assert_int_equal(message.body, HTTP_BODY_TUNNEL);
    assert_int_equal(parse(GET "te: trailers\n", true), RESULT_OK);
    assert_true(message.te_trailers);
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        ":scheme: https\n:path: /\n:authority: h\n",     /* no method */
        ":method: GET\n:path: /\n:authority: h\n",       /* no scheme */
        ":method: GET\n:scheme: https\n:authority: h\n", /* no path */
        ":method: GET\n:scheme: https\n:path: /\n",      /* no host */
        GET ":path: /\n",                                /* repeated */
        GET "a: b\n:path: /\n",                          /* behind a field */
        GET ":status: 200\n",                            /* not of a request */
        ":method: GET\n:scheme: https\n:path: p\n:authority: h\n",
        ":method: GET\n:scheme: https\n:path: /a b\n:authority: h\n",
        ":method: GET\n:scheme: https\n:path: *\n:authority: h\n",
        GET "connection: close\n",
        GET "transfer-encoding: chunked\n",
        GET "keep-alive: 1\n",
        GET "upgrade: x\n",
        GET "te: gzip\n",
        GET "host: other\n",
        GET "content-length: 1\ncontent-length: 2\n",
        GET "content-length: -1\n",
        GET "x: a\rb\n",
        GET "x y: a\n",
        GET "^Name: a\n",
        ":method: GET\n:scheme: https\n:path: /\n:authority: u@h\n",
        ":method: CONNECT\n:scheme: https\n:authority: h:443\n",
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(parse(rows[i], true), RESULT_INVALID);
        assert_int_equal(fault.code, HTTP3_MESSAGE_ERROR);
        assert_int_equal(fault.status, 0);
        assert_non_null(fault.reason);
        assert_null(message.head);
    }
    assert_int_equal(parse(GET "content-length: 3\n", true), RESULT_INVALID); /* no body came */
}

static void test_sections_that_cannot_be_decoded(void **state)
{
    (void)state;
    static const char section[] = {0, 0, (char)0x80};
    assert_int_equal(http3_parse_request(slice_of(section, sizeof(section)), true, &chunks,
                                         &account, &message, &fault),
                     RESULT_INVALID);
    assert_int_equal(fault.code, HTTP3_QPACK_DECOMPRESSION_FAILED);
}

static void test_too_many_fields(void **state)
{
    (void)state;
    char lines[SECTION_MAX];
    struct text text = text_over(lines, sizeof(lines));
    text_append_string(&text, GET);
    for (unsigned i = 0; i < FIELDS_MAX; i++) {
        text_append_string(&text, "x-y: z\n");
    }
    assert_int_equal(parse(lines, true), RESULT_INVALID);
    assert_int_equal(fault.status, 431);
}

static void test_without_memory(void **state)
{
    (void)state;
    account.cap = 100;
    assert_int_equal(parse(GET, true), RESULT_NO_MEMORY);
    account.cap = 0;
    assert_null(message.head);
}

static void test_response(void **state)
{
    (void)state;
    char out[1024], text[1024];
    size_t start;
    message.is_response = true;
    message.status = 200;
    message.body = HTTP_BODY_CHUNKED;
    assert_int_equal(http_fields_append(&message.fields, SLICE("Content-Type"), SLICE("a/b")),
                     RESULT_OK);
    assert_int_equal(
        http_fields_append(&message.fields, SLICE("Transfer-Encoding"), SLICE("chunked")),
        RESULT_OK);
    assert_int_equal(http_fields_append(&message.fields, SLICE("Connection"), SLICE("close")),
                     RESULT_OK);
    assert_true(http3_response_bytes_max(&message) <= sizeof(out));
    size_t length = http3_write_response(out, sizeof(out), &message, &start);
    const uint8_t *at = (const uint8_t *)out + start;
    const uint8_t *end = at + length;
    uint64_t type, bytes;
    assert_true(varint_read(&at, end, &type) && varint_read(&at, end, &bytes));
    assert_int_equal(type, HTTP3_HEADERS);
    assert_ptr_equal(at + bytes, end);
    struct qpack_reader reader;
    struct slice name, value;
    assert_int_equal(
        qpack_read_begin(&reader, slice_of((const char *)at, (size_t)bytes), text, sizeof(text)),
        RESULT_OK);
    assert_int_equal(qpack_read_field(&reader, &name, &value), RESULT_OK);
    assert_true(slice_equal(value, SLICE("200")));
    assert_int_equal(qpack_read_field(&reader, &name, &value), RESULT_OK);
    assert_true(slice_equal(name, SLICE("content-type")));
    assert_int_equal(qpack_read_field(&reader, &name, &value), RESULT_END); /* no others */
}

static void test_trailers(void **state)
{
    (void)state;
    char out[256];
    size_t start;
    struct arena arena;
    struct http_fields fields, back;
    arena_init(&arena, &chunks, &account, 16384);
    http_fields_init(&fields, &arena, 8);
    http_fields_init(&back, &arena, 8);
    assert_int_equal(http_fields_append(&fields, SLICE("x-sum"), SLICE("abc")), RESULT_OK);
    assert_true(http3_trailers_bytes_max(&fields) <= sizeof(out));
    size_t length = http3_write_trailers(out, sizeof(out), &fields, &start);
    struct slice section = slice_of(out + start + 2, length - 2);
    assert_int_equal(http3_parse_trailers(section, &back, &fault), RESULT_OK);
    assert_int_equal(back.count, 1);
    assert_true(slice_equal(back.entries[0].value, SLICE("abc")));
    static const char pseudo[] = {0, 0, (char)(0xc0 | 25)}; /* :status in trailers */
    assert_int_equal(http3_parse_trailers(slice_of(pseudo, sizeof(pseudo)), &back, &fault),
                     RESULT_INVALID);
    arena_clear(&arena);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_request),         TEST(test_malformed),
        TEST(test_too_many_fields), TEST(test_sections_that_cannot_be_decoded),
        TEST(test_without_memory),  TEST(test_response),
        TEST(test_trailers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
