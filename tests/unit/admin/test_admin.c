/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stats sockets: bound, answering, limited in number, gone; let in when memory is full.
 */
#include "admin/admin.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "support/admin.h"

struct place {
    struct admin_world test;
    struct admin *admin;
    struct bind_settings settings;
    struct address address;
    char reply[256];
};

static void open_place(struct place *place)
{
    static char path[64];
    char bytes[256];
    struct text error = text_over(bytes, sizeof(bytes));
    struct text name = text_over(path, sizeof(path));
    memset(place, 0, sizeof(*place));
    admin_world_open(&place->test);
    text_append_format(&name, "weir-test-admin-%d", (int)getpid());
    place->settings.level = BIND_LEVEL_ADMIN;
    place->settings.listener.backlog = 8;
    place->settings.listener.inherited_fd = -1;
    place->settings.listener.uid = (uid_t)-1;
    place->settings.listener.gid = (gid_t)-1;
    place->settings.listener.address =
        (struct address){.family = AF_UNIX, .is_abstract = true, .path = path};
    place->address = place->settings.listener.address;
    struct configuration *configuration = &place->test.world.configuration;
    list_append(&configuration->global.stats_sockets, &place->settings.link);
    configuration->global.stats_maxconn = 1;
    assert_int_equal(admin_create(&place->test.world.worker, &place->admin), RESULT_OK);
    if (admin_bind(place->admin, &error) != RESULT_OK) {
        fail_msg("%s", bytes);
    }
    assert_int_equal(admin_start(place->admin, &error), RESULT_OK);
}

static void close_place(struct place *place)
{
    admin_stop(place->admin);
    event_loop_turn(place->test.world.base.loop, false);
    admin_destroy(place->admin);
    admin_world_close(&place->test);
}

static int dial(const struct place *place)
{
    struct sockaddr_storage storage;
    socklen_t length = address_to_socket(&place->address, &storage);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = connect(fd, (struct sockaddr *)&storage, length);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    if (result != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* What comes until the end; NULL when it does not end. */
static const char *drain(struct place *place, int fd)
{
    size_t length = 0;
    for (unsigned i = 0; i < 500; i++) {
        event_loop_turn(place->test.world.base.loop, false);
        ssize_t count = recv(fd, place->reply + length, sizeof(place->reply) - 1 - length, 0);
        if (count == 0 || (count < 0 && errno != EAGAIN)) {
            place->reply[length] = '\0';
            close(fd);
            return place->reply;
        }
        length += count > 0 ? (size_t)count : 0;
        usleep(200);
    }
    return NULL;
}

static void test_answers(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    int fd = dial(&place);
    assert_true(fd >= 0);
    assert_int_equal(send(fd, "show version\n", 13, 0), 13);
    assert_string_equal(drain(&place, fd), "1.2.3\n\n");
    close_place(&place);
}

static void test_limit(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    int first = dial(&place);
    for (unsigned i = 0; i < 5; i++) {
        event_loop_turn(place.test.world.base.loop, false);
    }
    int second = dial(&place);
    assert_string_equal(drain(&place, second), ""); /* closed at once: stats maxconn 1 */
    assert_int_equal(send(first, "show version\n", 13, 0), 13);
    assert_string_equal(drain(&place, first), "1.2.3\n\n");
    close_place(&place);
}

static void test_taken_address_and_stop(void **state)
{
    (void)state;
    struct place place;
    struct admin *other = NULL;
    char bytes[256];
    struct text error = text_over(bytes, sizeof(bytes));
    open_place(&place);
    assert_int_equal(admin_create(&place.test.world.worker, &other), RESULT_OK);
    assert_int_not_equal(admin_bind(other, &error), RESULT_OK);
    assert_true(error.length > 0);
    admin_stop(other);
    admin_destroy(other);
    int open = dial(&place);
    admin_stop(place.admin);
    assert_int_equal(dial(&place), -1);
    assert_string_equal(drain(&place, open), "");
    close_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_taken_address_and_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
