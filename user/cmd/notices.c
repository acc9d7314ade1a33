// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/notices.h"

#include <string.h>

#include "sinks/sink.h"
#include "source/proc/privileges.h"

#define TRACEFS_HOOK "tracepoint/"
#define TRACEFS_ADVICE \
	"as root, 'mount -t tracefs tracefs /sys/kernel/tracing', and have CAP_DAC_READ_SEARCH " \
	"to read it"
#define ATTACH_ADVICE \
	"perf_event_open(2) is forbidden by a seccomp filter or a security module, or, without " \
	"CAP_SYS_ADMIN, by the kernels of Debian and Ubuntu: 'sysctl " \
	"kernel.perf_event_paranoid=2' allows it"

static void print_privileges(FILE *out, uint64_t own)
{
	for (const struct ct_privilege *row = ct_privileges; row->name; row++) {
		if (row->need == CT_PRIVILEGE_WANTED && !ct_privilege_held(row, own))
			fprintf(out, "coldtrace: without %s it does not see %s; %s\n", row->name,
				row->unseen, CT_PRIVILEGE_GRANT);
	}
}

/* System calls that are traced for themselves, not instead of something better. */
enum calls {
	CALLS_NONE,
	CALLS_STEPS, /* --steps, --ready path: */
	CALLS_OPENS
};

static enum calls calls_of(enum ct_probe probe)
{
	if (ct_group_is_call(ct_probes[probe].group))
		return CALLS_OPENS;
	return !ct_probes[probe].group &&
			       !strncmp(ct_probes[probe].hook, TRACEFS_HOOK, strlen(TRACEFS_HOOK))
		       ? CALLS_STEPS
		       : CALLS_NONE;
}

/* What to do about a reason, if anything can be done: the first row with a word of it. */
static const char *advice_for(const char *why)
{
	static const struct {
		const char *word, *advice;
	} rows[] = {
		{ "lockdown", "" },
		{ "plan", "" },
		{ "tracefs", "; " TRACEFS_ADVICE },
		{ "", "; " ATTACH_ADVICE },
	};
	size_t i = 0;

	while (!strstr(why, rows[i].word))
		i++;
	return rows[i].advice;
}

static bool served(const struct ct_plan *plan, enum ct_probe probe)
{
	unsigned int group = ct_probes[probe].group;

	for (unsigned int i = 0; group && i < CT_PROBE_MAX; i++)
		if (ct_probes[i].group == group && plan->rows[i].on)
			return true;
	return plan->rows[probe].on;
}

/*
 * Why none of those that were asked for is traced, NULL if one is. Some of them exist on some
 * architectures only: no more than one is a sentence for all.
 */
static const char *why_none(const struct ct_plan *plan, enum calls calls)
{
	const char *why = NULL;

	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		if (calls_of(i) != calls || !plan->rows[i].asked)
			continue;
		if (plan->rows[i].on)
			return NULL;
		why = plan->rows[i].why_not;
	}
	return why;
}

static void print_calls(FILE *out, const struct ct_plan *plan, enum calls calls, const char *what)
{
	const char *why = why_none(plan, calls);

	if (why)
		fprintf(out, "coldtrace: %s: %s%s\n", what, why, advice_for(why));
}

const char *ct_notices_blind(const struct ct_plan *plan, bool opens, const char **ret_advice)
{
	const char *why = why_none(plan, opens ? CALLS_OPENS : CALLS_STEPS);
	const char *advice = why ? advice_for(why) : "";

	*ret_advice = *advice ? advice + strlen("; ") : "";
	return why;
}

void ct_notices_print(FILE *out, const struct ct_plan *plan, uint64_t own)
{
	print_privileges(out, own);
	print_calls(out, plan, CALLS_STEPS,
		    "no system call can be traced, nor the steps that they are");
	print_calls(out, plan, CALLS_OPENS, "no opened file can be seen");
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		if (!calls_of(i) && plan->rows[i].asked && ct_probe_is_first(i) &&
		    !served(plan, i) && ct_probes[i].need != CT_NEED_EXTRA &&
		    strcmp(plan->rows[i].why_not, CT_NO_FILE_SYSTEM) != 0)
			fprintf(out, "coldtrace: probe '%s' is off: %s; not seen: %s\n",
				ct_probes[i].program, plan->rows[i].why_not, ct_probes[i].unseen);
	}
}

void ct_notices_outputs(FILE *out, const struct ct_options *opts)
{
	for (size_t i = 0; i < opts->outputs.count && !opts->steps; i++) {
		const struct ct_sink_ops *ops = ct_sink_find(opts->outputs.items[i]);

		if (ops->steps == CT_SINK_STEPS_ALONE)
			fprintf(out,
				"coldtrace: output '%s' is of steps, and few or none are seen without --steps\n",
				ops->name);
	}
}

void ct_notices_weaker(FILE *out, const struct ct_plan *plan)
{
	if (plan->name == CT_PLAN_FULL)
		return;
	fprintf(out, "On plan '%s', which is weaker than '%s': ", ct_plans[plan->name].name,
		ct_plans[CT_PLAN_FULL].name);
	if (plan->plans[CT_PLAN_FULL].why_not)
		fprintf(out, "%s: %s. 'coldtrace doctor' says what it does not see.\n",
			*plan->plans[CT_PLAN_FULL].hook ? plan->plans[CT_PLAN_FULL].hook
							: plan->plans[CT_PLAN_FULL].what,
			plan->plans[CT_PLAN_FULL].why_not);
	else
		fprintf(out, "asked for with --plan.\n");
}

void ct_notices_laps(FILE *out, const struct ct_laps *laps)
{
	static const char *const names[CT_LAP_MAX] = {
#define X(name, what) what,
		CT_LAPS(X)
#undef X
	};
	uint64_t all = 0;

	for (size_t i = 0; i < CT_LAP_MAX; i++) {
		all += laps->ns[i];
		fprintf(out, "%8.1f ms  %s\n", (double)laps->ns[i] / 1e6, names[i]);
	}
	fprintf(out, "%8.1f ms  until it traces\n", (double)all / 1e6);
}
