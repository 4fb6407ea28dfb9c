/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The look into a ClientHello: suites found behind session ids of all lengths, and bodies cut short
 * at every byte.
 */
#include "tls/hello.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { BODY_SIZE = 400, RANDOM_END = 34 };

/* Writes a body with a session id of `id_length` bytes and two suites; returns its length. */
static size_t write_body(unsigned char body[BODY_SIZE], unsigned char id_length, unsigned first,
                         unsigned second)
{
    memset(body, 0xC0, BODY_SIZE);
    body[RANDOM_END] = id_length;
    unsigned char *suites = body + RANDOM_END + 1 + id_length;
    const unsigned char bytes[] = {0,
                                   4,
                                   (unsigned char)(first >> 8),
                                   (unsigned char)first,
                                   (unsigned char)(second >> 8),
                                   (unsigned char)second};
    memcpy(suites, bytes, sizeof(bytes));
    return RANDOM_END + 1U + id_length + sizeof(bytes);
}

static bool offers(const unsigned char *body, size_t length)
{
    return tls_hello_offers_ecdsa(slice_of((const char *)body, length));
}

static void test_finds_the_suites(void **state)
{
    (void)state;
    unsigned char body[BODY_SIZE];
    static const unsigned char id_lengths[] = {0, 1, 32, 255};
    for (size_t i = 0; i < sizeof(id_lengths); i++) {
        size_t length = write_body(body, id_lengths[i], 0xC02F, 0xC02B);
        assert_true(offers(body, length));
        length = write_body(body, id_lengths[i], 0xCCA9, 0x00FF);
        assert_true(offers(body, length));
        length = write_body(body, id_lengths[i], 0xC02F, 0x1301);
        assert_false(offers(body, length));
    }
}

static void test_suites_behind_the_list_do_not_count(void **state)
{
    (void)state;
    unsigned char body[BODY_SIZE];
    size_t length = write_body(body, 0, 0x1301, 0xC02F);
    body[length] = 0xC0;
    body[length + 1] = 0x2B;
    assert_false(offers(body, length + 2));
}

static void test_cut_short_at_every_byte(void **state)
{
    (void)state;
    unsigned char body[BODY_SIZE];
    size_t length = write_body(body, 5, 0x1301, 0xC02B);
    for (size_t cut = 0; cut < length; cut++) {
        assert_false(offers(body, cut));
    }
    assert_true(offers(body, length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_suites),
        cmocka_unit_test(test_suites_behind_the_list_do_not_count),
        cmocka_unit_test(test_cut_short_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
