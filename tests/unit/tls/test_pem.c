/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM files: chains, keys before and after, other blocks between, and what is wrong with a file in
 * words.
 */
#include "tls/pem.h"

#include "support/certificates.h"

enum { ERROR_SIZE = 512 };

static const char PARAMETERS[] = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                                 "-----END EC PARAMETERS-----\n";

struct fixture {
    struct test_folder folder;
    struct test_identity authority, server;
    char error_buffer[ERROR_SIZE];
    struct text error;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_folder_open(&fixture.folder);
    struct test_request authority = {.common_name = "Authority", .is_authority = true};
    test_identity_make(&fixture.authority, &authority);
    struct test_request server = {.common_name = "Server", .signer = &fixture.authority};
    test_identity_make(&fixture.server, &server);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    test_identity_clear(&fixture->authority);
    test_identity_clear(&fixture->server);
    test_folder_close(&fixture->folder);
    return 0;
}

static enum result load(struct fixture *fixture, struct pem_bundle *bundle, const char *path)
{
    fixture->error = text_over(fixture->error_buffer, sizeof(fixture->error_buffer));
    return pem_bundle_load(bundle, path, &fixture->error);
}

static void test_chain_and_key_in_any_order(void **state)
{
    struct fixture *fixture = *state;
    char pem[TEST_PEM_SIZE] = "";
    strncat(pem, PARAMETERS, sizeof(pem) - 1);
    test_append_key(pem, &fixture->server);
    test_append_certificate(pem, &fixture->server);
    test_append_certificate(pem, &fixture->authority);
    struct pem_bundle bundle;
    const char *path = test_folder_write(&fixture->folder, "chain.pem", pem);
    assert_int_equal(load(fixture, &bundle, path), RESULT_OK);
    assert_int_equal(bundle.count, 2);
    assert_non_null(bundle.key);
    assert_true(pem_bundle_key_matches(&bundle));
    pem_bundle_clear(&bundle);
    assert_null(bundle.key);
}

static void test_key_in_another_file(void **state)
{
    struct fixture *fixture = *state;
    char certificate[TEST_PEM_SIZE] = "";
    char key[TEST_PEM_SIZE] = "";
    char wrong_key[TEST_PEM_SIZE] = "";
    test_append_certificate(certificate, &fixture->server);
    test_append_key(key, &fixture->server);
    test_append_key(wrong_key, &fixture->authority);
    const char *path = test_folder_write(&fixture->folder, "alone.pem", certificate);
    const char *key_path = test_folder_write(&fixture->folder, "alone.pem.key", key);
    const char *wrong_path = test_folder_write(&fixture->folder, "wrong.key", wrong_key);
    struct pem_bundle bundle;
    assert_int_equal(load(fixture, &bundle, path), RESULT_OK);
    assert_null(bundle.key);
    assert_int_equal(pem_bundle_load_key(&bundle, path, &fixture->error), RESULT_INVALID);
    assert_non_null(strstr(fixture->error.data, "no private key found"));
    assert_int_equal(pem_bundle_load_key(&bundle, key_path, &fixture->error), RESULT_OK);
    assert_true(pem_bundle_key_matches(&bundle));
    pem_bundle_clear(&bundle);
    assert_int_equal(load(fixture, &bundle, path), RESULT_OK);
    assert_int_equal(pem_bundle_load_key(&bundle, wrong_path, &fixture->error), RESULT_OK);
    assert_false(pem_bundle_key_matches(&bundle));
    pem_bundle_clear(&bundle);
}

static void expect_error(struct fixture *fixture, const char *name, const char *content,
                         enum result result, const char *words)
{
    struct pem_bundle bundle;
    const char *path = test_folder_write(&fixture->folder, name, content);
    assert_int_equal(load(fixture, &bundle, path), result);
    assert_non_null(strstr(fixture->error.data, words));
    assert_non_null(strstr(fixture->error.data, path));
    assert_int_equal(bundle.count, 0);
}

static void test_errors_in_words(void **state)
{
    struct fixture *fixture = *state;
    struct pem_bundle bundle;
    assert_int_equal(load(fixture, &bundle, "/nonexistent/file.pem"), RESULT_FAILED);
    assert_non_null(strstr(fixture->error.data, "No such file or directory"));
    expect_error(fixture, "empty.pem", "", RESULT_INVALID, "unable to load SSL certificate");
    expect_error(fixture, "text.pem", "hello\n", RESULT_INVALID, "unable to load SSL certificate");
    char pem[TEST_PEM_SIZE] = "";
    test_append_certificate(pem, &fixture->server);
    size_t length = strlen(pem);
    strncat(pem,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            sizeof(pem) - length - 1);
    expect_error(fixture, "encrypted.pem", pem, RESULT_INVALID, "is encrypted");
    pem[length] = '\0';
    strncat(pem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            sizeof(pem) - length - 1);
    expect_error(fixture, "broken.pem", pem, RESULT_INVALID, "unable to load private key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain_and_key_in_any_order),
        cmocka_unit_test(test_key_in_another_file),
        cmocka_unit_test(test_errors_in_words),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
