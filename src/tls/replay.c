/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard of 0-RTT: GnuTLS hands over a digest of each ClientHello that comes with early data,
 * and when it may be forgotten; a fixed table of hashes answers whether it was there before.
 *
 * Hard idea: GnuTLS's window is at once how much older than the client says a hello may be, how
 * long it is remembered, and how long tickets live for 0-RTT: at the first early data after a
 * window it begins another, and refuses those of tickets issued before. So it is long; what it
 * costs is table space, and no other process or context can open these tickets.
 */
#include "tls/replay.h"

#include <string.h>
#include <time.h>

#include "base/hash_table.h"
#include "base/slice.h"
#include "tls/aead.h"
#include "tls/replay_table.h"

enum { WINDOW_MS = 10 * 60 * 1000 };

struct tls_replay {
    gnutls_anti_replay_t native;
    size_t library_bytes;
    uint64_t seed;
    struct tls_replay_table table;
};

static int on_add(void *argument, time_t until, const gnutls_datum_t *key,
                  const gnutls_datum_t *data)
{
    (void)data;
    struct tls_replay *replay = argument;
    uint64_t hash = hash_bytes(slice_of((const char *)key->data, key->size), replay->seed);
    enum result result =
        tls_replay_table_add(&replay->table, hash, (uint32_t)time(NULL), (uint32_t)until);
    return result == RESULT_OK        ? 0
           : result == RESULT_INVALID ? GNUTLS_E_DB_ENTRY_EXISTS
                                      : GNUTLS_E_DB_ERROR;
}

struct tls_replay *tls_replay_create(struct account *account)
{
    struct tls_replay *replay = memory_take(account, sizeof(*replay));
    if (replay == NULL) {
        return NULL;
    }
    tls_random(&replay->seed, sizeof(replay->seed));
    struct library_meter meter = library_meter_begin();
    int status = gnutls_anti_replay_init(&replay->native);
    library_meter_end(meter, account, &replay->library_bytes);
    if (status != GNUTLS_E_SUCCESS) {
        replay->native = NULL;
        tls_replay_destroy(replay, account);
        return NULL;
    }
    gnutls_anti_replay_set_window(replay->native, WINDOW_MS);
    gnutls_anti_replay_set_ptr(replay->native, replay);
    gnutls_anti_replay_set_add_function(replay->native, on_add);
    return replay;
}

void tls_replay_destroy(struct tls_replay *replay, struct account *account)
{
    if (replay == NULL) {
        return;
    }
    struct library_meter meter = library_meter_begin();
    if (replay->native != NULL) {
        gnutls_anti_replay_deinit(replay->native);
    }
    library_meter_end(meter, account, &replay->library_bytes);
    library_meter_clear(account, &replay->library_bytes);
    memory_release(account, replay);
}

void tls_replay_enable(struct tls_replay *replay, gnutls_session_t native)
{
    gnutls_anti_replay_enable(native, replay->native);
    (void)gnutls_record_set_max_early_data_size(native, UINT32_MAX); /* RFC 9001 4.6.1 */
}
