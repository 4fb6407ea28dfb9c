/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind lines and stats sockets: a list of addresses with port ranges, then arguments that hold for
 * each of them. One row an argument. Every address becomes one struct bind_settings in the
 * configuration's account.
 */
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"
#include "transport/resolve.h"

enum {
    NUMBER_MAX = 100000000,
    CERTIFICATES_MAX = 64,
    ADDRESSES_BYTES_MAX = 8192,
    OCTAL = 8,
    MODE_MAX = 07777,
    ID_MAX = 0x7fffffff,
    PATH_MAX_BYTES = 4096
};

struct bind_argument {
    const char *name;
    bool takes_value;
    enum result (*read)(struct config_reader *reader, const struct bind_argument *row,
                        const char *value, struct bind_settings *bind);
    size_t offset;
    const char *refused; /* why it cannot be had */
};

void config_init_listener(struct listener_options *options)
{
    *options = (struct listener_options){.inherited_fd = -1, .uid = (uid_t)-1, .gid = (gid_t)-1};
}

static void *field(struct bind_settings *bind, const struct bind_argument *row)
{
    return (char *)bind + row->offset;
}

static enum result read_text(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    const char *copy = config_copy(reader, value);
    *(const char **)field(bind, row) = copy;
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_u32(struct config_reader *reader, const struct bind_argument *row,
                            const char *value, struct bind_settings *bind)
{
    uint64_t number = 0;
    enum result result = config_read_number(reader, row->name, value, 0, NUMBER_MAX, &number);
    *(uint32_t *)field(bind, row) = (uint32_t)number;
    return result;
}

static enum result read_time(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    return config_read_time(reader, row->name, value, 1, field(bind, row));
}

static enum result read_flag(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    (void)reader;
    (void)value;
    *(bool *)field(bind, row) = true;
    return RESULT_OK;
}

static enum result read_ignored(struct config_reader *reader, const struct bind_argument *row,
                                const char *value, struct bind_settings *bind)
{
    (void)reader;
    (void)row;
    (void)value;
    (void)bind;
    return RESULT_OK;
}

static enum result read_mode(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    char *end = NULL;
    unsigned long mode = strtoul(value, &end, OCTAL);
    if (*end != '\0' || mode > MODE_MAX) {
        return config_fail(reader, "'%s' : missing or invalid mode '%s' (octal integer expected)",
                           row->name, value);
    }
    bind->listener.mode = (mode_t)mode;
    return RESULT_OK;
}

static enum result read_user(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    const struct passwd *user = getpwnam(value);
    if (user == NULL) {
        return config_fail(reader, "'%s' : '%s' is not a valid user name", row->name, value);
    }
    bind->listener.uid = user->pw_uid;
    return RESULT_OK;
}

static enum result read_group(struct config_reader *reader, const struct bind_argument *row,
                              const char *value, struct bind_settings *bind)
{
    const struct group *group = getgrnam(value);
    if (group == NULL) {
        return config_fail(reader, "'%s' : '%s' is not a valid group name", row->name, value);
    }
    bind->listener.gid = group->gr_gid;
    return RESULT_OK;
}

static enum result read_certificate(struct config_reader *reader, const struct bind_argument *row,
                                    const char *value, struct bind_settings *bind)
{
    const char *base = reader->configuration->global.crt_base;
    char bytes[PATH_MAX_BYTES];
    struct text path = text_over(bytes, sizeof(bytes));
    if (base != NULL && value[0] != '/' && value[0] != '@') {
        text_append_format(&path, "%s/", base);
    }
    text_append_string(&path, value);
    if (bind->certificates == NULL) {
        bind->certificates = config_take(reader, CERTIFICATES_MAX * sizeof(*bind->certificates));
    }
    if (bind->certificates == NULL || bind->tls.certificates_count == CERTIFICATES_MAX) {
        return config_fail(reader, "'%s' : more than %d certificates on a line", row->name,
                           CERTIFICATES_MAX);
    }
    bind->certificates[bind->tls.certificates_count++] = config_copy(reader, bytes);
    bind->tls.certificates = bind->certificates;
    return RESULT_OK;
}

static enum result read_level(struct config_reader *reader, const struct bind_argument *row,
                              const char *value, struct bind_settings *bind)
{
    if (strcmp(value, "user") == 0) {
        bind->level = BIND_LEVEL_USER;
    } else if (strcmp(value, "operator") == 0) {
        bind->level = BIND_LEVEL_OPERATOR;
    } else if (strcmp(value, "admin") == 0) {
        bind->level = BIND_LEVEL_ADMIN;
    } else {
        return config_fail(reader, "'%s' only supports 'user', 'operator', and 'admin' (got '%s')",
                           row->name, value);
    }
    return RESULT_OK;
}

static enum result read_protocol(struct config_reader *reader, const struct bind_argument *row,
                                 const char *value, struct bind_settings *bind)
{
    (void)row;
    (void)bind;
    return strcmp(value, "h1") == 0
               ? RESULT_OK
               : config_fail(reader, "'proto' : '%s' is not supported by weir yet (known: h1)",
                             value);
}

#define FIELD(member) offsetof(struct bind_settings, member)
#define LATER         "is not supported by weir yet"

static const struct bind_argument ROWS[] = {
    {"name", true, read_text, FIELD(name), NULL},
    {"id", true, read_u32, FIELD(id), NULL},
    {"ssl", false, read_flag, FIELD(is_ssl), NULL},
    {"crt", true, read_certificate, 0, NULL},
    {"maxconn", true, read_u32, FIELD(maxconn), NULL},
    {"backlog", true, read_u32, FIELD(listener.backlog), NULL},
    {"mss", true, read_u32, FIELD(listener.mss), NULL},
    {"tcp-ut", true, read_time, FIELD(listener.user_timeout_ms), NULL},
    {"interface", true, read_text, FIELD(listener.interface_name), NULL},
    {"v6only", false, read_flag, FIELD(listener.v6_only), NULL},
    {"v4v6", false, read_flag, FIELD(listener.v4_v6), NULL},
    {"transparent", false, read_flag, FIELD(listener.transparent), NULL},
    {"defer-accept", false, read_flag, FIELD(listener.defer_accept), NULL},
    {"tfo", false, read_flag, FIELD(listener.tfo), NULL},
    {"mode", true, read_mode, 0, NULL},
    {"user", true, read_user, 0, NULL},
    {"uid", true, read_u32, FIELD(listener.uid), NULL},
    {"group", true, read_group, 0, NULL},
    {"gid", true, read_u32, FIELD(listener.gid), NULL},
    {"level", true, read_level, 0, NULL},
    {"expose-fd", true, read_flag, FIELD(expose_fd), NULL},
    {"proto", true, read_protocol, 0, NULL},
    {"nice", true, read_ignored, 0, NULL},
    {"process", true, read_ignored, 0, NULL},
    {"thread", true, read_ignored, 0, NULL},
    {"shards", true, read_ignored, 0, NULL},
    {"severity-output", true, read_ignored, 0, NULL},
    {"guid-prefix", true, read_ignored, 0, NULL},
    {"generate-certificates", false, read_ignored, 0, LATER},
    {"accept-proxy", false, read_ignored, 0, LATER},
    {"accept-netscaler-cip", true, read_ignored, 0, LATER},
    {"crt-list", true, read_ignored, 0, LATER},
    {"allow-0rtt", false, read_ignored, 0, LATER},
    {"ca-verify-file", true, read_ignored, 0, LATER},
    {"crt-ignore-err", true, read_ignored, 0, LATER},
    {"ca-ignore-err", true, read_ignored, 0, LATER},
    {"namespace", true, read_ignored, 0, LATER},
};

static enum result read_argument(struct config_reader *reader, const char *const *words,
                                 unsigned count, struct bind_settings *bind, unsigned *used)
{
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct bind_argument *row = &ROWS[i];
        if (strcmp(words[0], row->name) != 0) {
            continue;
        }
        if (row->refused != NULL) {
            return config_fail(reader, "'bind' : '%s' %s", row->name, row->refused);
        }
        bool is_expose = strcmp(row->name, "expose-fd") == 0;
        if (row->takes_value && count < 2) {
            return config_fail(reader, "'bind' : '%s' : missing argument", row->name);
        }
        if (is_expose && strcmp(words[1], "listeners") != 0) {
            return config_fail(reader, "'expose-fd' only supports 'listeners' (got '%s')",
                               words[1]);
        }
        *used = row->takes_value ? 2 : 1;
        return row->read(reader, row, row->takes_value ? words[1] : NULL, bind);
    }
    enum result result = config_read_tls_argument(reader, words, count, &bind->tls, used);
    return result == RESULT_NOT_FOUND
               ? config_fail(reader, "'bind' : unknown keyword '%s'", words[0])
               : result;
}

/* ---- addresses ---- */

static enum result add_bind(struct config_reader *reader, const struct bind_settings *model,
                            struct list *list, const struct address *address, int fd)
{
    struct bind_settings *bind = config_take(reader, sizeof(*bind));
    if (bind == NULL) {
        return RESULT_NO_MEMORY;
    }
    *bind = *model;
    bind->listener.address = *address;
    bind->listener.inherited_fd = fd;
    if (bind->id == 0) {
        LIST_EACH(link, list) {
            bind->id++;
        }
        bind->id++;
    }
    list_append(list, &bind->link);
    return RESULT_OK;
}

static enum result add_address(struct config_reader *reader, const struct bind_settings *model,
                               struct list *list, const char *word)
{
    struct config_address parsed;
    enum result result = config_read_address(reader, word, false, &parsed);
    if (result != RESULT_OK) {
        return result;
    }
    bool is_ip = parsed.fd < 0 && parsed.address.family != AF_UNIX;
    if (is_ip && (!parsed.has_port || parsed.address.port == 0 || parsed.port_is_relative)) {
        return config_fail(reader,
                           "'%s' : missing port number: '%s' (<address>:<port> is expected)",
                           "bind", word);
    }
    if (parsed.host != NULL) {
        uint16_t port = parsed.address.port;
        if (address_resolve(slice_from_string(parsed.host), parsed.address.family,
                            &parsed.address) != RESULT_OK) {
            return config_fail(reader, "'bind' : invalid address: '%s' in '%s'", parsed.host, word);
        }
        parsed.address.port = port;
    }
    uint32_t last = is_ip ? parsed.last_port : 0;
    for (uint32_t port = parsed.address.port; is_ip && result == RESULT_OK && port <= last; port++) {
        parsed.address.port = (uint16_t)port;
        result = add_bind(reader, model, list, &parsed.address, parsed.fd);
    }
    return is_ip ? result : add_bind(reader, model, list, &parsed.address, parsed.fd);
}

static void apply_defaults(struct config_reader *reader, struct bind_settings *bind)
{
    const struct global_settings *global = &reader->configuration->global;
    struct tls_options *tls = &bind->tls;
    tls->ciphers = tls->ciphers != NULL ? tls->ciphers : global->default_bind_ciphers;
    tls->ciphersuites =
        tls->ciphersuites != NULL ? tls->ciphersuites : global->default_bind_ciphersuites;
    tls->min_version =
        tls->min_version != TLS_VERSION_DEFAULT ? tls->min_version : global->default_bind_min;
    tls->max_version =
        tls->max_version != TLS_VERSION_DEFAULT ? tls->max_version : global->default_bind_max;
    bind->listener.is_tls = bind->is_ssl;
}

enum result config_read_bind(struct config_reader *reader, const char *const *arguments,
                             unsigned count, struct list *list, bool for_stats)
{
    struct bind_settings model = {
        .file = reader->file, .line = reader->line, .tls = {.is_server = true}};
    model.level = BIND_LEVEL_OPERATOR;
    config_init_listener(&model.listener);
    unsigned position = 1;
    while (position < count) {
        unsigned used = 0;
        enum result result =
            read_argument(reader, arguments + position, count - position, &model, &used);
        if (result != RESULT_OK) {
            return result;
        }
        position += used;
    }
    if (model.is_ssl && model.tls.certificates_count == 0) {
        return config_fail(reader,
                           "Proxy '%s': no SSL certificate specified for bind '%s' (use 'crt')",
                           reader->proxy != NULL ? reader->proxy->name : "GLOBAL", arguments[0]);
    }
    if (for_stats && model.is_ssl) {
        return config_fail(reader, "'stats socket' : 'ssl' is not supported by weir yet");
    }
    apply_defaults(reader, &model);
    struct slice rest = slice_from_string(arguments[0]);
    struct slice word;
    enum result result = RESULT_OK;
    while (result == RESULT_OK && slice_next_token(&rest, ',', &word)) {
        char bytes[ADDRESSES_BYTES_MAX];
        struct text one = text_over(bytes, sizeof(bytes));
        text_append(&one, word);
        result = add_address(reader, &model, list, bytes);
    }
    return result;
}

static enum result read_bind(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    return config_read_bind(reader, arguments, count, &reader->proxy->binds, false);
}

const struct config_keyword KEYWORDS_BIND[] = {
    {"bind", SECTION_FRONTEND | SECTION_LISTEN, 1, UINT_MAX, "{<path>|[addr]:<port>}[, …] [param*]",
     read_bind, 0, 0, false},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, false},
};
