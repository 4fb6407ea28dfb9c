/* SPDX-License-Identifier: Apache-2.0 */
/* TLS arguments of bind and server lines: each one alone, where it may stand, and the messages. */
#include "config/arguments.h"
#include "support/config.h"

enum { WORDS = 2 };

/* A reader outside of any file. */
struct fixture {
    struct test_config *test;
    struct config_reader reader;
    unsigned used;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->test = test_config_open();
    test_config_reader(fixture->test, &fixture->reader);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    test_config_close(fixture->test);
    free(fixture);
    return 0;
}

/* Reads one argument; `value` NULL: there is no word behind it. */
static enum result read_argument(struct fixture *fixture, const char *name, const char *value,
                                 struct tls_options *tls)
{
    const char *const words[WORDS] = {name, value};
    text_clear(&fixture->reader.error);
    fixture->used = 0;
    return config_read_tls_argument(&fixture->reader, words, value != NULL ? 2 : 1, tls, false,
                                    &fixture->used);
}

static void assert_said(struct fixture *fixture, const char *message)
{
    assert_string_equal(fixture->reader.error.data, message);
}

static void texts_are_copied(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options bind = {.is_server = true};
    struct tls_options server = {0};
    char word[] = "http/1.1";
    assert_int_equal(read_argument(fixture, "alpn", word, &bind), RESULT_OK);
    assert_int_equal(fixture->used, 2);
    word[0] = 'X';
    assert_string_equal(bind.alpn, "http/1.1");
    assert_int_equal(read_argument(fixture, "no-alpn", NULL, &bind), RESULT_OK);
    assert_int_equal(fixture->used, 1);
    assert_null(bind.alpn);
    assert_int_equal(read_argument(fixture, "ciphers", "A", &bind), RESULT_OK);
    assert_int_equal(read_argument(fixture, "ciphersuites", "B", &bind), RESULT_OK);
    assert_int_equal(read_argument(fixture, "curves", "C", &bind), RESULT_OK);
    assert_string_equal(bind.ciphers, "A");
    assert_string_equal(bind.ciphersuites, "B");
    assert_string_equal(bind.curves, "C");
    assert_int_equal(read_argument(fixture, "ecdhe", "D", &bind), RESULT_OK);
    assert_string_equal(bind.curves, "D");
    assert_int_equal(read_argument(fixture, "verifyhost", "a.example", &server), RESULT_OK);
    assert_string_equal(server.verify_host, "a.example");
}

static void files_must_be_there(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options tls = {0};
    test_config_write("ca.pem", "");
    assert_int_equal(read_argument(fixture, "ca-file", "ca.pem", &tls), RESULT_OK);
    assert_string_equal(tls.ca_file, "ca.pem");
    assert_int_equal(read_argument(fixture, "ca-file", "@system-ca", &tls), RESULT_OK);
    assert_string_equal(tls.ca_file, "@system-ca");
    assert_int_equal(read_argument(fixture, "crl-file", "none.pem", &tls), RESULT_INVALID);
    assert_said(fixture, "Couldn't open the crl-file 'none.pem' (No such file or directory).");
    fixture->test->configuration.global.ca_base = "/base";
    assert_int_equal(read_argument(fixture, "ca-file", "ca.pem", &tls), RESULT_INVALID);
    assert_said(fixture, "Couldn't open the ca-file '/base/ca.pem' (No such file or directory).");
    assert_int_equal(read_argument(fixture, "ca-file", "@system-ca", &tls), RESULT_OK);
    assert_string_equal(tls.ca_file, "@system-ca");
}

static void versions_are_a_range(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *name;
        const char *value;
        enum tls_version least, most;
    } STEPS[] = {
        {"ssl-min-ver", "TLSv1.0", TLS_VERSION_1_0, TLS_VERSION_DEFAULT},
        {"no-tlsv10", NULL, TLS_VERSION_1_1, TLS_VERSION_DEFAULT},
        {"no-tlsv10", NULL, TLS_VERSION_1_1, TLS_VERSION_DEFAULT},
        {"no-tlsv11", NULL, TLS_VERSION_1_2, TLS_VERSION_DEFAULT},
        {"no-sslv3", NULL, TLS_VERSION_1_2, TLS_VERSION_DEFAULT},
        {"no-tlsv13", NULL, TLS_VERSION_1_2, TLS_VERSION_1_2},
        {"ssl-max-ver", "TLSv1.1", TLS_VERSION_1_2, TLS_VERSION_1_1},
        {"no-tlsv13", NULL, TLS_VERSION_1_2, TLS_VERSION_1_1},
        {"ssl-max-ver", "TLSv1.3", TLS_VERSION_1_2, TLS_VERSION_1_3},
        {"no-tlsv12", NULL, TLS_VERSION_1_3, TLS_VERSION_1_3},
        {"force-tlsv10", NULL, TLS_VERSION_1_0, TLS_VERSION_1_0},
        {"force-tlsv11", NULL, TLS_VERSION_1_1, TLS_VERSION_1_1},
        {"force-tlsv12", NULL, TLS_VERSION_1_2, TLS_VERSION_1_2},
        {"force-tlsv13", NULL, TLS_VERSION_1_3, TLS_VERSION_1_3},
    };
    struct tls_options tls = {.is_server = true};
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
        assert_int_equal(read_argument(fixture, STEPS[i].name, STEPS[i].value, &tls), RESULT_OK);
        assert_int_equal(tls.min_version, STEPS[i].least);
        assert_int_equal(tls.max_version, STEPS[i].most);
    }
    assert_int_equal(read_argument(fixture, "ssl-min-ver", "TLSv1", &tls), RESULT_INVALID);
    assert_said(fixture, "'TLSv1' : unknown ssl/tls version");
    assert_int_equal(read_argument(fixture, "ssl-max-ver", "tlsv1.2", &tls), RESULT_INVALID);
    assert_said(fixture, "'tlsv1.2' : unknown ssl/tls version");
}

/* What is not spoken by default is not brought back by excluding something else. */
static void exclusions_add_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct global_settings *global = &fixture->test->configuration.global;
    struct tls_options bind = {.is_server = true};
    struct tls_options server = {0};
    assert_int_equal(read_argument(fixture, "no-tlsv10", NULL, &bind), RESULT_OK);
    assert_int_equal(read_argument(fixture, "no-tlsv11", NULL, &server), RESULT_OK);
    assert_int_equal(bind.min_version, TLS_VERSION_DEFAULT);
    assert_int_equal(server.min_version, TLS_VERSION_DEFAULT);
    global->default_bind_min = TLS_VERSION_1_0;
    global->default_server_min = TLS_VERSION_1_1;
    assert_int_equal(read_argument(fixture, "no-tlsv10", NULL, &bind), RESULT_OK);
    assert_int_equal(read_argument(fixture, "no-tlsv11", NULL, &server), RESULT_OK);
    assert_int_equal(bind.min_version, TLS_VERSION_1_1);
    assert_int_equal(server.min_version, TLS_VERSION_1_2);
}

static void verification_is_read(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options bind = {.is_server = true};
    struct tls_options server = {0};
    assert_int_equal(read_argument(fixture, "verify", "optional", &bind), RESULT_OK);
    assert_int_equal(bind.verify, TLS_VERIFY_OPTIONAL);
    assert_int_equal(read_argument(fixture, "verify", "required", &bind), RESULT_OK);
    assert_int_equal(bind.verify, TLS_VERIFY_REQUIRED);
    assert_int_equal(read_argument(fixture, "verify", "none", &bind), RESULT_OK);
    assert_int_equal(bind.verify, TLS_VERIFY_NONE);
    assert_int_equal(read_argument(fixture, "verify", "Required", &bind), RESULT_INVALID);
    assert_said(fixture, "'verify' : unknown verify method 'Required', only 'none', 'optional', "
                         "and 'required' are supported");
    assert_int_equal(read_argument(fixture, "verify", "optional", &server), RESULT_INVALID);
    assert_said(fixture, "'verify' : unknown verify method 'optional', only 'none' and 'required' "
                         "are supported");
}

static void flags_are_read(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options tls = {.is_server = true};
    assert_int_equal(read_argument(fixture, "strict-sni", NULL, &tls), RESULT_OK);
    assert_int_equal(read_argument(fixture, "no-tls-tickets", NULL, &tls), RESULT_OK);
    assert_int_equal(read_argument(fixture, "prefer-client-ciphers", NULL, &tls), RESULT_OK);
    assert_true(tls.strict_sni && tls.no_tickets && tls.prefer_client_ciphers);
    assert_int_equal(read_argument(fixture, "no-strict-sni", NULL, &tls), RESULT_OK);
    assert_int_equal(read_argument(fixture, "tls-tickets", NULL, &tls), RESULT_OK);
    assert_false(tls.strict_sni || tls.no_tickets);
    /* a word behind a flag is not the flag's */
    assert_int_equal(read_argument(fixture, "strict-sni", "crt", &tls), RESULT_OK);
    assert_int_equal(fixture->used, 1);
}

/* Every row refuses to be without its value, and stands only where it is said to. */
static void places_are_kept(void **state)
{
    struct fixture *fixture = *state;
    for (const struct tls_argument *row = TLS_ARGUMENTS; row->name != NULL; row++) {
        struct tls_options bind = {.is_server = true};
        struct tls_options server = {0};
        char message[256];
        enum result missing = row->missing == NULL ? RESULT_OK : RESULT_INVALID;
        bool is_on_bind = (row->places & TLS_ON_BIND) != 0;
        bool is_on_server = (row->places & TLS_ON_SERVER) != 0;
        assert_true(is_on_bind || is_on_server);
        assert_int_equal(read_argument(fixture, row->name, NULL, &bind),
                         is_on_bind ? missing : RESULT_NOT_FOUND);
        assert_int_equal(read_argument(fixture, row->name, NULL, &server),
                         is_on_server ? missing : RESULT_NOT_FOUND);
        if (is_on_server && row->missing != NULL) {
            snprintf(message, sizeof(message), "'%s' : %s", row->name, row->missing);
            assert_said(fixture, message);
        }
    }
    struct tls_options tls = {0};
    assert_int_equal(read_argument(fixture, "sslv3", "x", &tls), RESULT_NOT_FOUND);
    assert_int_equal(read_argument(fixture, "", "x", &tls), RESULT_NOT_FOUND);
}

static void protocols_are_trimmed(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *alpn;
        const char *kept;
        unsigned notices;
    } ROWS[] = {
        {"http/1.1", "http/1.1", 0},
        {"h2,http/1.1", "http/1.1", 1},
        {"http/1.1,h2,http/1.0", "http/1.1,http/1.0", 1},
        {"h3,h2", NULL, 1}, /* h3 is for QUIC addresses, which offer it by themselves */
        {"h2", NULL, 1},
        {"h22,xh2", "h22,xh2", 0},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct tls_options tls = {.alpn = ROWS[i].alpn};
        fixture->test->notices = 0;
        config_trim_alpn(&fixture->reader, &tls);
        assert_int_equal(fixture->test->notices, ROWS[i].notices);
        if (ROWS[i].kept == NULL) {
            assert_null(tls.alpn);
        } else {
            assert_string_equal(tls.alpn, ROWS[i].kept);
        }
    }
    assert_non_null(strstr(fixture->test->bytes,
                           "N parsing [t.cfg:1] : 'alpn' : 'h2' is not offered, this version of "
                           "weir speaks HTTP/1.1.\n"));
}

static void refused_memory_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options tls = {.is_server = true};
    fault_fail_nth(fixture->test->memory, 1, 0);
    assert_int_equal(read_argument(fixture, "ciphers", "A", &tls), RESULT_NO_MEMORY);
    assert_said(fixture, "out of memory.");
    assert_null(tls.ciphers);
    fault_fail_nth(fixture->test->memory, 1, 0);
    assert_int_equal(read_argument(fixture, "ca-file", "A", &tls), RESULT_INVALID);
    assert_said(fixture, "out of memory.");
    fault_fail_nth(fixture->test->memory, 1, 0);
    fixture->reader.lacks_memory = false;
    tls.alpn = "http/1.1";
    config_trim_alpn(&fixture->reader, &tls);
    assert_true(fixture->reader.lacks_memory); /* the line is refused for it */
    fault_fail_nth(fixture->test->memory, 0, 0);
}

#define WITH_FIXTURE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(texts_are_copied),       WITH_FIXTURE(files_must_be_there),
        WITH_FIXTURE(versions_are_a_range),   WITH_FIXTURE(exclusions_add_nothing),
        WITH_FIXTURE(verification_is_read),   WITH_FIXTURE(flags_are_read),
        WITH_FIXTURE(places_are_kept),        WITH_FIXTURE(protocols_are_trimmed),
        WITH_FIXTURE(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
