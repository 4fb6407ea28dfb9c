/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing values of a log-format into a text: quoting, escaping and encoding by flags, so that the
 * parts of a format only say what the value is.
 *
 *   "log_put_…"     one value
 *   begin, put…, end   one value made of several pieces
 */
#ifndef WEIR_RULES_LOG_WRITER_H
#define WEIR_RULES_LOG_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/slice.h"
#include "base/text.h"

/* How values are written; those of a user's "%{+Q}" and the format's own, or-ed. */
enum log_flags {
    LOG_QUOTE = 1,       /* Q: between quotes */
    LOG_HEX = 2,         /* X: addresses, ports and some numbers in hexadecimal */
    LOG_ESCAPE = 4,      /* E: '"', '\' and ']' behind a backslash */
    LOG_BINARY = 8,      /* bin: bytes as they are */
    LOG_JSON = 16,       /* json */
    LOG_UTF8 = 32,       /* utf8: valid sequences stay, with json */
    LOG_CBOR = 64,       /* cbor: in hexadecimal, raw with bin */
    LOG_MANDATORY = 128, /* M and all logs: an empty value is "-" */
    LOG_HTTP = 256,      /* for HTTP: control bytes of expressions become %XX */
    LOG_SAFE = 512,      /* for logs: control bytes of expressions become #XX */
};
#define LOG_ENCODINGS (LOG_JSON | LOG_CBOR)

/* Which bytes are written as an escape character and two hexadecimal digits. */
enum log_escapes {
    LOG_ESCAPES_URL,    /* controls, bytes above 126, '"' and '#': as #XX */
    LOG_ESCAPES_HEADER, /* those and '{', '|', '}': as #XX */
};

/* A type that an item's name asks for ("%(n:sint)…"); it matters to encodings only. */
enum log_cast { LOG_CAST_NONE, LOG_CAST_STRING, LOG_CAST_INTEGER, LOG_CAST_BOOL };

struct log_writer {
    struct text *text;
    unsigned flags;
    enum log_cast cast;
    bool is_open; /* between begin and end */
};

/* A text; "-" when it is empty and mandatory. */
void log_put_text(struct log_writer *writer, struct slice value);

/* A text that is neither quoted nor replaced (dates, flags), but by encodings. */
void log_put_plain(struct log_writer *writer, struct slice value);

/* A text from outside, with its unsafe bytes escaped. */
void log_put_escaped(struct log_writer *writer, struct slice value, enum log_escapes escapes);

/* The text of an expression: escaped as the format's use asks for. */
void log_put_expression(struct log_writer *writer, struct slice value);

/* Bytes as they are (bin), a byte string in CBOR. */
void log_put_binary(struct log_writer *writer, struct slice value);

/* Numbers and booleans. */
void log_put_integer(struct log_writer *writer, int64_t value);
void log_put_bool(struct log_writer *writer, bool value);

/* A number in hexadecimal of at least `digits` with LOG_HEX, else in decimal. */
void log_put_number(struct log_writer *writer, uint64_t value, unsigned digits);

/* The value that there is none. */
void log_put_nothing(struct log_writer *writer);

/* A sign that belongs to the log, not to the value: left out by encodings. */
void log_put_sign(struct log_writer *writer, char sign);

/* An address without its port; an empty text for AF_UNSPEC. */
void log_put_address(struct log_writer *writer, const struct address *address);

/* A port; an empty text for AF_UNSPEC, `unix_id` for AF_UNIX. */
void log_put_port(struct log_writer *writer, const struct address *address, uint32_t unix_id);

/* One value of several pieces: quotes around all of it. */
void log_begin(struct log_writer *writer);
void log_put_char(struct log_writer *writer, char c);
void log_end(struct log_writer *writer);

/* A list of values: separated by spaces, or an array of the encoding. */
void log_begin_list(struct log_writer *writer);
void log_next_in_list(struct log_writer *writer);
void log_end_list(struct log_writer *writer);

/* An object of named values, for encodings: {"name": value, …}. */
void log_begin_object(struct log_writer *writer);
void log_put_key(struct log_writer *writer, struct slice name, bool is_first);
void log_end_object(struct log_writer *writer);

#endif
