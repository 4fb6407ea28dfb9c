/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepting. A descriptor is taken from the backlog only when everything that its connection needs
 * at once can be had; otherwise the backlog waits, and so does the client, which sees a slow accept
 * and no reset.
 *
 * Polling happens while the listener is started, not paused by its owner, and nothing holds it:
 * memory (ends when a waiter is woken), TLS handshakes under way (ends when one is done),
 * descriptors (tried again after 100 ms). Admission charges the bytes and gives them back: nobody
 * else takes them from this worker's lease before on_accept does.
 *
 * What bounds its memory: the listener is its owner's; accepts_max connections a turn.
 */
#include "transport/listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"

enum {
    DESCRIPTORS_RETRY_MS = 100,
    /* A listener that was refused, woken and refused again would burn time: it is woken no sooner.
     */
    MEMORY_RETRY_MS = 20,
};

static void on_acceptable(struct event_io *io, unsigned ready);
static void on_memory(struct memory_waiter *waiter);
static void on_handshake_room(struct handshake_waiter *waiter);
static void on_retry(struct event_timer *timer);

enum result listener_bind(struct listener *listener, struct transport *transport,
                          const struct listener_options *options, struct text *error)
{
    listener->fd = -1;
    int fd;
    enum result result = listen_socket_open(options, &fd, error);
    if (result != RESULT_OK) {
        return result;
    }
    listener->transport = transport;
    listener->options = *options;
    listener->fd = fd;
    listener->is_paused = false;
    listener->is_started = false;
    listener->holds = 0;
    listener->accept_errors = 0;
    account_init(&listener->admission, transport->ledger,
                 options->is_operator ? ACCOUNT_OPERATOR : ACCOUNT_CLIENT, 0);
    memory_waiter_init(&listener->memory_waiter, on_memory);
    list_init(&listener->handshake_waiter.link);
    listener->handshake_waiter.on_room = on_handshake_room;
    event_timer_init(&listener->retry, transport->loop, on_retry);
    event_io_init(&listener->io, transport->loop, fd, on_acceptable);
    return RESULT_OK;
}

static void update_polling(struct listener *listener)
{
    bool is_polling = listener->is_started && !listener->is_paused && listener->holds == 0;
    event_io_want(&listener->io, is_polling ? EVENT_READ : 0);
}

enum result listener_start(struct listener *listener, struct text *error)
{
    enum result result = listen_socket_listen(listener->fd, &listener->options, error);
    if (result == RESULT_OK) {
        listener->is_started = true;
        update_polling(listener);
    }
    return result;
}

void listener_pause(struct listener *listener)
{
    listener->is_paused = true;
    update_polling(listener);
}

void listener_resume(struct listener *listener)
{
    listener->is_paused = false;
    update_polling(listener);
}

void listener_close(struct listener *listener, bool unlink_path)
{
    if (listener->fd < 0) {
        return;
    }
    event_io_stop(&listener->io);
    event_timer_stop(&listener->retry);
    memory_wait_cancel(&listener->memory_waiter);
    list_remove(&listener->handshake_waiter.link);
    account_deinit(&listener->admission);
    (void)close(listener->fd);
    listener->fd = -1;
    const struct address *address = &listener->options.address;
    if (unlink_path && address->family == AF_UNIX && !address->is_abstract) {
        (void)unlink(address->path);
    }
}

/* ---- holds ---- */

static void end_hold(struct listener *listener, enum listener_hold hold)
{
    listener->holds &= ~(unsigned)hold;
    update_polling(listener);
}

static void on_memory(struct memory_waiter *waiter)
{
    struct listener *listener = container_of(waiter, struct listener, memory_waiter);
    uint64_t now_ms = event_now_ms(listener->transport->loop);
    if (now_ms - listener->held_ms < MEMORY_RETRY_MS) {
        event_timer_set(&listener->retry, MEMORY_RETRY_MS);
        return;
    }
    end_hold(listener, LISTENER_HOLD_MEMORY);
}

static void on_handshake_room(struct handshake_waiter *waiter)
{
    end_hold(container_of(waiter, struct listener, handshake_waiter), LISTENER_HOLD_HANDSHAKES);
}

static void on_retry(struct event_timer *timer)
{
    struct listener *listener = container_of(timer, struct listener, retry);
    if (list_is_empty(&listener->memory_waiter.link)) {
        end_hold(listener, LISTENER_HOLD_MEMORY);
    }
    end_hold(listener, LISTENER_HOLD_DESCRIPTORS);
}

static void hold_for_memory(struct listener *listener)
{
    listener->holds |= LISTENER_HOLD_MEMORY;
    listener->held_ms = event_now_ms(listener->transport->loop);
    if (listener->options.is_operator) {
        /* At `full` nobody who waits for admission is woken: the reserve is looked at again. */
        event_timer_set(&listener->retry, MEMORY_RETRY_MS);
    } else {
        memory_wait(listener->transport->ledger, WAIT_ACCEPT, &listener->memory_waiter);
    }
    update_polling(listener);
}

static void hold_for_handshakes(struct listener *listener)
{
    listener->holds |= LISTENER_HOLD_HANDSHAKES;
    transport_wait_handshake(listener->transport, &listener->handshake_waiter);
    update_polling(listener);
}

static void hold_for_descriptors(struct listener *listener)
{
    listener->holds |= LISTENER_HOLD_DESCRIPTORS;
    event_timer_set(&listener->retry, DESCRIPTORS_RETRY_MS);
    update_polling(listener);
}

/* ---- accepting ---- */

/*
 * Whether each object that a connection needs can be taken, all at the same time. They are taken
 * and released, since it may be a whole slab that is missing; what was released is free for the
 * connection that is accepted next.
 */
static bool can_take_objects(struct listener *listener)
{
    enum { POOLS = LISTENER_POOLS_MAX + 1 };
    struct pool *pools[POOLS] = {listener->transport->connections};
    void *objects[POOLS] = {NULL};
    bool is_carried = true;
    memcpy(pools + 1, listener->options.admission_pools, sizeof(listener->options.admission_pools));
    for (unsigned i = 0; i < POOLS && is_carried; i++) {
        objects[i] = pools[i] == NULL ? NULL : pool_take(pools[i], &listener->admission);
        is_carried = pools[i] == NULL || objects[i] != NULL;
    }
    for (unsigned i = 0; i < POOLS; i++) {
        if (objects[i] != NULL) {
            pool_release(pools[i], &listener->admission, objects[i]);
        }
    }
    return is_carried;
}

/* Whether one more connection can be had; else the listener holds. */
static bool admit(struct listener *listener)
{
    const struct listener_options *options = &listener->options;
    if (options->is_tls && !transport_has_handshake_room(listener->transport)) {
        hold_for_handshakes(listener);
        return false;
    }
    size_t bytes = options->admission_bytes + (options->is_tls ? TLS_HANDSHAKE_BYTES : 0);
    bool leaves_room =
        options->is_operator || memory_has_room(listener->transport->ledger, WAIT_ACCEPT, bytes);
    if (!leaves_room || account_charge(&listener->admission, bytes) != RESULT_OK) {
        hold_for_memory(listener);
        return false;
    }
    bool is_carried = can_take_objects(listener);
    account_discharge(&listener->admission, bytes);
    if (!is_carried) {
        hold_for_memory(listener);
    }
    return is_carried;
}

/* A failed accept4(): whether the next may be tried in this turn. */
static bool can_go_on(struct listener *listener, int error)
{
    if (error == EAGAIN || error == EWOULDBLOCK) {
        return false;
    }
    if (error == EINTR) {
        return true;
    }
    listener->accept_errors++;
    if (error == ECONNABORTED || error == EPERM || error == EPROTO) {
        /* The connection that was waiting is gone; the next may be well. */
        return true;
    }
    /* No descriptor or no kernel memory, or a lasting error: not again at once. */
    hold_for_descriptors(listener);
    return false;
}

/* Accepts one; false when the turn is over for this listener. */
static bool accept_one(struct listener *listener)
{
    if (!admit(listener)) {
        return false;
    }
    struct sockaddr_storage storage;
    socklen_t length = sizeof(storage);
    int fd =
        accept4(listener->fd, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return can_go_on(listener, errno);
    }
    struct address peer = address_from_socket(&storage, length);
    enum result result = listener->on_accept(listener, fd, &peer);
    if (result == RESULT_NO_MEMORY && listener->fd >= 0 && listener->holds == 0) {
        hold_for_memory(listener);
    }
    return result == RESULT_OK;
}

static void on_acceptable(struct event_io *io, unsigned ready)
{
    (void)ready;
    struct listener *listener = container_of(io, struct listener, io);
    for (uint32_t i = 0; i < listener->transport->accepts_max; i++) {
        bool goes_on = accept_one(listener);
        if (!goes_on || listener->fd < 0 || listener->is_paused) {
            return;
        }
    }
}
