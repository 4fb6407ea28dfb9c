/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovery with a fake clock: packets of one frame each, whose fate is written down.
 */
#ifndef WEIR_TESTS_SUPPORT_RECOVERY_H
#define WEIR_TESTS_SUPPORT_RECOVERY_H

#include "quic/recovery.h"
#include "support/memory.h"

enum { TEST_PACKETS_MAX = 4096, TEST_DATAGRAM_BYTES = 1200 };

struct test_recovery {
    struct memory *memory;
    struct account account;
    struct quic_recovery_pools pools;
    struct quic_settings settings;
    struct quic_recovery recovery;
    uint64_t now_us;
    unsigned acked[TEST_PACKETS_MAX], lost[TEST_PACKETS_MAX]; /* by the frame's id */
    unsigned acked_count, lost_count;
    size_t probe_bytes;
    bool probe_acked;
};

static inline void test_on_frame_acked(void *owner, enum quic_space space,
                                       const struct quic_sent_frame *frame)
{
    struct test_recovery *t = owner;
    (void)space;
    t->acked[frame->id]++;
    t->acked_count++;
}

static inline void test_on_frame_lost(void *owner, enum quic_space space,
                                      const struct quic_sent_frame *frame)
{
    struct test_recovery *t = owner;
    (void)space;
    t->lost[frame->id]++;
    t->lost_count++;
}

static inline void test_on_mtu_probe(void *owner, size_t bytes, bool is_acked)
{
    struct test_recovery *t = owner;
    t->probe_bytes = bytes;
    t->probe_acked = is_acked;
}

static const struct quic_recovery_events TEST_RECOVERY_EVENTS = {
    test_on_frame_acked, test_on_frame_lost, test_on_mtu_probe};

static inline void test_recovery_open(struct test_recovery *t, enum quic_cc_algorithm algorithm)
{
    *t = (struct test_recovery){.memory = test_memory_limited(0), .now_us = 1000000};
    account_init(&t->account, memory_ledger(t->memory, 0), ACCOUNT_CLIENT, 0);
    assert_int_equal(quic_recovery_pools_create(&t->pools, t->memory), RESULT_OK);
    t->settings.cc.algorithm = algorithm;
    t->settings.tx_bytes_max = 16 * MEBIBYTE;
    quic_recovery_init(&t->recovery, &t->pools, &t->account, &t->settings, TEST_DATAGRAM_BYTES,
                       &TEST_RECOVERY_EVENTS, t, t->now_us);
    t->recovery.handshake_confirmed = true;
}

static inline void test_recovery_close(struct test_recovery *t)
{
    quic_recovery_deinit(&t->recovery);
    assert_int_equal(t->account.used, 0);
    test_memory_close(t->memory);
}

/* Sends a packet that elicits an ACK; returns its number, which is its frame's id, too. */
static inline uint64_t test_send(struct test_recovery *t, size_t bytes)
{
    struct quic_sent_space *space = &t->recovery.spaces[QUIC_SPACE_APPLICATION];
    struct quic_sent *sent = NULL;
    assert_int_equal(quic_sent_take(&t->recovery, &sent), RESULT_OK);
    sent->number = space->next_number++;
    sent->bytes = (uint16_t)bytes;
    sent->elicits_ack = true;
    sent->path = t->recovery.path;
    const struct quic_sent_frame frame = {.type = QUIC_FRAME_STREAM, .id = sent->number};
    assert_int_equal(quic_sent_add(&t->recovery, sent, &frame), RESULT_OK);
    uint64_t number = sent->number;
    quic_recovery_on_sent(&t->recovery, QUIC_SPACE_APPLICATION, sent, t->now_us);
    return number;
}

/* An ACK of the ranges in `ranges` (the highest first). */
static inline enum result test_ack_ranges(struct test_recovery *t, const struct quic_ranges *ranges,
                                          const uint64_t *ecn)
{
    uint8_t bytes[512];
    const uint8_t *at = bytes;
    struct quic_frame frame;
    uint8_t *end = quic_write_ack(bytes, bytes + sizeof(bytes), ranges, 0, ecn);
    assert_non_null(end);
    assert_int_equal(quic_frame_parse(&at, end, &frame), RESULT_OK);
    return quic_recovery_on_ack(&t->recovery, QUIC_SPACE_APPLICATION, &frame, 0, t->now_us);
}

static inline enum result test_ack(struct test_recovery *t, uint64_t first, uint64_t last)
{
    struct quic_range entry;
    struct quic_ranges ranges = quic_ranges_over(&entry, 1);
    quic_ranges_add(&ranges, first, last);
    return test_ack_ranges(t, &ranges, NULL);
}

#endif
