/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions of the columns of the statistics.
 */
#ifndef WEIR_ADMIN_STATISTICS_DESCRIPTION_H
#define WEIR_ADMIN_STATISTICS_DESCRIPTION_H

/* What the column called `column` means; "" for one that is not known. */
const char *statistics_description(const char *column);

#endif
