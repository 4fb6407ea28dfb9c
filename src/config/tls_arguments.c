/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS arguments that bind and server lines and the ssl-default-*-options share: files (below
 * ca-base and crt-base), versions, verification, lists of ciphers. One row an argument. Texts live
 * in the configuration's account.
 */
#include <string.h>

#include "config/keyword.h"

enum { PATH_MAX_BYTES = 4096 };

struct tls_argument {
    const char *name;
    bool takes_value;
    enum result (*read)(struct config_reader *reader, const struct tls_argument *row,
                        const char *value, struct tls_options *tls);
    size_t offset;
    unsigned value;
};

static enum result read_text(struct config_reader *reader, const struct tls_argument *row,
                             const char *value, struct tls_options *tls)
{
    const char *copy = config_copy(reader, value);
    *(const char **)(void *)((char *)tls + row->offset) = copy;
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

/* A file below ca-base when it is relative and not a name such as @system-ca. */
static enum result read_ca_path(struct config_reader *reader, const struct tls_argument *row,
                                const char *value, struct tls_options *tls)
{
    const char *base = reader->configuration->global.ca_base;
    char bytes[PATH_MAX_BYTES];
    struct text path = text_over(bytes, sizeof(bytes));
    if (base != NULL && value[0] != '/' && value[0] != '@') {
        text_append_format(&path, "%s/", base);
    }
    text_append_string(&path, value);
    return read_text(reader, row, bytes, tls);
}

static enum result find_version(struct config_reader *reader, const char *word,
                                enum tls_version *out)
{
    static const struct {
        const char *name;
        enum tls_version version;
    } VERSIONS[] = {{"TLSv1.0", TLS_VERSION_1_0},
                    {"TLSv1.1", TLS_VERSION_1_1},
                    {"TLSv1.2", TLS_VERSION_1_2},
                    {"TLSv1.3", TLS_VERSION_1_3}};
    for (size_t i = 0; i < sizeof(VERSIONS) / sizeof(VERSIONS[0]); i++) {
        if (strcmp(word, VERSIONS[i].name) == 0) {
            *out = VERSIONS[i].version;
            return RESULT_OK;
        }
    }
    return config_fail(
        reader, "unknown SSL/TLS version '%s': TLSv1.0, TLSv1.1, TLSv1.2 or TLSv1.3 is expected",
        word);
}

static enum result read_version(struct config_reader *reader, const struct tls_argument *row,
                                const char *value, struct tls_options *tls)
{
    return find_version(reader, value, (enum tls_version *)(void *)((char *)tls + row->offset));
}

static enum result force_version(struct config_reader *reader, const struct tls_argument *row,
                                 const char *value, struct tls_options *tls)
{
    (void)reader;
    (void)value;
    tls->min_version = (enum tls_version)row->value;
    tls->max_version = (enum tls_version)row->value;
    return RESULT_OK;
}

static enum result exclude_version(struct config_reader *reader, const struct tls_argument *row,
                                   const char *value, struct tls_options *tls)
{
    enum tls_version excluded = (enum tls_version)row->value;
    (void)reader;
    (void)value;
    if (excluded == TLS_VERSION_1_3) {
        tls->max_version = TLS_VERSION_1_2;
    } else if (tls->min_version <= excluded) {
        tls->min_version = excluded + 1;
    }
    return RESULT_OK;
}

static enum result read_verify(struct config_reader *reader, const struct tls_argument *row,
                               const char *value, struct tls_options *tls)
{
    static const char *const NAMES[] = {[TLS_VERIFY_NONE] = "none",
                                        [TLS_VERIFY_OPTIONAL] = "optional",
                                        [TLS_VERIFY_REQUIRED] = "required"};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (strcmp(value, NAMES[i]) == 0) {
            tls->verify = (enum tls_verify)i;
            return RESULT_OK;
        }
    }
    return config_fail(
        reader,
        "'%s' : unknown verify method '%s', only 'none', 'optional', and 'required' are supported",
        row->name, value);
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

static enum result read_ignored(struct config_reader *reader, const struct tls_argument *row,
                                const char *value, struct tls_options *tls)
{
    (void)reader;
    (void)row;
    (void)value;
    (void)tls;
    return RESULT_OK;
}

#define FIELD(member) offsetof(struct tls_options, member)

static const struct tls_argument ROWS[] = {
    {"alpn", true, read_text, FIELD(alpn), 0},
    {"no-alpn", false, read_no_alpn, 0, 0},
    {"ca-file", true, read_ca_path, FIELD(ca_file), 0},
    {"crl-file", true, read_ca_path, FIELD(crl_file), 0},
    {"ciphers", true, read_text, FIELD(ciphers), 0},
    {"ciphersuites", true, read_text, FIELD(ciphersuites), 0},
    {"curves", true, read_text, FIELD(curves), 0},
    {"ecdhe", true, read_text, FIELD(curves), 0},
    {"verifyhost", true, read_text, FIELD(verify_host), 0},
    {"ssl-min-ver", true, read_version, FIELD(min_version), 0},
    {"ssl-max-ver", true, read_version, FIELD(max_version), 0},
    {"force-tlsv10", false, force_version, 0, TLS_VERSION_1_0},
    {"force-tlsv11", false, force_version, 0, TLS_VERSION_1_1},
    {"force-tlsv12", false, force_version, 0, TLS_VERSION_1_2},
    {"force-tlsv13", false, force_version, 0, TLS_VERSION_1_3},
    {"no-tlsv10", false, exclude_version, 0, TLS_VERSION_1_0},
    {"no-tlsv11", false, exclude_version, 0, TLS_VERSION_1_1},
    {"no-tlsv12", false, exclude_version, 0, TLS_VERSION_1_2},
    {"no-tlsv13", false, exclude_version, 0, TLS_VERSION_1_3},
    {"no-sslv3", false, read_ignored, 0, 0},
    {"verify", true, read_verify, 0, 0},
    {"strict-sni", false, read_flag, FIELD(strict_sni), 1},
    {"no-strict-sni", false, read_flag, FIELD(strict_sni), 0},
    {"no-tls-tickets", false, read_flag, FIELD(no_tickets), 1},
    {"tls-tickets", false, read_flag, FIELD(no_tickets), 0},
    {"prefer-client-ciphers", false, read_flag, FIELD(prefer_client_ciphers), 1},
};

enum result config_read_tls_argument(struct config_reader *reader, const char *const *words,
                                     unsigned count, struct tls_options *tls, unsigned *used)
{
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct tls_argument *row = &ROWS[i];
        if (strcmp(words[0], row->name) != 0) {
            continue;
        }
        if (row->takes_value && count < 2) {
            return config_fail(reader, "'%s' : missing argument", row->name);
        }
        *used = row->takes_value ? 2 : 1;
        return row->read(reader, row, row->takes_value ? words[1] : NULL, tls);
    }
    return RESULT_NOT_FOUND;
}
