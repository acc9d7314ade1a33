/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who runs the program that is to be traced, as often as it is asked to: a process of its own, forked
 * while there are all privileges of the caller, which the program is to have. What the program leaves
 * behind is its child, and so a descendant of coldtrace, until it goes.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "util/err.h"

struct ct_runner {
	const char *name; /* of the program, borrowed */
	pid_t pid; /* 0: there is none */
	int ask, told; /* owned; its ends are closed with it */
	pid_t program; /* 0: it does not run */
	bool gone; /* it has ended before it was told to */
};

/* Whether there is such a program, before anything is made for its sake. */
int ct_runner_check(char **command, struct ct_err *err);
/* command: borrowed, ends with NULL. Before privileges are dropped. */
int ct_runner_open(struct ct_runner *r, char **command, struct ct_err *err);
void ct_runner_close(struct ct_runner *r); /* { 0 } is fine */

/* The program runs, or why not. It must not run already. */
int ct_runner_start(struct ct_runner *r, struct ct_err *err);

/* How it ended, as a shell would say it, once; -1 while it runs, and when it does not. */
int ct_runner_status(struct ct_runner *r);

/* Waits for that, or for a signal: -1. */
int ct_runner_wait(struct ct_runner *r);
