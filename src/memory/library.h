/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of libraries. Those with an allocator argument (nghttp2, PCRE2, zlib, brotli, libev) get
 * functions that charge an account. GnuTLS offers none: what a call allocated is the difference of
 * the allocator's own thread counters around it, charged afterwards and never refused (it aborts on
 * a failed malloc, so the handshake reserves its peak before).
 */
#ifndef WEIR_MEMORY_LIBRARY_H
#define WEIR_MEMORY_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#include "memory/memory.h"

/* Allocates for a library, charged to `account`; NULL when refused. Release with library_release.
 */
void *library_take(struct account *account, size_t bytes);

/* realloc for a library. */
void *library_resize(struct account *account, void *block, size_t bytes);

/* free for a library; NULL is allowed. */
void library_release(struct account *account, void *block);

/* The thread's allocation counters at the start of a metered call. */
struct library_meter {
    uint64_t allocated;
    uint64_t deallocated;
};

/* Starts metering this thread (GnuTLS calls). Nothing else may allocate until library_meter_end. */
struct library_meter library_meter_begin(void);

/*
 * Charges (or discharges) the bytes gained since `begin` to `account` and adds them to `held`, the
 * caller's running total for that library object, which never goes below zero.
 */
void library_meter_end(struct library_meter begin, struct account *account, size_t *held);

/* Takes a whole library object's remaining bytes off the account after it was freed. */
void library_meter_clear(struct account *account, size_t *held);

#endif
