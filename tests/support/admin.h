/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker with the proxy "be" (frontend and backend) of two servers, and an operator: commands of
 * the runtime API are run to their end, in pieces of the session's size, and their answer is kept.
 */
#ifndef WEIR_TESTS_SUPPORT_ADMIN_H
#define WEIR_TESTS_SUPPORT_ADMIN_H

#include "admin/cli.h"
#include "admin/statistics_table.h"
#include "rules/pattern.h"
#include "support/world.h"

enum { ADMIN_ANSWER_MAX = 262144, ADMIN_PIECE_BYTES = 32768, ADMIN_LINE_MAX = 1024 };

struct admin_world {
    struct world world;
    struct cli_modes modes;
    struct log_ring_watch watch;
    struct slice payload;
    char line[ADMIN_LINE_MAX];
    char answer[ADMIN_ANSWER_MAX];
    unsigned pieces;
};

/* Opens without making the proxy: settings may still be changed before admin_world_start. */
static inline void admin_world_prepare(struct admin_world *test, bool has_checks)
{
    memset(test, 0, sizeof(*test));
    struct world *world = &test->world;
    world_open(world);
    list_init(&world->configuration.global.stats_sockets);
    world->configuration.patterns = pattern_files_create(&world->account);
    assert_non_null(world->configuration.patterns);
    world->facts.version = "1.2.3";
    world->facts.node_name = "node-a";
    world->facts.pid = 42;
    world->facts.started_ms = event_now_ms(world->base.loop);
    world->facts.maxconn = 1000;
    world->facts.descriptors_max = 2048;
    world->settings.role = PROXY_FRONTEND | PROXY_BACKEND;
    world->settings.statistics.uri = "/stats";
    list_init(&world->settings.statistics.users);
    list_init(&world->settings.statistics.scopes);
    for (unsigned i = 0; i < 2; i++) {
        world_add(world, NULL)->options.has_check = has_checks;
    }
    test->modes.level = CLI_ADMIN;
}

static inline void admin_world_open(struct admin_world *test)
{
    admin_world_prepare(test, false);
    world_start(&test->world);
}

static inline void admin_world_close(struct admin_world *test)
{
    pattern_files_destroy(test->world.configuration.patterns);
    world_close(&test->world);
}

/* Runs one command to its end and gives what it says. */
static inline const char *admin_ask(struct admin_world *test, const char *command)
{
    char piece[ADMIN_PIECE_BYTES];
    uint64_t state[CLI_STATE_BYTES / sizeof(uint64_t)] = {0};
    struct text answer = text_over(test->answer, sizeof(test->answer));
    struct text line = text_over(test->line, sizeof(test->line));
    struct text out = text_over(piece, sizeof(piece));
    struct cli_request request = {.worker = &test->world.worker,
                                  .modes = &test->modes,
                                  .watch = &test->watch,
                                  .payload = test->payload,
                                  .out = &out,
                                  .now_ms = event_now_ms(test->world.base.loop)};
    text_append_string(&line, command);
    assert_int_equal(cli_split(test->line, &request), RESULT_OK);
    const struct cli_command *found = cli_find_command(&request);
    enum result result = found == NULL ? RESULT_END : RESULT_OK;
    test->pieces = 0;
    while (result == RESULT_OK) {
        text_clear(&out);
        result = found->run(&request, state);
        assert_true(result == RESULT_OK || result == RESULT_END);
        text_append(&answer, text_slice(&out));
        assert_true(++test->pieces < ADMIN_LINE_MAX);
        text_clear(&out);
    }
    text_append(&answer, text_slice(&out));
    assert_false(answer.truncated);
    return test->answer;
}

/* Whether the answer to a command has these bytes. */
static inline void admin_assert_says(struct admin_world *test, const char *command,
                                     const char *part)
{
    const char *answer = admin_ask(test, command);
    if (strstr(answer, part) == NULL) {
        fail_msg("'%s' says '%s', not '%s'", command, answer, part);
    }
}

static inline void admin_assert_silent(struct admin_world *test, const char *command)
{
    assert_string_equal(admin_ask(test, command), "");
}

/* The object of the proxy's kind, or its first server. */
static inline struct statistics_object admin_object(const struct admin_world *test,
                                                    enum statistics_kind kind)
{
    struct statistics_walk walk;
    struct statistics_object object;
    statistics_walk_begin(&walk, &test->world.worker, 5000);
    while (statistics_walk_next(&walk, &object)) {
        if (object.kind == kind) {
            return object;
        }
    }
    fail_msg("no object of kind %d", (int)kind);
    return object;
}

/* A column of an object as it stands in the CSV. */
static inline const char *admin_column(const struct statistics_object *object, const char *name)
{
    static char bytes[1024];
    char room[512];
    struct text plain = text_over(bytes, sizeof(bytes));
    struct text buffer = text_over(room, sizeof(room));
    unsigned column = statistics_find_column(name);
    assert_true(column < statistics_columns());
    struct statistics_value value = statistics_read(column, object, &buffer);
    if (value.type == STATISTICS_STRING) {
        text_append(&plain, value.string);
    } else if (value.type == STATISTICS_S32) {
        text_append_signed(&plain, (int64_t)value.number);
    } else if (value.type != STATISTICS_EMPTY) {
        text_append_decimal(&plain, value.number);
    }
    return bytes;
}

#endif
