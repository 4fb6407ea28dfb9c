/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of `show stat`: one object in each of HAProxy's forms.
 */
#ifndef WEIR_ADMIN_STATISTICS_WRITE_H
#define WEIR_ADMIN_STATISTICS_WRITE_H

#include "admin/statistics_table.h"
#include "base/text.h"

/* Appends the CSV header with its newline. */
void statistics_write_header(struct text *text);

/* Appends one object as a CSV line. */
void statistics_write_csv(struct text *text, const struct statistics_object *object);

/* Appends one object in typed form: a line a value, the empty ones left out, and an empty line.
 * With `is_described` each value is followed by what it means. */
void statistics_write_typed(struct text *text, const struct statistics_object *object,
                            bool is_described);

/* Appends one object as a JSON array of its values. */
void statistics_write_json(struct text *text, const struct statistics_object *object);

#endif
