/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses -dM as HAProxy's management manual tells it: an optional byte, then words that set or
 * clear. The hard idea is none: one table has a row an option (the word that sets it, the word that
 * clears it, the flag, what it does), and the parser and the help are read from it. Some flags are
 * negative (no_cache), so that zero is the default; `is_negative` tells which. Takes no memory;
 * bounded by the argument's length.
 */
#include "memory/options.h"

#include <stdint.h>

#include "base/number.h"

struct debug_row {
    const char *set;
    const char *clear;
    size_t flag; /* offset of the bool in struct memory_options */
    const char *help;
};

#define FLAG(name) offsetof(struct memory_options, name)

static const struct debug_row debug_rows[] = {
    {"fail", "no-fail", FLAG(fail_enabled),
     "fail allocations at random (tune.fail-alloc, else 1%)"},
    {"no-merge", "merge", FLAG(no_merge), "pools of the same size keep apart"},
    {"cold-first", "hot-first", FLAG(cold_first),
     "reuse the objects first that were freed long ago"},
    {"integrity", "no-integrity", FLAG(integrity), "check that free objects stay untouched"},
    {"backup", "no-backup", FLAG(backup), "keep a copy of free objects and compare"},
    {"no-global", "global", FLAG(no_global), "no slabs shared by workers"},
    {"no-cache", "cache", FLAG(no_cache), "no free lists of workers: straight to the allocator"},
    {"caller", "no-caller", FLAG(caller), "remember who took or released an object last"},
    {"tag", "no-tag", FLAG(tag), "a tag behind each object tells overflow and double release"},
    {"poison", "no-poison", FLAG(poison), "fill new objects with the byte (default 0x50)"},
    {"uaf", "no-uaf", FLAG(uaf), "objects on pages of their own, unmapped when released (slow)"},
};

enum {
    DEBUG_ROWS = sizeof(debug_rows) / sizeof(debug_rows[0]),
    FAIL_PERCENT_PRESET = 1,
    HEX_PREFIX_LENGTH = 2
};

static bool *flag_of(struct memory_options *options, const struct debug_row *row)
{
    return (bool *)(void *)((char *)options + row->flag);
}

static void write_help(struct memory_options *options, struct text *message)
{
    text_append_string(message,
                       "-dM[<byte>[,]][<option>[,...]]: memory debugging; the byte fills new "
                       "objects (0x50 when none is given).\n"
                       "'*' marks what is in force:\n"
                       "   set            clear            effect when set\n");
    for (unsigned i = 0; i < DEBUG_ROWS; i++) {
        const struct debug_row *row = &debug_rows[i];
        const bool is_set = *flag_of(options, row);
        text_append_format(message, "  %c %-12s | %c %-12s | %s\n", is_set ? '*' : ' ', row->set,
                           is_set ? ' ' : '*', row->clear, row->help);
    }
}

/* Options that are more than one flag. */
static void apply_consequences(struct memory_options *options, const struct debug_row *row,
                               bool is_set)
{
    if (row->flag == FLAG(fail_enabled) && is_set && options->fail_percent == 0) {
        options->fail_percent = FAIL_PERCENT_PRESET;
    } else if (row->flag == FLAG(no_cache) && !is_set) {
        options->keep_caches = true;
    }
}

static bool apply_word(struct memory_options *options, struct slice word)
{
    for (unsigned i = 0; i < DEBUG_ROWS; i++) {
        const struct debug_row *row = &debug_rows[i];
        const bool is_set = slice_equal(word, slice_from_string(row->set));
        if (is_set || slice_equal(word, slice_from_string(row->clear))) {
            *flag_of(options, row) = is_set;
            apply_consequences(options, row, is_set);
            return true;
        }
    }
    return false;
}

/* A byte in decimal or as 0x.. */
static enum result parse_byte(struct slice word, uint64_t *byte)
{
    const bool is_hex = slice_starts_with_nocase(word, SLICE("0x"));
    const enum result result = is_hex ? number_parse_hex(slice_skip(word, HEX_PREFIX_LENGTH), byte)
                                      : number_parse_decimal(word, byte);
    return result == RESULT_OK && *byte <= UINT8_MAX ? RESULT_OK : RESULT_INVALID;
}

static enum result complain(struct text *message, const char *what, struct slice word)
{
    text_append_format(message, "-dM: %s '%.*s' (-dMhelp lists the options)", what,
                       (int)word.length, word.data);
    return RESULT_INVALID;
}

/* Takes a leading byte off `rest`. */
static enum result apply_leading_byte(struct memory_options *options, struct slice *rest,
                                      struct text *message)
{
    const bool is_alone = rest->length == 0;
    const bool has_byte = !is_alone && rest->data[0] >= '0' && rest->data[0] <= '9';
    struct slice word;
    uint64_t byte = MEMORY_POISON_BYTE;
    if (has_byte && slice_next_token(rest, ',', &word) && parse_byte(word, &byte) != RESULT_OK) {
        return complain(message, "not a byte:", word);
    }
    if (has_byte || is_alone) {
        options->poison = true;
        options->poison_byte = (unsigned char)byte;
    } else if (!options->poison) {
        options->poison_byte = MEMORY_POISON_BYTE;
    }
    return RESULT_OK;
}

enum result memory_parse_debug(const char *text, struct memory_options *options,
                               struct text *message)
{
    struct slice rest = slice_from_string(text);
    struct slice word;
    const enum result result = apply_leading_byte(options, &rest, message);
    if (result != RESULT_OK) {
        return result;
    }
    while (slice_next_token(&rest, ',', &word)) {
        if (slice_equal(word, SLICE("help"))) {
            write_help(options, message);
            return RESULT_END;
        }
        if (word.length > 0 && !apply_word(options, word)) {
            return complain(message, "unknown option", word);
        }
    }
    return RESULT_OK;
}
