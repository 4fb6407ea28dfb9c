/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What signals do. A soft stop ends when the last client is gone, or with hard-stop-after;
 * everything else ends at the next turn of the loop. Nothing is allocated here: a signal must work
 * when memory is full.
 */
#include "process/signals.h"

#include <signal.h>
#include <unistd.h>

#include "base/assert.h"
#include "process/instance.h"
#include "proxy/admission.h"
#include "proxy/logs.h"
#include "proxy/proxy.h"
#include "proxy/worker_life.h"

static struct instance *instance_of(struct event_signal *signal, int number)
{
    struct event_signal *first = signal;
    static const int NUMBERS[] = {SIGUSR1, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGTTOU, SIGTTIN};
    for (unsigned i = 0; NUMBERS[i] != number; i++) {
        first--;
    }
    return container_of(first, struct instance, signals[0]);
}

static void on_soft_stopped(struct worker *worker)
{
    event_loop_stop(worker->loop);
}

static void on_hard_stop(struct event_timer *timer)
{
    struct instance *instance = container_of(timer, struct instance, hard_stop);
    report_write(instance->report, REPORT_WARNING,
                 "soft-stop running for too long, performing a hard-stop.");
    worker_stop_hard(&instance->worker);
    event_loop_stop(instance->loop);
}

static void on_soft_stop(struct event_signal *signal, int number)
{
    struct instance *instance = instance_of(signal, number);
    if (instance->is_soft_stopping) {
        return;
    }
    instance->is_soft_stopping = true;
    LIST_EACH(link, &instance->worker.proxies) {
        struct proxy *proxy = container_of(link, struct proxy, link);
        report_write(instance->report, REPORT_WARNING,
                     "Proxy %s stopped (cumulated conns: FE: %llu, BE: %llu).",
                     proxy->settings->name, (unsigned long long)proxy->counters.connections_total,
                     (unsigned long long)proxy->backend.counters.sessions_total);
    }
    uint64_t limit_ms = instance->configuration.global.hard_stop_after_ms;
    if (limit_ms != 0) {
        event_timer_set(&instance->hard_stop, limit_ms);
    }
    instance->worker.on_stopped = on_soft_stopped;
    worker_stop_soft(&instance->worker);
}

static void on_terminate(struct event_signal *signal, int number)
{
    event_loop_stop(instance_of(signal, number)->loop);
}

static void on_dump_pools(struct event_signal *signal, int number)
{
    admin_dump_pools(&instance_of(signal, number)->worker, STDERR_FILENO);
}

static void on_log_state(struct event_signal *signal, int number)
{
    struct instance *instance = instance_of(signal, number);
    LIST_EACH(link, &instance->worker.proxies) {
        enum { LINE_SIZE = 256 };
        char buffer[LINE_SIZE];
        struct text line = text_over(buffer, sizeof(buffer));
        const struct proxy *proxy = container_of(link, struct proxy, link);
        text_append_format(&line,
                           "SIGHUP: Proxy %s has %u active servers and %u backup servers "
                           "available. Conn: %u act, %u pend, %llu tot.",
                           proxy->settings->name, proxy->backend.usable_active,
                           proxy->backend.usable_backup, proxy->counters.sessions_current,
                           proxy->backend.queue_length,
                           (unsigned long long)proxy->counters.sessions_total);
        logs_write_global(&instance->worker, SYSLOG_WARNING, text_slice(&line));
    }
}

static void on_pause(struct event_signal *signal, int number)
{
    LIST_EACH(link, &instance_of(signal, number)->worker.proxies) {
        proxy_pause(container_of(link, struct proxy, link));
    }
}

static void on_resume(struct event_signal *signal, int number)
{
    LIST_EACH(link, &instance_of(signal, number)->worker.proxies) {
        proxy_resume(container_of(link, struct proxy, link));
    }
}

void signals_start(struct instance *instance)
{
    static const struct {
        int number;
        void (*on_signal)(struct event_signal *signal, int number);
    } ROWS[] = {
        {SIGUSR1, on_soft_stop},  {SIGTERM, on_terminate}, {SIGINT, on_terminate},
        {SIGQUIT, on_dump_pools}, {SIGHUP, on_log_state},  {SIGTTOU, on_pause},
        {SIGTTIN, on_resume},
    };
    signal(SIGPIPE, SIG_IGN);
    event_timer_init(&instance->hard_stop, instance->loop, on_hard_stop);
    instance->signals_count = sizeof(ROWS) / sizeof(ROWS[0]);
    for (unsigned i = 0; i < instance->signals_count; i++) {
        event_signal_start(&instance->signals[i], instance->loop, ROWS[i].number,
                           ROWS[i].on_signal);
    }
}

void signals_stop(struct instance *instance)
{
    if (instance->signals_count > 0) {
        event_timer_stop(&instance->hard_stop);
    }
    for (unsigned i = 0; i < instance->signals_count; i++) {
        event_signal_stop(&instance->signals[i]);
    }
    instance->signals_count = 0;
}

void signals_tell_old_processes(const struct instance *instance)
{
    const struct command_line *line = instance->line;
    for (unsigned i = 0; i < line->old_pids_count; i++) {
        kill(line->old_pids[i], line->finish_old ? SIGUSR1 : SIGTERM);
    }
}
