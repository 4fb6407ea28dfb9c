/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Match methods: their names, the type that samples are cast to, and which types they accept, as
 * one table. A type implies a method where only one makes sense.
 *
 * Takes no memory.
 */
#include "rules/pattern.h"

struct method_row {
    const char *name;
    enum sample_type input;
};

static const struct method_row methods[PATTERN_METHODS] = {
    [PATTERN_FOUND] = {"found", SAMPLE_ANY},      [PATTERN_BOOL] = {"bool", SAMPLE_INTEGER},
    [PATTERN_INTEGER] = {"int", SAMPLE_INTEGER},  [PATTERN_ADDRESS] = {"ip", SAMPLE_ADDRESS},
    [PATTERN_BINARY] = {"bin", SAMPLE_BINARY},    [PATTERN_LENGTH] = {"len", SAMPLE_STRING},
    [PATTERN_STRING] = {"str", SAMPLE_STRING},    [PATTERN_BEGIN] = {"beg", SAMPLE_STRING},
    [PATTERN_SUBSTRING] = {"sub", SAMPLE_STRING}, [PATTERN_DIRECTORY] = {"dir", SAMPLE_STRING},
    [PATTERN_DOMAIN] = {"dom", SAMPLE_STRING},    [PATTERN_END] = {"end", SAMPLE_STRING},
    [PATTERN_REGEX] = {"reg", SAMPLE_STRING},
};

static const enum pattern_method defaults[SAMPLE_TYPES] = {
    [SAMPLE_ANY] = PATTERN_METHODS,     [SAMPLE_BOOL] = PATTERN_BOOL,
    [SAMPLE_INTEGER] = PATTERN_INTEGER, [SAMPLE_ADDRESS] = PATTERN_ADDRESS,
    [SAMPLE_IPV4] = PATTERN_ADDRESS,    [SAMPLE_IPV6] = PATTERN_ADDRESS,
    [SAMPLE_STRING] = PATTERN_STRING,   [SAMPLE_BINARY] = PATTERN_METHODS,
    [SAMPLE_METHOD] = PATTERN_STRING,
};

enum pattern_method pattern_method_find(struct slice name)
{
    for (unsigned method = 0; method < PATTERN_METHODS; method++) {
        if (slice_equal(name, slice_from_string(methods[method].name))) {
            return (enum pattern_method)method;
        }
    }
    return PATTERN_METHODS;
}

const char *pattern_method_name(enum pattern_method method)
{
    return methods[method].name;
}

enum pattern_method pattern_method_default(enum sample_type type)
{
    return defaults[type];
}

enum sample_type pattern_method_input(enum pattern_method method)
{
    return methods[method].input;
}

bool pattern_method_accepts(enum pattern_method method, enum sample_type type)
{
    return sample_can_cast(type, methods[method].input);
}
