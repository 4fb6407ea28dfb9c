/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching descriptors and signals.
 *
 * Interest changes often (a connection asks to write, and no more a moment later), so it costs a
 * system call only where the kernel must know: libev collects the changes of a turn, and an
 * interest given up is only taken off when the kernel reports it once more.
 *
 * What bounds its memory: watchers are their owners'; libev's arrays are reserved or metered
 * (reserve.c).
 */
#include "base/assert.h"
#include "event/loop_internal.h"

_Static_assert((int)EVENT_READ == (int)EV_READ && (int)EVENT_WRITE == (int)EV_WRITE,
               "interest is passed to libev as it is");

enum { INTEREST_MASK = EVENT_READ | EVENT_WRITE };

static void on_native_io(struct ev_loop *native, ev_io *watcher, int events)
{
    (void)native;
    struct event_io *io = container_of(watcher, struct event_io, watcher);
    /* EV_ERROR (the descriptor is not pollable) is told as both, so that the owner's next call
     * finds out. */
    unsigned ready = (unsigned)events & INTEREST_MASK;
    io->on_event(io, ready != 0 ? ready : INTEREST_MASK);
}

void event_io_init(struct event_io *io, struct event_loop *loop, int fd,
                   void (*on_event)(struct event_io *io, unsigned ready))
{
    ev_io_init(&io->watcher, on_native_io, fd, 0);
    io->loop = loop;
    io->on_event = on_event;
}

/* Watches what `interest` says, or nothing. */
static void change_watcher(struct event_io *io, unsigned interest)
{
    ev_io_stop(io->loop->native, &io->watcher);
    if (interest != 0) {
        ev_io_modify(&io->watcher, (int)interest);
        ev_io_start(io->loop->native, &io->watcher);
    }
}

/* As change_watcher; past the reserve libev's arrays may grow, which is charged. */
static void change(struct event_io *io, unsigned interest)
{
    struct event_loop *loop = io->loop;
    loop->changes++;
    if ((unsigned)io->watcher.fd < loop->reserved && loop->changes <= loop->reserved) {
        change_watcher(io, interest);
        return;
    }
    struct library_meter meter = library_meter_begin();
    change_watcher(io, interest);
    library_meter_end(meter, &loop->account, &loop->library_bytes);
}

void event_io_want(struct event_io *io, unsigned interest)
{
    ASSERT((interest & ~(unsigned)INTEREST_MASK) == 0);
    if (event_io_interest(io) != interest) {
        change(io, interest);
    }
}

unsigned event_io_interest(const struct event_io *io)
{
    return ev_is_active(&io->watcher) ? (unsigned)io->watcher.events & INTEREST_MASK : 0;
}

void event_io_stop(struct event_io *io)
{
    change(io, 0);
}

void event_io_feed(struct event_io *io, unsigned ready)
{
    struct event_loop *loop = io->loop;
    if (ev_pending_count(loop->native) < loop->reserved) {
        ev_feed_event(loop->native, &io->watcher, (int)ready);
        return;
    }
    struct library_meter meter = library_meter_begin();
    ev_feed_event(loop->native, &io->watcher, (int)ready);
    library_meter_end(meter, &loop->account, &loop->library_bytes);
}

static void on_native_signal(struct ev_loop *native, ev_signal *watcher, int events)
{
    (void)native;
    (void)events;
    struct event_signal *signal = container_of(watcher, struct event_signal, watcher);
    signal->on_signal(signal, watcher->signum);
}

void event_signal_start(struct event_signal *signal, struct event_loop *loop, int number,
                        void (*on_signal)(struct event_signal *signal, int number))
{
    ev_signal_init(&signal->watcher, on_native_signal, number);
    signal->loop = loop;
    signal->on_signal = on_signal;
    ev_signal_start(loop->native, &signal->watcher);
}

void event_signal_stop(struct event_signal *signal)
{
    ev_signal_stop(signal->loop->native, &signal->watcher);
}
