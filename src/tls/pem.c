/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM files as HAProxy takes them: certificates, intermediates and the private key in one file, in
 * any order of kinds, the server's own certificate before its chain. Other blocks (DH parameters,
 * EC parameters) are passed over.
 *
 * The key's block is looked for here, as GnuTLS wants it to come first. Reading and decoding is
 * GnuTLS's.
 *
 * What bounds its memory: files of the configuration, metered by the caller. RFC 7468 is the text
 * format.
 */
#include "tls/pem.h"

#include <errno.h>
#include <string.h>

#include "base/slice.h"

static const char KEY_LABEL_END[] = "PRIVATE KEY-----";
static const char BLOCK_START[] = "-----BEGIN ";

/* Room for a key id: SHA-1 or SHA-256. */
enum { KEY_ID_SIZE = 64 };

static enum result load_file(const char *path, gnutls_datum_t *file, struct text *error)
{
    errno = 0;
    int status = gnutls_load_file(path, file);
    if (status == GNUTLS_E_SUCCESS) {
        return RESULT_OK;
    }
    text_append_format(error, "unable to load certificate from file '%s': %s", path,
                       errno != 0 ? strerrordesc_np(errno) : gnutls_strerror(status));
    return RESULT_FAILED;
}

/* The bytes from the first private key's block on; empty when there is none. */
static struct slice find_key_block(struct slice file)
{
    struct slice rest = file;
    while (rest.length > 0) {
        rest = slice_skip(rest, slice_find(rest, SLICE("-----BEGIN ")));
        struct slice label = slice_first(rest, slice_find_char(rest, '\n'));
        label = slice_trim(slice_first(label, slice_find_char(label, '\r')));
        if (slice_ends_with(label, slice_from_string(KEY_LABEL_END))) {
            return rest;
        }
        rest = slice_skip(rest, sizeof(BLOCK_START) - 1);
    }
    return SLICE_NONE;
}

static bool is_encrypted(struct slice block)
{
    struct slice end = slice_first(block, slice_find(block, SLICE("-----END ")));
    return slice_find(end, SLICE("BEGIN ENCRYPTED ")) < end.length ||
           slice_find(end, SLICE("Proc-Type: 4,ENCRYPTED")) < end.length;
}

/* Imports the private key of a file, if it has one. */
static enum result import_key(struct pem_bundle *bundle, const gnutls_datum_t *file,
                              const char *path, struct text *error)
{
    struct slice block = find_key_block(slice_of((const char *)file->data, file->size));
    if (block.length == 0) {
        return RESULT_OK;
    }
    if (is_encrypted(block)) {
        text_append_format(error, "the private key in '%s' is encrypted", path);
        return RESULT_INVALID;
    }
    gnutls_datum_t data = {(unsigned char *)block.data, (unsigned)block.length};
    int status = gnutls_privkey_init(&bundle->key);
    if (status == GNUTLS_E_SUCCESS) {
        status = gnutls_privkey_import_x509_raw(bundle->key, &data, GNUTLS_X509_FMT_PEM, NULL, 0);
    }
    if (status != GNUTLS_E_SUCCESS) {
        text_append_format(error, "unable to load private key from file '%s': %s", path,
                           gnutls_strerror(status));
        return RESULT_INVALID;
    }
    return RESULT_OK;
}

static enum result import_certificates(struct pem_bundle *bundle, const gnutls_datum_t *file,
                                       const char *path, struct text *error)
{
    int status = gnutls_x509_crt_list_import2(&bundle->certificates, &bundle->count, file,
                                              GNUTLS_X509_FMT_PEM, 0);
    if (status < 0) {
        bundle->certificates = NULL;
        bundle->count = 0;
        text_append_format(error, "unable to load SSL certificate from PEM file '%s': %s", path,
                           gnutls_strerror(status));
        return RESULT_INVALID;
    }
    return RESULT_OK;
}

enum result pem_bundle_load(struct pem_bundle *bundle, const char *path, struct text *error)
{
    *bundle = (struct pem_bundle){0};
    gnutls_datum_t file;
    enum result result = load_file(path, &file, error);
    if (result != RESULT_OK) {
        return result;
    }
    result = import_certificates(bundle, &file, path, error);
    if (result == RESULT_OK) {
        result = import_key(bundle, &file, path, error);
    }
    gnutls_memset(file.data, 0, file.size);
    gnutls_free(file.data);
    if (result != RESULT_OK) {
        pem_bundle_clear(bundle);
    }
    return result;
}

enum result pem_bundle_load_key(struct pem_bundle *bundle, const char *path, struct text *error)
{
    gnutls_datum_t file;
    enum result result = load_file(path, &file, error);
    if (result != RESULT_OK) {
        return result;
    }
    result = import_key(bundle, &file, path, error);
    gnutls_memset(file.data, 0, file.size);
    gnutls_free(file.data);
    if (result == RESULT_OK && bundle->key == NULL) {
        text_append_format(error, "no private key found in file '%s'", path);
        result = RESULT_INVALID;
    }
    return result;
}

bool pem_bundle_key_matches(const struct pem_bundle *bundle)
{
    unsigned char of_certificate[KEY_ID_SIZE];
    unsigned char of_key[KEY_ID_SIZE];
    size_t certificate_bytes = sizeof(of_certificate);
    size_t key_bytes = sizeof(of_key);
    gnutls_pubkey_t public_key;
    if (gnutls_pubkey_init(&public_key) < 0) {
        return false;
    }
    bool matches =
        gnutls_pubkey_import_privkey(public_key, bundle->key, 0, 0) >= 0 &&
        gnutls_pubkey_get_key_id(public_key, GNUTLS_KEYID_USE_SHA256, of_key, &key_bytes) >= 0 &&
        gnutls_x509_crt_get_key_id(bundle->certificates[0], GNUTLS_KEYID_USE_SHA256, of_certificate,
                                   &certificate_bytes) >= 0 &&
        key_bytes == certificate_bytes && memcmp(of_key, of_certificate, key_bytes) == 0;
    gnutls_pubkey_deinit(public_key);
    return matches;
}

void pem_bundle_clear(struct pem_bundle *bundle)
{
    for (unsigned i = 0; i < bundle->count; i++) {
        gnutls_x509_crt_deinit(bundle->certificates[i]);
    }
    gnutls_free(bundle->certificates);
    if (bundle->key != NULL) {
        gnutls_privkey_deinit(bundle->key);
    }
    *bundle = (struct pem_bundle){0};
}
