/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The administration of a worker: its stats sockets and the sessions on them. Bounded by the `stats
 * socket` lines and `stats maxconn`; charged to the operator's account.
 */
#include "admin/admin.h"

#include <unistd.h>

#include "admin/cli_session.h"
#include "memory/pool.h"
#include "transport/listener.h"

enum { MAXCONN_DEFAULT = 10 };

/* One stats socket. */
struct admin_socket {
    struct list link;
    struct admin *admin;
    const struct bind_settings *settings;
    struct listener listener;
};

struct admin {
    struct worker *worker;
    struct account account;
    struct cli_server server;
    struct list sockets;
};

static enum result on_accept(struct listener *listener, int fd, const struct address *peer)
{
    struct admin_socket *socket = listener->owner;
    struct cli_server *server = &socket->admin->server;
    uint32_t limit = server->worker->configuration->global.stats_maxconn;
    enum cli_level level = (enum cli_level)socket->settings->level;
    bool has_room = server->open_count < (limit != 0 ? limit : MAXCONN_DEFAULT);
    if (!has_room || cli_session_open(server, fd, peer, level) != RESULT_OK) {
        close(fd);
    }
    return RESULT_OK;
}

static enum result add_socket(struct admin *admin, const struct bind_settings *settings)
{
    struct admin_socket *socket = memory_take(&admin->account, sizeof(*socket));
    if (socket == NULL) {
        return RESULT_NO_MEMORY;
    }
    socket->admin = admin;
    socket->settings = settings;
    socket->listener.fd = -1;
    socket->listener.owner = socket;
    socket->listener.on_accept = on_accept;
    list_append(&admin->sockets, &socket->link);
    return RESULT_OK;
}

enum result admin_create(struct worker *worker, struct admin **out)
{
    struct account account;
    account_init(&account, worker->ledger, ACCOUNT_OPERATOR, 0);
    struct admin *admin = memory_take(&account, sizeof(*admin));
    if (admin == NULL) {
        return RESULT_NO_MEMORY;
    }
    admin->worker = worker;
    account_init(&admin->account, worker->ledger, ACCOUNT_OPERATOR, 0);
    account_move(&account, &admin->account, account.used);
    list_init(&admin->sockets);
    list_init(&admin->server.open);
    admin->server.worker = worker;
    admin->server.sessions = pool_create(worker->memory, "cli_session", cli_session_bytes(), 0);
    *out = admin;
    if (admin->server.sessions == NULL) {
        return RESULT_NO_MEMORY;
    }
    enum result result = RESULT_OK;
    LIST_EACH(link, &worker->configuration->global.stats_sockets) {
        if (result == RESULT_OK) {
            result = add_socket(admin, container_of(link, struct bind_settings, link));
        }
    }
    return result;
}

enum result admin_bind(struct admin *admin, struct text *error)
{
    LIST_EACH(link, &admin->sockets) {
        struct admin_socket *socket = container_of(link, struct admin_socket, link);
        struct listener_options options = socket->settings->listener;
        options.is_operator = true; /* it must answer when traffic has filled the memory */
        enum result result =
            listener_bind(&socket->listener, &admin->worker->transport, &options, error);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

enum result admin_start(struct admin *admin, struct text *error)
{
    LIST_EACH(link, &admin->sockets) {
        struct admin_socket *socket = container_of(link, struct admin_socket, link);
        enum result result = listener_start(&socket->listener, error);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

void admin_stop(struct admin *admin)
{
    LIST_EACH(link, &admin->sockets) {
        struct admin_socket *socket = container_of(link, struct admin_socket, link);
        if (socket->listener.fd >= 0) {
            listener_close(&socket->listener, false);
        }
    }
    cli_sessions_close(&admin->server);
}

void admin_destroy(struct admin *admin)
{
    LIST_EACH_SAFE(link, &admin->sockets) {
        struct admin_socket *socket = container_of(link, struct admin_socket, link);
        list_remove(&socket->link);
        memory_release(&admin->account, socket);
    }
    struct account account;
    account_init(&account, admin->account.ledger, ACCOUNT_OPERATOR, 0);
    account_move(&admin->account, &account, admin->account.used);
    account_deinit(&admin->account);
    memory_release(&account, admin);
    account_deinit(&account);
}
