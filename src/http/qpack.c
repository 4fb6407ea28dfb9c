/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QPACK field sections with the static table (RFC 9204 4.1, 4.5).
 *
 *   1 T index       indexed        T: of the static table; the dynamic one has no entries here
 *   01 N T index    name indexed   value follows
 *   001 N H length  both literal
 *   0001, 0000      of the dynamic table: an error
 */
#include "http/qpack.h"

#include "http/huffman.h"
#include "http/qpack_table.h"

enum {
    INDEXED = 0x80,
    INDEXED_STATIC = 0x40,
    INDEXED_BITS = 6,
    NAME_INDEXED = 0x40,
    NAME_NEVER = 0x20,
    NAME_STATIC = 0x10,
    NAME_BITS = 4,
    LITERAL = 0x20,
    LITERAL_HUFFMAN = 0x08,
    LITERAL_BITS = 3,
    VALUE_HUFFMAN = 0x80,
    VALUE_BITS = 7,
    PREFIX_BITS = 8,
    BASE_BITS = 7,
    INTEGER_MORE = 0x80,
    INTEGER_SHIFT_MAX = 56,
    INTEGER_BYTES_MAX = 10,
    STATUS_DIGITS = 3,
    STATUS_NAME_INDEX = 24, /* any entry named :status */
};

/* ---- reading ---- */

/* An integer with a prefix of `bits` bits (RFC 7541 5.1). */
static bool read_integer(struct qpack_reader *reader, unsigned bits, uint64_t *value)
{
    if (reader->at >= reader->end) {
        return false;
    }
    uint64_t most = (UINT64_C(1) << bits) - 1;
    *value = *reader->at++ & most;
    if (*value < most) {
        return true;
    }
    for (unsigned shift = 0; shift < INTEGER_SHIFT_MAX; shift += VALUE_BITS) {
        if (reader->at >= reader->end) {
            return false;
        }
        uint8_t byte = *reader->at++;
        *value += (uint64_t)(byte & ~(unsigned)INTEGER_MORE) << shift;
        if ((byte & INTEGER_MORE) == 0) {
            return true;
        }
    }
    return false;
}

static enum result read_string(struct qpack_reader *reader, unsigned bits, bool is_huffman,
                               struct slice *out)
{
    uint64_t length;
    if (!read_integer(reader, bits, &length) || length > (uint64_t)(reader->end - reader->at)) {
        return RESULT_INVALID;
    }
    struct slice coded = slice_of((const char *)reader->at, (size_t)length);
    size_t room = (size_t)(reader->out_end - reader->out);
    size_t bytes = coded.length;
    if (is_huffman) {
        bytes = huffman_decode(coded, reader->out, room);
        if (bytes == HUFFMAN_INVALID) {
            return huffman_decoded_max(coded.length) > room ? RESULT_FULL : RESULT_INVALID;
        }
    } else {
        if (bytes > room) {
            return RESULT_FULL;
        }
        if (bytes > 0) {
            memcpy(reader->out, coded.data, bytes);
        }
    }
    *out = slice_of(reader->out, bytes);
    reader->out += bytes;
    reader->at += length;
    return RESULT_OK;
}

static enum result read_value(struct qpack_reader *reader, struct slice *value)
{
    if (reader->at >= reader->end) {
        return RESULT_INVALID;
    }
    return read_string(reader, VALUE_BITS, (*reader->at & VALUE_HUFFMAN) != 0, value);
}

enum result qpack_read_begin(struct qpack_reader *reader, struct slice section, char *out,
                             size_t room)
{
    reader->at = (const uint8_t *)section.data;
    reader->end = reader->at + section.length;
    reader->out = out;
    reader->out_end = out + room;
    uint64_t inserts, base;
    bool is_valid = read_integer(reader, PREFIX_BITS, &inserts) &&
                    read_integer(reader, BASE_BITS, &base) && inserts == 0;
    return is_valid ? RESULT_OK : RESULT_INVALID;
}

enum result qpack_read_field(struct qpack_reader *reader, struct slice *name, struct slice *value)
{
    if (reader->at >= reader->end) {
        return RESULT_END;
    }
    uint8_t first = *reader->at;
    uint64_t index;
    if ((first & INDEXED) != 0) {
        const struct qpack_entry *entry = NULL;
        if ((first & INDEXED_STATIC) != 0 && read_integer(reader, INDEXED_BITS, &index)) {
            entry = qpack_static_entry(index);
        }
        if (entry == NULL) {
            return RESULT_INVALID;
        }
        *name = entry->name;
        *value = entry->value;
        return RESULT_OK;
    }
    if ((first & NAME_INDEXED) != 0) {
        const struct qpack_entry *entry = NULL;
        if ((first & NAME_STATIC) != 0 && read_integer(reader, NAME_BITS, &index)) {
            entry = qpack_static_entry(index);
        }
        if (entry == NULL) {
            return RESULT_INVALID;
        }
        *name = entry->name;
        return read_value(reader, value);
    }
    if ((first & LITERAL) == 0) {
        return RESULT_INVALID;
    }
    enum result result = read_string(reader, LITERAL_BITS, (first & LITERAL_HUFFMAN) != 0, name);
    return result == RESULT_OK ? read_value(reader, value) : result;
}

/* ---- writing ---- */

static bool has_room(struct qpack_writer *writer, size_t bytes)
{
    if (writer->at == NULL || (size_t)(writer->end - writer->at) < bytes) {
        writer->at = NULL;
        return false;
    }
    return true;
}

static void put_integer(struct qpack_writer *writer, unsigned flags, unsigned bits, uint64_t value)
{
    uint64_t most = (UINT64_C(1) << bits) - 1;
    if (value < most) {
        *writer->at++ = (char)(flags | value);
        return;
    }
    *writer->at++ = (char)(flags | most);
    value -= most;
    while (value >= INTEGER_MORE) {
        *writer->at++ = (char)(INTEGER_MORE | (value & ~(uint64_t)INTEGER_MORE));
        value >>= VALUE_BITS;
    }
    *writer->at++ = (char)value;
}

/* Coded where that is shorter. */
static void put_value(struct qpack_writer *writer, struct slice value)
{
    size_t coded = huffman_bytes(value);
    if (coded < value.length) {
        put_integer(writer, VALUE_HUFFMAN, VALUE_BITS, coded);
        writer->at = huffman_encode(value, writer->at);
        return;
    }
    put_integer(writer, 0, VALUE_BITS, value.length);
    if (value.length > 0) {
        memcpy(writer->at, value.data, value.length);
        writer->at += value.length;
    }
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void put_name(struct qpack_writer *writer, unsigned flags, struct slice name)
{
    put_integer(writer, flags, LITERAL_BITS, name.length);
    for (size_t i = 0; i < name.length; i++) {
        *writer->at++ = lower(name.data[i]);
    }
}

void qpack_write_begin(struct qpack_writer *writer, char *out, size_t room)
{
    writer->at = out;
    writer->end = out + room;
    if (has_room(writer, 2)) {
        *writer->at++ = 0;
        *writer->at++ = 0;
    }
}

void qpack_write_status(struct qpack_writer *writer, unsigned status)
{
    static const struct {
        uint16_t status;
        uint8_t index;
    } KNOWN[] = {{200, 25}, {304, 26}, {404, 27}, {503, 28}, {103, 24}, {100, 63}, {204, 64},
                 {206, 65}, {302, 66}, {400, 67}, {403, 68}, {421, 69}, {425, 70}, {500, 71}};
    if (!has_room(writer, QPACK_SECTION_BYTES_MIN)) {
        return;
    }
    for (unsigned i = 0; i < sizeof(KNOWN) / sizeof(KNOWN[0]); i++) {
        if (KNOWN[i].status == status) {
            put_integer(writer, INDEXED | INDEXED_STATIC, INDEXED_BITS, KNOWN[i].index);
            return;
        }
    }
    char digits[STATUS_DIGITS];
    for (unsigned i = STATUS_DIGITS; i-- > 0; status /= 10) {
        digits[i] = (char)('0' + status % 10);
    }
    put_integer(writer, NAME_INDEXED | NAME_STATIC, NAME_BITS, STATUS_NAME_INDEX);
    put_value(writer, slice_of(digits, STATUS_DIGITS));
}

static bool is_secret(struct slice name)
{
    return slice_equal_nocase(name, SLICE("authorization")) ||
           slice_equal_nocase(name, SLICE("set-cookie")) ||
           slice_equal_nocase(name, SLICE("cookie"));
}

size_t qpack_field_bytes_max(struct slice name, struct slice value)
{
    return name.length + value.length + 2 * INTEGER_BYTES_MAX;
}

void qpack_write_field(struct qpack_writer *writer, struct slice name, struct slice value)
{
    if (!has_room(writer, qpack_field_bytes_max(name, value))) {
        return;
    }
    const struct qpack_name *known = qpack_static_name(name);
    if (known == NULL) {
        put_name(writer, LITERAL, name);
        put_value(writer, value);
        return;
    }
    for (unsigned i = 0; i < known->count; i++) {
        if (slice_equal(qpack_static_entry(known->first + i)->value, value)) {
            put_integer(writer, INDEXED | INDEXED_STATIC, INDEXED_BITS, known->first + i);
            return;
        }
    }
    put_integer(writer, NAME_INDEXED | NAME_STATIC | (is_secret(name) ? NAME_NEVER : 0), NAME_BITS,
                known->first);
    put_value(writer, value);
}
