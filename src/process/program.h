/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: everything that main does, where it can be tested.
 */
#ifndef WEIR_PROCESS_PROGRAM_H
#define WEIR_PROCESS_PROGRAM_H

/*
 * Does what the arguments ask for and returns the exit status: 0; 1 for errors; 2 when nothing
 * listens (-c) or for a condition that cannot be read (-cc). Messages go to standard error. With
 * the variable WEIR_LEAKS_ARE_FATAL it aborts when memory is left at the end.
 */
int program_run(int count, char **arguments);

#endif
