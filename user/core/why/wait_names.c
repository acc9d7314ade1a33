// SPDX-License-Identifier: GPL-2.0-only
#include "core/why/wait_names.h"

#include <ctype.h>
#include <string.h>

#define ID_SHOWN 12

uint16_t ct_wait_name(struct ct_wait_names *names, struct ct_text name)
{
	char plain[CT_CGROUP_LEN];

	ct_text_copy(plain, sizeof(plain), name);
	if (!plain[0])
		return 0;
	for (uint16_t i = 1; i <= names->count; i++)
		if (!strcmp(names->names[i], plain))
			return i;
	if (names->count + 1 >= CT_WAIT_NAMES_MAX)
		return 0;
	memcpy(names->names[++names->count], plain, sizeof(plain));
	return names->count;
}

uint16_t ct_wait_cgroup(struct ct_wait_names *names, const char name[CT_CGROUP_LEN])
{
	size_t digits = 0, len = 0;

	while (len < CT_CGROUP_LEN - 1 && name[len]) {
		digits = isxdigit((unsigned char)name[len++]) ? digits + 1 : 0;
		if (digits > 2 * ID_SHOWN) {
			len += ID_SHOWN - digits;
			break;
		}
	}
	return ct_wait_name(names, ct_text(name, len));
}
