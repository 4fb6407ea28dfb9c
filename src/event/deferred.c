/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred callbacks: what must not happen inside a libev callback (releasing the object it belongs
 * to), or should happen once however often it was asked for in a turn.
 *
 * The list is moved aside before it is walked: what is deferred meanwhile runs in the next turn,
 * which then does not block, so that a callback that defers itself cannot keep descriptors from
 * being served.
 *
 * What bounds its memory: links are their owners'.
 */
#include "event/loop_internal.h"

void event_deferred_init(struct event_deferred *deferred,
                         void (*on_deferred)(struct event_deferred *deferred))
{
    list_init(&deferred->link);
    deferred->on_deferred = on_deferred;
}

void event_defer(struct event_loop *loop, struct event_deferred *deferred)
{
    if (list_is_empty(&deferred->link)) {
        list_append(&loop->deferred, &deferred->link);
    }
}

void event_defer_cancel(struct event_deferred *deferred)
{
    list_remove(&deferred->link);
}

void event_deferred_run(struct event_loop *loop)
{
    if (list_is_empty(&loop->deferred)) {
        return;
    }
    struct list due;
    list_init(&due);
    list_insert_after(&loop->deferred, &due);
    list_remove(&loop->deferred);
    struct list *link;
    while ((link = list_take_first(&due)) != NULL) {
        struct event_deferred *deferred = container_of(link, struct event_deferred, link);
        deferred->on_deferred(deferred);
    }
}
