/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates by name: exact before wildcard, one label for a star, elliptic curves before RSA
 * where the client can, the default, and a store with many names.
 */
#include "tls/certificate.h"

#include "support/certificates.h"
#include "tls/certificate_internal.h"

enum { ERROR_SIZE = 512 };

struct fixture {
    struct test_folder folder;
    struct memory *memory;
    struct account account;
    struct tls_certificates store;
    char error_buffer[ERROR_SIZE];
    struct text error;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_folder_open(&fixture.folder);
    struct memory_options options = {.workers = 1};
    assert_int_equal(memory_create(&options, &fixture.memory), RESULT_OK);
    account_init(&fixture.account, memory_ledger(fixture.memory, 0), ACCOUNT_CONFIGURATION, 0);
    fixture.error = text_over(fixture.error_buffer, sizeof(fixture.error_buffer));
    assert_int_equal(tls_certificates_init(&fixture.store, &fixture.account), RESULT_OK);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    tls_certificates_deinit(&fixture->store);
    assert_int_equal(fixture->account.used, 0);
    account_deinit(&fixture->account);
    memory_destroy(fixture->memory, true);
    test_folder_close(&fixture->folder);
    return 0;
}

/* Adds a certificate with the names of `request`; gives its index. */
static size_t add(struct fixture *fixture, const char *name, const struct test_request *request,
                  bool is_mate)
{
    struct test_identity identity;
    test_identity_make(&identity, request);
    struct pem_bundle bundle;
    const char *path = test_write_bundle(&fixture->folder, name, &identity);
    assert_int_equal(pem_bundle_load(&bundle, path, &fixture->error), RESULT_OK);
    fixture->store.bundles += is_mate ? 0 : 1;
    assert_int_equal(tls_certificates_add(&fixture->store, &bundle, path, &fixture->error),
                     RESULT_OK);
    pem_bundle_clear(&bundle);
    test_identity_clear(&identity);
    return fixture->store.count - 1;
}

static bool supports_all(void *argument, gnutls_pk_algorithm_t algorithm)
{
    (void)argument;
    (void)algorithm;
    return true;
}

static bool supports_rsa(void *argument, gnutls_pk_algorithm_t algorithm)
{
    (void)argument;
    return algorithm == GNUTLS_PK_RSA;
}

/* Index of what is found, or -1. */
static int find(const struct fixture *fixture, const char *name, bool only_rsa)
{
    const struct tls_certificate *found = tls_certificates_find(
        &fixture->store, slice_from_string(name), only_rsa ? supports_rsa : supports_all, NULL);
    return found == NULL ? -1 : (int)(found - fixture->store.items);
}

static void test_names_and_wildcards(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "a", &(struct test_request){.common_name = "first.test"}, false);
    add(fixture, "b",
        &(struct test_request){.common_name = "Wild",
                               .dns_names = {"*.wild.test", "Mixed.Case.TEST"}},
        false);
    add(fixture, "c",
        &(struct test_request){.common_name = "exact.wild.test", .dns_names = {"exact.wild.test"}},
        false);
    assert_int_equal(find(fixture, "first.test", false), 0);
    assert_int_equal(find(fixture, "any.wild.test", false), 1);
    assert_int_equal(find(fixture, "exact.wild.test", false), 2);
    assert_int_equal(find(fixture, "EXACT.wild.TEST", false), 2);
    assert_int_equal(find(fixture, "mixed.case.test", false), 1);
    assert_int_equal(find(fixture, "two.labels.wild.test", false), -1);
    assert_int_equal(find(fixture, "wild.test", false), -1);
    assert_int_equal(find(fixture, ".wild.test", false), -1);
    assert_int_equal(find(fixture, "other.test", false), -1);
    assert_int_equal(find(fixture, "", false), -1);
    assert_ptr_equal(tls_certificates_default(&fixture->store, supports_all, NULL),
                     &fixture->store.items[0]);
}

static void test_the_key_that_the_client_supports(void **state)
{
    struct fixture *fixture = *state;
    struct test_request request = {.common_name = "both.test", .algorithm = GNUTLS_PK_RSA};
    size_t rsa = add(fixture, "rsa", &request, false);
    request.algorithm = GNUTLS_PK_ECDSA;
    size_t curve = add(fixture, "curve", &request, true);
    assert_int_equal(find(fixture, "both.test", false), (int)curve);
    assert_int_equal(find(fixture, "both.test", true), (int)rsa);
    assert_int_equal(fixture->store.items[rsa].bundle, fixture->store.items[curve].bundle);
    /* A second certificate of the same name and kind does not displace the first. */
    add(fixture, "again", &request, false);
    assert_int_equal(find(fixture, "both.test", false), (int)curve);
}

static void test_many_names_in_one_store(void **state)
{
    struct fixture *fixture = *state;
    enum { COUNT = 12 };
    size_t first = fixture->store.count;
    for (unsigned i = 0; i < COUNT; i++) {
        char name[32], second[32], file[32];
        struct text text = text_over(name, sizeof(name));
        text_append_format(&text, "host%u.test", i);
        text = text_over(second, sizeof(second));
        text_append_format(&text, "alias%u.test", i);
        text = text_over(file, sizeof(file));
        text_append_format(&text, "many%u", i);
        add(fixture, file, &(struct test_request){.common_name = name, .dns_names = {name, second}},
            false);
    }
    assert_int_equal(find(fixture, "host0.test", false), (int)first);
    assert_int_equal(find(fixture, "alias11.test", false), (int)(first + COUNT - 1));
    assert_true(fixture->store.names.mask + 1 >= fixture->store.names.count);
}

static void test_the_default_of_an_empty_store(void **state)
{
    struct fixture *fixture = *state;
    struct tls_certificates empty;
    assert_int_equal(tls_certificates_init(&empty, &fixture->account), RESULT_OK);
    assert_null(tls_certificates_default(&empty, supports_all, NULL));
    assert_null(tls_certificates_find(&empty, SLICE("a.test"), supports_all, NULL));
    tls_certificates_deinit(&empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_wildcards),
        cmocka_unit_test(test_the_key_that_the_client_supports),
        cmocka_unit_test(test_many_names_in_one_store),
        cmocka_unit_test(test_the_default_of_an_empty_store),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
