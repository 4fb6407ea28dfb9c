/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory limit of the control group that the process runs in.
 */
#ifndef WEIR_MEMORY_CGROUP_H
#define WEIR_MEMORY_CGROUP_H

#include <stddef.h>

/*
 * The smallest limit on the way from the process's group up to the root, in bytes; 0 for none.
 * `membership` is the file that names the groups (/proc/self/cgroup), `mount` the folder of the
 * hierarchies (/sys/fs/cgroup).
 */
size_t cgroup_read_limit(const char *membership, const char *mount);

#endif
