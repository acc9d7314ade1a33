// SPDX-License-Identifier: GPL-2.0-only
#include "source/proc/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/proc/procfs.h"

static bool read_status(uint32_t pid, struct ct_taker *ret)
{
	char uids[128], caps[64], *end;

	if (!ct_proc_status(pid, "Uid", uids, sizeof(uids)) ||
	    !ct_proc_status(pid, "CapEff", caps, sizeof(caps)))
		return false;
	ret->uid = (uint32_t)strtoul(uids, &end, 10);
	ret->euid = (uint32_t)strtoul(end, NULL, 10);
	ret->root_of_host = strtoull(caps, NULL, 16) >> CAP_SYS_ADMIN & 1;
	return true;
}

/* "/proc/PID/exe" names the file that is executed, whatever lies at its path by now. */
static void read_file(uint32_t pid, struct ct_taker *ret)
{
	char path[64], to[4096], *name;
	struct statx st;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	/* Not synchronized: a file system that a user serves would keep us waiting. */
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_UID | STATX_MODE,
		  &st)) {
		ret->asked = errno != EACCES && errno != EPERM;
		ret->file_uid = CT_UID_NOBODY;
		return;
	}
	ret->asked = true;
	ret->file_uid = st.stx_uid;
	ret->file_mode = st.stx_mode;
	n = readlink(path, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = '\0';
	name = strrchr(to, '/');
	snprintf(ret->file, sizeof(ret->file), "%.*s", CT_COMM_LEN - 1, name ? name + 1 : "");
}

bool ct_taker_read(uint32_t pid, struct ct_taker *ret)
{
	uint64_t ours = ct_proc_ns((uint32_t)getpid(), "user"), its = ct_proc_ns(pid, "user");

	memset(ret, 0, sizeof(*ret));
	if (!read_status(pid, ret))
		return false;
	if (its && its != ours)
		ret->root_of_host = false;
	read_file(pid, ret);
	return true;
}

static uint32_t file_owner(const struct ct_taker *taker)
{
	if (!taker->file_uid && taker->file_mode & (S_IWGRP | S_IWOTH))
		return CT_UID_NOBODY;
	return taker->file_uid;
}

uint32_t ct_taker_owner(const struct ct_taker *taker, bool inside)
{
	uint32_t uid = taker->uid ? taker->uid : taker->euid;

	if (uid || inside)
		return uid;
	if (!taker->root_of_host)
		return CT_UID_NOBODY;
	return taker->asked ? file_owner(taker) : 0;
}

bool ct_taker_may(const struct ct_taker *taker, bool inside, const char *comm)
{
	if (inside || !ct_taker_owner(taker, inside))
		return true;
	return taker->asked && !file_owner(taker) && !strncmp(taker->file, comm, strlen(comm));
}
