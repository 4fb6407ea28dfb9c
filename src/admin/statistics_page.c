/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statistics page as a service: HTML, CSV, typed or JSON of the table of statistics, one object
 * at a time, so that the page of a large configuration needs no more than a buffer; and the page's
 * form, answered by a redirect to the page (so that a reload does not send it again). Bounded by
 * one piece of STATISTICS_HTML_PIECE_MAX a call; the position is in the stream's own room.
 *
 *   begin -> OPENING -> (object, with its table's start and end) ... -> END
 */
#include <string.h>

#include "admin/admin.h"
#include "admin/statistics_html.h"
#include "admin/statistics_post.h"
#include "admin/statistics_schema.h"
#include "admin/statistics_table.h"
#include "admin/statistics_write.h"
#include "base/number.h"
#include "proxy/proxy.h"
#include "rules/acl.h"

enum { STATUS_OK = 200, STATUS_SEE_OTHER = 303, LOCATION_SIZE = 1024 };

struct page_state {
    struct statistics_walk walk;
    const struct proxy *open; /* whose table is being written */
    bool has_begun, has_row, is_over, is_admin;
};

_Static_assert(sizeof(struct page_state) <= SERVICE_STATE_BYTES,
               "the state must fit the stream's room");

static const struct statistics_settings *settings_of(const struct service_request *request)
{
    return &request->proxy->settings->statistics;
}

static void read_query(const struct service_request *request, struct statistics_query *query)
{
    size_t prefix = strlen(settings_of(request)->uri);
    statistics_query_read(slice_skip(request->request->path, prefix), query);
}

/* Whether `stats scope` lets the page tell of a proxy. */
static bool is_in_scope(const void *argument, const struct proxy *proxy)
{
    const struct service_request *request = argument;
    const struct list *scopes = &settings_of(request)->scopes;
    if (list_is_empty(scopes)) {
        return true;
    }
    LIST_EACH(link, scopes) {
        const char *name = container_of(link, struct statistics_scope, link)->name;
        bool is_self = strcmp(name, ".") == 0 && proxy == request->proxy;
        if (is_self || strcmp(name, proxy->settings->name) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- the form ---- */

static bool is_admin(const struct service_request *request)
{
    const struct statistics_settings *settings = settings_of(request);
    return settings->has_admin &&
           acl_condition_evaluate(settings->admin, request->context) == RESULT_OK;
}

static bool wants_body(const struct service_request *request)
{
    return request->request->method_id == HTTP_METHOD_POST && settings_of(request)->has_admin;
}

/* Whether the body came in whole: at most one buffer of it is kept. */
static bool is_whole(const struct service_request *request)
{
    const struct global_settings *global = &request->worker->configuration->global;
    const struct http_message *message = request->request;
    bool is_short =
        message->body == HTTP_BODY_LENGTH && request->body->bytes < message->content_length;
    return !is_short && request->body->bytes < global->bufsize - global->maxrewrite;
}

static enum result run_form(const struct service_request *request, char *bytes,
                            enum statistics_outcome *outcome)
{
    struct statistics_post post;
    size_t length = chunk_queue_copy_out(request->body, bytes, request->body->bytes);
    struct statistics_permission permission = {is_in_scope, request};
    *outcome = OUTCOME_INVALID;
    if (statistics_post_read(slice_of(bytes, length), &post) == RESULT_OK) {
        *outcome = statistics_post_run(&post, request->worker, &permission,
                                       event_now_ms(request->worker->loop));
    }
    return RESULT_OK;
}

static enum result answer_form(const struct service_request *request,
                               enum statistics_outcome *outcome)
{
    if (!is_admin(request)) {
        *outcome = OUTCOME_DENIED;
        return RESULT_OK;
    }
    if (!is_whole(request)) {
        *outcome = OUTCOME_TOO_LARGE;
        return RESULT_OK;
    }
    struct account account;
    account_init(&account, request->worker->ledger, ACCOUNT_OPERATOR, 0);
    enum result result = RESULT_NO_MEMORY;
    char *bytes = memory_take(&account, request->body->bytes + 1);
    if (bytes != NULL) {
        result = run_form(request, bytes, outcome);
        memory_release(&account, bytes);
    }
    account_deinit(&account);
    return result;
}

/* ---- the head of the answer ---- */

static enum result add_field(struct http_message *response, const char *name, struct slice value)
{
    return http_fields_append_copy(&response->fields, slice_from_string(name), value) == RESULT_OK
               ? RESULT_OK
               : RESULT_NO_MEMORY;
}

static enum result begin_redirect(const struct service_request *request,
                                  const struct statistics_query *query,
                                  struct http_message *response, struct page_state *state)
{
    enum statistics_outcome outcome = OUTCOME_UNKNOWN;
    char bytes[LOCATION_SIZE];
    struct text location = text_over(bytes, sizeof(bytes));
    response->status = STATUS_SEE_OTHER;
    response->reason = SLICE("See Other");
    response->body = HTTP_BODY_LENGTH;
    response->content_length = 0;
    state->is_over = true;
    enum result result = add_field(response, "content-type", SLICE("text/plain"));
    if (result == RESULT_OK) {
        result = add_field(response, "content-length", SLICE("0"));
    }
    if (result == RESULT_OK) {
        result = answer_form(request, &outcome);
    }
    text_append_format(&location, "%s;st=%s", settings_of(request)->uri,
                       statistics_outcome_word(outcome));
    statistics_query_append(&location, query);
    return result == RESULT_OK ? add_field(response, "location", text_slice(&location)) : result;
}

static enum result begin_page(const struct service_request *request,
                              const struct statistics_query *query, struct http_message *response,
                              struct page_state *state)
{
    static const char *const TYPES[] = {
        [STATISTICS_HTML] = "text/html",          [STATISTICS_CSV] = "text/plain",
        [STATISTICS_TYPED] = "text/plain",        [STATISTICS_JSON] = "application/json",
        [STATISTICS_SCHEMA] = "application/json",
    };
    bool is_head = request->request->method_id == HTTP_METHOD_HEAD;
    response->status = STATUS_OK;
    response->reason = SLICE("OK");
    response->body = is_head ? HTTP_BODY_NONE : HTTP_BODY_CHUNKED;
    state->is_over = is_head;
    state->is_admin = query->form == STATISTICS_HTML && is_admin(request);
    enum result result = add_field(response, "content-type", slice_from_string(TYPES[query->form]));
    uint32_t refresh_s = settings_of(request)->refresh_seconds;
    if (result == RESULT_OK && refresh_s != 0 && query->form == STATISTICS_HTML &&
        !query->no_refresh) {
        char bytes[NUMBER_TEXT_SIZE];
        size_t length = number_write_decimal(bytes, refresh_s);
        result = add_field(response, "refresh", slice_of(bytes, length));
    }
    return result;
}

static enum result begin(const struct service_request *request, struct http_message *response,
                         void *opaque)
{
    struct page_state *state = opaque;
    struct statistics_query query;
    read_query(request, &query);
    request->context->is_final = true;
    response->is_response = true;
    response->version = HTTP_VERSION_1_1;
    enum result result = add_field(response, "cache-control", SLICE("no-cache"));
    if (result != RESULT_OK) {
        return result;
    }
    return request->request->method_id == HTTP_METHOD_POST
               ? begin_redirect(request, &query, response, state)
               : begin_page(request, &query, response, state);
}

/* ---- pieces ---- */

/* Closes the table of the proxy before, opens that of this one. */
static void change_table(struct text *text, struct page_state *state,
                         const struct statistics_html *page, const struct proxy *proxy)
{
    if (state->open != NULL && state->open != proxy) {
        html_append_proxy_end(text, page, state->open);
    }
    if (proxy != NULL && state->open != proxy) {
        html_append_proxy_start(text, page, proxy);
    }
    state->open = proxy;
}

static void append_opening(struct text *text, struct page_state *state,
                           const struct statistics_html *page)
{
    state->has_begun = true;
    statistics_walk_begin(&state->walk, page->worker, page->now_ms);
    switch (page->query->form) {
    case STATISTICS_HTML:
        html_append_start(text, page);
        break;
    case STATISTICS_CSV:
        statistics_write_header(text);
        break;
    case STATISTICS_TYPED:
    case STATISTICS_SCHEMA:
        break;
    case STATISTICS_JSON:
        text_append_char(text, '[');
        break;
    }
}

static void append_object(struct text *text, struct page_state *state,
                          const struct statistics_html *page,
                          const struct statistics_object *object)
{
    switch (page->query->form) {
    case STATISTICS_HTML:
        change_table(text, state, page, object->proxy);
        html_append_row(text, page, object);
        break;
    case STATISTICS_CSV:
        statistics_write_csv(text, object);
        break;
    case STATISTICS_TYPED:
        statistics_write_typed(text, object, false);
        break;
    case STATISTICS_JSON:
        text_append_string(text, state->has_row ? "," : "");
        statistics_write_json(text, object);
        break;
    case STATISTICS_SCHEMA:
        break;
    }
    state->has_row = true;
}

static void append_end(struct text *text, struct page_state *state,
                       const struct statistics_html *page)
{
    state->is_over = true;
    switch (page->query->form) {
    case STATISTICS_HTML:
        change_table(text, state, page, NULL);
        html_append_end(text);
        break;
    case STATISTICS_CSV:
    case STATISTICS_TYPED:
        break;
    case STATISTICS_JSON:
        text_append_string(text, "]\n");
        break;
    case STATISTICS_SCHEMA:
        statistics_write_schema(text);
        break;
    }
}

/* Appends the next piece: what opens the page, the next object that is wanted, or the end. */
static void append_piece(struct text *text, const struct service_request *request,
                         struct page_state *state, const struct statistics_html *page)
{
    struct statistics_object object;
    if (!state->has_begun) {
        append_opening(text, state, page);
        return;
    }
    while (statistics_walk_next(&state->walk, &object)) {
        if (is_in_scope(request, object.proxy) && statistics_query_wants(page->query, &object)) {
            append_object(text, state, page, &object);
            return;
        }
    }
    append_end(text, state, page);
}

static enum result produce(const struct service_request *request, void *opaque,
                           struct chunk_queue *body, size_t bytes_max, struct account *account)
{
    struct page_state *state = opaque;
    struct statistics_query query;
    read_query(request, &query);
    struct statistics_html page = {request->worker, settings_of(request), &query, state->is_admin,
                                   event_now_ms(request->worker->loop)};
    char bytes[STATISTICS_HTML_PIECE_MAX];
    size_t written = 0;
    while (!state->is_over && (written == 0 || written < bytes_max / 2)) {
        struct page_state before = *state;
        struct text text = text_over(bytes, sizeof(bytes));
        append_piece(&text, request, state, &page);
        if (text.length > 0 && chunk_queue_append_copy(body, request->worker->chunks, account,
                                                       text_slice(&text)) != RESULT_OK) {
            *state = before; /* the same piece again when there is memory */
            return written > 0 ? RESULT_OK : RESULT_NO_MEMORY;
        }
        written += text.length;
    }
    return state->is_over ? RESULT_END : RESULT_OK;
}

const struct service_ops SERVICE_STATISTICS = {
    .name = "statistics",
    .wants_body = wants_body,
    .begin = begin,
    .produce = produce,
};
