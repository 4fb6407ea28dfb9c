/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The global section: process management and security (manual 3.1), debugging (3.3). What governs
 * HAProxy's own machinery and means nothing here is accepted with a diagnostic. Everything is a
 * field of struct global_settings.
 */
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/keyword.h"

enum {
    THREADS_MAX = 1024,
    DESCRIPTORS_MAX = 1 << 30,
    PERCENT_OF_SPREAD_MAX = 50,
    HOST_NAME_SIZE = 256,
    OCTAL = 8,
    MODE_MAX = 07777,
};

#define FIELD(member) offsetof(struct global_settings, member)

static struct global_settings *global_of(struct config_reader *reader)
{
    return &reader->configuration->global;
}

/* ---- identity ---- */

enum result config_find_user(struct config_reader *reader, const char *name, uid_t *uid)
{
    const struct passwd *user = getpwnam(name);
    if (user == NULL) {
        return config_fail(reader, "cannot find user id for '%s'.", name);
    }
    *uid = user->pw_uid;
    return RESULT_OK;
}

enum result config_find_group(struct config_reader *reader, const char *name, gid_t *gid)
{
    const struct group *group = getgrnam(name);
    if (group == NULL) {
        return config_fail(reader, "cannot find group id for '%s'.", name);
    }
    *gid = group->gr_gid;
    return RESULT_OK;
}

static enum result read_user(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    struct global_settings *global = global_of(reader);
    (void)count;
    (void)keyword;
    global->user = config_copy(reader, arguments[0]);
    return config_find_user(reader, arguments[0], &global->uid);
}

static enum result read_group(struct config_reader *reader, const char *const *arguments,
                              unsigned count, const struct config_keyword *keyword)
{
    struct global_settings *global = global_of(reader);
    (void)count;
    (void)keyword;
    global->group = config_copy(reader, arguments[0]);
    return config_find_group(reader, arguments[0], &global->gid);
}

static enum result read_node(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    static const char ALLOWED[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
    if (arguments[0][strspn(arguments[0], ALLOWED)] != '\0') {
        return config_fail(reader, "'%s' %s.", keyword->name, keyword->expects);
    }
    return config_read_text_field(reader, arguments, count, keyword);
}

/* The rest of the line is the text. */
static enum result read_description(struct config_reader *reader, const char *const *arguments,
                                    unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    global_of(reader)->description = config_join(reader, arguments, count);
    return global_of(reader)->description != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

const char *config_join(struct config_reader *reader, const char *const *words, unsigned count)
{
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    for (unsigned i = 0; i < count; i++) {
        text_append_format(&text, "%s%s", i > 0 ? " " : "", words[i]);
    }
    if (text.truncated) {
        (void)config_fail(reader, "text too long, max is %d bytes.", CONFIG_ERROR_SIZE - 1);
        return NULL;
    }
    return config_copy(reader, bytes);
}

/* ---- running ---- */

/* One worker runs whatever the number says: told, since HAProxy would run more. */
static enum result read_workers(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    uint64_t number = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 1, THREADS_MAX, &number);
    if (result != RESULT_OK) {
        return result;
    }
    global_of(reader)->workers = (uint32_t)number;
    if (number > 1) {
        config_report(reader, REPORT_NOTICE,
                      "parsing [%s:%u] : '%s %s' : this version of weir runs one worker thread.",
                      reader->file, reader->line, keyword->name, arguments[0]);
    }
    return RESULT_OK;
}

static enum result read_groups(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    uint64_t number = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 1, THREADS_MAX, &number);
    if (result == RESULT_OK && number > 1) {
        config_report(reader, REPORT_NOTICE,
                      "parsing [%s:%u] : '%s %s' : this version of weir runs one worker thread.",
                      reader->file, reader->line, keyword->name, arguments[0]);
    }
    return result;
}

static enum result read_cpu_map(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    config_report(reader, REPORT_NOTICE,
                  "parsing [%s:%u] : '%s' : weir leaves the choice of processors to the system.",
                  reader->file, reader->line, keyword->name);
    return RESULT_OK;
}

static enum result read_master_worker(struct config_reader *reader, const char *const *arguments,
                                      unsigned count, const struct config_keyword *keyword)
{
    if (count > 0 && strcmp(arguments[0], "no-exit-on-failure") != 0) {
        return config_fail(reader, "'%s' only supports 'no-exit-on-failure' option.",
                           keyword->name);
    }
    global_of(reader)->master_worker = true;
    return RESULT_OK;
}

static enum result read_hard_stop(struct config_reader *reader, const char *const *arguments,
                                  unsigned count, const struct config_keyword *keyword)
{
    uint32_t delay_ms = 0;
    (void)count;
    enum result result = config_read_time(reader, keyword->name, arguments[0], 1, &delay_ms);
    global_of(reader)->hard_stop_after_ms = delay_ms;
    return result;
}

static enum result read_spread(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    uint64_t percent = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 0, UINT32_MAX, &percent);
    if (result == RESULT_OK && percent > PERCENT_OF_SPREAD_MAX) {
        return config_fail(reader, "'%s' needs a positive value in range 0..50.", keyword->name);
    }
    global_of(reader)->spread_checks = (uint32_t)percent;
    return result;
}

static enum result read_default_path(struct config_reader *reader, const char *const *arguments,
                                     unsigned count, const struct config_keyword *keyword)
{
    static const char *const MODES[] = {[PATHS_CURRENT] = "current",
                                        [PATHS_CONFIG] = "config",
                                        [PATHS_PARENT] = "parent",
                                        [PATHS_ORIGIN] = "origin"};
    for (unsigned i = 0; i < sizeof(MODES) / sizeof(MODES[0]); i++) {
        bool takes_path = i == PATHS_ORIGIN;
        if (strcmp(arguments[0], MODES[i]) != 0) {
            continue;
        }
        if (count != (takes_path ? 2U : 1U)) {
            return config_fail(reader,
                               takes_path ? "'%s %s' expects a directory as an argument."
                                          : "'%s %s' cannot handle an argument.",
                               keyword->name, arguments[0]);
        }
        const char *origin = takes_path ? config_copy(reader, arguments[1]) : NULL;
        return config_set_default_path(reader, (enum config_path_mode)i, origin);
    }
    return config_fail(reader,
                       "%s default-path mode '%s' for '%s', expects 'current', 'config', 'parent', "
                       "or 'origin'.",
                       "unknown", arguments[0], keyword->name);
}

/* ---- logs and the runtime API ---- */

static enum result read_log(struct config_reader *reader, const char *const *arguments,
                            unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    struct list *logs = &global_of(reader)->logs;
    if (reader->is_negated) {
        list_init(logs);
        return RESULT_OK;
    }
    if (strcmp(arguments[0], "global") == 0) {
        return config_fail(reader, "log : 'global' is not supported for a global syslog server");
    }
    return config_read_log(reader, arguments, count, logs);
}

static enum result read_log_hostname(struct config_reader *reader, const char *const *arguments,
                                     unsigned count, const struct config_keyword *keyword)
{
    char name[HOST_NAME_SIZE] = "";
    (void)keyword;
    if (count == 0 && gethostname(name, sizeof(name) - 1) != 0) {
        return config_fail(reader, "'%s' cannot tell the name of this host.", keyword->name);
    }
    global_of(reader)->log_hostname = config_copy(reader, count > 0 ? arguments[0] : name);
    return global_of(reader)->log_hostname != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_stats_socket(struct config_reader *reader, const char *const *arguments,
                                     unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    return config_read_bind(reader, arguments, count, &global_of(reader)->stats_sockets, true);
}

static enum result read_stats_maxconn(struct config_reader *reader, const char *const *arguments,
                                      unsigned count, const struct config_keyword *keyword)
{
    if (strcmp(arguments[0], "0") == 0) {
        return config_fail(reader, "'%s' expects a positive value", keyword->name);
    }
    return config_read_u32_field(reader, arguments, count, keyword);
}

/* ---- unix-bind ---- */

static enum result read_unix_word(struct config_reader *reader, const char *name, const char *value)
{
    struct global_settings *global = global_of(reader);
    uint64_t number = 0;
    char *end = NULL;
    if (strcmp(name, "prefix") == 0) {
        global->unix_bind.prefix = config_copy(reader, value);
        return RESULT_OK;
    }
    if (strcmp(name, "user") == 0) {
        return config_find_user(reader, value, &global->unix_bind.uid);
    }
    if (strcmp(name, "group") == 0) {
        return config_find_group(reader, value, &global->unix_bind.gid);
    }
    if (strcmp(name, "mode") == 0) {
        unsigned long mode = strtoul(value, &end, OCTAL);
        global->unix_bind.mode = (mode_t)mode;
        return *end == '\0' && mode <= MODE_MAX
                   ? RESULT_OK
                   : config_fail(reader,
                                 "'unix-bind mode' : invalid mode '%s' (octal integer "
                                 "expected).",
                                 value);
    }
    bool is_uid = strcmp(name, "uid") == 0;
    if (!is_uid && strcmp(name, "gid") != 0) {
        return config_fail(reader, "'unix-bind' only supports the 'prefix', 'mode', 'uid', 'gid', "
                                   "'user' and 'group' options.");
    }
    enum result result = config_read_number(reader, name, value, 0, INT32_MAX, &number);
    if (is_uid) {
        global->unix_bind.uid = (uid_t)number;
    } else {
        global->unix_bind.gid = (gid_t)number;
    }
    return result;
}

static enum result read_unix_bind(struct config_reader *reader, const char *const *arguments,
                                  unsigned count, const struct config_keyword *keyword)
{
    for (unsigned i = 0; i < count; i += 2) {
        if (i + 1 == count) {
            return config_fail(reader, "'%s' : '%s' expects an argument.", keyword->name,
                               arguments[i]);
        }
        enum result result = read_unix_word(reader, arguments[i], arguments[i + 1]);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

#define GLOBAL(name, least, most, expects, read)                  \
    {                                                             \
        name, SECTION_GLOBAL, least, most, expects, read, 0, 0, 0 \
    }
#define TEXT(name, expects, member)                                                      \
    {                                                                                    \
        name, SECTION_GLOBAL, 1, 1, expects, config_read_text_field, FIELD(member), 0, 0 \
    }
#define FLAG(name, member, flags)                                                       \
    {                                                                                   \
        name, SECTION_GLOBAL, 0, 0, "", config_read_flag_field, FIELD(member), 0, flags \
    }
#define NUMBER(name, member, most)                                                        \
    {                                                                                     \
        name, SECTION_GLOBAL, 1, 1, "expects an integer argument", config_read_u32_field, \
            FIELD(member), most, 0                                                        \
    }
#define NOTHING(name)                                                  \
    {                                                                  \
        name, SECTION_GLOBAL, 0, UINT_MAX, "", config_pass_over, 0, 0, \
            KEYWORD_WITHOUT_MEANING | KEYWORD_MAY_NEGATE               \
    }

const struct config_keyword KEYWORDS_GLOBAL[] = {
    GLOBAL("user", 1, 1, "expects a user name", read_user),
    GLOBAL("group", 1, 1, "expects a group name", read_group),
    NUMBER("uid", uid, INT32_MAX),
    NUMBER("gid", gid, INT32_MAX),
    TEXT("chroot", "expects a directory as an argument", chroot),
    TEXT("pidfile", "expects a file name as an argument", pidfile),
    TEXT("localpeer", "expects a name as an argument", local_peer),
    {"node", SECTION_GLOBAL, 1, 1,
     "requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), "
     "hyphen(-) or underscode(_)",
     read_node, FIELD(node), 0, 0},
    GLOBAL("description", 1, UINT_MAX, "expects a text argument", read_description),
    FLAG("daemon", daemon, 0),
    FLAG("quiet", quiet, 0),
    FLAG("zero-warning", zero_warning, 0),
    FLAG("strict-limits", strict_limits, KEYWORD_MAY_NEGATE),
    GLOBAL("master-worker", 0, 1, "", read_master_worker),
    GLOBAL("nbthread", 1, 1, "passed a missing or unparsable integer value in ''", read_workers),
    GLOBAL("thread-groups", 1, 1, "passed a missing or unparsable integer value in ''",
           read_groups),
    GLOBAL("cpu-map", 2, UINT_MAX, "expects a set of threads followed by a list of CPU ranges",
           read_cpu_map),
    GLOBAL("hard-stop-after", 1, 1, "expects <time> as argument", read_hard_stop),
    {"grace", SECTION_GLOBAL, 1, 1, "expects <time> as argument", config_read_time_field,
     FIELD(grace_ms), 1, 0},
    NUMBER("ulimit-n", ulimit_n, DESCRIPTORS_MAX),
    NUMBER("fd-hard-limit", descriptors_max, DESCRIPTORS_MAX),
    GLOBAL("spread-checks", 1, 1, "expects an integer argument (0..50)", read_spread),
    GLOBAL("default-path", 1, 2, "expects 'current', 'config', 'parent', or 'origin'",
           read_default_path),
    {"log", SECTION_GLOBAL, 1, UINT_MAX, "expects <address> and <facility> as arguments", read_log,
     0, 0, KEYWORD_MAY_NEGATE},
    TEXT("log-tag", "expects a tag for use in syslog", log_tag),
    GLOBAL("log-send-hostname", 0, 1, "", read_log_hostname),
    GLOBAL("stats socket", 1, UINT_MAX,
           "in global section expects an address or a path to a UNIX socket", read_stats_socket),
    {"stats timeout", SECTION_GLOBAL, 1, 1, "expects a timeout", config_read_time_field,
     FIELD(stats_timeout_ms), 1, 0},
    {"stats maxconn", SECTION_GLOBAL, 1, 1, "expects a positive value", read_stats_maxconn,
     FIELD(stats_maxconn), INT32_MAX, 0},
    GLOBAL("unix-bind", 1, UINT_MAX,
           "only supports the 'prefix', 'mode', 'uid', 'gid', 'user' and 'group' options",
           read_unix_bind),
    NOTHING("anonkey"),
    NOTHING("busy-polling"),
    NOTHING("close-spread-time"),
    NOTHING("cluster-secret"),
    NOTHING("cpu-policy"),
    NOTHING("cpu-set"),
    NOTHING("debug.counters"),
    NOTHING("expose-deprecated-directives"),
    NOTHING("expose-experimental-directives"),
    NOTHING("force-cfg-parser-pause"),
    NOTHING("httpclient.resolvers.disabled"),
    NOTHING("httpclient.resolvers.id"),
    NOTHING("httpclient.resolvers.prefer"),
    NOTHING("httpclient.retries"),
    NOTHING("httpclient.ssl.ca-file"),
    NOTHING("httpclient.ssl.verify"),
    NOTHING("httpclient.timeout.connect"),
    NOTHING("insecure-fork-wanted"),
    NOTHING("insecure-setuid-wanted"),
    NOTHING("limited-quic"),
    NOTHING("mworker-max-reloads"),
    NOTHING("no-quic"),
    NOTHING("numa-cpu-mapping"),
    NOTHING("pp2-never-send-local"),
    NOTHING("prealloc-fd"),
    NOTHING("profiling.memory"),
    NOTHING("profiling.tasks"),
    NOTHING("quick-exit"),
    NOTHING("set-dumpable"),
    NOTHING("stress-level"),
    NOTHING("thread-group"),
    NOTHING("thread-hard-limit"),
    NOTHING("warn-blocked-traffic-after"),
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
