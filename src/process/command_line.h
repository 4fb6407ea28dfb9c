/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, as HAProxy's management manual (section 3) has it.
 */
#ifndef WEIR_PROCESS_COMMAND_LINE_H
#define WEIR_PROCESS_COMMAND_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/result.h"
#include "base/text.h"
#include "memory/memory.h"

enum { COMMAND_FILES_MAX = 256, COMMAND_PIDS_MAX = 64 };

/* What to do. */
enum command {
    COMMAND_RUN,
    COMMAND_CHECK,           /* -c */
    COMMAND_CHECK_CONDITION, /* -cc */
    COMMAND_VERSION,         /* -v */
    COMMAND_VERSION_LONG,    /* -vv */
    COMMAND_MEMORY_HELP,     /* -dMhelp */
};

struct command_line {
    enum command command;
    const char *files[COMMAND_FILES_MAX]; /* -f and those behind -- */
    unsigned files_count;
    const char *condition;     /* -cc */
    const char *directory;     /* -C */
    const char *pidfile;       /* -p */
    const char *local_peer;    /* -L */
    const char *old_socket;    /* -x */
    const char *master_socket; /* -S */
    uint32_t maxconn;          /* -n, 0: not given */
    uint32_t proxy_maxconn;    /* -N, 0: not given */
    uint32_t memory_mib;       /* -m, 0: not given */
    bool daemon;               /* -D */
    bool foreground;           /* -db */
    bool debug;                /* -d */
    bool quiet;                /* -q */
    bool verbose;              /* -V */
    bool zero_warning;         /* -dW */
    bool diagnostics;          /* -dD */
    bool no_splice;            /* -dS */
    bool ignore_resolution;    /* -dr */
    bool master_worker;        /* -W, -Ws */
    bool finish_old;           /* -sf, else -st */
    pid_t old_pids[COMMAND_PIDS_MAX];
    unsigned old_pids_count;
    struct memory_options memory; /* -dM… */
};

/*
 * Reads the arguments; strings are borrowed from them. RESULT_INVALID: `error` says what is wrong
 * and was expected.
 */
MUST_USE enum result command_line_parse(int count, char **arguments, struct command_line *out,
                                        struct text *error);

/* Prints the usage to standard error. */
void command_line_usage(const char *program);

#endif
