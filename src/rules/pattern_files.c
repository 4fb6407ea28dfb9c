/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collection of pattern files: found by name (so that ACLs and maps share one) or by id, and
 * compiled for the methods they are used with. Ids count up from 0; those that `-u` gives are taken
 * from whoever was counted there.
 *
 * Memory: made while the configuration is read, on the account given at creation; released by
 * pattern_files_destroy only.
 */
#include "rules/pattern_internal.h"

#include <string.h>

#include "base/number.h"
#include "rules/parser.h"
#include "rules/pattern_load.h"

/* The longest description: grows with the places that use a file. */
enum { DESCRIPTION_BYTES_MAX = 4096 };

struct pattern_files *pattern_files_create(struct account *account)
{
    struct pattern_files *files = memory_take(account, sizeof(*files));
    if (files != NULL) {
        files->account = account;
        list_init(&files->files);
    }
    return files;
}

/* Releases all entries of all versions of a list. */
static void destroy_versions(struct list *versions)
{
    LIST_EACH_SAFE(link, versions) {
        struct pattern_version *version = container_of(link, struct pattern_version, link);
        while (!list_is_empty(&version->entries)) {
            pattern_entry_destroy(
                container_of(list_first(&version->entries), struct pattern_entry, link));
        }
        pattern_version_destroy(version);
    }
}

static void file_destroy(struct pattern_file *file)
{
    struct account *account = file->account;
    destroy_versions(&file->versions);
    destroy_versions(&file->garbage);
    LIST_EACH_SAFE(link, &file->sets) {
        list_remove(link);
        memory_release(account, container_of(link, struct pattern_set, link));
    }
    (void)pthread_rwlock_destroy(&file->lock);
    list_remove(&file->link);
    memory_release(account, file->name);
    memory_release(account, file->description);
    memory_release(account, file);
}

void pattern_files_destroy(struct pattern_files *files)
{
    if (files == NULL) {
        return;
    }
    LIST_EACH_SAFE(link, &files->files) {
        file_destroy(container_of(link, struct pattern_file, link));
    }
    memory_release(files->account, files);
}

/* ---- ids ---- */

static struct pattern_file *find_id(const struct pattern_files *files, uint64_t id)
{
    LIST_EACH(link, &files->files) {
        struct pattern_file *file = container_of(link, struct pattern_file, link);
        if (file->id == id) {
            return file;
        }
    }
    return NULL;
}

/* The smallest id that nobody has. The list is in order of ids. */
static unsigned free_id(const struct pattern_files *files)
{
    unsigned id = 0;
    LIST_EACH(link, &files->files) {
        if (container_of(link, struct pattern_file, link)->id != id) {
            break;
        }
        id++;
    }
    return id;
}

/* Puts a file in the list where its id belongs. */
static void insert_by_id(struct pattern_files *files, struct pattern_file *file)
{
    struct list *position = &files->files;
    LIST_EACH(link, &files->files) {
        if (container_of(link, struct pattern_file, link)->id > file->id) {
            break;
        }
        position = link;
    }
    list_insert_after(position, &file->link);
}

enum result pattern_file_set_id(struct rule_parser *parser, struct pattern_file *file, unsigned id)
{
    struct pattern_files *files = file->files;
    struct pattern_file *owner = find_id(files, id);
    if (owner != NULL && owner != file && owner->has_set_id) {
        return parser_fail(parser, "the unique id %u is already used by %s", id,
                           owner->description);
    }
    list_remove(&file->link);
    if (owner != NULL && owner != file) {
        list_remove(&owner->link);
        owner->id = free_id(files) == id ? file->id : free_id(files);
        insert_by_id(files, owner);
    }
    file->id = id;
    file->has_set_id = true;
    insert_by_id(files, file);
    return RESULT_OK;
}

/* ---- creation ---- */

/* An empty file with a version 0; NULL when refused. */
static struct pattern_file *file_create(struct pattern_files *files, struct slice name)
{
    struct pattern_file *file = memory_take(files->account, sizeof(*file));
    if (file == NULL) {
        return NULL;
    }
    file->files = files;
    file->account = files->account;
    list_init(&file->sets);
    list_init(&file->versions);
    list_init(&file->garbage);
    list_init(&file->walks);
    file->id = free_id(files);
    (void)pthread_rwlock_init(&file->lock, NULL);
    list_init(&file->link);
    insert_by_id(files, file);
    bool is_named = name.data != NULL;
    file->name = is_named ? memory_copy_string(files->account, name) : NULL;
    file->current = pattern_version_create(file, 0);
    if (file->current == NULL || (is_named && file->name == NULL)) {
        if (file->current != NULL) {
            list_append(&file->versions, &file->current->link);
        }
        file_destroy(file);
        return NULL;
    }
    list_append(&file->versions, &file->current->link);
    return file;
}

/* Replaces the description. */
static enum result describe(struct rule_parser *parser, struct pattern_file *file,
                            const struct text *text)
{
    char *copy = memory_copy_string(file->account, text_slice(text));
    if (copy == NULL) {
        return parser_fail_memory(parser);
    }
    memory_release(file->account, file->description);
    file->description = copy;
    return RESULT_OK;
}

enum result pattern_files_open_inline(struct rule_parser *parser, const char *keyword,
                                      struct pattern_file **out)
{
    char storage[DESCRIPTION_BYTES_MAX];
    struct text text = text_over(storage, sizeof(storage));
    struct pattern_file *file = file_create(parser->patterns, SLICE_NONE);
    if (file == NULL) {
        return parser_fail_memory(parser);
    }
    file->is_acl = true;
    text_append_format(&text, "acl '%s' file '%s' line %u", keyword,
                       parser->file == NULL ? "" : parser->file, parser->line);
    *out = file;
    return describe(parser, file, &text);
}

/* Says in the description of a named file where else it is used. */
static enum result describe_use(struct rule_parser *parser, struct pattern_file *file,
                                enum pattern_use use)
{
    char storage[DESCRIPTION_BYTES_MAX];
    struct text text = text_over(storage, sizeof(storage));
    if (file->description == NULL) {
        text_append_format(&text, "pattern loaded from file '%s' used by ", file->name);
    } else {
        text_append_format(&text, "%s, by ", file->description);
    }
    text_append_format(&text, "%s at file '%s' line %u", use == PATTERN_USE_MAP ? "map" : "acl",
                       parser->file == NULL ? "" : parser->file, parser->line);
    file->is_map = file->is_map || use == PATTERN_USE_MAP;
    file->is_acl = file->is_acl || use == PATTERN_USE_ACL;
    return describe(parser, file, &text);
}

/* The name without a prefix that is no part of it. */
static struct slice plain_name(struct slice name, bool *is_optional, bool *is_virtual)
{
    *is_optional = slice_starts_with(name, SLICE("opt@"));
    *is_virtual = slice_starts_with(name, SLICE("virt@"));
    if (*is_optional) {
        return slice_skip(name, strlen("opt@"));
    }
    return slice_starts_with(name, SLICE("file@")) ? slice_skip(name, strlen("file@")) : name;
}

static struct pattern_file *find_name(const struct pattern_files *files, struct slice name)
{
    LIST_EACH(link, &files->files) {
        struct pattern_file *file = container_of(link, struct pattern_file, link);
        if (file->name != NULL && slice_equal(slice_from_string(file->name), name)) {
            return file;
        }
    }
    return NULL;
}

/* Makes and loads a file that is not known yet. */
static enum result open_new(struct rule_parser *parser, struct slice name, bool has_values,
                            struct pattern_file **out)
{
    bool is_optional;
    bool is_virtual;
    struct slice plain = plain_name(name, &is_optional, &is_virtual);
    struct pattern_file *file = file_create(parser->patterns, plain);
    if (file == NULL) {
        return parser_fail_memory(parser);
    }
    file->has_values = has_values;
    enum result result = RESULT_OK;
    if (!is_virtual) {
        result = pattern_file_load(parser, file, is_optional);
    }
    if (result != RESULT_OK) {
        file_destroy(file);
        return result;
    }
    *out = file;
    return RESULT_OK;
}

enum result pattern_files_open(struct rule_parser *parser, const char *name, bool has_values,
                               enum pattern_use use, struct pattern_file **out)
{
    bool is_optional;
    bool is_virtual;
    if (parser->patterns == NULL) {
        return parser_fail(parser, "pattern files cannot be used here");
    }
    struct slice plain = plain_name(slice_from_string(name), &is_optional, &is_virtual);
    struct pattern_file *file = find_name(parser->patterns, plain);
    if (file != NULL && file->has_values != has_values) {
        return parser_fail(parser,
                           has_values ? "The file \"%s\" is already used as one column file and "
                                        "cannot be used by map."
                                      : "The file \"%s\" is already used as two column file and "
                                        "cannot be used by acl.",
                           file->name);
    }
    if (file == NULL) {
        enum result result = open_new(parser, slice_from_string(name), has_values, &file);
        if (result != RESULT_OK) {
            return result;
        }
    }
    *out = file;
    return describe_use(parser, file, use);
}

enum result pattern_file_configure(struct rule_parser *parser, struct pattern_file *file,
                                   struct slice pattern)
{
    const struct pattern_origin origin = {.line = parser->line, .may_resolve = true};
    enum result result =
        pattern_version_add(file->current, pattern, SLICE_NONE, &origin, parser->error);
    return result == RESULT_NO_MEMORY ? parser_fail_memory(parser) : result;
}

/* ---- sets ---- */

/* A set with the same properties, or NULL. */
static struct pattern_set *find_set(const struct pattern_file *file, enum pattern_method method,
                                    unsigned flags, enum sample_type value_type)
{
    LIST_EACH(link, &file->sets) {
        struct pattern_set *set = container_of(link, struct pattern_set, link);
        if (set->method == method && set->flags == flags && set->value_type == value_type) {
            return set;
        }
    }
    return NULL;
}

enum result pattern_file_compile(struct rule_parser *parser, struct pattern_file *file,
                                 enum pattern_method method, unsigned flags,
                                 enum sample_type value_type, struct pattern_set **out)
{
    *out = find_set(file, method, flags, value_type);
    if (*out != NULL) {
        return RESULT_OK;
    }
    struct pattern_set *set = memory_take(file->account, sizeof(*set));
    if (set == NULL) {
        return parser_fail_memory(parser);
    }
    *set = (struct pattern_set){
        .file = file, .method = method, .flags = flags, .value_type = value_type};
    list_append(&file->sets, &set->link);
    unsigned line = 0;
    enum result result = pattern_version_compile(file->current, set, parser->error, &line);
    if (result == RESULT_OK) {
        *out = set;
        return RESULT_OK;
    }
    list_remove(&set->link);
    memory_release(file->account, set);
    if (result == RESULT_INVALID && file->name != NULL) {
        return parser_fail(parser, "%s at line %u of file '%s'", parser->error->data, line,
                           file->name);
    }
    return result == RESULT_NO_MEMORY ? parser_fail_memory(parser) : result;
}

/* ---- inspection ---- */

struct pattern_file *pattern_files_next(const struct pattern_files *files,
                                        const struct pattern_file *file)
{
    const struct list *link = file == NULL ? files->files.next : file->link.next;
    return link == &files->files ? NULL : container_of(link, struct pattern_file, link);
}

struct pattern_file *pattern_files_find(const struct pattern_files *files, struct slice reference)
{
    uint64_t id;
    bool is_optional;
    bool is_virtual;
    if (reference.length > 0 && reference.data[0] == '#') {
        bool is_number = number_parse_decimal(slice_skip(reference, 1), &id) == RESULT_OK;
        return is_number ? find_id(files, id) : NULL;
    }
    return find_name(files, plain_name(reference, &is_optional, &is_virtual));
}

void pattern_file_inspect(const struct pattern_file *file, struct pattern_file_info *info)
{
    pthread_rwlock_t *lock = &((struct pattern_file *)(uintptr_t)file)->lock;
    (void)pthread_rwlock_rdlock(lock);
    *info = (struct pattern_file_info){.id = file->id,
                                       .name = file->name,
                                       .description = file->description,
                                       .is_map = file->is_map,
                                       .is_acl = file->is_acl,
                                       .version = file->current->id,
                                       .next_version = file->next_version,
                                       .entries = file->current->keys.count};
    (void)pthread_rwlock_unlock(lock);
}
