/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing, searching and cutting borrowed bytes.
 * Everything here is bounded by the slices' lengths and reads no byte outside them; a slice of
 * length zero may have a NULL pointer, so none is handed to memcmp, memchr or memmem. Takes no
 * memory.
 */
#include "base/slice.h"

bool slice_equal_nocase(struct slice a, struct slice b)
{
    if (a.length != b.length) {
        return false;
    }
    for (size_t i = 0; i < a.length; i++) {
        if (ascii_lower(a.data[i]) != ascii_lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

int slice_compare(struct slice a, struct slice b)
{
    const size_t shared = a.length < b.length ? a.length : b.length;
    const int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    if (order != 0) {
        return order < 0 ? -1 : 1;
    }
    return a.length == b.length ? 0 : a.length < b.length ? -1 : 1;
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
    return s.length >= prefix.length && slice_equal(slice_first(s, prefix.length), prefix);
}

bool slice_starts_with_nocase(struct slice s, struct slice prefix)
{
    return s.length >= prefix.length && slice_equal_nocase(slice_first(s, prefix.length), prefix);
}

bool slice_ends_with(struct slice s, struct slice suffix)
{
    return s.length >= suffix.length &&
           slice_equal(slice_skip(s, s.length - suffix.length), suffix);
}

bool slice_ends_with_nocase(struct slice s, struct slice suffix)
{
    return s.length >= suffix.length &&
           slice_equal_nocase(slice_skip(s, s.length - suffix.length), suffix);
}

size_t slice_find_char(struct slice s, char c)
{
    const char *found = s.length == 0 ? NULL : memchr(s.data, c, s.length);
    return found == NULL ? s.length : (size_t)(found - s.data);
}

size_t slice_find(struct slice s, struct slice needle)
{
    if (needle.length == 0) {
        return 0;
    }
    if (needle.length > s.length) {
        return s.length;
    }
    const char *found = memmem(s.data, s.length, needle.data, needle.length);
    return found == NULL ? s.length : (size_t)(found - s.data);
}

size_t slice_find_nocase(struct slice s, struct slice needle)
{
    if (needle.length == 0) {
        return 0;
    }
    for (size_t i = 0; i + needle.length <= s.length; i++) {
        if (slice_equal_nocase(slice_of(s.data + i, needle.length), needle)) {
            return i;
        }
    }
    return s.length;
}

/* Whether `c` is optional white space of RFC 9110 5.6.3. */
static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice s)
{
    while (s.length > 0 && is_space(s.data[0])) {
        s.data++;
        s.length--;
    }
    while (s.length > 0 && is_space(s.data[s.length - 1])) {
        s.length--;
    }
    return s;
}

bool slice_next_token(struct slice *rest, char separator, struct slice *token)
{
    if (rest->length == 0) {
        return false;
    }
    const size_t end = slice_find_char(*rest, separator);
    *token = slice_first(*rest, end);
    *rest = end == rest->length ? SLICE_NONE : slice_skip(*rest, end + 1);
    return true;
}
