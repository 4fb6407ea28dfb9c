/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers that many keywords share: one argument into one field, at the row's offset in the
 * proxy's settings, or in the global ones for rows of the global section. Texts live in the
 * configuration's account.
 */
#include "config/keyword.h"

static void *find_field(struct config_reader *reader, const struct config_keyword *keyword)
{
    char *base = keyword->sections == SECTION_GLOBAL ? (char *)&reader->configuration->global
                                                     : (char *)reader->proxy;
    return base + keyword->offset;
}

enum result config_read_u32_field(struct config_reader *reader, const char *const *arguments,
                                  unsigned count, const struct config_keyword *keyword)
{
    uint64_t number = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 0, keyword->value, &number);
    if (result == RESULT_OK) {
        *(uint32_t *)find_field(reader, keyword) = (uint32_t)number;
    }
    return result;
}

enum result config_read_time_field(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    return config_read_time(reader, keyword->name, arguments[0], keyword->value,
                            find_field(reader, keyword));
}

enum result config_read_text_field(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    const char *copy = config_copy(reader, arguments[0]);
    *(const char **)find_field(reader, keyword) = copy;
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

enum result config_read_flag_field(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    *(bool *)find_field(reader, keyword) = !reader->is_negated;
    return RESULT_OK;
}

enum result config_pass_over(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    config_note_without_meaning(reader, keyword->name);
    return RESULT_OK;
}
