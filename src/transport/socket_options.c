/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket options of TCP connections. They are hints to the kernel: one that it refuses (an MSS out
 * of range, a Unix socket passed as fd@) is no reason not to serve, so only the caller of
 * socket_set_option is told.
 */
#include "transport/socket_options.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

bool socket_set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static int to_int(uint32_t value)
{
    return value > INT_MAX ? INT_MAX : (int)value;
}

void socket_set_stream_options(int fd, const struct socket_stream_options *options)
{
    if (options->no_delay) {
        (void)socket_set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    }
    if (options->keep_alive) {
        (void)socket_set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    }
    if (options->mss > 0) {
        (void)socket_set_option(fd, IPPROTO_TCP, TCP_MAXSEG, to_int(options->mss));
    }
    if (options->user_timeout_ms > 0) {
        (void)socket_set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
                                to_int(options->user_timeout_ms));
    }
}

void socket_make_silent(int fd, uint8_t rst_ttl)
{
    if (rst_ttl == 0 && socket_set_option(fd, IPPROTO_TCP, TCP_REPAIR, 1)) {
        return; /* a socket under repair is closed without a word */
    }
    int hops = rst_ttl == 0 ? 1 : rst_ttl;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)socket_set_option(fd, IPPROTO_IP, IP_TTL, hops);
    (void)socket_set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops);
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}
