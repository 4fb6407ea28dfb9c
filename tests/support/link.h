/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link in virtual time for congestion control: a bottleneck with a queue, a delay, losses by a
 * seed. It drives a bulk sender of recovery and congestion control and tells what arrived.
 */
#ifndef WEIR_TESTS_SUPPORT_LINK_H
#define WEIR_TESTS_SUPPORT_LINK_H

#include "support/recovery.h"

struct test_link {
    uint64_t bytes_per_s, delay_us, queue_us; /* delay: one way; queue: of the bottleneck */
    unsigned loss_permille;
    uint32_t seed;
};

enum { TEST_LINK_PACKETS = 65536 };

/* Bytes that arrive in `duration_us`. */
static inline uint64_t test_link_run(struct test_recovery *t, const struct test_link *link,
                                     uint64_t duration_us)
{
    static uint64_t arrives_us[TEST_LINK_PACKETS]; /* when its ACK is back; 0: lost */
    uint64_t busy_until_us = t->now_us, end_us = t->now_us + duration_us, delivered = 0;
    uint64_t acked_up_to = 0;
    uint32_t seed = link->seed;
    while (t->now_us < end_us) {
        struct quic_sent_space *space = &t->recovery.spaces[QUIC_SPACE_APPLICATION];
        uint64_t at_us;
        while (quic_congestion_may_send(&t->recovery.cc, &t->recovery.rtt, t->recovery.in_flight,
                                        TEST_DATAGRAM_BYTES, t->now_us, &at_us)) {
            uint64_t number = space->next_number;
            struct quic_sent *sent = NULL;
            assert_int_equal(quic_sent_take(&t->recovery, &sent), RESULT_OK);
            sent->number = space->next_number++;
            sent->bytes = TEST_DATAGRAM_BYTES;
            sent->elicits_ack = true;
            quic_recovery_on_sent(&t->recovery, QUIC_SPACE_APPLICATION, sent, t->now_us);
            busy_until_us = busy_until_us > t->now_us ? busy_until_us : t->now_us;
            seed = seed * 1103515245 + 12345;
            bool is_dropped = busy_until_us - t->now_us > link->queue_us ||
                              (seed >> 16) % 1000 < link->loss_permille;
            if (!is_dropped) {
                busy_until_us += TEST_DATAGRAM_BYTES * UINT64_C(1000000) / link->bytes_per_s;
            }
            arrives_us[number % TEST_LINK_PACKETS] =
                is_dropped ? 0 : busy_until_us + 2 * link->delay_us;
        }
        t->now_us += 250;
        struct quic_range entries[32];
        struct quic_ranges ranges = quic_ranges_over(entries, 32);
        for (uint64_t n = acked_up_to; n < space->next_number; n++) {
            uint64_t when = arrives_us[n % TEST_LINK_PACKETS];
            if (when != 0 && when <= t->now_us) {
                quic_ranges_add(&ranges, n, n);
                arrives_us[n % TEST_LINK_PACKETS] = 0;
                delivered += TEST_DATAGRAM_BYTES;
            }
        }
        if (ranges.count > 0) {
            assert_int_equal(test_ack_ranges(t, &ranges, NULL), RESULT_OK);
        }
        if (quic_recovery_deadline(&t->recovery) <= t->now_us) {
            enum quic_space which;
            (void)quic_recovery_on_timeout(&t->recovery, t->now_us, &which);
        }
        const struct quic_sent *oldest = space->first;
        acked_up_to = oldest == NULL ? space->next_number : oldest->number;
    }
    return delivered;
}

#endif
