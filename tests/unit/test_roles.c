// SPDX-License-Identifier: GPL-2.0-only
/* Which programs are actors by their name. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/who/roles.h"
#include "core/who/who.h"
#include "util/mem.h"

/* Columns: what the kernel calls it, role (NONE: none), engine, runtime. */
static const struct {
	const char *comm;
	enum ct_role role;
	const char *engine, *runtime;
} names[] = {
	{ "dockerd", CT_ROLE_ENGINE, "docker", "" },
	{ "containerd", CT_ROLE_ENGINE, "containerd", "" },
	{ "podman", CT_ROLE_ENGINE, "podman", "" },
	{ "crio", CT_ROLE_ENGINE, "crio", "" },
	{ "containerd-shim", CT_ROLE_SHIM, "", "" }, /* cut to 15 bytes: all of its kinds */
	{ "conmon", CT_ROLE_SHIM, "", "" },
	{ "runc", CT_ROLE_RUNTIME, "", "runc" },
	{ "crun", CT_ROLE_RUNTIME, "", "crun" },
	{ "runsc", CT_ROLE_RUNTIME, "", "runsc" },
	{ "kata-runtime", CT_ROLE_RUNTIME, "", "kata" },
	{ "runc:[2:INIT]", CT_ROLE_NONE, "", "" }, /* no longer runc, and not yet the program */
	{ "docker", CT_ROLE_NONE, "", "" },
	{ "", CT_ROLE_NONE, "", "" },
};

/* An engine that is running when tracing begins is found by its name, or its containers are not told. */
Test(roles, by_name)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(names); i++) {
		const struct ct_role_row *row = ct_role_of_comm(names[i].comm);

		cr_expect_eq(row ? row->role : CT_ROLE_NONE, names[i].role, "%s", names[i].comm);
		cr_expect_str_eq(row && row->engine ? row->engine : "", names[i].engine, "%s",
				 names[i].comm);
		cr_expect_str_eq(row && row->runtime ? row->runtime : "", names[i].runtime, "%s",
				 names[i].comm);
	}
}

/* Columns: program of the shim, runtime; "" of one that calls its runtime. */
static const struct {
	const char *program, *runtime;
} shims[] = {
	{ "containerd-shim-kata-v2", "kata" },
	{ "containerd-shim-kata-qemu-v2", "kata" },
	{ "containerd-shim-runsc-v1", "runsc" },
	{ "containerd-shim-runc-v2", "" },
	{ "containerd-shim", "" },
	{ "conmon", "" },
	{ "", "" },
};

/* Else a Kata container under containerd would have no runtime: its shim calls none. */
Test(roles, runtime_of_a_shim)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(shims); i++) {
		const char *runtime =
			ct_runtime_of_shim(ct_text(shims[i].program, strlen(shims[i].program)));

		cr_expect_str_eq(runtime ? runtime : "", shims[i].runtime, "%s", shims[i].program);
	}
}

/*
 * Where there is no room, who lives long is given up last, once it has executed what it is; what has the name
 * of an engine or a runtime is in the share of the scope that it speaks from.
 */
Test(roles, how_long_they_are_kept_and_in_whose_share)
{
	static const struct {
		enum ct_role role;
		enum ct_place place;
		bool named;
	} rows[] = {
		{ CT_ROLE_ENGINE, CT_PLACE_LIVE, true },  { CT_ROLE_SHIM, CT_PLACE_LIVE, true },
		{ CT_ROLE_RUNTIME, CT_PLACE_IDLE, true }, { CT_ROLE_INIT, CT_PLACE_LIVE, false },
		{ CT_ROLE_HELPER, CT_PLACE_IDLE, false }, { CT_ROLE_NONE, CT_PLACE_IDLE, false },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct ct_actor_state a = { .role = (uint8_t)rows[i].role };

		cr_expect_eq(ct_actor_place(&a.held), CT_PLACE_IDLE, "role %d, forked",
			     rows[i].role);
		a.execed = true;
		cr_expect_eq(ct_actor_place(&a.held), rows[i].place, "role %d", rows[i].role);
		cr_expect_eq(ct_actor_is_named(&a), rows[i].named, "role %d", rows[i].role);
	}
}
