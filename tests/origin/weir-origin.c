/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weir-origin: a small HTTP/1.1 server to test and measure proxies with. Its answers are ordered
 * by the request: size, status, delay, framing, and faults. This file: options, listening sockets,
 * processes and signals.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "help.h"
#include "origin.h"
#include "plan.h"

#define BACKLOG      4096
#define WORKERS_MAX  64U
#define ADDRESS_MAX  256U
#define PATTERN_LINE 16U
#define IDLE_MS      600000U

struct listen_spec {
    const char *text;
    bool is_unix;
};

struct program {
    struct options options;
    struct listen_spec specs[LISTENERS_MAX];
    size_t spec_count;
    int sockets[WORKERS_MAX][LISTENERS_MAX];
    const char *pattern;
    int pattern_file;
    pid_t children[WORKERS_MAX];
};

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "weir-origin: %s %s: %s\n", what, detail, strerror(errno));
    exit(1);
}

/* --- listening */

static int open_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        die("listen", path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, BACKLOG) != 0) {
        die("listen", path);
    }
    return fd;
}

/* Splits addr:port, [v6]:port, :port, *:port or port. */
static struct addrinfo *resolve(const char *text)
{
    char host[ADDRESS_MAX];
    const char *colon = strrchr(text, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    const char *port = colon == NULL ? text : colon + 1;
    if (length >= sizeof(host)) {
        errno = ENAMETOOLONG;
        die("listen", text);
    }
    memcpy(host, text, length);
    host[length] = '\0';
    char *name = host;
    if (length > 1 && host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        name = host + 1;
    }
    bool any = name[0] == '\0' || strcmp(name, "*") == 0;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int wrong = getaddrinfo(any ? "0.0.0.0" : name, port, &hints, &found);
    if (wrong != 0) {
        fprintf(stderr, "weir-origin: listen %s: %s\n", text, gai_strerror(wrong));
        exit(1);
    }
    return found;
}

static int open_tcp(const char *text, struct sockaddr_storage *address, socklen_t *length,
                    bool shared)
{
    int on = 1;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        die("listen", text);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (shared) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    }
    if (bind(fd, (struct sockaddr *)address, *length) != 0 || listen(fd, BACKLOG) != 0) {
        die("listen", text);
    }
    /* Port 0 has become a port now, for the other workers too. */
    getsockname(fd, (struct sockaddr *)address, length);
    return fd;
}

static void announce(const struct sockaddr_storage *address, socklen_t length)
{
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    getnameinfo((const struct sockaddr *)address, length, host, sizeof(host), port, sizeof(port),
                NI_NUMERICHOST | NI_NUMERICSERV);
    bool bracket = address->ss_family == AF_INET6;
    printf("listening on %s%s%s:%s\n", bracket ? "[" : "", host, bracket ? "]" : "", port);
}

static void open_listeners(struct program *program)
{
    for (size_t i = 0; i < program->spec_count; i++) {
        const char *text = program->specs[i].text;
        if (program->specs[i].is_unix) {
            int fd = open_unix(text);
            for (unsigned w = 0; w < program->options.workers; w++) {
                program->sockets[w][i] = fd;
            }
            if (!program->options.quiet) {
                printf("listening on unix:%s\n", text);
            }
            continue;
        }
        struct addrinfo *found = resolve(text);
        struct sockaddr_storage address = {0};
        socklen_t length = found->ai_addrlen;
        memcpy(&address, found->ai_addr, length);
        freeaddrinfo(found);
        for (unsigned w = 0; w < program->options.workers; w++) {
            bool shared = program->options.workers > 1;
            program->sockets[w][i] = open_tcp(text, &address, &length, shared);
        }
        if (!program->options.quiet) {
            announce(&address, length);
        }
    }
    fflush(stdout);
}

/* --- processes */

/* The bytes of every body: lines of their own position in hexadecimal, in memory and in a file. */
static void make_pattern(struct program *program)
{
    int file = memfd_create("pattern", MFD_CLOEXEC);
    char *bytes = MAP_FAILED;
    if (file >= 0 && ftruncate(file, (off_t)PATTERN_BYTES) == 0) {
        bytes = mmap(NULL, PATTERN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    if (bytes == MAP_FAILED) {
        die("memory", "pattern");
    }
    for (size_t at = 0; at < PATTERN_PERIOD; at += PATTERN_LINE) {
        char line[PATTERN_LINE + 1];
        snprintf(line, sizeof(line), "....%011zx\n", at);
        memcpy(bytes + at, line, PATTERN_LINE);
    }
    for (size_t copy = 1; copy < PATTERN_COPIES; copy++) {
        memcpy(bytes + copy * PATTERN_PERIOD, bytes, PATTERN_PERIOD);
    }
    program->pattern = bytes;
    program->pattern_file = file;
}

static void run_worker(const struct program *program, unsigned number)
{
    struct worker worker = {
        .options = &program->options,
        .number = number,
        .poll = epoll_create1(EPOLL_CLOEXEC),
        .listener_count = program->spec_count,
        .pattern = program->pattern,
        .pattern_file = program->pattern_file,
        .random_state = 0x9e3779b97f4a7c15U + number,
    };
    memcpy(worker.listeners, program->sockets[number], sizeof(worker.listeners));
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    struct epoll_event event = {.events = EPOLLIN};
    int fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (worker.poll < 0 || fd < 0 || epoll_ctl(worker.poll, EPOLL_CTL_ADD, fd, &event) != 0) {
        die("start", "worker");
    }
    worker_run(&worker);
}

static void run_workers(struct program *program)
{
    pid_t parent = getpid();
    for (unsigned w = 0; w < program->options.workers; w++) {
        program->children[w] = fork();
        if (program->children[w] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            if (getppid() == parent) {
                run_worker(program, w);
            }
            _exit(0);
        }
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int number = 0;
    sigwait(&signals, &number);
    for (unsigned w = 0; w < program->options.workers; w++) {
        if (program->children[w] > 0) {
            kill(program->children[w], SIGTERM);
            waitpid(program->children[w], NULL, 0);
        }
    }
}

/* --- options */

static void add_listener(struct program *program, const char *text, bool is_unix)
{
    if (program->spec_count == LISTENERS_MAX) {
        errno = E2BIG;
        die("listen", text);
    }
    program->specs[program->spec_count++] = (struct listen_spec){text, is_unix};
}

static void read_options(struct program *program, int count, char **words)
{
    static const struct option long_options[] = {
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option = 0;
    while ((option = getopt_long(count, words, "l:u:n:w:s:k:iqh", long_options, NULL)) != -1) {
        switch (option) {
        case 'l':
        case 'u':
            add_listener(program, optarg, option == 'u');
            break;
        case 'n':
            program->options.name = optarg;
            break;
        case 'w':
            program->options.workers = (unsigned)plan_number(optarg, strlen(optarg), 0);
            break;
        case 's':
            program->options.default_size = plan_number(optarg, strlen(optarg), 0);
            break;
        case 'k':
            program->options.idle_ms = plan_number(optarg, strlen(optarg), IDLE_MS);
            break;
        case 'i':
            program->options.identify = true;
            break;
        case 'q':
            program->options.quiet = true;
            break;
        case 'h':
            fputs(help_text, stdout);
            exit(0);
        default:
            fputs("weir-origin: see weir-origin --help\n", stderr);
            exit(1);
        }
    }
    if (program->spec_count == 0 || optind != count || program->options.workers == 0 ||
        program->options.workers > WORKERS_MAX) {
        fputs("weir-origin: expected -l addr:port or -u path, and 1 to 64 workers\n", stderr);
        exit(1);
    }
}

static void raise_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int count, char **words)
{
    static struct program program = {
        .options = {.workers = 1, .default_size = 1024, .idle_ms = IDLE_MS},
    };
    read_options(&program, count, words);
    raise_limits();
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* sendfile() knows no MSG_NOSIGNAL */
    make_pattern(&program);
    open_listeners(&program);
    if (program.options.workers == 1) {
        run_worker(&program, 0);
    } else {
        run_workers(&program);
    }
    for (size_t i = 0; i < program.spec_count; i++) {
        if (program.specs[i].is_unix) {
            unlink(program.specs[i].text);
        }
    }
    return 0;
}
