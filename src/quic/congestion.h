/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Congestion control behind one table of functions: NewReno (RFC 9002 7), CUBIC (RFC 9438) with
 * HyStart++ (RFC 9406), none (a fixed window, for tests). And the
 * pacer.
 *
 * All state is inside the object: nothing is allocated. Microseconds and bytes.
 */
#ifndef WEIR_QUIC_CONGESTION_H
#define WEIR_QUIC_CONGESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quic/settings.h"
#include "quic/types.h"

struct quic_rtt {
    uint64_t latest_us, smoothed_us, variation_us, min_us;
    bool has_sample;
};

/* What one ACK frame told, after loss detection. */
struct quic_acked {
    uint64_t now_us;
    uint64_t acked_bytes;      /* newly acknowledged bytes in flight */
    uint64_t lost_bytes;       /* found lost by the same ACK */
    uint64_t in_flight_before; /* bytes in flight before this ACK */
    uint64_t in_flight;        /* after it */
    uint64_t largest_sent_us;  /* when the largest newly acknowledged packet was sent */
    uint64_t largest_number;   /* its packet number */
    uint64_t next_number;      /* packet number that is sent next: marks rounds */
    bool is_window_limited;    /* the sender was held by the window, not by want of data, when these
                                  packets left */
    /* delivery rate sample (draft-ietf-ccwg-bbr 4.1.2); 0: none */
    uint64_t delivery_rate;   /* bytes a second */
    uint64_t delivered;       /* total delivered when the packet was sent */
    uint64_t delivered_total; /* now */
    bool is_app_limited;
    const struct quic_rtt *rtt;
};

struct quic_congestion;

struct quic_congestion_ops {
    const char *name; /* "cubic", "newreno", "bbr", "nocc": show quic, qlog */
    void (*begin)(struct quic_congestion *cc, uint64_t now_us);
    void (*on_sent)(struct quic_congestion *cc, uint64_t number, size_t bytes, uint64_t in_flight,
                    uint64_t now_us);
    void (*on_acked)(struct quic_congestion *cc, const struct quic_acked *acked);
    /* Packets were lost or marked CE; the newest of them was sent at sent_us. At most one reduction
     * a round trip. */
    void (*on_congestion)(struct quic_congestion *cc, uint64_t sent_us, uint64_t lost_bytes,
                          bool is_ecn, uint64_t now_us);
    /* All packets of the last reduction turned out not to be lost: take it back. */
    void (*on_spurious)(struct quic_congestion *cc);
    void (*on_persistent)(struct quic_congestion *cc, uint64_t now_us); /* RFC 9002 7.6 */
    /* The sender was idle until now. */
    void (*on_restart)(struct quic_congestion *cc, uint64_t now_us);
    /* Bytes a second that the pacer lets through; 0: no pacing yet. */
    uint64_t (*pacing_rate)(const struct quic_congestion *cc, const struct quic_rtt *rtt);
};

struct quic_congestion {
    const struct quic_congestion_ops *ops;
    struct quic_cc_options options;
    uint64_t window;            /* bytes */
    uint64_t threshold;         /* slow start's; UINT64_MAX at first */
    uint64_t recovery_start_us; /* packets sent before it cause no new reduction; 0: none yet */
    size_t datagram_bytes;      /* of the path, now */
    uint64_t window_max;
    struct {
        uint64_t tokens;
        uint64_t updated_us;
    } pacer;
    union quic_congestion_state {
        struct quic_newreno {
            uint64_t acked_bytes;
            uint64_t previous_window, previous_threshold;
        } newreno;
        struct quic_cubic {
            struct quic_hystart {
                uint64_t round_end; /* packet number that ends the round */
                uint64_t last_min_us, current_min_us, css_baseline_us;
                uint32_t samples, css_rounds;
                bool in_css, is_done;
            } hystart;
            uint64_t epoch_us;      /* start of the present growth; 0: none yet */
            uint64_t origin_window; /* W_max: where the plateau is */
            uint64_t k_ms;          /* time from the epoch to the plateau */
            uint64_t reno_window;   /* W_est: what NewReno would have */
            uint64_t acked_bytes;   /* in slow start and for fractions of a datagram */
            uint64_t previous_window, previous_threshold, previous_origin;
        } cubic;
    } state;
};

/* Begins with the initial window (RFC 9002 7.2). */
void quic_congestion_init(struct quic_congestion *cc, const struct quic_cc_options *options,
                          size_t datagram_bytes, uint64_t window_max, uint64_t now_us);

/* Whether `bytes` more may be sent now under window and pacing; else *at_us is when the pacer
 * allows it (QUIC_NONE: only an ACK helps). */
bool quic_congestion_may_send(struct quic_congestion *cc, const struct quic_rtt *rtt,
                              uint64_t in_flight, size_t bytes, uint64_t now_us, uint64_t *at_us);

/* Bytes left: the pacer's bucket empties. For the controllers' on_sent. */
void quic_congestion_spend(struct quic_congestion *cc, size_t bytes);

/* The rate of a window a round trip, with room to grow; 0 while no round trip was measured. */
uint64_t quic_window_rate(const struct quic_congestion *cc, const struct quic_rtt *rtt);

/* The path carries larger (or smaller) datagrams now. */
void quic_congestion_set_datagram(struct quic_congestion *cc, size_t datagram_bytes);

/* RFC 9002 7.2: ten datagrams, within bounds; and the smallest window, two. */
uint64_t quic_congestion_initial_window(size_t datagram_bytes);
uint64_t quic_congestion_least_window(const struct quic_congestion *cc);

extern const struct quic_congestion_ops QUIC_CUBIC, QUIC_NEWRENO, QUIC_NOCC;

#endif
