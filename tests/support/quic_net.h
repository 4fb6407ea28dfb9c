/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of quic_peer.h against a QUIC listener on a loopback port, with a real loop and real
 * sockets.
 */
#ifndef WEIR_TESTS_SUPPORT_QUIC_NET_H
#define WEIR_TESTS_SUPPORT_QUIC_NET_H

#include <arpa/inet.h>

#include "support/quic_peer.h"
#include "support/transport.h"
#include "transport/quic_client.h"
#include "transport/quic_listener.h"

enum { TEST_NET_TURNS = 20 };

struct test_net {
    struct test_transport base;
    struct test_quic q;
    struct quic_endpoint_pools pools;
    struct quic_endpoint *endpoint;
    struct quic_listener listener;
    struct test_owner owner;
    unsigned accepts;
    bool refuses;
    int fd; /* the client's socket */
};

static inline void test_net_give(struct test_quic *q, const uint8_t *bytes, size_t length)
{
    struct test_net *net = container_of(q, struct test_net, q);
    assert_int_equal(send(net->fd, bytes, length, 0), length);
}

static inline enum result test_net_on_accept(struct quic_listener *listener,
                                             struct connection *connection)
{
    struct test_net *net = listener->owner;
    net->accepts++;
    net->owner.connection = connection;
    connection_set_owner(connection, &TEST_OWNER_EVENTS, &net->owner);
    if (net->refuses) {
        connection_close(connection, true);
        return RESULT_END;
    }
    return RESULT_OK;
}

/* The client's socket, anew: another port. */
static inline void test_net_dial(struct test_net *net)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(net->listener.socket.local.port)};
    if (net->fd > 0) {
        close(net->fd);
    }
    net->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(net->fd, (struct sockaddr *)&in, sizeof(in)), 0);
}

static inline void test_net_open(struct test_net *net)
{
    memset(net, 0, sizeof(*net));
    test_transport_open(&net->base, 0);
    test_quic_prepare(&net->q, net->base.base.memory);
    net->q.give = test_net_give;
    net->q.settings.memory_max = 512 * KIBIBYTE;
    assert_int_equal(quic_endpoint_pools_create(&net->pools, net->base.base.memory), RESULT_OK);
    net->pools.clients = quic_client_pool_create(net->base.base.memory);
    assert_int_equal(quic_endpoint_create(&net->base.transport, &net->pools, &net->q.secrets,
                                          &net->q.worker, 3, 9, &net->endpoint),
                     RESULT_OK);
    char text[256];
    struct text error = text_over(text, sizeof(text));
    struct listener_options options = {.inherited_fd = -1};
    assert_int_equal(address_parse_ip(SLICE("127.0.0.1"), &options.address), RESULT_OK);
    net->listener.owner = net;
    net->listener.on_accept = test_net_on_accept;
    assert_int_equal(quic_listener_open(&net->listener, net->endpoint, &options, net->q.context.tls,
                                        &net->q.settings, &error),
                     RESULT_OK);
    quic_listener_start(&net->listener);
    test_net_dial(net);
}

/* Some turns of the loop, and all datagrams that came. */
static inline void test_net_turn(struct test_net *net)
{
    for (unsigned i = 0; i < TEST_NET_TURNS; i++) {
        uint8_t datagram[TEST_DATAGRAM_MAX];
        event_loop_turn(net->base.base.loop, false);
        ssize_t length;
        while ((length = recv(net->fd, datagram, sizeof(datagram), MSG_DONTWAIT)) > 0) {
            test_quic_take(&net->q, datagram, (size_t)length);
        }
    }
}

/* Makes the client's first message. */
static inline void test_net_hello(struct test_net *net)
{
    test_quic_client_keys(&net->q);
    test_quic_tls_open(&net->q.tls, "h3");
}

static inline void test_net_connect(struct test_net *net)
{
    test_net_hello(net);
    for (unsigned turn = 0; turn < TEST_TURNS && net->q.count[QUIC_FRAME_HANDSHAKE_DONE] == 0;
         turn++) {
        test_quic_send_crypto(&net->q);
        test_net_turn(net);
    }
    assert_true(net->q.count[QUIC_FRAME_HANDSHAKE_DONE] > 0);
    assert_int_equal(net->owner.opens, 1);
    test_quic_acknowledge(&net->q, QUIC_SPACE_APPLICATION);
    test_net_turn(net);
}

static inline void test_net_close(struct test_net *net)
{
    if (net->owner.connection != NULL && !net->refuses) {
        connection_close(net->owner.connection, false);
    }
    test_net_turn(net);
    quic_listener_destroy(&net->listener);
    quic_endpoint_destroy(net->endpoint);
    close(net->fd);
    test_quic_finish(&net->q);
    test_transport_close(&net->base);
}

#endif
