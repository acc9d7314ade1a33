/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>

/*
 * Index of the first of items[begin] to items[end - 1], which are in order of `member`, whose member is not
 * below `least`; end: there is none.
 */
#define CT_SORTED_FIRST(items, begin, end, member, least) \
	({ \
		size_t _low = (begin), _high = (end); \
\
		while (_low < _high) { \
			size_t _mid = _low + (_high - _low) / 2; \
\
			if ((items)[_mid].member < (least)) \
				_low = _mid + 1; \
			else \
				_high = _mid; \
		} \
		_low; \
	})
