/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The global section's defaults of TLS: folders, ciphers, options of bind and server lines (manual
 * 3.1). What belongs to OpenSSL alone is accepted with a diagnostic where nothing depends on it.
 */
#include <limits.h>
#include <string.h>

#include "config/keyword.h"

#define FIELD(member) offsetof(struct global_settings, member)

/* Words of bind and server lines, such as "ssl-min-ver TLSv1.2 no-tls-tickets". */
static enum result read_options(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword,
                                struct tls_options *options)
{
    unsigned position = 0;
    while (position < count) {
        unsigned used = 0;
        enum result result = config_read_tls_argument(reader, arguments + position,
                                                      count - position, options, true, &used);
        if (result == RESULT_NOT_FOUND) {
            return config_fail(reader, "unknown option '%s' on global statement '%s'.",
                               arguments[position], keyword->name);
        }
        if (result != RESULT_OK) {
            return config_fail(reader, "global statement '%s' : %s", keyword->name,
                               config_reason(reader));
        }
        position += used;
    }
    return RESULT_OK;
}

static enum result read_bind_options(struct config_reader *reader, const char *const *arguments,
                                     unsigned count, const struct config_keyword *keyword)
{
    struct global_settings *global = &reader->configuration->global;
    struct tls_options options = {.is_server = true,
                                  .no_tickets = global->default_bind_no_tickets,
                                  .prefer_client_ciphers = global->default_bind_prefers_client,
                                  .strict_sni = global->default_bind_strict_sni};
    enum result result = read_options(reader, arguments, count, keyword, &options);
    if (options.min_version != TLS_VERSION_DEFAULT) {
        global->default_bind_min = options.min_version;
    }
    if (options.max_version != TLS_VERSION_DEFAULT) {
        global->default_bind_max = options.max_version;
    }
    global->default_bind_no_tickets = options.no_tickets;
    global->default_bind_prefers_client = options.prefer_client_ciphers;
    global->default_bind_strict_sni = options.strict_sni;
    return result;
}

static enum result read_server_options(struct config_reader *reader, const char *const *arguments,
                                       unsigned count, const struct config_keyword *keyword)
{
    struct global_settings *global = &reader->configuration->global;
    struct tls_options options = {.no_tickets = global->default_server_no_tickets};
    enum result result = read_options(reader, arguments, count, keyword, &options);
    if (options.min_version != TLS_VERSION_DEFAULT) {
        global->default_server_min = options.min_version;
    }
    if (options.max_version != TLS_VERSION_DEFAULT) {
        global->default_server_max = options.max_version;
    }
    global->default_server_no_tickets = options.no_tickets;
    return result;
}

static enum result read_server_verify(struct config_reader *reader, const char *const *arguments,
                                      unsigned count, const struct config_keyword *keyword)
{
    bool is_none = strcmp(arguments[0], "none") == 0;
    (void)count;
    if (!is_none && strcmp(arguments[0], "required") != 0) {
        return config_fail(reader, "'%s' expects 'none' or 'required' as argument.", keyword->name);
    }
    reader->configuration->global.server_verify = is_none ? TLS_VERIFY_NONE : TLS_VERIFY_REQUIRED;
    return RESULT_OK;
}

#define TEXT(name, expects, member)                                                      \
    {                                                                                    \
        name, SECTION_GLOBAL, 1, 1, expects, config_read_text_field, FIELD(member), 0, 0 \
    }
/* ssl-load-extra-files: of what it names, weir has bundles and keys. */
static enum result read_extra_files(struct config_reader *reader, const char *const *arguments,
                                    unsigned count, const struct config_keyword *keyword)
{
    static const struct {
        const char *name;
        bool bundles, keys;
    } WORDS[] = {{"none", false, false},  {"all", true, true},    {"bundle", true, false},
                 {"key", false, true},    {"sctl", false, false}, {"ocsp", false, false},
                 {"issuer", false, false}};
    enum { WORD_COUNT = sizeof(WORDS) / sizeof(WORDS[0]) };
    struct global_settings *global = &reader->configuration->global;
    global->no_certificate_bundles = true;
    global->no_key_files = true;
    for (unsigned i = 0; i < count; i++) {
        unsigned word = 0;
        while (word < WORD_COUNT && strcmp(arguments[i], WORDS[word].name) != 0) {
            word++;
        }
        if (word == WORD_COUNT) {
            return config_fail(reader, "'%s' : unknown option '%s'.", keyword->name, arguments[i]);
        }
        global->no_certificate_bundles = global->no_certificate_bundles && !WORDS[word].bundles;
        global->no_key_files = global->no_key_files && !WORDS[word].keys;
    }
    return RESULT_OK;
}

#define OPTIONS(name, read)                                                                  \
    {                                                                                        \
        name, SECTION_GLOBAL, 1, UINT_MAX, "expects an option as an argument", read, 0, 0, 0 \
    }
#define NOTHING(name)                                                                          \
    {                                                                                          \
        name, SECTION_GLOBAL, 0, UINT_MAX, "", config_pass_over, 0, 0, KEYWORD_WITHOUT_MEANING \
    }

const struct config_keyword KEYWORDS_SSL[] = {
    TEXT("ca-base", "expects a directory as an argument", ca_base),
    TEXT("crt-base", "expects a directory as an argument", crt_base),
    TEXT("ssl-default-bind-ciphers", "expects a cipher suite as an argument", default_bind_ciphers),
    TEXT("ssl-default-bind-ciphersuites", "expects a cipher suite as an argument",
         default_bind_ciphersuites),
    TEXT("ssl-default-bind-curves", "expects a curves suite as an argument", default_bind_curves),
    TEXT("ssl-default-server-ciphers", "expects a cipher suite as an argument",
         default_server_ciphers),
    TEXT("ssl-default-server-ciphersuites", "expects a cipher suite as an argument",
         default_server_ciphersuites),
    TEXT("ssl-default-server-curves", "expects a curves suite as an argument",
         default_server_curves),
    OPTIONS("ssl-default-bind-options", read_bind_options),
    OPTIONS("ssl-default-server-options", read_server_options),
    {"ssl-server-verify", SECTION_GLOBAL, 1, 1, "expects 'none' or 'required' as argument",
     read_server_verify, 0, 0, 0},
    NOTHING("ssl-dh-param-file"),
    {"ssl-load-extra-files", SECTION_GLOBAL, 1, UINT_MAX,
     "expects at least one of 'none', 'all', 'bundle', 'sctl', 'ocsp', 'issuer', 'key'",
     read_extra_files, 0, 0, 0},
    NOTHING("ssl-mode-async"),
    NOTHING("ssl-skip-self-issued-ca"),
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
