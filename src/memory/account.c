/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the uncommon half of charging: leases, refusals, forced charges, the operator's reserve, the
 * shared ledger. The hard idea: a lease makes `free` of a worker's ledger, and only traffic's
 * ceiling may leave a surplus in it; what the house or a forced charge takes from the margin is
 * leased to the byte, so that traffic cannot come to the margin through a surplus. Before a refusal
 * the worker's own free objects are given back and the lease is tried once more. Bounded: each
 * worker holds at most surplus_max bytes that nobody uses, less when pressure rises.
 */
#include "memory/account.h"

#include "base/number.h"

void ledger_init(struct ledger *ledger, struct memory *memory, struct budget *budget,
                 unsigned index, bool is_shared)
{
    *ledger =
        (struct ledger){.memory = memory, .budget = budget, .index = index, .is_shared = is_shared};
    for (unsigned i = 0; i < LEDGER_WAIT_CLASSES; i++) {
        list_init(&ledger->waiting[i]);
    }
    pthread_mutex_init(&ledger->lock, NULL);
}

void ledger_deinit(struct ledger *ledger)
{
    ledger_return_surplus(ledger, 0);
    pthread_mutex_destroy(&ledger->lock);
}

static void lock_if_shared(struct ledger *ledger)
{
    if (ledger->is_shared) {
        pthread_mutex_lock(&ledger->lock);
    }
}

static void unlock_if_shared(struct ledger *ledger)
{
    if (ledger->is_shared) {
        pthread_mutex_unlock(&ledger->lock);
    }
}

static size_t free_bytes(const struct ledger *ledger)
{
    return atomic_load_explicit(&ledger->free, memory_order_relaxed);
}

static void set_free_bytes(struct ledger *ledger, size_t bytes)
{
    atomic_store_explicit(&ledger->free, bytes, memory_order_relaxed);
}

void ledger_return_surplus(struct ledger *ledger, size_t keep)
{
    const size_t free = free_bytes(ledger);
    if (free > keep) {
        set_free_bytes(ledger, keep);
        budget_return(ledger->budget, free - keep);
    }
}

size_t ledger_used(const struct ledger *ledger)
{
    size_t used = atomic_load_explicit(&ledger->cached, memory_order_relaxed);
    for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
        used += atomic_load_explicit(&ledger->by_kind[kind], memory_order_relaxed);
    }
    return used;
}

/* How far a kind of owner may fill the budget. */
static size_t ceiling_of(const struct budget *budget, enum account_kind kind)
{
    const bool is_house = kind == ACCOUNT_CONFIGURATION || kind == ACCOUNT_WORKER;
    return is_house ? budget->house_max : budget->traffic_max;
}

/* What is missing in `free` for a charge of `bytes`. */
static size_t missing_bytes(const struct ledger *ledger, size_t bytes)
{
    const size_t free = free_bytes(ledger);
    return bytes > free ? bytes - free : 0;
}

/* Leases so that `free` covers `bytes`: with a surplus where the budget has room, else to the byte.
 */
static bool lease(struct ledger *ledger, size_t bytes, size_t ceiling)
{
    struct budget *budget = ledger->budget;
    const size_t missing = missing_bytes(ledger, bytes);
    if (missing == 0) {
        return true;
    }
    size_t leased = size_max(missing, ledger->lease_bytes);
    if (!budget_lease(budget, leased, budget->traffic_max)) {
        leased = missing;
        if (!budget_lease(budget, leased, ceiling)) {
            return false;
        }
    }
    set_free_bytes(ledger, free_bytes(ledger) + leased);
    return true;
}

static bool lease_or_reclaim(struct ledger *ledger, size_t bytes, size_t ceiling)
{
    if (lease(ledger, bytes, ceiling)) {
        return true;
    }
    if (ledger->reclaim == NULL) {
        return false;
    }
    ledger->reclaim(ledger, missing_bytes(ledger, bytes));
    return lease(ledger, bytes, ceiling);
}

static enum result refuse(_Atomic uint64_t *cause)
{
    atomic_fetch_add_explicit(cause, 1, memory_order_relaxed);
    return RESULT_NO_MEMORY;
}

/* Takes `bytes` of the lease, which is made larger for them. */
static bool take_of_lease(struct account *account, size_t bytes)
{
    struct ledger *ledger = account->ledger;
    if (!lease_or_reclaim(ledger, bytes, ceiling_of(ledger->budget, account->kind))) {
        return false;
    }
    set_free_bytes(ledger, free_bytes(ledger) - bytes);
    return true;
}

/* account_charge with the shared ledger's lock held. */
static enum result charge(struct account *account, size_t bytes)
{
    struct ledger *ledger = account->ledger;
    if (!account_cap_allows(account, bytes)) {
        return refuse(&ledger->refused_cap);
    }
    const bool is_taken = account->kind == ACCOUNT_OPERATOR
                              ? budget_take_operator(ledger->budget, bytes)
                              : take_of_lease(account, bytes);
    if (!is_taken) {
        return refuse(&ledger->refused_budget);
    }
    account_write_up(account, bytes);
    return RESULT_OK;
}

/* Looks at the resident size when enough was leased since the last look. No lock may be held. */
static void observe_if_due(const struct ledger *ledger)
{
    if (ledger->observe != NULL && budget_observation_is_due(ledger->budget)) {
        ledger->observe(ledger->memory);
    }
}

enum result account_charge_slow(struct account *account, size_t bytes)
{
    lock_if_shared(account->ledger);
    const enum result result = charge(account, bytes);
    unlock_if_shared(account->ledger);
    observe_if_due(account->ledger);
    return result;
}

bool account_may_take_free(struct account *account)
{
    struct ledger *ledger = account->ledger;
    const size_t ceiling = ceiling_of(ledger->budget, account->kind);
    const size_t leased = budget_leased(ledger->budget);
    if (leased <= ceiling || account->kind == ACCOUNT_OPERATOR) {
        return true;
    }
    if (ledger->reclaim != NULL) {
        ledger->reclaim(ledger, leased - ceiling);
    }
    return budget_leased(ledger->budget) <= ceiling;
}

enum result account_lease_beside(struct account *account, size_t bytes)
{
    struct ledger *ledger = account->ledger;
    enum result result = RESULT_OK;
    lock_if_shared(ledger);
    if (account->kind == ACCOUNT_OPERATOR) {
        budget_lease_forced(ledger->budget, bytes);
    } else if (!take_of_lease(account, bytes)) {
        result = refuse(&ledger->refused_budget);
    }
    unlock_if_shared(ledger);
    observe_if_due(ledger);
    return result;
}

/* account_adopt with the shared ledger's lock held. */
static enum result adopt(struct account *account, size_t bytes)
{
    struct ledger *ledger = account->ledger;
    if (!account_cap_allows(account, bytes)) {
        return refuse(&ledger->refused_cap);
    }
    if (account->kind == ACCOUNT_OPERATOR) {
        if (!budget_take_operator(ledger->budget, bytes)) {
            return refuse(&ledger->refused_budget);
        }
        budget_return(ledger->budget, bytes);
    }
    account_write_up(account, bytes);
    return RESULT_OK;
}

enum result account_adopt(struct account *account, size_t bytes)
{
    lock_if_shared(account->ledger);
    const enum result result = adopt(account, bytes);
    unlock_if_shared(account->ledger);
    return result;
}

void account_abandon(struct account *account, size_t bytes)
{
    struct ledger *ledger = account->ledger;
    lock_if_shared(ledger);
    account_write_down(account, bytes);
    if (account->kind == ACCOUNT_OPERATOR) {
        budget_lease_forced(ledger->budget, bytes);
        budget_return_operator(ledger->budget, bytes);
    }
    unlock_if_shared(ledger);
}

/* account_charge_forced with the shared ledger's lock held. */
static void charge_forced(struct account *account, size_t bytes)
{
    struct ledger *ledger = account->ledger;
    if (account->kind == ACCOUNT_OPERATOR) {
        budget_take_operator_forced(ledger->budget, bytes);
    } else {
        const size_t missing = missing_bytes(ledger, bytes);
        budget_lease_forced(ledger->budget, missing);
        set_free_bytes(ledger, free_bytes(ledger) + missing - bytes);
    }
    account_write_up(account, bytes);
}

void account_charge_forced(struct account *account, size_t bytes)
{
    lock_if_shared(account->ledger);
    charge_forced(account, bytes);
    unlock_if_shared(account->ledger);
}

/* Makes charged bytes free ones, and returns a surplus down to half of what is allowed. */
static void free_charged(struct ledger *ledger, size_t bytes)
{
    set_free_bytes(ledger, free_bytes(ledger) + bytes);
    if (free_bytes(ledger) > ledger->surplus_max) {
        ledger_return_surplus(ledger, ledger->surplus_max / 2);
    }
}

/* account_discharge with the shared ledger's lock held. */
static void discharge(struct account *account, size_t bytes)
{
    account_write_down(account, bytes);
    if (account->kind == ACCOUNT_OPERATOR) {
        budget_return_operator(account->ledger->budget, bytes);
    } else {
        free_charged(account->ledger, bytes);
    }
}

void ledger_release_cached(struct ledger *ledger, size_t bytes)
{
    ledger_count(&ledger->cached, (size_t)0 - bytes);
    free_charged(ledger, bytes);
}

void account_discharge_slow(struct account *account, size_t bytes)
{
    lock_if_shared(account->ledger);
    discharge(account, bytes);
    unlock_if_shared(account->ledger);
}

void account_init(struct account *account, struct ledger *ledger, enum account_kind kind,
                  size_t cap)
{
    *account = (struct account){.ledger = ledger, .kind = kind, .cap = cap};
}

void account_deinit(struct account *account)
{
    ASSERT(account->used == 0);
    account->ledger = NULL;
}

void account_move(struct account *from, struct account *to, size_t bytes)
{
    ASSERT(from->ledger == to->ledger);
    lock_if_shared(from->ledger);
    if ((from->kind == ACCOUNT_OPERATOR) == (to->kind == ACCOUNT_OPERATOR)) {
        account_write_down(from, bytes);
        account_write_up(to, bytes);
    } else {
        charge_forced(to, bytes);
        discharge(from, bytes);
    }
    unlock_if_shared(from->ledger);
}

const char *account_kind_name(enum account_kind kind)
{
    static const char *const names[ACCOUNT_KINDS] = {
        [ACCOUNT_CLIENT] = "client",
        [ACCOUNT_SERVER] = "server",
        [ACCOUNT_TABLE] = "table",
        [ACCOUNT_LIBRARY] = "library",
        [ACCOUNT_CONFIGURATION] = "configuration",
        [ACCOUNT_OPERATOR] = "operator",
        [ACCOUNT_WORKER] = "worker",
    };
    return (unsigned)kind < ACCOUNT_KINDS ? names[kind] : "unknown";
}
