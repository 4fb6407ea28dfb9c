/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keywords of the global section. Those that tune HAProxy's own machinery and mean nothing here are
 * accepted with a diagnostic; those whose feature comes later say so. Everything is a field of
 * struct global_settings.
 */
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"

enum {
    MAXCONN_MAX = 100000000,
    BUFSIZE_MIN = 1024,
    BUFSIZE_MAX = 16 * 1024 * 1024,
    HEADERS_MAX = 32767,
    PERCENT = 100,
    SECOND_MS = 1000
};

#define FIELD(member) offsetof(struct global_settings, member)

static void *field(struct config_reader *reader, const struct config_keyword *keyword)
{
    return (char *)&reader->configuration->global + keyword->offset;
}

static enum result read_u32(struct config_reader *reader, const char *const *arguments,
                            unsigned count, const struct config_keyword *keyword)
{
    uint64_t number = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 0, keyword->value, &number);
    if (result == RESULT_OK) {
        *(uint32_t *)field(reader, keyword) = (uint32_t)number;
    }
    return result;
}

static enum result read_u16(struct config_reader *reader, const char *const *arguments,
                            unsigned count, const struct config_keyword *keyword)
{
    uint64_t number = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 1, keyword->value, &number);
    if (result == RESULT_OK) {
        *(uint16_t *)field(reader, keyword) = (uint16_t)number;
    }
    return result;
}

static enum result read_size(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    size_t size = 0;
    (void)count;
    enum result result = config_read_size(reader, keyword->name, arguments[0], &size);
    if (result == RESULT_OK && (size < BUFSIZE_MIN || size > BUFSIZE_MAX) && keyword->value != 0) {
        return config_fail(reader, "'%s' expects a size between %d and %d, but got '%s'",
                           keyword->name, BUFSIZE_MIN, BUFSIZE_MAX, arguments[0]);
    }
    if (result == RESULT_OK) {
        *(size_t *)field(reader, keyword) = size;
    }
    return result;
}

static enum result read_string(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    const char *copy = config_copy(reader, arguments[0]);
    *(const char **)field(reader, keyword) = copy;
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_switch(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    *(bool *)field(reader, keyword) = !reader->is_negated;
    return RESULT_OK;
}

static enum result read_time(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    return config_read_time(reader, keyword->name, arguments[0], keyword->value,
                            field(reader, keyword));
}

static enum result read_hard_stop(struct config_reader *reader, const char *const *arguments,
                                  unsigned count, const struct config_keyword *keyword)
{
    uint32_t ms = 0;
    (void)count;
    enum result result = config_read_time(reader, keyword->name, arguments[0], 1, &ms);
    reader->configuration->global.hard_stop_after_ms = ms;
    return result;
}

static enum result read_workers(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    enum { THREADS_MAX = 1024 };
    uint64_t number = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 1, THREADS_MAX, &number);
    if (result == RESULT_OK && number > 1) {
        config_warn(reader, "'%s %s': weir runs one worker thread in this version", keyword->name,
                    arguments[0]);
    }
    reader->configuration->global.workers = (uint32_t)number;
    return result;
}

static enum result read_user(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    (void)keyword;
    const struct passwd *user = getpwnam(arguments[0]);
    if (user == NULL) {
        return config_fail(reader, "cannot find user id for '%s' (user not found)", arguments[0]);
    }
    reader->configuration->global.uid = user->pw_uid;
    reader->configuration->global.user = config_copy(reader, arguments[0]);
    return RESULT_OK;
}

static enum result read_group(struct config_reader *reader, const char *const *arguments,
                              unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    (void)keyword;
    const struct group *group = getgrnam(arguments[0]);
    if (group == NULL) {
        return config_fail(reader, "cannot find group id for '%s' (group not found)", arguments[0]);
    }
    reader->configuration->global.gid = group->gr_gid;
    reader->configuration->global.group = config_copy(reader, arguments[0]);
    return RESULT_OK;
}

static enum result read_uid(struct config_reader *reader, const char *const *arguments,
                            unsigned count, const struct config_keyword *keyword)
{
    uint64_t number = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 0, UINT32_MAX - 1, &number);
    *(uint32_t *)field(reader, keyword) = (uint32_t)number;
    return result;
}

static enum result read_log(struct config_reader *reader, const char *const *arguments,
                            unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    return config_read_log(reader, arguments, count, &reader->configuration->global.logs);
}

static enum result read_stats_socket(struct config_reader *reader, const char *const *arguments,
                                     unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    return config_read_bind(reader, arguments, count, &reader->configuration->global.stats_sockets,
                            true);
}

static enum result read_set_var(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    return config_set_process_variable(reader, arguments, count, false);
}

static enum result read_set_var_fmt(struct config_reader *reader, const char *const *arguments,
                                    unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    return config_set_process_variable(reader, arguments, count, true);
}

static enum result read_environment(struct config_reader *reader, const char *const *arguments,
                                    unsigned count, const struct config_keyword *keyword)
{
    bool is_kept = strcmp(keyword->name, "presetenv") == 0;
    (void)count;
    if (setenv(arguments[0], arguments[1], is_kept ? 0 : 1) != 0) {
        return config_fail(reader, "'%s' cannot set variable '%s'", keyword->name, arguments[0]);
    }
    return RESULT_OK;
}

static enum result read_unsetenv(struct config_reader *reader, const char *const *arguments,
                                 unsigned count, const struct config_keyword *keyword)
{
    (void)reader;
    (void)keyword;
    for (unsigned i = 0; i < count; i++) {
        unsetenv(arguments[i]);
    }
    return RESULT_OK;
}

/* bind options such as "ssl-min-ver TLSv1.2 no-tls-tickets" of ssl-default-bind-options. */
static enum result read_ssl_options(struct config_reader *reader, const char *const *arguments,
                                    unsigned count, const struct config_keyword *keyword)
{
    struct global_settings *global = &reader->configuration->global;
    bool is_bind = keyword->value != 0;
    struct tls_options options = {0};
    unsigned position = 0;
    while (position < count) {
        unsigned used = 0;
        enum result result = config_read_tls_argument(reader, arguments + position,
                                                      count - position, &options, &used);
        if (result != RESULT_OK) {
            return result == RESULT_NOT_FOUND ? config_fail(reader, "unknown option '%s' on '%s'",
                                                            arguments[position], keyword->name)
                                              : result;
        }
        position += used;
    }
    enum tls_version *least = is_bind ? &global->default_bind_min : &global->default_server_min;
    enum tls_version *most = is_bind ? &global->default_bind_max : &global->default_server_max;
    *least = options.min_version;
    *most = options.max_version;
    return RESULT_OK;
}

/* Tunes what does not exist here: said with -dD. */
static enum result read_ignored(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    (void)arguments;
    (void)count;
    text_append_format(&text, "parsing [%s:%u] : '%s' has no meaning for weir and is ignored",
                       reader->file, reader->line, keyword->name);
    reader->input->report->write(reader->input->report->argument, REPORT_DIAGNOSTIC, bytes);
    return RESULT_OK;
}

#define IGNORED(name)                                                   \
    {                                                                   \
        name, SECTION_GLOBAL, 0, UINT_MAX, "", read_ignored, 0, 0, true \
    }

const struct config_keyword KEYWORDS_GLOBAL[] = {
    {"maxconn", SECTION_GLOBAL, 1, 1, "<number>", read_u32, FIELD(maxconn), MAXCONN_MAX, true},
    {"nbthread", SECTION_GLOBAL, 1, 1, "<number>", read_workers, 0, 0, false},
    {"thread-groups", SECTION_GLOBAL, 1, 1, "<number>", read_workers, 0, 0, false},
    {"user", SECTION_GLOBAL, 1, 1, "<name>", read_user, 0, 0, false},
    {"group", SECTION_GLOBAL, 1, 1, "<name>", read_group, 0, 0, false},
    {"uid", SECTION_GLOBAL, 1, 1, "<number>", read_uid, FIELD(uid), 0, false},
    {"gid", SECTION_GLOBAL, 1, 1, "<number>", read_uid, FIELD(gid), 0, false},
    {"chroot", SECTION_GLOBAL, 1, 1, "<directory>", read_string, FIELD(chroot), 0, false},
    {"daemon", SECTION_GLOBAL, 0, 0, "no argument", read_switch, FIELD(daemon), 0, true},
    {"master-worker", SECTION_GLOBAL, 0, 1, "[no-exit-on-failure]", read_switch,
     FIELD(master_worker), 0, true},
    {"quiet", SECTION_GLOBAL, 0, 0, "no argument", read_switch, FIELD(quiet), 0, true},
    {"zero-warning", SECTION_GLOBAL, 0, 0, "no argument", read_switch, FIELD(zero_warning), 0,
     true},
    {"strict-limits", SECTION_GLOBAL, 0, 0, "no argument", read_switch, FIELD(strict_limits), 0,
     true},
    {"pidfile", SECTION_GLOBAL, 1, 1, "<file>", read_string, FIELD(pidfile), 0, false},
    {"node", SECTION_GLOBAL, 1, 1, "<name>", read_string, FIELD(node), 0, false},
    {"description", SECTION_GLOBAL, 1, 1, "<text>", read_string, FIELD(description), 0, false},
    {"log", SECTION_GLOBAL, 2, UINT_MAX, "<target> <facility> [<level> [<minlevel>]]", read_log, 0,
     0, false},
    {"log-tag", SECTION_GLOBAL, 1, 1, "<string>", read_string, FIELD(log_tag), 0, false},
    {"log-send-hostname", SECTION_GLOBAL, 0, 1, "[<name>]", read_ignored, 0, 0, false},
    {"stats socket", SECTION_GLOBAL, 1, UINT_MAX, "<address> [param*]", read_stats_socket, 0, 0,
     false},
    {"stats timeout", SECTION_GLOBAL, 1, 1, "<time>", read_time, FIELD(stats_timeout_ms), 1, false},
    {"stats maxconn", SECTION_GLOBAL, 1, 1, "<number>", read_u32, FIELD(stats_maxconn), MAXCONN_MAX,
     false},
    {"ca-base", SECTION_GLOBAL, 1, 1, "<directory>", read_string, FIELD(ca_base), 0, false},
    {"crt-base", SECTION_GLOBAL, 1, 1, "<directory>", read_string, FIELD(crt_base), 0, false},
    {"ssl-default-bind-ciphers", SECTION_GLOBAL, 1, 1, "<ciphers>", read_string,
     FIELD(default_bind_ciphers), 0, false},
    {"ssl-default-bind-ciphersuites", SECTION_GLOBAL, 1, 1, "<ciphersuites>", read_string,
     FIELD(default_bind_ciphersuites), 0, false},
    {"ssl-default-server-ciphers", SECTION_GLOBAL, 1, 1, "<ciphers>", read_string,
     FIELD(default_server_ciphers), 0, false},
    {"ssl-default-server-ciphersuites", SECTION_GLOBAL, 1, 1, "<ciphersuites>", read_string,
     FIELD(default_server_ciphersuites), 0, false},
    {"ssl-default-bind-options", SECTION_GLOBAL, 1, UINT_MAX, "<options>", read_ssl_options, 0, 1,
     false},
    {"ssl-default-server-options", SECTION_GLOBAL, 1, UINT_MAX, "<options>", read_ssl_options, 0, 0,
     false},
    {"hard-stop-after", SECTION_GLOBAL, 1, 1, "<time>", read_hard_stop, 0, 0, false},
    {"grace", SECTION_GLOBAL, 1, 1, "<time>", read_time, FIELD(grace_ms), 1, false},
    {"ulimit-n", SECTION_GLOBAL, 1, 1, "<number>", read_u32, FIELD(ulimit_n), MAXCONN_MAX, false},
    {"spread-checks", SECTION_GLOBAL, 1, 1, "<0..50, in percent>", read_u32, FIELD(spread_checks),
     PERCENT / 2, false},
    {"maxconnrate", SECTION_GLOBAL, 1, 1, "<number>", read_u32, FIELD(rate_connections),
     MAXCONN_MAX, false},
    {"maxsessrate", SECTION_GLOBAL, 1, 1, "<number>", read_u32, FIELD(rate_sessions), MAXCONN_MAX,
     false},
    {"maxpipes", SECTION_GLOBAL, 1, 1, "<number>", read_u32, FIELD(maxpipes), MAXCONN_MAX, false},
    {"set-var", SECTION_GLOBAL, 2, UINT_MAX, "<name> <expression>", read_set_var, 0, 0, false},
    {"set-var-fmt", SECTION_GLOBAL, 2, 2, "<name> <format>", read_set_var_fmt, 0, 0, false},
    {"setenv", SECTION_GLOBAL, 2, 2, "<name> <value>", read_environment, 0, 0, false},
    {"presetenv", SECTION_GLOBAL, 2, 2, "<name> <value>", read_environment, 0, 0, false},
    {"unsetenv", SECTION_GLOBAL, 1, UINT_MAX, "<name>*", read_unsetenv, 0, 0, false},
    {"tune.bufsize", SECTION_GLOBAL, 1, 1, "<size>", read_size, FIELD(bufsize), 1, false},
    {"tune.bufsize.large", SECTION_GLOBAL, 1, 1, "<size>", read_size, FIELD(bufsize_large), 1,
     false},
    {"tune.maxrewrite", SECTION_GLOBAL, 1, 1, "<size>", read_size, FIELD(maxrewrite), 0, false},
    {"tune.buffers.limit", SECTION_GLOBAL, 1, 1, "<number>", read_u32, FIELD(buffers_limit),
     MAXCONN_MAX, false},
    {"tune.buffers.reserve", SECTION_GLOBAL, 1, 1, "<number>", read_u32, FIELD(buffers_reserve),
     MAXCONN_MAX, false},
    {"tune.http.maxhdr", SECTION_GLOBAL, 1, 1, "<number>", read_u16, FIELD(fields_max), HEADERS_MAX,
     false},
    {"tune.http.cookielen", SECTION_GLOBAL, 1, 1, "<number>", read_u32, FIELD(cookie_bytes_max),
     BUFSIZE_MAX, false},
    {"tune.http.logurilen", SECTION_GLOBAL, 1, 1, "<number>", read_u32, FIELD(uri_log_bytes_max),
     BUFSIZE_MAX, false},
    {"tune.maxaccept", SECTION_GLOBAL, 1, 1, "<number>", read_u32, FIELD(max_accept), MAXCONN_MAX,
     false},
    {"tune.fail-alloc", SECTION_GLOBAL, 1, 1, "<percent>", read_u32, FIELD(memory.fail_percent),
     PERCENT, false},
    IGNORED("cpu-map"),
    IGNORED("cpu-policy"),
    IGNORED("numa-cpu-mapping"),
    IGNORED("expose-experimental-directives"),
    IGNORED("expose-deprecated-directives"),
    IGNORED("insecure-fork-wanted"),
    IGNORED("insecure-setuid-wanted"),
    IGNORED("set-dumpable"),
    IGNORED("noepoll"),
    IGNORED("nopoll"),
    IGNORED("nosplice"),
    IGNORED("nogetaddrinfo"),
    IGNORED("noreuseport"),
    IGNORED("no-memory-trimming"),
    IGNORED("busy-polling"),
    IGNORED("max-spread-checks"),
    IGNORED("ssl-server-verify"),
    IGNORED("ssl-load-extra-files"),
    IGNORED("tune.ssl.default-dh-param"),
    IGNORED("tune.ssl.cachesize"),
    IGNORED("tune.ssl.lifetime"),
    IGNORED("tune.ssl.maxrecord"),
    IGNORED("tune.idle-pool.shared"),
    IGNORED("tune.pool-low-fd-ratio"),
    IGNORED("tune.pool-high-fd-ratio"),
    IGNORED("tune.maxpollevents"),
    IGNORED("tune.runqueue-depth"),
    IGNORED("tune.sched.low-latency"),
    IGNORED("tune.recv_enough"),
    IGNORED("tune.rcvbuf.client"),
    IGNORED("tune.rcvbuf.server"),
    IGNORED("tune.sndbuf.client"),
    IGNORED("tune.sndbuf.server"),
    IGNORED("tune.listener.multi-queue"),
    IGNORED("tune.pattern.cache-size"),
    IGNORED("tune.comp.maxlevel"),
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, false},
};
