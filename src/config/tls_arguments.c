/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS arguments that bind and server lines and the ssl-default-*-options share: files (below
 * ca-base and crt-base), versions, verification, lists of ciphers. One row an argument. Texts live
 * in the configuration's account.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config/arguments.h"
#include "config/keyword.h"

static enum result read_text(struct config_reader *reader, const struct tls_argument *row,
                             const char *value, struct tls_options *tls)
{
    const char *copy = config_copy(reader, value);
    *(const char **)(void *)((char *)tls + row->offset) = copy;
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

/* A file below ca-base, which must be there. */
static enum result read_ca_path(struct config_reader *reader, const struct tls_argument *row,
                                const char *value, struct tls_options *tls)
{
    const char *copy = config_copy_path(reader, reader->configuration->global.ca_base, value);
    *(const char **)(void *)((char *)tls + row->offset) = copy;
    if (copy == NULL) {
        return RESULT_INVALID;
    }
    return copy[0] == '@' || access(copy, R_OK) == 0
               ? RESULT_OK
               : config_fail(reader, "Couldn't open the %s '%s' (%s).", row->name, copy,
                             strerror(errno));
}

static enum result read_version(struct config_reader *reader, const struct tls_argument *row,
                                const char *value, struct tls_options *tls)
{
    static const struct {
        const char *name;
        enum tls_version version;
    } VERSIONS[] = {{"TLSv1.0", TLS_VERSION_1_0},
                    {"TLSv1.1", TLS_VERSION_1_1},
                    {"TLSv1.2", TLS_VERSION_1_2},
                    {"TLSv1.3", TLS_VERSION_1_3}};
    for (size_t i = 0; i < sizeof(VERSIONS) / sizeof(VERSIONS[0]); i++) {
        if (strcmp(value, VERSIONS[i].name) == 0) {
            *(enum tls_version *)(void *)((char *)tls + row->offset) = VERSIONS[i].version;
            return RESULT_OK;
        }
    }
    return config_fail(reader, "'%s' : unknown ssl/tls version", value);
}

static enum result read_forced(struct config_reader *reader, const struct tls_argument *row,
                               const char *value, struct tls_options *tls)
{
    (void)reader;
    (void)value;
    tls->min_version = (enum tls_version)row->value;
    tls->max_version = (enum tls_version)row->value;
    return RESULT_OK;
}

/* The lowest version that is spoken when nothing more is said. */
static enum tls_version find_lowest(const struct config_reader *reader,
                                    const struct tls_options *tls)
{
    const struct global_settings *global = &reader->configuration->global;
    enum tls_version by_default =
        tls->is_server ? global->default_bind_min : global->default_server_min;
    if (tls->min_version != TLS_VERSION_DEFAULT) {
        return tls->min_version;
    }
    return by_default != TLS_VERSION_DEFAULT ? by_default : TLS_VERSION_1_2;
}

/*
 * no-tlsv1x: the versions below go with it, since they are one range; 1.3 is taken from the top.
 * It never adds a version that was not spoken before.
 */
static enum result read_excluded(struct config_reader *reader, const struct tls_argument *row,
                                 const char *value, struct tls_options *tls)
{
    (void)value;
    if (row->value != TLS_VERSION_1_3) {
        if (find_lowest(reader, tls) <= row->value) {
            tls->min_version = (enum tls_version)(row->value + 1);
        }
    } else if (tls->max_version == TLS_VERSION_DEFAULT || tls->max_version > TLS_VERSION_1_2) {
        tls->max_version = TLS_VERSION_1_2;
    }
    return RESULT_OK;
}

static enum result read_verify(struct config_reader *reader, const struct tls_argument *row,
                               const char *value, struct tls_options *tls)
{
    (void)row;
    if (strcmp(value, "none") == 0) {
        tls->verify = TLS_VERIFY_NONE;
    } else if (strcmp(value, "required") == 0) {
        tls->verify = TLS_VERIFY_REQUIRED;
    } else if (strcmp(value, "optional") == 0 && tls->is_server) {
        tls->verify = TLS_VERIFY_OPTIONAL;
    } else {
        return config_fail(
            reader, "'verify' : unknown verify method '%s', only %s are supported", value,
            tls->is_server ? "'none', 'optional', and 'required'" : "'none' and 'required'");
    }
    return RESULT_OK;
}

static enum result read_flag(struct config_reader *reader, const struct tls_argument *row,
                             const char *value, struct tls_options *tls)
{
    (void)reader;
    (void)value;
    *((bool *)(void *)((char *)tls + row->offset)) = row->value != 0;
    return RESULT_OK;
}

static enum result read_no_alpn(struct config_reader *reader, const struct tls_argument *row,
                                const char *value, struct tls_options *tls)
{
    (void)reader;
    (void)row;
    (void)value;
    tls->alpn = NULL;
    return RESULT_OK;
}

static enum result pass_over(struct config_reader *reader, const struct tls_argument *row,
                             const char *value, struct tls_options *tls)
{
    (void)value;
    (void)tls;
    config_note_without_meaning(reader, row->name);
    return RESULT_OK;
}

#define ON_LINES (TLS_ON_BIND | TLS_ON_SERVER)
#define ANYWHERE (ON_LINES | TLS_BY_DEFAULT)
#define ON_BINDS (TLS_ON_BIND | TLS_BY_DEFAULT)

#define TEXT(name, member, missing, places)                                       \
    {                                                                             \
        name, missing, read_text, offsetof(struct tls_options, member), 0, places \
    }
#define CA_PATH(name, member, missing)                                                 \
    {                                                                                  \
        name, missing, read_ca_path, offsetof(struct tls_options, member), 0, ON_LINES \
    }
#define VERSION(name, member)                                                                   \
    {                                                                                           \
        name, "missing ssl/tls version", read_version, offsetof(struct tls_options, member), 0, \
            ANYWHERE                                                                            \
    }
#define FLAG(name, member, value, places)                                          \
    {                                                                              \
        name, NULL, read_flag, offsetof(struct tls_options, member), value, places \
    }
#define FORCED(name, version)                         \
    {                                                 \
        name, NULL, read_forced, 0, version, ANYWHERE \
    }
#define EXCLUDED(name, version)                         \
    {                                                   \
        name, NULL, read_excluded, 0, version, ANYWHERE \
    }
#define NOTHING(name)                         \
    {                                         \
        name, NULL, pass_over, 0, 0, ANYWHERE \
    }

const struct tls_argument TLS_ARGUMENTS[] = {
    TEXT("alpn", alpn, "missing the comma-delimited ALPN protocol suite", ON_LINES),
    {"no-alpn", NULL, read_no_alpn, 0, 0, TLS_ON_BIND},
    CA_PATH("ca-file", ca_file, "missing CAfile path"),
    CA_PATH("crl-file", crl_file, "missing CRLfile path"),
    TEXT("ciphers", ciphers, "missing cipher suite", ON_LINES),
    TEXT("ciphersuites", ciphersuites, "missing cipher suite", ON_LINES),
    TEXT("curves", curves, "missing curve suite", ON_LINES),
    TEXT("ecdhe", curves, "missing named curve", TLS_ON_BIND),
    TEXT("verifyhost", verify_host, "missing hostname to verify against", TLS_ON_SERVER),
    {"verify", "missing verify method", read_verify, 0, 0, ON_LINES},
    VERSION("ssl-min-ver", min_version),
    VERSION("ssl-max-ver", max_version),
    FORCED("force-tlsv10", TLS_VERSION_1_0),
    FORCED("force-tlsv11", TLS_VERSION_1_1),
    FORCED("force-tlsv12", TLS_VERSION_1_2),
    FORCED("force-tlsv13", TLS_VERSION_1_3),
    EXCLUDED("no-tlsv10", TLS_VERSION_1_0),
    EXCLUDED("no-tlsv11", TLS_VERSION_1_1),
    EXCLUDED("no-tlsv12", TLS_VERSION_1_2),
    EXCLUDED("no-tlsv13", TLS_VERSION_1_3),
    NOTHING("no-sslv3"),
    FLAG("strict-sni", strict_sni, 1, ON_BINDS),
    FLAG("no-strict-sni", strict_sni, 0, ON_BINDS),
    FLAG("no-tls-tickets", no_tickets, 1, ANYWHERE),
    FLAG("tls-tickets", no_tickets, 0, ANYWHERE),
    FLAG("prefer-client-ciphers", prefer_client_ciphers, 1, ON_BINDS),
    {NULL, NULL, NULL, 0, 0, 0},
};

static const struct tls_argument *find_argument(const char *name, unsigned place)
{
    for (const struct tls_argument *row = TLS_ARGUMENTS; row->name != NULL; row++) {
        if ((row->places & place) == place && strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

enum result config_read_tls_argument(struct config_reader *reader, const char *const *words,
                                     unsigned count, struct tls_options *tls, bool is_default,
                                     unsigned *used)
{
    unsigned place =
        (tls->is_server ? TLS_ON_BIND : TLS_ON_SERVER) | (is_default ? TLS_BY_DEFAULT : 0);
    const struct tls_argument *row = find_argument(words[0], place);
    if (row == NULL) {
        return RESULT_NOT_FOUND;
    }
    if (row->missing != NULL && count < 2) {
        return config_fail(reader, "'%s' : %s", row->name, row->missing);
    }
    *used = row->missing != NULL ? 2 : 1;
    return row->read(reader, row, row->missing != NULL ? words[1] : NULL, tls);
}

void config_trim_alpn(struct config_reader *reader, struct tls_options *tls)
{
    char bytes[CONFIG_ERROR_SIZE];
    struct text kept = text_over(bytes, sizeof(bytes));
    struct slice rest = slice_from_string(tls->alpn);
    struct slice protocol;
    while (slice_next_token(&rest, ',', &protocol)) {
        if (slice_equal(protocol, SLICE("h3"))) {
            continue; /* for the line's QUIC addresses, which offer it by themselves */
        }
        if (slice_equal(protocol, SLICE("h2"))) {
            config_report(reader, REPORT_NOTICE,
                          "parsing [%s:%u] : 'alpn' : '%.*s' is not offered, this version of weir "
                          "speaks HTTP/1.1.",
                          reader->file, reader->line, (int)protocol.length, protocol.data);
            continue;
        }
        text_append_format(&kept, "%s%.*s", kept.length > 0 ? "," : "", (int)protocol.length,
                           protocol.data);
    }
    tls->alpn = kept.length > 0 ? config_copy(reader, bytes) : NULL;
}
