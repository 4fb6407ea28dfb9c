/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's view of this process's memory. The files of /proc are opened once, so that they can
 * still be read after a chroot; after a fork they are opened anew, since they speak of the process
 * that opened them.
 */
#ifndef WEIR_MEMORY_RESIDENT_H
#define WEIR_MEMORY_RESIDENT_H

#include <stddef.h>
#include <sys/types.h>

struct resident_reader {
    int statm_fd;
    int rollup_fd;
    pid_t opened_by;
};

/* Opens the files; what cannot be opened reads as 0. */
void resident_open(struct resident_reader *reader);

/* Closes them. */
void resident_close(struct resident_reader *reader);

/* Resident bytes of the process, or 0 when not readable. A few microseconds. */
size_t resident_read(struct resident_reader *reader);

/* Proportional bytes of the process, or 0 when not readable. Walks the page tables: for people, not
 * for timers. */
size_t resident_read_proportional(struct resident_reader *reader);

#endif
