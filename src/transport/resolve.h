/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host names to addresses by the system's resolver, which may take seconds: while the configuration
 * is read, and never later.
 */
#ifndef WEIR_TRANSPORT_RESOLVE_H
#define WEIR_TRANSPORT_RESOLVE_H

#include <sys/socket.h>

#include "base/address.h"
#include "base/result.h"
#include "base/slice.h"

/*
 * Resolves a literal address or a host name into `address`, whose port is left as it is. `family`
 * is AF_INET, AF_INET6 or AF_UNSPEC for the system's first choice. RESULT_NOT_FOUND when there is
 * no such host, RESULT_INVALID for a name that cannot be one.
 */
MUST_USE enum result address_resolve(struct slice host, sa_family_t family,
                                     struct address *address);

#endif
