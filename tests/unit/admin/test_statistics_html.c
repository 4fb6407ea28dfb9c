/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page's HTML: escaping, states, actions, what the settings hide and show, its bound.
 */
#include "admin/statistics_html.h"

#include "support/admin.h"

struct sheet {
    struct admin_world test;
    struct statistics_query query;
    struct statistics_html page;
    char bytes[STATISTICS_HTML_PIECE_MAX];
    struct text text;
};

static void open_sheet(struct sheet *sheet)
{
    admin_world_prepare(&sheet->test, false);
    sheet->query = (struct statistics_query){0};
    sheet->page = (struct statistics_html){.worker = &sheet->test.world.worker,
                                           .settings = &sheet->test.world.settings.statistics,
                                           .query = &sheet->query,
                                           .now_ms = 5000};
    sheet->text = text_over(sheet->bytes, sizeof(sheet->bytes));
}

static void assert_has(const struct sheet *sheet, const char *part)
{
    if (strstr(sheet->bytes, part) == NULL) {
        fail_msg("no '%s' in '%s'", part, sheet->bytes);
    }
}

static void write_server(struct sheet *sheet)
{
    struct statistics_object server = admin_object(&sheet->test, STATISTICS_SERVER);
    text_clear(&sheet->text);
    html_append_row(&sheet->text, &sheet->page, &server);
}

static void test_start(void **state)
{
    (void)state;
    struct sheet sheet;
    open_sheet(&sheet);
    struct statistics_settings *settings = &sheet.test.world.settings.statistics;
    settings->description = "<i>&\"'";
    settings->show_node = true;
    world_start(&sheet.test.world);
    html_append_start(&sheet.text, &sheet.page);
    assert_has(&sheet, "<title>Statistics of node-a</title>");
    assert_has(&sheet, "weir 1.2.3");
    assert_has(&sheet, "&lt;i&gt;&amp;&quot;&#39;");
    assert_has(&sheet, "href=\"/stats;csv\"");
    assert_has(&sheet, "href=\"/stats;up\"");
    assert_null(strstr(sheet.bytes, "norefresh"));
    assert_null(strstr(sheet.bytes, "role=\"status\""));
    settings->hide_version = true;
    settings->refresh_seconds = 5;
    settings->node = "other";
    sheet.query.outcome = OUTCOME_DONE;
    sheet.query.only_up = true;
    text_clear(&sheet.text);
    html_append_start(&sheet.text, &sheet.page);
    assert_null(strstr(sheet.bytes, "1.2.3"));
    assert_has(&sheet, "Statistics of other");
    assert_has(&sheet, "href=\"/stats;up;norefresh\"");
    assert_has(&sheet, "<p role=\"status\" class=\"told up\">Action processed successfully.</p>");
    assert_has(&sheet, "href=\"/stats\">Show all servers");
    assert_false(sheet.text.truncated);
    admin_world_close(&sheet.test);
}

static void test_states(void **state)
{
    (void)state;
    struct sheet sheet;
    open_sheet(&sheet);
    world_start(&sheet.test.world);
    struct server *server = world_server(&sheet.test.world, 0);
    write_server(&sheet);
    assert_has(&sheet,
               "<th scope=\"row\" class=\"name\">s1</th><td class=\"group unchecked\">no check");
    server_set_admin(server, SERVER_DRAIN_FORCED, 0, 1);
    write_server(&sheet);
    assert_has(&sheet, "class=\"group drain\">DRAIN</td>");
    server_set_admin(server, SERVER_MAINT_FORCED, 0, 1);
    write_server(&sheet);
    assert_has(&sheet, "class=\"group maint\">MAINT</td>");
    server_set_admin(server, 0, SERVER_MAINT_FORCED | SERVER_DRAIN_FORCED, 1);
    struct statistics_object frontend = admin_object(&sheet.test, STATISTICS_FRONTEND);
    text_clear(&sheet.text);
    html_append_row(&sheet.text, &sheet.page, &frontend);
    assert_has(&sheet, ">Frontend</th><td class=\"group up\">OPEN</td>");
    admin_world_close(&sheet.test);
}

static void test_values(void **state)
{
    (void)state;
    struct sheet sheet;
    open_sheet(&sheet);
    world_start(&sheet.test.world);
    struct counters *counters = &world_server(&sheet.test.world, 0)->counters;
    counters->bytes_in = 1023;
    counters->bytes_out = 1500;
    write_server(&sheet);
    assert_has(&sheet, "<td class=\"group\">1023</td><td title=\"1500 bytes\">1.4 KiB</td>");
    counters->bytes_in = UINT64_MAX;
    counters->bytes_out = 20ULL << 30;
    write_server(&sheet);
    assert_has(&sheet, ">15 EiB</td>");
    assert_has(&sheet, ">20 GiB</td>");
    world_server(&sheet.test.world, 0)->state_since_ms = 0;
    sheet.test.world.worker.facts->started_ms = 0;
    static const struct {
        uint64_t now_ms;
        const char *shown;
    } TIMES[] = {
        {59999, ">59s<"}, {60000, ">1m 0s<"}, {7380000, ">2h 3m<"}, {183600000, ">2d 3h<"}};
    for (unsigned i = 0; i < sizeof(TIMES) / sizeof(TIMES[0]); i++) {
        sheet.page.now_ms = TIMES[i].now_ms;
        text_clear(&sheet.text);
        html_append_start(&sheet.text, &sheet.page);
        assert_has(&sheet, TIMES[i].shown);
    }
    admin_world_close(&sheet.test);
}

static void test_actions(void **state)
{
    (void)state;
    struct sheet sheet;
    open_sheet(&sheet);
    world_start(&sheet.test.world);
    const struct proxy *proxy = sheet.test.world.proxy;
    html_append_proxy_start(&sheet.text, &sheet.page, proxy);
    assert_has(&sheet, "<section id=\"p2\"><h2>be</h2>");
    assert_null(strstr(sheet.bytes, "<form"));
    write_server(&sheet);
    assert_null(strstr(sheet.bytes, "checkbox"));
    sheet.page.is_admin = true;
    sheet.query.no_refresh = true;
    text_clear(&sheet.text);
    html_append_proxy_start(&sheet.text, &sheet.page, proxy);
    assert_has(&sheet, "<form method=\"post\" action=\"/stats;norefresh\">");
    write_server(&sheet);
    assert_has(&sheet, "<input type=\"checkbox\" name=\"s\" value=\"s1\" aria-label=\"Pick s1\">");
    text_clear(&sheet.text);
    html_append_proxy_end(&sheet.text, &sheet.page, proxy);
    assert_has(&sheet, "<option value=\"maint\">");
    assert_has(&sheet, "name=\"b\" value=\"#2\"");
    assert_has(&sheet, "</form></section>");
    sheet.test.world.settings.role = PROXY_FRONTEND;
    text_clear(&sheet.text);
    html_append_proxy_end(&sheet.text, &sheet.page, proxy);
    assert_null(strstr(sheet.bytes, "form"));
    text_clear(&sheet.text);
    html_append_end(&sheet.text);
    assert_string_equal(sheet.bytes, "</main></body></html>\n");
    admin_world_close(&sheet.test);
}

/* The longest names that there can be still fit a piece, whole. */
static void test_bound(void **state)
{
    (void)state;
    static char name[3000];
    struct sheet sheet;
    open_sheet(&sheet);
    memset(name, '"', sizeof(name) - 1);
    struct proxy_settings *settings = &sheet.test.world.settings;
    settings->statistics.description = name;
    settings->statistics.node = name;
    settings->statistics.show_node = true;
    settings->statistics.show_legends = true;
    settings->statistics.uri = name;
    settings->statistics.refresh_seconds = 1;
    settings->description = name;
    sheet.test.world.servers[0].options.name = name;
    sheet.test.world.servers[0].options.cookie = name;
    world_start(&sheet.test.world);
    sheet.page.is_admin = true;
    write_server(&sheet);
    assert_has(&sheet, "&hellip;");
    assert_has(&sheet, "name=\"s\" value=\"#1\"");
    assert_false(sheet.text.truncated);
    size_t row = sheet.text.length;
    text_clear(&sheet.text);
    settings->name = name;
    html_append_proxy_end(&sheet.text, &sheet.page, sheet.test.world.proxy);
    html_append_proxy_start(&sheet.text, &sheet.page, sheet.test.world.proxy);
    settings->name = "be";
    assert_false(sheet.text.truncated);
    assert_true(sheet.text.length + row < sizeof(sheet.bytes)); /* one piece of the page */
    text_clear(&sheet.text);
    sheet.query.scope = SLICE("12345678901234567890");
    html_append_start(&sheet.text, &sheet.page);
    assert_false(sheet.text.truncated);
    admin_world_close(&sheet.test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),  cmocka_unit_test(test_states),
        cmocka_unit_test(test_values), cmocka_unit_test(test_actions),
        cmocka_unit_test(test_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
