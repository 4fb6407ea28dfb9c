/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every handler of a keyword uses: failing a line, warnings, memory of the configuration,
 * parsers for rules. A line that fails leaves its message in reader->error; reader.c adds the
 * place. Bounded by one message a line, and by the files for what is kept.
 */
#include "config/keyword.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "base/number.h"

/* ---- messages ---- */

enum result config_fail(struct config_reader *reader, const char *format, ...)
{
    char buffer[CONFIG_ERROR_SIZE]; /* the arguments may quote what the error says already */
    struct text text = text_over(buffer, sizeof(buffer));
    va_list arguments;
    va_start(arguments, format);
    text_append_format_list(&text, format, arguments);
    va_end(arguments);
    text_clear(&reader->error);
    text_append(&reader->error, text_slice(&text));
    return RESULT_INVALID;
}

const char *config_reason(struct config_reader *reader)
{
    struct text *error = &reader->error;
    if (error->length == 0) {
        text_append_string(error, "out of memory");
    }
    while (error->length > 0 && error->data[error->length - 1] == '.') {
        error->data[--error->length] = '\0';
    }
    return error->data;
}

static void write_report(struct config_reader *reader, enum report_severity severity,
                         const char *message)
{
    const struct config_report *report = reader->input->report;
    if (severity == REPORT_ALERT) {
        reader->alerts++;
    } else if (severity == REPORT_WARNING) {
        reader->configuration->warnings++;
    }
    report->write(report->argument, severity, message);
}

void config_report(struct config_reader *reader, enum report_severity severity, const char *format,
                   ...)
{
    char buffer[CONFIG_ERROR_SIZE];
    struct text text = text_over(buffer, sizeof(buffer));
    va_list arguments;
    va_start(arguments, format);
    text_append_format_list(&text, format, arguments);
    va_end(arguments);
    write_report(reader, severity, buffer);
}

void config_report_error(struct config_reader *reader)
{
    bool is_told = reader->error.length > 0;
    config_report(reader, REPORT_ALERT, "%s", is_told ? reader->error.data : "out of memory.");
    text_clear(&reader->error);
}

static void report_at(struct config_reader *reader, enum report_severity severity, const char *file,
                      unsigned line, const char *format, va_list arguments)
{
    char buffer[CONFIG_ERROR_SIZE];
    struct text text = text_over(buffer, sizeof(buffer));
    text_append_format(&text, "parsing [%s:%u] : ", file, line);
    text_append_format_list(&text, format, arguments);
    write_report(reader, severity, buffer);
}

void config_warn(struct config_reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report_at(reader, REPORT_WARNING, reader->file, reader->line, format, arguments);
    va_end(arguments);
}

void config_alert_at(struct config_reader *reader, const char *file, unsigned line,
                     const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report_at(reader, REPORT_ALERT, file, line, format, arguments);
    va_end(arguments);
}

void config_note_without_meaning(struct config_reader *reader, const char *name)
{
    config_report(reader, REPORT_DIAGNOSTIC,
                  "parsing [%s:%u] : '%s' has no meaning for weir and is passed over.",
                  reader->file, reader->line, name);
}

/* ---- memory ---- */

/* A plain block of the configuration: all are released together. */
struct config_block {
    struct list link;
    max_align_t bytes[];
};

void *config_take(struct config_reader *reader, size_t bytes)
{
    struct config_block *block = memory_take(reader->account, sizeof(*block) + bytes);
    if (block == NULL) {
        reader->lacks_memory = true;
        (void)config_fail(reader, "out of memory.");
        return NULL;
    }
    list_append(&reader->configuration->blocks, &block->link);
    return block->bytes;
}

void config_release_blocks(struct configuration *configuration)
{
    LIST_EACH_SAFE(link, &configuration->blocks) {
        list_remove(link);
        memory_release(configuration->account, container_of(link, struct config_block, link));
    }
}

const char *config_copy_slice(struct config_reader *reader, struct slice text)
{
    char *copy = config_take(reader, text.length + 1);
    if (copy != NULL && text.length > 0) {
        memcpy(copy, text.data, text.length);
    }
    return copy;
}

const char *config_copy(struct config_reader *reader, const char *word)
{
    return config_copy_slice(reader, slice_from_string(word));
}

/* ---- rules ---- */

struct rule_parser config_rule_parser(struct config_reader *reader, unsigned capabilities)
{
    struct configuration *configuration = reader->configuration;
    struct proxy_settings *proxy = reader->proxy;
    return (struct rule_parser){
        .registry = reader->input->registry,
        .account = reader->account,
        .file = reader->file,
        .line = reader->line,
        .error = &reader->error,
        .warning = &reader->warning,
        .acls = proxy != NULL ? proxy->acls : NULL,
        .captures = proxy != NULL ? &proxy->captures : NULL,
        .proxy_name = proxy != NULL ? proxy->name : NULL,
        .patterns = configuration->patterns,
        .variables = configuration->variables,
        .userlists = configuration->userlists,
        .references = &configuration->references,
        .error_sections = configuration->error_sections,
        .reply_bytes_max = configuration->global.bufsize,
        .capabilities = capabilities,
    };
}

/* ---- names ---- */

unsigned config_match_keyword(const char *name, const char *const *words, unsigned count)
{
    struct slice rest = slice_from_string(name);
    struct slice word;
    unsigned matched = 0;
    while (slice_next_token(&rest, ' ', &word)) {
        if (matched == count || !slice_equal(word, slice_from_string(words[matched]))) {
            return 0;
        }
        matched++;
    }
    return matched;
}

const char *config_role_name(const struct proxy_settings *proxy)
{
    static const char *const NAMES[] = {[PROXY_FRONTEND] = "frontend",
                                        [PROXY_BACKEND] = "backend",
                                        [PROXY_FRONTEND | PROXY_BACKEND] = "proxy",
                                        [PROXY_DEFAULTS] = "defaults"};
    return NAMES[proxy->role];
}
