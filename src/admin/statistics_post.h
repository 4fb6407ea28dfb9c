/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of the statistics page: "s=<server>&s=…&action=<word>&b=#<backend id>".
 */
#ifndef WEIR_ADMIN_STATISTICS_POST_H
#define WEIR_ADMIN_STATISTICS_POST_H

#include <stdbool.h>
#include <stddef.h>

#include "admin/server_action.h"
#include "admin/statistics_query.h"
#include "base/result.h"
#include "base/slice.h"
#include "proxy/proxy.h"

/* Longest name in a form, as it is encoded. */
enum { STATISTICS_POST_NAME_MAX = 1024 };

/* A form that was read; it points into the form's bytes. */
struct statistics_post {
    char backend_bytes[STATISTICS_POST_NAME_MAX];
    struct slice backend; /* name or "#<id>", decoded; data NULL: none */
    enum server_action action;
    bool has_action;
    struct slice rest; /* of the form, for the servers */
    char server_bytes[STATISTICS_POST_NAME_MAX];
};

/*
 * Reads a form. RESULT_INVALID: it is none, a name is not decodable or too long, or the action does
 * not exist.
 */
MUST_USE enum result statistics_post_read(struct slice form, struct statistics_post *post);

/* Whether a proxy may be changed by who sent the form. */
struct statistics_permission {
    bool (*may_change)(const void *argument, const struct proxy *proxy);
    const void *argument;
};

/* Does what the form says to the servers it names, and tells how that ended. */
enum statistics_outcome statistics_post_run(struct statistics_post *post, struct worker *worker,
                                            const struct statistics_permission *permission,
                                            uint64_t now_ms);

#endif
