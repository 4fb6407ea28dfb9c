/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set-map(file) <key> <value>, del-map(file) <key>, add-acl(file) <key>, del-acl(file) <key>: what
 * the runtime API's commands do, from rules. The file is looked up when the rule runs, since it may
 * be loaded by a line further on; a file that nothing uses, and entries that cannot be stored, are
 * ignored as in HAProxy. Memory: entries are charged to the pattern files' account.
 */
#include "rules/actions.h"

#include "memory/memory.h"
#include "rules/arguments.h"
#include "rules/log_format.h"
#include "rules/parser.h"
#include "rules/pattern.h"

/* What is done, as the variant of a row. */
enum map_change { MAP_SET, MAP_DELETE, ACL_ADD };

/* Room for why an entry was refused. */
enum { MAP_ERROR_BYTES = 128 };

struct map_arguments {
    enum map_change change;
    const struct pattern_files *files;
    char *name;
    struct log_format *key;
    struct log_format *value; /* set-map only */
};

static void destroy_map(struct account *account, void *data)
{
    struct map_arguments *arguments = data;
    memory_release(account, arguments->name);
    log_format_destroy(account, arguments->key);
    log_format_destroy(account, arguments->value);
}

static enum result parse_map(struct rule_parser *parser, struct rule *rule, enum rule_phase phase,
                             const char *const *words, unsigned words_count, unsigned *words_used)
{
    (void)phase;
    enum map_change change = rule->ops->variant;
    unsigned count = change == MAP_SET ? 2 : 1;
    struct slice name;
    if (!keyword_argument(words[-1], &name) || name.length == 0) {
        return parser_fail(parser, "expects a file name between parentheses, as in '%s'",
                           rule->ops->usage);
    }
    if (!arguments_are(words, words_count, count)) {
        return parser_fail(parser, "expects exactly %u argument%s", count, count > 1 ? "s" : "");
    }
    struct map_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->change = change;
    arguments->files = parser->patterns;
    arguments->name = rule_copy(parser, name);
    if (arguments->name == NULL) {
        return RESULT_NO_MEMORY;
    }
    *words_used = count;
    enum result result =
        log_format_parse_for(parser, words[0], LOG_FORMAT_FOR_HTTP, &arguments->key);
    if (result == RESULT_OK && change == MAP_SET) {
        result = log_format_parse_for(parser, words[1], LOG_FORMAT_FOR_HTTP, &arguments->value);
    }
    return result;
}

/* Sets or adds an entry. */
static enum result put_entry(const struct map_arguments *arguments, struct rule_context *context,
                             struct pattern_file *file, struct slice key)
{
    char storage[MAP_ERROR_BYTES];
    struct text error = text_over(storage, sizeof(storage));
    struct slice value = SLICE_NONE;
    if (arguments->value != NULL &&
        log_format_evaluate(arguments->value, context, &value) != RESULT_OK) {
        return RESULT_NO_MEMORY;
    }
    if (!pattern_file_has(file, key)) {
        return pattern_file_add(file, 0, key, value, &error);
    }
    return arguments->change == MAP_SET ? pattern_file_set(file, key, value, &error) : RESULT_OK;
}

static void run_map(const struct rule *rule, struct rule_context *context, struct verdict *verdict)
{
    (void)verdict;
    const struct map_arguments *arguments = rule->arguments;
    struct slice key;
    if (arguments->files == NULL ||
        log_format_evaluate(arguments->key, context, &key) != RESULT_OK) {
        return;
    }
    struct pattern_file *file =
        pattern_files_find(arguments->files, slice_from_string(arguments->name));
    if (file == NULL) {
        return;
    }
    enum result result = arguments->change == MAP_DELETE ? pattern_file_delete(file, key)
                                                         : put_entry(arguments, context, file, key);
    /* An entry that is not there, or was refused, is not an error of the rule. */
    (void)result;
}

const struct action_ops ACTIONS_MAP[] = {
    {"add-acl(", PHASES_HTTP_BOTH, "add-acl(<file-name>) <key fmt>", parse_map, run_map,
     destroy_map, ACL_ADD},
    {"del-acl(", PHASES_HTTP_BOTH, "del-acl(<file-name>) <key fmt>", parse_map, run_map,
     destroy_map, MAP_DELETE},
    {"del-map(", PHASES_HTTP, "del-map(<map-name>) <key fmt>", parse_map, run_map, destroy_map,
     MAP_DELETE},
    {"set-map(", PHASES_HTTP, "set-map(<map-name>) <key fmt> <value fmt>", parse_map, run_map,
     destroy_map, MAP_SET},
    {0},
};
