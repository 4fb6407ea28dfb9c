/* SPDX-License-Identifier: Apache-2.0 */
/* Headers both ways in both versions, packet numbers by the examples of RFC 9000 A, packets without
 * keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quic/packet.h"

static const struct quic_cid FIRST = {8, {1, 2, 3, 4, 5, 6, 7, 8}};
static const struct quic_cid SECOND = {4, {9, 10, 11, 12}};

static void check_long(uint32_t version, enum quic_packet_type type)
{
    uint8_t out[200] = {0};
    uint8_t *length_at = NULL;
    struct slice token = type == QUIC_PACKET_INITIAL ? SLICE("token") : SLICE_NONE;
    uint8_t *end = quic_header_write_long(out, sizeof(out), type, version, &FIRST, &SECOND, token,
                                          0x1234, 2, &length_at);
    assert_non_null(end);
    size_t header = (size_t)(end - out);
    quic_header_finish_long(length_at, 2 + 40);
    struct quic_header parsed;
    struct slice bytes = slice_of((const char *)out, sizeof(out));
    assert_int_equal(quic_header_parse(bytes, 8, false, &parsed), RESULT_OK);
    assert_int_equal(parsed.type, type);
    assert_int_equal(parsed.version, version);
    assert_true(quic_cid_equal(&parsed.destination, &FIRST));
    assert_true(quic_cid_equal(&parsed.source, &SECOND));
    assert_true(slice_equal(parsed.token, token));
    assert_int_equal(parsed.packet_number_offset, header - 2);
    assert_int_equal(parsed.packet_bytes, header + 40);
    assert_null(quic_header_write_long(out, header - 1, type, version, &FIRST, &SECOND, token,
                                       0x1234, 2, &length_at));
}

static void test_long_headers(void **state)
{
    (void)state;
    static const uint32_t versions[] = {QUIC_VERSION_1, QUIC_VERSION_2};
    for (unsigned i = 0; i < 2; i++) {
        check_long(versions[i], QUIC_PACKET_INITIAL);
        check_long(versions[i], QUIC_PACKET_HANDSHAKE);
        check_long(versions[i], QUIC_PACKET_ZERO_RTT);
    }
}

static void test_short_header(void **state)
{
    (void)state;
    uint8_t out[64] = {0};
    uint8_t *end = quic_header_write_short(out, sizeof(out), &FIRST, false, true, 0x99, 1);
    assert_ptr_equal(end, out + 1 + 8 + 1);
    assert_int_equal(out[0], 0x44);
    struct quic_header parsed;
    assert_int_equal(quic_header_parse(slice_of((const char *)out, sizeof(out)), 8, false, &parsed),
                     RESULT_OK);
    assert_int_equal(parsed.type, QUIC_PACKET_ONE_RTT);
    assert_true(quic_cid_equal(&parsed.destination, &FIRST));
    assert_int_equal(parsed.packet_number_offset, 9);
    out[0] = 0x04; /* the fixed bit is 0 (RFC 9287) */
    struct slice bytes = slice_of((const char *)out, sizeof(out));
    assert_int_equal(quic_header_parse(bytes, 8, false, &parsed), RESULT_INVALID);
    assert_int_equal(quic_header_parse(bytes, 8, true, &parsed), RESULT_OK);
    assert_int_equal(quic_header_parse(slice_first(bytes, 8), 8, true, &parsed), RESULT_INVALID);
}

static void test_every_cut_of_an_initial_is_refused(void **state)
{
    (void)state;
    uint8_t out[100] = {0};
    uint8_t *length_at = NULL;
    uint8_t *end = quic_header_write_long(out, sizeof(out), QUIC_PACKET_INITIAL, QUIC_VERSION_1,
                                          &FIRST, &SECOND, SLICE("abc"), 0, 1, &length_at);
    quic_header_finish_long(length_at, 30);
    size_t whole = (size_t)(end - out) - 1 + 30;
    struct quic_header parsed;
    for (size_t length = 0; length < whole; length++) {
        assert_int_equal(quic_header_parse(slice_of((const char *)out, length), 8, false, &parsed),
                         RESULT_INVALID);
    }
    out[5] = QUIC_CID_BYTES_MAX + 1;
    assert_int_equal(quic_header_parse(slice_of((const char *)out, sizeof(out)), 8, false, &parsed),
                     RESULT_INVALID);
}

static void test_other_versions(void **state)
{
    (void)state;
    static const char unknown[] = {(char)0xc0, 0x0a, 0x1a, 0x2a, 0x3a, 1, 7, 1, 8, 0, 0};
    static const char negotiation[] = {(char)0xc0, 0, 0, 0, 0, 1, 7, 1, 8};
    struct quic_header parsed;
    assert_int_equal(quic_header_parse(slice_of(unknown, sizeof(unknown)), 8, false, &parsed),
                     RESULT_OK);
    assert_int_equal(parsed.type, QUIC_PACKET_UNKNOWN_VERSION);
    assert_int_equal(
        quic_header_parse(slice_of(negotiation, sizeof(negotiation)), 8, false, &parsed),
        RESULT_OK);
    assert_int_equal(parsed.type, QUIC_PACKET_VERSION_NEGOTIATION);
}

static void test_packet_numbers(void **state)
{
    (void)state;
    assert_int_equal(quic_packet_number_decode(0xa82f30ea, 0x9b32, 2), 0xa82f9b32); /* A.3 */
    assert_int_equal(quic_packet_number_bytes(0xac5c02, 0xabe8b3), 2);              /* A.2 */
    assert_int_equal(quic_packet_number_bytes(0xace8fe, 0xabe8b3), 3);
    assert_int_equal(quic_packet_number_bytes(0, QUIC_NONE), 1);
    assert_int_equal(quic_packet_number_decode(QUIC_NONE, 5, 1), 5);
    for (uint64_t number = 0; number < 100000; number += 37) { /* what is sent can be read */
        uint64_t acked = number < 50 ? QUIC_NONE : number - 50;
        size_t bytes = quic_packet_number_bytes(number, acked);
        uint64_t cut = number & ((UINT64_C(1) << 8 * bytes) - 1);
        assert_int_equal(quic_packet_number_decode(acked, cut, bytes), number);
    }
}

static void test_packets_without_keys(void **state)
{
    (void)state;
    uint8_t out[100], random[43] = {0}, token[QUIC_RESET_TOKEN_BYTES] = {7};
    static const uint32_t versions[] = {QUIC_VERSION_1, QUIC_VERSION_2};
    size_t length = quic_write_version_negotiation(out, sizeof(out), &FIRST, &SECOND, versions, 2,
                                                   0x0a0a0a0a, 5);
    struct quic_header parsed;
    assert_int_equal(quic_header_parse(slice_of((const char *)out, length), 8, true, &parsed),
                     RESULT_OK);
    assert_int_equal(parsed.type, QUIC_PACKET_VERSION_NEGOTIATION);
    assert_true(quic_cid_equal(&parsed.destination, &SECOND)); /* swapped */
    assert_int_equal(length, 1 + 4 + 1 + 4 + 1 + 8 + 12);
    assert_int_equal(quic_write_version_negotiation(out, length - 1, &FIRST, &SECOND, versions, 2,
                                                    0x0a0a0a0a, 5),
                     0);
    length = quic_write_retry(out, sizeof(out), QUIC_VERSION_2, &FIRST, &SECOND, SLICE("tok"), 3);
    length += QUIC_AEAD_TAG_BYTES;
    assert_int_equal(quic_header_parse(slice_of((const char *)out, length), 8, true, &parsed),
                     RESULT_OK);
    assert_int_equal(parsed.type, QUIC_PACKET_RETRY);
    assert_true(slice_equal(parsed.token, SLICE("tok")));
    quic_write_stateless_reset(out, sizeof(random), random, token);
    assert_int_equal(out[0] & 0xc0, 0x40);
    assert_memory_equal(out + sizeof(random) - sizeof(token), token, sizeof(token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_headers),
        cmocka_unit_test(test_short_header),
        cmocka_unit_test(test_every_cut_of_an_initial_is_refused),
        cmocka_unit_test(test_other_versions),
        cmocka_unit_test(test_packet_numbers),
        cmocka_unit_test(test_packets_without_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
