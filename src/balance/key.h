/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which part of a URI or of a host name is hashed: `balance uri len … depth … whole`, `balance
 * hdr(…) use_domain_only`. Slices of the input.
 */
#ifndef WEIR_BALANCE_KEY_H
#define WEIR_BALANCE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* The start of a URI: up to the question mark unless `is_whole`, at most `bytes_max` bytes and
 * `depth_max` levels of slashes (0: no limit). */
struct slice key_of_uri(struct slice uri, uint32_t bytes_max, uint32_t depth_max, bool is_whole);

/* The label before the last dot of a name ("example" of "www.example.com"), or the whole name when
 * it has no dot. */
struct slice key_of_domain(struct slice name);

#endif
