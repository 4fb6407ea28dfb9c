/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a stats socket: reading lines (several commands a line behind ';', a payload
 * behind "<<" up to its pattern or an empty line), running commands piece by piece, and writing
 * answers. Without `prompt` it closes after one line, as HAProxy does. Reading stops while an
 * answer is being written. A command that waits for a time or lines of a ring is run again when
 * there are some, and ended by whatever is entered. Bounded as cli.h says; all of it is the
 * operator's memory.
 */
#include "admin/cli_session.h"

#include <string.h>

#include "base/number.h"
#include "memory/pool.h"

enum {
    OUTPUT_MAX = 65536,  /* bytes ahead of the socket */
    ANSWER_SIZE = 32768, /* one piece of an answer: more than two rows of JSON */
    PATTERN_MAX = 8,     /* of "<< pattern" */
    DEFAULT_TIMEOUT_MS = 10000,
    RETRY_MS = 20, /* after memory was refused */
};

struct cli_session {
    struct list link;
    struct cli_server *server;
    struct connection *connection;
    struct event_timer timer;
    struct chunk_queue input;
    struct chunk_queue output;
    struct cli_request request;
    const struct cli_command *command; /* running, NULL: none */
    uint64_t state[CLI_STATE_BYTES / sizeof(uint64_t)];
    char *line; /* the line being executed, in the operator's memory */
    char *rest; /* of that line behind a ';' */
    struct slice payload;
    struct cli_modes modes;
    struct log_ring_watch watch; /* of a command that waits */
    struct event_deferred wake;  /* after the turn in which there were lines */
    bool is_waiting;
    bool ends;     /* closes once the output is written */
    bool is_short; /* memory was refused: again in a moment */
};

size_t cli_session_bytes(void)
{
    return sizeof(struct cli_session);
}

static struct account *account_of(struct cli_session *session)
{
    return &session->connection->account;
}

/* Ends the command under way, done or not. */
static void end_command(struct cli_session *session)
{
    if (session->command != NULL && session->command->finish != NULL) {
        session->command->finish(session->state);
    }
    session->command = NULL;
    session->is_waiting = false;
    log_ring_unwatch(&session->watch);
}

static void close_session(struct cli_session *session)
{
    struct connection *connection = session->connection;
    end_command(session);
    event_defer_cancel(&session->wake);
    event_timer_stop(&session->timer);
    memory_release(account_of(session), session->line);
    chunk_queue_clear(&session->input);
    chunk_queue_clear(&session->output);
    list_remove(&session->link);
    session->server->open_count--;
    pool_release(session->server->sessions, &connection->account, session);
    connection_close(connection, false);
}

/* ---- output ---- */

static bool write_text(struct cli_session *session, struct slice text)
{
    return chunk_queue_append_copy(&session->output, session->server->worker->chunks,
                                   account_of(session), text) == RESULT_OK;
}

static void write_prompt(struct cli_session *session)
{
    if (session->modes.has_prompt) {
        (void)write_text(session, SLICE("\n> "));
    } else {
        (void)write_text(session, SLICE("\n"));
    }
}

/* Runs the command until its output is ahead enough. Returns false while it has more to say. */
static bool run_command(struct cli_session *session)
{
    char buffer[ANSWER_SIZE];
    while (session->command != NULL && session->output.bytes < OUTPUT_MAX) {
        struct text out = text_over(buffer, sizeof(buffer));
        session->request.out = &out;
        session->request.wait_ms = 0;
        session->request.now_ms = event_now_ms(session->server->worker->loop);
        uint64_t before[CLI_STATE_BYTES / sizeof(uint64_t)];
        memcpy(before, session->state, sizeof(before));
        enum result result = session->command->run(&session->request, session->state);
        if (!write_text(session, text_slice(&out))) {
            memcpy(session->state, before, sizeof(before)); /* once more when memory is there */
            session->is_short = true;
            return false;
        }
        if (result == RESULT_BLOCKED) {
            session->is_waiting = true;
            return false;
        }
        if (result == RESULT_END) {
            session->command = NULL;
            log_ring_unwatch(&session->watch);
            write_prompt(session);
        }
    }
    return session->command == NULL;
}

/* ---- commands that are the session's own ---- */

static void set_interactive(struct cli_session *session)
{
    const struct cli_request *request = &session->request;
    if (request->count == 1) {
        session->modes.has_prompt = !session->modes.has_prompt;
        session->modes.is_interactive = session->modes.has_prompt;
    }
    for (unsigned i = 1; i < request->count; i++) {
        const char *word = request->words[i];
        if (strcmp(word, "n") == 0) {
            session->modes.is_interactive = false;
            session->modes.has_prompt = false;
        } else if (strcmp(word, "i") == 0) {
            session->modes.is_interactive = true;
            session->modes.has_prompt = false;
        } else if (strcmp(word, "p") == 0) {
            session->modes.is_interactive = true;
            session->modes.has_prompt = true;
        } else if (strcmp(word, "timed") == 0) {
            session->modes.is_timed = !session->modes.is_timed;
        }
    }
}

static void answer_help(struct cli_session *session)
{
    char buffer[ANSWER_SIZE];
    struct text out = text_over(buffer, sizeof(buffer));
    text_append_string(&out, "The following commands are valid at this level:\n");
    cli_append_help(&out, session->modes.level, session->request.words + 1,
                    session->request.count - 1);
    (void)write_text(session, text_slice(&out));
    write_prompt(session);
}

/* Lowers the level ("user", "operator"); it never rises. */
static bool set_level(struct cli_session *session, const char *word)
{
    static const char *const NAMES[] = {"user", "operator"};
    for (unsigned i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (strcmp(word, NAMES[i]) == 0) {
            if (i < (unsigned)session->modes.level) {
                session->modes.level = (enum cli_level)i;
            }
            session->modes.is_expert = false;
            write_prompt(session);
            return true;
        }
    }
    return false;
}

static bool run_builtin(struct cli_session *session)
{
    const char *word = cli_word(&session->request, 0);
    if (strcmp(word, "prompt") == 0) {
        set_interactive(session);
        write_prompt(session);
    } else if (strcmp(word, "quit") == 0) {
        session->ends = true;
    } else if (strcmp(word, "help") == 0 || word[0] == '\0') {
        answer_help(session);
    } else {
        return set_level(session, word);
    }
    return true;
}

static void start_command(struct cli_session *session, char *text)
{
    struct cli_request *request = &session->request;
    char buffer[ANSWER_SIZE];
    struct text out = text_over(buffer, sizeof(buffer));
    request->worker = session->server->worker;
    request->modes = &session->modes;
    request->watch = &session->watch;
    request->payload = session->payload;
    request->out = &out;
    memset(session->state, 0, sizeof(session->state));
    if (cli_split(text, request) != RESULT_OK) {
        text_append_string(&out, "Too many words in the command.\n");
    } else if (run_builtin(session)) {
        return;
    } else {
        session->command = cli_find_command(request);
    }
    if (session->command == NULL) {
        (void)write_text(session, text_slice(&out));
        write_prompt(session);
    }
}

/* ---- lines ---- */

/* The next command of the line: up to a ';' outside quotes that no backslash protects. */
static char *cut_command(char **rest)
{
    char *start = *rest;
    char quote = '\0';
    for (char *c = start; *c != '\0'; c++) {
        if (*c == '\\' && c[1] != '\0') {
            c++;
        } else if (quote != '\0') {
            quote = *c == quote ? '\0' : quote;
        } else if (*c == '"' || *c == '\'') {
            quote = *c;
        } else if (*c == ';') {
            *c = '\0';
            *rest = c + 1;
            return start;
        }
    }
    *rest = NULL;
    return start;
}

/* Where a payload begins: the pattern behind "<<" at the line's end. NULL: the line has none. */
static char *find_payload_mark(char *line)
{
    char *mark = strstr(line, "<<");
    if (mark == NULL || strlen(mark + 2) > PATTERN_MAX || strchr(mark, ' ') != NULL) {
        return NULL;
    }
    return mark;
}

/*
 * How many bytes of `input` make a complete line with its payload; 0: more must come. `payload` is
 * the part behind the line, without its end mark.
 */
static size_t complete_length(struct slice input, struct slice *line, struct slice *payload)
{
    size_t end = slice_find_char(input, '\n');
    *payload = SLICE_NONE;
    if (end == input.length) {
        return 0;
    }
    *line = slice_first(input, end);
    size_t mark = slice_find(*line, SLICE("<<"));
    struct slice pattern = slice_skip(*line, mark + 2);
    if (mark == line->length || pattern.length > PATTERN_MAX ||
        slice_find_char(pattern, ' ') < pattern.length) {
        return end + 1;
    }
    size_t position = end + 1;
    while (position < input.length) {
        struct slice rest = slice_skip(input, position);
        size_t length = slice_find_char(rest, '\n');
        if (length == rest.length) {
            return 0;
        }
        if (slice_equal(slice_first(rest, length), slice_trim(pattern))) {
            *payload = slice_of(input.data + end + 1, position - end - 1);
            return position + length + 1;
        }
        position += length + 1;
    }
    return 0;
}

/* Takes the next complete line out of the input. */
static bool take_line(struct cli_session *session)
{
    struct worker *worker = session->server->worker;
    struct slice input;
    size_t wanted = size_min(session->input.bytes, worker->chunks->bytes[CHUNK_NORMAL]);
    if (wanted == 0 || chunk_queue_pull_up(&session->input, worker->chunks, account_of(session),
                                           wanted, &input) != RESULT_OK) {
        return false;
    }
    struct slice line;
    struct slice payload;
    size_t length = complete_length(input, &line, &payload);
    if (length == 0) {
        bool is_too_long = input.length == worker->chunks->bytes[CHUNK_NORMAL];
        session->ends = session->ends || is_too_long;
        return false;
    }
    memory_release(account_of(session), session->line);
    session->line = memory_take(account_of(session), length + 2);
    if (session->line == NULL) {
        return false;
    }
    memcpy(session->line, input.data, length);
    session->payload = SLICE_NONE;
    if (payload.data != NULL) {
        session->payload = slice_of(session->line + (payload.data - input.data), payload.length);
    }
    session->line[line.length] = '\0';
    if (line.length > 0 && session->line[line.length - 1] == '\r') {
        session->line[line.length - 1] = '\0';
    }
    char *mark = payload.data != NULL ? find_payload_mark(session->line) : NULL;
    if (mark != NULL) {
        *mark = '\0';
    }
    session->rest = session->line;
    chunk_queue_drop(&session->input, length);
    return true;
}

/* ---- driving ---- */

/* Whether the command that waits is run again after a time. */
static bool has_wait_time(const struct cli_session *session)
{
    return session->is_waiting && session->request.wait_ms != 0;
}

/* Who waits for lines may do so for ever, but must take those that there are. */
static void set_timer(struct cli_session *session, bool is_written)
{
    uint32_t configured_ms = session->server->worker->configuration->global.stats_timeout_ms;
    uint64_t timeout_ms = configured_ms != 0 ? configured_ms : DEFAULT_TIMEOUT_MS;
    timeout_ms = session->modes.timeout_ms != 0 ? session->modes.timeout_ms : timeout_ms;
    timeout_ms = session->is_waiting && is_written ? TIME_NEVER : timeout_ms;
    timeout_ms = has_wait_time(session) ? session->request.wait_ms : timeout_ms;
    event_timer_set(&session->timer, session->is_short ? RETRY_MS : timeout_ms);
}

static void update(struct cli_session *session)
{
    enum result result = connection_write(session->connection, &session->output);
    bool is_written = chunk_queue_is_empty(&session->output);
    if (result == RESULT_FAILED || (is_written && session->ends && session->command == NULL)) {
        close_session(session);
        return;
    }
    bool is_busy = session->command != NULL || session->rest != NULL;
    bool reads = !is_busy && !session->ends && !session->connection->read_ended;
    bool goes_on = is_busy && !session->is_short && !session->is_waiting;
    connection_want(session->connection, (reads || session->is_waiting ? EVENT_READ : 0U) |
                                             (!is_written || goes_on ? EVENT_WRITE : 0U));
    set_timer(session, is_written);
}

/* What is entered ends a command that waits, and is thrown away. */
static void end_waiting(struct cli_session *session)
{
    chunk_queue_clear(&session->input);
    end_command(session);
    write_prompt(session);
}

static void work(struct cli_session *session)
{
    session->is_short = false;
    session->is_waiting = false;
    while (session->output.bytes < OUTPUT_MAX && !session->ends) {
        if (session->command != NULL) {
            bool is_done = run_command(session);
            bool is_told = session->input.bytes > 0 || session->connection->read_ended;
            if (!is_done && session->is_waiting && is_told) {
                end_waiting(session);
            } else if (!is_done) {
                break;
            }
        } else if (session->rest != NULL) {
            start_command(session, cut_command(&session->rest));
            bool is_line_over = session->command == NULL && session->rest == NULL;
            session->ends = session->ends || (is_line_over && !session->modes.is_interactive);
        } else if (!take_line(session)) {
            session->ends = session->ends || session->connection->read_ended;
            break;
        }
        if (session->command == NULL && session->rest == NULL && !session->modes.is_interactive &&
            session->line != NULL) {
            session->ends = true;
        }
    }
    update(session);
}

static void on_readable(void *owner)
{
    struct cli_session *session = owner;
    size_t room = session->server->worker->chunks->bytes[CHUNK_NORMAL] - session->input.bytes;
    switch (connection_read(session->connection, &session->input, CHUNK_NORMAL, room)) {
    case RESULT_OK:
    case RESULT_END:
        work(session);
        return;
    case RESULT_BLOCKED:
    case RESULT_NO_MEMORY:
    case RESULT_FULL:
        return;
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        close_session(session);
        return;
    }
}

static void on_writable(void *owner)
{
    work(owner);
}

static void on_line(struct log_ring_watch *watch)
{
    struct cli_session *session = container_of(watch, struct cli_session, watch);
    event_defer(session->server->worker->loop, &session->wake);
}

static void on_wake(struct event_deferred *deferred)
{
    struct cli_session *session = container_of(deferred, struct cli_session, wake);
    if (session->is_waiting) {
        work(session);
    }
}

static void on_error(void *owner, enum connection_error error)
{
    (void)error;
    close_session(owner);
}

static const struct connection_events CLI_EVENTS = {
    .on_open = NULL,
    .on_readable = on_readable,
    .on_writable = on_writable,
    .on_error = on_error,
};

static void on_timer(struct event_timer *timer)
{
    struct cli_session *session = container_of(timer, struct cli_session, timer);
    if (session->is_short || has_wait_time(session)) {
        work(session);
    } else {
        close_session(session);
    }
}

enum result cli_session_open(struct cli_server *server, int fd, const struct address *peer,
                             enum cli_level level)
{
    struct worker *worker = server->worker;
    struct connection_options options = {.no_delay = true, .is_operator = true};
    struct connection *connection = NULL;
    enum result result =
        connection_accept(&worker->transport, fd, peer, &options, &CLI_EVENTS, NULL, &connection);
    if (result != RESULT_OK) {
        return result;
    }
    struct cli_session *session = pool_take_zeroed(server->sessions, &connection->account);
    if (session == NULL) {
        connection_close(connection, true);
        return RESULT_OK; /* the descriptor is gone with the connection */
    }
    session->server = server;
    session->connection = connection;
    session->modes.level = level;
    log_ring_watch_init(&session->watch, on_line);
    event_deferred_init(&session->wake, on_wake);
    event_timer_init(&session->timer, worker->loop, on_timer);
    list_append(&server->open, &session->link);
    server->open_count++;
    connection_set_owner(connection, &CLI_EVENTS, session);
    connection_want(connection, EVENT_READ);
    event_timer_set(&session->timer, DEFAULT_TIMEOUT_MS);
    return RESULT_OK;
}

void cli_sessions_close(struct cli_server *server)
{
    LIST_EACH_SAFE(link, &server->open) {
        close_session(container_of(link, struct cli_session, link));
    }
}
