/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one list of every fetch, converter, action and service by name: no constructors, no linker
 * sections.
 */
#ifndef WEIR_PROCESS_REGISTRY_H
#define WEIR_PROCESS_REGISTRY_H

#include "proxy/service.h"
#include "rules/rule.h"

/* All tables that rules are parsed with. */
const struct rule_registry *registry_rules(void);

/* All internal services, ended by NULL. */
const struct service_ops *const *registry_services(void);

#endif
