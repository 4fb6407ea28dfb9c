/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where certificates come from: files with the key beside them, folders in order, bundles of keys,
 * and every allocation failed in turn.
 */
#include "memory/fault.h"
#include "support/certificates.h"
#include <errno.h>

#include "tls/certificate.h"
#include "tls/tls.h"

enum { ERROR_SIZE = 512 };

struct fixture {
    struct test_folder folder;
    struct test_identity curve, rsa;
    struct memory *memory;
    struct account account;
    char error_buffer[ERROR_SIZE];
    struct text error;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_folder_open(&fixture.folder);
    test_identity_make(&fixture.curve, &(struct test_request){.common_name = "a.test"});
    test_identity_make(&fixture.rsa,
                       &(struct test_request){.common_name = "a.test", .algorithm = GNUTLS_PK_RSA});
    struct memory_options options = {.workers = 1};
    assert_int_equal(memory_create(&options, &fixture.memory), RESULT_OK);
    account_init(&fixture.account, memory_ledger(fixture.memory, 0), ACCOUNT_CONFIGURATION, 0);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    test_identity_clear(&fixture->curve);
    test_identity_clear(&fixture->rsa);
    account_deinit(&fixture->account);
    memory_destroy(fixture->memory, true);
    test_folder_close(&fixture->folder);
    return 0;
}

static enum result load(struct fixture *fixture, struct tls_certificates *store, const char *path)
{
    fixture->error = text_over(fixture->error_buffer, sizeof(fixture->error_buffer));
    enum result result = tls_certificates_init(store, &fixture->account);
    return result == RESULT_OK ? tls_certificates_load(store, path, &fixture->error) : result;
}

static const char *write_part(struct fixture *fixture, const char *name,
                              const struct test_identity *certificate,
                              const struct test_identity *key)
{
    char pem[TEST_PEM_SIZE] = "";
    if (certificate != NULL) {
        test_append_certificate(pem, certificate);
    }
    if (key != NULL) {
        test_append_key(pem, key);
    }
    return test_folder_write(&fixture->folder, name, pem);
}

static void forget_files(struct fixture *fixture)
{
    for (unsigned i = 0; i < fixture->folder.count; i++) {
        assert_int_equal(unlink(fixture->folder.files[i]), 0);
    }
    fixture->folder.count = 0;
}

static void test_the_key_beside_the_file(void **state)
{
    struct fixture *fixture = *state;
    struct tls_certificates store;
    const char *path = write_part(fixture, "site.crt", &fixture->curve, NULL);
    assert_int_equal(load(fixture, &store, path), RESULT_INVALID);
    assert_non_null(strstr(fixture->error.data, "No Private Key found"));
    tls_certificates_deinit(&store);
    write_part(fixture, "site.key", NULL, &fixture->curve);
    assert_int_equal(load(fixture, &store, path), RESULT_OK);
    tls_certificates_deinit(&store);
    /* <file>.key is looked for first. */
    write_part(fixture, "site.crt.key", NULL, &fixture->rsa);
    assert_int_equal(load(fixture, &store, path), RESULT_INVALID);
    assert_non_null(strstr(fixture->error.data, "inconsistencies between private key"));
    tls_certificates_deinit(&store);
    forget_files(fixture);
}

static void test_a_folder_in_order(void **state)
{
    struct fixture *fixture = *state;
    write_part(fixture, "b.pem", &fixture->rsa, &fixture->rsa);
    write_part(fixture, "a.pem", &fixture->curve, NULL);
    write_part(fixture, "a.pem.key", NULL, &fixture->curve);
    write_part(fixture, ".hidden.pem", NULL, &fixture->curve);
    write_part(fixture, "a.pem.ocsp", NULL, &fixture->curve);
    write_part(fixture, "both.ecdsa", &fixture->curve, &fixture->curve);
    write_part(fixture, "both.rsa", &fixture->rsa, &fixture->rsa);
    struct tls_certificates store;
    assert_int_equal(load(fixture, &store, fixture->folder.path), RESULT_OK);
    assert_int_equal(store.count, 4);
    assert_int_equal(store.items[0].algorithm, GNUTLS_PK_ECDSA);
    assert_int_equal(store.items[1].algorithm, GNUTLS_PK_RSA);
    assert_int_not_equal(store.items[0].bundle, store.items[1].bundle);
    assert_int_equal(store.items[2].bundle, store.items[3].bundle);
    assert_true(fixture->account.used > 0);
    tls_certificates_deinit(&store);
    assert_int_equal(fixture->account.used, 0);
    forget_files(fixture);
}

static void test_a_stem_of_a_bundle(void **state)
{
    struct fixture *fixture = *state;
    write_part(fixture, "both.rsa", &fixture->rsa, &fixture->rsa);
    write_part(fixture, "both.ecdsa", &fixture->curve, &fixture->curve);
    char stem[TEST_PATH_SIZE];
    struct text text = text_over(stem, sizeof(stem));
    text_append_format(&text, "%s/both", fixture->folder.path);
    struct tls_certificates store;
    assert_int_equal(load(fixture, &store, stem), RESULT_OK);
    assert_int_equal(store.count, 2);
    assert_int_equal(store.items[0].bundle, store.items[1].bundle);
    tls_certificates_deinit(&store);
    assert_true(tls_certificate_exists(stem, true));
    assert_false(tls_certificate_exists(stem, false));
    assert_int_equal(errno, ENOENT);
    text_append_string(&text, ".rsa");
    assert_true(tls_certificate_exists(stem, false));
    forget_files(fixture);
}

static void test_what_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    struct tls_certificates store;
    assert_int_equal(load(fixture, &store, "/nonexistent/site.pem"), RESULT_FAILED);
    assert_non_null(strstr(fixture->error.data,
                           "unable to stat SSL certificate from file '/nonexistent/site.pem' : "
                           "No such file or directory"));
    tls_certificates_deinit(&store);
}

static void test_every_allocation_failed_in_turn(void **state)
{
    struct fixture *fixture = *state;
    write_part(fixture, "a.pem", &fixture->curve, &fixture->curve);
    write_part(fixture, "b.pem", &fixture->rsa, &fixture->rsa);
    uint64_t nth = 1;
    do {
        struct tls_certificates store;
        fault_fail_nth(fixture->memory, nth, 0);
        enum result result = load(fixture, &store, fixture->folder.path);
        assert_true(result == RESULT_OK || result == RESULT_NO_MEMORY);
        tls_certificates_deinit(&store);
        assert_int_equal(fixture->account.used, 0);
        nth++;
    } while (fault_failed(fixture->memory) > 0);
    assert_true(nth > 8);
    fault_fail_nth(fixture->memory, 0, 0);
    forget_files(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_key_beside_the_file),
        cmocka_unit_test(test_a_folder_in_order),
        cmocka_unit_test(test_a_stem_of_a_bundle),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_every_allocation_failed_in_turn),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
