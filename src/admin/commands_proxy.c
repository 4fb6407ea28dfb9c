/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that change frontends and the process's own limits: enable, disable, shutdown, maxconn.
 * Listeners follow at once; who waits in the kernel's backlog is taken when there is room again. No
 * memory.
 */
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "base/number.h"
#include "proxy/admission.h"
#include "proxy/proxy.h"

enum { ARG_NAME = 2, ARG_MAXCONN_NAME = 3, ARG_MAXCONN_VALUE = 4, ARG_GLOBAL_VALUE = 3 };

static struct proxy *find_frontend(struct cli_request *request, unsigned word)
{
    const char *name = cli_word(request, word);
    struct proxy *proxy = proxy_find(request->worker, slice_from_string(name), PROXY_FRONTEND);
    if (name[0] == '\0') {
        text_append_string(request->out, "A frontend name is expected.\n");
    } else if (proxy == NULL) {
        text_append_string(request->out, "No such frontend.\n");
    }
    return name[0] == '\0' ? NULL : proxy;
}

static enum result enable_frontend(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct proxy *proxy = find_frontend(request, ARG_NAME);
    if (proxy == NULL) {
        return RESULT_END;
    }
    if (proxy->state == PROXY_STOPPED) {
        text_append_string(request->out, "Frontend was previously shut down, cannot enable.\n");
    } else if (proxy->state == PROXY_READY) {
        text_append_string(request->out, "Frontend is already enabled.\n");
    } else {
        proxy_resume(proxy);
    }
    return RESULT_END;
}

static enum result disable_frontend(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct proxy *proxy = find_frontend(request, ARG_NAME);
    if (proxy == NULL) {
        return RESULT_END;
    }
    if (proxy->state == PROXY_STOPPED) {
        text_append_string(request->out, "Frontend was previously shut down, cannot disable.\n");
    } else if (proxy->state == PROXY_PAUSED) {
        text_append_string(request->out, "Frontend is already disabled.\n");
    } else {
        proxy_pause(proxy);
    }
    return RESULT_END;
}

static enum result shutdown_frontend(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct proxy *proxy = find_frontend(request, ARG_NAME);
    if (proxy != NULL && proxy->state == PROXY_STOPPED) {
        text_append_string(request->out, "Frontend was already shut down.\n");
    } else if (proxy != NULL) {
        proxy_stop(proxy);
    }
    return RESULT_END;
}

static bool read_limit(struct cli_request *request, unsigned word, uint32_t *limit)
{
    uint64_t number = 0;
    if (number_parse_decimal(slice_from_string(cli_word(request, word)), &number) != RESULT_OK ||
        number > UINT32_MAX) {
        text_append_string(request->out, "Integer value expected.\n");
        return false;
    }
    *limit = (uint32_t)number;
    return true;
}

static enum result set_maxconn_frontend(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct proxy *proxy = find_frontend(request, ARG_MAXCONN_NAME);
    if (proxy != NULL && read_limit(request, ARG_MAXCONN_VALUE, &proxy->maxconn)) {
        proxy_update_admission(proxy);
    }
    return RESULT_END;
}

static enum result set_maxconn_global(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct process_facts *facts = request->worker->facts;
    uint32_t limit = 0;
    if (!read_limit(request, ARG_GLOBAL_VALUE, &limit)) {
        return RESULT_END;
    }
    uint32_t hard = request->worker->facts->maxconn_hard;
    if (limit > hard) {
        text_append_format(request->out, "Value out of range (limit is %u).\n", hard);
        return RESULT_END;
    }
    facts->maxconn = limit == 0 ? hard : limit;
    worker_update_admission(request->worker);
    return RESULT_END;
}

const struct cli_command COMMANDS_PROXY[] = {
    {"enable frontend", "<frontend> : re-enable specific frontend", CLI_ADMIN, enable_frontend,
     NULL},
    {"disable frontend", "<frontend> : temporarily disable specific frontend", CLI_ADMIN,
     disable_frontend, NULL},
    {"shutdown frontend", "<frontend> : stop a specific frontend", CLI_ADMIN, shutdown_frontend,
     NULL},
    {"set maxconn frontend", "<frontend> <n> : change a frontend's maxconn setting", CLI_ADMIN,
     set_maxconn_frontend, NULL},
    {"set maxconn global", "<n> : change the per-process maxconn setting", CLI_ADMIN,
     set_maxconn_global, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
