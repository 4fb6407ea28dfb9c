/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written forms of a statistics value: CSV quoting, typed lines, JSON. The words behind the tag
 * letters are HAProxy's, so that its tools read them. No memory: everything goes to the caller's
 * text.
 */
#include "admin/value.h"

struct tag_name {
    char letter;
    const char *name;
};

static const struct tag_name ORIGINS[] = {{'M', "Metric"}, {'S', "Status"},  {'K', "Key"},
                                          {'C', "Config"}, {'P', "Product"}, {'\0', ""}};
static const struct tag_name NATURES[] = {
    {'A', "Age"},   {'a', "Avg"},  {'C', "Counter"}, {'D', "Duration"}, {'G', "Gauge"},
    {'L', "Limit"}, {'M', "Max"},  {'m', "Min"},     {'N', "Name"},     {'O', "Output"},
    {'R', "Rate"},  {'T', "Time"}, {'P', "Product"}, {'\0', ""}};
static const struct tag_name SCOPES[] = {
    {'C', "Cluster"}, {'S', "Service"}, {'P', "Process"}, {'\0', ""}};

static const char *find_name(const struct tag_name *names, char letter)
{
    while (names->letter != '\0' && names->letter != letter) {
        names++;
    }
    return names->name;
}

static const char *type_name(enum statistics_type type)
{
    switch (type) {
    case STATISTICS_EMPTY:
        return "";
    case STATISTICS_U32:
        return "u32";
    case STATISTICS_S32:
        return "s32";
    case STATISTICS_U64:
        return "u64";
    case STATISTICS_STRING:
        return "str";
    }
    return "";
}

void value_append_plain(struct text *text, const struct statistics_value *value)
{
    switch (value->type) {
    case STATISTICS_EMPTY:
        break;
    case STATISTICS_U32:
    case STATISTICS_U64:
        text_append_decimal(text, value->number);
        break;
    case STATISTICS_S32:
        text_append_signed(text, (int64_t)value->number);
        break;
    case STATISTICS_STRING:
        text_append(text, value->string);
        break;
    }
}

void value_append_csv(struct text *text, const struct statistics_value *value)
{
    struct slice s = value->string;
    bool needs_quotes = value->type == STATISTICS_STRING &&
                        (slice_find_char(s, ',') < s.length || slice_find_char(s, '"') < s.length ||
                         slice_find_char(s, '\n') < s.length);
    if (!needs_quotes) {
        value_append_plain(text, value);
        return;
    }
    text_append_char(text, '"');
    for (size_t i = 0; i < s.length; i++) {
        if (s.data[i] == '"') {
            text_append_char(text, '"');
        }
        text_append_char(text, s.data[i]);
    }
    text_append_char(text, '"');
}

void value_append_typed(struct text *text, const char *tags, const struct statistics_value *value)
{
    text_append_format(text, ":%s:%s:", tags, type_name(value->type));
    value_append_plain(text, value);
}

/* Appends bytes as the inside of a JSON string (RFC 8259 7). */
static void append_json_string(struct text *text, struct slice s)
{
    enum { CONTROL_END = 0x20 };
    for (size_t i = 0; i < s.length; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c == '"' || c == '\\') {
            text_append_char(text, '\\');
            text_append_char(text, (char)c);
        } else if (c < CONTROL_END) {
            text_append_format(text, "\\u%04x", c);
        } else {
            text_append_char(text, (char)c);
        }
    }
}

void value_append_json(struct text *text, const char *tags, const struct statistics_value *value)
{
    text_append_format(
        text, "\"processNum\":1,\"tags\":{\"origin\":\"%s\",\"nature\":\"%s\",\"scope\":\"%s\"},",
        find_name(ORIGINS, tags[0]), find_name(NATURES, tags[1]), find_name(SCOPES, tags[2]));
    text_append_format(text, "\"value\":{\"type\":\"%s\",\"value\":", type_name(value->type));
    if (value->type == STATISTICS_STRING) {
        text_append_char(text, '"');
        append_json_string(text, value->string);
        text_append_char(text, '"');
    } else {
        value_append_plain(text, value);
    }
    text_append_char(text, '}');
}
