/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The normalizers of normalize-uri, one function each. Those of the path leave the query alone;
 * dot segments are taken off the output as they come, so that no list of segments is needed:
 *
 *   /a/b/../c   out: "/" "/a/" "/a/b/" -> ".." cuts back to "/a/" -> "/a/c"
 *
 * Memory: the caller's text; sorting keeps at most QUERY_PARAMETERS_MAX slices on the stack.
 * RFC 3986 5.2.4, 6.2.2.
 */
#include "rules/uri_normalizer.h"

#include "base/number.h"
#include "http/uri.h"

enum { PERCENT_BYTES = 3, HEX_BITS = 4 };

struct normalizer_row {
    const char *name;
    const char *option;
    enum result (*normalize)(struct slice path, bool has_option, struct text *out);
};

/* ---- fragments ---- */

static enum result encode_fragment(struct slice path, bool has_option, struct text *out)
{
    (void)has_option;
    for (size_t i = 0; i < path.length; i++) {
        if (path.data[i] == '#') {
            text_append_string(out, "%23");
        } else {
            text_append_char(out, path.data[i]);
        }
    }
    return RESULT_OK;
}

static enum result strip_fragment(struct slice path, bool has_option, struct text *out)
{
    (void)has_option;
    text_append(out, slice_first(path, slice_find_char(path, '#')));
    return RESULT_OK;
}

/* ---- path segments ---- */

/* Cuts the path off `whole`, which keeps "?query". */
static struct slice take_path(struct slice *whole)
{
    size_t end = slice_find_char(*whole, '?');
    struct slice path = slice_first(*whole, end);
    *whole = slice_skip(*whole, end);
    return path;
}

static enum result merge_slashes(struct slice path, bool has_option, struct text *out)
{
    (void)has_option;
    struct slice rest = path;
    struct slice only = take_path(&rest);
    for (size_t i = 0; i < only.length; i++) {
        bool repeats = i > 0 && only.data[i] == '/' && only.data[i - 1] == '/';
        if (!repeats) {
            text_append_char(out, only.data[i]);
        }
    }
    text_append(out, rest);
    return RESULT_OK;
}

/* Cuts the next segment off a path, behind its leading slash; `is_last` when nothing follows. */
static struct slice take_segment(struct slice *path, bool *is_last)
{
    struct slice rest = slice_skip(*path, 1);
    size_t end = slice_find_char(rest, '/');
    *is_last = end == rest.length;
    *path = slice_skip(rest, end);
    return slice_first(rest, end);
}

static enum result strip_dot(struct slice path, bool has_option, struct text *out)
{
    (void)has_option;
    struct slice rest = path;
    struct slice only = take_path(&rest);
    text_append_char(out, '/');
    for (bool is_last = only.length == 0; !is_last;) {
        struct slice segment = take_segment(&only, &is_last);
        if (slice_equal(segment, SLICE("."))) {
            continue;
        }
        text_append(out, segment);
        if (!is_last) {
            text_append_char(out, '/');
        }
    }
    text_append(out, rest);
    return RESULT_OK;
}

/* Takes the last segment ("name/") off an output that ends in '/'; false when it is ".." or none.
 */
static bool cut_segment(struct text *out, size_t start)
{
    struct slice written = slice_skip(text_slice(out), start);
    if (written.length <= 1) {
        return false;
    }
    size_t begin = written.length - 1;
    while (written.data[begin - 1] != '/') {
        begin--;
    }
    struct slice segment = slice_of(written.data + begin, written.length - 1 - begin);
    if (slice_equal(segment, SLICE(".."))) {
        return false;
    }
    out->length = start + begin;
    out->data[out->length] = '\0';
    return true;
}

static enum result strip_dotdot(struct slice path, bool is_full, struct text *out)
{
    struct slice rest = path;
    struct slice only = take_path(&rest);
    size_t start = out->length;
    text_append_char(out, '/');
    for (bool is_last = only.length == 0; !is_last && !out->truncated;) {
        struct slice segment = take_segment(&only, &is_last);
        if (slice_equal(segment, SLICE("..")) && (cut_segment(out, start) || is_full)) {
            continue;
        }
        text_append(out, segment);
        if (!is_last) {
            text_append_char(out, '/');
        }
    }
    text_append(out, rest);
    return RESULT_OK;
}

/* ---- percent sequences ---- */

/* The byte of a sequence "%xx" at the start of `s`, or -1. */
static int percent_value(struct slice s)
{
    if (s.length < PERCENT_BYTES) {
        return -1;
    }
    int high = number_hex_digit(s.data[1]);
    int low = number_hex_digit(s.data[2]);
    return high < 0 || low < 0 ? -1 : (high << HEX_BITS) | low;
}

static void append_sequence(struct text *out, int value)
{
    static const char digits[] = "0123456789ABCDEF";
    text_append_char(out, '%');
    text_append_char(out, digits[value >> HEX_BITS]);
    text_append_char(out, digits[value & ((1 << HEX_BITS) - 1)]);
}

static enum result decode_unreserved(struct slice path, bool is_strict, struct text *out)
{
    size_t i = 0;
    while (i < path.length) {
        struct slice rest = slice_skip(path, i);
        int value = rest.data[0] == '%' ? percent_value(rest) : -1;
        if (rest.data[0] == '%' && value < 0 && is_strict) {
            return RESULT_INVALID;
        }
        if (value < 0) {
            text_append_char(out, rest.data[0]);
            i++;
            continue;
        }
        if (http_is_unreserved((char)value)) {
            text_append_char(out, (char)value);
        } else {
            text_append(out, slice_first(rest, PERCENT_BYTES));
        }
        i += PERCENT_BYTES;
    }
    return RESULT_OK;
}

static enum result percent_to_uppercase(struct slice path, bool is_strict, struct text *out)
{
    size_t i = 0;
    while (i < path.length) {
        struct slice rest = slice_skip(path, i);
        int value = rest.data[0] == '%' ? percent_value(rest) : -1;
        if (rest.data[0] == '%' && value < 0 && is_strict) {
            return RESULT_INVALID;
        }
        if (value < 0) {
            text_append_char(out, rest.data[0]);
            i++;
        } else {
            append_sequence(out, value);
            i += PERCENT_BYTES;
        }
    }
    return RESULT_OK;
}

/* ---- parameters ---- */

static int compare_names(struct slice a, struct slice b)
{
    return slice_compare(slice_first(a, slice_find_char(a, '=')),
                         slice_first(b, slice_find_char(b, '=')));
}

/* Merges from[low..middle) and from[middle..high) into `to`; equal names keep their order. */
static void merge_runs(const struct slice *from, struct slice *to, size_t low, size_t middle,
                       size_t high)
{
    size_t left = low;
    size_t right = middle;
    for (size_t i = low; i < high; i++) {
        bool takes_left =
            left < middle && (right == high || compare_names(from[left], from[right]) <= 0);
        to[i] = takes_left ? from[left++] : from[right++];
    }
}

/* Sorts by name, stable; the result is in the returned one of the two arrays. */
static const struct slice *sort_parameters(struct slice *from, struct slice *to, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += 2 * width) {
            size_t middle = size_min(low + width, count);
            merge_runs(from, to, low, middle, size_min(middle + width, count));
        }
        struct slice *sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

static enum result sort_query(struct slice path, bool has_option, struct text *out)
{
    (void)has_option;
    struct slice query = path;
    text_append(out, take_path(&query));
    if (query.length == 0) {
        return RESULT_OK;
    }
    struct slice parameters[2][QUERY_PARAMETERS_MAX];
    size_t count = 0;
    struct slice rest = slice_skip(query, 1);
    bool is_last = false;
    while (!is_last) {
        if (count == QUERY_PARAMETERS_MAX) {
            return RESULT_FULL;
        }
        size_t end = slice_find_char(rest, '&');
        is_last = end == rest.length;
        parameters[0][count] = slice_first(rest, end);
        rest = slice_skip(rest, end + 1);
        count++;
    }
    const struct slice *sorted = sort_parameters(parameters[0], parameters[1], count);
    for (size_t i = 0; i < count; i++) {
        text_append_char(out, i == 0 ? '?' : '&');
        text_append(out, sorted[i]);
    }
    return RESULT_OK;
}

/* ---- the table ---- */

static const struct normalizer_row normalizers[URI_NORMALIZERS] = {
    [URI_FRAGMENT_ENCODE] = {"fragment-encode", NULL, encode_fragment},
    [URI_FRAGMENT_STRIP] = {"fragment-strip", NULL, strip_fragment},
    [URI_PATH_MERGE_SLASHES] = {"path-merge-slashes", NULL, merge_slashes},
    [URI_PATH_STRIP_DOT] = {"path-strip-dot", NULL, strip_dot},
    [URI_PATH_STRIP_DOTDOT] = {"path-strip-dotdot", "full", strip_dotdot},
    [URI_PERCENT_DECODE_UNRESERVED] = {"percent-decode-unreserved", "strict", decode_unreserved},
    [URI_PERCENT_TO_UPPERCASE] = {"percent-to-uppercase", "strict", percent_to_uppercase},
    [URI_QUERY_SORT_BY_NAME] = {"query-sort-by-name", NULL, sort_query},
};

const char *uri_normalizer_name(enum uri_normalizer normalizer)
{
    return normalizers[normalizer].name;
}

const char *uri_normalizer_option(enum uri_normalizer normalizer)
{
    return normalizers[normalizer].option;
}

enum result uri_normalize(enum uri_normalizer normalizer, bool has_option, struct slice path,
                          struct text *out)
{
    enum result result = normalizers[normalizer].normalize(path, has_option, out);
    return result == RESULT_OK && out->truncated ? RESULT_FULL : result;
}
