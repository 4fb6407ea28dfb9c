/* SPDX-License-Identifier: Apache-2.0 */
/* Packet protection by the vectors of RFC 9001 A.2 to A.5 and RFC 9369 A. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quic/keys.h"
#include "support/hex.h"
#include "support/memory.h"

enum { PACKET_MAX = 1500, PREFIX_BYTES = 38, CLIENT_PAYLOAD_BYTES = 1162 };

static const struct quic_cid CLIENT_ID = {8, {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08}};
static const char PAYLOAD[] =
    "02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a12"
    "00130100002e00330024001d00209d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a00"
    "2b00020304";

static struct memory *memory;
static struct account account;

static int open_test(void **state)
{
    (void)state;
    memory = test_memory_limited(0);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    assert_int_equal(account.used, 0);
    test_memory_close(memory);
    return 0;
}

/* A.2: seals the client's Initial packet as a client does, and opens it as the server. The tag
 * stands for all bytes that are not written here. */
static void check_client_initial(uint32_t version, const char *header_hex, const char *prefix_hex,
                                 const char *tag_hex)
{
    static const char CRYPTO[] =
        "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c000004"
        "13011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d00170018"
        "00100007000504616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba75"
        "3de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305030603020308040805080600"
        "2d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075"
        "300901100f088394c8f03e51570806048000ffff";
    uint8_t packet[PACKET_MAX] = {0}, wanted[PACKET_MAX];
    struct quic_keys keys = {0};
    struct quic_header parsed;
    struct slice opened;
    uint64_t number;
    size_t number_bytes;
    assert_int_equal(quic_keys_init_initial(&keys, &account, version, &CLIENT_ID), RESULT_OK);
    size_t header = test_hex(header_hex, packet, sizeof(packet));
    test_hex(CRYPTO, packet + header, sizeof(packet) - header);
    quic_seal_packet(&keys.open, packet, header, CLIENT_PAYLOAD_BYTES, 2, 4);
    test_hex(prefix_hex, wanted, sizeof(wanted));
    assert_memory_equal(packet, wanted, PREFIX_BYTES);
    test_hex(tag_hex, wanted, sizeof(wanted));
    assert_memory_equal(packet + header + CLIENT_PAYLOAD_BYTES, wanted, QUIC_AEAD_TAG_BYTES);
    size_t length = header + CLIENT_PAYLOAD_BYTES + QUIC_AEAD_TAG_BYTES;
    assert_int_equal(quic_header_parse(slice_of((char *)packet, length), 8, false, &parsed),
                     RESULT_OK);
    assert_int_equal(quic_unprotect_header(&keys.open, packet, &parsed, &number, &number_bytes),
                     RESULT_OK);
    assert_int_equal(number, 2);
    assert_int_equal(
        quic_open_packet(&keys.open.aead, packet, &parsed, number, number_bytes, &opened),
        RESULT_OK);
    assert_int_equal(opened.length, CLIENT_PAYLOAD_BYTES);
    size_t crypto = test_hex(CRYPTO, wanted, sizeof(wanted));
    assert_memory_equal(opened.data, wanted, crypto);
    quic_keys_clear(&keys, &account);
}

static void test_client_initial(void **state)
{
    (void)state;
    check_client_initial(
        QUIC_VERSION_1, "c300000001088394c8f03e5157080000449e00000002",
        "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b",
        "e221af44860018ab0856972e194cd934");
    check_client_initial(
        QUIC_VERSION_2, "d36b3343cf088394c8f03e5157080000449e00000002",
        "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071",
        "a18b2faa745b6fe189cf772a9f84cbfc");
}

/* Seals the server's Initial packet of the RFC, and opens it with the keys' other side. */
static void check_server_initial(uint32_t version, const char *header_hex, const char *packet_hex)
{
    uint8_t packet[PACKET_MAX], wanted[PACKET_MAX];
    struct quic_keys keys = {0};
    assert_int_equal(quic_keys_init_initial(&keys, &account, version, &CLIENT_ID), RESULT_OK);
    size_t header = test_hex(header_hex, packet, sizeof(packet));
    size_t payload = test_hex(PAYLOAD, packet + header, sizeof(packet) - header);
    size_t length = test_hex(packet_hex, wanted, sizeof(wanted));
    quic_seal_packet(&keys.seal, packet, header, payload, 1, 2);
    assert_int_equal(length, header + payload + QUIC_AEAD_TAG_BYTES);
    assert_memory_equal(packet, wanted, length);
    struct quic_header parsed;
    uint64_t number;
    size_t number_bytes;
    struct slice opened;
    assert_int_equal(quic_header_parse(slice_of((char *)packet, length), 8, false, &parsed),
                     RESULT_OK);
    assert_int_equal(quic_unprotect_header(&keys.seal, packet, &parsed, &number, &number_bytes),
                     RESULT_OK);
    assert_int_equal(number, 1);
    assert_int_equal(number_bytes, 2);
    assert_int_equal(
        quic_open_packet(&keys.seal.aead, packet, &parsed, number, number_bytes, &opened),
        RESULT_OK);
    assert_int_equal(opened.length, payload);
    assert_int_equal(
        quic_open_packet(&keys.open.aead, packet, &parsed, number, number_bytes, &opened),
        RESULT_INVALID);
    quic_keys_clear(&keys, &account);
    assert_false(keys.can_open || keys.can_seal);
}

static void test_server_initial(void **state)
{
    (void)state;
    check_server_initial(
        QUIC_VERSION_1, "c1000000010008f067a5502a4262b50040750001",
        "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554"
        "780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b"
        "562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074e"
        "e");
    check_server_initial(
        QUIC_VERSION_2, "d16b3343cf0008f067a5502a4262b50040750001",
        "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf"
        "87263017915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e4275"
        "7507698075b2c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e14"
        "0");
}

static void check_retry(uint32_t version, const char *packet_hex)
{
    uint8_t packet[PACKET_MAX], tag[QUIC_AEAD_TAG_BYTES];
    size_t length = test_hex(packet_hex, packet, sizeof(packet)) - sizeof(tag);
    struct slice bytes = slice_of((char *)packet, length);
    account.cap = 100;
    assert_int_equal(quic_retry_tag(version, &account, &CLIENT_ID, bytes, tag), RESULT_NO_MEMORY);
    account.cap = 0;
    assert_int_equal(quic_retry_tag(version, &account, &CLIENT_ID, bytes, tag), RESULT_OK);
    assert_memory_equal(tag, packet + length, sizeof(tag));
}

static void test_retry(void **state)
{
    (void)state;
    check_retry(QUIC_VERSION_1, "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f"
                                "2496ba");
    check_retry(QUIC_VERSION_2, "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665"
                                "dcc7b6");
}

/* A.5: ChaCha20-Poly1305 and a short header. */
static void check_chacha(uint32_t version, const char *packet_hex)
{
    uint8_t packet[PACKET_MAX], wanted[PACKET_MAX], secret[32];
    struct quic_keys keys = {0};
    test_hex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b", secret, 32);
    assert_int_equal(quic_keys_set(&keys, &account, version, TLS_SUITE_CHACHA20_POLY1305, true,
                                   secret, sizeof(secret)),
                     RESULT_OK);
    test_hex("4200bff401", packet, sizeof(packet));
    quic_seal_packet(&keys.seal, packet, 4, 1, 654360564, 3);
    size_t length = test_hex(packet_hex, wanted, sizeof(wanted));
    assert_memory_equal(packet, wanted, length);
    quic_keys_clear(&keys, &account);
}

static void test_chacha(void **state)
{
    (void)state;
    check_chacha(QUIC_VERSION_1, "4cfe4189655e5cd55c41f69080575d7999c25a5bfb");
    check_chacha(QUIC_VERSION_2, "5558b1c60ae7b6b932bc27d786f4bc2bb20f2162ba");
}

static void test_refused(void **state)
{
    (void)state;
    struct quic_keys keys = {0};
    struct quic_header header = {.packet_number_offset = 9, .packet_bytes = 9 + 19};
    uint8_t packet[64] = {0};
    uint64_t number;
    size_t bytes;
    assert_int_equal(quic_keys_init_initial(&keys, &account, 7, &CLIENT_ID), RESULT_INVALID);
    account.cap = test_memory_meters_libraries() ? 3000 : 1000; /* the second handle; the first */
    assert_int_equal(quic_keys_init_initial(&keys, &account, QUIC_VERSION_1, &CLIENT_ID),
                     RESULT_NO_MEMORY);
    account.cap = 0;
    assert_int_equal(account.used, 0);
    assert_int_equal(quic_keys_init_initial(&keys, &account, QUIC_VERSION_1, &CLIENT_ID),
                     RESULT_OK);
    assert_int_equal(quic_unprotect_header(&keys.open, packet, &header, &number, &bytes),
                     RESULT_INVALID); /* too short to sample */
    quic_keys_clear(&keys, &account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_initial), cmocka_unit_test(test_server_initial),
        cmocka_unit_test(test_retry),          cmocka_unit_test(test_chacha),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, open_test, close_test);
}
