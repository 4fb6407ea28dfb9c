/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pattern: from its text to what is compared (a range, a network, bytes, a regular expression),
 * and the comparison. Text patterns are borrowed from their entry unless they must be decoded or
 * folded to lower case.
 *
 *   ranges: "5", "1:9", ":9", "1:"; with PATTERN_DECIMAL "3.1" is 3 * 65536 + 1
 *
 * Memory: decoded bytes, folded texts and regular expressions on the file's account.
 */
#include "rules/pattern_internal.h"

#include <netdb.h>
#include <string.h>

#include "base/address.h"
#include "base/number.h"
#include "memory/arena.h"
#include "rules/context.h"

/* Longer texts are cut in messages. */
enum { SHOWN_BYTES_MAX = 128 };

enum { DECIMAL_SHIFT = 16, HEX_BITS = 4, BITS_OF_BYTE = 8 };

/* A host name's longest text with its NUL. */
enum { HOST_BYTES_MAX = 256 };

/* Puts "'<text>' <what>" in the error. */
static enum result fail_text(struct text *error, struct slice text, const char *what)
{
    text_clear(error);
    text_append_format(error, "'%.*s' %s", (int)size_min(text.length, SHOWN_BYTES_MAX), text.data,
                       what);
    return RESULT_INVALID;
}

/* ---- numbers and ranges ---- */

/* Reads "major" or "major.minor" of 16 bits each as one number. */
static bool read_decimal(struct slice text, int64_t *out)
{
    uint64_t major = 0;
    uint64_t minor = 0;
    size_t dot = slice_find_char(text, '.');
    if (number_parse_decimal(slice_first(text, dot), &major) != RESULT_OK || major > UINT16_MAX ||
        (dot < text.length &&
         (number_parse_decimal(slice_skip(text, dot + 1), &minor) != RESULT_OK ||
          minor > UINT16_MAX))) {
        return false;
    }
    *out = (int64_t)(major << DECIMAL_SHIFT | minor);
    return true;
}

static bool read_number(struct slice text, unsigned flags, int64_t *out)
{
    if ((flags & PATTERN_DECIMAL) != 0) {
        return read_decimal(text, out);
    }
    return number_parse_signed(text, out) == RESULT_OK;
}

static enum result compile_range(struct pattern_item *item, struct text *error)
{
    struct slice text = item->entry->key;
    unsigned flags = item->index->set->flags;
    size_t colon = slice_find_char(text, ':');
    bool is_decimal = (flags & PATTERN_DECIMAL) != 0;
    if (colon == text.length) {
        if (!read_number(text, flags, &item->range.least)) {
            return fail_text(error, text,
                             is_decimal ? "is not a dotted number" : "is not a number");
        }
        item->range.most = item->range.least;
        return RESULT_OK;
    }
    struct slice least = slice_first(text, colon);
    struct slice most = slice_skip(text, colon + 1);
    item->range.least = INT64_MIN;
    item->range.most = INT64_MAX;
    bool is_valid = (least.length == 0 || read_number(least, flags, &item->range.least)) &&
                    (most.length == 0 || read_number(most, flags, &item->range.most)) &&
                    text.length > 1 && item->range.least <= item->range.most;
    if (!is_valid) {
        return fail_text(error, text,
                         is_decimal ? "is not a valid dotted number range"
                                    : "is not a valid number range");
    }
    return RESULT_OK;
}

/* ---- networks ---- */

/* Looks up a host name's first IPv4 address: configuration time only. */
static bool resolve_host(struct slice name, struct in_addr *out)
{
    char host[HOST_BYTES_MAX];
    struct addrinfo *found = NULL;
    const struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    if (name.length == 0 || name.length >= sizeof(host) ||
        slice_find_char(name, '\0') != name.length) {
        return false;
    }
    memcpy(host, name.data, name.length);
    host[name.length] = '\0';
    if (getaddrinfo(host, NULL, &wanted, &found) != 0) {
        return false;
    }
    struct sockaddr_in address;
    memcpy(&address, found->ai_addr, sizeof(address));
    freeaddrinfo(found);
    *out = address.sin_addr;
    return true;
}

/* Keeps an IPv4 network: in the tree, or in order when its mask has holes. */
static void keep_ipv4(struct pattern_item *item, struct in_addr address, struct in_addr mask)
{
    int bits = network_mask_bits(mask);
    item->network.address.s_addr = address.s_addr & mask.s_addr;
    item->network.mask = mask;
    item->place = ITEM_IN_ORDER;
    if (bits >= 0) {
        item->place = ITEM_IN_TREE;
        item->leaf.key = (const unsigned char *)&item->network.address;
        item->leaf.bits = (size_t)bits;
    }
}

static enum result compile_network(struct pattern_item *item, bool may_resolve, struct text *error)
{
    struct slice text = item->entry->key;
    struct in_addr address;
    struct in_addr mask;
    unsigned bits;
    may_resolve = may_resolve && (item->index->set->flags & PATTERN_NO_RESOLVE) == 0;
    if (network_read_pattern_ipv4(text, &address, &mask)) {
        keep_ipv4(item, address, mask);
        return RESULT_OK;
    }
    if (network_read_pattern_ipv6(text, &item->ipv6, &bits)) {
        item->place = ITEM_IN_TREE_IPV6;
        item->leaf.key = item->ipv6.s6_addr;
        item->leaf.bits = bits;
        return RESULT_OK;
    }
    if (may_resolve && resolve_host(text, &address)) {
        keep_ipv4(item, address, network_mask_ipv4(IPV4_BITS));
        return RESULT_OK;
    }
    return fail_text(error, text, "is not a valid IPv4 or IPv6 address");
}

/* ---- bytes and texts ---- */

static enum result compile_binary(struct pattern_item *item, struct text *error)
{
    struct slice text = item->entry->key;
    if (text.length % 2 != 0) {
        text_clear(error);
        text_append_string(error, "an even number of hex digit is expected");
        return RESULT_INVALID;
    }
    char *bytes = memory_take(item->index->version->file->account, text.length / 2 + 1);
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    item->text = slice_of(bytes, text.length / 2);
    for (size_t i = 0; i < text.length; i++) {
        int digit = number_hex_digit(text.data[i]);
        if (digit < 0) {
            text_clear(error);
            text_append_format(error, "an hex digit is expected (found '%c')", text.data[i]);
            return RESULT_INVALID;
        }
        bytes[i / 2] = (char)((unsigned char)bytes[i / 2] << HEX_BITS | digit);
    }
    return RESULT_OK;
}

/* A text as it is, or a copy in lower case when the set ignores case. */
static enum result compile_text(struct pattern_item *item)
{
    struct slice key = item->entry->key;
    item->text = key;
    if ((item->index->set->flags & PATTERN_NOCASE) == 0) {
        return RESULT_OK;
    }
    char *copy = memory_copy_string(item->index->version->file->account, key);
    if (copy == NULL) {
        item->text = SLICE_NONE;
        return RESULT_NO_MEMORY;
    }
    for (size_t i = 0; i < key.length; i++) {
        copy[i] = ascii_lower(copy[i]);
    }
    item->text = slice_of(copy, key.length);
    return RESULT_OK;
}

static enum result compile_prefix(struct pattern_item *item)
{
    enum result result = compile_text(item);
    item->place = ITEM_IN_TREE;
    item->leaf.key = (const unsigned char *)item->text.data;
    item->leaf.bits = item->text.length * BITS_OF_BYTE;
    return result;
}

static enum result compile_regex(struct pattern_item *item, struct text *error)
{
    unsigned flags = (item->index->set->flags & PATTERN_NOCASE) != 0 ? REGEX_NOCASE : 0;
    if (item->index->set->value_type == SAMPLE_ANY) {
        flags |= REGEX_NO_CAPTURE;
    }
    return regex_compile(item->index->version->file->account, item->entry->key, flags, error,
                         &item->regex);
}

/* Whether `text` was copied by this file. */
static bool owns_text(const struct pattern_item *item)
{
    switch (item->index->set->method) {
    case PATTERN_BINARY:
    case PATTERN_STRING:
    case PATTERN_BEGIN:
    case PATTERN_SUBSTRING:
    case PATTERN_DIRECTORY:
    case PATTERN_DOMAIN:
    case PATTERN_END:
        return item->text.data != item->entry->key.data;
    case PATTERN_FOUND:
    case PATTERN_BOOL:
    case PATTERN_INTEGER:
    case PATTERN_ADDRESS:
    case PATTERN_LENGTH:
    case PATTERN_REGEX:
    case PATTERN_METHODS:
        break;
    }
    return false;
}

void pattern_item_release(struct pattern_item *item)
{
    struct account *account = item->index->version->file->account;
    if (item->index->set->method == PATTERN_REGEX) {
        regex_destroy(account, item->regex);
        item->regex = NULL;
    } else if (owns_text(item)) {
        memory_release(account, (void *)(uintptr_t)item->text.data);
        item->text = SLICE_NONE;
    }
}

enum result pattern_item_compile(struct pattern_item *item, bool may_resolve, struct text *error)
{
    item->place = ITEM_IN_ORDER;
    switch (item->index->set->method) {
    case PATTERN_INTEGER:
    case PATTERN_LENGTH:
        return compile_range(item, error);
    case PATTERN_ADDRESS:
        return compile_network(item, may_resolve, error);
    case PATTERN_BINARY:
        item->place = ITEM_IN_HASH;
        return compile_binary(item, error);
    case PATTERN_STRING:
        item->place = ITEM_IN_HASH;
        return compile_text(item);
    case PATTERN_BEGIN:
        return compile_prefix(item);
    case PATTERN_SUBSTRING:
    case PATTERN_DIRECTORY:
    case PATTERN_DOMAIN:
    case PATTERN_END:
        return compile_text(item);
    case PATTERN_REGEX:
        return compile_regex(item, error);
    case PATTERN_FOUND:
    case PATTERN_BOOL:
    case PATTERN_METHODS:
        break;
    }
    return RESULT_OK;
}

/* ---- values of maps ---- */

enum result pattern_value_compile(enum sample_type type, struct slice text, struct sample *out,
                                  struct text *error)
{
    struct address address;
    if (type == SAMPLE_INTEGER) {
        out->type = SAMPLE_INTEGER;
        bool is_number = number_parse_signed(text, &out->integer) == RESULT_OK;
        return is_number ? RESULT_OK : fail_text(error, text, "is not a number");
    }
    if (type == SAMPLE_ADDRESS) {
        if (address_parse_ip(text, &address) != RESULT_OK) {
            return fail_text(error, text, "is not a valid IPv4 or IPv6 address");
        }
        bool is_ipv4 = address.family == AF_INET;
        out->type = is_ipv4 ? SAMPLE_IPV4 : SAMPLE_IPV6;
        if (is_ipv4) {
            out->ipv4 = address.v4;
        } else {
            out->ipv6 = address.v6;
        }
    }
    return RESULT_OK;
}

/* ---- comparing ---- */

static bool is_delimiter(char c, const char *delimiters)
{
    return c != '\0' && strchr(delimiters, c) != NULL;
}

/* Whether the text has `word` between delimiters, or its ends. Those around `word` are ignored. */
static bool has_word(struct slice text, struct slice word, const char *delimiters)
{
    while (word.length > 0 && is_delimiter(word.data[0], delimiters)) {
        word = slice_skip(word, 1);
    }
    while (word.length > 0 && is_delimiter(word.data[word.length - 1], delimiters)) {
        word.length--;
    }
    bool at_word = true;
    for (size_t i = 0; word.length > 0 && i + word.length <= text.length; i++) {
        size_t end = i + word.length;
        bool at_delimiter = is_delimiter(text.data[i], delimiters);
        if (at_word && !at_delimiter && memcmp(text.data + i, word.data, word.length) == 0 &&
            (end == text.length || is_delimiter(text.data[end], delimiters))) {
            return true;
        }
        at_word = at_delimiter;
    }
    return false;
}

static bool is_in_range(const struct pattern_item *item, int64_t value)
{
    return value >= item->range.least && value <= item->range.most;
}

/* Networks whose mask has holes. */
static bool is_in_network(const struct pattern_item *item, const struct sample *sample)
{
    struct in_addr address;
    if (sample->type == SAMPLE_IPV4) {
        address = sample->ipv4;
    } else if (!network_embedded_ipv4(&sample->ipv6, &address)) {
        return false;
    }
    return (address.s_addr & item->network.mask.s_addr) == item->network.address.s_addr;
}

static bool compares_equal(const struct pattern_item *item, const struct pattern_subject *subject)
{
    const struct sample *sample = subject->sample;
    switch (item->index->set->method) {
    case PATTERN_INTEGER:
        return is_in_range(item, sample->integer);
    case PATTERN_LENGTH:
        return is_in_range(item, (int64_t)sample->text.length);
    case PATTERN_ADDRESS:
        return is_in_network(item, sample);
    case PATTERN_BINARY:
    case PATTERN_STRING:
        return slice_equal(item->text, subject->folded);
    case PATTERN_BEGIN:
        return slice_starts_with(subject->folded, item->text);
    case PATTERN_END:
        return slice_ends_with(subject->folded, item->text);
    case PATTERN_SUBSTRING:
        return item->text.length <= subject->folded.length &&
               slice_find(subject->folded, item->text) + item->text.length <=
                   subject->folded.length;
    case PATTERN_DIRECTORY:
        return has_word(subject->folded, item->text, "/?");
    case PATTERN_DOMAIN:
        return has_word(subject->folded, item->text, "/?.:");
    case PATTERN_FOUND:
    case PATTERN_BOOL:
    case PATTERN_REGEX:
    case PATTERN_METHODS:
        break;
    }
    return false;
}

enum result pattern_item_compare(const struct pattern_item *item,
                                 const struct pattern_subject *subject)
{
    if (item->index->set->method == PATTERN_REGEX) {
        return regex_search(item->regex, subject->sample->text, subject->context->scratch,
                            subject->groups);
    }
    return compares_equal(item, subject) ? RESULT_OK : RESULT_NOT_FOUND;
}
