/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses (manual 2.9): [prefix]host[:port[-port]], where the port is behind the last colon that
 * is not in brackets, so that ":::80" is port 80 of "::". '*' and nothing stand for any host; a
 * leading slash begins a path; abns@ and fd@ are names and descriptors. Host names are left to the
 * resolver. $NAME and ${NAME} are replaced here, too, outside quotes as HAProxy does it in
 * addresses alone. Texts that addresses refer to live in the configuration's account.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"
#include "transport/resolve.h"

enum { PORT_MAX = 65535, PATH_BYTES_MAX = 107, EXPANDED_BYTES_MAX = 1024 };

enum prefix_kind { PREFIX_HOST, PREFIX_PATH, PREFIX_ABSTRACT, PREFIX_FD };

/* Uses of a prefix, or-ed. */
enum prefix_use {
    STREAM = 1 << CONFIG_ADDRESS_STREAM | 1 << CONFIG_ADDRESS_BIND,
    DATAGRAM = 1 << CONFIG_ADDRESS_DATAGRAM,
    QUIC = 1 << CONFIG_ADDRESS_BIND | 1 << (CONFIG_ADDRESS_BIND + 1), /* the last bit tells it */
};
#define EITHER (STREAM | DATAGRAM)

struct prefix {
    const char *name;
    enum prefix_kind kind;
    sa_family_t family; /* AF_UNSPEC: by the host */
    unsigned uses;      /* enum prefix_use; 0: not supported */
};

static const struct prefix PREFIXES[] = {
    {"ip@", PREFIX_HOST, AF_UNSPEC, EITHER},     {"ipv4@", PREFIX_HOST, AF_INET, EITHER},
    {"ipv6@", PREFIX_HOST, AF_INET6, EITHER},    {"tcp@", PREFIX_HOST, AF_UNSPEC, STREAM},
    {"tcp4@", PREFIX_HOST, AF_INET, STREAM},     {"tcp6@", PREFIX_HOST, AF_INET6, STREAM},
    {"udp@", PREFIX_HOST, AF_UNSPEC, DATAGRAM},  {"udp4@", PREFIX_HOST, AF_INET, DATAGRAM},
    {"udp6@", PREFIX_HOST, AF_INET6, DATAGRAM},  {"unix@", PREFIX_PATH, AF_UNIX, EITHER},
    {"uxst@", PREFIX_PATH, AF_UNIX, STREAM},     {"uxdg@", PREFIX_PATH, AF_UNIX, DATAGRAM},
    {"abns@", PREFIX_ABSTRACT, AF_UNIX, EITHER}, {"fd@", PREFIX_FD, AF_UNSPEC, EITHER},
    {"abnsz@", PREFIX_ABSTRACT, AF_UNIX, 0},     {"sockpair@", PREFIX_FD, AF_UNIX, 0},
    {"quic@", PREFIX_HOST, AF_UNSPEC, QUIC},     {"quic4@", PREFIX_HOST, AF_INET, QUIC},
    {"quic6@", PREFIX_HOST, AF_INET6, QUIC},     {"quic+ip@", PREFIX_HOST, AF_UNSPEC, QUIC},
    {"quic+ipv4@", PREFIX_HOST, AF_INET, QUIC},  {"quic+ipv6@", PREFIX_HOST, AF_INET6, QUIC},
    {"mptcp@", PREFIX_HOST, AF_UNSPEC, 0},       {"mptcp4@", PREFIX_HOST, AF_INET, 0},
    {"mptcp6@", PREFIX_HOST, AF_INET6, 0},       {"rhttp@", PREFIX_HOST, AF_UNSPEC, 0},
};

static const struct prefix BARE_HOST = {"", PREFIX_HOST, AF_UNSPEC, EITHER};
static const struct prefix BARE_PATH = {"", PREFIX_PATH, AF_UNIX, EITHER};

/* ---- prefixes ---- */

/* Whether `*word` begins with `text`, which is then skipped. */
static bool skip(const char **word, const char *text)
{
    size_t length = strlen(text);
    bool is_there = strncmp(*word, text, length) == 0;
    *word += is_there ? length : 0;
    return is_there;
}

static const struct prefix *find_prefix(const char **word)
{
    for (size_t i = 0; i < sizeof(PREFIXES) / sizeof(PREFIXES[0]); i++) {
        if (skip(word, PREFIXES[i].name)) {
            return &PREFIXES[i];
        }
    }
    return **word == '/' ? &BARE_PATH : &BARE_HOST;
}

/* Skips a prefix and says what it stands for; NULL: the line is failed. */
static const struct prefix *read_prefix(struct config_reader *reader, const char *word,
                                        enum config_address_use use, const char **rest)
{
    *rest = word;
    bool is_stream = skip(rest, "stream+");
    bool is_datagram = !is_stream && skip(rest, "dgram+");
    const struct prefix *prefix = find_prefix(rest);
    unsigned uses = prefix->uses;
    if (uses == 0) {
        (void)config_fail(reader, "address '%s' is not supported by weir yet", word);
        return NULL;
    }
    uses = is_stream ? uses & STREAM : is_datagram ? uses & DATAGRAM : uses;
    if ((uses & (1U << use)) == 0) {
        (void)config_fail(reader, "%s-type address not acceptable in '%s'",
                          use == CONFIG_ADDRESS_DATAGRAM ? "stream" : "datagram", word);
        return NULL;
    }
    return prefix;
}

/* ---- descriptors and paths ---- */

static enum result read_fd(struct config_reader *reader, const char *word, const char *rest,
                           struct config_address *out)
{
    uint64_t fd = 0;
    if (number_parse_decimal(slice_from_string(rest), &fd) != RESULT_OK || fd > INT32_MAX) {
        return config_fail(reader, "file descriptor '%s' is not a valid integer in '%s'", rest,
                           word);
    }
    out->fd = (int)fd;
    return RESULT_OK;
}

static enum result read_path(struct config_reader *reader, const char *word, const char *rest,
                             bool is_abstract, struct config_address *out)
{
    if (rest[0] == '\0') {
        return config_fail(reader, "missing socket path in '%s'", word);
    }
    if (strlen(rest) > PATH_BYTES_MAX - (is_abstract ? 1 : 0)) {
        return config_fail(reader, "socket path '%s' too long (max %d)", rest,
                           PATH_BYTES_MAX - (is_abstract ? 1 : 0));
    }
    out->address.family = AF_UNIX;
    out->address.is_abstract = is_abstract;
    out->address.path = config_copy(reader, rest);
    return out->address.path != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

/* ---- ports ---- */

static enum result read_number(struct config_reader *reader, struct slice digits, uint16_t *out)
{
    uint64_t port = 0;
    if (number_parse_decimal(digits, &port) != RESULT_OK || port > PORT_MAX) {
        return config_fail(reader, "invalid port '%.*s'", (int)digits.length, digits.data);
    }
    *out = (uint16_t)port;
    return RESULT_OK;
}

/* "80", "80-90", "+1", "-1", or nothing. */
static enum result read_port(struct config_reader *reader, struct slice text,
                             struct config_address *out)
{
    uint16_t offset = 0;
    char sign = text.length > 0 ? text.data[0] : '\0';
    out->has_port = text.length > 0;
    if (!out->has_port) {
        return RESULT_OK;
    }
    if (sign == '+' || sign == '-') {
        enum result result = read_number(reader, slice_skip(text, 1), &offset);
        out->port_is_relative = true;
        out->port_offset = sign == '-' ? -(int32_t)offset : (int32_t)offset;
        return result;
    }
    size_t dash = slice_find_char(text, '-');
    enum result result = read_number(reader, slice_first(text, dash), &out->address.port);
    out->last_port = out->address.port;
    if (result == RESULT_OK && dash < text.length) {
        result = read_number(reader, slice_skip(text, dash + 1), &out->last_port);
    }
    return result == RESULT_OK && out->last_port < out->address.port
               ? config_fail(reader, "invalid port range '%.*s'", (int)text.length, text.data)
               : result;
}

/* ---- hosts ---- */

/* Where the host ends: at the last colon behind the last bracket, or at the end. */
static size_t find_host_end(struct slice text)
{
    for (size_t i = text.length; i > 0; i--) {
        if (text.data[i - 1] == ':' || text.data[i - 1] == ']') {
            return text.data[i - 1] == ':' ? i - 1 : text.length;
        }
    }
    return text.length;
}

static enum result read_host(struct config_reader *reader, struct slice host, sa_family_t family,
                             struct config_address *out)
{
    struct address parsed = {.family = family};
    bool has_brackets =
        host.length >= 2 && host.data[0] == '[' && host.data[host.length - 1] == ']';
    struct slice bare = has_brackets ? slice_of(host.data + 1, host.length - 2) : host;
    bool is_any = host.length == 0 || slice_equal(host, SLICE("*"));
    bool is_literal = !is_any && address_parse_ip(bare, &parsed) == RESULT_OK;
    if (is_literal && family != AF_UNSPEC && parsed.family != family) {
        return config_fail(reader, "invalid address: '%.*s' is no IPv%c address", (int)bare.length,
                           bare.data, family == AF_INET ? '4' : '6');
    }
    if (is_any) {
        parsed.family = family == AF_UNSPEC ? AF_INET : family;
    } else if (!is_literal) {
        out->host = config_copy_slice(reader, bare);
        parsed = (struct address){.family = family};
    }
    parsed.port = out->address.port;
    out->address = parsed;
    return RESULT_OK;
}

/* Appends the value of the variable at `*in`, which stands on its '$', and steps behind it. */
static void append_variable(const char **in, struct text *out)
{
    char name[EXPANDED_BYTES_MAX];
    struct text text = text_over(name, sizeof(name));
    const char *at = *in + 1;
    bool has_brace = *at == '{';
    at += has_brace ? 1 : 0;
    for (; isalnum((unsigned char)*at) != 0 || *at == '_'; at++) {
        text_append_char(&text, *at);
    }
    const char *value = getenv(name);
    text_append_string(out, value != NULL ? value : "");
    *in = has_brace && *at == '}' ? at + 1 : at;
}

/* `*word` with its variables replaced, when it has any. */
static enum result expand(struct config_reader *reader, const char **word)
{
    if (strchr(*word, '$') == NULL) {
        return RESULT_OK;
    }
    char buffer[EXPANDED_BYTES_MAX];
    struct text text = text_over(buffer, sizeof(buffer));
    const char *in = *word;
    while (*in != '\0') {
        if (*in == '$') {
            append_variable(&in, &text);
        } else {
            text_append_char(&text, *in++);
        }
    }
    if (text.truncated) {
        return config_fail(reader, "address '%s' is too long", *word);
    }
    *word = config_copy_slice(reader, text_slice(&text));
    return *word != NULL ? RESULT_OK : RESULT_INVALID;
}

enum result config_read_address(struct config_reader *reader, const char *word,
                                enum config_address_use use, struct config_address *out)
{
    const char *rest = NULL;
    *out = (struct config_address){.fd = -1};
    if (expand(reader, &word) != RESULT_OK) {
        return RESULT_INVALID;
    }
    if (word[0] == '\0') {
        return config_fail(reader,
                           "'%s' resolves to an empty address (environment variable "
                           "missing?)",
                           word);
    }
    const struct prefix *prefix = read_prefix(reader, word, use, &rest);
    if (prefix == NULL) {
        return RESULT_INVALID;
    }
    out->is_quic = prefix->uses == QUIC;
    if (prefix->kind == PREFIX_FD) {
        return read_fd(reader, word, rest, out);
    }
    if (prefix->kind != PREFIX_HOST) {
        return read_path(reader, word, rest, prefix->kind == PREFIX_ABSTRACT, out);
    }
    struct slice text = slice_from_string(rest);
    size_t end = find_host_end(text);
    enum result result = read_port(reader, slice_skip(text, end + 1), out);
    return result == RESULT_OK ? read_host(reader, slice_first(text, end), prefix->family, out)
                               : result;
}

enum result config_resolve_address(struct config_reader *reader, const char *word,
                                   struct config_address *address)
{
    if (address->host == NULL) {
        return RESULT_OK;
    }
    enum result result = address_resolve(slice_from_string(address->host), address->address.family,
                                         &address->address);
    return result == RESULT_OK
               ? result
               : config_fail(reader, "invalid address: '%s' in '%s'", address->host, word);
}
