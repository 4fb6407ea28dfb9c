/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show info, show version, show env: figures of the process, one row a field with HAProxy's names,
 * tags and order, so that its tools read them. Everything fits one piece of an answer. No memory.
 */
#include <string.h>
#include <unistd.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "admin/value.h"
#include "base/number.h"
#include "event/loop.h"
#include "proxy/proxy.h"

/* What the fields are read from. */
struct info_source {
    const struct worker *worker;
    const struct process_facts *facts;
    const struct configuration *configuration;
    const struct splice_pool *pipes;
    struct memory_usage usage;
    uint64_t now_ms;
    struct text *buffer;
};

struct info_field {
    const char *name;
    const char *tags;
    const char *description;
    struct statistics_value (*read)(const struct info_source *source);
};

static struct statistics_value u32(uint64_t number)
{
    return (struct statistics_value){STATISTICS_U32, number, SLICE_NONE};
}

static struct statistics_value u64(uint64_t number)
{
    return (struct statistics_value){STATISTICS_U64, number, SLICE_NONE};
}

static struct statistics_value string(const char *s)
{
    return (struct statistics_value){STATISTICS_STRING, 0, slice_from_string(s)};
}

static uint64_t uptime_s(const struct info_source *source)
{
    return (source->now_ms - source->facts->started_ms) / MS_PER_SECOND;
}

static struct statistics_value read_name(const struct info_source *source)
{
    (void)source;
    return string("weir");
}

static struct statistics_value read_version(const struct info_source *source)
{
    return string(source->facts->version);
}

static struct statistics_value read_release_date(const struct info_source *source)
{
    (void)source;
    return string(WEIR_VERSION_DATE);
}

static struct statistics_value read_one(const struct info_source *source)
{
    (void)source;
    return u32(1);
}

static struct statistics_value read_zero(const struct info_source *source)
{
    (void)source;
    return u32(0);
}

static struct statistics_value read_pid(const struct info_source *source)
{
    return u32(source->facts->pid);
}

static struct statistics_value read_uptime(const struct info_source *source)
{
    enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
    unsigned seconds = (unsigned)uptime_s(source);
    text_clear(source->buffer);
    text_append_format(source->buffer, "%ud %uh%02um%02us", seconds / DAY, seconds % DAY / HOUR,
                       seconds % HOUR / MINUTE, seconds % MINUTE);
    return (struct statistics_value){STATISTICS_STRING, 0, text_slice(source->buffer)};
}

static struct statistics_value read_uptime_s(const struct info_source *source)
{
    return u32(uptime_s(source));
}

static struct statistics_value read_limit_mib(const struct info_source *source)
{
    return u32(source->usage.limit / MEBIBYTE);
}

static struct statistics_value read_allocated_mib(const struct info_source *source)
{
    return u32(source->usage.used / MEBIBYTE);
}

static struct statistics_value read_used_mib(const struct info_source *source)
{
    return u32((source->usage.used - source->usage.pool_caches) / MEBIBYTE);
}

static struct statistics_value read_failed(const struct info_source *source)
{
    return u32(source->usage.refused_budget + source->usage.refused_cap +
               source->usage.failed_injected);
}

static struct statistics_value read_descriptors(const struct info_source *source)
{
    return u32(source->facts->descriptors_max);
}

static struct statistics_value read_maxconn(const struct info_source *source)
{
    return u32(source->facts->maxconn);
}

static struct statistics_value read_pipes_max(const struct info_source *source)
{
    return u32(source->pipes->pipes_max);
}

static struct statistics_value read_pipes_used(const struct info_source *source)
{
    return u32(source->pipes->pipes_open - source->pipes->kept_count);
}

static struct statistics_value read_pipes_free(const struct info_source *source)
{
    return u32(source->pipes->kept_count);
}

static struct statistics_value read_connections(const struct info_source *source)
{
    return u32(source->facts->connections_current);
}

static struct statistics_value read_connections_total(const struct info_source *source)
{
    return u32(source->facts->connections_total);
}

static struct statistics_value read_requests_total(const struct info_source *source)
{
    return u32(source->facts->requests_total);
}

static struct statistics_value read_handshakes(const struct info_source *source)
{
    return u32(source->worker->transport.handshakes_open);
}

static struct statistics_value read_connection_rate(const struct info_source *source)
{
    return u32(rate_read(&source->facts->connection_rate, source->now_ms));
}

static struct statistics_value read_connection_rate_limit(const struct info_source *source)
{
    return u32(source->configuration->global.rate_connections);
}

static struct statistics_value read_connection_rate_max(const struct info_source *source)
{
    return u32(source->facts->connection_rate.max);
}

static struct statistics_value read_session_rate(const struct info_source *source)
{
    return u32(rate_read(&source->facts->session_rate, source->now_ms));
}

static struct statistics_value read_session_rate_limit(const struct info_source *source)
{
    return u32(source->configuration->global.rate_sessions);
}

static struct statistics_value read_session_rate_max(const struct info_source *source)
{
    return u32(source->facts->session_rate.max);
}

static struct statistics_value read_idle(const struct info_source *source)
{
    return u32(event_loop_idle_percent(source->worker->loop));
}

static struct statistics_value read_node(const struct info_source *source)
{
    return string(source->facts->node_name);
}

static struct statistics_value read_stopping(const struct info_source *source)
{
    return u32(source->facts->is_stopping ? 1 : 0);
}

static struct statistics_value read_tls_rate(const struct info_source *source)
{
    return u32(rate_read(&source->facts->tls_rate, source->now_ms));
}

static struct statistics_value read_tls_rate_limit(const struct info_source *source)
{
    return u32(source->configuration->global.rate_tls);
}

static struct statistics_value read_tls_rate_max(const struct info_source *source)
{
    return u32(source->facts->tls_rate.max);
}

/* What is only shown when there is such a thing keeps its place in the order. */
static struct statistics_value read_nothing(const struct info_source *source)
{
    (void)source;
    return (struct statistics_value){.type = STATISTICS_EMPTY};
}

static struct statistics_value read_description(const struct info_source *source)
{
    const char *description = source->configuration->global.description;
    return description != NULL ? string(description) : read_nothing(source);
}

static struct statistics_value read_long_zero(const struct info_source *source)
{
    (void)source;
    return u64(0);
}

static struct statistics_value read_jobs(const struct info_source *source)
{
    return u32(source->facts->connections_current);
}

static struct statistics_value read_listeners(const struct info_source *source)
{
    uint64_t count = 0;
    LIST_EACH(link, &source->worker->proxies) {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        LIST_EACH(bind, &proxy->binds) {
            count++;
        }
    }
    return u32(count);
}

static struct statistics_value read_dropped_logs(const struct info_source *source)
{
    return u32(source->worker->log_outputs.dropped);
}

static struct statistics_value read_bytes_out(const struct info_source *source)
{
    return u64(source->facts->bytes_out_total);
}

static struct statistics_value read_bytes_out_rate(const struct info_source *source)
{
    return u64(rate_read(&source->facts->bytes_out_rate, source->now_ms));
}

static struct statistics_value read_limit_bytes(const struct info_source *source)
{
    return u64(source->usage.limit);
}

static struct statistics_value read_allocated_bytes(const struct info_source *source)
{
    return u64(source->usage.used);
}

static struct statistics_value read_used_bytes(const struct info_source *source)
{
    return u64(source->usage.used - source->usage.pool_caches);
}

static struct statistics_value read_start_time(const struct info_source *source)
{
    return u32(source->facts->started_wall_us / US_PER_SECOND);
}

static struct statistics_value read_tainted(const struct info_source *source)
{
    (void)source;
    return string("0");
}

static const struct info_field FIELDS[] = {
    {"Name", "POS", "Product name", read_name},
    {"Version", "POS", "Product version", read_version},
    {"Release_date", "POS", "Date of latest source code update", read_release_date},
    {"Nbthread", "CGS", "Number of started threads (global.nbthread)", read_one},
    {"Nbproc", "CGS", "Number of started worker processes (historical, always 1)", read_one},
    {"Process_num", "KGP", "Relative worker process number (1)", read_one},
    {"Pid", "SGP", "This worker process identifier for the system", read_pid},
    {"Uptime", "MDP", "How long ago this worker process was started (days+hours+minutes+seconds)",
     read_uptime},
    {"Uptime_sec", "MDP", "How long ago this worker process was started (seconds)", read_uptime_s},
    {"Memmax_MB", "CLP", "Worker process's hard limit on memory usage in MB (-m on command line)",
     read_limit_mib},
    {"PoolAlloc_MB", "MGP", "Amount of memory allocated in pools (in MB)", read_allocated_mib},
    {"PoolUsed_MB", "MGP", "Amount of pool memory currently used (in MB)", read_used_mib},
    {"PoolFailed", "MCP", "Number of failed pool allocations since this worker was started",
     read_failed},
    {"Ulimit-n", "CLP", "Hard limit on the number of per-process file descriptors",
     read_descriptors},
    {"Maxsock", "CLP", "Hard limit on the number of per-process sockets", read_descriptors},
    {"Maxconn", "CLP",
     "Hard limit on the number of per-process connections (configured or imposed by Ulimit-n)",
     read_maxconn},
    {"Hard_maxconn", "CLP",
     "Hard limit on the number of per-process connections (imposed by Memmax_MB or Ulimit-n)",
     read_maxconn},
    {"CurrConns", "MGP", "Current number of connections on this worker process", read_connections},
    {"CumConns", "MCP", "Total number of connections on this worker process since started",
     read_connections_total},
    {"CumReq", "MCP", "Total number of requests on this worker process since started",
     read_requests_total},
    {"MaxSslConns", "MMP",
     "Hard limit on the number of per-process SSL endpoints (front+back), 0=unlimited", read_zero},
    {"CurrSslConns", "MGP", "Current number of SSL handshakes under way on this worker process",
     read_handshakes},
    {"CumSslConns", "MCP",
     "Total number of SSL endpoints on this worker process since started (front+back)", read_zero},
    {"Maxpipes", "CLP", "Hard limit on the number of pipes for splicing, 0=unlimited",
     read_pipes_max},
    {"PipesUsed", "MGP", "Current number of pipes in use in this worker process", read_pipes_used},
    {"PipesFree", "MGP", "Current number of allocated and available pipes in this worker process",
     read_pipes_free},
    {"ConnRate", "MRP",
     "Number of front connections created on this worker process over the last second",
     read_connection_rate},
    {"ConnRateLimit", "CLP", "Hard limit for ConnRate (global.maxconnrate)",
     read_connection_rate_limit},
    {"MaxConnRate", "MMP",
     "Highest ConnRate reached on this worker process since started (in connections per second)",
     read_connection_rate_max},
    {"SessRate", "MRP", "Number of sessions created on this worker process over the last second",
     read_session_rate},
    {"SessRateLimit", "CLP", "Hard limit for SessRate (global.maxsessrate)",
     read_session_rate_limit},
    {"MaxSessRate", "MRP",
     "Highest SessRate reached on this worker process since started (in sessions per second)",
     read_session_rate_max},
    {"SslRate", "MRP",
     "Number of SSL connections created on this worker process over the last second",
     read_tls_rate},
    {"SslRateLimit", "CLP", "Hard limit for SslRate (global.maxsslrate)", read_tls_rate_limit},
    {"MaxSslRate", "MMP",
     "Highest SslRate reached on this worker process since started (in connections per second)",
     read_tls_rate_max},
    {"SslFrontendKeyRate", "MGP",
     "Number of SSL keys created on frontends in this worker process over the last second",
     read_zero},
    {"SslFrontendMaxKeyRate", "MMP",
     "Highest SslFrontendKeyRate reached on this worker process since started (in SSL keys per "
     "second)",
     read_zero},
    {"SslFrontendSessionReuse_pct", "MGP",
     "Percent of frontend SSL connections which did not require a new key", read_zero},
    {"SslBackendKeyRate", "MRP",
     "Number of SSL keys created on backends in this worker process over the last second",
     read_zero},
    {"SslBackendMaxKeyRate", "MMP",
     "Highest SslBackendKeyRate reached on this worker process since started (in SSL keys per "
     "second)",
     read_zero},
    {"SslCacheLookups", "MCP",
     "Total number of SSL session ID lookups in the SSL session cache on this worker since started",
     read_zero},
    {"SslCacheMisses", "MCP",
     "Total number of SSL session ID lookups that didn't find a session in the SSL session cache "
     "on "
     "this worker since started",
     read_zero},
    {"CompressBpsIn", "MRP",
     "Number of bytes submitted to HTTP compression in this worker process over the last second",
     read_zero},
    {"CompressBpsOut", "MRP",
     "Number of bytes out of HTTP compression in this worker process over the last second",
     read_zero},
    {"CompressBpsRateLim", "CLP",
     "Limit of CompressBpsOut beyond which HTTP compression is automatically disabled", read_zero},
    {"ZlibMemUsage", "MGP", "Amount of memory used by HTTP compression on this worker process",
     read_nothing},
    {"MaxZlibMemUsage", "CLP", "Limit on the amount of memory used by HTTP compression",
     read_nothing},
    {"Tasks", "MGP", "Total number of tasks in the current worker process (active + sleeping)",
     read_jobs},
    {"Run_queue", "MGP", "Total number of active tasks+tasklets in the current worker process",
     read_zero},
    {"Idle_pct", "MaP", "Percentage of last second spent waiting in the current worker thread",
     read_idle},
    {"node", "COS", "Node name (global.node)", read_node},
    {"description", "COS", "Description of this process (global.description)", read_description},
    {"Stopping", "MGP", "1 if the worker process is currently stopping, otherwise zero",
     read_stopping},
    {"Jobs", "MGP",
     "Current number of active jobs on the current worker process (frontend connections, master "
     "connections, listeners)",
     read_jobs},
    {"Unstoppable Jobs", "MGP",
     "Current number of unstoppable jobs on the current worker process (master connections)",
     read_zero},
    {"Listeners", "MGP", "Current number of active listeners on the current worker process",
     read_listeners},
    {"ActivePeers", "MGP",
     "Current number of verified active peers connections on the current worker process",
     read_zero},
    {"ConnectedPeers", "MGP",
     "Current number of peers having passed the connection step on the current worker process",
     read_zero},
    {"DroppedLogs", "MGP", "Total number of dropped logs for current worker process since started",
     read_dropped_logs},
    {"BusyPolling", "MGP",
     "1 if busy-polling is currently in use on the worker process, otherwise zero "
     "(config.busy-polling)",
     read_zero},
    {"FailedResolutions", "MGP",
     "Total number of failed DNS resolutions in current worker process since started", read_zero},
    {"TotalBytesOut", "MGP",
     "Total number of bytes emitted by current worker process since started", read_bytes_out},
    {"TotalSplicdedBytesOut", "MGP",
     "Total number of bytes emitted by current worker process through a kernel pipe since started",
     read_long_zero},
    {"BytesOutRate", "MRP",
     "Number of bytes emitted by current worker process over the last second", read_bytes_out_rate},
    {"DebugCommandsIssued", "MGP",
     "Number of debug commands issued on this process (anything > 0 is unsafe)", read_zero},
    {"CumRecvLogs", "MCP",
     "Total number of log messages received by log-forwarding listeners on "
     "this worker process since started",
     read_zero},
    {"Build info", "POS", "Build info", read_version},
    {"Memmax_bytes", "CLP",
     "Worker process's hard limit on memory usage in byes (-m on command line)", read_limit_bytes},
    {"PoolAlloc_bytes", "MGP", "Amount of memory allocated in pools (in bytes)",
     read_allocated_bytes},
    {"PoolUsed_bytes", "MGP", "Amount of pool memory currently used (in bytes)", read_used_bytes},
    {"Start_time_sec", "MDP", "Start time in seconds", read_start_time},
    {"Tainted", "SGP", "Experimental features used", read_tainted},
};

enum { FIELDS_COUNT = sizeof(FIELDS) / sizeof(FIELDS[0]), BUFFER_SIZE = 64 };

static void write_field(struct cli_request *request, unsigned index,
                        const struct info_source *source, bool typed, bool with_description)
{
    const struct info_field *field = &FIELDS[index];
    struct statistics_value value = field->read(source);
    if (value.type == STATISTICS_EMPTY) {
        return;
    }
    if (typed) {
        text_append_format(request->out, "%u.%s.1", index, field->name);
        value_append_typed(request->out, field->tags, &value);
    } else {
        text_append_format(request->out, "%s: ", field->name);
        value_append_plain(request->out, &value);
    }
    if (with_description) {
        text_append_format(request->out, ":\"%s\"", field->description);
    }
    text_append_char(request->out, '\n');
}

static void write_json(struct cli_request *request, unsigned index,
                       const struct info_source *source)
{
    const struct info_field *field = &FIELDS[index];
    struct statistics_value value = field->read(source);
    if (value.type == STATISTICS_EMPTY) {
        return;
    }
    text_append_format(request->out, "%s{\"field\":{\"pos\":%u,\"name\":\"%s\"},",
                       index > 0 ? "," : "[", index, field->name);
    value_append_json(request->out, field->tags, &value);
    text_append_string(request->out, index + 1 < FIELDS_COUNT ? "}" : "}]\n");
}

static bool has_word(const struct cli_request *request, const char *word)
{
    for (unsigned i = 2; i < request->count; i++) {
        if (strcmp(request->words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static enum result show_info(struct cli_request *request, void *opaque)
{
    unsigned *next = opaque;
    char room[BUFFER_SIZE];
    struct text buffer = text_over(room, sizeof(room));
    struct info_source source = {
        .worker = request->worker,
        .facts = request->worker->facts,
        .configuration = request->worker->configuration,
        .pipes = &request->worker->pipes,
        .now_ms = request->now_ms,
        .buffer = &buffer,
    };
    memory_read_usage(request->worker->memory, &source.usage);
    for (; *next < FIELDS_COUNT; (*next)++) {
        if (!cli_row_fits(request)) {
            return RESULT_OK;
        }
        if (has_word(request, "json")) {
            write_json(request, *next, &source);
        } else {
            write_field(request, *next, &source, has_word(request, "typed"),
                        has_word(request, "desc"));
        }
    }
    return RESULT_END;
}

static enum result show_version(struct cli_request *request, void *opaque)
{
    (void)opaque;
    text_append_format(request->out, "%s\n", request->worker->facts->version);
    return RESULT_END;
}

static void append_socket(struct text *text, const struct bind_settings *settings)
{
    static const char *const LEVELS[] = {
        [CLI_USER] = "user", [CLI_OPERATOR] = "operator", [CLI_ADMIN] = "admin"};
    const struct address *address = &settings->listener.address;
    if (address->family == AF_UNIX && address->path != NULL) {
        text_append_string(text, address->path);
    } else {
        address_append_with_port(text, address, true);
    }
    text_append_format(text, " %s all\n", LEVELS[settings->level]);
}

static enum result show_cli_sockets(struct cli_request *request, void *opaque)
{
    unsigned *next = opaque;
    unsigned index = 0;
    text_append_string(request->out, *next == 0 ? "# socket lvl processes\n" : "");
    LIST_EACH(link, &request->worker->configuration->global.stats_sockets) {
        if (index++ < *next) {
            continue;
        }
        if (!cli_row_fits(request)) {
            return RESULT_OK;
        }
        append_socket(request->out, container_of(link, struct bind_settings, link));
        *next = index;
    }
    return RESULT_END;
}

static enum result show_env(struct cli_request *request, void *opaque)
{
    unsigned *next = opaque;
    const char *name = cli_word(request, 2);
    for (; environ[*next] != NULL; (*next)++) {
        if (!cli_row_fits(request)) {
            return RESULT_OK;
        }
        struct slice entry = slice_from_string(environ[*next]);
        struct slice key = slice_first(entry, slice_find_char(entry, '='));
        if (name[0] == '\0' || slice_equal(key, slice_from_string(name))) {
            text_append(request->out, entry);
            text_append_char(request->out, '\n');
        }
    }
    return RESULT_END;
}

const struct cli_command COMMANDS_INFO[] = {
    {"show info", "[desc|json|typed]* : report information about the running process", CLI_USER,
     show_info, NULL},
    {"show version", ": show version of the current process", CLI_USER, show_version, NULL},
    {"show cli sockets", ": dump list of cli sockets", CLI_OPERATOR, show_cli_sockets, NULL},
    {"show env", "[var] : dump environment variables known to the process", CLI_OPERATOR, show_env,
     NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
