/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions by PCRE2. The compiled code is read-only and shared by all threads; what a
 * search needs (match data) comes from the caller's scratch arena, so that nothing has to be
 * released and a refusal is RESULT_NO_MEMORY. The interpreter, which serves where the JIT cannot,
 * backtracks in one block that is larger than an arena's: it is lent by the arena's account.
 *
 * Memory: code and match limits through library_take on the account given at compilation; the
 * JIT's machine code is mapped by the library (counted by memory_observe_resident); a search takes
 * about 300 bytes of scratch, and at most REGEX_HEAP_BYTES_MAX where the JIT does not serve.
 */
#include "rules/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "base/number.h"
#include "memory/library.h"

/* Room for the library's messages. */
enum { REGEX_MESSAGE_BYTES = 256 };

enum { KIBIBYTES_MAX = REGEX_HEAP_BYTES_MAX / 1024 };

/* Room for a replacement beyond twice the subject's length, and how it grows. */
enum { REGEX_ROOM_BYTES = 64, REGEX_ROOM_GROWTH = 4 };

enum { HEX_DIGITS = 2, HEX_SHIFT = 4 };

struct regex {
    struct account *account;
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_context *limits;
    bool is_interpreted; /* without a JIT, or with what it cannot do */
};

/* ---- memory for the library ---- */

static void *take_charged(PCRE2_SIZE bytes, void *account)
{
    return library_take(account, bytes);
}

static void release_charged(void *block, void *account)
{
    library_release(account, block);
}

static void *take_scratch(PCRE2_SIZE bytes, void *arena)
{
    return arena_take(arena, bytes);
}

/* The arena is cleared as a whole. */
static void release_scratch(void *block, void *arena)
{
    (void)block;
    (void)arena;
}

/* ---- compiling ---- */

static uint32_t compile_options(unsigned flags)
{
    uint32_t options = 0;
    if ((flags & REGEX_NOCASE) != 0) {
        options |= PCRE2_CASELESS;
    }
    if ((flags & REGEX_NO_CAPTURE) != 0) {
        options |= PCRE2_NO_AUTO_CAPTURE;
    }
    return options;
}

/* Compiles the code; the JIT is used where it can be. */
static enum result compile_code(struct regex *regex, struct slice pattern, unsigned flags,
                                struct text *error)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    pcre2_compile_context *context = pcre2_compile_context_create(regex->memory);
    if (context == NULL) {
        return RESULT_NO_MEMORY;
    }
    regex->code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.length, compile_options(flags),
                                &code, &offset, context);
    pcre2_compile_context_free(context);
    if (regex->code == NULL && (code == PCRE2_ERROR_HEAP_FAILED || code == PCRE2_ERROR_NOMEMORY)) {
        return RESULT_NO_MEMORY;
    }
    if (regex->code == NULL) {
        PCRE2_UCHAR message[REGEX_MESSAGE_BYTES] = "";
        (void)pcre2_get_error_message(code, message, sizeof(message));
        text_clear(error);
        text_append_format(error, "regex '%.*s' is invalid (error=%s, erroffset=%zu)",
                           (int)pattern.length, pattern.data, (const char *)message, offset);
        return RESULT_INVALID;
    }
    size_t jit_bytes = 0;
    (void)pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
    (void)pcre2_pattern_info(regex->code, PCRE2_INFO_JITSIZE, &jit_bytes);
    regex->is_interpreted = jit_bytes == 0;
    return RESULT_OK;
}

enum result regex_compile(struct account *account, struct slice pattern, unsigned flags,
                          struct text *error, struct regex **out)
{
    struct regex *regex = memory_take(account, sizeof(*regex));
    if (regex == NULL) {
        return RESULT_NO_MEMORY;
    }
    regex->account = account;
    enum result result = RESULT_NO_MEMORY;
    regex->memory = pcre2_general_context_create(take_charged, release_charged, account);
    if (regex->memory != NULL) {
        regex->limits = pcre2_match_context_create(regex->memory);
    }
    if (regex->limits != NULL) {
        (void)pcre2_set_heap_limit(regex->limits, KIBIBYTES_MAX);
        result = compile_code(regex, pattern, flags, error);
    }
    if (result != RESULT_OK) {
        regex_destroy(account, regex);
        return result;
    }
    *out = regex;
    return RESULT_OK;
}

void regex_destroy(struct account *account, struct regex *regex)
{
    if (regex == NULL) {
        return;
    }
    pcre2_code_free(regex->code);
    pcre2_match_context_free(regex->limits);
    pcre2_general_context_free(regex->memory);
    memory_release(account, regex);
}

/* ---- searching ---- */

/* Makes match data over the arena or, for the interpreter, its account; NULL when refused. */
static pcre2_match_data *take_match_data(const struct regex *regex, struct arena *scratch,
                                         unsigned groups)
{
    pcre2_general_context *memory =
        regex->is_interpreted
            ? pcre2_general_context_create(take_charged, release_charged, scratch->account)
            : pcre2_general_context_create(take_scratch, release_scratch, scratch);
    if (memory == NULL) {
        return NULL;
    }
    pcre2_match_data *data = pcre2_match_data_create(groups, memory);
    pcre2_general_context_free(memory);
    return data;
}

static void copy_groups(struct slice subject, const PCRE2_SIZE *offsets, int count,
                        struct regex_match *match)
{
    /* 0: the match data had no room for all groups; those kept are set. */
    unsigned set = count == 0 ? REGEX_GROUPS_MAX : (unsigned)count;
    match->count = set < REGEX_GROUPS_MAX ? set : REGEX_GROUPS_MAX;
    for (unsigned i = 0; i < REGEX_GROUPS_MAX; i++) {
        match->groups[i] = SLICE_NONE;
        if (i < match->count && offsets[2 * i] != PCRE2_UNSET &&
            offsets[2 * i] <= offsets[2 * i + 1]) {
            match->groups[i] =
                slice_of(subject.data + offsets[2 * i], offsets[2 * i + 1] - offsets[2 * i]);
        }
    }
}

/* Searches from `start` on, so that look-behind sees what is in front. */
static enum result search_from(const struct regex *regex, struct slice subject, size_t start,
                               uint32_t options, pcre2_match_data *data, struct regex_match *match)
{
    const char *bytes = subject.data == NULL ? "" : subject.data;
    int count = pcre2_match(regex->code, (PCRE2_SPTR)bytes, subject.length, start, options, data,
                            regex->limits);
    if (count == PCRE2_ERROR_NOMEMORY) {
        return RESULT_NO_MEMORY;
    }
    if (count < 0) {
        return RESULT_NOT_FOUND;
    }
    if (match != NULL) {
        copy_groups(slice_of(bytes, subject.length), pcre2_get_ovector_pointer(data), count, match);
    }
    return RESULT_OK;
}

enum result regex_search(const struct regex *regex, struct slice subject, struct arena *scratch,
                         struct regex_match *match)
{
    pcre2_match_data *data = take_match_data(regex, scratch, match == NULL ? 1 : REGEX_GROUPS_MAX);
    if (data == NULL) {
        return RESULT_NO_MEMORY;
    }
    enum result result = search_from(regex, subject, 0, 0, data, match);
    pcre2_match_data_free(data);
    return result;
}

/* ---- replacing ---- */

/* The byte of "xHH" behind a backslash, or -1. */
static int hex_escape(struct slice at)
{
    if (at.length <= HEX_DIGITS || at.data[0] != 'x') {
        return -1;
    }
    int high = number_hex_digit(at.data[1]);
    int low = number_hex_digit(at.data[2]);
    return high < 0 || low < 0 ? -1 : (high << HEX_SHIFT) | low;
}

void regex_expand(struct slice replacement, const struct regex_match *match, struct text *out)
{
    for (size_t i = 0; i < replacement.length; i++) {
        char c = replacement.data[i];
        if (c != '\\' || i + 1 == replacement.length) {
            text_append_char(out, c);
            continue;
        }
        c = replacement.data[++i];
        int byte = hex_escape(slice_skip(replacement, i));
        if (c >= '0' && c <= '9') {
            text_append(out, match->groups[c - '0']);
        } else if (byte >= 0) {
            text_append_char(out, (char)byte);
            i += HEX_DIGITS;
        } else {
            text_append_char(out, c);
        }
    }
}

/* One replacement of a whole text under way. */
struct replacing {
    const struct regex *regex;
    struct slice subject;
    struct slice replacement;
    bool all;
    pcre2_match_data *data;
};

/*
 * Writes the subject with its matches replaced. An empty match is replaced once, then one byte is
 * stepped over, as HAProxy does.
 */
static enum result replace_into(const struct replacing *replacing, struct text *out)
{
    struct slice subject = replacing->subject;
    size_t start = 0;
    enum result result = RESULT_OK;
    while (start <= subject.length) {
        struct regex_match match;
        uint32_t options = start == 0 ? 0 : PCRE2_NOTBOL;
        result = search_from(replacing->regex, subject, start, options, replacing->data, &match);
        if (result != RESULT_OK) {
            break;
        }
        size_t begin = (size_t)(match.groups[0].data - subject.data);
        text_append(out, slice_of(subject.data + start, begin - start));
        regex_expand(replacing->replacement, &match, out);
        start = begin + match.groups[0].length;
        if (match.groups[0].length == 0 && start < subject.length && replacing->all) {
            text_append_char(out, subject.data[start]);
        }
        start += match.groups[0].length == 0 && replacing->all ? 1 : 0;
        if (!replacing->all) {
            break;
        }
    }
    if (result == RESULT_NO_MEMORY) {
        return result;
    }
    text_append(out, slice_skip(subject, start));
    return out->truncated ? RESULT_FULL : RESULT_OK;
}

/*
 * Tries with more and more room, since how much is needed is only known afterwards. One piece of
 * the arena must carry it.
 */
static enum result replace_growing(const struct replacing *replacing, size_t bytes_max,
                                   struct arena *scratch, struct slice *out)
{
    size_t size = 2 * replacing->subject.length + REGEX_ROOM_BYTES;
    enum result result = RESULT_FULL;
    bytes_max = size_min(bytes_max, arena_piece_max(scratch) - 1);
    for (;;) {
        size = size_min(size, bytes_max + 1);
        char *room = arena_take_text(scratch, size);
        if (room == NULL) {
            return RESULT_NO_MEMORY;
        }
        struct text text = text_over(room, size);
        result = replace_into(replacing, &text);
        *out = text_slice(&text);
        if (result != RESULT_FULL || size > bytes_max) {
            return result;
        }
        size *= REGEX_ROOM_GROWTH;
    }
}

enum result regex_replace(const struct regex *regex, struct slice subject, struct slice replacement,
                          bool all, size_t bytes_max, struct arena *scratch, struct slice *out)
{
    struct replacing replacing = {regex, subject, replacement, all, NULL};
    struct regex_match match;
    if (subject.data == NULL) {
        replacing.subject.data = "";
    }
    replacing.data = take_match_data(regex, scratch, REGEX_GROUPS_MAX);
    if (replacing.data == NULL) {
        return RESULT_NO_MEMORY;
    }
    enum result result = search_from(regex, replacing.subject, 0, 0, replacing.data, &match);
    if (result == RESULT_OK) {
        result = replace_growing(&replacing, bytes_max, scratch, out);
    } else if (result == RESULT_NOT_FOUND) {
        *out = subject;
        result = RESULT_OK;
    }
    pcre2_match_data_free(replacing.data);
    return result;
}
