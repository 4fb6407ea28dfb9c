/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What patterns are made of inside: files, versions, entries, and the indexes that sets use.
 *
 *   pattern_file -> pattern_version -> pattern_entry (text, value)
 *                                   -> pattern_index (one a set) -> pattern_item (one an entry)
 *
 * Exact strings need no items: the version finds entries by their text anyway.
 */
#ifndef WEIR_RULES_PATTERN_INTERNAL_H
#define WEIR_RULES_PATTERN_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash_table.h"
#include "base/list.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "memory/memory.h"
#include "rules/network.h"
#include "rules/pattern.h"
#include "rules/prefix_tree.h"

struct pattern_files {
    struct account *account;
    struct list files; /* struct pattern_file by id */
};

struct pattern_file {
    struct list link; /* pattern_files.files */
    struct pattern_files *files;
    struct account *account;
    unsigned id;
    bool has_set_id;       /* given by -u */
    bool is_map, is_acl;   /* used by */
    bool has_values;       /* lines are a pattern and a value */
    char *name;            /* NULL: written in the configuration */
    char *description;     /* NULL: not yet described */
    pthread_rwlock_t lock; /* versions, entries and walks */
    struct list sets;      /* struct pattern_set; fixed after the configuration is read */
    struct list versions;  /* struct pattern_version: the current one and those prepared */
    struct list garbage;   /* versions forgotten */
    struct list walks;     /* struct pattern_walk */
    struct pattern_version *current;
    uint32_t next_version;
    uint64_t next_entry;
};

/* A file compiled for one method. */
struct pattern_set {
    struct list link; /* pattern_file.sets */
    struct pattern_file *file;
    enum pattern_method method;
    unsigned flags;
    enum sample_type value_type; /* SAMPLE_ANY: of an ACL */
};

struct pattern_version {
    struct list link; /* pattern_file.versions or garbage */
    struct pattern_file *file;
    uint32_t id;
    struct list entries;    /* struct pattern_entry in order */
    struct hash_table keys; /* entries by their text */
    struct pattern_index *indexes;
};

struct pattern_entry {
    struct list link; /* pattern_version.entries */
    struct hash_link hash;
    struct pattern_version *version;
    struct pattern_item *items; /* one for each index that needs one */
    uint64_t id;
    unsigned line; /* in the file, 0: added later */
    bool has_value;
    struct slice value; /* a block of its own */
    struct slice key;   /* in `bytes` */
    char bytes[];
};

enum pattern_index_kind { PATTERN_BY_KEY, PATTERN_BY_HASH, PATTERN_BY_PREFIX, PATTERN_BY_ORDER };

struct pattern_index {
    struct pattern_index *next; /* of the same version */
    const struct pattern_set *set;
    struct pattern_version *version;
    enum pattern_index_kind kind;
    struct hash_table hash;          /* PATTERN_BY_HASH */
    struct prefix_tree text_or_ipv4; /* PATTERN_BY_PREFIX: texts, or IPv4 networks */
    struct prefix_tree ipv6;
    struct list order; /* PATTERN_BY_ORDER, and networks whose mask has holes */
};

/* Where an item stands in its index. */
enum pattern_item_place {
    ITEM_NOWHERE,
    ITEM_IN_HASH,
    ITEM_IN_TREE,
    ITEM_IN_TREE_IPV6,
    ITEM_IN_ORDER
};

/* One entry compiled for one set. */
struct pattern_item {
    struct pattern_item *next; /* of the same entry */
    struct pattern_index *index;
    struct pattern_entry *entry;
    enum pattern_item_place place;
    union {
        struct list link;
        struct hash_link hash;
        struct prefix_leaf leaf;
    };
    union {
        struct {
            int64_t least, most;
        } range;
        struct {
            struct in_addr address, mask;
        } network;
        struct in6_addr ipv6;
        struct regex *regex;
        struct slice text; /* decoded or folded: a block of its own; or the entry's key */
    };
    struct sample value; /* of maps to integers and addresses */
};

/* A sample to be compared, and what it needs once for all patterns. */
struct pattern_subject {
    const struct sample *sample;
    struct rule_context *context;
    struct slice folded;        /* the text in lower case, for sets that ignore case */
    struct regex_match *groups; /* filled by a regular expression; or NULL */
};

/* ---- pattern_value.c: one pattern ---- */

/*
 * Compiles an entry's text for the item's set. RESULT_INVALID with the reason in `error`,
 * RESULT_NO_MEMORY. `may_resolve`: host names are looked up (while the configuration is read).
 */
MUST_USE enum result pattern_item_compile(struct pattern_item *item, bool may_resolve,
                                          struct text *error);

/* Releases what pattern_item_compile took. */
void pattern_item_release(struct pattern_item *item);

/* Compiles a map's value. RESULT_INVALID with `error`. */
MUST_USE enum result pattern_value_compile(enum sample_type type, struct slice text,
                                           struct sample *out, struct text *error);

/* Compares one item with the subject. RESULT_OK, RESULT_NOT_FOUND, RESULT_NO_MEMORY. */
MUST_USE enum result pattern_item_compare(const struct pattern_item *item,
                                          const struct pattern_subject *subject);

/* ---- pattern_index.c: the patterns of a set ---- */

/* Creates an index of `set` in a version; NULL when memory is refused. */
struct pattern_index *pattern_index_create(struct pattern_version *version,
                                           const struct pattern_set *set);

/* Releases an index that has no items any more. */
void pattern_index_destroy(struct pattern_index *index);

/* Releases an index that the entries of its version have as their newest, with its items. */
void pattern_index_discard(struct pattern_index *index);

/* Compiles and inserts an entry. Results as pattern_item_compile. */
MUST_USE enum result pattern_index_insert(struct pattern_index *index, struct pattern_entry *entry,
                                          bool may_resolve, struct text *error);

/* Takes all items of an entry out of their indexes and releases them. */
void pattern_items_release(struct pattern_entry *entry);

/* Compiles the entry's present value anew for every set. RESULT_INVALID changes nothing. */
MUST_USE enum result pattern_items_set_value(struct pattern_entry *entry, struct slice value,
                                             struct text *error);

/*
 * The entry that matches; `*item` is its item, NULL for exact strings without one. RESULT_OK,
 * RESULT_NOT_FOUND, RESULT_NO_MEMORY.
 */
MUST_USE enum result pattern_index_find(const struct pattern_index *index,
                                        struct pattern_subject *subject,
                                        const struct pattern_entry **entry,
                                        const struct pattern_item **item);

/* ---- pattern_version.c: entries ---- */

/* Where an entry comes from. */
struct pattern_origin {
    unsigned line;    /* of its file, 0: none */
    bool may_resolve; /* the configuration is being read */
};

/* Creates an empty version with an index for every set of the file; NULL when refused. */
struct pattern_version *pattern_version_create(struct pattern_file *file, uint32_t id);

/* Releases a version without entries. */
void pattern_version_destroy(struct pattern_version *version);

/* Compiles all entries for a new set. RESULT_INVALID: `*line` is the bad entry's; nothing of it
 * stays. */
MUST_USE enum result pattern_version_compile(struct pattern_version *version,
                                             const struct pattern_set *set, struct text *error,
                                             unsigned *line);

/* Adds an entry, compiled for every set. RESULT_INVALID with `error`, RESULT_NO_MEMORY. */
MUST_USE enum result pattern_version_add(struct pattern_version *version, struct slice key,
                                         struct slice value, const struct pattern_origin *origin,
                                         struct text *error);

/* Takes an entry out and releases it. */
void pattern_entry_destroy(struct pattern_entry *entry);

/* The first entry with this text, or NULL; and the next one. */
struct pattern_entry *pattern_version_find(const struct pattern_version *version, struct slice key);
struct pattern_entry *pattern_entry_next_same(const struct pattern_entry *entry);

/* The index of a set in a version. */
struct pattern_index *pattern_version_index(const struct pattern_version *version,
                                            const struct pattern_set *set);

/* Buckets of a table that has just been made. */
enum { PATTERN_BUCKETS_MIN = 8 };

/* Makes a table's buckets; false when memory is refused. */
bool pattern_table_init(struct hash_table *table, struct account *account);

/* Doubles the buckets when there are fewer than members; keeps them when memory is refused. */
void pattern_table_grow(struct hash_table *table, struct account *account);

#endif
