/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend with servers for tests of balancing: options by a short text, sequences of choices as
 * text.
 */
#ifndef WEIR_TESTS_SUPPORT_FARM_H
#define WEIR_TESTS_SUPPORT_FARM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "balance/backend.h"
#include "memory/memory.h"

enum { FARM_SERVERS_MAX = 64 };

struct farm {
    struct memory *memory;
    struct account account;
    struct backend backend;
    struct server_options options[FARM_SERVERS_MAX];
    struct server servers[FARM_SERVERS_MAX];
    char names[FARM_SERVERS_MAX][8];
    unsigned count;
    uint64_t now_ms;
};

/* An empty farm; set farm->backend.options before farm_start. */
static inline void farm_open(struct farm *farm, const struct balance_options *options)
{
    *farm = (struct farm){.now_ms = 1000};
    struct memory_options memory = {.workers = 1};
    assert_int_equal(memory_create(&memory, &farm->memory), RESULT_OK);
    account_init(&farm->account, memory_ledger(farm->memory, 0), ACCOUNT_CONFIGURATION, 0);
    backend_init(&farm->backend, "farm", 1, options, &farm->account);
}

/* Adds a server named a, b, c …; further options may be set on the result before farm_start. */
static inline struct server_options *farm_add(struct farm *farm, uint32_t weight)
{
    unsigned index = farm->count++;
    assert_true(farm->count <= FARM_SERVERS_MAX);
    farm->names[index][0] = (char)('a' + index);
    farm->options[index] = (struct server_options){
        .name = farm->names[index], .id = index + 1, .weight = weight, .rise = 2, .fall = 3};
    return &farm->options[index];
}

/* Starts the backend with the servers added. */
static inline void farm_start(struct farm *farm)
{
    for (unsigned i = 0; i < farm->count; i++) {
        backend_add_server(&farm->backend, &farm->servers[i], &farm->options[i]);
    }
    assert_int_equal(backend_start(&farm->backend, farm->now_ms), RESULT_OK);
}

/* Ends it; nothing may be left on the account. */
static inline void farm_close(struct farm *farm)
{
    backend_stop(&farm->backend);
    assert_int_equal(farm->account.used, 0);
    account_deinit(&farm->account);
    memory_destroy(farm->memory, true);
}

/* Chooses for a key (data NULL: none); NULL when none was given. */
static inline struct server *farm_choose(struct farm *farm, struct slice key, struct server *avoid)
{
    struct balance_request request = {.key = key, .avoid = avoid, .now_ms = farm->now_ms};
    struct server *server = NULL;
    return backend_assign(&farm->backend, &request, &server) == RESULT_OK ? server : NULL;
}

/* Chooses `count` times without a key, gives each slot back at once, and compares the names. */
static inline void farm_expect(struct farm *farm, const char *names)
{
    char chosen[1024] = "";
    size_t length = strlen(names);
    assert_true(length < sizeof(chosen));
    for (size_t i = 0; i < length; i++) {
        struct server *server = farm_choose(farm, SLICE_NONE, NULL);
        chosen[i] = server == NULL ? '-' : server->options->name[0];
        if (server != NULL) {
            backend_release(&farm->backend, server, farm->now_ms);
        }
    }
    assert_string_equal(chosen, names);
}

#endif
