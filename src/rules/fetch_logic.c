/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches that combine other things: variables, ACLs by name, users of lists and what a request
 * says about its user (RFC 7617, RFC 6750). Memory: texts in the scratch arena; acl() keeps a
 * compiled condition as its argument.
 */
#include "http/auth.h"
#include "rules/acl.h"
#include "rules/auth.h"
#include "rules/fetch.h"
#include "rules/parser.h"
#include "rules/variable.h"

static enum result fetch_variable(const struct sample_call *call, struct rule_context *context,
                                  struct sample *out)
{
    enum result result = variable_read(call->arguments->items[0].variable, context, out);
    if (result != RESULT_NOT_FOUND || !sample_argument_is_given(call->arguments, 1)) {
        return result;
    }
    return sample_give_text(out, sample_argument_text(call->arguments, 1));
}

/* The credentials of the request's Authorization in `bytes`; false when they are not those of a
 * user of the list. */
static bool find_user(const struct userlist *list, const struct rule_context *context,
                      char bytes[HTTP_AUTH_BYTES_MAX], struct http_credentials *credentials)
{
    struct slice value = http_fields_value(&context->request->fields, HTTP_NAME_AUTHORIZATION);
    return list != NULL &&
           http_auth_parse_basic(value, bytes, HTTP_AUTH_BYTES_MAX, credentials) == RESULT_OK &&
           userlist_check(list, credentials->user, credentials->password,
                          context->scratch->account) == RESULT_OK;
}

static enum result fetch_http_auth(const struct sample_call *call, struct rule_context *context,
                                   struct sample *out)
{
    if (context->request == NULL) {
        return sample_missing(context);
    }
    char bytes[HTTP_AUTH_BYTES_MAX];
    struct http_credentials credentials;
    const struct userlist *list = sample_argument_target(call->arguments, 0);
    return sample_give_bool(out, find_user(list, context, bytes, &credentials));
}

/* In an ACL the groups of the user one after the other, elsewhere the user's name. */
static enum result fetch_http_auth_group(const struct sample_call *call,
                                         struct rule_context *context, struct sample *out)
{
    if (context->request == NULL) {
        return sample_missing(context);
    }
    char bytes[HTTP_AUTH_BYTES_MAX];
    struct http_credentials credentials;
    const struct userlist *list = sample_argument_target(call->arguments, 0);
    if (!find_user(list, context, bytes, &credentials)) {
        return RESULT_NOT_FOUND;
    }
    if (call->cursor == NULL) {
        struct slice user = arena_copy(context->scratch, credentials.user);
        return user.data == NULL ? RESULT_NO_MEMORY : sample_give_text(out, user);
    }
    unsigned index = (unsigned)call->cursor->state[0]++;
    const char *group = userlist_group_of(list, credentials.user, index);
    if (group == NULL) {
        return RESULT_NOT_FOUND;
    }
    enum result result = sample_give_text(out, slice_from_string(group));
    if (userlist_group_of(list, credentials.user, index + 1) != NULL) {
        out->flags |= SAMPLE_NOT_LAST;
    }
    return result;
}

/* ---- what a request says about its user ---- */

enum { BASIC_USER, BASIC_PASSWORD };

/* The credentials of a request, checked by nobody. */
static enum result fetch_basic(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    struct http_credentials credentials;
    if (context->request == NULL) {
        return sample_missing(context);
    }
    char *bytes = arena_take_text(context->scratch, HTTP_AUTH_BYTES_MAX);
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct slice value = http_fields_value(&context->request->fields, HTTP_NAME_AUTHORIZATION);
    if (http_auth_parse_basic(value, bytes, HTTP_AUTH_BYTES_MAX, &credentials) != RESULT_OK) {
        return RESULT_NOT_FOUND;
    }
    return sample_give_text(out, call->variant == BASIC_PASSWORD ? credentials.password
                                                                 : credentials.user);
}

/* The scheme and what follows it; false where one of them misses. */
static bool cut_scheme(struct slice value, struct slice *scheme, struct slice *rest)
{
    size_t end = slice_find_char(value, ' ');
    if (value.data == NULL || end >= value.length || end == 0) {
        return false;
    }
    *scheme = slice_first(value, end);
    *rest = slice_trim(slice_skip(value, end));
    return rest->length > 0;
}

static enum result fetch_scheme(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    struct slice scheme;
    struct slice rest;
    (void)call;
    if (context->request == NULL) {
        return sample_missing(context);
    }
    struct slice value = http_fields_value(&context->request->fields, HTTP_NAME_AUTHORIZATION);
    bool is_known =
        cut_scheme(value, &scheme, &rest) &&
        (slice_equal_nocase(scheme, SLICE("Basic")) || slice_equal_nocase(scheme, SLICE("Bearer")));
    return is_known ? sample_give_text(out, scheme) : RESULT_NOT_FOUND;
}

static enum result fetch_bearer(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    struct slice scheme;
    struct slice token;
    struct slice name = sample_argument_text(call->arguments, 0);
    if (context->request == NULL) {
        return sample_missing(context);
    }
    const struct http_fields *fields = &context->request->fields;
    uint16_t index = http_fields_find(fields, name.length > 0 ? name : SLICE("authorization"), 0);
    if (index >= fields->count || !cut_scheme(fields->entries[index].value, &scheme, &token) ||
        !slice_equal_nocase(scheme, SLICE("Bearer"))) {
        return RESULT_NOT_FOUND;
    }
    return sample_give_text(out, token);
}

/* ---- ACLs by name ---- */

static void destroy_condition(struct account *account, void *condition)
{
    acl_condition_destroy(account, condition);
}

/* The names become one condition in which all must hold. */
static enum result check_acl(struct rule_parser *parser, struct sample_arguments *arguments,
                             unsigned variant)
{
    const char *words[SAMPLE_ARGUMENTS_MAX + 1] = {"if"};
    unsigned count = 1;
    struct acl_condition *condition = NULL;
    (void)variant;
    for (unsigned i = 0; i < arguments->count; i++) {
        struct slice name = sample_argument_text(arguments, i);
        struct slice bare = slice_starts_with(name, SLICE("!")) ? slice_skip(name, 1) : name;
        bool is_name = bare.length > 0 && slice_find_char(bare, '{') == bare.length &&
                       slice_find_char(bare, '|') == bare.length &&
                       slice_find_char(bare, '!') == bare.length && !slice_equal(bare, SLICE("or"));
        if (!is_name) {
            return parser_fail(parser, "'%.*s' is not the name of an ACL", (int)name.length,
                               name.data);
        }
        words[count++] = name.data;
    }
    enum result result = acl_condition_parse(parser, words, count, &condition);
    if (result == RESULT_OK) {
        sample_argument_set_object(parser->account, &arguments->items[0], condition,
                                   destroy_condition);
    }
    return result;
}

static enum result fetch_acl(const struct sample_call *call, struct rule_context *context,
                             struct sample *out)
{
    const struct acl_condition *condition = call->arguments->items[0].object.pointer;
    enum result result = acl_condition_evaluate(condition, context);
    if (result == RESULT_OK || result == RESULT_NOT_FOUND) {
        return sample_give_bool(out, result == RESULT_OK);
    }
    return result;
}

/* ---- the table ---- */

#define NAMES_4 ARGUMENT_STRING, ARGUMENT_STRING, ARGUMENT_STRING, ARGUMENT_STRING

const struct sample_fetch fetches_logic[] = {
    FETCH_ROW_WITH("acl", SAMPLE_BOOL, FETCH_ANYWHERE, fetch_acl, check_acl, 0, 0, 1, NAMES_4,
                   NAMES_4, NAMES_4),
    FETCH_ROW_WITH("var", SAMPLE_ANY, FETCH_ANYWHERE, fetch_variable, NULL, 0, FETCH_HAS_FORMS, 1,
                   ARGUMENT_VARIABLE, ARGUMENT_STRING),
    FETCH_ROW_WITH("http_auth", SAMPLE_BOOL, FETCH_OF_STREAM, fetch_http_auth, NULL, 0, 0, 1,
                   ARGUMENT_USERLIST),
    FETCH_ROW_WITH("http_auth_group", SAMPLE_STRING, FETCH_OF_STREAM, fetch_http_auth_group, NULL,
                   0, 0, 1, ARGUMENT_USERLIST),
    FETCH_ROW_WITH("http_auth_bearer", SAMPLE_STRING, FETCH_OF_STREAM, fetch_bearer, NULL, 0, 0, 0,
                   ARGUMENT_STRING),
    FETCH_ROW("http_auth_type", SAMPLE_STRING, FETCH_OF_STREAM, fetch_scheme, 0, 0),
    FETCH_ROW("http_auth_user", SAMPLE_STRING, FETCH_OF_STREAM, fetch_basic, BASIC_USER, 0),
    FETCH_ROW("http_auth_pass", SAMPLE_STRING, FETCH_OF_STREAM, fetch_basic, BASIC_PASSWORD, 0),
    FETCH_ROWS_END,
};
