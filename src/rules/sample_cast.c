/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Casts between sample types: one table, from a row's type to a column's. A cast that needs room
 * (a number or an address as text or bytes) takes it from the context's scratch arena; texts and
 * bytes become each other without a copy.
 *
 * Memory: at most SAMPLE_CAST_BYTES of the scratch arena a cast.
 */
#include "rules/sample.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/address.h"
#include "base/number.h"
#include "memory/arena.h"
#include "rules/context.h"
#include "rules/network.h"

/* The longest text of an address, a number or a boolean. */
enum { SAMPLE_CAST_BYTES = INET6_ADDRSTRLEN };

enum { DECIMAL_BASE = 10 };

struct sample_cast {
    bool is_possible;
    enum result (*function)(struct rule_context *context, struct sample *sample);
};

/* ---- text to others ---- */

/* Reads a sign and digits, stopping at another byte; out of range becomes the nearest bound. */
static int64_t read_integer(struct slice text)
{
    size_t i = 0;
    bool is_negative = false;
    if (text.data[0] == '-' || text.data[0] == '+') {
        is_negative = text.data[0] == '-';
        i = 1;
    }
    int64_t value = 0;
    for (; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
        int digit = text.data[i] - '0';
        if (__builtin_mul_overflow(value, DECIMAL_BASE, &value) ||
            __builtin_add_overflow(value, is_negative ? -digit : digit, &value)) {
            return is_negative ? INT64_MIN : INT64_MAX;
        }
    }
    return value;
}

static enum result text_to_integer(struct rule_context *context, struct sample *sample)
{
    (void)context;
    if (sample->text.length == 0) {
        return RESULT_NOT_FOUND;
    }
    int64_t value = read_integer(sample->text);
    sample->type = SAMPLE_INTEGER;
    sample->integer = value;
    return RESULT_OK;
}

static enum result text_to_bool(struct rule_context *context, struct sample *sample)
{
    enum result result = text_to_integer(context, sample);
    if (result == RESULT_OK) {
        sample->boolean = sample->integer != 0;
        sample->type = SAMPLE_BOOL;
    }
    return result;
}

static enum result text_to_ipv4(struct rule_context *context, struct sample *sample)
{
    (void)context;
    struct in_addr address;
    if (!network_read_ipv4(sample->text, &address)) {
        return RESULT_NOT_FOUND;
    }
    sample->type = SAMPLE_IPV4;
    sample->ipv4 = address;
    return RESULT_OK;
}

static enum result text_to_ipv6(struct rule_context *context, struct sample *sample)
{
    (void)context;
    struct address address;
    if (address_parse_ip(sample->text, &address) != RESULT_OK || address.family != AF_INET6) {
        return RESULT_NOT_FOUND;
    }
    sample->type = SAMPLE_IPV6;
    sample->ipv6 = address.v6;
    return RESULT_OK;
}

static enum result text_to_address(struct rule_context *context, struct sample *sample)
{
    enum result result = text_to_ipv4(context, sample);
    return result == RESULT_OK ? result : text_to_ipv6(context, sample);
}

static enum result text_to_method(struct rule_context *context, struct sample *sample)
{
    (void)context;
    struct slice name = sample->text;
    sample->type = SAMPLE_METHOD;
    sample->method.id = http_method_find(name);
    sample->method.name = name;
    return RESULT_OK;
}

static enum result text_to_binary(struct rule_context *context, struct sample *sample)
{
    (void)context;
    sample->type = SAMPLE_BINARY;
    return RESULT_OK;
}

/* A text ends at the first NUL. */
static enum result binary_to_text(struct rule_context *context, struct sample *sample)
{
    (void)context;
    sample->type = SAMPLE_STRING;
    sample->text.length = slice_find_char(sample->text, '\0');
    return RESULT_OK;
}

static enum result method_to_text(struct rule_context *context, struct sample *sample)
{
    (void)context;
    struct slice name = sample->method.name;
    if (name.data == NULL) {
        name = http_method_name(sample->method.id);
    }
    sample->type = SAMPLE_STRING;
    sample->text = name;
    return RESULT_OK;
}

static enum result method_to_binary(struct rule_context *context, struct sample *sample)
{
    enum result result = method_to_text(context, sample);
    sample->type = SAMPLE_BINARY;
    return result;
}

/* ---- numbers and addresses among themselves ---- */

static enum result bool_to_integer(struct rule_context *context, struct sample *sample)
{
    (void)context;
    sample->integer = sample->boolean ? 1 : 0;
    sample->type = SAMPLE_INTEGER;
    return RESULT_OK;
}

static enum result integer_to_bool(struct rule_context *context, struct sample *sample)
{
    (void)context;
    sample->boolean = sample->integer != 0;
    sample->type = SAMPLE_BOOL;
    return RESULT_OK;
}

static enum result integer_to_ipv4(struct rule_context *context, struct sample *sample)
{
    (void)context;
    uint32_t number = (uint32_t)sample->integer;
    sample->ipv4.s_addr = htonl(number);
    sample->type = SAMPLE_IPV4;
    return RESULT_OK;
}

static enum result ipv4_to_integer(struct rule_context *context, struct sample *sample)
{
    (void)context;
    uint32_t number = ntohl(sample->ipv4.s_addr);
    sample->integer = number;
    sample->type = SAMPLE_INTEGER;
    return RESULT_OK;
}

static enum result ipv4_to_ipv6(struct rule_context *context, struct sample *sample)
{
    (void)context;
    sample->ipv6 = network_map_ipv4(sample->ipv4);
    sample->type = SAMPLE_IPV6;
    return RESULT_OK;
}

static enum result integer_to_ipv6(struct rule_context *context, struct sample *sample)
{
    enum result result = integer_to_ipv4(context, sample);
    return result == RESULT_OK ? ipv4_to_ipv6(context, sample) : result;
}

static enum result ipv6_to_ipv4(struct rule_context *context, struct sample *sample)
{
    (void)context;
    struct in_addr address;
    if (!network_embedded_ipv4(&sample->ipv6, &address)) {
        return RESULT_NOT_FOUND;
    }
    sample->ipv4 = address;
    sample->type = SAMPLE_IPV4;
    return RESULT_OK;
}

/* ---- numbers and addresses to text and bytes ---- */

/* Replaces the value by a copy of `text`. */
static enum result give_copy(struct rule_context *context, struct sample *sample,
                             enum sample_type type, struct slice text)
{
    struct slice copy = arena_copy(context->scratch, text);
    if (copy.data == NULL) {
        return RESULT_NO_MEMORY;
    }
    sample->type = type;
    sample->text = copy;
    return RESULT_OK;
}

static enum result integer_to_text(struct rule_context *context, struct sample *sample)
{
    char storage[SAMPLE_CAST_BYTES];
    struct text text = text_over(storage, sizeof(storage));
    text_append_signed(&text, sample->integer);
    return give_copy(context, sample, SAMPLE_STRING, text_slice(&text));
}

static enum result bool_to_text(struct rule_context *context, struct sample *sample)
{
    (void)context;
    bool value = sample->boolean;
    sample->type = SAMPLE_STRING;
    sample->text = value ? SLICE("1") : SLICE("0");
    return RESULT_OK;
}

static enum result integer_to_binary(struct rule_context *context, struct sample *sample)
{
    char bytes[sizeof(uint64_t)];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)((uint64_t)sample->integer >> (8 * (sizeof(bytes) - 1 - i)));
    }
    return give_copy(context, sample, SAMPLE_BINARY, slice_of(bytes, sizeof(bytes)));
}

static enum result bool_to_binary(struct rule_context *context, struct sample *sample)
{
    enum result result = bool_to_integer(context, sample);
    return result == RESULT_OK ? integer_to_binary(context, sample) : result;
}

static enum result address_to_text(struct rule_context *context, struct sample *sample)
{
    char storage[SAMPLE_CAST_BYTES];
    int family = sample->type == SAMPLE_IPV4 ? AF_INET : AF_INET6;
    const void *bytes =
        family == AF_INET ? (const void *)&sample->ipv4 : (const void *)&sample->ipv6;
    if (inet_ntop(family, bytes, storage, sizeof(storage)) == NULL) {
        return RESULT_NOT_FOUND;
    }
    return give_copy(context, sample, SAMPLE_STRING, slice_from_string(storage));
}

static enum result address_to_binary(struct rule_context *context, struct sample *sample)
{
    struct in6_addr address = sample->ipv6;
    size_t length = sample->type == SAMPLE_IPV4 ? sizeof(struct in_addr) : sizeof(address);
    return give_copy(context, sample, SAMPLE_BINARY, slice_of((const char *)&address, length));
}

/* ---- the table ---- */

#define AS_IS      \
    {              \
        true, NULL \
    }
#define BY(convert)   \
    {                 \
        true, convert \
    }

static const struct sample_cast casts[SAMPLE_TYPES][SAMPLE_TYPES] = {
    [SAMPLE_BOOL] =
        {
            [SAMPLE_ANY] = AS_IS,
            [SAMPLE_BOOL] = AS_IS,
            [SAMPLE_INTEGER] = BY(bool_to_integer),
            [SAMPLE_STRING] = BY(bool_to_text),
            [SAMPLE_BINARY] = BY(bool_to_binary),
        },
    [SAMPLE_INTEGER] =
        {
            [SAMPLE_ANY] = AS_IS,
            [SAMPLE_BOOL] = BY(integer_to_bool),
            [SAMPLE_INTEGER] = AS_IS,
            [SAMPLE_ADDRESS] = BY(integer_to_ipv4),
            [SAMPLE_IPV4] = BY(integer_to_ipv4),
            [SAMPLE_IPV6] = BY(integer_to_ipv6),
            [SAMPLE_STRING] = BY(integer_to_text),
            [SAMPLE_BINARY] = BY(integer_to_binary),
        },
    [SAMPLE_IPV4] =
        {
            [SAMPLE_ANY] = AS_IS,
            [SAMPLE_INTEGER] = BY(ipv4_to_integer),
            [SAMPLE_ADDRESS] = AS_IS,
            [SAMPLE_IPV4] = AS_IS,
            [SAMPLE_IPV6] = BY(ipv4_to_ipv6),
            [SAMPLE_STRING] = BY(address_to_text),
            [SAMPLE_BINARY] = BY(address_to_binary),
        },
    [SAMPLE_IPV6] =
        {
            [SAMPLE_ANY] = AS_IS,
            [SAMPLE_ADDRESS] = AS_IS,
            [SAMPLE_IPV4] = BY(ipv6_to_ipv4),
            [SAMPLE_IPV6] = AS_IS,
            [SAMPLE_STRING] = BY(address_to_text),
            [SAMPLE_BINARY] = BY(address_to_binary),
        },
    [SAMPLE_STRING] =
        {
            [SAMPLE_ANY] = AS_IS,
            [SAMPLE_BOOL] = BY(text_to_bool),
            [SAMPLE_INTEGER] = BY(text_to_integer),
            [SAMPLE_ADDRESS] = BY(text_to_address),
            [SAMPLE_IPV4] = BY(text_to_ipv4),
            [SAMPLE_IPV6] = BY(text_to_ipv6),
            [SAMPLE_STRING] = AS_IS,
            [SAMPLE_BINARY] = BY(text_to_binary),
            [SAMPLE_METHOD] = BY(text_to_method),
        },
    [SAMPLE_BINARY] =
        {
            [SAMPLE_ANY] = AS_IS,
            [SAMPLE_STRING] = BY(binary_to_text),
            [SAMPLE_BINARY] = AS_IS,
            [SAMPLE_METHOD] = BY(text_to_method),
        },
    [SAMPLE_METHOD] =
        {
            [SAMPLE_ANY] = AS_IS,
            [SAMPLE_STRING] = BY(method_to_text),
            [SAMPLE_BINARY] = BY(method_to_binary),
            [SAMPLE_METHOD] = AS_IS,
        },
};

static const char *const type_names[SAMPLE_TYPES] = {
    [SAMPLE_ANY] = "any",      [SAMPLE_BOOL] = "bool",  [SAMPLE_INTEGER] = "sint",
    [SAMPLE_ADDRESS] = "addr", [SAMPLE_IPV4] = "ipv4",  [SAMPLE_IPV6] = "ipv6",
    [SAMPLE_STRING] = "str",   [SAMPLE_BINARY] = "bin", [SAMPLE_METHOD] = "meth",
};

enum result sample_cast(struct rule_context *context, struct sample *sample, enum sample_type type)
{
    const struct sample_cast *cast = &casts[sample->type][type];
    if (!cast->is_possible) {
        return RESULT_NOT_FOUND;
    }
    return cast->function == NULL ? RESULT_OK : cast->function(context, sample);
}

bool sample_can_cast(enum sample_type from, enum sample_type to)
{
    if (from == SAMPLE_ANY || to == SAMPLE_ANY) {
        return true;
    }
    if (from == SAMPLE_ADDRESS) {
        return to == SAMPLE_ADDRESS || casts[SAMPLE_IPV4][to].is_possible ||
               casts[SAMPLE_IPV6][to].is_possible;
    }
    return casts[from][to].is_possible;
}

const char *sample_type_name(enum sample_type type)
{
    return type_names[type];
}
