// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/doctor_privileges.h"

#include <string.h>
#include <sys/resource.h>

#include "source/proc/credentials.h"
#include "source/proc/privileges.h"
#include "source/proc/procfs.h"
#include "util/err.h"

static const char *const after_names[] = {
	[CT_PRIVILEGE_DROPPED] = "dropped",
	[CT_PRIVILEGE_KEPT] = "kept",
	[CT_PRIVILEGE_KEPT_FOR_COMMAND] = "kept with a traced program",
	[CT_PRIVILEGE_KEPT_FOR_SANDBOXES] = "kept with opens and --seccheck",
};

static void add(json_t *to, const char *key, json_t *value)
{
	json_object_set_new(to, key, value);
}

static json_t *collect_rows(uint64_t own)
{
	json_t *rows = json_array();

	for (const struct ct_privilege *row = ct_privileges; row->name; row++) {
		json_t *r = json_object();

		add(r, "capability", json_string(row->name));
		add(r, "need", json_string(ct_privilege_need_names[row->need]));
		add(r, "held", json_boolean(ct_privilege_held(row, own)));
		add(r, "when_tracing", json_string(after_names[row->after]));
		add(r, "purpose", json_string(row->purpose));
		add(r, "unseen", json_string(row->unseen));
		json_array_append_new(rows, r);
	}
	return rows;
}

static json_t *memlock(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return json_null();
	return limit.rlim_cur == RLIM_INFINITY ? json_string("unlimited")
					       : json_integer((json_int_t)limit.rlim_cur);
}

json_t *ct_doctor_privileges(void)
{
	json_t *p = json_object();
	uint64_t own = ct_own_caps();
	struct ct_err why = { 0 };
	char value[16];
	int r = ct_may_trace(&why);

	add(p, "sufficient", json_boolean(!r));
	if (r)
		add(p, "why_not", json_string(why.msg));
	add(p, "capabilities", collect_rows(own));
	add(p, "seccomp_filter", json_boolean(ct_seccomp_filtered()));
	add(p, "memlock_bytes", memlock());
	if (ct_text_read("/proc/sys/kernel/perf_event_paranoid", value, sizeof(value)))
		add(p, "perf_event_paranoid", json_string(value));
	return p;
}

static const char *string_of(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

void ct_doctor_draw_privileges(FILE *out, json_t *privileges)
{
	json_t *row;
	size_t i;

	fprintf(out, "\nprivileges: %s\n",
		json_is_true(json_object_get(privileges, "sufficient"))
			? "enough to trace"
			: string_of(privileges, "why_not"));
	json_array_foreach(json_object_get(privileges, "capabilities"), i, row)
	{
		bool held = json_is_true(json_object_get(row, "held"));
		bool spare = !strcmp(string_of(row, "need"),
				     ct_privilege_need_names[CT_PRIVILEGE_SPARE]);

		fprintf(out, "  %-3s  %s (%s, %s)\n", held ? "yes" : "no",
			string_of(row, "capability"), string_of(row, "need"),
			string_of(row, "when_tracing"));
		fprintf(out, "       %s%s\n", held || spare ? "" : "not seen without it: ",
			string_of(row, held || spare ? "purpose" : "unseen"));
	}
	if (json_is_true(json_object_get(privileges, "seccomp_filter")))
		fprintf(out, "  a seccomp filter is in place, which may forbid bpf(2)\n");
}
