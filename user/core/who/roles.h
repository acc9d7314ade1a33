/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs that are actors by their name alone. A row makes a runtime or an engine known; the
 * kernel side gets the names, the rest is for who interprets its events.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/text.h"
#include "ct_event.h"

struct ct_role_row {
	const char *comm; /* as the kernel has it: at most CT_COMM_LEN - 1 bytes */
	uint8_t role; /* enum ct_role */
	const char *engine;
	const char *runtime;
};

/* Ends with a row that has no comm. */
extern const struct ct_role_row ct_roles[];

/* NULL if it is no actor by its name. */
const struct ct_role_row *ct_role_of_comm(const char *comm);

/* Whether containers of this runtime are in a virtual machine, as far as its name says. */
bool ct_runtime_makes_machines(const char *runtime);

/* Of a shim that needs no program of its runtime, or that has one of its own; NULL: of another. */
const char *ct_runtime_of_shim(struct ct_text program);
