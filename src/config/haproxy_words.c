/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that begin a line in HAProxy's language and that weir does not have (yet): they get "not supported" where a misspelt word gets
 * a suggestion. Constant.
 */
#include <string.h>

#include "config/keyword.h"

static const char *const WORDS[] = {
    "anonkey", "busy-polling", "clitcpka-cnt", "clitcpka-idle", "clitcpka-intvl", "cluster-secret",
    "compression", "cpu-policy", "default-path", "deviceatlas-json-file",
    "deviceatlas-properties-cookie", "dispatch", "dns-accept-family", "dynamic-cookie-key",
    "email-alert", "expose-experimental-directives", "external-check", "fcgi-app", "fd-hard-limit",
    "filter", "force-be-switch", "force-cfg-parser-pause", "force-persist",
    "h1-accept-payload-with-any-method", "h1-case-adjust-file",
    "h2-workaround-bogus-websocket-clients", "harden.reject-privileged-ports.tcp",
    "hash-preserve-affinity", "http-send-name-header", "httpclient.resolvers.disabled",
    "httpclient.resolvers.prefer", "httpclient.ssl.ca-file", "httpclient.timeout.connect",
    "ignore-persist", "insecure-fork-wanted", "issuers-chain-path", "limited-quic",
    "load-server-state-from-file", "log-format-sd", "log-steps", "lua-load-per-thread",
    "max-keep-alive-queue", "max-session-srv-conns", "maxcompcpuusage", "maxsslconn", "maxzlibmem",
    "mworker-max-reloads", "nameserver", "no-quic", "noepoll", "nogetaddrinfo", "nopoll",
    "nosplice", "numa-cpu-mapping", "ocsp-update.httpproxy", "ocsp-update.maxdelay", "peers",
    "persist", "profiling.tasks", "quic-initial", "resetenv", "server-state-file",
    "server-state-file-name", "server-template", "srvtcpka-cnt", "srvtcpka-idle", "srvtcpka-intvl",
    "ssl-default-bind-client-sigalgs", "ssl-default-server-client-sigalgs", "ssl-dh-param-file",
    "ssl-engine", "ssl-f-use", "ssl-provider", "ssl-security-level", "ssl-skip-self-issued-ca",
    "stats-file", "stick-table", "tcp-check", "tune.applet.zero-copy-forwarding",
    "tune.bufsize.small", "tune.disable-fast-forward", "tune.epoll.mask-events",
    "tune.h1.zero-copy-fwd-recv", "tune.h2.be.glitches-threshold",
    "tune.h2.be.max-concurrent-streams", "tune.h2.be.rxbuf", "tune.h2.fe.initial-window-size",
    "tune.h2.fe.max-frames-at-once", "tune.h2.fe.max-total-streams", "tune.h2.header-table-size",
    "tune.h2.max-concurrent-streams", "tune.h2.zero-copy-fwd-send", "tune.idle-pool.shared",
    "tune.lua.bool-sample-conversion", "tune.lua.forced-yield", "tune.lua.log.stderr",
    "tune.lua.service-timeout", "tune.lua.task-timeout", "tune.memory.hot-size",
    "tune.peers.max-updates-at-once", "tune.pool-high-fd-ratio", "tune.pt.zero-copy-forwarding",
    "tune.quic.cc.cubic.min-losses", "tune.quic.disable-udp-gso",
    "tune.quic.frontend.max-data-size", "tune.quic.frontend.max-streams-bidi",
    "tune.quic.frontend.stream-data-ratio", "tune.quic.max-frame-loss",
    "tune.quic.retry-threshold", "tune.quic.zero-copy-fwd-send", "tune.rcvbuf.client",
    "tune.rcvbuf.server", "tune.renice.startup", "tune.ring.queues", "tune.sched.low-latency",
    "tune.sndbuf.client", "tune.sndbuf.server", "tune.ssl.cachesize",
    "tune.ssl.certificate-compression", "tune.ssl.force-private-cache", "tune.ssl.keylog",
    "tune.ssl.maxrecord", "tune.takeover-other-tg-connections", "tune.vars.proc-max-size",
    "tune.vars.sess-max-size", "tune.zlib.memlevel", "unix-bind", "use-fcgi-app",
    "warn-blocked-traffic-after", "wurfl-data-file", "wurfl-information-list-separator",
};

bool config_is_haproxy_keyword(const char *word)
{
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        if (strcmp(WORDS[i], word) == 0) {
            return true;
        }
    }
    return false;
}
