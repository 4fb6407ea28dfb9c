/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP addresses and networks as samples and patterns have them: IPv4 inside IPv6, masks, and the
 * lenient forms that HAProxy's configuration allows.
 */
#ifndef WEIR_RULES_NETWORK_H
#define WEIR_RULES_NETWORK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { IPV4_BITS = 32, IPV6_BITS = 128 };

/* Reads four decimal octets at the start of `text`; anything but a dot may follow. */
bool network_read_ipv4(struct slice text, struct in_addr *out);

/* "::ffff:a.b.c.d". */
struct in6_addr network_map_ipv4(struct in_addr address);

/* The IPv4 address inside an IPv4-mapped, IPv4-compatible ("::a.b.c.d") or 6to4 one. */
bool network_embedded_ipv4(const struct in6_addr *address, struct in_addr *out);

/* A mask of `bits` leading ones (at most IPV4_BITS). */
struct in_addr network_mask_ipv4(unsigned bits);

/* Reads a mask, "255.255.0.0" or a count of bits. */
bool network_read_mask_ipv4(struct slice text, struct in_addr *out);

/* Reads a mask, "ffff:ffff::" or a count of bits. */
bool network_read_mask_ipv6(struct slice text, struct in6_addr *out);

/* The count of leading ones of a mask without holes, else -1. */
int network_mask_bits(struct in_addr mask);

/*
 * Reads an IPv4 pattern with an optional "/mask". Octets that are 0 may be left out in front of the
 * last one: "127.1/8" is 127.0.0.1/8.
 */
bool network_read_pattern_ipv4(struct slice text, struct in_addr *address, struct in_addr *mask);

/* Reads an IPv6 pattern with an optional "/bits". */
bool network_read_pattern_ipv6(struct slice text, struct in6_addr *address, unsigned *bits);

#endif
