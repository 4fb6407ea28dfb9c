/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UDP sockets for QUIC: datagrams in by recvmmsg(2), merged by the kernel (GRO) and taken apart
 * here; datagrams out many at a time (GSO); with the address they came to (IP_PKTINFO), ECN marks
 * both ways, the don't-fragment bit, and the drops of a full receive buffer counted.
 *
 * What bounds it: the receive area of a worker, UDP_AREA_MESSAGES buffers of the largest that the
 * kernel merges.
 */
#ifndef WEIR_TRANSPORT_UDP_SOCKET_H
#define WEIR_TRANSPORT_UDP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/result.h"
#include "base/text.h"
#include "event/loop.h"
#include "transport/connection.h"
#include "transport/listen_socket.h"

enum {
    UDP_AREA_MESSAGES = 4,         /* a system call */
    UDP_MESSAGE_BYTES = 64 * 1024, /* merged by the kernel */
    UDP_SEGMENTS_MAX = 64,         /* of one GSO send: the kernel's limit */
};

/* A datagram received; valid during the call. */
struct udp_datagram {
    unsigned char *bytes; /* may be changed */
    size_t length;
    struct address peer, local; /* local: where it was sent to */
    uint8_t ecn;                /* two bits */
};

/* Datagrams to send: `length` bytes, cut into pieces of segment_bytes. */
struct udp_transmit {
    struct address local, peer; /* local AF_UNSPEC: by the routing table */
    const unsigned char *bytes;
    size_t length;
    size_t segment_bytes; /* 0: one datagram */
    uint8_t ecn;
};

struct udp_events {
    /* Datagrams wait: call udp_socket_receive. */
    void (*on_readable)(void *owner);
    void (*on_datagram)(void *owner, const struct udp_datagram *datagram);
    /* After udp_socket_want_write. */
    void (*on_writable)(void *owner);
};

struct udp_socket {
    struct event_io io;
    const struct udp_events *events;
    void *owner;
    int fd; /* -1: not open */
    struct address local;
    size_t receive_buffer_bytes; /* as the kernel granted */
    uint64_t datagrams_in, datagrams_out, drops, send_blocked, send_errors;
    uint32_t drops_seen; /* the kernel's counter */
    bool has_gso, has_gro, wants_write, is_reading;
};

struct udp_area; /* where datagrams are received: one a worker */

/* Takes an area. */
struct udp_area *udp_area_create(struct account *account); /* NULL when refused */
/* Gives it back. */
void udp_area_destroy(struct udp_area *area, struct account *account); /* NULL is allowed */

/* Opens and binds; nothing is read yet. RESULT_FAILED with the reason in `error`. */
MUST_USE enum result udp_socket_open(struct udp_socket *socket, struct transport *transport,
                                     const struct listener_options *options,
                                     const struct udp_events *events, void *owner,
                                     struct text *error);

/* Starts to read. */
void udp_socket_start(struct udp_socket *socket);

/* Takes what waits, up to a few system calls' worth, and calls on_datagram for each. */
void udp_socket_receive(struct udp_socket *socket, struct udp_area *area);

/*
 * Sends. RESULT_OK; RESULT_BLOCKED: the send buffer is full, nothing was sent; RESULT_FULL: larger
 * than the path takes (EMSGSIZE); RESULT_FAILED: no route and the like, as if lost. Where the
 * kernel has no GSO, each piece is a system call.
 */
MUST_USE enum result udp_socket_send(struct udp_socket *socket,
                                     const struct udp_transmit *transmit);

/* Calls on_writable once when the send buffer has room. */
void udp_socket_want_write(struct udp_socket *socket);

/* Closes the socket; harmless when it is not open. */
void udp_socket_close(struct udp_socket *socket);

#endif
