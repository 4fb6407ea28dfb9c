/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ASSERT stays on in production and guards against programmers only: never against peers,
 * configuration or shortage of memory.
 */
#ifndef WEIR_BASE_ASSERT_H
#define WEIR_BASE_ASSERT_H

#include <stddef.h>

#define ASSERT(condition) ((condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__))

/* Writes the failed condition and its place to standard error and aborts. */
_Noreturn void assert_failed(const char *condition, const char *file, int line);

/* The object of `type` whose `member` is at `pointer`. */
#define container_of(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
