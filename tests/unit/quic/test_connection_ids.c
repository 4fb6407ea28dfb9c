/* SPDX-License-Identifier: Apache-2.0 */
/* Connection ids of both sides: given out, retired, replaced, and frames that contradict each
 * other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/quic_peer.h"

static struct test_quic q;

static int open_test(void **state)
{
    (void)state;
    test_quic_open(&q);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    test_quic_close(&q);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

static enum result give_new(uint64_t sequence, uint64_t retire, uint8_t byte,
                            enum quic_error *error)
{
    static const uint8_t token[QUIC_RESET_TOKEN_BYTES] = {5};
    struct quic_frame frame = {.type = QUIC_FRAME_NEW_CONNECTION_ID,
                               .new_id = {.sequence = sequence,
                                          .retire_prior_to = retire,
                                          .id = {4, {byte, 1, 2, 3}},
                                          .reset_token = token}};
    return quic_ids_on_new(q.server, &frame, error);
}

static void test_of_ours(void **state)
{
    (void)state;
    test_quic_connect(&q);
    uint64_t sequence;
    assert_int_equal(q.ids, QUIC_LOCAL_IDS_MAX); /* the client's first choice is gone */
    const struct quic_local_id *id = &q.server->local_ids[1];
    assert_int_equal(id->id.length, QUIC_LOCAL_CID_BYTES);
    assert_int_equal(id->id.bytes[1], 3); /* worker */
    assert_int_equal(id->id.bytes[2], 9); /* generation */
    assert_true(quic_ids_find_local(q.server, &id->id, &sequence));
    assert_int_equal(sequence, id->sequence);
    struct quic_cid retired = id->id;
    TEST_QUIC_SEND(&q, QUIC_FRAME_RETIRE_CONNECTION_ID, (uint8_t)sequence);
    assert_false(quic_ids_find_local(q.server, &retired, &sequence));
    assert_int_equal(q.ids, QUIC_LOCAL_IDS_MAX); /* another one took its place */
    test_quic_receive(&q);
    assert_int_equal(q.last[QUIC_FRAME_NEW_CONNECTION_ID].new_id.sequence, 4);
}

static void test_of_the_peer(void **state)
{
    (void)state;
    enum quic_error error;
    test_quic_connect(&q);
    for (uint8_t i = 1; i <= 3; i++) {
        assert_int_equal(give_new(i, 0, i, &error), RESULT_OK);
        assert_int_equal(give_new(i, 0, i, &error), RESULT_OK); /* the same again */
    }
    assert_int_equal(give_new(4, 0, 4, &error), RESULT_INVALID);
    assert_int_equal(error, QUIC_CONNECTION_ID_LIMIT_ERROR);
    assert_int_equal(give_new(3, 0, 7, &error), RESULT_INVALID); /* another id */
    assert_int_equal(error, QUIC_PROTOCOL_VIOLATION);
    assert_int_equal(give_new(9, 0, 3, &error), RESULT_INVALID); /* another number */
}

static void test_retired_by_the_peer(void **state)
{
    (void)state;
    enum quic_error error;
    test_quic_connect(&q);
    assert_int_equal(give_new(1, 0, 1, &error), RESULT_OK);
    assert_int_equal(give_new(2, 2, 2, &error), RESULT_OK); /* 0 and 1 go */
    const struct quic_path *path = &q.server->paths[0];
    assert_int_equal(q.server->peer_ids[path->peer_id].sequence, 2);
    q.own = q.server->peer_ids[path->peer_id].id;
    test_quic_receive(&q);
    assert_int_equal(q.count[QUIC_FRAME_RETIRE_CONNECTION_ID], 2);
    assert_int_equal(give_new(1, 0, 1, &error), RESULT_OK); /* late: it is retired at once */
    test_quic_receive(&q);
    assert_int_equal(q.last[QUIC_FRAME_RETIRE_CONNECTION_ID].retire_sequence, 1);
}

static void test_when_the_table_refuses(void **state)
{
    (void)state;
    q.refuses_ids = true;
    assert_int_equal(test_quic_accept(&q), RESULT_NO_MEMORY);
    q.server = NULL;
    assert_int_equal(q.account.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_of_ours),
        TEST(test_of_the_peer),
        TEST(test_retired_by_the_peer),
        TEST(test_when_the_table_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
