/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server and default-server lines: a name and an address, then arguments (server_arguments.c); what
 * default-server sets is what the next server lines start from. `source` of backends. Everything
 * lives in the configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/arguments.h"
#include "config/catalog.h"
#include "config/keyword.h"
#include "rules/suggestion.h"
#include "transport/resolve.h"

enum { TEMPLATE_SERVERS_MAX = 10000 };

/* ---- arguments ---- */

static const struct server_argument *find_argument(const char *name)
{
    for (const struct server_argument *row = SERVER_ARGUMENTS; row->name != NULL; row++) {
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

static enum result fail_argument(struct config_reader *reader, const char *word)
{
    struct suggestion suggestion = {0};
    if (catalog_has_word(CATALOG_SERVER, word)) {
        return config_fail(reader, "'%s' is not supported by weir yet", word);
    }
    for (const struct server_argument *row = SERVER_ARGUMENTS; row->name != NULL; row++) {
        suggestion_offer(&suggestion, word, row->name);
    }
    for (const struct tls_argument *row = TLS_ARGUMENTS; row->name != NULL; row++) {
        if ((row->places & TLS_ON_SERVER) != 0) {
            suggestion_offer(&suggestion, word, row->name);
        }
    }
    return suggestion.best != NULL
               ? config_fail(reader, "unknown keyword '%s'; did you mean '%s' maybe ?", word,
                             suggestion.best)
               : config_fail(reader, "unknown keyword '%s'", word);
}

static enum result read_argument(struct config_reader *reader, const char *const *words,
                                 unsigned count, struct server_settings *server, unsigned *used)
{
    const struct server_argument *row = find_argument(words[0]);
    if (row == NULL) {
        server->has_verify |= strcmp(words[0], "verify") == 0;
        enum result result =
            config_read_tls_argument(reader, words, count, &server->tls, false, used);
        return result == RESULT_NOT_FOUND ? fail_argument(reader, words[0]) : result;
    }
    if (row->missing != NULL && count < 2) {
        return config_fail(reader, "'%s' %s", row->name, row->missing);
    }
    *used = row->missing != NULL ? 2 : 1;
    return row->read(reader, row, row->missing != NULL ? words[1] : NULL, server);
}

static enum result read_arguments(struct config_reader *reader, const char *const *words,
                                  unsigned count, struct server_settings *server)
{
    enum result result = RESULT_OK;
    unsigned used = 0;
    for (unsigned position = 0; result == RESULT_OK && position < count; position += used) {
        result = read_argument(reader, words + position, count - position, server, &used);
    }
    return result;
}

static enum result read_default_server(struct config_reader *reader, const char *const *arguments,
                                       unsigned count, const struct config_keyword *keyword)
{
    enum result result = read_arguments(reader, arguments, count, reader->default_server);
    return result == RESULT_OK
               ? result
               : config_fail(reader, "'%s' : %s", keyword->name, config_reason(reader));
}

/* ---- the address ---- */

/* One word of `init-addr`. RESULT_OK: this is the address, or there is to be none. */
static enum result try_initial(struct slice word, struct config_address *parsed)
{
    if (slice_equal(word, SLICE("none"))) {
        parsed->address.family = AF_UNSPEC;
        return RESULT_OK;
    }
    if (slice_equal(word, SLICE("libc"))) {
        return address_resolve(slice_from_string(parsed->host), parsed->address.family,
                               &parsed->address);
    }
    struct address literal;
    if (address_parse_ip(word, &literal) != RESULT_OK) { /* "last": no state is kept */
        return RESULT_NOT_FOUND;
    }
    literal.port = parsed->address.port;
    parsed->address = literal;
    return RESULT_OK;
}

/* Finds the address of a host name by the methods of `init-addr`, else by the system's resolver. */
static enum result resolve_host(struct config_reader *reader, const struct server_settings *server,
                                struct config_address *parsed)
{
    const char *methods = server->initial_addresses != NULL ? server->initial_addresses : "libc";
    struct slice rest = slice_from_string(methods);
    struct slice method;
    while (slice_next_token(&rest, ',', &method)) {
        if (try_initial(method, parsed) == RESULT_OK) {
            return RESULT_OK;
        }
    }
    if (reader->input->ignore_resolution) {
        parsed->address.family = AF_UNSPEC;
        config_warn(reader, "could not resolve address '%s', disabling server.", parsed->host);
        return RESULT_OK;
    }
    return config_fail(reader, "could not resolve address '%s'.", parsed->host);
}

static enum result set_address(struct config_reader *reader, const char *word,
                               struct server_settings *server)
{
    struct config_address parsed;
    enum result result = config_read_address(reader, word, CONFIG_ADDRESS_STREAM, &parsed);
    if (result != RESULT_OK) {
        return result;
    }
    if (parsed.fd >= 0) {
        return config_fail(reader, "file descriptor not permitted here in '%s'", word);
    }
    if (!parsed.port_is_relative && parsed.last_port != parsed.address.port) {
        return config_fail(reader, "port range not permitted here in '%s'", word);
    }
    if (parsed.host != NULL) {
        server->options.hostname = parsed.host;
        result = resolve_host(reader, server, &parsed);
    }
    server->options.address = parsed.address;
    server->options.port_is_relative = parsed.port_is_relative;
    server->options.port_offset = parsed.port_offset;
    return result;
}

/* ---- TLS ---- */

static void apply_tls_defaults(const struct global_settings *global, struct server_settings *server)
{
    struct tls_options *tls = &server->tls;
    tls->ciphers = tls->ciphers != NULL ? tls->ciphers : global->default_server_ciphers;
    tls->ciphersuites =
        tls->ciphersuites != NULL ? tls->ciphersuites : global->default_server_ciphersuites;
    tls->curves = tls->curves != NULL ? tls->curves : global->default_server_curves;
    if (tls->min_version == TLS_VERSION_DEFAULT) {
        tls->min_version = global->default_server_min;
    }
    if (tls->max_version == TLS_VERSION_DEFAULT) {
        tls->max_version = global->default_server_max;
    }
    tls->verify = server->has_verify ? tls->verify : global->server_verify;
}

static enum result check_tls(struct config_reader *reader, struct server_settings *server)
{
    apply_tls_defaults(&reader->configuration->global, server);
    if (!server->is_ssl && !server->check_ssl) {
        return RESULT_OK;
    }
    config_trim_alpn(reader, &server->tls);
    if (server->tls.verify == TLS_VERIFY_REQUIRED && server->tls.ca_file == NULL) {
        return config_fail(
            reader,
            "verify is enabled by default but no CA file specified. If you're running on a LAN "
            "where you're certain to trust the server's certificate, please set an explicit "
            "'verify none' statement on the 'server' line, or use 'ssl-server-verify none' in the "
            "global section to disable server-side verifications by default.");
    }
    return RESULT_OK;
}

static enum result compile_sni(struct config_reader *reader, struct server_settings *server)
{
    if (server->sni_text == NULL || !server->is_ssl) {
        return RESULT_OK;
    }
    struct rule_parser parser =
        config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST | SAMPLE_IN_REQUEST_CONTENT);
    unsigned used = 0;
    enum result result =
        config_compile_expression(reader, &parser, &server->sni_text, 1, &used, &server->sni);
    return result == RESULT_OK
               ? result
               : config_fail(reader, "error detected while parsing sni expression : %s",
                             config_reason(reader));
}

/* ---- lines ---- */

static enum result check_name(struct config_reader *reader, const char *name)
{
    static const char ALLOWED[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:";
    char bad = name[strspn(name, ALLOWED)];
    if (bad != '\0') {
        return config_fail(reader, "character '%c' is not permitted in server name '%s'.", bad,
                           name);
    }
    LIST_EACH(link, &reader->proxy->servers) {
        const struct server_settings *other = container_of(link, struct server_settings, link);
        if (strcmp(other->options.name, name) == 0) {
            return config_fail(reader,
                               "%s '%s', another server named '%s' was already defined at line %u, "
                               "please use distinct names.",
                               config_role_name(reader->proxy), reader->proxy->name, name,
                               other->options.line);
        }
    }
    return RESULT_OK;
}

static enum result read_server_line(struct config_reader *reader, const char *const *arguments,
                                    unsigned count, struct server_settings *server)
{
    enum result result = read_arguments(reader, arguments + 2, count - 2, server);
    if (result == RESULT_OK) {
        result = set_address(reader, arguments[1], server);
    }
    if (result == RESULT_OK) {
        result = check_tls(reader, server);
    }
    return result == RESULT_OK ? compile_sni(reader, server) : result;
}

/* Adds a server called `name` with the address and arguments of the line. */
static enum result add_server(struct config_reader *reader, const char *name,
                              const char *const *arguments, unsigned count,
                              const struct config_keyword *keyword)
{
    struct proxy_settings *proxy = reader->proxy;
    enum result result = check_name(reader, name);
    struct server_settings *server =
        result == RESULT_OK ? config_take(reader, sizeof(*server)) : NULL;
    if (server == NULL) {
        return RESULT_INVALID;
    }
    *server = *reader->default_server;
    server->options.name = config_copy(reader, name);
    if (server->options.name == NULL) {
        return RESULT_NO_MEMORY;
    }
    server->options.file = reader->file;
    server->options.line = reader->line;
    server->options.id = 0;
    result = read_server_line(reader, arguments, count, server);
    if (result != RESULT_OK) {
        return config_fail(reader, "'%s %s/%s' : %s", keyword->name, proxy->name, name,
                           config_reason(reader));
    }
    list_append(&proxy->servers, &server->link);
    proxy->servers_count++;
    return RESULT_OK;
}

static enum result read_server(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    return add_server(reader, arguments[0], arguments, count, keyword);
}

/* server-template <prefix> <number | low-high> <address> [arguments]: one server a number. */
static enum result read_template(struct config_reader *reader, const char *const *arguments,
                                 unsigned count, const struct config_keyword *keyword)
{
    struct slice range = slice_from_string(arguments[1]);
    size_t dash = slice_find_char(range, '-');
    bool is_range = dash < range.length;
    uint64_t low = 1;
    uint64_t high = 0;
    bool is_valid =
        number_parse_decimal(is_range ? slice_skip(range, dash + 1) : range, &high) == RESULT_OK &&
        (!is_range || number_parse_decimal(slice_first(range, dash), &low) == RESULT_OK);
    if (!is_valid || low == 0 || low > high || high - low >= TEMPLATE_SERVERS_MAX) {
        return config_fail(reader, "'%s' : invalid number or range '%s'.", keyword->name,
                           arguments[1]);
    }
    enum result result = RESULT_OK;
    for (uint64_t number = low; result == RESULT_OK && number <= high; number++) {
        char bytes[CONFIG_ERROR_SIZE];
        struct text name = text_over(bytes, sizeof(bytes));
        text_append_format(&name, "%s%llu", arguments[0], (unsigned long long)number);
        result = add_server(reader, bytes, arguments + 1, count - 1, keyword);
    }
    return result;
}

/* ---- source ---- */

enum result config_read_source(struct config_reader *reader, const char *const *words,
                               unsigned count, struct address *out)
{
    struct config_address parsed;
    enum result result = config_read_address(reader, words[0], CONFIG_ADDRESS_STREAM, &parsed);
    if (result == RESULT_OK) {
        result = config_resolve_address(reader, words[0], &parsed);
    }
    bool is_host = parsed.fd < 0 && parsed.address.family != AF_UNIX;
    if (result == RESULT_OK && (!is_host || parsed.port_is_relative)) {
        result = config_fail(reader, "an IP address is expected (got '%s')", words[0]);
    } else if (result == RESULT_OK && parsed.last_port != parsed.address.port) {
        result = config_fail(reader, "port range not permitted here in '%s'", words[0]);
    }
    if (result != RESULT_OK) {
        return config_fail(reader, "'source %s' : %s", words[0], config_reason(reader));
    }
    if (count > 1) {
        bool is_later = strcmp(words[1], "usesrc") == 0 || strcmp(words[1], "interface") == 0;
        return is_later
                   ? config_fail(reader, "'source' : '%s' is not supported by weir yet", words[1])
                   : config_fail(reader, "'source' only supports optional keywords 'interface' and "
                                         "'usesrc'.");
    }
    *out = parsed.address;
    return RESULT_OK;
}

static enum result read_source(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    return config_read_source(reader, arguments, count, &reader->proxy->source);
}

const struct config_keyword KEYWORDS_SERVERS[] = {
    {"server", SECTION_BACKEND | SECTION_LISTEN, 2, UINT_MAX,
     "expects <name> and <addr>[:<port>] as arguments", read_server, 0, 0, KEYWORD_FAILS_ELSEWHERE},
    {"server-template", SECTION_BACKEND | SECTION_LISTEN, 3, UINT_MAX,
     "expects <prefix>, <nb | range> and <addr>[:<port>] as arguments", read_template, 0, 0,
     KEYWORD_FAILS_ELSEWHERE},
    {"default-server", SECTION_BACK, 0, UINT_MAX, "", read_default_server, 0, 0,
     KEYWORD_FAILS_ELSEWHERE},
    {"source", SECTION_BACK, 1, UINT_MAX,
     "expects <addr>[:<port>], and optionally 'usesrc' <addr>, and 'interface' <name>", read_source,
     0, 0, 0},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
