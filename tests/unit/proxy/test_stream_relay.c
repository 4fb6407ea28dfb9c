/* SPDX-License-Identifier: Apache-2.0 */
/* The relay: bytes arrive whole and in order both ways at once; what is held for a receiver that
 * does not read stays within the windows; a message that cannot be completed is never ended as if
 * it were whole; raw sessions end one direction at a time. */
#include "proxy/stream_internal.h"
#include "support/site.h"

enum {
    BODY_BYTES = 3 * 1000 * 1000,
    PIECE_BYTES = 50 * 1000,
    /* Held for one direction while memory is calm: a window of four buffers each in the sender's
     * mux, in the stream and in the receiver's mux. */
    HELD_MAX = 3 * 4 * TEST_CHUNK_BYTES,
    /* Structs of a session, a stream, two muxes, two connections, and heads. */
    OBJECTS_MAX = 5 * TEST_CHUNK_BYTES,
};

static const char GET[] = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";

static void open_with(struct site *site)
{
    site_open(site);
    site_add(site);
    site_log_format(site, "%ST %tsc");
}

static struct site_end *ask(struct site *site, struct site_end **server, const char *request)
{
    struct site_end *client = site_connect(site);
    site_send(client, request);
    *server = site_accept(site, 0);
    (void)site_take_head(site, *server);
    return client;
}

/* Byte `position` of every body here. */
static char byte_at(uint64_t position)
{
    return (char)('a' + position % 23);
}

/* Sends as much of a body as the socket takes; the new position. */
static size_t send_some(struct site_end *end, size_t position, size_t total)
{
    static char piece[PIECE_BYTES];
    while (position < total) {
        size_t length = total - position < sizeof(piece) ? total - position : sizeof(piece);
        for (size_t i = 0; i < length; i++) {
            piece[i] = byte_at(position + i);
        }
        ssize_t sent = send(end->fd, piece, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            break;
        }
        position += (size_t)sent;
    }
    return position;
}

static void assert_body(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != byte_at(i)) {
            fail_msg("byte %zu is another", i);
        }
    }
}

static size_t held(struct site *site)
{
    return test_loop_bytes(&site->base, ACCOUNT_CLIENT) +
           test_loop_bytes(&site->base, ACCOUNT_SERVER);
}

/* Bytes under way in all, and what is on the accounts, never exceed these. */
static void turn_and_look(struct site *site, size_t *most)
{
    site_turn(site);
    size_t now = held(site);
    *most = now > *most ? now : *most;
}

static void test_a_receiver_that_does_not_read(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *client = site_connect_narrow(&site, 8192);
    site_end_grow(client, BODY_BYTES + 100);
    client->is_deaf = true;
    site_send(client, GET);
    struct site_end *server = site_accept(&site, 0);
    (void)site_take_head(&site, server);
    site_send(server, "HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n");
    size_t sent = 0;
    size_t most = 0;
    for (unsigned quiet = 0; quiet < 50; quiet++) {
        size_t before = sent;
        sent = send_some(server, sent, BODY_BYTES);
        turn_and_look(&site, &most);
        quiet = sent > before ? 0 : quiet;
    }
    assert_true(most < HELD_MAX + OBJECTS_MAX);
    const struct stream *stream =
        container_of(list_first(&site.worker.streams), struct stream, link);
    if (sent < BODY_BYTES) { /* else the kernel has taken it all */
        assert_true(stream->down.is_blocked);
        assert_true(stream->down.queue.bytes <= 4 * TEST_CHUNK_BYTES);
    }
    client->is_deaf = false;
    while (client->total < BODY_BYTES + 44) {
        sent = send_some(server, sent, BODY_BYTES);
        turn_and_look(&site, &most);
    }
    assert_true(most < HELD_MAX + OBJECTS_MAX);
    (void)site_take_head(&site, client);
    assert_int_equal(client->count, BODY_BYTES);
    assert_body(client->bytes, BODY_BYTES);
    site_expect_log(&site, "<6>200 ----\n");
    site_close(&site);
}

/* The other way: a server that does not read its request. */
static void test_a_server_that_does_not_read(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client =
        ask(&site, &server, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 9000000\r\n\r\n");
    server->is_deaf = true;
    size_t sent = 0;
    size_t most = 0;
    for (unsigned quiet = 0; quiet < 50; quiet++) {
        size_t before = sent;
        sent = send_some(client, sent, (size_t)3 * BODY_BYTES);
        turn_and_look(&site, &most);
        quiet = sent > before ? 0 : quiet;
    }
    assert_true(most < HELD_MAX + OBJECTS_MAX);
    site_end_grow(server, (size_t)3 * BODY_BYTES);
    server->is_deaf = false;
    while (server->total < (uint64_t)3 * BODY_BYTES + 50) {
        sent = send_some(client, sent, (size_t)3 * BODY_BYTES);
        turn_and_look(&site, &most);
        if (server->count == (size_t)3 * BODY_BYTES) {
            break;
        }
    }
    assert_body(server->bytes, (size_t)3 * BODY_BYTES);
    assert_true(most < HELD_MAX + OBJECTS_MAX);
    site_close(&site);
}

/* Under pressure the window is a buffer. */
static void test_the_window(void **state)
{
    (void)state;
    struct site site;
    site_open_limited(&site, (size_t)64 * 1024 * 1024);
    site_add(&site);
    site_start(&site);
    struct site_end *server;
    (void)ask(&site, &server, GET);
    const struct stream *stream =
        container_of(list_first(&site.worker.streams), struct stream, link);
    const size_t buffer = site.chunks.bytes[CHUNK_NORMAL];
    assert_int_equal(stream_window(stream), 4 * buffer);
    struct memory_usage usage;
    memory_read_usage(site.base.memory, &usage);
    site_fill(&site, usage.traffic_max / 4);
    site_turn(&site);
    assert_int_equal(pressure_level(site.base.memory), PRESSURE_TIGHT);
    assert_int_equal(stream_window(stream), buffer);
    site_drain(&site);
    site_run(&site, 3);
    assert_int_equal(stream_window(stream), 4 * buffer);
    site_close(&site);
}

/* Both directions at once, over one raw session. */
static void test_both_ways(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_make_tcp(&site);
    site_start(&site);
    struct site_end *ends[2];
    ends[0] = site_connect(&site);
    ends[1] = site_accept(&site, 0);
    size_t sent[2] = {0};
    for (unsigned i = 0; i < 2; i++) {
        site_end_grow(ends[i], BODY_BYTES);
    }
    uint64_t until_us = clock_monotonic_us() + 20 * US_PER_SECOND;
    while (ends[0]->count < BODY_BYTES || ends[1]->count < BODY_BYTES) {
        assert_true(clock_monotonic_us() < until_us);
        for (unsigned i = 0; i < 2; i++) {
            sent[i] = send_some(ends[i], sent[i], BODY_BYTES);
        }
        site_turn(&site);
    }
    assert_body(ends[0]->bytes, BODY_BYTES);
    assert_body(ends[1]->bytes, BODY_BYTES);
    site_close(&site);
}

/* ---- ends ---- */

/* A chunked response that breaks off: the client must not see its last chunk. */
static void test_a_broken_response_is_not_ended(void **state)
{
    (void)state;
    static const struct {
        const char *response;
        bool is_whole;
    } CASES[] = {
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", false},
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", true},
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n", false},
        {"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello", false},
        {"HTTP/1.1 200 OK\r\n\r\nhello", true}, /* until the end: in chunks to the client */
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site);
        site_start(&site);
        struct site_end *server;
        struct site_end *client = ask(&site, &server, GET);
        site_send(server, CASES[i].response);
        site_run(&site, 3);
        site_close_end(server);
        if (CASES[i].is_whole) {
            SITE_UNTIL(&site, strstr(client->bytes, "0\r\n\r\n") != NULL);
            site_expect_log(&site, "<6>200 ----\n");
        } else {
            SITE_UNTIL(&site, client->has_ended);
            assert_null(strstr(client->bytes, "0\r\n\r\n"));
            site_expect_log(&site, "<6>200 SD--\n");
            assert_int_equal(site.backend->backend.counters.server_aborts, 1);
        }
        site_close(&site);
    }
}

static void test_trailers(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server,
                                  "POST / HTTP/1.1\r\nhost: h\r\nte: trailers\r\n"
                                  "transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx: y\r\n\r\n");
    site_expect(&site, server, "2\r\nhi\r\n0\r\nx: y\r\n\r\n");
    site_send(server, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nho\r\n0\r\n"
                      "a: b\r\n\r\n");
    (void)site_take_head(&site, client);
    site_expect(&site, client, "2\r\nho\r\n0\r\na: b\r\n\r\n");
    site_close(&site);
}

/* A request that breaks off: the server must not see it as whole. */
static void test_a_broken_request_is_not_ended(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server,
                                  "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n"
                                  "\r\n5\r\nhello\r\n");
    site_expect(&site, server, "5\r\nhello\r\n");
    site_close_end(client);
    SITE_UNTIL(&site, server->has_ended);
    assert_null(strstr(server->bytes, "0\r\n"));
    site_expect_log(&site, "<6>-1 CD--\n");
    assert_int_equal(site.backend->backend.counters.client_aborts, 1);
    site_close(&site);
}

/* Raw: each side's end is passed on by itself, and the other direction goes on. */
static void test_half_closed_sessions(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 2; first++) {
        struct site site;
        open_with(&site);
        site_make_tcp(&site);
        site_start(&site);
        struct site_end *ends[2];
        ends[0] = site_connect(&site);
        ends[1] = site_accept(&site, 0);
        site_send(ends[first], "last words");
        assert_int_equal(shutdown(ends[first]->fd, SHUT_WR), 0);
        site_expect(&site, ends[1 - first], "last words");
        SITE_UNTIL(&site, ends[1 - first]->has_ended);
        site_send(ends[1 - first], "and mine");
        site_expect(&site, ends[first], "and mine");
        site_expect_no_log(&site);
        site_close_end(ends[1 - first]);
        site_expect_end(&site, ends[first]);
        site_expect_log(&site, "<6>0 ----\n");
        site_close(&site);
    }
}

/* Raw: a reset ends both at once. */
static void test_resets(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 2; first++) {
        struct site site;
        open_with(&site);
        site_make_tcp(&site);
        site_log_format(&site, "%ts");
        site_start(&site);
        struct site_end *ends[2];
        ends[0] = site_connect(&site);
        ends[1] = site_accept(&site, 0);
        site_run(&site, 3);
        site_reset_end(ends[first]);
        SITE_UNTIL(&site, ends[1 - first]->has_ended);
        site_expect_log(&site, first == 0 ? "<6>CD\n" : "<6>SD\n");
        site_close(&site);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_receiver_that_does_not_read),
        cmocka_unit_test(test_a_server_that_does_not_read),
        cmocka_unit_test(test_the_window),
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_a_broken_response_is_not_ended),
        cmocka_unit_test(test_trailers),
        cmocka_unit_test(test_a_broken_request_is_not_ended),
        cmocka_unit_test(test_half_closed_sessions),
        cmocka_unit_test(test_resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
