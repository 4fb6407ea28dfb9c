/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads /proc/self/statm and /proc/self/smaps_rollup.
 * The hard idea: an open file of /proc/self stays bound to the process that opened it, which serves
 * a chroot and fails a fork; so the opener's pid is kept and the files are opened again when it is
 * another. Takes no memory but two descriptors.
 */
#include "memory/resident.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/number.h"
#include "base/slice.h"

/* statm is seven numbers; a line of smaps_rollup that matters is among its first. */
enum { STATM_TEXT_SIZE = 160, ROLLUP_TEXT_SIZE = 2048 };

void resident_open(struct resident_reader *reader)
{
    reader->statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    reader->rollup_fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    reader->opened_by = getpid();
}

static void close_if_open(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void resident_close(struct resident_reader *reader)
{
    close_if_open(reader->statm_fd);
    close_if_open(reader->rollup_fd);
    reader->statm_fd = -1;
    reader->rollup_fd = -1;
}

static void follow_fork(struct resident_reader *reader)
{
    if (reader->opened_by != getpid()) {
        resident_close(reader);
        resident_open(reader);
    }
}

/* The file's first bytes; empty when it cannot be read. */
static struct slice read_start(int fd, char *out, size_t size)
{
    const ssize_t length = fd < 0 ? -1 : pread(fd, out, size, 0);
    return length < 0 ? SLICE_NONE : slice_of(out, (size_t)length);
}

size_t resident_read(struct resident_reader *reader)
{
    char text[STATM_TEXT_SIZE];
    struct slice total;
    struct slice resident;
    uint64_t pages;
    follow_fork(reader);
    struct slice rest = read_start(reader->statm_fd, text, sizeof(text));
    if (!slice_next_token(&rest, ' ', &total) || !slice_next_token(&rest, ' ', &resident) ||
        number_parse_decimal(resident, &pages) != RESULT_OK) {
        return 0;
    }
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* The kibibytes of a line "Pss:   123 kB", in bytes. */
static size_t parse_kibibytes(struct slice line)
{
    uint64_t kibibytes;
    struct slice number = slice_trim(slice_skip(line, slice_find_char(line, ':') + 1));
    number = slice_first(number, slice_find_char(number, ' '));
    return number_parse_decimal(number, &kibibytes) == RESULT_OK ? (size_t)kibibytes * KIBIBYTE : 0;
}

size_t resident_read_proportional(struct resident_reader *reader)
{
    char text[ROLLUP_TEXT_SIZE];
    struct slice line;
    follow_fork(reader);
    struct slice rest = read_start(reader->rollup_fd, text, sizeof(text));
    while (slice_next_token(&rest, '\n', &line)) {
        if (slice_starts_with(line, SLICE("Pss:"))) {
            return parse_kibibytes(line);
        }
    }
    return 0;
}
