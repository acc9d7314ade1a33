// SPDX-License-Identifier: GPL-2.0-only
/*
 * without CALL ERROR PROGRAM [ARG]...: runs a program for which a system call fails with that
 * error, as under the seccomp profile of a container. CALL: bpf or perf_event_open; ERROR: EPERM
 * or ENOSYS.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct name {
	const char *name;
	int value;
};

static const struct name calls[] = {
	{ "bpf", SYS_bpf },
	{ "perf_event_open", SYS_perf_event_open },
	{ NULL, -1 },
};
static const struct name errors[] = {
	{ "EPERM", EPERM },
	{ "ENOSYS", ENOSYS },
	{ NULL, -1 },
};

static int value_of(const struct name *list, const char *name)
{
	for (; list->name && strcmp(list->name, name) != 0; list++)
		;
	return list->value;
}

int main(int argc, char **argv)
{
	int call = argc > 3 ? value_of(calls, argv[1]) : -1;
	int error = argc > 3 ? value_of(errors, argv[2]) : -1;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(*filter), .filter = filter };

	if (call < 0 || error < 0) {
		fprintf(stderr,
			"usage: without bpf|perf_event_open EPERM|ENOSYS PROGRAM [ARG]...\n");
		return 2;
	}
	/* without no_new_privs, which is nothing that is tested: root may */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		fprintf(stderr, "without: set the filter: %s\n", strerror(errno));
		return 2;
	}
	execvp(argv[3], argv + 3);
	fprintf(stderr, "without: run '%s': %s\n", argv[3], strerror(errno));
	return 127;
}
