/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statistics page's HTML. Its parts are written one by one into the caller's text; how a row
 * looks is a table of columns, each of which names the columns of `show stat` that it shows and how
 * they are written. A state is told by its word, its colour only repeats it. Values are cut at
 * VALUE_MAX bytes, so that each part fits STATISTICS_HTML_PIECE_MAX. No memory of its own.
 */
#include "admin/statistics_html.h"

#include <string.h>

#include "admin/server_action.h"
#include "admin/statistics_style.h"
#include "admin/statistics_table.h"
#include "admin/value.h"
#include "base/number.h"
#include "memory/pressure.h"

enum { VALUE_MAX = 128, ADDRESS_MAX = 256, VALUE_SIZE = 512 };

/* How a column of the page writes its value. */
enum cell_form {
    CELL_NUMBER,
    CELL_BYTES,
    CELL_SECONDS, /* "3h 12m" */
    CELL_TEXT,
};

struct cell {
    const char *group; /* heading above; NULL: the group of the cell before */
    const char *title;
    const char *column; /* of the table of statistics */
    enum cell_form form;
};

static const struct cell CELLS[] = {
    {"Server", "Status", "status", CELL_TEXT},
    {NULL, "Since", "lastchg", CELL_SECONDS},
    {NULL, "Last check", "check_status", CELL_TEXT},
    {NULL, "Weight", "weight", CELL_NUMBER},
    {NULL, "Active", "act", CELL_NUMBER},
    {NULL, "Backup", "bck", CELL_NUMBER},
    {NULL, "Failed checks", "chkfail", CELL_NUMBER},
    {NULL, "Downs", "chkdown", CELL_NUMBER},
    {NULL, "Downtime", "downtime", CELL_SECONDS},
    {"Sessions", "Now", "scur", CELL_NUMBER},
    {NULL, "Most", "smax", CELL_NUMBER},
    {NULL, "Limit", "slim", CELL_NUMBER},
    {NULL, "Total", "stot", CELL_NUMBER},
    {"Rate/s", "Now", "rate", CELL_NUMBER},
    {NULL, "Most", "rate_max", CELL_NUMBER},
    {"Queue", "Now", "qcur", CELL_NUMBER},
    {NULL, "Most", "qmax", CELL_NUMBER},
    {"Bytes", "In", "bin", CELL_BYTES},
    {NULL, "Out", "bout", CELL_BYTES},
    {"Responses", "2xx", "hrsp_2xx", CELL_NUMBER},
    {NULL, "3xx", "hrsp_3xx", CELL_NUMBER},
    {NULL, "4xx", "hrsp_4xx", CELL_NUMBER},
    {NULL, "5xx", "hrsp_5xx", CELL_NUMBER},
    {"Denied", "Req", "dreq", CELL_NUMBER},
    {NULL, "Resp", "dresp", CELL_NUMBER},
    {"Errors", "Req", "ereq", CELL_NUMBER},
    {NULL, "Conn", "econ", CELL_NUMBER},
    {NULL, "Resp", "eresp", CELL_NUMBER},
    {"Warnings", "Retr", "wretr", CELL_NUMBER},
    {NULL, "Redisp", "wredis", CELL_NUMBER},
};
enum { CELLS_COUNT = sizeof(CELLS) / sizeof(CELLS[0]) };

/* ---- values ---- */

/* Appends `s` with everything escaped that HTML could take for its own; long ones are cut. */
static void append_escaped_up_to(struct text *text, struct slice s, size_t bytes_max)
{
    struct slice shown = slice_first(s, bytes_max);
    for (size_t i = 0; i < shown.length; i++) {
        char c = shown.data[i];
        if (c == '<') {
            text_append_string(text, "&lt;");
        } else if (c == '>') {
            text_append_string(text, "&gt;");
        } else if (c == '&') {
            text_append_string(text, "&amp;");
        } else if (c == '"') {
            text_append_string(text, "&quot;");
        } else if (c == '\'') {
            text_append_string(text, "&#39;");
        } else {
            text_append_char(text, c);
        }
    }
    text_append_string(text, s.length > bytes_max ? "&hellip;" : "");
}

static void append_escaped(struct text *text, struct slice s)
{
    append_escaped_up_to(text, s, VALUE_MAX);
}

static void append_string(struct text *text, const char *string)
{
    append_escaped(text, slice_from_string(string));
}

/* "17", "1.4 KiB", "233 MiB": three digits. */
static void append_bytes(struct text *text, uint64_t bytes)
{
    static const char *const UNITS[] = {"", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
    enum { DECIMAL = 10 };
    unsigned unit = 0;
    uint64_t rest = 0;
    while (bytes >= KIBIBYTE) {
        rest = bytes % KIBIBYTE;
        bytes /= KIBIBYTE;
        unit++;
    }
    text_append_decimal(text, bytes);
    if (unit > 0 && bytes < DECIMAL) {
        text_append_format(text, ".%u", (unsigned)(rest * DECIMAL / KIBIBYTE));
    }
    text_append_string(text, UNITS[unit]);
}

/* The two largest units: "12s", "3m 5s", "2d 4h". */
static void append_seconds(struct text *text, uint64_t seconds)
{
    enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
    if (seconds < MINUTE) {
        text_append_format(text, "%us", (unsigned)seconds);
    } else if (seconds < HOUR) {
        text_append_format(text, "%um %us", (unsigned)(seconds / MINUTE),
                           (unsigned)(seconds % MINUTE));
    } else if (seconds < DAY) {
        text_append_format(text, "%uh %um", (unsigned)(seconds / HOUR),
                           (unsigned)(seconds % HOUR / MINUTE));
    } else {
        text_append_format(text, "%llud %uh", (unsigned long long)(seconds / DAY),
                           (unsigned)(seconds % DAY / HOUR));
    }
}

static struct statistics_value
read_value(const char *column, const struct statistics_object *object, struct text *buffer)
{
    return statistics_read(statistics_find_column(column), object, buffer);
}

/* ---- the head of the page ---- */

static void append_address(struct text *text, const struct statistics_html *page,
                           const char *suffix, const struct statistics_query *query)
{
    char bytes[VALUE_SIZE];
    struct text rest = text_over(bytes, sizeof(bytes));
    text_append_string(&rest, suffix);
    statistics_query_append(&rest, query);
    append_escaped_up_to(text, slice_from_string(page->settings->uri), ADDRESS_MAX);
    append_escaped(text, text_slice(&rest));
}

static void append_link(struct text *text, const struct statistics_html *page, const char *suffix,
                        const struct statistics_query *query, const char *title)
{
    text_append_string(text, "<a href=\"");
    append_address(text, page, suffix, query);
    text_append_format(text, "\">%s</a> ", title);
}

static void append_links(struct text *text, const struct statistics_html *page)
{
    struct statistics_query other = *page->query;
    text_append_string(text, "<nav aria-label=\"Views\">");
    append_link(text, page, "", &other, "Refresh now");
    other.only_up = !other.only_up;
    append_link(text, page, "", &other, other.only_up ? "Hide servers down" : "Show all servers");
    other = *page->query;
    if (page->settings->refresh_seconds != 0) {
        other.no_refresh = !other.no_refresh;
        append_link(text, page, "", &other,
                    other.no_refresh ? "Stop refreshing" : "Refresh regularly");
        other = *page->query;
    }
    if (other.scope.length > 0) {
        other.scope = SLICE_NONE;
        append_link(text, page, "", &other, "All proxies");
        other = *page->query;
    }
    append_link(text, page, ";csv", &other, "CSV");
    append_link(text, page, ";json", &other, "JSON");
    text_append_string(text, "</nav>");
}

static void append_fact(struct text *text, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void append_fact(struct text *text, const char *name, const char *format, ...)
{
    va_list arguments;
    text_append_format(text, "<div><dt>%s</dt><dd>", name);
    va_start(arguments, format);
    text_append_format_list(text, format, arguments);
    va_end(arguments);
    text_append_string(text, "</dd></div>");
}

static void append_bytes_fact(struct text *text, const char *name, uint64_t bytes)
{
    text_append_format(text, "<div><dt>%s</dt><dd>", name);
    append_bytes(text, bytes);
    text_append_string(text, "</dd></div>");
}

static void append_process(struct text *text, const struct statistics_html *page)
{
    const struct process_facts *facts = page->worker->facts;
    text_append_string(text, "<section><h2>Process</h2><dl><div><dt>Uptime</dt><dd>");
    append_seconds(text, page->now_ms > facts->started_ms
                             ? (page->now_ms - facts->started_ms) / MS_PER_SECOND
                             : 0);
    text_append_string(text, "</dd></div>");
    append_fact(text, "Process id", "%u", facts->pid);
    append_fact(text, "Connections", "%u of %u (most %u)", facts->connections_current,
                facts->maxconn, facts->connections_peak);
    append_fact(text, "Connection rate", "%u/s", rate_read(&facts->connection_rate, page->now_ms));
    append_fact(text, "Requests", "%llu", (unsigned long long)facts->requests_total);
    append_fact(text, "TLS handshakes under way", "%u", facts->handshakes_current);
    append_fact(text, "Descriptors at most", "%u", facts->descriptors_max);
    append_fact(text, "State", "%s", facts->is_stopping ? "stopping" : "running");
    text_append_string(text, "</dl></section>");
}

static void append_memory(struct text *text, const struct statistics_html *page)
{
    struct memory *memory = page->worker->memory;
    struct memory_usage usage;
    memory_read_usage(memory, &usage);
    enum pressure_level level = pressure_level(memory);
    text_append_string(text, "<section><h2>Memory</h2><dl>");
    append_bytes_fact(text, "Used", usage.used);
    append_bytes_fact(text, "Most", usage.high_water);
    if (usage.limit != 0) {
        append_bytes_fact(text, "Limit", usage.limit);
    } else {
        append_fact(text, "Limit", "none");
    }
    append_bytes_fact(text, "Resident", usage.kernel_resident);
    text_append_format(text, "<div><dt>Pressure</dt><dd class=\"%s\">%s</dd></div>",
                       level == PRESSURE_CALM ? "up" : "going-down", pressure_level_name(level));
    append_fact(text, "Refused for want of memory", "%llu",
                (unsigned long long)page->worker->facts->refused_memory);
    text_append_string(text, "</dl>");
    if (usage.limit != 0) {
        text_append_format(text,
                           "<meter aria-label=\"Memory used\" min=\"0\" max=\"%zu\" "
                           "value=\"%zu\"></meter>",
                           usage.limit, usage.used);
    }
    text_append_string(text, "</section>");
}

static void append_title(struct text *text, const struct statistics_html *page)
{
    const struct statistics_settings *settings = page->settings;
    text_append_string(text, "Statistics");
    if (settings->show_node) {
        text_append_string(text, " of ");
        append_string(text,
                      settings->node != NULL ? settings->node : page->worker->facts->node_name);
    }
}

static void append_outcome(struct text *text, const struct statistics_html *page)
{
    enum statistics_outcome outcome = page->query->outcome;
    if (outcome != OUTCOME_NOTHING_ASKED) {
        bool is_good = outcome == OUTCOME_DONE || outcome == OUTCOME_NONE;
        text_append_format(text, "<p role=\"status\" class=\"told %s\">%s</p>",
                           is_good ? "up" : "down", statistics_outcome_sentence(outcome));
    }
}

void html_append_start(struct text *text, const struct statistics_html *page)
{
    text_append_string(text, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                             "<meta name=\"viewport\" "
                             "content=\"width=device-width,initial-scale=1\"><title>");
    append_title(text, page);
    text_append_format(text, "</title><style>%s</style></head>\n<body><header><h1>",
                       STATISTICS_STYLE);
    append_title(text, page);
    text_append_string(text, "</h1><p>weir");
    if (!page->settings->hide_version) {
        text_append_string(text, " ");
        append_string(text, page->worker->facts->version);
    }
    if (page->settings->description != NULL) {
        text_append_string(text, " &middot; ");
        append_string(text, page->settings->description);
    }
    text_append_string(text, "</p>");
    append_links(text, page);
    append_outcome(text, page);
    text_append_string(text, "</header>\n<main><div class=\"facts\">");
    append_process(text, page);
    append_memory(text, page);
    text_append_string(text,
                       "</div><p class=\"legend\">States: <b class=\"up\">up</b> <b "
                       "class=\"going-down\">going down</b> <b class=\"going-up\">coming up</b> "
                       "<b class=\"down\">down</b> <b class=\"drain\">drain</b> <b "
                       "class=\"maint\">maintenance</b> <b class=\"unchecked\">not "
                       "checked</b></p>\n");
}

/* ---- tables ---- */

static bool has_checkboxes(const struct statistics_html *page, const struct proxy *proxy)
{
    return page->is_admin && (proxy->settings->role & PROXY_BACKEND) != 0 &&
           !list_is_empty(&proxy->endpoints);
}

static void append_headings(struct text *text, bool has_checkbox)
{
    text_append_string(text, "<thead><tr>");
    text_append_string(text, has_checkbox ? "<td></td>" : "");
    text_append_string(text, "<td></td>");
    for (unsigned first = 0; first < CELLS_COUNT;) {
        unsigned next = first + 1;
        while (next < CELLS_COUNT && CELLS[next].group == NULL) {
            next++;
        }
        text_append_format(text, "<th scope=\"colgroup\" colspan=\"%u\" class=\"group\">",
                           next - first);
        append_string(text, CELLS[first].group);
        text_append_string(text, "</th>");
        first = next;
    }
    text_append_string(text, "</tr><tr>");
    text_append_string(text, has_checkbox ? "<th scope=\"col\">Pick</th>" : "");
    text_append_string(text, "<th scope=\"col\" class=\"name\">Name</th>");
    for (unsigned i = 0; i < CELLS_COUNT; i++) {
        text_append_format(text, "<th scope=\"col\"%s>%s</th>",
                           CELLS[i].group != NULL ? " class=\"group\"" : "", CELLS[i].title);
    }
    text_append_string(text, "</tr></thead><tbody>\n");
}

void html_append_proxy_start(struct text *text, const struct statistics_html *page,
                             const struct proxy *proxy)
{
    const struct proxy_settings *settings = proxy->settings;
    text_append_format(text, "<section id=\"p%u\"><h2>", settings->id);
    append_string(text, settings->name);
    text_append_string(text, "</h2>");
    if (settings->description != NULL) {
        text_append_string(text, "<p>");
        append_string(text, settings->description);
        text_append_string(text, "</p>");
    }
    if (has_checkboxes(page, proxy)) {
        text_append_string(text, "<form method=\"post\" action=\"");
        append_address(text, page, "", page->query);
        text_append_string(text, "\">");
    }
    text_append_string(text, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    append_string(text, settings->name);
    text_append_string(text, "\"><table>");
    append_headings(text, has_checkboxes(page, proxy));
}

static const char *server_class(struct slice status)
{
    static const struct {
        const char *start, *class;
    } CLASSES[] = {
        {"MAINT", "maint"},    {"DRAIN", "drain"}, {"NOLB", "drain"},         {"UP ", "going-down"},
        {"DOWN ", "going-up"}, {"DOWN", "down"},   {"no check", "unchecked"},
    };
    for (unsigned i = 0; i < sizeof(CLASSES) / sizeof(CLASSES[0]); i++) {
        if (slice_starts_with(status, slice_from_string(CLASSES[i].start))) {
            return CLASSES[i].class;
        }
    }
    return "up";
}

static const char *class_of(const struct statistics_object *object, struct slice status)
{
    if (object->kind == STATISTICS_SERVER) {
        return server_class(status);
    }
    if (slice_equal(status, SLICE("UP")) || slice_equal(status, SLICE("OPEN"))) {
        return "up";
    }
    return slice_equal(status, SLICE("DOWN")) || slice_equal(status, SLICE("STOP")) ? "down"
                                                                                    : "going-down";
}

static void append_checkbox(struct text *text, const struct statistics_object *object)
{
    if (object->kind != STATISTICS_SERVER) {
        text_append_string(text, "<td></td>");
        return;
    }
    const struct server_options *options = object->endpoint->server.options;
    const char *name = options->name;
    text_append_string(text, "<td><input type=\"checkbox\" name=\"s\" value=\"");
    if (strlen(name) > VALUE_MAX) {
        text_append_format(text, "#%u", options->id); /* a name that would be cut */
    } else {
        append_string(text, name);
    }
    text_append_string(text, "\" aria-label=\"Pick ");
    append_string(text, name);
    text_append_string(text, "\"></td>");
}

static void append_legend(struct text *text, const struct statistics_object *object)
{
    static const char *const COLUMNS[] = {"mode", "algo", "addr", "cookie", "iid", "sid"};
    char bytes[VALUE_SIZE];
    struct text buffer = text_over(bytes, sizeof(bytes));
    text_append_string(text, "<small>");
    for (unsigned i = 0; i < sizeof(COLUMNS) / sizeof(COLUMNS[0]); i++) {
        char plain_bytes[VALUE_SIZE];
        struct text plain = text_over(plain_bytes, sizeof(plain_bytes));
        struct statistics_value value = read_value(COLUMNS[i], object, &buffer);
        value_append_plain(&plain, &value);
        if (plain.length > 0) {
            text_append_format(text, " %s: ", COLUMNS[i]);
            append_escaped(text, text_slice(&plain));
        }
    }
    text_append_string(text, "</small>");
}

static void append_name(struct text *text, const struct statistics_html *page,
                        const struct statistics_object *object)
{
    static const char *const NAMES[STATISTICS_KINDS] = {
        [STATISTICS_FRONTEND] = "Frontend",
        [STATISTICS_BACKEND] = "Backend",
    };
    char bytes[VALUE_SIZE];
    struct text buffer = text_over(bytes, sizeof(bytes));
    struct statistics_value name = read_value("svname", object, &buffer);
    text_append_string(text, "<th scope=\"row\" class=\"name\">");
    if (NAMES[object->kind] != NULL) {
        text_append_string(text, NAMES[object->kind]);
    } else {
        append_escaped(text, name.string);
    }
    if (page->settings->show_legends) {
        append_legend(text, object);
    }
    text_append_string(text, "</th>");
}

/* What the check found, as the tooltip of its short form. */
static void append_check_title(struct text *text, const struct statistics_object *object)
{
    char bytes[VALUE_SIZE];
    struct text buffer = text_over(bytes, sizeof(bytes));
    struct statistics_value description = read_value("check_desc", object, &buffer);
    if (description.type == STATISTICS_STRING && description.string.length > 0) {
        text_append_string(text, " title=\"");
        append_escaped(text, description.string);
        struct statistics_value last = read_value("last_chk", object, &buffer);
        if (last.string.length > 0) {
            text_append_string(text, ": ");
            append_escaped(text, last.string);
        }
        text_append_string(text, "\"");
    }
}

static void append_value(struct text *text, enum cell_form form,
                         const struct statistics_value *value)
{
    char bytes[VALUE_SIZE];
    struct text plain = text_over(bytes, sizeof(bytes));
    if (value->type == STATISTICS_EMPTY) {
        return;
    }
    switch (form) {
    case CELL_BYTES:
        append_bytes(text, value->number);
        return;
    case CELL_SECONDS:
        append_seconds(text, value->number);
        return;
    case CELL_NUMBER:
    case CELL_TEXT:
        value_append_plain(&plain, value);
        append_escaped(text, text_slice(&plain));
        return;
    }
}

static void append_cell(struct text *text, const struct cell *cell,
                        const struct statistics_object *object)
{
    char bytes[VALUE_SIZE];
    struct text buffer = text_over(bytes, sizeof(bytes));
    struct statistics_value value = read_value(cell->column, object, &buffer);
    bool is_status = strcmp(cell->column, "status") == 0;
    text_append_string(text, "<td");
    if (is_status) {
        text_append_format(text, " class=\"group %s\"", class_of(object, value.string));
    } else if (cell->group != NULL) {
        text_append_string(text, " class=\"group\"");
    }
    if (strcmp(cell->column, "check_status") == 0) {
        append_check_title(text, object);
    } else if (cell->form == CELL_BYTES && value.number >= KIBIBYTE) {
        text_append_format(text, " title=\"%llu bytes\"", (unsigned long long)value.number);
    }
    text_append_char(text, '>');
    append_value(text, cell->form, &value);
    text_append_string(text, "</td>");
}

void html_append_row(struct text *text, const struct statistics_html *page,
                     const struct statistics_object *object)
{
    static const char *const CLASSES[STATISTICS_KINDS] = {
        [STATISTICS_FRONTEND] = "whole",
        [STATISTICS_BACKEND] = "whole",
        [STATISTICS_SERVER] = "one",
        [STATISTICS_LISTENER] = "one",
    };
    text_append_format(text, "<tr class=\"%s\">", CLASSES[object->kind]);
    if (has_checkboxes(page, object->proxy)) {
        append_checkbox(text, object);
    }
    append_name(text, page, object);
    for (unsigned i = 0; i < CELLS_COUNT; i++) {
        append_cell(text, &CELLS[i], object);
    }
    text_append_string(text, "</tr>\n");
}

void html_append_proxy_end(struct text *text, const struct statistics_html *page,
                           const struct proxy *proxy)
{
    text_append_string(text, "</tbody></table></div>");
    if (has_checkboxes(page, proxy)) {
        unsigned id = proxy->settings->id;
        text_append_format(text,
                           "<p class=\"do\"><label for=\"a%u\">With the picked servers:</label> "
                           "<select id=\"a%u\" name=\"action\"><option value=\"\"></option>",
                           id, id);
        for (unsigned action = 0; action < SERVER_ACTIONS; action++) {
            text_append_format(text, "<option value=\"%s\">%s</option>",
                               server_action_word((enum server_action)action),
                               server_action_title((enum server_action)action));
        }
        text_append_format(text,
                           "</select> <input type=\"hidden\" name=\"b\" value=\"#%u\"><button>"
                           "Apply</button></p></form>",
                           id);
    }
    text_append_string(text, "</section>\n");
}

void html_append_end(struct text *text)
{
    text_append_string(text, "</main></body></html>\n");
}
