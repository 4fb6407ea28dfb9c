/* SPDX-License-Identifier: Apache-2.0 */
/* The stream's life: what it counts and notes at its beginning, that each wait for memory ends,
 * that a whole exchange survives each refused allocation, its forced end in every state, and that
 * nothing of it is left. */
#include "memory/fault.h"
#include "proxy/stream_internal.h"
#include "support/site.h"

enum { SITES_MAX = 400, BODY_BYTES = 20000 };

static const char GET[] = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
static const char EMPTY[] = "HTTP/1.1 204 No\r\n\r\n";

static void open_with(struct site *site)
{
    site_open(site);
    site_add(site);
    site_log_format(site, "%ST %tsc");
}

static struct stream *only_stream(struct site *site)
{
    struct list *first = list_first(&site->worker.streams);
    assert_non_null(first);
    assert_ptr_equal(first->next, &site->worker.streams);
    return container_of(first, struct stream, link);
}

static struct site_end *ask(struct site *site, const char *request)
{
    struct site_end *client = site_connect(site);
    site_send(client, request);
    return client;
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(stream_state_name(STREAM_HEAD), "HEAD");
    assert_string_equal(stream_state_name(STREAM_SEND_HEAD), "SEND_HEAD");
    assert_string_equal(stream_state_name(STREAM_CLOSED), "CLOSED");
    for (unsigned i = 0; i < STREAM_STATES; i++) {
        assert_non_null(stream_state_name((enum stream_state)i));
    }
}

/* The first cause of an end is the one that is told. */
static void test_the_first_end_is_noted(void **state)
{
    (void)state;
    struct stream stream = {.facts = {.termination_cause = '-', .termination_phase = '-'}};
    stream_note_end(&stream, 'S', 'H');
    stream_note_end(&stream, 'C', 'D');
    assert_int_equal(stream.facts.termination_cause, 'S');
    assert_int_equal(stream.facts.termination_phase, 'H');
}

static void test_what_a_stream_begins_with(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    struct site_end *server = site_accept(&site, 0);
    (void)site_take_head(&site, server);
    const struct stream *stream = only_stream(&site);
    assert_int_equal(stream->facts.id, 0);
    assert_int_equal(stream->facts.requests_on_connection, 0);
    assert_int_equal(stream->facts.cookie_request, '-');
    assert_ptr_equal(stream->frontend, site.frontend);
    assert_ptr_equal(stream->backend, site.backend);
    assert_int_equal(stream->state, STREAM_RESPONSE);
    assert_false(stream->is_tcp);
    const struct stream_times *times = &stream->facts.times;
    assert_true(times->accept_us > 0 && times->handshake_us >= times->accept_us);
    assert_true(times->idle_end_us >= times->handshake_us);
    assert_true(times->request_us >= times->idle_end_us);
    assert_true(times->queue_us >= times->request_us && times->connect_us >= times->queue_us);
    assert_int_equal(times->response_us, 0);
    assert_int_equal(stream->session->streams, 1);
    site_send(server, EMPTY);
    site_expect(&site, client, EMPTY);
    site_run(&site, 20);
    assert_true(list_is_empty(&site.worker.streams));
    site_send(client, GET);
    (void)site_take_head(&site, server);
    stream = only_stream(&site);
    assert_int_equal(stream->facts.id, 1);
    assert_int_equal(stream->facts.requests_on_connection, 1);
    assert_int_equal(stream->facts.times.accept_us, stream->session->last_end_us);
    times = &stream->facts.times;
    assert_true(times->idle_end_us - times->accept_us >= 15 * US_PER_MS); /* %Ti */
    assert_int_equal(site.facts.requests_total, 2);
    site_close(&site);
}

static void test_a_raw_session_is_one_stream(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_make_tcp(&site);
    site_start(&site);
    (void)site_connect(&site);
    (void)site_accept(&site, 0);
    const struct stream *stream = only_stream(&site);
    assert_true(stream->is_tcp && stream->is_tunnel);
    SITE_UNTIL(&site, stream->state == STREAM_RELAY);
    assert_int_equal(site.facts.requests_total, 0);
    assert_int_equal(site.facts.streams_total, 1);
    site_close(&site);
}

/* ---- forced ends ---- */

/* Brings a stream into a state. */
static void reach(struct site *site, enum stream_state wanted)
{
    struct site_end *client = ask(site, wanted == STREAM_TARPIT ? "GET /pit HTTP/1.1\r\nhost: h\r\n"
                                                                  "\r\n"
                                                                : GET);
    if (wanted == STREAM_RELAY || wanted == STREAM_RESPONSE) {
        struct site_end *server = site_accept(site, 0);
        (void)site_take_head(site, server);
        if (wanted == STREAM_RELAY) {
            site_send(server, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi");
            (void)site_take_head(site, client);
        }
    }
    SITE_UNTIL(site, !list_is_empty(&site->worker.streams) && only_stream(site)->state == wanted);
}

static void test_forced_ends(void **state)
{
    (void)state;
    static const struct {
        enum stream_state state;
        const char *log;
    } CASES[] = {
        {STREAM_TARPIT, "<6>-1 KT--\n"},  {STREAM_QUEUE, "<6>-1 KQ--\n"},
        {STREAM_CONNECT, "<6>-1 KC--\n"}, {STREAM_RESPONSE, "<6>-1 KH--\n"},
        {STREAM_RELAY, "<6>200 KD--\n"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site);
        site.front.timeouts.tarpit_ms = 9000;
        site.back.timeouts.queue_ms = 9000;
        site_rule(&site, RULE_HTTP_REQUEST, &site.front.http_request, "tarpit if { path /pit }");
        site.servers[0].options.maxconn = CASES[i].state == STREAM_QUEUE ? 1 : 0;
        site_start(&site);
        if (CASES[i].state == STREAM_QUEUE) {
            struct server *server =
                container_of(list_first(&site.backend->backend.servers), struct server, link);
            assert_int_equal(backend_assign_server(&site.backend->backend, server), RESULT_OK);
        }
        if (CASES[i].state == STREAM_CONNECT) { /* in the pause before another try */
            close(site.listeners[0]);
            site.listeners[0] = -1;
        }
        reach(&site, CASES[i].state);
        struct stream *stream = only_stream(&site);
        assert_int_equal(stream->state, CASES[i].state);
        stream_shutdown(stream, 'K');
        assert_ptr_equal(only_stream(&site), stream); /* it goes after the turn */
        site_expect_log(&site, CASES[i].log);
        SITE_UNTIL(&site, list_is_empty(&site.worker.sessions)); /* and so does its client */
        if (CASES[i].state == STREAM_QUEUE) {
            backend_release(
                &site.backend->backend,
                container_of(list_first(&site.backend->backend.servers), struct server, link),
                event_now_ms(site.base.loop));
        }
        site_close(&site);
    }
}

/* ---- refused memory ---- */

static struct site_end *accept_once(struct site *site, struct site_end *server)
{
    if (server == NULL || server->has_ended) {
        int fd = site_try_accept(site, 0);
        server = fd >= 0 ? site_end_make(site, fd) : server;
    }
    return server;
}

/* An exchange with bodies both ways while one allocation is refused; whether the answer came. */
static bool exchange(struct site *site)
{
    static const char HEAD[] = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 20000\r\n\r\n";
    static const char ANSWER[] = "HTTP/1.1 200 OK\r\ncontent-length: 20000\r\n\r\n";
    static char request[sizeof(HEAD) + BODY_BYTES];
    static char answer[sizeof(ANSWER) + BODY_BYTES];
    memset(request, 'q', sizeof(request));
    memset(answer, 'r', sizeof(answer));
    memcpy(request, HEAD, sizeof(HEAD) - 1);
    memcpy(answer, ANSWER, sizeof(ANSWER) - 1);
    request[sizeof(request) - 1] = '\0';
    answer[sizeof(answer) - 1] = '\0';
    struct site_end *client = ask(site, request);
    struct site_end *server = NULL;
    size_t asked = sizeof(request) - 1;
    uint64_t until_us = clock_monotonic_us() + TEST_PATIENCE_MS * (uint64_t)US_PER_MS;
    while (!client->has_ended && client->count < sizeof(answer) - 1) {
        assert_true(clock_monotonic_us() < until_us);
        site_turn(site);
        server = accept_once(site, server);
        if (server != NULL && server->fd >= 0 && server->count >= asked) {
            site_send(server, answer);
            server->count = 0;
        }
        if (client->count > 0 && strncmp(client->bytes, "HTTP/1.1 5", 10) == 0) {
            return false; /* an error page is an answer, too */
        }
    }
    bool is_whole = client->count == sizeof(answer) - 1;
    assert_true(is_whole || client->count == 0 || client->has_ended);
    if (is_whole) {
        assert_memory_equal(client->bytes, answer, client->count);
    }
    return is_whole;
}

static void forget_ends(struct site *site)
{
    for (unsigned i = 0; i < site->ends_count; i++) {
        free(site->ends[i]->bytes);
        free(site->ends[i]);
    }
    site->ends_count = 0;
}

static void run_with_faults(struct site *site)
{
    unsigned whole = 0;
    unsigned sites = 0;
    bool was_hit = true;
    for (unsigned nth = 1; was_hit && nth < SITES_MAX; nth++) {
        fault_fail_nth(site->base.memory, nth, 0);
        whole += exchange(site) ? 1 : 0;
        was_hit = fault_failed(site->base.memory) > 0;
        sites += was_hit ? 1 : 0;
        fault_fail_nth(site->base.memory, 0, 0);
        site_settle(site);
        forget_ends(site);
    }
    assert_false(was_hit);
    assert_true(sites > 5);
    assert_true(whole > sites / 2); /* most shortages are waited out */
    assert_true(exchange(site));
}

static void test_each_allocation_refused(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.front.forwardfor = (struct forward_header){.is_enabled = true, .header = "x-for"};
    site_start(&site);
    run_with_faults(&site);
    site_close(&site);
}

static void test_each_allocation_refused_under_a_limit(void **state)
{
    (void)state;
    struct site site;
    site_open_limited(&site, (size_t)256 * 1024 * 1024);
    site_add(&site);
    site_start(&site);
    run_with_faults(&site);
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_the_first_end_is_noted),
        cmocka_unit_test(test_what_a_stream_begins_with),
        cmocka_unit_test(test_a_raw_session_is_one_stream),
        cmocka_unit_test(test_forced_ends),
        cmocka_unit_test(test_each_allocation_refused),
        cmocka_unit_test(test_each_allocation_refused_under_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
