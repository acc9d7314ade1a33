// SPDX-License-Identifier: GPL-2.0-only
/* What doctor has collected, for people. */
#include <string.h>

#include "cmd/doctor_draw.h"
#include "cmd/doctor_privileges.h"
#include "cmd/doctor_try.h"
#include "cmd/doctor_verdict.h"
#include "ct_opens.h"
#include "source/live/plan.h"
#include "util/mem.h"

#define WIDTH 80

/* Strings of other programs must not steer the terminal. */
static void put(FILE *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)s[1] < 0xa0))
			fprintf(out, "\\x%02x", c);
		else
			putc(c, out);
	}
}

static void line(FILE *out, const char *key, const char *value)
{
	fprintf(out, "  %-14s ", key);
	put(out, value);
	putc('\n', out);
}

static const char *string_of(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static bool is(json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static void draw_kernel(FILE *out, json_t *k)
{
	fprintf(out, "kernel\n");
	line(out, "release", string_of(k, "release"));
	line(out, "machine", string_of(k, "machine"));
	line(out, "BTF", is(k, "btf") ? "yes" : string_of(k, "btf_error"));
	line(out, "ring buffer", is(k, "ring_buffer") ? "yes" : "no");
	line(out, "lockdown", string_of(k, "lockdown"));
	line(out, "tracefs", string_of(k, "tracefs"));
	line(out, "may trace", is(k, "may_trace") ? "yes" : "no");
}

/* The rows of depth "steps" add to those of "phases", which are drawn once. */
#define CALL_ENTER "tracepoint/syscalls/sys_enter_"
#define CALL_LEAVE "tracepoint/syscalls/sys_exit_"

#define OPENS      "--opens"

/* Both sides of a system call are one word; what can't be traced is a line of its own. */
static const struct call_group {
	const char *title, *prefix, *only_for;
} call_groups[] = {
	{ "system calls", CALL_ENTER, "" },
	{ "--ready path:", CALL_ENTER, "--ready path:GLOB" },
	{ "opens, fentry", "fentry/" CT_CALL_FUNCTION, OPENS },
	{ "opens", CALL_ENTER, OPENS },
};

/* "can": the kernel has it, and this process may not attach it. */
static const char *state_of(json_t *row)
{
	if (is(row, "on"))
		return "on";
	return strcmp(string_of(row, "why_not"), CT_NOT_TRIED) ? "off" : "can";
}

static void draw_calls(FILE *out, json_t *p, const struct call_group *group)
{
	const char *depth = string_of(p, "depth");
	const char *state = NULL;
	int column = 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(p, "probes"), i, row)
	{
		const char *hook = string_of(row, "hook");

		if (strncmp(hook, group->prefix, strlen(group->prefix)) != 0 ||
		    !strcmp(state_of(row), "off") || strcmp(string_of(row, "depth"), depth) != 0 ||
		    strcmp(string_of(row, "only_for"), group->only_for) != 0)
			continue;
		hook += strlen(group->prefix);
		state = state ? state : state_of(row);
		if (!column || column + 1 + (int)strlen(hook) > WIDTH)
			column = fprintf(out, "%s  %-3s  %-14s", column ? "\n" : "",
					 column ? "" : state, column ? "" : group->title);
		column += fprintf(out, " %s", hook);
	}
	if (column)
		putc('\n', out);
}

static void draw_choices(FILE *out, json_t *list, json_t *in_use)
{
	json_t *p;
	size_t i;

	fprintf(out, "\nplans\n");
	json_array_foreach(list, i, p)
	{
		bool used = !strcmp(string_of(p, "plan"), string_of(in_use, "plan")) &&
			    is(in_use, "possible");

		fprintf(out, "  %-14s %s%s\n", string_of(p, "plan"),
			used                ? "in use"
			: is(p, "possible") ? "possible"
					    : "not possible: ",
			string_of(p, "lacks"));
		if (!is(p, "possible"))
			fprintf(out, "                 %s\n", string_of(p, "why_not"));
		fprintf(out, "                 for %s\n", string_of(p, "when"));
	}
}

static void draw_features(FILE *out, json_t *list)
{
	json_t *f;
	size_t i;

	fprintf(out, "\nhelpers\n");
	json_array_foreach(list, i, f)
	{
		fprintf(out, "  %-3s  %-22s since Linux %s\n", is(f, "on") ? "yes" : "no",
			string_of(f, "feature"), string_of(f, "since"));
		if (!is(f, "on"))
			fprintf(out, "       %s: %s\n", string_of(f, "why_not"),
				string_of(f, "without"));
	}
}

/*
 * Drawn are the ways that are taken, the better ones that are not, and what is seen in no way. Of
 * the weaker ones the JSON tells, and of other ways to what is not there.
 */
static void draw_probe(FILE *out, json_t *row)
{
	const char *sees = string_of(row, "sees"), *instead = string_of(row, "instead");
	const char *why = string_of(row, "why_not"), *program = string_of(row, "program");
	enum ct_probe probe = ct_probe_by_program(program, strlen(program));
	bool needless = !strcmp(why, CT_NO_FILE_SYSTEM);

	if (is(row, "weaker") || (needless && !ct_probe_is_first(probe)))
		return;
	fprintf(out, "  %-3s  %-14s %s%s\n", state_of(row), string_of(row, "program"),
		string_of(row, "hook"), is(row, "required") ? " (required)" : "");
	if (strcmp(state_of(row), "off") != 0)
		fprintf(out, "                      %s\n", sees);
	else if (needless)
		fprintf(out, "                      %s\n", why);
	else if (*instead)
		fprintf(out, "                      %s; instead: %s\n", why, instead);
	else
		fprintf(out, "                      %s; not seen: %s\n", why, sees);
}

static void draw_plan(FILE *out, json_t *p)
{
	const char *depth = string_of(p, "depth");
	unsigned int on = 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(p, "probes"), i, row) on +=
		is(row, "on") && json_is_null(json_object_get(row, "only_for"));
	fprintf(out, "\nprobes for depth '%s', plan '%s': %u", depth, string_of(p, "plan"), on);
	if (!is(p, "possible")) {
		fprintf(out, "; not possible: ");
		put(out, string_of(p, "error"));
	}
	putc('\n', out);
	json_array_foreach(json_object_get(p, "probes"), i, row)
	{
		const char *hook = string_of(row, "hook");
		bool opens = !strcmp(string_of(row, "only_for"), OPENS);
		bool call = opens || !strncmp(hook, CALL_ENTER, strlen(CALL_ENTER)) ||
			    !strncmp(string_of(row, "program"), "ct_leave_", strlen("ct_leave_"));
		bool seen =
			strcmp(state_of(row), "off") != 0 || (opens && *string_of(row, "instead"));

		if (!strcmp(string_of(row, "depth"), depth) && !(call && seen))
			draw_probe(out, row);
	}
	for (i = 0; i < CT_ARRAY_SIZE(call_groups); i++)
		draw_calls(out, p, &call_groups[i]);
}

static void draw_engines(FILE *out, json_t *list)
{
	json_t *engine, *socket;
	size_t i, j;

	fprintf(out, "\nengines\n");
	if (!json_array_size(list))
		fprintf(out, "  none runs; one that starts while tracing is found by itself\n");
	json_array_foreach(list, i, engine)
	{
		fprintf(out, "  %s, pid %lld\n", string_of(engine, "engine"),
			(long long)json_integer_value(json_object_get(engine, "pid")));
		if (!*string_of(engine, "data_root")) {
			fprintf(out, "    only root may look at it\n");
			continue;
		}
		line(out, "  data root", string_of(engine, "data_root"));
		line(out, "  state", string_of(engine, "exec_root"));
		json_array_foreach(json_object_get(engine, "sockets"), j, socket)
			line(out, j ? "" : "  listens on", json_string_value(socket));
	}
}

static void draw_runtimes(FILE *out, json_t *list)
{
	json_t *runtime;
	size_t i;

	fprintf(out, "\nruntimes in PATH\n");
	if (!json_array_size(list))
		fprintf(out, "  none\n");
	json_array_foreach(list, i, runtime)
		line(out, string_of(runtime, "runtime"), string_of(runtime, "path"));
}

void ct_doctor_draw(FILE *out, json_t *all)
{
	json_t *plans = json_object_get(all, "plans"), *first = json_array_get(plans, 0), *plan;
	size_t i;

	ct_doctor_draw_verdict(out, json_object_get(all, "verdict"));
	putc('\n', out);
	draw_kernel(out, json_object_get(all, "kernel"));
	draw_choices(out, json_object_get(all, "choices"), first);
	draw_features(out, json_object_get(first, "features"));
	json_array_foreach(plans, i, plan) draw_plan(out, plan);
	ct_doctor_draw_privileges(out, json_object_get(all, "privileges"));
	draw_engines(out, json_object_get(all, "engines"));
	draw_runtimes(out, json_object_get(all, "runtimes"));
}
