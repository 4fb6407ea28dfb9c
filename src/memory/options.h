/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the memory governor, from the command line (-m, -dM) and the `global` section.
 */
#ifndef WEIR_MEMORY_OPTIONS_H
#define WEIR_MEMORY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "base/text.h"

/* Zero-initialized is the default, but for `workers`. */
struct memory_options {
    size_t limit_bytes;    /* -m in bytes; 0: the cgroup's limit less a margin, else none */
    size_t operator_bytes; /* the operator's reserve, 0: the default */
    unsigned fail_percent; /* tune.fail-alloc: share of pool allocations failed at random */
    bool fail_enabled;     /* -dMfail */
    bool no_merge;         /* -dMno-merge: pools of equal size do not share storage */
    bool no_cache;         /* -dMno-cache: no per-worker free lists */
    bool no_global;        /* -dMno-global: no shared slabs: each object of the allocator's own */
    bool keep_caches;      /* -dMcache,global: lists and slabs under sanitizers too */
    bool integrity;        /* -dMintegrity: poison free objects and check on taking */
    bool tag;              /* -dMtag: a tag behind each object, checked on release */
    bool caller;           /* -dMcaller: remember the last caller of an object */
    bool backup;           /* -dMbackup: keep a copy of free objects and compare on taking */
    bool cold_first;       /* -dMcold-first: reuse the object that was released longest ago */
    bool uaf;              /* -dMuaf: objects on pages of their own, unmapped on release */
    bool poison;           /* -dMbyte or -dM: fill new objects */
    unsigned char poison_byte;
    unsigned workers; /* number of ledgers, at least 1 */
};

/* What -dM fills with when no byte is given: 'P'. */
enum { MEMORY_POISON_BYTE = 0x50 };

/*
 * Applies what follows -dM ("", "0x55,tag,no-merge", "help"...) to `options`. RESULT_INVALID for an
 * unknown word or byte, with the reason in `message`; RESULT_END for "help", with the list of
 * options and their values there; else RESULT_OK.
 */
MUST_USE enum result memory_parse_debug(const char *text, struct memory_options *options,
                                        struct text *message);

#endif
