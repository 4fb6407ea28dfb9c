/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grows libev's arrays at startup. libev aborts when it gets no memory, and its allocator hook has
 * no argument that would tell whom to charge. So it is made to take all that it will ever need
 * before any client is served:
 *
 *   anfds (by descriptor), fdchanges (descriptors changed in a turn), pendings (watchers due in a
 * turn), timer heap
 *
 * by starting and stopping watchers through its public functions, metered. The array that epoll
 * fills cannot be grown that way; its largest size is charged in advance instead. Beyond the
 * reserved counts growth is metered as it comes.
 */
#include <sys/epoll.h>

#include "base/assert.h"
#include "base/number.h"
#include "event/loop_internal.h"

/* libev's first size of the array for epoll; it doubles from there. */
enum { POLL_EVENTS_MIN = 64 };

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

/* Bytes of the array for epoll when every descriptor is ready in one turn. */
static size_t poll_bytes_max(unsigned descriptors)
{
    size_t events = POLL_EVENTS_MIN;
    while (events < descriptors) {
        events *= 2;
    }
    return (events - POLL_EVENTS_MIN) * sizeof(struct epoll_event);
}

enum result event_reserve(struct event_loop *loop, unsigned descriptors_max)
{
    ASSERT(descriptors_max > 0);
    size_t poll_bytes = poll_bytes_max(descriptors_max);
    enum result result = account_charge(&loop->account, poll_bytes);
    if (result != RESULT_OK) {
        return result;
    }
    loop->poll_bytes = poll_bytes;
    size_t timers_bytes;
    if (!size_multiply(descriptors_max, sizeof(ev_timer), &timers_bytes)) {
        return RESULT_NO_MEMORY;
    }
    ev_timer *timers = memory_take(&loop->account, timers_bytes);
    if (timers == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct library_meter meter = library_meter_begin();
    grow_descriptors(loop->native, descriptors_max);
    grow_pending(loop->native, descriptors_max);
    grow_timers(loop->native, timers, descriptors_max);
    ev_run(loop->native, EVRUN_NOWAIT);
    library_meter_end(meter, &loop->account, &loop->library_bytes);
    memory_release(&loop->account, timers);
    loop->descriptors_max = descriptors_max;
    loop->timers_max = descriptors_max;
    return RESULT_OK;
}
