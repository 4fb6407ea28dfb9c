/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loss detection (RFC 9002): what was sent and is neither acknowledged nor given up, round-trip
 * time, probe timeouts, persistent congestion, spurious losses, ECN validation (RFC 9000 13.4.2),
 * bytes in flight.
 *
 * What bounds it: a record a packet in flight (QUIC_SENT_MAX of them a connection; quic_sent_take
 * says RESULT_FULL beyond) and one a frame beyond a packet's first, from two pools, charged to the
 * connection's account, taken before a packet is built. Processing an ACK takes no memory. Time is
 * microseconds, passed in.
 */
#ifndef WEIR_QUIC_RECOVERY_H
#define WEIR_QUIC_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "memory/memory.h"
#include "memory/pool.h"
#include "quic/congestion.h"
#include "quic/frame.h"
#include "quic/types.h"

enum {
    QUIC_SENT_MAX = 8192, /* packets in flight a connection */
    QUIC_SKIPPED_KEPT = 4,
    QUIC_GRANULARITY_US = 1000,   /* RFC 9002 6.1.2 */
    QUIC_INITIAL_RTT_US = 333000, /* 6.2.2 */
};

/* A frame that must be known again when its packet is acknowledged or lost. */
struct quic_sent_frame {
    struct quic_sent_frame *next;
    uint64_t id;     /* stream id, sequence of a connection id, largest number of an ACK */
    uint64_t offset; /* STREAM, CRYPTO */
    uint32_t length;
    uint8_t type;  /* enum quic_frame_type */
    bool is_final; /* STREAM with FIN */
};

/* A packet in flight or not yet acknowledged. */
struct quic_sent {
    struct quic_sent *next, *previous; /* by packet number */
    uint64_t number;
    uint64_t sent_us;
    uint64_t delivered, delivered_us, first_sent_us; /* delivery rate estimation */
    struct quic_sent_frame *frames;                  /* beyond the first */
    struct quic_sent_frame frame;                    /* the first; type PADDING: none */
    uint16_t bytes;                                  /* 0: not in flight (only ACK and the like) */
    uint8_t path; /* path it left by: those of an old path do not touch congestion control */
    bool elicits_ack, is_ect, is_app_limited, is_window_limited, is_probe, is_mtu_probe, was_lost;
};

struct quic_sent_space {
    struct quic_sent *first, *last;
    uint64_t next_number;
    uint64_t largest_acked; /* QUIC_NONE: none */
    uint64_t loss_us;       /* when a packet is to be declared lost by time; QUIC_NONE: not */
    uint64_t last_eliciting_us;
    uint32_t eliciting_in_flight;
    uint64_t ect0_sent, ect0_acked, ce_acked;
    uint64_t skipped[QUIC_SKIPPED_KEPT];
    unsigned skipped_count;
    bool is_discarded;
};

enum quic_ecn_state { QUIC_ECN_TESTING, QUIC_ECN_CAPABLE, QUIC_ECN_FAILED };

/* Calls made while an ACK or a timeout is processed. They must not send. */
struct quic_recovery_events {
    void (*on_frame_acked)(void *owner, enum quic_space space, const struct quic_sent_frame *frame);
    void (*on_frame_lost)(void *owner, enum quic_space space, const struct quic_sent_frame *frame);
    /* An MTU probe was acknowledged or lost: its size on the wire. */
    void (*on_mtu_probe)(void *owner, size_t bytes, bool is_acked);
};

struct quic_recovery_pools {
    struct pool *sent, *frames;
};

struct quic_recovery {
    const struct quic_recovery_pools *pools;
    struct account *account;
    const struct quic_recovery_events *events;
    void *owner;
    struct quic_sent_space spaces[QUIC_SPACES];
    struct quic_rtt rtt;
    struct quic_congestion cc;
    uint64_t in_flight;
    uint32_t sent_count;
    unsigned pto_count;
    uint64_t peer_max_ack_delay_us;
    uint64_t delivered, delivered_us, first_sent_us, app_limited_until;
    uint64_t packets_sent, packets_lost, packets_spurious, bytes_lost;
    unsigned reorder_threshold; /* packets; 3 at first, grows with spurious losses, bounded */
    enum quic_ecn_state ecn;
    uint8_t path;
    bool handshake_confirmed;
    bool is_amplification_limited; /* the owner sets it: no PTO runs while nothing may be sent */
    bool has_handshake_keys;
};

/* Creates the two pools of a process. NULL fields when the system has no memory. */
MUST_USE enum result quic_recovery_pools_create(struct quic_recovery_pools *pools,
                                                struct memory *memory);

/* Prepares recovery for a path of `datagram_bytes`; what is given is borrowed. */
void quic_recovery_init(struct quic_recovery *recovery, const struct quic_recovery_pools *pools,
                        struct account *account, const struct quic_settings *settings,
                        size_t datagram_bytes, const struct quic_recovery_events *events,
                        void *owner, uint64_t now_us);

/* Gives all records back, without events. */
void quic_recovery_deinit(struct quic_recovery *recovery);

/* ---- sending ---- */

/* A record for a packet to be built. RESULT_NO_MEMORY, RESULT_FULL (QUIC_SENT_MAX). */
MUST_USE enum result quic_sent_take(struct quic_recovery *recovery, struct quic_sent **out);

/* Notes a frame in the record. RESULT_NO_MEMORY: leave the frame out of the packet. */
MUST_USE enum result quic_sent_add(struct quic_recovery *recovery, struct quic_sent *sent,
                                   const struct quic_sent_frame *frame);

/* Gives a record back whose packet was not sent; its frames are not reported. */
void quic_sent_untake(struct quic_recovery *recovery, struct quic_sent *sent);

/* The packet left: number, bytes (0 when not in flight), elicits_ack, is_ect, path are set. Packets
 * that are neither in flight nor hold a frame are given back at once. */
void quic_recovery_on_sent(struct quic_recovery *recovery, enum quic_space space,
                           struct quic_sent *sent, uint64_t now_us);

/* Nothing more to send though the window is open (BBR, RFC 9002 7.8). */
void quic_recovery_set_app_limited(struct quic_recovery *recovery);

/* ---- receiving ---- */

/*
 * Processes an ACK frame; `delay_us` is its delay scaled. RESULT_INVALID: it acknowledges what was
 * never sent (PROTOCOL_VIOLATION). Packet numbers that were skipped on purpose count as never sent:
 * see quic_recovery_skip.
 */
MUST_USE enum result quic_recovery_on_ack(struct quic_recovery *recovery, enum quic_space space,
                                          const struct quic_frame *ack, uint64_t delay_us,
                                          uint64_t now_us);

/* Skips the next packet number, to catch optimistic ACKs (RFC 9000 21.4); the last few skipped ones
 * are remembered. */
void quic_recovery_skip(struct quic_recovery *recovery, enum quic_space space);

/* Keys of a space are gone: forgets its packets, without events. */
void quic_recovery_discard(struct quic_recovery *recovery, enum quic_space space);

/* ---- time ---- */

/* When quic_recovery_on_timeout is due; QUIC_NONE: never. */
uint64_t quic_recovery_deadline(const struct quic_recovery *recovery);

/* Finds packets lost by time, or counts a probe timeout: returns the number of probe packets to
 * send now (0: none), in *space. Data to be sent again for the probe is reported as lost frames of
 * the oldest packet in flight (it stays in flight). */
unsigned quic_recovery_on_timeout(struct quic_recovery *recovery, uint64_t now_us,
                                  enum quic_space *space);

/* The probe timeout without backoff (RFC 9002 6.2.1) with the peer's max_ack_delay. */
uint64_t quic_recovery_pto_us(const struct quic_recovery *recovery);

/* The connection moved to a new path: window, round-trip time and ECN start afresh; what is in
 * flight on the old one no longer counts. */
void quic_recovery_reset_path(struct quic_recovery *recovery, uint8_t path, size_t datagram_bytes,
                              uint64_t now_us);

/* Bytes of memory that records hold. */
size_t quic_recovery_held_bytes(const struct quic_recovery *recovery);

#endif
