/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection ids (RFC 9000 5.1, 19.15, 19.16). Ours carry the worker and the generation of the
 * process in the layout of QUIC-LB (draft-ietf-quic-load-balancers), so that the kernel and other
 * balancers can steer by them:
 *
 *   byte 0     1            2            3 to 7
 *   random  |  worker   |  generation  |  random
 *
 * Bounded: QUIC_LOCAL_IDS_MAX of ours, QUIC_PEER_IDS_MAX of the peer's, QUIC_RETIRE_DUE_MAX that
 * are still to be retired.
 */
#include <gnutls/gnutls.h>

#include "quic/connection_internal.h"

enum { ID_WORKER = 1, ID_GENERATION = 2, ID_TRIES = 4 };

/* ---- ours ---- */

static void make_id(const struct quic_connection *c, struct quic_cid *id)
{
    id->length = QUIC_LOCAL_CID_BYTES;
    tls_random(id->bytes, QUIC_LOCAL_CID_BYTES);
    id->bytes[ID_WORKER] = c->context->worker;
    id->bytes[ID_GENERATION] = c->context->generation;
}

bool quic_ids_add_local(struct quic_connection *c)
{
    struct quic_local_id *slot = NULL;
    for (unsigned i = 0; i < QUIC_LOCAL_IDS_MAX && slot == NULL; i++) {
        slot = c->local_ids[i].is_used ? NULL : &c->local_ids[i];
    }
    if (slot == NULL) {
        return false;
    }
    for (unsigned tries = 0; tries < ID_TRIES; tries++) {
        make_id(c, &slot->id);
        enum result result = c->events->on_id(c->owner, &slot->id, true);
        if (result == RESULT_OK) {
            slot->sequence = c->local_sequence++;
            slot->is_used = true;
            slot->is_due = true;
            return true;
        }
        if (result == RESULT_NO_MEMORY) {
            break;
        }
    }
    return false;
}

void quic_ids_fill(struct quic_connection *c)
{
    unsigned used = 0;
    for (unsigned i = 0; i < QUIC_LOCAL_IDS_MAX; i++) {
        used += c->local_ids[i].is_used ? 1 : 0;
    }
    while (used < c->local_ids_limit && quic_ids_add_local(c)) {
        used++;
    }
}

bool quic_ids_find_local(const struct quic_connection *c, const struct quic_cid *id,
                         uint64_t *sequence)
{
    for (unsigned i = 0; i < QUIC_LOCAL_IDS_MAX; i++) {
        if (c->local_ids[i].is_used && quic_cid_equal(&c->local_ids[i].id, id)) {
            *sequence = c->local_ids[i].sequence;
            return true;
        }
    }
    return false;
}

static void remove_local(struct quic_connection *c, struct quic_local_id *id)
{
    enum result ignored = c->events->on_id(c->owner, &id->id, false);
    (void)ignored; /* a removal is not refused */
    id->is_used = false;
}

enum result quic_ids_on_retire(struct quic_connection *c, uint64_t sequence, enum quic_error *error)
{
    if (sequence >= c->local_sequence) {
        *error = QUIC_PROTOCOL_VIOLATION;
        return RESULT_INVALID;
    }
    for (unsigned i = 0; i < QUIC_LOCAL_IDS_MAX; i++) {
        if (c->local_ids[i].is_used && c->local_ids[i].sequence == sequence) {
            remove_local(c, &c->local_ids[i]);
            quic_ids_fill(c);
        }
    }
    return RESULT_OK;
}

void quic_ids_clear(struct quic_connection *c)
{
    for (unsigned i = 0; i < QUIC_LOCAL_IDS_MAX; i++) {
        if (c->local_ids[i].is_used) {
            remove_local(c, &c->local_ids[i]);
        }
    }
}

/* ---- the peer's ---- */

static bool add_retire(struct quic_connection *c, uint64_t sequence)
{
    for (unsigned i = 0; i < c->retire_due_count; i++) {
        if (c->retire_due[i] == sequence) {
            return true;
        }
    }
    if (c->retire_due_count == QUIC_RETIRE_DUE_MAX) {
        return false;
    }
    c->retire_due[c->retire_due_count++] = sequence;
    return true;
}

/* Paths whose id must go take another one; false when there is none for the path in use. */
static bool replace_retired(struct quic_connection *c)
{
    for (unsigned i = 0; i < QUIC_PATHS_MAX; i++) {
        struct quic_path *path = &c->paths[i];
        if (!path->is_used || c->peer_ids[path->peer_id].sequence >= c->peer_retire_prior_to) {
            continue;
        }
        quic_ids_give_peer(c, path);
        if (!quic_ids_take_peer(c, path)) {
            if (i == 0) {
                return false;
            }
            path->is_used = false;
        }
    }
    return true;
}

static bool retire_unused(struct quic_connection *c)
{
    for (unsigned i = 0; i < QUIC_PEER_IDS_MAX; i++) {
        struct quic_peer_id *id = &c->peer_ids[i];
        if (id->is_known && !id->is_taken && id->sequence < c->peer_retire_prior_to) {
            id->is_known = false;
            if (!add_retire(c, id->sequence)) {
                return false;
            }
        }
    }
    return true;
}

static struct quic_peer_id *find_free_peer(struct quic_connection *c)
{
    for (unsigned i = 0; i < QUIC_PEER_IDS_MAX; i++) {
        if (!c->peer_ids[i].is_known) {
            return &c->peer_ids[i];
        }
    }
    return NULL;
}

/* What a frame must not contradict (19.15); ids seen before are no news. */
static enum result check_new(const struct quic_connection *c, const struct quic_frame *frame,
                             bool *is_known)
{
    *is_known = false;
    if (c->peer_ids[c->paths[0].peer_id].id.length == 0) {
        return RESULT_INVALID; /* a peer without ids cannot change them */
    }
    for (unsigned i = 0; i < QUIC_PEER_IDS_MAX; i++) {
        const struct quic_peer_id *id = &c->peer_ids[i];
        if (!id->is_known) {
            continue;
        }
        bool is_same_id = quic_cid_equal(&id->id, &frame->new_id.id);
        bool is_same_sequence = id->sequence == frame->new_id.sequence;
        if (is_same_id != is_same_sequence) {
            return RESULT_INVALID;
        }
        *is_known = *is_known || is_same_id;
    }
    return RESULT_OK;
}

enum result quic_ids_on_new(struct quic_connection *c, const struct quic_frame *frame,
                            enum quic_error *error)
{
    bool is_known;
    *error = QUIC_PROTOCOL_VIOLATION;
    if (check_new(c, frame, &is_known) != RESULT_OK) {
        return RESULT_INVALID;
    }
    *error = QUIC_CONNECTION_ID_LIMIT_ERROR;
    bool is_retired = frame->new_id.sequence < c->peer_retire_prior_to;
    if (frame->new_id.retire_prior_to > c->peer_retire_prior_to) {
        c->peer_retire_prior_to = frame->new_id.retire_prior_to;
        if (!retire_unused(c)) {
            return RESULT_INVALID;
        }
    }
    if (!is_known && is_retired) {
        return add_retire(c, frame->new_id.sequence) ? RESULT_OK : RESULT_INVALID;
    }
    if (!is_known) {
        struct quic_peer_id *slot = find_free_peer(c);
        bool may_replace =
            slot == NULL && c->peer_ids[c->paths[0].peer_id].sequence < c->peer_retire_prior_to;
        if (may_replace) { /* the one in use goes for it */
            slot = &c->peer_ids[c->paths[0].peer_id];
            if (!add_retire(c, slot->sequence)) {
                return RESULT_INVALID;
            }
        } else if (slot == NULL) {
            return RESULT_INVALID;
        }
        *slot = (struct quic_peer_id){.id = frame->new_id.id,
                                      .sequence = frame->new_id.sequence,
                                      .is_known = true,
                                      .has_token = true,
                                      .is_taken = may_replace};
        memcpy(slot->reset_token, frame->new_id.reset_token, sizeof(slot->reset_token));
    }
    if (!replace_retired(c)) {
        return RESULT_INVALID;
    }
    quic_connection_mark_pending(c);
    return RESULT_OK;
}

bool quic_ids_take_peer(struct quic_connection *c, struct quic_path *path)
{
    for (unsigned i = 0; i < QUIC_PEER_IDS_MAX; i++) {
        struct quic_peer_id *id = &c->peer_ids[i];
        if (id->is_known && !id->is_taken && id->sequence >= c->peer_retire_prior_to) {
            id->is_taken = true;
            path->peer_id = (uint8_t)i;
            return true;
        }
    }
    return false;
}

void quic_ids_give_peer(struct quic_connection *c, struct quic_path *path)
{
    struct quic_peer_id *id = &c->peer_ids[path->peer_id];
    if (id->id.length == 0) {
        return; /* the peer uses none: there is nothing to retire */
    }
    id->is_known = false;
    id->is_taken = false;
    bool is_noted = add_retire(c, id->sequence);
    (void)is_noted; /* when the list is full the peer keeps an id that nobody uses: harmless */
}

bool quic_ids_is_reset(const struct quic_connection *c, const struct quic_datagram *datagram)
{
    enum { RESET_BYTES_MIN = 21 }; /* 10.3 */
    if (datagram->length < RESET_BYTES_MIN) {
        return false;
    }
    const uint8_t *end = datagram->bytes + datagram->length - QUIC_RESET_TOKEN_BYTES;
    for (unsigned i = 0; i < QUIC_PEER_IDS_MAX; i++) {
        const struct quic_peer_id *id = &c->peer_ids[i];
        if (id->is_known && id->has_token &&
            gnutls_memcmp(id->reset_token, end, QUIC_RESET_TOKEN_BYTES) == 0) {
            return true;
        }
    }
    return false;
}
