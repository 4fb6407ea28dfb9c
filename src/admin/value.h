/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The written forms of a value of `show stat` and `show info`: CSV, typed (management manual 9.2)
 * and JSON.
 */
#ifndef WEIR_ADMIN_VALUE_H
#define WEIR_ADMIN_VALUE_H

#include "admin/statistics.h"
#include "base/text.h"

/* Appends the bare value; strings as they are. */
void value_append_plain(struct text *text, const struct statistics_value *value);

/* Appends the value for CSV: strings are quoted where RFC 4180 asks for it. */
void value_append_csv(struct text *text, const struct statistics_value *value);

/* Appends ":MCP:u64:12" for tags "MCP". */
void value_append_typed(struct text *text, const char *tags, const struct statistics_value *value);

/* Appends `"processNum":1,"tags":{…},"value":{…}` for tags "MCP". */
void value_append_json(struct text *text, const char *tags, const struct statistics_value *value);

#endif
