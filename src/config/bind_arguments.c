/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of bind lines (manual 5.1) but those of TLS that server lines share: one row an
 * argument. Texts live in the configuration's account.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "base/number.h"
#include "config/arguments.h"
#include "config/keyword.h"

/* Each certificate takes two words of its line. */
enum { CERTIFICATES_MAX = LEXER_WORDS_MAX / 2 };

enum { OCTAL = 8, MODE_MAX = 07777, NICE_MAX = 1024, SHARDS_MAX = 1024 };

static void *find_field(struct bind_settings *bind, const struct bind_argument *row)
{
    return (char *)bind + row->offset;
}

/* ---- plain values ---- */

static enum result read_text(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    const char *copy = config_copy(reader, value);
    *(const char **)find_field(bind, row) = copy;
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_number(struct config_reader *reader, const struct bind_argument *row,
                               const char *value, struct bind_settings *bind)
{
    uint64_t number = 0;
    enum result result = config_read_number(reader, row->name, value, 0, row->value, &number);
    *(uint32_t *)find_field(bind, row) = (uint32_t)number;
    return result;
}

static enum result read_time(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    enum result result = config_read_time(reader, row->name, value, 1, find_field(bind, row));
    return result == RESULT_OK
               ? result
               : config_fail(reader, "'%s' : expects a positive delay in milliseconds", row->name);
}

static enum result read_flag(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    (void)reader;
    (void)value;
    *(bool *)find_field(bind, row) = true;
    return RESULT_OK;
}

static enum result pass_over(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    (void)value;
    (void)bind;
    config_note_without_meaning(reader, row->name);
    return RESULT_OK;
}

/* ---- values of their own kind ---- */

static enum result read_id(struct config_reader *reader, const struct bind_argument *row,
                           const char *value, struct bind_settings *bind)
{
    uint64_t id = 0;
    if (number_parse_decimal(slice_from_string(value), &id) != RESULT_OK || id > INT32_MAX) {
        return config_fail(reader, "'%s' : expects an integer argument, found '%s'", row->name,
                           value);
    }
    if (id == 0) {
        return config_fail(reader, "'%s' : custom id has to be > 0", row->name);
    }
    const struct list *binds = reader->proxy != NULL ? &reader->proxy->binds
                                                     : &reader->configuration->global.stats_sockets;
    LIST_EACH(link, binds) {
        const struct bind_settings *other = container_of(link, struct bind_settings, link);
        if (other->id == id) {
            return config_fail(reader, "'%s' : custom id %s already used at %s:%u", row->name,
                               value, other->file, other->line);
        }
    }
    bind->id = (uint32_t)id;
    return RESULT_OK;
}

static enum result read_mss(struct config_reader *reader, const struct bind_argument *row,
                            const char *value, struct bind_settings *bind)
{
    uint64_t bytes = 0;
    if (number_parse_decimal(slice_from_string(value), &bytes) != RESULT_OK || bytes == 0 ||
        bytes > UINT16_MAX) {
        return config_fail(reader, "'%s' : expects an MSS between 1 and 65535", row->name);
    }
    bind->listener.mss = (uint32_t)bytes;
    return RESULT_OK;
}

static enum result read_mode(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    bool is_octal = value[strspn(value, "01234567")] == '\0';
    unsigned long mode = strtoul(value, NULL, OCTAL);
    if (!is_octal || mode > MODE_MAX) {
        return config_fail(reader, "'%s' : missing or invalid mode '%s' (octal integer expected)",
                           row->name, value);
    }
    bind->listener.mode = (mode_t)mode;
    return RESULT_OK;
}

static enum result read_user(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    return config_find_user(reader, value, &bind->listener.uid) == RESULT_OK
               ? RESULT_OK
               : config_fail(reader, "'%s' : unknown user name '%s'", row->name, value);
}

static enum result read_group(struct config_reader *reader, const struct bind_argument *row,
                              const char *value, struct bind_settings *bind)
{
    return config_find_group(reader, value, &bind->listener.gid) == RESULT_OK
               ? RESULT_OK
               : config_fail(reader, "'%s' : unknown group name '%s'", row->name, value);
}

/* One of the words in `names`; its index is what is stored. */
static bool find_word(const char *const *names, unsigned count, const char *value, unsigned *out)
{
    for (*out = 0; *out < count; (*out)++) {
        if (strcmp(names[*out], value) == 0) {
            return true;
        }
    }
    return false;
}

static enum result read_level(struct config_reader *reader, const struct bind_argument *row,
                              const char *value, struct bind_settings *bind)
{
    static const char *const LEVELS[] = {[BIND_LEVEL_USER] = "user",
                                         [BIND_LEVEL_OPERATOR] = "operator",
                                         [BIND_LEVEL_ADMIN] = "admin"};
    unsigned level = 0;
    if (!find_word(LEVELS, sizeof(LEVELS) / sizeof(LEVELS[0]), value, &level)) {
        return config_fail(reader, "'%s' only supports 'user', 'operator', and 'admin' (got '%s')",
                           row->name, value);
    }
    bind->level = level;
    return RESULT_OK;
}

static enum result read_severity(struct config_reader *reader, const struct bind_argument *row,
                                 const char *value, struct bind_settings *bind)
{
    static const char *const FORMATS[] = {"none", "number", "string"};
    unsigned format = 0;
    if (!find_word(FORMATS, sizeof(FORMATS) / sizeof(FORMATS[0]), value, &format)) {
        return config_fail(reader, "'%s' only supports 'none', 'number', and 'string' (got '%s')",
                           row->name, value);
    }
    bind->severity = format;
    return RESULT_OK;
}

static enum result read_expose(struct config_reader *reader, const struct bind_argument *row,
                               const char *value, struct bind_settings *bind)
{
    bind->expose_fd = strcmp(value, "listeners") == 0;
    return bind->expose_fd
               ? RESULT_OK
               : config_fail(reader, "'%s' only supports 'listeners' (got '%s')", row->name, value);
}

static enum result read_protocol(struct config_reader *reader, const struct bind_argument *row,
                                 const char *value, struct bind_settings *bind)
{
    if (strcmp(value, "h2") == 0) {
        return config_fail(reader, "'%s' : '%s' is not supported by weir yet", row->name, value);
    }
    bind->wants_quic = strcmp(value, "quic") == 0;
    return bind->wants_quic || strcmp(value, "h1") == 0 || strcmp(value, "none") == 0
               ? RESULT_OK
               : config_fail(reader, "'%s' :  unknown MUX protocol '%s'", row->name, value);
}

/* quic-cc-algo { cubic | newreno | nocc }[(<window>[,…])]: only the window of the arguments counts.
 */
static enum result read_quic_cc(struct config_reader *reader, const struct bind_argument *row,
                                const char *value, struct bind_settings *bind)
{
    static const struct {
        const char *name;
        enum quic_cc_algorithm algorithm;
    } ALGORITHMS[] = {
        {"cubic", QUIC_CC_CUBIC}, {"newreno", QUIC_CC_NEWRENO}, {"nocc", QUIC_CC_NONE}};
    struct slice text = slice_from_string(value);
    size_t length = strcspn(value, "(-");
    struct slice name = slice_first(text, length);
    for (size_t i = 0; i < sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]); i++) {
        if (!slice_equal(name, slice_from_string(ALGORITHMS[i].name))) {
            continue;
        }
        bind->quic.algorithm = ALGORITHMS[i].algorithm;
        const char *open = strchr(value, '(');
        if (open == NULL) {
            return RESULT_OK;
        }
        size_t digits = strcspn(open + 1, ",)");
        bool is_closed = open[1 + digits] != '\0';
        if (digits == 0 && is_closed) {
            return RESULT_OK;
        }
        if (!is_closed || config_read_size(reader, row->name,
                                           config_copy_slice(reader, slice_of(open + 1, digits)),
                                           &bind->quic.window_max) != RESULT_OK) {
            return config_fail(reader, "'%s' : invalid maximum window '%s'", row->name, value);
        }
        return RESULT_OK;
    }
    return config_fail(reader,
                       "'%s' : '%.*s' is not supported by weir: expected 'cubic', 'newreno' or "
                       "'nocc'",
                       row->name, (int)name.length, name.data);
}

/* quic-socket: weir has one socket a worker and listener, steered by connection ids. */
static enum result read_quic_socket(struct config_reader *reader, const struct bind_argument *row,
                                    const char *value, struct bind_settings *bind)
{
    (void)bind;
    return strcmp(value, "listener") == 0 || strcmp(value, "connection") == 0
               ? RESULT_OK
               : config_fail(reader, "'%s' : expects 'listener' or 'connection'", row->name);
}

static enum result read_nice(struct config_reader *reader, const struct bind_argument *row,
                             const char *value, struct bind_settings *bind)
{
    int64_t nice = 0;
    if (number_parse_signed(slice_from_string(value), &nice) != RESULT_OK || nice < -NICE_MAX ||
        nice > NICE_MAX) {
        return config_fail(reader, "'%s' : invalid value %s, allowed range is -1024..1024",
                           row->name, value);
    }
    return pass_over(reader, row, value, bind);
}

/* Takes a decimal number off the front; false when there is none. */
static bool skip_number(struct slice *text)
{
    size_t digits = 0;
    while (digits < text->length && text->data[digits] >= '0' && text->data[digits] <= '9') {
        digits++;
    }
    *text = slice_skip(*text, digits);
    return digits > 0;
}

/* [<group>/]{all|odd|even|<number>[-[<number>]]} */
static bool is_thread_set(struct slice set)
{
    struct slice after = set;
    if (skip_number(&after) && after.length > 0 && after.data[0] == '/') {
        set = slice_skip(after, 1);
    }
    if (slice_equal(set, SLICE("all")) || slice_equal(set, SLICE("odd")) ||
        slice_equal(set, SLICE("even"))) {
        return true;
    }
    if (!skip_number(&set)) {
        return false;
    }
    if (set.length > 0 && set.data[0] == '-') {
        set = slice_skip(set, 1);
        (void)skip_number(&set);
    }
    return set.length == 0;
}

/* Sets of threads with a comma between; one worker serves them all. */
static enum result read_threads(struct config_reader *reader, const struct bind_argument *row,
                                const char *value, struct bind_settings *bind)
{
    struct slice rest = slice_from_string(value);
    struct slice set;
    while (slice_next_token(&rest, ',', &set)) {
        if (!is_thread_set(set)) {
            return config_fail(reader, "'%s' : '%s' is not a valid number/range.", row->name,
                               value);
        }
    }
    return pass_over(reader, row, value, bind);
}

static enum result read_shards(struct config_reader *reader, const struct bind_argument *row,
                               const char *value, struct bind_settings *bind)
{
    uint64_t shards = 0;
    bool is_word = strcmp(value, "by-thread") == 0 || strcmp(value, "by-group") == 0;
    bool is_number = number_parse_decimal(slice_from_string(value), &shards) == RESULT_OK;
    if (!is_word && (!is_number || shards == 0 || shards > SHARDS_MAX)) {
        return config_fail(reader,
                           "'%s' : invalid value %s, allowed range is 1..%d, 'by-thread' or "
                           "'by-group'",
                           row->name, value, SHARDS_MAX);
    }
    return pass_over(reader, row, value, bind);
}

/* ---- certificates ---- */

/* crt, default-crt: a file, a folder or the stem of a bundle, which must be there; the default one
 * comes first. */
static enum result read_certificate(struct config_reader *reader, const struct bind_argument *row,
                                    const char *value, struct bind_settings *bind)
{
    const struct global_settings *global = &reader->configuration->global;
    const char *path = config_copy_path(reader, global->crt_base, value);
    if (path == NULL) {
        return RESULT_INVALID;
    }
    bind->tls.no_bundles = global->no_certificate_bundles;
    bind->tls.no_key_files = global->no_key_files;
    if (!tls_certificate_exists(path, !bind->tls.no_bundles)) {
        return config_fail(reader, "unable to stat SSL certificate from file '%s' : %s", path,
                           strerror(errno));
    }
    size_t *count = &bind->tls.certificates_count;
    if (bind->certificates == NULL) {
        bind->certificates = config_take(reader, CERTIFICATES_MAX * sizeof(*bind->certificates));
    }
    if (bind->certificates == NULL) {
        return RESULT_NO_MEMORY;
    }
    ASSERT(*count < CERTIFICATES_MAX);
    size_t position = row->value != 0 ? 0 : *count;
    memmove(bind->certificates + position + 1, bind->certificates + position,
            (*count - position) * sizeof(*bind->certificates));
    bind->certificates[position] = path;
    (*count)++;
    bind->tls.certificates = bind->certificates;
    return RESULT_OK;
}

#define FIELD(member) offsetof(struct bind_settings, member)
#define TEXT(name, missing, member)                \
    {                                              \
        name, missing, read_text, FIELD(member), 0 \
    }
#define NUMBER(name, missing, member, most)             \
    {                                                   \
        name, missing, read_number, FIELD(member), most \
    }
#define FLAG(name, member)                      \
    {                                           \
        name, NULL, read_flag, FIELD(member), 0 \
    }
#define OWN(name, missing, read)  \
    {                             \
        name, missing, read, 0, 0 \
    }
#define NOTHING(name, missing)         \
    {                                  \
        name, missing, pass_over, 0, 0 \
    }

const struct bind_argument BIND_ARGUMENTS[] = {
    TEXT("name", "missing name", name),
    OWN("id", "expects an integer argument", read_id),
    FLAG("ssl", is_ssl),
    OWN("crt", "missing certificate location", read_certificate),
    {"default-crt", "missing certificate location", read_certificate, 0, 1},
    NUMBER("maxconn", "missing value", maxconn, INT32_MAX),
    NUMBER("backlog", "missing value", listener.backlog, INT32_MAX),
    OWN("mss", "missing MSS value", read_mss),
    {"tcp-ut", "missing TCP User Timeout value", read_time, FIELD(listener.user_timeout_ms), 0},
    TEXT("interface", "missing interface name", listener.interface_name),
    FLAG("v6only", listener.v6_only),
    FLAG("v4v6", listener.v4_v6),
    FLAG("transparent", listener.transparent),
    FLAG("defer-accept", listener.defer_accept),
    FLAG("tfo", listener.tfo),
    OWN("mode", "missing or invalid mode '' (octal integer expected)", read_mode),
    OWN("user", "missing user name", read_user),
    NUMBER("uid", "missing value", listener.uid, INT32_MAX),
    OWN("group", "missing group name", read_group),
    NUMBER("gid", "missing value", listener.gid, INT32_MAX),
    OWN("level", "missing level", read_level),
    OWN("severity-output", "missing format", read_severity),
    OWN("expose-fd", "missing fd type", read_expose),
    OWN("quic-cc-algo", "missing control congestion algorithm", read_quic_cc),
    FLAG("quic-force-retry", quic.force_retry),
    OWN("quic-socket", "missing value", read_quic_socket),
    FLAG("allow-0rtt", quic.allow_early),
    OWN("proto", "missing value", read_protocol),
    OWN("nice", "missing value", read_nice),
    NOTHING("guid-prefix", "missing guid prefix"),
    NOTHING("label", "missing label"),
    NOTHING("no-ca-names", NULL),
    OWN("process", "missing value", read_threads),
    OWN("shards", "missing value", read_shards),
    OWN("thread", "missing value", read_threads),
    {NULL, NULL, NULL, 0, 0},
};
