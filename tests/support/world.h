/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker with one backend of up to four servers, each with a fake server in the same thread, and
 * a log that can be read: for tests of health checks and of what follows from them.
 */
#ifndef WEIR_TESTS_SUPPORT_WORLD_H
#define WEIR_TESTS_SUPPORT_WORLD_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "proxy/check.h"
#include "proxy/endpoint.h"
#include "proxy/proxy_life.h"
#include "proxy/server_change.h"
#include "proxy/worker_life.h"
#include "support/transport.h"

enum { WORLD_SERVERS_MAX = 4, WORLD_BYTES_MAX = 8192, WORLD_INTER_MS = 40 };

/* A server that answers one request a connection. */
struct fake {
    int listener; /* -1: nobody listens */
    int fd;       /* the connection open now, -1: none */
    struct address address;
    const char *answer; /* NULL: silence; "": closes without an answer */
    char request[WORLD_BYTES_MAX];
    size_t request_bytes;
    unsigned accepted;
};

struct world {
    struct test_loop base;
    struct chunk_source chunks;
    struct account account;
    struct configuration configuration;
    struct process_facts facts;
    struct worker worker;
    struct proxy_settings settings;
    struct server_settings servers[WORLD_SERVERS_MAX];
    struct log_settings log;
    struct fake fakes[WORLD_SERVERS_MAX];
    unsigned count;
    struct proxy *proxy;
    int log_fd;
};

static inline void world_init_settings(struct proxy_settings *settings, const char *name)
{
    *settings = (struct proxy_settings){.name = name,
                                        .file = "test.cfg",
                                        .id = 2,
                                        .role = PROXY_BACKEND,
                                        .mode = PROXY_MODE_HTTP,
                                        .retries = 3};
    struct list *const lists[] = {&settings->binds, &settings->servers, &settings->logs,
                                  &settings->use_backend, &settings->use_server};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        list_init(lists[i]);
    }
}

/* An empty world; set world->settings and add servers before world_start. */
static inline void world_open(struct world *world)
{
    memset(world, 0, sizeof(*world));
    test_loop_open(&world->base, 0);
    assert_int_equal(chunk_source_init(&world->chunks, world->base.memory, TEST_CHUNK_BYTES, 0),
                     RESULT_OK);
    account_init(&world->account, world->base.ledger, ACCOUNT_CONFIGURATION, 0);
    world->configuration.account = &world->account;
    world->configuration.global.bufsize = TEST_CHUNK_BYTES;
    list_init(&world->configuration.proxies);
    assert_int_equal(worker_init(&world->worker, world->base.memory, 0, world->base.loop,
                                 &world->chunks, &world->configuration, &world->facts),
                     RESULT_OK);
    world_init_settings(&world->settings, "be");
    world->log_fd = memfd_create("log", MFD_CLOEXEC);
    log_sink_options_init(&world->log.sink);
    world->log.sink.kind = LOG_TARGET_DESCRIPTOR;
    world->log.sink.fd = world->log_fd;
    world->log.sink.format = SYSLOG_FORMAT_SHORT;
    list_append(&world->settings.logs, &world->log.link);
}

/* Adds a checked server (rise 2, fall 3) that has a fake one behind it. */
static inline struct server_settings *world_add(struct world *world, const char *answer)
{
    static const char *const names[WORLD_SERVERS_MAX] = {"s1", "s2", "s3", "s4"};
    unsigned index = world->count++;
    struct fake *fake = &world->fakes[index];
    struct server_settings *server = &world->servers[index];
    fake->listener = test_listen(&fake->address);
    assert_int_equal(fcntl(fake->listener, F_SETFL, O_NONBLOCK), 0);
    fake->fd = -1;
    fake->answer = answer;
    server->options = (struct server_options){.name = names[index],
                                              .id = index + 1,
                                              .file = "test.cfg",
                                              .line = 10 + index,
                                              .address = fake->address,
                                              .weight = 1,
                                              .has_check = true,
                                              .check_interval_ms = WORLD_INTER_MS,
                                              .rise = 2,
                                              .fall = 3,
                                              .pool_max_connections = UINT32_MAX,
                                              .max_reuse = UINT32_MAX};
    list_append(&world->settings.servers, &server->link);
    return server;
}

/* Makes the proxy and begins to check. */
static inline void world_start(struct world *world)
{
    char bytes[512];
    struct text error = text_over(bytes, sizeof(bytes));
    assert_int_equal(proxy_create(&world->worker, &world->settings, &world->proxy, &error),
                     RESULT_OK);
    assert_int_equal(server_change_connect_trackers(&world->worker, &error), RESULT_OK);
    assert_int_equal(proxy_start(world->proxy, &error), RESULT_OK);
}

static inline struct server *world_server(const struct world *world, unsigned index)
{
    struct list *link = world->proxy->backend.servers.next;
    for (; index > 0; index--) {
        link = link->next;
    }
    return container_of(link, struct server, link);
}

static inline void fake_close(struct fake *fake)
{
    if (fake->fd >= 0) {
        close(fake->fd);
        fake->fd = -1;
    }
}

static inline void fake_pump(struct fake *fake)
{
    if (fake->fd < 0 && fake->listener >= 0) {
        fake->fd = accept4(fake->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fake->fd >= 0) {
            fake->accepted++;
            fake->request_bytes = 0;
        }
    }
    if (fake->fd < 0) {
        return;
    }
    ssize_t count = recv(fake->fd, fake->request + fake->request_bytes,
                         sizeof(fake->request) - 1 - fake->request_bytes, 0);
    if (count == 0 || (count < 0 && errno != EAGAIN)) {
        fake_close(fake);
        return;
    }
    fake->request_bytes += count > 0 ? (size_t)count : 0;
    fake->request[fake->request_bytes] = '\0';
    if (fake->answer != NULL && strstr(fake->request, "\r\n\r\n") != NULL) {
        (void)!send(fake->fd, fake->answer, strlen(fake->answer), MSG_NOSIGNAL);
        fake_close(fake);
    }
}

/* One turn of the loop and of all fakes. */
static inline void world_turn(struct world *world)
{
    event_loop_turn(world->base.loop, false);
    for (unsigned i = 0; i < world->count; i++) {
        fake_pump(&world->fakes[i]);
    }
    usleep(300);
}

static inline void world_run(struct world *world, unsigned milliseconds)
{
    uint64_t end_us = clock_monotonic_us() + milliseconds * (uint64_t)US_PER_MS;
    while (clock_monotonic_us() < end_us) {
        world_turn(world);
    }
}

/* Turns until `wanted` of the server is true, at most a test's patience. */
#define WORLD_UNTIL(world, condition)                                                       \
    do {                                                                                    \
        uint64_t until_us_ = clock_monotonic_us() + TEST_PATIENCE_MS * (uint64_t)US_PER_MS; \
        while (!(condition) && clock_monotonic_us() < until_us_) {                          \
            world_turn(world);                                                              \
        }                                                                                   \
        assert_true(condition);                                                             \
    } while (0)

/* Nobody listens at a server any more. */
static inline void world_kill(struct world *world, unsigned index)
{
    fake_close(&world->fakes[index]);
    close(world->fakes[index].listener);
    world->fakes[index].listener = -1;
}

/* Listens again at the same address. */
static inline void world_revive(struct world *world, unsigned index)
{
    struct fake *fake = &world->fakes[index];
    struct sockaddr_storage storage;
    socklen_t length = address_to_socket(&fake->address, &storage);
    int on = 1;
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fake->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(fake->listener, (struct sockaddr *)&storage, length), 0);
    assert_int_equal(listen(fake->listener, 16), 0);
}

/* What was logged so far, every number of milliseconds as "Nms". */
static inline const char *world_log(struct world *world)
{
    static char text[WORLD_BYTES_MAX];
    char raw[WORLD_BYTES_MAX];
    ssize_t count = pread(world->log_fd, raw, sizeof(raw) - 1, 0);
    size_t length = 0;
    for (ssize_t i = 0; i < count; i++) {
        bool is_duration = i > 10 && memcmp(raw + i - 10, "duration: ", 10) == 0;
        while (is_duration && raw[i] >= '0' && raw[i] <= '9') {
            i++;
        }
        if (is_duration) {
            text[length++] = 'N';
        }
        text[length++] = raw[i];
    }
    text[length] = '\0';
    return text;
}

/* Whether exactly this line was logged, and how often. */
static inline unsigned world_logged(struct world *world, const char *line)
{
    unsigned count = 0;
    const char *log = world_log(world);
    for (const char *at = strstr(log, line); at != NULL; at = strstr(at + 1, line)) {
        bool is_whole = (at == log || at[-1] == '\n') && at[strlen(line)] == '\n';
        count += is_whole ? 1 : 0;
    }
    return count;
}

static inline void world_close(struct world *world)
{
    worker_stop_hard(&world->worker);
    event_loop_turn(world->base.loop, false);
    event_loop_turn(world->base.loop, false);
    worker_deinit(&world->worker);
    for (unsigned i = 0; i < world->count; i++) {
        fake_close(&world->fakes[i]);
        if (world->fakes[i].listener >= 0) {
            close(world->fakes[i].listener);
        }
    }
    close(world->log_fd);
    assert_int_equal(world->account.used, 0);
    account_deinit(&world->account);
    test_loop_close(&world->base);
}

#endif
