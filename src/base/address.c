/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket addresses between the kernel's form, the short form that connections keep, and text.
 * A Unix path is borrowed from the configuration: one that the kernel reports (a peer's) is not
 * kept, since nothing would own it. Takes no memory; text goes into the caller's.
 */
#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

struct address address_from_socket(const struct sockaddr_storage *storage, socklen_t length)
{
    struct address address = {.family = AF_UNSPEC};
    if (storage->ss_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, storage, sizeof(in));
        address.family = AF_INET;
        address.port = ntohs(in.sin_port);
        address.v4 = in.sin_addr;
    } else if (storage->ss_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in6;
        memcpy(&in6, storage, sizeof(in6));
        address.family = AF_INET6;
        address.port = ntohs(in6.sin6_port);
        address.scope = in6.sin6_scope_id;
        address.v6 = in6.sin6_addr;
    } else if (storage->ss_family == AF_UNIX) {
        address.family = AF_UNIX;
        address.path = NULL;
    }
    return address;
}

/*
 * An abstract name follows a leading NUL and is padded with zeros to the whole field, as HAProxy's
 * abns@ does (both must agree to find each other); a path ends with its NUL.
 */
static socklen_t unix_to_socket(const struct address *address, struct sockaddr_storage *storage)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    const size_t length = address->path == NULL ? 0 : strlen(address->path);
    if (length == 0 || length + 1 > sizeof(un.sun_path)) {
        return 0;
    }
    memcpy(un.sun_path + (address->is_abstract ? 1 : 0), address->path, length);
    memcpy(storage, &un, sizeof(un));
    if (address->is_abstract) {
        return sizeof(un);
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

socklen_t address_to_socket(const struct address *address, struct sockaddr_storage *storage)
{
    memset(storage, 0, sizeof(*storage));
    if (address->family == AF_INET) {
        const struct sockaddr_in in = {
            .sin_family = AF_INET, .sin_port = htons(address->port), .sin_addr = address->v4};
        memcpy(storage, &in, sizeof(in));
        return sizeof(in);
    }
    if (address->family == AF_INET6) {
        const struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                                         .sin6_port = htons(address->port),
                                         .sin6_addr = address->v6,
                                         .sin6_scope_id = address->scope};
        memcpy(storage, &in6, sizeof(in6));
        return sizeof(in6);
    }
    return address->family == AF_UNIX ? unix_to_socket(address, storage) : 0;
}

enum result address_parse_ip(struct slice s, struct address *address)
{
    char text[INET6_ADDRSTRLEN];
    struct address parsed = {.family = AF_UNSPEC};
    if (s.length == 0 || s.length >= sizeof(text) || slice_find_char(s, '\0') != s.length) {
        return RESULT_INVALID;
    }
    memcpy(text, s.data, s.length);
    text[s.length] = '\0';
    if (inet_pton(AF_INET, text, &parsed.v4) == 1) {
        parsed.family = AF_INET;
    } else if (inet_pton(AF_INET6, text, &parsed.v6) == 1) {
        parsed.family = AF_INET6;
    } else {
        return RESULT_INVALID;
    }
    *address = parsed;
    return RESULT_OK;
}

static bool paths_equal(const struct address *a, const struct address *b)
{
    if (a->path == NULL || b->path == NULL) {
        return a->path == b->path;
    }
    return a->is_abstract == b->is_abstract && strcmp(a->path, b->path) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
    if (a->family != b->family || a->port != b->port) {
        return false;
    }
    if (a->family == AF_INET) {
        return a->v4.s_addr == b->v4.s_addr;
    }
    if (a->family == AF_INET6) {
        return a->scope == b->scope && memcmp(&a->v6, &b->v6, sizeof(a->v6)) == 0;
    }
    return a->family != AF_UNIX || paths_equal(a, b);
}

void address_append(struct text *text, const struct address *address)
{
    char out[INET6_ADDRSTRLEN];
    if (address->family == AF_INET || address->family == AF_INET6) {
        const void *bytes = address->family == AF_INET ? (const void *)&address->v4 : &address->v6;
        text_append_string(text, inet_ntop(address->family, bytes, out, sizeof(out)));
    } else if (address->family == AF_UNIX) {
        text_append_string(text, "unix");
    }
}

void address_append_with_port(struct text *text, const struct address *address, bool brackets)
{
    const bool is_bracketed = brackets && address->family == AF_INET6;
    if (address->family == AF_UNSPEC) {
        return;
    }
    text_append_string(text, is_bracketed ? "[" : "");
    address_append(text, address);
    text_append_string(text, is_bracketed ? "]:" : ":");
    const bool is_unnumbered = address->family == AF_UNIX && address->port == 0;
    text_append_decimal(text, is_unnumbered ? 1 : address->port);
}
