/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL's cipher lists, curve names and versions as a GnuTLS priority string.
 *
 * A cipher list is read as OpenSSL reads it (ciphers(1)): words select rows of the table below by
 * name or by a part (ECDHE, AESGCM, HIGH…), joined by `+` they must all hold, `-` and `!` take rows
 * away (`!` for good). The rows left, in their order, give the key exchanges, ciphers and MACs of
 * the priority string. TLS 1.3 suites are ciphers too.
 *
 * What bounds its memory: nothing is taken. RFC 8446 B.4, RFC 5289, RFC 7905 name the suites.
 */
#include "tls/names.h"

#include <string.h>

#include "base/assert.h"
#include "base/slice.h"

enum part {
    PART_ECDHE = 1 << 0,
    PART_DHE = 1 << 1,
    PART_KRSA = 1 << 2, /* RSA key exchange */
    PART_ARSA = 1 << 3, /* RSA authentication */
    PART_ECDSA = 1 << 4,
    PART_AES128 = 1 << 5,
    PART_AES256 = 1 << 6,
    PART_GCM = 1 << 7,
    PART_CHACHA20 = 1 << 8,
    PART_SHA1 = 1 << 9,
    PART_SHA256 = 1 << 10,
    PART_SHA384 = 1 << 11,
    PART_TLS12 = 1 << 12, /* not in older versions */
    PART_TLS13 = 1 << 13,
    PART_CCM = 1 << 14,
};

struct suite {
    const char *openssl;
    const char *iana;
    const char *exchange; /* NULL in TLS 1.3 */
    const char *cipher;
    const char *mac;
    unsigned parts;
};

/* Strongest and fastest first: the order of HIGH and ALL. */
static const struct suite SUITES[] = {
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", NULL, "AES-128-GCM", "AEAD", PART_TLS13},
    {"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", NULL, "AES-256-GCM", "AEAD", PART_TLS13},
    {"TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", NULL, "CHACHA20-POLY1305",
     "AEAD", PART_TLS13},
    {"TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_SHA256", NULL, "AES-128-CCM", "AEAD", PART_TLS13},
    {"ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA",
     "AES-128-GCM", "AEAD",
     PART_ECDHE | PART_ECDSA | PART_AES128 | PART_GCM | PART_SHA256 | PART_TLS12},
    {"ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA",
     "AES-128-GCM", "AEAD",
     PART_ECDHE | PART_ARSA | PART_AES128 | PART_GCM | PART_SHA256 | PART_TLS12},
    {"ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA",
     "AES-256-GCM", "AEAD",
     PART_ECDHE | PART_ECDSA | PART_AES256 | PART_GCM | PART_SHA384 | PART_TLS12},
    {"ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA",
     "AES-256-GCM", "AEAD",
     PART_ECDHE | PART_ARSA | PART_AES256 | PART_GCM | PART_SHA384 | PART_TLS12},
    {"ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
     "ECDHE-ECDSA", "CHACHA20-POLY1305", "AEAD",
     PART_ECDHE | PART_ECDSA | PART_CHACHA20 | PART_TLS12},
    {"ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA",
     "CHACHA20-POLY1305", "AEAD", PART_ECDHE | PART_ARSA | PART_CHACHA20 | PART_TLS12},
    {"DHE-RSA-AES128-GCM-SHA256", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE-RSA", "AES-128-GCM",
     "AEAD", PART_DHE | PART_ARSA | PART_AES128 | PART_GCM | PART_SHA256 | PART_TLS12},
    {"DHE-RSA-AES256-GCM-SHA384", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE-RSA", "AES-256-GCM",
     "AEAD", PART_DHE | PART_ARSA | PART_AES256 | PART_GCM | PART_SHA384 | PART_TLS12},
    {"DHE-RSA-CHACHA20-POLY1305", "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "DHE-RSA",
     "CHACHA20-POLY1305", "AEAD", PART_DHE | PART_ARSA | PART_CHACHA20 | PART_TLS12},
    {"ECDHE-ECDSA-AES128-CCM", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "ECDHE-ECDSA", "AES-128-CCM",
     "AEAD", PART_ECDHE | PART_ECDSA | PART_AES128 | PART_CCM | PART_TLS12},
    {"ECDHE-ECDSA-AES256-CCM", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", "ECDHE-ECDSA", "AES-256-CCM",
     "AEAD", PART_ECDHE | PART_ECDSA | PART_AES256 | PART_CCM | PART_TLS12},
    {"ECDHE-ECDSA-AES128-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA",
     "AES-128-CBC", "SHA256", PART_ECDHE | PART_ECDSA | PART_AES128 | PART_SHA256 | PART_TLS12},
    {"ECDHE-RSA-AES128-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA", "AES-128-CBC",
     "SHA256", PART_ECDHE | PART_ARSA | PART_AES128 | PART_SHA256 | PART_TLS12},
    {"ECDHE-ECDSA-AES256-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE-ECDSA",
     "AES-256-CBC", "SHA384", PART_ECDHE | PART_ECDSA | PART_AES256 | PART_SHA384 | PART_TLS12},
    {"ECDHE-RSA-AES256-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA", "AES-256-CBC",
     "SHA384", PART_ECDHE | PART_ARSA | PART_AES256 | PART_SHA384 | PART_TLS12},
    {"DHE-RSA-AES128-SHA256", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", "DHE-RSA", "AES-128-CBC",
     "SHA256", PART_DHE | PART_ARSA | PART_AES128 | PART_SHA256 | PART_TLS12},
    {"DHE-RSA-AES256-SHA256", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", "DHE-RSA", "AES-256-CBC",
     "SHA256", PART_DHE | PART_ARSA | PART_AES256 | PART_SHA256 | PART_TLS12},
    {"ECDHE-ECDSA-AES128-SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA", "AES-128-CBC",
     "SHA1", PART_ECDHE | PART_ECDSA | PART_AES128 | PART_SHA1},
    {"ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA", "AES-128-CBC",
     "SHA1", PART_ECDHE | PART_ARSA | PART_AES128 | PART_SHA1},
    {"ECDHE-ECDSA-AES256-SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA", "AES-256-CBC",
     "SHA1", PART_ECDHE | PART_ECDSA | PART_AES256 | PART_SHA1},
    {"ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA", "AES-256-CBC",
     "SHA1", PART_ECDHE | PART_ARSA | PART_AES256 | PART_SHA1},
    {"DHE-RSA-AES128-SHA", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "DHE-RSA", "AES-128-CBC", "SHA1",
     PART_DHE | PART_ARSA | PART_AES128 | PART_SHA1},
    {"DHE-RSA-AES256-SHA", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "DHE-RSA", "AES-256-CBC", "SHA1",
     PART_DHE | PART_ARSA | PART_AES256 | PART_SHA1},
    {"AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256", "RSA", "AES-128-GCM", "AEAD",
     PART_KRSA | PART_ARSA | PART_AES128 | PART_GCM | PART_SHA256 | PART_TLS12},
    {"AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384", "RSA", "AES-256-GCM", "AEAD",
     PART_KRSA | PART_ARSA | PART_AES256 | PART_GCM | PART_SHA384 | PART_TLS12},
    {"AES128-SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA256", "RSA", "AES-128-CBC", "SHA256",
     PART_KRSA | PART_ARSA | PART_AES128 | PART_SHA256 | PART_TLS12},
    {"AES256-SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA256", "RSA", "AES-256-CBC", "SHA256",
     PART_KRSA | PART_ARSA | PART_AES256 | PART_SHA256 | PART_TLS12},
    {"AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA", "RSA", "AES-128-CBC", "SHA1",
     PART_KRSA | PART_ARSA | PART_AES128 | PART_SHA1},
    {"AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA", "RSA", "AES-256-CBC", "SHA1",
     PART_KRSA | PART_ARSA | PART_AES256 | PART_SHA1},
};

enum { SUITES_COUNT = sizeof(SUITES) / sizeof(SUITES[0]) };
_Static_assert(SUITES_COUNT <= 64, "suites are selected by a 64-bit mask");

/* Words of a cipher list that mean more than one suite: rows that have all parts of one of two
 * sets. */
struct alias {
    const char *name;
    unsigned all;   /* these parts must be there */
    unsigned other; /* or these; 0: no second set */
};

static const struct alias ALIASES[] = {
    {"ALL", 0, 0},
    {"DEFAULT", 0, 0},
    {"COMPLEMENTOFDEFAULT", PART_TLS13, 0},
    {"HIGH", 0, 0},
    {"ECDHE", PART_ECDHE, 0},
    {"EECDH", PART_ECDHE, 0},
    {"kECDHE", PART_ECDHE, 0},
    {"kEECDH", PART_ECDHE, 0},
    {"DHE", PART_DHE, 0},
    {"EDH", PART_DHE, 0},
    {"kDHE", PART_DHE, 0},
    {"kEDH", PART_DHE, 0},
    {"kRSA", PART_KRSA, 0},
    {"RSA", PART_KRSA, 0},
    {"aRSA", PART_ARSA, 0},
    {"ECDSA", PART_ECDSA, 0},
    {"aECDSA", PART_ECDSA, 0},
    {"AES", PART_AES128, PART_AES256},
    {"AES128", PART_AES128, 0},
    {"AES256", PART_AES256, 0},
    {"AESGCM", PART_GCM, 0},
    {"AESCCM", PART_CCM, 0},
    {"CHACHA20", PART_CHACHA20, 0},
    {"SHA", PART_SHA1, 0},
    {"SHA1", PART_SHA1, 0},
    {"SHA256", PART_SHA256, 0},
    {"SHA384", PART_SHA384, 0},
    {"TLSv1.2", PART_TLS12, 0},
};

struct name_pair {
    const char *openssl;
    const char *gnutls;
};

static const struct name_pair CURVES[] = {
    {"X25519", "GROUP-X25519"},       {"X448", "GROUP-X448"},
    {"P-256", "GROUP-SECP256R1"},     {"prime256v1", "GROUP-SECP256R1"},
    {"secp256r1", "GROUP-SECP256R1"}, {"P-384", "GROUP-SECP384R1"},
    {"secp384r1", "GROUP-SECP384R1"}, {"P-521", "GROUP-SECP521R1"},
    {"secp521r1", "GROUP-SECP521R1"}, {"ffdhe2048", "GROUP-FFDHE2048"},
    {"ffdhe3072", "GROUP-FFDHE3072"}, {"ffdhe4096", "GROUP-FFDHE4096"},
};

static const char *const VERSIONS[] = {
    [TLS_VERSION_1_0] = "VERS-TLS1.0",
    [TLS_VERSION_1_1] = "VERS-TLS1.1",
    [TLS_VERSION_1_2] = "VERS-TLS1.2",
    [TLS_VERSION_1_3] = "VERS-TLS1.3",
};

/* AES before ChaCha20, which is several times slower in GnuTLS, and 128 bits before 256. */
static const char DEFAULT_CIPHERS[] =
    ":-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-CBC:+AES-256-CBC"
    ":-MAC-ALL:+AEAD:+SHA1:+SHA256:+SHA384";
static const char DEFAULT_GROUPS[] =
    ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1"
    ":+GROUP-FFDHE2048:+GROUP-FFDHE3072";
static const char DEFAULT_SUITES_13[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/* Rows chosen so far, in order. */
struct selection {
    uint64_t chosen;
    uint64_t banned;
    unsigned char order[SUITES_COUNT];
    unsigned count;
};

const char *tls_names_openssl_suite(const char *suite)
{
    for (size_t i = 0; i < SUITES_COUNT; i++) {
        if (strcmp(SUITES[i].iana, suite) == 0) {
            return SUITES[i].openssl;
        }
    }
    return suite;
}

/* ---- lists of suites ---- */

static uint64_t rows_of_alias(const struct alias *alias)
{
    uint64_t rows = 0;
    for (unsigned i = 0; i < SUITES_COUNT; i++) {
        unsigned parts = SUITES[i].parts;
        bool is_in = (parts & alias->all) == alias->all ||
                     (alias->other != 0 && (parts & alias->other) == alias->other);
        if (is_in && (parts & PART_TLS13) == 0) {
            rows |= UINT64_C(1) << i;
        }
    }
    return rows;
}

/* Rows that one word means; none when it is not known. */
static uint64_t rows_of_word(struct slice word)
{
    for (unsigned i = 0; i < SUITES_COUNT; i++) {
        if (slice_equal(slice_from_string(SUITES[i].openssl), word)) {
            return UINT64_C(1) << i;
        }
    }
    for (size_t i = 0; i < sizeof(ALIASES) / sizeof(ALIASES[0]); i++) {
        if (slice_equal(slice_from_string(ALIASES[i].name), word)) {
            return rows_of_alias(&ALIASES[i]);
        }
    }
    return 0;
}

/* Rows that hold for all words joined by `+`. */
static uint64_t rows_of_words(struct slice words)
{
    uint64_t rows = UINT64_MAX;
    struct slice word;
    while (slice_next_token(&words, '+', &word)) {
        rows &= rows_of_word(word);
    }
    return rows;
}

static void choose(struct selection *selection, uint64_t rows)
{
    for (unsigned i = 0; i < SUITES_COUNT; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if ((rows & bit) != 0 && ((selection->chosen | selection->banned) & bit) == 0) {
            selection->chosen |= bit;
            selection->order[selection->count] = (unsigned char)i;
            selection->count++;
        }
    }
}

static void unchoose(struct selection *selection, uint64_t rows)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < selection->count; i++) {
        if ((rows >> selection->order[i] & 1) == 0) {
            selection->order[kept] = selection->order[i];
            kept++;
        }
    }
    selection->count = kept;
    selection->chosen &= ~rows;
}

static void select_item(struct selection *selection, struct slice item)
{
    char sign = item.length > 0 ? item.data[0] : '@';
    switch (sign) {
    case '@': /* @STRENGTH, @SECLEVEL: the table's order and GnuTLS's own levels hold */
    case '+': /* only an order */
        break;
    case '!':
        selection->banned |= rows_of_words(slice_skip(item, 1));
        unchoose(selection, selection->banned);
        break;
    case '-':
        unchoose(selection, rows_of_words(slice_skip(item, 1)));
        break;
    default:
        choose(selection, rows_of_words(item));
        break;
    }
}

/* Reads a list separated by colons, commas or blanks; returns how many rows were chosen by it. */
static unsigned select_list(struct selection *selection, const char *list)
{
    unsigned before = selection->count;
    struct slice rest = slice_from_string(list);
    while (rest.length > 0) {
        size_t length = 0;
        while (length < rest.length && strchr(":, ", rest.data[length]) == NULL) {
            length++;
        }
        if (length > 0) {
            select_item(selection, slice_first(rest, length));
        }
        rest = slice_skip(rest, length + 1);
    }
    return selection->count > before ? selection->count - before : 0;
}

/* ---- the priority string ---- */

/* Appends ":+word" unless it is there already. */
static void append_word(struct text *priority, const char *word)
{
    char buffer[sizeof(":+") + 32];
    struct text item = text_over(buffer, sizeof(buffer));
    text_append_string(&item, ":+");
    text_append_string(&item, word);
    ASSERT(!item.truncated);
    size_t end = item.length;
    struct slice all = text_slice(priority);
    for (size_t at = slice_find(all, text_slice(&item)); at < all.length;
         at = slice_find(all, text_slice(&item))) {
        if (at + end == all.length || all.data[at + end] == ':') {
            return;
        }
        all = slice_skip(all, at + end);
    }
    text_append(priority, text_slice(&item));
}

static void append_selection(struct text *priority, const struct selection *selection)
{
    text_append_string(priority, ":-CIPHER-ALL:-MAC-ALL:-KX-ALL");
    for (unsigned i = 0; i < selection->count; i++) {
        const struct suite *suite = &SUITES[selection->order[i]];
        append_word(priority, suite->cipher);
        append_word(priority, suite->mac);
        if (suite->exchange != NULL) {
            append_word(priority, suite->exchange);
        }
    }
    bool has_exchange = false;
    for (unsigned i = 0; i < selection->count; i++) {
        has_exchange = has_exchange || SUITES[selection->order[i]].exchange != NULL;
    }
    if (!has_exchange) {
        /* TLS 1.3 alone: GnuTLS still wants to see that ephemeral keys are allowed. */
        text_append_string(priority, ":+ECDHE-ECDSA:+ECDHE-RSA");
    }
}

static enum result append_ciphers(const struct tls_options *options, struct text *priority,
                                  struct text *error)
{
    if (options->ciphers == NULL && options->ciphersuites == NULL) {
        text_append_string(priority, DEFAULT_CIPHERS);
        return RESULT_OK;
    }
    struct selection selection = {0};
    const char *suites = options->ciphersuites != NULL ? options->ciphersuites : DEFAULT_SUITES_13;
    const char *ciphers = options->ciphers != NULL ? options->ciphers : "ALL";
    if (select_list(&selection, suites) == 0) {
        text_append_format(error, "unable to set TLS 1.3 cipher suites to '%s'", suites);
        return RESULT_INVALID;
    }
    if (select_list(&selection, ciphers) == 0) {
        text_append_format(error, "unable to set SSL cipher list to '%s'", ciphers);
        return RESULT_INVALID;
    }
    append_selection(priority, &selection);
    return RESULT_OK;
}

static const char *find_curve(struct slice name)
{
    for (size_t i = 0; i < sizeof(CURVES) / sizeof(CURVES[0]); i++) {
        if (slice_equal_nocase(slice_from_string(CURVES[i].openssl), name)) {
            return CURVES[i].gnutls;
        }
    }
    return NULL;
}

static enum result append_curves(const struct tls_options *options, struct text *priority,
                                 struct text *error)
{
    if (options->curves == NULL) {
        text_append_string(priority, DEFAULT_GROUPS);
        return RESULT_OK;
    }
    text_append_string(priority, ":-GROUP-ALL");
    struct slice rest = slice_from_string(options->curves);
    struct slice name;
    while (slice_next_token(&rest, ':', &name)) {
        const char *group = find_curve(name);
        if (group == NULL) {
            text_append_format(error, "unable to set SSL curves list to '%s': '%.*s' is not known",
                               options->curves, (int)name.length, name.data);
            return RESULT_INVALID;
        }
        append_word(priority, group);
    }
    return RESULT_OK;
}

static enum result append_versions(const struct tls_options *options, struct text *priority,
                                   struct text *error)
{
    enum tls_version lowest =
        options->min_version == TLS_VERSION_DEFAULT ? TLS_VERSION_1_2 : options->min_version;
    enum tls_version highest =
        options->max_version == TLS_VERSION_DEFAULT ? TLS_VERSION_1_3 : options->max_version;
    if (options->min_version == TLS_VERSION_DEFAULT && lowest > highest) {
        lowest = highest;
    }
    if (lowest > highest) {
        text_append_string(error, "ssl-min-ver is above ssl-max-ver");
        return RESULT_INVALID;
    }
    text_append_string(priority, ":-VERS-ALL");
    for (unsigned version = highest; version >= lowest; version--) {
        append_word(priority, VERSIONS[version]);
    }
    return RESULT_OK;
}

enum result tls_names_append_priority(const struct tls_options *options, struct text *priority,
                                      struct text *error)
{
    text_append_string(priority, "NORMAL");
    enum result result = append_versions(options, priority, error);
    if (result == RESULT_OK) {
        result = append_ciphers(options, priority, error);
    }
    if (result == RESULT_OK) {
        result = append_curves(options, priority, error);
    }
    if (options->is_server && !options->prefer_client_ciphers) {
        text_append_string(priority, ":%SERVER_PRECEDENCE");
    }
    if (options->is_quic) { /* RFC 9001 4.2, 5.3 */
        text_append_string(priority, ":-VERS-ALL:+VERS-TLS1.3:-AES-128-CCM:-AES-256-CCM"
                                     ":-AES-128-CCM-8:-AES-256-CCM-8:%DISABLE_TLS13_COMPAT_MODE");
    }
    ASSERT(!priority->truncated);
    return result;
}
