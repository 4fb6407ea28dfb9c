/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patterns of one set in one version, arranged so that a lookup is fast: exact strings by the
 * version's own table of texts, bytes and folded strings by a hash table, networks and prefixes by
 * a prefix tree, all others in order. Samples are folded once a lookup, not once a pattern.
 *
 * Memory: an item of about 120 bytes an entry (none for exact strings of ACLs and of maps to
 * strings), and buckets that double with the entries, on the file's account.
 */
#include "rules/pattern_internal.h"

#include <string.h>

#include "memory/arena.h"
#include "rules/context.h"

enum { PATTERN_HASH_SEED = 0x7061, BITS_OF_BYTE = 8 };

/* ---- tables ---- */

bool pattern_table_init(struct hash_table *table, struct account *account)
{
    struct hash_link **buckets =
        memory_take(account, PATTERN_BUCKETS_MIN * sizeof(struct hash_link *));
    if (buckets == NULL) {
        return false;
    }
    hash_table_init(table, buckets, PATTERN_BUCKETS_MIN);
    return true;
}

void pattern_table_grow(struct hash_table *table, struct account *account)
{
    size_t count = table->mask + 1;
    if (table->count <= count) {
        return;
    }
    struct hash_link **buckets = memory_take(account, 2 * count * sizeof(*buckets));
    if (buckets == NULL) {
        return;
    }
    struct hash_table grown;
    hash_table_init(&grown, buckets, 2 * count);
    for (size_t i = 0; i < count; i++) {
        struct hash_link *link = table->buckets[i];
        while (link != NULL) {
            struct hash_link *next = link->next;
            hash_table_insert(&grown, link, link->hash);
            link = next;
        }
    }
    memory_release(account, (void *)table->buckets);
    *table = grown;
}

/* ---- creation ---- */

static enum pattern_index_kind kind_of(const struct pattern_set *set)
{
    switch (set->method) {
    case PATTERN_STRING:
        return (set->flags & PATTERN_NOCASE) != 0 ? PATTERN_BY_HASH : PATTERN_BY_KEY;
    case PATTERN_BINARY:
        return PATTERN_BY_HASH;
    case PATTERN_ADDRESS:
    case PATTERN_BEGIN:
        return PATTERN_BY_PREFIX;
    case PATTERN_FOUND:
    case PATTERN_BOOL:
    case PATTERN_INTEGER:
    case PATTERN_LENGTH:
    case PATTERN_SUBSTRING:
    case PATTERN_DIRECTORY:
    case PATTERN_DOMAIN:
    case PATTERN_END:
    case PATTERN_REGEX:
    case PATTERN_METHODS:
        break;
    }
    return PATTERN_BY_ORDER;
}

struct pattern_index *pattern_index_create(struct pattern_version *version,
                                           const struct pattern_set *set)
{
    struct account *account = version->file->account;
    struct pattern_index *index = memory_take(account, sizeof(*index));
    if (index == NULL) {
        return NULL;
    }
    index->set = set;
    index->version = version;
    index->kind = kind_of(set);
    list_init(&index->order);
    prefix_tree_init(&index->text_or_ipv4, account);
    prefix_tree_init(&index->ipv6, account);
    if (index->kind == PATTERN_BY_HASH && !pattern_table_init(&index->hash, account)) {
        memory_release(account, index);
        return NULL;
    }
    return index;
}

void pattern_index_destroy(struct pattern_index *index)
{
    struct account *account = index->version->file->account;
    memory_release(account, (void *)index->hash.buckets);
    memory_release(account, index);
}

/* ---- items ---- */

/* Whether an entry needs an item: not when its text and its value are used as they are. */
static bool needs_item(const struct pattern_index *index)
{
    enum sample_type value = index->set->value_type;
    return index->kind != PATTERN_BY_KEY || value == SAMPLE_INTEGER || value == SAMPLE_ADDRESS;
}

static enum result place_item(struct pattern_item *item)
{
    struct pattern_index *index = item->index;
    enum pattern_item_place place = item->place;
    item->place = ITEM_NOWHERE;
    switch (place) {
    case ITEM_IN_HASH:
        hash_table_insert(&index->hash, &item->hash, hash_bytes(item->text, PATTERN_HASH_SEED));
        pattern_table_grow(&index->hash, index->version->file->account);
        break;
    case ITEM_IN_TREE:
        if (prefix_tree_insert(&index->text_or_ipv4, &item->leaf) != RESULT_OK) {
            return RESULT_NO_MEMORY;
        }
        break;
    case ITEM_IN_TREE_IPV6:
        if (prefix_tree_insert(&index->ipv6, &item->leaf) != RESULT_OK) {
            return RESULT_NO_MEMORY;
        }
        break;
    case ITEM_IN_ORDER:
        list_append(&index->order, &item->link);
        break;
    case ITEM_NOWHERE:
        break;
    }
    item->place = place;
    return RESULT_OK;
}

static void displace_item(struct pattern_item *item)
{
    struct pattern_index *index = item->index;
    switch (item->place) {
    case ITEM_IN_HASH:
        hash_table_remove(&index->hash, &item->hash);
        break;
    case ITEM_IN_TREE:
        prefix_tree_remove(&index->text_or_ipv4, &item->leaf);
        break;
    case ITEM_IN_TREE_IPV6:
        prefix_tree_remove(&index->ipv6, &item->leaf);
        break;
    case ITEM_IN_ORDER:
        list_remove(&item->link);
        break;
    case ITEM_NOWHERE:
        break;
    }
    item->place = ITEM_NOWHERE;
}

/* Compiles pattern and value, and puts the item in its place. */
static enum result compile_item(struct pattern_item *item, bool may_resolve, struct text *error)
{
    struct pattern_index *index = item->index;
    enum result result = RESULT_OK;
    if (index->kind != PATTERN_BY_KEY) {
        result = pattern_item_compile(item, may_resolve, error);
    }
    enum pattern_item_place place = index->kind == PATTERN_BY_KEY ? ITEM_NOWHERE : item->place;
    item->place = ITEM_NOWHERE;
    if (result == RESULT_OK) {
        result =
            pattern_value_compile(index->set->value_type, item->entry->value, &item->value, error);
    }
    if (result == RESULT_OK) {
        item->place = place;
        result = place_item(item);
    }
    return result;
}

static void item_destroy(struct pattern_item *item)
{
    displace_item(item);
    if (item->index->kind != PATTERN_BY_KEY) {
        pattern_item_release(item);
    }
    memory_release(item->index->version->file->account, item);
}

void pattern_index_discard(struct pattern_index *index)
{
    LIST_EACH(link, &index->version->entries) {
        struct pattern_entry *entry = container_of(link, struct pattern_entry, link);
        struct pattern_item *item = entry->items;
        if (item != NULL && item->index == index) {
            entry->items = item->next;
            item_destroy(item);
        }
    }
    pattern_index_destroy(index);
}

enum result pattern_index_insert(struct pattern_index *index, struct pattern_entry *entry,
                                 bool may_resolve, struct text *error)
{
    if (!needs_item(index)) {
        return RESULT_OK;
    }
    struct pattern_item *item = memory_take(index->version->file->account, sizeof(*item));
    if (item == NULL) {
        return RESULT_NO_MEMORY;
    }
    item->index = index;
    item->entry = entry;
    enum result result = compile_item(item, may_resolve, error);
    if (result != RESULT_OK) {
        item_destroy(item);
        return result;
    }
    item->next = entry->items;
    entry->items = item;
    return RESULT_OK;
}

void pattern_items_release(struct pattern_entry *entry)
{
    while (entry->items != NULL) {
        struct pattern_item *item = entry->items;
        entry->items = item->next;
        item_destroy(item);
    }
}

enum result pattern_items_set_value(struct pattern_entry *entry, struct slice value,
                                    struct text *error)
{
    struct sample compiled;
    for (struct pattern_item *item = entry->items; item != NULL; item = item->next) {
        enum result result =
            pattern_value_compile(item->index->set->value_type, value, &compiled, error);
        if (result != RESULT_OK) {
            return result;
        }
    }
    for (struct pattern_item *item = entry->items; item != NULL; item = item->next) {
        /* It was valid a moment ago. */
        enum result result =
            pattern_value_compile(item->index->set->value_type, value, &item->value, error);
        ASSERT(result == RESULT_OK);
    }
    return RESULT_OK;
}

/* ---- lookup ---- */

static const struct pattern_item *find_in_hash(const struct pattern_index *index,
                                               const struct pattern_subject *subject)
{
    const struct pattern_item *best = NULL;
    uint64_t hash = hash_bytes(subject->folded, PATTERN_HASH_SEED);
    for (struct hash_link *link = hash_table_find(&index->hash, hash); link != NULL;
         link = hash_table_next(link)) {
        const struct pattern_item *item = container_of(link, const struct pattern_item, hash);
        if (slice_equal(item->text, subject->folded) &&
            (best == NULL || item->entry->id < best->entry->id)) {
            best = item;
        }
    }
    return best;
}

static const struct pattern_item *item_of_leaf(struct prefix_leaf *leaf)
{
    return leaf == NULL ? NULL : container_of(leaf, const struct pattern_item, leaf);
}

static const struct pattern_item *find_ipv4(const struct pattern_index *index,
                                            const struct in_addr *address)
{
    return item_of_leaf(
        prefix_tree_find(&index->text_or_ipv4, (const unsigned char *)address, IPV4_BITS));
}

static const struct pattern_item *find_ipv6(const struct pattern_index *index,
                                            const struct in6_addr *address)
{
    return item_of_leaf(prefix_tree_find(&index->ipv6, address->s6_addr, IPV6_BITS));
}

/* Networks of the address's own family first, then of the other. */
static const struct pattern_item *find_network(const struct pattern_index *index,
                                               const struct sample *sample)
{
    const struct pattern_item *item;
    if (sample->type == SAMPLE_IPV4) {
        item = find_ipv4(index, &sample->ipv4);
        struct in6_addr mapped = network_map_ipv4(sample->ipv4);
        return item != NULL ? item : find_ipv6(index, &mapped);
    }
    struct in_addr embedded;
    item = find_ipv6(index, &sample->ipv6);
    if (item == NULL && network_embedded_ipv4(&sample->ipv6, &embedded)) {
        item = find_ipv4(index, &embedded);
    }
    return item;
}

static const struct pattern_item *find_by_prefix(const struct pattern_index *index,
                                                 const struct pattern_subject *subject)
{
    if (index->set->method == PATTERN_ADDRESS) {
        return find_network(index, subject->sample);
    }
    struct slice text = subject->folded;
    return item_of_leaf(prefix_tree_find(&index->text_or_ipv4, (const unsigned char *)text.data,
                                         text.length * BITS_OF_BYTE));
}

static enum result find_in_order(const struct pattern_index *index,
                                 const struct pattern_subject *subject,
                                 const struct pattern_item **out)
{
    LIST_EACH(link, &index->order) {
        const struct pattern_item *item = container_of(link, const struct pattern_item, link);
        enum result result = pattern_item_compare(item, subject);
        if (result != RESULT_NOT_FOUND) {
            *out = item;
            return result;
        }
    }
    return RESULT_NOT_FOUND;
}

/* The item of an entry in this index, or NULL. */
static const struct pattern_item *item_of_entry(const struct pattern_index *index,
                                                const struct pattern_entry *entry)
{
    const struct pattern_item *item = entry->items;
    while (item != NULL && item->index != index) {
        item = item->next;
    }
    return item;
}

/* Puts the sample's text, in lower case where the set wants it, in subject->folded. */
static enum result fold_subject(const struct pattern_set *set, struct pattern_subject *subject)
{
    enum sample_type input = pattern_method_input(set->method);
    subject->folded = SLICE("");
    if (input != SAMPLE_STRING && input != SAMPLE_BINARY) {
        return RESULT_OK;
    }
    struct slice text = subject->sample->text;
    subject->folded = text;
    bool is_exact = (set->flags & PATTERN_NOCASE) == 0 || set->method == PATTERN_REGEX ||
                    set->method == PATTERN_BINARY || set->method == PATTERN_LENGTH;
    if (is_exact || text.length == 0) {
        return RESULT_OK;
    }
    char *folded = arena_take_text(subject->context->scratch, text.length);
    if (folded == NULL) {
        return RESULT_NO_MEMORY;
    }
    for (size_t i = 0; i < text.length; i++) {
        folded[i] = ascii_lower(text.data[i]);
    }
    subject->folded = slice_of(folded, text.length);
    return RESULT_OK;
}

enum result pattern_index_find(const struct pattern_index *index, struct pattern_subject *subject,
                               const struct pattern_entry **entry, const struct pattern_item **item)
{
    enum result result = fold_subject(index->set, subject);
    if (result != RESULT_OK) {
        return result;
    }
    *item = NULL;
    switch (index->kind) {
    case PATTERN_BY_KEY:
        *entry = pattern_version_find(index->version, subject->folded);
        *item = *entry == NULL ? NULL : item_of_entry(index, *entry);
        return *entry == NULL ? RESULT_NOT_FOUND : RESULT_OK;
    case PATTERN_BY_HASH:
        *item = find_in_hash(index, subject);
        break;
    case PATTERN_BY_PREFIX:
        *item = find_by_prefix(index, subject);
        break;
    case PATTERN_BY_ORDER:
        break;
    }
    if (*item == NULL) {
        result = find_in_order(index, subject, item);
    }
    *entry = result == RESULT_OK ? (*item)->entry : NULL;
    return result;
}
