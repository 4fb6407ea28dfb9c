/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a line: blanks, quotes, escapes, variables, lists, comments, and where errors are. */
#include "config/lexer.h"
#include "support/config.h"

struct fixture {
    struct config_words words;
    char bytes[256];
    struct text error;
    size_t position;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    setenv("WEIR_T", "a value", 1);
    setenv("WEIR_LIST", "one  two three", 1);
    setenv("WEIR_EMPTY", "", 1);
    unsetenv("WEIR_UNSET");
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static enum result cut(struct fixture *fixture, const char *line)
{
    static const struct lexer_place place = {"x.cfg", 12, "fe"};
    fixture->error = text_over(fixture->bytes, sizeof(fixture->bytes));
    return lexer_split(line, &place, &fixture->words, &fixture->position, &fixture->error);
}

static void lines_become_words(void **state)
{
    static const struct {
        const char *line;
        unsigned count;
        const char *words[4];
    } ROWS[] = {
        {"", 0, {NULL}},
        {"  \t ", 0, {NULL}},
        {"# all comment", 0, {NULL}},
        {"a b\tc", 3, {"a", "b", "c"}},
        {"  a   b  ", 2, {"a", "b"}},
        {"a b#c d", 2, {"a", "b"}},
        {"a b\\#c", 2, {"a", "b#c"}},
        {"a\\ b", 1, {"a b"}},
        {"'a b' \"c d\"", 2, {"a b", "c d"}},
        {"a'b c'd", 1, {"ab cd"}},
        {"a '' b", 3, {"a", "", "b"}},
        {"a \"\" b", 3, {"a", "", "b"}},
        {"'a\\nb'", 1, {"a\\nb"}},
        {"'$WEIR_T'", 1, {"$WEIR_T"}},
        {"$WEIR_T", 1, {"$WEIR_T"}},
        {"\"a#b\"", 1, {"a#b"}},
        {"a\\n\\t\\r", 1, {"a\n\t\r"}},
        {"a\\x41\\x7e", 1, {"aA~"}},
        {"a\\qb", 1, {"a\\qb"}},
        {"\"it's\"", 1, {"it's"}},
        {"\"\\$WEIR_T \\\"\"", 1, {"$WEIR_T \""}},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        assert_int_equal(cut(fixture, ROWS[i].line), RESULT_OK);
        assert_int_equal(fixture->words.count, ROWS[i].count);
        for (unsigned j = 0; j < ROWS[i].count; j++) {
            assert_string_equal(fixture->words.words[j], ROWS[i].words[j]);
        }
        assert_null(fixture->words.words[ROWS[i].count]);
    }
}

static void variables_are_expanded(void **state)
{
    static const struct {
        const char *line;
        unsigned count;
        const char *words[4];
    } ROWS[] = {
        {"\"$WEIR_T\"", 1, {"a value"}},
        {"\"<${WEIR_T}>\"", 1, {"<a value>"}},
        {"\"${WEIR_UNSET-other}\"", 1, {"other"}},
        {"\"${WEIR_T-other}\"", 1, {"a value"}},
        {"\"x${WEIR_UNSET}y\"", 1, {"xy"}},
        {"\"${WEIR_LIST[*]}\"", 3, {"one", "two", "three"}},
        {"a \"${WEIR_UNSET[*]}\" b", 2, {"a", "b"}},
        {"\"${.FILE}\" \"${.LINE}\" \"${.SECTION}\"", 3, {"x.cfg", "12", "fe"}},
        {"a \"$WEIR_EMPTY\" b", 3, {"a", "", "b"}},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        assert_int_equal(cut(fixture, ROWS[i].line), RESULT_OK);
        assert_int_equal(fixture->words.count, ROWS[i].count);
        for (unsigned j = 0; j < ROWS[i].count; j++) {
            assert_string_equal(fixture->words.words[j], ROWS[i].words[j]);
        }
    }
}

static void errors_have_a_position(void **state)
{
    static const struct {
        const char *line;
        size_t position;
        const char *part;
    } ROWS[] = {
        {"ab 'cd", 3, "unmatched quote"},
        {"ab \"cd", 3, "unmatched quote"},
        {"a\\x4", 1, "truncated or invalid hexadecimal sequence"},
        {"a\\xg1", 1, "truncated or invalid hexadecimal sequence"},
        {"\"$1\"", 2, "forbidden first char in environment variable name"},
        {"\"${-x}\"", 3, "forbidden first char"},
        {"\"${.OTHER}\"", 3, "forbidden first char"},
        {"\"${WEIR_T\"", 2, "unmatched brace in environment variable name"},
        {"\"${WEIR_T[1]}\"", 9, "truncated or invalid word expansion sequence"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        assert_int_equal(cut(fixture, ROWS[i].line), RESULT_INVALID);
        assert_non_null(strstr(fixture->bytes, ROWS[i].part));
        assert_int_equal(fixture->position, ROWS[i].position);
    }
}

static void words_are_limited(void **state)
{
    struct fixture *fixture = *state;
    char line[2 * (LEXER_WORDS_MAX + 1) + 1];
    for (size_t i = 0; i + 1 < sizeof(line); i++) {
        line[i] = i % 2 == 0 ? 'w' : ' ';
    }
    line[sizeof(line) - 1] = '\0';
    assert_int_equal(cut(fixture, line), RESULT_INVALID);
    assert_true(fixture->words.count <= LEXER_WORDS_MAX);
    line[2 * LEXER_WORDS_MAX] = '\0';
    assert_int_equal(cut(fixture, line), RESULT_OK);
    assert_int_equal(fixture->words.count, LEXER_WORDS_MAX);
    assert_null(fixture->words.words[LEXER_WORDS_MAX]);
}

static void expansion_is_limited(void **state)
{
    struct fixture *fixture = *state;
    char *value = malloc(LEXER_BYTES_MAX);
    assert_non_null(value);
    memset(value, 'v', LEXER_BYTES_MAX - 1);
    value[LEXER_BYTES_MAX - 1] = '\0';
    setenv("WEIR_LONG", value, 1);
    assert_int_equal(cut(fixture, "\"$WEIR_LONG$WEIR_LONG\""), RESULT_INVALID);
    assert_true(fixture->error.length > 0);
    unsetenv("WEIR_LONG");
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_become_words, setup, teardown),
        cmocka_unit_test_setup_teardown(variables_are_expanded, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_have_a_position, setup, teardown),
        cmocka_unit_test_setup_teardown(words_are_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(expansion_is_limited, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
