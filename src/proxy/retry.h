/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `retry-on` may name: the statuses that a request may be sent again for, and their bits.
 */
#ifndef WEIR_PROXY_RETRY_H
#define WEIR_PROXY_RETRY_H

#include <stdint.h>

/* The bit of `retry_on` for a response status; 0: no status to retry on. */
uint32_t retry_of_status(uint16_t status);

/* The conditions of `all-retryable-errors`. */
uint32_t retry_of_all_errors(void);

#endif
