// SPDX-License-Identifier: GPL-2.0-only
/* Who may have the name of an engine. The kernel side's rules are the same: bpf/trust.bpf.h. */
#include <criterion/criterion.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/proc/trust.h"

#define ROOT .root_of_host = true, .asked = true, .file_mode = S_IFREG | 0755
#define USER .asked = true, .file_mode = S_IFREG | 0755

static const struct {
	const char *what, *comm;
	struct ct_taker taker;
	bool inside;
	uint32_t owner;
	bool may;
} rows[] = {
	{ "root, root's file", "dockerd", { ROOT, .file = "sleep" }, false, 0, true },
	{ "root, a user's file",
	  "runc",
	  { ROOT, .file_uid = 1000, .file = "runc" },
	  false,
	  1000,
	  false },
	{ "root, a file that others may write",
	  "runc",
	  { .root_of_host = true, .asked = true, .file_mode = 0777, .file = "runc" },
	  false,
	  CT_UID_NOBODY,
	  false },
	{ "root, its group may write",
	  "runc",
	  { .root_of_host = true, .asked = true, .file_mode = 0775, .file = "runc" },
	  false,
	  CT_UID_NOBODY,
	  false },
	{ "root, the file cannot be asked", "runc", { .root_of_host = true }, false, 0, true },
	{ "root of a container, not known as one",
	  "dockerd",
	  { USER, .file = "sleep" },
	  false,
	  CT_UID_NOBODY,
	  false },
	{ "a user, root's podman",
	  "podman",
	  { USER, .uid = 7, .euid = 7, .file = "podman" },
	  false,
	  7,
	  true },
	{ "a user, a link to root's sleep",
	  "podman",
	  { USER, .uid = 7, .file = "sleep" },
	  false,
	  7,
	  false },
	{ "a user, a copy",
	  "runc",
	  { USER, .uid = 7, .file_uid = 7, .file = "runc" },
	  false,
	  7,
	  false },
	{ "a user, the file cannot be asked", "runc", { .uid = 7 }, false, 7, false },
	{ "a user runs a setuid program",
	  "crun",
	  { ROOT, .uid = 7, .file = "crun" },
	  false,
	  7,
	  true },
	{ "root runs what becomes a user",
	  "crun",
	  { ROOT, .euid = 7, .file = "mount" },
	  false,
	  7,
	  false },
	{ "a name that is cut",
	  "containerd-shim",
	  { USER, .uid = 7, .file = "containerd-shim" },
	  false,
	  7,
	  true },
	{ "in a container nobody asks",
	  "dockerd",
	  { USER, .file_uid = 9, .file = "x" },
	  true,
	  0,
	  true },
	{ "nor whose it is", "dockerd", { USER, .uid = 100000, .file = "x" }, true, 100000, true },
};

Test(trust, names)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect_eq(ct_taker_owner(&rows[i].taker, rows[i].inside), rows[i].owner,
			     "%s: owner %u", rows[i].what,
			     ct_taker_owner(&rows[i].taker, rows[i].inside));
		cr_expect_eq(ct_taker_may(&rows[i].taker, rows[i].inside, rows[i].comm),
			     rows[i].may, "%s", rows[i].what);
	}
}

Test(trust, of_this_process)
{
	struct ct_taker taker;

	cr_assert(ct_taker_read((uint32_t)getpid(), &taker));
	cr_expect_eq(taker.uid, getuid());
	cr_expect_eq(taker.euid, geteuid());
	cr_expect(taker.asked);
	cr_expect_not(ct_taker_read(0x7fffffff, &taker));
}
