/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables: a list of values a scope, found by the 64-bit hash of their names. A set is small, so
 * a list serves; hashes of different names never meet, as names are interned while the
 * configuration is read. Values read are copied into the scratch arena: the same rule may replace
 * the variable before it uses the value, and scope proc belongs to all threads (a spin lock held
 * for a copy).
 *
 * Memory: one block a variable on its set's account; variable_limits caps the sums of the scopes,
 * where what a request, a response and a transaction hold counts in the session too.
 */
#include "rules/variable.h"

#include <sched.h>
#include <string.h>

#include "base/hash_table.h"
#include "memory/arena.h"
#include "rules/parser.h"

enum { VARIABLE_NAME_BYTES_MAX = 255, VARIABLE_HASH_SEED = 0x7661 };

struct variable {
    struct variable *next;
    const struct variable_name *name;
    struct sample value;  /* texts point into `bytes` */
    size_t bytes_counted; /* in the set's sum */
    char bytes[];
};

struct variable_names {
    struct account *account;
    struct variable_name *first;
    struct variable_limits limits;
    _Atomic size_t global_bytes; /* of the process's set and, when that is limited, all others */
};

/* ---- names ---- */

struct scope_name {
    const char *prefix;
    enum variable_scope scope;
};

static const struct scope_name scope_names[] = {
    {"proc.", VARIABLE_PROCESS}, {"sess.", VARIABLE_SESSION}, {"txn.", VARIABLE_TRANSACTION},
    {"req.", VARIABLE_REQUEST},  {"res.", VARIABLE_RESPONSE}, {"check.", VARIABLE_CHECK},
};

struct variable_names *variable_names_create(struct account *account)
{
    struct variable_names *names = memory_take(account, sizeof(*names));
    if (names != NULL) {
        names->account = account;
    }
    return names;
}

void variable_names_destroy(struct variable_names *names)
{
    if (names == NULL) {
        return;
    }
    struct account *account = names->account;
    while (names->first != NULL) {
        struct variable_name *name = names->first;
        names->first = name->next;
        memory_release(account, (void *)(uintptr_t)name->text);
        memory_release(account, name);
    }
    memory_release(account, names);
}

struct variable_limits *variable_names_limits(struct variable_names *names)
{
    return &names->limits;
}

const struct variable_name *variable_name_find(const struct variable_names *names,
                                               struct slice text)
{
    const struct variable_name *name = names->first;
    while (name != NULL && !slice_equal(slice_from_string(name->text), text)) {
        name = name->next;
    }
    return name;
}

/* Whether `c` may be in a name behind its scope. */
static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

/* The row of the scope that `text` begins with, NULL for none or nothing behind it. */
static const struct scope_name *find_scope(struct slice text)
{
    for (size_t i = 0; i < sizeof(scope_names) / sizeof(scope_names[0]); i++) {
        struct slice prefix = slice_from_string(scope_names[i].prefix);
        if (slice_starts_with(text, prefix) && text.length > prefix.length) {
            return &scope_names[i];
        }
    }
    return NULL;
}

static enum result check_name(struct rule_parser *parser, struct slice text,
                              const struct scope_name **scope)
{
    *scope = find_scope(text);
    if (*scope == NULL) {
        return parser_fail(parser,
                           "invalid variable name '%.*s'. A variable name must be start by its "
                           "scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'",
                           (int)text.length, text.data);
    }
    if (text.length > VARIABLE_NAME_BYTES_MAX) {
        return parser_fail(parser, "variable name '%.*s' is longer than %d bytes", (int)text.length,
                           text.data, VARIABLE_NAME_BYTES_MAX);
    }
    for (size_t i = strlen((*scope)->prefix); i < text.length; i++) {
        if (!is_name_char(text.data[i])) {
            return parser_fail(parser, "invalid syntax at char '%.*s'", (int)(text.length - i),
                               text.data + i);
        }
    }
    return RESULT_OK;
}

/* A hash that no other name has. */
static uint64_t unique_hash(const struct variable_names *names, struct slice text)
{
    uint64_t hash = hash_bytes(text, VARIABLE_HASH_SEED);
    const struct variable_name *name = names->first;
    while (name != NULL) {
        bool is_taken = name->hash == hash;
        hash += is_taken ? 1 : 0;
        name = is_taken ? names->first : name->next;
    }
    return hash;
}

enum result variable_name_parse(struct rule_parser *parser, struct slice text,
                                const struct variable_name **out)
{
    struct variable_names *names = parser->variables;
    const struct scope_name *scope;
    if (names == NULL) {
        return parser_fail(parser, "a variable cannot be named here");
    }
    enum result result = check_name(parser, text, &scope);
    if (result != RESULT_OK) {
        return result;
    }
    *out = variable_name_find(names, text);
    if (*out != NULL) {
        return RESULT_OK;
    }
    struct variable_name *name = memory_take(names->account, sizeof(*name));
    char *copy = memory_copy_string(names->account, text);
    if (name == NULL || copy == NULL) {
        memory_release(names->account, name);
        memory_release(names->account, copy);
        return parser_fail_memory(parser);
    }
    *name = (struct variable_name){.next = names->first,
                                   .names = names,
                                   .hash = unique_hash(names, text),
                                   .scope = scope->scope,
                                   .text = copy};
    names->first = name;
    *out = name;
    return RESULT_OK;
}

struct condition_name {
    const char *name;
    enum variable_condition condition;
};

static const struct condition_name condition_names[] = {
    {"ifexists", VARIABLE_IF_EXISTS}, {"ifnotexists", VARIABLE_IF_NOT_EXISTS},
    {"ifempty", VARIABLE_IF_EMPTY},   {"ifnotempty", VARIABLE_IF_NOT_EMPTY},
    {"ifset", VARIABLE_IF_SET},       {"ifnotset", VARIABLE_IF_NOT_SET},
    {"ifgt", VARIABLE_IF_GREATER},    {"iflt", VARIABLE_IF_LESS},
};

/* Adds the condition called `word` to `*conditions`; false when there is none such. */
static bool find_condition(struct slice word, unsigned *conditions)
{
    for (size_t i = 0; i < sizeof(condition_names) / sizeof(condition_names[0]); i++) {
        if (slice_equal(word, slice_from_string(condition_names[i].name))) {
            *conditions |= condition_names[i].condition;
            return true;
        }
    }
    return false;
}

enum result variable_target_parse(struct rule_parser *parser, struct slice text,
                                  const struct variable_name **out, unsigned *conditions)
{
    struct slice rest = text;
    struct slice word = SLICE_NONE;
    *conditions = 0;
    (void)slice_next_token(&rest, ',', &word);
    enum result result = variable_name_parse(parser, slice_trim(word), out);
    while (result == RESULT_OK && slice_next_token(&rest, ',', &word)) {
        word = slice_trim(word);
        if (!find_condition(word, conditions)) {
            result = parser_fail(parser, "unknown condition \"%.*s\"", (int)word.length, word.data);
        }
    }
    return result;
}

/* ---- sets ---- */

void variable_set_init(struct variable_set *set, enum variable_scope scope, struct account *account)
{
    set->account = account;
    set->first = NULL;
    set->bytes = 0;
    set->scope = scope;
    atomic_init(&set->lock, 0);
}

static void lock_set(struct variable_set *set)
{
    unsigned free_state = 0;
    if (set->scope != VARIABLE_PROCESS) {
        return;
    }
    while (!atomic_compare_exchange_weak_explicit(&set->lock, &free_state, 1, memory_order_acquire,
                                                  memory_order_relaxed)) {
        free_state = 0;
        (void)sched_yield();
    }
}

static void unlock_set(struct variable_set *set)
{
    if (set->scope == VARIABLE_PROCESS) {
        atomic_store_explicit(&set->lock, 0, memory_order_release);
    }
}

/*
 * Whether a variable counts in the sum of all. Those of the process always do: the global section
 * may set some in front of the limit. Others exist only when the limit is known.
 */
static bool counts_globally(const struct variable_name *name)
{
    return name->scope == VARIABLE_PROCESS || name->names->limits.global_bytes_max != 0;
}

/* Takes a variable's bytes off the sums. */
static void forget_bytes(struct variable_set *set, const struct variable *variable)
{
    set->bytes -= variable->bytes_counted;
    if (counts_globally(variable->name)) {
        atomic_fetch_sub_explicit(&variable->name->names->global_bytes, variable->bytes_counted,
                                  memory_order_relaxed);
    }
}

void variable_set_clear(struct variable_set *set)
{
    while (set->first != NULL) {
        struct variable *variable = set->first;
        set->first = variable->next;
        forget_bytes(set, variable);
        memory_release(set->account, variable);
    }
}

/* Where the pointer to the variable is, or would be. */
static struct variable **find_slot(struct variable_set *set, uint64_t hash)
{
    struct variable **slot = &set->first;
    while (*slot != NULL && (*slot)->name->hash != hash) {
        slot = &(*slot)->next;
    }
    return slot;
}

/* The bytes that a value refers to. */
static struct slice value_bytes(const struct sample *value)
{
    switch (value->type) {
    case SAMPLE_STRING:
    case SAMPLE_BINARY:
        return value->text;
    case SAMPLE_METHOD:
        return value->method.id == HTTP_METHOD_OTHER ? value->method.name : SLICE("");
    case SAMPLE_ANY:
    case SAMPLE_BOOL:
    case SAMPLE_INTEGER:
    case SAMPLE_ADDRESS:
    case SAMPLE_IPV4:
    case SAMPLE_IPV6:
    case SAMPLE_TYPES:
        break;
    }
    return SLICE("");
}

/* Makes a copied value refer to `bytes`. */
static void point_value(struct sample *value, struct slice bytes)
{
    if (value->type == SAMPLE_STRING || value->type == SAMPLE_BINARY) {
        value->text = bytes;
    } else if (value->type == SAMPLE_METHOD) {
        bool is_known = value->method.id != HTTP_METHOD_OTHER;
        value->method.name = is_known ? http_method_name(value->method.id) : bytes;
    }
}

/* ---- reading ---- */

/* Copies a value into the scratch arena. */
static enum result copy_value(const struct sample *value, struct rule_context *context,
                              struct sample *out)
{
    struct slice bytes = value_bytes(value);
    *out = *value;
    out->flags = 0;
    if (bytes.length == 0) {
        point_value(out, SLICE(""));
        return RESULT_OK;
    }
    bytes = arena_copy(context->scratch, bytes);
    if (bytes.data == NULL) {
        return RESULT_NO_MEMORY;
    }
    point_value(out, bytes);
    return RESULT_OK;
}

enum result variable_read(const struct variable_name *name, struct rule_context *context,
                          struct sample *out)
{
    struct variable_set *set = context->variables[name->scope];
    if (set == NULL) {
        return RESULT_NOT_FOUND;
    }
    lock_set(set);
    const struct variable *variable = *find_slot(set, name->hash);
    enum result result = RESULT_NOT_FOUND;
    if (variable != NULL) {
        result = copy_value(&variable->value, context, out);
    }
    unlock_set(set);
    return result;
}

/* ---- storing ---- */

/* Compares integers for ifgt and iflt; other types always pass. */
static bool passes_order(unsigned conditions, const struct variable *old,
                         const struct sample *value)
{
    if (old == NULL || old->value.type != SAMPLE_INTEGER || value->type != SAMPLE_INTEGER) {
        return true;
    }
    if ((conditions & VARIABLE_IF_GREATER) != 0 && old->value.integer <= value->integer) {
        return false;
    }
    return (conditions & VARIABLE_IF_LESS) == 0 || old->value.integer < value->integer;
}

static bool is_empty_value(const struct sample *value)
{
    return (value->type == SAMPLE_STRING || value->type == SAMPLE_BINARY) &&
           value->text.length == 0;
}

/* Whether all conditions hold. A variable of scope proc exists from the start. */
static bool passes(unsigned conditions, enum variable_scope scope, const struct variable *old,
                   const struct sample *value)
{
    bool exists = old != NULL || scope == VARIABLE_PROCESS;
    bool is_set = old != NULL;
    bool is_empty = is_empty_value(value);
    unsigned failed = 0;
    failed |= exists ? VARIABLE_IF_NOT_EXISTS : VARIABLE_IF_EXISTS;
    failed |= is_set ? VARIABLE_IF_NOT_SET : VARIABLE_IF_SET;
    failed |= is_empty ? VARIABLE_IF_NOT_EMPTY : VARIABLE_IF_EMPTY;
    return (conditions & failed) == 0 && passes_order(conditions, old, value);
}

static size_t bytes_of(const struct rule_context *context, enum variable_scope scope)
{
    return context->variables[scope] == NULL ? 0 : context->variables[scope]->bytes;
}

/* Whether `sum` may grow by `more`; 0 is no limit. */
static bool fits(size_t sum, size_t more, size_t bytes_max)
{
    return bytes_max == 0 || (sum <= bytes_max && more <= bytes_max - sum);
}

/* Whether a set may grow by `more` bytes: by its own limit and those of the scopes around it. */
static bool limits_allow(const struct variable_name *name, struct rule_context *context,
                         size_t more)
{
    struct variable_names *names = name->names;
    const struct variable_limits *limits = &names->limits;
    size_t exchange = bytes_of(context, VARIABLE_REQUEST) + bytes_of(context, VARIABLE_RESPONSE);
    size_t transaction = exchange + bytes_of(context, VARIABLE_TRANSACTION);
    size_t session = transaction + bytes_of(context, VARIABLE_SESSION);
    bool is_allowed = fits(atomic_load_explicit(&names->global_bytes, memory_order_relaxed), more,
                           limits->global_bytes_max);
    switch (name->scope) {
    case VARIABLE_PROCESS:
        return is_allowed &&
               fits(bytes_of(context, VARIABLE_PROCESS), more, limits->process_bytes_max);
    case VARIABLE_CHECK:
        return is_allowed && fits(bytes_of(context, VARIABLE_CHECK), more, limits->check_bytes_max);
    case VARIABLE_REQUEST:
    case VARIABLE_RESPONSE:
        is_allowed =
            is_allowed && fits(bytes_of(context, name->scope), more, limits->exchange_bytes_max);
        break;
    case VARIABLE_SESSION:
        return is_allowed && fits(session, more, limits->session_bytes_max);
    case VARIABLE_TRANSACTION:
    case VARIABLE_SCOPES:
        break;
    }
    return is_allowed && fits(transaction, more, limits->transaction_bytes_max) &&
           fits(session, more, limits->session_bytes_max);
}

/* Puts `fresh` (or a value in place) where the slot is; returns what is to be released. */
static struct variable *place_value(struct variable_set *set, struct variable **slot,
                                    struct variable *fresh)
{
    struct variable *old = *slot;
    fresh->next = old == NULL ? NULL : old->next;
    if (old != NULL) {
        forget_bytes(set, old);
    }
    set->bytes += fresh->bytes_counted;
    if (counts_globally(fresh->name)) {
        atomic_fetch_add_explicit(&fresh->name->names->global_bytes, fresh->bytes_counted,
                                  memory_order_relaxed);
    }
    *slot = fresh;
    return old;
}

/* A variable of the set's account with a copy of `value`; NULL when refused. */
static struct variable *take_variable(struct variable_set *set, const struct variable_name *name,
                                      const struct sample *value)
{
    struct slice bytes = value_bytes(value);
    struct variable *variable = memory_take(set->account, sizeof(*variable) + bytes.length + 1);
    if (variable == NULL) {
        return NULL;
    }
    variable->name = name;
    variable->value = *value;
    variable->value.flags = 0;
    variable->bytes_counted = sizeof(*variable) + bytes.length;
    if (bytes.length > 0) {
        memcpy(variable->bytes, bytes.data, bytes.length);
    }
    point_value(&variable->value, slice_of(variable->bytes, bytes.length));
    return variable;
}

enum result variable_store(const struct variable_name *name, unsigned conditions,
                           struct rule_context *context, const struct sample *value)
{
    struct variable_set *set = context->variables[name->scope];
    if (set == NULL || value->type == SAMPLE_ANY) {
        return RESULT_NOT_FOUND;
    }
    /* The block is taken before the lock: taking may wait for the shared ledger's. */
    struct variable *fresh = take_variable(set, name, value);
    if (fresh == NULL) {
        return RESULT_NO_MEMORY;
    }
    enum result result = RESULT_OK;
    lock_set(set);
    struct variable **slot = find_slot(set, name->hash);
    size_t before = *slot == NULL ? 0 : (*slot)->bytes_counted;
    if (!passes(conditions, name->scope, *slot, value)) {
        result = RESULT_NOT_FOUND;
    } else if (fresh->bytes_counted > before &&
               !limits_allow(name, context, fresh->bytes_counted - before)) {
        result = RESULT_FULL;
    } else {
        fresh = place_value(set, slot, fresh);
    }
    unlock_set(set);
    memory_release(set->account, fresh);
    return result;
}

void variable_remove(const struct variable_name *name, struct rule_context *context)
{
    struct variable_set *set = context->variables[name->scope];
    if (set == NULL) {
        return;
    }
    lock_set(set);
    struct variable **slot = find_slot(set, name->hash);
    struct variable *variable = *slot;
    if (variable != NULL) {
        *slot = variable->next;
        forget_bytes(set, variable);
    }
    unlock_set(set);
    memory_release(set->account, variable);
}
