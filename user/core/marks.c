// SPDX-License-Identifier: GPL-2.0-only
#include "marks.h"

const char *const ct_mark_names[CT_MARK_MAX] = {
#define X(symbol, name) [CT_MARK_##symbol] = name,
	CT_MARKS(X)
#undef X
};

bool ct_rule_matches(const struct ct_rule *rule, enum ct_signal signal, struct ct_text what,
		     const uint64_t marks[CT_MARK_MAX])
{
	if (rule->signal != signal || (rule->what && !ct_text_starts(what, rule->what)))
		return false;
	if (rule->after && !marks[rule->after])
		return false;
	if (rule->before && marks[rule->before])
		return false;
	return rule->keep == CT_LAST || !marks[rule->mark];
}
