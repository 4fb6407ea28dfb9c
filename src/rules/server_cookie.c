/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Persistence by cookie: reading it in a request, answering it in a response, as HAProxy does. What
 * the log says follows from what was done:
 *
 *   request   N none | I unknown | D down | V valid | E idle too long | O too old | U not used
 *   response  N none | P left as it is | D removed | R rewritten | I inserted | U date updated
 *
 * Dates are seconds in units of 4, 30 bits as 5 base64 digits, so that they fit a cookie for 136
 * years. Memory: changed fields are copies in the message's arena. RFC 6265.
 */
#include "rules/server_cookie.h"

#include <arpa/inet.h>
#include <xxhash.h>

#include "base/text.h"
#include "http/cookie.h"
#include "http/fields.h"

enum {
    PREFIX_DELIMITER = '~',
    DATE_DELIMITER = '|',
    DATE_DIGITS = 5,
    DATE_UNIT_BITS = 2, /* 4 seconds */
    BASE64_BITS = 6,
    BASE64_MASK = (1 << BASE64_BITS) - 1,
    FUTURE_SECONDS_MAX = 86400, /* dates further ahead are ignored: a wrong clock, not a new one */
};

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* ---- dates ---- */

/* A date of 5 digits in seconds; 0 when there is none. */
static uint64_t read_date(struct slice digits)
{
    uint64_t value = 0;
    if (digits.length < DATE_DIGITS) {
        return 0;
    }
    for (size_t i = 0; i < DATE_DIGITS; i++) {
        size_t digit = slice_find_char(slice_from_string(base64_digits), digits.data[i]);
        if (digit > BASE64_MASK) {
            return 0;
        }
        value = (value << BASE64_BITS) | digit;
    }
    return value << DATE_UNIT_BITS;
}

/* Appends a date given in units. */
static void append_date(struct text *text, uint64_t units)
{
    for (unsigned i = DATE_DIGITS; i > 0; i--) {
        unsigned digit = (unsigned)(units >> ((i - 1) * BASE64_BITS)) & BASE64_MASK;
        text_append_char(text, base64_digits[digit]);
    }
}

/* Now in units, rounded up so that it is never before what a client was told. */
static uint64_t units_now(uint64_t wall_s)
{
    return (wall_s + (1 << DATE_UNIT_BITS) - 1) >> DATE_UNIT_BITS;
}

/* Whether a date is older than `limit_s`, or impossibly far ahead. */
static bool is_stale(uint64_t date_s, uint64_t limit_s, uint64_t wall_s)
{
    if (date_s == 0 || limit_s == 0) {
        return false;
    }
    return date_s > wall_s ? date_s - wall_s > FUTURE_SECONDS_MAX : wall_s - date_s > limit_s;
}

/* ---- the request ---- */

/* Reads the dates behind the server's part; returns that part. */
static struct slice take_dates(struct slice value, struct server_cookie_state *state)
{
    size_t end = slice_find_char(value, DATE_DELIMITER);
    struct slice dates = slice_skip(value, end + 1);
    if (end < value.length) {
        size_t second = slice_find_char(dates, DATE_DELIMITER);
        state->last_date_s = read_date(dates);
        state->first_date_s = read_date(slice_skip(dates, second + 1));
    }
    return slice_first(value, end);
}

/* 'O' or 'E' when the cookie's time is over, else 0. */
static char check_dates(const struct server_cookie_settings *settings, uint64_t wall_s,
                        struct server_cookie_state *state)
{
    char flag = '\0';
    if (is_stale(state->first_date_s, settings->max_life_s, wall_s)) {
        flag = 'O';
    } else if (is_stale(state->last_date_s, settings->max_idle_s, wall_s)) {
        flag = 'E';
    }
    if (flag != '\0') {
        state->first_date_s = 0;
        state->last_date_s = 0;
    }
    return flag;
}

/* Asks for the server of the cookie's value; returns the log's letter. */
static char find_server(const struct server_cookie_finder *finder, struct slice value,
                        struct server_cookie_state *state)
{
    if (finder->is_ignored) {
        return 'U';
    }
    if (value.length == 0) {
        return 'I';
    }
    switch (finder->find(finder->argument, value)) {
    case SERVER_COOKIE_UP:
        state->is_direct = true;
        return 'V';
    case SERVER_COOKIE_DOWN_USED:
        state->is_direct = true;
        return 'D';
    case SERVER_COOKIE_DOWN:
        return 'D';
    case SERVER_COOKIE_UNKNOWN:
        break;
    }
    return 'I';
}

/* Reads one cookie. */
static void read_cookie(const struct server_cookie_settings *settings,
                        const struct server_cookie_finder *finder, struct slice value,
                        uint64_t wall_s, struct server_cookie_state *state)
{
    struct slice server = value;
    char flag = '\0';
    if (settings->mode == SERVER_COOKIE_PREFIX) {
        server = slice_first(value, slice_find_char(value, PREFIX_DELIMITER));
    } else {
        server = take_dates(value, state);
        flag = check_dates(settings, wall_s, state);
    }
    state->request_flag = flag != '\0' ? flag : find_server(finder, server, state);
}

/* Takes out of the request what the server must not see of the cookie at `place`. */
static enum result hide_cookie(const struct server_cookie_settings *settings,
                               struct http_fields *fields, const struct http_cookie_place *place)
{
    struct slice value = place->cookie.value;
    if (settings->mode == SERVER_COOKIE_PREFIX) {
        size_t delimiter = slice_find_char(value, PREFIX_DELIMITER);
        bool has_prefix = delimiter < value.length;
        return has_prefix ? http_cookie_replace(fields, place, slice_skip(value, delimiter + 1))
                          : RESULT_OK;
    }
    return http_cookie_remove(fields, place);
}

/* Whether every cookie of the name goes, not only the first. */
static bool hides_all(const struct server_cookie_settings *settings)
{
    return settings->mode == SERVER_COOKIE_INSERT && settings->is_indirect;
}

static void begin_state(const struct server_cookie_settings *settings,
                        struct server_cookie_state *state)
{
    *state = (struct server_cookie_state){0};
    if (settings->mode != SERVER_COOKIE_PASSIVE) {
        state->request_flag = 'N';
        state->response_flag = 'N';
    }
}

enum result server_cookie_request(const struct server_cookie_settings *settings,
                                  const struct server_cookie_finder *finder,
                                  struct http_message *request, uint64_t wall_s,
                                  struct server_cookie_state *state)
{
    struct slice name = slice_from_string(settings->name);
    struct http_fields *fields = &request->fields;
    struct http_cookie_place place;
    begin_state(settings, state);
    bool is_first = true;
    while (http_cookie_find(fields, HTTP_NAME_COOKIE, name, 0, &place)) {
        if (is_first) {
            read_cookie(settings, finder, place.cookie.value, wall_s, state);
        }
        is_first = false;
        enum result result = RESULT_OK;
        if (hides_all(settings) || settings->mode == SERVER_COOKIE_PREFIX) {
            result = hide_cookie(settings, fields, &place);
        }
        if (result != RESULT_OK) {
            return RESULT_NO_MEMORY;
        }
        if (!hides_all(settings)) {
            break;
        }
    }
    if (settings->mode == SERVER_COOKIE_PASSIVE) {
        state->request_flag = '\0';
    }
    return RESULT_OK;
}

/* ---- the response: the server's own cookie ---- */

/* "<server>~<value>" in the message's arena; data NULL when refused. */
static struct slice prefix_value(struct http_message *response, struct slice server,
                                 struct slice value)
{
    size_t size = server.length + value.length + 2;
    char *room = arena_take_text(&response->arena, size);
    if (room == NULL) {
        return SLICE_NONE;
    }
    struct text text = text_over(room, size);
    text_append(&text, server);
    text_append_char(&text, PREFIX_DELIMITER);
    text_append(&text, value);
    return text_slice(&text);
}

/* What becomes of a Set-Cookie that the server sent. */
enum found_action { FOUND_KEEP, FOUND_REMOVE, FOUND_REWRITE };

static enum found_action decide_found(const struct server_cookie_settings *settings,
                                      const struct server_cookie_answer *answer,
                                      const struct server_cookie_state *state)
{
    if (settings->is_preserve) {
        return FOUND_KEEP;
    }
    bool is_inserted = settings->mode == SERVER_COOKIE_INSERT && answer->has_server;
    if (is_inserted || (settings->is_indirect && state->is_direct)) {
        return FOUND_REMOVE;
    }
    bool rewrites =
        settings->mode == SERVER_COOKIE_REWRITE || settings->mode == SERVER_COOKIE_PREFIX;
    return rewrites && answer->server_cookie.data != NULL ? FOUND_REWRITE : FOUND_KEEP;
}

static enum result rewrite_found(const struct server_cookie_settings *settings,
                                 const struct server_cookie_answer *answer,
                                 struct http_message *response,
                                 const struct http_cookie_place *place)
{
    struct slice value = answer->server_cookie;
    if (settings->mode == SERVER_COOKIE_PREFIX) {
        value = prefix_value(response, answer->server_cookie, place->cookie.value);
        if (value.data == NULL) {
            return RESULT_NO_MEMORY;
        }
    }
    return http_cookie_replace(&response->fields, place, value);
}

/* Treats every Set-Cookie of the name; `*was_found` when there was one. */
static enum result handle_found(const struct server_cookie_settings *settings,
                                const struct server_cookie_answer *answer,
                                struct http_message *response, struct server_cookie_state *state,
                                bool *was_found)
{
    struct slice name = slice_from_string(settings->name);
    enum found_action action = decide_found(settings, answer, state);
    struct http_cookie_place place;
    uint16_t from = 0;
    while (http_cookie_find(&response->fields, HTTP_NAME_SET_COOKIE, name, from, &place)) {
        enum result result = RESULT_OK;
        *was_found = true;
        from = place.index;
        switch (action) {
        case FOUND_KEEP:
            state->response_flag = 'P';
            from++;
            break;
        case FOUND_REMOVE:
            state->response_flag = 'D';
            result = http_cookie_remove(&response->fields, &place);
            break;
        case FOUND_REWRITE:
            state->response_flag = 'R';
            result = rewrite_found(settings, answer, response, &place);
            from++;
            break;
        }
        if (result != RESULT_OK) {
            return RESULT_NO_MEMORY;
        }
    }
    return RESULT_OK;
}

/* ---- the response: the cookie that is inserted ---- */

/* Whether the date in the client's cookie must be written anew, or a date comes or goes. */
static bool needs_new_date(const struct server_cookie_settings *settings,
                           const struct server_cookie_state *state, uint64_t wall_s)
{
    bool has_idle = settings->max_idle_s != 0 || state->last_date_s != 0;
    if (has_idle && (state->last_date_s == 0 || state->last_date_s < wall_s)) {
        return true;
    }
    return (settings->max_life_s != 0) != (state->first_date_s != 0);
}

static bool must_insert(const struct server_cookie_settings *settings,
                        const struct server_cookie_answer *answer,
                        const struct server_cookie_state *state, bool was_found)
{
    if (settings->mode != SERVER_COOKIE_INSERT || !answer->has_server || answer->is_ignored) {
        return false;
    }
    if ((was_found && settings->is_preserve) || (settings->is_postonly && !answer->is_post)) {
        return false;
    }
    return !state->is_direct || needs_new_date(settings, state, answer->wall_s);
}

static void append_dates(const struct server_cookie_settings *settings,
                         const struct server_cookie_state *state, uint64_t wall_s,
                         struct text *text)
{
    if (settings->max_idle_s == 0 && settings->max_life_s == 0) {
        return;
    }
    text_append_char(text, DATE_DELIMITER);
    append_date(text, units_now(wall_s));
    if (settings->max_life_s == 0) {
        return;
    }
    uint64_t first =
        state->first_date_s == 0 ? units_now(wall_s) : state->first_date_s >> DATE_UNIT_BITS;
    text_append_char(text, DATE_DELIMITER);
    append_date(text, first);
}

static void append_attribute(struct text *text, const char *name, const char *value)
{
    if (value != NULL) {
        text_append_format(text, "; %s%s", name, value);
    }
}

/* The Set-Cookie value. A server without a cookie makes the client forget its own. */
static void append_set_cookie(const struct server_cookie_settings *settings,
                              const struct server_cookie_answer *answer,
                              const struct server_cookie_state *state, struct text *text)
{
    text_append_format(text, "%s=", settings->name);
    if (answer->server_cookie.data == NULL) {
        text_append_string(text, "; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/");
    } else {
        text_append(text, answer->server_cookie);
        append_dates(settings, state, answer->wall_s, text);
        text_append_string(text, "; path=/");
    }
    append_attribute(text, "domain=", settings->domains);
    append_attribute(text, "HttpOnly", settings->is_httponly ? "" : NULL);
    append_attribute(text, "Secure", settings->is_secure ? "" : NULL);
    append_attribute(text, "", settings->attributes);
}

/* Room for everything in a Set-Cookie that is not the user's text. */
enum { SET_COOKIE_FIXED_BYTES = 128 };

static enum result insert_cookie(const struct server_cookie_settings *settings,
                                 const struct server_cookie_answer *answer,
                                 struct http_message *response, struct server_cookie_state *state)
{
    size_t size = SET_COOKIE_FIXED_BYTES + strlen(settings->name) + answer->server_cookie.length +
                  slice_from_string(settings->domains).length +
                  slice_from_string(settings->attributes).length;
    char *room = arena_take_text(&response->arena, size);
    if (room == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(room, size);
    append_set_cookie(settings, answer, state, &text);
    enum result result =
        http_fields_append(&response->fields, SLICE("set-cookie"), text_slice(&text));
    if (result == RESULT_OK && settings->is_nocache && answer->is_cacheable) {
        result = http_fields_append(&response->fields, SLICE("cache-control"), SLICE("private"));
    }
    bool is_update = answer->server_cookie.data != NULL && state->is_direct;
    state->response_flag = is_update ? 'U' : 'I';
    return result == RESULT_OK ? RESULT_OK : RESULT_NO_MEMORY;
}

enum result server_cookie_response(const struct server_cookie_settings *settings,
                                   const struct server_cookie_answer *answer,
                                   struct http_message *response, struct server_cookie_state *state)
{
    bool was_found = false;
    enum result result = RESULT_OK;
    if (!answer->is_ignored) {
        result = handle_found(settings, answer, response, state, &was_found);
    }
    if (result == RESULT_OK && must_insert(settings, answer, state, was_found)) {
        result = insert_cookie(settings, answer, response, state);
    }
    if (settings->mode == SERVER_COOKIE_PASSIVE) {
        state->response_flag = '\0';
    }
    return result;
}

/* ---- caching ---- */

/* What Cache-Control and its kin said so far. */
struct cacheability {
    bool is_cacheable;
    bool with_cookie;
    bool has_freshness;
};

static void read_directive(struct slice directive, struct cacheability *state)
{
    if (slice_equal_nocase(directive, SLICE("private")) ||
        slice_equal_nocase(directive, SLICE("no-cache")) ||
        slice_equal_nocase(directive, SLICE("no-store")) ||
        slice_equal_nocase(directive, SLICE("max-age=0")) ||
        slice_equal_nocase(directive, SLICE("s-maxage=0"))) {
        state->is_cacheable = false;
        state->with_cookie = false;
    } else if (slice_equal_nocase(directive, SLICE("public"))) {
        state->is_cacheable = true;
        state->with_cookie = true;
    } else if (slice_starts_with_nocase(directive, SLICE("no-cache=\"set-cookie"))) {
        state->with_cookie = false;
    } else if (slice_starts_with_nocase(directive, SLICE("max-age=")) ||
               slice_starts_with_nocase(directive, SLICE("s-maxage="))) {
        state->has_freshness = true;
    }
}

static bool status_is_cacheable(uint16_t status)
{
    static const uint16_t cacheable[] = {200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501};
    for (size_t i = 0; i < sizeof(cacheable) / sizeof(cacheable[0]); i++) {
        if (cacheable[i] == status) {
            return true;
        }
    }
    return false;
}

static bool has_field(const struct http_fields *fields, struct slice name)
{
    return http_fields_find(fields, name, 0) < fields->count;
}

static bool has_pragma_no_cache(const struct http_fields *fields)
{
    struct http_value_cursor cursor = {0};
    struct slice value;
    while (http_fields_next_value(fields, SLICE("pragma"), false, &cursor, &value)) {
        if (slice_equal_nocase(value, SLICE("no-cache"))) {
            return true;
        }
    }
    return false;
}

bool server_cookie_is_cacheable(enum http_method method, const struct http_message *response,
                                bool *with_cookie)
{
    const struct http_fields *fields = &response->fields;
    bool by_default = (method == HTTP_METHOD_GET || method == HTTP_METHOD_HEAD ||
                       method == HTTP_METHOD_OPTIONS) &&
                      status_is_cacheable(response->status);
    struct cacheability state = {.is_cacheable = by_default, .with_cookie = by_default};
    *with_cookie = false;
    if (has_pragma_no_cache(fields)) {
        return false;
    }
    struct http_value_cursor cursor = {0};
    struct slice directive;
    while (http_fields_next_value(fields, SLICE("cache-control"), false, &cursor, &directive)) {
        read_directive(directive, &state);
    }
    /* Neither a validator nor a lifetime: nothing that a cache would keep (RFC 9111 3). */
    bool can_be_kept = state.has_freshness || has_field(fields, SLICE("expires")) ||
                       has_field(fields, SLICE("etag")) ||
                       has_field(fields, SLICE("last-modified"));
    *with_cookie = state.with_cookie && can_be_kept;
    return state.is_cacheable && can_be_kept;
}

/* ---- dynamic cookies ---- */

enum { DYNAMIC_KEY_BYTES_MAX = 256 };

enum result server_cookie_write_dynamic(char out[SERVER_COOKIE_DYNAMIC_SIZE], const char *key,
                                        const struct address *address, uint16_t port)
{
    char bytes[DYNAMIC_KEY_BYTES_MAX + sizeof(struct in6_addr) + sizeof(uint32_t)];
    struct text input = text_over(bytes, DYNAMIC_KEY_BYTES_MAX);
    const void *ip = address->family == AF_INET ? (const void *)&address->v4 : &address->v6;
    size_t ip_length = address->family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
    if (address->family != AF_INET && address->family != AF_INET6) {
        return RESULT_NOT_FOUND;
    }
    text_append_string(&input, key == NULL ? "" : key);
    /* As HAProxy: key, address, port as 32 bits, all in network order. */
    const uint32_t port_bytes = htonl(port);
    char *end = bytes + input.length;
    memcpy(end, ip, ip_length);
    memcpy(end + ip_length, &port_bytes, sizeof(port_bytes));
    size_t length = input.length + ip_length + sizeof(port_bytes);
    struct text text = text_over(out, SERVER_COOKIE_DYNAMIC_SIZE);
    text_append_format(&text, "%016llx", (unsigned long long)XXH64(bytes, length, 0));
    return RESULT_OK;
}
