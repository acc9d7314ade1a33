// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/opens_words.h"

#include <stdio.h>
#include <string.h>

const char *ct_errno_name(char *buf, uint32_t error)
{
	const char *name = error < CT_OPENS_ERRNOS - 1 ? strerrorname_np((int)error) : NULL;

	if (name)
		snprintf(buf, CT_ERRNO_LEN, "%s", name);
	else if (error == CT_OPENS_ERRNOS - 1)
		snprintf(buf, CT_ERRNO_LEN, "other errors");
	else
		snprintf(buf, CT_ERRNO_LEN, "errno %u", error);
	return buf;
}

const char *ct_view_caution(enum ct_view view)
{
	static const char *const cautions[CT_VIEW_MAX] = {
		[CT_VIEW_NATIVE] = "",
		[CT_VIEW_HOST] =
			"These are not the application's opens: its sandbox opens a file of the "
			"host when it first touches it, one path component at a time, and keeps what "
			"it found. Neither counts nor times are one to one; the application's own "
			"opens are not seen here.",
		[CT_VIEW_APPLICATION] = "",
		[CT_VIEW_SENTRY] =
			("Sentry open service time: the way from the application into the Sentry and "
			 "back is outside it."),
		[CT_VIEW_MACHINE] =
			"These are opens of the virtual machine's program, which it needs to run "
			"itself: neither the application's nor for its files.",
	};

	return view < CT_VIEW_MAX ? cautions[view] : "";
}
