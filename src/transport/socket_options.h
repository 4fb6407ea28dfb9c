/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket options that listeners and dialling have in common. A socket that was accepted inherits
 * its listener's.
 */
#ifndef WEIR_TRANSPORT_SOCKET_OPTIONS_H
#define WEIR_TRANSPORT_SOCKET_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct socket_stream_options {
    uint32_t mss;             /* 0: the kernel's */
    uint32_t user_timeout_ms; /* 0: the kernel's */
    bool no_delay;
    bool keep_alive;
};

/* Sets an integer option. False with errno when the kernel refuses. */
bool socket_set_option(int fd, int level, int option, int value);

/* Sets TCP options; what the kernel does not take is left at its default. */
void socket_set_stream_options(int fd, const struct socket_stream_options *options);

/*
 * Makes the close that follows one that the peer is not told of: no packet leaves (that takes
 * CAP_NET_ADMIN), else, or when `rst_ttl` is not 0, a RST that dies `rst_ttl` hops away (0: 1).
 */
void socket_make_silent(int fd, uint8_t rst_ttl);

#endif
