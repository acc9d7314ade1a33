// SPDX-License-Identifier: GPL-2.0-only
#include "source/sandbox/evicted.h"

bool ct_evicted_due(const struct ct_evicted *e, uint64_t made, uint64_t taken)
{
	return made > taken && made - taken > e->told;
}

uint64_t ct_evicted_more(struct ct_evicted *e, uint64_t made, uint64_t present, uint64_t taken)
{
	uint64_t known = present + taken + e->told, more = made > known ? made - known : 0;

	e->told += more;
	return more;
}
