/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluating compiled log-formats: one pass over the items. With an encoding set by "%{+json}o"
 * only named items are written, as one object. In logs and unique ids a separator is written once,
 * and only behind something. HAProxy's predefined formats are here too.
 *
 * Memory: the caller's text, or in scratch one text of at most a normal chunk; a lone expression
 * that needs no escaping is given as it is. A unique id is kept in the stream's arena.
 */
#include "rules/log_format.h"

#include <ctype.h>

#include "base/number.h"
#include "memory/arena.h"
#include "rules/fetch.h"
#include "rules/log_format_internal.h"

const char LOG_FORMAT_HTTP[] =
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq "
    "%hr %hs %{+Q}r";
const char LOG_FORMAT_HTTPS[] =
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq "
    "%hr %hs %{+Q}r %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] "
    "%[ssl_fc_sni]/%sslv/%sslc";
const char LOG_FORMAT_TCP[] =
    "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";
const char LOG_FORMAT_CLF[] =
    "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac "
    "%fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl";
const char LOG_FORMAT_TCP_CLF[] =
    "%{+Q}o %{-Q}ci - - [%T] \"TCP \" 000 %B \"\" \"\" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- "
    "%ac %fc %bc %sc %rc %sq %bq \"\" \"\" ";
const char LOG_FORMAT_DEFAULT[] = "Connect from %ci:%cp to %fi:%fp (%f/%fmode)";
const char LOG_FORMAT_ERROR[] = "%ci:%cp [%t] %f/%lname: %emsg";

/* ---- evaluation ---- */

/* The type that an encoding keeps of a sample, or the text that all else becomes. */
static enum sample_type wanted_type(const struct log_writer *writer, const struct sample *sample)
{
    if (sample->type == SAMPLE_BINARY && writer->cast != LOG_CAST_STRING &&
        (writer->flags & (LOG_BINARY | LOG_CBOR)) != 0) {
        return SAMPLE_BINARY;
    }
    if ((writer->flags & LOG_ENCODINGS) == 0 || writer->cast == LOG_CAST_STRING) {
        return SAMPLE_STRING;
    }
    if (writer->cast == LOG_CAST_INTEGER || writer->cast == LOG_CAST_BOOL) {
        return writer->cast == LOG_CAST_BOOL ? SAMPLE_BOOL : SAMPLE_INTEGER;
    }
    bool keeps = sample->type == SAMPLE_INTEGER || sample->type == SAMPLE_BOOL;
    return keeps ? sample->type : SAMPLE_STRING;
}

static void append_expression(const struct log_item *item, struct rule_context *context,
                              struct log_writer *writer)
{
    struct sample sample;
    enum result result = sample_evaluate(item->expression, context, NULL, &sample);
    if (result == RESULT_OK) {
        result = sample_cast(context, &sample, wanted_type(writer, &sample));
    }
    if (result != RESULT_OK) {
        log_put_expression(writer, SLICE_NONE);
    } else if (sample.type == SAMPLE_INTEGER) {
        log_put_integer(writer, sample.integer);
    } else if (sample.type == SAMPLE_BOOL) {
        log_put_bool(writer, sample.boolean);
    } else if (sample.type == SAMPLE_BINARY) {
        log_put_binary(writer, sample.text);
    } else {
        log_put_expression(writer, sample.text);
    }
}

/* Writes an alias or an expression; returns whether anything was written. */
static bool append_value(const struct log_item *item, struct rule_context *context,
                         struct log_writer *writer)
{
    size_t before = writer->text->length;
    if (item->kind == ITEM_ALIAS) {
        item->alias->append(item->alias, context, writer);
    } else {
        append_expression(item, context, writer);
    }
    return writer->text->length > before;
}

/* The object of an encoding: named items only. */
static void append_object(const struct log_format *format, struct rule_context *context,
                          struct text *text)
{
    struct log_writer writer = {.text = text, .flags = format->global};
    bool is_first = true;
    log_begin_object(&writer);
    LIST_EACH(link, (struct list *)&format->items) {
        const struct log_item *item = container_of(link, const struct log_item, link);
        if (item->name == NULL) {
            continue;
        }
        writer.flags = format->global;
        log_put_key(&writer, slice_from_string(item->name), is_first);
        is_first = false;
        writer.flags = (item->flags & ~(unsigned)LOG_ENCODINGS) | format->global;
        writer.cast = item->cast;
        if (!append_value(item, context, &writer)) {
            log_put_nothing(&writer);
        }
    }
    writer.flags = format->global;
    log_end_object(&writer);
}

static void append_items(const struct log_format *format, struct rule_context *context,
                         struct text *text)
{
    bool is_behind_space = true;
    LIST_EACH(link, (struct list *)&format->items) {
        const struct log_item *item = container_of(link, const struct log_item, link);
        if (item->kind == ITEM_SEPARATOR) {
            if (!is_behind_space) {
                text_append_char(text, ' ');
            }
            is_behind_space = true;
        } else if (item->kind == ITEM_TEXT) {
            text_append(text, item->text);
            is_behind_space = false;
        } else {
            struct log_writer writer = {.text = text, .flags = item->flags, .cast = item->cast};
            bool has_written = append_value(item, context, &writer);
            is_behind_space = is_behind_space && !has_written && item->kind == ITEM_ALIAS;
        }
    }
}

static void append_whole(const struct log_format *format, struct rule_context *context,
                         struct text *text)
{
    if ((format->global & LOG_ENCODINGS) != 0) {
        append_object(format, context, text);
    } else {
        append_items(format, context, text);
    }
}

struct slice log_format_unique_id(struct rule_context *context)
{
    if (context->unique_id.data != NULL || context->unique_id_format == NULL ||
        context->stream_arena == NULL) {
        return context->unique_id;
    }
    char storage[UNIQUE_ID_SIZE];
    struct text text = text_over(storage, sizeof(storage));
    /* Empty meanwhile: a format that names the unique id must not ask for itself for ever. */
    context->unique_id = SLICE("");
    append_whole(context->unique_id_format, context, &text);
    context->unique_id = arena_copy(context->stream_arena, text_slice(&text));
    return context->unique_id;
}

void log_format_append(const struct log_format *format, struct rule_context *context,
                       struct text *text)
{
    if (format->has_unique_id) {
        (void)log_format_unique_id(context);
    }
    append_whole(format, context, text);
}

/* ---- evaluation into scratch ---- */

/* Bytes of a normal chunk that an arena keeps for itself. */
enum { ARENA_OVERHEAD_BYTES = 64 };

/* The only item, when it is an expression whose text may be given as it is. */
static const struct log_item *lone_expression(const struct log_format *format)
{
    const struct list *first = list_first(&format->items);
    if (format->items_count != 1 || (format->global & LOG_ENCODINGS) != 0) {
        return NULL;
    }
    const struct log_item *item = container_of(first, const struct log_item, link);
    unsigned plain = item->flags & ~(unsigned)LOG_HTTP;
    return item->kind == ITEM_EXPRESSION && plain == 0 ? item : NULL;
}

static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (iscntrl((unsigned char)text.data[i]) && text.data[i] != '\t') {
            return true;
        }
    }
    return false;
}

/* Gives the expression's own text. RESULT_BLOCKED: it needs escaping. */
static enum result give_expression(const struct log_item *item, struct rule_context *context,
                                   struct slice *out)
{
    struct sample sample;
    enum result result = sample_evaluate_as(item->expression, context, SAMPLE_STRING, &sample);
    if (result != RESULT_OK) {
        *out = SLICE("");
        return result == RESULT_NO_MEMORY ? result : RESULT_OK;
    }
    *out = sample.text;
    bool is_http = (item->flags & LOG_HTTP) != 0;
    return is_http && has_control(sample.text) ? RESULT_BLOCKED : RESULT_OK;
}

/* Escapes a text that has control bytes, in scratch. */
static enum result escape_expression(const struct log_item *item, struct rule_context *context,
                                     struct slice *value)
{
    enum { ESCAPED_BYTES = 3 };
    size_t size = 0;
    if (!size_multiply(value->length, ESCAPED_BYTES, &size)) {
        return RESULT_FULL;
    }
    char *room = arena_take_text(context->scratch, size + 1);
    if (room == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(room, size + 1);
    struct log_writer writer = {.text = &text, .flags = item->flags};
    log_put_expression(&writer, *value);
    *value = text_slice(&text);
    return RESULT_OK;
}

static enum result evaluate_lone(const struct log_item *item, struct rule_context *context,
                                 struct slice *out)
{
    enum result result = give_expression(item, context, out);
    return result == RESULT_BLOCKED ? escape_expression(item, context, out) : result;
}

/* Room for a text: a normal chunk, or what the arena's cap allows. */
static size_t text_size(const struct arena *arena)
{
    size_t size = arena->source->bytes[CHUNK_NORMAL];
    if (arena->bytes_max - arena->block_bytes < size) {
        size = arena->source->bytes[CHUNK_SMALL];
    }
    return size > ARENA_OVERHEAD_BYTES ? size - ARENA_OVERHEAD_BYTES : 1;
}

enum result log_format_evaluate(const struct log_format *format, struct rule_context *context,
                                struct slice *out)
{
    if (log_format_is_constant(format, out)) {
        return RESULT_OK;
    }
    const struct log_item *lone = lone_expression(format);
    if (lone != NULL) {
        return evaluate_lone(lone, context, out);
    }
    size_t size = text_size(context->scratch);
    char *room = arena_take_text(context->scratch, size);
    if (room == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(room, size);
    log_format_append(format, context, &text);
    *out = text_slice(&text);
    if (arena_has_overflowed(context->scratch)) {
        return RESULT_NO_MEMORY;
    }
    return text.truncated ? RESULT_FULL : RESULT_OK;
}

/* ---- inspection ---- */

bool log_format_is_constant(const struct log_format *format, struct slice *out)
{
    *out = SLICE("");
    if (format->items_count == 0) {
        return (format->global & LOG_ENCODINGS) == 0;
    }
    const struct log_item *item =
        container_of(list_first(&format->items), const struct log_item, link);
    if (format->items_count != 1 || item->kind != ITEM_TEXT) {
        return false;
    }
    *out = item->text;
    return (format->global & LOG_ENCODINGS) == 0;
}
