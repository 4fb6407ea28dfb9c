/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show pools, show memory: every byte and its owner. `show pools` has HAProxy's format and options
 * (management manual 9.3); `show memory` is ours: budget, pressure, ledger by kind of owner, the
 * allocator's and the kernel's view and the difference. Rows are collected in one pass over at most
 * POOLS_MAX storages, on the stack.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/cli.h"
#include "admin/commands.h"
#include "base/number.h"
#include "memory/pool.h"
#include "memory/pressure.h"

enum { POOLS_MAX = 128, DUMP_SIZE = 16384 };

enum pool_order { ORDER_CREATION, ORDER_NAME, ORDER_SIZE, ORDER_USAGE };

/* What the words behind "show pools" choose. */
struct pool_choice {
    enum pool_order order;
    const char *match; /* NULL: all */
    uint64_t most;     /* 0: all */
    bool is_detailed;
};

struct pool_rows {
    struct pool_usage rows[POOLS_MAX];
    unsigned count;
    const struct pool_choice *choice;
};

static void collect(const struct pool_usage *usage, void *argument)
{
    struct pool_rows *rows = argument;
    const char *match = rows->choice->match;
    bool is_wanted = match == NULL || strncmp(usage->name, match, strlen(match)) == 0;
    bool is_used = rows->choice->order != ORDER_USAGE || usage->used > 0;
    if (is_wanted && is_used && rows->count < POOLS_MAX) {
        rows->rows[rows->count++] = *usage;
    }
}

static int by_name(const void *a, const void *b)
{
    const struct pool_usage *left = a;
    const struct pool_usage *right = b;
    return strcmp(left->name, right->name);
}

static int by_size(const void *a, const void *b)
{
    const struct pool_usage *left = a;
    const struct pool_usage *right = b;
    return (left->object_bytes < right->object_bytes) - (left->object_bytes > right->object_bytes);
}

static int by_usage(const void *a, const void *b)
{
    const struct pool_usage *left = a;
    const struct pool_usage *right = b;
    size_t left_bytes = left->used * left->object_bytes;
    size_t right_bytes = right->used * right->object_bytes;
    return (left_bytes < right_bytes) - (left_bytes > right_bytes);
}

static void sort_rows(struct pool_rows *rows)
{
    int (*compare)(const void *a, const void *b) = NULL;
    switch (rows->choice->order) {
    case ORDER_CREATION:
        return;
    case ORDER_NAME:
        compare = by_name;
        break;
    case ORDER_SIZE:
        compare = by_size;
        break;
    case ORDER_USAGE:
        compare = by_usage;
        break;
    }
    qsort(rows->rows, rows->count, sizeof(rows->rows[0]), compare);
}

static void append_user(const char *name, size_t bytes, void *argument)
{
    text_append_format(argument, "      > %-16s : size=%zu\n", name, bytes);
}

static void append_row(struct text *text, const struct pool_usage *row, bool is_detailed)
{
    text_append_format(text,
                       "  - Pool %s (%zu bytes) : %zu allocated (%zu bytes), %zu used (~%zu by "
                       "thread caches), needed_avg %zu, %llu failures, %u users, @%p%s\n",
                       row->name, row->object_bytes, row->allocated,
                       row->allocated * row->object_bytes, row->used, row->in_caches,
                       row->needed_average, (unsigned long long)row->failed, row->users,
                       (const void *)row->storage, row->is_shared ? " [SHARED]" : "");
    if (is_detailed) {
        pool_each_user(row->storage, append_user, text);
    }
}

static void append_pools(struct text *text, struct memory *memory, const struct pool_choice *choice)
{
    struct pool_rows rows = {.choice = choice};
    pool_each(memory, collect, &rows);
    sort_rows(&rows);
    text_append_string(text, "Dumping pools usage. Use SIGQUIT to flush them.\n");
    size_t allocated = 0;
    size_t used = 0;
    size_t cached = 0;
    for (unsigned i = 0; i < rows.count; i++) {
        const struct pool_usage *row = &rows.rows[i];
        allocated += row->allocated * row->object_bytes;
        used += row->used * row->object_bytes;
        cached += row->in_caches * row->object_bytes;
        if (choice->most == 0 || i < choice->most) {
            append_row(text, row, choice->is_detailed);
        }
    }
    text_append_format(text,
                       "Total: %u pools, %zu bytes allocated, %zu used (~%zu by thread caches).\n",
                       rows.count, allocated, used, cached);
}

static bool read_choice(struct cli_request *request, struct pool_choice *choice)
{
    *choice = (struct pool_choice){.order = ORDER_CREATION};
    for (unsigned i = 2; i < request->count; i++) {
        const char *word = request->words[i];
        if (strcmp(word, "byname") == 0) {
            choice->order = ORDER_NAME;
        } else if (strcmp(word, "bysize") == 0) {
            choice->order = ORDER_SIZE;
        } else if (strcmp(word, "byusage") == 0) {
            choice->order = ORDER_USAGE;
        } else if (strcmp(word, "detailed") == 0) {
            choice->is_detailed = true;
        } else if (strcmp(word, "match") == 0 && i + 1 < request->count) {
            choice->match = request->words[++i];
        } else if (number_parse_decimal(slice_from_string(word), &choice->most) != RESULT_OK) {
            text_append_string(request->out,
                               "Expects 'byname', 'bysize', 'byusage', 'match <pfx>', 'detailed', "
                               "or a max number of output lines.\n");
            return false;
        }
    }
    return true;
}

static enum result show_pools(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct pool_choice choice;
    if (read_choice(request, &choice)) {
        append_pools(request->out, request->worker->memory, &choice);
    }
    return RESULT_END;
}

static void append_kinds(struct text *text, const struct memory_usage *usage)
{
    text_append_string(text, "Ledger by owner:\n");
    for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
        text_append_format(text, "  %-14s : %zu bytes\n",
                           account_kind_name((enum account_kind)kind), usage->by_kind[kind]);
    }
}

static void append_truth(struct text *text, const struct memory_usage *usage)
{
    text_append_format(
        text,
        "Truth:\n  ledger used    : %zu bytes\n  allocator      : %zu bytes allocated, %zu "
        "resident\n  kernel         : %zu bytes resident, %zu proportional\n  difference     : "
        "%lld bytes (kernel resident less ledger)\n",
        usage->used, usage->allocator_allocated, usage->allocator_resident, usage->kernel_resident,
        usage->kernel_proportional, (long long)usage->kernel_resident - (long long)usage->used);
}

static enum result show_memory(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct memory *memory = request->worker->memory;
    struct memory_usage usage;
    memory_read_usage(memory, &usage);
    struct text *out = request->out;
    text_append_format(out,
                       "Budget:\n  limit          : %zu bytes%s\n  for traffic    : %zu bytes\n  "
                       "leased         : %zu bytes\n  used           : %zu bytes (most: %zu)\n  "
                       "startup        : %zu bytes\n  pool caches    : %zu bytes\n  overhead       "
                       ": %zu bytes\n  operator       : %zu bytes reserved\n",
                       usage.limit, usage.limit == 0 ? " (none)" : "", usage.traffic_max,
                       usage.leased, usage.used, usage.high_water, usage.startup, usage.pool_caches,
                       usage.overhead, usage.operator_reserve);
    text_append_format(out, "Pressure:\n  level          : %s for %llu ms\n",
                       pressure_level_name(pressure_level(memory)),
                       (unsigned long long)pressure_since_ms(memory, request->now_ms));
    for (unsigned level = PRESSURE_TIGHT; level < PRESSURE_LEVELS; level++) {
        text_append_format(
            out, "  entered %-6s : %llu times\n", pressure_level_name((enum pressure_level)level),
            (unsigned long long)pressure_entered(memory, (enum pressure_level)level));
    }
    append_kinds(out, &usage);
    text_append_format(out,
                       "Refusals:\n  by the budget  : %llu\n  by an account  : %llu\n  injected    "
                       "   : %llu\n  exchanges      : %llu\n",
                       (unsigned long long)usage.refused_budget,
                       (unsigned long long)usage.refused_cap,
                       (unsigned long long)usage.failed_injected,
                       (unsigned long long)request->worker->facts->refused_memory);
    append_truth(out, &usage);
    return RESULT_END;
}

void admin_dump_pools(struct worker *worker, int fd)
{
    char buffer[DUMP_SIZE];
    struct text text = text_over(buffer, sizeof(buffer));
    struct pool_choice choice = {.order = ORDER_CREATION};
    append_pools(&text, worker->memory, &choice);
    (void)!write(fd, text.data, text.length);
    pool_trim_all(worker->memory, true);
}

const struct cli_command COMMANDS_MEMORY[] = {
    {"show pools",
     "[byname|bysize|byusage] [match <pfx>] [detailed] [<nb>] : report information about the "
     "memory pools usage",
     CLI_USER, show_pools, NULL},
    {"show memory", ": report the memory budget, its owners and the pressure", CLI_USER,
     show_memory, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
