/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of statistics columns that are more than a counter. Each gives the value of its column
 * for an object; which kinds it is called for is the table's (statistics_table.c).
 */
#ifndef WEIR_ADMIN_STATISTICS_READ_H
#define WEIR_ADMIN_STATISTICS_READ_H

#include "admin/statistics.h"

/* One reader a column, named after it in plain words. */
struct statistics_value read_active_servers(const struct statistics_object *object,
                                            struct text *buffer);
struct statistics_value read_address(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_algorithm(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_backup_servers(const struct statistics_object *object,
                                            struct text *buffer);
struct statistics_value read_check_code(const struct statistics_object *object,
                                        struct text *buffer);
struct statistics_value read_check_description(const struct statistics_object *object,
                                               struct text *buffer);
struct statistics_value read_check_downs(const struct statistics_object *object,
                                         struct text *buffer);
struct statistics_value read_check_duration(const struct statistics_object *object,
                                            struct text *buffer);
struct statistics_value read_check_failures(const struct statistics_object *object,
                                            struct text *buffer);
struct statistics_value read_check_fall(const struct statistics_object *object,
                                        struct text *buffer);
struct statistics_value read_check_health(const struct statistics_object *object,
                                          struct text *buffer);
struct statistics_value read_check_rise(const struct statistics_object *object,
                                        struct text *buffer);
struct statistics_value read_check_status(const struct statistics_object *object,
                                          struct text *buffer);
struct statistics_value read_connection_rate(const struct statistics_object *object,
                                             struct text *buffer);
struct statistics_value read_connection_rate_max(const struct statistics_object *object,
                                                 struct text *buffer);
struct statistics_value read_cookie(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_downtime(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_idle_connections(const struct statistics_object *object,
                                              struct text *buffer);
struct statistics_value read_idle_limit(const struct statistics_object *object,
                                        struct text *buffer);
struct statistics_value read_last_change(const struct statistics_object *object,
                                         struct text *buffer);
struct statistics_value read_last_check(const struct statistics_object *object,
                                        struct text *buffer);
struct statistics_value read_last_session(const struct statistics_object *object,
                                          struct text *buffer);
struct statistics_value read_mode(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_name(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_process_number(const struct statistics_object *object,
                                            struct text *buffer);
struct statistics_value read_protocol(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_proxy_id(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_queue_current(const struct statistics_object *object,
                                           struct text *buffer);
struct statistics_value read_queue_limit(const struct statistics_object *object,
                                         struct text *buffer);
struct statistics_value read_request_rate(const struct statistics_object *object,
                                          struct text *buffer);
struct statistics_value read_request_rate_max(const struct statistics_object *object,
                                              struct text *buffer);
struct statistics_value read_requests_total(const struct statistics_object *object,
                                            struct text *buffer);
struct statistics_value read_responses_1xx(const struct statistics_object *object,
                                           struct text *buffer);
struct statistics_value read_responses_2xx(const struct statistics_object *object,
                                           struct text *buffer);
struct statistics_value read_responses_3xx(const struct statistics_object *object,
                                           struct text *buffer);
struct statistics_value read_responses_4xx(const struct statistics_object *object,
                                           struct text *buffer);
struct statistics_value read_responses_5xx(const struct statistics_object *object,
                                           struct text *buffer);
struct statistics_value read_responses_other(const struct statistics_object *object,
                                             struct text *buffer);
struct statistics_value read_service_id(const struct statistics_object *object,
                                        struct text *buffer);
struct statistics_value read_service_name(const struct statistics_object *object,
                                          struct text *buffer);
struct statistics_value read_session_limit(const struct statistics_object *object,
                                           struct text *buffer);
struct statistics_value read_session_rate(const struct statistics_object *object,
                                          struct text *buffer);
struct statistics_value read_session_rate_limit(const struct statistics_object *object,
                                                struct text *buffer);
struct statistics_value read_session_rate_max(const struct statistics_object *object,
                                              struct text *buffer);
struct statistics_value read_sessions_http(const struct statistics_object *object,
                                           struct text *buffer);
struct statistics_value read_sessions_other(const struct statistics_object *object,
                                            struct text *buffer);
struct statistics_value read_status(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_throttle(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_tracked(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_type(const struct statistics_object *object, struct text *buffer);
struct statistics_value read_used_connections(const struct statistics_object *object,
                                              struct text *buffer);
struct statistics_value read_user_weight(const struct statistics_object *object,
                                         struct text *buffer);
struct statistics_value read_weight(const struct statistics_object *object, struct text *buffer);

#endif
