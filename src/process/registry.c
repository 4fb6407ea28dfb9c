/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry: every table of fetches, converters and actions, and every service, in one place
 * that a newcomer can read. Nothing registers itself. Constant.
 */
#include "process/registry.h"

#include <stddef.h>

#include "admin/admin.h"
#include "rules/actions.h"
#include "rules/converter.h"
#include "rules/fetch.h"

static const struct sample_fetch *const FETCHES[] = {
    fetches_internal, fetches_process,
    fetches_proxy,    fetches_connection,
    fetches_tls,      fetches_content,
    fetches_http,     fetches_fields,
    fetches_url,      fetches_body,
    fetches_cookie,   fetches_stream,
    fetches_logic,    NULL,
};

static const struct sample_converter *const CONVERTERS[] = {
    converters_integer, converters_text,    converters_encoding,
    converters_hash,    converters_address, converters_time,
    converters_logic,   converters_map,     NULL,
};

static const struct action_ops *const ACTIONS[] = {
    ACTIONS_FLOW,   ACTIONS_REDIRECT, ACTIONS_HEADER,   ACTIONS_URI, ACTIONS_NORMALIZE,
    ACTIONS_STREAM, ACTIONS_ADDRESS,  ACTIONS_VARIABLE, ACTIONS_MAP, ACTIONS_CAPTURE,
    NULL,
};

/* Services that `use-service` may name: none yet; the statistics page is reached by `stats uri`
 * alone. */
static const char *const SERVICE_NAMES[] = {NULL};

static const struct service_ops *const SERVICES[] = {&SERVICE_STATISTICS, NULL};

static const struct rule_registry RULES = {
    .fetches = FETCHES,
    .converters = CONVERTERS,
    .actions = ACTIONS,
    .services = SERVICE_NAMES,
};

const struct rule_registry *registry_rules(void)
{
    return &RULES;
}

const struct service_ops *const *registry_services(void)
{
    return SERVICES;
}
