/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health checks: when they run, their connection, and what a result does to the server. HAProxy's
 * counting: a server that is up has rise..rise+fall-1 points; each failure takes one, each success
 * gives all back; below rise it is down and needs `rise` successes in turn. While a check runs, its
 * timer is the deadline; else it is the next start.
 *
 * Memory: this struct at startup; while it runs a connection, a request and an answer, all on the
 * connection's account, which is the operator's. When they are refused the check is put off: a
 * server is not blamed for weir's own shortage.
 */
#include "proxy/check.h"

#include <errno.h>
#include <string.h>

#include "balance/hash.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/number.h"
#include "proxy/check_answer.h"
#include "proxy/check_log.h"
#include "proxy/endpoint.h"
#include "proxy/proxy.h"
#include "proxy/worker.h"
#include "tls/tls.h"
#include "transport/connection.h"

enum {
    PUT_OFF_MS = 1000,
    PERCENT = 100,
    TEXT_SIZE = 160,
};

struct health_check {
    struct endpoint *endpoint;
    struct event_timer timer;
    struct connection *connection; /* NULL: none runs */
    struct chunk_queue request;
    struct chunk_queue input;
    struct check_answer answer;
    bool has_answer; /* `answer` was begun */
    bool is_started;
    bool is_telling;         /* the server's state is being changed by this check */
    struct tls_context *tls; /* NULL: plain */
    bool owns_tls;
    struct regex *pattern;
    uint32_t position; /* among the worker's checks */
    uint32_t runs;
    uint64_t started_ms;
    char text[TEXT_SIZE];
};

static struct worker *worker_of(const struct health_check *check)
{
    return check->endpoint->proxy->worker;
}

static struct server *server_of(const struct health_check *check)
{
    return &check->endpoint->server;
}

static uint64_t now_ms(const struct health_check *check)
{
    return event_now_ms(worker_of(check)->loop);
}

/* ---- when ---- */

/* The interval by the server's state: inter when surely up, downinter when surely down, else
 * fastinter. */
static uint32_t interval_of(const struct server *server)
{
    const struct server_options *options = server->options;
    uint32_t other = options->check_fast_interval_ms;
    if (server->check_health == options->rise + options->fall - 1) {
        other = 0;
    } else if (server->health == SERVER_DOWN && server->check_health == 0) {
        other = options->check_down_interval_ms;
    }
    return other != 0 ? other : options->check_interval_ms;
}

/* spread-checks: up to so many percent sooner or later. */
static uint64_t spread(struct health_check *check, uint64_t interval_ms)
{
    uint64_t percent = worker_of(check)->configuration->global.spread_checks;
    uint64_t most_ms = interval_ms * percent / PERCENT;
    uint64_t chance = hash_avalanche((check->position << 1) ^ (check->runs * UINT32_C(2654435761)));
    return interval_ms - most_ms + 2 * most_ms * chance / UINT32_MAX;
}

static void plan_next(struct health_check *check)
{
    if (check->is_started) {
        event_timer_set(&check->timer, spread(check, interval_of(server_of(check))));
    }
}

/* ---- results ---- */

static void end_connection(struct health_check *check)
{
    chunk_queue_clear(&check->request);
    chunk_queue_clear(&check->input);
    if (check->has_answer) {
        check_answer_end(&check->answer);
        check->has_answer = false;
    }
    if (check->connection != NULL) {
        connection_close(check->connection, true);
        check->connection = NULL;
    }
}

/* Counts a result; whether it moved the count. */
static bool count_result(struct server *server, bool has_passed)
{
    uint32_t rise = server->options->rise;
    uint32_t most = rise + server->options->fall - 1;
    if (has_passed) {
        if (server->check_health >= most) {
            return false;
        }
        server->check_health++;
        server->check_health = server->check_health >= rise ? most : server->check_health;
        return true;
    }
    if (server->check_health == 0) {
        return false;
    }
    server->counters.check_failures++;
    server->check_health--;
    server->check_health = server->check_health < rise ? 0 : server->check_health;
    return true;
}

static void change_server(struct health_check *check)
{
    struct server *server = server_of(check);
    bool is_up = server->health != SERVER_DOWN;
    check->is_telling = true;
    if (is_up && server->check_health == 0) {
        server_set_health(server, SERVER_DOWN, now_ms(check));
    } else if (!is_up && server->check_health >= server->options->rise) {
        server_set_health(server, SERVER_UP, now_ms(check));
    }
    check->is_telling = false;
}

static bool has_passed(enum check_status status)
{
    return status == CHECK_STATUS_L4_PASSED || status == CHECK_STATUS_L6_PASSED ||
           status == CHECK_STATUS_L7_PASSED || status == CHECK_STATUS_L7_PASSED_CONDITIONALLY;
}

static void conclude(struct health_check *check, enum check_status status, uint16_t code,
                     struct slice why)
{
    struct server *server = server_of(check);
    struct text text = text_over(check->text, sizeof(check->text));
    text_append(&text, why);
    uint8_t before = server->check_status;
    server->check_status = (uint8_t)status;
    server->check_code = code;
    server->check_duration_ms = (uint32_t)(now_ms(check) - check->started_ms);
    end_connection(check);
    bool passed = has_passed(status);
    bool has_moved = count_result(server, passed);
    if (has_moved || before != server->check_status) {
        check_log_result(server, passed, check->text);
    }
    change_server(check);
    plan_next(check);
}

static void conclude_error(struct health_check *check, enum check_status status, int error)
{
    conclude(check, status, 0, slice_from_string(error != 0 ? strerrordesc_np(error) : NULL));
}

/* For want of memory: the result is unknown. */
static void put_off(struct health_check *check)
{
    end_connection(check);
    event_timer_set(&check->timer, PUT_OFF_MS);
}

/* ---- the exchange ---- */

static enum result append(struct health_check *check, const char *string)
{
    struct slice bytes = slice_from_string(string);
    return chunk_queue_append_copy(&check->request, worker_of(check)->chunks,
                                   &check->connection->account, bytes);
}

/* Builds the request; what is not set is as `option httpchk` alone says. */
static enum result build_request(struct health_check *check)
{
    const struct http_check_settings *http = &check->endpoint->proxy->settings->http_check;
    const char *version = http->version != NULL ? http->version : "HTTP/1.0";
    char length[NUMBER_TEXT_SIZE] = "";
    struct text digits = text_over(length, sizeof(length));
    text_append_decimal(&digits, slice_from_string(http->body).length);
    bool has_body = http->body != NULL && http->body[0] != '\0';
    const char *const parts[] = {
        http->method != NULL ? http->method : "OPTIONS",
        " ",
        http->uri != NULL ? http->uri : "/",
        " ",
        version,
        "\r\n",
        http->host != NULL ? "host: " : "",
        http->host != NULL ? http->host : "",
        http->host != NULL ? "\r\n" : "",
        http->headers != NULL ? http->headers : "",
        has_body ? "content-length: " : "",
        has_body ? length : "",
        has_body ? "\r\n" : "",
        strcmp(version, "HTTP/1.1") == 0 ? "connection: close\r\n" : "",
        "\r\n",
        has_body ? http->body : "",
    };
    enum result result = RESULT_OK;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && result == RESULT_OK; i++) {
        result = append(check, parts[i]);
    }
    return result;
}

static void send_request(struct health_check *check)
{
    switch (connection_write(check->connection, &check->request)) {
    case RESULT_OK:
        connection_want(check->connection, EVENT_READ);
        return;
    case RESULT_BLOCKED:
        connection_want(check->connection, EVENT_READ | EVENT_WRITE);
        return;
    case RESULT_NO_MEMORY:
        put_off(check);
        return;
    case RESULT_END:
    case RESULT_FULL:
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        break;
    }
    conclude_error(check, CHECK_STATUS_SOCKET_ERROR, check->connection->system_error);
}

/* Judges what has come; false when more is to be read. */
static bool judge_input(struct health_check *check, bool has_ended)
{
    struct check_answer *answer = &check->answer;
    enum result result = check_answer_receive(answer, &check->input, has_ended);
    if (result == RESULT_BLOCKED) {
        return false;
    }
    if (result == RESULT_OK) {
        conclude(check, answer->status, answer->code, answer->text);
    } else {
        put_off(check);
    }
    return true;
}

static void on_readable(void *owner)
{
    struct health_check *check = owner;
    for (;;) {
        size_t most = worker_of(check)->chunks->bytes[CHUNK_NORMAL];
        switch (connection_read(check->connection, &check->input, CHUNK_NORMAL, most)) {
        case RESULT_OK:
            if (judge_input(check, false)) {
                return;
            }
            break;
        case RESULT_BLOCKED:
            return;
        case RESULT_END: {
            bool is_judged = judge_input(check, true);
            ASSERT(is_judged);
            return;
        }
        case RESULT_NO_MEMORY:
            put_off(check);
            return;
        case RESULT_FULL:
        case RESULT_NOT_FOUND:
        case RESULT_INVALID:
        case RESULT_FAILED:
            conclude_error(check, CHECK_STATUS_SOCKET_ERROR, check->connection->system_error);
            return;
        }
    }
}

static void on_writable(void *owner)
{
    send_request(owner);
}

static void begin_exchange(struct health_check *check)
{
    struct proxy *proxy = check->endpoint->proxy;
    uint32_t limit_ms = proxy->settings->timeouts.check_ms;
    if (limit_ms != 0) {
        event_timer_set(&check->timer, limit_ms);
    }
    check_answer_begin(&check->answer, &proxy->settings->http_check, check->pattern,
                       &proxy->worker->scratch, proxy->worker->chunks, &check->connection->account);
    check->has_answer = true;
    if (build_request(check) != RESULT_OK) {
        put_off(check);
        return;
    }
    send_request(check);
}

static void on_open(void *owner)
{
    struct health_check *check = owner;
    if (check->endpoint->proxy->settings->check_kind == CHECK_HTTP) {
        begin_exchange(check);
        return;
    }
    conclude(check, check->tls != NULL ? CHECK_STATUS_L6_PASSED : CHECK_STATUS_L4_PASSED, 0,
             SLICE_NONE);
}

static void fail_handshake(struct health_check *check)
{
    char bytes[TEXT_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    if (check->connection->tls != NULL) {
        tls_session_append_error(check->connection->tls, &text);
    }
    if (text.length == 0) {
        text_append_string(&text, "SSL handshake failure");
    }
    conclude(check, CHECK_STATUS_L6_RESPONSE, 0, text_slice(&text));
}

static void on_error(void *owner, enum connection_error error)
{
    struct health_check *check = owner;
    int system_error = check->connection->system_error;
    switch (error) {
    case CONNECTION_ERROR_HANDSHAKE:
        fail_handshake(check);
        return;
    case CONNECTION_ERROR_REFUSED:
        conclude_error(check, CHECK_STATUS_L4_CONNECTION, system_error);
        return;
    case CONNECTION_ERROR_NONE:
    case CONNECTION_ERROR_RESET:
    case CONNECTION_ERROR_PROXY_HEADER:
        conclude_error(check, CHECK_STATUS_SOCKET_ERROR, system_error);
        return;
    }
}

static const struct connection_events CHECK_EVENTS = {
    .on_open = on_open,
    .on_readable = on_readable,
    .on_writable = on_writable,
    .on_error = on_error,
};

/* ---- starting ---- */

static struct address destination_of(const struct health_check *check)
{
    const struct server_settings *settings = check->endpoint->settings;
    const struct server *server = server_of(check);
    struct address address = server->address;
    if (settings->check_address.family != AF_UNSPEC) {
        address = settings->check_address;
    }
    if (address.family != AF_UNIX) {
        address.port = server->port;
        address.port =
            settings->check_address.port != 0 ? settings->check_address.port : address.port;
        address.port = settings->check_port != 0 ? settings->check_port : address.port;
    }
    return address;
}

/* The whole check must end within `inter`; with `timeout check`, connecting within `timeout
 * connect`, and the answer in its own time. */
static uint64_t connect_limit(const struct health_check *check)
{
    const struct proxy_timeouts *timeouts = &check->endpoint->proxy->settings->timeouts;
    uint64_t limit_ms = server_of(check)->options->check_interval_ms;
    bool is_shorter = timeouts->check_ms != 0 && timeouts->connect_ms != 0;
    return is_shorter ? size_min(limit_ms, timeouts->connect_ms) : limit_ms;
}

static void dial(struct health_check *check)
{
    const struct connection_options options = {
        .tls = check->tls,
        .source = check->endpoint->settings->source,
        .destination = destination_of(check),
        .no_delay = true,
        .is_operator = true,
    };
    check->runs++;
    check->started_ms = now_ms(check);
    switch (connection_dial(&worker_of(check)->transport, &options, &CHECK_EVENTS, check,
                            &check->connection)) {
    case RESULT_OK:
        event_timer_set(&check->timer, connect_limit(check));
        return;
    case RESULT_NO_MEMORY:
        check->connection = NULL;
        put_off(check);
        return;
    case RESULT_BLOCKED:
    case RESULT_END:
    case RESULT_FULL:
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        break;
    }
    check->connection = NULL;
    conclude_error(check, CHECK_STATUS_SOCKET_ERROR, errno);
}

static void run_out_of_time(struct health_check *check)
{
    enum check_status status = CHECK_STATUS_L4_TIMEOUT;
    switch (check->connection->state) {
    case CONNECTION_DIALLING:
        break;
    case CONNECTION_HANDSHAKE:
        status = CHECK_STATUS_L6_TIMEOUT;
        break;
    case CONNECTION_OPEN:
    case CONNECTION_CLOSED:
        status = CHECK_STATUS_L7_TIMEOUT;
        break;
    }
    conclude(check, status, 0, SLICE_NONE);
}

static void on_timer(struct event_timer *timer)
{
    struct health_check *check = container_of(timer, struct health_check, timer);
    bool is_paused =
        (server_of(check)->admin & SERVER_MAINT_ANY) != 0 || worker_of(check)->facts->is_stopping;
    if (check->connection != NULL) {
        run_out_of_time(check);
    } else if (is_paused) {
        plan_next(check);
    } else {
        dial(check);
    }
}

void check_start(struct health_check *check)
{
    const struct server *server = server_of(check);
    uint64_t interval_ms = interval_of(server);
    uint32_t count = worker_of(check)->checks_count;
    check->is_started = true;
    event_timer_set(&check->timer, count == 0 ? 0 : interval_ms * check->position / count);
}

void check_stop(struct health_check *check)
{
    check->is_started = false;
    end_connection(check);
    event_timer_stop(&check->timer);
}

void check_hurry(struct health_check *check)
{
    if (check->is_started && check->connection == NULL) {
        event_timer_set(&check->timer, 0);
    }
}

/* ---- life ---- */

/* Checks go over TLS as the server does, unless they have an address or port of their own. */
static enum result open_tls(struct health_check *check, struct text *error)
{
    const struct server_settings *settings = check->endpoint->settings;
    bool is_elsewhere = settings->check_port != 0 || settings->check_address.family != AF_UNSPEC;
    if (!settings->check_ssl && (!settings->is_ssl || is_elsewhere)) {
        return RESULT_OK;
    }
    check->tls = check->endpoint->tls;
    if (check->tls != NULL) {
        return RESULT_OK;
    }
    check->owns_tls = true;
    return tls_context_create(&settings->tls, worker_of(check)->configuration->account, &check->tls,
                              error);
}

static enum result compile_pattern(struct health_check *check, struct text *error)
{
    const struct proxy_settings *settings = check->endpoint->proxy->settings;
    const struct http_check_settings *http = &settings->http_check;
    bool has_pattern = http->expect == EXPECT_RSTATUS || http->expect == EXPECT_RSTRING;
    if (settings->check_kind != CHECK_HTTP || !has_pattern) {
        return RESULT_OK;
    }
    return regex_compile(&worker_of(check)->account, slice_from_string(http->expect_value), 0,
                         error, &check->pattern);
}

enum result check_create(struct endpoint *endpoint, struct health_check **out, struct text *error)
{
    struct worker *worker = endpoint->proxy->worker;
    struct health_check *check = memory_take(&worker->account, sizeof(*check));
    if (check == NULL) {
        return RESULT_NO_MEMORY;
    }
    check->endpoint = endpoint;
    check->position = worker->checks_count++;
    endpoint->server.check_status = CHECK_STATUS_INITIAL;
    event_timer_init(&check->timer, worker->loop, on_timer);
    enum result result = open_tls(check, error);
    if (result == RESULT_OK) {
        result = compile_pattern(check, error);
    }
    if (result != RESULT_OK) {
        check_destroy(check);
        return result;
    }
    *out = check;
    return RESULT_OK;
}

void check_destroy(struct health_check *check)
{
    struct worker *worker = worker_of(check);
    check_stop(check);
    if (check->owns_tls && check->tls != NULL) {
        tls_context_destroy(check->tls);
    }
    regex_destroy(&worker->account, check->pattern);
    memory_release(&worker->account, check);
}

/* ---- inspection ---- */

const char *check_last_text(const struct health_check *check)
{
    return check->text;
}

bool check_is_running(const struct health_check *check)
{
    return check->connection != NULL;
}

bool check_is_telling(const struct health_check *check)
{
    return check->is_telling;
}
