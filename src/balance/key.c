/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of keys, cut where HAProxy cuts them: a level of depth is one slash, so that the first
 * slash of a path is a level of its own and the cut stands before the slash that is one too many.
 * No memory: the results are slices of the input.
 */
#include "balance/key.h"

struct slice key_of_uri(struct slice uri, uint32_t bytes_max, uint32_t depth_max, bool is_whole)
{
    struct slice key = bytes_max > 0 ? slice_first(uri, bytes_max) : uri;
    uint32_t slashes = 0;
    for (size_t i = 0; i < key.length; i++) {
        if (key.data[i] == '/') {
            slashes++;
        }
        bool is_deep = key.data[i] == '/' && depth_max > 0 && slashes > depth_max;
        if (is_deep || (key.data[i] == '?' && !is_whole)) {
            return slice_first(key, i);
        }
    }
    return key;
}

struct slice key_of_domain(struct slice name)
{
    size_t end = name.length;
    while (end > 0 && name.data[end - 1] != '.') {
        end--;
    }
    if (end == 0) {
        return name;
    }
    end--; /* the last dot */
    size_t start = end;
    while (start > 0 && name.data[start - 1] != '.') {
        start--;
    }
    return slice_of(name.data + start, end - start);
}
