/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A site: a whole worker on a real loop with one frontend "fe" on a loopback port and one backend
 * "be" of up to four servers, made from settings without the configuration's language, and the
 * sockets of clients and servers at both ends, which the test drives by hand. The log goes to
 * memory. At the end every account must read zero.
 *
 *   struct site site;
 *   site_open(&site);            change site.front, site.back, site_rule, site_log_format…
 *   site_start(&site);
 *   client = site_connect(&site);
 *   site_send(client, "GET / HTTP/1.1\r\n\r\n");
 *   server = site_accept(&site, 0);
 *   site_expect(&site, server, "GET …");
 */
#ifndef WEIR_TESTS_SUPPORT_SITE_H
#define WEIR_TESTS_SUPPORT_SITE_H

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "proxy/admission.h"
#include "proxy/endpoint.h"
#include "proxy/proxy_life.h"
#include "proxy/stream.h"
#include "proxy/worker_life.h"
#include "rules/actions.h"
#include "rules/converter.h"
#include "rules/fetch.h"
#include "rules/pattern.h"
#include "support/transport.h"

enum {
    SITE_SERVERS_MAX = 4,
    SITE_ENDS_MAX = 64,
    SITE_COMPILED_MAX = 8,
    SITE_END_BYTES = 256 * 1024,
    SITE_LOG_BYTES = 64 * 1024,
    SITE_TEXT_BYTES = 2048,
    SITE_WORDS_MAX = 32,
    SITE_TURNS_MIN = 12,
    SITE_MAXCONN = 1000,
    SITE_MAXREWRITE = 1024,
};

/* One end of a connection, a client's or a server's. */
struct site_end {
    int fd;         /* -1: closed here */
    char *bytes;    /* received and not yet looked at, with a NUL behind */
    size_t count;   /* of them */
    size_t size;    /* room for them: what does not fit stays in the socket */
    uint64_t total; /* received in all */
    bool is_deaf;   /* nothing is read */
    bool has_ended; /* the peer sent its end */
    bool was_reset;
};

struct site {
    struct test_loop base;
    struct chunk_source chunks;
    struct account account; /* of what is compiled */
    struct configuration configuration;
    struct process_facts facts;
    struct worker worker;
    struct proxy_settings front, back;
    struct bind_settings bind;
    struct server_settings servers[SITE_SERVERS_MAX];
    int listeners[SITE_SERVERS_MAX]; /* of the servers; -1: nobody listens */
    unsigned servers_count;
    struct log_settings log;
    int log_fd;
    off_t log_seen;
    char log_bytes[SITE_LOG_BYTES];
    struct proxy *frontend, *backend;
    struct site_end *ends[SITE_ENDS_MAX];
    unsigned ends_count;
    struct rule_parser parser;
    struct text error;
    char error_bytes[SITE_TEXT_BYTES];
    struct log_format *formats[SITE_COMPILED_MAX];
    struct acl_condition *conditions[SITE_COMPILED_MAX];
    struct sample_expression *expressions[SITE_COMPILED_MAX];
    unsigned formats_count, conditions_count, expressions_count;
    size_t filled; /* see site_fill */
    struct account filler;
};

static const struct sample_fetch *const SITE_FETCHES[] = {
    fetches_internal, fetches_process, fetches_proxy, fetches_connection,
    fetches_content,  fetches_http,    fetches_body,  fetches_cookie,
    fetches_stream,   fetches_logic,   NULL,
};
static const struct sample_converter *const SITE_CONVERTERS[] = {
    converters_integer, converters_text, converters_encoding, converters_logic, NULL,
};
static const struct action_ops *const SITE_ACTIONS[] = {
    ACTIONS_FLOW,   ACTIONS_REDIRECT, ACTIONS_HEADER,   ACTIONS_URI,
    ACTIONS_STREAM, ACTIONS_ADDRESS,  ACTIONS_VARIABLE, NULL,
};
static const char *const SITE_SERVICES[] = {"test", NULL};
static const struct rule_registry SITE_REGISTRY = {
    .fetches = SITE_FETCHES,
    .converters = SITE_CONVERTERS,
    .actions = SITE_ACTIONS,
    .services = SITE_SERVICES,
};
static const struct service_ops *const SITE_NO_SERVICES[] = {NULL};

/* ---- before the start ---- */

static inline void site_init_proxy(struct proxy_settings *settings, const char *name, uint32_t id,
                                   unsigned role)
{
    *settings = (struct proxy_settings){.name = name,
                                        .file = "test.cfg",
                                        .id = id,
                                        .role = role,
                                        .mode = PROXY_MODE_HTTP,
                                        .retries = 3,
                                        .retry_on = RETRY_CONN_FAILURE};
    struct list *const lists[] = {
        &settings->binds,       &settings->servers,    &settings->logs,
        &settings->use_backend, &settings->use_server, &settings->statistics.users,
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        list_init(lists[i]);
    }
    struct rule_list *const rules[] = {
        &settings->tcp_connection,      &settings->tcp_session,  &settings->tcp_request,
        &settings->tcp_response,        &settings->http_request, &settings->http_response,
        &settings->http_after_response, &settings->redirects,    &settings->statistics.rules,
    };
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        rule_list_init(rules[i]);
    }
}

static inline void site_init_settings(struct site *site)
{
    struct configuration *configuration = &site->configuration;
    configuration->account = &site->account;
    configuration->global.bufsize = TEST_CHUNK_BYTES;
    configuration->global.maxrewrite = SITE_MAXREWRITE;
    configuration->global.fields_max = 101;
    configuration->global.uri_log_bytes_max = 1023;
    list_init(&configuration->proxies);
    list_init(&configuration->rings);
    variable_set_init(&configuration->process_variables, VARIABLE_PROCESS, &site->account);
    site_init_proxy(&site->front, "fe", 2, PROXY_FRONTEND);
    site_init_proxy(&site->back, "be", 3, PROXY_BACKEND);
    site->front.default_backend = &site->back;
    site->front.default_backend_name = "be";
    site->bind.id = 1;
    site->bind.file = "test.cfg";
    site->bind.listener = (struct listener_options){
        .inherited_fd = -1, .uid = (uid_t)-1, .gid = (gid_t)-1, .address = {.family = AF_INET}};
    site->bind.listener.address.v4.s_addr = htonl(INADDR_LOOPBACK);
    list_append(&site->front.binds, &site->bind.link);
    site->log_fd = memfd_create("log", MFD_CLOEXEC);
    log_sink_options_init(&site->log.sink);
    site->log.sink.kind = LOG_TARGET_DESCRIPTOR;
    site->log.sink.fd = site->log_fd;
    site->log.sink.format = SYSLOG_FORMAT_SHORT;
    list_append(&site->front.logs, &site->log.link);
    site->error = text_over(site->error_bytes, sizeof(site->error_bytes));
    site->parser = (struct rule_parser){.registry = &SITE_REGISTRY,
                                        .account = &site->account,
                                        .file = "test.cfg",
                                        .line = 7,
                                        .error = &site->error,
                                        .patterns = pattern_files_create(&site->account),
                                        .variables = variable_names_create(&site->account),
                                        .captures = &site->front.captures};
    assert_non_null(site->parser.patterns);
    assert_non_null(site->parser.variables);
}

/* A site that is not started, with a limit of the memory (0: none) that only counts what is
 * charged, not what the test program holds. */
static inline void site_open_limited(struct site *site, size_t limit_bytes)
{
    memset(site, 0, sizeof(*site));
    test_loop_open(&site->base, limit_bytes);
    memory_shared_ledger(site->base.memory)->observe = NULL;
    site->base.ledger->observe = NULL;
    assert_int_equal(chunk_source_init(&site->chunks, site->base.memory, TEST_CHUNK_BYTES, 0),
                     RESULT_OK);
    account_init(&site->account, site->base.ledger, ACCOUNT_CONFIGURATION, 0);
    account_init(&site->filler, site->base.ledger, ACCOUNT_TABLE, 0);
    site->facts.maxconn = SITE_MAXCONN;
    site->facts.node_name = "node";
    assert_int_equal(worker_init(&site->worker, site->base.memory, 0, site->base.loop,
                                 &site->chunks, &site->configuration, &site->facts),
                     RESULT_OK);
    site->worker.services = SITE_NO_SERVICES;
    site_init_settings(site);
}

/* A site that is not started, without a limit. */
static inline void site_open(struct site *site)
{
    site_open_limited(site, 0);
}

/* Both proxies carry raw bytes. */
static inline void site_make_tcp(struct site *site)
{
    site->front.mode = PROXY_MODE_TCP;
    site->back.mode = PROXY_MODE_TCP;
}

/* Adds server s1, s2… behind which a socket listens. */
static inline struct server_settings *site_add(struct site *site)
{
    static const char *const NAMES[SITE_SERVERS_MAX] = {"s1", "s2", "s3", "s4"};
    unsigned index = site->servers_count++;
    struct server_settings *server = &site->servers[index];
    assert_true(index < SITE_SERVERS_MAX);
    struct address address;
    site->listeners[index] = test_listen(&address);
    assert_int_equal(fcntl(site->listeners[index], F_SETFL, O_NONBLOCK), 0);
    server->options = (struct server_options){.name = NAMES[index],
                                              .id = index + 1,
                                              .file = "test.cfg",
                                              .line = 10 + index,
                                              .address = address,
                                              .weight = 1,
                                              .rise = 2,
                                              .fall = 3,
                                              .pool_max_connections = UINT32_MAX,
                                              .pool_purge_delay_ms = 5000,
                                              .max_reuse = UINT32_MAX};
    list_append(&site->back.servers, &server->link);
    return server;
}

/* Cuts a line at single spaces into words, which live in `buffer`; '`' stands for a space inside a
 * word. */
static inline unsigned site_words(char *buffer, const char *line, const char *words[SITE_WORDS_MAX])
{
    unsigned count = 0;
    size_t length = strlen(line);
    assert_true(length < SITE_TEXT_BYTES);
    memcpy(buffer, line, length + 1);
    for (char *next = buffer; next != NULL && *next != '\0';) {
        char *word = next;
        next = strchr(word, ' ');
        if (next != NULL) {
            *next = '\0';
            next++;
        }
        for (char *c = word; *c != '\0'; c++) {
            *c = *c == '`' ? ' ' : *c;
        }
        assert_true(count < SITE_WORDS_MAX);
        words[count++] = word;
    }
    return count;
}

/* Appends a rule to a list of either proxy: "deny if { path /x }". */
static inline void site_rule(struct site *site, enum rule_phase phase, struct rule_list *list,
                             const char *line)
{
    char buffer[SITE_TEXT_BYTES];
    const char *words[SITE_WORDS_MAX];
    unsigned count = site_words(buffer, line, words);
    site->parser.capabilities = rule_phase_place(phase);
    text_clear(&site->error);
    if (rule_parse(&site->parser, phase, words, count, list) != RESULT_OK) {
        fail_msg("%s: %s", line, site->error_bytes);
    }
}

/* Compiles a log-format for `use`. */
static inline struct log_format *site_format(struct site *site, enum log_format_use use,
                                             const char *format)
{
    struct log_format **out = &site->formats[site->formats_count++];
    assert_true(site->formats_count <= SITE_COMPILED_MAX);
    site->parser.capabilities =
        use == LOG_FORMAT_FOR_LOG ? (unsigned)SAMPLE_IN_LOG : (unsigned)SAMPLE_IN_HTTP_REQUEST;
    text_clear(&site->error);
    if (log_format_parse_for(&site->parser, format, use, out) != RESULT_OK) {
        fail_msg("%s: %s", format, site->error_bytes);
    }
    return *out;
}

/* The frontend's log-format. */
static inline void site_log_format(struct site *site, const char *format)
{
    site->front.log_format = site_format(site, LOG_FORMAT_FOR_LOG, format);
}

/* Compiles a condition: "if { path /x }". */
static inline struct acl_condition *site_condition(struct site *site, const char *line)
{
    char buffer[SITE_TEXT_BYTES];
    const char *words[SITE_WORDS_MAX];
    struct acl_condition **out = &site->conditions[site->conditions_count++];
    assert_true(site->conditions_count <= SITE_COMPILED_MAX);
    site->parser.capabilities = SAMPLE_IN_HTTP_REQUEST;
    text_clear(&site->error);
    if (acl_condition_parse(&site->parser, words, site_words(buffer, line, words), out) !=
        RESULT_OK) {
        fail_msg("%s: %s", line, site->error_bytes);
    }
    return *out;
}

/* Compiles an expression of requests. */
static inline struct sample_expression *site_expression(struct site *site, const char *text)
{
    const char *words[] = {text};
    unsigned used = 0;
    struct sample_expression **out = &site->expressions[site->expressions_count++];
    assert_true(site->expressions_count <= SITE_COMPILED_MAX);
    site->parser.capabilities = SAMPLE_IN_HTTP_REQUEST;
    if (sample_parse(&site->parser, words, 1, &used, out) != RESULT_OK) {
        fail_msg("%s: %s", text, site->error_bytes);
    }
    return *out;
}

/* Makes the proxies and listens. */
static inline void site_start(struct site *site)
{
    struct proxy_settings *const all[] = {&site->front, &site->back};
    struct proxy **const out[] = {&site->frontend, &site->backend};
    for (unsigned i = 0; i < 2; i++) {
        text_clear(&site->error);
        enum result result = proxy_create(&site->worker, all[i], out[i], &site->error);
        result = result == RESULT_OK ? proxy_bind(*out[i], NULL, NULL, &site->error) : result;
        result = result == RESULT_OK ? proxy_start(*out[i], &site->error) : result;
        if (result != RESULT_OK) {
            fail_msg("%s: %s", all[i]->name, site->error_bytes);
        }
    }
}

/* ---- ends ---- */

static inline struct site_end *site_end_make(struct site *site, int fd)
{
    struct site_end *end = calloc(1, sizeof(*end));
    assert_non_null(end);
    assert_true(site->ends_count < SITE_ENDS_MAX);
    end->fd = fd;
    end->size = SITE_END_BYTES;
    end->bytes = malloc(end->size + 1);
    assert_non_null(end->bytes);
    end->bytes[0] = '\0';
    site->ends[site->ends_count++] = end;
    return end;
}

/* Makes room for more bytes than usual. */
static inline void site_end_grow(struct site_end *end, size_t size)
{
    end->bytes = realloc(end->bytes, size + 1);
    assert_non_null(end->bytes);
    end->size = size;
}

static inline void site_close_end(struct site_end *end)
{
    if (end->fd >= 0) {
        close(end->fd);
        end->fd = -1;
    }
}

/* Closes so that the peer gets a reset. */
static inline void site_reset_end(struct site_end *end)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    site_close_end(end);
}

/* Sends all of a text at once. */
static inline void site_send(struct site_end *end, const char *text)
{
    size_t length = strlen(text);
    assert_int_equal(send(end->fd, text, length, MSG_NOSIGNAL), (ssize_t)length);
}

static inline void site_pump(struct site_end *end)
{
    while (end->fd >= 0 && !end->is_deaf && !end->has_ended && end->count < end->size) {
        ssize_t got = recv(end->fd, end->bytes + end->count, end->size - end->count, MSG_DONTWAIT);
        if (got <= 0) {
            end->was_reset = got < 0 && errno == ECONNRESET;
            end->has_ended = got == 0 || end->was_reset;
            return;
        }
        end->count += (size_t)got;
        end->total += (uint64_t)got;
        end->bytes[end->count] = '\0';
    }
}

/* ---- time ---- */

/* One turn of the loop and of all ends. */
static inline void site_turn(struct site *site)
{
    event_loop_turn(site->base.loop, false);
    for (unsigned i = 0; i < site->ends_count; i++) {
        site_pump(site->ends[i]);
    }
}

/* Turns for some milliseconds, and so often that what is under way arrives on a busy machine too.
 */
static inline void site_run(struct site *site, unsigned milliseconds)
{
    uint64_t end_us = clock_monotonic_us() + milliseconds * (uint64_t)US_PER_MS;
    for (unsigned turns = 0; turns < SITE_TURNS_MIN || clock_monotonic_us() < end_us; turns++) {
        site_turn(site);
        usleep(200);
    }
}

/* Turns until the condition holds, at most a test's patience. */
#define SITE_UNTIL(site, condition)                                                         \
    do {                                                                                    \
        uint64_t until_us_ = clock_monotonic_us() + TEST_PATIENCE_MS * (uint64_t)US_PER_MS; \
        bool holds_ = (condition);                                                          \
        while (!holds_ && clock_monotonic_us() < until_us_) {                               \
            site_turn(site);                                                                \
            usleep(100);                                                                    \
            holds_ = (condition);                                                           \
        }                                                                                   \
        if (!holds_) {                                                                      \
            fail_msg("in vain: %s", #condition);                                            \
        }                                                                                   \
    } while (0)

/* The worker's second is over now. */
static inline void site_tick(struct site *site)
{
    event_timer_set(&site->worker.tick, 0);
    site_run(site, 3);
}

/* ---- exchanges ---- */

/* A new client; `receive_bytes` of its socket's buffer, 0: as usual. */
static inline struct site_end *site_connect_narrow(struct site *site, int receive_bytes)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in in = {0};
    socklen_t length = sizeof(in);
    if (receive_bytes != 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    }
    const struct bind *bind = container_of(list_first(&site->frontend->binds), struct bind, link);
    assert_int_equal(getsockname(bind->listener.fd, (struct sockaddr *)&in, &length), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, length), 0);
    return site_end_make(site, fd);
}

static inline struct site_end *site_connect(struct site *site)
{
    return site_connect_narrow(site, 0);
}

static inline int site_try_accept(struct site *site, unsigned index)
{
    return accept4(site->listeners[index], NULL, NULL, SOCK_CLOEXEC);
}

/* The next connection of server `index`; it must come. */
static inline struct site_end *site_accept(struct site *site, unsigned index)
{
    int fd = -1;
    SITE_UNTIL(site, (fd = site_try_accept(site, index)) >= 0);
    return site_end_make(site, fd);
}

/* No connection comes to server `index` within some milliseconds. */
static inline void site_expect_no_connection(struct site *site, unsigned index)
{
    site_run(site, 15);
    assert_int_equal(site_try_accept(site, index), -1);
}

/* Waits until `end` has got as many bytes as `text` has, which must be these, and takes them. */
static inline void site_expect(struct site *site, struct site_end *end, const char *text)
{
    size_t length = strlen(text);
    uint64_t until_us = clock_monotonic_us() + TEST_PATIENCE_MS * (uint64_t)US_PER_MS;
    while (end->count < length && !end->has_ended && clock_monotonic_us() < until_us) {
        site_turn(site);
        usleep(100);
    }
    if (end->count < length || memcmp(end->bytes, text, length) != 0) {
        assert_string_equal(end->bytes, text);
    }
    end->count -= length;
    memmove(end->bytes, end->bytes + length, end->count + 1);
}

/* Waits for a whole head, which is taken; it lives until the next call. */
static inline const char *site_take_head(struct site *site, struct site_end *end)
{
    static char head[2 * TEST_CHUNK_BYTES];
    SITE_UNTIL(site, strstr(end->bytes, "\r\n\r\n") != NULL);
    size_t length = (size_t)(strstr(end->bytes, "\r\n\r\n") + 4 - end->bytes);
    assert_true(length < sizeof(head));
    memcpy(head, end->bytes, length);
    head[length] = '\0';
    end->count -= length;
    memmove(end->bytes, end->bytes + length, end->count + 1);
    return head;
}

/* Nothing comes within some milliseconds. */
static inline void site_expect_silence(struct site *site, struct site_end *end)
{
    site_run(site, 15);
    assert_string_equal(end->bytes, "");
    assert_false(end->has_ended);
}

/* The peer closes without one byte more. */
static inline void site_expect_end(struct site *site, struct site_end *end)
{
    SITE_UNTIL(site, end->has_ended);
    assert_string_equal(end->bytes, "");
}

/* ---- the log ---- */

/* What was logged since the last site_take_log. */
static inline const char *site_log(struct site *site)
{
    ssize_t count =
        pread(site->log_fd, site->log_bytes, sizeof(site->log_bytes) - 1, site->log_seen);
    site->log_bytes[count < 0 ? 0 : count] = '\0';
    return site->log_bytes;
}

/* Waits until something is logged, and takes all that is there. */
static inline const char *site_take_log(struct site *site)
{
    SITE_UNTIL(site, site_log(site)[0] != '\0');
    site->log_seen += (off_t)strlen(site->log_bytes);
    return site->log_bytes;
}

/* The next lines are these. */
static inline void site_expect_log(struct site *site, const char *lines)
{
    assert_string_equal(site_take_log(site), lines);
}

/* All that is logged now matches an extended regular expression. */
static inline void site_expect_log_like(struct site *site, const char *pattern)
{
    regex_t compiled;
    const char *log = site_take_log(site);
    assert_int_equal(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool matches = regexec(&compiled, log, 0, NULL, 0) == 0;
    regfree(&compiled);
    if (!matches) {
        assert_string_equal(log, pattern);
    }
}

/* Nothing is logged within some milliseconds. */
static inline void site_expect_no_log(struct site *site)
{
    site_run(site, 15);
    assert_string_equal(site_log(site), "");
}

/* ---- memory ---- */

/* Charges bytes of the budget until `left` of what traffic may have are free. */
static inline void site_fill(struct site *site, size_t left)
{
    struct memory_usage usage;
    memory_read_usage(site->base.memory, &usage);
    size_t target = usage.traffic_max - left;
    size_t rest = usage.used < target ? target - usage.used : 0;
    account_charge_forced(&site->filler, rest);
    site->filled += rest;
}

/* Gives them back. */
static inline void site_drain(struct site *site)
{
    account_discharge(&site->filler, site->filled);
    site->filled = 0;
}

/* ---- the end ---- */

/* All that was compiled is released. */
static inline void site_release_compiled(struct site *site)
{
    struct proxy_settings *const all[] = {&site->front, &site->back};
    for (unsigned i = 0; i < 2; i++) {
        struct rule_list *const rules[] = {
            &all[i]->tcp_connection,      &all[i]->tcp_session,  &all[i]->tcp_request,
            &all[i]->tcp_response,        &all[i]->http_request, &all[i]->http_response,
            &all[i]->http_after_response, &all[i]->redirects,    &all[i]->statistics.rules,
        };
        for (size_t k = 0; k < sizeof(rules) / sizeof(rules[0]); k++) {
            rule_list_destroy(&site->account, rules[k]);
        }
    }
    for (unsigned i = 0; i < SITE_COMPILED_MAX; i++) {
        log_format_destroy(&site->account, site->formats[i]);
        if (site->conditions[i] != NULL) {
            acl_condition_destroy(&site->account, site->conditions[i]);
        }
        if (site->expressions[i] != NULL) {
            sample_expression_destroy(&site->account, site->expressions[i]);
        }
    }
    pattern_files_destroy(site->parser.patterns);
    variable_names_destroy(site->parser.variables);
    capture_declarations_deinit(&site->front.captures, &site->account);
    variable_set_clear(&site->configuration.process_variables);
}

/* All ends close, and everything that was for them must end by itself, idle links apart. */
static inline void site_settle(struct site *site)
{
    for (unsigned i = 0; i < site->ends_count; i++) {
        site_close_end(site->ends[i]);
    }
    SITE_UNTIL(site, list_is_empty(&site->worker.sessions));
    worker_drop_idle_links(&site->worker, UINT32_MAX);
    SITE_UNTIL(site, test_loop_bytes(&site->base, ACCOUNT_CLIENT) == 0 &&
                         test_loop_bytes(&site->base, ACCOUNT_SERVER) == 0);
    assert_true(list_is_empty(&site->worker.streams));
}

/* Ends all; every count of who is here and every account must be zero. Streams that wait for what
 * never comes are ended as the operator would. */
static inline void site_close(struct site *site)
{
    for (unsigned i = 0; i < site->ends_count; i++) {
        site_close_end(site->ends[i]);
    }
    site_run(site, 2);
    LIST_EACH_SAFE(link, &site->worker.streams) {
        stream_shutdown(container_of(link, struct stream, link), 'K');
    }
    site_settle(site);
    assert_int_equal(site->facts.connections_current, 0);
    if (site->frontend != NULL) {
        assert_int_equal(site->frontend->counters.sessions_current, 0);
        assert_int_equal(site->backend->backend.counters.sessions_current, 0);
        assert_int_equal(site->backend->backend.served, 0);
        assert_int_equal(site->backend->backend.queue_length, 0);
    }
    site_drain(site);
    worker_stop_hard(&site->worker);
    event_loop_turn(site->base.loop, false);
    event_loop_turn(site->base.loop, false);
    worker_deinit(&site->worker);
    for (unsigned i = 0; i < site->servers_count; i++) {
        if (site->listeners[i] >= 0) {
            close(site->listeners[i]);
        }
    }
    for (unsigned i = 0; i < site->ends_count; i++) {
        free(site->ends[i]->bytes);
        free(site->ends[i]);
    }
    site_release_compiled(site);
    close(site->log_fd);
    assert_int_equal(site->account.used, 0);
    account_deinit(&site->account);
    account_deinit(&site->filler);
    test_loop_close(&site->base);
}

#endif
