/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statuses of `retry-on`: one row each, in the order of their bits. A status that is not here
 * is an answer like any other. No memory.
 */
#include "proxy/retry.h"

#include "proxy/settings.h"

static const uint16_t STATUSES[] = {401, 403, 404, 408, 421, 425, 429, 500, 501, 502, 503, 504};

enum { STATUS_COUNT = sizeof(STATUSES) / sizeof(STATUSES[0]) };

static const uint16_t ERROR_STATUSES[] = {500, 502, 503, 504};

_Static_assert((RETRY_STATUS_BASE << (STATUS_COUNT - 1)) > 0, "a bit for each status");

uint32_t retry_of_status(uint16_t status)
{
    for (unsigned i = 0; i < STATUS_COUNT; i++) {
        if (STATUSES[i] == status) {
            return (uint32_t)RETRY_STATUS_BASE << i;
        }
    }
    return 0;
}

uint32_t retry_of_all_errors(void)
{
    uint32_t bits = RETRY_CONN_FAILURE | RETRY_EMPTY_RESPONSE | RETRY_JUNK_RESPONSE |
                    RETRY_RESPONSE_TIMEOUT | RETRY_0RTT_REJECTED;
    for (unsigned i = 0; i < sizeof(ERROR_STATUSES) / sizeof(ERROR_STATUSES[0]); i++) {
        bits |= retry_of_status(ERROR_STATUSES[i]);
    }
    return bits;
}
