/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The suffixes of the statistics page: ";csv", ";json", ";json-schema", ";typed", ";up",
 * ";no-maint", ";norefresh",
 * ";st=CODE" and "scope=NAME", in any order behind `stats uri`, as HAProxy reads them. What is not
 * known is passed over, and a scope with other bytes than names have is no scope. No memory.
 */
#include "admin/statistics_query.h"

struct outcome_words {
    const char *word, *sentence;
};

static const struct outcome_words OUTCOME_WORDS[OUTCOMES] = {
    [OUTCOME_NOTHING_ASKED] = {"", ""},
    [OUTCOME_DENIED] = {"DENY", "Action denied."},
    [OUTCOME_DONE] = {"DONE", "Action processed successfully."},
    [OUTCOME_INVALID] = {"ERRP", "Action not processed because of invalid parameters."},
    [OUTCOME_TOO_LARGE] = {"EXCD", "Action not processed: too much data was sent. Try fewer "
                                   "servers at a time."},
    [OUTCOME_NONE] = {"NONE", "Nothing has changed."},
    [OUTCOME_PARTLY] = {"PART", "Action partially processed: some servers are unknown."},
    [OUTCOME_UNKNOWN] = {"UNKN", "Unexpected result."},
};

static bool has(struct slice suffix, const char *word)
{
    return slice_find(suffix, slice_from_string(word)) < suffix.length;
}

static enum statistics_form read_form(struct slice suffix)
{
    if (has(suffix, ";csv")) {
        return STATISTICS_CSV;
    }
    if (has(suffix, ";json-schema")) {
        return STATISTICS_SCHEMA;
    }
    if (has(suffix, ";json")) {
        return STATISTICS_JSON;
    }
    return has(suffix, ";typed") ? STATISTICS_TYPED : STATISTICS_HTML;
}

static enum statistics_outcome read_outcome(struct slice suffix)
{
    struct slice mark = SLICE(";st=");
    size_t at = slice_find(suffix, mark);
    if (at == suffix.length) {
        return OUTCOME_NOTHING_ASKED;
    }
    struct slice word = slice_skip(suffix, at + mark.length);
    for (unsigned outcome = OUTCOME_NOTHING_ASKED + 1; outcome < OUTCOMES; outcome++) {
        if (slice_starts_with(word, slice_from_string(OUTCOME_WORDS[outcome].word))) {
            return (enum statistics_outcome)outcome;
        }
    }
    return OUTCOME_UNKNOWN;
}

static bool is_name_byte(char c)
{
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == ':';
}

/* The value of "scope=", which ends at '&' or ';'. */
static struct slice read_scope(struct slice suffix)
{
    struct slice mark = SLICE("scope=");
    size_t at = slice_find(suffix, mark);
    if (at == suffix.length) {
        return SLICE_NONE;
    }
    struct slice value = slice_skip(suffix, at + mark.length);
    value = slice_first(value, slice_find_char(value, '&'));
    value = slice_first(value, slice_find_char(value, ';'));
    for (size_t i = 0; i < value.length; i++) {
        if (!is_name_byte(value.data[i])) {
            return SLICE_NONE;
        }
    }
    return slice_first(value, STATISTICS_SCOPE_MAX);
}

void statistics_query_read(struct slice suffix, struct statistics_query *query)
{
    *query = (struct statistics_query){
        .form = read_form(suffix),
        .outcome = read_outcome(suffix),
        .only_up = has(suffix, ";up"),
        .no_maintenance = has(suffix, ";no-maint"),
        .no_refresh = has(suffix, ";norefresh"),
        .scope = read_scope(suffix),
    };
}

bool statistics_query_wants(const struct statistics_query *query,
                            const struct statistics_object *object)
{
    struct slice name = slice_from_string(object->proxy->settings->name);
    if (query->scope.length > 0 && slice_find_nocase(name, query->scope) == name.length) {
        return false;
    }
    if (object->kind != STATISTICS_SERVER) {
        return true;
    }
    const struct server *server = &object->endpoint->server;
    bool is_maintained = (server->admin & SERVER_MAINT_ANY) != 0;
    bool is_down = is_maintained || server->health == SERVER_DOWN;
    return !(query->only_up && is_down) && !(query->no_maintenance && is_maintained);
}

void statistics_query_append(struct text *text, const struct statistics_query *query)
{
    text_append_string(text, query->only_up ? ";up" : "");
    text_append_string(text, query->no_maintenance ? ";no-maint" : "");
    text_append_string(text, query->no_refresh ? ";norefresh" : "");
    if (query->scope.length > 0) {
        text_append_string(text, "?scope=");
        text_append(text, query->scope);
    }
}

const char *statistics_outcome_word(enum statistics_outcome outcome)
{
    return OUTCOME_WORDS[outcome].word;
}

const char *statistics_outcome_sentence(enum statistics_outcome outcome)
{
    return OUTCOME_WORDS[outcome].sentence;
}
