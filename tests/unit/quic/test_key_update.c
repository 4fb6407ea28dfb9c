/* SPDX-License-Identifier: Apache-2.0 */
/* Key updates begun by either side, late packets of the phase before, forgeries, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quic/keys.h"
#include "support/hex.h"
#include "support/memory.h"

enum { PAYLOAD_BYTES = 32, PACKET_MAX = 128, PTO_US = 1000 };

static const struct quic_cid ID = {8, {1, 2, 3}};

/* One end of a connection. */
struct end {
    struct quic_keys keys;
    struct quic_key_update update;
    uint64_t next;
};

static struct memory *memory;
static struct account account;
static struct end a, b;

static void open_end(struct end *end, uint8_t seal_byte, uint8_t open_byte)
{
    uint8_t seal[32] = {seal_byte}, open[32] = {open_byte};
    *end = (struct end){0};
    assert_int_equal(
        quic_keys_set(&end->keys, &account, QUIC_VERSION_1, TLS_SUITE_AES_128_GCM, true, seal, 32),
        RESULT_OK);
    assert_int_equal(
        quic_keys_set(&end->keys, &account, QUIC_VERSION_1, TLS_SUITE_AES_128_GCM, false, open, 32),
        RESULT_OK);
    quic_key_update_init(&end->update, open, seal, 32);
}

static void close_end(struct end *end)
{
    quic_key_update_trim(&end->keys, &end->update, &account, 0, true);
    quic_keys_clear(&end->keys, &account);
}

static int open_test(void **state)
{
    (void)state;
    memory = test_memory_limited(0);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    open_end(&a, 1, 2);
    open_end(&b, 2, 1);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    close_end(&a);
    close_end(&b);
    assert_int_equal(account.used, 0);
    test_memory_close(memory);
    return 0;
}

/* A packet as `from` sends it now; returns its number. */
static uint64_t seal(struct end *from, uint8_t *packet, size_t *length)
{
    uint8_t *at =
        quic_header_write_short(packet, PACKET_MAX, &ID, false, from->update.phase, from->next, 2);
    memset(at, 1, PAYLOAD_BYTES);
    quic_seal_packet(&from->keys.seal, packet, (size_t)(at - packet), PAYLOAD_BYTES, from->next, 2);
    if (from->update.first_sent == QUIC_NONE) {
        from->update.first_sent = from->next;
    }
    from->update.sealed++;
    *length = (size_t)(at - packet) + PAYLOAD_BYTES + QUIC_AEAD_TAG_BYTES;
    return from->next++;
}

static enum result open_packet(struct end *to, uint8_t *packet, size_t length, uint64_t now_us)
{
    struct quic_header header;
    uint64_t number;
    size_t bytes;
    struct slice payload;
    assert_int_equal(quic_header_parse(slice_of((char *)packet, length), 8, false, &header),
                     RESULT_OK);
    assert_int_equal(quic_unprotect_header(&to->keys.open, packet, &header, &number, &bytes),
                     RESULT_OK);
    return quic_key_update_open(&to->keys, &to->update, &account, QUIC_VERSION_1, packet, &header,
                                number, bytes, now_us, PTO_US, &payload);
}

static enum result pass(struct end *from, struct end *to, uint64_t now_us)
{
    uint8_t packet[PACKET_MAX];
    size_t length;
    uint64_t number = seal(from, packet, &length);
    enum result result = open_packet(to, packet, length, now_us);
    if (result == RESULT_OK) {
        quic_key_update_on_acked(&from->update, number);
    }
    return result;
}

static enum result begin(struct end *end, uint64_t now_us)
{
    return quic_key_update_begin(&end->keys, &end->update, &account, QUIC_VERSION_1, now_us);
}

static void test_both_sides_update(void **state)
{
    (void)state;
    uint64_t now_us = 0;
    for (unsigned round = 0; round < 6; round++, now_us += 10 * PTO_US) {
        struct end *first = round % 2 == 0 ? &a : &b;
        struct end *second = round % 2 == 0 ? &b : &a;
        assert_int_equal(pass(&a, &b, now_us), RESULT_OK);
        assert_int_equal(pass(&b, &a, now_us), RESULT_OK);
        assert_int_equal(
            quic_key_update_begin(&first->keys, &first->update, &account, QUIC_VERSION_1, now_us),
            RESULT_OK);
        assert_int_not_equal(a.update.phase, b.update.phase);
        assert_int_equal(pass(first, second, now_us), RESULT_OK);
        assert_int_equal(a.update.phase, b.update.phase);
    }
}

static void test_not_before_the_last_is_acknowledged(void **state)
{
    (void)state;
    assert_int_equal(quic_key_update_begin(&a.keys, &a.update, &account, QUIC_VERSION_1, 0),
                     RESULT_FULL);
    assert_int_equal(pass(&a, &b, 0), RESULT_OK);
    assert_int_equal(quic_key_update_begin(&a.keys, &a.update, &account, QUIC_VERSION_1, 0),
                     RESULT_OK);
    assert_int_equal(quic_key_update_begin(&a.keys, &a.update, &account, QUIC_VERSION_1, 0),
                     RESULT_FULL);
}

static void test_late_packets_of_the_phase_before(void **state)
{
    (void)state;
    uint8_t late[PACKET_MAX], later[PACKET_MAX];
    size_t length, later_length;
    assert_int_equal(pass(&a, &b, 0), RESULT_OK);
    seal(&a, late, &length);
    seal(&a, later, &later_length);
    assert_int_equal(quic_key_update_begin(&a.keys, &a.update, &account, QUIC_VERSION_1, 0),
                     RESULT_OK);
    assert_int_equal(pass(&a, &b, 0), RESULT_OK);
    assert_int_equal(open_packet(&b, late, length, PTO_US), RESULT_OK);
    assert_int_equal(open_packet(&b, later, later_length, 10 * PTO_US), RESULT_INVALID);
}

static void test_forged_packets_change_nothing(void **state)
{
    (void)state;
    uint8_t packet[PACKET_MAX];
    size_t length;
    assert_int_equal(pass(&a, &b, 0), RESULT_OK);
    a.update.phase = true; /* claims an update, sealed with the old keys */
    seal(&a, packet, &length);
    a.update.phase = false;
    assert_int_equal(open_packet(&b, packet, length, 0), RESULT_INVALID);
    assert_false(b.update.phase);
    assert_int_equal(b.update.failed, 1);
    b.update.failed = UINT64_C(1) << 52;
    seal(&a, packet, &length);
    packet[20] ^= 1;
    assert_int_equal(open_packet(&b, packet, length, 0), RESULT_FULL);
    assert_int_equal(pass(&a, &b, 0), RESULT_OK);
}

/* The peer goes on in the phase before for as long as it likes: RFC 9001 6.5. */
static void test_unanswered_update(void **state)
{
    (void)state;
    uint8_t late[PACKET_MAX], later[PACKET_MAX];
    size_t length, later_length;
    uint64_t now_us = 0;
    assert_int_equal(pass(&a, &b, now_us), RESULT_OK);
    assert_int_equal(begin(&a, now_us), RESULT_OK);
    for (unsigned i = 0; i < 5; i++) {
        now_us += 10 * PTO_US;
        assert_int_equal(pass(&b, &a, now_us), RESULT_OK);
    }
    assert_int_equal(a.update.first_received, QUIC_NONE);
    seal(&b, late, &length);
    seal(&b, later, &later_length);
    assert_int_equal(pass(&a, &b, now_us), RESULT_OK); /* now it learns */
    assert_int_equal(pass(&b, &a, now_us), RESULT_OK);
    assert_int_equal(open_packet(&a, late, length, now_us + 2 * PTO_US), RESULT_OK);
    assert_int_equal(open_packet(&a, later, later_length, now_us + 3 * PTO_US), RESULT_INVALID);
}

static void test_both_at_once(void **state)
{
    (void)state;
    assert_int_equal(pass(&a, &b, 0), RESULT_OK);
    assert_int_equal(pass(&b, &a, 0), RESULT_OK);
    assert_int_equal(begin(&a, 0), RESULT_OK);
    assert_int_equal(begin(&b, 0), RESULT_OK);
    assert_int_equal(pass(&a, &b, 0), RESULT_OK);
    assert_int_equal(pass(&b, &a, 0), RESULT_OK);
    assert_true(a.update.phase && b.update.phase);
}

/* The peer updates twice before it was answered once (6.2). */
static void test_second_update_too_early(void **state)
{
    (void)state;
    assert_int_equal(pass(&a, &b, 0), RESULT_OK);
    assert_int_equal(begin(&a, 0), RESULT_OK);
    assert_int_equal(pass(&a, &b, 0), RESULT_OK);
    quic_key_update_trim(&a.keys, &a.update, &account, 100 * PTO_US, false);
    a.update.is_acknowledged = true; /* it was not */
    a.update.previous_until_us = 0;
    assert_int_equal(begin(&a, 1), RESULT_OK);
    assert_int_equal(pass(&a, &b, 1), RESULT_FAILED);
}

static void test_no_memory(void **state)
{
    (void)state;
    assert_int_equal(pass(&a, &b, 0), RESULT_OK);
    assert_int_equal(begin(&a, 0), RESULT_OK);
    account.cap = account.used + 100;
    assert_int_equal(pass(&a, &b, 0), RESULT_NO_MEMORY);
    assert_false(b.update.phase || b.update.has_next || b.update.has_previous);
    assert_int_equal(b.update.failed, 0);
    account.cap = 0;
    assert_int_equal(pass(&a, &b, 0), RESULT_OK);
    assert_true(b.update.phase);
    assert_int_equal(pass(&b, &a, 0), RESULT_OK);
}

/* "ku" of RFC 9001 A.5 and RFC 9369 A.5. */
static void check_next_secret(uint32_t version, const char *wanted_hex)
{
    struct end end = {0};
    uint8_t secret[32], wanted[32];
    test_hex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b", secret, 32);
    test_hex(wanted_hex, wanted, 32);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(quic_keys_set(&end.keys, &account, version, TLS_SUITE_CHACHA20_POLY1305,
                                       i == 1, secret, 32),
                         RESULT_OK);
    }
    quic_key_update_init(&end.update, secret, secret, 32);
    end.update.is_acknowledged = true;
    assert_int_equal(quic_key_update_begin(&end.keys, &end.update, &account, version, 0),
                     RESULT_OK);
    assert_memory_equal(end.update.open_secret, wanted, 32);
    assert_memory_equal(end.update.seal_secret, wanted, 32);
    close_end(&end);
}

static void test_next_secret(void **state)
{
    (void)state;
    check_next_secret(QUIC_VERSION_1,
                      "1223504755036d556342ee9361d253421a826c9ecdf3c7148684b36b714881f9");
    check_next_secret(QUIC_VERSION_2,
                      "c69374c49e3d2a9466fa689e49d476db5d0dfbc87d32ceeaa6343fd0ae4c7d88");
}

static void test_limits_of_sealing(void **state)
{
    (void)state;
    assert_false(quic_key_update_is_due(&a.keys, &a.update));
    a.update.sealed = UINT64_C(1) << 22;
    assert_true(quic_key_update_is_due(&a.keys, &a.update));
    assert_false(quic_key_update_is_exhausted(&a.keys, &a.update));
    a.update.sealed = UINT64_C(1) << 23;
    assert_true(quic_key_update_is_exhausted(&a.keys, &a.update));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_both_sides_update),
        TEST(test_not_before_the_last_is_acknowledged),
        TEST(test_late_packets_of_the_phase_before),
        TEST(test_forged_packets_change_nothing),
        TEST(test_unanswered_update),
        TEST(test_both_at_once),
        TEST(test_second_update_too_early),
        TEST(test_no_memory),
        TEST(test_next_secret),
        TEST(test_limits_of_sealing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
