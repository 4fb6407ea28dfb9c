/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statistics page as a service: HTML, CSV or JSON of the table of statistics, one object at a
 * time, so that the page of a large configuration needs no more than a buffer. The page is one file
 * without scripts or external parts; colours follow the reader's preference. Bounded by `bytes_max`
 * of each call; the position is in the stream's own room.
 */
#include <string.h>

#include "admin/admin.h"
#include "admin/statistics_table.h"
#include "admin/statistics_write.h"
#include "admin/value.h"
#include "base/number.h"
#include "memory/pressure.h"
#include "proxy/proxy.h"

enum { PIECE_SIZE = 12288, STATUS_OK = 200 };

enum page_form { FORM_HTML, FORM_CSV, FORM_JSON };

struct page_state {
    struct statistics_walk walk;
    enum page_form form;
    bool has_begun, has_row, is_over;
};

_Static_assert(sizeof(struct page_state) <= SERVICE_STATE_BYTES,
               "the state must fit the stream's room");

static const char *const PAGE_COLUMNS[] = {
    "svname", "status",   "scur",     "smax",         "slim",   "stot", "rate",
    "qcur",   "hrsp_2xx", "hrsp_4xx", "hrsp_5xx",     "bin",    "bout", "econ",
    "eresp",  "wretr",    "weight",   "check_status", "lastchg"};
static const char *const PAGE_TITLES[] = {
    "Name",         "Status",  "Sessions", "Most",  "Limit",    "Total",     "Rate/s",
    "Queue",        "2xx",     "4xx",      "5xx",   "Bytes in", "Bytes out", "Conn. errors",
    "Resp. errors", "Retries", "Weight",   "Check", "Since (s)"};
enum { PAGE_COLUMNS_COUNT = sizeof(PAGE_COLUMNS) / sizeof(PAGE_COLUMNS[0]) };

static const char STYLE[] = "<style>:root{color-scheme:light dark;--line:#8884}body{font:15px/1.5 "
                            "system-ui,sans-serif;margin:2rem "
                            "auto;max-width:90rem;padding:0 "
                            "1rem}table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}"
                            "th,td{padding:.25rem .6rem;border-bottom:1px solid "
                            "var(--line);text-align:right;white-space:nowrap}"
                            "th:first-child,td:first-child{text-align:left}thead "
                            "th{font-weight:600}caption{text-align:left;"
                            "font-size:1.15rem;font-weight:600;padding:.5rem 0}tr.down "
                            "td:nth-child(2){color:#c62828;font-weight:600}"
                            "tr.up td:nth-child(2){color:#2e7d32}tr.maint "
                            "td:nth-child(2){color:#b26a00}div.scroll{overflow-x:auto}"
                            "dl{display:flex;flex-wrap:wrap;gap:.2rem "
                            "2rem}dt{opacity:.7}dd{margin:0;font-weight:600}</style>";

static void append_html(struct text *text, struct slice s)
{
    for (size_t i = 0; i < s.length; i++) {
        switch (s.data[i]) {
        case '<':
            text_append_string(text, "&lt;");
            break;
        case '>':
            text_append_string(text, "&gt;");
            break;
        case '&':
            text_append_string(text, "&amp;");
            break;
        case '"':
            text_append_string(text, "&quot;");
            break;
        default:
            text_append_char(text, s.data[i]);
        }
    }
}

static bool has_suffix(const struct service_request *request, const char *word)
{
    struct slice path = request->request->path;
    return slice_find(path, slice_from_string(word)) < path.length;
}

static const struct statistics_settings *settings_of(const struct service_request *request)
{
    return &request->proxy->settings->statistics;
}

static bool wants_body(const struct service_request *request)
{
    (void)request;
    return false;
}

static enum result add_field(struct http_message *response, const char *name, const char *value)
{
    return http_fields_append_copy(&response->fields, slice_from_string(name),
                                   slice_from_string(value));
}

static enum result begin(const struct service_request *request, struct http_message *response,
                         void *opaque)
{
    static const char *const TYPES[] = {"text/html; charset=utf-8", "text/plain",
                                        "application/json"};
    struct page_state *state = opaque;
    bool is_csv = has_suffix(request, ";csv");
    state->form = is_csv ? FORM_CSV : has_suffix(request, ";json") ? FORM_JSON : FORM_HTML;
    response->is_response = true;
    response->version = HTTP_VERSION_1_1;
    response->status = STATUS_OK;
    response->reason = SLICE("OK");
    bool is_head = request->request->method_id == HTTP_METHOD_HEAD;
    response->body = is_head ? HTTP_BODY_NONE : HTTP_BODY_CHUNKED;
    state->is_over = is_head;
    enum result result = add_field(response, "cache-control", "no-cache");
    if (result == RESULT_OK) {
        result = add_field(response, "content-type", TYPES[state->form]);
    }
    uint32_t refresh_s = settings_of(request)->refresh_seconds;
    if (result == RESULT_OK && refresh_s != 0 && state->form == FORM_HTML &&
        !has_suffix(request, ";norefresh")) {
        char bytes[NUMBER_TEXT_SIZE];
        bytes[number_write_decimal(bytes, refresh_s)] = '\0';
        result = add_field(response, "refresh", bytes);
    }
    return result == RESULT_OK ? RESULT_OK : RESULT_NO_MEMORY;
}

/* ---- pieces ---- */

static void append_facts(struct text *text, const struct service_request *request)
{
    const struct process_facts *facts = request->worker->facts;
    struct memory_usage usage;
    memory_read_usage(request->worker->memory, &usage);
    text_append_format(
        text,
        "<dl><div><dt>pid</dt><dd>%u</dd></div><div><dt>connections</dt><dd>%u of %u</dd></div>"
        "<div><dt>requests</dt><dd>%llu</dd></div><div><dt>memory used</dt><dd>%zu KiB</dd></div>"
        "<div><dt>limit</dt><dd>%zu KiB</dd></div><div><dt>pressure</dt><dd>%s</dd></div></dl>",
        facts->pid, facts->connections_current, facts->maxconn,
        (unsigned long long)facts->requests_total, usage.used / KIBIBYTE, usage.limit / KIBIBYTE,
        pressure_level_name(pressure_level(request->worker->memory)));
}

static void append_start(struct text *text, const struct service_request *request)
{
    const struct statistics_settings *settings = settings_of(request);
    text_append_string(
        text,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width\"><title>Statistics");
    if (settings->show_node) {
        text_append_string(text, " of ");
        append_html(text, slice_from_string(request->worker->facts->node_name));
    }
    text_append_format(text, "</title>%s</head><body><h1>weir", STYLE);
    if (!settings->hide_version) {
        text_append_format(text, " %s", request->worker->facts->version);
    }
    text_append_string(text, "</h1>");
    if (settings->description != NULL) {
        text_append_string(text, "<p>");
        append_html(text, slice_from_string(settings->description));
        text_append_string(text, "</p>");
    }
    append_facts(text, request);
}

static bool is_first_of_proxy(const struct statistics_object *object)
{
    return object->kind == STATISTICS_FRONTEND ||
           (object->kind != STATISTICS_LISTENER &&
            (object->proxy->settings->role & PROXY_FRONTEND) == 0 &&
            (object->kind == STATISTICS_SERVER
                 ? object->proxy->endpoints.next == &object->endpoint->link
                 : list_is_empty(&object->proxy->endpoints)));
}

static bool is_last_of_proxy(const struct statistics_object *object)
{
    bool is_backend = (object->proxy->settings->role & PROXY_BACKEND) != 0;
    return object->kind == STATISTICS_BACKEND ||
           (!is_backend && object->kind == STATISTICS_FRONTEND);
}

static void append_caption(struct text *text, const struct proxy *proxy)
{
    text_append_string(text, "<div class=\"scroll\"><table><caption>");
    append_html(text, slice_from_string(proxy->settings->name));
    text_append_string(text, "</caption><thead><tr>");
    for (unsigned i = 0; i < PAGE_COLUMNS_COUNT; i++) {
        text_append_format(text, "<th scope=\"col\">%s</th>", PAGE_TITLES[i]);
    }
    text_append_string(text, "</tr></thead><tbody>");
}

static const char *class_of(struct slice status)
{
    if (slice_starts_with(status, SLICE("MAINT")) || slice_starts_with(status, SLICE("DRAIN"))) {
        return "maint";
    }
    return slice_starts_with(status, SLICE("DOWN")) || slice_starts_with(status, SLICE("STOP"))
               ? "down"
               : "up";
}

static void append_row(struct text *text, const struct statistics_object *object)
{
    enum { VALUE_SIZE = 512 };
    char bytes[VALUE_SIZE];
    struct text buffer = text_over(bytes, sizeof(bytes));
    if (is_first_of_proxy(object)) {
        append_caption(text, object->proxy);
    }
    struct statistics_value status =
        statistics_read(statistics_find_column("status"), object, &buffer);
    text_append_format(text, "<tr class=\"%s\">", class_of(status.string));
    for (unsigned i = 0; i < PAGE_COLUMNS_COUNT; i++) {
        char room[VALUE_SIZE];
        struct text plain = text_over(room, sizeof(room));
        struct statistics_value value =
            statistics_read(statistics_find_column(PAGE_COLUMNS[i]), object, &buffer);
        value_append_plain(&plain, &value);
        text_append_string(text, "<td>");
        append_html(text, text_slice(&plain));
        text_append_string(text, "</td>");
    }
    text_append_string(text, is_last_of_proxy(object) ? "</tr></tbody></table></div>" : "</tr>");
}

static bool is_in_scope(const struct service_request *request,
                        const struct statistics_object *object)
{
    const struct list *scopes = &settings_of(request)->scopes;
    if (list_is_empty(scopes)) {
        return true;
    }
    LIST_EACH(link, scopes) {
        const char *name = container_of(link, struct statistics_scope, link)->name;
        bool is_self = strcmp(name, ".") == 0 && object->proxy == request->proxy;
        if (is_self || strcmp(name, object->proxy->settings->name) == 0) {
            return true;
        }
    }
    return false;
}

static void append_object(struct text *text, struct page_state *state,
                          const struct statistics_object *object)
{
    switch (state->form) {
    case FORM_HTML:
        append_row(text, object);
        break;
    case FORM_CSV:
        statistics_write_csv(text, object);
        break;
    case FORM_JSON:
        text_append_string(text, state->has_row ? "," : "");
        statistics_write_json(text, object);
        break;
    }
    state->has_row = true;
}

static void append_opening(struct text *text, const struct service_request *request,
                           struct page_state *state)
{
    state->has_begun = true;
    statistics_walk_begin(&state->walk, request->worker, event_now_ms(request->worker->loop));
    switch (state->form) {
    case FORM_HTML:
        append_start(text, request);
        break;
    case FORM_CSV:
        statistics_write_header(text);
        break;
    case FORM_JSON:
        text_append_char(text, '[');
        break;
    }
}

static enum result produce(const struct service_request *request, void *opaque,
                           struct chunk_queue *body, size_t bytes_max, struct account *account)
{
    struct page_state *state = opaque;
    struct page_state before = *state;
    char bytes[PIECE_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    struct statistics_object object;
    (void)bytes_max;
    if (state->is_over) {
        return RESULT_END;
    }
    if (!state->has_begun) {
        append_opening(&text, request, state);
    } else if (statistics_walk_next(&state->walk, &object)) {
        if (is_in_scope(request, &object)) {
            append_object(&text, state, &object);
        }
    } else {
        static const char *const ENDINGS[] = {"</body></html>\n", "", "]\n"};
        text_append_string(&text, ENDINGS[state->form]);
        state->is_over = true;
    }
    if (chunk_queue_append_copy(body, request->worker->chunks, account, text_slice(&text)) !=
        RESULT_OK) {
        *state = before; /* the same piece again when there is memory */
        return RESULT_NO_MEMORY;
    }
    return state->is_over ? RESULT_END : RESULT_OK;
}

const struct service_ops SERVICE_STATISTICS = {
    .name = "statistics",
    .wants_body = wants_body,
    .begin = begin,
    .produce = produce,
};
