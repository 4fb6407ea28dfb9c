/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bind line's QUIC connections are given: constant after load. Bytes, milliseconds.
 */
#ifndef WEIR_QUIC_SETTINGS_H
#define WEIR_QUIC_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum quic_cc_algorithm { QUIC_CC_CUBIC, QUIC_CC_NEWRENO, QUIC_CC_NONE };

/* Congestion control, as `quic-cc-algo` and tune.quic.* say. */
struct quic_cc_options {
    enum quic_cc_algorithm algorithm;
    size_t window_max; /* bytes; 0: quic_settings.tx_bytes_max alone bounds it */
    bool no_hystart;   /* HyStart++ is on by default (tune.quic.cc-hystart) */
    bool no_pacing;    /* tune.quic.disable-tx-pacing */
    unsigned burst;    /* packets sent at once by the pacer; 0: default */
};

struct quic_settings {
    struct quic_cc_options cc;
    uint64_t idle_timeout_ms;      /* tune.quic.frontend.max-idle-timeout: 30000 */
    uint64_t handshake_timeout_ms; /* timeout client-hs / http-request */
    uint32_t streams_bidi_max;     /* tune.quic.frontend.max-streams-bidi: 100 */
    size_t stream_window_bytes;    /* initial credit of a stream */
    size_t window_bytes;           /* initial credit of a connection */
    size_t window_bytes_max;       /* what windows may grow to (tune.quic.frontend.max-data-size) */
    size_t tx_bytes_max;           /* unacknowledged bytes a connection
                                      (tune.quic.frontend.default-max-window-size) */
    size_t memory_max;             /* a connection's account (tune.quic.fe.mem.conn-max): 512 KiB */
    uint32_t retry_threshold;      /* half-open connections from which Retry is demanded */
    uint16_t datagram_bytes;       /* before path MTU discovery */
    bool force_retry;              /* quic-force-retry */
    bool allow_early;              /* allow-0rtt */
    bool no_gso;                   /* tune.quic.disable-udp-gso */
};

#endif
