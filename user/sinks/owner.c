// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/owner.h"

#include <stdio.h>

const char *ct_owner_container(char buf[CT_OWNER_LEN], const struct ct_owner *owner)
{
	const char *name = owner->name[0] ? owner->name : owner->id;

	*buf = '\0';
	if (!owner->inside)
		return buf;
	if (*name)
		snprintf(buf, CT_OWNER_LEN, "%s", name);
	else if (owner->pid)
		snprintf(buf, CT_OWNER_LEN, "pid %u", owner->pid);
	else
		snprintf(buf, CT_OWNER_LEN, "a container");
	return buf;
}

const char *ct_owner_words(char buf[CT_OWNER_LEN], const struct ct_owner *owner)
{
	char name[CT_OWNER_LEN];

	*buf = '\0';
	if (owner->inside && !owner->name[0] && owner->id[0])
		snprintf(buf, CT_OWNER_LEN, " in %.12s", owner->id);
	else if (owner->inside)
		snprintf(buf, CT_OWNER_LEN, " in %.*s", CT_OWNER_LEN - 5,
			 ct_owner_container(name, owner));
	else if (owner->other)
		snprintf(buf, CT_OWNER_LEN, " of uid %u", owner->uid);
	return buf;
}
