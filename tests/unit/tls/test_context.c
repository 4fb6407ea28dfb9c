/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts: what a configuration may say, the errors in words, charges, and every allocation failed
 * in turn.
 */
#include "tls/tls.h"

#include "memory/fault.h"
#include "support/certificates.h"
#include "support/tls_pair.h"
#include "tls/context_internal.h"

struct fixture {
    struct test_folder folder;
    struct test_identity server;
    const char *crt, *ca;
    struct test_pair pair;
    char error_buffer[TEST_ERROR_BYTES];
    struct text error;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_folder_open(&fixture.folder);
    test_identity_make(&fixture.server,
                       &(struct test_request){.common_name = "a.test", .is_authority = true});
    fixture.crt = test_write_bundle(&fixture.folder, "server.pem", &fixture.server);
    char pem[TEST_PEM_SIZE] = "";
    test_append_certificate(pem, &fixture.server);
    fixture.ca = test_folder_write(&fixture.folder, "ca.pem", pem);
    test_pair_init(&fixture.pair);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    test_pair_deinit(&fixture->pair);
    test_identity_clear(&fixture->server);
    test_folder_close(&fixture->folder);
    return 0;
}

static enum result create(struct fixture *fixture, const struct tls_options *options,
                          struct tls_context **context)
{
    *context = NULL;
    fixture->error = text_over(fixture->error_buffer, sizeof(fixture->error_buffer));
    return tls_context_create(options, &fixture->pair.configuration, context, &fixture->error);
}

/* Expects a failure that says `words` and leaves nothing. */
static void expect_error(struct fixture *fixture, const struct tls_options *options,
                         enum result result, const char *words)
{
    struct tls_context *context;
    assert_int_equal(create(fixture, options, &context), result);
    assert_null(context);
    if (strstr(fixture->error.data, words) == NULL) {
        fail_msg("'%s' does not say '%s'", fixture->error.data, words);
    }
    assert_int_equal(fixture->pair.configuration.used, 0);
}

static void test_charges_and_gives_back(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options options = {
        .is_server = true, .certificates = &fixture->crt, .certificates_count = 1};
    struct tls_context *context;
    assert_int_equal(create(fixture, &options, &context), RESULT_OK);
    assert_true(fixture->pair.configuration.used > sizeof(*context));
    assert_true(context->has_tickets);
    tls_context_destroy(context);
    assert_int_equal(fixture->pair.configuration.used, 0);
    tls_context_destroy(NULL);
}

static void test_lists_of_protocols(void **state)
{
    struct fixture *fixture = *state;
    struct tls_context *context;
    assert_int_equal(create(fixture, &(struct tls_options){.alpn = "h2,http/1.1"}, &context),
                     RESULT_OK);
    assert_int_equal(context->protocols_count, 2);
    assert_memory_equal(context->protocols[1].data, "http/1.1", context->protocols[1].size);
    tls_context_destroy(context);
    expect_error(fixture, &(struct tls_options){.alpn = "h2,,http/1.1"}, RESULT_INVALID, "ALPN");
    expect_error(fixture, &(struct tls_options){.alpn = "a,b,c,d,e,f,g,h,i"}, RESULT_INVALID,
                 "ALPN");
}

static void test_errors_in_words(void **state)
{
    struct fixture *fixture = *state;
    const char *missing = "/nonexistent/site.pem";
    expect_error(fixture, &(struct tls_options){.is_server = true}, RESULT_INVALID,
                 "no SSL certificate specified");
    expect_error(
        fixture,
        &(struct tls_options){.is_server = true, .certificates = &missing, .certificates_count = 1},
        RESULT_FAILED, missing);
    expect_error(fixture, &(struct tls_options){.verify = TLS_VERIFY_REQUIRED}, RESULT_INVALID,
                 "verify is enabled but no CA file specified");
    expect_error(fixture, &(struct tls_options){.verify = TLS_VERIFY_REQUIRED, .ca_file = missing},
                 RESULT_FAILED, "unable to set CA file '/nonexistent/site.pem'");
    expect_error(fixture,
                 &(struct tls_options){
                     .verify = TLS_VERIFY_REQUIRED, .ca_file = fixture->ca, .crl_file = missing},
                 RESULT_FAILED, "unable to set CRL file");
    expect_error(fixture, &(struct tls_options){.ciphers = "NOTHING"}, RESULT_INVALID,
                 "cipher list");
}

static void test_strict_sni_needs_no_certificate(void **state)
{
    struct fixture *fixture = *state;
    struct tls_context *context;
    struct tls_options options = {.is_server = true, .strict_sni = true, .no_tickets = true};
    assert_int_equal(create(fixture, &options, &context), RESULT_OK);
    assert_null(context->ticket_key.data);
    tls_context_destroy(context);
}

static void test_every_allocation_failed_in_turn(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options options = {.is_server = true,
                                  .certificates = &fixture->crt,
                                  .certificates_count = 1,
                                  .alpn = "http/1.1",
                                  .verify_host = "a.test"};
    uint64_t nth = 1;
    do {
        struct tls_context *context;
        fault_fail_nth(fixture->pair.memory, nth, 0);
        enum result result = create(fixture, &options, &context);
        assert_true(result == RESULT_OK || result == RESULT_NO_MEMORY);
        tls_context_destroy(context);
        assert_int_equal(fixture->pair.configuration.used, 0);
        nth++;
    } while (fault_failed(fixture->pair.memory) > 0);
    assert_true(nth > 5);
    fault_fail_nth(fixture->pair.memory, 0, 0);
}

static void test_the_library_has_a_version(void **state)
{
    (void)state;
    assert_true(strlen(tls_library_version()) >= strlen("3.7.9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_charges_and_gives_back),
        cmocka_unit_test(test_lists_of_protocols),
        cmocka_unit_test(test_errors_in_words),
        cmocka_unit_test(test_strict_sni_needs_no_certificate),
        cmocka_unit_test(test_every_allocation_failed_in_turn),
        cmocka_unit_test(test_the_library_has_a_version),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
