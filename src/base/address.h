/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket addresses in 28 bytes instead of 128, since every connection keeps several: IPv4 and IPv6
 * inline; a Unix or abstract socket as a reference to a path that the configuration owns.
 */
#ifndef WEIR_BASE_ADDRESS_H
#define WEIR_BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"

struct address {
    sa_family_t family; /* AF_UNSPEC: none; AF_INET, AF_INET6, AF_UNIX */
    uint16_t port;      /* host order; 0 for AF_UNIX */
    bool is_abstract;   /* AF_UNIX: Linux abstract namespace */
    uint32_t scope;     /* IPv6 scope id */
    union {
        struct in_addr v4;
        struct in6_addr v6;
        const char *path; /* AF_UNIX: borrowed from the configuration, without the leading NUL */
    };
};

/* Copies a kernel address. A Unix address keeps no path (AF_UNIX, path NULL). */
struct address address_from_socket(const struct sockaddr_storage *storage, socklen_t length);

/* Fills `storage` for bind/connect; returns its length, 0 for AF_UNSPEC or an over-long path. */
socklen_t address_to_socket(const struct address *address, struct sockaddr_storage *storage);

/* Parses a literal IPv4 or IPv6 address (no port, no brackets). RESULT_INVALID otherwise. */
MUST_USE enum result address_parse_ip(struct slice s, struct address *address);

/* Whether family, address, scope, path and port are equal. */
bool address_equal(const struct address *a, const struct address *b);

/* Appends the bare address: "192.0.2.1", "2001:db8::1", "unix", as HAProxy's logs show it. */
void address_append(struct text *text, const struct address *address);

/* Appends address and port: "192.0.2.1:80", "[2001:db8::1]:80" when `brackets`, "unix:1" for paths.
 */
void address_append_with_port(struct text *text, const struct address *address, bool brackets);

#endif
