/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resuming sessions with servers: a client context remembers the last session of a few server
 * names.
 *
 * A TLS 1.3 ticket comes after the handshake, with the first bytes read, so a session is kept when
 * it ends. Asking GnuTLS for the data of one that got no ticket would wait for it; so only those
 * that got one are asked.
 *
 * What bounds its memory: TLS_RESUMPTION_SLOTS of TLS_RESUMPTION_BYTES_MAX a context; a refused
 * copy is not kept. RFC 8446 2.2, RFC 5077.
 */
#include <string.h>

#include "base/hash_table.h"
#include "tls/context_internal.h"

enum { NAME_SEED = 0 };

static uint64_t hash_name(const struct tls_session *session)
{
    return hash_bytes(slice_of(session->name, session->name_length), NAME_SEED);
}

static struct tls_resumption *find_slot(struct tls_context *context, uint64_t name_hash)
{
    for (unsigned i = 0; i < TLS_RESUMPTION_SLOTS; i++) {
        struct tls_resumption *slot = &context->resumptions[i];
        if (slot->data != NULL && slot->name_hash == name_hash) {
            return slot;
        }
    }
    return NULL;
}

void tls_resumption_offer(struct tls_session *session)
{
    const struct tls_resumption *slot = find_slot(session->context, hash_name(session));
    if (slot != NULL) {
        /* Refused or outdated data only means a full handshake. */
        (void)gnutls_session_set_data(session->native, slot->data, slot->bytes);
    }
}

static void clear_slot(struct tls_context *context, struct tls_resumption *slot)
{
    memory_release(context->account, slot->data);
    *slot = (struct tls_resumption){0};
}

/* The slot of this name, or the one that is replaced next. */
static struct tls_resumption *take_slot(struct tls_context *context, uint64_t name_hash)
{
    struct tls_resumption *slot = find_slot(context, name_hash);
    if (slot == NULL) {
        slot = &context->resumptions[context->resumption_next];
        context->resumption_next = (context->resumption_next + 1) % TLS_RESUMPTION_SLOTS;
    }
    clear_slot(context, slot);
    return slot;
}

static bool has_ticket(const struct tls_session *session)
{
    return (gnutls_session_get_flags(session->native) & GNUTLS_SFLAGS_SESSION_TICKET) != 0;
}

void tls_resumption_keep(struct tls_session *session)
{
    struct tls_context *context = session->context;
    gnutls_datum_t data;
    if (!session->is_complete || session->error != 0 || !context->has_tickets ||
        !has_ticket(session) || gnutls_session_get_data2(session->native, &data) < 0) {
        return;
    }
    if (data.size <= TLS_RESUMPTION_BYTES_MAX) {
        uint64_t name_hash = hash_name(session);
        struct tls_resumption *slot = take_slot(context, name_hash);
        slot->data = memory_take(context->account, data.size);
        if (slot->data != NULL) {
            memcpy(slot->data, data.data, data.size);
            slot->bytes = data.size;
            slot->name_hash = name_hash;
        }
    }
    gnutls_memset(data.data, 0, data.size);
    gnutls_free(data.data);
}

void tls_resumption_clear(struct tls_context *context)
{
    for (unsigned i = 0; i < TLS_RESUMPTION_SLOTS; i++) {
        clear_slot(context, &context->resumptions[i]);
    }
}
