/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers for deadlines that are pushed back at every read and hardly ever reached.
 *
 * A deadline moved later is only stored: libev's timer stays in its heap at the old time, fires
 * once, sees that it is early and is armed again. Switching off is only stored too. So an idle
 * timeout costs a store an event and a heap operation a timeout. Invariant: a timer is armed while
 * armed_ms is not TIME_NEVER, and then armed_ms <= deadline_ms.
 *
 * What bounds its memory: timers are their owners'; libev's heap is reserved or metered
 * (reserve.c).
 */
#include "base/assert.h"
#include "event/loop_internal.h"

enum {
    /* libev's idea of now may be some microseconds behind: without it a timer fires early and is
       armed twice. */
    SLACK_US = 200,
    /* 24 days: a timer further away is armed again on the way. */
    DELAY_MS_MAX = INT32_MAX,
};

static void on_native_timer(struct ev_loop *native, ev_timer *watcher, int events);

void event_timer_init(struct event_timer *timer, struct event_loop *loop,
                      void (*on_timer)(struct event_timer *timer))
{
    ev_timer_init(&timer->watcher, on_native_timer, 0., 0.);
    timer->loop = loop;
    timer->deadline_ms = TIME_NEVER;
    timer->armed_ms = TIME_NEVER;
    timer->on_timer = on_timer;
}

static void start_native(struct event_timer *timer)
{
    struct event_loop *loop = timer->loop;
    loop->timers_armed++;
    if (loop->timers_armed <= loop->reserved) {
        ev_timer_start(loop->native, &timer->watcher);
        return;
    }
    struct library_meter meter = library_meter_begin();
    ev_timer_start(loop->native, &timer->watcher);
    library_meter_end(meter, &loop->account, &loop->library_bytes);
}

/* Puts a timer that is not armed into the heap at its deadline. */
static void arm(struct event_timer *timer)
{
    uint64_t now_us = timer->loop->now_us;
    uint64_t delay_us = SLACK_US;
    if (timer->deadline_ms > now_us / US_PER_MS) {
        uint64_t delay_ms = timer->deadline_ms - now_us / US_PER_MS;
        delay_us += (delay_ms < DELAY_MS_MAX ? delay_ms : DELAY_MS_MAX) * US_PER_MS;
        delay_us -= now_us % US_PER_MS;
    }
    timer->armed_ms = timer->deadline_ms;
    ev_timer_set(&timer->watcher, (double)delay_us / US_PER_SECOND, 0.);
    start_native(timer);
}

/* Takes the timer out of the heap, or takes back its call when it is already due in this turn. */
static void disarm(struct event_timer *timer)
{
    if (timer->armed_ms != TIME_NEVER) {
        timer->armed_ms = TIME_NEVER;
        timer->loop->timers_armed--;
        ev_timer_stop(timer->loop->native, &timer->watcher);
    }
}

void event_timer_set(struct event_timer *timer, uint64_t delay_ms)
{
    bool is_off = delay_ms >= UINT32_MAX;
    event_timer_set_at(timer, is_off ? TIME_NEVER : event_now_ms(timer->loop) + delay_ms);
}

void event_timer_set_at(struct event_timer *timer, uint64_t deadline_ms)
{
    timer->deadline_ms = deadline_ms;
    if (deadline_ms == TIME_NEVER || timer->armed_ms <= deadline_ms) {
        return;
    }
    disarm(timer);
    arm(timer);
}

void event_timer_stop(struct event_timer *timer)
{
    timer->deadline_ms = TIME_NEVER;
    disarm(timer);
}

static void on_native_timer(struct ev_loop *native, ev_timer *watcher, int events)
{
    (void)native;
    (void)events;
    struct event_timer *timer = container_of(watcher, struct event_timer, watcher);
    timer->armed_ms = TIME_NEVER;
    timer->loop->timers_armed--;
    if (timer->deadline_ms == TIME_NEVER) {
        return;
    }
    if (timer->deadline_ms > event_now_ms(timer->loop)) {
        arm(timer);
        return;
    }
    timer->deadline_ms = TIME_NEVER;
    timer->on_timer(timer);
}
