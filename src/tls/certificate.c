/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates of a bind line or server, and the choice among them.
 *
 * Each DNS name of a certificate (subject alternative names and common name, lower case) is an
 * entry of one hash table;
 * "*.example.com" is entered as ".example.com", a key that no exact name has. A lookup is at most
 * two probes: the name, and the name from its first dot on (RFC 6125 6.4.3: a wildcard stands for
 * one label). Among certificates of one name the first is taken whose key the client supports,
 * elliptic curves before RSA.
 *
 * What bounds its memory: the files of the configuration; GnuTLS's share is metered.
 */
#include "tls/certificate.h"

#include <gnutls/x509.h>
#include <string.h>

#include "base/assert.h"
#include "memory/library.h"
#include "tls/certificate_internal.h"

enum {
    NAME_BYTES_MAX = 256, /* a DNS name has at most 253 bytes */
    ITEMS_MIN = 4,
    BUCKETS_MIN = 16,
    NAMES_SEED = 0,
};

struct tls_name {
    struct hash_link link;
    size_t certificate; /* index of items */
    size_t length;
    char text[];
};

/* ---- store ---- */

enum result tls_certificates_init(struct tls_certificates *store, struct account *account)
{
    *store = (struct tls_certificates){.account = account};
    store->buckets = memory_take(account, BUCKETS_MIN * sizeof(struct hash_link *));
    if (store->buckets == NULL) {
        return RESULT_NO_MEMORY;
    }
    hash_table_init(&store->names, store->buckets, BUCKETS_MIN);
    return RESULT_OK;
}

static void clear_certificate(struct tls_certificates *store, struct tls_certificate *certificate)
{
    struct library_meter meter = library_meter_begin();
    for (unsigned i = 0; i < certificate->chain_length; i++) {
        gnutls_pcert_deinit(&certificate->chain[i]);
    }
    gnutls_privkey_deinit(certificate->key);
    library_meter_end(meter, store->account, &store->library_bytes);
    memory_release(store->account, certificate->chain);
}

static void release_names(struct tls_certificates *store)
{
    for (size_t i = 0; i <= store->names.mask; i++) {
        struct hash_link *link = store->buckets[i];
        while (link != NULL) {
            struct hash_link *next = link->next;
            memory_release(store->account, container_of(link, struct tls_name, link));
            link = next;
        }
    }
    memory_release(store->account, store->buckets);
}

void tls_certificates_deinit(struct tls_certificates *store)
{
    if (store->buckets != NULL) {
        release_names(store);
    }
    for (size_t i = 0; i < store->count; i++) {
        clear_certificate(store, &store->items[i]);
    }
    memory_release(store->account, store->items);
    library_meter_clear(store->account, &store->library_bytes);
    *store = (struct tls_certificates){0};
}

/* Room for one more item. */
static enum result grow_items(struct tls_certificates *store)
{
    if (store->count < store->room) {
        return RESULT_OK;
    }
    size_t room = store->room == 0 ? ITEMS_MIN : store->room * 2;
    struct tls_certificate *items =
        memory_resize(store->account, store->items, room * sizeof(*items));
    if (items == NULL) {
        return RESULT_NO_MEMORY;
    }
    store->items = items;
    store->room = room;
    return RESULT_OK;
}

/* ---- names ---- */

/* Twice the buckets when there are more names than buckets. */
static enum result grow_names(struct tls_certificates *store)
{
    size_t old_count = store->names.mask + 1;
    if (store->names.count < old_count) {
        return RESULT_OK;
    }
    size_t count = old_count * 2;
    struct hash_link **buckets = memory_take(store->account, count * sizeof(*buckets));
    if (buckets == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct hash_link **old = store->buckets;
    hash_table_init(&store->names, buckets, count);
    for (size_t i = 0; i < old_count; i++) {
        struct hash_link *link = old[i];
        while (link != NULL) {
            struct hash_link *next = link->next;
            hash_table_insert(&store->names, link, link->hash);
            link = next;
        }
    }
    memory_release(store->account, old);
    store->buckets = buckets;
    return RESULT_OK;
}

/* Copies a name in lower case; false when it is too long to be one. */
static bool fold_name(struct slice name, char folded[NAME_BYTES_MAX])
{
    if (name.length == 0 || name.length > NAME_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.length; i++) {
        folded[i] = ascii_lower(name.data[i]);
    }
    return true;
}

static struct tls_name *next_of_name(struct hash_link *link, struct slice folded)
{
    for (; link != NULL; link = hash_table_next(link)) {
        struct tls_name *name = container_of(link, struct tls_name, link);
        if (slice_equal(slice_of(name->text, name->length), folded)) {
            return name;
        }
    }
    return NULL;
}

/* Enters a name of the certificate at `index` unless it has it already (the common name is mostly
 * among the others). */
static enum result add_name(struct tls_certificates *store, size_t index, struct slice text)
{
    char buffer[NAME_BYTES_MAX];
    struct slice key = slice_starts_with(text, SLICE("*.")) ? slice_skip(text, 1) : text;
    if (!fold_name(key, buffer)) {
        return RESULT_OK;
    }
    struct slice folded = slice_of(buffer, key.length);
    uint64_t hash = hash_bytes(folded, NAMES_SEED);
    struct tls_name *same = next_of_name(hash_table_find(&store->names, hash), folded);
    for (; same != NULL; same = next_of_name(hash_table_next(&same->link), folded)) {
        if (same->certificate == index) {
            return RESULT_OK;
        }
    }
    enum result result = grow_names(store);
    if (result != RESULT_OK) {
        return result;
    }
    struct tls_name *name = memory_take(store->account, sizeof(*name) + folded.length);
    if (name == NULL) {
        return RESULT_NO_MEMORY;
    }
    name->certificate = index;
    name->length = folded.length;
    memcpy(name->text, folded.data, folded.length);
    hash_table_insert(&store->names, &name->link, hash);
    return RESULT_OK;
}

static enum result add_names(struct tls_certificates *store, size_t index,
                             gnutls_x509_crt_t certificate)
{
    char name[NAME_BYTES_MAX];
    size_t size = sizeof(name);
    enum result result = RESULT_OK;
    if (gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
                                      &size) >= 0) {
        result = add_name(store, index, slice_of(name, size));
    }
    for (unsigned i = 0; result == RESULT_OK; i++) {
        size = sizeof(name);
        int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size, NULL);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
            break;
        }
        if (type == GNUTLS_SAN_DNSNAME) {
            result = add_name(store, index, slice_of(name, size));
        }
    }
    return result;
}

/* ---- adding ---- */

/* Makes the chain out of the bundle's certificates. */
static int fill_chain(struct tls_certificate *certificate, const struct pem_bundle *bundle)
{
    for (unsigned i = 0; i < bundle->count; i++) {
        int status = gnutls_pcert_import_x509(&certificate->chain[i], bundle->certificates[i], 0);
        if (status < 0) {
            return status;
        }
        certificate->chain_length++;
    }
    return GNUTLS_E_SUCCESS;
}

enum result tls_certificates_add(struct tls_certificates *store, struct pem_bundle *bundle,
                                 const char *path, struct text *error)
{
    if (grow_items(store) != RESULT_OK) {
        text_append_string(error, "no memory for a certificate");
        return RESULT_NO_MEMORY;
    }
    struct tls_certificate *certificate = &store->items[store->count];
    *certificate = (struct tls_certificate){.bundle = store->bundles};
    certificate->chain = memory_take(store->account, bundle->count * sizeof(gnutls_pcert_st));
    if (certificate->chain == NULL) {
        text_append_string(error, "no memory for a certificate");
        return RESULT_NO_MEMORY;
    }
    struct library_meter meter = library_meter_begin();
    int status = fill_chain(certificate, bundle);
    library_meter_end(meter, store->account, &store->library_bytes);
    certificate->key = bundle->key;
    bundle->key = NULL;
    certificate->algorithm =
        (gnutls_pk_algorithm_t)gnutls_privkey_get_pk_algorithm(certificate->key, NULL);
    bool is_rsa = certificate->algorithm == GNUTLS_PK_RSA;
    store->has_rsa = store->has_rsa || is_rsa;
    store->has_curves = store->has_curves || !is_rsa;
    size_t index = store->count;
    store->count++; /* from here on the store releases it */
    if (status < 0) {
        text_append_format(error, "unable to use SSL certificate of PEM file '%s': %s", path,
                           gnutls_strerror(status));
        return RESULT_INVALID;
    }
    return add_names(store, index, bundle->certificates[0]);
}

/* ---- choosing ---- */

/* Takes the better of two certificates for a client: elliptic curves before RSA, else the one found
 * first. */
static const struct tls_certificate *better(const struct tls_certificate *best,
                                            const struct tls_certificate *other)
{
    if (best == NULL) {
        return other;
    }
    bool is_better = best->algorithm == GNUTLS_PK_RSA && other->algorithm != GNUTLS_PK_RSA;
    return is_better ? other : best;
}

/*
 * Among the certificates entered under `folded` the best that the client supports. Members of a
 * hash chain come newest first, so that the lowest index wins among equals.
 */
static const struct tls_certificate *
find_folded(const struct tls_certificates *store, struct slice folded,
            bool (*is_supported)(void *argument, gnutls_pk_algorithm_t algorithm), void *argument)
{
    const struct tls_certificate *best = NULL;
    struct hash_link *link = hash_table_find(&store->names, hash_bytes(folded, NAMES_SEED));
    struct tls_name *name = next_of_name(link, folded);
    for (; name != NULL; name = next_of_name(hash_table_next(&name->link), folded)) {
        const struct tls_certificate *found = &store->items[name->certificate];
        if (!is_supported(argument, found->algorithm)) {
            continue;
        }
        bool is_earlier = best != NULL && found < best && found->algorithm == best->algorithm;
        best = is_earlier ? found : better(best, found);
    }
    return best;
}

const struct tls_certificate *
tls_certificates_find(const struct tls_certificates *store, struct slice name,
                      bool (*is_supported)(void *argument, gnutls_pk_algorithm_t algorithm),
                      void *argument)
{
    char buffer[NAME_BYTES_MAX];
    if (!fold_name(name, buffer)) {
        return NULL;
    }
    struct slice folded = slice_of(buffer, name.length);
    if (folded.data[0] == '.') {
        return NULL; /* no host's name, and the key of a wildcard */
    }
    const struct tls_certificate *found = find_folded(store, folded, is_supported, argument);
    if (found != NULL) {
        return found;
    }
    struct slice parent = slice_skip(folded, slice_find_char(folded, '.'));
    return parent.length == 0 ? NULL : find_folded(store, parent, is_supported, argument);
}

const struct tls_certificate *
tls_certificates_default(const struct tls_certificates *store,
                         bool (*is_supported)(void *argument, gnutls_pk_algorithm_t algorithm),
                         void *argument)
{
    const struct tls_certificate *best = NULL;
    for (size_t i = 0; i < store->count && store->items[i].bundle == store->items[0].bundle; i++) {
        if (is_supported(argument, store->items[i].algorithm)) {
            best = better(best, &store->items[i]);
        }
    }
    return best != NULL || store->count == 0 ? best : &store->items[0];
}
