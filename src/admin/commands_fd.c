/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show fd: a line a descriptor, with what it is and whose. Descriptors are looked at in blocks: one
 * walk over listeners, sessions and links finds the owners of a block, the kernel tells about the
 * rest. So a dump goes on at a number, whatever closes in between, and costs a walk for each block.
 *
 * What bounds it: a block of owners on the stack. The kernel gives the lowest free number, so that
 * descriptors without an owner here are looked for up to LOOSE_MAX behind the highest that has one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "base/number.h"
#include "proxy/endpoint.h"
#include "proxy/proxy.h"
#include "proxy/session.h"
#include "proxy/stream.h"

enum { FIRST_WORD = 2, BLOCK = 512, LOOSE_MAX = 1024 };

/* Kinds as the command's letters select them. */
enum fd_kind {
    KIND_OTHER = 1,
    KIND_PIPE = 2,
    KIND_LISTENER = 4,
    KIND_CLIENT = 8,
    KIND_SERVER = 16
};

enum { KINDS_ALL = KIND_OTHER | KIND_PIPE | KIND_LISTENER | KIND_CLIENT | KIND_SERVER };

struct owner {
    enum fd_kind kind; /* 0: not known here */
    const struct bind *bind;
    const struct session *session;
    const struct server_link *link;
};

/* The owners of the descriptors from `first` on. */
struct block {
    int first;
    int highest; /* that has an owner at all */
    struct owner owners[BLOCK];
};

struct fd_state {
    int next;
};

struct fd_choice {
    unsigned kinds; /* enum fd_kind */
    int only;       /* -1: all */
};

/* ---- what is asked ---- */

static unsigned kinds_of(char letter)
{
    static const struct {
        char letter;
        unsigned kinds;
    } LETTERS[] = {{'p', KIND_PIPE},   {'l', KIND_LISTENER}, {'c', KIND_CLIENT | KIND_SERVER},
                   {'f', KIND_CLIENT}, {'b', KIND_SERVER},   {'s', KIND_SERVER}};
    for (size_t i = 0; i < sizeof(LETTERS) / sizeof(LETTERS[0]); i++) {
        if (LETTERS[i].letter == letter) {
            return LETTERS[i].kinds;
        }
    }
    return 0;
}

/* One word of letters; '-' and '!' turn the following ones around. */
static void read_letters(const char *word, unsigned *selected, unsigned *omitted)
{
    bool is_inverted = false;
    for (const char *c = word; *c != '\0'; c++) {
        bool is_mark = *c == '-' || *c == '!';
        is_inverted = is_mark ? !is_inverted : is_inverted;
        *(is_inverted ? omitted : selected) |= kinds_of(*c);
    }
}

static struct fd_choice read_choice(const struct cli_request *request)
{
    struct fd_choice choice = {.only = -1};
    unsigned selected = 0;
    unsigned omitted = 0;
    for (unsigned i = FIRST_WORD; i < request->count; i++) {
        uint64_t number = 0;
        if (number_parse_decimal(slice_from_string(request->words[i]), &number) == RESULT_OK) {
            choice.only = number < INT32_MAX ? (int)number : INT32_MAX;
        } else {
            read_letters(request->words[i], &selected, &omitted);
        }
    }
    choice.kinds = (selected != 0 ? selected : (unsigned)KINDS_ALL) & ~omitted;
    return choice;
}

/* ---- owners ---- */

static void note(struct block *block, int fd, struct owner owner)
{
    block->highest = fd > block->highest ? fd : block->highest;
    if (fd >= block->first && fd < block->first + BLOCK) {
        block->owners[fd - block->first] = owner;
    }
}

static void note_link(struct block *block, const struct server_link *link)
{
    if (link != NULL && link->connection != NULL) {
        note(block, link->connection->fd, (struct owner){.kind = KIND_SERVER, .link = link});
    }
}

static void find_owners(const struct worker *worker, struct block *block, int first)
{
    *block = (struct block){.first = first};
    LIST_EACH(link, &worker->proxies) {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        LIST_EACH(member, &proxy->binds) {
            const struct bind *bind = container_of(member, struct bind, link);
            note(block, bind->listener.fd, (struct owner){.kind = KIND_LISTENER, .bind = bind});
        }
    }
    LIST_EACH(link, &worker->sessions) {
        const struct session *session = container_of(link, struct session, link);
        if (session->connection != NULL) {
            note(block, session->connection->fd,
                 (struct owner){.kind = KIND_CLIENT, .session = session});
        }
    }
    LIST_EACH(link, &worker->streams) {
        note_link(block, container_of(link, struct stream, link)->server_link);
    }
    LIST_EACH(link, &worker->idle_links) {
        note_link(block, container_of(link, struct server_link, age_link));
    }
}

/* ---- lines ---- */

static void append_connection(struct text *out, const struct connection *connection)
{
    static const char *const STATES[] = {[CONNECTION_DIALLING] = "dialling",
                                         [CONNECTION_HANDSHAKE] = "handshake",
                                         [CONNECTION_OPEN] = "open",
                                         [CONNECTION_CLOSED] = "closed"};
    text_append_string(out, " peer=");
    address_append_with_port(out, &connection->peer, true);
    text_append_format(
        out, " state=%s want=%s%s tls=%d in=%" PRIu64 " out=%" PRIu64 " held=%zu\n",
        STATES[connection->state], (connection->wanted & EVENT_READ) != 0 ? "R" : "r",
        (connection->wanted & EVENT_WRITE) != 0 ? "W" : "w", connection->tls != NULL ? 1 : 0,
        connection->bytes_in, connection->bytes_out, connection->account.used);
}

static void append_owned(struct text *out, const struct owner *owner)
{
    if (owner->kind == KIND_LISTENER) {
        const struct bind *bind = owner->bind;
        text_append_format(out, "listener fe=%s name=%s addr=", bind->proxy->settings->name,
                           bind->name != NULL ? bind->name : "?");
        address_append_with_port(out, &bind->settings->listener.address, true);
        text_append_format(out, " state=%s\n", bind->listener.is_paused ? "paused" : "open");
    } else if (owner->kind == KIND_CLIENT) {
        text_append_format(out, "connection back=0 fe=%s", owner->session->proxy->settings->name);
        append_connection(out, owner->session->connection);
    } else {
        const struct endpoint *endpoint = owner->link->endpoint;
        text_append_format(out, "connection back=1 be=%s srv=%s%s", endpoint->proxy->settings->name,
                           endpoint->server.options->name,
                           owner->link->state == LINK_IDLE ? " idle" : "");
        append_connection(out, owner->link->connection);
    }
}

/* What the kernel says of a descriptor that nobody here owns: the runtime API's, logs, the loop's.
 */
static enum fd_kind kind_of(int fd, const char **name)
{
    struct stat status;
    int listens = 0;
    socklen_t length = sizeof(listens);
    *name = "other";
    if (fstat(fd, &status) != 0) {
        return KIND_OTHER;
    }
    if (S_ISSOCK(status.st_mode)) {
        bool is_listener =
            getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens != 0;
        *name = is_listener ? "listener of the process" : "socket of the process";
        return is_listener ? KIND_LISTENER : KIND_OTHER;
    }
    if (S_ISFIFO(status.st_mode)) {
        *name = "pipe";
        return KIND_PIPE;
    }
    *name = S_ISREG(status.st_mode) || S_ISCHR(status.st_mode) ? "file" : "other";
    return KIND_OTHER;
}

static void append_fd(struct text *out, const struct fd_choice *choice, const struct block *block,
                      int fd)
{
    const struct owner *owner = &block->owners[fd - block->first];
    const char *name = "";
    enum fd_kind kind = owner->kind;
    if (choice->only >= 0 && choice->only != fd) {
        return;
    }
    if (kind == 0 && fcntl(fd, F_GETFD) < 0) {
        return;
    }
    kind = kind == 0 ? kind_of(fd, &name) : kind;
    if ((kind & choice->kinds) == 0) {
        return;
    }
    text_append_format(out, "%7d : ", fd);
    if (owner->kind == 0) {
        text_append_format(out, "%s\n", name);
    } else {
        append_owned(out, owner);
    }
}

static enum result show_fd(struct cli_request *request, void *opaque)
{
    struct fd_state *state = opaque;
    struct fd_choice choice = read_choice(request);
    struct block block;
    do {
        find_owners(request->worker, &block, state->next);
        for (int end = block.first + BLOCK; state->next < end; state->next++) {
            if (!cli_row_fits(request)) {
                return RESULT_OK;
            }
            append_fd(request->out, &choice, &block, state->next);
        }
    } while (state->next <= block.highest + LOOSE_MAX);
    return RESULT_END;
}

const struct cli_command COMMANDS_FD[] = {
    {"show fd", "[-!plcfbs]* [num] : dump list of file descriptors in use or a specific one",
     CLI_OPERATOR, show_fd, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
