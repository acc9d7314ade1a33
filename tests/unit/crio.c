// SPDX-License-Identifier: GPL-2.0-only
#include "crio.h"

struct run *crio_new(void)
{
	struct run *run = run_new();

	tape_process(&run->t, CRIO, 1, CT_ROLE_ENGINE, "/usr/bin/crio", TAPE_END);
	run->t.engine = CRIO;
	return run;
}

void crio_plugs(struct tape *t, const char *command, const char *id, double ms, double until)
{
	tape_at(t, ms);
	grpc_plugs(t, command, id, ARGS);
	tape_exec(t, 9500, CT_ROLE_HELPER, 9, "/usr/lib/cni/bridge", TAPE_END);
	tape_at(t, until);
	tape_exit(t, 9500, CT_ROLE_HELPER, 0);
}

/* What crio itself has runc do, 5 ms long. */
void crio_does(struct tape *t, const char *what, const char *id, double ms, int status)
{
	tape_at(t, ms);
	tape_fork(t, CRIO, LATER, CT_ROLE_ENGINE);
	tape_exec(t, LATER, CT_ROLE_RUNTIME, 9, "/usr/sbin/runc", what, id, TAPE_END);
	tape_at(t, ms + 5);
	tape_exit(t, LATER, CT_ROLE_RUNTIME, status);
}

/* runc executes itself, that forks, and that once more: FIRST + plus is what is left. */
void crio_nsexec(struct tape *t, uint32_t plus)
{
	tape_fork(t, RUNC + plus, STAGE + plus, CT_ROLE_RUNTIME);
	tape_exec(t, STAGE + plus, CT_ROLE_HELPER, 9, "/usr/sbin/runc", "init", TAPE_END);
	tape_fork(t, STAGE + plus, STAGE + 1 + plus, CT_ROLE_HELPER);
	tape_fork(t, STAGE + 1 + plus, FIRST + plus, CT_ROLE_HELPER);
	tape_exit(t, STAGE + 1 + plus, CT_ROLE_HELPER, 0);
	tape_exit(t, STAGE + plus, CT_ROLE_HELPER, 0);
}

/* conmon, and for 20 ms the runc that it calls; `plus` is added to the pids. */
void crio_creates(struct tape *t, const char *id, const char *name, uint32_t plus, double ms,
		  int status)
{
	tape_at(t, ms);
	tape_fork(t, CRIO, CONMON + plus, CT_ROLE_ENGINE);
	tape_exec(t, CONMON + plus, CT_ROLE_SHIM, 9, "/usr/bin/conmon", "-b", "/b", "-c", id, "-n",
		  name, "-r", "/usr/sbin/runc", TAPE_END);
	tape_fork(t, CONMON + plus, RUNC + plus, CT_ROLE_SHIM);
	tape_exec(t, RUNC + plus, CT_ROLE_RUNTIME, 9, "/usr/sbin/runc", "create", "--bundle", "/b",
		  id, TAPE_END);
	crio_nsexec(t, plus);
	tape_at(t, ms + 20);
	tape_exit(t, RUNC + plus, CT_ROLE_RUNTIME, status);
}

void crio_play(struct run *run)
{
	tape_at(&run->t, 90000);
	tape_clock(&run->t);
	tape_sort(&run->t);
	play(run);
}
