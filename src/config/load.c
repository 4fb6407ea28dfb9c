/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading: what files may ask of the environment is set, the files are read, and names resolved
 * when no line was wrong. Conditions of -cc are evaluated the same way. The reader lives on the
 * stack; what it keeps is the configuration's.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/condition.h"
#include "config/config.h"
#include "config/keyword.h"
#include "rules/log_format.h"

enum { HOST_NAME_SIZE = 256 };

/* Variables that HAProxy defines for its configuration (manual 2.3). */
static enum result set_variables(const struct config_input *input)
{
    char host[HOST_NAME_SIZE] = "";
    if (gethostname(host, sizeof(host) - 1) != 0) {
        host[0] = '\0';
    }
    const struct {
        const char *name;
        const char *value;
    } VARIABLES[] = {
        {"HAPROXY_STARTUP_VERSION", CONDITION_VERSION},
        {"HAPROXY_BRANCH", CONDITION_BRANCH},
        {"HAPROXY_LOCALPEER", input->local_peer != NULL ? input->local_peer : host},
        {"HAPROXY_HTTP_LOG_FMT", LOG_FORMAT_HTTP},
        {"HAPROXY_HTTP_CLF_LOG_FMT", LOG_FORMAT_CLF},
        {"HAPROXY_HTTPS_LOG_FMT", LOG_FORMAT_HTTPS},
        {"HAPROXY_TCP_LOG_FMT", LOG_FORMAT_TCP},
        {"HAPROXY_TCP_CLF_LOG_FMT", LOG_FORMAT_TCP_CLF},
    };
    for (size_t i = 0; i < sizeof(VARIABLES) / sizeof(VARIABLES[0]); i++) {
        if (setenv(VARIABLES[i].name, VARIABLES[i].value, 1) != 0) {
            return RESULT_NO_MEMORY;
        }
    }
    return RESULT_OK;
}

/* HAPROXY_CFGFILES: the files that were read, for what comes after the configuration. */
static enum result set_files(struct config_reader *reader)
{
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    for (unsigned i = 0; i < reader->input->paths_count; i++) {
        text_append_format(&text, "%s%s", i > 0 ? ";" : "", reader->input->paths[i]);
    }
    return setenv("HAPROXY_CFGFILES", bytes, 1) == 0 ? RESULT_OK : RESULT_NO_MEMORY;
}

/* What can be told only once every line was read. */
static void complete(struct config_reader *reader)
{
    reader->lacks_memory = false;
    config_resolve(reader);
    if (reader->lacks_memory || set_files(reader) != RESULT_OK) {
        config_report(reader, REPORT_ALERT, "out of memory.");
    }
}

static void init_reader(struct config_reader *reader, struct configuration *configuration,
                        const struct config_input *input)
{
    *reader = (struct config_reader){.configuration = configuration,
                                     .input = input,
                                     .account = configuration->account,
                                     .section_name = "",
                                     .section_label = ""};
    reader->error = text_over(reader->error_bytes, sizeof(reader->error_bytes));
    reader->warning = text_over(reader->warning_bytes, sizeof(reader->warning_bytes));
}

/* Whether configuration_init got memory for every table. */
static bool has_tables(const struct configuration *configuration)
{
    return configuration->patterns != NULL && configuration->variables != NULL &&
           configuration->userlists != NULL && configuration->error_sections != NULL;
}

enum result configuration_load(struct configuration *configuration,
                               const struct config_input *input)
{
    struct config_reader reader;
    init_reader(&reader, configuration, input);
    configuration->registry = input->registry;
    if (!has_tables(configuration) || set_variables(input) != RESULT_OK) {
        config_report(&reader, REPORT_ALERT, "out of memory.");
        return RESULT_NO_MEMORY;
    }
    config_read_paths(&reader);
    if (reader.alerts == 0) {
        complete(&reader);
    }
    return reader.alerts == 0 ? RESULT_OK : RESULT_INVALID;
}

enum result config_evaluate_condition(const struct config_input *input, const char *condition,
                                      struct account *account)
{
    struct configuration configuration = {.account = account};
    struct config_reader reader;
    init_reader(&reader, &configuration, input);
    if (set_variables(input) != RESULT_OK) {
        config_report(&reader, REPORT_ALERT, "out of memory.");
        return RESULT_INVALID;
    }
    size_t position = 0;
    enum result result = condition_evaluate(condition, &position, &reader.error);
    if (result == RESULT_INVALID) {
        config_report(&reader, REPORT_ALERT, "Failed to evaluate condition: %s", reader.error.data);
    }
    return result;
}
