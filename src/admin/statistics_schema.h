/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON schema of the statistics.
 */
#ifndef WEIR_ADMIN_STATISTICS_SCHEMA_H
#define WEIR_ADMIN_STATISTICS_SCHEMA_H

#include "base/text.h"

/* Appends the schema, less than CLI_ROW_MAX bytes, with its newline. */
void statistics_write_schema(struct text *out);

#endif
