/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first handshake message of a TLS stream.
 */
#include "rules/client_hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/hello.h"

enum { BYTES_MAX = 512, BODY_BYTES = 0x82 };

static char bytes[BYTES_MAX];

static enum result read_bytes(struct slice from, struct tls_message *message)
{
    assert_true(from.length <= sizeof(bytes));
    memcpy(bytes, from.data, from.length);
    return tls_message_read(bytes, from.length, message);
}

static void check_parts(struct slice body)
{
    struct slice value;
    assert_int_equal(body.length, BODY_BYTES);
    assert_true(client_hello_server_name(body, &value));
    assert_true(slice_equal(value, SLICE("two.example")));
    assert_true(client_hello_first_protocol(body, &value));
    assert_true(slice_equal(value, SLICE("h2")));
    assert_true(client_hello_suites(body, &value));
    assert_true(slice_equal(value, SLICE("\x13\x01\x13\x02")));
    assert_true(client_hello_list(body, TLS_EXTENSION_SUPPORTED_GROUPS, &value));
    assert_true(slice_equal(value, SLICE("\0\x1d\0\x17")));
    assert_true(client_hello_extension(body, TLS_EXTENSION_SESSION_TICKET, &value));
    assert_true(slice_equal(value, SLICE("tkt")));
    struct slice group;
    assert_true(client_hello_list(body, TLS_EXTENSION_KEY_SHARE, &value));
    assert_true(client_hello_next_share(&value, &group));
    assert_true(slice_equal(group, SLICE("\0\x1d")));
    assert_true(client_hello_next_share(&value, &group));
    assert_true(slice_equal(group, SLICE("\0\x17")));
    assert_false(client_hello_next_share(&value, &group));
}

static void test_one_record(void **state)
{
    (void)state;
    struct tls_message message;
    assert_int_equal(read_bytes(SLICE(HELLO_RECORD), &message), RESULT_OK);
    assert_int_equal(message.type, TLS_CLIENT_HELLO);
    assert_int_equal(message.record_version, 0x0301);
    check_parts(message.body);
    assert_int_equal(read_bytes(SLICE(HELLO_RECORD "\x14\x03\x03\0\x01\x01"), &message), RESULT_OK);
    check_parts(message.body);
}

static void test_every_prefix_is_incomplete(void **state)
{
    (void)state;
    struct tls_message message;
    struct slice whole = SLICE(HELLO_RECORD);
    for (size_t length = 0; length < whole.length; length++) {
        uint16_t version;
        assert_int_equal(read_bytes(slice_first(whole, length), &message), RESULT_BLOCKED);
        assert_int_equal(tls_version_read(slice_first(whole, length), &version), RESULT_BLOCKED);
    }
}

static void test_every_cut_into_two_records(void **state)
{
    (void)state;
    struct slice whole = SLICE(HELLO_MESSAGE);
    for (size_t cut = 1; cut < whole.length; cut++) {
        const char header[] = "\x16\x03\x01\0";
        char spread[BYTES_MAX];
        memcpy(spread, header, 4);
        spread[4] = (char)cut;
        memcpy(spread + 5, whole.data, cut);
        memcpy(spread + 5 + cut, header, 4);
        spread[9 + cut] = (char)(whole.length - cut);
        memcpy(spread + 10 + cut, whole.data + cut, whole.length - cut);
        struct tls_message message;
        assert_int_equal(read_bytes(slice_of(spread, whole.length + 10), &message), RESULT_OK);
        check_parts(message.body);
        assert_int_equal(read_bytes(slice_of(spread, whole.length + 9), &message), RESULT_BLOCKED);
    }
}

static void test_other_bytes(void **state)
{
    (void)state;
    struct tls_message message;
    assert_int_equal(read_bytes(SLICE("GET / HTTP/1.1\r\n"), &message), RESULT_INVALID);
    assert_int_equal(read_bytes(SLICE("\x17\x03\x03"), &message), RESULT_INVALID);
    assert_int_equal(read_bytes(SLICE("\x16\x02"), &message), RESULT_INVALID);
    assert_int_equal(read_bytes(SLICE("\x16\x03\x01\0\0"), &message), RESULT_INVALID);
    assert_int_equal(read_bytes(SLICE("\x16\x03\x01\xff\xff"), &message), RESULT_INVALID);
    assert_int_equal(read_bytes(SLICE("\x16\x03\x01\0\x04\x01\x7f\xff\xff"), &message),
                     RESULT_INVALID);
    assert_int_equal(read_bytes(SLICE("\x16\x03\x03\0\x04\x02\0\0\0"), &message), RESULT_OK);
    assert_int_equal(message.type, TLS_SERVER_HELLO);
    assert_int_equal(message.body.length, 0);
}

static void test_versions(void **state)
{
    (void)state;
    uint16_t version = 0;
    assert_int_equal(tls_version_read(SLICE(HELLO_RECORD), &version), RESULT_OK);
    assert_int_equal(version, 0x0303);
    assert_int_equal(tls_version_read(SLICE("\x17\x03\x02\0\x06"
                                            "abcdef"),
                                      &version),
                     RESULT_OK);
    assert_int_equal(version, 0x0302);
    assert_int_equal(tls_version_read(SLICE("\x80\x09\x01\x03\x01"
                                            "abcdef"),
                                      &version),
                     RESULT_OK);
    assert_int_equal(version, 0x0301);
    assert_int_equal(tls_version_read(SLICE("\x80\x09\x01\x03\x01"), &version), RESULT_BLOCKED);
    assert_int_equal(tls_version_read(SLICE("\x80\x09\x02\x03\x01"), &version), RESULT_INVALID);
    assert_int_equal(tls_version_read(SLICE("\x80\x02\x01\x03\x01"), &version), RESULT_INVALID);
    assert_int_equal(tls_version_read(SLICE("\x16\x02"), &version), RESULT_INVALID);
    assert_int_equal(tls_version_read(SLICE("GET"), &version), RESULT_INVALID);
    assert_int_equal(tls_version_read(SLICE_NONE, &version), RESULT_BLOCKED);
}

static void test_malformed_hellos(void **state)
{
    (void)state;
    struct slice value;
    struct slice whole = SLICE(HELLO_BODY);
    for (size_t length = 0; length < whole.length; length++) {
        assert_false(client_hello_server_name(slice_first(whole, length), &value));
    }
    assert_false(client_hello_suites(SLICE("\x03\x03" HELLO_RANDOM "\x02i"), &value));
    /* A list of names without a host, and one that runs over its end. */
#define WITH_NAMES(extensions) "\x03\x03" HELLO_RANDOM "\0\0\x02\x13\x01\x01\0" extensions
    assert_false(client_hello_server_name(SLICE(WITH_NAMES("")), &value));
    assert_false(
        client_hello_server_name(SLICE(WITH_NAMES("\0\x0a\0\0\0\x06\0\x04\x01\0\x01x")), &value));
    assert_false(
        client_hello_server_name(SLICE(WITH_NAMES("\0\x0a\0\0\0\x06\0\x04\0\0\x09x")), &value));
    assert_true(
        client_hello_server_name(SLICE(WITH_NAMES("\0\x0a\0\0\0\x06\0\x04\0\0\x01x")), &value));
    assert_true(slice_equal(value, SLICE("x")));
    assert_false(client_hello_extension(SLICE(WITH_NAMES("\0\0")), TLS_EXTENSION_ALPN, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_record),
        cmocka_unit_test(test_every_prefix_is_incomplete),
        cmocka_unit_test(test_every_cut_into_two_records),
        cmocka_unit_test(test_other_bytes),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_malformed_hellos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
