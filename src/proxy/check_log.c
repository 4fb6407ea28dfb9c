/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences about checks. What a server answered is quoted with everything but plain characters as
 * <XX>, so that it cannot forge a line. Memory: one line on the stack.
 */
#include "proxy/check_log.h"

#include "balance/backend.h"
#include "proxy/check_status.h"
#include "proxy/endpoint.h"
#include "proxy/logs.h"
#include "proxy/proxy.h"

enum { LINE_SIZE = 1024 };

static void append_quoted(struct text *text, const char *bytes)
{
    enum { FIRST_PRINTABLE = 0x20, LAST_PRINTABLE = 0x7e };
    text_append_char(text, '"');
    for (; *bytes != '\0'; bytes++) {
        unsigned char c = (unsigned char)*bytes;
        bool is_plain =
            c >= FIRST_PRINTABLE && c <= LAST_PRINTABLE && c != '<' && c != '>' && c != '"';
        if (is_plain) {
            text_append_char(text, *bytes);
        } else {
            text_append_format(text, "<%02X>", c);
        }
    }
    text_append_char(text, '"');
}

void check_append_reason(const struct server *server, const char *why, struct text *text)
{
    text_append_format(text, ", reason: %s", check_status_description(server->check_status));
    if (server->check_status > CHECK_STATUS_WITH_CODE) {
        text_append_format(text, ", code: %u", server->check_code);
    }
    if (why[0] != '\0') {
        text_append_string(text, ", info: ");
        append_quoted(text, why);
    }
    text_append_format(text, ", check duration: %ums", server->check_duration_ms);
}

/* "3/3 UP": points of the count that matters, and where the server stands by it. */
static void append_count(const struct server *server, struct text *text)
{
    const struct server_options *options = server->options;
    uint32_t health = server->check_health;
    if (health < options->rise) {
        text_append_format(text, ", status: %u/%u DOWN", health, options->rise);
        return;
    }
    text_append_format(text, ", status: %u/%u %s", health - options->rise + 1, options->fall,
                       server->weight > 0 ? "UP" : "DRAIN");
}

void check_log_result(const struct server *server, bool has_passed, const char *why)
{
    const struct proxy *proxy = endpoint_of(server)->proxy;
    if (!proxy_has(proxy, OPTION_LOG_HEALTH_CHECKS)) {
        return;
    }
    char line[LINE_SIZE];
    struct text text = text_over(line, sizeof(line));
    bool is_conditional = server->check_status == CHECK_STATUS_L7_PASSED_CONDITIONALLY;
    text_append_format(&text, "Health check for %sserver %s/%s %s%s",
                       server->options->is_backup ? "backup " : "", proxy->settings->name,
                       server->options->name, is_conditional ? "conditionally " : "",
                       has_passed ? "succeeded" : "failed");
    check_append_reason(server, why, &text);
    append_count(server, &text);
    text_append_char(&text, '.');
    logs_write(proxy, SYSLOG_NOTICE, text_slice(&text));
}
