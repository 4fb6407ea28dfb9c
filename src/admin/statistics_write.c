/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of `show stat` as CSV, typed lines and JSON, from the table of columns: the same values in
 * three forms, so that a tool may take the one it likes. An empty value is an empty CSV field and
 * is left out of the others. No memory: everything goes to the caller's text.
 */
#include "admin/statistics_write.h"

#include "admin/statistics_description.h"
#include "admin/value.h"

enum { VALUE_SIZE = 512 };

struct kind_name {
    const char *letter; /* typed form */
    const char *name;   /* JSON */
};

static const struct kind_name KINDS[STATISTICS_KINDS] = {
    [STATISTICS_FRONTEND] = {"F", "Frontend"},
    [STATISTICS_BACKEND] = {"B", "Backend"},
    [STATISTICS_SERVER] = {"S", "Server"},
    [STATISTICS_LISTENER] = {"L", "Listener"},
};

static uint32_t id_of(const struct statistics_object *object)
{
    switch (object->kind) {
    case STATISTICS_SERVER:
        return object->endpoint->server.options->id;
    case STATISTICS_LISTENER:
        return object->bind->settings->id;
    case STATISTICS_FRONTEND:
    case STATISTICS_BACKEND:
    case STATISTICS_KINDS:
        break;
    }
    return 0;
}

void statistics_write_header(struct text *text)
{
    text_append_string(text, "# ");
    for (unsigned column = 0; column < statistics_columns(); column++) {
        text_append_format(text, "%s,", statistics_column_name(column));
    }
    text_append_char(text, '\n');
}

void statistics_write_csv(struct text *text, const struct statistics_object *object)
{
    char room[VALUE_SIZE];
    struct text buffer = text_over(room, sizeof(room));
    unsigned last = statistics_columns() - 1;
    for (unsigned column = 0; column < last; column++) {
        struct statistics_value value = statistics_read(column, object, &buffer);
        value_append_csv(text, &value);
        text_append_char(text, ',');
    }
    text_append_string(text, "-,\n"); /* the mark behind the static columns */
}

void statistics_write_typed(struct text *text, const struct statistics_object *object,
                            bool is_described)
{
    char room[VALUE_SIZE];
    struct text buffer = text_over(room, sizeof(room));
    for (unsigned column = 0; column + 1 < statistics_columns(); column++) {
        struct statistics_value value = statistics_read(column, object, &buffer);
        if (value.type == STATISTICS_EMPTY) {
            continue;
        }
        text_append_format(text, "%s.%u.%u.%u.%s.1", KINDS[object->kind].letter,
                           object->proxy->settings->id, id_of(object), column,
                           statistics_column_name(column));
        value_append_typed(text, statistics_column_tags(column), &value);
        if (is_described) {
            text_append_format(text, ":\"%s\"",
                               statistics_description(statistics_column_name(column)));
        }
        text_append_char(text, '\n');
    }
    text_append_char(text, '\n');
}

void statistics_write_json(struct text *text, const struct statistics_object *object)
{
    char room[VALUE_SIZE];
    struct text buffer = text_over(room, sizeof(room));
    bool has_value = false;
    text_append_char(text, '[');
    for (unsigned column = 0; column + 1 < statistics_columns(); column++) {
        struct statistics_value value = statistics_read(column, object, &buffer);
        if (value.type == STATISTICS_EMPTY) {
            continue;
        }
        text_append_format(text,
                           "%s{\"objType\":\"%s\",\"proxyId\":%u,\"id\":%u,\"field\":{\"pos\":%u,"
                           "\"name\":\"%s\"},",
                           has_value ? "," : "", KINDS[object->kind].name,
                           object->proxy->settings->id, id_of(object), column,
                           statistics_column_name(column));
        value_append_json(text, statistics_column_tags(column), &value);
        text_append_char(text, '}');
        has_value = true;
    }
    text_append_char(text, ']');
}
