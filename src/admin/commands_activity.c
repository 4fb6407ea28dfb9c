/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show activity: what the worker has done, with HAProxy's names and form where weir has the same
 * thing ("name: total [ a thread ]"). One row a counter; no memory.
 */
#include <inttypes.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "base/clock.h"
#include "base/number.h"
#include "memory/pressure.h"

static uint64_t read_streams(const struct worker *worker)
{
    return worker->facts->streams_total;
}

static uint64_t read_accepted(const struct worker *worker)
{
    return worker->facts->connections_total;
}

static uint64_t read_failures(const struct worker *worker)
{
    struct memory_usage usage;
    memory_read_usage(worker->memory, &usage);
    return usage.refused_budget + usage.refused_cap + usage.failed_injected;
}

static uint64_t read_waiting(const struct worker *worker)
{
    return memory_waiting_up_to(worker->ledger, WAIT_CLASSES - 1);
}

static uint64_t read_idle(const struct worker *worker)
{
    return event_loop_idle_percent(worker->loop);
}

static const struct {
    const char *name;
    uint64_t (*read)(const struct worker *worker);
} ROWS[] = {
    {"stream_calls", read_streams}, /* streams begun */
    {"pool_fail", read_failures},   /* refusals of memory */
    {"buf_wait", read_waiting},     /* who waits for memory now */
    {"idle_pct", read_idle},        /* of the last seconds */
    {"accepted", read_accepted},
};

static void append_seconds(struct text *out, const char *name, uint64_t us)
{
    text_append_format(out, "%s: %" PRIu64 ".%06" PRIu64 "\n", name, us / US_PER_SECOND,
                       us % US_PER_SECOND);
}

static enum result show_activity(struct cli_request *request, void *opaque)
{
    (void)opaque;
    const struct worker *worker = request->worker;
    uint64_t up_ms = request->now_ms - worker->facts->started_ms;
    text_append_string(request->out, "thread_id: 1 (1..1)\n");
    append_seconds(request->out, "date_now", event_wall_us(worker->loop));
    append_seconds(request->out, "uptime_now", up_ms * US_PER_MS);
    for (unsigned i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        uint64_t value = ROWS[i].read(worker);
        text_append_format(request->out, "%s: %" PRIu64 " [ %" PRIu64 " ]\n", ROWS[i].name, value,
                           value);
    }
    return RESULT_END;
}

const struct cli_command COMMANDS_ACTIVITY[] = {
    {"show activity", "[-1|0|thread_num] : show per-thread activity stats", CLI_OPERATOR,
     show_activity, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
