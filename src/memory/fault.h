/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault injection: allocations of pools (chunks among them), plain blocks and library blocks fail
 * on command.
 * `-dMfail` with tune.fail-alloc fails a share at random; tests fail exactly the n-th (and the m-th
 * after it). They are counted so that a test knows when it has tried them all.
 */
#ifndef WEIR_MEMORY_FAULT_H
#define WEIR_MEMORY_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/memory.h"

/*
 * Fails the n-th allocation from now (1-based) and, when `second` is not 0, the second-th after
 * that. 0: none, but counting goes on.
 */
void fault_fail_nth(struct memory *memory, uint64_t nth, uint64_t second);

/* Allocations seen since the last fault_fail_nth. */
uint64_t fault_count(const struct memory *memory);

/* How many were failed since the last fault_fail_nth. */
uint64_t fault_failed(const struct memory *memory);

/* Sets the share of allocations to fail, in percent (tune.fail-alloc); 0 switches it off. */
void fault_set_percent(struct memory *memory, unsigned percent);

/* Counts an allocation that is about to be made; true when it must fail. For the sources of this
 * folder. */
MUST_USE bool fault_strikes(struct memory *memory);

#endif
