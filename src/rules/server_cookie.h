/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Persistence by cookie (`cookie NAME insert indirect nocache…`): what the request's cookie says
 * about the server, and what the response must say. Pure functions over messages; servers are found
 * through a callback, since their state is not known here.
 *
 *   request:  name=value                 rewrite, insert: value is the server's cookie
 *             name=value|last[|first]    insert with maxidle or maxlife: 30-bit dates in units of 4
 * s, 5 base64 digits each name=value~rest            prefix: the application's own value is `rest`
 */
#ifndef WEIR_RULES_SERVER_COOKIE_H
#define WEIR_RULES_SERVER_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/result.h"
#include "base/slice.h"
#include "http/message.h"

enum server_cookie_mode {
    SERVER_COOKIE_PASSIVE, /* no mode keyword: the server sets it, it is only read */
    SERVER_COOKIE_REWRITE,
    SERVER_COOKIE_INSERT,
    SERVER_COOKIE_PREFIX,
};

/* A `cookie` line. Strings live in the configuration's account. */
struct server_cookie_settings {
    const char *name;
    enum server_cookie_mode mode;
    bool is_indirect, is_nocache, is_postonly, is_preserve, is_httponly, is_secure, is_dynamic;
    const char
        *domains; /* as it is sent: one domain, or several joined by "; domain="; NULL: none */
    const char *attributes;  /* `attr` values joined by "; "; NULL: none */
    uint32_t max_idle_s;     /* 0: none */
    uint32_t max_life_s;     /* 0: none */
    const char *dynamic_key; /* dynamic-cookie-key, NULL: none */
};

/* What is known of the server that a cookie value names. */
enum server_cookie_owner {
    SERVER_COOKIE_UNKNOWN, /* no server has this value */
    SERVER_COOKIE_DOWN, /* the server is down and must not be used; another may have the same value
                         */
    SERVER_COOKIE_DOWN_USED, /* down, but used all the same (option persist, force-persist) */
    SERVER_COOKIE_UP,
};

/* Looks for the server of a cookie value; it remembers the server itself. Of several, one that is
 * up wins. */
struct server_cookie_finder {
    enum server_cookie_owner (*find)(void *argument, struct slice value);
    void *argument;
    bool is_ignored; /* persistence must not be used: ignore-persist, or a server is assigned
                        already */
};

/* What one stream knows of its cookie between request and response. Zero it, then
 * server_cookie_request. */
struct server_cookie_state {
    char request_flag;  /* for the log: 'N' 'I' 'D' 'V' 'E' 'O' 'U' */
    char response_flag; /* 'N' 'I' 'U' 'P' 'R' 'D' */
    bool is_direct;     /* the cookie chose the server. Clear it when a redispatch chose another */
    uint64_t last_date_s; /* 0: none */
    uint64_t first_date_s;
};

/*
 * Reads the cookie of a request, asks the finder, and takes out of the request what the server must
 * not see (insert indirect; the prefix). RESULT_NO_MEMORY when a changed header was refused.
 * `wall_s` is the time in seconds.
 */
MUST_USE enum result server_cookie_request(const struct server_cookie_settings *settings,
                                           const struct server_cookie_finder *finder,
                                           struct http_message *request, uint64_t wall_s,
                                           struct server_cookie_state *state);

/* What the response side needs to know beside the request's state. */
struct server_cookie_answer {
    struct slice server_cookie; /* of the server that answered; data NULL: it has none */
    bool has_server;            /* false: answered without a server (then nothing is inserted) */
    bool is_post;               /* the request was a POST */
    bool is_cacheable;          /* what server_cookie_is_cacheable says */
    bool is_ignored;            /* ignore-persist */
    uint64_t wall_s;
};

/*
 * Removes, rewrites or inserts the Set-Cookie of a response, with "Cache-control: private" where
 * `nocache` asks for it. RESULT_NO_MEMORY when a header was refused: the response must not be sent
 * without its cookie, answer 500 as HAProxy does.
 */
MUST_USE enum result server_cookie_response(const struct server_cookie_settings *settings,
                                            const struct server_cookie_answer *answer,
                                            struct http_message *response,
                                            struct server_cookie_state *state);

/*
 * Whether a shared cache may keep this response to a request of `method` (status, Cache-Control,
 * Pragma), by HAProxy's rules for nocache and `option checkcache`. `with_cookie`: whether its
 * Set-Cookie could be kept with it.
 */
bool server_cookie_is_cacheable(enum http_method method, const struct http_message *response,
                                bool *with_cookie);

/* Room for a dynamic cookie with its NUL. */
enum { SERVER_COOKIE_DYNAMIC_SIZE = 17 };

/* Writes the dynamic cookie of a server, as HAProxy computes it. RESULT_NOT_FOUND: neither IPv4 nor
 * IPv6. */
MUST_USE enum result server_cookie_write_dynamic(char out[SERVER_COOKIE_DYNAMIC_SIZE],
                                                 const char *key, const struct address *address,
                                                 uint16_t port);

#endif
