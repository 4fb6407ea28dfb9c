/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a file: cutting, directives, sections, keywords; what is wrong is reported with its
 * place and reading goes on, to show as much as possible at once. One line of at most
 * LINE_BYTES_MAX bytes is in memory at a time, with its words.
 */
#include <stdio.h>
#include <string.h>

#include "config/keyword.h"
#include "config/preprocess.h"

enum { LINE_BYTES_MAX = LEXER_BYTES_MAX, SHOWN_BYTES_MAX = 80 };

/* One file under way. */
struct file_reader {
    struct config_reader *reader;
    struct preprocess preprocess;
    struct config_words words;
    char line[LINE_BYTES_MAX];
    size_t length;
    bool has_nul;
    bool has_end; /* the line's newline was there */
};

/* ---- what is wrong ---- */

static void alert_line(struct config_reader *reader)
{
    const char *reason = reader->error.length > 0 ? reader->error.data : "out of memory.";
    bool is_outside = reader->words->words[0][0] == '.' || reader->section == SECTION_NONE;
    config_report(reader, REPORT_ALERT, "parsing [%s:%u]%s %s", reader->file, reader->line,
                  is_outside ? ":" : " :", reason);
    text_clear(&reader->error);
}

/* Appends a line with its offending byte below "^", cut around it and without control bytes. */
static void append_position(struct text *text, const char *line, size_t position)
{
    static const char DOTS[] = "...";
    size_t start = strspn(line, " \t");
    size_t length = strlen(line);
    start = start < position ? start : position;
    bool is_cut = position - start >= SHOWN_BYTES_MAX / 2 && length - start > SHOWN_BYTES_MAX;
    start = is_cut ? position - SHOWN_BYTES_MAX / 2 : start;
    size_t column = position - start + (is_cut ? sizeof(DOTS) - 1 : 0);
    text_append_format(text, "\n  %s", is_cut ? DOTS : "");
    for (size_t i = start; i < length && i < start + SHOWN_BYTES_MAX; i++) {
        bool is_control = (unsigned char)line[i] < ' ' && line[i] != '\t';
        text_append_char(text, is_control ? '?' : line[i] == '\t' ? ' ' : line[i]);
    }
    text_append_format(text, "%s\n  %*s", length > start + SHOWN_BYTES_MAX ? DOTS : "",
                       (int)column + 1, "^");
}

static void alert_position(struct file_reader *file, size_t position)
{
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    struct config_reader *reader = file->reader;
    append_position(&text, file->line, position);
    config_report(reader, REPORT_ALERT, "parsing [%s:%u]: %s at position %zu:%s", reader->file,
                  reader->line, reader->error.data, position + 1, bytes);
    text_clear(&reader->error);
}

/* ---- one line ---- */

/* Reports what the rules layer finds doubtful, one warning a line of its text. */
static void pass_warnings(struct config_reader *reader)
{
    struct slice rest = text_slice(&reader->warning);
    struct slice line;
    while (slice_next_token(&rest, '\n', &line)) {
        if (line.length > 0) {
            config_warn(reader, "%.*s", (int)line.length, line.data);
        }
    }
    text_clear(&reader->warning);
}

static enum result run_line(struct file_reader *file)
{
    struct config_reader *reader = file->reader;
    enum result result = preprocess_line(&file->preprocess, reader);
    if (result != RESULT_NOT_FOUND || !preprocess_is_reading(&file->preprocess)) {
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    }
    result = config_begin_section(reader);
    if (result != RESULT_NOT_FOUND) {
        return result;
    }
    if (reader->section == SECTION_NONE) {
        return config_fail(reader, "unknown keyword '%s' out of section.", reader->words->words[0]);
    }
    return reader->section == SECTION_REFUSED ? RESULT_OK : config_run_keyword(reader);
}

static void read_words(struct file_reader *file)
{
    struct config_reader *reader = file->reader;
    struct lexer_place place = {reader->file, reader->line, reader->section_label};
    size_t position = 0;
    reader->words = &file->words;
    enum result result = lexer_split(file->line, &place, &file->words, &position, &reader->error);
    if (result != RESULT_OK) {
        alert_position(file, position);
        return;
    }
    bool is_empty = file->words.count == 0 || file->words.words[0][0] == '\0';
    reader->lacks_memory = false;
    if (!is_empty && (run_line(file) != RESULT_OK || reader->lacks_memory)) {
        alert_line(reader);
    }
    pass_warnings(reader);
    text_clear(&reader->error);
}

/* ---- the file ---- */

/* Takes the next line. RESULT_END behind the last one, RESULT_FULL when it is too long. */
static enum result take_line(struct file_reader *file, FILE *stream)
{
    file->length = 0;
    file->has_nul = false;
    file->has_end = false;
    int c = getc_unlocked(stream);
    if (c == EOF) {
        return RESULT_END;
    }
    for (; c != EOF && !file->has_end; c = file->has_end ? EOF : getc_unlocked(stream)) {
        if (file->length + 1 == sizeof(file->line)) {
            return RESULT_FULL;
        }
        file->has_end = c == '\n';
        file->has_nul = file->has_nul || c == '\0';
        file->line[file->length] = file->has_end ? '\0' : (char)c;
        file->length += file->has_end ? 0 : 1;
    }
    file->line[file->length] = '\0';
    return RESULT_OK;
}

static void check_line(struct file_reader *file)
{
    struct config_reader *reader = file->reader;
    if (file->has_nul) {
        config_report(reader, REPORT_ALERT, "parsing [%s:%u]: Stray NUL character at position %zu.",
                      reader->file, reader->line, strlen(file->line) + 1);
    }
    if (!file->has_end) {
        config_report(reader, REPORT_ALERT,
                      "parsing [%s:%u]: Missing LF on last line, file might have been truncated at "
                      "position %zu.",
                      reader->file, reader->line, file->length + 1);
    }
}

static void read_lines(struct file_reader *file, FILE *stream)
{
    struct config_reader *reader = file->reader;
    enum result result = take_line(file, stream);
    while (result == RESULT_OK && reader->alerts < CONFIG_ERRORS_MAX) {
        reader->line++;
        read_words(file);
        check_line(file);
        result = take_line(file, stream);
    }
    if (result == RESULT_FULL) {
        config_report(reader, REPORT_ALERT, "parsing [%s:%u]: line too long, limit: %d.",
                      reader->file, reader->line + 1, LINE_BYTES_MAX - 1);
    } else if (reader->alerts >= CONFIG_ERRORS_MAX) {
        config_report(reader, REPORT_ALERT, "too many errors, the rest is not read.");
    } else if (file->preprocess.depth > 0) {
        config_report(reader, REPORT_ALERT, "parsing [%s:%u]: non-terminated '.if' block.",
                      reader->file, reader->line);
    }
    if (config_end_section(reader) != RESULT_OK) {
        config_report_error(reader);
    }
}

void config_read_stream(struct config_reader *reader, FILE *stream)
{
    struct file_reader *file = memory_take(reader->account, sizeof(*file));
    if (file == NULL) {
        config_report(reader, REPORT_ALERT, "out of memory.");
        return;
    }
    file->reader = reader;
    read_lines(file, stream);
    reader->words = NULL;
    memory_release(reader->account, file);
}
