/* SPDX-License-Identifier: Apache-2.0 */
/* Transport parameters: a server's read back but for what clients may not send, bad ones refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quic/transport_parameters.h"

static enum result parse(const uint8_t *bytes, size_t length, struct quic_transport_parameters *out)
{
    return quic_transport_parameters_parse(slice_of((const char *)bytes, length), out);
}

#define PARSE(out, ...) \
    parse((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), out)

static void test_defaults(void **state)
{
    (void)state;
    struct quic_transport_parameters p;
    assert_int_equal(quic_transport_parameters_parse(SLICE_NONE, &p), RESULT_OK);
    assert_int_equal(p.max_udp_payload_size, 65527);
    assert_int_equal(p.ack_delay_exponent, 3);
    assert_int_equal(p.max_ack_delay_ms, 25);
    assert_int_equal(p.active_connection_id_limit, 2);
    assert_false(p.has_initial_source_cid);
}

static void test_values(void **state)
{
    (void)state;
    struct quic_transport_parameters p;
    assert_int_equal(PARSE(&p, 0x01, 2, 0x40, 100, 0x0f, 2, 7, 8, 0x0c, 0, 0x6a, 0xb2, 0, 0x1b, 1,
                           9, 0x11, 12, 0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf, 0, 0, 0, 1),
                     RESULT_OK);
    assert_int_equal(p.max_idle_timeout_ms, 100);
    assert_true(p.has_initial_source_cid);
    assert_int_equal(p.initial_source_cid.length, 2);
    assert_true(p.disable_active_migration);
    assert_true(p.grease_quic_bit);
    assert_int_equal(p.chosen_version, QUIC_VERSION_1);
    assert_int_equal(p.available_versions_count, 2);
    assert_int_equal(p.available_versions[0], QUIC_VERSION_2);
}

static void test_refused(void **state)
{
    (void)state;
    struct quic_transport_parameters p;
    assert_int_equal(PARSE(&p, 0x01, 1, 5, 0x01, 1, 5), RESULT_INVALID);    /* twice */
    assert_int_equal(PARSE(&p, 0x03, 2, 0x44, 0xaf), RESULT_INVALID);       /* below 1200 */
    assert_int_equal(PARSE(&p, 0x0a, 1, 21), RESULT_INVALID);               /* exponent > 20 */
    assert_int_equal(PARSE(&p, 0x0b, 4, 0x80, 0, 0x40, 0), RESULT_INVALID); /* delay >= 2^14 */
    assert_int_equal(PARSE(&p, 0x0e, 1, 1), RESULT_INVALID);                /* fewer than 2 ids */
    assert_int_equal(PARSE(&p, 0x0c, 1, 0), RESULT_INVALID);                /* has a value */
    assert_int_equal(PARSE(&p, 0x00, 1, 0), RESULT_INVALID);                /* a server's */
    assert_int_equal(PARSE(&p, 0x10, 1, 0), RESULT_INVALID);
    assert_int_equal(PARSE(&p, 0x01, 2, 5), RESULT_INVALID);          /* cut */
    assert_int_equal(PARSE(&p, 0x01, 2, 5, 5), RESULT_INVALID);       /* length differs */
    assert_int_equal(PARSE(&p, 0x11, 4, 0, 0, 0, 1), RESULT_INVALID); /* chosen, not offered */
    assert_int_equal(PARSE(&p, 0x11, 8, 0, 0, 0, 0, 0, 0, 0, 0), RESULT_INVALID);
}

static void test_written(void **state)
{
    (void)state;
    uint8_t out[512];
    struct quic_transport_parameters p, back;
    quic_transport_parameters_init(&p);
    p.initial_max_data = 100000;
    p.max_idle_timeout_ms = 30000;
    p.has_initial_source_cid = true;
    p.initial_source_cid = (struct quic_cid){8, {1}};
    p.grease_quic_bit = true;
    size_t length = quic_transport_parameters_write(out, sizeof(out), &p, 12345);
    assert_true(length > 0);
    assert_int_equal(out[0], 0x01); /* idle timeout: the first that differs from its default */
    assert_int_equal(parse(out, length, &back),
                     RESULT_INVALID); /* a server's original id is in it */
    assert_int_equal(quic_transport_parameters_write(out, length - 1, &p, 12345), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
