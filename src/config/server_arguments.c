/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of server lines (manual 5.2) but those of TLS that bind lines share, and what a line
 * starts from: one row an argument. Texts live in the configuration's account.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/number.h"
#include "config/arguments.h"
#include "config/keyword.h"

enum {
    DEFAULT_INTER_MS = 2000,
    DEFAULT_RISE = 2,
    DEFAULT_FALL = 3,
    DEFAULT_ERROR_LIMIT = 10,
    DEFAULT_PURGE_MS = 5000,
    SECOND_MS = 1000,
};

void config_init_server(struct server_settings *server)
{
    *server = (struct server_settings){0};
    server->options = (struct server_options){
        .weight = 1,
        .check_interval_ms = DEFAULT_INTER_MS,
        .rise = DEFAULT_RISE,
        .fall = DEFAULT_FALL,
        .error_limit = DEFAULT_ERROR_LIMIT,
        .pool_max_connections = UINT32_MAX,
        .pool_purge_delay_ms = DEFAULT_PURGE_MS,
        .max_reuse = UINT32_MAX,
    };
}

static void *find_field(struct server_settings *server, const struct server_argument *row)
{
    return (char *)server + row->offset;
}

/* ---- plain values ---- */

static enum result read_text(struct config_reader *reader, const struct server_argument *row,
                             const char *value, struct server_settings *server)
{
    const char *copy = config_copy(reader, value);
    *(const char **)find_field(server, row) = copy;
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_number(struct config_reader *reader, const struct server_argument *row,
                               const char *value, struct server_settings *server)
{
    uint64_t number = 0;
    enum result result = config_read_number(reader, row->name, value, 0, INT32_MAX, &number);
    *(uint32_t *)find_field(server, row) = (uint32_t)number;
    return result;
}

/* At least 1. */
static enum result read_positive(struct config_reader *reader, const struct server_argument *row,
                                 const char *value, struct server_settings *server)
{
    enum result result = read_number(reader, row, value, server);
    return result == RESULT_OK && *(uint32_t *)find_field(server, row) == 0
               ? config_fail(reader, "'%s' has to be > 0.", row->name)
               : result;
}

/* "-1" stands for no limit. */
static enum result read_limit(struct config_reader *reader, const struct server_argument *row,
                              const char *value, struct server_settings *server)
{
    if (strcmp(value, "-1") == 0) {
        *(uint32_t *)find_field(server, row) = UINT32_MAX;
        return RESULT_OK;
    }
    return value[0] == '-' ? config_fail(reader, "'%s' must be >= -1", row->name)
                           : read_number(reader, row, value, server);
}

/* A duration in units of row->value ms. */
static enum result read_time(struct config_reader *reader, const struct server_argument *row,
                             const char *value, struct server_settings *server)
{
    return config_read_time(reader, row->name, value, row->value, find_field(server, row));
}

/* A duration above 0. */
static enum result read_interval(struct config_reader *reader, const struct server_argument *row,
                                 const char *value, struct server_settings *server)
{
    enum result result = read_time(reader, row, value, server);
    return result == RESULT_OK && *(uint32_t *)find_field(server, row) == 0
               ? config_fail(reader, "invalid value 0 for argument '%s'.", row->name)
               : result;
}

static enum result read_flag(struct config_reader *reader, const struct server_argument *row,
                             const char *value, struct server_settings *server)
{
    (void)reader;
    (void)value;
    *(bool *)find_field(server, row) = row->value != 0;
    return RESULT_OK;
}

static enum result pass_over(struct config_reader *reader, const struct server_argument *row,
                             const char *value, struct server_settings *server)
{
    (void)value;
    (void)server;
    config_note_without_meaning(reader, row->name);
    return RESULT_OK;
}

/* Switches off what is never on. */
static enum result read_nothing(struct config_reader *reader, const struct server_argument *row,
                                const char *value, struct server_settings *server)
{
    (void)reader;
    (void)row;
    (void)value;
    (void)server;
    return RESULT_OK;
}

/* ---- values of their own kind ---- */

static enum result read_weight(struct config_reader *reader, const struct server_argument *row,
                               const char *value, struct server_settings *server)
{
    enum result result = read_number(reader, row, value, server);
    return result == RESULT_OK && server->options.weight > SERVER_WEIGHT_MAX
               ? config_fail(reader, "weight of server is not within 0 and %d (%s).",
                             SERVER_WEIGHT_MAX, value)
               : result;
}

static enum result read_id(struct config_reader *reader, const struct server_argument *row,
                           const char *value, struct server_settings *server)
{
    enum result result = read_positive(reader, row, value, server);
    LIST_EACH(link, &reader->proxy->servers) {
        const struct server_settings *other = container_of(link, struct server_settings, link);
        if (result == RESULT_OK && other->options.id == server->options.id) {
            return config_fail(reader, "'%s' : custom id %s already used at %s:%u ('server %s').",
                               row->name, value, other->options.file, other->options.line,
                               other->options.name);
        }
    }
    return result;
}

static enum result read_check_port(struct config_reader *reader, const struct server_argument *row,
                                   const char *value, struct server_settings *server)
{
    uint64_t port = 0;
    enum result result = config_read_number(reader, row->name, value, 0, UINT16_MAX, &port);
    server->check_port = (uint16_t)port;
    return result;
}

static enum result read_check_address(struct config_reader *reader,
                                      const struct server_argument *row, const char *value,
                                      struct server_settings *server)
{
    struct config_address parsed;
    enum result result = config_read_address(reader, value, CONFIG_ADDRESS_STREAM, &parsed);
    if (result == RESULT_OK) {
        result = config_resolve_address(reader, value, &parsed);
    }
    if (result == RESULT_OK && (parsed.fd >= 0 || parsed.has_port)) {
        result = config_fail(reader, "an address without a port is expected (got '%s')", value);
    }
    if (result != RESULT_OK) {
        return config_fail(reader, "'%s' : %s", row->name, config_reason(reader));
    }
    server->check_address = parsed.address;
    return RESULT_OK;
}

static enum result read_source(struct config_reader *reader, const struct server_argument *row,
                               const char *value, struct server_settings *server)
{
    (void)row;
    return config_read_source(reader, &value, 1, &server->source);
}

static enum result read_marked_down(struct config_reader *reader, const struct server_argument *row,
                                    const char *value, struct server_settings *server)
{
    if (strcmp(value, "shutdown-sessions") != 0) {
        return config_fail(reader, "'%s' expects 'shutdown-sessions' but got '%s'.", row->name,
                           value);
    }
    server->options.on_marked_down = MARKED_DOWN_SHUTDOWN_SESSIONS;
    return RESULT_OK;
}

static enum result read_protocol(struct config_reader *reader, const struct server_argument *row,
                                 const char *value, struct server_settings *server)
{
    bool is_later =
        strcmp(value, "h2") == 0 || strcmp(value, "fcgi") == 0 || strcmp(value, "quic") == 0;
    (void)server;
    if (strcmp(value, "h1") == 0 || strcmp(value, "none") == 0) {
        return RESULT_OK;
    }
    return is_later
               ? config_fail(reader, "'%s' : '%s' is not supported by weir yet", row->name, value)
               : config_fail(reader, "'%s' :  unknown MUX protocol '%s'", row->name, value);
}

static enum result read_hash_key(struct config_reader *reader, const struct server_argument *row,
                                 const char *value, struct server_settings *server)
{
    if (strcmp(value, "id") == 0) {
        server->options.hash_key = SERVER_HASH_KEY_ID;
    } else if (strcmp(value, "id-2") == 0) {
        server->options.hash_key = SERVER_HASH_KEY_ID_LEGACY;
    } else if (strcmp(value, "addr") == 0 || strcmp(value, "addr-port") == 0) {
        return config_fail(reader, "'%s' : '%s' is not supported by weir yet", row->name, value);
    } else {
        return config_fail(reader, "'%s' expects 'id', 'id-2', 'addr' or 'addr-port', got '%s'",
                           row->name, value);
    }
    return RESULT_OK;
}

static enum result read_certificate(struct config_reader *reader, const struct server_argument *row,
                                    const char *value, struct server_settings *server)
{
    struct stat status;
    const char *path = config_copy_path(reader, reader->configuration->global.crt_base, value);
    const char **certificates = path == NULL ? NULL : config_take(reader, sizeof(*certificates));
    if (certificates == NULL) {
        return RESULT_INVALID;
    }
    if (stat(path, &status) != 0) {
        return config_fail(reader, "'%s' : unable to stat SSL certificate from file '%s' : %s",
                           row->name, path, strerror(errno));
    }
    certificates[0] = path;
    server->tls.certificates = certificates;
    server->tls.no_bundles = true; /* of bind lines only */
    server->tls.no_key_files = reader->configuration->global.no_key_files;
    server->tls.certificates_count = 1;
    return RESULT_OK;
}

static enum result read_initial(struct config_reader *reader, const struct server_argument *row,
                                const char *value, struct server_settings *server)
{
    struct slice rest = slice_from_string(value);
    struct slice word;
    struct address address;
    while (slice_next_token(&rest, ',', &word)) {
        bool is_known = slice_equal(word, SLICE("last")) || slice_equal(word, SLICE("libc")) ||
                        slice_equal(word, SLICE("none")) ||
                        address_parse_ip(word, &address) == RESULT_OK;
        if (!is_known) {
            return config_fail(reader,
                               "'%s' : unknown init-addr method '%.*s', only 'libc', "
                               "'last', 'none', or an IP address are supported",
                               row->name, (int)word.length, word.data);
        }
    }
    return read_text(reader, row, value, server);
}

#define FIELD(member)  offsetof(struct server_settings, member)
#define OPTION(member) offsetof(struct server_settings, options.member)
#define VALUE          "expects <value> as argument"
#define NUMBER(name, member)                        \
    {                                               \
        name, VALUE, read_number, OPTION(member), 0 \
    }
#define POSITIVE(name, member)                        \
    {                                                 \
        name, VALUE, read_positive, OPTION(member), 0 \
    }
#define LIMIT(name, member)                        \
    {                                              \
        name, VALUE, read_limit, OPTION(member), 0 \
    }
#define INTERVAL(name, member)                        \
    {                                                 \
        name, VALUE, read_interval, OPTION(member), 1 \
    }
#define FLAG(name, offset, value)            \
    {                                        \
        name, NULL, read_flag, offset, value \
    }
#define OWN(name, missing, read)  \
    {                             \
        name, missing, read, 0, 0 \
    }
#define PASSED(name, missing)          \
    {                                  \
        name, missing, pass_over, 0, 0 \
    }
#define NOTHING(name)                  \
    {                                  \
        name, NULL, read_nothing, 0, 0 \
    }

const struct server_argument SERVER_ARGUMENTS[] = {
    {"weight", VALUE, read_weight, OPTION(weight), 0},
    {"id", VALUE, read_id, OPTION(id), 0},
    FLAG("backup", OPTION(is_backup), 1),
    FLAG("no-backup", OPTION(is_backup), 0),
    FLAG("non-backup", OPTION(is_backup), 0),
    FLAG("disabled", OPTION(is_disabled), 1),
    FLAG("enabled", OPTION(is_disabled), 0),
    NUMBER("maxconn", maxconn),
    NUMBER("minconn", minconn),
    NUMBER("maxqueue", maxqueue),
    {"cookie", VALUE, read_text, OPTION(cookie), 0},
    {"slowstart", VALUE, read_time, OPTION(slow_start_ms), SECOND_MS},
    FLAG("check", OPTION(has_check), 1),
    FLAG("no-check", OPTION(has_check), 0),
    INTERVAL("inter", check_interval_ms),
    INTERVAL("fastinter", check_fast_interval_ms),
    INTERVAL("downinter", check_down_interval_ms),
    POSITIVE("rise", rise),
    POSITIVE("fall", fall),
    POSITIVE("error-limit", error_limit),
    OWN("on-marked-down", "expects 'shutdown-sessions'", read_marked_down),
    {"track", "expects [<proxy>/]<server> as argument", read_text, OPTION(track), 0},
    LIMIT("pool-max-conn", pool_max_connections),
    NUMBER("pool-low-conn", pool_low_connections),
    {"pool-purge-delay", VALUE, read_time, OPTION(pool_purge_delay_ms), 1},
    LIMIT("max-reuse", max_reuse),
    OWN("port", VALUE, read_check_port),
    OWN("addr", "expects <address> as argument", read_check_address),
    FLAG("check-ssl", FIELD(check_ssl), 1),
    FLAG("no-check-ssl", FIELD(check_ssl), 0),
    FLAG("ssl", FIELD(is_ssl), 1),
    FLAG("no-ssl", FIELD(is_ssl), 0),
    {"sni", ": missing sni expression", read_text, FIELD(sni_text), 0},
    OWN("crt", ": missing certificate file path", read_certificate),
    OWN("source", "expects <addr>[:<port>] as argument", read_source),
    {"tcp-ut", ": missing TCP User Timeout value", read_time, FIELD(tcp_user_timeout_ms), 1},
    OWN("proto", VALUE, read_protocol),
    OWN("hash-key", "expects 'id', 'id-2', 'addr' or 'addr-port' value", read_hash_key),
    {"init-addr", "expects a comma-delimited list of methods", read_initial,
     FIELD(initial_addresses), 0},
    NOTHING("no-agent-check"),
    NOTHING("no-check-reuse-pool"),
    NOTHING("no-check-send-proxy"),
    NOTHING("no-check-sni-auto"),
    NOTHING("no-send-proxy"),
    NOTHING("no-send-proxy-v2"),
    NOTHING("no-send-proxy-v2-ssl"),
    NOTHING("no-send-proxy-v2-ssl-cn"),
    NOTHING("no-sni-auto"),
    NOTHING("no-tfo"),
    PASSED("guid", "expects an unique id"),
    PASSED("no-ssl-reuse", NULL),
    PASSED("non-stick", NULL),
    PASSED("shard", VALUE),
    PASSED("ssl-reuse", NULL),
    PASSED("stick", NULL),
    PASSED("tfo", NULL),
    {NULL, NULL, NULL, 0, 0},
};
