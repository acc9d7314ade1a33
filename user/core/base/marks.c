// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/marks.h"

const char *const ct_mark_names[CT_MARK_MAX] = {
#define X(symbol, name) [CT_MARK_##symbol] = name,
	CT_MARKS(X)
#undef X
};
