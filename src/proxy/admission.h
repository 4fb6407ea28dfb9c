/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admission: when listeners take connections from the kernel's backlog and when they let them wait:
 * limits of the process and of a frontend, memory pressure, commands.
 */
#ifndef WEIR_PROXY_ADMISSION_H
#define WEIR_PROXY_ADMISSION_H

#include "proxy/proxy.h"
#include "proxy/worker.h"

/* Looks whether accepting must stop or can go on (limits, memory) and pauses or resumes listeners.
 * Called when counts change. */
void worker_update_admission(struct worker *worker);

/* Pauses or resumes listeners by the proxy's state and limit and worker.listeners_full. */
void proxy_update_admission(struct proxy *proxy);

/* Stops accepting for good (soft stop, disable frontend --- `shutdown frontend`) or for a while. */
void proxy_stop(struct proxy *proxy);
void proxy_pause(struct proxy *proxy);
void proxy_resume(struct proxy *proxy);

#endif
