/* SPDX-License-Identifier: Apache-2.0 */
/* Basic credentials: good ones, other schemes, every kind of bad base64, small buffers. */
#include "http/auth.h"

#include "support/http.h"

struct auth_case {
    const char *value;
    enum result result;
    const char *user;
    const char *password;
};

static const struct auth_case CASES[] = {
    {"Basic dXNlcjpwYXNz", RESULT_OK, "user", "pass"},
    {"basic dXNlcjpwYXNz", RESULT_OK, "user", "pass"},
    {"BASIC   dXNlcjpwYXNz  ", RESULT_OK, "user", "pass"},
    {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", RESULT_OK, "Aladdin", "open sesame"},
    {"Basic dTpwOnA=", RESULT_OK, "u", "p:p"},
    {"Basic dTo=", RESULT_OK, "u", ""},
    {"Basic OnA=", RESULT_OK, "", "p"},
    {"Basic Og==", RESULT_OK, "", ""},
    {"Basic dTr/+w==", RESULT_OK, "u", "\xff\xfb"},
    {"Bearer dXNlcjpwYXNz", RESULT_NOT_FOUND, NULL, NULL},
    {"Basi dXNlcjpwYXNz", RESULT_NOT_FOUND, NULL, NULL},
    {"BasicdXNlcjpwYXNz", RESULT_NOT_FOUND, NULL, NULL},
    {"", RESULT_NOT_FOUND, NULL, NULL},
    {"Basic", RESULT_INVALID, NULL, NULL},
    {"Basic ", RESULT_INVALID, NULL, NULL},
    {"Basic dXNlcg==", RESULT_INVALID, NULL, NULL},     /* no colon */
    {"Basic dXNlcjpwYXN", RESULT_INVALID, NULL, NULL},  /* no padding */
    {"Basic dXNl=jpwYXNz", RESULT_INVALID, NULL, NULL}, /* padding inside */
    {"Basic dTo===", RESULT_INVALID, NULL, NULL},
    {"Basic ====", RESULT_INVALID, NULL, NULL},
    {"Basic dXNl cjpwYXNz", RESULT_INVALID, NULL, NULL},
    {"Basic dXNl_jpwYXNz", RESULT_INVALID, NULL, NULL}, /* the URL alphabet */
    {"Basic dTp=", RESULT_INVALID, NULL, NULL},         /* bits behind the last byte */
    {"Basic Ox==", RESULT_INVALID, NULL, NULL},
    {"Basic AHU6cA==", RESULT_INVALID, NULL, NULL}, /* a NUL in it */
    {"Basic dXNlcjpwYXNz, x", RESULT_INVALID, NULL, NULL},
};

static void test_cases(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char buffer[HTTP_AUTH_BYTES_MAX];
        struct http_credentials credentials;
        enum result result = http_auth_parse_basic(slice_from_string(CASES[i].value), buffer,
                                                   sizeof(buffer), &credentials);
        if (result != CASES[i].result) {
            print_error("%s: %s\n", CASES[i].value, result_name(result));
        }
        assert_int_equal(result, CASES[i].result);
        if (result == RESULT_OK) {
            test_http_assert_slice(credentials.user, CASES[i].user);
            test_http_assert_slice(credentials.password, CASES[i].password);
        }
    }
    char buffer[8];
    struct http_credentials credentials;
    assert_int_equal(http_auth_parse_basic(SLICE_NONE, buffer, sizeof(buffer), &credentials),
                     RESULT_NOT_FOUND);
}

static void test_buffer_of_every_size(void **state)
{
    (void)state;
    struct slice value = SLICE("Basic dXNlcjpwYXNzOg=="); /* user:pass: */
    for (size_t size = 0; size <= 16; size++) {
        char *buffer = malloc(size == 0 ? 1 : size); /* so that a sanitizer sees one byte more */
        struct http_credentials credentials;
        assert_int_equal(http_auth_parse_basic(value, buffer, size, &credentials),
                         size >= 12 ? RESULT_OK : RESULT_FULL);
        free(buffer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_buffer_of_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
