/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind lines and stats sockets: a list of addresses with port ranges, then arguments that hold for
 * each of them (bind_arguments.c). Every address becomes one struct bind_settings in the
 * configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "config/arguments.h"
#include "config/catalog.h"
#include "config/keyword.h"
#include "rules/suggestion.h"

enum { ADDRESS_BYTES_MAX = 512, LABEL_BYTES_MAX = 1024 };

/* A line under way. */
struct bind_line {
    struct bind_settings model; /* what its arguments say */
    struct list *list;
    const char *label; /* "'bind :80' in section 'frontend'", "'stats socket'" */
    bool is_stats;
    bool has_bound; /* an address has been added: the line's id was its */
};

/* ---- arguments ---- */

static const struct bind_argument *find_argument(const char *name)
{
    for (const struct bind_argument *row = BIND_ARGUMENTS; row->name != NULL; row++) {
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

static enum result fail_argument(struct config_reader *reader, const struct bind_line *line,
                                 const char *word)
{
    struct suggestion suggestion = {0};
    if (catalog_has_word(CATALOG_BIND, word)) {
        return config_fail(reader, "%s : '%s' is not supported by weir yet", line->label, word);
    }
    for (const struct bind_argument *row = BIND_ARGUMENTS; row->name != NULL; row++) {
        suggestion_offer(&suggestion, word, row->name);
    }
    for (const struct tls_argument *row = TLS_ARGUMENTS; row->name != NULL; row++) {
        if ((row->places & TLS_ON_BIND) != 0) {
            suggestion_offer(&suggestion, word, row->name);
        }
    }
    return suggestion.best != NULL
               ? config_fail(reader, "%s: unknown keyword '%s'; did you mean '%s' maybe ?",
                             line->label, word, suggestion.best)
               : config_fail(reader, "%s: unknown keyword '%s'", line->label, word);
}

static enum result read_own_argument(struct config_reader *reader, const struct bind_argument *row,
                                     const char *const *words, unsigned count,
                                     struct bind_settings *bind, unsigned *used)
{
    if (row->missing != NULL && count < 2) {
        return config_fail(reader, "'%s' : %s", row->name, row->missing);
    }
    *used = row->missing != NULL ? 2 : 1;
    return row->read(reader, row, row->missing != NULL ? words[1] : NULL, bind);
}

static enum result read_arguments(struct config_reader *reader, const char *const *words,
                                  unsigned count, struct bind_line *line)
{
    unsigned used = 0;
    for (unsigned position = 0; position < count; position += used) {
        const char *const *word = words + position;
        const struct bind_argument *row = find_argument(*word);
        enum result result = row != NULL ? read_own_argument(reader, row, word, count - position,
                                                             &line->model, &used)
                                         : config_read_tls_argument(reader, word, count - position,
                                                                    &line->model.tls, false, &used);
        if (result == RESULT_NOT_FOUND) {
            return fail_argument(reader, line, *word);
        }
        if (result != RESULT_OK) {
            return config_fail(reader, "%s : %s", line->label, config_reason(reader));
        }
    }
    return RESULT_OK;
}

/* ---- what the global section says where the line says nothing ---- */

static void apply_tls_defaults(const struct global_settings *global, struct tls_options *tls)
{
    tls->ciphers = tls->ciphers != NULL ? tls->ciphers : global->default_bind_ciphers;
    tls->ciphersuites =
        tls->ciphersuites != NULL ? tls->ciphersuites : global->default_bind_ciphersuites;
    tls->curves = tls->curves != NULL ? tls->curves : global->default_bind_curves;
    if (tls->min_version == TLS_VERSION_DEFAULT) {
        tls->min_version = global->default_bind_min;
    }
    if (tls->max_version == TLS_VERSION_DEFAULT) {
        tls->max_version = global->default_bind_max;
    }
}

/* A path below the prefix, with the modes that the line does not say. */
static enum result apply_unix_defaults(struct config_reader *reader,
                                       struct listener_options *listener)
{
    const struct global_settings *global = &reader->configuration->global;
    char bytes[ADDRESS_BYTES_MAX];
    struct text path = text_over(bytes, sizeof(bytes));
    if (global->unix_bind.prefix != NULL && !listener->address.is_abstract) {
        text_append_format(&path, "%s%s", global->unix_bind.prefix, listener->address.path);
        listener->address.path = config_copy(reader, bytes);
    }
    listener->mode = listener->mode != 0 ? listener->mode : global->unix_bind.mode;
    if (listener->uid == (uid_t)-1) {
        listener->uid = global->unix_bind.uid;
    }
    if (listener->gid == (gid_t)-1) {
        listener->gid = global->unix_bind.gid;
    }
    return listener->address.path != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

/* ---- addresses ---- */

/* A QUIC listener: TLS it must have, and HTTP/3 is what it speaks. */
static enum result make_quic(struct config_reader *reader, struct bind_settings *bind)
{
    if (!bind->is_ssl) {
        return config_fail(reader, "a QUIC address needs 'ssl' and a certificate ('crt')");
    }
    bind->is_quic = true;
    bind->tls.is_quic = true;
    bind->tls.alpn = "h3";
    bind->tls.allow_early = bind->quic.allow_early;
    return RESULT_OK;
}

static enum result add_bind(struct config_reader *reader, struct bind_line *line,
                            const struct config_address *parsed, uint16_t port)
{
    struct bind_settings *bind = config_take(reader, sizeof(*bind));
    if (bind == NULL) {
        return RESULT_NO_MEMORY;
    }
    *bind = line->model;
    bind->id = line->has_bound ? 0 : bind->id;
    bind->listener.address = parsed->address;
    bind->listener.address.port = port;
    bind->listener.inherited_fd = parsed->fd;
    line->has_bound = true;
    list_append(line->list, &bind->link);
    if (parsed->is_quic) {
        return make_quic(reader, bind);
    }
    if (bind->wants_quic) {
        return config_fail(reader, "'proto' : 'quic' needs a QUIC address (quic4@, quic6@)");
    }
    bool is_path = parsed->address.family == AF_UNIX && !line->is_stats;
    return is_path ? apply_unix_defaults(reader, &bind->listener) : RESULT_OK;
}

static enum result check_port(struct config_reader *reader, const char *word,
                              const struct config_address *parsed)
{
    if (!parsed->has_port || parsed->port_is_relative) {
        return config_fail(reader, "missing port specification in '%s'", word);
    }
    return parsed->address.port != 0 ? RESULT_OK : config_fail(reader, "invalid port '0'");
}

static enum result read_address(struct config_reader *reader, struct bind_line *line,
                                const char *word)
{
    struct config_address parsed;
    enum result result = config_read_address(
        reader, word, line->is_stats ? CONFIG_ADDRESS_STREAM : CONFIG_ADDRESS_BIND, &parsed);
    bool is_host = result == RESULT_OK && parsed.fd < 0 && parsed.address.family != AF_UNIX;
    if (is_host) {
        result = check_port(reader, word, &parsed);
    }
    if (is_host && result == RESULT_OK) {
        result = config_resolve_address(reader, word, &parsed);
    }
    if (result != RESULT_OK) {
        return config_fail(reader, "'%s' : %s", line->is_stats ? "stats socket" : "bind",
                           config_reason(reader));
    }
    uint32_t last = is_host ? parsed.last_port : 0;
    for (uint32_t port = is_host ? parsed.address.port : 0; result == RESULT_OK && port <= last;
         port++) {
        result = add_bind(reader, line, &parsed, (uint16_t)port);
    }
    return result;
}

static enum result read_addresses(struct config_reader *reader, struct bind_line *line,
                                  const char *words)
{
    struct slice rest = slice_from_string(words);
    struct slice word;
    enum result result = RESULT_OK;
    while (result == RESULT_OK && slice_next_token(&rest, ',', &word)) {
        char bytes[ADDRESS_BYTES_MAX];
        struct text text = text_over(bytes, sizeof(bytes));
        text_append(&text, word);
        bool is_last_empty = word.length == 0 && rest.data == NULL && line->has_bound;
        if (text.truncated) {
            return config_fail(reader, "'bind' : address too long, max is %d bytes",
                               ADDRESS_BYTES_MAX - 1);
        }
        result = is_last_empty ? RESULT_OK : read_address(reader, line, bytes);
    }
    return result;
}

/* ---- lines ---- */

static enum result check_tls(struct config_reader *reader, struct bind_line *line,
                             const char *address)
{
    struct bind_settings *model = &line->model;
    model->listener.is_tls = model->is_ssl;
    if (!model->is_ssl) {
        return RESULT_OK;
    }
    if (line->is_stats) {
        return config_fail(reader, "%s : 'ssl' is not supported by weir yet", line->label);
    }
    if (model->tls.certificates_count == 0) {
        return config_fail(reader,
                           "Proxy '%s': no SSL certificate specified for bind '%s' at [%s:%u] (use "
                           "'crt').",
                           reader->proxy->name, address, reader->file, reader->line);
    }
    config_trim_alpn(reader, &model->tls);
    apply_tls_defaults(&reader->configuration->global, &model->tls);
    return RESULT_OK;
}

enum result config_read_bind(struct config_reader *reader, const char *const *arguments,
                             unsigned count, struct list *list, bool for_stats)
{
    char bytes[LABEL_BYTES_MAX];
    struct text label = text_over(bytes, sizeof(bytes));
    struct bind_line line = {.list = list, .label = bytes, .is_stats = for_stats};
    const struct global_settings *global = &reader->configuration->global;
    text_append_format(&label, for_stats ? "'stats socket'" : "'bind %s' in section '%s'",
                       arguments[0], reader->section_name);
    line.model =
        (struct bind_settings){.file = reader->file,
                               .line = reader->line,
                               .level = BIND_LEVEL_OPERATOR,
                               .tls = {.is_server = true,
                                       .no_tickets = global->default_bind_no_tickets,
                                       .prefer_client_ciphers = global->default_bind_prefers_client,
                                       .strict_sni = global->default_bind_strict_sni}};
    line.model.listener =
        (struct listener_options){.inherited_fd = -1, .uid = (uid_t)-1, .gid = (gid_t)-1};
    enum result result = read_arguments(reader, arguments + 1, count - 1, &line);
    if (result == RESULT_OK) {
        result = check_tls(reader, &line, arguments[0]);
    }
    return result == RESULT_OK ? read_addresses(reader, &line, arguments[0]) : result;
}

static enum result read_bind(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    return config_read_bind(reader, arguments, count, &reader->proxy->binds, false);
}

const struct config_keyword KEYWORDS_BIND[] = {
    {"bind", SECTION_FRONTEND | SECTION_LISTEN, 1, UINT_MAX,
     "expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments", read_bind, 0, 0,
     0},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
