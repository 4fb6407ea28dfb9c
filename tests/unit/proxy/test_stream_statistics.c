/* SPDX-License-Identifier: Apache-2.0 */
/* Which requests are for the statistics page, who may see it, and that the page is the service
 * "statistics" of the proxy whose settings asked for it. */
#include "support/site.h"

static const char PAGE[] = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";

static bool wants_no_body(const struct service_request *request)
{
    (void)request;
    return false;
}

/* Answers with the name of the proxy whose page it is. */
static enum result begin(const struct service_request *request, struct http_message *response,
                         void *state)
{
    (void)request;
    (void)state;
    response->is_response = true;
    response->version = HTTP_VERSION_1_1;
    response->status = 200;
    response->reason = SLICE("OK");
    response->body = HTTP_BODY_LENGTH;
    response->content_length = 2;
    return http_fields_append(&response->fields, SLICE("content-length"), SLICE("2"));
}

static enum result produce(const struct service_request *request, void *state,
                           struct chunk_queue *body, size_t bytes_max, struct account *account)
{
    (void)state;
    (void)bytes_max;
    const char *name = request->proxy->settings->name;
    return chunk_queue_append_copy(body, request->worker->chunks, account,
                                   slice_from_string(name)) == RESULT_OK
               ? RESULT_END
               : RESULT_NO_MEMORY;
}

static const struct service_ops SERVICE = {
    .name = "statistics", .wants_body = wants_no_body, .begin = begin, .produce = produce};
static const struct service_ops *const SERVICES[] = {&SERVICE, NULL};

static void open_with(struct site *site, const char *front_uri, const char *back_uri)
{
    site_open(site);
    site_add(site);
    site->worker.services = SERVICES;
    struct proxy_settings *const all[] = {&site->front, &site->back};
    const char *const uris[] = {front_uri, back_uri};
    for (unsigned i = 0; i < 2; i++) {
        all[i]->statistics.is_enabled = uris[i] != NULL;
        all[i]->statistics.uri = uris[i];
    }
    site_log_format(site, "%b/%s %ST %tsc");
}

static void expect_page(struct site *site, const char *target, const char *proxy)
{
    char request[SITE_TEXT_BYTES];
    struct site_end *client = site_connect(site);
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nhost: h\r\n\r\n", target);
    site_send(client, request);
    site_expect(site, client, PAGE);
    site_expect(site, client, proxy);
    site_close_end(client);
}

static void test_the_page_of_either_proxy(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "/front", "/back");
    site_start(&site);
    expect_page(&site, "/front", "fe");
    site_expect_log(&site, "<6>fe/<STATS> 200 LR--\n");
    expect_page(&site, "/front?x", "fe");
    expect_page(&site, "/frontier", "fe"); /* the address is a prefix */
    (void)site_take_log(&site);
    expect_page(&site, "/back/;csv", "be");
    site_expect_log(&site, "<6>be/<STATS> 200 LR--\n");
    assert_int_equal(site.frontend->counters.intercepted, 4);
    site_close(&site);
}

static void test_other_requests_go_to_the_server(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "/front", NULL);
    site_start(&site);
    struct site_end *client = site_connect(&site);
    site_send(client, "GET /fron HTTP/1.1\r\nhost: h\r\n\r\n");
    struct site_end *server = site_accept(&site, 0);
    site_expect(&site, server, "GET /fron HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_int_equal(site.frontend->counters.intercepted, 0);
    site_close(&site);
}

static void test_disabled(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "/s", NULL);
    site.front.statistics.is_enabled = false;
    site_start(&site);
    struct site_end *client = site_connect(&site);
    site_send(client, "GET /s HTTP/1.1\r\nhost: h\r\n\r\n");
    (void)site_accept(&site, 0);
    site_close(&site);
}

/* `stats auth`: 401 with the realm until one of the users comes with his password. */
static void test_credentials(void **state)
{
    (void)state;
    static const struct {
        const char *authorization;
        bool is_good;
    } CASES[] = {
        {"", false},
        {"authorization: Basic YW5uOm9uZQ==\r\n", true},  /* ann:one */
        {"authorization: Basic Ym9iOnR3bw==\r\n", true},  /* bob:two */
        {"authorization: Basic YW5uOnR3bw==\r\n", false}, /* ann:two */
        {"authorization: Basic YW5uOm9uZQ\r\nx: y\r\n", false},
        {"authorization: Bearer YW5uOm9uZQ==\r\n", false},
    };
    struct statistics_user users[] = {{.user = "ann", .password = "one"},
                                      {.user = "bob", .password = "two"}};
    struct site site;
    open_with(&site, "/s", NULL);
    list_append(&site.front.statistics.users, &users[0].link);
    list_append(&site.front.statistics.users, &users[1].link);
    site.front.statistics.realm = "My realm";
    site_start(&site);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char request[SITE_TEXT_BYTES];
        struct site_end *client = site_connect(&site);
        snprintf(request, sizeof(request), "GET /s HTTP/1.1\r\nhost: h\r\n%s\r\n",
                 CASES[i].authorization);
        site_send(client, request);
        if (CASES[i].is_good) {
            site_expect(&site, client, PAGE);
        } else {
            const char *head = site_take_head(&site, client);
            assert_memory_equal(head, "HTTP/1.1 401 Unauthorized\r\n", 27);
            assert_non_null(strcasestr(head, "\r\nwww-authenticate: Basic realm=\"My realm\"\r\n"));
        }
        site_close_end(client);
    }
    assert_int_equal(site.frontend->counters.intercepted, 2);
    site_close(&site);
}

/* `stats http-request` is asked before the credentials. */
static void test_rules_of_the_page(void **state)
{
    (void)state;
    struct statistics_user user = {.user = "ann", .password = "one"};
    struct site site;
    open_with(&site, "/s", NULL);
    list_append(&site.front.statistics.users, &user.link);
    site_rule(&site, RULE_HTTP_REQUEST, &site.front.statistics.rules, "deny if { path /s/no }");
    site_start(&site);
    struct site_end *client = site_connect(&site);
    site_send(client, "GET /s/no HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_memory_equal(site_take_head(&site, client), "HTTP/1.1 403 Forbidden\r\n", 24);
    site_expect_log(&site, "<6>fe/<NOSRV> 403 PR--\n");
    site_close(&site);
}

static void test_raw_bytes_have_no_page(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "/s", NULL);
    site_make_tcp(&site);
    site_start(&site);
    struct site_end *client = site_connect(&site);
    site_send(client, "GET /s HTTP/1.1\r\n\r\n");
    site_expect(&site, site_accept(&site, 0), "GET /s HTTP/1.1\r\n\r\n");
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_page_of_either_proxy),
        cmocka_unit_test(test_other_requests_go_to_the_server),
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_rules_of_the_page),
        cmocka_unit_test(test_raw_bytes_have_no_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
