/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring sections: a named ring of log lines in memory with its description, format, size and longest
 * line. Forwarding a ring to a syslog server over TCP and keeping it in a file are refused by name.
 * The settings live in the configuration's account; the ring's bytes are taken, and charged, when
 * the first log line that names it is opened.
 */
#include <limits.h>
#include <string.h>

#include "config/keyword.h"

static const char BUF0[] = "buf0";
static const char NAME_BYTES[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:";

bool config_has_ring(const struct configuration *configuration, const char *name)
{
    LIST_EACH(link, &configuration->rings) {
        const struct ring_settings *ring = container_of(link, struct ring_settings, link);
        if (strcmp(ring->options.name, name) == 0) {
            return true;
        }
    }
    return strcmp(name, BUF0) == 0;
}

enum result config_begin_ring(struct config_reader *reader)
{
    const struct config_words *words = reader->words;
    const char *name = words->count > 1 ? words->words[1] : "";
    char bad = name[strspn(name, NAME_BYTES)];
    if (name[0] == '\0') {
        return config_fail(reader, "missing ring name.");
    }
    if (bad != '\0') {
        return config_fail(reader, "invalid ring name '%s' (character '%c' is not permitted).",
                           name, bad);
    }
    if (words->count > 2) {
        return config_fail(reader, "'ring' cannot handle unexpected argument '%s'.",
                           words->words[2]);
    }
    if (config_has_ring(reader->configuration, name)) {
        return config_fail(reader, "sink named '%s' already exists.", name);
    }
    struct ring_settings *ring = config_take(reader, sizeof(*ring));
    name = config_copy(reader, name);
    if (ring == NULL || name == NULL) {
        return RESULT_NO_MEMORY;
    }
    ring->options = (struct log_ring_options){.name = name, .format = SYSLOG_FORMAT_RAW};
    list_append(&reader->configuration->rings, &ring->link);
    reader->ring = ring;
    reader->section_label = name;
    return RESULT_OK;
}

void config_end_ring(struct config_reader *reader)
{
    struct log_ring_options *options = &reader->ring->options;
    size_t bufsize = reader->configuration->global.bufsize;
    options->bytes_max = options->bytes_max != 0 ? options->bytes_max : bufsize;
    if (options->line_bytes_max > options->bytes_max) {
        config_report(reader, REPORT_WARNING,
                      "ring '%s' event max length '%u' exceeds size, forced to size '%zu'.",
                      options->name, options->line_bytes_max, options->bytes_max);
        options->line_bytes_max = (uint32_t)options->bytes_max;
    }
}

/* ---- keywords ---- */

static enum result read_description(struct config_reader *reader, const char *const *arguments,
                                    unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    reader->ring->options.description = config_join(reader, arguments, count);
    return reader->ring->options.description != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_format(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    (void)keyword;
    struct slice name = slice_from_string(arguments[0]);
    return syslog_find_format(name, &reader->ring->options.format) == RESULT_OK
               ? RESULT_OK
               : config_fail(reader, "unknown format '%s'.", arguments[0]);
}

/* A size that is not 0 and fits 32 bits, as positions of lines do. */
static enum result read_bytes(struct config_reader *reader, const char *word, size_t *bytes)
{
    enum result result = config_read_size(reader, "ring", word, bytes);
    bool is_usable = result == RESULT_OK && *bytes > 0 && *bytes <= UINT32_MAX;
    if (is_usable) {
        return RESULT_OK;
    }
    text_clear(&reader->error);
    return config_fail(reader, "invalid size '%s' for new sink buffer.", word);
}

static enum result read_size(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    (void)keyword;
    struct log_ring_options *options = &reader->ring->options;
    size_t bufsize = reader->configuration->global.bufsize;
    size_t least = options->bytes_max != 0 ? options->bytes_max : bufsize;
    size_t bytes = 0;
    enum result result = read_bytes(reader, arguments[0], &bytes);
    if (result == RESULT_OK && bytes < least) {
        config_warn(reader,
                    "ignoring new size '%zu' that is smaller than current size '%zu' for ring "
                    "'%s'.",
                    bytes, least, options->name);
    } else if (result == RESULT_OK) {
        options->bytes_max = bytes;
    }
    return result;
}

static enum result read_maxlen(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    (void)keyword;
    size_t bytes = 0;
    enum result result = read_bytes(reader, arguments[0], &bytes);
    if (result == RESULT_OK) {
        reader->ring->options.line_bytes_max = (uint32_t)bytes;
    }
    return result;
}

/* The timeouts of servers, of which there can be none yet: only their form is checked. */
static enum result read_timeout(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    uint32_t timeout_ms = 0;
    return config_read_time(reader, keyword->name, arguments[0], 1, &timeout_ms);
}

static enum result refuse(struct config_reader *reader, const char *const *arguments,
                          unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    return config_fail(reader, "'%s' in a ring section is not supported by weir yet.",
                       keyword->name);
}

const struct config_keyword KEYWORDS_RING[] = {
    {"description", SECTION_RING, 1, UINT_MAX, "expects a text", read_description, 0, 0, 0},
    {"format", SECTION_RING, 1, 1, "expects a log format", read_format, 0, 0, 0},
    {"maxlen", SECTION_RING, 1, 1, "expects a size", read_maxlen, 0, 0, 0},
    {"size", SECTION_RING, 1, 1, "expects a size", read_size, 0, 0, 0},
    {"timeout connect", SECTION_RING, 1, 1, "expects <time> as argument.", read_timeout, 0, 0, 0},
    {"timeout server", SECTION_RING, 1, 1, "expects <time> as argument.", read_timeout, 0, 0, 0},
    {"server", SECTION_RING, 0, UINT_MAX, "", refuse, 0, 0, 0},
    {"backing-file", SECTION_RING, 0, UINT_MAX, "", refuse, 0, 0, 0},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
