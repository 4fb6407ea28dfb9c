/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators send: a line of the runtime API cut into words, the suffixes of the statistics
 * page's address, and its form. Words stay in their line, suffixes written again read the same, and
 * no name of a form is longer than it was sent.
 */
#include "admin/cli.h"
#include "admin/statistics_post.h"
#include "admin/statistics_query.h"
#include "fuzz_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 8192, OUT_SIZE = 65536 };

static void try_line(struct slice input)
{
    static char out_bytes[OUT_SIZE];
    char *line = malloc(input.length + 1);
    memcpy(line, input.data, input.length);
    line[input.length] = '\0';
    size_t length = strlen(line);
    struct text out = text_over(out_bytes, sizeof(out_bytes));
    struct cli_modes modes = {.level = CLI_ADMIN};
    struct cli_request request = {.out = &out, .modes = &modes};
    if (cli_split(line, &request) == RESULT_OK) {
        fuzz_require(request.count <= CLI_WORDS_MAX, "no more words than there is room for");
        for (unsigned i = 0; i < request.count; i++) {
            const char *end = request.words[i] + strlen(request.words[i]);
            fuzz_require(request.words[i] >= line && end <= line + length, "words of the line");
            fuzz_require(i == 0 || request.words[i] > request.words[i - 1], "words in order");
        }
        const struct cli_command *command = cli_find_command(&request);
        fuzz_require(command != NULL || out.length > 0, "refused with a reason");
    } else {
        fuzz_require(request.count == CLI_WORDS_MAX, "refused only for too many words");
    }
    free(line);
}

static void try_suffix(struct slice input)
{
    static char bytes[OUT_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    struct statistics_query query;
    struct statistics_query again;
    statistics_query_read(input, &query);
    fuzz_require(query.scope.length <= STATISTICS_SCOPE_MAX, "a short scope");
    statistics_query_append(&text, &query);
    statistics_query_read(text_slice(&text), &again);
    fuzz_require(again.only_up == query.only_up && again.no_maintenance == query.no_maintenance &&
                     again.no_refresh == query.no_refresh && slice_equal(again.scope, query.scope),
                 "what is written again reads the same");
}

static void try_form(struct slice input)
{
    static struct statistics_post post;
    char *copy = malloc(input.length + 1);
    memcpy(copy, input.data, input.length);
    if (statistics_post_read(slice_of(copy, input.length), &post) == RESULT_OK) {
        fuzz_require(post.backend.length <= input.length, "a name that was sent");
        fuzz_require(post.has_action == (post.action != SERVER_ACTIONS), "an action that exists");
        fuzz_require(slice_equal(post.rest, slice_of(copy, input.length)), "all of the form");
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of((const char *)data, size < INPUT_MAX ? size : INPUT_MAX);
    try_line(input);
    try_suffix(input);
    try_form(input);
    return 0;
}
