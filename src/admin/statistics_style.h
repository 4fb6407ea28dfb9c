/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The style sheet of the statistics page, which stands in the page itself. Colours follow the
 * reader's preference; contrasts are at least 4.5 to 1 in both.
 */
#ifndef WEIR_ADMIN_STATISTICS_STYLE_H
#define WEIR_ADMIN_STATISTICS_STYLE_H

/* The text of the style element. */
extern const char STATISTICS_STYLE[];

#endif
