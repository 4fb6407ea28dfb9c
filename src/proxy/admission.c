/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pausing and resuming listeners. The kernel's backlog holds who waits: nobody gets a reset because
 * of a limit. Each cause is looked at anew when a count changes, so that the way back is as certain
 * as the way in. No memory.
 */
#include "proxy/admission.h"

#include "memory/pressure.h"
#include "proxy/rate_limit.h"

static void set_paused(struct proxy *proxy, bool paused)
{
    LIST_EACH(link, &proxy->binds) {
        struct bind *bind = container_of(link, struct bind, link);
        bool is_tls_held = bind->settings->listener.is_tls && proxy->worker->tls_held;
        bool pauses = paused || is_tls_held;
        if (bind->quic != NULL) {
            if (pauses) {
                quic_listener_pause(bind->quic);
            } else {
                quic_listener_resume(bind->quic);
            }
            continue;
        }
        if (bind->listener.fd < 0 || bind->listener.is_paused == pauses) {
            continue;
        }
        if (pauses) {
            listener_pause(&bind->listener);
        } else {
            listener_resume(&bind->listener);
        }
    }
}

void proxy_update_admission(struct proxy *proxy)
{
    bool is_full = (proxy->maxconn != 0 && proxy->counters.sessions_current >= proxy->maxconn) ||
                   rate_limit_holds_proxy(proxy);
    bool pauses = is_full || proxy->worker->listeners_full || proxy->state != PROXY_READY;
    proxy->is_full = is_full;
    if (pauses != proxy->is_held && proxy->state != PROXY_STOPPED) {
        proxy->is_held = pauses;
        set_paused(proxy, pauses);
    }
}

void proxy_stop(struct proxy *proxy)
{
    proxy->state = PROXY_STOPPED;
    LIST_EACH(link, &proxy->binds) {
        struct bind *bind = container_of(link, struct bind, link);
        if (bind->quic != NULL) {
            quic_listener_close(bind->quic);
        } else if (bind->listener.fd >= 0) {
            listener_close(&bind->listener, false);
        }
    }
}

void proxy_pause(struct proxy *proxy)
{
    if (proxy->state == PROXY_READY) {
        proxy->state = PROXY_PAUSED;
        proxy_update_admission(proxy);
    }
}

void proxy_resume(struct proxy *proxy)
{
    if (proxy->state == PROXY_PAUSED) {
        proxy->state = PROXY_READY;
        proxy_update_admission(proxy);
    }
}

void worker_update_admission(struct worker *worker)
{
    const struct process_facts *facts = worker->facts;
    bool is_full = facts->connections_current >= facts->maxconn ||
                   pressure_level(worker->memory) >= PRESSURE_SCARCE ||
                   rate_limit_holds_worker(worker);
    bool tls_held = rate_limit_holds_tls(worker);
    if (tls_held != worker->tls_held) {
        worker->tls_held = tls_held;
        LIST_EACH(link, &worker->proxies) {
            struct proxy *proxy = container_of(link, struct proxy, link);
            set_paused(proxy, proxy->is_held);
        }
    }
    if (is_full != worker->listeners_full) {
        worker->listeners_full = is_full;
        LIST_EACH(link, &worker->proxies) {
            proxy_update_admission(container_of(link, struct proxy, link));
        }
    }
    if (facts->is_stopping && list_is_empty(&worker->sessions) && worker->on_stopped != NULL) {
        worker->on_stopped(worker);
    }
}
