/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rest of the catalog: sections, arguments of bind and server lines, and keywords that HAProxy
 * had once. Constant.
 */
#include <stddef.h>
#include <string.h>

#include "base/slice.h"
#include "config/catalog.h"

const char CATALOG_SECTIONS[] =
    "acme cache crt-store fcgi-app healthcheck log-forward log-profile mailers peers"
    " program resolvers ring traces";

const char CATALOG_BIND[] =
    "accept-netscaler-cip accept-proxy allow-0rtt alpn backlog ca-file ca-ignore-err"
    " ca-sign-file ca-sign-pass ca-verify-file ciphers ciphersuites client-sigalgs crl-file"
    " crt crt-ignore-err crt-list curves default-crt defer-accept ecdhe expose-fd"
    " force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 generate-certificates"
    " gid group guid-prefix id idle-ping interface label level maxconn mode mss name"
    " namespace nbconn nice no-alpn no-ca-names no-sslv3 no-strict-sni no-tls-tickets"
    " no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 npn ocsp-update prefer-client-ciphers process"
    " proto quic-cc-algo quic-force-retry quic-socket severity-output shards sigalgs ssl"
    " ssl-max-ver ssl-min-ver strict-sni tcp-md5sig tcp-ut tfo thread tls-ticket-keys"
    " tls-tickets transparent uid user v4v6 v6only verify";

const char CATALOG_SERVER[] =
    "addr agent-addr agent-check agent-inter agent-port agent-send allow-0rtt alpn backup"
    " ca-file check check-alpn check-pool-conn-name check-proto check-reuse-pool"
    " check-send-proxy check-sni check-sni-auto check-ssl check-via-socks4 ciphers"
    " ciphersuites client-sigalgs cookie crl-file crt curves disabled downinter enabled"
    " error-limit fall fastinter force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12"
    " force-tlsv13 guid hash-key healthcheck id idle-ping init-addr init-state inter"
    " log-bufsize log-proto max-reuse maxconn maxqueue minconn namespace no-agent-check"
    " no-backup no-check no-check-reuse-pool no-check-send-proxy no-check-sni-auto"
    " no-check-ssl no-send-proxy no-send-proxy-v2 no-send-proxy-v2-ssl"
    " no-send-proxy-v2-ssl-cn no-sni-auto no-ssl no-ssl-reuse no-sslv3 no-tfo"
    " no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 no-verifyhost non-stick npn"
    " observe on-error on-marked-down on-marked-up pool-conn-name pool-low-conn"
    " pool-max-conn pool-purge-delay port proto proxy-v2-options redir resolve-net"
    " resolve-opts resolve-prefer resolvers rise send-proxy send-proxy-v2 send-proxy-v2-ssl"
    " send-proxy-v2-ssl-cn set-proxy-v2-tlv-fmt shard sigalgs slowstart sni sni-auto socks4"
    " source ssl ssl-max-ver ssl-min-ver ssl-reuse stick strict-maxconn tcp-md5sig tcp-ut"
    " tfo tls-tickets track usesrc verify verifyhost weight ws";

/* One keyword that HAProxy refuses since a version, and what to write now. */
struct removed_keyword {
    const char *name;
    const char *since;
    const char *instead;
};

static const struct removed_keyword REMOVED[] = {
    {"appsession", "1.6", NULL},
    {"bind-process", "2.7", "'thread' or 'shards' on the 'bind' line"},
    {"block", "2.1", "'http-request deny' which uses the exact same syntax"},
    {"clitimeout", "2.1", "'timeout client'"},
    {"contimeout", "2.1", "'timeout connect'"},
    {"srvtimeout", "2.1", "'timeout server'"},
    {"redisp", "2.1", "'option redispatch'"},
    {"redispatch", "2.1", "'option redispatch'"},
    {"reqadd", "2.1", "'http-request add-header'"},
    {"reqdel", "2.1", "'http-request del-header'"},
    {"reqrep", "2.1",
     "'http-request replace-path', 'http-request replace-uri' or 'http-request replace-header'"},
    {"reqirep", "2.1",
     "'http-request replace-path', 'http-request replace-uri' or 'http-request replace-header'"},
    {"reqdeny", "2.1", "'http-request deny'"},
    {"rspadd", "2.1", "'http-response add-header'"},
    {"rspdel", "2.1", "'http-response del-header'"},
    {"rsprep", "2.1", "'http-response replace-header'"},
    {"rspdeny", "2.1", "'http-response deny'"},
    {"tune.chksize", "2.7", NULL},
};

static const struct removed_keyword REMOVED_OPTIONS[] = {
    {"forceclose", "2.0", "please just remove it, or use 'option httpclose' if absolutely needed"},
    {"http-tunnel", "2.1", "please just remove it, it shouldn't be needed"},
    {"tcpsplice", "1.5", "use 'option splice-auto'"},
};

static const struct removed_keyword *find_removed(const struct removed_keyword *rows, size_t count,
                                                  const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, word) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool describe_option(const char *word, struct text *message)
{
    const struct removed_keyword *row =
        find_removed(REMOVED_OPTIONS, sizeof(REMOVED_OPTIONS) / sizeof(REMOVED_OPTIONS[0]), word);
    if (row != NULL) {
        text_append_format(message, "option '%s' is not supported any more since HAProxy %s, %s.",
                           row->name, row->since, row->instead);
    }
    return row != NULL;
}

bool catalog_describe_removed(const char *word, bool is_option, struct text *message)
{
    if (is_option) {
        return describe_option(word, message);
    }
    if (strcmp(word, "nbproc") == 0) {
        text_append_string(message, "nbproc is not supported any more since HAProxy 2.5. Threads "
                                    "will automatically be used on multi-processor machines if "
                                    "available.");
        return true;
    }
    const struct removed_keyword *row =
        find_removed(REMOVED, sizeof(REMOVED) / sizeof(REMOVED[0]), word);
    if (row == NULL) {
        return false;
    }
    text_append_format(message, "the '%s' directive is not supported anymore since HAProxy %s.",
                       row->name, row->since);
    if (row->instead != NULL) {
        text_append_format(message, " Use %s.", row->instead);
    }
    return true;
}

bool catalog_has_word(const char *list, const char *word)
{
    struct slice rest = slice_from_string(list);
    struct slice name;
    while (slice_next_token(&rest, ' ', &name)) {
        if (slice_equal(name, slice_from_string(word))) {
            return true;
        }
    }
    return false;
}
