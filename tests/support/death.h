/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For what must end the process: an ASSERT, a damaged pool object, a leak at the end.
 */
#ifndef WEIR_TESTS_SUPPORT_DEATH_H
#define WEIR_TESTS_SUPPORT_DEATH_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEATH_TEXT_SIZE = 4096 };

/* Runs `action` in a child process; its signal (0: none) is returned, what it wrote to standard
 * error goes to `text`. */
static inline int death_signal(void (*action)(void *argument), void *argument,
                               char text[DEATH_TEXT_SIZE])
{
    int ends[2];
    size_t length = 0;
    int status = 0;
    if (pipe(ends) != 0) {
        return -1;
    }
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGABRT, SIG_DFL);
        (void)signal(SIGSEGV, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        action(argument);
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t got = 1; got > 0 && length < DEATH_TEXT_SIZE - 1; length += (size_t)got) {
        got = read(ends[0], text + length, DEATH_TEXT_SIZE - 1 - length);
        got = got < 0 ? 0 : got;
    }
    text[length] = '\0';
    close(ends[0]);
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Whether `action` aborts and says `words` before. */
static inline bool death_aborts(void (*action)(void *argument), void *argument, const char *words)
{
    char text[DEATH_TEXT_SIZE];
    const int number = death_signal(action, argument, text);
    if (number != SIGABRT || strstr(text, words) == NULL) {
        fprintf(stderr, "signal %d, expected \"%s\" in: %s\n", number, words, text);
        return false;
    }
    return true;
}

#endif
