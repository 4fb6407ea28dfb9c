/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of the process: SIGUSR1 stops softly (hard-stop-after bounds it), SIGTERM and SIGINT stop
 * now, SIGQUIT dumps the pools, SIGHUP logs the proxies' state.
 */
#ifndef WEIR_PROCESS_SIGNALS_H
#define WEIR_PROCESS_SIGNALS_H

struct instance;

/* Watches the signals on the instance's loop. */
void signals_start(struct instance *instance);

/* Watches them no more. */
void signals_stop(struct instance *instance);

/* Signals the old processes of -sf and -st. */
void signals_tell_old_processes(const struct instance *instance);

#endif
