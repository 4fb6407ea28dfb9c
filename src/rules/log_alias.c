/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The aliases of section 8.2.6, from the facts of a stream and its captures. Each function writes
 * one kind of value; rows that differ only in which one share it by their variant. A request that
 * was never understood shows as <BADREQ>, a value that is not there as an empty text, which logs
 * print as "-". No memory beyond a few dozen bytes of stack.
 */
#include "rules/log_alias.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "balance/server.h"
#include "base/clock.h"
#include "rules/log_time.h"
#include "rules/suggestion.h"
#include "transport/connection_tls.h"

static const struct slice bad_request = SLICE("<BADREQ>");

static const struct stream_facts no_facts;

static const struct stream_facts *facts_of(const struct rule_context *context)
{
    return context->facts == NULL ? &no_facts : context->facts;
}

/* ---- addresses ---- */

enum alias_address { ADDRESS_CLIENT, ADDRESS_FRONTEND, ADDRESS_BACKEND, ADDRESS_SERVER };

/* The address that a variant means; AF_UNSPEC when there is none. */
static struct address find_address(const struct rule_context *context, unsigned which)
{
    const struct stream_facts *facts = facts_of(context);
    const struct connection *connection = context->server_connection;
    if (which == ADDRESS_CLIENT) {
        return context->source;
    }
    if (which == ADDRESS_FRONTEND) {
        return context->destination;
    }
    bool is_server = which == ADDRESS_SERVER;
    if (connection != NULL) {
        return is_server ? connection->peer : connection->local;
    }
    return is_server ? facts->server_address : facts->server_source;
}

static void append_ip(const struct log_alias *alias, struct rule_context *context,
                      struct log_writer *writer)
{
    struct address address = find_address(context, alias->variant);
    log_put_address(writer, &address);
}

static void append_port(const struct log_alias *alias, struct rule_context *context,
                        struct log_writer *writer)
{
    struct address address = find_address(context, alias->variant);
    log_put_port(writer, &address, context->listener_id);
}

/* ---- names ---- */

enum alias_name {
    NAME_FRONTEND,
    NAME_BACKEND,
    NAME_SERVER,
    NAME_HOST,
    NAME_ORIGIN,
    NAME_MODE,
    NAME_ERROR,
};

static const char *proxy_name(const struct proxy_identity *proxy)
{
    return proxy == NULL ? "" : proxy->name;
}

static const char *server_name(const struct rule_context *context)
{
    if (context->service_name != NULL) {
        return context->service_name;
    }
    return context->server == NULL ? "<NOSRV>" : context->server->options->name;
}

static const char *find_name(const struct rule_context *context, unsigned which)
{
    switch ((enum alias_name)which) {
    case NAME_FRONTEND:
        return proxy_name(context->frontend);
    case NAME_BACKEND:
        return proxy_name(context->backend != NULL ? context->backend : context->frontend);
    case NAME_SERVER:
        return server_name(context);
    case NAME_HOST:
        return context->host_name != NULL ? context->host_name : context->node_name;
    case NAME_ORIGIN:
        return context->log_origin != NULL ? context->log_origin : "unspec";
    case NAME_MODE:
        return context->frontend_is_http ? "HTTP" : "TCP";
    case NAME_ERROR:
        return context->error_message;
    }
    return NULL;
}

static void append_name(const struct log_alias *alias, struct rule_context *context,
                        struct log_writer *writer)
{
    log_put_text(writer, slice_from_string(find_name(context, alias->variant)));
}

/* %ft: the frontend, with '~' behind it when the client speaks TLS. */
static void append_frontend_transport(const struct log_alias *alias, struct rule_context *context,
                                      struct log_writer *writer)
{
    (void)alias;
    log_begin(writer);
    log_put_plain(writer, slice_from_string(proxy_name(context->frontend)));
    if (connection_has_tls(context->client)) {
        log_put_char(writer, '~');
    }
    log_end(writer);
}

/* The listener's name, or its number. */
static void append_listener(const struct log_alias *alias, struct rule_context *context,
                            struct log_writer *writer)
{
    (void)alias;
    if (context->listener_name != NULL) {
        log_put_text(writer, slice_from_string(context->listener_name));
    } else {
        log_put_integer(writer, context->listener_id);
    }
}

enum alias_tls { TLS_ALIAS_CIPHER, TLS_ALIAS_VERSION };

static void append_tls(const struct log_alias *alias, struct rule_context *context,
                       struct log_writer *writer)
{
    const char *value = NULL;
    if (connection_has_tls(context->client)) {
        value = alias->variant == TLS_ALIAS_CIPHER ? connection_tls_cipher(context->client)
                                                   : connection_tls_protocol(context->client);
    }
    log_put_text(writer, slice_from_string(value));
}

/* ---- dates and timers ---- */

enum alias_date {
    DATE_OF_ACCEPT = 0,
    DATE_OF_REQUEST = 16, /* or-ed to an enum log_date */
};

static uint64_t date_of(const struct rule_context *context, unsigned variant)
{
    const struct stream_times *times = &facts_of(context)->times;
    return (variant & DATE_OF_REQUEST) != 0 ? log_request_wall_us(times) : times->accept_wall_us;
}

static void append_date(const struct log_alias *alias, struct rule_context *context,
                        struct log_writer *writer)
{
    enum { DATE_TEXT_SIZE = 40 };
    char storage[DATE_TEXT_SIZE];
    struct text text = text_over(storage, sizeof(storage));
    enum log_date form = alias->variant & (DATE_OF_REQUEST - 1U);
    log_append_date(&text, date_of(context, alias->variant), form);
    log_put_plain(writer, text_slice(&text));
}

static void append_seconds(const struct log_alias *alias, struct rule_context *context,
                           struct log_writer *writer)
{
    enum { SECONDS_DIGITS = 4 };
    log_put_number(writer, date_of(context, alias->variant) / US_PER_SECOND, SECONDS_DIGITS);
}

static void append_milliseconds(const struct log_alias *alias, struct rule_context *context,
                                struct log_writer *writer)
{
    enum { MS_HEX_DIGITS = 2, MS_TEXT_SIZE = 8 };
    unsigned ms = (unsigned)(date_of(context, alias->variant) % US_PER_SECOND / US_PER_MS);
    if ((writer->flags & (LOG_HEX | LOG_ENCODINGS)) != 0) {
        log_put_number(writer, ms, MS_HEX_DIGITS);
        return;
    }
    char storage[MS_TEXT_SIZE];
    struct text text = text_over(storage, sizeof(storage));
    text_append_format(&text, "%03u", ms);
    log_put_plain(writer, text_slice(&text));
}

static void append_timer(const struct log_alias *alias, struct rule_context *context,
                         struct log_writer *writer)
{
    enum log_timer timer = alias->variant;
    bool is_total = timer == TIMER_ACTIVE || timer == TIMER_USER || timer == TIMER_TOTAL;
    if (is_total && context->log_is_early) {
        log_put_sign(writer, '+');
    }
    const struct stream_times *times = &facts_of(context)->times;
    log_put_integer(writer, log_timer(times, timer, context->frontend_is_http));
}

/* ---- numbers ---- */

enum alias_number {
    NUMBER_BYTES_IN,
    NUMBER_PROCESS_CONNECTIONS,
    NUMBER_FRONTEND_CONNECTIONS,
    NUMBER_BACKEND_CONNECTIONS,
    NUMBER_SERVER_CONNECTIONS,
    NUMBER_SERVER_QUEUE,
    NUMBER_BACKEND_QUEUE,
};

static uint64_t find_number(const struct rule_context *context, unsigned which)
{
    const struct stream_facts *facts = facts_of(context);
    switch ((enum alias_number)which) {
    case NUMBER_BYTES_IN:
        return facts->bytes_in;
    case NUMBER_PROCESS_CONNECTIONS:
        return facts->actconn != 0 ? facts->actconn : context->process_connections;
    case NUMBER_FRONTEND_CONNECTIONS:
        return facts->feconn;
    case NUMBER_BACKEND_CONNECTIONS:
        return facts->beconn;
    case NUMBER_SERVER_CONNECTIONS:
        return facts->srv_conn;
    case NUMBER_SERVER_QUEUE:
        return facts->server_queue;
    case NUMBER_BACKEND_QUEUE:
        return facts->backend_queue;
    }
    return 0;
}

static void append_number(const struct log_alias *alias, struct rule_context *context,
                          struct log_writer *writer)
{
    log_put_integer(writer, (int64_t)find_number(context, alias->variant));
}

static void append_bytes_out(const struct log_alias *alias, struct rule_context *context,
                             struct log_writer *writer)
{
    (void)alias;
    if (context->log_is_early) {
        log_put_sign(writer, '+');
    }
    log_put_integer(writer, (int64_t)facts_of(context)->bytes_out);
}

static void append_retries(const struct log_alias *alias, struct rule_context *context,
                           struct log_writer *writer)
{
    (void)alias;
    const struct stream_facts *facts = facts_of(context);
    if (facts->redispatched) {
        log_put_sign(writer, '+');
    }
    log_put_integer(writer, facts->retries);
}

/* %ST: -1 when an HTTP stream was never answered, 0 in TCP. */
static void append_status(const struct log_alias *alias, struct rule_context *context,
                          struct log_writer *writer)
{
    (void)alias;
    uint16_t status = facts_of(context)->status;
    log_put_integer(writer, status == 0 && context->frontend_is_http ? -1 : status);
}

enum alias_counter { COUNTER_REQUEST, COUNTER_LOG, COUNTER_PROCESS };

static void append_counter(const struct log_alias *alias, struct rule_context *context,
                           struct log_writer *writer)
{
    enum { COUNTER_DIGITS = 4 };
    uint64_t value = (uint64_t)getpid();
    if (alias->variant == COUNTER_REQUEST) {
        value = (uint32_t)facts_of(context)->id;
    } else if (alias->variant == COUNTER_LOG) {
        value = (uint32_t)facts_of(context)->log_counter;
    }
    log_put_number(writer, value, COUNTER_DIGITS);
}

/* ---- states and identifiers ---- */

static char flag_or_dash(char flag)
{
    return flag == '\0' ? '-' : flag;
}

/* Letters of %ts and %tsc. */
enum { STATE_LETTERS = 2, STATE_LETTERS_WITH_COOKIES = 4 };

/* The variant is the number of letters. */
static void append_state(const struct log_alias *alias, struct rule_context *context,
                         struct log_writer *writer)
{
    const struct stream_facts *facts = facts_of(context);
    const char state[] = {
        flag_or_dash(facts->termination_cause),
        flag_or_dash(facts->termination_phase),
        flag_or_dash(facts->cookie_request),
        flag_or_dash(facts->cookie_response),
    };
    log_put_plain(writer, slice_of(state, alias->variant));
}

/* Computed before the format is evaluated: see log_format.c. */
static void append_unique_id(const struct log_alias *alias, struct rule_context *context,
                             struct log_writer *writer)
{
    (void)alias;
    log_put_text(writer, context->unique_id);
}

/* ---- captures ---- */

enum alias_capture { CAPTURE_OF_REQUEST, CAPTURE_OF_RESPONSE };

static void append_captured_cookie(const struct log_alias *alias, struct rule_context *context,
                                   struct log_writer *writer)
{
    struct slice cookie = SLICE_NONE;
    if (context->captures != NULL) {
        cookie = alias->variant == CAPTURE_OF_REQUEST ? context->captures->request_cookie
                                                      : context->captures->response_cookie;
    }
    log_put_text(writer, cookie);
}

/* The slots that a variant means. */
static const struct slice *find_slots(const struct rule_context *context, unsigned which,
                                      unsigned *count)
{
    *count = 0;
    if (context->captures == NULL) {
        return NULL;
    }
    bool is_request = which == CAPTURE_OF_REQUEST;
    *count = is_request ? context->captures->request_count : context->captures->response_count;
    return is_request ? context->captures->request : context->captures->response;
}

/* %hr, %hs: "{a|b}", nothing at all without slots. */
static void append_captures(const struct log_alias *alias, struct rule_context *context,
                            struct log_writer *writer)
{
    unsigned count;
    const struct slice *slots = find_slots(context, alias->variant, &count);
    if (count == 0) {
        return;
    }
    log_begin(writer);
    log_put_char(writer, '{');
    for (unsigned i = 0; i < count; i++) {
        if (i > 0) {
            log_put_char(writer, '|');
        }
        log_put_escaped(writer, slots[i], LOG_ESCAPES_HEADER);
    }
    log_put_char(writer, '}');
    log_end(writer);
}

/* %hrl, %hsl: one value for each slot. */
static void append_capture_list(const struct log_alias *alias, struct rule_context *context,
                                struct log_writer *writer)
{
    unsigned count;
    const struct slice *slots = find_slots(context, alias->variant, &count);
    if (count == 0) {
        return;
    }
    log_begin_list(writer);
    for (unsigned i = 0; i < count; i++) {
        if (i > 0) {
            log_next_in_list(writer);
        }
        log_begin(writer);
        if (slots[i].data != NULL) {
            log_put_escaped(writer, slots[i], LOG_ESCAPES_HEADER);
        } else if ((writer->flags & LOG_QUOTE) == 0) {
            log_put_char(writer, '-');
        }
        log_end(writer);
    }
    log_end_list(writer);
}

/* ---- the request line ---- */

enum alias_line {
    LINE_WHOLE,
    LINE_METHOD,
    LINE_URI,
    LINE_URI_WITHOUT_QUERY,
    LINE_PATH,
    LINE_QUERY,
    LINE_VERSION,
};

/* The captured line's three parts; a line that was cut has no version, maybe no end of its target.
 */
struct line_parts {
    struct slice method, uri, version;
    bool is_known;
};

static struct line_parts split_line(const struct rule_context *context)
{
    struct line_parts parts = {0};
    if (context->captures == NULL || context->captures->request_line.data == NULL) {
        return parts;
    }
    struct slice line = context->captures->request_line;
    size_t first = slice_find_char(line, ' ');
    struct slice rest = slice_skip(line, first + 1);
    size_t second = slice_find_char(rest, ' ');
    parts.method = slice_first(line, first);
    parts.uri = slice_first(rest, second);
    parts.version = slice_skip(rest, second + 1);
    parts.is_known = first < line.length;
    return parts;
}

/* The path of a target: behind scheme and authority, "*" as it is. */
static struct slice path_of(struct slice uri)
{
    if (uri.length == 0 || uri.data[0] == '/' || uri.data[0] == '*') {
        return uri;
    }
    size_t scheme = slice_find(uri, SLICE("://"));
    if (scheme == uri.length) {
        return SLICE_NONE;
    }
    struct slice rest = slice_skip(uri, scheme + sizeof("://") - 1);
    return slice_skip(rest, slice_find_char(rest, '/'));
}

static struct slice without_query(struct slice uri)
{
    return slice_first(uri, slice_find_char(uri, '?'));
}

static struct slice find_part(const struct line_parts *parts, unsigned which)
{
    switch ((enum alias_line)which) {
    case LINE_METHOD:
        return parts->method;
    case LINE_URI:
        return parts->uri;
    case LINE_URI_WITHOUT_QUERY:
        return without_query(parts->uri);
    case LINE_PATH:
        return path_of(without_query(parts->uri));
    case LINE_QUERY:
        return slice_skip(parts->uri, slice_find_char(parts->uri, '?'));
    case LINE_VERSION:
        return parts->version;
    case LINE_WHOLE:
        break;
    }
    return SLICE_NONE;
}

static void append_line(const struct log_alias *alias, struct rule_context *context,
                        struct log_writer *writer)
{
    struct line_parts parts = split_line(context);
    struct slice value = bad_request;
    if (parts.is_known) {
        value = alias->variant == LINE_WHOLE ? context->captures->request_line
                                             : find_part(&parts, alias->variant);
    }
    log_begin(writer);
    log_put_escaped(writer, value, LOG_ESCAPES_URL);
    log_end(writer);
}

/* ---- the table ---- */

/* Alphabetical, capitals first. fmode, lname, emsg are weir's own, for its predefined formats. */
static const struct log_alias aliases[] = {
    {"B", append_bytes_out, 0},
    {"CC", append_captured_cookie, CAPTURE_OF_REQUEST},
    {"CS", append_captured_cookie, CAPTURE_OF_RESPONSE},
    {"H", append_name, NAME_HOST},
    {"HM", append_line, LINE_METHOD},
    {"HP", append_line, LINE_URI_WITHOUT_QUERY},
    {"HPO", append_line, LINE_PATH},
    {"HQ", append_line, LINE_QUERY},
    {"HU", append_line, LINE_URI},
    {"HV", append_line, LINE_VERSION},
    {"ID", append_unique_id, 0},
    {"OG", append_name, NAME_ORIGIN},
    {"ST", append_status, 0},
    {"T", append_date, DATE_UTC_ZONE},
    {"TR", append_timer, TIMER_REQUEST},
    {"Ta", append_timer, TIMER_ACTIVE},
    {"Tc", append_timer, TIMER_CONNECT},
    {"Td", append_timer, TIMER_DATA},
    {"Th", append_timer, TIMER_HANDSHAKE},
    {"Ti", append_timer, TIMER_IDLE},
    {"Tl", append_date, DATE_LOCAL_ZONE},
    {"Tq", append_timer, TIMER_REQUEST_FULL},
    {"Tr", append_timer, TIMER_RESPONSE},
    {"Ts", append_seconds, DATE_OF_ACCEPT},
    {"Tt", append_timer, TIMER_TOTAL},
    {"Tu", append_timer, TIMER_USER},
    {"Tw", append_timer, TIMER_QUEUE},
    {"U", append_number, NUMBER_BYTES_IN},
    {"ac", append_number, NUMBER_PROCESS_CONNECTIONS},
    {"b", append_name, NAME_BACKEND},
    {"bc", append_number, NUMBER_BACKEND_CONNECTIONS},
    {"bi", append_ip, ADDRESS_BACKEND},
    {"bp", append_port, ADDRESS_BACKEND},
    {"bq", append_number, NUMBER_BACKEND_QUEUE},
    {"ci", append_ip, ADDRESS_CLIENT},
    {"cp", append_port, ADDRESS_CLIENT},
    {"emsg", append_name, NAME_ERROR},
    {"f", append_name, NAME_FRONTEND},
    {"fc", append_number, NUMBER_FRONTEND_CONNECTIONS},
    {"fi", append_ip, ADDRESS_FRONTEND},
    {"fmode", append_name, NAME_MODE},
    {"fp", append_port, ADDRESS_FRONTEND},
    {"ft", append_frontend_transport, 0},
    {"hr", append_captures, CAPTURE_OF_REQUEST},
    {"hrl", append_capture_list, CAPTURE_OF_REQUEST},
    {"hs", append_captures, CAPTURE_OF_RESPONSE},
    {"hsl", append_capture_list, CAPTURE_OF_RESPONSE},
    {"lc", append_counter, COUNTER_LOG},
    {"lname", append_listener, 0},
    {"ms", append_milliseconds, DATE_OF_ACCEPT},
    {"pid", append_counter, COUNTER_PROCESS},
    {"r", append_line, LINE_WHOLE},
    {"rc", append_retries, 0},
    {"rt", append_counter, COUNTER_REQUEST},
    {"s", append_name, NAME_SERVER},
    {"sc", append_number, NUMBER_SERVER_CONNECTIONS},
    {"si", append_ip, ADDRESS_SERVER},
    {"sp", append_port, ADDRESS_SERVER},
    {"sq", append_number, NUMBER_SERVER_QUEUE},
    {"sslc", append_tls, TLS_ALIAS_CIPHER},
    {"sslv", append_tls, TLS_ALIAS_VERSION},
    {"t", append_date, DATE_LOCAL_MS},
    {"tr", append_date, DATE_LOCAL_MS | DATE_OF_REQUEST},
    {"trg", append_date, DATE_UTC_ZONE | DATE_OF_REQUEST},
    {"trl", append_date, DATE_LOCAL_ZONE | DATE_OF_REQUEST},
    {"ts", append_state, STATE_LETTERS},
    {"tsc", append_state, STATE_LETTERS_WITH_COOKIES},
    {0},
};

const struct log_alias *log_alias_find(struct slice name)
{
    for (const struct log_alias *alias = aliases; alias->name != NULL; alias++) {
        if (slice_equal(name, slice_from_string(alias->name))) {
            return alias;
        }
    }
    return NULL;
}

const char *log_alias_suggest(const char *name)
{
    struct suggestion suggestion = {0};
    for (const struct log_alias *alias = aliases; alias->name != NULL; alias++) {
        suggestion_offer(&suggestion, name, alias->name);
    }
    return suggestion.best;
}
