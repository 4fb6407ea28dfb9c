/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUIC of a worker and of its bind lines: pools, secrets and endpoint at the first need; settings
 * of a line from tune.quic.* and its own words. Tokens and reset tokens are made from random bytes
 * of this process. Charged to the worker.
 */
#include "proxy/quic.h"

#include "tls/aead.h"
#include "transport/quic_client.h"

enum { SECRET_BYTES = 32 };

static enum result make_secrets(struct worker_quic *quic, struct account *account)
{
    char secret[SECRET_BYTES];
    tls_random(secret, sizeof(secret));
    return quic_secrets_init(&quic->secrets, account, slice_of(secret, sizeof(secret)));
}

static enum result create(struct worker *worker)
{
    struct worker_quic *quic = memory_take(&worker->account, sizeof(*quic));
    if (quic == NULL) {
        return RESULT_NO_MEMORY;
    }
    worker->quic = quic;
    enum result result = quic_endpoint_pools_create(&quic->pools, worker->memory);
    quic->pools.clients = quic_client_pool_create(worker->memory);
    if (result == RESULT_OK && quic->pools.clients == NULL) {
        result = RESULT_NO_MEMORY;
    }
    if (result == RESULT_OK) {
        result = mux_h3_pools_create(&quic->muxes, worker->memory);
    }
    if (result == RESULT_OK) {
        result = make_secrets(quic, &worker->account);
    }
    if (result == RESULT_OK) {
        result = quic_endpoint_create(&worker->transport, &quic->pools, &quic->secrets,
                                      &worker->account, (uint8_t)worker->index,
                                      (uint8_t)worker->facts->pid, &quic->endpoint);
    }
    return result;
}

void worker_quic_destroy(struct worker *worker)
{
    struct worker_quic *quic = worker->quic;
    if (quic == NULL) {
        return;
    }
    quic_endpoint_destroy(quic->endpoint);
    quic_secrets_deinit(&quic->secrets, &worker->account);
    memory_release(&worker->account, quic);
    worker->quic = NULL;
}

enum result quic_bind_create(struct bind *bind, struct text *error)
{
    struct proxy *proxy = bind->proxy;
    struct worker *worker = proxy->worker;
    const struct proxy_timeouts *timeouts = &proxy->settings->timeouts;
    if (proxy->settings->mode != PROXY_MODE_HTTP) {
        text_append_string(error, "a QUIC listener needs 'mode http'");
        return RESULT_INVALID;
    }
    enum result result = worker->quic == NULL ? create(worker) : RESULT_OK;
    if (result != RESULT_OK) {
        return result;
    }
    bind->quic = memory_take(&worker->account, sizeof(*bind->quic));
    if (bind->quic == NULL) {
        return RESULT_NO_MEMORY;
    }
    bind->quic->owner = bind;
    bind->quic->socket.fd = -1;
    bind->quic_settings = worker->configuration->global.quic;
    struct quic_settings *settings = &bind->quic_settings;
    settings->cc.algorithm = bind->settings->quic.algorithm;
    settings->cc.window_max = bind->settings->quic.window_max;
    settings->force_retry = bind->settings->quic.force_retry;
    settings->allow_early = bind->settings->quic.allow_early;
    if (timeouts->http_request_ms != 0) {
        settings->handshake_timeout_ms = timeouts->http_request_ms;
    }
    return RESULT_OK;
}

void quic_bind_destroy(struct bind *bind)
{
    if (bind->quic == NULL) {
        return;
    }
    if (bind->quic->socket.fd >= 0) {
        quic_listener_destroy(bind->quic);
    }
    memory_release(&bind->proxy->worker->account, bind->quic);
    bind->quic = NULL;
}
