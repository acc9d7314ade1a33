/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of Kata 1.12: its shim, its agent, its machine. */
#pragma once

#include "runs.h"

#define QEMU    41000 /* executed; exits when the machine runs */
#define BETWEEN 41001
#define DAEMON  41002
#define WALL    1795402967582507452ll /* CLOCK_REALTIME, less CLOCK_MONOTONIC */

/* As older ttrpc answers: with the status of a success, which is empty. */
void kata_answers(struct tape *t, uint64_t socket, uint32_t stream, const char *msg, size_t len);
/* The agent is asked, by the shim; id: NULL, it is about the machine. */
void kata_asks_as(struct tape *t, uint32_t tgid, uint32_t stream, const char *method,
		  const char *id);
void kata_asks(struct tape *t, uint32_t stream, const char *method, const char *id);
/* It becomes a daemon: its pid is that of a process that never executed anything. */
void kata_machine(struct tape *t, uint32_t parent, double ms);
/* containerd, from the shim on: created at 300 ms, started at 400. */
void kata_starts(struct tape *t, const char *ns, const char *id);
struct run *kata_run(void); /* with steps */
/* begin_ms 0: it has none of that name */
void kata_expect_step(const struct seen *s, const char *name, double begin_ms, double end_ms);
