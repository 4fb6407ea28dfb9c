/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP addresses and networks as samples and patterns have them. Addresses stay in network order all
 * along; masks with holes are legal for IPv4, as HAProxy has them.
 *
 * Takes no memory. RFC 4291 2.5.5 (IPv4 inside IPv6), RFC 3056 (6to4).
 */
#include "rules/network.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/address.h"
#include "base/number.h"

enum {
    OCTET_BITS = 8,
    OCTET_MAX = 255,
    OCTETS = 4,
    OCTET_DIGITS_MAX = 3,
    MAPPED_PREFIX_BYTES = 12
};

/* Reads one decimal octet at `*position`; false when there is none. */
static bool read_octet(struct slice text, size_t *position, unsigned *octet)
{
    size_t digits = 0;
    unsigned value = 0;
    while (*position < text.length && text.data[*position] >= '0' && text.data[*position] <= '9') {
        value = value * 10 + (unsigned)(text.data[*position] - '0');
        (*position)++;
        if (++digits > OCTET_DIGITS_MAX) {
            return false;
        }
    }
    *octet = value;
    return digits > 0 && value <= OCTET_MAX;
}

bool network_read_ipv4(struct slice text, struct in_addr *out)
{
    uint32_t value = 0;
    size_t position = 0;
    for (unsigned i = 0; i < OCTETS; i++) {
        unsigned octet;
        if (i > 0) {
            if (position >= text.length || text.data[position] != '.') {
                return false;
            }
            position++;
        }
        if (!read_octet(text, &position, &octet)) {
            return false;
        }
        value = value << OCTET_BITS | octet;
    }
    if (position < text.length && text.data[position] == '.') {
        return false;
    }
    out->s_addr = htonl(value);
    return true;
}

static const unsigned char mapped_prefix[MAPPED_PREFIX_BYTES] = {0, 0, 0, 0, 0,    0,
                                                                 0, 0, 0, 0, 0xff, 0xff};

struct in6_addr network_map_ipv4(struct in_addr address)
{
    struct in6_addr mapped;
    memcpy(mapped.s6_addr, mapped_prefix, sizeof(mapped_prefix));
    memcpy(mapped.s6_addr + sizeof(mapped_prefix), &address, sizeof(address));
    return mapped;
}

/* Whether it is IPv4-mapped ("::ffff:a.b.c.d"); `out` is then the IPv4 address. */
static bool read_mapped(const struct in6_addr *address, struct in_addr *out)
{
    if (memcmp(address->s6_addr, mapped_prefix, sizeof(mapped_prefix)) != 0) {
        return false;
    }
    memcpy(out, address->s6_addr + sizeof(mapped_prefix), sizeof(*out));
    return true;
}

bool network_embedded_ipv4(const struct in6_addr *address, struct in_addr *out)
{
    static const unsigned char compatible_prefix[MAPPED_PREFIX_BYTES];
    static const unsigned char six_to_four[] = {0x20, 0x02};
    if (read_mapped(address, out)) {
        return true;
    }
    if (memcmp(address->s6_addr, compatible_prefix, sizeof(compatible_prefix)) == 0) {
        memcpy(out, address->s6_addr + sizeof(compatible_prefix), sizeof(*out));
        return true;
    }
    if (memcmp(address->s6_addr, six_to_four, sizeof(six_to_four)) == 0) {
        memcpy(out, address->s6_addr + sizeof(six_to_four), sizeof(*out));
        return true;
    }
    return false;
}

struct in_addr network_mask_ipv4(unsigned bits)
{
    uint32_t mask = bits == 0 ? 0 : UINT32_MAX << (IPV4_BITS - bits);
    return (struct in_addr){.s_addr = htonl(mask)};
}

/* A mask of `bits` leading ones, at most IPV6_BITS. */
static struct in6_addr mask_ipv6(unsigned bits)
{
    struct in6_addr mask = {0};
    for (unsigned i = 0; i < sizeof(mask.s6_addr) && bits > 0; i++) {
        unsigned here = bits < OCTET_BITS ? bits : OCTET_BITS;
        mask.s6_addr[i] = (uint8_t)(OCTET_MAX << (OCTET_BITS - here));
        bits -= here;
    }
    return mask;
}

/* Reads a count of at most `max` bits. */
static bool read_bits(struct slice text, unsigned max, unsigned *bits)
{
    uint64_t value;
    if (number_parse_decimal(text, &value) != RESULT_OK || value > max) {
        return false;
    }
    *bits = (unsigned)value;
    return true;
}

bool network_read_mask_ipv4(struct slice text, struct in_addr *out)
{
    unsigned bits;
    struct address address;
    if (slice_find_char(text, '.') == text.length) {
        if (!read_bits(text, IPV4_BITS, &bits)) {
            return false;
        }
        *out = network_mask_ipv4(bits);
        return true;
    }
    if (address_parse_ip(text, &address) != RESULT_OK || address.family != AF_INET) {
        return false;
    }
    *out = address.v4;
    return true;
}

bool network_read_mask_ipv6(struct slice text, struct in6_addr *out)
{
    unsigned bits;
    struct address address;
    if (slice_find_char(text, ':') == text.length) {
        if (!read_bits(text, IPV6_BITS, &bits)) {
            return false;
        }
        *out = mask_ipv6(bits);
        return true;
    }
    if (address_parse_ip(text, &address) != RESULT_OK || address.family != AF_INET6) {
        return false;
    }
    *out = address.v6;
    return true;
}

int network_mask_bits(struct in_addr mask)
{
    uint32_t value = ntohl(mask.s_addr);
    int bits = value == UINT32_MAX ? IPV4_BITS : __builtin_clz(~value);
    return network_mask_ipv4((unsigned)bits).s_addr == mask.s_addr ? bits : -1;
}

/* Reads one to four octets; those left out stand in front of the last and are 0. */
static bool read_short_ipv4(struct slice text, struct in_addr *out)
{
    unsigned octets[OCTETS];
    unsigned count = 0;
    size_t position = 0;
    while (count == 0 || position < text.length) {
        if (count > 0 && text.data[position++] != '.') {
            return false;
        }
        if (count == OCTETS || !read_octet(text, &position, &octets[count])) {
            return false;
        }
        count++;
    }
    uint32_t value = octets[count - 1];
    for (unsigned i = 0; i + 1 < count; i++) {
        value |= octets[i] << (OCTET_BITS * (OCTETS - 1 - i));
    }
    out->s_addr = htonl(value);
    return true;
}

bool network_read_pattern_ipv4(struct slice text, struct in_addr *address, struct in_addr *mask)
{
    size_t slash = slice_find_char(text, '/');
    *mask = network_mask_ipv4(IPV4_BITS);
    if (slash < text.length && !network_read_mask_ipv4(slice_skip(text, slash + 1), mask)) {
        return false;
    }
    return read_short_ipv4(slice_first(text, slash), address);
}

bool network_read_pattern_ipv6(struct slice text, struct in6_addr *address, unsigned *bits)
{
    struct address parsed;
    size_t slash = slice_find_char(text, '/');
    *bits = IPV6_BITS;
    if (slash < text.length && !read_bits(slice_skip(text, slash + 1), IPV6_BITS, bits)) {
        return false;
    }
    if (address_parse_ip(slice_first(text, slash), &parsed) != RESULT_OK ||
        parsed.family != AF_INET6) {
        return false;
    }
    *address = parsed.v6;
    return true;
}
