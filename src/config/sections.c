/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections: global, defaults, frontend, backend, listen, userlist, http-errors, ring; others of
 * HAProxy's manual are refused by name, and their lines passed over. A section that cannot begin is
 * passed over as well, so that one mistake gives one message. Everything lives in the
 * configuration's account.
 */
#include <stddef.h>
#include <string.h>

#include "config/catalog.h"
#include "config/keyword.h"

struct section {
    const char *name;
    enum config_section section;
    unsigned role; /* enum proxy_role, 0: no proxy */
    enum result (*begin)(struct config_reader *reader, const struct section *section);
};

/* ---- proxies ---- */

/* What a section line says: frontend <name> [from <defaults>]. */
struct proxy_line {
    const char *name; /* NULL: none (defaults) */
    const char *from; /* NULL: the last defaults section */
};

static const char NAME_BYTES[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:";

static enum result check_name(struct config_reader *reader, const char *name)
{
    char bad = name[strspn(name, NAME_BYTES)];
    return bad == '\0' ? RESULT_OK
                       : config_fail(reader, "character '%c' is not permitted in '%s' name '%s'.",
                                     bad, reader->section_name, name);
}

static enum result read_proxy_line(struct config_reader *reader, const struct section *section,
                                   struct proxy_line *line)
{
    const char *const *words = reader->words->words + 1;
    unsigned count = reader->words->count - 1;
    bool is_defaults = (section->role & PROXY_DEFAULTS) != 0;
    bool has_name = count > 0 && !(is_defaults && strcmp(words[0], "from") == 0);
    *line = (struct proxy_line){0};
    if (has_name) {
        line->name = words[0];
        words++;
        count--;
    } else if (!is_defaults) {
        return config_fail(reader, "'%s' expects an <id> argument", section->name);
    }
    if (count == 0) {
        return RESULT_OK;
    }
    if (strcmp(words[0], "from") != 0 || count == 1) {
        return config_fail(reader,
                           "'%s' cannot handle unexpected argument '%s': [<name>] [ from "
                           "<defaults> ] is expected; use the 'bind' keyword for "
                           "listening addresses.",
                           section->name, words[0]);
    }
    line->from = words[1];
    return count == 2 ? RESULT_OK
                      : config_fail(reader, "'%s' cannot handle unexpected argument '%s'.",
                                    section->name, words[2]);
}

/* ---- the defaults that a proxy follows ---- */

static enum result check_defaults_name(struct config_reader *reader, const char *name)
{
    char bad = name[strspn(name, NAME_BYTES)];
    return bad == '\0' ? RESULT_OK
                       : config_fail(reader,
                                     "character '%c' is not permitted in defaults section name "
                                     "'%s' when designated by its name.",
                                     bad, name);
}

static enum result find_defaults(struct config_reader *reader, const struct proxy_line *line,
                                 struct proxy_settings **out)
{
    *out = NULL;
    LIST_EACH(link, &reader->configuration->defaults) {
        struct proxy_settings *defaults = container_of(link, struct proxy_settings, link);
        if (defaults->name == NULL || strcmp(defaults->name, line->from) != 0) {
            continue;
        }
        if (*out != NULL) {
            return config_fail(reader,
                               "ambiguous defaults section name '%s' referenced by %s '%s' exists "
                               "at least at %s:%u and %s:%u.",
                               line->from, reader->section_name,
                               line->name != NULL ? line->name : "", (*out)->file, (*out)->line,
                               defaults->file, defaults->line);
        }
        *out = defaults;
    }
    if (*out == NULL) {
        return config_fail(reader, "defaults section '%s' not found for %s '%s'.", line->from,
                           reader->section_name, line->name != NULL ? line->name : "");
    }
    return check_defaults_name(reader, line->from);
}

static bool has_rules(const struct proxy_settings *proxy)
{
    const struct rule_list *const lists[] = {&proxy->tcp_connection,     &proxy->tcp_session,
                                             &proxy->tcp_request,        &proxy->tcp_response,
                                             &proxy->http_request,       &proxy->http_response,
                                             &proxy->http_after_response};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (!list_is_empty(&lists[i]->rules)) {
            return true;
        }
    }
    return false;
}

/* Rules of a defaults section are run for the proxies that follow it: for one kind of them only. */
static enum result check_rules(struct config_reader *reader, const struct proxy_settings *defaults,
                               unsigned role)
{
    unsigned roles = defaults->followers | role;
    if (!has_rules(defaults)) {
        return RESULT_OK;
    }
    if ((role & PROXY_DEFAULTS) != 0) {
        return config_fail(reader,
                           "a defaults section cannot inherit from a defaults section defining "
                           "TCP/HTTP rules (defaults section at %s:%u).",
                           defaults->file, defaults->line);
    }
    if (role == (PROXY_FRONTEND | PROXY_BACKEND)) {
        return config_fail(reader, "a listen section cannot inherit from a defaults section "
                                   "defining TCP/HTTP rules.");
    }
    return roles != (PROXY_FRONTEND | PROXY_BACKEND)
               ? RESULT_OK
               : config_fail(reader,
                             "frontends and backends cannot inherit from the same defaults "
                             "section if it defines TCP/HTTP rules (defaults section at %s:%u).",
                             defaults->file, defaults->line);
}

/* `from <name>`, else the last section read; a defaults section follows none by itself. */
static enum result choose_defaults(struct config_reader *reader, const struct proxy_line *line,
                                   unsigned role, struct proxy_settings **out)
{
    *out = (role & PROXY_DEFAULTS) != 0 ? NULL : reader->defaults;
    enum result result = line->from != NULL ? find_defaults(reader, line, out) : RESULT_OK;
    struct proxy_settings *defaults = *out;
    if (result != RESULT_OK || defaults == NULL) {
        return result;
    }
    if (line->from == NULL && defaults->is_followed_by_name) {
        config_warn(reader,
                    "defaults section '%s' (declared at %s:%u) is explicitly referenced by another "
                    "proxy and implicitly used here. To avoid any ambiguity don't mix both usage. "
                    "Add a last defaults section not explicitly used or always use explicit "
                    "references.",
                    defaults->name, defaults->file, defaults->line);
    }
    result = check_rules(reader, defaults, role);
    defaults->followers |= role;
    defaults->is_followed_by_name = defaults->is_followed_by_name || line->from != NULL;
    return result;
}

/* ---- beginning a proxy ---- */

static const struct proxy_settings *find_twin(const struct configuration *configuration,
                                              const struct proxy_settings *proxy)
{
    LIST_EACH(link, &configuration->proxies) {
        const struct proxy_settings *other = container_of(link, struct proxy_settings, link);
        if (strcmp(other->name, proxy->name) == 0 && (other->role & proxy->role) != 0) {
            return other;
        }
    }
    return NULL;
}

static enum result add_proxy(struct config_reader *reader, struct proxy_settings *proxy,
                             const struct proxy_settings *defaults)
{
    struct configuration *configuration = reader->configuration;
    bool is_defaults = (proxy->role & PROXY_DEFAULTS) != 0;
    enum result result = config_init_proxy(reader, proxy, defaults);
    if (result != RESULT_OK) {
        return result;
    }
    list_append(is_defaults ? &configuration->defaults : &configuration->proxies, &proxy->link);
    reader->defaults = is_defaults ? proxy : reader->defaults;
    reader->proxy = proxy;
    reader->default_server = proxy->default_server;
    return RESULT_OK;
}

static enum result begin_proxy(struct config_reader *reader, const struct section *section)
{
    struct proxy_line line;
    enum result result = read_proxy_line(reader, section, &line);
    bool is_defaults = (section->role & PROXY_DEFAULTS) != 0;
    if (result == RESULT_OK && line.name != NULL && !is_defaults) {
        result = check_name(reader, line.name);
    }
    struct proxy_settings *defaults = NULL;
    if (result == RESULT_OK) {
        result = choose_defaults(reader, &line, section->role, &defaults);
    }
    struct proxy_settings *proxy = result == RESULT_OK ? config_take(reader, sizeof(*proxy)) : NULL;
    if (proxy == NULL) {
        return RESULT_INVALID;
    }
    proxy->name = line.name != NULL ? config_copy(reader, line.name) : NULL;
    if (proxy->name == NULL && line.name != NULL) {
        return RESULT_NO_MEMORY;
    }
    proxy->file = reader->file;
    proxy->line = reader->line;
    proxy->role = section->role;
    reader->section_label = proxy->name != NULL ? proxy->name : section->name;
    const struct proxy_settings *twin =
        is_defaults ? NULL : find_twin(reader->configuration, proxy);
    if (twin != NULL) {
        return config_fail(reader, "%s '%s' has the same name as %s '%s' declared at %s:%u.",
                           config_role_name(proxy), proxy->name, config_role_name(twin), twin->name,
                           twin->file, twin->line);
    }
    return add_proxy(reader, proxy, defaults);
}

/* ---- other sections ---- */

static enum result begin_global(struct config_reader *reader, const struct section *section)
{
    return reader->words->count == 1
               ? RESULT_OK
               : config_fail(reader, "'%s' cannot handle unexpected argument '%s'.", section->name,
                             reader->words->words[1]);
}

/* The name of a section that has nothing but a name; NULL when the line is failed. */
static const char *read_name(struct config_reader *reader, const struct section *section)
{
    const struct config_words *words = reader->words;
    if (words->count < 2) {
        (void)config_fail(reader, "missing name for %s section.", section->name);
        return NULL;
    }
    if (words->count > 2) {
        (void)config_fail(reader, "'%s' cannot handle unexpected argument '%s'.", section->name,
                          words->words[2]);
        return NULL;
    }
    const char *name = config_copy(reader, words->words[1]);
    reader->section_label = name != NULL ? name : section->name;
    return name == NULL || check_name(reader, name) == RESULT_OK ? name : NULL;
}

static enum result begin_userlist(struct config_reader *reader, const struct section *section)
{
    const char *name = read_name(reader, section);
    if (name == NULL) {
        return RESULT_INVALID;
    }
    struct userlists *userlists = reader->configuration->userlists;
    reader->userlist = userlists_find(userlists, slice_from_string(name));
    if (reader->userlist != NULL) {
        config_warn(reader, "ignoring duplicated userlist '%s'.", name);
        return RESULT_OK;
    }
    return userlists_add(userlists, slice_from_string(name), &reader->userlist, &reader->error);
}

static enum result begin_http_errors(struct config_reader *reader, const struct section *section)
{
    const char *name = read_name(reader, section);
    reader->error_files =
        name == NULL ? NULL : error_sections_add(reader->configuration->error_sections, name);
    return reader->error_files != NULL ? RESULT_OK : RESULT_INVALID;
}

static enum result begin_ring(struct config_reader *reader, const struct section *section)
{
    (void)section;
    return config_begin_ring(reader);
}

/* ---- beginning and ending ---- */

static const struct section SECTIONS[] = {
    {"global", SECTION_GLOBAL, 0, begin_global},
    {"defaults", SECTION_DEFAULTS, PROXY_DEFAULTS, begin_proxy},
    {"frontend", SECTION_FRONTEND, PROXY_FRONTEND, begin_proxy},
    {"backend", SECTION_BACKEND, PROXY_BACKEND, begin_proxy},
    {"listen", SECTION_LISTEN, PROXY_FRONTEND | PROXY_BACKEND, begin_proxy},
    {"userlist", SECTION_USERLIST, 0, begin_userlist},
    {"http-errors", SECTION_HTTP_ERRORS, 0, begin_http_errors},
    {"ring", SECTION_RING, 0, begin_ring},
};

/* Ends the last section; what it lacks is reported, and the new one begins all the same. */
static void end_last(struct config_reader *reader)
{
    if (config_end_section(reader) != RESULT_OK) {
        config_report_error(reader);
    }
}

enum result config_begin_section(struct config_reader *reader)
{
    const char *word = reader->words->words[0];
    for (size_t i = 0; i < sizeof(SECTIONS) / sizeof(SECTIONS[0]); i++) {
        const struct section *section = &SECTIONS[i];
        if (strcmp(word, section->name) != 0) {
            continue;
        }
        end_last(reader);
        reader->section = section->section;
        reader->section_name = section->name;
        reader->section_label = section->name;
        enum result result = section->begin(reader, section);
        reader->section = result == RESULT_OK ? section->section : SECTION_REFUSED;
        return result == RESULT_NOT_FOUND ? RESULT_INVALID : result;
    }
    if (!catalog_has_word(CATALOG_SECTIONS, word)) {
        return RESULT_NOT_FOUND;
    }
    end_last(reader);
    reader->section = SECTION_REFUSED;
    return config_fail(reader, "section '%s' is not supported by weir yet", word);
}

enum result config_end_section(struct config_reader *reader)
{
    enum result result = RESULT_OK;
    if (reader->section == SECTION_USERLIST && reader->userlist != NULL) {
        result = userlist_finish(reader->userlist, &reader->error);
    }
    if (reader->section == SECTION_RING) {
        config_end_ring(reader);
    }
    reader->section = SECTION_NONE;
    reader->section_name = "";
    reader->section_label = "";
    reader->proxy = NULL;
    reader->userlist = NULL;
    reader->ring = NULL;
    reader->error_files = NULL;
    reader->default_server = NULL;
    return result;
}
