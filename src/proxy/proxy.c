/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking proxies up by name, and keeping the last malformed message of each for `show errors`: at
 * most one normal chunk a proxy and direction, as far as memory allows.
 */
#include "proxy/proxy.h"

#include <string.h>

#include "base/number.h"
#include "proxy/worker.h"

struct proxy *proxy_find(const struct worker *worker, struct slice name, unsigned role)
{
    uint64_t id = 0;
    bool is_id = name.length > 1 && name.data[0] == '#' &&
                 number_parse_decimal(slice_skip(name, 1), &id) == RESULT_OK;
    LIST_EACH(link, &worker->proxies) {
        struct proxy *proxy = container_of(link, struct proxy, link);
        bool matches = is_id ? proxy->settings->id == id
                             : slice_equal(slice_from_string(proxy->settings->name), name);
        if (matches && (proxy->settings->role & role) != 0) {
            return proxy;
        }
    }
    return NULL;
}

void proxy_capture_error(struct proxy *proxy, struct captured_error *slot,
                         const struct mux_refusal *refusal, const struct rule_context *context)
{
    struct worker *worker = proxy->worker;
    slot->number++;
    slot->wall_us = context->wall_us;
    slot->source = context->source;
    slot->server = context->server;
    slot->reason = refusal->error.reason;
    slot->position = refusal->error.position;
    slot->length = 0;
    chunk_drop(slot->bytes);
    slot->bytes = chunk_take(worker->chunks, CHUNK_NORMAL, &worker->account);
    if (slot->bytes != NULL) { /* without memory the cause is kept, not the bytes */
        slot->length = size_min(refusal->bytes.length, slot->bytes->size);
        memcpy(slot->bytes->data, refusal->bytes.data, slot->length);
        slot->bytes->filled = (uint32_t)slot->length;
    }
}
