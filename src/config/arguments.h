/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of bind and server lines: tables with one row an argument, walked by the handlers of
 * these lines and by what documents them. Tables end with a NULL name.
 */
#ifndef WEIR_CONFIG_ARGUMENTS_H
#define WEIR_CONFIG_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/keyword.h"

/* Where an argument of TLS may stand, or-ed. */
enum tls_place { TLS_ON_BIND = 1, TLS_ON_SERVER = 2, TLS_BY_DEFAULT = 4 };

/* An argument of TLS, on bind lines, server lines, and ssl-default-*-options. */
struct tls_argument {
    const char *name;
    const char *missing; /* said when the value is not there; NULL: takes none */
    enum result (*read)(struct config_reader *reader, const struct tls_argument *row,
                        const char *value, struct tls_options *tls);
    size_t offset;
    unsigned value;
    unsigned places; /* enum tls_place; TLS_BY_DEFAULT goes with one of the others */
};

/* An argument of a bind line. */
struct bind_argument {
    const char *name;
    const char *missing; /* as above */
    enum result (*read)(struct config_reader *reader, const struct bind_argument *row,
                        const char *value, struct bind_settings *bind);
    size_t offset;
    uint32_t value;
};

/* An argument of a server or default-server line. */
struct server_argument {
    const char *name;
    const char *missing; /* as above */
    enum result (*read)(struct config_reader *reader, const struct server_argument *row,
                        const char *value, struct server_settings *server);
    size_t offset;
    uint32_t value;
};

extern const struct tls_argument TLS_ARGUMENTS[];
extern const struct bind_argument BIND_ARGUMENTS[];
extern const struct server_argument SERVER_ARGUMENTS[];

#endif
