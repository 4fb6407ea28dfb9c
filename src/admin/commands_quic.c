/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show quic: the QUIC connections of clients, a line or a block each, with the bytes that each
 * holds. It walks the worker's list in order of numbers and goes on where the last call stopped; no
 * memory but the answer's.
 */
#include <inttypes.h>
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "proxy/quic.h"
#include "quic/connection.h"
#include "transport/quic_client.h"

/* Where a dump goes on. */
struct quic_state_of_dump {
    uint64_t next_id;
    bool has_title;
};

static const char *state_name(enum quic_state state)
{
    static const char *const NAMES[] = {[QUIC_STATE_HANDSHAKE] = "HANDSHAKE",
                                        [QUIC_STATE_OPEN] = "OPEN",
                                        [QUIC_STATE_CLOSING] = "CLOSING",
                                        [QUIC_STATE_DRAINING] = "DRAINING",
                                        [QUIC_STATE_OVER] = "OVER"};
    return NAMES[state];
}

static void append_line(struct text *out, const struct quic_client *client)
{
    const struct quic_recovery *recovery = quic_connection_recovery(client->core);
    text_append_format(out, "%-8" PRIu64 " %-10s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8zu ",
                       client->id, state_name(quic_connection_state(client->core)),
                       recovery->in_flight, recovery->packets_sent, recovery->packets_lost,
                       client->connection->account.used);
    address_append_with_port(out, &quic_connection_addresses(client->core)->peer, true);
    text_append_char(out, '\n');
}

static void append_block(struct text *out, struct quic_client *client)
{
    const struct quic_recovery *recovery = quic_connection_recovery(client->core);
    const struct quic_streams *streams = quic_connection_streams(client->core);
    const struct quic_path_addresses *path = quic_connection_addresses(client->core);
    text_append_format(out, "* conn[%" PRIu64 "]: version=0x%08x state=%s%s\n  loc: ", client->id,
                       quic_connection_version(client->core),
                       state_name(quic_connection_state(client->core)),
                       quic_connection_is_complete(client->core) ? " complete" : "");
    address_append_with_port(out, &path->local, true);
    text_append_string(out, " peer: ");
    address_append_with_port(out, &path->peer, true);
    text_append_format(out,
                       "\n  cc: %s window=%" PRIu64 " in_flight=%" PRIu64 " srtt=%" PRIu64
                       "us rttvar=%" PRIu64 "us pto_count=%u\n",
                       recovery->cc.ops->name, recovery->cc.window, recovery->in_flight,
                       recovery->rtt.smoothed_us, recovery->rtt.variation_us, recovery->pto_count);
    text_append_format(out,
                       "  sent=%" PRIu64 " lost=%" PRIu64 " spurious=%" PRIu64 " in=%" PRIu64
                       " out=%" PRIu64 "\n",
                       recovery->packets_sent, recovery->packets_lost, recovery->packets_spurious,
                       client->connection->bytes_in, client->connection->bytes_out);
    text_append_format(out,
                       "  streams: %u open, opened=%" PRIu64 " max=%" PRIu64 " received=%" PRIu64
                       " window=%" PRIu64 " sent=%" PRIu64 " limit=%" PRIu64 "\n",
                       streams->count, streams->streams_opened[0], streams->streams_max[0],
                       streams->received, streams->window, streams->sent, streams->limit);
    text_append_format(
        out, "  held: %zu bytes in all, %zu in packets in flight, %" PRIu64 " to be acknowledged\n",
        client->connection->account.used, quic_recovery_held_bytes(recovery),
        streams->unacked_bytes);
}

static enum result show_quic(struct cli_request *request, void *opaque)
{
    struct quic_state_of_dump *state = opaque;
    const char *format = cli_word(request, 2);
    bool is_full = strcmp(format, "full") == 0;
    if (format[0] != '\0' && !is_full && strcmp(format, "oneline") != 0) {
        text_append_string(request->out, strcmp(format, "help") == 0
                                             ? "show quic [oneline|full]\n"
                                             : "expects 'oneline', 'full' or 'help'.\n");
        return RESULT_END;
    }
    if (!state->has_title && !is_full) {
        text_append_string(request->out,
                           "# conn   state      inflight     sent     lost     held from\n");
    }
    state->has_title = true;
    if (request->worker->quic == NULL) {
        return RESULT_END;
    }
    LIST_EACH(link, &request->worker->quic->endpoint->clients) {
        struct quic_client *client = container_of(link, struct quic_client, link);
        if (client->id < state->next_id) {
            continue;
        }
        if (!cli_row_fits(request)) {
            return RESULT_OK;
        }
        if (is_full) {
            append_block(request->out, client);
        } else {
            append_line(request->out, client);
        }
        state->next_id = client->id + 1;
    }
    return RESULT_END;
}

const struct cli_command COMMANDS_QUIC[] = {
    {"show quic", "[oneline|full] : display quic connections status", CLI_OPERATOR, show_quic,
     NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
