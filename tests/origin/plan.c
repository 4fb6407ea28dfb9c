/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of a request target. Those of one letter mean what they mean to httpterm; those
 * of several are this program's own. Between them stand any of & ? , ; / as in httpterm. Unknown
 * ones are ignored, so that a test may mark its requests.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#define STATUS_MAX 999U

enum parameter_kind {
    KIND_NUMBER, /* uint64_t */
    KIND_SIGNED, /* int64_t */
    KIND_FLAG,   /* bool: the number is above 0 */
};

struct parameter {
    const char *name;
    enum parameter_kind kind;
    size_t offset; /* in struct plan */
};

#define PARAMETER(name, kind, member)             \
    {                                             \
        name, kind, offsetof(struct plan, member) \
    }

static const struct parameter parameters[] = {
    PARAMETER("s", KIND_NUMBER, size),
    PARAMETER("b", KIND_SIGNED, announced),
    PARAMETER("B", KIND_NUMBER, read_max),
    PARAMETER("t", KIND_NUMBER, delay_ms),
    PARAMETER("w", KIND_NUMBER, idle_ms),
    PARAMETER("P", KIND_NUMBER, pause_ms),
    PARAMETER("k", KIND_NUMBER, chunk),
    PARAMETER("p", KIND_NUMBER, piece),
    PARAMETER("rate", KIND_NUMBER, rate),
    PARAMETER("hp", KIND_NUMBER, head_piece),
    PARAMETER("trailers", KIND_NUMBER, trailers),
    PARAMETER("hn", KIND_NUMBER, fields),
    PARAMETER("hl", KIND_NUMBER, field_size),
    PARAMETER("c", KIND_FLAG, cacheable),
    PARAMETER("C", KIND_FLAG, force_close),
    PARAMETER("K", KIND_FLAG, force_keep),
    PARAMETER("e", KIND_FLAG, etag),
    PARAMETER("S", KIND_FLAG, splice),
    PARAMETER("R", KIND_FLAG, random),
    PARAMETER("linger", KIND_FLAG, linger),
};

static const char *const malformed_names[] = {
    [BAD_NOTHING] = "",    [BAD_STATUS] = "status", [BAD_VERSION] = "version", [BAD_NAME] = "name",
    [BAD_COLON] = "colon", [BAD_NUL] = "nul",       [BAD_LENGTH] = "cl",       [BAD_SIGN] = "sign",
    [BAD_BOTH] = "clte",   [BAD_CODING] = "te",     [BAD_FOLD] = "fold",       [BAD_LF] = "lf",
    [BAD_CR] = "cr",       [BAD_CHUNK] = "chunk",   [BAD_LONG] = "long",
};

static bool text_is(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

uint64_t plan_number(const char *text, size_t length, uint64_t otherwise)
{
    uint64_t value = 0;
    size_t at = 0;
    while (at < length && text[at] >= '0' && text[at] <= '9' && value < UINT64_MAX / 16) {
        value = value * 10 + (uint64_t)(text[at] - '0');
        at++;
    }
    if (at == 0) {
        return otherwise;
    }
    for (; at < length; at++) {
        switch (text[at]) {
        case 'k':
            value <<= 10;
            break;
        case 'm':
            value <<= 20;
            break;
        case 'g':
            value <<= 30;
            break;
        case 'r':
            value = (uint64_t)((double)random() / ((double)RAND_MAX + 1) * (double)(value + 1));
            break;
        default:
            return otherwise;
        }
    }
    return value;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

/* Appends `text` with its %XX decoded and a line's end. */
static void append_field(struct buffer *extra, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%' && i + 2 < length && hex_digit(text[i + 1]) >= 0 &&
            hex_digit(text[i + 2]) >= 0) {
            c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        }
        buffer_append(extra, &c, 1);
    }
    buffer_append(extra, "\r\n", 2);
}

static void set_fault(struct plan *plan, enum fault fault, const char *value, size_t length)
{
    plan->fault = fault;
    plan->fault_at = plan_number(value, length, 0);
}

/* The parameters that are not plain numbers. */
static void read_special(struct plan *plan, const char *name, size_t name_length, const char *value,
                         size_t length, struct buffer *extra)
{
    if (text_is(name, name_length, "r")) {
        uint64_t status = plan_number(value, length, STATUS_OK);
        plan->status = status >= STATUS_OK && status <= STATUS_MAX ? (unsigned)status : STATUS_OK;
    } else if (text_is(name, name_length, "v")) {
        plan->old_version = text_is(value, length, "0");
    } else if (text_is(name, name_length, "h")) {
        append_field(extra, value, length);
    } else if (text_is(name, name_length, "pre") && plan->interim_count < INTERIM_MAX) {
        plan->interim[plan->interim_count++] = (unsigned)plan_number(value, length, 100);
    } else if (text_is(name, name_length, "abort")) {
        set_fault(plan, FAULT_RESET, value, length);
    } else if (text_is(name, name_length, "cut")) {
        set_fault(plan, FAULT_CUT, value, length);
    } else if (text_is(name, name_length, "stall")) {
        set_fault(plan, FAULT_STALL, value, length);
    } else if (text_is(name, name_length, "drop")) {
        plan->fault = text_is(value, length, "rst") ? FAULT_REFUSE : FAULT_DROP;
    } else if (text_is(name, name_length, "never")) {
        plan->fault = FAULT_NEVER;
    } else if (text_is(name, name_length, "bad")) {
        for (size_t i = 0; i < sizeof(malformed_names) / sizeof(malformed_names[0]); i++) {
            if (text_is(value, length, malformed_names[i])) {
                plan->malformed = (enum malformed)i;
            }
        }
    }
}

static void read_parameter(struct plan *plan, const char *text, size_t length, struct buffer *extra)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals == NULL ? length : (size_t)(equals - text);
    const char *value = equals == NULL ? text + length : equals + 1;
    size_t value_length = (size_t)(text + length - value);

    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        if (!text_is(text, name_length, parameters[i].name)) {
            continue;
        }
        void *member = (char *)plan + parameters[i].offset;
        bool negative = value_length > 0 && value[0] == '-';
        uint64_t number = negative ? 0 : plan_number(value, value_length, 0);
        switch (parameters[i].kind) {
        case KIND_NUMBER:
            *(uint64_t *)member = number;
            break;
        case KIND_SIGNED:
            *(int64_t *)member = negative ? -1 : (int64_t)number;
            break;
        case KIND_FLAG:
            *(bool *)member = number > 0;
            break;
        }
        plan->early = plan->early || parameters[i].offset == offsetof(struct plan, read_max);
        return;
    }
    read_special(plan, text, name_length, value, value_length, extra);
}

static enum service service_of(const char *path, size_t length)
{
    static const struct {
        const char *path;
        enum service service;
    } services[] = {
        {"/echo", SERVICE_ECHO},     {"/body", SERVICE_BODY},    {"/sum", SERVICE_SUM},
        {"/stream", SERVICE_STREAM}, {"/ws", SERVICE_WEBSOCKET},
    };
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        size_t n = strlen(services[i].path);
        if (length >= n && memcmp(path, services[i].path, n) == 0 &&
            (length == n || path[n] == '/')) {
            return services[i].service;
        }
    }
    return SERVICE_OBJECT;
}

/* The target without a scheme and authority before its path. */
static const char *skip_authority(const char *target, size_t length)
{
    const char *end = target + length;
    const char *mark = memmem(target, length, "://", 3);
    const char *query = memchr(target, '?', length);
    if (target == end || target[0] == '/' || mark == NULL || (query != NULL && query < mark)) {
        return target;
    }
    mark += 3;
    const char *slash = memchr(mark, '/', (size_t)(end - mark));
    return slash == NULL ? end : slash;
}

void plan_read(struct plan *plan, const char *target, size_t length, uint64_t default_size,
               struct buffer *extra)
{
    *plan = (struct plan){
        .status = STATUS_OK,
        .size = default_size,
        .announced = -1,
        .read_max = FOREVER,
        .cacheable = true,
        .splice = true,
        .linger = true,
        .fault_at = FOREVER,
    };
    buffer_clear(extra);

    const char *end = target + length;
    const char *path = skip_authority(target, length);
    const char *query = memchr(path, '?', (size_t)(end - path));
    const char *path_end = query == NULL ? end : query;
    plan->service = service_of(path, (size_t)(path_end - path));
    for (const char *at = path_end; at < end;) {
        const char *text = at + 1;
        at = text;
        while (at < end && strchr("&?,;/", *at) == NULL) {
            at++;
        }
        read_parameter(plan, text, (size_t)(at - text), extra);
    }
}
