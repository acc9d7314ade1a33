// SPDX-License-Identifier: GPL-2.0-only
#include "stats/where.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "util/mem.h"

const char *ct_where_value(const struct ct_record *rec, const char *key)
{
	const char *label;

	for (int by = 0; by < CT_BY_MAX; by++)
		if (!strcmp(key, ct_by_names[by]))
			return ct_by_key((enum ct_by)by, rec);
	if (!strcmp(key, "kind"))
		return ct_record_names[rec->type];
	label = ct_label(rec->labels, key);
	return label ? label : "";
}

bool ct_where_is_own(const char *key)
{
	static const char *const others[] = { "kind", "run", "file" };

	for (int by = 0; by < CT_BY_MAX; by++)
		if (!strcmp(key, ct_by_names[by]))
			return true;
	for (size_t i = 0; i < CT_ARRAY_SIZE(others); i++)
		if (!strcmp(key, others[i]))
			return true;
	return false;
}

int ct_where_parse(struct ct_where *w, const char *option, const char *text, struct ct_err *err)
{
	while (*text) {
		size_t len = strcspn(text, ","), key = strcspn(text, "="), value;

		if (w->count == CT_WHERE_MAX)
			return ct_fail(err, EINVAL, "option --%s: at most %d conditions", option,
				       CT_WHERE_MAX);
		value = key < len ? len - key - 1 : 0;
		if (!key || key >= len || key >= sizeof(w->each[0].key) ||
		    value >= sizeof(w->each[0].glob))
			return ct_fail(
				err, EINVAL,
				"option --%s: '%.*s' is no condition, as 'runtime=runc' or 'load=disk'",
				option, (int)len, text);
		memcpy(w->each[w->count].key, text, key);
		w->each[w->count].key[key] = '\0';
		memcpy(w->each[w->count].glob, text + key + 1, value);
		w->each[w->count].glob[value] = '\0';
		w->count++;
		text += len + (text[len] == ',');
	}
	if (!w->count)
		return ct_fail(err, EINVAL, "option --%s: it is empty; say 'runtime=runc'", option);
	return 0;
}

bool ct_where_holds(const struct ct_where *w, const struct ct_record *rec)
{
	for (size_t i = 0; i < w->count; i++)
		if (fnmatch(w->each[i].glob, ct_where_value(rec, w->each[i].key), 0))
			return false;
	return true;
}
