/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of recovery, shared by recovery*.c and rtt.c only.
 */
#ifndef WEIR_QUIC_RECOVERY_INTERNAL_H
#define WEIR_QUIC_RECOVERY_INTERNAL_H

#include "quic/recovery.h"

/* Takes a sample (RFC 9002 5.3). */
void quic_rtt_add(struct quic_rtt *rtt, uint64_t sample_us, uint64_t delay_us);

/* Takes a record out of its space and gives it back; bytes in flight follow. */
void quic_recovery_remove(struct quic_recovery *recovery, struct quic_sent_space *space,
                          struct quic_sent *sent);

/* What a round of loss detection found. */
struct quic_losses {
    uint64_t bytes;     /* of packets that touch congestion control */
    uint64_t newest_us; /* when the newest of them was sent */
    uint64_t oldest_us; /* the oldest that elicits an ACK, in a row with the newest */
    bool is_persistent; /* RFC 9002 7.6 */
};

/* Declares packets lost by number and time (6.1), reports their frames. */
void quic_recovery_detect(struct quic_recovery *recovery, enum quic_space space, uint64_t now_us,
                          struct quic_losses *losses);

/* Tells congestion control of them. */
void quic_recovery_respond(struct quic_recovery *recovery, const struct quic_losses *losses,
                           uint64_t now_us);

/* Reports a packet's frames as lost. */
void quic_recovery_report_lost(struct quic_recovery *recovery, enum quic_space space,
                               const struct quic_sent *sent);

#endif
