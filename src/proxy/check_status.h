/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of health checks, numbered and named as HAProxy numbers and names them (`show stat`,
 * `show servers state`, logs).
 */
#ifndef WEIR_PROXY_CHECK_STATUS_H
#define WEIR_PROXY_CHECK_STATUS_H

enum check_status {
    CHECK_STATUS_UNKNOWN,
    CHECK_STATUS_INITIAL,
    CHECK_STATUS_STARTED, /* never shown: the last result is */
    CHECK_STATUS_CHECKED, /* what follows are results */
    CHECK_STATUS_OBSERVED,
    CHECK_STATUS_SOCKET_ERROR,
    CHECK_STATUS_L4_PASSED,
    CHECK_STATUS_L4_TIMEOUT,
    CHECK_STATUS_L4_CONNECTION,
    CHECK_STATUS_L6_PASSED,
    CHECK_STATUS_L6_TIMEOUT,
    CHECK_STATUS_L6_RESPONSE,
    CHECK_STATUS_L7_TIMEOUT,
    CHECK_STATUS_L7_RESPONSE,
    CHECK_STATUS_WITH_CODE, /* what follows comes with a code */
    CHECK_STATUS_L7_PASSED,
    CHECK_STATUS_L7_PASSED_CONDITIONALLY,
    CHECK_STATUS_L7_STATUS,
    CHECK_STATUSES
};

/* The first result of a check that has ended. */
#define CHECK_STATUS_FIRST_RESULT CHECK_STATUS_OBSERVED

/* The short name: "L4OK", "L7STS"; "" for those that are never shown. */
const char *check_status_name(unsigned status);

/* The words of logs and the statistics: "Layer4 check passed". */
const char *check_status_description(unsigned status);

#endif
