/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's QUIC: ids to connections, and who sends when. Connections with something to send stand
 * in a list; at the end of a turn each sends until it has no more or its share of the turn is over,
 * so that everything that one turn's datagrams and servers brought leaves together. A full socket
 * holds all of them back: what was built for it waits in the one send buffer.
 *
 * Bounded by fixed buckets and one buffer; ids are charged to their connections.
 */
#include "transport/quic_endpoint.h"

#include "base/assert.h"
#include "tls/aead.h"

/* One id of a connection. */
struct id_entry {
    struct hash_link link;
    struct quic_client *client;
    struct quic_cid id;
};

enum result quic_endpoint_pools_create(struct quic_endpoint_pools *pools, struct memory *memory)
{
    pools->ids = pool_create(memory, "quic_id", sizeof(struct id_entry), POOL_SHARED);
    if (pools->ids == NULL) {
        return RESULT_NO_MEMORY;
    }
    return quic_pools_create(&pools->core, memory);
}

/* ---- life ---- */

static void on_flush(struct event_deferred *deferred);

enum result quic_endpoint_create(struct transport *transport,
                                 const struct quic_endpoint_pools *pools,
                                 const struct quic_secrets *secrets, struct account *account,
                                 uint8_t worker, uint8_t generation, struct quic_endpoint **out)
{
    struct quic_endpoint *endpoint = memory_take(account, sizeof(*endpoint));
    if (endpoint == NULL) {
        return RESULT_NO_MEMORY;
    }
    endpoint->transport = transport;
    endpoint->pools = pools;
    endpoint->secrets = secrets;
    endpoint->account = account;
    endpoint->worker = worker;
    endpoint->generation = generation;
    list_init(&endpoint->sending);
    list_init(&endpoint->clients);
    event_deferred_init(&endpoint->flush, on_flush);
    tls_random(&endpoint->seed, sizeof(endpoint->seed));
    endpoint->buckets = memory_take(account, QUIC_ID_BUCKETS * sizeof(*endpoint->buckets));
    endpoint->send_buffer = memory_take(account, QUIC_SEND_BYTES);
    endpoint->area = udp_area_create(account);
    if (endpoint->buckets == NULL || endpoint->send_buffer == NULL || endpoint->area == NULL) {
        quic_endpoint_destroy(endpoint);
        return RESULT_NO_MEMORY;
    }
    hash_table_init(&endpoint->ids, endpoint->buckets, QUIC_ID_BUCKETS);
    *out = endpoint;
    return RESULT_OK;
}

void quic_endpoint_destroy(struct quic_endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    ASSERT(list_is_empty(&endpoint->clients));
    event_defer_cancel(&endpoint->flush);
    memory_release(endpoint->account, endpoint->buckets);
    memory_release(endpoint->account, endpoint->send_buffer);
    udp_area_destroy(endpoint->area, endpoint->account);
    memory_release(endpoint->account, endpoint);
}

/* ---- ids ---- */

static uint64_t hash_of(const struct quic_endpoint *endpoint, const struct quic_cid *id)
{
    return hash_bytes(slice_of((const char *)id->bytes, id->length), endpoint->seed);
}

static struct id_entry *find_entry(const struct quic_endpoint *endpoint, const struct quic_cid *id)
{
    struct hash_link *link = hash_table_find(&endpoint->ids, hash_of(endpoint, id));
    while (link != NULL) {
        struct id_entry *entry = container_of(link, struct id_entry, link);
        if (quic_cid_equal(&entry->id, id)) {
            return entry;
        }
        link = hash_table_next(link);
    }
    return NULL;
}

struct quic_client *quic_endpoint_find(const struct quic_endpoint *endpoint,
                                       const struct quic_cid *id)
{
    const struct id_entry *entry = find_entry(endpoint, id);
    return entry == NULL ? NULL : entry->client;
}

enum result quic_endpoint_add_id(struct quic_endpoint *endpoint, struct quic_client *client,
                                 struct account *account, const struct quic_cid *id)
{
    if (find_entry(endpoint, id) != NULL) {
        return RESULT_FULL;
    }
    struct id_entry *entry = pool_take(endpoint->pools->ids, account);
    if (entry == NULL) {
        return RESULT_NO_MEMORY;
    }
    entry->client = client;
    entry->id = *id;
    hash_table_insert(&endpoint->ids, &entry->link, hash_of(endpoint, id));
    return RESULT_OK;
}

void quic_endpoint_remove_id(struct quic_endpoint *endpoint, struct quic_client *client,
                             struct account *account, const struct quic_cid *id)
{
    struct id_entry *entry = find_entry(endpoint, id);
    if (entry != NULL && entry->client == client) {
        hash_table_remove(&endpoint->ids, &entry->link);
        pool_release(endpoint->pools->ids, account, entry);
    }
}

/* ---- sending ---- */

void quic_endpoint_schedule(struct quic_endpoint *endpoint, struct quic_sender *sender)
{
    if (list_is_empty(&sender->link)) {
        list_append(&endpoint->sending, &sender->link);
    }
    if (endpoint->blocked == NULL) {
        event_defer(endpoint->transport->loop, &endpoint->flush);
    }
}

void quic_endpoint_forget(struct quic_endpoint *endpoint, struct quic_sender *sender)
{
    list_remove(&sender->link);
    if (endpoint->blocked == sender) { /* its datagrams are lost */
        endpoint->blocked = NULL;
        event_defer(endpoint->transport->loop, &endpoint->flush);
    }
}

/* Each sender of the list once; those that have more stand in the list again. */
static void on_flush(struct event_deferred *deferred)
{
    struct quic_endpoint *endpoint = container_of(deferred, struct quic_endpoint, flush);
    struct list turn;
    list_init(&turn);
    list_insert_after(&endpoint->sending, &turn);
    list_remove(&endpoint->sending);
    struct list *link;
    while (endpoint->blocked == NULL && (link = list_take_first(&turn)) != NULL) {
        struct quic_sender *sender = container_of(link, struct quic_sender, link);
        if (sender->on_flush(sender) == RESULT_FULL) {
            quic_endpoint_schedule(endpoint, sender);
        }
    }
    while ((link = list_take_first(&turn)) != NULL) {
        list_append(&endpoint->sending, link);
    }
}

enum result quic_endpoint_send(struct quic_endpoint *endpoint, struct quic_sender *sender,
                               struct udp_socket *socket, const struct quic_transmit *transmit)
{
    endpoint->blocked_transmit = (struct udp_transmit){
        .local = transmit->addresses.local,
        .peer = transmit->addresses.peer,
        .ecn = transmit->ecn,
        .bytes = endpoint->send_buffer,
        .length = transmit->bytes,
        .segment_bytes = transmit->segment_bytes,
    };
    enum result result = udp_socket_send(socket, &endpoint->blocked_transmit);
    if (result == RESULT_BLOCKED) {
        endpoint->blocked = sender;
        endpoint->blocked_socket = socket;
        udp_socket_want_write(socket);
    }
    return result;
}

void quic_endpoint_on_writable(struct quic_endpoint *endpoint)
{
    struct quic_sender *sender = endpoint->blocked;
    if (sender == NULL) {
        return;
    }
    if (udp_socket_send(endpoint->blocked_socket, &endpoint->blocked_transmit) == RESULT_BLOCKED) {
        udp_socket_want_write(endpoint->blocked_socket);
        return;
    }
    endpoint->blocked = NULL;
    quic_endpoint_schedule(endpoint, sender);
}
