/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of error pages, one a proxy or http-errors section, and the sections by name. A lookup
 * goes from the table to its parent (the defaults section) and ends at the built-in pages. A row
 * may also say "none here, nor in the parent" (http-error default-errorfiles), or name another
 * table that is asked at the lookup, since a section may be filled after it was referred to. Of
 * several rows for a status the last holds.
 *
 * Memory: a row for each configured status, at most one for each status that has a built-in page,
 * and for each import.
 */
#include <string.h>

#include "base/list.h"
#include "memory/memory.h"
#include "rules/reply_internal.h"

struct error_row {
    struct list link;
    uint16_t status;     /* 0: every one that `from` has */
    struct reply *reply; /* NULL or REPLY_TABLE: as if nothing were set, even in the parent */
    const struct error_files *from; /* where the page is, instead of `reply`; NULL: here */
};

struct error_files {
    struct account *account;
    const struct error_files *parent;
    struct list rows;
};

struct error_section {
    struct list link;
    char *name;
    struct error_files *files;
    bool is_declared;
};

struct error_sections {
    struct account *account;
    struct list sections;
};

enum { STATUS_INTERNAL_ERROR = 500 };

/* ---- tables ---- */

struct error_files *error_files_create(struct account *account, const struct error_files *parent)
{
    struct error_files *files = memory_take(account, sizeof(*files));
    if (files != NULL) {
        files->account = account;
        files->parent = parent;
        list_init(&files->rows);
    }
    return files;
}

void error_files_destroy(struct account *account, struct error_files *files)
{
    if (files == NULL) {
        return;
    }
    LIST_EACH_SAFE(link, &files->rows) {
        struct error_row *row = container_of(link, struct error_row, link);
        list_remove(link);
        reply_destroy(account, row->reply);
        memory_release(account, row);
    }
    memory_release(account, files);
}

/* The row of the table's own for a status. */
static struct error_row *find_own_row(const struct error_files *files, uint16_t status)
{
    LIST_EACH(link, (struct list *)&files->rows) {
        struct error_row *row = container_of(link, struct error_row, link);
        if (row->from == NULL && row->status == status) {
            return row;
        }
    }
    return NULL;
}

/* The last row that has something for a status; what an imported table imports is not asked. */
static const struct error_row *find_row(const struct error_files *files, uint16_t status)
{
    const struct error_row *found = NULL;
    LIST_EACH(link, (struct list *)&files->rows) {
        const struct error_row *row = container_of(link, struct error_row, link);
        if (row->from != NULL && (row->status == 0 || row->status == status)) {
            row = find_own_row(row->from, status);
            found = row != NULL && row->reply != NULL ? row : found;
        } else if (row->from == NULL && row->status == status) {
            found = row;
        }
    }
    return found;
}

static struct error_row *add_row(struct error_files *files, uint16_t status)
{
    struct error_row *row = memory_take(files->account, sizeof(*row));
    if (row != NULL) {
        row->status = status;
        list_append(&files->rows, &row->link);
    }
    return row;
}

enum result error_files_set(struct error_files *files, uint16_t status, struct reply *reply)
{
    struct error_row *row = find_own_row(files, status);
    if (row == NULL) {
        row = add_row(files, status);
    }
    if (row == NULL) {
        reply_destroy(files->account, reply);
        return RESULT_NO_MEMORY;
    }
    list_remove(&row->link);
    list_append(&files->rows, &row->link);
    reply_destroy(files->account, row->reply);
    row->reply = reply;
    return RESULT_OK;
}

enum result error_files_import(struct error_files *files, const struct error_files *from,
                               uint16_t status)
{
    struct error_row *row = add_row(files, status);
    if (row == NULL) {
        return RESULT_NO_MEMORY;
    }
    row->from = from;
    return RESULT_OK;
}

const struct reply *error_files_find_own(const struct error_files *files, uint16_t status)
{
    for (; files != NULL; files = files->parent) {
        const struct error_row *row = find_row(files, status);
        if (row != NULL) {
            bool is_reset = row->reply == NULL || row->reply->kind == REPLY_TABLE;
            return is_reset ? NULL : row->reply;
        }
    }
    return NULL;
}

const struct reply *error_files_find(const struct error_files *files, uint16_t status)
{
    const struct reply *reply = error_files_find_own(files, status);
    if (reply == NULL) {
        reply = error_page_find(status);
    }
    return reply == NULL ? error_page_find(STATUS_INTERNAL_ERROR) : reply;
}

/* ---- sections ---- */

struct error_sections *error_sections_create(struct account *account)
{
    struct error_sections *sections = memory_take(account, sizeof(*sections));
    if (sections != NULL) {
        sections->account = account;
        list_init(&sections->sections);
    }
    return sections;
}

static struct error_section *find_section(const struct error_sections *sections, const char *name)
{
    LIST_EACH(link, (struct list *)&sections->sections) {
        struct error_section *section = container_of(link, struct error_section, link);
        if (strcmp(section->name, name) == 0) {
            return section;
        }
    }
    return NULL;
}

static void destroy_section(struct account *account, struct error_section *section)
{
    error_files_destroy(account, section->files);
    memory_release(account, section->name);
    memory_release(account, section);
}

static struct error_section *find_or_add(struct error_sections *sections, const char *name)
{
    struct error_section *section = find_section(sections, name);
    if (section != NULL) {
        return section;
    }
    section = memory_take(sections->account, sizeof(*section));
    if (section == NULL) {
        return NULL;
    }
    list_init(&section->link);
    section->name = memory_copy_string(sections->account, slice_from_string(name));
    section->files = error_files_create(sections->account, NULL);
    if (section->name == NULL || section->files == NULL) {
        destroy_section(sections->account, section);
        return NULL;
    }
    list_append(&sections->sections, &section->link);
    return section;
}

struct error_files *error_sections_add(struct error_sections *sections, const char *name)
{
    struct error_section *section = find_or_add(sections, name);
    if (section == NULL) {
        return NULL;
    }
    section->is_declared = true;
    return section->files;
}

const struct error_files *error_sections_refer(struct error_sections *sections, const char *name)
{
    const struct error_section *section = find_or_add(sections, name);
    return section == NULL ? NULL : section->files;
}

const char *error_sections_undeclared(const struct error_sections *sections)
{
    LIST_EACH(link, (struct list *)&sections->sections) {
        const struct error_section *section = container_of(link, struct error_section, link);
        if (!section->is_declared) {
            return section->name;
        }
    }
    return NULL;
}

void error_sections_destroy(struct account *account, struct error_sections *sections)
{
    if (sections == NULL) {
        return;
    }
    LIST_EACH_SAFE(link, &sections->sections) {
        list_remove(link);
        destroy_section(account, container_of(link, struct error_section, link));
    }
    memory_release(account, sections);
}
