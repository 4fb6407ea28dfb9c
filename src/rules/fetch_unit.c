/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit that fetches of times take as an argument: "s", "ms" or "us". One table says what each
 * divides microseconds by; another word is refused when the file is read, so that evaluation cannot
 * fail. No memory.
 */
#include "base/clock.h"
#include "rules/fetch.h"
#include "rules/parser.h"

static const struct {
    struct slice name;
    int64_t divisor;
} UNITS[] = {
    {{"s", 1}, US_PER_SECOND},
    {{"ms", 2}, US_PER_MS},
    {{"us", 2}, 1},
};

int64_t fetch_unit_divisor(struct slice unit)
{
    for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++) {
        if (slice_equal(UNITS[i].name, unit)) {
            return UNITS[i].divisor;
        }
    }
    return UNITS[0].divisor;
}

enum result fetch_check_unit(struct rule_parser *parser, const struct sample_arguments *arguments,
                             unsigned index)
{
    struct slice unit = sample_argument_text(arguments, index);
    for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++) {
        if (unit.length == 0 || slice_equal(UNITS[i].name, unit)) {
            return RESULT_OK;
        }
    }
    return parser_fail(parser, "expects 's', 'ms' or 'us', got '%.*s'", (int)unit.length,
                       unit.data);
}
