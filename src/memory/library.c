/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of any size, each charged to an account: libraries' memory and what startup takes.
 * The hard idea: a library's free() does not tell the size, so what is charged is what the
 * allocator really uses for the block (its size class), which can be asked for again at release.
 * GnuTLS, which has no allocator argument, is metered: its bytes are charged after the call, never
 * refused. Bounded by the account's cap and the budget.
 */
#include "memory/library.h"

#include <string.h>

#include "memory/allocator.h"
#include "memory/fault.h"
#include "memory/governor_internal.h"

/* Settles the difference when a block turns out larger than its size class said. */
static void settle(struct account *account, const void *block, size_t charged)
{
    const size_t cost = allocator_cost_of(block);
    if (cost > charged) {
        account_charge_forced(account, cost - charged);
    } else {
        account_discharge(account, charged - cost);
    }
}

void *library_take(struct account *account, size_t bytes)
{
    const size_t charged = allocator_cost(bytes);
    if (charged < bytes || fault_strikes(ledger_memory(account->ledger)) ||
        account_charge(account, charged) != RESULT_OK) {
        return NULL;
    }
    void *block = allocator_take(bytes == 0 ? 1 : bytes);
    if (block == NULL) {
        account_discharge(account, charged);
        return NULL;
    }
    settle(account, block, charged);
    const struct memory_options *options = &ledger_memory(account->ledger)->options;
    if (options->poison) {
        memset(block, options->poison_byte, bytes);
    }
    return block;
}

void *library_resize(struct account *account, void *block, size_t bytes)
{
    if (block == NULL) {
        return library_take(account, bytes);
    }
    const size_t before = allocator_cost_of(block);
    const size_t charged = allocator_cost(bytes);
    if (charged == before) {
        return block;
    }
    /* Both may exist for a moment: the new size is charged on top of the old one. */
    if (charged < bytes || fault_strikes(ledger_memory(account->ledger)) ||
        account_charge(account, charged) != RESULT_OK) {
        return NULL;
    }
    void *resized = allocator_resize(block, bytes == 0 ? 1 : bytes);
    if (resized == NULL) {
        account_discharge(account, charged);
        return NULL;
    }
    account_discharge(account, before);
    settle(account, resized, charged);
    return resized;
}

void library_release(struct account *account, void *block)
{
    if (block != NULL) {
        const size_t charged = allocator_cost_of(block);
        allocator_release(block);
        account_discharge(account, charged);
    }
}

struct library_meter library_meter_begin(void)
{
    struct library_meter meter;
    allocator_thread_counters(&meter.allocated, &meter.deallocated);
    return meter;
}

void library_meter_end(struct library_meter begin, struct account *account, size_t *held)
{
    const struct library_meter now = library_meter_begin();
    const uint64_t taken = now.allocated - begin.allocated;
    const uint64_t released = now.deallocated - begin.deallocated;
    if (taken >= released) {
        account_charge_forced(account, taken - released);
        *held += taken - released;
    } else {
        const size_t gone = released - taken;
        const size_t discharged = gone < *held ? gone : *held;
        account_discharge(account, discharged);
        *held -= discharged;
    }
}

void library_meter_clear(struct account *account, size_t *held)
{
    account_discharge(account, *held);
    *held = 0;
}
