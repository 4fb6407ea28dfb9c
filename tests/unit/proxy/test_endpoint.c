/* SPDX-License-Identifier: Apache-2.0 */
/* Server connections: dialled, abandoned, refused; idle ones kept, used again by whom they fit,
 * purged by age, number and pressure. */
#include "memory/fault.h"
#include "mux/h1.h"
#include "support/site.h"

/* Who asked for a link. */
struct asker {
    struct server_link *link;
    struct mux_stream *side;
    unsigned calls;
    enum connection_error error;
};

static void on_link(void *owner, struct server_link *link, enum connection_error error,
                    int system_error)
{
    struct asker *asker = owner;
    asker->calls++;
    asker->error = error;
    assert_true(link == NULL || link == asker->link);
    assert_true(error != CONNECTION_ERROR_REFUSED || link == NULL);
    (void)system_error;
}

static const struct link_events EVENTS = {.on_link = on_link};

static void on_side(void *stream, struct mux_stream *side)
{
    (void)stream;
    (void)side;
}

static void on_abort(void *stream, struct mux_stream *side, enum mux_abort reason)
{
    (void)stream;
    (void)side;
    (void)reason;
}

static const struct stream_events SIDE_EVENTS = {
    .on_receive = on_side, .on_send = on_side, .on_abort = on_abort};

static void open_site(struct site *site)
{
    site_open(site);
    site_add(site);
}

static struct endpoint *endpoint_at(const struct site *site)
{
    return container_of(list_first(&site->backend->endpoints), struct endpoint, link);
}

static struct link_request request_to(const struct site *site)
{
    return (struct link_request){.may_reuse = true,
                                 .destination = site->servers[0].options.address};
}

/* A new link that is up, and the server's end of it. */
static struct site_end *dial(struct site *site, const struct link_request *request,
                             struct asker *asker)
{
    *asker = (struct asker){0};
    assert_int_equal(endpoint_acquire(endpoint_at(site), request, &EVENTS, asker, &asker->link),
                     RESULT_BLOCKED);
    assert_int_equal(asker->link->state, LINK_DIALLING);
    SITE_UNTIL(site, asker->calls > 0);
    assert_int_equal(asker->error, CONNECTION_ERROR_NONE);
    assert_int_equal(asker->link->state, LINK_BUSY);
    assert_int_equal(asker->link->uses, 1);
    return site_accept(site, 0);
}

/* An exchange on a link that is up, after which it is idle or gone. */
static void use(struct site *site, struct asker *asker, struct site_end *server)
{
    struct mux *mux = asker->link->mux;
    assert_int_equal(mux->ops->open(mux, &SIDE_EVENTS, asker, &asker->side), RESULT_OK);
    struct account account;
    struct http_message request;
    struct http_message response;
    struct mux_refusal refusal = {0};
    account_init(&account, site->base.ledger, ACCOUNT_CLIENT, 0);
    http_message_init(&request, &site->chunks, &account, 1024, 8);
    http_message_init(&response, &site->chunks, &account, 1024, 8);
    request.method_id = HTTP_METHOD_GET;
    request.method = SLICE("GET");
    request.target = SLICE("/");
    request.path = SLICE("/");
    request.version = HTTP_VERSION_1_1;
    assert_int_equal(mux->ops->send_head(asker->side, &request), RESULT_OK);
    (void)site_take_head(site, server);
    site_send(server, "HTTP/1.1 204 No\r\n\r\n");
    SITE_UNTIL(site, mux->ops->receive_head(asker->side, &response, &refusal) == RESULT_OK);
    http_message_clear(&request);
    http_message_clear(&response);
    account_deinit(&account);
    mux->ops->release(asker->side, false);
    site_run(site, 3);
}

static void test_a_link_is_used_again(void **state)
{
    (void)state;
    struct site site;
    open_site(&site);
    site_start(&site);
    struct endpoint *endpoint = endpoint_at(&site);
    struct link_request request = request_to(&site);
    struct asker asker;
    struct site_end *server = dial(&site, &request, &asker);
    assert_int_equal(endpoint->links_count, 1);
    assert_int_equal(endpoint->idle_count, 0);
    use(&site, &asker, server);
    assert_int_equal(endpoint->idle_count, 1);
    struct asker next = {0};
    assert_int_equal(endpoint_acquire(endpoint, &request, &EVENTS, &next, &next.link), RESULT_OK);
    assert_ptr_equal(next.link, asker.link);
    assert_int_equal(next.link->uses, 2);
    assert_int_equal(next.calls, 0);
    assert_int_equal(endpoint->idle_count, 0);
    use(&site, &next, server);
    assert_int_equal(endpoint->idle_count, 1);
    request.may_reuse = false; /* a new one although one is idle */
    (void)dial(&site, &request, &asker);
    assert_int_equal(endpoint->links_count, 2);
    link_abandon(asker.link);
    site_close(&site);
}

/* Only links of the same name, destination and owner are shared. */
static void test_links_that_do_not_fit(void **state)
{
    (void)state;
    struct site site;
    open_site(&site);
    site_start(&site);
    struct link_request request = request_to(&site);
    request.sni = SLICE("name");
    struct asker asker;
    struct site_end *server = dial(&site, &request, &asker);
    use(&site, &asker, server);
    struct link_request others[4] = {request, request, request, request};
    others[0].sni = SLICE("other");
    others[1].destination.v4.s_addr = htonl(INADDR_LOOPBACK + 1);
    others[2].is_private = true;
    others[2].session_id = 7;
    others[3].is_tcp = true;
    for (unsigned i = 0; i < 4; i++) {
        struct asker other = {0};
        assert_int_equal(
            endpoint_acquire(endpoint_at(&site), &others[i], &EVENTS, &other, &other.link),
            RESULT_BLOCKED);
        assert_ptr_not_equal(other.link, asker.link);
        link_abandon(other.link);
    }
    assert_int_equal(endpoint_at(&site)->idle_count, 1);
    site_close(&site);
}

/* A private link serves its own session only. */
static void test_private_links(void **state)
{
    (void)state;
    struct site site;
    open_site(&site);
    site_start(&site);
    struct link_request request = request_to(&site);
    request.is_private = true;
    request.session_id = 7;
    struct asker asker;
    use(&site, &asker, dial(&site, &request, &asker));
    struct asker next = {0};
    request.session_id = 8;
    assert_int_equal(endpoint_acquire(endpoint_at(&site), &request, &EVENTS, &next, &next.link),
                     RESULT_BLOCKED);
    link_abandon(next.link);
    request.session_id = 7;
    assert_int_equal(endpoint_acquire(endpoint_at(&site), &request, &EVENTS, &next, &next.link),
                     RESULT_OK);
    link_abandon(next.link);
    site_close(&site);
}

/* The most recently used first, so that the others grow old. */
static void test_the_youngest_first(void **state)
{
    (void)state;
    struct site site;
    open_site(&site);
    site_start(&site);
    struct endpoint *endpoint = endpoint_at(&site);
    struct link_request request = request_to(&site);
    struct asker askers[3];
    struct site_end *servers[3];
    for (unsigned i = 0; i < 3; i++) {
        servers[i] = dial(&site, &request, &askers[i]);
    }
    static const unsigned ORDER[] = {1, 2, 0};
    for (unsigned i = 0; i < 3; i++) {
        use(&site, &askers[ORDER[i]], servers[ORDER[i]]);
    }
    struct asker next = {0};
    assert_int_equal(endpoint_acquire(endpoint, &request, &EVENTS, &next, &next.link), RESULT_OK);
    assert_ptr_equal(next.link, askers[0].link);
    assert_int_equal(worker_drop_idle_links(&site.worker, 1), 1); /* the oldest */
    site_expect_end(&site, servers[1]);
    assert_false(servers[2]->has_ended);
    assert_int_equal(endpoint->idle_count, 1);
    assert_int_equal(worker_drop_idle_links(&site.worker, 9), 1);
    assert_int_equal(worker_drop_idle_links(&site.worker, 9), 0);
    assert_int_equal(endpoint->links_count, 1);
    link_abandon(next.link);
    site_close(&site);
}

/* What is not kept when an exchange is over. */
static void test_what_is_not_kept(void **state)
{
    (void)state;
    enum cause { KEPT, BY_CLOSE, BY_SERVER_CLOSE, BY_USES, BY_NUMBER, BY_STOP, BY_MAINT, CAUSES };
    for (unsigned cause = KEPT; cause < CAUSES; cause++) {
        struct site site;
        open_site(&site);
        site.back.options = cause == BY_CLOSE          ? OPTION_HTTPCLOSE
                            : cause == BY_SERVER_CLOSE ? OPTION_HTTP_SERVER_CLOSE
                                                       : 0;
        site.servers[0].options.max_reuse = cause == BY_USES ? 1 : UINT32_MAX;
        site.servers[0].options.pool_max_connections = cause == BY_NUMBER ? 0 : UINT32_MAX;
        site_start(&site);
        struct endpoint *endpoint = endpoint_at(&site);
        struct link_request request = request_to(&site);
        struct asker asker;
        struct site_end *server = dial(&site, &request, &asker);
        site.facts.is_stopping = cause == BY_STOP;
        if (cause == BY_MAINT) {
            server_set_admin(&endpoint->server, SERVER_MAINT_FORCED, 0, 0);
        }
        use(&site, &asker, server);
        assert_int_equal(endpoint->idle_count, cause == KEPT ? 1 : 0);
        assert_int_equal(endpoint->links_count, cause == KEPT ? 1 : 0);
        site.facts.is_stopping = false;
        site_close(&site);
    }
}

/* Under pressure idle links are not kept either. */
static void test_pressure(void **state)
{
    (void)state;
    struct site site;
    site_open_limited(&site, (size_t)64 * 1024 * 1024);
    site_add(&site);
    site_start(&site);
    struct link_request request = request_to(&site);
    struct asker asker;
    struct site_end *server = dial(&site, &request, &asker);
    struct memory_usage usage;
    memory_read_usage(site.base.memory, &usage);
    site_fill(&site, usage.traffic_max / 4);
    site_turn(&site);
    assert_int_equal(pressure_level(site.base.memory), PRESSURE_TIGHT);
    use(&site, &asker, server);
    assert_int_equal(endpoint_at(&site)->links_count, 0);
    site_drain(&site);
    site_turn(&site);
    use(&site, &asker, dial(&site, &request, &asker));
    assert_int_equal(endpoint_at(&site)->idle_count, 1);
    site_close(&site);
}

static void test_purging_by_age(void **state)
{
    (void)state;
    struct site site;
    open_site(&site);
    site_start(&site);
    struct endpoint *endpoint = endpoint_at(&site);
    struct link_request request = request_to(&site);
    struct asker askers[2];
    struct site_end *servers[2];
    for (unsigned i = 0; i < 2; i++) {
        servers[i] = dial(&site, &request, &askers[i]);
    }
    use(&site, &askers[0], servers[0]);
    uint64_t between_ms = event_now_ms(site.base.loop);
    site_run(&site, 5);
    use(&site, &askers[1], servers[1]);
    assert_int_equal(endpoint_purge_idle(endpoint, between_ms), 1);
    site_expect_end(&site, servers[0]);
    assert_int_equal(endpoint->idle_count, 1);
    assert_int_equal(endpoint_purge_idle(endpoint, TIME_NEVER), 1);
    site_expect_end(&site, servers[1]);
    assert_int_equal(endpoint->links_count, 0);
    site_close(&site);
}

/* A server that closes an idle link is noticed: it is not handed out any more. */
static void test_a_server_closes_an_idle_link(void **state)
{
    (void)state;
    struct site site;
    open_site(&site);
    site_start(&site);
    struct link_request request = request_to(&site);
    struct asker asker;
    struct site_end *server = dial(&site, &request, &asker);
    use(&site, &asker, server);
    site_close_end(server);
    SITE_UNTIL(&site, endpoint_at(&site)->links_count == 0);
    assert_int_equal(endpoint_at(&site)->idle_count, 0);
    assert_true(list_is_empty(&site.worker.idle_links));
    site_close(&site);
}

/* ---- dialling ---- */

static void test_refused_connections(void **state)
{
    (void)state;
    struct site site;
    open_site(&site);
    site_start(&site);
    close(site.listeners[0]);
    site.listeners[0] = -1;
    struct link_request request = request_to(&site);
    struct asker asker = {0};
    assert_int_equal(endpoint_acquire(endpoint_at(&site), &request, &EVENTS, &asker, &asker.link),
                     RESULT_BLOCKED);
    SITE_UNTIL(&site, asker.calls == 1);
    assert_int_not_equal(asker.error, CONNECTION_ERROR_NONE);
    assert_int_equal(endpoint_at(&site)->links_count, 0);
    site_close(&site);
}

/* Who gives up a link that is being dialled hears nothing of it. */
static void test_an_abandoned_link(void **state)
{
    (void)state;
    struct site site;
    open_site(&site);
    site_start(&site);
    struct link_request request = request_to(&site);
    struct asker asker = {0};
    assert_int_equal(endpoint_acquire(endpoint_at(&site), &request, &EVENTS, &asker, &asker.link),
                     RESULT_BLOCKED);
    link_abandon(asker.link);
    site_run(&site, 10);
    assert_int_equal(asker.calls, 0);
    assert_int_equal(endpoint_at(&site)->links_count, 0);
    assert_int_equal(test_loop_bytes(&site.base, ACCOUNT_SERVER), 0);
    site_close(&site);
}

/* Refusing each allocation: at once, or through on_link; nothing is left. */
static void test_refused_memory(void **state)
{
    (void)state;
    struct site site;
    open_site(&site);
    site_start(&site);
    struct link_request request = request_to(&site);
    request.may_reuse = false;
    unsigned at_once = 0;
    unsigned later = 0;
    for (unsigned nth = 1; nth < 8; nth++) {
        struct asker asker = {0};
        fault_fail_nth(site.base.memory, nth, 0);
        enum result result =
            endpoint_acquire(endpoint_at(&site), &request, &EVENTS, &asker, &asker.link);
        if (result == RESULT_BLOCKED) {
            SITE_UNTIL(&site, asker.calls == 1);
            later += asker.error != CONNECTION_ERROR_NONE ? 1 : 0;
        } else {
            assert_int_equal(result, RESULT_NO_MEMORY);
            at_once++;
        }
        bool was_hit = fault_failed(site.base.memory) > 0;
        fault_fail_nth(site.base.memory, 0, 0);
        if (result == RESULT_BLOCKED && asker.error == CONNECTION_ERROR_NONE) {
            assert_false(was_hit);
            link_abandon(asker.link);
        }
        SITE_UNTIL(&site, test_loop_bytes(&site.base, ACCOUNT_SERVER) == 0);
        assert_int_equal(endpoint_at(&site)->links_count, 0);
    }
    assert_int_equal(at_once, 2); /* the connection and the link */
    assert_int_equal(later, 1);   /* the mux */
    site_close(&site);
}

/* ---- creation ---- */

static void test_creation(void **state)
{
    (void)state;
    struct site site;
    open_site(&site);
    site_add(&site);
    site_start(&site);
    struct endpoint *endpoint = endpoint_at(&site);
    assert_ptr_equal(endpoint_of(&endpoint->server), endpoint);
    assert_ptr_equal(endpoint->proxy, site.backend);
    assert_ptr_equal(endpoint->settings, &site.servers[0]);
    assert_int_equal(site.backend->backend.servers_count, 2);
    assert_null(endpoint->tls);
    struct server_settings more = {.options = {.name = "s3", .weight = 1}};
    struct endpoint *out = NULL;
    size_t used = site.worker.account.used;
    fault_fail_nth(site.base.memory, 1, 0);
    assert_int_equal(endpoint_create(site.backend, &more, &out, &site.error), RESULT_NO_MEMORY);
    fault_fail_nth(site.base.memory, 0, 0);
    assert_null(out);
    assert_int_equal(site.worker.account.used, used);
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_link_is_used_again),
        cmocka_unit_test(test_links_that_do_not_fit),
        cmocka_unit_test(test_private_links),
        cmocka_unit_test(test_the_youngest_first),
        cmocka_unit_test(test_what_is_not_kept),
        cmocka_unit_test(test_pressure),
        cmocka_unit_test(test_purging_by_age),
        cmocka_unit_test(test_a_server_closes_an_idle_link),
        cmocka_unit_test(test_refused_connections),
        cmocka_unit_test(test_an_abandoned_link),
        cmocka_unit_test(test_refused_memory),
        cmocka_unit_test(test_creation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
