/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ClientHello for tests, byte by byte: the host two.example, ALPN h2 and http/1.1, groups X25519
 * and P-256, two signature algorithms, a session ticket of three bytes, a key share of X25519.
 */
#ifndef WEIR_TESTS_SUPPORT_HELLO_H
#define WEIR_TESTS_SUPPORT_HELLO_H

#define HELLO_RANDOM "0123456789abcdef0123456789abcdef"
#define HELLO_EXTENSIONS                   \
    "\0\x53"                               \
    "\0\0\0\x10\0\x0e\0\0\x0btwo.example"  \
    "\0\x0a\0\x06\0\x04\0\x1d\0\x17"       \
    "\0\x0d\0\x06\0\x04\x04\x03\x08\x04"   \
    "\0\x10\0\x0e\0\x0c\x02h2\x08http/1.1" \
    "\0\x23\0\x03tkt"                      \
    "\0\x33\0\x0e\0\x0c\0\x1d\0\x02kk\0\x17\0\x02ll"
#define HELLO_BODY                   \
    "\x03\x03" HELLO_RANDOM "\x02id" \
    "\0\x04\x13\x01\x13\x02"         \
    "\x01\0" HELLO_EXTENSIONS
#define HELLO_MESSAGE "\x01\0\0\x82" HELLO_BODY
#define HELLO_RECORD  "\x16\x03\x01\0\x86" HELLO_MESSAGE

#endif
