/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths (RFC 9000 8, 9): the one in use and one beside it, which is being tried or was used before.
 * The peer moves by sending more than probes from another address; this side follows at once,
 * bounded by anti-amplification until the new path is validated, and goes back to the old one when
 * it cannot be. And the size of datagrams that a path carries (RFC 8899, 9000 14.3).
 *
 * Bounded: QUIC_PATHS_MAX paths, one challenge under way on each.
 */
#include "base/clock.h"
#include "base/number.h"
#include "quic/connection_internal.h"

enum {
    VALIDATION_PTOS = 3, /* 8.2.4 */
    IP4_UDP_BYTES = 28,
    IP6_UDP_BYTES = 48,
    ETHERNET_BYTES = 1500,
    MTU_TRIES_MAX = 3,
    MTU_STEP_MIN = 20, /* closer than that is near enough */
};

static bool is_same_path(const struct quic_path_addresses *a, const struct quic_path_addresses *b)
{
    return address_equal(&a->peer, &b->peer) && address_equal(&a->local, &b->local);
}

/* Whether only the peer's port differs: a NAT that forgot, on the same way (9.4). */
static bool is_rebinding(const struct quic_path_addresses *a, const struct quic_path_addresses *b)
{
    struct quic_path_addresses other = *b;
    other.peer.port = a->peer.port;
    return is_same_path(a, &other);
}

void quic_path_init(struct quic_connection *c, struct quic_path *path,
                    const struct quic_path_addresses *addresses)
{
    uint8_t peer_id = path->peer_id;
    uint16_t overhead = addresses->peer.family == AF_INET6 ? IP6_UDP_BYTES : IP4_UDP_BYTES;
    *path = (struct quic_path){
        .addresses = *addresses,
        .challenge_until_us = QUIC_NONE,
        .challenge_us = QUIC_NONE,
        .mtu_us = QUIC_NONE,
        .datagram_bytes = c->context->settings->datagram_bytes,
        .mtu_ceiling = (uint16_t)(ETHERNET_BYTES - overhead + 1),
        .peer_id = peer_id,
        .is_used = true,
    };
}

/* ---- finding ---- */

static void drop_path(struct quic_connection *c, struct quic_path *path)
{
    if (path->is_used && path->peer_id != c->paths[0].peer_id) {
        quic_ids_give_peer(c, path);
    }
    path->is_used = false;
    path->challenge_until_us = QUIC_NONE;
    path->challenge_us = QUIC_NONE;
}

struct quic_path *quic_path_find(struct quic_connection *c, const struct quic_datagram *datagram)
{
    struct quic_path *other = &c->paths[1];
    if (is_same_path(&c->paths[0].addresses, datagram->addresses)) {
        return &c->paths[0];
    }
    if (other->is_used && is_same_path(&other->addresses, datagram->addresses)) {
        return other;
    }
    if (!c->is_complete) {
        return NULL; /* 9: nobody moves before the handshake is confirmed */
    }
    if (other->is_used && other->challenge_until_us != QUIC_NONE && other->bytes_in > 0 &&
        !other->is_validated) {
        return NULL; /* one at a time; a client that really moved sends again */
    }
    drop_path(c, other);
    quic_path_init(c, other, datagram->addresses);
    /* Where the peer gave no other id, or has none at all, the one in use serves both paths: a
     * NAT's rebinding is followed even so (9.5). */
    if (!quic_ids_take_peer(c, other)) {
        other->peer_id = c->paths[0].peer_id;
    }
    return other;
}

size_t quic_path_room(const struct quic_path *path)
{
    if (path->is_validated) {
        return SIZE_MAX;
    }
    uint64_t most = path->bytes_in * QUIC_AMPLIFICATION;
    return most > path->bytes_out ? (size_t)(most - path->bytes_out) : 0;
}

/* ---- validation ---- */

static void begin_challenge(struct quic_connection *c, struct quic_path *path, uint64_t now_us)
{
    uint64_t pto_us = quic_recovery_pto_us(&c->recovery);
    tls_random(path->challenge, sizeof(path->challenge));
    path->challenge_us = now_us;
    path->challenge_until_us =
        now_us + VALIDATION_PTOS * uint64_max(pto_us, UINT64_C(3) * QUIC_INITIAL_RTT_US);
    quic_connection_mark_pending(c);
}

static void begin_path_again(struct quic_connection *c, bool keeps_estimates, uint64_t now_us)
{
    if (!keeps_estimates) {
        quic_recovery_reset_path(&c->recovery, (uint8_t)(c->recovery.path + 1),
                                 c->paths[0].datagram_bytes, now_us);
        quic_mtu_begin(c, now_us);
    } else {
        c->paths[0].datagram_bytes = c->paths[1].datagram_bytes;
    }
}

static void swap_paths(struct quic_connection *c)
{
    struct quic_path used = c->paths[0];
    c->paths[0] = c->paths[1];
    c->paths[1] = used;
}

void quic_path_follow(struct quic_connection *c, struct quic_path *path, uint64_t now_us)
{
    if (path == &c->paths[0] || !c->is_complete) {
        return;
    }
    bool keeps_estimates = is_rebinding(&c->paths[0].addresses, &path->addresses);
    swap_paths(c);
    begin_path_again(c, keeps_estimates, now_us);
    if (!c->paths[0].is_validated && c->paths[0].challenge_until_us == QUIC_NONE) {
        begin_challenge(c, &c->paths[0], now_us);
    }
    if (c->paths[1].is_validated) { /* was it really the peer who moved? (9.3.3) */
        begin_challenge(c, &c->paths[1], now_us);
    }
}

void quic_path_on_response(struct quic_connection *c, const uint8_t data[8])
{
    for (unsigned i = 0; i < QUIC_PATHS_MAX; i++) {
        struct quic_path *path = &c->paths[i];
        bool is_awaited = path->is_used && path->challenge_until_us != QUIC_NONE;
        if (is_awaited && memcmp(path->challenge, data, sizeof(path->challenge)) == 0) {
            path->is_validated = true;
            path->challenge_until_us = QUIC_NONE;
            path->challenge_us = QUIC_NONE;
            if (i == 0) {
                c->recovery.is_amplification_limited = false;
                drop_path(c, &c->paths[1]);
            }
        }
    }
}

/* ---- time ---- */

uint64_t quic_path_deadline(const struct quic_connection *c)
{
    uint64_t deadline = c->paths[0].mtu_us;
    for (unsigned i = 0; i < QUIC_PATHS_MAX; i++) {
        const struct quic_path *path = &c->paths[i];
        if (path->is_used && path->challenge_until_us != QUIC_NONE) {
            deadline = uint64_min(deadline, path->challenge_until_us);
            deadline = uint64_min(deadline, path->challenge_us);
        }
    }
    return deadline;
}

static void give_up_path(struct quic_connection *c, unsigned index, uint64_t now_us)
{
    struct quic_path *path = &c->paths[index];
    path->challenge_until_us = QUIC_NONE;
    path->challenge_us = QUIC_NONE;
    if (index == 1) {
        drop_path(c, path);
    } else if (c->paths[1].is_used && c->paths[1].is_validated) { /* 9.3.2: back to the old one */
        bool keeps_estimates = is_rebinding(&c->paths[0].addresses, &c->paths[1].addresses);
        swap_paths(c);
        drop_path(c, &c->paths[1]);
        begin_path_again(c, keeps_estimates, now_us);
    } else {
        quic_close_silently(c, "no path", now_us);
    }
}

void quic_path_on_timeout(struct quic_connection *c, uint64_t now_us)
{
    for (unsigned i = 0; i < QUIC_PATHS_MAX && c->state <= QUIC_STATE_OPEN; i++) {
        struct quic_path *path = &c->paths[i];
        if (path->is_used && path->challenge_until_us <= now_us) {
            give_up_path(c, i, now_us);
        }
    }
}

/* ---- the size of datagrams ---- */

void quic_mtu_begin(struct quic_connection *c, uint64_t now_us)
{
    struct quic_path *path = &c->paths[0];
    path->mtu_tries = 0;
    path->mtu_probe_bytes = (uint16_t)(path->mtu_ceiling - 1);
    path->mtu_us =
        path->mtu_probe_bytes >= path->datagram_bytes + MTU_STEP_MIN ? now_us : QUIC_NONE;
}

/* The next size: half way between what arrives and what does not. */
static void choose_probe(struct quic_connection *c, struct quic_path *path)
{
    uint64_t now_us = c->received_us;
    path->mtu_tries = 0;
    path->mtu_probe_bytes = (uint16_t)((path->datagram_bytes + path->mtu_ceiling) / 2);
    bool is_over = path->mtu_ceiling <= path->datagram_bytes + MTU_STEP_MIN;
    path->mtu_us = is_over ? QUIC_NONE : now_us;
}

void quic_mtu_on_probe(struct quic_connection *c, size_t bytes, bool is_acked)
{
    struct quic_path *path = &c->paths[0];
    if (bytes != path->mtu_probe_bytes) {
        return; /* of a path before, or known meanwhile */
    }
    if (is_acked) {
        path->datagram_bytes = (uint16_t)bytes;
        quic_congestion_set_datagram(&c->recovery.cc, bytes);
        choose_probe(c, path);
    } else if (++path->mtu_tries >= MTU_TRIES_MAX) {
        path->mtu_ceiling = (uint16_t)bytes;
        choose_probe(c, path);
    } else {
        path->mtu_us = c->received_us;
    }
}

void quic_connection_on_too_large(struct quic_connection *c, size_t bytes)
{
    struct quic_path *path = &c->paths[0];
    if (bytes < path->mtu_ceiling) {
        path->mtu_ceiling = (uint16_t)bytes;
    }
    if (bytes <= path->datagram_bytes && bytes > QUIC_INITIAL_DATAGRAM_MIN) {
        path->datagram_bytes = QUIC_INITIAL_DATAGRAM_MIN;
        quic_congestion_set_datagram(&c->recovery.cc, path->datagram_bytes);
    }
    choose_probe(c, path);
}
