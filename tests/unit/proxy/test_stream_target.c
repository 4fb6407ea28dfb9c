/* SPDX-License-Identifier: Apache-2.0 */
/* What choosing and reaching a server takes from the request: forwarded headers, the unique id,
 * the persistence cookie both ways, the balance key, the destination. */
#include "support/site.h"

static const char EMPTY[] = "HTTP/1.1 204 No\r\n\r\n";

static void open_with(struct site *site, unsigned servers)
{
    site_open(site);
    for (unsigned i = 0; i < servers; i++) {
        site_add(site);
    }
    site_log_format(site, "%b/%s %ST %tsc");
}

/* Sends a GET for `target` with more fields, and tells which server has got what. */
static const char *ask(struct site *site, struct site_end **client, struct site_end **server,
                       unsigned *index, const char *target, const char *fields)
{
    char request[SITE_TEXT_BYTES];
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nhost: h\r\n%s\r\n", target, fields);
    *client = site_connect(site);
    site_send(*client, request);
    int fd = -1;
    uint64_t until_us = clock_monotonic_us() + TEST_PATIENCE_MS * (uint64_t)US_PER_MS;
    for (unsigned i = 0; fd < 0; i++) {
        assert_true(clock_monotonic_us() < until_us);
        *index = i % site->servers_count;
        site_turn(site);
        fd = site_try_accept(site, *index);
    }
    *server = site_end_make(site, fd);
    return site_take_head(site, *server);
}

/* The head that a server gets for a GET of / with these fields. */
static const char *head_for(struct site *site, const char *fields)
{
    struct site_end *client;
    struct site_end *server;
    unsigned index;
    worker_drop_idle_links(&site->worker, 9);
    return ask(site, &client, &server, &index, "/", fields);
}

static unsigned occurrences(const char *text, const char *part)
{
    unsigned count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

/* ---- forwarded headers ---- */

static void test_forwardfor(void **state)
{
    (void)state;
    struct address loopback = {.family = AF_INET};
    struct address other = {.family = AF_INET};
    loopback.v4.s_addr = htonl(0x7f000000);
    other.v4.s_addr = htonl(0x7f800000);
    struct address half = {.family = AF_INET}; /* the same but for a bit behind the ninth */
    half.v4.s_addr = htonl(0x7f400000);
    const struct {
        struct forward_header front, back;
        const char *fields, *expected; /* NULL: none */
        unsigned count;
    } cases[] = {
        {{0}, {0}, "", NULL, 0},
        {{.is_enabled = true, .header = "X-Forwarded-For"},
         {0},
         "",
         "\r\nX-Forwarded-For: 127.0.0.1\r\n",
         1},
        {{.is_enabled = true, .header = "front"},
         {.is_enabled = true, .header = "back"},
         "",
         "\r\nback: 127.0.0.1\r\n",
         1},
        {{.is_enabled = true, .header = "x"},
         {0},
         "x: 1.2.3.4\r\n",
         "\r\nx: 1.2.3.4\r\nx: 127.0.0.1\r\n",
         2},
        {{.is_enabled = true, .header = "X", .if_none = true},
         {0},
         "x: 1.2.3.4\r\n",
         "\r\nx: 1.2.3.4\r\n\r\n",
         1},
        {{.is_enabled = true, .header = "x", .except_net = loopback, .except_bits = 8},
         {0},
         "",
         NULL,
         0},
        {{.is_enabled = true, .header = "x", .except_net = other, .except_bits = 9},
         {0},
         "",
         "\r\nx: 127.0.0.1\r\n",
         1},
        {{.is_enabled = true, .header = "x", .except_net = half, .except_bits = 9},
         {0},
         "",
         NULL,
         0},
        {{.is_enabled = true, .header = "x", .except_net = other, .except_bits = 8},
         {0},
         "",
         NULL,
         0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct site site;
        open_with(&site, 1);
        site.front.forwardfor = cases[i].front;
        site.back.forwardfor = cases[i].back;
        site_start(&site);
        const char *head = head_for(&site, cases[i].fields);
        assert_true(cases[i].expected == NULL || strstr(head, cases[i].expected) != NULL);
        assert_int_equal(occurrences(head, "127.0.0.1") + occurrences(head, "1.2.3.4"),
                         cases[i].count);
        site_close(&site);
    }
}

/* The address as the rules changed it. */
static void test_forwardfor_after_set_src(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site.front.forwardfor = (struct forward_header){.is_enabled = true, .header = "x-from"};
    site.front.originalto = (struct forward_header){.is_enabled = true, .header = "x-to"};
    site_rule(&site, RULE_HTTP_REQUEST, &site.front.http_request, "set-src str(192.0.2.7)");
    site_start(&site);
    const char *head = head_for(&site, "");
    assert_non_null(strstr(head, "\r\nx-from: 192.0.2.7\r\nx-to: 127.0.0.1\r\n"));
    site_close(&site);
}

static void test_unique_id(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site.front.unique_id_format = site_format(&site, LOG_FORMAT_FOR_ID, "%ci-%rt");
    site.front.unique_id_header = "x-id";
    site_log_format(&site, "%ID");
    site_start(&site);
    struct site_end *client;
    struct site_end *server;
    unsigned index;
    const char *head = ask(&site, &client, &server, &index, "/", "");
    const char *field = strstr(head, "\r\nx-id: 127.0.0.1-");
    assert_non_null(field);
    char line[SITE_TEXT_BYTES];
    snprintf(line, sizeof(line), "<6>%.*s\n", (int)strcspn(field + 8, "\r"), field + 8);
    site_send(server, EMPTY);
    site_expect(&site, client, EMPTY);
    site_expect_log(&site, line); /* the same in the log */
    site_close(&site);
}

/* More fields than a message may have: 500, and the counter of failed rewriting. */
static void test_no_room_for_a_header(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site.front.forwardfor = (struct forward_header){.is_enabled = true, .header = "x"};
    char name[8];
    for (unsigned i = 0; i <= HTTP_FIELDS_ADDED_MAX; i++) {
        char rule[64];
        snprintf(name, sizeof(name), "x%u", i);
        snprintf(rule, sizeof(rule), "add-header %s y", name);
        if (i == 0) {
            site_rule(&site, RULE_HTTP_REQUEST, &site.front.http_request, "strict-mode off");
        }
        site_rule(&site, RULE_HTTP_REQUEST, &site.front.http_request, rule);
    }
    site.configuration.global.fields_max = 2;
    site_start(&site);
    struct site_end *client = site_connect(&site);
    site_send(client, "GET / HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_memory_equal(site_take_head(&site, client), "HTTP/1.1 500 ", 13);
    assert_true(site.frontend->counters.rewrites_failed > 0);
    site_expect_log(&site, "<6>be/<NOSRV> 500 PR--\n");
    site_close(&site);
}

/* ---- the cookie ---- */

static void open_with_cookie(struct site *site, struct server_cookie_settings *cookie)
{
    open_with(site, 3);
    cookie->name = "S";
    site->servers[0].options.cookie = "one";
    site->servers[1].options.cookie = "two";
    site->servers[2].options.cookie = "three";
    site->back.cookie = cookie;
    site_log_format(site, "%s %tsc");
}

static void test_the_cookie_chooses(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        int index; /* -1: any */
        bool is_seen;
        const char *log;
    } CASES[] = {
        {"cookie: S=two\r\n", 1, false, "<6>s2 --VN\n"},
        {"cookie: a=b; S=three; c=d\r\n", 2, false, "<6>s3 --VN\n"},
        {"cookie: S=nobody\r\n", -1, false, NULL},
        {"cookie: T=two\r\n", -1, true, NULL},
    };
    struct server_cookie_settings cookie = {.mode = SERVER_COOKIE_INSERT, .is_indirect = true};
    struct site site;
    open_with_cookie(&site, &cookie);
    site_start(&site);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site_end *client;
        struct site_end *server;
        unsigned index;
        const char *head = ask(&site, &client, &server, &index, "/", CASES[i].fields);
        assert_true(CASES[i].index < 0 || (unsigned)CASES[i].index == index);
        assert_null(strstr(head, "S=")); /* indirect: the server does not see it */
        assert_int_equal(strstr(head, "T=") != NULL, CASES[i].is_seen);
        site_send(server, EMPTY);
        head = site_take_head(&site, client);
        assert_int_equal(strstr(head, "Set-Cookie") == NULL && strstr(head, "set-cookie") == NULL,
                         CASES[i].index >= 0);
        const char *log = site_take_log(&site);
        assert_true(CASES[i].log == NULL || strcmp(log, CASES[i].log) == 0);
        site_close_end(client);
        worker_drop_idle_links(&site.worker, 9);
    }
    site_close(&site);
}

static void test_a_cookie_is_inserted(void **state)
{
    (void)state;
    struct server_cookie_settings cookie = {.mode = SERVER_COOKIE_INSERT, .is_nocache = true};
    struct site site;
    open_with_cookie(&site, &cookie);
    site_start(&site);
    struct site_end *client;
    struct site_end *server;
    unsigned index;
    (void)ask(&site, &client, &server, &index, "/", "");
    static const char *const VALUES[] = {"S=one", "S=two", "S=three"};
    site_send(server, "HTTP/1.1 200 OK\r\netag: x\r\ncontent-length: 0\r\n\r\n");
    const char *head = site_take_head(&site, client);
    assert_non_null(strstr(head, VALUES[index]));
    assert_non_null(strcasestr(head, "\r\ncache-control: private\r\n"));
    assert_non_null(strstr(site_take_log(&site), " --NI\n"));
    site_close(&site);
}

/* The server of the cookie does not answer: another one, and it is told so. */
static void test_a_cookie_after_a_redispatch(void **state)
{
    (void)state;
    struct server_cookie_settings cookie = {.mode = SERVER_COOKIE_INSERT, .is_indirect = true};
    struct site site;
    open_with_cookie(&site, &cookie);
    site.back.options = OPTION_REDISPATCH;
    site.back.timeouts.connect_ms = 20;
    site_start(&site);
    close(site.listeners[1]);
    site.listeners[1] = -1;
    struct site_end *client;
    struct site_end *server;
    unsigned index;
    const char *head = ask(&site, &client, &server, &index, "/", "cookie: S=two\r\n");
    assert_null(strstr(head, "S="));
    assert_true(index != 1);
    site_send(server, EMPTY);
    assert_non_null(strstr(site_take_head(&site, client), index == 0 ? "S=one" : "S=three"));
    site_close(&site);
}

/* A server that is down: DOWN in the log and another is chosen, but with option persist not. */
static void test_the_cookies_server_is_down(void **state)
{
    (void)state;
    for (unsigned persists = 0; persists < 2; persists++) {
        struct server_cookie_settings cookie = {.mode = SERVER_COOKIE_INSERT};
        struct site site;
        open_with_cookie(&site, &cookie);
        site.servers[1].options.is_disabled = true;
        site.back.options = persists ? OPTION_PERSIST : 0;
        site_start(&site);
        struct site_end *client = site_connect(&site);
        site_send(client, "GET / HTTP/1.1\r\nhost: h\r\ncookie: S=two\r\n\r\n");
        if (persists) {
            site_run(&site, 20);
            assert_int_equal(site_try_accept(&site, 0), -1);
            assert_int_equal(site_try_accept(&site, 2), -1);
        } else {
            SITE_UNTIL(&site, !list_is_empty(&site.worker.streams));
            const struct stream *stream =
                container_of(list_first(&site.worker.streams), struct stream, link);
            assert_int_equal(stream->facts.cookie_request, 'D');
            SITE_UNTIL(&site, stream->assigned != NULL);
            assert_string_not_equal(stream->assigned->options->name, "s2");
        }
        site_close(&site);
    }
}

/* ---- the balance key ---- */

/* The same key leads to the same server; what the parameters leave out does not count. */
static void test_balance_keys(void **state)
{
    (void)state;
    static const struct {
        enum balance_algorithm algorithm;
        const char *key;
        struct balance_uri_options uri;
        bool is_domain;
        const char *targets[2], *fields[2];
    } CASES[] = {
        {BALANCE_URI, "url", {0}, false, {"/a/b?x", "/a/b?y"}, {"", ""}},
        {BALANCE_URI, "url", {.depth_max = 1}, false, {"/a/b", "/a/c"}, {"", ""}},
        {BALANCE_URI, "url", {.bytes_max = 3}, false, {"/abcd", "/abef"}, {"", ""}},
        {BALANCE_URI, "url", {.is_path_only = true}, false, {"/p", "http://h/p"}, {"", ""}},
        {BALANCE_HASH, "req.hdr(x)", {0}, false, {"/1", "/2"}, {"x: k\r\n", "x: k\r\n"}},
        {BALANCE_HEADER,
         "req.hdr(x)",
         {0},
         true,
         {"/1", "/2"},
         {"x: www.name.org\r\n", "x: ftp.name.org\r\n"}},
        {BALANCE_SOURCE, "src", {0}, false, {"/1", "/2"}, {"", ""}},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site, 4);
        site.back.balance.algorithm = CASES[i].algorithm;
        site.back.balance.hash_domain_only = CASES[i].is_domain;
        site.back.balance_uri = CASES[i].uri;
        site.back.balance_key = site_expression(&site, CASES[i].key);
        site_start(&site);
        unsigned indexes[6];
        for (unsigned k = 0; k < 6; k++) {
            struct site_end *client;
            struct site_end *server;
            (void)ask(&site, &client, &server, &indexes[k], CASES[i].targets[k % 2],
                      CASES[i].fields[k % 2]);
            assert_int_equal(indexes[k], indexes[0]);
        }
        site_close(&site);
    }
}

/* Without a key the servers take turns. */
static void test_no_key(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 2);
    site.back.balance.algorithm = BALANCE_HASH;
    site.back.balance_key = site_expression(&site, "req.hdr(x)");
    site_start(&site);
    unsigned seen[2] = {0};
    for (unsigned i = 0; i < 4; i++) {
        struct site_end *client;
        struct site_end *server;
        unsigned index;
        (void)ask(&site, &client, &server, &index, "/", "");
        seen[index]++;
    }
    assert_int_equal(seen[0], 2);
    assert_int_equal(seen[1], 2);
    site_close(&site);
}

/* ---- the destination ---- */

/* A server without address or port is reached where the client wanted to go. */
static void test_destination(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    struct server_options *options = &site.servers[0].options;
    uint16_t port = options->address.port;
    options->address.v4.s_addr = htonl(INADDR_ANY);
    options->address.port = 0;
    char rule[64];
    snprintf(rule, sizeof(rule), "set-dst-port int(%u)", port - 5);
    options->port_offset = 5;
    options->port_is_relative = true;
    site_rule(&site, RULE_HTTP_REQUEST, &site.front.http_request, "set-dst str(127.0.0.1)");
    site_rule(&site, RULE_HTTP_REQUEST, &site.front.http_request, rule);
    site_start(&site);
    assert_non_null(head_for(&site, ""));
    struct stream *stream = container_of(list_first(&site.worker.streams), struct stream, link);
    struct address destination = stream->server->mux->connection->peer;
    assert_int_equal(destination.port, port);
    assert_int_equal(destination.v4.s_addr, htonl(INADDR_LOOPBACK));
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forwardfor),
        cmocka_unit_test(test_forwardfor_after_set_src),
        cmocka_unit_test(test_unique_id),
        cmocka_unit_test(test_no_room_for_a_header),
        cmocka_unit_test(test_the_cookie_chooses),
        cmocka_unit_test(test_a_cookie_is_inserted),
        cmocka_unit_test(test_a_cookie_after_a_redispatch),
        cmocka_unit_test(test_the_cookies_server_is_down),
        cmocka_unit_test(test_balance_keys),
        cmocka_unit_test(test_no_key),
        cmocka_unit_test(test_destination),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
