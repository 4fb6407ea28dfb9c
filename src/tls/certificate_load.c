/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where certificates come from: a `crt` argument is a PEM file, a folder of them, or the stem of a
 * bundle.
 *
 *   file        chain and key, or the key in <file>.key or in <file> with .key for its last suffix
 *   folder      its files in alphabetical order, but .key, .issuer, .ocsp, .sctl and hidden ones
 *   stem        <stem>.rsa, <stem>.ecdsa, <stem>.dsa: one name, the key that the client prefers
 *
 * What bounds its memory: the names of a folder while it is read; startup only.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "memory/library.h"
#include "tls/certificate_internal.h"
#include "tls/tls.h"

enum { NAMES_MIN = 16 };

/* Suffixes of files beside a certificate that are none themselves. */
static const char *const SKIPPED_SUFFIXES[] = {".key", ".issuer", ".ocsp", ".sctl"};
static const char *const BUNDLE_SUFFIXES[] = {".rsa", ".ecdsa", ".dsa"};

/* The files of a folder. */
struct file_names {
    struct account *account;
    char **items;
    size_t count, room;
};

static bool file_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Looks for the key beside the certificate: <file>.key, or <file> with its last suffix replaced. */
static enum result load_key_beside(struct pem_bundle *bundle, const char *path, struct text *error)
{
    char key_path[PATH_MAX];
    struct text text = text_over(key_path, sizeof(key_path));
    text_append_format(&text, "%s.key", path);
    if (text.truncated || !file_exists(key_path)) {
        const char *dot = strrchr(path, '.');
        size_t length =
            dot == NULL || strchr(dot, '/') != NULL ? strlen(path) : (size_t)(dot - path);
        text_clear(&text);
        text_append(&text, slice_of(path, length));
        text_append_string(&text, ".key");
    }
    if (text.truncated || !file_exists(key_path)) {
        text_append_format(error, "No Private Key found in '%s'", path);
        return RESULT_INVALID;
    }
    return pem_bundle_load_key(bundle, key_path, error);
}

static enum result load_bundle(struct tls_certificates *store, struct pem_bundle *bundle,
                               const char *path, struct text *error)
{
    struct library_meter meter = library_meter_begin();
    enum result result = pem_bundle_load(bundle, path, error);
    if (result == RESULT_OK && bundle->key == NULL && store->no_key_files) {
        text_append_format(error, "No Private Key found in '%s'", path);
        result = RESULT_INVALID;
    }
    if (result == RESULT_OK && bundle->key == NULL) {
        result = load_key_beside(bundle, path, error);
    }
    if (result == RESULT_OK && !pem_bundle_key_matches(bundle)) {
        text_append_format(error, "inconsistencies between private key and certificate loaded '%s'",
                           path);
        result = RESULT_INVALID;
    }
    library_meter_end(meter, store->account, &store->library_bytes);
    return result;
}

static enum result load_one(struct tls_certificates *store, const char *path, struct text *error)
{
    struct pem_bundle bundle = {0};
    enum result result = load_bundle(store, &bundle, path, error);
    if (result == RESULT_OK) {
        result = tls_certificates_add(store, &bundle, path, error);
    }
    struct library_meter meter = library_meter_begin();
    pem_bundle_clear(&bundle);
    library_meter_end(meter, store->account, &store->library_bytes);
    return result;
}

/* Writes <path><suffix> and returns whether there is such a file. */
static bool find_mate(char mate[PATH_MAX], const char *path, const char *suffix)
{
    struct text text = text_over(mate, PATH_MAX);
    text_append_format(&text, "%s%s", path, suffix);
    return !text.truncated && file_exists(mate);
}

bool tls_certificate_exists(const char *path, bool bundles)
{
    struct stat status;
    if (stat(path, &status) == 0) {
        return true;
    }
    int error = errno;
    bool has_mate = false;
    for (size_t i = 0; bundles && i < sizeof(BUNDLE_SUFFIXES) / sizeof(BUNDLE_SUFFIXES[0]); i++) {
        char mate[PATH_MAX];
        has_mate = has_mate || find_mate(mate, path, BUNDLE_SUFFIXES[i]);
    }
    errno = error;
    return has_mate;
}

/* Loads <path>.rsa, <path>.ecdsa… as one bundle; RESULT_NOT_FOUND when there is none. */
static enum result load_mates(struct tls_certificates *store, const char *path, struct text *error)
{
    enum result result = RESULT_NOT_FOUND;
    for (size_t i = 0; i < sizeof(BUNDLE_SUFFIXES) / sizeof(BUNDLE_SUFFIXES[0]); i++) {
        char mate[PATH_MAX];
        if (!find_mate(mate, path, BUNDLE_SUFFIXES[i])) {
            continue;
        }
        result = load_one(store, mate, error);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return result;
}

/* Whether a folder's entry is to be loaded as a certificate. */
static bool is_certificate_file(struct slice name)
{
    if (name.length == 0 || name.data[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < sizeof(SKIPPED_SUFFIXES) / sizeof(SKIPPED_SUFFIXES[0]); i++) {
        if (slice_ends_with(name, slice_from_string(SKIPPED_SUFFIXES[i]))) {
            return false;
        }
    }
    return true;
}

static enum result add_file_name(struct file_names *names, const char *name)
{
    if (names->count == names->room) {
        size_t room = names->room == 0 ? NAMES_MIN : names->room * 2;
        char **items = memory_resize(names->account, names->items, room * sizeof(*items));
        if (items == NULL) {
            return RESULT_NO_MEMORY;
        }
        names->items = items;
        names->room = room;
    }
    char *copy = memory_copy_string(names->account, slice_from_string(name));
    if (copy == NULL) {
        return RESULT_NO_MEMORY;
    }
    names->items[names->count] = copy;
    names->count++;
    return RESULT_OK;
}

static void clear_file_names(struct file_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        memory_release(names->account, names->items[i]);
    }
    memory_release(names->account, names->items);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Reads the names of a folder's certificate files, sorted. */
static enum result read_folder(struct file_names *names, const char *path, struct text *error)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        text_append_format(error, "unable to scan directory '%s': %s", path,
                           strerrordesc_np(errno));
        return RESULT_FAILED;
    }
    enum result result = RESULT_OK;
    const struct dirent *entry;
    while (result == RESULT_OK && (entry = readdir(folder)) != NULL) {
        if (is_certificate_file(slice_from_string(entry->d_name))) {
            result = add_file_name(names, entry->d_name);
        }
    }
    (void)closedir(folder);
    if (result != RESULT_OK) {
        text_append_format(error, "no memory for the files of '%s'", path);
        return result;
    }
    if (names->count > 0) {
        qsort(names->items, names->count, sizeof(*names->items), compare_names);
    }
    return RESULT_OK;
}

/* The name without .rsa, .ecdsa or .dsa; the whole name when it has none of them. */
static struct slice stem_of(const char *name)
{
    struct slice all = slice_from_string(name);
    for (size_t i = 0; i < sizeof(BUNDLE_SUFFIXES) / sizeof(BUNDLE_SUFFIXES[0]); i++) {
        struct slice suffix = slice_from_string(BUNDLE_SUFFIXES[i]);
        if (slice_ends_with(all, suffix)) {
            return slice_first(all, all.length - suffix.length);
        }
    }
    return all;
}

static enum result load_folder_file(struct tls_certificates *store, const char *folder,
                                    const char *name, struct text *error)
{
    char path[PATH_MAX];
    struct text text = text_over(path, sizeof(path));
    text_append_format(&text, "%s/%s", folder, name);
    if (text.truncated) {
        text_append_format(error, "the path '%s/%s' is too long", folder, name);
        return RESULT_INVALID;
    }
    /* Folders and other things beside the files are passed over. */
    return file_exists(path) ? load_one(store, path, error) : RESULT_OK;
}

static enum result load_folder(struct tls_certificates *store, const char *path, struct text *error)
{
    struct file_names names = {.account = store->account};
    enum result result = read_folder(&names, path, error);
    for (size_t i = 0; result == RESULT_OK && i < names.count; i++) {
        bool is_mate = i > 0 && slice_equal(stem_of(names.items[i]), stem_of(names.items[i - 1]));
        store->bundles += is_mate ? 0 : 1;
        result = load_folder_file(store, path, names.items[i], error);
    }
    clear_file_names(&names);
    return result;
}

enum result tls_certificates_load(struct tls_certificates *store, const char *path,
                                  struct text *error)
{
    store->bundles++;
    struct stat status;
    if (stat(path, &status) == 0) {
        return S_ISDIR(status.st_mode) ? load_folder(store, path, error)
                                       : load_one(store, path, error);
    }
    int stat_error = errno;
    enum result result = store->no_bundles ? RESULT_NOT_FOUND : load_mates(store, path, error);
    if (result == RESULT_NOT_FOUND) {
        text_append_format(error, "unable to stat SSL certificate from file '%s' : %s", path,
                           strerrordesc_np(stat_error));
        result = RESULT_FAILED;
    }
    return result;
}
