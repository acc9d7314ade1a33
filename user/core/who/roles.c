// SPDX-License-Identifier: GPL-2.0-only
#include "core/who/roles.h"

#include <string.h>

/* Columns: comm, role, engine, runtime. */
#define ROLES(X) \
	X("dockerd", ENGINE, "docker", NULL) \
	X("containerd", ENGINE, "containerd", NULL) \
	X("podman", ENGINE, "podman", NULL) \
	X("crio", ENGINE, "crio", NULL) \
	X("skopeo", ENGINE, "skopeo", NULL) \
	X("containerd-shim", SHIM, NULL, NULL) /* all of containerd-shim-NAME-vN */ \
	X("conmon", SHIM, NULL, NULL) \
	X("runc", RUNTIME, NULL, "runc") \
	X("crun", RUNTIME, NULL, "crun") \
	X("runsc", RUNTIME, NULL, "runsc") \
	X("youki", RUNTIME, NULL, "youki") \
	X("kata-runtime", RUNTIME, NULL, "kata")

#define X(comm_, role_, engine_, runtime_) \
	_Static_assert(sizeof(comm_) <= CT_COMM_LEN, "the kernel cuts a comm");
ROLES(X)
#undef X

const struct ct_role_row ct_roles[] = {
#define X(comm_, role_, engine_, runtime_) { comm_, CT_ROLE_##role_, engine_, runtime_ },
	ROLES(X)
#undef X
		{ NULL, CT_ROLE_NONE, NULL, NULL },
};

const struct ct_role_row *ct_role_of_comm(const char *comm)
{
	for (const struct ct_role_row *row = ct_roles; row->comm; row++) {
		if (!strcmp(row->comm, comm))
			return row;
	}
	return NULL;
}

/* Columns: what the name of a shim begins with, runtime. */
static const struct {
	const char *program;
	const char *runtime;
} shims[] = {
	{ "containerd-shim-kata", "kata" },
	{ "containerd-shim-runsc", "runsc" },
};

/* Runtimes whose containers are in a virtual machine. */
static const char *const machines[] = { "kata" };

bool ct_runtime_makes_machines(const char *runtime)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		if (!strcmp(runtime, machines[i]))
			return true;
	}
	return false;
}

const char *ct_runtime_of_shim(struct ct_text program)
{
	for (size_t i = 0; i < sizeof(shims) / sizeof(shims[0]); i++) {
		if (ct_text_starts(program, shims[i].program))
			return shims[i].runtime;
	}
	return NULL;
}
