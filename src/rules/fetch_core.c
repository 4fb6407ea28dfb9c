/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches that are constants: what stands between their parentheses. Texts are the expression's own
 * and live as long as it, so a value costs no memory. What can be wrong with one is said when the
 * file is read.
 */
#include "base/number.h"
#include "rules/fetch.h"
#include "rules/parser.h"

static enum result fetch_bool(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    (void)context;
    return sample_give_bool(out, call->variant != 0);
}

static enum result fetch_truth(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    struct slice word = sample_argument_text(call->arguments, 0);
    (void)context;
    return sample_give_bool(out, slice_equal_nocase(word, SLICE("true")) ||
                                     slice_equal(word, SLICE("1")));
}

static enum result fetch_text(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    (void)context;
    return sample_give_text(out, sample_argument_text(call->arguments, 0));
}

static enum result fetch_integer(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    (void)context;
    return sample_give_integer(out, sample_argument_integer(call->arguments, 0, 0));
}

static enum result check_truth(struct rule_parser *parser, struct sample_arguments *arguments,
                               unsigned variant)
{
    static const char *const WORDS[] = {"true", "false", "1", "0"};
    (void)variant;
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        if (slice_equal_nocase(sample_argument_text(arguments, 0), slice_from_string(WORDS[i]))) {
            return RESULT_OK;
        }
    }
    return parser_fail(parser, "Expects 'true', 'false', '0' or '1'");
}

static enum result fetch_ipv4(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    (void)context;
    *out = (struct sample){.type = SAMPLE_IPV4, .ipv4 = call->arguments->items[0].ipv4};
    return RESULT_OK;
}

static enum result fetch_ipv6(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    (void)context;
    *out = (struct sample){.type = SAMPLE_IPV6, .ipv6 = call->arguments->items[0].ipv6};
    return RESULT_OK;
}

static enum result fetch_binary(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    (void)context;
    return sample_give_binary(out, sample_argument_text(call->arguments, 0));
}

/* Makes bytes of the hexadecimal digits, in the place of the text. */
static enum result check_binary(struct rule_parser *parser, struct sample_arguments *arguments,
                                unsigned variant)
{
    enum { NIBBLE = 4 };
    struct slice *text = &arguments->items[0].text;
    char *bytes = (char *)(uintptr_t)text->data;
    (void)variant;
    for (size_t i = 0; i + 1 < text->length; i += 2) {
        int high = number_hex_digit(text->data[i]);
        int low = number_hex_digit(text->data[i + 1]);
        if (high < 0 || low < 0) {
            return parser_fail(parser, "an even number of hexadecimal digits is expected");
        }
        bytes[i / 2] = (char)(high << NIBBLE | low);
    }
    if (text->length % 2 != 0) {
        return parser_fail(parser, "an even number of hexadecimal digits is expected");
    }
    text->length /= 2;
    return RESULT_OK;
}

static enum result fetch_method(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    (void)context;
    *out = (struct sample){.type = SAMPLE_METHOD};
    out->method.name = sample_argument_text(call->arguments, 0);
    out->method.id = http_method_find(out->method.name);
    return RESULT_OK;
}

const struct sample_fetch fetches_internal[] = {
    FETCH_ROW("always_true", SAMPLE_BOOL, FETCH_ANYWHERE, fetch_bool, 1, 0),
    FETCH_ROW("always_false", SAMPLE_BOOL, FETCH_ANYWHERE, fetch_bool, 0, 0),
    FETCH_ROW_WITH("bool", SAMPLE_BOOL, FETCH_ANYWHERE, fetch_truth, check_truth, 0, 0, 1,
                   ARGUMENT_STRING),
    FETCH_ROW_WITH("str", SAMPLE_STRING, FETCH_ANYWHERE, fetch_text, NULL, 0, 0, 1,
                   ARGUMENT_STRING),
    FETCH_ROW_WITH("int", SAMPLE_INTEGER, FETCH_ANYWHERE, fetch_integer, NULL, 0, 0, 1,
                   ARGUMENT_INTEGER),
    FETCH_ROW_WITH("ipv4", SAMPLE_IPV4, FETCH_ANYWHERE, fetch_ipv4, NULL, 0, 0, 1, ARGUMENT_IPV4),
    FETCH_ROW_WITH("ipv6", SAMPLE_IPV6, FETCH_ANYWHERE, fetch_ipv6, NULL, 0, 0, 1, ARGUMENT_IPV6),
    FETCH_ROW_WITH("bin", SAMPLE_BINARY, FETCH_ANYWHERE, fetch_binary, check_binary, 0, 0, 1,
                   ARGUMENT_STRING),
    FETCH_ROW_WITH("meth", SAMPLE_METHOD, FETCH_ANYWHERE, fetch_method, NULL, 0, FETCH_NOCASE, 1,
                   ARGUMENT_STRING),
    FETCH_ROWS_END,
};
