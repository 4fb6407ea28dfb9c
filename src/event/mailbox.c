/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages from other threads: a ring of 256 under a lock, and libev's wake-up, which may be sent
 * from any thread.
 *
 * Messages are copied out one by one, so that no lock is held while one runs and posting goes on
 * meanwhile. Those that are posted while the box is emptied run in the next turn.
 *
 * What bounds its memory: EVENT_MAILBOX_MAX messages inside the loop; a sender is told when it is
 * full.
 */
#include "base/assert.h"
#include "event/loop_internal.h"

static void lock(struct event_mailbox *mailbox)
{
    int error = pthread_mutex_lock(&mailbox->lock);
    ASSERT(error == 0);
}

static void unlock(struct event_mailbox *mailbox)
{
    int error = pthread_mutex_unlock(&mailbox->lock);
    ASSERT(error == 0);
}

static bool take_message(struct event_mailbox *mailbox, struct event_message *message)
{
    lock(mailbox);
    bool is_found = mailbox->count > 0;
    if (is_found) {
        *message = mailbox->messages[mailbox->first];
        mailbox->first = (mailbox->first + 1) % EVENT_MAILBOX_MAX;
        mailbox->count--;
    }
    unlock(mailbox);
    return is_found;
}

static void on_wake(struct ev_loop *native, ev_async *watcher, int events)
{
    (void)native;
    (void)events;
    struct event_mailbox *mailbox = watcher->data;
    lock(mailbox);
    unsigned count = mailbox->count;
    unlock(mailbox);
    struct event_message message;
    while (count > 0 && take_message(mailbox, &message)) {
        message.on_message(message.argument);
        count--;
    }
}

void event_mailbox_init(struct event_loop *loop)
{
    struct event_mailbox *mailbox = &loop->mailbox;
    int error = pthread_mutex_init(&mailbox->lock, NULL);
    ASSERT(error == 0);
    ev_async_init(&mailbox->wake, on_wake);
    mailbox->wake.data = mailbox;
    mailbox->native = loop->native;
    ev_async_start(loop->native, &mailbox->wake);
}

void event_mailbox_wake(void *mailbox)
{
    struct event_mailbox *woken = mailbox;
    ev_async_send(woken->native, &woken->wake);
}

void event_mailbox_deinit(struct event_loop *loop)
{
    ev_async_stop(loop->native, &loop->mailbox.wake);
    (void)pthread_mutex_destroy(&loop->mailbox.lock);
}

enum result event_loop_post(struct event_loop *loop, void (*on_message)(void *argument),
                            void *argument)
{
    struct event_mailbox *mailbox = &loop->mailbox;
    lock(mailbox);
    bool is_full = mailbox->count == EVENT_MAILBOX_MAX;
    if (!is_full) {
        unsigned last = (mailbox->first + mailbox->count) % EVENT_MAILBOX_MAX;
        mailbox->messages[last] = (struct event_message){on_message, argument};
        mailbox->count++;
    }
    unlock(mailbox);
    if (is_full) {
        return RESULT_FULL;
    }
    event_mailbox_wake(mailbox);
    return RESULT_OK;
}
