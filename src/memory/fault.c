/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which allocations fail on command.
 * The hard idea: allocations are numbered over the whole process while faults are armed, so that a
 * test that runs the same scenario again fails the next one each time until it has failed them all.
 * Unarmed, the cost is one relaxed load. The random share is drawn from a counter and a seed,
 * without state to lock. Bounded: a few counters in `struct memory`.
 */
#include "memory/fault.h"

#include "memory/governor_internal.h"

enum { PERCENT = 100 };

void fault_fail_nth(struct memory *memory, uint64_t nth, uint64_t second)
{
    struct fault_state *fault = &memory->fault;
    atomic_store(&fault->count, 0);
    atomic_store(&fault->failed, 0);
    atomic_store(&fault->nth, nth);
    atomic_store(&fault->second, nth != 0 && second != 0 ? nth + second : 0);
    atomic_store(&fault->is_armed, true);
}

uint64_t fault_count(const struct memory *memory)
{
    return atomic_load(&memory->fault.count);
}

uint64_t fault_failed(const struct memory *memory)
{
    return atomic_load(&memory->fault.failed);
}

void fault_set_percent(struct memory *memory, unsigned percent)
{
    atomic_store(&memory->fault.percent, percent > PERCENT ? PERCENT : percent);
    if (percent > 0) {
        atomic_store(&memory->fault.is_armed, true);
    }
}

/* A well mixed number from a counter (the finalizer of a 64-bit congruential sequence). */
static uint64_t mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static bool draw(struct fault_state *fault)
{
    const unsigned percent = atomic_load_explicit(&fault->percent, memory_order_relaxed);
    return percent > 0 && mix(fault->seed + atomic_fetch_add(&fault->draws, 1)) % PERCENT < percent;
}

bool fault_strikes(struct memory *memory)
{
    struct fault_state *fault = &memory->fault;
    if (!atomic_load_explicit(&fault->is_armed, memory_order_relaxed)) {
        return false;
    }
    const uint64_t number = atomic_fetch_add(&fault->count, 1) + 1;
    if (number != atomic_load(&fault->nth) && number != atomic_load(&fault->second) &&
        !draw(fault)) {
        return false;
    }
    atomic_fetch_add(&fault->failed, 1);
    atomic_fetch_add(&fault->failed_in_all, 1);
    return true;
}
