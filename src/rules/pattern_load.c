/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading pattern files. A file is read once through one buffer, line by line, however long it is;
 * only the entries stay.
 *
 * Memory: the buffer of PATTERN_LINE_BYTES_MAX while the file is read, on the parser's account.
 */
#include "rules/pattern_load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "memory/memory.h"
#include "rules/parser.h"
#include "rules/pattern_internal.h"

/* One file being read. */
struct loading {
    struct rule_parser *parser;
    struct pattern_file *file;
    char *buffer;
    size_t filled;
    unsigned line;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/*
 * Cuts a line (without its end) into pattern and value; value's data is NULL for files without
 * values. False: nothing is in it.
 */
static bool split_line(struct slice line, bool has_values, struct slice *key, struct slice *value)
{
    /* '#' is a comment only as the very first byte. */
    if (line.length == 0 || line.data[0] == '#') {
        return false;
    }
    line = slice_first(line, slice_find_char(line, '\r'));
    while (line.length > 0 && is_blank(line.data[0])) {
        line = slice_skip(line, 1);
    }
    *key = line;
    *value = SLICE_NONE;
    if (line.length == 0 || !has_values) {
        return line.length > 0;
    }
    size_t end = 0;
    while (end < line.length && !is_blank(line.data[end])) {
        end++;
    }
    *key = slice_first(line, end);
    *value = slice_trim(slice_skip(line, end));
    return true;
}

static enum result add_line(struct loading *loading, struct slice line)
{
    struct slice key;
    struct slice value;
    const struct pattern_origin origin = {.line = ++loading->line, .may_resolve = true};
    if (!split_line(line, loading->file->has_values, &key, &value)) {
        return RESULT_OK;
    }
    enum result result =
        pattern_version_add(loading->file->current, key, value, &origin, loading->parser->error);
    return result == RESULT_NO_MEMORY ? parser_fail_memory(loading->parser) : result;
}

/* Adds the whole lines of the buffer and keeps the rest. */
static enum result add_lines(struct loading *loading)
{
    struct slice rest = slice_of(loading->buffer, loading->filled);
    for (;;) {
        size_t end = slice_find_char(rest, '\n');
        if (end == rest.length) {
            break;
        }
        enum result result = add_line(loading, slice_first(rest, end));
        if (result != RESULT_OK) {
            return result;
        }
        rest = slice_skip(rest, end + 1);
    }
    if (rest.length == PATTERN_LINE_BYTES_MAX) {
        return parser_fail(loading->parser, "line %u of file '%s' is longer than %d bytes",
                           loading->line + 1, loading->file->name, PATTERN_LINE_BYTES_MAX);
    }
    memmove(loading->buffer, rest.data, rest.length);
    loading->filled = rest.length;
    return RESULT_OK;
}

static enum result read_all(struct loading *loading, int descriptor)
{
    for (;;) {
        ssize_t count = read(descriptor, loading->buffer + loading->filled,
                             PATTERN_LINE_BYTES_MAX - loading->filled);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return parser_fail(loading->parser, "failed to read pattern file <%s>",
                               loading->file->name);
        }
        if (count == 0) {
            break;
        }
        loading->filled += (size_t)count;
        enum result result = add_lines(loading);
        if (result != RESULT_OK) {
            return result;
        }
    }
    /* The last line may lack its end. */
    return loading->filled == 0 ? RESULT_OK
                                : add_line(loading, slice_of(loading->buffer, loading->filled));
}

enum result pattern_file_load(struct rule_parser *parser, struct pattern_file *file,
                              bool is_optional)
{
    struct loading loading = {.parser = parser, .file = file};
    int descriptor = open(file->name, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        bool is_missing = errno == ENOENT && is_optional;
        return is_missing ? RESULT_OK
                          : parser_fail(parser, "failed to open pattern file <%s>", file->name);
    }
    enum result result = RESULT_NO_MEMORY;
    loading.buffer = memory_take(parser->account, PATTERN_LINE_BYTES_MAX);
    if (loading.buffer == NULL) {
        (void)parser_fail_memory(parser);
    } else {
        result = read_all(&loading, descriptor);
    }
    memory_release(parser->account, loading.buffer);
    (void)close(descriptor);
    return result;
}
