/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules and lists: parsing lines with conditions, the errors, running in order, waiting and going
 * on, what is remembered of the final rule.
 */
#include "rules/rule.h"

#include "rules/acl.h"
#include "support/rules.h"

static struct rules_test test;
static struct rule_list list;
static struct rule_registry registry;

/* Actions of this test's own: a value written into the facts, and one that waits. */
static enum result parse_number(struct rule_parser *parser, struct rule *rule,
                                enum rule_phase phase, const char *const *words,
                                unsigned words_count, unsigned *words_used)
{
    (void)phase;
    if (words_count == 0 || words[0][0] < '0' || words[0][0] > '9') {
        text_append_string(parser->error, "expects a digit");
        return RESULT_INVALID;
    }
    int *number = memory_take(parser->account, sizeof(*number));
    assert_non_null(number);
    *number = words[0][0] - '0';
    rule->arguments = number;
    *words_used = 1;
    return RESULT_OK;
}

static void run_note(const struct rule *rule, struct rule_context *context, struct verdict *verdict)
{
    (void)verdict;
    assert_ptr_equal(context->rule, rule);
    const int *number = rule->arguments;
    context->facts->bytes_out = context->facts->bytes_out * 10 + (uint64_t)*number;
    (void)arena_take(context->scratch, 100);
}

static void run_wait(const struct rule *rule, struct rule_context *context, struct verdict *verdict)
{
    const int *times = rule->arguments;
    if (context->facts->bytes_in < (uint64_t)*times) {
        context->facts->bytes_in++;
        verdict->kind = VERDICT_WAIT;
        verdict->wait_ms = 50;
        context->facts->retries = (uint16_t)context->rule_wait_since_ms;
    }
}

static unsigned destroyed;

static void count_destroyed(struct account *account, void *arguments)
{
    (void)account;
    assert_non_null(arguments);
    destroyed++;
}

static const struct action_ops own_actions[] = {
    {"note", PHASES_HTTP | PHASES_TCP, "note <digit>", parse_number, run_note, count_destroyed, 0},
    {"hold", PHASES_HTTP, "hold <digit>", parse_number, run_wait, NULL, 0},
    {0},
};

static const struct action_ops *const tables[] = {own_actions, ACTIONS_FLOW, ACTIONS_VARIABLE,
                                                  NULL};

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/");
    registry = test_registry;
    registry.actions = tables;
    test.parser.registry = &registry;
    rule_list_init(&list);
    destroyed = 0;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rule_list_destroy(&test.account, &list);
    assert_true(list_is_empty(&list.rules));
    rules_test_close(&test);
    return 0;
}

static enum result parse_in(enum rule_phase phase, const char *line)
{
    const char *words[TEST_WORDS_MAX];
    unsigned count = rules_test_words(&test, line, words);
    text_clear(&test.error);
    test.parser.line++;
    return rule_parse(&test.parser, phase, words, count, &list);
}

static void parse(const char *line)
{
    if (parse_in(RULE_HTTP_REQUEST, line) != RESULT_OK) {
        fail_msg("%s: %s", line, test.error_storage);
    }
}

static void check_bad(enum rule_phase phase, const char *line, const char *message)
{
    assert_int_equal(parse_in(phase, line), RESULT_INVALID);
    assert_string_equal(test.error_storage, message);
    assert_true(list_is_empty(&list.rules));
}

static struct verdict run(struct rule_position *position)
{
    struct verdict verdict;
    rule_list_run(&list, &test.context, position, &verdict);
    assert_int_equal(test.scratch.block_bytes, 0);
    assert_null(test.context.rule);
    return verdict;
}

static struct verdict run_once(void)
{
    struct rule_position position = {0};
    return run(&position);
}

static void test_order(void **state)
{
    (void)state;
    parse("note 1");
    parse("note 2 if { bool(0) }");
    parse("note 3 unless { bool(0) }");
    parse("note 4 if { bool(1) }");
    struct verdict verdict = run_once();
    assert_int_equal(verdict.kind, VERDICT_CONTINUE);
    assert_null(verdict.rule);
    assert_int_equal(test.facts.bytes_out, 134);
    assert_null(test.facts.final_rule_file);
}

static void test_final_rule(void **state)
{
    (void)state;
    parse("note 1");
    parse("allow if { bool(1) }");
    parse("note 2");
    struct verdict verdict = run_once();
    assert_int_equal(verdict.kind, VERDICT_ACCEPT);
    assert_int_equal(test.facts.bytes_out, 1);
    assert_string_equal(test.facts.final_rule_file, "test.cfg");
    assert_int_equal(test.facts.final_rule_line, 9);
    assert_int_equal(verdict.rule->line, 9);
}

static void test_empty_list(void **state)
{
    (void)state;
    assert_int_equal(run_once().kind, VERDICT_CONTINUE);
}

static void test_waiting_condition(void **state)
{
    (void)state;
    struct rule_position position = {0};
    parse("note 1");
    parse("note 2 if { wait }");
    parse("note 3");
    test.context.is_final = false;
    struct verdict verdict = run(&position);
    assert_int_equal(verdict.kind, VERDICT_WAIT);
    assert_int_equal(verdict.wait_ms, 0);
    assert_int_equal(position.wait_since_ms, TEST_NOW_MS);
    assert_int_equal(run(&position).kind, VERDICT_WAIT);
    assert_int_equal(test.facts.bytes_out, 1);
    test.context.is_final = true;
    assert_int_equal(run(&position).kind, VERDICT_CONTINUE);
    assert_int_equal(test.facts.bytes_out, 123);
    assert_null(position.rule);
}

static void test_waiting_action(void **state)
{
    (void)state;
    struct rule_position position = {0};
    parse("note 1");
    parse("hold 2 if { bool(1) }");
    parse("note 3");
    struct verdict verdict = run(&position);
    assert_int_equal(verdict.kind, VERDICT_WAIT);
    assert_int_equal(verdict.wait_ms, 50);
    assert_int_equal(test.facts.retries, 0);
    test.context.now_ms += 20;
    assert_int_equal(run(&position).kind, VERDICT_WAIT);
    assert_int_equal(test.facts.retries, (uint16_t)TEST_NOW_MS);
    assert_int_equal(run(&position).kind, VERDICT_CONTINUE);
    assert_int_equal(test.facts.bytes_out, 13);
    assert_int_equal(test.context.rule_wait_since_ms, 0);
}

static void test_strict_mode_survives_waiting(void **state)
{
    (void)state;
    struct rule_position position = {0};
    parse("strict-mode off");
    parse("hold 1");
    assert_int_equal(run(&position).kind, VERDICT_WAIT);
    assert_true(position.rewrites_are_optional);
    assert_false(test.context.rewrites_are_optional);
    assert_int_equal(run(&position).kind, VERDICT_CONTINUE);
    assert_false(position.rewrites_are_optional);
    assert_false(test.context.rewrites_are_optional);
}

static void test_position_is_reusable(void **state)
{
    (void)state;
    struct rule_position position = {0};
    parse("note 1");
    parse("deny");
    assert_int_equal(run(&position).kind, VERDICT_DENY);
    assert_int_equal(run(&position).kind, VERDICT_DENY);
    assert_int_equal(test.facts.bytes_out, 11);
}

static void test_unknown_actions(void **state)
{
    (void)state;
    static const char expected[] =
        "'http-request' expects 'note', 'hold', 'allow', 'deny', 'disable-l7-retry', 'reject', "
        "'return', 'silent-drop', 'strict-mode', 'tarpit', 'use-service', 'wait-for-body', "
        "'wait-for-handshake', 'set-var(*)', 'set-var-fmt(*)', 'unset-var(*)', but got '%s'%s";
    char message[TEST_ERROR_SIZE];
    snprintf(message, sizeof(message), expected, "denyy", ". Did you mean 'deny' maybe ?");
    check_bad(RULE_HTTP_REQUEST, "denyy", message);
    snprintf(message, sizeof(message), expected, "", " (missing argument).");
    check_bad(RULE_HTTP_REQUEST, "", message);
    snprintf(message, sizeof(message), expected, "accept", ".");
    check_bad(RULE_HTTP_REQUEST, "accept", message);
    check_bad(RULE_HTTP_AFTER_RESPONSE, "deny",
              "'http-after-response' expects 'note', 'hold', 'allow', 'strict-mode', 'set-var(*)', "
              "'set-var-fmt(*)', 'unset-var(*)', but got 'deny'.");
}

static void test_actions_of_later(void **state)
{
    (void)state;
    static const char *const words[] = {"track-sc0 src", "track-sc12 src", "sc-inc-gpc(1,0)",
                                        "cache-use c",   "lua.f",          "pause 1s"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char message[TEST_ERROR_SIZE];
        int length = (int)strcspn(words[i], " ");
        snprintf(message, sizeof(message),
                 "'http-request' : action '%.*s' is not supported by weir yet.", length, words[i]);
        check_bad(RULE_HTTP_REQUEST, words[i], message);
    }
}

static void test_long_list_of_actions_is_cut(void **state)
{
    (void)state;
    char storage[300];
    struct text small = text_over(storage, sizeof(storage));
    test.parser.error = &small;
    assert_int_equal(parse_in(RULE_HTTP_REQUEST, "denyy"), RESULT_INVALID);
    assert_non_null(strstr(storage, "..., but got 'denyy'. Did you mean 'deny' maybe ?"));
    test.parser.error = &test.error;
}

static void test_errors_name_the_rule(void **state)
{
    (void)state;
    check_bad(RULE_HTTP_REQUEST, "note x",
              "error detected while parsing 'http-request note' rule : expects a digit (note "
              "<digit>)");
    check_bad(RULE_HTTP_REQUEST, "note 1 foo",
              "'http-request note' expects either 'if' or 'unless' followed by a condition but "
              "found 'foo'.");
    check_bad(RULE_TCP_REQUEST_CONTENT, "accept foo",
              "'tcp-request content accept' expects either 'if' or 'unless' followed by a "
              "condition but found 'foo'.");
    check_bad(RULE_HTTP_REQUEST, "deny deny_status 999",
              "error detected while parsing 'http-request deny' rule : Unexpected status code "
              "'999'");
    assert_int_equal(destroyed, 1);
}

static void test_bad_conditions(void **state)
{
    (void)state;
    assert_int_equal(parse_in(RULE_HTTP_REQUEST, "note 1 if nosuchacl"), RESULT_INVALID);
    assert_non_null(strstr(test.error_storage,
                           "error detected while parsing an 'http-request note' condition : "));
    assert_int_equal(parse_in(RULE_HTTP_REQUEST, "note 1 if { bool(1)"), RESULT_INVALID);
    assert_int_equal(destroyed, 2);
    assert_true(list_is_empty(&list.rules));
}

static void test_incomplete_variable_action(void **state)
{
    (void)state;
    assert_int_equal(parse_in(RULE_HTTP_REQUEST, "set-var txn.foo path"), RESULT_INVALID);
    assert_non_null(strstr(test.error_storage, "invalid or incomplete action 'set-var'"));
}

static void test_phases(void **state)
{
    (void)state;
    assert_int_equal(rule_phase_place(RULE_HTTP_REQUEST), SAMPLE_IN_HTTP_REQUEST);
    assert_int_equal(rule_phase_place(RULE_TCP_RESPONSE_CONTENT), SAMPLE_IN_RESPONSE_CONTENT);
    test.parser.capabilities = SAMPLE_IN_CLI;
    parse("note 1");
    assert_int_equal(test.parser.capabilities, SAMPLE_IN_CLI);
}

static void test_destroy(void **state)
{
    (void)state;
    parse("note 1");
    parse("note 2 if { bool(1) }");
    parse("deny");
    rule_list_destroy(&test.account, &list);
    assert_int_equal(destroyed, 2);
    assert_true(list_is_empty(&list.rules));
}

static void test_memory_refused(void **state)
{
    (void)state;
    size_t before = test.account.used;
    test.account.cap = before + 1;
    assert_int_equal(parse_in(RULE_HTTP_REQUEST, "allow"), RESULT_NO_MEMORY);
    assert_string_equal(test.error_storage, "out of memory");
    assert_int_equal(test.account.used, before);
    test.account.cap = 0;
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_order),
        WITH_TEST(test_final_rule),
        WITH_TEST(test_empty_list),
        WITH_TEST(test_waiting_condition),
        WITH_TEST(test_waiting_action),
        WITH_TEST(test_strict_mode_survives_waiting),
        WITH_TEST(test_position_is_reusable),
        WITH_TEST(test_unknown_actions),
        WITH_TEST(test_actions_of_later),
        WITH_TEST(test_long_list_of_actions_is_cut),
        WITH_TEST(test_errors_name_the_rule),
        WITH_TEST(test_bad_conditions),
        WITH_TEST(test_incomplete_variable_action),
        WITH_TEST(test_phases),
        WITH_TEST(test_destroy),
        WITH_TEST(test_memory_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
