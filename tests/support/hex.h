/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test vectors as hexadecimal text.
 */
#ifndef WEIR_TESTS_SUPPORT_HEX_H
#define WEIR_TESTS_SUPPORT_HEX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static inline unsigned test_hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* Writes the bytes that `hex` stands for; returns how many. */
static inline size_t test_hex(const char *hex, uint8_t *out, size_t room)
{
    size_t bytes = strlen(hex) / 2;
    assert_true(bytes <= room);
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(test_hex_digit(hex[2 * i]) << 4 | test_hex_digit(hex[2 * i + 1]));
    }
    return bytes;
}

#endif
