/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's resolver (getaddrinfo), for `init-addr libc` and names in addresses. It blocks and
 * takes memory that nobody is charged for and that is given back at once, which is why it is for
 * startup only. What bounds its memory: the C library's answer to one question, for the time of the
 * call.
 */
#include "transport/resolve.h"

#include <netdb.h>
#include <string.h>

#include "base/text.h"

/* RFC 1035 2.3.4: 253 characters, and the end. */
enum { HOST_SIZE = 256 };

/* The first answer of a family that weir speaks. */
static enum result take_first(const struct addrinfo *answers, struct address *address)
{
    for (const struct addrinfo *answer = answers; answer != NULL; answer = answer->ai_next) {
        if (answer->ai_family == AF_INET || answer->ai_family == AF_INET6) {
            struct sockaddr_storage storage = {0};
            memcpy(&storage, answer->ai_addr, answer->ai_addrlen);
            uint16_t port = address->port;
            *address = address_from_socket(&storage, answer->ai_addrlen);
            address->port = port;
            return RESULT_OK;
        }
    }
    return RESULT_NOT_FOUND;
}

/* Takes a literal; RESULT_INVALID when it is none, RESULT_NOT_FOUND when it is of the other family.
 */
static enum result take_literal(struct slice host, sa_family_t family, struct address *address)
{
    struct address literal;
    enum result result = address_parse_ip(host, &literal);
    if (result != RESULT_OK) {
        return result;
    }
    if (family != AF_UNSPEC && literal.family != family) {
        return RESULT_NOT_FOUND;
    }
    literal.port = address->port;
    *address = literal;
    return RESULT_OK;
}

enum result address_resolve(struct slice host, sa_family_t family, struct address *address)
{
    enum result result = take_literal(host, family, address);
    if (result != RESULT_INVALID) {
        return result;
    }
    char name[HOST_SIZE];
    struct text text = text_over(name, sizeof(name));
    text_append(&text, host);
    if (host.length == 0 || text.truncated || slice_find_char(host, '\0') < host.length) {
        return RESULT_INVALID;
    }
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *answers = NULL;
    if (getaddrinfo(name, NULL, &hints, &answers) != 0) {
        return RESULT_NOT_FOUND;
    }
    result = take_first(answers, address);
    freeaddrinfo(answers);
    return result;
}
