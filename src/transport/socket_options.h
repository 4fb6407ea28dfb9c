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

#endif
