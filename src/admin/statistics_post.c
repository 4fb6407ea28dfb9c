/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of the statistics page. Backend and action count for all servers of the form, wherever
 * they stand in it (a page has the action and the backend behind its checkboxes), so the form is
 * walked twice: once for those two, once for the servers. Servers that are already as asked are
 * passed over, unknown ones make the outcome "partly", as in HAProxy. Bounded by two names.
 */
#include "admin/statistics_post.h"

#include "http/uri.h"

enum { NO_DELIMITER = '&' }; /* parameters end at '&' and ';' anyway */

static enum result decode(struct slice value, char *bytes, struct slice *out)
{
    size_t length = 0;
    if (value.length > STATISTICS_POST_NAME_MAX ||
        http_percent_decode(value, true, bytes, &length) != RESULT_OK) {
        return RESULT_INVALID;
    }
    *out = slice_of(bytes, length);
    return RESULT_OK;
}

static enum result read_action(struct statistics_post *post, struct slice word)
{
    post->action = server_action_find(word);
    post->has_action = post->action != SERVER_ACTIONS;
    return post->has_action || word.length == 0 ? RESULT_OK : RESULT_INVALID;
}

static enum result read_parameter(struct statistics_post *post,
                                  const struct http_parameter *parameter)
{
    if (parameter->value.data == NULL) {
        return parameter->name.length == 0 ? RESULT_OK : RESULT_INVALID;
    }
    if (slice_equal(parameter->name, SLICE("b"))) {
        return decode(parameter->value, post->backend_bytes, &post->backend);
    }
    if (slice_equal(parameter->name, SLICE("action"))) {
        return read_action(post, parameter->value);
    }
    return RESULT_OK;
}

enum result statistics_post_read(struct slice form, struct statistics_post *post)
{
    struct http_parameter parameter;
    struct slice rest = form;
    enum result result = RESULT_OK;
    *post = (struct statistics_post){.action = SERVER_ACTIONS, .rest = form};
    while (result == RESULT_OK && http_parameter_next(&rest, NO_DELIMITER, &parameter)) {
        result = read_parameter(post, &parameter);
    }
    return result;
}

/* The next server of the form, decoded, valid until the next call. RESULT_END: no more. */
static enum result next_server(struct statistics_post *post, struct slice *name)
{
    struct http_parameter parameter;
    while (http_parameter_next(&post->rest, NO_DELIMITER, &parameter)) {
        if (slice_equal(parameter.name, SLICE("s")) && parameter.value.data != NULL) {
            return decode(parameter.value, post->server_bytes, name);
        }
    }
    return RESULT_END;
}

enum statistics_outcome statistics_post_run(struct statistics_post *post, struct worker *worker,
                                            const struct statistics_permission *permission,
                                            uint64_t now_ms)
{
    struct proxy *proxy =
        post->backend.data != NULL ? proxy_find(worker, post->backend, PROXY_BACKEND) : NULL;
    if (proxy == NULL) {
        return OUTCOME_INVALID;
    }
    if (!permission->may_change(permission->argument, proxy)) {
        return OUTCOME_DENIED;
    }
    unsigned asked = 0;
    unsigned changed = 0;
    struct slice name;
    enum result result = RESULT_OK;
    while (post->has_action && (result = next_server(post, &name)) == RESULT_OK) {
        struct server *server = backend_find_server(&proxy->backend, name);
        bool is_changed = server != NULL && server_action_run(post->action, worker, server, now_ms);
        changed += is_changed ? 1 : 0;
        asked += is_changed || server == NULL ? 1 : 0;
    }
    if (result == RESULT_INVALID) {
        return changed > 0 ? OUTCOME_PARTLY : OUTCOME_INVALID;
    }
    if (asked == 0) {
        return OUTCOME_NONE;
    }
    if (changed == 0) {
        return OUTCOME_INVALID;
    }
    return changed == asked ? OUTCOME_DONE : OUTCOME_PARTLY;
}
