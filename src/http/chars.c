/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of character classes (RFC 9110 5.6.2 tchar, 5.5 field-value; RFC 3986 3.1, 3.2.2).
 * The hard idea: every rule about bytes of a head is one bit here, so that the parsers test one
 * load and cannot differ about a character. A constant table of 256 bytes, no other memory.
 */
#include "http/chars.h"

/* What is allowed in each of the graphic characters' roles. */
enum {
    TEXT = HTTP_CHAR_TARGET | HTTP_CHAR_VALUE,
    TOKEN = TEXT | HTTP_CHAR_TOKEN,
    HOST = TEXT | HTTP_CHAR_HOST,
    TOKEN_HOST = TOKEN | HTTP_CHAR_HOST,
    NAME = TOKEN_HOST | HTTP_CHAR_SCHEME,
    DIGIT = NAME | HTTP_CHAR_DIGIT,
};

const uint8_t http_char_classes[UINT8_MAX + 1] = {
    ['\t'] = HTTP_CHAR_VALUE,
    [' '] = HTTP_CHAR_VALUE,
    ['!'] = TOKEN_HOST,
    ['"'] = TEXT,
    ['#'] = HTTP_CHAR_VALUE | HTTP_CHAR_TOKEN,
    ['$' ... '\''] = TOKEN_HOST,
    ['(' ... ')'] = HOST,
    ['*'] = TOKEN_HOST,
    ['+'] = NAME,
    [','] = HOST,
    ['-' ... '.'] = NAME,
    ['/'] = TEXT,
    ['0' ... '9'] = DIGIT,
    [':'] = TEXT,
    [';'] = HOST,
    ['<'] = TEXT,
    ['='] = HOST,
    ['>' ... '@'] = TEXT,
    ['A' ... 'Z'] = NAME,
    ['[' ... ']'] = TEXT,
    ['^'] = TOKEN,
    ['_'] = TOKEN_HOST,
    ['`'] = TOKEN,
    ['a' ... 'z'] = NAME,
    ['{'] = TEXT,
    ['|'] = TOKEN,
    ['}'] = TEXT,
    ['~'] = TOKEN_HOST,
    [0x80 ... UINT8_MAX] = HTTP_CHAR_VALUE,
};
