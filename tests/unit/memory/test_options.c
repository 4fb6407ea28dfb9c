/* SPDX-License-Identifier: Apache-2.0 */
/* -dM: bytes, words that set and clear, help, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memory/options.h"

enum { MESSAGE_SIZE = 4096 };

static enum result parse(const char *text, struct memory_options *options)
{
    char out[MESSAGE_SIZE];
    struct text message = text_over(out, sizeof(out));
    *options = (struct memory_options){0};
    const enum result result = memory_parse_debug(text, options, &message);
    assert_int_equal(result == RESULT_OK, message.length == 0);
    assert_false(message.truncated);
    return result;
}

static void test_alone_it_poisons(void **state)
{
    (void)state;
    struct memory_options options;
    assert_int_equal(parse("", &options), RESULT_OK);
    assert_true(options.poison);
    assert_int_equal(options.poison_byte, 0x50);
}

static void test_bytes(void **state)
{
    (void)state;
    struct memory_options options;
    assert_int_equal(parse("0", &options), RESULT_OK);
    assert_true(options.poison);
    assert_int_equal(options.poison_byte, 0);
    assert_int_equal(parse("0xAA", &options), RESULT_OK);
    assert_int_equal(options.poison_byte, 0xaa);
    assert_int_equal(parse("255,tag", &options), RESULT_OK);
    assert_int_equal(options.poison_byte, 255);
    assert_true(options.tag);
    assert_int_equal(parse("256", &options), RESULT_INVALID);
    assert_int_equal(parse("0x", &options), RESULT_INVALID);
    assert_int_equal(parse("0x100", &options), RESULT_INVALID);
    assert_int_equal(parse("1tag", &options), RESULT_INVALID);
}

static void test_words_set_and_clear(void **state)
{
    (void)state;
    struct memory_options options;
    assert_int_equal(
        parse("fail,no-merge,cold-first,integrity,backup,no-global,no-cache,caller,tag,uaf",
              &options),
        RESULT_OK);
    assert_true(options.fail_enabled && options.no_merge && options.cold_first &&
                options.integrity && options.backup && options.no_global && options.no_cache &&
                options.caller && options.tag && options.uaf);
    assert_false(options.poison);
    assert_int_equal(options.fail_percent, 1);
    assert_int_equal(parse("tag,no-tag,,no-cache,cache", &options), RESULT_OK);
    assert_false(options.tag || options.no_cache);
    assert_true(options.keep_caches);
}

static void test_the_preset_share_of_failures_is_not_forced(void **state)
{
    (void)state;
    char out[MESSAGE_SIZE];
    struct text message = text_over(out, sizeof(out));
    struct memory_options options = {.fail_percent = 20};
    assert_int_equal(memory_parse_debug("fail", &options, &message), RESULT_OK);
    assert_int_equal(options.fail_percent, 20);
}

static void test_poison_by_word_keeps_an_earlier_byte(void **state)
{
    (void)state;
    char out[MESSAGE_SIZE];
    struct text message = text_over(out, sizeof(out));
    struct memory_options options = {0};
    assert_int_equal(memory_parse_debug("poison", &options, &message), RESULT_OK);
    assert_true(options.poison);
    assert_int_equal(options.poison_byte, 0x50);
    assert_int_equal(memory_parse_debug("7,no-poison", &options, &message), RESULT_OK);
    assert_false(options.poison);
    assert_int_equal(memory_parse_debug("7", &options, &message), RESULT_OK);
    assert_int_equal(memory_parse_debug("tag", &options, &message), RESULT_OK);
    assert_true(options.poison);
    assert_int_equal(options.poison_byte, 7);
}

static void test_unknown_words_are_named(void **state)
{
    (void)state;
    char out[MESSAGE_SIZE];
    struct text message = text_over(out, sizeof(out));
    struct memory_options options = {0};
    assert_int_equal(memory_parse_debug("tag,bogus", &options, &message), RESULT_INVALID);
    assert_non_null(strstr(out, "'bogus'"));
    assert_int_equal(parse("TAG", &options), RESULT_INVALID);
    assert_int_equal(parse(" tag", &options), RESULT_INVALID);
}

static void test_help_lists_everything_and_what_is_set(void **state)
{
    (void)state;
    char out[MESSAGE_SIZE];
    struct text message = text_over(out, sizeof(out));
    struct memory_options options = {0};
    assert_int_equal(memory_parse_debug("tag,help,bogus", &options, &message), RESULT_END);
    const char *words[] = {"fail",  "no-merge", "cold-first", "integrity", "backup", "no-global",
                           "cache", "caller",   "poison",     "uaf",       "no-uaf"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_non_null(strstr(out, words[i]));
    }
    assert_non_null(strstr(out, "* tag "));
    assert_non_null(strstr(out, "* no-uaf"));
    assert_null(strstr(out, "* uaf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone_it_poisons),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_words_set_and_clear),
        cmocka_unit_test(test_the_preset_share_of_failures_is_not_forced),
        cmocka_unit_test(test_poison_by_word_keeps_an_earlier_byte),
        cmocka_unit_test(test_unknown_words_are_named),
        cmocka_unit_test(test_help_lists_everything_and_what_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
