/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Result codes: what a function that can fail returns. Blocked and full are normal results, not
 * errors. A result is handled or passed on, and logged once, where it is handled.
 */
#ifndef WEIR_BASE_RESULT_H
#define WEIR_BASE_RESULT_H

#define MUST_USE __attribute__((warn_unused_result))

enum result {
    RESULT_OK = 0,
    RESULT_BLOCKED,   /* nothing more for now: the peer, the kernel or a window must move first */
    RESULT_END,       /* an orderly end of data */
    RESULT_FULL,      /* a named limit is reached */
    RESULT_NO_MEMORY, /* the governor refused the bytes; the state is as before the call */
    RESULT_NOT_FOUND, /* the thing asked for does not exist */
    RESULT_INVALID,   /* input violates its grammar or the protocol */
    RESULT_FAILED,    /* the system or a library failed; errno or the library's code tells more */
};

/* The code's name in lower case, as logs and tests print it. Never NULL. */
const char *result_name(enum result result);

#endif
