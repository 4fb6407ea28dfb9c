/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log targets: the sinks of a proxy's `log` lines, or the global ones for those with `log global`.
 * Levels, sampling and headers are the sink's; this only goes through them. Bounded by the number
 * of `log` lines.
 */
#include "proxy/logs.h"

#include "proxy/settings.h"

static unsigned count_of(const struct list *settings)
{
    unsigned count = 0;
    LIST_EACH(link, settings) {
        count++;
    }
    return count;
}

enum result logs_open(struct worker *worker, const struct list *settings,
                      struct log_target **targets, unsigned *count, struct text *error)
{
    unsigned wanted = count_of(settings);
    *targets = NULL;
    *count = 0;
    if (wanted == 0) {
        return RESULT_OK;
    }
    *targets = memory_take(&worker->account, wanted * sizeof(**targets));
    if (*targets == NULL) {
        return RESULT_NO_MEMORY;
    }
    LIST_EACH(link, settings) {
        struct log_target *target = &(*targets)[*count];
        target->settings = container_of(link, struct log_settings, link);
        enum result result =
            log_sink_open(&worker->log_outputs, &target->settings->sink, &target->sink, error);
        if (result != RESULT_OK) {
            logs_close(worker, *targets, *count);
            *targets = NULL;
            *count = 0;
            return result;
        }
        (*count)++;
    }
    return RESULT_OK;
}

void logs_close(struct worker *worker, struct log_target *targets, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        log_sink_close(targets[i].sink);
    }
    memory_release(&worker->account, targets);
}

static void write_all(const struct log_target *targets, unsigned count, enum syslog_level level,
                      struct slice tag, struct slice line)
{
    struct log_line log_line = {.level = level, .tag = tag, .parts = &line, .parts_count = 1};
    for (unsigned i = 0; i < count; i++) {
        log_sink_write(targets[i].sink, &log_line);
    }
}

static struct slice tag_of(const struct worker *worker, const struct proxy *proxy)
{
    const char *global = worker->configuration->global.log_tag;
    const char *own = proxy != NULL ? proxy->settings->log_tag : NULL;
    return own != NULL ? slice_from_string(own)
                       : slice_from_string(global != NULL ? global : "haproxy");
}

void logs_write(const struct proxy *proxy, enum syslog_level level, struct slice line)
{
    const struct worker *worker = proxy->worker;
    write_all(proxy->logs, proxy->logs_count, level, tag_of(worker, proxy), line);
    if (proxy->settings->log_global) {
        write_all(worker->global_logs, worker->global_logs_count, level, tag_of(worker, proxy),
                  line);
    }
}

void logs_write_global(struct worker *worker, enum syslog_level level, struct slice line)
{
    write_all(worker->global_logs, worker->global_logs_count, level, tag_of(worker, NULL), line);
}
