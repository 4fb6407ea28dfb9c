/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault: one HTTP/1.1 exchange through the whole process, plain and with TLS on both sides, is run
 * again and again while allocation 1, 2, 3 … n is failed, then each pair of neighbours. After each
 * run: no crash, the client saw a whole message or a close, and no byte is left on a client's or a
 * server's account. GnuTLS's own allocations are not failed (DESIGN 3.1).
 *
 * The client and the origin are sockets of this program, driven between the turns of weir's loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "memory/fault.h"
#include "process/startup.h"
#include "proxy/endpoint.h"
#include "support/certificates.h"

enum {
    BODY_BYTES = 40000,
    PATIENCE_MS = 4000,
    TURNS_TO_SETTLE = 200,
    SITES_MAX = 2000,
    LIMIT_MIB = 4096, /* far from binding, sanitizers' memory included */
};

/* One end of a connection of this program. */
struct end {
    int fd;               /* -1: none */
    gnutls_session_t tls; /* NULL: plain */
    bool is_open;         /* the handshake is over */
};

struct scene {
    bool is_tls;
    bool is_limited; /* so that streams begin with a set (proxy/stream_reserve.c) */
    struct test_folder certificates;
    gnutls_certificate_credentials_t client_credentials, origin_credentials;
    char folder[64];
    char config[96];
    struct command_line line;
    struct report report;
    struct instance instance;
    int origin;        /* listening */
    struct end served; /* the origin's connection */
    char asked[BODY_BYTES * 2];
    size_t asked_bytes;
    size_t answered;
    char response[BODY_BYTES * 2];
    size_t response_bytes;
};

/* What the client saw. */
enum outcome { OUTCOME_WHOLE, OUTCOME_ERROR, OUTCOME_CLOSED };

/* ---- plain or TLS ends ---- */

static void end_open(struct end *end, int fd, gnutls_certificate_credentials_t credentials,
                     bool is_client)
{
    *end = (struct end){.fd = fd, .is_open = credentials == NULL};
    if (fd >= 0 && credentials != NULL) {
        unsigned side = is_client ? GNUTLS_CLIENT : GNUTLS_SERVER;
        assert_int_equal(gnutls_init(&end->tls, side | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL), 0);
        assert_int_equal(gnutls_set_default_priority(end->tls), 0);
        assert_int_equal(gnutls_credentials_set(end->tls, GNUTLS_CRD_CERTIFICATE, credentials), 0);
        gnutls_transport_set_int(end->tls, fd);
    }
}

static void end_close(struct end *end)
{
    if (end->tls != NULL) {
        gnutls_deinit(end->tls);
    }
    if (end->fd >= 0) {
        close(end->fd);
    }
    *end = (struct end){.fd = -1};
}

/* GnuTLS's results as those of send() and recv(). */
static ssize_t as_socket(ssize_t result)
{
    if (result >= 0) {
        return result;
    }
    errno = result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED ? EAGAIN : EPROTO;
    return -1;
}

/* Whether the end is ready; goes on with its handshake. errno is EAGAIN or an error when not. */
static bool end_is_ready(struct end *end)
{
    if (!end->is_open) {
        end->is_open = as_socket(gnutls_handshake(end->tls)) == 0;
    }
    return end->is_open;
}

static ssize_t end_send(struct end *end, const char *bytes, size_t count)
{
    if (!end_is_ready(end)) {
        return -1;
    }
    return end->tls == NULL ? send(end->fd, bytes, count, MSG_NOSIGNAL)
                            : as_socket(gnutls_record_send(end->tls, bytes, count));
}

static ssize_t end_recv(struct end *end, char *bytes, size_t count)
{
    if (!end_is_ready(end)) {
        return -1;
    }
    return end->tls == NULL ? recv(end->fd, bytes, count, 0)
                            : as_socket(gnutls_record_recv(end->tls, bytes, count));
}

/* ---- the scene ---- */

static struct sockaddr_un address_of(const struct scene *scene, const char *name)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(un.sun_path, sizeof(un.sun_path), "%s/%s", scene->folder, name);
    return un;
}

static void write_config(struct scene *scene, const char *extra)
{
    FILE *file = fopen(scene->config, "w");
    assert_non_null(file);
    fprintf(file,
            "defaults\n mode http\n timeout client 2s\n timeout server 2s\n timeout connect 1s\n"
            " timeout http-request 2s\n timeout queue 1s\n"
            "listen l\n bind unix@%s/front %s%s\n %s\n server s unix@%s/origin %s\n",
            scene->folder, scene->is_tls ? "ssl crt " : "",
            scene->is_tls ? scene->certificates.files[0] : "", extra, scene->folder,
            scene->is_tls ? "ssl verify none" : "");
    fclose(file);
}

/* A certificate for weir's side and the origin's, and credentials for both ends here. */
static void make_certificates(struct scene *scene)
{
    struct test_identity identity;
    const struct test_request request = {.common_name = "localhost"};
    test_folder_open(&scene->certificates);
    test_identity_make(&identity, &request);
    (void)test_write_bundle(&scene->certificates, "bundle.pem", &identity);
    assert_int_equal(gnutls_certificate_allocate_credentials(&scene->client_credentials), 0);
    assert_int_equal(gnutls_certificate_allocate_credentials(&scene->origin_credentials), 0);
    assert_int_equal(gnutls_certificate_set_x509_key(scene->origin_credentials,
                                                     &identity.certificate, 1, identity.key),
                     0);
    test_identity_clear(&identity);
}

static void open_scene(struct scene *scene, const char *extra)
{
    if (scene->is_tls) {
        make_certificates(scene);
    }
    snprintf(scene->folder, sizeof(scene->folder), "/tmp/weir-fault-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    snprintf(scene->config, sizeof(scene->config), "%s/weir.cfg", scene->folder);
    write_config(scene, extra);
    struct sockaddr_un un = address_of(scene, "origin");
    scene->origin = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(scene->origin, (struct sockaddr *)&un, sizeof(un)), 0);
    assert_int_equal(listen(scene->origin, 16), 0);
    scene->served.fd = -1;
    scene->line = (struct command_line){.command = COMMAND_RUN, .memory = {.workers = 1}};
    scene->line.memory_mib = scene->is_limited ? LIMIT_MIB : 0;
    scene->line.files[0] = scene->config;
    scene->line.files_count = 1;
    report_init(&scene->report);
    scene->report.quiet = true;
    assert_int_equal(instance_load(&scene->instance, &scene->line, &scene->report), RESULT_OK);
    assert_int_equal(instance_build(&scene->instance), RESULT_OK);
    assert_int_equal(instance_start(&scene->instance), RESULT_OK);
}

static void close_scene(struct scene *scene)
{
    instance_destroy(&scene->instance, true);
    close(scene->origin);
    const char *const names[] = {"origin", "front"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct sockaddr_un un = address_of(scene, names[i]);
        unlink(un.sun_path);
    }
    unlink(scene->config);
    rmdir(scene->folder);
    if (scene->is_tls) {
        gnutls_certificate_free_credentials(scene->client_credentials);
        gnutls_certificate_free_credentials(scene->origin_credentials);
        test_folder_close(&scene->certificates);
    }
}

/* ---- the origin ---- */

static void drop_served(struct scene *scene)
{
    end_close(&scene->served);
    scene->asked_bytes = 0;
    scene->answered = 0;
}

static bool has_asked(const struct scene *scene)
{
    const char *end = memmem(scene->asked, scene->asked_bytes, "\r\n\r\n", 4);
    return end != NULL && scene->asked_bytes - (size_t)(end + 4 - scene->asked) >= BODY_BYTES;
}

static void serve(struct scene *scene)
{
    static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\nX-A: b\r\n\r\n";
    if (scene->served.fd < 0) {
        int fd = accept4(scene->origin, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        end_open(&scene->served, fd, scene->origin_credentials, false);
        return;
    }
    ssize_t got = end_recv(&scene->served, scene->asked + scene->asked_bytes,
                           sizeof(scene->asked) - scene->asked_bytes);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        drop_served(scene);
        return;
    }
    scene->asked_bytes += got > 0 ? (size_t)got : 0;
    size_t total = sizeof(HEAD) - 1 + BODY_BYTES;
    while (has_asked(scene) && scene->answered < total) {
        char body[4096];
        memset(body, 'r', sizeof(body));
        bool in_head = scene->answered < sizeof(HEAD) - 1;
        const char *from = in_head ? HEAD + scene->answered : body;
        size_t left = in_head ? sizeof(HEAD) - 1 - scene->answered : total - scene->answered;
        ssize_t sent = end_send(&scene->served, from, left < sizeof(body) ? left : sizeof(body));
        if (sent <= 0) {
            return;
        }
        scene->answered += (size_t)sent;
    }
    if (scene->answered == total) {
        scene->asked_bytes = 0;
        scene->answered = 0;
    }
}

/* ---- the client ---- */

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Whether the response is complete by its own Content-Length. */
static bool is_whole(const struct scene *scene, unsigned *status)
{
    const char *end = memmem(scene->response, scene->response_bytes, "\r\n\r\n", 4);
    if (end == NULL || sscanf(scene->response, "HTTP/1.1 %u", status) != 1) {
        return false;
    }
    const char *field = strcasestr(scene->response, "content-length:");
    assert_non_null(field);
    size_t length = strtoul(field + strlen("content-length:"), NULL, 10);
    return scene->response_bytes - (size_t)(end + 4 - scene->response) == length;
}

static void connect_client(const struct scene *scene, struct end *client)
{
    struct sockaddr_un un = address_of(scene, "front");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    end_open(client, fd, scene->client_credentials, true);
}

static enum outcome exchange(struct scene *scene)
{
    static const char HEAD[] = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n";
    static char request[sizeof(HEAD) - 1 + BODY_BYTES];
    memcpy(request, HEAD, sizeof(HEAD) - 1);
    memset(request + sizeof(HEAD) - 1, 'q', BODY_BYTES);
    struct end client;
    connect_client(scene, &client);
    size_t sent = 0;
    enum outcome outcome = OUTCOME_CLOSED;
    scene->response_bytes = 0;
    memset(scene->response, 0, sizeof(scene->response));
    for (uint64_t start = now_ms();;) {
        assert_true(now_ms() - start < PATIENCE_MS);
        event_loop_turn(scene->instance.loop, false);
        serve(scene);
        if (sent < sizeof(request)) {
            ssize_t put = end_send(&client, request + sent, sizeof(request) - sent);
            sent += put > 0 ? (size_t)put : 0;
        }
        ssize_t got = end_recv(&client, scene->response + scene->response_bytes,
                               sizeof(scene->response) - scene->response_bytes - 1);
        scene->response_bytes += got > 0 ? (size_t)got : 0;
        unsigned status = 0;
        if (is_whole(scene, &status)) {
            outcome = status == 200 ? OUTCOME_WHOLE : OUTCOME_ERROR;
            break;
        }
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break; /* a message that is not whole must be followed by a close, and this is it */
        }
    }
    end_close(&client);
    return outcome;
}

/* Lets everything end, and looks that nothing is left on the accounts of connections. */
static void settle(struct scene *scene)
{
    struct memory_usage usage;
    for (unsigned i = 0; i < TURNS_TO_SETTLE; i++) {
        event_loop_turn(scene->instance.loop, false);
        worker_drop_idle_links(&scene->instance.worker, UINT32_MAX);
        drop_served(scene);
        memory_read_usage(scene->instance.memory, &usage);
        bool is_clean = usage.by_kind[ACCOUNT_CLIENT] == 0 && usage.by_kind[ACCOUNT_SERVER] == 0;
        if (is_clean && i > 2) {
            return;
        }
        poll(NULL, 0, i > 10 ? 10 : 0);
    }
    memory_read_usage(scene->instance.memory, &usage);
    assert_int_equal(usage.by_kind[ACCOUNT_CLIENT], 0);
    assert_int_equal(usage.by_kind[ACCOUNT_SERVER], 0);
}

/* Runs the exchange with every allocation failed in turn, and with the second-next failed too.
 * Returns the sites tried. */
static unsigned fail_each(struct scene *scene, unsigned second, unsigned outcomes[3])
{
    struct memory *memory = scene->instance.memory;
    unsigned sites = 0;
    for (unsigned n = 1; n < SITES_MAX; n++) {
        fault_fail_nth(memory, n, second);
        enum outcome outcome = exchange(scene);
        outcomes[outcome]++;
        bool was_hit = fault_failed(memory) > 0;
        fault_fail_nth(memory, 0, 0);
        settle(scene);
        if (!was_hit) {
            break;
        }
        sites++;
    }
    return sites;
}

static void run(struct scene scene, const char *extra)
{
    open_scene(&scene, extra);
    assert_int_equal(exchange(&scene), OUTCOME_WHOLE);
    settle(&scene);
    unsigned outcomes[3] = {0};
    unsigned sites = fail_each(&scene, 0, outcomes);
    printf("single: %u allocations failed: %u whole, %u error pages, %u closed\n", sites,
           outcomes[0], outcomes[1], outcomes[2]);
    assert_true(sites > 5);
    assert_true(outcomes[OUTCOME_WHOLE] > 0);
    for (unsigned second = 1; second <= 3; second++) {
        unsigned pairs[3] = {0};
        sites = fail_each(&scene, second, pairs);
        printf("pairs n, n+%u: %u failed: %u whole, %u error pages, %u closed\n", second, sites,
               pairs[0], pairs[1], pairs[2]);
    }
    assert_int_equal(exchange(&scene), OUTCOME_WHOLE);
    settle(&scene);
    close_scene(&scene);
}

static void test_plain(void **state)
{
    (void)state;
    run((struct scene){0}, "option forwardfor");
}

static void test_with_rules(void **state)
{
    (void)state;
    run((struct scene){0},
        "http-request set-header X-B %[path]\n http-response set-header X-C d\n cookie S insert "
        "indirect");
}

static void test_tls(void **state)
{
    (void)state;
    run((struct scene){.is_tls = true}, "option forwardfor");
}

static void test_under_a_limit(void **state)
{
    (void)state;
    run((struct scene){.is_limited = true}, "option forwardfor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_with_rules),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_under_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
