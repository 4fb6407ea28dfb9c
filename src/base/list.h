/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intrusive doubly linked circular lists. A head and a member are the same struct; a member that
 * is in no list points to itself. Nothing is allocated.
 */
#ifndef WEIR_BASE_LIST_H
#define WEIR_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/assert.h"

struct list {
    struct list *next;
    struct list *previous;
};

/* Makes `list` an empty head, or a member of no list. */
static inline void list_init(struct list *list)
{
    list->next = list;
    list->previous = list;
}

/* Whether a head has no members, or a member is in no list. */
static inline bool list_is_empty(const struct list *list)
{
    return list->next == list;
}

/* Inserts `member` right behind `position` (behind a head: as first). */
static inline void list_insert_after(struct list *position, struct list *member)
{
    member->next = position->next;
    member->previous = position;
    position->next->previous = member;
    position->next = member;
}

/* Inserts `member` as the last of the list. */
static inline void list_append(struct list *head, struct list *member)
{
    list_insert_after(head->previous, member);
}

/* Takes `member` out of its list; harmless when it is in none. */
static inline void list_remove(struct list *member)
{
    member->next->previous = member->previous;
    member->previous->next = member->next;
    list_init(member);
}

/* The first member, or NULL when the list is empty. */
static inline struct list *list_first(const struct list *head)
{
    return head->next == head ? NULL : head->next;
}

/* Takes out and returns the first member, or NULL when the list is empty. */
static inline struct list *list_take_first(struct list *head)
{
    struct list *first = list_first(head);
    if (first != NULL) {
        list_remove(first);
    }
    return first;
}

/* Walks a list; `link` must not be removed inside (use LIST_EACH_SAFE for that). */
#define LIST_EACH(link, head) \
    for (struct list *link = (head)->next; link != (head); link = link->next)

/* Walks a list; the current member may be removed or released inside. */
#define LIST_EACH_SAFE(link, head)                                                    \
    for (struct list *link = (head)->next, *link##_next = link->next; link != (head); \
         link = link##_next, link##_next = link->next)

#endif
