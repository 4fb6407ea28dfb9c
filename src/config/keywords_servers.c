/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server and default-server lines: a name and an address, then arguments. One row an argument; what
 * default-server sets is what the next server lines start from. Everything lives in the
 * configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"
#include "transport/resolve.h"

enum {
    NUMBER_MAX = 100000000,
    ID_MAX = 0x7fffffff,
    DEFAULT_INTER_MS = 2000,
    DEFAULT_RISE = 2,
    DEFAULT_FALL = 3,
    DEFAULT_ERROR_LIMIT = 10,
    DEFAULT_PURGE_MS = 5000,
    MARK_MS = 1,
};

struct server_argument {
    const char *name;
    bool takes_value;
    enum result (*read)(struct config_reader *reader, const struct server_argument *row,
                        const char *value, struct server_settings *server);
    size_t offset;
    unsigned value;
    const char *refused; /* why it cannot be had */
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
    server->tls.verify = TLS_VERIFY_REQUIRED;
}

static void *field(struct server_settings *server, const struct server_argument *row)
{
    return (char *)server + row->offset;
}

static enum result read_text(struct config_reader *reader, const struct server_argument *row,
                             const char *value, struct server_settings *server)
{
    const char *copy = config_copy(reader, value);
    *(const char **)field(server, row) = copy;
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_u32(struct config_reader *reader, const struct server_argument *row,
                            const char *value, struct server_settings *server)
{
    uint64_t number = 0;
    uint64_t most = row->value != 0 ? row->value : NUMBER_MAX;
    enum result result = config_read_number(reader, row->name, value, 0, most, &number);
    *(uint32_t *)field(server, row) = (uint32_t)number;
    return result;
}

/* "-1" stands for no limit. */
static enum result read_limit(struct config_reader *reader, const struct server_argument *row,
                              const char *value, struct server_settings *server)
{
    if (strcmp(value, "-1") == 0) {
        *(uint32_t *)field(server, row) = UINT32_MAX;
        return RESULT_OK;
    }
    return read_u32(reader, row, value, server);
}

static enum result read_time(struct config_reader *reader, const struct server_argument *row,
                             const char *value, struct server_settings *server)
{
    return config_read_time(reader, row->name, value, row->value != 0 ? row->value : 1,
                            field(server, row));
}

static enum result read_flag(struct config_reader *reader, const struct server_argument *row,
                             const char *value, struct server_settings *server)
{
    (void)reader;
    (void)value;
    *(bool *)field(server, row) = row->value != 0;
    return RESULT_OK;
}

static enum result read_ignored(struct config_reader *reader, const struct server_argument *row,
                                const char *value, struct server_settings *server)
{
    (void)reader;
    (void)row;
    (void)value;
    (void)server;
    return RESULT_OK;
}

static enum result read_port(struct config_reader *reader, const struct server_argument *row,
                             const char *value, struct server_settings *server)
{
    uint64_t port = 0;
    enum result result = config_read_number(reader, row->name, value, 1, UINT16_MAX, &port);
    server->check_port = (uint16_t)port;
    return result;
}

static enum result read_check_address(struct config_reader *reader,
                                      const struct server_argument *row, const char *value,
                                      struct server_settings *server)
{
    (void)row;
    if (address_resolve(slice_from_string(value), AF_UNSPEC, &server->check_address) != RESULT_OK) {
        return config_fail(reader, "'addr' : invalid address: '%s'", value);
    }
    return RESULT_OK;
}

static enum result read_source(struct config_reader *reader, const struct server_argument *row,
                               const char *value, struct server_settings *server)
{
    struct config_address parsed;
    (void)row;
    enum result result = config_read_address(reader, value, false, &parsed);
    if (result == RESULT_OK && (parsed.host != NULL || parsed.last_port != parsed.address.port)) {
        return config_fail(reader,
                           "'source' : '%s': an IP address with at most one port is expected (port "
                           "ranges are not supported by weir yet)",
                           value);
    }
    server->source = parsed.address;
    return result;
}

static enum result read_marked_down(struct config_reader *reader, const struct server_argument *row,
                                    const char *value, struct server_settings *server)
{
    if (strcmp(value, "shutdown-sessions") != 0) {
        return config_fail(reader, "'%s' expects 'shutdown-sessions' but got '%s'", row->name,
                           value);
    }
    server->options.on_marked_down = MARKED_DOWN_SHUTDOWN_SESSIONS;
    return RESULT_OK;
}

static enum result read_protocol(struct config_reader *reader, const struct server_argument *row,
                                 const char *value, struct server_settings *server)
{
    (void)row;
    (void)server;
    return strcmp(value, "h1") == 0
               ? RESULT_OK
               : config_fail(reader, "'proto' : '%s' is not supported by weir yet (known: h1)",
                             value);
}

static enum result read_certificate(struct config_reader *reader, const struct server_argument *row,
                                    const char *value, struct server_settings *server)
{
    (void)row;
    const char **certificate = config_take(reader, sizeof(*certificate));
    if (certificate == NULL) {
        return RESULT_NO_MEMORY;
    }
    *certificate = config_copy(reader, value);
    server->tls.certificates = certificate;
    server->tls.certificates_count = 1;
    return RESULT_OK;
}

#define FIELD(member)  offsetof(struct server_settings, member)
#define OPTION(member) offsetof(struct server_settings, options.member)
#define LATER          "is not supported by weir yet"

static const struct server_argument ROWS[] = {
    {"weight", true, read_u32, OPTION(weight), SERVER_WEIGHT_MAX, NULL},
    {"backup", false, read_flag, OPTION(is_backup), 1, NULL},
    {"non-backup", false, read_flag, OPTION(is_backup), 0, NULL},
    {"no-backup", false, read_flag, OPTION(is_backup), 0, NULL},
    {"disabled", false, read_flag, OPTION(is_disabled), 1, NULL},
    {"enabled", false, read_flag, OPTION(is_disabled), 0, NULL},
    {"maxconn", true, read_u32, OPTION(maxconn), 0, NULL},
    {"minconn", true, read_u32, OPTION(minconn), 0, NULL},
    {"maxqueue", true, read_u32, OPTION(maxqueue), 0, NULL},
    {"cookie", true, read_text, OPTION(cookie), 0, NULL},
    {"redir", true, read_ignored, 0, 0, LATER},
    {"id", true, read_u32, OPTION(id), 0, NULL},
    {"slowstart", true, read_time, OPTION(slow_start_ms), 0, NULL},
    {"check", false, read_flag, OPTION(has_check), 1, NULL},
    {"no-check", false, read_flag, OPTION(has_check), 0, NULL},
    {"inter", true, read_time, OPTION(check_interval_ms), 0, NULL},
    {"fastinter", true, read_time, OPTION(check_fast_interval_ms), 0, NULL},
    {"downinter", true, read_time, OPTION(check_down_interval_ms), 0, NULL},
    {"rise", true, read_u32, OPTION(rise), 0, NULL},
    {"fall", true, read_u32, OPTION(fall), 0, NULL},
    {"error-limit", true, read_u32, OPTION(error_limit), 0, NULL},
    {"on-marked-down", true, read_marked_down, 0, 0, NULL},
    {"track", true, read_text, OPTION(track), 0, NULL},
    {"pool-max-conn", true, read_limit, OPTION(pool_max_connections), 0, NULL},
    {"pool-low-conn", true, read_u32, OPTION(pool_low_connections), 0, NULL},
    {"pool-purge-delay", true, read_time, OPTION(pool_purge_delay_ms), 0, NULL},
    {"max-reuse", true, read_limit, OPTION(max_reuse), 0, NULL},
    {"port", true, read_port, 0, 0, NULL},
    {"addr", true, read_check_address, 0, 0, NULL},
    {"check-ssl", false, read_flag, FIELD(check_ssl), 1, NULL},
    {"no-check-ssl", false, read_flag, FIELD(check_ssl), 0, NULL},
    {"ssl", false, read_flag, FIELD(is_ssl), 1, NULL},
    {"no-ssl", false, read_flag, FIELD(is_ssl), 0, NULL},
    {"sni", true, read_text, FIELD(sni_text), 0, NULL},
    {"crt", true, read_certificate, 0, 0, NULL},
    {"source", true, read_source, 0, 0, NULL},
    {"tcp-ut", true, read_time, FIELD(tcp_user_timeout_ms), 0, NULL},
    {"proto", true, read_protocol, 0, 0, NULL},
    {"init-addr", true, read_ignored, 0, 0, NULL},
    {"no-sni-auto", false, read_ignored, 0, 0, NULL},
    {"no-check-sni-auto", false, read_ignored, 0, 0, NULL},
    {"no-ssl-reuse", false, read_ignored, 0, 0, NULL},
    {"guid", true, read_ignored, 0, 0, NULL},
    {"shard", true, read_ignored, 0, 0, NULL},
    {"stick", false, read_ignored, 0, 0, NULL},
    {"send-proxy", false, read_ignored, 0, 0, LATER},
    {"send-proxy-v2", false, read_ignored, 0, 0, LATER},
    {"send-proxy-v2-ssl", false, read_ignored, 0, 0, LATER},
    {"send-proxy-v2-ssl-cn", false, read_ignored, 0, 0, LATER},
    {"proxy-v2-options", true, read_ignored, 0, 0, LATER},
    {"check-send-proxy", false, read_ignored, 0, 0, LATER},
    {"check-sni", true, read_ignored, 0, 0, LATER},
    {"check-alpn", true, read_ignored, 0, 0, LATER},
    {"check-proto", true, read_ignored, 0, 0, LATER},
    {"check-via-socks4", false, read_ignored, 0, 0, LATER},
    {"socks4", true, read_ignored, 0, 0, LATER},
    {"agent-check", false, read_ignored, 0, 0, LATER},
    {"agent-addr", true, read_ignored, 0, 0, LATER},
    {"agent-port", true, read_ignored, 0, 0, LATER},
    {"agent-inter", true, read_ignored, 0, 0, LATER},
    {"agent-send", true, read_ignored, 0, 0, LATER},
    {"observe", true, read_ignored, 0, 0, LATER},
    {"on-error", true, read_ignored, 0, 0, LATER},
    {"on-marked-up", true, read_ignored, 0, 0, LATER},
    {"resolvers", true, read_ignored, 0, 0, LATER},
    {"resolve-prefer", true, read_ignored, 0, 0, LATER},
    {"resolve-opts", true, read_ignored, 0, 0, LATER},
    {"resolve-net", true, read_ignored, 0, 0, LATER},
    {"ws", true, read_ignored, 0, 0, LATER},
    {"tfo", false, read_ignored, 0, 0, LATER},
    {"init-state", true, read_ignored, 0, 0, LATER},
    {"healthcheck", true, read_ignored, 0, 0, LATER},
    {"namespace", true, read_ignored, 0, 0, LATER},
};

static enum result read_argument(struct config_reader *reader, const char *const *words,
                                 unsigned count, struct server_settings *server, unsigned *used)
{
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct server_argument *row = &ROWS[i];
        if (strcmp(words[0], row->name) != 0) {
            continue;
        }
        if (row->refused != NULL) {
            return config_fail(reader, "'server' : '%s' %s", row->name, row->refused);
        }
        if (row->takes_value && count < 2) {
            return config_fail(reader, "'server' : '%s' : missing argument", row->name);
        }
        *used = row->takes_value ? 2 : 1;
        return row->read(reader, row, row->takes_value ? words[1] : NULL, server);
    }
    enum result result = config_read_tls_argument(reader, words, count, &server->tls, used);
    return result == RESULT_NOT_FOUND
               ? config_fail(reader, "'server' : unknown keyword '%s'", words[0])
               : result;
}

static enum result read_arguments(struct config_reader *reader, const char *const *words,
                                  unsigned count, struct server_settings *server)
{
    unsigned position = 0;
    while (position < count) {
        unsigned used = 0;
        enum result result =
            read_argument(reader, words + position, count - position, server, &used);
        if (result != RESULT_OK) {
            return result;
        }
        position += used;
    }
    return RESULT_OK;
}

static enum result read_default_server(struct config_reader *reader, const char *const *arguments,
                                       unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    return read_arguments(reader, arguments, count, reader->default_server);
}

/* ---- server lines ---- */

static enum result set_address(struct config_reader *reader, const char *word,
                               struct server_settings *server)
{
    struct config_address parsed;
    enum result result = config_read_address(reader, word, false, &parsed);
    if (result != RESULT_OK) {
        return result;
    }
    if (parsed.fd >= 0 || parsed.last_port != parsed.address.port) {
        return config_fail(reader, "'server' : '%s': one address with at most one port is expected",
                           word);
    }
    if (parsed.host != NULL) {
        uint16_t port = parsed.address.port;
        if (address_resolve(slice_from_string(parsed.host), parsed.address.family,
                            &parsed.address) != RESULT_OK) {
            return config_fail(reader, "'server %s' : could not resolve address '%s'.",
                               server->options.name, parsed.host);
        }
        parsed.address.port = port;
        server->options.hostname = parsed.host;
    }
    server->options.address = parsed.address;
    server->options.port_is_relative = parsed.port_is_relative;
    server->options.port_offset = parsed.port_offset;
    return RESULT_OK;
}

static const struct server_settings *find_server(const struct proxy_settings *proxy,
                                                 const char *name)
{
    LIST_EACH(link, &proxy->servers) {
        const struct server_settings *server = container_of(link, struct server_settings, link);
        if (strcmp(server->options.name, name) == 0) {
            return server;
        }
    }
    return NULL;
}

static void apply_defaults(struct config_reader *reader, struct server_settings *server)
{
    const struct global_settings *global = &reader->configuration->global;
    struct tls_options *tls = &server->tls;
    tls->ciphers = tls->ciphers != NULL ? tls->ciphers : global->default_server_ciphers;
    tls->ciphersuites =
        tls->ciphersuites != NULL ? tls->ciphersuites : global->default_server_ciphersuites;
    tls->min_version =
        tls->min_version != TLS_VERSION_DEFAULT ? tls->min_version : global->default_server_min;
    tls->max_version =
        tls->max_version != TLS_VERSION_DEFAULT ? tls->max_version : global->default_server_max;
}

static enum result compile_sni(struct config_reader *reader, struct server_settings *server)
{
    if (server->sni_text == NULL || !server->is_ssl) {
        return RESULT_OK;
    }
    struct rule_parser parser =
        config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST | SAMPLE_IN_REQUEST_CONTENT);
    unsigned used = 0;
    return sample_parse(&parser, &server->sni_text, 1, &used, &server->sni);
}

static enum result read_server(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    struct proxy_settings *proxy = reader->proxy;
    const struct server_settings *twin = find_server(proxy, arguments[0]);
    if (twin != NULL) {
        return config_fail(reader,
                           "%s '%s' : another server named '%s' was already defined at line %u",
                           "backend", proxy->name, arguments[0], twin->options.line);
    }
    struct server_settings *server = config_take(reader, sizeof(*server));
    if (server == NULL) {
        return RESULT_NO_MEMORY;
    }
    *server = *reader->default_server;
    server->options.name = config_copy(reader, arguments[0]);
    server->options.file = reader->file;
    server->options.line = reader->line;
    server->options.id = 0;
    enum result result = set_address(reader, arguments[1], server);
    if (result == RESULT_OK) {
        result = read_arguments(reader, arguments + 2, count - 2, server);
    }
    apply_defaults(reader, server);
    if (result == RESULT_OK) {
        result = compile_sni(reader, server);
    }
    proxy->servers_count++;
    if (server->options.id == 0) {
        server->options.id = proxy->servers_count;
    }
    list_append(&proxy->servers, &server->link);
    return result;
}

const struct config_keyword KEYWORDS_SERVERS[] = {
    {"server", SECTION_BACKEND | SECTION_LISTEN, 2, UINT_MAX, "<name> and <addr>[:<port>]",
     read_server, 0, 0, false},
    {"default-server", SECTION_BACK, 1, UINT_MAX, "<params>", read_default_server, 0, 0, false},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, false},
};
