/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service: head, pieces, forms, scope, actions, want of memory.
 */
#include "admin/admin.h"

#include "support/admin.h"

enum { PAGE_MAX = 262144, ARENA_BYTES = 65536, FIELDS = 32 };

struct visit {
    struct admin_world test;
    struct account account;
    struct http_message request, response;
    struct chunk_queue body, page;
    struct rule_context context;
    struct service_request service;
    uint64_t state[SERVICE_STATE_BYTES / sizeof(uint64_t)];
    char bytes[PAGE_MAX];
    unsigned pieces;
};

static void open_visit(struct visit *visit)
{
    memset(visit, 0, sizeof(*visit));
    admin_world_open(&visit->test);
    struct world *world = &visit->test.world;
    account_init(&visit->account, world->base.ledger, ACCOUNT_CLIENT, 0);
    http_message_init(&visit->request, &world->chunks, &visit->account, ARENA_BYTES, FIELDS);
    http_message_init(&visit->response, &world->chunks, &visit->account, ARENA_BYTES, FIELDS);
    visit->service = (struct service_request){.worker = &world->worker,
                                              .proxy = world->proxy,
                                              .context = &visit->context,
                                              .request = &visit->request,
                                              .body = &visit->body};
}

static void close_visit(struct visit *visit)
{
    http_message_clear(&visit->response);
    chunk_queue_clear(&visit->body);
    chunk_queue_clear(&visit->page);
    assert_int_equal(visit->account.used, 0);
    account_deinit(&visit->account);
    admin_world_close(&visit->test);
}

static const char *field(struct visit *visit, const char *name)
{
    struct slice wanted = slice_from_string(name);
    for (uint16_t i = 0; i < visit->response.fields.count; i++) {
        const struct http_field *each = &visit->response.fields.entries[i];
        if (slice_equal(each->name, wanted)) {
            static char value[256];
            struct text text = text_over(value, sizeof(value));
            text_append(&text, each->value);
            return value;
        }
    }
    return NULL;
}

static void begin(struct visit *visit, enum http_method method, const char *path)
{
    http_message_clear(&visit->response);
    memset(visit->state, 0, sizeof(visit->state));
    visit->request.method_id = method;
    visit->request.path = slice_from_string(path);
    assert_int_equal(SERVICE_STATISTICS.begin(&visit->service, &visit->response, visit->state),
                     RESULT_OK);
}

static const char *produce(struct visit *visit)
{
    enum result result = RESULT_OK;
    size_t length = 0;
    visit->pieces = 0;
    while (result == RESULT_OK) {
        result = SERVICE_STATISTICS.produce(&visit->service, visit->state, &visit->page,
                                            TEST_CHUNK_BYTES, &visit->account);
        assert_true(visit->page.bytes <= 4 * TEST_CHUNK_BYTES);
        assert_true(length + visit->page.bytes < PAGE_MAX);
        length += chunk_queue_copy_out(&visit->page, visit->bytes + length, visit->page.bytes);
        chunk_queue_clear(&visit->page);
        visit->pieces++;
    }
    assert_int_equal(result, RESULT_END);
    visit->bytes[length] = '\0';
    return visit->bytes;
}

static const char *get(struct visit *visit, const char *path)
{
    begin(visit, HTTP_METHOD_GET, path);
    return produce(visit);
}

static void test_head(void **state)
{
    (void)state;
    struct visit visit;
    open_visit(&visit);
    begin(&visit, HTTP_METHOD_GET, "/stats");
    assert_int_equal(visit.response.status, 200);
    assert_int_equal(visit.response.body, HTTP_BODY_CHUNKED);
    assert_string_equal(field(&visit, "content-type"), "text/html");
    assert_string_equal(field(&visit, "cache-control"), "no-cache");
    assert_null(field(&visit, "refresh"));
    visit.test.world.settings.statistics.refresh_seconds = 9;
    begin(&visit, HTTP_METHOD_GET, "/stats");
    assert_string_equal(field(&visit, "refresh"), "9");
    begin(&visit, HTTP_METHOD_GET, "/stats;norefresh");
    assert_null(field(&visit, "refresh"));
    begin(&visit, HTTP_METHOD_GET, "/stats;csv");
    assert_string_equal(field(&visit, "content-type"), "text/plain");
    assert_null(field(&visit, "refresh"));
    begin(&visit, HTTP_METHOD_GET, "/stats;json");
    assert_string_equal(field(&visit, "content-type"), "application/json");
    begin(&visit, HTTP_METHOD_HEAD, "/stats");
    assert_int_equal(visit.response.body, HTTP_BODY_NONE);
    assert_string_equal(produce(&visit), "");
    close_visit(&visit);
}

static void test_forms(void **state)
{
    (void)state;
    struct visit visit;
    open_visit(&visit);
    const char *page = get(&visit, "/stats");
    assert_memory_equal(page, "<!doctype html>", 15);
    assert_non_null(strstr(page, "<th scope=\"row\" class=\"name\">s2</th>"));
    assert_string_equal(page + strlen(page) - 8, "</html>\n");
    page = get(&visit, "/stats;csv");
    assert_string_equal(page, admin_ask(&visit.test, "show stat"));
    page = get(&visit, "/stats;typed");
    assert_string_equal(page, admin_ask(&visit.test, "show stat typed"));
    page = get(&visit, "/stats;json");
    assert_string_equal(page, admin_ask(&visit.test, "show stat json"));
    page = get(&visit, "/stats;json-schema");
    assert_string_equal(page, admin_ask(&visit.test, "show schema json"));
    close_visit(&visit);
}

static void test_scopes(void **state)
{
    (void)state;
    struct visit visit;
    struct statistics_scope scope = {.name = "other"};
    open_visit(&visit);
    list_append(&visit.test.world.settings.statistics.scopes, &scope.link);
    assert_null(strstr(get(&visit, "/stats;csv"), "\nbe,"));
    assert_string_equal(get(&visit, "/stats;json"), "[]\n");
    scope.name = ".";
    assert_non_null(strstr(get(&visit, "/stats;csv"), "\nbe,"));
    scope.name = "be";
    assert_non_null(strstr(get(&visit, "/stats;csv"), "\nbe,"));
    assert_null(strstr(get(&visit, "/stats;csv?scope=x"), "\nbe,"));
    close_visit(&visit);
}

static const char *post(struct visit *visit, const char *form)
{
    chunk_queue_clear(&visit->body);
    assert_int_equal(chunk_queue_append_copy(&visit->body, &visit->test.world.chunks,
                                             &visit->account, slice_from_string(form)),
                     RESULT_OK);
    visit->request.body = HTTP_BODY_LENGTH;
    visit->request.content_length = strlen(form);
    begin(visit, HTTP_METHOD_POST, "/stats;up");
    assert_int_equal(visit->response.status, 303);
    assert_int_equal(visit->response.content_length, 0);
    assert_string_equal(produce(visit), "");
    return field(visit, "location");
}

static void test_actions(void **state)
{
    (void)state;
    struct visit visit;
    open_visit(&visit);
    struct statistics_settings *settings = &visit.test.world.settings.statistics;
    const struct server *server = world_server(&visit.test.world, 0);
    visit.request.method_id = HTTP_METHOD_POST;
    assert_false(SERVICE_STATISTICS.wants_body(&visit.service));
    assert_string_equal(post(&visit, "s=s1&action=maint&b=be"), "/stats;st=DENY;up");
    assert_int_equal(server->admin, 0);
    assert_null(strstr(get(&visit, "/stats"), "<form"));
    settings->has_admin = true; /* without a condition */
    visit.request.method_id = HTTP_METHOD_POST;
    assert_true(SERVICE_STATISTICS.wants_body(&visit.service));
    assert_non_null(strstr(get(&visit, "/stats"), "<form"));
    assert_false(SERVICE_STATISTICS.wants_body(&visit.service)); /* a GET */
    assert_string_equal(post(&visit, "s=s1&action=maint&b=be"), "/stats;st=DONE;up");
    assert_int_equal(server->admin, SERVER_MAINT_FORCED);
    assert_string_equal(post(&visit, "s=s1&action=explode&b=be"), "/stats;st=ERRP;up");
    struct statistics_scope scope = {.name = "other"};
    list_append(&settings->scopes, &scope.link);
    assert_string_equal(post(&visit, "s=s1&action=ready&b=be"), "/stats;st=DENY;up");
    list_remove(&scope.link);
    begin(&visit, HTTP_METHOD_POST, "/stats");
    assert_string_equal(field(&visit, "location"), "/stats;st=DONE");
    visit.request.content_length++; /* it did not come in whole */
    begin(&visit, HTTP_METHOD_POST, "/stats");
    assert_string_equal(field(&visit, "location"), "/stats;st=EXCD");
    close_visit(&visit);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct visit visit;
    struct account poor;
    open_visit(&visit);
    account_init(&poor, visit.test.world.base.ledger, ACCOUNT_CLIENT, 64);
    begin(&visit, HTTP_METHOD_GET, "/stats;csv");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(SERVICE_STATISTICS.produce(&visit.service, visit.state, &visit.page,
                                                    TEST_CHUNK_BYTES, &poor),
                         RESULT_NO_MEMORY);
    }
    assert_int_equal(visit.page.bytes, 0);
    /* nothing was lost */
    assert_string_equal(produce(&visit), admin_ask(&visit.test, "show stat"));
    account_deinit(&poor);
    close_visit(&visit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),      cmocka_unit_test(test_forms),
        cmocka_unit_test(test_scopes),    cmocka_unit_test(test_actions),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
