/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of check results: one table, whose order is that of the numbers that `show servers state`
 * passes from one process to the next. No state, no memory.
 */
#include "proxy/check_status.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *description;
} STATUSES[CHECK_STATUSES] = {
    [CHECK_STATUS_UNKNOWN] = {"UNK", "Unknown"},
    [CHECK_STATUS_INITIAL] = {"INI", "Initializing"},
    [CHECK_STATUS_OBSERVED] = {"HANA", "Health analyze"},
    [CHECK_STATUS_SOCKET_ERROR] = {"SOCKERR", "Socket error"},
    [CHECK_STATUS_L4_PASSED] = {"L4OK", "Layer4 check passed"},
    [CHECK_STATUS_L4_TIMEOUT] = {"L4TOUT", "Layer4 timeout"},
    [CHECK_STATUS_L4_CONNECTION] = {"L4CON", "Layer4 connection problem"},
    [CHECK_STATUS_L6_PASSED] = {"L6OK", "Layer6 check passed"},
    [CHECK_STATUS_L6_TIMEOUT] = {"L6TOUT", "Layer6 timeout"},
    [CHECK_STATUS_L6_RESPONSE] = {"L6RSP", "Layer6 invalid response"},
    [CHECK_STATUS_L7_TIMEOUT] = {"L7TOUT", "Layer7 timeout"},
    [CHECK_STATUS_L7_RESPONSE] = {"L7RSP", "Layer7 invalid response"},
    [CHECK_STATUS_L7_PASSED] = {"L7OK", "Layer7 check passed"},
    [CHECK_STATUS_L7_PASSED_CONDITIONALLY] = {"L7OKC", "Layer7 check conditionally passed"},
    [CHECK_STATUS_L7_STATUS] = {"L7STS", "Layer7 wrong status"},
};

const char *check_status_name(unsigned status)
{
    const char *name = status < CHECK_STATUSES ? STATUSES[status].name : NULL;
    return name != NULL ? name : "";
}

const char *check_status_description(unsigned status)
{
    const char *description = status < CHECK_STATUSES ? STATUSES[status].description : NULL;
    return description != NULL ? description : "";
}
