/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Smooth weighted round robin, as HAProxy turns it, so that both choose the same sequence. A group
 * (active servers or backups) has a position that moves on by one a choice, and each server its
 * next position, a weight's share of the round further each time:
 *
 *   initial --> current --> next ... and at the end of a round next becomes initial, ordered by
 * weight again
 *
 * A server of `current` is taken when its position has come, else one of `initial` fills the hole.
 * What is hard is to keep places fair when weights change in mid-round. Memory: one record a
 * server, made at the start. Choosing: O(log n).
 */
#include "balance/algorithm_internal.h"
#include "balance/backend.h"
#include "balance/backend_internal.h"
#include "balance/ordered.h"
#include "base/assert.h"

struct rotation {
    struct ordered_node node;
    struct server *server;
    struct rotation *next_passed; /* taken out and passed over in this choice */
    struct ordered_set *set;      /* initial, current or next; NULL: out */
    int64_t position;             /* of its next turn */
    int64_t last_position;
    uint32_t remainder; /* of divisions, carried on */
};

struct group {
    struct ordered_set sets[2];
    struct ordered_set current;
    struct ordered_set *initial, *next;
    int64_t position;
    int64_t weight;      /* of this round */
    int64_t next_weight; /* of the next */
};

struct round_robin {
    struct group active, backup;
    struct rotation rotations[];
};

static struct group *group_of(const struct server *server)
{
    struct round_robin *state = server->backend->lb_state;
    return server->options->is_backup ? &state->backup : &state->active;
}

static int64_t weight_of(const struct rotation *rotation)
{
    return rotation->server->counted_weight;
}

/* ---- places ---- */

static void take_out(struct rotation *rotation)
{
    ordered_remove(&rotation->node);
}

/* Heavy servers stand first, so that the round becomes smooth. */
static void queue_by_weight(struct ordered_set *set, struct rotation *rotation)
{
    ordered_insert(set, &rotation->node, (uint64_t)(EFFECTIVE_WEIGHT_MAX - weight_of(rotation)));
    rotation->set = set;
}

/* Puts a server at its position: in this round when it falls into it, else in the next. */
static void queue_by_position(struct group *group, struct rotation *rotation)
{
    if (rotation->position >= 2 * group->weight ||
        rotation->position >= group->weight + group->next_weight) {
        rotation->position -= group->weight;
        queue_by_weight(group->next, rotation);
        return;
    }
    int64_t tie =
        (EFFECTIVE_WEIGHT_MAX + (int64_t)rotation->remainder - weight_of(rotation)) / WEIGHT_SCALE;
    int64_t key = SERVER_WEIGHT_MAX * rotation->position + tie;
    ordered_insert(&group->current, &rotation->node, (uint64_t)key);
    rotation->set = &group->current;
}

/* Makes the position mean what it means in the present round, before the server leaves its set. */
static void settle_position(struct group *group, struct rotation *rotation)
{
    if (rotation->set == NULL) {
        rotation->position = group->position;
    } else if (rotation->set == group->initial) {
        rotation->position = 0;
        rotation->remainder = 0;
    } else if (rotation->set == group->next) {
        rotation->position += group->weight;
    }
}

/* ---- choosing ---- */

/* The server whose turn it is, or NULL at the end of the round. */
static struct rotation *find_turn(struct group *group)
{
    struct ordered_node *first = ordered_first(&group->current);
    struct rotation *due = first == NULL ? NULL : container_of(first, struct rotation, node);
    if (due != NULL && due->position <= group->position) {
        return due;
    }
    first = ordered_first(group->initial);
    if (first == NULL) {
        return due;
    }
    struct rotation *fresh = container_of(first, struct rotation, node);
    settle_position(group, fresh);
    return fresh;
}

static void begin_round(struct group *group)
{
    struct ordered_set *emptied = group->initial;
    group->initial = group->next;
    group->next = emptied;
    group->weight = group->next_weight;
    group->position = group->weight;
}

/* Counts a turn of the server: its next position is a round divided by its weight further. */
static void count_turn(struct group *group, struct rotation *rotation)
{
    int64_t weight = weight_of(rotation);
    if (rotation->position == 0) {
        rotation->position = group->position;
    }
    rotation->last_position = rotation->position;
    rotation->position += group->next_weight / weight;
    rotation->remainder += (uint32_t)(group->next_weight % weight);
    if (rotation->remainder >= weight) {
        rotation->remainder -= (uint32_t)weight;
        rotation->position++;
    }
}

/* Those passed over go back: to their places, or among the fresh ones when a new round began
 * meanwhile. */
static void put_back(struct group *group, struct rotation *passed, const struct rotation *chosen,
                     bool is_new_round)
{
    for (; passed != NULL; passed = passed->next_passed) {
        if (passed == chosen) {
            continue;
        }
        if (is_new_round) {
            queue_by_weight(group->initial, passed);
        } else {
            queue_by_position(group, passed);
        }
    }
}

/* The server whose turn it is, beginning a new round at most once a choice. */
static struct rotation *next_turn(struct group *group, bool *is_new_round)
{
    struct rotation *rotation = find_turn(group);
    if (rotation == NULL && !*is_new_round) {
        *is_new_round = true;
        begin_round(group);
        rotation = find_turn(group);
    }
    return rotation;
}

static struct server *choose(struct backend *backend, const struct balance_request *request)
{
    struct round_robin *state = backend->lb_state;
    struct group *group = backend_uses_backups(backend) ? &state->backup : &state->active;
    struct rotation *passed = NULL;
    struct rotation *avoided = NULL;
    struct rotation *chosen = NULL;
    bool is_new_round = false;
    if (group->weight == 0) {
        group->weight = group->next_weight;
        group->position = group->weight;
    }
    while (chosen == NULL) {
        struct rotation *turn = next_turn(group, &is_new_round);
        if (turn == NULL) {
            chosen = avoided;
            break;
        }
        count_turn(group, turn);
        take_out(turn);
        group->position++;
        bool has_room = algorithm_has_room(turn->server);
        if (has_room && (turn->server != request->avoid || avoided != NULL)) {
            chosen = turn;
            break;
        }
        avoided = has_room ? turn : avoided;
        turn->next_passed = passed;
        passed = turn;
    }
    if (chosen != NULL) {
        queue_by_position(group, chosen);
    }
    put_back(group, passed, chosen, is_new_round);
    return chosen == NULL ? NULL : chosen->server;
}

/* ---- changes ---- */

static void come_in(struct group *group, struct rotation *rotation)
{
    settle_position(group, rotation);
    rotation->position = group->position + (group->next_weight + group->weight - group->position) /
                                               weight_of(rotation);
    queue_by_position(group, rotation);
}

/* A weight changed in mid-round: the next turn comes no later than planned, and not before the
 * present one. */
static void change_place(struct group *group, struct rotation *rotation)
{
    if (rotation->set == group->initial) {
        take_out(rotation);
        queue_by_weight(group->initial, rotation);
        return;
    }
    settle_position(group, rotation);
    int64_t planned = rotation->position;
    int64_t step = group->next_weight / weight_of(rotation);
    rotation->position = rotation->last_position + step;
    rotation->remainder = 0;
    if (rotation->position > planned) {
        rotation->position = planned;
    }
    if (rotation->position < group->position + 2) {
        rotation->position = group->position + step;
    }
    take_out(rotation);
    queue_by_position(group, rotation);
}

static void on_weight(struct backend *backend, struct server *server, uint32_t old_weight)
{
    (void)backend;
    struct group *group = group_of(server);
    struct rotation *rotation = server->lb_data;
    group->next_weight += (int64_t)server->counted_weight - old_weight;
    if (server->counted_weight == 0) {
        take_out(rotation);
        rotation->set = NULL;
    } else if (old_weight == 0) {
        come_in(group, rotation);
    } else {
        change_place(group, rotation);
    }
}

/* ---- life ---- */

static void init_group(struct group *group, uint32_t weight)
{
    group->initial = &group->sets[0];
    group->next = &group->sets[1];
    group->position = weight;
    group->weight = weight;
    group->next_weight = weight;
}

static enum result start(struct backend *backend)
{
    size_t bytes = sizeof(struct round_robin) + backend->servers_count * sizeof(struct rotation);
    struct round_robin *state = memory_take(backend->account, bytes);
    if (state == NULL) {
        return RESULT_NO_MEMORY;
    }
    backend->lb_state = state;
    init_group(&state->active, backend->effective_active);
    init_group(&state->backup, backend->effective_backup);
    LIST_EACH(link, &backend->servers) {
        struct server *server = container_of(link, struct server, link);
        struct rotation *rotation = &state->rotations[server->lb_index];
        rotation->server = server;
        server->lb_data = rotation;
        if (server->counted_weight > 0) {
            queue_by_weight(group_of(server)->initial, rotation);
        }
    }
    return RESULT_OK;
}

static void stop(struct backend *backend)
{
    memory_release(backend->account, backend->lb_state);
    backend->lb_state = NULL;
}

const struct balance_ops ALGORITHM_ROUND_ROBIN = {
    .follows_weights = true,
    .fills_all = true,
    .start = start,
    .stop = stop,
    .on_weight = on_weight,
    .on_load = NULL,
    .choose = choose,
};
