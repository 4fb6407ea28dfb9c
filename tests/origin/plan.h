/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of a request target, as a plan for the answer. */
#ifndef ORIGIN_PLAN_H
#define ORIGIN_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "request.h"

/* Fills `plan` from the target of `length` bytes at `target`; h= goes to `extra` as field lines. */
void plan_read(struct plan *plan, const char *target, size_t length, uint64_t default_size,
               struct buffer *extra);

/* Reads a number with an optional suffix k, m, g (powers of 1024) and r (random from 0 to it).
 * Returns it, or `otherwise` when there is none. */
uint64_t plan_number(const char *text, size_t length, uint64_t otherwise);

#endif
