/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's loop: epoll, edge-triggered, one registration for each connection; a binary heap of
 * deadlines; a list of connections to run again without an event.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "origin.h"

#define EVENTS_MAX  256
#define ACCEPTS_MAX 64U
#define NS_PER_MS   1000000
#define MS_PER_S    1000
#define SHORTAGE_US 10000U

static uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * MS_PER_S + (uint64_t)now.tv_nsec / NS_PER_MS;
}

/* --- deadlines: deadlines[0] is the earliest; the children of i are 2i+1 and 2i+2 */

static void place(struct worker *worker, size_t at, struct connection *c)
{
    worker->deadlines[at] = c;
    c->deadline_at = at + 1;
}

static void sift_up(struct worker *worker, size_t at, struct connection *c)
{
    while (at > 0 && worker->deadlines[(at - 1) / 2]->deadline_ms > c->deadline_ms) {
        place(worker, at, worker->deadlines[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(worker, at, c);
}

static void sift_down(struct worker *worker, size_t at, struct connection *c)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= worker->deadline_count) {
            break;
        }
        if (child + 1 < worker->deadline_count &&
            worker->deadlines[child + 1]->deadline_ms < worker->deadlines[child]->deadline_ms) {
            child++;
        }
        if (worker->deadlines[child]->deadline_ms >= c->deadline_ms) {
            break;
        }
        place(worker, at, worker->deadlines[child]);
        at = child;
    }
    place(worker, at, c);
}

static void remove_deadline(struct connection *c)
{
    struct worker *worker = c->worker;
    if (c->deadline_at == 0) {
        return;
    }
    size_t at = c->deadline_at - 1;
    c->deadline_at = 0;
    struct connection *last = worker->deadlines[--worker->deadline_count];
    if (last == c) {
        return;
    }
    if (last->deadline_ms < c->deadline_ms) {
        sift_up(worker, at, last);
    } else {
        sift_down(worker, at, last);
    }
}

void worker_set_deadline(struct connection *c, uint64_t delay_ms)
{
    struct worker *worker = c->worker;
    remove_deadline(c);
    if (delay_ms == 0) {
        return;
    }
    if (worker->deadline_count == worker->deadline_size) {
        size_t size = worker->deadline_size == 0 ? EVENTS_MAX : 2 * worker->deadline_size;
        struct connection **grown = realloc(worker->deadlines, size * sizeof(struct connection *));
        if (grown == NULL) {
            fputs("weir-origin: out of memory\n", stderr);
            exit(1);
        }
        worker->deadlines = grown;
        worker->deadline_size = size;
    }
    c->deadline_ms = worker->now_ms + delay_ms;
    sift_up(worker, worker->deadline_count++, c);
}

static void run_deadlines(struct worker *worker)
{
    while (worker->deadline_count > 0 && worker->deadlines[0]->deadline_ms <= worker->now_ms) {
        struct connection *c = worker->deadlines[0];
        remove_deadline(c);
        c->timed_out = true;
        connection_run(c);
    }
}

/* --- connections without an event, and closed ones */

void worker_make_ready(struct connection *c)
{
    if (!c->is_ready) {
        c->is_ready = true;
        c->next_ready = c->worker->ready;
        c->worker->ready = c;
    }
}

static void run_ready(struct worker *worker)
{
    struct connection *c = worker->ready;
    worker->ready = NULL;
    while (c != NULL) {
        struct connection *next = c->next_ready;
        c->is_ready = false;
        connection_run(c);
        c = next;
    }
}

void worker_drop(struct connection *c)
{
    if (c->state == STATE_CLOSED) {
        return;
    }
    remove_deadline(c);
    c->state = STATE_CLOSED;
    close(c->fd);
    if (c->previous_open != NULL) {
        c->previous_open->next_open = c->next_open;
    } else {
        c->worker->open = c->next_open;
    }
    if (c->next_open != NULL) {
        c->next_open->previous_open = c->previous_open;
    }
    c->next_gone = c->worker->gone;
    c->worker->gone = c;
}

/* Frees what was closed in this turn; one that is listed as ready waits for the next. */
static void free_gone(struct worker *worker)
{
    struct connection *c = worker->gone;
    worker->gone = NULL;
    while (c != NULL) {
        struct connection *next = c->next_gone;
        if (c->is_ready) {
            c->next_gone = worker->gone;
            worker->gone = c;
        } else {
            buffer_release(&c->in);
            buffer_release(&c->out);
            buffer_release(&c->extra);
            buffer_release(&c->content);
            if (c->sum != NULL) {
                gnutls_hash_deinit(c->sum, NULL);
            }
            free(c);
        }
        c = next;
    }
}

/* --- accepting */

static void accept_one(struct worker *worker, int fd, bool is_tcp)
{
    struct connection *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        close(fd);
        return;
    }
    int on = 1;
    c->worker = worker;
    c->fd = fd;
    c->is_tcp = is_tcp;
    c->writable = true;
    c->id = ++worker->connections;
    c->request.plan.linger = true;
    c->next_open = worker->open;
    if (worker->open != NULL) {
        worker->open->previous_open = c;
    }
    worker->open = c;
    if (is_tcp) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    event.data.ptr = c;
    epoll_ctl(worker->poll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_some(struct worker *worker, int listener)
{
    for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t length = sizeof(peer);
        int fd = accept4(listener, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accept_one(worker, fd, peer.ss_family == AF_INET || peer.ss_family == AF_INET6);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            perror("weir-origin: accept");
            usleep(SHORTAGE_US);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

static bool is_listener(const struct worker *worker, const void *pointer)
{
    const int *at = pointer;
    return at >= worker->listeners && at < worker->listeners + worker->listener_count;
}

static void on_event(struct worker *worker, const struct epoll_event *event)
{
    if (is_listener(worker, event->data.ptr)) {
        accept_some(worker, *(const int *)event->data.ptr);
        return;
    }
    struct connection *c = event->data.ptr;
    c->readable = c->readable || (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0;
    c->writable = c->writable || (event->events & EPOLLOUT) != 0;
    if ((event->events & EPOLLERR) != 0) {
        worker_drop(c);
    } else {
        connection_run(c);
    }
}

static int wait_ms(const struct worker *worker)
{
    if (worker->ready != NULL || worker->gone != NULL) {
        return 0;
    }
    if (worker->deadline_count == 0) {
        return -1;
    }
    uint64_t first = worker->deadlines[0]->deadline_ms;
    uint64_t left = first > worker->now_ms ? first - worker->now_ms : 0;
    return left > MS_PER_S ? MS_PER_S : (int)left;
}

static void close_all(struct worker *worker)
{
    while (worker->open != NULL) {
        worker_drop(worker->open);
    }
    run_ready(worker);
    free_gone(worker);
    free(worker->deadlines);
}

void worker_run(struct worker *worker)
{
    struct epoll_event events[EVENTS_MAX];
    for (size_t i = 0; i < worker->listener_count; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        event.data.ptr = &worker->listeners[i];
        epoll_ctl(worker->poll, EPOLL_CTL_ADD, worker->listeners[i], &event);
    }
    for (;;) {
        int count = epoll_wait(worker->poll, events, EVENTS_MAX, wait_ms(worker));
        worker->now_ms = clock_ms();
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) {
                close_all(worker); /* it is the signal descriptor */
                return;
            }
            on_event(worker, &events[i]);
        }
        run_ready(worker);
        run_deadlines(worker);
        free_gone(worker);
    }
}
