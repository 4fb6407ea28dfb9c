/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of all header fields at once: their names, the section as text, and as the length-counted
 * pairs that agents read. Names are in lower case, as HAProxy keeps them. Memory: the text in the
 * scratch arena; its length is counted before it is written.
 */
#include "rules/fetch.h"

enum { OF_REQUEST, OF_RESPONSE };

/* Variable integers of the binary form: one byte below 240, then seven bits a byte. */
enum {
    VARINT_FIRST_LIMIT = 240,
    VARINT_FIRST_SHIFT = 4,
    VARINT_SHIFT = 7,
    VARINT_MORE = 128,
    VARINT_BYTES_MAX = 10,
    PAIR_BYTES = sizeof(": \r\n"),
};

/*
 * The fields of the message that is asked for, and `text` with room for every name and value with
 * `extra` bytes each and `extra` in the end.
 */
static enum result begin(const struct sample_call *call, const struct rule_context *context,
                         size_t extra, const struct http_fields **fields, struct text *text)
{
    const struct http_message *message =
        call->variant == OF_RESPONSE ? context->response : context->request;
    if (message == NULL) {
        return sample_missing(context);
    }
    *fields = &message->fields;
    size_t bytes = extra;
    for (uint16_t i = 0; i < message->fields.count; i++) {
        const struct http_field *field = &message->fields.entries[i];
        bytes += field->name.length + field->value.length + extra;
    }
    char *place = arena_take_text(context->scratch, bytes);
    if (place == NULL) {
        return RESULT_NO_MEMORY;
    }
    *text = text_over(place, bytes);
    return RESULT_OK;
}

static void append_lower(struct text *text, struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        text_append_char(text, ascii_lower(name.data[i]));
    }
}

static enum result fetch_names(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    const struct http_fields *fields;
    struct text text;
    struct slice delimiter = sample_argument_text(call->arguments, 0);
    enum result result = begin(call, context, PAIR_BYTES, &fields, &text);
    if (result != RESULT_OK) {
        return result;
    }
    for (uint16_t i = 0; i < fields->count; i++) {
        if (i > 0) {
            text_append_char(&text, delimiter.length > 0 ? delimiter.data[0] : ',');
        }
        append_lower(&text, fields->entries[i].name);
    }
    return sample_give_text(out, text_slice(&text));
}

static enum result fetch_section(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    const struct http_fields *fields;
    struct text text;
    enum result result = begin(call, context, PAIR_BYTES, &fields, &text);
    if (result != RESULT_OK) {
        return result;
    }
    for (uint16_t i = 0; i < fields->count; i++) {
        append_lower(&text, fields->entries[i].name);
        text_append_string(&text, ": ");
        text_append(&text, fields->entries[i].value);
        text_append_string(&text, "\r\n");
    }
    text_append_string(&text, "\r\n");
    return sample_give_text(out, text_slice(&text));
}

static void append_varint(struct text *text, uint64_t value)
{
    if (value < VARINT_FIRST_LIMIT) {
        text_append_char(text, (char)value);
        return;
    }
    text_append_char(text, (char)(value | VARINT_FIRST_LIMIT));
    value = (value - VARINT_FIRST_LIMIT) >> VARINT_FIRST_SHIFT;
    while (value >= VARINT_MORE) {
        text_append_char(text, (char)(value | VARINT_MORE));
        value = (value - VARINT_MORE) >> VARINT_SHIFT;
    }
    text_append_char(text, (char)value);
}

static enum result fetch_binary(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    const struct http_fields *fields;
    struct text text;
    enum result result = begin(call, context, 2 * VARINT_BYTES_MAX, &fields, &text);
    if (result != RESULT_OK) {
        return result;
    }
    for (uint16_t i = 0; i < fields->count; i++) {
        append_varint(&text, fields->entries[i].name.length);
        append_lower(&text, fields->entries[i].name);
        append_varint(&text, fields->entries[i].value.length);
        text_append(&text, fields->entries[i].value);
    }
    append_varint(&text, 0);
    append_varint(&text, 0);
    return sample_give_binary(out, text_slice(&text));
}

const struct sample_fetch fetches_fields[] = {
    FETCH_ROW_WITH("req.hdr_names", SAMPLE_STRING, FETCH_OF_STREAM, fetch_names, NULL, OF_REQUEST,
                   0, 0, ARGUMENT_STRING),
    FETCH_ROW_WITH("res.hdr_names", SAMPLE_STRING, FETCH_OF_RESPONSE, fetch_names, NULL,
                   OF_RESPONSE, 0, 0, ARGUMENT_STRING),
    FETCH_ROW("req.hdrs", SAMPLE_STRING, FETCH_OF_STREAM, fetch_section, OF_REQUEST, 0),
    FETCH_ROW("res.hdrs", SAMPLE_STRING, FETCH_OF_RESPONSE, fetch_section, OF_RESPONSE, 0),
    FETCH_ROW("req.hdrs_bin", SAMPLE_BINARY, FETCH_OF_STREAM, fetch_binary, OF_REQUEST, 0),
    FETCH_ROW("res.hdrs_bin", SAMPLE_BINARY, FETCH_OF_RESPONSE, fetch_binary, OF_RESPONSE, 0),
    FETCH_ROWS_END,
};
