// SPDX-License-Identifier: GPL-2.0-only
#include "losses.h"

#include <ctype.h>

const char *ct_loss_name(char *buf, size_t loss)
{
	static const char *const symbols[CT_LOSS_MAX] = {
#define X(number, symbol, name, advice) [CT_LOSS_##symbol] = #symbol,
		CT_LOSSES(X)
#undef X
	};
	size_t i = 0;

	for (; symbols[loss][i] && i < CT_LOSS_NAME_LEN - 1; i++)
		buf[i] = (char)tolower((unsigned char)symbols[loss][i]);
	buf[i] = '\0';
	return buf;
}
