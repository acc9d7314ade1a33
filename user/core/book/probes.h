/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that the kubelet has executed in a container again and again, to see whether it serves. */
#pragma once

#include "core/record.h"

struct ct_probes {
	size_t count;
	struct {
		uint32_t command; /* hash of it */
		bool known; /* to be one, and no other command */
		struct ct_probed told;
	} each[CT_PROBES_MAX];
};
