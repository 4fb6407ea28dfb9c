/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's life: opened by a client's first Initial packet, its states, its release; and what
 * others ask of it.
 *
 *   HANDSHAKE --> OPEN --> CLOSING --> OVER
 *       |          |  \--> DRAINING ---^
 *       \----------\--(to closing, draining, over)
 *
 * Bounded by one pool object, one more during the handshake, and what recovery.h, stream.h and
 * keys.h say.
 */
#include "quic/connection.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/number.h"
#include "quic/connection_internal.h"

/* ---- pools ---- */

enum result quic_pools_create(struct quic_pools *pools, struct memory *memory)
{
    pools->connections =
        pool_create(memory, "quic_conn", sizeof(struct quic_connection), POOL_SHARED);
    pools->handshakes = pool_create(memory, "quic_hs", sizeof(struct quic_handshake), POOL_SHARED);
    if (pools->connections == NULL || pools->handshakes == NULL ||
        quic_recovery_pools_create(&pools->recovery, memory) != RESULT_OK ||
        quic_stream_pools_create(&pools->streams, memory) != RESULT_OK) {
        return RESULT_NO_MEMORY;
    }
    return RESULT_OK;
}

/* ---- state ---- */

void quic_connection_set_state(struct quic_connection *c, enum quic_state state)
{
    static const unsigned ALLOWED[] = {
        [QUIC_STATE_HANDSHAKE] = 1U << QUIC_STATE_OPEN | 1U << QUIC_STATE_CLOSING |
                                 1U << QUIC_STATE_DRAINING | 1U << QUIC_STATE_OVER,
        [QUIC_STATE_OPEN] =
            1U << QUIC_STATE_CLOSING | 1U << QUIC_STATE_DRAINING | 1U << QUIC_STATE_OVER,
        [QUIC_STATE_CLOSING] = 1U << QUIC_STATE_DRAINING | 1U << QUIC_STATE_OVER,
        [QUIC_STATE_DRAINING] = 1U << QUIC_STATE_OVER,
        [QUIC_STATE_OVER] = 0,
    };
    ASSERT((ALLOWED[c->state] >> state & 1U) != 0);
    c->state = state;
}

void quic_connection_mark_pending(struct quic_connection *c)
{
    c->events->on_pending(c->owner);
}

/* ---- opening ---- */

static void init_received(struct quic_received *received)
{
    received->ranges = quic_ranges_over(received->entries, QUIC_RECEIVED_RANGES);
    received->ack_us = QUIC_NONE;
    received->largest = QUIC_NONE;
}

static enum result open_handshake(struct quic_connection *c, const struct quic_opening *opening)
{
    struct quic_handshake *handshake = pool_take_zeroed(c->context->pools->handshakes, c->account);
    if (handshake == NULL) {
        return RESULT_NO_MEMORY;
    }
    c->handshake = handshake;
    for (unsigned i = 0; i < 2; i++) {
        quic_output_init(&handshake->output[i]);
        init_received(&handshake->received[i]);
    }
    handshake->first_version = opening->version;
    handshake->has_retried = opening->has_retried;
    handshake->original_destination =
        opening->has_retried ? opening->original_destination : opening->destination;
    handshake->client_destination = opening->destination;
    enum result result = quic_keys_init_initial(&handshake->initial, c->account, opening->version,
                                                &opening->destination);
    if (result != RESULT_OK) {
        return result;
    }
    return tls_quic_open(c->context->tls, c->account, &QUIC_TLS_EVENTS, c,
                         c->context->settings->allow_early, opening->version, &handshake->tls);
}

static void on_streams_pending(void *owner)
{
    quic_connection_mark_pending(owner);
}

static void init(struct quic_connection *c, const struct quic_context *context,
                 struct account *account, const struct quic_opening *opening, uint64_t now_us)
{
    const struct quic_settings *settings = context->settings;
    c->context = context;
    c->account = account;
    c->version = opening->version;
    c->received_us = now_us;
    c->idle_from_us = now_us;
    c->idle_timeout_us = settings->handshake_timeout_ms * US_PER_MS;
    c->pace_us = QUIC_NONE;
    c->starved_us = QUIC_NONE;
    c->close_until_us = QUIC_NONE;
    c->peer_ack_delay_exponent = QUIC_ACK_DELAY_EXPONENT;
    c->local_ids_limit = 2;
    init_received(&c->received);
    quic_output_init(&c->crypto);
    quic_recovery_init(&c->recovery, &context->pools->recovery, account, settings,
                       settings->datagram_bytes, &QUIC_RECOVERY_EVENTS, c, now_us);
    quic_streams_init(&c->streams, &context->pools->streams, context->chunks, account, settings,
                      NULL, NULL);
    c->streams.on_pending = on_streams_pending;
    c->streams.pending_owner = c;
    for (unsigned i = 0; i < QUIC_PATHS_MAX; i++) {
        c->paths[i].challenge_until_us = QUIC_NONE;
        c->paths[i].mtu_us = QUIC_NONE;
    }
    quic_path_init(c, &c->paths[0], &opening->addresses);
    c->paths[0].is_validated = opening->is_validated;
    c->peer_ids[0] =
        (struct quic_peer_id){.id = opening->source, .is_known = true, .is_taken = true};
}

enum result quic_connection_open(const struct quic_context *context, struct account *account,
                                 const struct quic_opening *opening,
                                 const struct quic_connection_events *events, void *owner,
                                 uint64_t now_us, struct quic_connection **out)
{
    struct quic_connection *c = pool_take_zeroed(context->pools->connections, account);
    if (c == NULL) {
        return RESULT_NO_MEMORY;
    }
    c->events = events;
    c->owner = owner;
    init(c, context, account, opening, now_us);
    if (open_handshake(c, opening) != RESULT_OK || !quic_ids_add_local(c) ||
        events->on_id(owner, &opening->destination, true) != RESULT_OK) {
        quic_connection_destroy(c);
        return RESULT_NO_MEMORY;
    }
    c->handshake->is_entered = true;
    c->local_ids[0].is_due = false; /* it is told in the handshake */
    *out = c;
    return RESULT_OK;
}

void quic_connection_destroy(struct quic_connection *c)
{
    quic_ids_clear(c);
    quic_handshake_release(c);
    quic_recovery_deinit(&c->recovery);
    quic_streams_deinit(&c->streams);
    quic_output_deinit(&c->crypto, c->context->pools->streams.ranges, c->account);
    quic_key_update_trim(&c->keys, &c->update, c->account, 0, true);
    quic_keys_clear(&c->keys, c->account);
    tls_facts_clear(&c->facts, c->account);
    pool_release(c->context->pools->connections, c->account, c);
}

/* ---- what others ask ---- */

struct quic_streams *quic_connection_streams(struct quic_connection *c)
{
    return &c->streams;
}

enum quic_state quic_connection_state(const struct quic_connection *c)
{
    return c->state;
}

const struct tls_facts *quic_connection_tls(const struct quic_connection *c)
{
    return &c->facts;
}

struct slice quic_connection_alpn(const struct quic_connection *c)
{
    return slice_of(c->alpn, c->alpn_length);
}

const struct quic_path_addresses *quic_connection_addresses(const struct quic_connection *c)
{
    return &c->paths[0].addresses;
}

bool quic_connection_is_complete(const struct quic_connection *c)
{
    return c->is_complete;
}

uint32_t quic_connection_version(const struct quic_connection *c)
{
    return c->version;
}

const struct quic_recovery *quic_connection_recovery(const struct quic_connection *c)
{
    return &c->recovery;
}

enum result quic_connection_update_keys(struct quic_connection *c, uint64_t now_us)
{
    if (!c->is_complete || c->state != QUIC_STATE_OPEN) {
        return RESULT_FULL;
    }
    enum result result =
        quic_key_update_begin(&c->keys, &c->update, c->account, c->version, now_us);
    if (result == RESULT_OK) {
        c->ping_due = 1;
        quic_connection_mark_pending(c);
    }
    return result;
}
