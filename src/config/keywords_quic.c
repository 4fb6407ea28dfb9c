/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tune.quic.* of the global section (manual 3.2), in the spelling of HAProxy 3.2 and the newer one
 * (tune.quic.fe.*). What weir has no use for is accepted by the catalog as other tuning is.
 */
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"

enum { STREAMS_MAX = 65535 };

static const size_t WINDOW_MAX = (size_t)4 * 1024 * MEBIBYTE;

#define FIELD(member) offsetof(struct global_settings, quic.member)

static void *field_of(struct config_reader *reader, const struct config_keyword *keyword)
{
    return (char *)&reader->configuration->global + keyword->offset;
}

static enum result read_bytes(struct config_reader *reader, const char *const *arguments,
                              unsigned count, const struct config_keyword *keyword)
{
    size_t size = 0;
    (void)count;
    enum result result = config_read_size(reader, keyword->name, arguments[0], &size);
    if (result != RESULT_OK) {
        return result;
    }
    if (size < keyword->value || size > WINDOW_MAX) {
        return config_fail(reader, "'%s' expects a size between %u and %zu (got '%s').",
                           keyword->name, keyword->value, WINDOW_MAX, arguments[0]);
    }
    *(size_t *)field_of(reader, keyword) = size;
    return RESULT_OK;
}

static enum result read_idle(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    uint32_t idle_ms = 0;
    (void)count;
    enum result result = config_read_time(reader, keyword->name, arguments[0], 1, &idle_ms);
    if (result == RESULT_OK) {
        *(uint64_t *)field_of(reader, keyword) = idle_ms;
    }
    return result;
}

/* "on" or "off"; keyword->value 1: the field means the opposite. */
static enum result read_switch(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    bool is_on = strcmp(arguments[0], "on") == 0;
    if (!is_on && strcmp(arguments[0], "off") != 0) {
        return config_fail(reader, "'%s' expects either 'on' or 'off' but got '%s'.", keyword->name,
                           arguments[0]);
    }
    *(bool *)field_of(reader, keyword) = is_on == (keyword->value == 0);
    return RESULT_OK;
}

static enum result read_disable(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    *(bool *)field_of(reader, keyword) = true;
    return RESULT_OK;
}

#define NUMBER(name, member, most)                                                        \
    {                                                                                     \
        name, SECTION_GLOBAL, 1, 1, "expects an integer argument", config_read_u32_field, \
            FIELD(member), most, 0                                                        \
    }
#define BYTES(name, member, least)                                                                 \
    {                                                                                              \
        name, SECTION_GLOBAL, 1, 1, "expects a size argument", read_bytes, FIELD(member), least, 0 \
    }
#define SWITCH(name, member, inverts)                                                           \
    {                                                                                           \
        name, SECTION_GLOBAL, 1, 1, "expects either 'on' or 'off'", read_switch, FIELD(member), \
            inverts, 0                                                                          \
    }
#define DISABLE(name, member)                                             \
    {                                                                     \
        name, SECTION_GLOBAL, 0, 0, "", read_disable, FIELD(member), 0, 0 \
    }
#define IDLE(name)                                                                               \
    {                                                                                            \
        name, SECTION_GLOBAL, 1, 1, "expects a timeout", read_idle, FIELD(idle_timeout_ms), 0, 0 \
    }

const struct config_keyword KEYWORDS_QUIC[] = {
    IDLE("tune.quic.frontend.max-idle-timeout"),
    IDLE("tune.quic.fe.max-idle-timeout"),
    NUMBER("tune.quic.frontend.max-streams-bidi", streams_bidi_max, STREAMS_MAX),
    NUMBER("tune.quic.fe.stream.max-concurrent", streams_bidi_max, STREAMS_MAX),
    BYTES("tune.quic.frontend.max-data-size", window_bytes_max, 1024),
    BYTES("tune.quic.fe.stream.rxbuf", window_bytes_max, 1024),
    BYTES("tune.quic.frontend.default-max-window-size", tx_bytes_max, 10240),
    BYTES("tune.quic.cc.max-win-size", tx_bytes_max, 10240),
    BYTES("tune.quic.fe.cc.max-win-size", tx_bytes_max, 10240),
    BYTES("tune.quic.fe.mem.conn-max", memory_max, 65536),
    NUMBER("tune.quic.retry-threshold", retry_threshold, INT32_MAX),
    NUMBER("tune.quic.fe.sec.retry-threshold", retry_threshold, INT32_MAX),
    SWITCH("tune.quic.cc-hystart", cc.no_hystart, 1),
    SWITCH("tune.quic.cc.hystart", cc.no_hystart, 1),
    SWITCH("tune.quic.fe.cc.hystart", cc.no_hystart, 1),
    DISABLE("tune.quic.disable-tx-pacing", cc.no_pacing),
    DISABLE("tune.quic.disable-udp-gso", no_gso),
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
