/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UDP sockets for QUIC (udp(7), ip(7), ipv6(7)).
 *
 * Hard idea: one message of the kernel may be many datagrams, both ways; control messages tell
 * their size (UDP_GRO, UDP_SEGMENT), the address they were sent to, and their ECN mark. Whatever of
 * that a kernel lacks is found out when the socket is opened, or at the first refusal, and done
 * without. Bounded by the receive area.
 */
#include "transport/udp_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/number.h"
#include "transport/socket_options.h"

enum {
    CONTROL_BYTES = 256,
    RECEIVE_CALLS = 4, /* a turn of the loop: others want theirs */
    RECEIVE_BUFFER_BYTES = 2 * 1024 * 1024,
    SEND_BUFFER_BYTES = 2 * 1024 * 1024,
    ECN_MASK = 3,
};

struct udp_area {
    struct mmsghdr messages[UDP_AREA_MESSAGES];
    struct iovec vectors[UDP_AREA_MESSAGES];
    struct sockaddr_storage peers[UDP_AREA_MESSAGES];
    _Alignas(struct cmsghdr) unsigned char control[UDP_AREA_MESSAGES][CONTROL_BYTES];
    unsigned char bytes[UDP_AREA_MESSAGES][UDP_MESSAGE_BYTES];
};

struct udp_area *udp_area_create(struct account *account)
{
    return memory_take(account, sizeof(struct udp_area));
}

void udp_area_destroy(struct udp_area *area, struct account *account)
{
    memory_release(account, area);
}

/* ---- opening ---- */

static void on_io(struct event_io *io, unsigned ready)
{
    struct udp_socket *udp = container_of(io, struct udp_socket, io);
    if ((ready & EVENT_WRITE) != 0 && udp->wants_write) {
        udp->wants_write = false;
        event_io_want(&udp->io, udp->is_reading ? EVENT_READ : 0);
        udp->events->on_writable(udp->owner);
    }
    if ((ready & EVENT_READ) != 0 && udp->is_reading) {
        udp->events->on_readable(udp->owner);
    }
}

/* Options of which a kernel may know some. */
static void set_options(struct udp_socket *udp)
{
    int fd = udp->fd;
    if (udp->local.family == AF_INET6) {
        (void)socket_set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
        (void)socket_set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
        (void)socket_set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    }
    (void)socket_set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
    (void)socket_set_option(fd, IPPROTO_IP, IP_RECVTOS, 1);
    (void)socket_set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    (void)socket_set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
    udp->has_gro = socket_set_option(fd, IPPROTO_UDP, UDP_GRO, 1);
    udp->has_gso = true; /* until it is refused */
    if (!socket_set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)) {
        (void)socket_set_option(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    }
    (void)socket_set_option(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
    int granted = 0;
    socklen_t length = sizeof(granted);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &length) == 0) {
        udp->receive_buffer_bytes = (size_t)granted / 2; /* the kernel doubles it for itself */
    }
}

enum result udp_socket_open(struct udp_socket *udp, struct transport *transport,
                            const struct listener_options *options, const struct udp_events *events,
                            void *owner, struct text *error)
{
    *udp = (struct udp_socket){.events = events, .owner = owner, .fd = -1};
    struct listener_options datagrams = *options;
    datagrams.is_datagram = true;
    enum result result = listen_socket_open(&datagrams, &udp->fd, error);
    if (result != RESULT_OK) {
        return result;
    }
    struct sockaddr_storage storage;
    socklen_t length = sizeof(storage);
    if (getsockname(udp->fd, (struct sockaddr *)&storage, &length) == 0) {
        udp->local = address_from_socket(&storage, length);
    }
    set_options(udp);
    event_io_init(&udp->io, transport->loop, udp->fd, on_io);
    return RESULT_OK;
}

void udp_socket_start(struct udp_socket *udp)
{
    udp->is_reading = true;
    event_io_want(&udp->io, EVENT_READ);
}

void udp_socket_want_write(struct udp_socket *udp)
{
    udp->wants_write = true;
    event_io_want(&udp->io, (udp->is_reading ? EVENT_READ : 0U) | EVENT_WRITE);
}

void udp_socket_close(struct udp_socket *udp)
{
    if (udp->fd >= 0) {
        event_io_stop(&udp->io);
        close(udp->fd);
        udp->fd = -1;
    }
}

/* ---- receiving ---- */

/* What control messages tell of a message. */
struct told {
    struct address local;
    size_t segment_bytes;
    uint8_t ecn;
};

static int read_int(const struct cmsghdr *header)
{
    int value = 0;
    size_t bytes = header->cmsg_len - CMSG_LEN(0);
    memcpy(&value, CMSG_DATA(header), size_min(bytes, sizeof(value)));
    return value;
}

static void read_local(struct told *told, const struct cmsghdr *header)
{
    if (header->cmsg_level == IPPROTO_IP) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(header), sizeof(info));
        told->local.family = AF_INET;
        told->local.v4 = info.ipi_addr;
    } else {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(header), sizeof(info));
        told->local.family = AF_INET6;
        told->local.v6 = info.ipi6_addr;
        told->local.scope = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
    }
}

static void note_drops(struct udp_socket *udp, const struct cmsghdr *header)
{
    uint32_t drops = (uint32_t)read_int(header);
    udp->drops += drops - udp->drops_seen;
    udp->drops_seen = drops;
}

static struct told read_control(struct udp_socket *udp, struct msghdr *message)
{
    struct told told = {.local = udp->local};
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        int level = header->cmsg_level;
        int type = header->cmsg_type;
        if ((level == IPPROTO_IP && type == IP_PKTINFO) ||
            (level == IPPROTO_IPV6 && type == IPV6_PKTINFO)) {
            read_local(&told, header);
        } else if ((level == IPPROTO_IP && type == IP_TOS) ||
                   (level == IPPROTO_IPV6 && type == IPV6_TCLASS)) {
            told.ecn = (uint8_t)(read_int(header) & ECN_MASK);
        } else if (level == IPPROTO_UDP && type == UDP_GRO) {
            told.segment_bytes = (size_t)read_int(header);
        } else if (level == SOL_SOCKET && type == SO_RXQ_OVFL) {
            note_drops(udp, header);
        }
    }
    return told;
}

static void deliver(struct udp_socket *udp, struct mmsghdr *message)
{
    if ((message->msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        return;
    }
    struct told told = read_control(udp, &message->msg_hdr);
    struct udp_datagram datagram = {
        .peer = address_from_socket(message->msg_hdr.msg_name, message->msg_hdr.msg_namelen),
        .local = told.local,
        .ecn = told.ecn,
    };
    unsigned char *bytes = message->msg_hdr.msg_iov->iov_base;
    size_t left = message->msg_len;
    size_t segment = told.segment_bytes != 0 ? told.segment_bytes : left;
    while (left > 0 && udp->fd >= 0) {
        datagram.bytes = bytes;
        datagram.length = size_min(segment, left);
        udp->datagrams_in++;
        udp->events->on_datagram(udp->owner, &datagram);
        bytes += datagram.length;
        left -= datagram.length;
    }
}

static void prepare(struct udp_area *area)
{
    for (unsigned i = 0; i < UDP_AREA_MESSAGES; i++) {
        area->vectors[i] = (struct iovec){area->bytes[i], UDP_MESSAGE_BYTES};
        area->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &area->peers[i],
            .msg_namelen = sizeof(area->peers[i]),
            .msg_iov = &area->vectors[i],
            .msg_iovlen = 1,
            .msg_control = area->control[i],
            .msg_controllen = CONTROL_BYTES,
        };
    }
}

void udp_socket_receive(struct udp_socket *udp, struct udp_area *area)
{
    for (unsigned call = 0; call < RECEIVE_CALLS && udp->fd >= 0; call++) {
        prepare(area);
        int count = recvmmsg(udp->fd, area->messages, UDP_AREA_MESSAGES, MSG_DONTWAIT, NULL);
        if (count < 0 && errno != EAGAIN) {
            continue; /* an error that ICMP brought is told once, and is nobody's here */
        }
        for (int i = 0; i < count; i++) {
            deliver(udp, &area->messages[i]);
        }
        if (count < UDP_AREA_MESSAGES) {
            return;
        }
    }
}

/* ---- sending ---- */

/* Appends a control message; returns the room that it took. */
static size_t put_control(struct msghdr *message, int level, int type, const void *data,
                          size_t bytes)
{
    struct cmsghdr *header =
        (struct cmsghdr *)(void *)((unsigned char *)message->msg_control + message->msg_controllen);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(bytes);
    memcpy(CMSG_DATA(header), data, bytes);
    return CMSG_SPACE(bytes);
}

static bool is_mapped(const struct address *address)
{
    return address->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->v6);
}

static void put_source(struct msghdr *message, const struct udp_transmit *transmit)
{
    if (transmit->local.family == AF_INET) {
        struct in_pktinfo info = {.ipi_spec_dst = transmit->local.v4};
        message->msg_controllen +=
            put_control(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    } else if (transmit->local.family == AF_INET6) {
        struct in6_pktinfo info = {.ipi6_addr = transmit->local.v6,
                                   .ipi6_ifindex = transmit->local.scope};
        message->msg_controllen +=
            put_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    }
}

static void put_ecn(struct msghdr *message, const struct udp_transmit *transmit)
{
    if (transmit->ecn == 0) {
        return;
    }
    int mark = transmit->ecn;
    bool is_v4 = transmit->peer.family == AF_INET || is_mapped(&transmit->peer);
    message->msg_controllen += put_control(message, is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
                                           is_v4 ? IP_TOS : IPV6_TCLASS, &mark, sizeof(mark));
}

static ssize_t send_message(struct udp_socket *udp, const struct udp_transmit *transmit,
                            const unsigned char *bytes, size_t length, size_t segment_bytes)
{
    _Alignas(struct cmsghdr) unsigned char control[CONTROL_BYTES] = {0};
    struct sockaddr_storage peer;
    struct iovec vector = {(void *)(uintptr_t)bytes, length};
    struct msghdr message = {
        .msg_name = &peer,
        .msg_namelen = address_to_socket(&transmit->peer, &peer),
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control,
    };
    put_source(&message, transmit);
    put_ecn(&message, transmit);
    if (segment_bytes != 0) {
        uint16_t size = (uint16_t)segment_bytes;
        message.msg_controllen +=
            put_control(&message, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
    }
    if (message.msg_controllen == 0) {
        message.msg_control = NULL;
    }
    return sendmsg(udp->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static enum result result_of(struct udp_socket *udp, int error)
{
    if (error == EAGAIN || error == ENOBUFS) {
        udp->send_blocked++;
        return error == EAGAIN ? RESULT_BLOCKED : RESULT_FAILED;
    }
    udp->send_errors++;
    return error == EMSGSIZE ? RESULT_FULL : RESULT_FAILED;
}

/* A system call a piece. What a full buffer refuses in the middle is lost: the rest would come
 * twice. */
static enum result send_pieces(struct udp_socket *udp, const struct udp_transmit *transmit,
                               size_t segment)
{
    for (size_t at = 0; at < transmit->length; at += segment) {
        size_t length = size_min(segment, transmit->length - at);
        if (send_message(udp, transmit, transmit->bytes + at, length, 0) < 0) {
            enum result result = result_of(udp, errno);
            return result == RESULT_BLOCKED && at > 0 ? RESULT_FAILED : result;
        }
        udp->datagrams_out++;
    }
    return RESULT_OK;
}

enum result udp_socket_send(struct udp_socket *udp, const struct udp_transmit *transmit)
{
    size_t segment = transmit->segment_bytes != 0 ? transmit->segment_bytes : transmit->length;
    bool is_many = segment < transmit->length;
    if (!is_many || !udp->has_gso) {
        return send_pieces(udp, transmit, segment);
    }
    if (send_message(udp, transmit, transmit->bytes, transmit->length, segment) >= 0) {
        udp->datagrams_out += (transmit->length + segment - 1) / segment;
        return RESULT_OK;
    }
    if (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP) { /* no GSO on this device */
        udp->has_gso = false;
        return send_pieces(udp, transmit, segment);
    }
    return result_of(udp, errno);
}
