/* SPDX-License-Identifier: Apache-2.0 */
/* The statuses of retry-on have a bit each; those of all-retryable-errors are the manual's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/retry.h"
#include "proxy/settings.h"

static const uint16_t MANUAL[] = {401, 403, 404, 408, 421, 425, 429, 500, 501, 502, 503, 504};

static void test_each_status_has_a_bit_of_its_own(void **state)
{
    (void)state;
    uint32_t seen = RETRY_CONN_FAILURE | RETRY_EMPTY_RESPONSE | RETRY_JUNK_RESPONSE |
                    RETRY_RESPONSE_TIMEOUT | RETRY_0RTT_REJECTED;
    unsigned known = 0;
    for (unsigned status = 0; status < 1000; status++) {
        uint32_t bit = retry_of_status((uint16_t)status);
        if (bit != 0) {
            assert_int_equal(bit & (bit - 1), 0);
            assert_int_equal(seen & bit, 0);
            assert_int_equal(status, MANUAL[known]);
            seen |= bit;
            known++;
        }
    }
    assert_int_equal(known, sizeof(MANUAL) / sizeof(MANUAL[0]));
}

static void test_all_errors(void **state)
{
    (void)state;
    uint32_t all = retry_of_all_errors();
    assert_int_equal(all & RETRY_CONN_FAILURE, RETRY_CONN_FAILURE);
    assert_int_equal(all & RETRY_0RTT_REJECTED, RETRY_0RTT_REJECTED);
    for (unsigned i = 0; i < sizeof(MANUAL) / sizeof(MANUAL[0]); i++) {
        uint16_t status = MANUAL[i];
        int is_in = status == 500 || status >= 502;
        assert_int_equal((all & retry_of_status(status)) != 0, is_in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_status_has_a_bit_of_its_own),
        cmocka_unit_test(test_all_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
