/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of the process and of chance: clocks, environment, ids, random numbers. Random bytes come
 * from the kernel, so that no state is kept and every process of a fleet has others. Memory: an
 * identifier's text in the scratch arena. RFC 9562 (UUID versions 4 and 7).
 */
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "rules/fetch.h"
#include "rules/parser.h"

enum {
    UUID_BYTES = 16,
    UUID_TEXT_BYTES = 37,
    UUID_RANDOM = 4,
    UUID_TIME = 7,
    UUID_TIME_BYTES = 6,
    UUID_VERSION_AT = 6,
    UUID_VARIANT_AT = 8,
    BYTE_BITS = 8,
    RANDOM_BITS = 32,
};

/* Kernel randomness; false only where there is none at all. */
static bool fill_random(void *place, size_t bytes)
{
    return getrandom(place, bytes, 0) == (ssize_t)bytes;
}

/* ---- time ---- */

static enum result fetch_date(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    int64_t offset = sample_argument_integer(call->arguments, 0, 0);
    int64_t divisor = fetch_unit_divisor(sample_argument_text(call->arguments, 1));
    int64_t now = (int64_t)context->wall_us / divisor;
    return __builtin_add_overflow(now, offset, &now) ? RESULT_NOT_FOUND
                                                     : sample_give_integer(out, now);
}

static enum result check_date(struct rule_parser *parser, struct sample_arguments *arguments,
                              unsigned variant)
{
    (void)variant;
    return fetch_check_unit(parser, arguments, 1);
}

static enum result fetch_microseconds(const struct sample_call *call, struct rule_context *context,
                                      struct sample *out)
{
    (void)call;
    return sample_give_integer(out, (int64_t)(context->wall_us % US_PER_SECOND));
}

static enum result fetch_uptime(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    (void)call;
    return sample_give_integer(
        out, (int64_t)((context->now_ms - context->process_started_ms) / MS_PER_SECOND));
}

/* ---- the process ---- */

static enum result fetch_environment(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    (void)context;
    return sample_give_string(out, getenv(sample_argument_text(call->arguments, 0).data));
}

static enum result fetch_host(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    (void)call;
    return sample_give_string(out,
                              context->host_name != NULL ? context->host_name : context->node_name);
}

enum process_fact { FACT_CONNECTIONS, FACT_PROCESS, FACT_PID, FACT_THREAD };

static enum result fetch_fact(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    switch ((enum process_fact)call->variant) {
    case FACT_CONNECTIONS:
        return sample_give_integer(out, context->process_connections);
    case FACT_PROCESS:
        return sample_give_integer(out, 1);
    case FACT_PID:
        return sample_give_integer(out, getpid());
    case FACT_THREAD:
        return sample_give_integer(out, context->worker_index);
    }
    return RESULT_NOT_FOUND;
}

static enum result fetch_is_stopping(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    (void)call;
    return sample_give_bool(out, context->is_stopping);
}

/* ---- chance ---- */

static enum result fetch_random(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    uint32_t value = 0;
    (void)context;
    if (!fill_random(&value, sizeof(value))) {
        return RESULT_NOT_FOUND;
    }
    if (!sample_argument_is_given(call->arguments, 0)) {
        return sample_give_integer(out, value);
    }
    uint64_t range = (uint32_t)sample_argument_integer(call->arguments, 0, 0);
    return sample_give_integer(out, (int64_t)(value * range >> RANDOM_BITS));
}

static enum result fetch_uuid(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    unsigned char id[UUID_BYTES];
    char *place = arena_take_text(context->scratch, UUID_TEXT_BYTES);
    if (place == NULL) {
        return RESULT_NO_MEMORY;
    }
    if (!fill_random(id, sizeof(id))) {
        return RESULT_NOT_FOUND;
    }
    int64_t version = sample_argument_integer(call->arguments, 0, UUID_RANDOM);
    uint64_t milliseconds = context->wall_us / (US_PER_SECOND / MS_PER_SECOND);
    for (int i = UUID_TIME_BYTES - 1; version == UUID_TIME && i >= 0; i--) {
        id[i] = (unsigned char)milliseconds;
        milliseconds >>= BYTE_BITS;
    }
    id[UUID_VERSION_AT] = (unsigned char)((id[UUID_VERSION_AT] & 0x0f) | version << 4);
    id[UUID_VARIANT_AT] = (unsigned char)((id[UUID_VARIANT_AT] & 0x3f) | 0x80);
    struct text text = text_over(place, UUID_TEXT_BYTES);
    for (unsigned i = 0; i < UUID_BYTES; i++) {
        text_append_format(&text, "%02x", id[i]);
        if (i == 3 || i == 5 || i == 7 || i == 9) { /* 8-4-4-4-12 digits */
            text_append_char(&text, '-');
        }
    }
    return sample_give_text(out, text_slice(&text));
}

static enum result check_uuid(struct rule_parser *parser, struct sample_arguments *arguments,
                              unsigned variant)
{
    (void)variant;
    int64_t version = sample_argument_integer(arguments, 0, UUID_RANDOM);
    return version == UUID_RANDOM || version == UUID_TIME
               ? RESULT_OK
               : parser_fail(parser, "Unsupported UUID version: '%lld'", (long long)version);
}

/* ---- the table ---- */

const struct sample_fetch fetches_process[] = {
    FETCH_ROW("act_conn", SAMPLE_INTEGER, FETCH_ANYWHERE, fetch_fact, FACT_CONNECTIONS, 0),
    FETCH_ROW_WITH("date", SAMPLE_INTEGER, FETCH_ANYWHERE, fetch_date, check_date, 0, 0, 0,
                   ARGUMENT_INTEGER, ARGUMENT_STRING),
    FETCH_ROW("date_us", SAMPLE_INTEGER, FETCH_ANYWHERE, fetch_microseconds, 0, 0),
    FETCH_ROW_WITH("env", SAMPLE_STRING, FETCH_ANYWHERE, fetch_environment, NULL, 0, 0, 1,
                   ARGUMENT_STRING),
    FETCH_ROW("hostname", SAMPLE_STRING, FETCH_ANYWHERE, fetch_host, 0, 0),
    FETCH_ROW("pid", SAMPLE_INTEGER, FETCH_ANYWHERE, fetch_fact, FACT_PID, 0),
    FETCH_ROW("proc", SAMPLE_INTEGER, FETCH_ANYWHERE, fetch_fact, FACT_PROCESS, 0),
    FETCH_ROW_WITH("rand", SAMPLE_INTEGER, FETCH_ANYWHERE, fetch_random, NULL, 0, 0, 0,
                   ARGUMENT_INTEGER),
    FETCH_ROW("stopping", SAMPLE_BOOL, FETCH_ANYWHERE, fetch_is_stopping, 0, 0),
    FETCH_ROW("thread", SAMPLE_INTEGER, FETCH_ANYWHERE, fetch_fact, FACT_THREAD, 0),
    FETCH_ROW("uptime", SAMPLE_INTEGER, FETCH_ANYWHERE, fetch_uptime, 0, 0),
    FETCH_ROW_WITH("uuid", SAMPLE_STRING, FETCH_ANYWHERE, fetch_uuid, check_uuid, 0, 0, 0,
                   ARGUMENT_INTEGER),
    FETCH_ROWS_END,
};
