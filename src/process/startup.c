/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The composition of a process, in the order in which its parts need each other, and its release in
 * reverse. What startup took is charged to the configuration's account before the first connection,
 * so that the limit holds for the whole resident size. Errors are reported with HAProxy's words
 * where it has some.
 */
#include "process/startup.h"

#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/number.h"
#include "memory/fault.h"
#include "process/limits.h"
#include "process/registry.h"
#include "process/signals.h"
#include "proxy/logs.h"
#include "proxy/proxy_life.h"
#include "proxy/server_change.h"
#include "proxy/worker_life.h"
#include "rules/auth.h"
#include "rules/sample_argument.h"

enum { ERROR_SIZE = 1024 };

static void apply_command_line(struct instance *instance)
{
    const struct command_line *line = instance->line;
    struct global_settings *global = &instance->configuration.global;
    if (line->maxconn != 0) {
        global->maxconn = line->maxconn;
    }
    if (line->pidfile != NULL) {
        global->pidfile = line->pidfile;
    }
    global->no_splice = global->no_splice || line->no_splice;
    global->daemon = (global->daemon || line->daemon) && !line->foreground && !line->debug;
}

/* -dMfail with the percentage of tune.fail-alloc; only now, since a start is not to fail by it. */
static void fail_at_random(struct instance *instance)
{
    if (instance->line->memory.fail_enabled) {
        fault_set_percent(instance->memory, instance->configuration.global.memory.fail_percent);
    }
}

enum result instance_load(struct instance *instance, const struct command_line *line,
                          struct report *report)
{
    *instance = (struct instance){.line = line, .report = report};
    struct memory_options options = line->memory;
    options.limit_bytes = (size_t)line->memory_mib * MEBIBYTE;
    if (memory_create(&options, &instance->memory) != RESULT_OK) {
        report_write(report, REPORT_ALERT, "cannot allocate memory for the memory governor");
        return RESULT_FAILED;
    }
    account_init(&instance->account, memory_ledger(instance->memory, 0), ACCOUNT_CONFIGURATION, 0);
    configuration_init(&instance->configuration, &instance->account);
    struct config_input input = {
        .paths = line->files,
        .paths_count = line->files_count,
        .check_only = line->command == COMMAND_CHECK,
        .diagnostics = line->diagnostics,
        .zero_warning = line->zero_warning,
        .registry = registry_rules(),
        .report = &report->config,
        .version = WEIR_VERSION,
    };
    enum result result = configuration_load(&instance->configuration, &input);
    apply_command_line(instance);
    return result;
}

/* ---- building ---- */

static void fill_facts(struct instance *instance)
{
    struct process_facts *facts = &instance->facts;
    const char *node = instance->configuration.global.node;
    if (node == NULL && gethostname(instance->node_name, sizeof(instance->node_name) - 1) == 0) {
        node = instance->node_name;
    }
    facts->node_name = node != NULL ? node : "localhost";
    facts->version = WEIR_VERSION;
    facts->startup_logs = &instance->report->log;
    facts->pid = (uint32_t)getpid();
    facts->started_ms = event_now_ms(instance->loop);
    facts->started_wall_us = event_wall_us(instance->loop);
}

static enum result build_worker(struct instance *instance)
{
    const struct global_settings *global = &instance->configuration.global;
    enum result result = chunk_source_init(&instance->chunks, instance->memory, global->bufsize,
                                           global->bufsize_large);
    if (result == RESULT_OK) {
        result = event_loop_create(memory_ledger(instance->memory, 0),
                                   instance->facts.descriptors_max, &instance->loop);
    }
    if (result == RESULT_OK) {
        fill_facts(instance);
        result = worker_init(&instance->worker, instance->memory, 0, instance->loop,
                             &instance->chunks, &instance->configuration, &instance->facts);
        instance->worker.services = registry_services();
        instance->has_worker = result == RESULT_OK;
    }
    if (result != RESULT_OK) {
        report_write(instance->report, REPORT_ALERT,
                     "cannot start: the memory limit does not carry an idle process");
    }
    return result;
}

static enum result report_failure(struct instance *instance, const struct proxy_settings *settings,
                                  enum result result, const struct text *error)
{
    const char *reason = error->length > 0 ? error->data : "out of memory";
    report_write(instance->report, REPORT_ALERT, "config : Proxy '%s' [%s:%u]: %s", settings->name,
                 settings->file, settings->line, reason);
    return result;
}

/* `track`: once all proxies are there. */
static enum result connect_trackers(struct instance *instance)
{
    char buffer[ERROR_SIZE];
    struct text error = text_over(buffer, sizeof(buffer));
    enum result result = server_change_connect_trackers(&instance->worker, &error);
    if (result != RESULT_OK) {
        report_write(instance->report, REPORT_ALERT, "config : parsing %s", buffer);
    }
    return result;
}

static enum result build_proxies(struct instance *instance)
{
    enum result all = RESULT_OK;
    LIST_EACH(link, &instance->configuration.proxies) {
        struct proxy_settings *settings = container_of(link, struct proxy_settings, link);
        char buffer[ERROR_SIZE];
        struct text error = text_over(buffer, sizeof(buffer));
        struct proxy *proxy = NULL;
        enum result result = proxy_create(&instance->worker, settings, &proxy, &error);
        if (result != RESULT_OK) {
            all = report_failure(instance, settings, RESULT_INVALID, &error);
        }
    }
    return all == RESULT_OK ? connect_trackers(instance) : all;
}

/* The object that a name in an expression stands for; NULL: there is none. */
static void *find_target(struct instance *instance, const struct sample_reference *reference)
{
    struct worker *worker = &instance->worker;
    struct slice name = slice_from_string(reference->name);
    unsigned role = reference->kind == ARGUMENT_FRONTEND ? PROXY_FRONTEND : PROXY_BACKEND;
    struct proxy *proxy = proxy_find(worker, name, role);
    if (reference->kind == ARGUMENT_USERLIST) {
        return userlists_find(instance->configuration.userlists, name);
    }
    if (proxy == NULL || reference->kind == ARGUMENT_TABLE) {
        return NULL;
    }
    if (reference->kind == ARGUMENT_SERVER) {
        return backend_find_server(&proxy->backend, slice_from_string(reference->server));
    }
    return reference->kind == ARGUMENT_FRONTEND ? (void *)&proxy->identity : &proxy->backend;
}

static enum result bind_reference(void *argument, struct sample_reference *reference)
{
    struct instance *instance = argument;
    reference->target = find_target(instance, reference);
    if (reference->target == NULL && !reference->is_implicit) {
        report_write(instance->report, REPORT_ALERT,
                     "config : parsing [%s:%u] : unable to find '%s%s%s' referenced in arg %u of "
                     "sample fetch "
                     "keyword '%s'.",
                     reference->file, reference->line, reference->name,
                     reference->server != NULL ? "/" : "",
                     reference->server != NULL ? reference->server : "", reference->position,
                     reference->keyword);
        return RESULT_INVALID;
    }
    return RESULT_OK;
}

/* buf0 and those of the configuration, before any log line names them. */
static enum result add_rings(struct instance *instance)
{
    struct log_outputs *outputs = &instance->worker.log_outputs;
    enum result result = log_outputs_add_default_ring(outputs);
    LIST_EACH(link, &instance->configuration.rings) {
        if (result == RESULT_OK) {
            result = log_outputs_add_ring(outputs,
                                          &container_of(link, struct ring_settings, link)->options);
        }
    }
    if (result != RESULT_OK) {
        report_write(instance->report, REPORT_ALERT, "config : out of memory for rings");
    }
    return result;
}

static enum result open_global_logs(struct instance *instance)
{
    char buffer[ERROR_SIZE];
    struct text error = text_over(buffer, sizeof(buffer));
    struct worker *worker = &instance->worker;
    enum result result = logs_open(worker, &instance->configuration.global.logs,
                                   &worker->global_logs, &worker->global_logs_count, &error);
    if (result != RESULT_OK) {
        report_write(instance->report, REPORT_ALERT, "config : global log target: %s", buffer);
    }
    return result;
}

/* Where a step says nothing of its own, memory was refused: no start fails without a word. */
static enum result report_step(struct instance *instance, enum result result, unsigned alerts)
{
    if (result != RESULT_OK && instance->report->alerts == alerts) {
        report_write(instance->report, REPORT_ALERT, "cannot start: out of memory");
    }
    return result;
}

enum result instance_build(struct instance *instance)
{
    unsigned alerts = instance->report->alerts;
    enum result result = limits_apply(instance);
    if (result == RESULT_OK) {
        result = build_worker(instance);
    }
    if (result == RESULT_OK) {
        result = add_rings(instance);
    }
    if (result == RESULT_OK) {
        result = open_global_logs(instance);
    }
    if (result == RESULT_OK) {
        result = build_proxies(instance);
    }
    if (result == RESULT_OK) {
        result =
            sample_references_each(&instance->configuration.references, bind_reference, instance);
    }
    if (result == RESULT_OK) {
        result = admin_create(&instance->worker, &instance->admin);
    }
    return report_step(instance, result, alerts);
}

bool instance_has_listeners(const struct instance *instance)
{
    LIST_EACH(link, &instance->worker.proxies) {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        if (!list_is_empty(&proxy->binds)) {
            return true;
        }
    }
    return false;
}

/* ---- starting ---- */

static enum result each_proxy(struct instance *instance, bool bind)
{
    LIST_EACH(link, &instance->worker.proxies) {
        struct proxy *proxy = container_of(link, struct proxy, link);
        char buffer[ERROR_SIZE];
        struct text error = text_over(buffer, sizeof(buffer));
        enum result result =
            bind ? proxy_bind(proxy, NULL, NULL, &error) : proxy_start(proxy, &error);
        if (result != RESULT_OK) {
            report_write(instance->report, REPORT_ALERT, "Binding [%s:%u] for %s %s: %s",
                         proxy->settings->file, proxy->settings->line,
                         (proxy->settings->role & PROXY_BACKEND) != 0 ? "proxy" : "frontend",
                         proxy->settings->name, buffer);
            return result;
        }
    }
    return RESULT_OK;
}

enum result instance_start(struct instance *instance)
{
    char buffer[ERROR_SIZE];
    struct text error = text_over(buffer, sizeof(buffer));
    unsigned alerts = instance->report->alerts;
    enum result result = each_proxy(instance, true);
    if (result == RESULT_OK) {
        result = admin_bind(instance->admin, &error);
    }
    if (result == RESULT_OK) {
        result = limits_drop_privileges(instance);
    }
    if (result == RESULT_OK) {
        result = each_proxy(instance, false);
    }
    if (result == RESULT_OK) {
        result = admin_start(instance->admin, &error);
    }
    if (error.length > 0) {
        report_write(instance->report, REPORT_ALERT, "stats socket: %s", buffer);
    }
    if (result == RESULT_OK && memory_charge_startup(instance->memory) != RESULT_OK) {
        report_write(instance->report, REPORT_ALERT,
                     "the memory limit does not carry this configuration: raise -m");
        result = RESULT_NO_MEMORY;
    }
    if (result == RESULT_OK) {
        fail_at_random(instance);
        signals_start(instance);
    }
    return report_step(instance, result, alerts);
}

int instance_run(struct instance *instance)
{
    event_loop_run(instance->loop);
    return instance->exit_status;
}

/* ---- the end ---- */

/* Lets the loop release what was closed in its last turn. */
static void settle(struct instance *instance)
{
    enum { TURNS = 3 };
    for (unsigned i = 0; i < TURNS; i++) {
        event_loop_turn(instance->loop, false);
    }
}

void instance_destroy(struct instance *instance, bool leaks_are_fatal)
{
    if (instance->has_worker) {
        signals_stop(instance);
        if (instance->admin != NULL) {
            admin_stop(instance->admin);
        }
        worker_stop_hard(&instance->worker);
        settle(instance);
        if (instance->admin != NULL) {
            admin_destroy(instance->admin);
        }
        worker_deinit(&instance->worker);
        settle(instance);
    }
    if (instance->loop != NULL) {
        event_loop_destroy(instance->loop);
    }
    if (instance->memory != NULL) {
        configuration_destroy(&instance->configuration);
        memory_destroy(instance->memory, leaks_are_fatal);
    }
}
