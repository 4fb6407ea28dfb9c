/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that replies are made of, read once at startup: error files (whole responses) and payloads.
 * A file longer than tune.bufsize is refused. Memory: the file's bytes in one block of the
 * configuration, at most reply_limit of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "memory/memory.h"
#include "rules/parser.h"
#include "rules/reply_internal.h"

size_t reply_limit(const struct rule_parser *parser)
{
    return parser->reply_bytes_max == 0 ? REPLY_BYTES_MAX_DEFAULT : parser->reply_bytes_max;
}

/* Reads until the end or until `size` bytes are there; -1 on an error. */
static ssize_t read_all(int fd, char *data, size_t size)
{
    size_t length = 0;
    while (length < size) {
        ssize_t count = read(fd, data + length, size - length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return -1;
        }
        if (count == 0) {
            break;
        }
        length += (size_t)count;
    }
    return (ssize_t)length;
}

enum result reply_read_file(struct rule_parser *parser, const char *path, char **block,
                            struct slice *bytes)
{
    size_t limit = reply_limit(parser);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return parser_fail(parser, "error opening file '%s'.", path);
    }
    char *data = memory_take(parser->account, limit + 2);
    if (data == NULL) {
        (void)close(fd);
        return parser_fail_memory(parser);
    }
    ssize_t length = read_all(fd, data, limit + 1);
    (void)close(fd);
    if (length < 0 || (size_t)length > limit) {
        memory_release(parser->account, data);
        return length < 0
                   ? parser_fail(parser, "error reading file '%s'.", path)
                   : parser_fail(parser, "file '%s' exceeds the buffer size (%zu).", path, limit);
    }
    /* Shrinking cannot be refused in earnest; the larger block does as well. */
    char *fitting = memory_resize(parser->account, data, (size_t)length + 1);
    *block = fitting == NULL ? data : fitting;
    (*block)[length] = '\0';
    *bytes = slice_of(*block, (size_t)length);
    return RESULT_OK;
}

enum result reply_load_file(struct rule_parser *parser, uint16_t status, const char *path,
                            struct reply **out)
{
    char *block = NULL;
    struct slice bytes;
    enum result result = reply_read_file(parser, path, &block, &bytes);
    if (result != RESULT_OK) {
        return result;
    }
    result = reply_load_bytes(parser, status, bytes, out);
    memory_release(parser->account, block);
    if (result == RESULT_INVALID) {
        return parser_fail(parser, "'%s': %s", path, parser->error->data);
    }
    return result;
}
