/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libev's arrays. libev aborts when it gets no memory, and its allocator hook has no argument that
 * would tell whom to charge. So its growth is metered and charged after the fact, and what a
 * process under a memory limit can ever need is made to grow at startup, by starting and stopping
 * watchers through libev's public functions:
 *
 *   anfds (by descriptor), fdchanges (changed in a turn), pendings (due in a turn), the timers'
 * heap
 *
 * The array that epoll fills grows with the descriptors ready in one turn, 12 bytes each, as it
 * comes.
 *
 * What bounds its memory: some 100 bytes a descriptor; at startup RESERVE_SHARE of the limit.
 */
#include "base/assert.h"
#include "base/number.h"
#include "event/loop_internal.h"

enum {
    BYTES_A_DESCRIPTOR = 128, /* of all arrays, rounded up by their doubling */
    RESERVE_SHARE = 16,       /* of the memory limit: one part in so many */
    RESERVE_UNLIMITED = 4096, /* descriptors, where there is no limit to stay below */
    RESERVE_LEAST = 64,
};

static void on_nothing_io(struct ev_loop *native, ev_io *watcher, int events)
{
    (void)native;
    (void)watcher;
    (void)events;
}

static void on_nothing_timer(struct ev_loop *native, ev_timer *watcher, int events)
{
    (void)native;
    (void)watcher;
    (void)events;
}

/* One entry a descriptor in anfds and fdchanges. Highest first, so that anfds grows once. */
static void grow_descriptors(struct ev_loop *native, unsigned descriptors)
{
    for (unsigned fd = descriptors; fd > 0; fd--) {
        ev_io watcher;
        ev_io_init(&watcher, on_nothing_io, (int)fd - 1, EV_READ);
        ev_io_start(native, &watcher);
        ev_io_stop(native, &watcher);
    }
}

/* A cleared event keeps its place in the array until the next turn, so that one watcher fills it.
 */
static void grow_pending(struct ev_loop *native, unsigned events)
{
    ev_io watcher;
    ev_io_init(&watcher, on_nothing_io, 0, EV_READ);
    for (unsigned i = 0; i < events; i++) {
        ev_feed_event(native, &watcher, EV_READ);
        (void)ev_clear_pending(native, &watcher);
    }
}

static void grow_timers(struct ev_loop *native, ev_timer *timers, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        ev_timer_init(&timers[i], on_nothing_timer, MS_PER_SECOND, 0.);
        ev_timer_start(native, &timers[i]);
    }
    for (unsigned i = count; i > 0; i--) {
        ev_timer_stop(native, &timers[i - 1]);
    }
}

/* How many descriptors to be ready for. */
static unsigned reserve_count(const struct event_loop *loop, unsigned descriptors_max)
{
    struct memory_usage usage;
    memory_read_usage(ledger_memory(loop->account.ledger), &usage);
    size_t count =
        usage.limit == 0 ? RESERVE_UNLIMITED : usage.limit / RESERVE_SHARE / BYTES_A_DESCRIPTOR;
    count = size_max(count, RESERVE_LEAST);
    return (unsigned)size_min(count, descriptors_max);
}

enum result event_reserve(struct event_loop *loop, unsigned descriptors_max)
{
    ASSERT(descriptors_max > 0);
    unsigned count = reserve_count(loop, descriptors_max);
    ev_timer *timers = memory_take(&loop->account, count * sizeof(*timers));
    if (timers == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct library_meter meter = library_meter_begin();
    grow_descriptors(loop->native, count);
    grow_pending(loop->native, count);
    grow_timers(loop->native, timers, count);
    ev_run(loop->native, EVRUN_NOWAIT);
    library_meter_end(meter, &loop->account, &loop->library_bytes);
    memory_release(&loop->account, timers);
    loop->reserved = count;
    return RESULT_OK;
}
