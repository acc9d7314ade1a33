// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace opens: which files containers open, and how long that takes, while they do. */
#include <errno.h>

#include "cmd/cmd.h"
#include "cmd/trace.h"

int ct_cmd_opens(const struct ct_options *given, struct ct_err *err)
{
	struct ct_options opts = *given;

	if (opts.count && !(opts.interval > 0))
		opts.interval = 1;
	opts.opens = true;
	opts.outputs.items[0] = "opens";
	opts.outputs.count = 1;
	return ct_trace(&opts, NULL, err);
}
