/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditional blocks (.if .elif .else .endif) and messages (.notice .warning .alert .diag): manual
 * 2.4. The state is a stack of nested blocks.
 */
#ifndef WEIR_CONFIG_PREPROCESS_H
#define WEIR_CONFIG_PREPROCESS_H

#include <stdbool.h>

#include "config/keyword.h"

enum { PREPROCESS_DEPTH_MAX = 16 };

/* Of one nested block. */
enum block_state {
    BLOCK_TAKEN,   /* its lines are read */
    BLOCK_PENDING, /* no branch was true yet */
    BLOCK_OVER,    /* a branch was taken before */
    BLOCK_OUTSIDE, /* inside a block that is not read */
};

/* Zero-initialized: outside of any block. */
struct preprocess {
    enum block_state blocks[PREPROCESS_DEPTH_MAX];
    bool has_else[PREPROCESS_DEPTH_MAX];
    unsigned depth;
};

/* Whether lines are read now. */
bool preprocess_is_reading(const struct preprocess *state);

/*
 * Executes the line when it begins with a dot. RESULT_OK: it was a directive. RESULT_NOT_FOUND: an
 * ordinary line. RESULT_INVALID: the line is failed.
 */
MUST_USE enum result preprocess_line(struct preprocess *state, struct config_reader *reader);

#endif
