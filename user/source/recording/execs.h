/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes that are executed in containers that run: probes of Kubernetes, health checks of Docker, what
 * somebody looks for by hand. They start and stop nothing, and there may be many a second on every node:
 * what is needed of each is that it was. Asked before anything else is done with an event.
 */
#pragma once

#include <stdbool.h>

#include "ct_event.h"

struct ct_execs;

/* Owned by the caller; NULL without memory. */
struct ct_execs *ct_execs_new(void);
void ct_execs_free(struct ct_execs *execs); /* NULL is fine */

/* False: nobody needs the event. Events of one source, in the order in which they come. */
bool ct_execs_needed(struct ct_execs *execs, const struct ct_event *e);
