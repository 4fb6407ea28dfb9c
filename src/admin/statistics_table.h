/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of statistics: one row a column gives the CSV name, the typed and JSON form, and the
 * value for each kind of object. `show stat`, the statistics page and (later) metrics read nothing
 * else.
 */
#ifndef WEIR_ADMIN_STATISTICS_TABLE_H
#define WEIR_ADMIN_STATISTICS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/statistics.h"
#include "base/slice.h"
#include "base/text.h"
#include "proxy/proxy.h"

/* Number of columns, the '-' column behind the static ones included. */
unsigned statistics_columns(void);

/* A column's name, and its origin, nature and scope as three letters (manual 9.2). */
const char *statistics_column_name(unsigned column);
const char *statistics_column_tags(unsigned column);

/* Index of the column called `name`, or statistics_columns(). */
unsigned statistics_find_column(const char *name);

/* Reads the value of a column for an object; `buffer` is room for texts that are put together. */
struct statistics_value statistics_read(unsigned column, const struct statistics_object *object,
                                        struct text *buffer);

/* The objects of all proxies in HAProxy's order: frontend, servers, backend; listeners with option
 * socket-stats. */
struct statistics_walk {
    const struct worker *worker;
    const struct list *proxy;  /* position in worker.proxies */
    const struct list *member; /* position in binds or endpoints */
    unsigned phase;
    uint64_t now_ms;
};

/* Starts before the first object. */
void statistics_walk_begin(struct statistics_walk *walk, const struct worker *worker,
                           uint64_t now_ms);

/* The next object; false when there are no more. */
bool statistics_walk_next(struct statistics_walk *walk, struct statistics_object *object);

#endif
