/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits and privileges of the process: descriptors, maxconn, user, group, chroot, the background,
 * the pid file.
 */
#ifndef WEIR_PROCESS_LIMITS_H
#define WEIR_PROCESS_LIMITS_H

#include "base/result.h"

struct instance;

/* Computes maxconn and the descriptors it needs, and raises RLIMIT_NOFILE. RESULT_FAILED with
 * strict-limits: reported. */
MUST_USE enum result limits_apply(struct instance *instance);

/* chroot, group and user, in this order. RESULT_FAILED: reported. */
MUST_USE enum result limits_drop_privileges(struct instance *instance);

/*
 * Forks when the configuration or command line asks for the background. In the parent it does not
 * return: it exits with the child's status once the child called limits_tell_started, or 1 when the
 * child ended before. `fd` is what the child tells by, -1 in the foreground.
 */
MUST_USE enum result limits_enter_background(int *fd);

/* Tells the waiting parent that the child is ready, and detaches from the terminal. */
void limits_tell_started(int fd);

/* Writes the pid file, before privileges are dropped. RESULT_FAILED: reported. */
MUST_USE enum result limits_write_pidfile(struct instance *instance);

#endif
