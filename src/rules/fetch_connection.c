/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of connections: addresses of the client's side as rules may have changed them (src, dst),
 * of the connection itself (fc_*) and of the server's (bc_*), and what the kernel tells of a TCP
 * connection (TCP_INFO, Linux). No memory. RFC 9293 for the terms.
 */
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "rules/fetch.h"
#include "rules/parser.h"
#include "transport/connection.h"

enum { HTTP_MAJOR_1 = 1, HTTP_MAJOR_2 = 2, HTTP_MAJOR_3 = 3 };

/* ---- addresses ---- */

enum { WANT_ADDRESS, WANT_PORT };

static enum result give_part(const struct address *address, unsigned variant, struct sample *out)
{
    if (address->family != AF_INET && address->family != AF_INET6) {
        return RESULT_NOT_FOUND;
    }
    return variant == WANT_PORT ? sample_give_integer(out, address->port)
                                : sample_give_address(out, address);
}

/* Our end, asked of the kernel where nobody did yet. */
static struct address local_of(const struct connection *connection)
{
    struct sockaddr_storage storage = {0};
    socklen_t length = sizeof(storage);
    if (connection->local.family != AF_UNSPEC ||
        getsockname(connection->fd, (struct sockaddr *)&storage, &length) != 0) {
        return connection->local;
    }
    return address_from_socket(&storage, length);
}

static enum result fetch_source(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    return give_part(&context->source, call->variant, out);
}

static enum result fetch_destination(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    return give_part(&context->destination, call->variant, out);
}

static enum result fetch_client_peer(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    return context->client == NULL ? RESULT_NOT_FOUND
                                   : give_part(&context->client->peer, call->variant, out);
}

static enum result fetch_client_local(const struct sample_call *call, struct rule_context *context,
                                      struct sample *out)
{
    if (context->client == NULL) {
        return RESULT_NOT_FOUND;
    }
    struct address local = local_of(context->client);
    return give_part(&local, call->variant, out);
}

static enum result fetch_server_peer(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    if (context->server_connection != NULL) {
        return give_part(&context->server_connection->peer, call->variant, out);
    }
    return context->facts == NULL ? RESULT_NOT_FOUND
                                  : give_part(&context->facts->server_address, call->variant, out);
}

static enum result fetch_server_local(const struct sample_call *call, struct rule_context *context,
                                      struct sample *out)
{
    if (context->server_connection != NULL) {
        struct address local = local_of(context->server_connection);
        return give_part(&local, call->variant, out);
    }
    return context->facts == NULL ? RESULT_NOT_FOUND
                                  : give_part(&context->facts->server_source, call->variant, out);
}

/* Whether the address is one of this machine: a socket can be bound to it. */
static bool is_local(const struct address *address)
{
    struct sockaddr_storage storage = {0};
    struct address any_port = *address;
    any_port.port = 0;
    if (address->family != AF_INET && address->family != AF_INET6) {
        return false;
    }
    socklen_t length = address_to_socket(&any_port, &storage);
    int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    bool is_bound = bind(fd, (struct sockaddr *)&storage, length) == 0;
    close(fd);
    return is_bound;
}

enum local_end { LOCAL_SOURCE, LOCAL_DESTINATION, LOCAL_CLIENT_PEER, LOCAL_CLIENT_LOCAL };

static enum result fetch_is_local(const struct sample_call *call, struct rule_context *context,
                                  struct sample *out)
{
    struct address address = {.family = AF_UNSPEC};
    switch ((enum local_end)call->variant) {
    case LOCAL_SOURCE:
        address = context->source;
        break;
    case LOCAL_DESTINATION:
        address = context->destination;
        break;
    case LOCAL_CLIENT_PEER:
        address = context->client != NULL ? context->client->peer : address;
        break;
    case LOCAL_CLIENT_LOCAL:
        address = context->client != NULL ? local_of(context->client) : address;
        break;
    }
    bool has_ip = address.family == AF_INET || address.family == AF_INET6;
    return has_ip ? sample_give_bool(out, is_local(&address)) : RESULT_NOT_FOUND;
}

/* ---- what the kernel knows ---- */

enum tcp_fact {
    TCP_FACT_RTT,
    TCP_FACT_RTT_VARIANCE,
    TCP_FACT_UNACKED,
    TCP_FACT_SACKED,
    TCP_FACT_LOST,
    TCP_FACT_RETRANSMITS,
    TCP_FACT_FACKETS,
    TCP_FACT_REORDERING,
    TCP_FACTS,
    TCP_OF_SERVER = 16, /* or-ed: the server's connection */
};

static bool read_tcp(const struct connection *connection, struct tcp_info *info)
{
    socklen_t length = sizeof(*info);
    *info = (struct tcp_info){0};
    return connection != NULL && connection->state != CONNECTION_CLOSED &&
           connection->peer.family != AF_UNIX &&
           getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, info, &length) == 0;
}

/* Round trips are in milliseconds unless "us" is asked for. */
static enum result give_round_trip(const struct sample_call *call, uint32_t microseconds,
                                   struct sample *out)
{
    struct slice unit = sample_argument_text(call->arguments, 0);
    bool is_exact = slice_equal(unit, SLICE("us"));
    return sample_give_integer(out, is_exact ? microseconds : microseconds / MS_PER_SECOND);
}

static enum result fetch_tcp(const struct sample_call *call, struct rule_context *context,
                             struct sample *out)
{
    struct tcp_info info;
    bool is_server = (call->variant & TCP_OF_SERVER) != 0;
    if (!read_tcp(is_server ? context->server_connection : context->client, &info)) {
        return RESULT_NOT_FOUND;
    }
    switch ((enum tcp_fact)(call->variant & ~(unsigned)TCP_OF_SERVER)) {
    case TCP_FACT_RTT:
        return give_round_trip(call, info.tcpi_rtt, out);
    case TCP_FACT_RTT_VARIANCE:
        return give_round_trip(call, info.tcpi_rttvar, out);
    case TCP_FACT_UNACKED:
        return sample_give_integer(out, info.tcpi_unacked);
    case TCP_FACT_SACKED:
        return sample_give_integer(out, info.tcpi_sacked);
    case TCP_FACT_LOST:
        return sample_give_integer(out, info.tcpi_lost);
    case TCP_FACT_RETRANSMITS:
        return sample_give_integer(out, info.tcpi_retrans);
    case TCP_FACT_FACKETS:
        return sample_give_integer(out, info.tcpi_fackets);
    case TCP_FACT_REORDERING:
        return sample_give_integer(out, info.tcpi_reordering);
    case TCP_FACTS:
    case TCP_OF_SERVER:
        break;
    }
    return RESULT_NOT_FOUND;
}

static enum result check_round_trip(struct rule_parser *parser, struct sample_arguments *arguments,
                                    unsigned variant)
{
    struct slice unit = sample_argument_text(arguments, 0);
    (void)variant;
    return unit.length == 0 || slice_equal(unit, SLICE("us")) || slice_equal(unit, SLICE("ms"))
               ? RESULT_OK
               : parser_fail(parser, "expects 'us' or 'ms', got '%.*s'", (int)unit.length,
                             unit.data);
}

/* ---- protocols ---- */

static unsigned major_of(const struct http_message *message)
{
    if (message != NULL && message->version == HTTP_VERSION_2) {
        return HTTP_MAJOR_2;
    }
    return message != NULL && message->version == HTTP_VERSION_3 ? HTTP_MAJOR_3 : HTTP_MAJOR_1;
}

static enum result fetch_client_major(const struct sample_call *call, struct rule_context *context,
                                      struct sample *out)
{
    (void)call;
    return context->client == NULL ? RESULT_NOT_FOUND
                                   : sample_give_integer(out, major_of(context->request));
}

static enum result fetch_server_major(const struct sample_call *call, struct rule_context *context,
                                      struct sample *out)
{
    (void)call;
    return context->server_connection == NULL
               ? RESULT_NOT_FOUND
               : sample_give_integer(out, major_of(context->response));
}

static enum result fetch_is_reused(const struct sample_call *call, struct rule_context *context,
                                   struct sample *out)
{
    (void)call;
    return sample_give_bool(out, context->server_reused);
}

/* ---- the table ---- */

#define ADDRESS_ROWS(name, places, function)                            \
    FETCH_ROW(name, SAMPLE_ADDRESS, places, function, WANT_ADDRESS, 0), \
        FETCH_ROW(name "_port", SAMPLE_INTEGER, places, function, WANT_PORT, 0)
#define LOCAL_ROW(name, end) FETCH_ROW(name, SAMPLE_BOOL, FETCH_OF_CLIENT, fetch_is_local, end, 0)
#define TCP_ROW(name, fact)  FETCH_ROW(name, SAMPLE_INTEGER, FETCH_OF_CLIENT, fetch_tcp, fact, 0)
#define ROUND_TRIP_ROW(name, places, fact)                                                \
    FETCH_ROW_WITH(name, SAMPLE_INTEGER, places, fetch_tcp, check_round_trip, fact, 0, 0, \
                   ARGUMENT_STRING)

const struct sample_fetch fetches_connection[] = {
    ADDRESS_ROWS("src", FETCH_OF_CLIENT, fetch_source),
    ADDRESS_ROWS("dst", FETCH_OF_CLIENT, fetch_destination),
    ADDRESS_ROWS("fc_src", FETCH_OF_CLIENT, fetch_client_peer),
    ADDRESS_ROWS("fc_dst", FETCH_OF_CLIENT, fetch_client_local),
    ADDRESS_ROWS("bc_src", FETCH_OF_SERVER, fetch_server_local),
    ADDRESS_ROWS("bc_dst", FETCH_OF_SERVER, fetch_server_peer),
    LOCAL_ROW("src_is_local", LOCAL_SOURCE),
    LOCAL_ROW("dst_is_local", LOCAL_DESTINATION),
    LOCAL_ROW("fc_src_is_local", LOCAL_CLIENT_PEER),
    LOCAL_ROW("fc_dst_is_local", LOCAL_CLIENT_LOCAL),
    ROUND_TRIP_ROW("fc_rtt", FETCH_OF_CLIENT, TCP_FACT_RTT),
    ROUND_TRIP_ROW("fc_rttvar", FETCH_OF_CLIENT, TCP_FACT_RTT_VARIANCE),
    ROUND_TRIP_ROW("bc_rtt", FETCH_OF_SERVER, TCP_FACT_RTT | TCP_OF_SERVER),
    ROUND_TRIP_ROW("bc_rttvar", FETCH_OF_SERVER, TCP_FACT_RTT_VARIANCE | TCP_OF_SERVER),
    TCP_ROW("fc_unacked", TCP_FACT_UNACKED),
    TCP_ROW("fc_sacked", TCP_FACT_SACKED),
    TCP_ROW("fc_lost", TCP_FACT_LOST),
    TCP_ROW("fc_retrans", TCP_FACT_RETRANSMITS),
    TCP_ROW("fc_fackets", TCP_FACT_FACKETS),
    TCP_ROW("fc_reordering", TCP_FACT_REORDERING),
    FETCH_ROW("fc_http_major", SAMPLE_INTEGER, FETCH_OF_CLIENT, fetch_client_major, 0, 0),
    FETCH_ROW("bc_http_major", SAMPLE_INTEGER, FETCH_OF_SERVER, fetch_server_major, 0, 0),
    FETCH_ROW("bc_reused", SAMPLE_BOOL, FETCH_OF_SERVER, fetch_is_reused, 0, 0),
    FETCH_ROWS_END,
};
