/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: what the configuration says, as plain structs without syntax. `config` fills them,
 * everything else reads them; they never change after load. Strings and lists live in the
 * configuration's account. Durations are milliseconds, 0 meaning "not set".
 */
#ifndef WEIR_PROXY_SETTINGS_H
#define WEIR_PROXY_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "balance/backend.h"
#include "balance/server.h"
#include "base/list.h"
#include "event/log_ring.h"
#include "event/log_sink.h"
#include "memory/memory.h"
#include "quic/settings.h"
#include "rules/acl.h"
#include "rules/capture.h"
#include "rules/log_format.h"
#include "rules/reply.h"
#include "rules/rule.h"
#include "rules/sample_argument.h"
#include "rules/server_cookie.h"
#include "rules/variable.h"
#include "tls/tls.h"
#include "transport/listener.h"

enum proxy_mode { PROXY_MODE_TCP, PROXY_MODE_HTTP };

/* What a section can do; `listen` does both. */
enum proxy_role { PROXY_FRONTEND = 1, PROXY_BACKEND = 2, PROXY_DEFAULTS = 4 };

/* Yes-or-no options ("option x", "no option x"). */
enum proxy_option {
    OPTION_DONTLOGNULL = 1 << 0,
    OPTION_DONTLOG_NORMAL = 1 << 1,
    OPTION_LOGASAP = 1 << 2,
    OPTION_LOG_SEPARATE_ERRORS = 1 << 3,
    OPTION_REDISPATCH = 1 << 4,
    OPTION_ABORTONCLOSE = 1 << 5,
    OPTION_HTTP_SERVER_CLOSE = 1 << 6,
    OPTION_HTTPCLOSE = 1 << 7,
    OPTION_HTTP_KEEP_ALIVE = 1 << 8,
    OPTION_HTTP_BUFFER_REQUEST = 1 << 9,
    OPTION_HTTP_NO_DELAY = 1 << 10,
    OPTION_HTTP_IGNORE_PROBES = 1 << 11,
    OPTION_HTTP_USE_PROXY_HEADER = 1 << 12,
    OPTION_HTTP_PRETEND_KEEPALIVE = 1 << 13,
    OPTION_ACCEPT_UNSAFE_REQUEST = 1 << 14,
    OPTION_ACCEPT_UNSAFE_RESPONSE = 1 << 15,
    OPTION_PREFER_LAST_SERVER = 1 << 16,
    OPTION_PERSIST = 1 << 17,
    OPTION_SPLICE_REQUEST = 1 << 18,
    OPTION_SPLICE_RESPONSE = 1 << 19,
    OPTION_SPLICE_AUTO = 1 << 20,
    OPTION_TCPKA_CLIENT = 1 << 21,
    OPTION_TCPKA_SERVER = 1 << 22,
    OPTION_CONTSTATS = 1 << 23,
    OPTION_LOG_HEALTH_CHECKS = 1 << 24,
    OPTION_TRANSPARENT = 1 << 25,
    OPTION_NOLINGER = 1 << 26,
    OPTION_TCP_SMART = 1 << 27,
    OPTION_CHECK_CACHE = 1 << 28,
    OPTION_SOCKET_STATS = 1 << 29,
    OPTION_IDLE_CLOSE_ON_RESPONSE = 1 << 30,
};

enum http_reuse { HTTP_REUSE_SAFE, HTTP_REUSE_NEVER, HTTP_REUSE_AGGRESSIVE, HTTP_REUSE_ALWAYS };

struct proxy_timeouts {
    uint32_t client_ms, connect_ms, server_ms, http_request_ms, http_keep_alive_ms, queue_ms,
        tunnel_ms, client_fin_ms, server_fin_ms, tarpit_ms, check_ms;
};

/* One address of a bind line. */
struct bind_quic_options {
    enum quic_cc_algorithm algorithm; /* quic-cc-algo */
    size_t window_max;                /* its argument; 0: none */
    bool force_retry, allow_early;
};

struct bind_settings {
    struct list link; /* proxy_settings.binds */
    const char *file;
    unsigned line;
    const char *name; /* `name`, or NULL */
    uint32_t id;      /* `id`, or counted */
    struct listener_options listener;
    bool is_ssl;
    bool is_quic;                  /* UDP: quic4@ and the like */
    bool wants_quic;               /* `proto quic` */
    struct bind_quic_options quic; /* for those */
    struct tls_options tls;        /* when is_ssl; arrays in the configuration's account */
    const char **certificates;     /* storage behind tls.certificates */
    uint32_t maxconn;              /* 0: none */
    enum { BIND_LEVEL_USER, BIND_LEVEL_OPERATOR, BIND_LEVEL_ADMIN } level; /* stats sockets */
    uint32_t severity;
    bool expose_fd;
    bool accept_proxy; /* refused as not supported until its issue */
};

/* One server line. */
struct server_settings {
    struct list link; /* proxy_settings.servers */
    struct server_options options;
    bool is_ssl;
    struct tls_options tls;
    const char *sni_text;          /* as written */
    struct sample_expression *sni; /* `sni <expression>`, or NULL */
    struct address source;         /* `source`, AF_UNSPEC: none */
    uint32_t tcp_user_timeout_ms;
    bool check_ssl;
    struct address check_address;
    uint16_t check_port;           /* 0: the server's */
    bool has_verify;               /* `verify` is on the line or in default-server */
    const char *initial_addresses; /* `init-addr` as written, NULL: libc only */
    bool send_proxy;               /* refused as not supported until its issue */
};

/* `option forwardfor`, `option originalto`. */
struct forward_header {
    bool is_enabled;
    bool if_none;
    const char *header;        /* "X-Forwarded-For" */
    struct address except_net; /* AF_UNSPEC: none */
    unsigned except_bits;
};

/* One use_backend line: condition and name (constant or log-format). use-server likewise. */
struct switch_rule {
    struct list link;
    struct acl_condition *condition;
    const char *name;              /* constant */
    struct log_format *dynamic;    /* or computed */
    struct proxy_settings *target; /* resolved constant */
    const char *file;
    unsigned line;
};

/* One `log` line. */
struct log_settings {
    struct list link;
    struct log_sink_options sink; /* target, format, facility, levels, length, sampling */
    const char *file;
    unsigned line;
};

/* A ring section. */
struct ring_settings {
    struct list link; /* configuration.rings */
    struct log_ring_options options;
};

enum health_check_kind { CHECK_TCP, CHECK_HTTP };

struct http_check_settings {
    const char *method, *uri, *version, *host; /* of option httpchk / http-check send */
    const char *headers;                       /* "Name: value\r\n"…, or NULL */
    const char *body;
    enum { EXPECT_DEFAULT, EXPECT_STATUS, EXPECT_STRING, EXPECT_RSTATUS, EXPECT_RSTRING } expect;
    const char *expect_value;
    bool expect_negated;
};

/* `stats …` of a proxy. */
struct statistics_settings {
    bool is_enabled;
    const char *uri; /* prefix, default "/haproxy?stats" */
    const char *realm;
    struct list users;           /* struct statistics_user */
    struct acl_condition *admin; /* stats admin if …; NULL: no administration */
    bool has_admin;
    struct list scopes; /* struct statistics_scope: names, "." for this proxy; empty: all */
    uint32_t refresh_seconds;
    bool hide_version, show_legends, show_node, show_modules;
    const char *description, *node;
    struct rule_list rules; /* stats http-request */
};
struct statistics_user {
    struct list link;
    const char *user, *password;
};
struct statistics_scope {
    struct list link;
    const char *name;
};

/* balance uri: which part of the URI is hashed. 0: no limit. */
struct balance_uri_options {
    uint32_t bytes_max; /* len */
    uint32_t depth_max; /* depth: directories */
    bool is_whole;      /* with the query */
    bool is_path_only;  /* without scheme and authority */
};

/* A frontend, backend, listen or defaults section. */
struct proxy_settings {
    struct list link; /* configuration.proxies */
    const char *name;
    const char *file;
    unsigned line;
    uint32_t id;
    unsigned role; /* enum proxy_role */
    enum proxy_mode mode;
    bool is_disabled;
    uint32_t options; /* enum proxy_option */
    struct proxy_timeouts timeouts;
    uint32_t maxconn;          /* 0: the process's */
    uint32_t session_rate_max; /* rate-limit sessions */
    uint32_t backlog;
    const char *description;

    struct list binds;   /* struct bind_settings */
    struct list servers; /* struct server_settings */
    uint32_t servers_count;
    struct balance_options balance;
    struct balance_uri_options balance_uri;
    struct sample_expression
        *balance_key; /* source, uri, url_param, hdr, hash: evaluated to bytes; NULL: none */
    enum http_reuse reuse;
    int32_t retries;                       /* default 3 */
    uint32_t retry_on;                     /* enum proxy_retry bits; default connection failures */
    int32_t redispatch_interval;           /* option redispatch <n>: -1 last retry */
    struct server_cookie_settings *cookie; /* NULL: none */
    const char *dynamic_cookie_key;        /* given to the cookie when all is read */
    struct address source;                 /* towards servers */

    struct acl_table *acls;
    struct rule_list tcp_connection, tcp_session, tcp_request, tcp_response, http_request,
        http_response, http_after_response;
    struct rule_list redirects; /* `redirect`: run after http_request, even after its allow */
    uint32_t request_inspect_ms, response_inspect_ms;
    struct list use_backend; /* struct switch_rule */
    struct list use_server;  /* struct switch_rule */
    const char *default_backend_name;
    struct proxy_settings *default_backend;

    struct forward_header forwardfor, originalto;
    struct capture_declarations captures; /* capture request header, declare capture… */
    struct log_format *unique_id_format;
    const char *unique_id_header;
    const char *monitor_uri;
    struct acl_condition *monitor_fail;
    struct error_files *errors;

    struct list logs;            /* struct log_settings */
    bool log_global;             /* `log global` */
    const char *log_format_text; /* as written or by an option; compiled for each frontend */
    const char *log_format_file;
    unsigned log_format_line;
    const char *log_format_error_text;
    const char *log_format_error_file;
    unsigned log_format_error_line;
    struct log_format *log_format;       /* of frontends; NULL: the default format */
    struct log_format *log_format_error; /* error-log-format */
    const char *log_tag;

    enum health_check_kind check_kind;
    struct http_check_settings http_check;
    struct statistics_settings statistics;
    const struct proxy_settings
        *defaults; /* that it follows: their rules are run first; NULL: none */
    struct server_settings *default_server; /* of this section */
    unsigned followers; /* of a defaults section: roles of the proxies that follow it */
    bool is_followed_by_name;
    void *runtime; /* proxy/proxy.h: struct proxy */
};

enum proxy_retry {
    RETRY_CONN_FAILURE = 1,
    RETRY_EMPTY_RESPONSE = 2,
    RETRY_JUNK_RESPONSE = 4,
    RETRY_RESPONSE_TIMEOUT = 8,
    RETRY_0RTT_REJECTED = 16,
    RETRY_STATUS_BASE =
        32, /* then one bit each of 401 403 404 408 421 425 429 500 501 502 503 504 */
};

/* The `global` section and the command line. */
struct global_settings {
    struct memory_options memory;
    uint32_t maxconn; /* 0: computed from descriptors and memory */
    uint32_t workers; /* nbthread; 0: one (more come with the workers' issue, with a warning) */
    size_t bufsize, bufsize_large, maxrewrite;
    uint32_t buffers_limit, buffers_reserve;
    uint16_t fields_max;                          /* tune.http.maxhdr */
    uint32_t cookie_bytes_max, uri_log_bytes_max; /* tune.http.cookielen, tune.http.logurilen */
    uint32_t maxpipes; /* after the start: those that may be open, 0 when nobody splices */
    bool no_splice;    /* nosplice, -dS */
    uint32_t max_accept;
    const char *user, *group, *chroot, *pidfile, *node, *description, *log_tag, *log_hostname;
    const char *crt_base, *ca_base;
    const char *default_bind_ciphers, *default_bind_ciphersuites, *default_server_ciphers,
        *default_server_ciphersuites;
    enum tls_version default_bind_min, default_bind_max, default_server_min, default_server_max;
    const char *default_bind_curves, *default_server_curves;
    bool default_bind_no_tickets, default_server_no_tickets, default_bind_prefers_client,
        default_bind_strict_sni;
    bool no_certificate_bundles, no_key_files; /* ssl-load-extra-files without bundle, key */
    enum tls_verify server_verify;             /* of server lines without `verify` */
    struct {
        const char *prefix; /* of paths */
        mode_t mode;        /* 0: by umask */
        uid_t uid;          /* (uid_t)-1: as is */
        gid_t gid;
    } unix_bind; /* of bind lines with a path */
    uid_t uid;
    gid_t gid;
    bool daemon, quiet, zero_warning, master_worker;
    uint64_t hard_stop_after_ms; /* 0: none */
    uint32_t grace_ms;
    uint32_t ulimit_n;
    uint32_t descriptors_max;  /* fd-hard-limit, 0: none */
    const char *local_peer;    /* localpeer, NULL: -L or the host's name */
    struct list logs;          /* struct log_settings: global ones */
    struct quic_settings quic; /* tune.quic.*: what bind lines begin with */
    struct list stats_sockets; /* struct bind_settings: `stats socket` */
    uint32_t stats_timeout_ms, stats_maxconn;
    uint32_t spread_checks;
    bool strict_limits;
    uint32_t rate_sessions, rate_connections, rate_tls; /* a second, 0: no limit */
};

/* A whole configuration. */
struct configuration {
    struct account *account; /* pays for everything in it */
    struct list compiled;    /* expressions, formats and conditions, released together */
    struct list blocks;      /* plain blocks, released together (config/blocks.h) */
    struct global_settings global;
    struct list
        proxies; /* struct proxy_settings of all roles but defaults, in order of the files */
    struct list defaults; /* struct proxy_settings of the defaults sections */
    struct list rings;    /* struct ring_settings */
    struct pattern_files *patterns;
    struct variable_names *variables;
    struct variable_set process_variables;
    struct userlists *userlists;
    struct error_sections *error_sections; /* http-errors sections */
    struct sample_references references;   /* names of proxies and servers in expressions */
    const struct rule_registry *registry;  /* for expressions that come at run time */
    const char *const *files;
    unsigned warnings;
};

#endif
