/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the address of a statistics page asks for, by HAProxy's suffixes behind `stats uri`.
 */
#ifndef WEIR_ADMIN_STATISTICS_QUERY_H
#define WEIR_ADMIN_STATISTICS_QUERY_H

#include <stdbool.h>

#include "admin/statistics.h"
#include "base/slice.h"
#include "base/text.h"

enum statistics_form {
    STATISTICS_HTML,
    STATISTICS_CSV,
    STATISTICS_TYPED,
    STATISTICS_JSON,
    STATISTICS_SCHEMA, /* of the JSON */
};

/* How an action of the page's form ended: ";st=DONE". */
enum statistics_outcome {
    OUTCOME_NOTHING_ASKED, /* the page is just shown */
    OUTCOME_DENIED,
    OUTCOME_DONE,
    OUTCOME_INVALID,
    OUTCOME_TOO_LARGE,
    OUTCOME_NONE,
    OUTCOME_PARTLY,
    OUTCOME_UNKNOWN,
    OUTCOMES
};

/* Longest name to look for. */
enum { STATISTICS_SCOPE_MAX = 20 };

struct statistics_query {
    enum statistics_form form;
    enum statistics_outcome outcome;
    bool only_up;        /* ;up */
    bool no_maintenance; /* ;no-maint */
    bool no_refresh;     /* ;norefresh */
    struct slice scope;  /* scope=: part of the names of proxies to show, into the path; or empty */
};

/* Reads what stands behind the prefix of a path (with its query). */
void statistics_query_read(struct slice suffix, struct statistics_query *query);

/* Whether the query wants this object: server states and names of proxies. */
bool statistics_query_wants(const struct statistics_query *query,
                            const struct statistics_object *object);

/* Appends the suffixes that say the same again; the form and the outcome are left out. */
void statistics_query_append(struct text *text, const struct statistics_query *query);

/* The four letters of an outcome, and a sentence that tells it. */
const char *statistics_outcome_word(enum statistics_outcome outcome);
const char *statistics_outcome_sentence(enum statistics_outcome outcome);

#endif
