/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection: requests in, answers out, faults on order. A step function for each state does
 * what it can and says whether another step may follow at once.
 *
 *   HEAD -> BODY -> INTERIM -> DELAY -> RESPOND -> PAUSE -> DRAIN -> HEAD ...
 *      \-> STREAM, TUNNEL, WEBSOCKET          \-> FINISH -> LINGER, RESET, STALL -> CLOSED
 */
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "origin.h"

#define HEAD_READ_BYTES 16384U
#define BODY_READ_BYTES 65536U
#define OUT_BYTES_MAX   65536U
#define TURN_BYTES_MAX  (4U << 20)
#define CONTENT_MAX     (256U << 20) /* /echo and /body */
#define LINGER_MS       2000U
#define RESET_POLL_MS   1U
#define RESET_POLLS_MAX 1000U

static void set_timer(struct connection *c, uint64_t delay_ms)
{
    c->timed_out = false;
    worker_set_deadline(c, delay_ms);
}

void connection_enter(struct connection *c, enum state state)
{
    c->state = state;
    set_timer(c, 0);
}

/* Answers 400 with the reason, and ends. */
static void reject(struct connection *c, const char *reason)
{
    c->rejected = true;
    c->request.plan.status = STATUS_BAD_REQUEST;
    c->request.plan.service = SERVICE_BODY;
    buffer_clear(&c->content);
    buffer_append_string(&c->content, "weir-origin: ");
    buffer_append_string(&c->content, reason);
    buffer_append_string(&c->content, "\r\n");
    connection_enter(c, STATE_RESPOND);
}

static void begin_tunnel(struct connection *c)
{
    if (c->request.is_connect) {
        buffer_append_string(&c->out, "HTTP/1.1 200 OK\r\n\r\n");
    } else {
        buffer_append_string(&c->out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n"
                                      "Connection: Upgrade\r\n\r\n");
    }
    connection_enter(c, STATE_TUNNEL);
}

static void begin_service(struct connection *c)
{
    const struct plan *plan = &c->request.plan;
    switch (plan->service) {
    case SERVICE_OBJECT:
    case SERVICE_ECHO:
    case SERVICE_BODY:
    case SERVICE_SUM:
        connection_enter(c, STATE_BODY);
        break;
    case SERVICE_STREAM:
        connection_enter(c, STATE_STREAM);
        break;
    case SERVICE_WEBSOCKET:
        if (c->request.websocket_key[0] == '\0') {
            reject(c, "no Sec-WebSocket-Key");
            return;
        }
        websocket_accept(c);
        connection_enter(c, STATE_WEBSOCKET);
        break;
    case SERVICE_TUNNEL:
        begin_tunnel(c);
        break;
    }
    if (c->request.expects_continue && c->body_step != BODY_DONE && plan->read_max > 0) {
        buffer_append_string(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (plan->service == SERVICE_STREAM) {
        response_head(c);
    }
}

static void begin_request(struct connection *c, size_t head_length)
{
    c->requests++;
    c->head_out = false;
    c->allowance = 0;
    buffer_clear(&c->content);
    const char *wrong = request_read(&c->request, buffer_head(&c->in), head_length,
                                     c->worker->options->default_size, &c->extra);
    if (wrong != NULL) {
        buffer_consume(&c->in, head_length);
        reject(c, wrong);
        return;
    }
    if (c->request.plan.service == SERVICE_ECHO) {
        buffer_append(&c->content, buffer_head(&c->in), head_length);
    }
    buffer_consume(&c->in, head_length);
    body_begin(c);
    begin_service(c);
}

static bool on_input_end(struct connection *c, enum wire wire)
{
    if (wire == WIRE_FAILED) {
        worker_drop(c);
    } else if (wire == WIRE_ENDED) {
        connection_enter(c, STATE_FINISH);
    }
    return wire != WIRE_BLOCKED;
}

static bool step_head(struct connection *c)
{
    if (buffer_used(&c->out) >= OUT_BYTES_MAX && wire_flush(c, false) != WIRE_DONE) {
        return false;
    }
    while (buffer_used(&c->in) > 0 &&
           (*buffer_head(&c->in) == '\r' || *buffer_head(&c->in) == '\n')) {
        buffer_consume(&c->in, 1);
    }
    size_t used = buffer_used(&c->in);
    size_t length = used == 0 ? 0 : request_head_length(buffer_head(&c->in), used);
    if (length > 0) {
        begin_request(c, length);
        return true;
    }
    if (c->timed_out || used > HEAD_BYTES_MAX) {
        connection_enter(c, STATE_FINISH);
        return true;
    }
    enum wire wire = wire_receive(c, HEAD_READ_BYTES);
    if (wire == WIRE_BLOCKED && c->deadline_at == 0) {
        uint64_t ordered = c->request.plan.idle_ms;
        worker_set_deadline(c, ordered > 0 ? ordered : c->worker->options->idle_ms);
    }
    return wire == WIRE_DONE || on_input_end(c, wire);
}

/* Reads and decodes body bytes; WIRE_DONE when some came. */
static enum wire pull_body(struct connection *c)
{
    if (c->work > TURN_BYTES_MAX) {
        worker_make_ready(c);
        return WIRE_BLOCKED;
    }
    bool forgotten = c->request.plan.service == SERVICE_OBJECT || c->state == STATE_DRAIN;
    if (forgotten && c->is_tcp && c->body_step == BODY_COUNTED && buffer_used(&c->in) == 0) {
        uint64_t before = c->body_left;
        enum wire wire = wire_discard(c, c->body_left);
        c->work += before - c->body_left;
        if (c->body_left == 0) {
            c->body_step = BODY_DONE;
        }
        return wire;
    }
    size_t before = buffer_used(&c->in);
    enum wire wire = wire_receive(c, BODY_READ_BYTES);
    c->work += buffer_used(&c->in) - before;
    return wire;
}

static bool step_body(struct connection *c)
{
    if (!body_decode(c) || buffer_used(&c->content) > CONTENT_MAX) {
        reject(c, "a bad body");
        return true;
    }
    if (c->body_step == BODY_DONE || c->body_count >= c->request.plan.read_max) {
        connection_enter(c, STATE_INTERIM);
        return true;
    }
    enum wire wire = pull_body(c);
    return wire == WIRE_DONE || on_input_end(c, wire);
}

static bool step_interim(struct connection *c)
{
    response_interim(c);
    connection_enter(c, STATE_DELAY);
    if (c->request.plan.delay_ms > 0) {
        worker_set_deadline(c, c->request.plan.delay_ms);
    } else {
        c->timed_out = true;
    }
    return true;
}

static bool step_delay(struct connection *c)
{
    if (!c->timed_out) {
        return false;
    }
    enum fault fault = c->request.plan.fault;
    if (fault == FAULT_DROP) {
        connection_enter(c, STATE_FINISH);
    } else if (fault == FAULT_REFUSE) {
        connection_enter(c, STATE_RESET);
    } else if (fault == FAULT_NEVER) {
        connection_enter(c, STATE_STALL);
    } else {
        connection_enter(c, STATE_RESPOND);
    }
    return true;
}

/* The exchange is over: the next one, or the end. */
static void finish_exchange(struct connection *c)
{
    if (!c->keep) {
        connection_enter(c, STATE_FINISH);
    } else {
        connection_enter(c, c->body_step == BODY_DONE ? STATE_HEAD : STATE_DRAIN);
    }
}

static void finish_response(struct connection *c)
{
    const struct plan *plan = &c->request.plan;
    bool faulty = plan->fault_at <= c->sent;
    if (faulty && plan->fault == FAULT_RESET) {
        connection_enter(c, STATE_RESET);
    } else if (faulty && plan->fault == FAULT_CUT) {
        connection_enter(c, STATE_FINISH);
    } else if (faulty && plan->fault == FAULT_STALL) {
        connection_enter(c, STATE_STALL);
    } else {
        response_end(c);
        if (plan->pause_ms > 0) {
            connection_enter(c, STATE_PAUSE);
            worker_set_deadline(c, plan->pause_ms);
        } else {
            finish_exchange(c);
        }
    }
}

/* hp=: sends one piece of the head and waits for the next tick; true when the head is gone. */
static bool send_head_piece(struct connection *c)
{
    size_t used = buffer_used(&c->out);
    uint64_t piece = c->request.plan.head_piece;
    if (used == 0 || piece == 0 || c->sent > 0) {
        return true;
    }
    if (c->deadline_at == 0 && c->writable) {
        size_t ask = piece < used ? (size_t)piece : used;
        ssize_t sent = send(c->fd, buffer_head(&c->out), ask, MSG_NOSIGNAL);
        if (sent < 0) {
            worker_drop(c);
            return false;
        }
        buffer_consume(&c->out, (size_t)sent);
        set_timer(c, 1);
    }
    return false;
}

static bool step_respond(struct connection *c)
{
    if (!c->head_out) {
        c->head_out = true;
        c->sent = 0;
        if (malformed_head(c)) {
            connection_enter(c, STATE_FINISH);
            return true;
        }
        response_head(c);
    }
    if (!send_head_piece(c)) {
        return false;
    }
    enum wire wire = response_body(c);
    if (wire == WIRE_FAILED) {
        worker_drop(c);
    } else if (wire == WIRE_DONE) {
        finish_response(c);
    }
    return wire == WIRE_DONE;
}

static bool step_pause(struct connection *c)
{
    if (c->timed_out) {
        finish_exchange(c);
    }
    return c->state != STATE_PAUSE;
}

static bool step_drain(struct connection *c)
{
    bool good = body_decode(c);
    if (!good || c->body_step == BODY_DONE) {
        connection_enter(c, good ? STATE_HEAD : STATE_FINISH);
        return true;
    }
    enum wire wire = pull_body(c);
    return wire == WIRE_DONE || on_input_end(c, wire);
}

/* Whether the buffer is full and the socket takes nothing. */
static bool is_clogged(struct connection *c)
{
    if (buffer_used(&c->out) < OUT_BYTES_MAX) {
        return false;
    }
    enum wire wire = wire_flush(c, false);
    if (wire == WIRE_FAILED) {
        worker_drop(c);
    }
    return wire != WIRE_DONE;
}

static bool step_stream(struct connection *c)
{
    if (is_clogged(c)) {
        return false;
    }
    if (!body_decode(c)) {
        connection_enter(c, STATE_FINISH);
        return true;
    }
    if (c->body_step == BODY_DONE) {
        response_end(c);
        finish_exchange(c);
        return true;
    }
    enum wire wire = pull_body(c);
    return wire == WIRE_DONE || on_input_end(c, wire);
}

static bool step_tunnel(struct connection *c)
{
    if (is_clogged(c)) {
        return false;
    }
    buffer_append(&c->out, buffer_head(&c->in), buffer_used(&c->in));
    buffer_clear(&c->in);
    enum wire wire = pull_body(c);
    return wire == WIRE_DONE || on_input_end(c, wire);
}

static bool step_websocket(struct connection *c)
{
    if (is_clogged(c)) {
        return false;
    }
    if (!websocket_echo(c)) {
        connection_enter(c, STATE_FINISH);
        return true;
    }
    enum wire wire = pull_body(c);
    return wire == WIRE_DONE || on_input_end(c, wire);
}

static bool step_finish(struct connection *c)
{
    enum wire wire = wire_flush(c, false);
    if (wire == WIRE_BLOCKED) {
        return false;
    }
    bool all_read = c->body_step == BODY_DONE && buffer_used(&c->in) == 0;
    if (wire == WIRE_FAILED || c->ended || all_read || !c->request.plan.linger) {
        worker_drop(c);
        return false;
    }
    shutdown(c->fd, SHUT_WR);
    connection_enter(c, STATE_LINGER);
    worker_set_deadline(c, LINGER_MS);
    return true;
}

/* Reads and forgets, until the client closes. */
static bool step_linger(struct connection *c)
{
    buffer_clear(&c->in);
    enum wire wire = wire_receive(c, BODY_READ_BYTES);
    if (wire == WIRE_ENDED || wire == WIRE_FAILED || c->timed_out) {
        worker_drop(c);
        return false;
    }
    return wire == WIRE_DONE;
}

static bool step_reset(struct connection *c)
{
    enum wire wire = wire_flush(c, false);
    if (wire == WIRE_BLOCKED) {
        return false;
    }
    int unsent = 0;
    if (wire == WIRE_DONE && c->is_tcp && ioctl(c->fd, SIOCOUTQ, &unsent) == 0 && unsent > 0) {
        /* A RST throws away what is not delivered yet. */
        c->timed_out = false;
        if (c->deadline_at == 0 && c->frame_at++ < RESET_POLLS_MAX) {
            worker_set_deadline(c, RESET_POLL_MS);
            return false;
        }
    }
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    worker_drop(c);
    return false;
}

static bool step(struct connection *c)
{
    static bool (*const steps[])(struct connection *) = {
        [STATE_HEAD] = step_head,       [STATE_BODY] = step_body,
        [STATE_INTERIM] = step_interim, [STATE_DELAY] = step_delay,
        [STATE_RESPOND] = step_respond, [STATE_PAUSE] = step_pause,
        [STATE_DRAIN] = step_drain,     [STATE_STREAM] = step_stream,
        [STATE_TUNNEL] = step_tunnel,   [STATE_WEBSOCKET] = step_websocket,
        [STATE_FINISH] = step_finish,   [STATE_LINGER] = step_linger,
        [STATE_RESET] = step_reset,     [STATE_STALL] = step_linger,
    };
    return c->state != STATE_CLOSED && steps[c->state](c);
}

void connection_run(struct connection *c)
{
    c->work = 0;
    while (step(c)) {
        /* each step does its own work */
    }
    bool head_in_pieces =
        c->state == STATE_RESPOND && c->request.plan.head_piece > 0 && c->sent == 0;
    if (c->state != STATE_CLOSED && !head_in_pieces && wire_flush(c, false) == WIRE_FAILED) {
        worker_drop(c);
    }
}
