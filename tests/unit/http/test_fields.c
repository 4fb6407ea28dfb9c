/* SPDX-License-Identifier: Apache-2.0 */
/* The table of fields: growth to its limit, refusals, finding, changing, lists. */
#include "support/http.h"

struct table {
    struct test_http http;
    struct arena arena;
    struct http_fields fields;
};

static void open_table(struct table *table, uint16_t fields_max)
{
    test_http_open(&table->http);
    arena_init(&table->arena, &table->http.source, &table->http.account,
               TEST_REWRITE_BYTES + http_fields_arena_bytes(&table->http.source, fields_max));
    http_fields_init(&table->fields, &table->arena, fields_max);
}

static void close_table(struct table *table)
{
    arena_clear(&table->arena);
    test_http_close(&table->http);
}

static void add(struct table *table, const char *name, const char *value)
{
    assert_int_equal(
        http_fields_append(&table->fields, slice_from_string(name), slice_from_string(value)),
        RESULT_OK);
}

/* The names and values in order, as "a=1 b=2 ". */
static void assert_fields(const struct table *table, const char *expected)
{
    char buffer[512];
    struct text text = text_over(buffer, sizeof(buffer));
    for (uint16_t i = 0; i < table->fields.count; i++) {
        text_append(&text, table->fields.entries[i].name);
        text_append_char(&text, '=');
        text_append(&text, table->fields.entries[i].value);
        text_append_char(&text, ' ');
    }
    assert_string_equal(buffer, expected);
}

static void test_empty(void **state)
{
    (void)state;
    struct table table;
    open_table(&table, 10);
    assert_int_equal(table.fields.count, 0);
    assert_int_equal(http_fields_find(&table.fields, SLICE("a"), 0), 0);
    assert_int_equal(http_fields_find_id(&table.fields, HTTP_NAME_HOST, 0), 0);
    assert_null(http_fields_value(&table.fields, HTTP_NAME_HOST).data);
    assert_int_equal(http_fields_remove_all(&table.fields, SLICE("a")), 0);
    assert_false(http_fields_has_token(&table.fields, HTTP_NAME_TE, SLICE("a")));
    assert_int_equal(table.http.account.used, 0);
    close_table(&table);
}

static void test_grows_to_its_limit_and_refuses_beyond(void **state)
{
    (void)state;
    static const uint16_t limits[] = {0, 1, 15, 16, 17, 32, 33, 101, 229, 257, 408};
    for (unsigned l = 0; l < sizeof(limits) / sizeof(limits[0]); l++) {
        struct table table;
        open_table(&table, limits[l]);
        for (uint16_t i = 0; i < limits[l]; i++) {
            add(&table, i % 2 == 0 ? "even" : "odd", "v");
        }
        assert_false(table.fields.overflowed);
        assert_int_equal(http_fields_append(&table.fields, SLICE("a"), SLICE("b")), RESULT_FULL);
        assert_true(table.fields.overflowed);
        assert_int_equal(table.fields.count, limits[l]);
        for (uint16_t i = 0; i < limits[l]; i++) {
            test_http_assert_slice(table.fields.entries[i].name, i % 2 == 0 ? "even" : "odd");
        }
        close_table(&table);
    }
}

static void test_no_more_than_a_chunk_holds(void **state)
{
    (void)state;
    struct table table;
    open_table(&table, 2000);
    for (unsigned i = 0; i < 408; i++) {
        add(&table, "a", "b");
    }
    assert_int_equal(http_fields_append(&table.fields, SLICE("a"), SLICE("b")), RESULT_FULL);
    assert_int_equal(table.fields.count, 408);
    close_table(&table);
}

static void test_arena_cap_is_full_and_refused_account_is_no_memory(void **state)
{
    (void)state;
    struct table table;
    open_table(&table, 100);
    arena_init(&table.arena, &table.http.source, &table.http.account,
               table.http.source.bytes[CHUNK_SMALL]);
    char large[4096];
    memset(large, 'a', sizeof(large));
    struct slice value = slice_of(large, sizeof(large));
    assert_int_equal(http_fields_append_copy(&table.fields, SLICE("n"), value), RESULT_FULL);
    assert_true(table.fields.overflowed);
    arena_clear(&table.arena);
    http_fields_init(&table.fields, &table.arena, 100);
    size_t taken = 1;
    table.http.account.cap = taken;
    assert_int_equal(account_charge(&table.http.account, taken), RESULT_OK);
    assert_int_equal(http_fields_append_copy(&table.fields, SLICE("n"), SLICE("v")),
                     RESULT_NO_MEMORY);
    assert_int_equal(table.fields.count, 0);
    account_discharge(&table.http.account, taken);
    close_table(&table);
}

static void test_copies_and_checks_texts(void **state)
{
    (void)state;
    struct table table;
    open_table(&table, 10);
    char name[] = "Host";
    char value[] = "a";
    assert_int_equal(
        http_fields_append_copy(&table.fields, slice_from_string(name), slice_from_string(value)),
        RESULT_OK);
    memset(name, 'x', sizeof(name) - 1);
    memset(value, 'x', sizeof(value) - 1);
    assert_fields(&table, "Host=a ");
    assert_int_equal(table.fields.entries[0].id, HTTP_NAME_HOST);
    static const char *const bad_values[] = {"a\r\nb: c", "a\nb", "a\rb", "\x01", "\x7f"};
    for (unsigned i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]); i++) {
        struct slice bad = slice_from_string(bad_values[i]);
        assert_int_equal(http_fields_append_copy(&table.fields, SLICE("a"), bad), RESULT_INVALID);
        assert_int_equal(http_fields_replace(&table.fields, 0, bad), RESULT_INVALID);
    }
    assert_int_equal(http_fields_append_copy(&table.fields, SLICE("a"), SLICE("a\0b")),
                     RESULT_INVALID);
    assert_int_equal(http_fields_append_copy(&table.fields, SLICE("a:"), SLICE("b")),
                     RESULT_INVALID);
    assert_int_equal(http_fields_append_copy(&table.fields, SLICE(""), SLICE("b")), RESULT_INVALID);
    assert_int_equal(http_fields_append_copy(&table.fields, SLICE("empty"), SLICE("")), RESULT_OK);
    assert_fields(&table, "Host=a empty= ");
    close_table(&table);
}

static void test_finds_by_name_and_id_from_a_place(void **state)
{
    (void)state;
    struct table table;
    open_table(&table, 10);
    add(&table, "X-A", "1");
    add(&table, "cookie", "2");
    add(&table, "x-a", "3");
    add(&table, "COOKIE", "4");
    assert_int_equal(http_fields_find(&table.fields, SLICE("x-A"), 0), 0);
    assert_int_equal(http_fields_find(&table.fields, SLICE("x-a"), 1), 2);
    assert_int_equal(http_fields_find(&table.fields, SLICE("x-a"), 3), 4);
    assert_int_equal(http_fields_find(&table.fields, SLICE("Cookie"), 2), 3);
    assert_int_equal(http_fields_find(&table.fields, SLICE("cookies"), 0), 4);
    assert_int_equal(http_fields_find_id(&table.fields, HTTP_NAME_COOKIE, 4), 4);
    assert_int_equal(http_fields_find_id(&table.fields, HTTP_NAME_COOKIE, 9), 4);
    test_http_assert_slice(http_fields_value(&table.fields, HTTP_NAME_COOKIE), "2");
    close_table(&table);
}

static void test_removes_and_replaces(void **state)
{
    (void)state;
    struct table table;
    open_table(&table, 10);
    static const char *const names[] = {"a", "b", "A", "c", "a"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        add(&table, names[i], "v");
    }
    assert_int_equal(http_fields_replace(&table.fields, 3, SLICE("new")), RESULT_OK);
    assert_int_equal(http_fields_remove_all(&table.fields, SLICE("a")), 3);
    assert_fields(&table, "b=v c=new ");
    http_fields_remove(&table.fields, 0);
    assert_fields(&table, "c=new ");
    http_fields_remove(&table.fields, 0);
    assert_fields(&table, "");
    add(&table, "z", "1");
    add(&table, "z", "2");
    assert_int_equal(http_fields_remove_all(&table.fields, SLICE("y")), 0);
    assert_int_equal(http_fields_remove_all(&table.fields, SLICE("Z")), 2);
    assert_fields(&table, "");
    close_table(&table);
}

struct list_case {
    const char *values[3]; /* of fields called "x" */
    const char *elements;  /* joined by '|' */
};

static const struct list_case LISTS[] = {
    {{"a"}, "a|"},
    {{"a,b"}, "a|b|"},
    {{" a , b ,c "}, "a|b|c|"},
    {{""}, "|"},
    {{"a,,b"}, "a||b|"},
    {{"a,"}, "a||"},
    {{",a"}, "|a|"},
    {{"\"a,b\",c"}, "\"a,b\"|c|"},
    {{"\"a\\\",b\",c"}, "\"a\\\",b\"|c|"},
    {{"\"a,b"}, "\"a,b|"},
    {{"\"a\\"}, "\"a\\|"},
    {{"a,b", "c", "d,e"}, "a|b|c|d|e|"},
    {{"a", "", "b"}, "a||b|"},
};

static void test_walks_lists(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(LISTS) / sizeof(LISTS[0]); i++) {
        struct table table;
        open_table(&table, 10);
        add(&table, "other", "o,p");
        for (unsigned v = 0; v < 3 && LISTS[i].values[v] != NULL; v++) {
            add(&table, v == 1 ? "X" : "x", LISTS[i].values[v]);
            add(&table, "other", "q");
        }
        char buffer[128];
        struct text text = text_over(buffer, sizeof(buffer));
        struct http_value_cursor cursor = {0};
        struct slice value;
        while (http_fields_next_value(&table.fields, SLICE("x"), false, &cursor, &value)) {
            text_append(&text, value);
            text_append_char(&text, '|');
        }
        assert_string_equal(buffer, LISTS[i].elements);
        assert_false(http_fields_next_value(&table.fields, SLICE("x"), false, &cursor, &value));
        close_table(&table);
    }
}

static void test_walks_whole_fields(void **state)
{
    (void)state;
    struct table table;
    open_table(&table, 10);
    add(&table, "set-cookie", "a=1, b");
    add(&table, "x", "y");
    add(&table, "Set-Cookie", "");
    struct http_value_cursor cursor = {0};
    struct slice value;
    assert_true(http_fields_next_value(&table.fields, SLICE("set-cookie"), true, &cursor, &value));
    test_http_assert_slice(value, "a=1, b");
    assert_true(http_fields_next_value(&table.fields, SLICE("set-cookie"), true, &cursor, &value));
    test_http_assert_slice(value, "");
    assert_false(http_fields_next_value(&table.fields, SLICE("set-cookie"), true, &cursor, &value));
    close_table(&table);
}

static void test_tokens(void **state)
{
    (void)state;
    struct table table;
    open_table(&table, 10);
    add(&table, "connection", "Keep-Alive , x");
    add(&table, "te", "upgrade");
    add(&table, "Connection", "close");
    assert_true(http_fields_has_token(&table.fields, HTTP_NAME_CONNECTION, SLICE("keep-alive")));
    assert_true(http_fields_has_token(&table.fields, HTTP_NAME_CONNECTION, SLICE("CLOSE")));
    assert_true(http_fields_has_token(&table.fields, HTTP_NAME_CONNECTION, SLICE("x")));
    assert_false(http_fields_has_token(&table.fields, HTTP_NAME_CONNECTION, SLICE("upgrade")));
    assert_false(http_fields_has_token(&table.fields, HTTP_NAME_CONNECTION, SLICE("keep")));
    close_table(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_grows_to_its_limit_and_refuses_beyond),
        cmocka_unit_test(test_no_more_than_a_chunk_holds),
        cmocka_unit_test(test_arena_cap_is_full_and_refused_account_is_no_memory),
        cmocka_unit_test(test_copies_and_checks_texts),
        cmocka_unit_test(test_finds_by_name_and_id_from_a_place),
        cmocka_unit_test(test_removes_and_replaces),
        cmocka_unit_test(test_walks_lists),
        cmocka_unit_test(test_walks_whole_fields),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
