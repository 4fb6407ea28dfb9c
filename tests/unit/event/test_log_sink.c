/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sinks: UDP and Unix datagrams, descriptors, rings; levels, samples, lengths; what is shared and
 * what is lost.
 */
#include "event/log_sink.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/number.h"
#include "event/log_ring.h"
#include "support/loop.h"

enum { ERROR_SIZE = 200, DATAGRAM_SIZE = 4096 };

struct fixture {
    struct test_loop base;
    struct log_outputs outputs;
    char buffer[ERROR_SIZE];
    struct text error;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_loop_open(&fixture.base, 0);
    log_outputs_init(&fixture.outputs, fixture.base.loop);
    fixture.error = text_over(fixture.buffer, sizeof(fixture.buffer));
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    log_outputs_deinit(&fixture->outputs);
    test_loop_close(&fixture->base);
    return 0;
}

static struct log_sink *open_sink(struct fixture *fixture, const struct log_sink_options *options)
{
    struct log_sink *sink = NULL;
    assert_int_equal(log_sink_open(&fixture->outputs, options, &sink, &fixture->error), RESULT_OK);
    return sink;
}

static void write_text(struct log_sink *sink, enum syslog_level level, const char *text)
{
    size_t half = strlen(text) / 2;
    struct slice parts[] = {slice_of(text, half), slice_from_string(text + half)};
    log_sink_write(
        sink,
        &(struct log_line){.level = level, .tag = SLICE("weir"), .parts = parts, .parts_count = 2});
}

/* A UDP socket on loopback and its address. */
static int open_receiver(struct address *address)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(in);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &length), 0);
    *address = (struct address){.family = AF_INET, .port = ntohs(in.sin_port), .v4 = in.sin_addr};
    return fd;
}

/* Expects one datagram, or none when `expected` is NULL. */
static void expect_datagram(int fd, const char *expected)
{
    char datagram[DATAGRAM_SIZE];
    ssize_t count = recv(fd, datagram, sizeof(datagram) - 1, 0);
    if (expected == NULL) {
        assert_int_equal(count, -1);
        return;
    }
    assert_true(count >= 0);
    datagram[count] = '\0';
    assert_string_equal(datagram, expected);
}

static void test_udp_with_levels(void **state)
{
    struct fixture *fixture = *state;
    struct log_sink_options options;
    log_sink_options_init(&options);
    int fd = open_receiver(&options.address);
    options.format = SYSLOG_FORMAT_PRIORITY;
    options.level_max = SYSLOG_NOTICE;
    options.level_min = SYSLOG_ERR;
    struct log_sink *sink = open_sink(fixture, &options);
    assert_true(log_sink_takes(sink, SYSLOG_NOTICE));
    assert_false(log_sink_takes(sink, SYSLOG_INFO));
    write_text(sink, SYSLOG_NOTICE, "noticed");
    expect_datagram(fd, "<133>noticed\n");
    write_text(sink, SYSLOG_INFO, "not important enough");
    expect_datagram(fd, NULL);
    write_text(sink, SYSLOG_EMERG, "capped");
    expect_datagram(fd, "<131>capped\n");
    log_sink_close(sink);
    close(fd);
}

static void test_length_cuts_header_and_text(void **state)
{
    struct fixture *fixture = *state;
    struct log_sink_options options;
    log_sink_options_init(&options);
    int fd = open_receiver(&options.address);
    options.format = SYSLOG_FORMAT_SHORT;
    options.length_max = 8;
    struct log_sink *sink = open_sink(fixture, &options);
    write_text(sink, SYSLOG_INFO, "0123456789");
    expect_datagram(fd, "<6>01234\n");
    log_sink_close(sink);
    close(fd);
}

static void test_samples(void **state)
{
    struct fixture *fixture = *state;
    struct log_sink_options options;
    log_sink_options_init(&options);
    int fd = open_receiver(&options.address);
    options.format = SYSLOG_FORMAT_RAW;
    options.sample_size = 5;
    options.ranges_count = 2;
    options.ranges[0] = (struct log_range){1, 2};
    options.ranges[1] = (struct log_range){4, 4};
    struct log_sink *sink = open_sink(fixture, &options);
    for (unsigned round = 0; round < 2; round++) {
        static const char *const texts[] = {"a", "b", "c", "d", "e"};
        static const char *const expected[] = {"a\n", "b\n", NULL, "d\n", NULL};
        for (unsigned i = 0; i < 5; i++) {
            write_text(sink, SYSLOG_INFO, texts[i]);
            expect_datagram(fd, expected[i]);
        }
    }
    log_sink_close(sink);
    close(fd);
}

static void test_sockets_are_shared_and_losses_counted(void **state)
{
    struct fixture *fixture = *state;
    struct log_sink_options options, local;
    log_sink_options_init(&options);
    int fd = open_receiver(&options.address);
    struct log_sink *first = open_sink(fixture, &options);
    int shared = fixture->outputs.sockets.v4;
    struct log_sink *second = open_sink(fixture, &options);
    assert_int_equal(fixture->outputs.sockets.v4, shared);
    log_sink_options_init(&local);
    local.address = (struct address){.family = AF_UNIX, .path = "/nonexistent/weir-log"};
    struct log_sink *lost = open_sink(fixture, &local);
    write_text(lost, SYSLOG_INFO, "nobody listens");
    assert_int_equal(log_sink_dropped(lost), 1);
    assert_int_equal(fixture->outputs.dropped, 1);
    assert_int_equal(log_sink_dropped(first), 0);
    log_sink_close(first);
    log_sink_close(second);
    log_sink_close(lost);
    log_sink_close(NULL);
    close(fd);
}

static void test_unix_datagrams(void **state)
{
    struct fixture *fixture = *state;
    struct log_sink_options options;
    log_sink_options_init(&options);
    options.address =
        (struct address){.family = AF_UNIX, .is_abstract = true, .path = "weir-test-log-22003"};
    options.format = SYSLOG_FORMAT_RAW;
    struct log_sink *sink = open_sink(fixture, &options);
    write_text(sink, SYSLOG_INFO, "before the daemon");
    assert_int_equal(log_sink_dropped(sink), 1);
    struct sockaddr_storage storage;
    socklen_t length = address_to_socket(&options.address, &storage);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&storage, length), 0);
    write_text(sink, SYSLOG_INFO, "after");
    expect_datagram(fd, "after\n");
    log_sink_close(sink);
    close(fd);
}

static void test_descriptors_are_shared(void **state)
{
    struct fixture *fixture = *state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    struct log_sink_options options;
    log_sink_options_init(&options);
    options.kind = LOG_TARGET_DESCRIPTOR;
    options.fd = fds[1];
    options.format = SYSLOG_FORMAT_RAW;
    struct log_sink *first = open_sink(fixture, &options);
    struct log_sink *second = open_sink(fixture, &options);
    assert_ptr_equal(fixture->outputs.descriptors.next, fixture->outputs.descriptors.previous);
    write_text(first, SYSLOG_INFO, "one");
    log_sink_close(first);
    write_text(second, SYSLOG_INFO, "two");
    char data[DATAGRAM_SIZE];
    assert_int_equal(read(fds[0], data, sizeof(data)), 8);
    assert_memory_equal(data, "one\ntwo\n", 8);
    log_sink_close(second);
    assert_true(list_is_empty(&fixture->outputs.descriptors));
    close(fds[0]);
    close(fds[1]);
    struct log_sink *refused;
    assert_int_equal(log_sink_open(&fixture->outputs, &options, &refused, &fixture->error),
                     RESULT_FAILED);
    assert_non_null(strstr(fixture->error.data, "Bad file descriptor"));
}

static void test_rings(void **state)
{
    struct fixture *fixture = *state;
    struct log_sink_options options;
    log_sink_options_init(&options);
    options.kind = LOG_TARGET_RING;
    options.ring_name = "buf7";
    options.format = SYSLOG_FORMAT_SHORT;
    struct log_sink *sink;
    text_clear(&fixture->error);
    assert_int_equal(log_sink_open(&fixture->outputs, &options, &sink, &fixture->error),
                     RESULT_NOT_FOUND);
    assert_string_equal(fixture->error.data, "there is no ring 'buf7'");
    struct log_ring_options rings[] = {
        {.name = "buf7", .bytes_max = 1000, .format = SYSLOG_FORMAT_RAW},
        {.name = "huge", .bytes_max = MEBIBYTE},
    };
    assert_int_equal(log_outputs_add_ring(&fixture->outputs, &rings[0]), RESULT_OK);
    assert_int_equal(log_outputs_add_ring(&fixture->outputs, &rings[1]), RESULT_OK);
    options.ring_name = "huge";
    fixture->outputs.account.cap = MEBIBYTE / 2;
    text_clear(&fixture->error);
    assert_int_equal(log_sink_open(&fixture->outputs, &options, &sink, &fixture->error),
                     RESULT_NO_MEMORY);
    assert_non_null(strstr(fixture->error.data, "of ring 'huge'"));
    fixture->outputs.account.cap = 0;
    options.ring_name = "buf7";
    options.has_format = true;
    sink = open_sink(fixture, &options);
    write_text(sink, SYSLOG_WARNING, "kept");
    struct log_ring *ring =
        container_of(list_first(&fixture->outputs.rings), struct log_ring, link);
    uint64_t position = 0;
    struct slice line[2];
    assert_true(log_ring_read(ring, &position, line));
    assert_true(slice_equal(line[0], SLICE("<4>kept")));
    options.has_format = false;
    write_text(sink, SYSLOG_WARNING, "as the ring says");
    assert_true(log_ring_read(ring, &position, line));
    assert_true(slice_equal(line[0], SLICE("as the ring says")));
    log_sink_close(sink);
    assert_null(log_outputs_find_ring(&fixture->outputs, "buf0"));
    assert_int_equal(log_outputs_add_default_ring(&fixture->outputs), RESULT_OK);
    assert_non_null(log_outputs_find_ring(&fixture->outputs, "buf0"));
    assert_int_equal(log_outputs_descriptor_dropped(&fixture->outputs, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_udp_with_levels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_length_cuts_header_and_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_samples, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sockets_are_shared_and_losses_counted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_unix_datagrams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_descriptors_are_shared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rings, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
