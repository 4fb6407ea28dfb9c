/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and folders of -f: a folder stands for its visible *.cfg files in the order of their bytes.
 * Relative paths inside a file begin where `default-path` says: while a file is read, the process
 * stands there, and afterwards where it was started. Bounded by FOLDER_FILES_MAX names at a time.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/keyword.h"

enum { FOLDER_FILES_MAX = 4096 };

static const char SUFFIX[] = ".cfg";

/* ---- where relative paths begin ---- */

/* The folder of `path` in `bytes`: what is before its last slash, "." without one. */
static void append_folder(struct text *text, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    text_append(text, slash == NULL ? SLICE(".") : slice_of(path, length == 0 ? 1 : length));
}

static enum result move_to(struct config_reader *reader, const char *directory)
{
    char bytes[PATH_MAX];
    if (chdir(reader->start_directory) != 0 || chdir(directory) != 0) {
        return config_fail(reader, "cannot change to directory '%s' of 'default-path' : %s.",
                           directory, strerror(errno));
    }
    if (getcwd(bytes, sizeof(bytes)) == NULL) {
        return config_fail(reader, "cannot tell the directory '%s' : %s.", directory,
                           strerror(errno));
    }
    reader->directory = config_copy(reader, bytes);
    return reader->directory != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

/* Goes where the mode leads for the file being read. */
static enum result enter_directory(struct config_reader *reader)
{
    char bytes[PATH_MAX];
    struct text directory = text_over(bytes, sizeof(bytes));
    switch (reader->path_mode) {
    case PATHS_CURRENT:
        reader->directory = NULL;
        return RESULT_OK;
    case PATHS_CONFIG:
        append_folder(&directory, reader->file);
        break;
    case PATHS_PARENT:
        append_folder(&directory, reader->file);
        text_append_string(&directory, "/..");
        break;
    case PATHS_ORIGIN:
        text_append_string(&directory, reader->path_origin);
        break;
    }
    return move_to(reader, bytes);
}

static void leave_directory(struct config_reader *reader)
{
    if (reader->directory != NULL && chdir(reader->start_directory) != 0) {
        config_report(reader, REPORT_ALERT, "Cannot go back to directory %s : %s",
                      reader->start_directory, strerror(errno));
    }
    reader->directory = NULL;
}

enum result config_set_default_path(struct config_reader *reader, enum config_path_mode mode,
                                    const char *origin)
{
    reader->path_mode = mode;
    reader->path_origin = origin;
    leave_directory(reader);
    return enter_directory(reader);
}

const char *config_copy_path(struct config_reader *reader, const char *base, const char *path)
{
    char bytes[PATH_MAX];
    struct text text = text_over(bytes, sizeof(bytes));
    bool is_relative = path[0] != '/' && path[0] != '@';
    bool is_base_relative = base == NULL || base[0] != '/';
    if (is_relative && is_base_relative && reader->directory != NULL) {
        text_append_format(&text, "%s/", reader->directory);
    }
    if (is_relative && base != NULL) {
        text_append_format(&text, "%s/", base);
    }
    text_append_string(&text, path);
    if (text.truncated) {
        (void)config_fail(reader, "path '%s' too long", path);
        return NULL;
    }
    return config_copy(reader, bytes);
}

/* ---- files ---- */

static void read_open_file(struct config_reader *reader, FILE *stream)
{
    reader->line = 0;
    if (enter_directory(reader) != RESULT_OK) {
        config_report_error(reader);
        return;
    }
    config_read_stream(reader, stream);
    leave_directory(reader);
}

static void read_file(struct config_reader *reader, const char *path)
{
    unsigned alerts = reader->alerts;
    FILE *stream = fopen(path, "re");
    reader->file = config_copy(reader, path);
    if (stream == NULL) {
        config_report(reader, REPORT_ALERT, "Could not open configuration file %s : %s", path,
                      strerror(errno));
        return;
    }
    if (reader->file != NULL) {
        read_open_file(reader, stream);
    } else {
        config_report(reader, REPORT_ALERT, "out of memory.");
    }
    fclose(stream);
    if (reader->alerts > alerts) {
        config_report(reader, REPORT_ALERT, "Error(s) found in configuration file : %s", path);
    }
}

/* ---- folders ---- */

/* Full paths of a folder's files: sorted by insertion, as there are few. */
struct folder {
    const char **paths;
    unsigned count;
};

static bool is_wanted(const char *path, const char *name)
{
    struct stat status;
    return name[0] != '.' && slice_ends_with(slice_from_string(name), SLICE(".cfg")) &&
           strlen(name) > sizeof(SUFFIX) - 1 && stat(path, &status) == 0 &&
           !S_ISDIR(status.st_mode);
}

static void insert_path(struct folder *folder, const char *path)
{
    unsigned position = folder->count++;
    while (position > 0 && strcmp(folder->paths[position - 1], path) > 0) {
        folder->paths[position] = folder->paths[position - 1];
        position--;
    }
    folder->paths[position] = path;
}

static enum result add_name(struct config_reader *reader, struct folder *folder, const char *path,
                            const char *name)
{
    char bytes[PATH_MAX];
    struct text full = text_over(bytes, sizeof(bytes));
    bool has_slash = path[0] != '\0' && path[strlen(path) - 1] == '/';
    text_append_format(&full, "%s%s%s", path, has_slash ? "" : "/", name);
    if (!is_wanted(bytes, name)) {
        return RESULT_OK;
    }
    if (folder->count == FOLDER_FILES_MAX) {
        return config_fail(reader, "more than %d files", FOLDER_FILES_MAX);
    }
    const char *copy = config_copy(reader, bytes);
    if (copy == NULL) {
        return RESULT_NO_MEMORY;
    }
    insert_path(folder, copy);
    return RESULT_OK;
}

static enum result list_folder(struct config_reader *reader, const char *path,
                               struct folder *folder)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return config_fail(reader, "%s", strerror(errno));
    }
    enum result result = RESULT_OK;
    struct dirent *entry = readdir(directory);
    for (; result == RESULT_OK && entry != NULL; entry = readdir(directory)) {
        result = add_name(reader, folder, path, entry->d_name);
    }
    closedir(directory);
    return result;
}

static void read_folder(struct config_reader *reader, const char *path)
{
    struct folder folder = {
        .paths = memory_take(reader->account, FOLDER_FILES_MAX * sizeof(*folder.paths))};
    if (folder.paths == NULL) {
        config_report(reader, REPORT_ALERT, "out of memory.");
        return;
    }
    if (list_folder(reader, path, &folder) != RESULT_OK) {
        config_report(reader, REPORT_ALERT, "Cannot open directory %s : %s", path,
                      reader->error.data);
        text_clear(&reader->error);
    }
    for (unsigned i = 0; i < folder.count && reader->alerts < CONFIG_ERRORS_MAX; i++) {
        read_file(reader, folder.paths[i]);
    }
    memory_release(reader->account, folder.paths);
}

void config_read_paths(struct config_reader *reader)
{
    char bytes[PATH_MAX];
    const struct config_input *input = reader->input;
    reader->start_directory =
        config_copy(reader, getcwd(bytes, sizeof(bytes)) != NULL ? bytes : ".");
    if (reader->start_directory == NULL) {
        config_report(reader, REPORT_ALERT, "out of memory.");
        return;
    }
    for (unsigned i = 0; i < input->paths_count && reader->alerts < CONFIG_ERRORS_MAX; i++) {
        struct stat status;
        if (stat(input->paths[i], &status) != 0) {
            config_report(reader, REPORT_ALERT, "Cannot open configuration file/directory %s : %s",
                          input->paths[i], strerror(errno));
        } else if (S_ISDIR(status.st_mode)) {
            read_folder(reader, input->paths[i]);
        } else {
            read_file(reader, input->paths[i]);
        }
    }
}
