// SPDX-License-Identifier: GPL-2.0-only
#include "source/proc/credentials.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "source/proc/privileges.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

/* PROC_USER_INIT_INO of include/linux/proc_ns.h, the same in every kernel. */
#define FIRST_USER_NAMESPACE "user:[4026531837]"

/* Where the link leads, "" if nowhere. */
static bool leads(const char *link, char *ret, size_t room)
{
	ssize_t n = readlink(link, ret, room - 1);

	ret[n < 0 ? 0 : n] = '\0';
	return n >= 0;
}

bool ct_in_user_namespace(void)
{
	char name[64];

	return leads("/proc/self/ns/user", name, sizeof(name)) &&
	       strcmp(name, FIRST_USER_NAMESPACE) != 0;
}

struct ct_pid_view ct_pid_view(void)
{
	struct ct_pid_view view = { .pid = (uint32_t)getpid() };

	leads("/proc/self/ns/pid", view.space, sizeof(view.space));
	leads("/proc/self", view.self, sizeof(view.self));
	return view;
}

int ct_may_trace(struct ct_err *err)
{
	const struct ct_pid_view view = ct_pid_view();
	int r = ct_pids_check(view.space, view.self, view.pid,
			      err); /* first: the others read /proc */

	return r ? r : ct_privileges_check(ct_own_caps(), ct_in_user_namespace(), err);
}

bool ct_seccomp_filtered(void)
{
	return prctl(PR_GET_SECCOMP) == 2;
}

/* The C library has no wrappers, and libcap would be a library for two calls. */
static int set(uint64_t effective, uint64_t permitted, struct ct_err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (__u32)effective, .permitted = (__u32)permitted },
		{ .effective = (__u32)(effective >> 32), .permitted = (__u32)(permitted >> 32) },
	};

	if (syscall(SYS_capset, &header, data))
		return ct_fail(err, errno, "drop the privileges that tracing needs no longer: %s",
			       strerror(errno));
	return 0;
}

static int permitted(uint64_t *ret, struct ct_err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return ct_fail(err, errno, "read the privileges of this process: %s",
			       strerror(errno));
	*ret = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

int ct_caps_lower(uint64_t keep, struct ct_err *err)
{
	uint64_t own = 0;
	int r = permitted(&own, err);

	return r ? r : set(own & keep, own, err);
}

int ct_caps_keep(uint64_t keep, struct ct_err *err)
{
	uint64_t own = 0;
	int r = permitted(&own, err);

	if (r)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return ct_fail(err, errno, "give up privileges of later programs: %s",
			       strerror(errno));
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* Each takes CAP_SETPCAP; the first number that is no capability ends it. */
	if (own & CT_CAP_BIT(CAP_SETPCAP)) {
		r = set(own, own, err);
		for (int cap = 0; !r && prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
			prctl(PR_CAPBSET_DROP, cap);
	}
	return r ? r : set(own & keep, own & keep, err);
}

/* Since Linux 5.11 the memory of maps is that of the cgroup, and no longer locked memory. */
static bool memlock_counts(void)
{
	struct utsname uts;
	unsigned long major, minor;
	char *end;

	if (uname(&uts))
		return false;
	major = strtoul(uts.release, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return major < 5 || (major == 5 && minor < 11);
}

const char *ct_bpf_refusal(int code)
{
	struct rlimit limit;

	if (code == -ENOSYS || ct_seccomp_filtered())
		return code == -ENOSYS && !ct_seccomp_filtered()
			       ? "this kernel has no bpf(2) (CONFIG_BPF_SYSCALL); use one that has it"
			       : "a seccomp filter forbids bpf(2), as the default profile of a "
				 "container does; run it on the host, or with a profile that allows "
				 "bpf and perf_event_open";
	if (memlock_counts() && !getrlimit(RLIMIT_MEMLOCK, &limit) &&
	    limit.rlim_cur != RLIM_INFINITY)
		return "RLIMIT_MEMLOCK is too low, and may not be raised without CAP_SYS_RESOURCE; "
		       "run it with 'prlimit --memlock=unlimited'";
	return "a security module, or lockdown, forbids it; the kernel's log may say which";
}
