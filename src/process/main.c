/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weir's entry. It is not part of the process library, so that tests may have an entry of their
 * own; what it does is in program.c. No memory.
 */
#include "process/program.h"

int main(int count, char **arguments)
{
    return program_run(count, arguments);
}
