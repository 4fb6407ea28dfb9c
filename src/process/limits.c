/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits and privileges. Descriptors: two a connection (client and server side), one a listener,
 * two a pipe where splicing is asked for, some for the process itself; maxconn without a setting is
 * what the descriptor limit carries. The background is entered before anything is opened, with the
 * parent waiting for the child's word, so that errors reach the terminal and the exit status.
 */
#include "process/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/number.h"
#include "process/instance.h"

enum {
    DESCRIPTORS_A_CONNECTION = 2,
    DESCRIPTORS_A_PIPE = 2,
    PIPES_DIVISOR = 4,         /* of maxconn: pipes without `maxpipes` */
    DESCRIPTORS_RESERVED = 64, /* loop, logs, runtime API, checks */
    MAXCONN_DEFAULT_MAX = 1000000,
};

static uint32_t count_listeners(const struct configuration *configuration)
{
    uint32_t count = 0;
    LIST_EACH(link, &configuration->proxies) {
        const struct proxy_settings *settings = container_of(link, struct proxy_settings, link);
        LIST_EACH(bind, &settings->binds) {
            count++;
        }
        count += settings->servers_count; /* a health check each */
    }
    return count;
}

static bool wants_pipes(const struct configuration *configuration)
{
    const uint32_t options = OPTION_SPLICE_AUTO | OPTION_SPLICE_REQUEST | OPTION_SPLICE_RESPONSE;
    LIST_EACH(link, &configuration->proxies) {
        if ((container_of(link, struct proxy_settings, link)->options & options) != 0) {
            return !configuration->global.no_splice;
        }
    }
    return false;
}

/* Pipes at once: `maxpipes`, or a part of the connections; none where nobody splices. */
static uint32_t count_pipes(const struct configuration *configuration, uint64_t maxconn)
{
    if (!wants_pipes(configuration)) {
        return 0;
    }
    uint32_t wanted = configuration->global.maxpipes;
    return wanted != 0 ? wanted : (uint32_t)((maxconn + PIPES_DIVISOR - 1) / PIPES_DIVISOR);
}

/* Of `free` descriptors those that pipes need while connections take the rest. */
static uint64_t share_of_pipes(const struct configuration *configuration, uint64_t free)
{
    uint64_t most = free / 2;
    uint64_t wanted = (uint64_t)configuration->global.maxpipes * DESCRIPTORS_A_PIPE;
    if (!wants_pipes(configuration)) {
        return 0;
    }
    if (wanted == 0) { /* a pipe for each PIPES_DIVISOR connections */
        wanted = free * DESCRIPTORS_A_PIPE /
                 (DESCRIPTORS_A_PIPE + PIPES_DIVISOR * DESCRIPTORS_A_CONNECTION);
    }
    return wanted < most ? wanted : most;
}

/*
 * Raises the limit to `wanted`. A hard limit below that is fatal only when it does not carry every
 * client: who has no descriptor for a server's connection is answered 503.
 */
static enum result raise_limit(struct instance *instance, struct rlimit *limit, rlim_t wanted,
                               rlim_t least)
{
    if (limit->rlim_cur >= wanted) {
        return RESULT_OK;
    }
    struct rlimit raised = {.rlim_cur = wanted,
                            .rlim_max = wanted > limit->rlim_max ? wanted : limit->rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
        *limit = raised;
        return RESULT_OK;
    }
    raised = (struct rlimit){.rlim_cur = limit->rlim_max, .rlim_max = limit->rlim_max};
    (void)setrlimit(RLIMIT_NOFILE, &raised);
    limit->rlim_cur = raised.rlim_cur;
    bool strict = instance->configuration.global.strict_limits && limit->rlim_cur < least;
    report_write(instance->report, strict ? REPORT_ALERT : REPORT_WARNING,
                 "Cannot raise FD limit to %llu, limit is %llu.", (unsigned long long)wanted,
                 (unsigned long long)limit->rlim_max);
    return strict ? RESULT_FAILED : RESULT_OK;
}

enum result limits_apply(struct instance *instance)
{
    struct global_settings *global = &instance->configuration.global;
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        report_write(instance->report, REPORT_ALERT, "cannot read the descriptor limit: %s",
                     strerror(errno));
        return RESULT_FAILED;
    }
    uint32_t fixed = count_listeners(&instance->configuration) + DESCRIPTORS_RESERVED;
    uint64_t maxconn = global->maxconn;
    if (maxconn == 0) {
        uint64_t free = limit.rlim_max > fixed ? limit.rlim_max - fixed : DESCRIPTORS_A_CONNECTION;
        maxconn =
            (free - share_of_pipes(&instance->configuration, free)) / DESCRIPTORS_A_CONNECTION;
        maxconn = maxconn > MAXCONN_DEFAULT_MAX ? MAXCONN_DEFAULT_MAX : maxconn;
    }
    global->maxpipes = count_pipes(&instance->configuration, maxconn);
    fixed += global->maxpipes * DESCRIPTORS_A_PIPE;
    rlim_t wanted =
        global->ulimit_n != 0 ? global->ulimit_n : maxconn * DESCRIPTORS_A_CONNECTION + fixed;
    enum result result = raise_limit(instance, &limit, wanted, maxconn + fixed);
    instance->facts.maxconn = (uint32_t)maxconn;
    instance->facts.maxconn_hard = (uint32_t)maxconn;
    instance->facts.descriptors_max = (uint32_t)limit.rlim_cur;
    return result;
}

static enum result refused(struct instance *instance, const char *what, const char *value)
{
    report_write(instance->report, REPORT_ALERT, "Cannot %s '%s': %s.", what, value,
                 strerror(errno));
    return RESULT_FAILED;
}

enum result limits_drop_privileges(struct instance *instance)
{
    const struct global_settings *global = &instance->configuration.global;
    if (global->chroot != NULL && (chroot(global->chroot) != 0 || chdir("/") != 0)) {
        return refused(instance, "chroot to", global->chroot);
    }
    if (global->gid != 0) {
        if ((geteuid() == 0 && setgroups(0, NULL) != 0) || setgid(global->gid) != 0) {
            return refused(instance, "change to group",
                           global->group != NULL ? global->group : "gid");
        }
    }
    if (global->uid != 0 && setuid(global->uid) != 0) {
        return refused(instance, "change to user", global->user != NULL ? global->user : "uid");
    }
    return RESULT_OK;
}

enum result limits_write_pidfile(struct instance *instance)
{
    const char *path = instance->configuration.global.pidfile;
    if (path == NULL) {
        return RESULT_OK;
    }
    enum { PIDFILE_MODE = 0644 };
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, PIDFILE_MODE);
    char line[NUMBER_TEXT_SIZE];
    size_t length = number_write_decimal(line, (uint64_t)getpid());
    line[length++] = '\n';
    if (fd < 0 || write(fd, line, length) != (ssize_t)length || close(fd) != 0) {
        return refused(instance, "create pidfile", path);
    }
    return RESULT_OK;
}

enum result limits_enter_background(int *fd)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return RESULT_FAILED;
    }
    pid_t pid = fork();
    if (pid < 0) {
        return RESULT_FAILED;
    }
    if (pid == 0) {
        close(ends[0]);
        setsid();
        *fd = ends[1];
        return RESULT_OK;
    }
    close(ends[1]);
    char word = 0;
    ssize_t got;
    do {
        got = read(ends[0], &word, 1);
    } while (got < 0 && errno == EINTR);
    _exit(got == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

void limits_tell_started(int fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        close(null);
    }
    (void)!write(fd, "+", 1);
    close(fd);
}
