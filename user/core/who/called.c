// SPDX-License-Identifier: GPL-2.0-only
/* What a program is called here, by its role, its name and its words. */
#include "core/who/who.h"
#include "util/mem.h"

#define SANDBOX_PROGRAM "runsc-sandbox"

/* Columns: role (NONE: any), program, first argument, what it was called to do, step. */
static const struct program {
	uint8_t role;
	const char *program; /* NULL: any; else what its file name begins with */
	const char *arg; /* NULL: any */
	int op; /* -1: any */
	const char *step; /* NULL: no step */
} programs[] = {
	{ CT_ROLE_ENGINE, "podman", NULL, CT_OP_RUN, "podman run" },
	{ CT_ROLE_ENGINE, "podman", NULL, CT_OP_START, "podman start" },
	{ CT_ROLE_ENGINE, "podman", NULL, CT_OP_STOP, "podman stop" },
	{ CT_ROLE_ENGINE, "podman", NULL, CT_OP_KILL, "podman kill" },
	{ CT_ROLE_ENGINE, "podman", NULL, CT_OP_RESTART, "podman restart" },
	{ CT_ROLE_ENGINE, "podman", NULL, CT_OP_DELETE, "podman rm" },
	{ CT_ROLE_ENGINE, "podman", NULL, CT_OP_CLEANUP, "podman cleanup" },
	{ CT_ROLE_ENGINE, "podman", NULL, CT_OP_HEALTH, "podman healthcheck" },
	{ CT_ROLE_ENGINE, "podman", NULL, CT_OP_PULL, "podman pull" },
	{ CT_ROLE_ENGINE, "skopeo", NULL, CT_OP_COPY, "skopeo copy" },
	{ CT_ROLE_ENGINE, "containerd", NULL, CT_OP_PUBLISH, "publish" },
	{ CT_ROLE_ENGINE, NULL, NULL, -1, NULL },
	{ CT_ROLE_SHIM, "conmon", "--version", -1, NULL },
	{ CT_ROLE_SHIM, "conmon", NULL, -1, "conmon" },
	{ CT_ROLE_SHIM, NULL, NULL, CT_OP_START, "shim spawn" },
	{ CT_ROLE_SHIM, NULL, NULL, CT_OP_DELETE, "shim delete" },
	{ CT_ROLE_SHIM, NULL, NULL, -1, NULL },
	{ CT_ROLE_RUNTIME, "sh", NULL, -1, "runtime wrapper" },
	{ CT_ROLE_RUNTIME, NULL, "init", -1, CT_NSEXEC },
	{ CT_ROLE_RUNTIME, NULL, NULL, CT_OP_CREATE, "runtime create" },
	{ CT_ROLE_RUNTIME, NULL, NULL, CT_OP_RUN, "runtime run" },
	{ CT_ROLE_RUNTIME, NULL, NULL, CT_OP_DO, "runtime run" },
	{ CT_ROLE_RUNTIME, NULL, NULL, CT_OP_START, "runtime start" },
	{ CT_ROLE_RUNTIME, NULL, NULL, CT_OP_KILL, "runtime kill" },
	{ CT_ROLE_RUNTIME, NULL, NULL, CT_OP_DELETE, "runtime delete" },
	{ CT_ROLE_NONE, "runc", "init", -1, CT_NSEXEC },
	{ CT_ROLE_NONE, "libnetwork-setkey", NULL, -1, "network hook" },
	{ CT_ROLE_NONE, "set-ipv6", NULL, -1, "ipv6 sysctl" },
	{ CT_ROLE_NONE, "runsc-gofer", NULL, -1, "gofer" },
	{ CT_ROLE_NONE, SANDBOX_PROGRAM, NULL, -1, CT_SANDBOX },
	{ CT_ROLE_NONE, "exe", "umount", -1, "umount helper" },
	{ CT_ROLE_HELPER, "qemu-", NULL, -1, CT_VMM },
	{ CT_ROLE_HELPER, "cloud-hypervisor", NULL, -1, CT_VMM },
	{ CT_ROLE_HELPER, "firecracker", NULL, -1, CT_VMM },
	{ CT_ROLE_HELPER, "jailer", NULL, -1, CT_VMM },
	{ CT_ROLE_HELPER, "stratovirt", NULL, -1, CT_VMM },
	{ CT_ROLE_HELPER, "virtiofsd", NULL, -1, "virtiofsd" },
	{ CT_ROLE_HELPER, "kata-proxy", NULL, -1, "agent proxy" },
	{ CT_ROLE_HELPER, "kata-shim", NULL, -1, "container proxy" },
	{ CT_ROLE_HELPER, "slirp4netns", NULL, -1, "user network" },
	{ CT_ROLE_HELPER, "pasta", NULL, -1, "user network" },
	{ CT_ROLE_HELPER, NULL, NULL, CT_OP_SETUP, "network setup" },
	{ CT_ROLE_HELPER, NULL, NULL, CT_OP_TEARDOWN, "network teardown" },
	{ CT_ROLE_HELPER, "unpigz", NULL, -1, CT_INFLATE },
	{ CT_ROLE_HELPER, "pigz", NULL, -1, CT_INFLATE },
	{ CT_ROLE_HELPER, "igzip", NULL, -1, CT_INFLATE },
	{ CT_ROLE_HELPER, "docker-untar", NULL, -1, CT_UNPACK },
	{ CT_ROLE_HELPER, "docker-applyLayer", NULL, -1, CT_UNPACK },
	{ CT_ROLE_HELPER, "storage-untar", NULL, -1, CT_UNPACK },
	{ CT_ROLE_HELPER, "storage-applyLayer", NULL, -1, CT_UNPACK },
	{ CT_ROLE_NONE, "iptables", NULL, -1, "iptables" },
	{ CT_ROLE_NONE, "ip6tables", NULL, -1, "iptables" },
	{ CT_ROLE_HELPER, NULL, NULL, -1, "helper" },
};

static const char *program_step(const struct ct_actor_state *a, struct ct_text program,
				struct ct_text arg)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(programs); i++) {
		const struct program *row = &programs[i];

		if ((row->role == CT_ROLE_NONE || row->role == a->role) &&
		    (!row->program || ct_text_starts(program, row->program)) &&
		    (!row->arg || ct_text_is(arg, row->arg)) && (row->op < 0 || row->op == a->op))
			return row->step;
	}
	return NULL;
}

const char *ct_program_name(const struct ct_actor_state *a, struct ct_text args)
{
	struct ct_text program = ct_text_base(ct_text_cut(&args, '\0'));

	return program_step(a, program, ct_text_cut(&args, '\0'));
}

bool ct_program_is_sandbox(const struct ct_actor_state *a, struct ct_text args)
{
	struct ct_text program = ct_text_base(ct_text_cut(&args, '\0'));
	const char *step;

	if (!ct_text_starts(program, SANDBOX_PROGRAM)) /* nearly all */
		return false;
	step = program_step(a, program, ct_text_cut(&args, '\0'));
	return step && !strcmp(step, CT_SANDBOX);
}
