/* SPDX-License-Identifier: Apache-2.0 */
/* What -v and -vv print. */
#ifndef WEIR_PROCESS_VERSION_H
#define WEIR_PROCESS_VERSION_H

#include <stdbool.h>

/* Prints the version; with `is_long` the build, the libraries and the features too. */
void version_print(bool is_long);

#endif
