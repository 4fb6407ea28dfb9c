/* SPDX-License-Identifier: Apache-2.0 */
/* QUIC of a worker and of its bind lines: made at the first need, with the line's own words. */
#include "proxy/quic.h"

#include "support/site.h"

static void test_made_at_the_first_need(void **state)
{
    (void)state;
    static struct site site;
    site_open(&site);
    site_start(&site);
    char text[256] = "";
    struct text error = text_over(text, sizeof(text));
    struct bind_settings settings = {
        .is_quic = true,
        .quic = {.algorithm = QUIC_CC_NEWRENO, .window_max = 7777, .force_retry = true}};
    struct bind first = {.settings = &settings, .proxy = site.frontend};
    struct bind second = first;
    assert_null(site.worker.quic);
    site.configuration.global.quic.streams_bidi_max = 33;
    assert_int_equal(quic_bind_create(&first, &error), RESULT_OK);
    assert_non_null(site.worker.quic);
    struct quic_endpoint *endpoint = site.worker.quic->endpoint;
    assert_int_equal(quic_bind_create(&second, &error), RESULT_OK);
    assert_ptr_equal(site.worker.quic->endpoint, endpoint); /* one a worker */
    assert_int_equal(first.quic_settings.cc.algorithm, QUIC_CC_NEWRENO);
    assert_int_equal(first.quic_settings.cc.window_max, 7777);
    assert_int_equal(first.quic_settings.streams_bidi_max, 33);
    assert_true(first.quic_settings.force_retry);
    assert_ptr_equal(first.quic->owner, &first);
    quic_bind_destroy(&first);
    quic_bind_destroy(&first);
    quic_bind_destroy(&second);
    assert_null(first.quic);
    site_close(&site);
}

static void test_not_in_tcp_mode(void **state)
{
    (void)state;
    static struct site site;
    site_open(&site);
    site.front.mode = PROXY_MODE_TCP;
    site_start(&site);
    char text[256] = "";
    struct text error = text_over(text, sizeof(text));
    const struct bind_settings settings = {.is_quic = true};
    struct bind bind = {.settings = &settings, .proxy = site.frontend};
    assert_int_equal(quic_bind_create(&bind, &error), RESULT_INVALID);
    assert_string_equal(text, "a QUIC listener needs 'mode http'");
    assert_null(site.worker.quic);
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_at_the_first_need),
        cmocka_unit_test(test_not_in_tcp_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
