/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the control group's memory limit, version 2 (memory.max) and version 1
 * (memory.limit_in_bytes). The hard idea: the limit that binds may be an ancestor's, and inside a
 * container the path that /proc names may not exist under the mount (it is the host's view); so
 * every level from the named path up to the mount is tried, and the smallest limit found counts.
 * Bounded: fixed buffers; a path too long for them is looked up from its ancestors only.
 */
#include "memory/cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <unistd.h>

#include "base/number.h"
#include "base/slice.h"
#include "base/text.h"
#include "memory/memory.h"

enum { MEMBERSHIP_SIZE = 8192 };

/* Version 1 says "none" with the largest multiple of the page size: more than any machine has. */
#define UNLIMITED_FROM (UINT64_C(1) << 60)

static struct slice read_file(const char *path, char *out, size_t size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t length = fd < 0 ? -1 : read(fd, out, size);
    if (fd >= 0) {
        close(fd);
    }
    return length < 0 ? SLICE_NONE : slice_of(out, (size_t)length);
}

/* The limit that a file holds, or 0: "max", no file, no number. */
static size_t read_limit_file(const char *path)
{
    char out[NUMBER_TEXT_SIZE];
    uint64_t limit;
    struct slice content = read_file(path, out, sizeof(out));
    content = slice_first(content, slice_find_char(content, '\n'));
    if (number_parse_decimal(content, &limit) != RESULT_OK || limit >= UNLIMITED_FROM) {
        return 0;
    }
    return (size_t)limit;
}

static size_t smaller_limit(size_t a, size_t b)
{
    return a == 0 || b == 0 ? size_max(a, b) : size_min(a, b);
}

/* The smallest limit in `folder` + `group` and each folder above it. */
static size_t walk_up(const char *folder, struct slice group, const char *file)
{
    char path[PATH_MAX];
    size_t limit = 0;
    for (;;) {
        struct text text = text_over(path, sizeof(path));
        text_append_format(&text, "%s%.*s/%s", folder, (int)group.length, group.data, file);
        if (!text.truncated) {
            limit = smaller_limit(limit, read_limit_file(path));
        }
        if (group.length == 0) {
            return limit;
        }
        do {
            group.length--;
        } while (group.length > 0 && group.data[group.length] != '/');
    }
}

/* Whether a version 1 line's comma-separated controllers have "memory". */
static bool has_memory_controller(struct slice controllers)
{
    struct slice controller;
    while (slice_next_token(&controllers, ',', &controller)) {
        if (slice_equal(controller, SLICE("memory"))) {
            return true;
        }
    }
    return false;
}

/* One line of the membership file: "0::/path" (version 2) or "4:memory:/path" (version 1). */
static size_t limit_of_line(struct slice line, const char *mount)
{
    char folder[PATH_MAX];
    struct text text = text_over(folder, sizeof(folder));
    const size_t first = slice_find_char(line, ':');
    struct slice rest = slice_skip(line, first + 1);
    const struct slice controllers = slice_first(rest, slice_find_char(rest, ':'));
    const struct slice group = slice_skip(rest, controllers.length + 1);
    text_append_string(&text, mount);
    if (slice_equal(slice_first(line, first), SLICE("0")) && controllers.length == 0) {
        return walk_up(folder, group, "memory.max");
    }
    if (has_memory_controller(controllers)) {
        text_append_string(&text, "/memory");
        return walk_up(folder, group, "memory.limit_in_bytes");
    }
    return 0;
}

size_t cgroup_read_limit(const char *membership, const char *mount)
{
    char out[MEMBERSHIP_SIZE];
    struct slice line;
    size_t limit = 0;
    struct slice rest = read_file(membership, out, sizeof(out));
    while (slice_next_token(&rest, '\n', &line)) {
        limit = smaller_limit(limit, limit_of_line(line, mount));
    }
    return limit;
}

size_t memory_cgroup_limit(void)
{
    return cgroup_read_limit("/proc/self/cgroup", "/sys/fs/cgroup");
}
