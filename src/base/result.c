/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of result codes, for logs and tests.
 * One table, indexed by the code, so that a new code without a name is seen at once.
 * Constant data only: no memory is taken.
 */
#include "base/result.h"

const char *result_name(enum result result)
{
    static const char *const names[] = {
        [RESULT_OK] = "ok",
        [RESULT_BLOCKED] = "blocked",
        [RESULT_END] = "end",
        [RESULT_FULL] = "full",
        [RESULT_NO_MEMORY] = "no memory",
        [RESULT_NOT_FOUND] = "not found",
        [RESULT_INVALID] = "invalid",
        [RESULT_FAILED] = "failed",
    };
    const unsigned code = (unsigned)result;
    return code < sizeof(names) / sizeof(names[0]) ? names[code] : "unknown";
}
