// SPDX-License-Identifier: GPL-2.0-only
#include "core/tell/group_named.h"

#include <fnmatch.h>
#include <string.h>

#include "core/base/text.h"

/* The nth pattern of "a,b,c"; false: there is none. */
static bool nth_glob(const struct ct_group_named *named, size_t n, char *ret, size_t room)
{
	const char *at = named->globs;

	for (; n && *at; n--)
		at += strcspn(at, ",") + (at[strcspn(at, ",")] == ',');
	ct_text_copy(ret, room, ct_text(at, strcspn(at, ",")));
	return *at;
}

size_t ct_group_count(const struct ct_group_named *named)
{
	char glob[256];
	size_t count = 0;

	while (count < CT_GROUP_MEMBERS && nth_glob(named, count, glob, sizeof(glob)))
		count++;
	return count;
}

bool ct_group_has(const struct ct_group_named *named, size_t n, const char *name, const char *image)
{
	char glob[256];

	return nth_glob(named, n, glob, sizeof(glob)) &&
	       (!fnmatch(glob, name, 0) || !fnmatch(glob, image, 0));
}

size_t ct_group_member(const struct ct_group_named *named, const struct ct_grouped *members,
		       size_t count, const char *name, const char *image)
{
	size_t found = count;

	for (size_t i = 0; i < count; i++) {
		if (!ct_group_has(named, i, name, image))
			continue;
		if (!members[i].begin_ns)
			return i;
		found = found == count ? i : found;
	}
	return found;
}

bool ct_group_is_whole(struct ct_grouped *members, size_t count)
{
	bool whole = true;

	for (size_t i = 0; i < count; i++) {
		struct ct_grouped *m = &members[i];
		bool gone = false;

		for (size_t k = 0; k < i && m->begin_ns; k++)
			gone |= m->begin_ns < members[k].begin_ns &&
				m->ready_ns <= members[k].begin_ns;
		if (gone)
			memset(m, 0, sizeof(*m));
		whole &= m->begin_ns != 0;
	}
	return whole;
}
