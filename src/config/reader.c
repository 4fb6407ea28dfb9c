/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading files and folders line by line: cutting, preprocessing, sections, keywords; reporting
 * what is wrong with the place and going on, to show as much as possible at once. One line of at
 * most LINE_BYTES_MAX bytes is in memory at a time, with its words.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/config.h"
#include "config/keyword.h"
#include "config/preprocess.h"

enum { LINE_BYTES_MAX = 65536, PATH_BYTES_MAX = 4096, FOLDER_FILES_MAX = 1024 };

/* One file under way. */
struct file_reader {
    struct config_reader *reader;
    struct preprocess preprocess;
    char *line; /* LINE_BYTES_MAX */
    struct config_words *words;
};

static void alert_line(struct config_reader *reader)
{
    config_alert_at(reader, reader->file, reader->line, "%s", reader->error.data);
    text_clear(&reader->error);
}

static void alert_global(struct config_reader *reader, const char *path, const char *problem)
{
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    text_append_format(&text, "Cannot open configuration file/directory %s : %s", path, problem);
    reader->alerts++;
    reader->input->report->write(reader->input->report->argument, REPORT_ALERT, bytes);
}

/* Shows the offending byte under its line, as compilers do. */
static void alert_position(struct config_reader *reader, const char *line, size_t position)
{
    enum { SHOWN_MAX = 100 };
    size_t start = position > SHOWN_MAX ? position - SHOWN_MAX : 0;
    text_append_format(&reader->error, " at position %zu:\n  %.*s\n  %*s", position + 1,
                       SHOWN_MAX * 2, line + start, (int)(position - start) + 1, "^");
    alert_line(reader);
}

static enum result run_line(struct file_reader *file)
{
    struct config_reader *reader = file->reader;
    enum result result = preprocess_line(&file->preprocess, reader);
    if (result != RESULT_NOT_FOUND || !preprocess_is_reading(&file->preprocess)) {
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    }
    result = config_begin_section(reader);
    if (result != RESULT_NOT_FOUND) {
        return result;
    }
    if (reader->section == SECTION_NONE) {
        return config_fail(reader,
                           "unknown keyword '%s' out of section: a section (global, defaults, "
                           "frontend, backend, listen…) is expected first",
                           reader->words->words[0]);
    }
    return config_run_keyword(reader);
}

static void read_line(struct file_reader *file)
{
    struct config_reader *reader = file->reader;
    struct lexer_place place = {reader->file, reader->line, reader->section_name};
    size_t position = 0;
    file->words->count = 0;
    enum result result = lexer_split(file->line, &place, file->words, &position, &reader->error);
    if (result != RESULT_OK) {
        if (preprocess_is_reading(&file->preprocess)) {
            alert_position(reader, file->line, position);
        }
        text_clear(&reader->error);
        return;
    }
    reader->words = file->words;
    if (file->words->count > 0 && run_line(file) != RESULT_OK) {
        alert_line(reader);
    }
    text_clear(&reader->error);
}

static void read_stream(struct file_reader *file, FILE *stream)
{
    struct config_reader *reader = file->reader;
    reader->line = 0;
    while (fgets(file->line, LINE_BYTES_MAX, stream) != NULL &&
           reader->alerts < CONFIG_ERRORS_MAX) {
        reader->line++;
        size_t length = strlen(file->line);
        bool has_end = length > 0 && file->line[length - 1] == '\n';
        if (!has_end && !feof(stream)) {
            config_alert_at(reader, reader->file, reader->line, "line too long, limit: %d",
                            LINE_BYTES_MAX - 1);
            return;
        }
        file->line[length - (has_end ? 1 : 0)] = '\0';
        length = strlen(file->line);
        if (length > 0 && file->line[length - 1] == '\r') {
            file->line[length - 1] = '\0';
        }
        read_line(file);
    }
}

static void read_file(struct config_reader *reader, const char *path)
{
    FILE *stream = fopen(path, "re");
    if (stream == NULL) {
        alert_global(reader, path, strerror(errno));
        return;
    }
    struct file_reader file = {.reader = reader};
    file.line = memory_take(reader->account, LINE_BYTES_MAX);
    file.words = memory_take(reader->account, sizeof(*file.words));
    reader->file = config_copy(reader, path);
    if (file.line == NULL || file.words == NULL || reader->file == NULL) {
        alert_global(reader, path, "out of memory");
    } else {
        read_stream(&file, stream);
        if (file.preprocess.depth > 0) {
            config_alert_at(reader, reader->file, reader->line,
                            "unterminated '.if' block: '.endif' is expected");
        }
    }
    fclose(stream);
    memory_release(reader->account, file.line);
    memory_release(reader->account, file.words);
}

/* ---- folders ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_configuration(const char *file_name)
{
    struct slice name = slice_from_string(file_name);
    return name.length > 0 && name.data[0] != '.' && slice_ends_with(name, SLICE(".cfg"));
}

/* Collects the paths of a folder's *.cfg files; each is the caller's to release. */
static unsigned collect_names(struct config_reader *reader, DIR *folder, const char *path,
                              char **names)
{
    unsigned count = 0;
    struct dirent *entry = readdir(folder);
    while (entry != NULL && count < FOLDER_FILES_MAX) {
        char bytes[PATH_BYTES_MAX];
        struct text full = text_over(bytes, sizeof(bytes));
        struct stat status;
        text_append_format(&full, "%s/%s", path, entry->d_name);
        if (is_configuration(entry->d_name) && stat(bytes, &status) == 0 &&
            S_ISREG(status.st_mode)) {
            names[count] = memory_copy_string(reader->account, text_slice(&full));
            count += names[count] != NULL ? 1 : 0;
        }
        entry = readdir(folder);
    }
    return count;
}

static void read_folder(struct config_reader *reader, const char *path)
{
    char **names = memory_take(reader->account, FOLDER_FILES_MAX * sizeof(*names));
    DIR *folder = names != NULL ? opendir(path) : NULL;
    if (folder == NULL) {
        alert_global(reader, path, names != NULL ? strerror(errno) : "out of memory");
        memory_release(reader->account, names);
        return;
    }
    unsigned count = collect_names(reader, folder, path, names);
    closedir(folder);
    qsort(names, count, sizeof(*names), compare_names);
    for (unsigned i = 0; i < count; i++) {
        read_file(reader, names[i]);
        memory_release(reader->account, names[i]);
    }
    memory_release(reader->account, names);
}

static void read_path(struct config_reader *reader, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        alert_global(reader, path, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        read_folder(reader, path);
    } else {
        read_file(reader, path);
    }
}

/* ---- the whole ---- */

static void init_reader(struct config_reader *reader, struct configuration *configuration,
                        const struct config_input *input)
{
    *reader = (struct config_reader){
        .configuration = configuration, .input = input, .account = configuration->account};
    reader->error = text_over(reader->error_bytes, sizeof(reader->error_bytes));
    reader->section_name = "";
    reader->next_proxy_id = 1;
}

static void alert_files(const struct config_reader *reader)
{
    for (unsigned i = 0; i < reader->input->paths_count; i++) {
        char bytes[CONFIG_ERROR_SIZE];
        struct text text = text_over(bytes, sizeof(bytes));
        text_append_format(&text, "Error(s) found in configuration file : %s",
                           reader->input->paths[i]);
        reader->input->report->write(reader->input->report->argument, REPORT_ALERT, bytes);
    }
}

enum result configuration_load(struct configuration *configuration,
                               const struct config_input *input)
{
    struct config_reader reader;
    init_reader(&reader, configuration, input);
    for (unsigned i = 0; i < input->paths_count && reader.alerts < CONFIG_ERRORS_MAX; i++) {
        read_path(&reader, input->paths[i]);
    }
    if (config_end_section(&reader) != RESULT_OK) {
        alert_line(&reader);
    }
    if (reader.alerts == 0) {
        config_resolve(&reader);
    }
    if (reader.alerts > 0) {
        alert_files(&reader);
        return RESULT_INVALID;
    }
    return RESULT_OK;
}

enum result config_evaluate_condition(const struct config_input *input, const char *condition,
                                      struct account *account)
{
    struct configuration configuration = {.account = account};
    struct config_reader reader;
    init_reader(&reader, &configuration, input);
    reader.file = "-cc";
    enum result result = preprocess_evaluate(&reader, condition);
    if (result == RESULT_INVALID) {
        alert_line(&reader);
    }
    return result;
}
