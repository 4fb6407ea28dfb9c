/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on maps and ACLs (management manual 9.3): show, get, add, set, del, clear, prepare,
 * commit. A file is named as in the configuration or by
 * "#<id>"; a dump goes on at the same entry although others change the file in between. A session
 * that goes away in the middle of a dump leaves its walk: cli_session ends the command by `finish`.
 */
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "base/number.h"
#include "rules/pattern.h"

enum { ARG_FIRST = 2, ENTRIES_A_PIECE = 16, ERROR_SIZE = 512, PURGE_A_TIME = 100000 };

/* The words behind "show map" and its kin: an optional "@<version>", then the file. */
struct pattern_target {
    struct pattern_file *file;
    uint32_t version; /* 0: the current one */
    unsigned next;    /* index of the first word behind the file */
    bool has_version;
};

static bool is_map_command(const struct cli_request *request)
{
    return strcmp(cli_word(request, 1), "map") == 0;
}

static bool is_of_kind(const struct pattern_file *file, bool is_map)
{
    struct pattern_file_info info;
    pattern_file_inspect(file, &info);
    return is_map ? info.is_map : info.is_acl;
}

static bool read_version(struct cli_request *request, struct pattern_target *target)
{
    const char *word = cli_word(request, target->next);
    uint64_t version = 0;
    if (word[0] != '@') {
        return true;
    }
    if (number_parse_decimal(slice_from_string(word + 1), &version) != RESULT_OK ||
        version > UINT32_MAX) {
        text_append_string(request->out, "Version number must be an unsigned integer.\n");
        return false;
    }
    target->version = (uint32_t)version;
    target->has_version = true;
    target->next++;
    return true;
}

static bool find_target(struct cli_request *request, struct pattern_target *target)
{
    bool is_map = is_map_command(request);
    *target = (struct pattern_target){.next = ARG_FIRST};
    if (!read_version(request, target)) {
        return false;
    }
    const char *name = cli_word(request, target->next++);
    const struct pattern_files *files = request->worker->configuration->patterns;
    target->file = name[0] != '\0' ? pattern_files_find(files, slice_from_string(name)) : NULL;
    if (target->file == NULL || !is_of_kind(target->file, is_map)) {
        text_append_format(request->out, "Unknown %s identifier. Please use #<id> or <%s>.\n",
                           is_map ? "map" : "ACL", is_map ? "file" : "name");
        return false;
    }
    return true;
}

/* ---- show ---- */

struct show_state {
    struct pattern_walk walk;
    const struct pattern_file *file; /* of the list of files */
    bool has_begun;
    bool is_walking;
};

_Static_assert(sizeof(struct show_state) <= CLI_STATE_BYTES,
               "the state must fit the session's room");

static void list_files(struct cli_request *request)
{
    bool is_map = is_map_command(request);
    const struct pattern_files *files = request->worker->configuration->patterns;
    text_append_string(request->out, "# id (file) description\n");
    for (struct pattern_file *file = pattern_files_next(files, NULL); file != NULL;
         file = pattern_files_next(files, file)) {
        struct pattern_file_info info;
        pattern_file_inspect(file, &info);
        if (is_map ? info.is_map : info.is_acl) {
            text_append_format(request->out, "%u (%s) %s. curr_ver=%u next_ver=%u entry_cnt=%zu\n",
                               info.id, info.name != NULL ? info.name : "", info.description,
                               info.version, info.next_version, info.entries);
        }
    }
}

static bool write_entry(void *argument, const struct pattern_view *view)
{
    struct cli_request *request = argument;
    if (text_room(request->out) < view->key.length + view->value.length + NUMBER_TEXT_SIZE) {
        return false;
    }
    text_append_format(request->out, "0x%llx ", (unsigned long long)view->id);
    text_append(request->out, view->key);
    if (view->value.data != NULL) {
        text_append_char(request->out, ' ');
        text_append(request->out, view->value);
    }
    text_append_char(request->out, '\n');
    return true;
}

static enum result show(struct cli_request *request, void *opaque)
{
    struct show_state *state = opaque;
    if (request->count == ARG_FIRST) {
        list_files(request);
        return RESULT_END;
    }
    if (!state->has_begun) {
        struct pattern_target target;
        state->has_begun = true;
        if (!find_target(request, &target)) {
            return RESULT_END;
        }
        if (pattern_walk_begin(&state->walk, target.file, target.version) != RESULT_OK) {
            text_append_string(request->out, "Version number out of range.\n");
            return RESULT_END;
        }
        state->is_walking = true;
    }
    enum result result = RESULT_OK;
    while (state->is_walking && result == RESULT_OK && cli_row_fits(request)) {
        result = pattern_walk_on(&state->walk, ENTRIES_A_PIECE, write_entry, request);
    }
    if (result == RESULT_END && state->is_walking) {
        pattern_walk_end(&state->walk);
        state->is_walking = false;
    }
    return result == RESULT_END ? RESULT_END : RESULT_OK;
}

static void finish_show(void *opaque)
{
    struct show_state *state = opaque;
    if (state->is_walking) {
        pattern_walk_end(&state->walk);
        state->is_walking = false;
    }
}

/* ---- get ---- */

static void write_answer(void *argument, const struct pattern_answer *answer)
{
    struct text *out = argument;
    text_append_format(out, "type=%s, case=%s, match=%s", pattern_method_name(answer->method),
                       answer->is_nocase ? "insensitive" : "sensitive",
                       answer->is_match ? "yes" : "no");
    if (answer->is_match) {
        text_append_format(out, ", idx=%s, key=\"%.*s\"", answer->index, (int)answer->key.length,
                           answer->key.data);
        if (answer->value.data != NULL) {
            text_append_format(out, ", value=\"%.*s\"", (int)answer->value.length,
                               answer->value.data);
        }
    }
    text_append_char(out, '\n');
}

static enum result get(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct pattern_target target;
    if (!find_target(request, &target)) {
        return RESULT_END;
    }
    if (request->count <= target.next) {
        text_append_string(request->out, "Missing key.\n");
        return RESULT_END;
    }
    struct rule_context context = {.scratch = &request->worker->scratch, .is_final = true};
    struct slice key = slice_from_string(cli_word(request, target.next));
    if (pattern_file_test(target.file, &context, key, write_answer, request->out) != RESULT_OK) {
        text_append_string(request->out, "Out of memory.\n");
    }
    arena_clear(&request->worker->scratch);
    return RESULT_END;
}

/* ---- changes ---- */

static void write_failure(struct cli_request *request, enum result result, const struct text *error)
{
    if (result == RESULT_OK) {
        return;
    }
    if (error->length > 0) {
        text_append_format(request->out, "%s.\n", error->data);
    } else if (result == RESULT_NOT_FOUND) {
        text_append_string(request->out, "entry not found.\n");
    } else {
        text_append_string(request->out, "out of memory.\n");
    }
}

/* One line of a payload: a key and, for maps, its value. */
static enum result add_line(const struct pattern_target *target, struct slice line, bool is_map,
                            struct text *error)
{
    line = slice_trim(line);
    if (line.length == 0) {
        return RESULT_OK;
    }
    struct slice key = line;
    struct slice value = SLICE_NONE;
    if (is_map) {
        size_t space = 0;
        while (space < line.length && line.data[space] != ' ' && line.data[space] != '\t') {
            space++;
        }
        key = slice_first(line, space);
        value = slice_trim(slice_skip(line, space));
        if (value.length == 0) {
            text_append_format(error, "missing value for key '%.*s'", (int)key.length, key.data);
            return RESULT_INVALID;
        }
    }
    return pattern_file_add(target->file, target->version, key, value, error);
}

static enum result add_payload(struct cli_request *request, const struct pattern_target *target,
                               struct text *error)
{
    struct slice rest = request->payload;
    struct slice line;
    enum result result = RESULT_OK;
    while (result == RESULT_OK && slice_next_token(&rest, '\n', &line)) {
        result = add_line(target, line, is_map_command(request), error);
    }
    return result;
}

static enum result add(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct pattern_target target;
    char bytes[ERROR_SIZE];
    struct text error = text_over(bytes, sizeof(bytes));
    if (!find_target(request, &target)) {
        return RESULT_END;
    }
    bool is_map = is_map_command(request);
    unsigned wanted = target.next + (is_map ? 2U : 1U);
    if (request->payload.data != NULL) {
        write_failure(request, add_payload(request, &target, &error), &error);
    } else if (request->count < wanted) {
        text_append_format(request->out, "'add %s' expects %s.\n", is_map ? "map" : "acl",
                           is_map ? "three parameters: map identifier, key and value"
                                  : "two parameters: ACL identifier and pattern");
    } else {
        struct slice key = slice_from_string(cli_word(request, target.next));
        struct slice value =
            is_map ? slice_from_string(cli_word(request, target.next + 1)) : SLICE_NONE;
        write_failure(request, pattern_file_add(target.file, target.version, key, value, &error),
                      &error);
    }
    return RESULT_END;
}

static enum result set(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct pattern_target target;
    char bytes[ERROR_SIZE];
    struct text error = text_over(bytes, sizeof(bytes));
    if (!find_target(request, &target)) {
        return RESULT_END;
    }
    if (request->count < target.next + 2) {
        text_append_string(request->out,
                           "'set map' expects three parameters: map identifier, key and value.\n");
        return RESULT_END;
    }
    struct slice key = slice_from_string(cli_word(request, target.next));
    struct slice value = slice_from_string(cli_word(request, target.next + 1));
    write_failure(request, pattern_file_set(target.file, key, value, &error), &error);
    return RESULT_END;
}

static enum result delete_entry(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct pattern_target target;
    char bytes[1] = "";
    struct text error = text_over(bytes, sizeof(bytes));
    if (!find_target(request, &target)) {
        return RESULT_END;
    }
    if (request->count <= target.next) {
        text_append_string(request->out,
                           "This command expects two parameters: identifier and key.\n");
        return RESULT_END;
    }
    struct slice key = slice_from_string(cli_word(request, target.next));
    write_failure(request, pattern_file_delete(target.file, key), &error);
    return RESULT_END;
}

static enum result clear(struct cli_request *request, void *opaque)
{
    bool *is_cleared = opaque;
    struct pattern_target target;
    if (!find_target(request, &target)) {
        return RESULT_END;
    }
    if (!*is_cleared) {
        *is_cleared = true;
        enum result result = pattern_file_clear(target.file, target.version);
        if (result != RESULT_OK) {
            text_append_string(request->out, result == RESULT_NOT_FOUND
                                                 ? "Version number out of range.\n"
                                                 : "Out of memory.\n");
            return RESULT_END;
        }
    }
    return pattern_file_purge(target.file, PURGE_A_TIME);
}

static enum result prepare(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct pattern_target target;
    uint32_t version = 0;
    if (!find_target(request, &target)) {
        return RESULT_END;
    }
    if (pattern_file_prepare(target.file, &version) == RESULT_OK) {
        text_append_format(request->out, "New version created: %u\n", version);
    } else {
        text_append_string(request->out, "Out of memory.\n");
    }
    return RESULT_END;
}

static enum result commit(struct cli_request *request, void *opaque)
{
    bool *is_committed = opaque;
    struct pattern_target target;
    if (!find_target(request, &target)) {
        return RESULT_END;
    }
    if (!*is_committed) {
        *is_committed = true;
        if (!target.has_version || pattern_file_commit(target.file, target.version) != RESULT_OK) {
            text_append_string(request->out, "Version number out of range.\n");
            return RESULT_END;
        }
    }
    return pattern_file_purge(target.file, PURGE_A_TIME);
}

const struct cli_command COMMANDS_PATTERN[] = {
    {"show map", "[[@<ver>] <map>] : report available maps or dump a map's contents", CLI_USER,
     show, finish_show},
    {"show acl", "[[@<ver>] <acl>] : report available acls or dump an acl's contents", CLI_USER,
     show, finish_show},
    {"get map", "<map> <value> : report the keys and values matching a sample for a map", CLI_USER,
     get, NULL},
    {"get acl", "<acl> <value> : report the patterns matching a sample for an ACL", CLI_USER, get,
     NULL},
    {"add map",
     "[@<ver>] <map> <key> <val> : add a map entry (payload supported instead of key/val)",
     CLI_OPERATOR, add, NULL},
    {"add acl", "[@<ver>] <acl> <pattern> : add an acl entry", CLI_OPERATOR, add, NULL},
    {"set map", "<map> [<key>|#<ref>] <value> : modify a map entry", CLI_OPERATOR, set, NULL},
    {"del map", "<map> [<key>|#<ref>] : delete a map entry", CLI_OPERATOR, delete_entry, NULL},
    {"del acl", "<acl> [<key>|#<ref>] : delete acl entries matching <key>", CLI_OPERATOR,
     delete_entry, NULL},
    {"clear map", "[@<ver>] <map> : clear the contents of this map", CLI_OPERATOR, clear, NULL},
    {"clear acl", "[@<ver>] <acl> : clear the contents of this acl", CLI_OPERATOR, clear, NULL},
    {"prepare map", "<map> : prepare a new version for atomic map replacement", CLI_OPERATOR,
     prepare, NULL},
    {"prepare acl", "<acl> : prepare a new version for atomic ACL replacement", CLI_OPERATOR,
     prepare, NULL},
    {"commit map", "@<ver> <map> : commit the map at this version", CLI_OPERATOR, commit, NULL},
    {"commit acl", "@<ver> <acl> : commit the ACL at this version", CLI_OPERATOR, commit, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
