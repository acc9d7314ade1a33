// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/open_names.h"

#include <string.h>

#include "ct_opens.h"

#define NAMES_MAX 64
#define CUT_LEN   (sizeof(CT_OPENS_CUT) - 1)

size_t ct_open_join(char *to, size_t room, const char *names, size_t len, bool *cut)
{
	const char *begin[NAMES_MAX];
	size_t lens[NAMES_MAX], count = 0, at = 0, need = CUT_LEN;

	for (size_t i = 0; i < len; i += lens[count++] + 1) {
		size_t n = strnlen(names + i, len - i);

		if (count == NAMES_MAX || need + 1 + n > room) {
			*cut = true;
			break;
		}
		begin[count] = names + i;
		lens[count] = n;
		need += 1 + n;
	}
	if (*cut) {
		memcpy(to, CT_OPENS_CUT, CUT_LEN);
		at = CUT_LEN;
	} else if (!count) {
		to[at++] = '/';
	}
	while (count) {
		to[at++] = '/';
		count--;
		memcpy(to + at, begin[count], lens[count]);
		at += lens[count];
	}
	return at;
}
