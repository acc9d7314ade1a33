// SPDX-License-Identifier: GPL-2.0-only
#include "source/proc/core_dump.h"

#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static struct rlimit before;
static bool lowered;

void ct_core_dump_off(void)
{
	struct rlimit none;

#ifndef __SANITIZE_ADDRESS__ /* which looks for leaks by tracing the process */
	prctl(PR_SET_DUMPABLE, 0);
#endif
	/* A handler that the kernel pipes dumps to does not ask for the limit; it asks for the above. */
	if (lowered || getrlimit(RLIMIT_CORE, &before))
		return;
	none = before;
	none.rlim_cur = 0;
	lowered = !setrlimit(RLIMIT_CORE, &none);
}

void ct_core_dump_as_inherited(void)
{
	if (lowered)
		setrlimit(RLIMIT_CORE, &before);
}
