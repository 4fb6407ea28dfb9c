/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of the statistics, in HAProxy's order (management manual 9.1), and how each is read
 * from an object: from a counter by its place, or by a function of statistics_read.c. Columns of
 * features that do not exist here yet read as HAProxy shows them when unused. No memory.
 */
#include "admin/statistics_table.h"

#include <stddef.h>
#include <string.h>

#include "admin/statistics_read.h"

enum { TIME_SAMPLES = 1024 };

#define L               (1U << STATISTICS_LISTENER)
#define F               (1U << STATISTICS_FRONTEND)
#define B               (1U << STATISTICS_BACKEND)
#define S               (1U << STATISTICS_SERVER)
#define COUNTER(member) offsetof(struct counters, member)

enum source { READ_NOTHING, READ_ZERO, READ_U32, READ_U64, READ_AVERAGE, READ_CALL };

static const struct column {
    const char *name;
    const char *tags;
    unsigned kinds;
    enum source source;
    size_t offset;
    struct statistics_value (*read)(const struct statistics_object *object, struct text *buffer);
} COLUMNS[] = {
    {"pxname", "KNS", L | F | B | S, READ_CALL, 0, read_name},
    {"svname", "KNS", L | F | B | S, READ_CALL, 0, read_service_name},
    {"qcur", "MGP", B | S, READ_CALL, 0, read_queue_current},
    {"qmax", "MMP", B | S, READ_U32, COUNTER(queue_max), NULL},
    {"scur", "MGP", L | F | B | S, READ_U32, COUNTER(sessions_current), NULL},
    {"smax", "MMP", L | F | B | S, READ_U32, COUNTER(sessions_max), NULL},
    {"slim", "CLP", L | F | B | S, READ_CALL, 0, read_session_limit},
    {"stot", "MCP", L | F | B | S, READ_U64, COUNTER(sessions_total), NULL},
    {"bin", "MCP", L | F | B | S, READ_U64, COUNTER(bytes_in), NULL},
    {"bout", "MCP", L | F | B | S, READ_U64, COUNTER(bytes_out), NULL},
    {"dreq", "MCP", L | F | B, READ_U64, COUNTER(denied_requests), NULL},
    {"dresp", "MCP", L | F | B | S, READ_U64, COUNTER(denied_responses), NULL},
    {"ereq", "MCP", L | F, READ_U64, COUNTER(request_errors), NULL},
    {"econ", "MCP", B | S, READ_U64, COUNTER(connection_errors), NULL},
    {"eresp", "MCP", B | S, READ_U64, COUNTER(response_errors), NULL},
    {"wretr", "MCP", B | S, READ_U64, COUNTER(retries), NULL},
    {"wredis", "MCP", B | S, READ_U64, COUNTER(redispatches), NULL},
    {"status", "SGP", L | F | B | S, READ_CALL, 0, read_status},
    {"weight", "MaP", B | S, READ_CALL, 0, read_weight},
    {"act", "SGP", B | S, READ_CALL, 0, read_active_servers},
    {"bck", "SGP", B | S, READ_CALL, 0, read_backup_servers},
    {"chkfail", "MCP", S, READ_CALL, 0, read_check_failures},
    {"chkdown", "MCP", B | S, READ_CALL, 0, read_check_downs},
    {"lastchg", "MAP", B | S, READ_CALL, 0, read_last_change},
    {"downtime", "MCP", B | S, READ_CALL, 0, read_downtime},
    {"qlimit", "CLS", S, READ_CALL, 0, read_queue_limit},
    {"pid", "KGP", L | F | B | S, READ_CALL, 0, read_process_number},
    {"iid", "KGS", L | F | B | S, READ_CALL, 0, read_proxy_id},
    {"sid", "KGS", L | F | B | S, READ_CALL, 0, read_service_id},
    {"throttle", "MaP", S, READ_CALL, 0, read_throttle},
    {"lbtot", "MCP", B | S, READ_U64, COUNTER(selected_total), NULL},
    {"tracked", "CNS", S, READ_CALL, 0, read_tracked},
    {"type", "CGS", L | F | B | S, READ_CALL, 0, read_type},
    {"rate", "MRP", F | B | S, READ_CALL, 0, read_session_rate},
    {"rate_lim", "CLP", F, READ_CALL, 0, read_session_rate_limit},
    {"rate_max", "MMP", F | B | S, READ_CALL, 0, read_session_rate_max},
    {"check_status", "MOP", S, READ_CALL, 0, read_check_status},
    {"check_code", "MOP", S, READ_CALL, 0, read_check_code},
    {"check_duration", "MDP", S, READ_CALL, 0, read_check_duration},
    {"hrsp_1xx", "MCP", F | B | S, READ_CALL, 0, read_responses_1xx},
    {"hrsp_2xx", "MCP", F | B | S, READ_CALL, 0, read_responses_2xx},
    {"hrsp_3xx", "MCP", F | B | S, READ_CALL, 0, read_responses_3xx},
    {"hrsp_4xx", "MCP", F | B | S, READ_CALL, 0, read_responses_4xx},
    {"hrsp_5xx", "MCP", F | B | S, READ_CALL, 0, read_responses_5xx},
    {"hrsp_other", "MCP", F | B | S, READ_CALL, 0, read_responses_other},
    {"hanafail", "MOP", S, READ_NOTHING, 0, NULL},
    {"req_rate", "MRP", F, READ_CALL, 0, read_request_rate},
    {"req_rate_max", "MMP", F, READ_CALL, 0, read_request_rate_max},
    {"req_tot", "MCP", F | B | S, READ_CALL, 0, read_requests_total},
    {"cli_abrt", "MCP", B | S, READ_U64, COUNTER(client_aborts), NULL},
    {"srv_abrt", "MCP", B | S, READ_U64, COUNTER(server_aborts), NULL},
    {"comp_in", "MCP", F | B, READ_ZERO, 0, NULL},
    {"comp_out", "MCP", F | B, READ_ZERO, 0, NULL},
    {"comp_byp", "MCP", F | B, READ_ZERO, 0, NULL},
    {"comp_rsp", "MCP", F | B, READ_ZERO, 0, NULL},
    {"lastsess", "MAP", B | S, READ_CALL, 0, read_last_session},
    {"last_chk", "MOP", S, READ_CALL, 0, read_last_check},
    {"last_agt", "MOP", S, READ_NOTHING, 0, NULL},
    {"qtime", "MaP", B | S, READ_AVERAGE, COUNTER(queue_time_us), NULL},
    {"ctime", "MaP", B | S, READ_AVERAGE, COUNTER(connect_time_us), NULL},
    {"rtime", "MaP", B | S, READ_AVERAGE, COUNTER(response_time_us), NULL},
    {"ttime", "MaP", B | S, READ_AVERAGE, COUNTER(total_time_us), NULL},
    {"agent_status", "MOP", S, READ_NOTHING, 0, NULL},
    {"agent_code", "MOP", S, READ_NOTHING, 0, NULL},
    {"agent_duration", "MOP", S, READ_NOTHING, 0, NULL},
    {"check_desc", "MOP", S, READ_CALL, 0, read_check_description},
    {"agent_desc", "MOP", S, READ_NOTHING, 0, NULL},
    {"check_rise", "CGS", S, READ_CALL, 0, read_check_rise},
    {"check_fall", "CGS", S, READ_CALL, 0, read_check_fall},
    {"check_health", "CGS", S, READ_CALL, 0, read_check_health},
    {"agent_rise", "CLP", S, READ_NOTHING, 0, NULL},
    {"agent_fall", "CLP", S, READ_NOTHING, 0, NULL},
    {"agent_health", "SGP", S, READ_NOTHING, 0, NULL},
    {"addr", "CGS", L | S, READ_CALL, 0, read_address},
    {"cookie", "CNS", B | S, READ_CALL, 0, read_cookie},
    {"mode", "CGS", L | F | B | S, READ_CALL, 0, read_mode},
    {"algo", "CGS", B, READ_CALL, 0, read_algorithm},
    {"conn_rate", "MRP", F, READ_CALL, 0, read_connection_rate},
    {"conn_rate_max", "MMP", F, READ_CALL, 0, read_connection_rate_max},
    {"conn_tot", "MCP", F, READ_U64, COUNTER(connections_total), NULL},
    {"intercepted", "MCP", F | B, READ_U64, COUNTER(intercepted), NULL},
    {"dcon", "MCP", L | F, READ_U64, COUNTER(denied_connections), NULL},
    {"dses", "MCP", L | F, READ_U64, COUNTER(denied_sessions), NULL},
    {"wrew", "MCP", L | F | B | S, READ_U64, COUNTER(rewrites_failed), NULL},
    {"connect", "MCP", B | S, READ_U64, COUNTER(connect_attempts), NULL},
    {"reuse", "MCP", B | S, READ_U64, COUNTER(connections_reused), NULL},
    {"cache_lookups", "MCP", F | B, READ_ZERO, 0, NULL},
    {"cache_hits", "MCP", F | B, READ_ZERO, 0, NULL},
    {"srv_icur", "MGP", S, READ_CALL, 0, read_idle_connections},
    {"src_ilim", "CLP", S, READ_CALL, 0, read_idle_limit},
    {"qtime_max", "MMP", B | S, READ_U32, COUNTER(queue_time_max_ms), NULL},
    {"ctime_max", "MMP", B | S, READ_U32, COUNTER(connect_time_max_ms), NULL},
    {"rtime_max", "MMP", B | S, READ_U32, COUNTER(response_time_max_ms), NULL},
    {"ttime_max", "MMP", B | S, READ_U32, COUNTER(total_time_max_ms), NULL},
    {"eint", "MCP", L | F | B | S, READ_U64, COUNTER(internal_errors), NULL},
    {"idle_conn_cur", "MGP", S, READ_ZERO, 0, NULL},
    {"safe_conn_cur", "MGP", S, READ_CALL, 0, read_idle_connections},
    {"used_conn_cur", "MGP", S, READ_CALL, 0, read_used_connections},
    {"need_conn_est", "MGP", S, READ_CALL, 0, read_used_connections},
    {"uweight", "MaP", B | S, READ_CALL, 0, read_user_weight},
    {"agg_server_status", "MGP", B, READ_ZERO, 0, NULL},
    {"agg_server_check_status", "MGP", B, READ_ZERO, 0, NULL},
    {"agg_check_status", "MGP", B, READ_ZERO, 0, NULL},
    {"srid", "KNS", S, READ_ZERO, 0, NULL},
    {"sess_other", "MCP", F, READ_CALL, 0, read_sessions_other},
    {"h1sess", "MCP", F, READ_CALL, 0, read_sessions_http},
    {"h2sess", "MCP", F, READ_ZERO, 0, NULL},
    {"h3sess", "MCP", F, READ_ZERO, 0, NULL},
    {"req_other", "MCP", F, READ_ZERO, 0, NULL},
    {"h1req", "MCP", F, READ_U64, COUNTER(requests_total), NULL},
    {"h2req", "MCP", F, READ_ZERO, 0, NULL},
    {"h3req", "MCP", F, READ_ZERO, 0, NULL},
    {"proto", "CNS", L, READ_CALL, 0, read_protocol},
    {"-", "SGP", 0, READ_NOTHING, 0, NULL},
};

unsigned statistics_columns(void)
{
    return sizeof(COLUMNS) / sizeof(COLUMNS[0]);
}

const char *statistics_column_name(unsigned column)
{
    return COLUMNS[column].name;
}

const char *statistics_column_tags(unsigned column)
{
    return COLUMNS[column].tags;
}

unsigned statistics_find_column(const char *name)
{
    unsigned column = 0;
    while (column < statistics_columns() && strcmp(COLUMNS[column].name, name) != 0) {
        column++;
    }
    return column;
}

struct statistics_value statistics_read(unsigned column, const struct statistics_object *object,
                                        struct text *buffer)
{
    const struct column *row = &COLUMNS[column];
    const char *place = (const char *)object->counters + row->offset;
    if ((row->kinds & (1U << object->kind)) == 0) {
        return (struct statistics_value){.type = STATISTICS_EMPTY};
    }
    switch (row->source) {
    case READ_NOTHING:
        return (struct statistics_value){.type = STATISTICS_EMPTY};
    case READ_ZERO:
        return (struct statistics_value){.type = STATISTICS_U64};
    case READ_U32:
        return (struct statistics_value){STATISTICS_U32, *(const uint32_t *)(const void *)place,
                                         SLICE_NONE};
    case READ_U64:
        return (struct statistics_value){STATISTICS_U64, *(const uint64_t *)(const void *)place,
                                         SLICE_NONE};
    case READ_AVERAGE: {
        uint64_t sum_us = *(const uint64_t *)(const void *)place;
        return (struct statistics_value){STATISTICS_U32, sum_us / TIME_SAMPLES / US_PER_MS,
                                         SLICE_NONE};
    }
    case READ_CALL:
        return row->read(object, buffer);
    }
    return (struct statistics_value){.type = STATISTICS_EMPTY};
}

/* ---- walking ---- */

enum walk_phase { WALK_FRONTEND, WALK_LISTENERS, WALK_SERVERS, WALK_BACKEND, WALK_NEXT };

void statistics_walk_begin(struct statistics_walk *walk, const struct worker *worker,
                           uint64_t now_ms)
{
    *walk =
        (struct statistics_walk){.worker = worker, .proxy = worker->proxies.next, .now_ms = now_ms};
}

static bool next_member(struct statistics_walk *walk, const struct list *head)
{
    walk->member = walk->member == NULL ? head->next : walk->member->next;
    if (walk->member != head) {
        return true;
    }
    walk->member = NULL;
    walk->phase++;
    return false;
}

/* Fills the object of the walk's phase; false when the phase has none (any more). */
static bool fill(struct statistics_walk *walk, const struct proxy *proxy,
                 struct statistics_object *object)
{
    switch ((enum walk_phase)walk->phase) {
    case WALK_FRONTEND:
        walk->phase++;
        object->kind = STATISTICS_FRONTEND;
        object->counters = &proxy->counters;
        return (proxy->settings->role & PROXY_FRONTEND) != 0;
    case WALK_LISTENERS:
        if (!proxy_has(proxy, OPTION_SOCKET_STATS)) {
            walk->phase++;
            return false;
        }
        if (!next_member(walk, &proxy->binds)) {
            return false;
        }
        object->kind = STATISTICS_LISTENER;
        object->bind = container_of(walk->member, struct bind, link);
        object->counters = &object->bind->counters;
        return true;
    case WALK_SERVERS:
        if (!next_member(walk, &proxy->endpoints)) {
            return false;
        }
        object->kind = STATISTICS_SERVER;
        object->endpoint = container_of(walk->member, struct endpoint, link);
        object->counters = &object->endpoint->server.counters;
        return true;
    case WALK_BACKEND:
        walk->phase++;
        object->kind = STATISTICS_BACKEND;
        object->counters = &proxy->backend.counters;
        return (proxy->settings->role & PROXY_BACKEND) != 0;
    case WALK_NEXT:
        break;
    }
    return false;
}

bool statistics_walk_next(struct statistics_walk *walk, struct statistics_object *object)
{
    while (walk->proxy != &walk->worker->proxies) {
        const struct proxy *proxy = container_of(walk->proxy, struct proxy, link);
        while (walk->phase != WALK_NEXT) {
            *object = (struct statistics_object){.proxy = proxy, .now_ms = walk->now_ms};
            if (fill(walk, proxy, object)) {
                return true;
            }
        }
        walk->phase = WALK_FRONTEND;
        walk->proxy = walk->proxy->next;
    }
    return false;
}
