/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as bind and server lines write them: [family@]host[:port[-port]], paths and abstract
 * names of Unix sockets, fd@N, '*' and the empty host for any, IPv6 with or without brackets, "+N"
 * for relative ports, and stream+ prefixes. Host names are left to the resolver. Texts that
 * addresses refer to live in the configuration's account.
 */
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"

enum { PORT_MAX = 65535, FD_MAX = 1000000 };

struct prefix {
    const char *name;
    sa_family_t family; /* AF_UNSPEC: any */
    bool is_abstract;
    bool is_fd;
    const char *refused; /* why it cannot be had, NULL: it can */
};

static const struct prefix PREFIXES[] = {
    {"ipv4@", AF_INET, false, false, NULL},
    {"ipv6@", AF_INET6, false, false, NULL},
    {"tcp@", AF_UNSPEC, false, false, NULL},
    {"tcp4@", AF_INET, false, false, NULL},
    {"tcp6@", AF_INET6, false, false, NULL},
    {"unix@", AF_UNIX, false, false, NULL},
    {"uxst@", AF_UNIX, false, false, NULL},
    {"abns@", AF_UNIX, true, false, NULL},
    {"fd@", AF_UNSPEC, false, true, NULL},
    {"quic4@", AF_INET, false, false, "QUIC is not supported by weir yet"},
    {"quic6@", AF_INET6, false, false, "QUIC is not supported by weir yet"},
    {"quic@", AF_UNSPEC, false, false, "QUIC is not supported by weir yet"},
    {"udp@", AF_UNSPEC, false, false, "datagram addresses are not supported here"},
    {"udp4@", AF_INET, false, false, "datagram addresses are not supported here"},
    {"udp6@", AF_INET6, false, false, "datagram addresses are not supported here"},
    {"sockpair@", AF_UNIX, false, false, "sockpair addresses are not supported by weir"},
    {"rhttp@", AF_UNSPEC, false, false, "reverse HTTP is not supported by weir"},
    {"abnsz@", AF_UNIX, false, false, "abnsz addresses are not supported by weir; use abns@"},
    {"mptcp@", AF_UNSPEC, false, false, "MPTCP is not supported by weir yet"},
};

static const struct prefix *find_prefix(const char **word)
{
    static const char STREAM[] = "stream+";
    if (strncmp(*word, STREAM, sizeof(STREAM) - 1) == 0) {
        *word += sizeof(STREAM) - 1;
    }
    for (size_t i = 0; i < sizeof(PREFIXES) / sizeof(PREFIXES[0]); i++) {
        size_t length = strlen(PREFIXES[i].name);
        if (strncmp(*word, PREFIXES[i].name, length) == 0) {
            *word += length;
            return &PREFIXES[i];
        }
    }
    return NULL;
}

static enum result read_fd(struct config_reader *reader, const char *word,
                           struct config_address *out)
{
    uint64_t fd = 0;
    enum result result = config_read_number(reader, "fd@", word, 0, FD_MAX, &fd);
    out->fd = (int)fd;
    return result;
}

static enum result read_unix(struct config_reader *reader, const char *path, bool is_abstract,
                             struct config_address *out)
{
    enum { PATH_BYTES_MAX = 107 };
    if (strlen(path) > PATH_BYTES_MAX) {
        return config_fail(reader, "socket path '%s' too long (max %u)", path, PATH_BYTES_MAX);
    }
    out->address.family = AF_UNIX;
    out->address.is_abstract = is_abstract;
    out->address.path = config_copy(reader, path);
    return out->address.path != NULL ? RESULT_OK : RESULT_INVALID;
}

/* Reads "80", "80-90", "+1", "-1" behind the last colon. */
static enum result read_port(struct config_reader *reader, const char *word,
                             struct config_address *out)
{
    out->has_port = true;
    if (*word == '+' || *word == '-') {
        uint64_t offset = 0;
        enum result result =
            config_read_number(reader, "port offset", word + 1, 0, PORT_MAX, &offset);
        out->port_is_relative = true;
        out->port_offset = *word == '-' ? -(int32_t)offset : (int32_t)offset;
        return result;
    }
    struct slice text = slice_from_string(word);
    struct slice first = slice_first(text, slice_find_char(text, '-'));
    struct slice second = slice_skip(text, first.length + 1);
    uint64_t low = 0;
    uint64_t high = 0;
    if (number_parse_decimal(first, &low) != RESULT_OK || low > PORT_MAX) {
        return config_fail(reader, "invalid port '%s': a number from 0 to 65535 is expected", word);
    }
    high = low;
    if (first.length < text.length &&
        (number_parse_decimal(second, &high) != RESULT_OK || high > PORT_MAX || high < low)) {
        return config_fail(reader, "invalid port range '%s'", word);
    }
    out->address.port = (uint16_t)low;
    out->last_port = (uint16_t)high;
    return RESULT_OK;
}

/* The colon in front of the port, or NULL: none. An address with brackets or a single colon has
 * one; "::1" has none but ":::80" has. */
static const char *find_port(const char *word)
{
    const char *last = strrchr(word, ':');
    if (last == NULL || last[1] == '\0' || word[0] == '[') {
        bool has_brackets = word[0] == '[' && last != NULL && last > word && last[-1] == ']';
        return has_brackets ? last : NULL;
    }
    bool is_number = strspn(last + 1, "0123456789-+") == strlen(last + 1);
    if (!is_number) {
        return NULL;
    }
    const char *first = strchr(word, ':');
    if (first == last) {
        return last;
    }
    /* IPv6 without brackets: HAProxy takes what follows the last colon for a port */
    return last;
}

static const char *copy_slice(struct config_reader *reader, struct slice s)
{
    char *copy = config_take(reader, s.length + 1);
    if (copy != NULL) {
        memcpy(copy, s.data, s.length);
    }
    return copy;
}

static enum result read_host(struct config_reader *reader, struct slice host, sa_family_t family,
                             struct config_address *out)
{
    uint16_t port = out->address.port;
    if (host.length >= 2 && host.data[0] == '[' && host.data[host.length - 1] == ']') {
        host = slice_of(host.data + 1, host.length - 2);
    }
    bool is_any = host.length == 0 || slice_equal(host, SLICE("*"));
    if (is_any) {
        out->address = (struct address){.family = family == AF_UNSPEC ? AF_INET : family};
    } else if (address_parse_ip(host, &out->address) != RESULT_OK) {
        out->address = (struct address){.family = family};
        out->host = copy_slice(reader, host);
        if (out->host == NULL) {
            return RESULT_NO_MEMORY;
        }
    } else if (family != AF_UNSPEC && out->address.family != family) {
        return config_fail(reader, "address '%.*s' is not of the family of its prefix",
                           (int)host.length, host.data);
    }
    out->address.port = port;
    return RESULT_OK;
}

enum result config_read_address(struct config_reader *reader, const char *word, bool needs_port,
                                struct config_address *out)
{
    *out = (struct config_address){.fd = -1};
    const char *rest = word;
    const struct prefix *prefix = find_prefix(&rest);
    if (prefix != NULL && prefix->refused != NULL) {
        return config_fail(reader, "address '%s': %s", word, prefix->refused);
    }
    if (prefix != NULL && prefix->is_fd) {
        return read_fd(reader, rest, out);
    }
    if (rest[0] == '/' || (prefix != NULL && prefix->family == AF_UNIX)) {
        return read_unix(reader, rest, prefix != NULL && prefix->is_abstract, out);
    }
    const char *colon = find_port(rest);
    enum result result = colon != NULL ? read_port(reader, colon + 1, out) : RESULT_OK;
    if (result == RESULT_OK && needs_port && (colon == NULL || out->address.port == 0)) {
        return config_fail(reader, "missing port number in '%s': <address>:<port> is expected",
                           word);
    }
    struct slice host =
        colon != NULL ? slice_of(rest, (size_t)(colon - rest)) : slice_from_string(rest);
    bool drops_colon = colon == NULL && host.length > 0 && host.data[host.length - 1] == ':' &&
                       slice_find_char(host, ':') == host.length - 1;
    host.length -= drops_colon ? 1 : 0;
    return result == RESULT_OK
               ? read_host(reader, host, prefix != NULL ? prefix->family : (sa_family_t)AF_UNSPEC,
                           out)
               : result;
}
