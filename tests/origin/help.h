/* SPDX-License-Identifier: Apache-2.0 */
/* The text of --help. */
#ifndef ORIGIN_HELP_H
#define ORIGIN_HELP_H

extern const char help_text[];

#endif
