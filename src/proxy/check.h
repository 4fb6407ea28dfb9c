/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Active health checks of one server: at intervals connects (with TLS where the server has it),
 * sends a request with `option httpchk`, judges the answer, counts rise and fall and tells the
 * server's state.
 *
 *   WAITING -> CONNECTING -> (ANSWER) -> WAITING ...
 *
 * What bounds it: one at a time for a server, each within `inter` or the timeouts; its connection,
 * request and answer (a chunk each) are charged to the operator's reserve. A check that weir itself
 * cannot pay for is put off and not counted.
 */
#ifndef WEIR_PROXY_CHECK_H
#define WEIR_PROXY_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/text.h"
#include "proxy/check_status.h"

struct endpoint;
struct health_check;

/* Makes the check of an endpoint by its and its proxy's settings. RESULT_NO_MEMORY; RESULT_INVALID:
 * a pattern or the TLS settings are bad, as `error` says. */
MUST_USE enum result check_create(struct endpoint *endpoint, struct health_check **out,
                                  struct text *error);

/* Begins to check; the first checks of all servers of a worker are spread over their interval. */
void check_start(struct health_check *check);

/* Ends checking; a check under way is given up. */
void check_stop(struct health_check *check);

/* Stops and releases it. */
void check_destroy(struct health_check *check);

/* Checks at once, unless a check is under way (a server that leaves maintenance). */
void check_hurry(struct health_check *check);

/* What the last check told beside its status: "Connection refused", a reason phrase, or "". Never
 * NULL. */
const char *check_last_text(const struct health_check *check);

/* Whether a check is under way: `show stat` marks the last status with "* ". */
bool check_is_running(const struct health_check *check);

/* Whether it is changing the server's state right now: then it is the reason. */
bool check_is_telling(const struct health_check *check);

#endif
