/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compiled log-format: what its compiler and its evaluator share.
 */
#ifndef WEIR_RULES_LOG_FORMAT_INTERNAL_H
#define WEIR_RULES_LOG_FORMAT_INTERNAL_H

#include <stdbool.h>

#include "base/list.h"
#include "base/slice.h"
#include "rules/log_alias.h"
#include "rules/log_format.h"
#include "rules/log_writer.h"

enum item_kind { ITEM_TEXT, ITEM_SEPARATOR, ITEM_ALIAS, ITEM_EXPRESSION };

struct log_item {
    struct list link;
    enum item_kind kind;
    unsigned flags; /* enum log_flags */
    enum log_cast cast;
    struct slice text;                    /* ITEM_TEXT: its own block */
    const struct log_alias *alias;        /* ITEM_ALIAS */
    struct sample_expression *expression; /* ITEM_EXPRESSION */
    char *name;                           /* NULL: none */
};

struct log_format {
    struct list items;
    unsigned items_count;
    unsigned global; /* encoding that the whole is written in */
    enum log_format_use use;
    bool has_unique_id;
};

#endif
