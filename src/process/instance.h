/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An instance: the whole running process, composed in order: memory, configuration, loop, worker,
 * proxies, administration. Everything that would be a global elsewhere is here.
 */
#ifndef WEIR_PROCESS_INSTANCE_H
#define WEIR_PROCESS_INSTANCE_H

#include <stdbool.h>

#include "admin/admin.h"
#include "base/result.h"
#include "config/config.h"
#include "event/loop.h"
#include "memory/chunk.h"
#include "memory/memory.h"
#include "process/command_line.h"
#include "process/report.h"
#include "proxy/worker.h"

struct instance {
    const struct command_line *line;
    struct report *report;
    struct memory *memory;
    struct account account; /* ACCOUNT_CONFIGURATION */
    struct configuration configuration;
    struct chunk_source chunks;
    struct event_loop *loop;
    struct worker worker;
    struct process_facts facts;
    struct admin *admin;
    struct event_signal signals[8];
    unsigned signals_count;
    struct event_timer hard_stop; /* hard-stop-after */
    char node_name[64];
    bool has_worker;
    bool is_soft_stopping;
    int exit_status;
};

#endif
