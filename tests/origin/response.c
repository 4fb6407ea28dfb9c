/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The response that the plan orders. A small body is appended to the head and leaves with it; a
 * large one goes from a file in memory by sendfile, so that its bytes are never copied here. Random
 * and chunked bodies, and those cut into pieces, are written into the buffer.
 */
#include <string.h>

#include "origin.h"

#define OUT_BYTES_MAX    65536U /* buffered before the socket must take some */
#define APPEND_BYTES_MAX 16384U /* body bytes appended at a time */
#define SPLICE_BYTES_MIN 8192U  /* below it a copy is cheaper than a call */
#define TURN_BYTES_MAX   (4U << 20)
#define CHUNK_DEFAULT    8192U
#define RATE_TICK_MS     10U
#define MS_PER_S         1000U
#define SHA256_BYTES     32U

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    {100, "Continue"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {421, "Misdirected Request"},
    {425, "Too Early"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

static const char *reason_of(unsigned status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Status";
}

static void append_status_line(struct buffer *out, bool old_version, unsigned status)
{
    buffer_append_string(out, old_version ? "HTTP/1.0 " : "HTTP/1.1 ");
    buffer_append_number(out, status);
    buffer_append_string(out, " ");
    buffer_append_string(out, reason_of(status));
    buffer_append_string(out, "\r\n");
}

static void append_number_field(struct buffer *out, const char *name, uint64_t value)
{
    buffer_append_string(out, name);
    buffer_append_number(out, value);
    buffer_append_string(out, "\r\n");
}

void response_interim(struct connection *c)
{
    const struct plan *plan = &c->request.plan;
    for (size_t i = 0; i < plan->interim_count; i++) {
        append_status_line(&c->out, false, plan->interim[i]);
        if (plan->interim[i] == 103) {
            buffer_append_string(&c->out, "Link: </style.css>; rel=preload\r\n");
        }
        buffer_append_string(&c->out, "\r\n");
    }
}

/* /sum: what is told of the request body. */
static void append_sum(struct connection *c)
{
    unsigned char digest[SHA256_BYTES];
    gnutls_hash_deinit(c->sum, digest);
    c->sum = NULL;
    append_number_field(&c->content, "length=", c->body_count);
    buffer_append_string(&c->content, "sha256=");
    for (size_t i = 0; i < sizeof(digest); i++) {
        char pair[2] = {"0123456789abcdef"[digest[i] >> 4], "0123456789abcdef"[digest[i] & 0xf]};
        buffer_append(&c->content, pair, sizeof(pair));
    }
    buffer_append_string(&c->content, "\r\n");
}

static bool has_content(const struct connection *c)
{
    enum service service = c->request.plan.service;
    return c->rejected || service == SERVICE_ECHO || service == SERVICE_BODY ||
           service == SERVICE_SUM;
}

/* Settles how the body is delimited, and the fields that say so. */
static void append_framing(struct connection *c, uint64_t size, bool bodyless)
{
    const struct plan *plan = &c->request.plan;
    bool old_peer = c->request.old_version || plan->old_version;
    bool wants_chunks = plan->chunk > 0 || plan->trailers > 0 || plan->service == SERVICE_STREAM;
    c->chunked = wants_chunks && !old_peer && !bodyless;
    if (c->chunked) {
        buffer_append_string(&c->out, "Transfer-Encoding: chunked\r\n");
    } else if (plan->announced == 0 || (wants_chunks && old_peer)) {
        c->keep = c->keep && bodyless;
    } else if (plan->status != STATUS_NO_CONTENT) {
        uint64_t length = plan->announced > 0 ? (uint64_t)plan->announced : size;
        append_number_field(&c->out, "Content-Length: ", length);
        c->keep = c->keep && (bodyless || length == size);
    }
    if (!c->keep && !old_peer) {
        buffer_append_string(&c->out, "Connection: close\r\n");
    } else if (c->keep && (old_peer || plan->force_keep)) {
        buffer_append_string(&c->out, "Connection: keep-alive\r\n");
    }
}

/* The fields that parameters and options ask for. */
static void append_fields(struct connection *c)
{
    const struct plan *plan = &c->request.plan;
    const struct options *options = c->worker->options;
    struct buffer *out = &c->out;
    if (options->name != NULL) {
        buffer_append_string(out, "X-Origin: ");
        buffer_append_string(out, options->name);
        buffer_append_string(out, "\r\n");
    }
    if (options->identify) {
        buffer_append_string(out, "X-Conn: ");
        buffer_append_number(out, c->worker->number);
        append_number_field(out, "-", c->id);
        append_number_field(out, "X-Req: ", c->requests);
    }
    if (!plan->cacheable) {
        buffer_append_string(out, "Cache-Control: no-cache\r\n");
    }
    if (plan->etag) {
        buffer_append_string(out, "ETag: \"");
        buffer_append_number(out, plan->size);
        buffer_append_string(out, "\"\r\n");
    }
    for (uint64_t i = 0; i < plan->fields; i++) {
        buffer_append_string(out, "X-Fill-");
        buffer_append_number(out, i);
        buffer_append_string(out, ": ");
        memset(buffer_reserve(out, (size_t)plan->field_size + 1), 'f', (size_t)plan->field_size);
        out->end += (size_t)plan->field_size;
        buffer_append_string(out, "\r\n");
    }
    buffer_append(out, buffer_head(&c->extra), buffer_used(&c->extra));
}

void response_head(struct connection *c)
{
    const struct plan *plan = &c->request.plan;
    if (c->sum != NULL) {
        append_sum(c);
    }
    bool bodyless =
        c->request.is_head || plan->status == STATUS_NO_CONTENT || plan->status == STATUS_UNCHANGED;
    uint64_t size = has_content(c) ? buffer_used(&c->content) : plan->size;
    c->keep = (c->request.keep_alive || plan->force_keep) && !plan->force_close && !c->rejected &&
              plan->fault == FAULT_NONE;
    append_status_line(&c->out, plan->old_version, plan->status);
    append_fields(c);
    append_framing(c, size, bodyless);
    buffer_append_string(&c->out, "\r\n");
    c->sent = 0;
    c->limit = bodyless ? 0 : size;
    if (plan->fault_at < c->limit) {
        c->limit = plan->fault_at;
    }
}

/* Body bytes that rate= lets go now; 0 when the next tick must be waited for. */
static uint64_t rate_allowance(struct connection *c)
{
    uint64_t rate = c->request.plan.rate;
    if (c->allowance == 0 && c->timed_out) {
        c->allowance = rate * RATE_TICK_MS / MS_PER_S;
        c->allowance += c->allowance == 0 ? 1 : 0;
        c->timed_out = false;
    }
    if (c->allowance == 0 && c->deadline_at == 0) {
        uint64_t tick = rate * RATE_TICK_MS < MS_PER_S ? MS_PER_S / rate : RATE_TICK_MS;
        worker_set_deadline(c, tick);
    }
    return c->allowance;
}

static void fill_random(struct worker *worker, char *out, size_t length)
{
    uint64_t x = worker->random_state;
    for (size_t i = 0; i < length; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out[i] = (char)(x >> 32);
    }
    worker->random_state = x;
}

/* Appends `length` body bytes from position `c->sent`. */
static void append_bytes(struct connection *c, size_t length)
{
    char *out = buffer_reserve(&c->out, length);
    if (has_content(c)) {
        memcpy(out, buffer_head(&c->content) + c->sent, length);
    } else if (c->request.plan.random) {
        fill_random(c->worker, out, length);
    } else {
        /* The pattern is held several times over, so that this never wraps. */
        memcpy(out, c->worker->pattern + c->sent % PATTERN_PERIOD, length);
    }
    c->out.end += length;
}

/* Appends up to `count` body bytes with their framing; returns how many. */
static uint64_t append_piece(struct connection *c, uint64_t count)
{
    const struct plan *plan = &c->request.plan;
    uint64_t chunk = plan->chunk > 0 ? plan->chunk : CHUNK_DEFAULT;
    uint64_t most = c->chunked && chunk < APPEND_BYTES_MAX ? chunk : APPEND_BYTES_MAX;
    size_t length = (size_t)(count < most ? count : most);
    if (c->chunked) {
        buffer_append_hex(&c->out, length);
        buffer_append_string(&c->out, "\r\n");
    }
    append_bytes(c, length);
    if (c->chunked) {
        buffer_append_string(&c->out, "\r\n");
    }
    return length;
}

static bool is_spliced(const struct connection *c, uint64_t count)
{
    const struct plan *plan = &c->request.plan;
    return count >= SPLICE_BYTES_MIN && !c->chunked && plan->splice && !plan->random &&
           plan->piece == 0 && !has_content(c);
}

enum wire response_body(struct connection *c)
{
    const struct plan *plan = &c->request.plan;
    while (c->sent < c->limit) {
        uint64_t count = c->limit - c->sent;
        if (plan->piece > 0 && plan->piece < count) {
            count = plan->piece;
        }
        if (plan->rate > 0) {
            uint64_t allowed = rate_allowance(c);
            count = allowed < count ? allowed : count;
        }
        if (c->work > TURN_BYTES_MAX) {
            worker_make_ready(c);
            return WIRE_BLOCKED;
        }
        if (count == 0) {
            return WIRE_BLOCKED;
        }
        bool spliced = is_spliced(c, count);
        if (spliced || plan->piece > 0 || buffer_used(&c->out) >= OUT_BYTES_MAX) {
            enum wire flushed = wire_flush(c, spliced);
            if (flushed != WIRE_DONE) {
                return flushed;
            }
        }
        uint64_t moved = 0;
        if (spliced) {
            enum wire sent = wire_send_pattern(c, c->sent, count, &moved);
            if (sent != WIRE_DONE) {
                return sent;
            }
        } else {
            moved = append_piece(c, count);
        }
        c->sent += moved;
        c->work += moved;
        c->allowance -= plan->rate > 0 ? moved : 0;
    }
    return WIRE_DONE;
}

void response_end(struct connection *c)
{
    if (!c->chunked) {
        return;
    }
    buffer_append_string(&c->out, "0\r\n");
    for (uint64_t i = 1; i <= c->request.plan.trailers; i++) {
        buffer_append_string(&c->out, "X-Trailer-");
        buffer_append_number(&c->out, i);
        append_number_field(&c->out, ": ", i);
    }
    buffer_append_string(&c->out, "\r\n");
}
