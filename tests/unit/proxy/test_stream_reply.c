/* SPDX-License-Identifier: Apache-2.0 */
/* Answers made here: error pages, answers of rules, services; their framing, HEAD, closing, a
 * client that leaves, http-after-response, and no memory for an answer. */
#include "memory/fault.h"
#include "support/site.h"

static const char GET[] = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";

static void open_with(struct site *site, const char *rule)
{
    site_open(site);
    site_log_format(site, "%ST %tsc");
    if (rule != NULL) {
        site_rule(site, RULE_HTTP_REQUEST, &site->front.http_request, rule);
    }
}

static struct site_end *ask(struct site *site, const char *request)
{
    struct site_end *client = site_connect(site);
    site_send(client, request);
    return client;
}

/* The value of content-length in a head, -1: none. */
static long length_of(const char *head)
{
    const char *field = strcasestr(head, "\r\ncontent-length: ");
    return field == NULL ? -1 : strtol(field + strlen("\r\ncontent-length: "), NULL, 10);
}

static void take_body(struct site *site, struct site_end *client, size_t bytes)
{
    SITE_UNTIL(site, client->count >= bytes);
    assert_int_equal(client->count, bytes);
    client->count = 0;
    client->bytes[0] = '\0';
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *line, *log;
    } CASES[] = {
        {NULL, "HTTP/1.1 503 Service Unavailable\r\n", "<6>503 SC--\n"}, /* no server */
        {"deny", "HTTP/1.1 403 Forbidden\r\n", "<6>403 PR--\n"},
        {"deny deny_status 429", "HTTP/1.1 429 Too Many Requests\r\n", "<6>429 PR--\n"},
        {"return status 200 content-type text/plain string hi", "HTTP/1.1 200 OK\r\n",
         "<6>200 LR--\n"},
        {"redirect location /y", "HTTP/1.1 302 Found\r\n", "<6>302 LR--\n"},
        {"use-service test", "HTTP/1.1 404 Not Found\r\n", "<6>404 LR--\n"}, /* not registered */
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site, CASES[i].rule);
        site_start(&site);
        struct site_end *client = ask(&site, GET);
        const char *head = site_take_head(&site, client);
        assert_memory_equal(head, CASES[i].line, strlen(CASES[i].line));
        long length = length_of(head);
        assert_true(length >= 0);
        take_body(&site, client, (size_t)length);
        site_expect_log(&site, CASES[i].log);
        site_close(&site);
    }
}

/* The connection goes on behind an answer of a rule, with and without a body. */
static void test_the_connection_is_kept(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "return status 200 content-type text/plain string hello");
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(length_of(site_take_head(&site, client)), 5);
        site_expect(&site, client, "hello");
        site_send(client, GET);
    }
    assert_int_equal(length_of(site_take_head(&site, client)), 5);
    assert_int_equal(site.frontend->counters.requests_total, 4);
    site_close(&site);
}

static void test_head_has_no_body(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "return status 200 content-type text/plain string hello if { path / }");
    site_start(&site);
    struct site_end *client = ask(&site, "HEAD / HTTP/1.1\r\nhost: h\r\n\r\n");
    const char *head = site_take_head(&site, client);
    assert_memory_equal(head, "HTTP/1.1 200 OK\r\n", 17);
    site_expect_silence(&site, client);
    site_send(client, "HEAD /x HTTP/1.1\r\nhost: h\r\n\r\n"); /* an error page */
    head = site_take_head(&site, client);
    assert_memory_equal(head, "HTTP/1.1 503 ", 13);
    site_run(&site, 5);
    assert_string_equal(client->bytes, "");
    site_close(&site);
}

/* Who asks for it gets a close, and so does everybody with option httpclose. */
static void test_closing(void **state)
{
    (void)state;
    static const struct {
        uint32_t options;
        const char *request;
        bool closes;
    } CASES[] = {
        {0, "GET / HTTP/1.1\r\nhost: h\r\n\r\n", false},
        {0, "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n", true},
        {0, "GET / HTTP/1.0\r\n\r\n", true},
        {0, "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", false},
        {OPTION_HTTPCLOSE, "GET / HTTP/1.1\r\nhost: h\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site, "return status 200 content-type text/plain string hello");
        site.front.options = CASES[i].options;
        site_start(&site);
        struct site_end *client = ask(&site, CASES[i].request);
        const char *head = site_take_head(&site, client);
        bool is_old = strstr(CASES[i].request, "1.0") != NULL;
        bool says_close = strcasestr(head, "\r\nconnection: close\r\n") != NULL;
        bool says_keep = strcasestr(head, "\r\nconnection: keep-alive\r\n") != NULL;
        assert_true(is_old || says_close == CASES[i].closes);
        assert_true(!is_old || says_keep == !CASES[i].closes);
        site_expect(&site, client, "hello");
        if (CASES[i].closes) {
            site_expect_end(&site, client);
        } else {
            site_expect_silence(&site, client);
        }
        site_close(&site);
    }
}

static void test_after_response_rules(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "deny");
    site_rule(&site, RULE_HTTP_AFTER_RESPONSE, &site.front.http_after_response,
              "set-header x-front a");
    site_rule(&site, RULE_HTTP_AFTER_RESPONSE, &site.back.http_after_response,
              "set-header x-back b");
    site_rule(&site, RULE_HTTP_AFTER_RESPONSE, &site.front.http_after_response, "set-status 418");
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    const char *head = site_take_head(&site, client);
    assert_memory_equal(head, "HTTP/1.1 418 ", 13);
    assert_non_null(strstr(head, "\r\nx-front: a\r\n"));
    assert_null(strstr(head, "x-back")); /* there was no backend yet */
    site_expect_log(&site, "<6>418 PR--\n");
    site_close(&site);
}

/* Once the backend is chosen, its rules are run before the frontend's. */
static void test_after_response_rules_of_both(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, NULL);
    site_rule(&site, RULE_HTTP_AFTER_RESPONSE, &site.front.http_after_response,
              "add-header x front");
    site_rule(&site, RULE_HTTP_AFTER_RESPONSE, &site.back.http_after_response, "add-header x back");
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    assert_non_null(strstr(site_take_head(&site, client), "\r\nx: back\r\nx: front\r\n"));
    site_close(&site);
}

/* ---- services ---- */

struct count {
    unsigned parts;
};

static enum { STEP_FINE, STEP_FAILS, STEP_REFUSED_ONCE } step;
static bool wants_form;
static unsigned refusals;

static bool wants_body(const struct service_request *request)
{
    (void)request;
    return wants_form;
}

static enum result begin(const struct service_request *request, struct http_message *response,
                         void *state)
{
    struct count *count = state;
    (void)request;
    assert_int_equal(count->parts, 0);
    response->is_response = true;
    response->version = HTTP_VERSION_1_1;
    response->status = 200;
    response->reason = SLICE("OK");
    response->body = HTTP_BODY_CHUNKED;
    return RESULT_OK;
}

/* The request's body, then three parts. */
static enum result produce(const struct service_request *request, void *state,
                           struct chunk_queue *body, size_t bytes_max, struct account *account)
{
    struct count *count = state;
    assert_true(bytes_max > 0);
    if (step == STEP_FAILS && count->parts == 1) {
        return RESULT_FAILED;
    }
    if (step == STEP_REFUSED_ONCE && count->parts == 1 && refusals++ == 0) {
        return RESULT_NO_MEMORY;
    }
    char text[64] = "part";
    if (wants_form) {
        size_t length = request->body->bytes;
        (void)snprintf(text, sizeof(text), "<%zu>", length);
    }
    if (chunk_queue_append_copy(body, request->worker->chunks, account, slice_from_string(text)) !=
        RESULT_OK) {
        return RESULT_NO_MEMORY;
    }
    count->parts++;
    return count->parts == 3 ? RESULT_END : RESULT_OK;
}

static const struct service_ops SERVICE = {
    .name = "test", .wants_body = wants_body, .begin = begin, .produce = produce};
static const struct service_ops *const SERVICES[] = {&SERVICE, NULL};

static void open_service(struct site *site)
{
    open_with(site, "use-service test");
    site->worker.services = SERVICES;
    step = STEP_FINE;
    wants_form = false;
    refusals = 0;
}

static void test_a_service_in_parts(void **state)
{
    (void)state;
    struct site site;
    open_service(&site);
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    assert_non_null(strcasestr(site_take_head(&site, client), "transfer-encoding: chunked"));
    site_expect(&site, client, "4\r\npart\r\n4\r\npart\r\n4\r\npart\r\n0\r\n\r\n");
    site_expect_log(&site, "<6>200 LR--\n");
    assert_int_equal(site.frontend->counters.intercepted, 1);
    site_send(client, GET); /* and the connection goes on */
    (void)site_take_head(&site, client);
    site_close(&site);
}

static void test_a_service_that_fails_is_not_ended_as_whole(void **state)
{
    (void)state;
    struct site site;
    open_service(&site);
    step = STEP_FAILS;
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    (void)site_take_head(&site, client);
    SITE_UNTIL(&site, client->has_ended);
    assert_null(strstr(client->bytes, "0\r\n\r\n"));
    site_close(&site);
}

/* Without memory it waits, and goes on when there is some. */
static void test_a_service_waits_for_memory(void **state)
{
    (void)state;
    struct site site;
    open_service(&site);
    step = STEP_REFUSED_ONCE;
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    (void)site_take_head(&site, client);
    site_expect(&site, client, "4\r\npart\r\n4\r\npart\r\n4\r\npart\r\n0\r\n\r\n");
    assert_int_equal(refusals, 2); /* once refused, once let through */
    site_close(&site);
}

static void test_a_service_that_wants_the_body(void **state)
{
    (void)state;
    struct site site;
    open_service(&site);
    wants_form = true;
    site_start(&site);
    struct site_end *client =
        ask(&site, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 7\r\n\r\nabc");
    site_expect_silence(&site, client);
    site_send(client, "defg");
    (void)site_take_head(&site, client);
    site_expect(&site, client, "3\r\n<7>\r\n");
    site_close(&site);
}

/* ---- ends ---- */

/* Refusing each allocation in turn: a whole answer, or a close; nothing in between. */
static void test_refused_memory(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "return status 200 content-type text/plain string hello");
    site_start(&site);
    unsigned whole = 0;
    unsigned nth = 1;
    for (bool was_hit = true; was_hit; nth++) {
        struct site_end *client = site_connect(&site);
        fault_fail_nth(site.base.memory, nth, 0);
        site_send(client, GET);
        SITE_UNTIL(&site, client->has_ended || strstr(client->bytes, "hello") != NULL);
        was_hit = fault_failed(site.base.memory) > 0;
        fault_fail_nth(site.base.memory, 0, 0);
        assert_true(client->has_ended ? client->count == 0
                                      : memcmp(client->bytes, "HTTP/1.1 200 OK\r\n", 17) == 0);
        whole += client->has_ended ? 0 : 1;
        site_settle(&site);
        free(client->bytes);
        free(client);
        site.ends_count = 0;
    }
    assert_true(nth > 5);
    assert_true(whole > 1);
    assert_true(site.facts.refused_memory > 0);
    site_close(&site);
}

static void test_a_client_that_leaves(void **state)
{
    (void)state;
    struct site site;
    open_service(&site);
    wants_form = true;
    site_start(&site);
    struct site_end *client =
        ask(&site, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 7\r\n\r\nabc");
    site_run(&site, 5);
    site_reset_end(client);
    SITE_UNTIL(&site, list_is_empty(&site.worker.streams));
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_the_connection_is_kept),
        cmocka_unit_test(test_head_has_no_body),
        cmocka_unit_test(test_closing),
        cmocka_unit_test(test_after_response_rules),
        cmocka_unit_test(test_after_response_rules_of_both),
        cmocka_unit_test(test_a_service_in_parts),
        cmocka_unit_test(test_a_service_that_fails_is_not_ended_as_whole),
        cmocka_unit_test(test_a_service_waits_for_memory),
        cmocka_unit_test(test_a_service_that_wants_the_body),
        cmocka_unit_test(test_refused_memory),
        cmocka_unit_test(test_a_client_that_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
