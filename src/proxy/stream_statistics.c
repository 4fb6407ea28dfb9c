/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which requests are for the statistics page: those by GET, HEAD or POST whose path begins with the
 * `stats uri` of the frontend or the backend, that pass `stats http-request` and `stats auth`. The
 * page itself is a service of `admin`. No memory of its own.
 */
#include "http/auth.h"
#include "proxy/stream_internal.h"

enum { STATUS_UNAUTHORIZED = 401, REALM_MAX = 256 };

static bool is_for(const struct stream *stream, const struct statistics_settings *settings)
{
    return settings->is_enabled && settings->uri != NULL &&
           slice_starts_with(stream->request.path, slice_from_string(settings->uri));
}

const struct proxy *stream_statistics_proxy(const struct stream *stream)
{
    enum http_method method = stream->request.method_id;
    bool is_for_page =
        method == HTTP_METHOD_GET || method == HTTP_METHOD_HEAD || method == HTTP_METHOD_POST;
    if (stream->is_tcp || !is_for_page) {
        return NULL;
    }
    const struct proxy *candidates[] = {stream->frontend, stream->backend};
    for (unsigned i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        if (candidates[i] != NULL && is_for(stream, &candidates[i]->settings->statistics)) {
            return candidates[i];
        }
    }
    return NULL;
}

/* Whether the request carries one of the `stats auth` users; without any, everybody may look. */
static bool is_authorized(const struct stream *stream, const struct statistics_settings *settings)
{
    if (list_is_empty(&settings->users)) {
        return true;
    }
    char buffer[HTTP_AUTH_BYTES_MAX];
    struct http_credentials credentials;
    struct slice value = http_fields_value(&stream->request.fields, HTTP_NAME_AUTHORIZATION);
    if (http_auth_parse_basic(value, buffer, sizeof(buffer), &credentials) != RESULT_OK) {
        return false;
    }
    LIST_EACH(link, &settings->users) {
        const struct statistics_user *user = container_of(link, struct statistics_user, link);
        if (slice_equal(credentials.user, slice_from_string(user->user)) &&
            slice_equal(credentials.password, slice_from_string(user->password))) {
            return true;
        }
    }
    return false;
}

static enum progress ask_for_credentials(struct stream *stream,
                                         const struct statistics_settings *settings)
{
    char line[REALM_MAX];
    struct text text = text_over(line, sizeof(line));
    text_append_format(&text, "WWW-Authenticate: Basic realm=\"%s\"",
                       settings->realm != NULL ? settings->realm : "HAProxy Statistics");
    struct verdict verdict = {.kind = VERDICT_REPLY, .status = STATUS_UNAUTHORIZED};
    verdict.header = arena_copy(&stream->arena, text_slice(&text));
    stream_note_end(stream, 'L', 'R');
    return stream_reply_verdict(stream, &verdict);
}

enum progress stream_answer_statistics(struct stream *stream, const struct proxy *proxy)
{
    const struct statistics_settings *settings = &proxy->settings->statistics;
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    struct rule_position position = {0};
    stream_prepare_context(stream, RULE_HTTP_REQUEST);
    stream->context.is_final = true;
    rule_list_run(&settings->rules, &stream->context, &position, &verdict);
    if (verdict.kind != VERDICT_CONTINUE && verdict.kind != VERDICT_ACCEPT) {
        enum progress progress = PROGRESS_AGAIN;
        (void)stream_apply_verdict(stream, &verdict, &progress);
        return progress;
    }
    if (!is_authorized(stream, settings)) {
        return ask_for_credentials(stream, settings);
    }
    stream->service_proxy = proxy;
    stream->frontend->counters.intercepted++;
    stream_note_end(stream, 'L', 'R');
    return stream_reply_service(stream, "statistics");
}
