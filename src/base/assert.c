/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a failed ASSERT does. A broken invariant is a mistake in weir's own code: the process tells
 * which one and stops, since going on would only move the crash to a place that explains less.
 * Allocates nothing: it must work when memory is what broke.
 */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "weir: assertion failed: %s (%s:%d)\n", condition, file, line);
    abort();
}
