/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns: what ACLs and maps compare samples with. A pattern file is a list of entries (a
 * pattern, and a value when it is a map), loaded from disk, virtual, or written in the
 * configuration; it is found by its name or by "#<id>" and may change at run time. A pattern set is
 * a file compiled for one match method and used by ACLs and maps; files are compiled once for each
 * method and flags.
 *
 *   file -> version (current) -> entries, and one index for each set
 *        -> versions prepared: filled aside, swapped in by commit
 *
 *   index: str, bin: hash table; ip, beg: prefix tree (the longest wins); others: a list in order
 *
 * What bounds it: the configuration and who may use the runtime API; all charged to the account
 * given at creation (ACCOUNT_TABLE of the shared ledger).
 * Threads: any may match and change; a file's lock is held inside the functions only.
 */
#ifndef WEIR_RULES_PATTERN_H
#define WEIR_RULES_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "memory/memory.h"
#include "rules/context.h"
#include "rules/regex.h"
#include "rules/sample.h"

enum pattern_method {
    PATTERN_FOUND,
    PATTERN_BOOL,
    PATTERN_INTEGER,
    PATTERN_ADDRESS,
    PATTERN_BINARY,
    PATTERN_LENGTH,
    PATTERN_STRING,
    PATTERN_BEGIN,
    PATTERN_SUBSTRING,
    PATTERN_DIRECTORY,
    PATTERN_DOMAIN,
    PATTERN_END,
    PATTERN_REGEX,
    PATTERN_METHODS
};

enum pattern_flags {
    PATTERN_NOCASE = 1,     /* -i */
    PATTERN_NO_RESOLVE = 2, /* -n: no host names among addresses */
    PATTERN_DECIMAL = 4,    /* versions: "1.1" is 1 * 65536 + 1 */
};

struct pattern_files;
struct pattern_file;
struct pattern_set;

/* ---- methods ---- */

/* The method of an -m word ("beg"), PATTERN_METHODS when there is none such. */
enum pattern_method pattern_method_find(struct slice name);

/* The -m word of a method. */
const char *pattern_method_name(enum pattern_method method);

/* The method that a sample type implies; PATTERN_METHODS when it needs -m. */
enum pattern_method pattern_method_default(enum sample_type type);

/* The type that samples are cast to before matching. */
enum sample_type pattern_method_input(enum pattern_method method);

/* Whether samples of `type` can be matched by the method. */
bool pattern_method_accepts(enum pattern_method method, enum sample_type type);

/* ---- creation: while the configuration is read ---- */

/* Creates an empty collection; NULL when memory is refused. */
struct pattern_files *pattern_files_create(struct account *account);

/* Releases everything; NULL is allowed. Nothing may match any more. */
void pattern_files_destroy(struct pattern_files *files);

/* What a file is used by: `show acl` and `show map` list it accordingly. */
enum pattern_use { PATTERN_USE_ACL, PATTERN_USE_MAP };

/*
 * The file of a -f, -M or map argument: one that is known, or loaded now. Names: a path,
 * "file@path", "opt@path" (missing is empty), "virt@name" (exists in memory only). With
 * `has_values` lines are a pattern and a value. RESULT_INVALID with parser->error,
 * RESULT_NO_MEMORY.
 */
MUST_USE enum result pattern_files_open(struct rule_parser *parser, const char *name,
                                        bool has_values, enum pattern_use use,
                                        struct pattern_file **out);

/* A file without a name for the patterns of one ACL in the configuration; `keyword` is the ACL's
 * criterion, for `show acl`. RESULT_NO_MEMORY. */
MUST_USE enum result pattern_files_open_inline(struct rule_parser *parser, const char *keyword,
                                               struct pattern_file **out);

/* Adds a pattern of the configuration; host names among addresses are looked up. RESULT_INVALID
 * with parser->error, RESULT_NO_MEMORY. */
MUST_USE enum result pattern_file_configure(struct rule_parser *parser, struct pattern_file *file,
                                            struct slice pattern);

/* Gives a file the id of `-u`. RESULT_INVALID: another file was given it. */
MUST_USE enum result pattern_file_set_id(struct rule_parser *parser, struct pattern_file *file,
                                         unsigned id);

/*
 * Compiles a file for a method. `value_type` is SAMPLE_ANY for ACLs, else what a map gives
 * (STRING, INTEGER, ADDRESS). The set lives as long as the files. RESULT_INVALID names the bad
 * entry and its line, RESULT_NO_MEMORY.
 */
MUST_USE enum result pattern_file_compile(struct rule_parser *parser, struct pattern_file *file,
                                          enum pattern_method method, unsigned flags,
                                          enum sample_type value_type, struct pattern_set **out);

/* ---- matching ---- */

/* What matched. Texts are in the scratch arena. */
struct pattern_hit {
    struct sample value;      /* of maps: STRING, INTEGER, IPV4 or IPV6 */
    bool wants_key;           /* set by the caller: fill `key` */
    struct slice key;         /* the entry's pattern as it was written */
    struct regex_match match; /* PATTERN_REGEX: groups of the sample's text */
};

/*
 * Compares a sample, already cast to pattern_method_input, with the current version. `hit` may be
 * NULL. RESULT_OK, RESULT_NOT_FOUND, RESULT_NO_MEMORY.
 */
MUST_USE enum result pattern_set_match(const struct pattern_set *set, struct rule_context *context,
                                       const struct sample *sample, struct pattern_hit *hit);

/* ---- inspection ---- */

struct pattern_file_info {
    unsigned id;
    const char *name;        /* NULL: written in the configuration */
    const char *description; /* "pattern loaded from file '…' used by acl at file '…' line 8" */
    bool is_map, is_acl;     /* used by maps, by ACLs */
    uint32_t version, next_version;
    size_t entries; /* of the current version */
};

/* The next file in order of ids; NULL: the first. NULL behind the last. */
struct pattern_file *pattern_files_next(const struct pattern_files *files,
                                        const struct pattern_file *file);

/* The file called `reference` (a name as in the configuration) or "#<id>"; NULL when there is none.
 */
struct pattern_file *pattern_files_find(const struct pattern_files *files, struct slice reference);

/* Fills `info`; its strings live as long as the file. */
void pattern_file_inspect(const struct pattern_file *file, struct pattern_file_info *info);

/* One entry; valid inside the visit only. */
struct pattern_view {
    uint64_t id; /* for "#<hexadecimal>" references */
    struct slice key;
    struct slice value; /* data NULL: none */
};

/* A position among the entries of one version that survives changes. */
struct pattern_walk {
    struct list link;
    struct pattern_file *file;
    void *next; /* the entry, or NULL at the end */
};

/* Starts at the first entry of `version` (0: the current one). RESULT_NOT_FOUND: no such version;
 * an existing but empty one is RESULT_OK. End every walk with pattern_walk_end. */
MUST_USE enum result pattern_walk_begin(struct pattern_walk *walk, struct pattern_file *file,
                                        uint32_t version);

/*
 * Visits entries until `visit` returns false (that entry is visited again next time) or `most` were
 * visited. RESULT_OK: there are more. RESULT_END.
 */
MUST_USE enum result pattern_walk_on(struct pattern_walk *walk, size_t most,
                                     bool (*visit)(void *argument, const struct pattern_view *view),
                                     void *argument);

/* Ends a walk. */
void pattern_walk_end(struct pattern_walk *walk);

/* One set's answer to `get map`, `get acl`. */
struct pattern_answer {
    enum pattern_method method;
    bool is_nocase;
    bool is_match;
    const char *index;  /* "tree", "hash" or "list" */
    struct slice key;   /* of the entry that matched */
    struct slice value; /* data NULL: none */
    enum sample_type value_type;
};

/*
 * Tests a text against every set of a file. RESULT_NO_MEMORY. `context` needs only `scratch`.
 */
MUST_USE enum result
pattern_file_test(struct pattern_file *file, struct rule_context *context, struct slice text,
                  void (*visit)(void *argument, const struct pattern_answer *answer),
                  void *argument);

/* ---- changes at run time ---- */

/*
 * Adds an entry to `version` (0: the current one). `value` of ACLs has data NULL. RESULT_INVALID
 * with the reason in `error`: the pattern or value has not the form that a set needs.
 * RESULT_NOT_FOUND: no such version. RESULT_NO_MEMORY.
 */
MUST_USE enum result pattern_file_add(struct pattern_file *file, uint32_t version, struct slice key,
                                      struct slice value, struct text *error);

/*
 * Changes the value of every entry with this key, or of the entry "#<id>". RESULT_NOT_FOUND: there
 * is none. Others as pattern_file_add.
 */
MUST_USE enum result pattern_file_set(struct pattern_file *file, struct slice key,
                                      struct slice value, struct text *error);

/* Removes every entry with this key, or the entry "#<id>". RESULT_NOT_FOUND: there is none. */
MUST_USE enum result pattern_file_delete(struct pattern_file *file, struct slice key);

/* Whether the current version has an entry with exactly this text. */
bool pattern_file_has(const struct pattern_file *file, struct slice key);

/*
 * Forgets all entries of `version` (0: the current one) at once; their memory is given back by
 * pattern_file_purge. RESULT_NOT_FOUND: no such version. RESULT_NO_MEMORY: nothing was done.
 */
MUST_USE enum result pattern_file_clear(struct pattern_file *file, uint32_t version);

/* Opens a new version aside; `*version` is its number. RESULT_NO_MEMORY. */
MUST_USE enum result pattern_file_prepare(struct pattern_file *file, uint32_t *version);

/* Makes a prepared version the current one; older ones are forgotten (see pattern_file_purge).
 * RESULT_NOT_FOUND: no such version. */
MUST_USE enum result pattern_file_commit(struct pattern_file *file, uint32_t version);

/* Releases at most `most` forgotten entries. RESULT_OK: there are more. RESULT_END. */
MUST_USE enum result pattern_file_purge(struct pattern_file *file, size_t most);

#endif
