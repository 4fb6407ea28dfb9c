/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What statistics are about: an object (frontend, backend, server, listener) and a value of it.
 */
#ifndef WEIR_ADMIN_STATISTICS_H
#define WEIR_ADMIN_STATISTICS_H

#include <stdint.h>

#include "base/slice.h"
#include "proxy/endpoint.h"
#include "proxy/proxy.h"

enum statistics_kind {
    STATISTICS_FRONTEND,
    STATISTICS_BACKEND,
    STATISTICS_SERVER,
    STATISTICS_LISTENER,
    STATISTICS_KINDS
};

/* One object of the statistics: a line of the CSV. */
struct statistics_object {
    enum statistics_kind kind;
    const struct proxy *proxy;
    const struct endpoint *endpoint; /* STATISTICS_SERVER */
    const struct bind *bind;         /* STATISTICS_LISTENER */
    const struct counters *counters;
    uint64_t now_ms;
};

enum statistics_type {
    STATISTICS_EMPTY,
    STATISTICS_U32,
    STATISTICS_S32,
    STATISTICS_U64,
    STATISTICS_STRING
};

/* A value; `string` is valid until the buffer given to statistics_read is used again. */
struct statistics_value {
    enum statistics_type type;
    uint64_t number; /* S32: sign-extended */
    struct slice string;
};

#endif
