/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing values of a log-format. The hard idea is the order: an encoding (JSON, CBOR) decides
 * alone how a value looks; without one, a text from outside is escaped byte by byte, then quoted.
 * Pieces of one value (begin … end) are written without quotes of their own.
 *
 *   CBOR (RFC 8949): a value of pieces is an indefinite text (0x7f … 0xff), all else is definite;
 *   bytes go out as two hexadecimal digits unless `bin` is set.
 *
 * Memory: the caller's text only; what does not fit is cut there.
 */
#include "rules/log_writer.h"

#include "base/number.h"

enum {
    NIBBLE_BITS = 4,
    NIBBLE_MASK = 15,
    FIRST_PRINTABLE = 32,
    DELETE_BYTE = 127,
    FIRST_NON_ASCII = 128,
    UTF8_SEQUENCE_MAX = 4,
    UTF8_CONTINUATION_MASK = 0xc0,
    UTF8_CONTINUATION = 0x80,
    UTF8_FIRST_TWO = 0xc2,
    UTF8_FIRST_THREE = 0xe0,
    UTF8_FIRST_FOUR = 0xf0,
    UTF8_LAST_FOUR = 0xf4,
    UTF8_SECOND_LONG_THREE = 0xa0, /* below: an overlong sequence of E0 */
    UTF8_SECOND_SURROGATE = 0xa0,  /* from here behind ED: a surrogate */
    UTF8_FIRST_SURROGATE = 0xed,
    UTF8_SECOND_LONG_FOUR = 0x90, /* below behind F0: overlong; from here behind F4: too large */
    UTF8_C1_LAST = 0x9f,          /* C2 80 to C2 9F are the C1 controls */
};

/* CBOR major types and simple values (RFC 8949 3). */
enum {
    CBOR_UNSIGNED = 0x00,
    CBOR_NEGATIVE = 0x20,
    CBOR_BYTES = 0x40,
    CBOR_TEXT = 0x60,
    CBOR_FALSE = 0xf4,
    CBOR_TRUE = 0xf5,
    CBOR_NULL = 0xf6,
    CBOR_OPEN_TEXT = 0x7f,
    CBOR_OPEN_ARRAY = 0x9f,
    CBOR_OPEN_MAP = 0xbf,
    CBOR_BREAK = 0xff,
    CBOR_ONE_BYTE = 24, /* additional information: the length follows in 1, 2, 4, 8 bytes */
    CBOR_SIZES = 4,
    BITS_PER_BYTE = 8,
};

static const char hex_digits[] = "0123456789ABCDEF";

static void put_hex_byte(struct text *text, unsigned char byte)
{
    text_append_char(text, hex_digits[byte >> NIBBLE_BITS]);
    text_append_char(text, hex_digits[byte & NIBBLE_MASK]);
}

static bool is_control(unsigned char byte)
{
    return byte < FIRST_PRINTABLE || byte == DELETE_BYTE;
}

/* ---- CBOR ---- */

static void put_cbor_byte(struct log_writer *writer, unsigned char byte)
{
    if ((writer->flags & LOG_BINARY) != 0) {
        text_append_char(writer->text, (char)byte);
    } else {
        put_hex_byte(writer->text, byte);
    }
}

/* A major type with its number. */
static void put_cbor_head(struct log_writer *writer, unsigned major, uint64_t value)
{
    if (value < CBOR_ONE_BYTE) {
        put_cbor_byte(writer, (unsigned char)(major | value));
        return;
    }
    unsigned size = 0;
    while (size < CBOR_SIZES - 1 && value >> (BITS_PER_BYTE << size) != 0) {
        size++;
    }
    put_cbor_byte(writer, (unsigned char)(major | (CBOR_ONE_BYTE + size)));
    for (unsigned bytes = 1U << size; bytes > 0; bytes--) {
        put_cbor_byte(writer, (unsigned char)(value >> ((bytes - 1) * BITS_PER_BYTE)));
    }
}

static void put_cbor_string(struct log_writer *writer, unsigned major, struct slice value)
{
    put_cbor_head(writer, major, value.length);
    for (size_t i = 0; i < value.length; i++) {
        put_cbor_byte(writer, (unsigned char)value.data[i]);
    }
}

/* ---- JSON ---- */

/* Whether the second byte of a UTF-8 sequence may follow its first (RFC 3629 4). */
static bool is_second_byte(unsigned char first, unsigned char second)
{
    if ((second & UTF8_CONTINUATION_MASK) != UTF8_CONTINUATION) {
        return false;
    }
    switch (first) {
    case UTF8_FIRST_THREE:
        return second >= UTF8_SECOND_LONG_THREE;
    case UTF8_FIRST_SURROGATE:
        return second < UTF8_SECOND_SURROGATE;
    case UTF8_FIRST_FOUR:
        return second >= UTF8_SECOND_LONG_FOUR;
    case UTF8_LAST_FOUR:
        return second < UTF8_SECOND_LONG_FOUR;
    default:
        return true;
    }
}

/* Length of the valid UTF-8 sequence of several bytes at the start of `s`, 0 when there is none. */
static size_t utf8_length(struct slice s)
{
    unsigned char first = (unsigned char)s.data[0];
    size_t length = 2;
    if (first < UTF8_FIRST_TWO || first > UTF8_LAST_FOUR) {
        return 0;
    }
    if (first >= UTF8_FIRST_THREE) {
        length = first >= UTF8_FIRST_FOUR ? UTF8_SEQUENCE_MAX : UTF8_SEQUENCE_MAX - 1;
    }
    if (s.length < length || !is_second_byte(first, (unsigned char)s.data[1])) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (((unsigned char)s.data[i] & UTF8_CONTINUATION_MASK) != UTF8_CONTINUATION) {
            return 0;
        }
    }
    return length;
}

/* One byte as "\u00XX". */
static void put_json_byte(struct text *text, unsigned char byte)
{
    text_append_string(text, "\\u00");
    put_hex_byte(text, byte);
}

/* A multi-byte sequence: as it is, or, of a C1 control, its code point. Returns its length. */
static size_t put_json_sequence(struct text *text, struct slice s)
{
    size_t length = utf8_length(s);
    if (length == 0) {
        put_json_byte(text, (unsigned char)s.data[0]);
        return 1;
    }
    bool is_c1 =
        (unsigned char)s.data[0] == UTF8_FIRST_TWO && (unsigned char)s.data[1] <= UTF8_C1_LAST;
    if (is_c1) {
        put_json_byte(text, (unsigned char)s.data[1]);
    } else {
        text_append(text, slice_first(s, length));
    }
    return length;
}

static void put_json_text(struct log_writer *writer, struct slice value)
{
    static const char escaped[] = "\"\\";
    size_t i = 0;
    while (i < value.length) {
        struct slice rest = slice_skip(value, i);
        unsigned char byte = (unsigned char)rest.data[0];
        if (byte >= FIRST_NON_ASCII && (writer->flags & LOG_UTF8) != 0) {
            i += put_json_sequence(writer->text, rest);
            continue;
        }
        if (is_control(byte) || byte >= FIRST_NON_ASCII) {
            put_json_byte(writer->text, byte);
        } else {
            if (byte == (unsigned char)escaped[0] || byte == (unsigned char)escaped[1]) {
                text_append_char(writer->text, '\\');
            }
            text_append_char(writer->text, (char)byte);
        }
        i++;
    }
}

static void put_json_value(struct log_writer *writer, struct slice value)
{
    if (writer->is_open) {
        put_json_text(writer, value);
        return;
    }
    text_append_char(writer->text, '"');
    put_json_text(writer, value);
    text_append_char(writer->text, '"');
}

/* Writes by the encoding; false when there is none. */
static bool put_encoded(struct log_writer *writer, struct slice value)
{
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_string(writer, CBOR_TEXT, value);
        return true;
    }
    if ((writer->flags & LOG_JSON) != 0) {
        put_json_value(writer, value);
        return true;
    }
    return false;
}

/* ---- texts ---- */

/* Appends with the backslashes that LOG_ESCAPE asks for. */
static void put_backslashed(struct log_writer *writer, struct slice value)
{
    if ((writer->flags & LOG_ESCAPE) == 0) {
        text_append(writer->text, value);
        return;
    }
    for (size_t i = 0; i < value.length; i++) {
        char c = value.data[i];
        if (c == '"' || c == '\\' || c == ']') {
            text_append_char(writer->text, '\\');
        }
        text_append_char(writer->text, c);
    }
}

static bool needs_quotes(const struct log_writer *writer)
{
    return (writer->flags & LOG_QUOTE) != 0 && !writer->is_open;
}

void log_put_text(struct log_writer *writer, struct slice value)
{
    if ((writer->flags & LOG_CBOR) != 0 && value.length == 0) {
        put_cbor_byte(writer, CBOR_NULL);
        return;
    }
    if (put_encoded(writer, value)) {
        return;
    }
    if (needs_quotes(writer)) {
        text_append_char(writer->text, '"');
        put_backslashed(writer, value);
        text_append_char(writer->text, '"');
    } else if (value.length == 0 && (writer->flags & LOG_MANDATORY) != 0 && !writer->is_open) {
        text_append_char(writer->text, '-');
    } else {
        put_backslashed(writer, value);
    }
}

void log_put_plain(struct log_writer *writer, struct slice value)
{
    if (!put_encoded(writer, value)) {
        put_backslashed(writer, value);
    }
}

static bool is_escaped(unsigned char byte, enum log_escapes escapes)
{
    if (is_control(byte) || byte >= FIRST_NON_ASCII || byte == '"' || byte == '#') {
        return true;
    }
    return escapes == LOG_ESCAPES_HEADER && (byte == '{' || byte == '|' || byte == '}');
}

void log_put_escaped(struct log_writer *writer, struct slice value, enum log_escapes escapes)
{
    if (put_encoded(writer, value)) {
        return;
    }
    for (size_t i = 0; i < value.length; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if (is_escaped(byte, escapes)) {
            text_append_char(writer->text, '#');
            put_hex_byte(writer->text, byte);
        } else {
            put_backslashed(writer, slice_of(value.data + i, 1));
        }
    }
}

/* Appends with control bytes as `sign` and two digits; a tab may stand in HTTP. */
static void put_safe(struct log_writer *writer, struct slice value, char sign, bool allows_tab)
{
    for (size_t i = 0; i < value.length; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if (is_control(byte) && !(allows_tab && byte == '\t')) {
            text_append_char(writer->text, sign);
            put_hex_byte(writer->text, byte);
        } else {
            put_backslashed(writer, slice_of(value.data + i, 1));
        }
    }
}

void log_put_expression(struct log_writer *writer, struct slice value)
{
    if ((writer->flags & LOG_HTTP) != 0) {
        /* As HAProxy: in HTTP an expression is never quoted, whatever the flags say. */
        put_safe(writer, value, '%', true);
        return;
    }
    bool is_plain = (writer->flags & (LOG_ENCODINGS | LOG_SAFE)) != LOG_SAFE || value.length == 0;
    if (is_plain || (writer->flags & LOG_BINARY) != 0) {
        log_put_text(writer, value);
        return;
    }
    if (needs_quotes(writer)) {
        text_append_char(writer->text, '"');
    }
    put_safe(writer, value, '#', false);
    if (needs_quotes(writer)) {
        text_append_char(writer->text, '"');
    }
}

void log_put_binary(struct log_writer *writer, struct slice value)
{
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_string(writer, CBOR_BYTES, value);
    } else if (!put_encoded(writer, value)) {
        text_append(writer->text, value);
    }
}

/* ---- numbers ---- */

void log_put_bool(struct log_writer *writer, bool value)
{
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_byte(writer, value ? CBOR_TRUE : CBOR_FALSE);
    } else if ((writer->flags & LOG_JSON) != 0) {
        text_append_string(writer->text, value ? "true" : "false");
    } else {
        text_append_char(writer->text, value ? '1' : '0');
    }
}

void log_put_integer(struct log_writer *writer, int64_t value)
{
    bool is_encoded = (writer->flags & LOG_ENCODINGS) != 0;
    if (is_encoded && writer->cast == LOG_CAST_BOOL) {
        log_put_bool(writer, value != 0);
    } else if ((writer->flags & LOG_CBOR) != 0) {
        /* A negative number is stored as -1 - n, which is its complement. */
        put_cbor_head(writer, value < 0 ? CBOR_NEGATIVE : CBOR_UNSIGNED,
                      value < 0 ? ~(uint64_t)value : (uint64_t)value);
    } else if (is_encoded && writer->cast == LOG_CAST_STRING) {
        text_append_char(writer->text, '"');
        text_append_signed(writer->text, value);
        text_append_char(writer->text, '"');
    } else {
        text_append_signed(writer->text, value);
    }
}

void log_put_number(struct log_writer *writer, uint64_t value, unsigned digits)
{
    if ((writer->flags & LOG_HEX) == 0) {
        log_put_integer(writer, (int64_t)value);
        return;
    }
    char storage[NUMBER_TEXT_SIZE];
    struct text text = text_over(storage, sizeof(storage));
    text_append_format(&text, "%0*llX", (int)digits, (unsigned long long)value);
    log_put_plain(writer, text_slice(&text));
}

void log_put_nothing(struct log_writer *writer)
{
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_byte(writer, CBOR_NULL);
    } else if ((writer->flags & LOG_JSON) != 0) {
        text_append_string(writer->text, "null");
    }
}

void log_put_sign(struct log_writer *writer, char sign)
{
    if ((writer->flags & LOG_ENCODINGS) == 0) {
        text_append_char(writer->text, sign);
    }
}

/* ---- addresses ---- */

/* Room for an IPv6 address in any form. */
enum { ADDRESS_TEXT_SIZE = 64 };

void log_put_address(struct log_writer *writer, const struct address *address)
{
    char storage[ADDRESS_TEXT_SIZE];
    struct text text = text_over(storage, sizeof(storage));
    bool is_ip = address->family == AF_INET || address->family == AF_INET6;
    if (address->family == AF_UNSPEC) {
        log_put_text(writer, SLICE_NONE);
        return;
    }
    if ((writer->flags & LOG_HEX) == 0 || !is_ip) {
        address_append(&text, address);
        log_put_text(writer, text_slice(&text));
        return;
    }
    const void *bytes = address->family == AF_INET ? (const void *)&address->v4 : &address->v6;
    size_t length = address->family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
    for (size_t i = 0; i < length; i++) {
        put_hex_byte(&text, ((const unsigned char *)bytes)[i]);
    }
    log_put_plain(writer, text_slice(&text));
}

void log_put_port(struct log_writer *writer, const struct address *address, uint32_t unix_id)
{
    enum { PORT_DIGITS = 4 };
    if (address->family == AF_UNSPEC) {
        log_put_text(writer, SLICE_NONE);
    } else if (address->family == AF_UNIX) {
        log_put_integer(writer, unix_id);
    } else {
        log_put_number(writer, address->port, PORT_DIGITS);
    }
}

/* ---- pieces, lists, objects ---- */

void log_begin(struct log_writer *writer)
{
    writer->is_open = true;
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_byte(writer, CBOR_OPEN_TEXT);
    } else if ((writer->flags & (LOG_QUOTE | LOG_JSON)) != 0) {
        text_append_char(writer->text, '"');
    }
}

void log_put_char(struct log_writer *writer, char c)
{
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_string(writer, CBOR_TEXT, slice_of(&c, 1));
    } else {
        text_append_char(writer->text, c);
    }
}

void log_end(struct log_writer *writer)
{
    writer->is_open = false;
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_byte(writer, CBOR_BREAK);
    } else if ((writer->flags & (LOG_QUOTE | LOG_JSON)) != 0) {
        text_append_char(writer->text, '"');
    }
}

void log_begin_list(struct log_writer *writer)
{
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_byte(writer, CBOR_OPEN_ARRAY);
    } else if ((writer->flags & LOG_JSON) != 0) {
        text_append_char(writer->text, '[');
    }
}

void log_next_in_list(struct log_writer *writer)
{
    if ((writer->flags & LOG_CBOR) == 0) {
        text_append_string(writer->text, (writer->flags & LOG_JSON) != 0 ? ", " : " ");
    }
}

void log_end_list(struct log_writer *writer)
{
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_byte(writer, CBOR_BREAK);
    } else if ((writer->flags & LOG_JSON) != 0) {
        text_append_char(writer->text, ']');
    }
}

void log_begin_object(struct log_writer *writer)
{
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_byte(writer, CBOR_OPEN_MAP);
    } else {
        text_append_char(writer->text, '{');
    }
}

void log_put_key(struct log_writer *writer, struct slice name, bool is_first)
{
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_string(writer, CBOR_TEXT, name);
        return;
    }
    text_append_string(writer->text, is_first ? "\"" : ", \"");
    put_json_text(writer, name);
    text_append_string(writer->text, "\": ");
}

void log_end_object(struct log_writer *writer)
{
    if ((writer->flags & LOG_CBOR) != 0) {
        put_cbor_byte(writer, CBOR_BREAK);
    } else {
        text_append_char(writer->text, '}');
    }
}
