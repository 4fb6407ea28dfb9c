/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statistics page's HTML: one file without scripts or external parts, readable by keyboard and
 * screen reader, in light and dark colours. Every value is escaped and cut to what a cell can show.
 */
#ifndef WEIR_ADMIN_STATISTICS_HTML_H
#define WEIR_ADMIN_STATISTICS_HTML_H

#include <stdbool.h>

#include "admin/statistics.h"
#include "admin/statistics_query.h"
#include "base/text.h"
#include "proxy/proxy.h"
#include "proxy/worker.h"

/* What a page is written for. */
struct statistics_html {
    struct worker *worker;
    const struct statistics_settings *settings;
    const struct statistics_query *query;
    bool is_admin; /* with checkboxes and actions */
    uint64_t now_ms;
};

/* Room that any of the calls below needs at most; so much is enough for a row of JSON, too. */
enum { STATISTICS_HTML_PIECE_MAX = 32768 };

/* Head, facts of the process, memory and pressure, links, what became of an action. */
void html_append_start(struct text *text, const struct statistics_html *page);

/* Opens the table of a proxy. */
void html_append_proxy_start(struct text *text, const struct statistics_html *page,
                             const struct proxy *proxy);

/* One row. */
void html_append_row(struct text *text, const struct statistics_html *page,
                     const struct statistics_object *object);

/* Closes the table of a proxy, with its actions. */
void html_append_proxy_end(struct text *text, const struct statistics_html *page,
                           const struct proxy *proxy);

/* The end of the page. */
void html_append_end(struct text *text);

#endif
