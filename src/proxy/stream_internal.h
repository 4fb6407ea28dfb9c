/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of the stream share: its steps, one file a part of its way.
 */
#ifndef WEIR_PROXY_STREAM_INTERNAL_H
#define WEIR_PROXY_STREAM_INTERNAL_H

#include "proxy/stream.h"

/* What every mux stream of a stream reports to. */
extern const struct stream_events STREAM_EVENTS;

/* Body bytes that a stream may hold a direction at the present pressure. */
size_t stream_window(const struct stream *stream);

/* The only place that changes the state; asserts that the step is allowed. */
void stream_enter(struct stream *stream, enum stream_state state);

/* Notes how the stream ends, unless it is noted already. */
void stream_note_end(struct stream *stream, char cause, char phase);

/* Waits for memory in the class that fits the state; stream_run follows. */
enum progress stream_wait_for_memory(struct stream *stream);

/* Milliseconds of this turn. */
static inline uint64_t stream_now_ms(const struct stream *stream)
{
    return event_now_ms(stream->worker->loop);
}
static inline uint64_t stream_now_us(const struct stream *stream)
{
    return event_now_us(stream->worker->loop);
}

/* The settings of the backend when there is one, else the frontend's. */
static inline const struct proxy *stream_proxy(const struct stream *stream)
{
    return stream->backend != NULL ? stream->backend : stream->frontend;
}

/* Fills the parts of the rule context that change between evaluations. */
void stream_prepare_context(struct stream *stream, enum rule_phase phase);

/* stream_request.c */
enum progress stream_step_head(struct stream *stream);
enum progress stream_step_rules(struct stream *stream);
enum progress stream_step_tarpit(struct stream *stream);
/* Pulls client body bytes up to one buffer while rules wait for them. RESULT_OK or RESULT_BLOCKED,
 * RESULT_END when it is complete. */
enum result stream_buffer_request(struct stream *stream);
/* Executes a verdict of request rules; false: go on with the next rule list. */
bool stream_apply_verdict(struct stream *stream, const struct verdict *verdict,
                          enum progress *progress);

/* stream_server.c */
enum progress stream_step_assign(struct stream *stream);
enum progress stream_step_queue(struct stream *stream);
enum progress stream_step_connect(struct stream *stream);
enum progress stream_step_send_head(struct stream *stream);
/* After the server side failed before a response: tries again or answers. */
enum progress stream_server_failed(struct stream *stream, uint32_t condition, uint16_t status,
                                   char cause, char phase);
/* Lets go of the server side, the link under way, the queue place and the slot. */
void stream_release_server(struct stream *stream, bool abort);

/* Lets go of the server and asks for one again; `rests`: the same one only after a pause. */
void stream_try_again(struct stream *stream, bool rests);

/* stream_replay.c: keeping a request for another try */
/* Begins keeping it where the backend's retry-on asks for that. */
void stream_replay_begin(struct stream *stream);
/* Keeps what waits to be sent; to be called before each sending. */
void stream_replay_keep(struct stream *stream);
/* Whether all that the server was sent of the body can be sent again. */
bool stream_may_replay(const struct stream *stream);
/* Puts what was kept back into the queue; nothing counts as sent then. */
void stream_replay_restore(struct stream *stream);
/* Forgets it: there will be no other try. */
void stream_replay_drop(struct stream *stream);

/* stream_target.c: what choosing and reaching a server needs to know of the request */
/* The bytes that the balance algorithm hashes; data NULL: none. Valid until the scratch arena is
 * cleared. */
struct slice stream_balance_key(struct stream *stream);
/* The server that the request's cookie names, once a stream; NULL: none. Strips the cookie where
 * `indirect` says so. */
struct server *stream_cookie_server(struct stream *stream);
/* Where to connect when the server's address or port follows the client's; AF_UNSPEC: the server's
 * own. */
struct address stream_destination(const struct stream *stream);
/* Whether repeating the request has no further effect (RFC 9110 9.2.2). */
bool stream_is_idempotent(const struct stream *stream);
/* Adds X-Forwarded-For, X-Original-To and the unique id. RESULT_NO_MEMORY when there is no room. */
MUST_USE enum result stream_add_forward_headers(struct stream *stream);
/* Removes, rewrites or inserts the persistence cookie of the response. */
MUST_USE enum result stream_answer_cookie(struct stream *stream);

/* stream_response.c */
enum progress stream_step_response(struct stream *stream);
enum progress stream_step_answer(struct stream *stream);

/* stream_relay.c */
enum progress stream_step_relay(struct stream *stream);
/* Relays request bytes as far as they go; false when the server side failed or the client aborted
 * (stream noted). */
enum progress stream_relay_up(struct stream *stream);

/* stream_reply.c */
enum progress stream_reply_verdict(struct stream *stream, const struct verdict *verdict);
enum progress stream_reply_status(struct stream *stream, uint16_t status);
enum progress stream_reply_service(struct stream *stream, const char *name);
enum progress stream_step_reply(struct stream *stream);
/* Runs http-after-response rules on `response`. */
void stream_after_response_rules(struct stream *stream);

/* stream_reserve.c */
/* Sets the stream's chunks aside under a limit. RESULT_NO_MEMORY: not now. */
MUST_USE enum result stream_reserve(struct stream *stream);
/* Lends the server's connection its part of the set. */
void stream_lend(struct stream *stream);
/* Takes back what is left of it, before the connection is let go. */
void stream_take_back(struct stream *stream);

/* stream_time.c: deadlines */
void stream_update_timer(struct stream *stream);
/* Handles a deadline that has passed; the progress of the step that it caused, or PROGRESS_WAIT
 * when none has passed. */
enum progress stream_check_deadlines(struct stream *stream);

/* stream_statistics.c */
/* The proxy whose statistics page the request asks for, NULL: none. */
const struct proxy *stream_statistics_proxy(const struct stream *stream);
/* Answers with that page, or asks for credentials. */
enum progress stream_answer_statistics(struct stream *stream, const struct proxy *proxy);

/* stream_log.c */
void stream_log(struct stream *stream);
void stream_count(struct stream *stream);

#endif
