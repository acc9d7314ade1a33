// SPDX-License-Identifier: GPL-2.0-only
#include "source/proc/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns: name, need, afterwards, purpose, what is not there without it. */
#define PRIVILEGES(X) \
	X(CAP_BPF, REQUIRED, DROPPED, "loads the probes and their maps", "everything") \
	X(CAP_PERFMON, REQUIRED, DROPPED, \
	  "attaches the probes, and lets them read the kernel's memory", "everything") \
	X(CAP_SYS_PTRACE, WANTED, KEPT, \
	  "looks through /proc/PID/root, cwd, fd and ns at engines and shims", \
	  "engine and runtime of containers, and the end of those that run already") \
	X(CAP_DAC_READ_SEARCH, WANTED, KEPT, \
	  "reads the engine's files about containers, its open sockets, and tracefs", \
	  "engine and runtime of containers, and the end of those that run already; and system " \
	  "calls (--steps, --ready path:) where tracefs is open to root alone") \
	X(CAP_SYSLOG, SPARE, DROPPED, \
	  "reads the addresses of kernel functions in /proc/kallsyms, which --why names", \
	  "--why, unless kernel.kptr_restrict is 0 and kernel.perf_event_paranoid 1 or less") \
	X(CAP_SYS_ADMIN, SPARE, DROPPED, \
	  "mounts tracefs where it is not mounted, attaches to tp_btf and fexit hooks of modules, " \
	  "and serves as CAP_BPF and CAP_PERFMON", \
	  "system calls if tracefs is not mounted; removed state files if Btrfs is a module") \
	X(CAP_SYS_RESOURCE, SPARE, DROPPED, "raises RLIMIT_MEMLOCK, before Linux 5.11", \
	  "everything, before Linux 5.11, if the limit is too low") \
	X(CAP_SETPCAP, SPARE, DROPPED, "empties the bounding set", \
	  "nothing: PR_SET_NO_NEW_PRIVS is set all the same") \
	X(CAP_DAC_OVERRIDE, SPARE, KEPT_FOR_SANDBOXES, \
	  "connects to the control sockets of gVisor's sandboxes", \
	  "what applications in gVisor do, unless the sockets are the caller's own") \
	X(CAP_NET_ADMIN, SPARE, KEPT_FOR_SANDBOXES, \
	  "lets gVisor's sandboxes send much before it is read", \
	  "opens in busy gVisor sandboxes, which are counted as lost") \
	X(CAP_KILL, SPARE, KEPT_FOR_COMMAND, "ends a traced program that has become another user", \
	  "nothing")

const struct ct_privilege ct_privileges[] = {
#define X(cap_, need_, after_, purpose_, unseen_) \
	{ \
		.name = #cap_, \
		.cap = cap_, \
		.need = CT_PRIVILEGE_##need_, \
		.after = CT_PRIVILEGE_##after_, \
		.purpose = purpose_, \
		.unseen = unseen_, \
	},
	PRIVILEGES(X)
#undef X
		{ 0 },
};

const char *const ct_privilege_need_names[] = {
	[CT_PRIVILEGE_REQUIRED] = "required",
	[CT_PRIVILEGE_WANTED] = "wanted",
	[CT_PRIVILEGE_SPARE] = "spare",
};

/* Linux 5.8 split CAP_BPF and CAP_PERFMON off from CAP_SYS_ADMIN, which still includes them. */
static uint64_t with_implied(uint64_t own)
{
	if (own & CT_CAP_BIT(CAP_SYS_ADMIN))
		own |= CT_CAP_BIT(CAP_BPF) | CT_CAP_BIT(CAP_PERFMON);
	return own;
}

bool ct_privilege_held(const struct ct_privilege *row, uint64_t own)
{
	return with_implied(own) >> row->cap & 1;
}

int ct_privileges_check(uint64_t own, bool user_namespace, struct ct_err *err)
{
	char names[128] = "";

	for (const struct ct_privilege *row = ct_privileges; row->name; row++) {
		size_t len = strlen(names);

		if (row->need == CT_PRIVILEGE_REQUIRED && !ct_privilege_held(row, own))
			snprintf(names + len, sizeof(names) - len, "%s%s", len ? " and " : "",
				 row->name);
	}
	if (*names)
		return ct_fail(
			err, -EPERM,
			"trace this node: %s missing, without which nothing is seen; " CT_PRIVILEGE_GRANT,
			names);
	if (user_namespace)
		return ct_fail(
			err, -EPERM,
			"trace this node: in a user namespace CAP_BPF and CAP_PERFMON do not "
			"count; run it outside of it, on the host");
	return 0;
}

/* PROC_PID_INIT_INO of include/linux/proc_ns.h, the same in every kernel. */
#define FIRST_PID_NAMESPACE "pid:[4026531836]"

int ct_pids_check(const char *space, const char *self, uint32_t pid, struct ct_err *err)
{
	/* A kernel without pid namespaces has no such link, and one numbering. */
	if (*space && strcmp(space, FIRST_PID_NAMESPACE) != 0)
		return ct_fail(
			err, -EPERM,
			"trace this node: it runs in a container's pid namespace (%s), where the pids "
			"that the kernel tells are nobody's, so that nothing would be found; run it in "
			"the host's: on the host, with 'docker run --pid=host', or 'hostPID: true'",
			space);
	if (!*self || strtoul(self, NULL, 10) != pid)
		return ct_fail(
			err, -EPERM,
			"trace this node: /proc does not show this process (pid %u): it is not mounted, "
			"or is that of another pid namespace; mount the host's",
			pid);
	return 0;
}

/* As kallsyms_show_value() of the kernel. */
const char *ct_privileges_symbols(uint64_t own, int kptr_restrict)
{
	if (kptr_restrict >= 2)
		return "kernel.kptr_restrict is 2; 'sysctl kernel.kptr_restrict=1' lets CAP_SYSLOG "
		       "see them";
	if (!(own & CT_CAP_BIT(CAP_SYSLOG)))
		return "CAP_SYSLOG missing; " CT_PRIVILEGE_GRANT;
	return "a security module, or lockdown, forbids it; the kernel's log may say which";
}

uint64_t ct_privileges_kept(bool with_command, bool with_sandboxes)
{
	uint64_t kept = 0;

	for (const struct ct_privilege *row = ct_privileges; row->name; row++) {
		if (row->after == CT_PRIVILEGE_KEPT ||
		    (row->after == CT_PRIVILEGE_KEPT_FOR_COMMAND && with_command) ||
		    (row->after == CT_PRIVILEGE_KEPT_FOR_SANDBOXES && with_sandboxes))
			kept |= CT_CAP_BIT(row->cap);
	}
	return kept;
}
