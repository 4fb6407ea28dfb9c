/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's loop: creation, the turn, and the time.
 *
 * A turn is: poll (libev), readable and writable descriptors, due timers, deferred callbacks,
 * waiters for memory, pressure; once a second the pools are looked after. The poll does not block
 * while work is left over: deferred callbacks that were added by deferred callbacks, or fed events.
 * The time is read once before and once after the poll.
 *
 * What bounds its memory: the loop's block, and libev's arrays as reserve.c says, metered wherever
 * they may grow.
 */
#include "event/loop.h"

#include <string.h>

#include "base/assert.h"
#include "event/loop_internal.h"
#include "memory/pool.h"
#include "memory/pressure.h"

enum { PERCENT = 100 };

static void on_after_poll(struct ev_loop *native, ev_check *watcher, int events);
static void on_tick(struct event_timer *timer);
static void invoke_pending(struct ev_loop *native);

/* Takes the loop's own block, charged to the account inside it. */
static struct event_loop *take_loop(struct ledger *ledger)
{
    struct account account;
    account_init(&account, ledger, ACCOUNT_WORKER, 0);
    struct event_loop *loop = memory_take(&account, sizeof(*loop));
    if (loop == NULL) {
        return NULL;
    }
    account_init(&loop->account, ledger, ACCOUNT_WORKER, 0);
    account_move(&account, &loop->account, account.used);
    account_deinit(&account);
    return loop;
}

static void release_loop(struct event_loop *loop)
{
    struct account account;
    account_init(&account, loop->account.ledger, ACCOUNT_WORKER, 0);
    account_move(&loop->account, &account, loop->account.used);
    account_deinit(&loop->account);
    memory_release(&account, loop);
    account_deinit(&account);
}

static void set_time(struct event_loop *loop)
{
    loop->now_us = clock_monotonic_us();
}

static void destroy_native(struct event_loop *loop)
{
    struct library_meter meter = library_meter_begin();
    ev_loop_destroy(loop->native);
    library_meter_end(meter, &loop->account, &loop->library_bytes);
    library_meter_clear(&loop->account, &loop->library_bytes);
}

/* Makes libev's loop and what a loop watches itself; the tick's timer meters its own growth. */
static enum result open_native(struct event_loop *loop)
{
    struct library_meter meter = library_meter_begin();
    loop->native = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
    if (loop->native != NULL) {
        ev_check_init(&loop->after_poll, on_after_poll);
        ev_set_priority(&loop->after_poll, EV_MAXPRI);
        loop->after_poll.data = loop;
        ev_check_start(loop->native, &loop->after_poll);
        event_mailbox_init(loop);
    }
    library_meter_end(meter, &loop->account, &loop->library_bytes);
    if (loop->native == NULL) {
        library_meter_clear(&loop->account, &loop->library_bytes);
        return RESULT_FAILED;
    }
    event_timer_init(&loop->tick, loop, on_tick);
    event_timer_set(&loop->tick, MS_PER_SECOND);
    return RESULT_OK;
}

enum result event_loop_create(struct ledger *ledger, unsigned descriptors_max,
                              struct event_loop **out)
{
    struct event_loop *loop = take_loop(ledger);
    if (loop == NULL) {
        return RESULT_NO_MEMORY;
    }
    list_init(&loop->deferred);
    set_time(loop);
    loop->ticked_us = loop->now_us;
    loop->wall_offset_us = clock_wall_us() - loop->now_us;
    enum result result = open_native(loop);
    if (result != RESULT_OK) {
        release_loop(loop);
        return result;
    }
    memory_set_wake_hook(ledger, event_mailbox_wake, &loop->mailbox);
    result = event_reserve(loop, descriptors_max);
    if (result != RESULT_OK) {
        event_loop_destroy(loop);
        return result;
    }
    ev_set_userdata(loop->native, loop);
    ev_set_invoke_pending_cb(loop->native, invoke_pending);
    *out = loop;
    return RESULT_OK;
}

void event_loop_destroy(struct event_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    memory_set_wake_hook(loop->account.ledger, NULL, NULL);
    event_timer_stop(&loop->tick);
    event_mailbox_deinit(loop);
    ev_check_stop(loop->native, &loop->after_poll);
    ASSERT(list_is_empty(&loop->deferred));
    ASSERT(loop->timers_armed == 0);
    destroy_native(loop);
    release_loop(loop);
}

void event_loop_run(struct event_loop *loop)
{
    loop->is_stopped = false;
    while (!loop->is_stopped) {
        event_loop_turn(loop, true);
    }
}

void event_loop_turn(struct event_loop *loop, bool may_wait)
{
    loop->is_waiting = may_wait && !loop->is_stopped && list_is_empty(&loop->deferred) &&
                       ev_pending_count(loop->native) == 0;
    set_time(loop);
    loop->own_phase = library_meter_begin();
    ev_run(loop->native, loop->is_waiting ? EVRUN_ONCE : EVRUN_NOWAIT);
    library_meter_end(loop->own_phase, &loop->account, &loop->library_bytes);
    event_deferred_run(loop);
    pressure_update(ledger_memory(loop->account.ledger), event_now_ms(loop));
    (void)memory_wake(loop->account.ledger);
}

void event_loop_stop(struct event_loop *loop)
{
    loop->is_stopped = true;
}

uint64_t event_now_ms(const struct event_loop *loop)
{
    return loop->now_us / US_PER_MS;
}

uint64_t event_now_us(const struct event_loop *loop)
{
    return loop->now_us;
}

uint64_t event_wall_us(const struct event_loop *loop)
{
    return loop->now_us + loop->wall_offset_us;
}

struct ev_loop *event_loop_native(struct event_loop *loop)
{
    return loop->native;
}

struct ledger *event_loop_ledger(const struct event_loop *loop)
{
    return loop->account.ledger;
}

unsigned event_loop_idle_percent(const struct event_loop *loop)
{
    return loop->idle_percent;
}

/* Callbacks take memory on their own accounts: only what libev does between them is metered. */
static void invoke_pending(struct ev_loop *native)
{
    struct event_loop *loop = ev_userdata(native);
    library_meter_end(loop->own_phase, &loop->account, &loop->library_bytes);
    ev_invoke_pending(native);
    loop->own_phase = library_meter_begin();
}

/* libev calls this before all others of the turn. */
static void on_after_poll(struct ev_loop *native, ev_check *watcher, int events)
{
    (void)native;
    (void)events;
    struct event_loop *loop = watcher->data;
    loop->changes = 0;
    uint64_t before_us = loop->now_us;
    set_time(loop);
    if (loop->is_waiting) {
        loop->waited_us += loop->now_us - before_us;
    }
}

static void on_tick(struct event_timer *timer)
{
    struct event_loop *loop = timer->loop;
    uint64_t elapsed_us = loop->now_us - loop->ticked_us;
    if (elapsed_us > 0) {
        uint64_t percent = loop->waited_us * PERCENT / elapsed_us;
        loop->idle_percent = percent > PERCENT ? PERCENT : (unsigned)percent;
    }
    loop->waited_us = 0;
    loop->ticked_us = loop->now_us;
    loop->wall_offset_us = clock_wall_us() - clock_monotonic_us();
    pool_tick(ledger_memory(loop->account.ledger), loop->account.ledger);
    memory_observe_resident(ledger_memory(loop->account.ledger));
    event_timer_set(&loop->tick, MS_PER_SECOND);
}
