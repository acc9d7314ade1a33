// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <jansson.h>

#include "core/roles.h"
#include "source/engine.h"
#include "source/kernel.h"
#include "source/plan.h"
#include "source/procfs.h"
#include "util/mem.h"

#define READY_ALL ((1u << CT_READY_MAX) - 1)

/* Collected as JSON, then either printed as it is or drawn. */
static int add(json_t *to, const char *key, json_t *value)
{
	return json_object_set_new(to, key, value);
}

/* Strings of other programs: what is no UTF-8 is not passed on. */
static json_t *text(const char *s)
{
	json_t *value = json_string(s);

	return value ? value : json_string("?");
}

static const struct {
	const char *name;
	int cap;
} caps[] = {
	{ "CAP_SYS_ADMIN", CAP_SYS_ADMIN },
	{ "CAP_BPF", CAP_BPF },
	{ "CAP_PERFMON", CAP_PERFMON },
	{ "CAP_SYS_PTRACE", CAP_SYS_PTRACE },
	{ "CAP_DAC_READ_SEARCH", CAP_DAC_READ_SEARCH },
};

static json_t *collect_caps(void)
{
	json_t *list = json_object();
	uint64_t own = ct_own_caps();

	for (size_t i = 0; i < CT_ARRAY_SIZE(caps); i++)
		add(list, caps[i].name, json_boolean(own >> caps[i].cap & 1));
	return list;
}

static bool may_trace(void)
{
	uint64_t own = ct_own_caps();
	uint64_t both = 1ull << CAP_BPF | 1ull << CAP_PERFMON;

	return own >> CAP_SYS_ADMIN & 1 || (own & both) == both;
}

/* "none [integrity] confidentiality": the one in brackets. */
static json_t *lockdown(void)
{
	own_fd int dir = ct_kernel_fs("securityfs", "/sys/kernel/security");
	own_fd int fd = dir < 0 ? -1 : openat(dir, "lockdown", O_RDONLY | O_CLOEXEC);
	char line[128], *from;
	ssize_t n;

	if (fd < 0)
		return json_string(dir < 0 ? "unknown: securityfs cannot be read" : "not built in");
	n = read(fd, line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = '\0';
	from = strchr(line, '[');
	if (!from)
		return json_string("unknown");
	from++;
	from[strcspn(from, "]")] = '\0';
	return text(from);
}

static const char *tracefs(void)
{
	if (!access("/sys/kernel/tracing/events", R_OK))
		return "mounted";
	return errno == EACCES ? "may not be read by this user"
			       : "not mounted; --steps uses it without mounting it";
}

static json_t *collect_kernel(struct ct_kernel *kernel, const char *why_no_btf)
{
	json_t *k = json_object();
	struct utsname uts;
	char value[32];

	add(k, "release", text(uname(&uts) ? "?" : uts.release));
	add(k, "machine", text(uname(&uts) ? "?" : uts.machine));
	add(k, "btf", json_boolean(kernel));
	if (!kernel)
		add(k, "btf_error", text(why_no_btf));
	add(k, "ring_buffer", json_boolean(kernel && ct_kernel_has_ring(kernel)));
	add(k, "lockdown", lockdown());
	add(k, "tracefs", json_string(tracefs()));
	if (ct_text_read("/proc/sys/kernel/unprivileged_bpf_disabled", value, sizeof(value)))
		add(k, "unprivileged_bpf_disabled", text(value));
	add(k, "capabilities", collect_caps());
	add(k, "may_trace", json_boolean(may_trace()));
	return k;
}

static bool can_nothing(void *ctx, enum ct_probe probe, const char **why_not)
{
	(void)ctx;
	(void)probe;
	*why_not = "the types of this kernel cannot be read";
	return false;
}

static json_t *collect_plan(struct ct_kernel *kernel, enum ct_depth depth)
{
	struct ct_plan_request req = { .depth = depth, .ready_mask = READY_ALL };
	json_t *p = json_object(), *rows = json_array();
	struct ct_err why = { 0 };
	struct ct_plan plan;
	int r = ct_plan_make(&plan, &req, kernel ? ct_kernel_can : can_nothing, kernel, &why);

	add(p, "depth", json_string(ct_depth_names[depth]));
	add(p, "possible", json_boolean(!r));
	if (r)
		add(p, "error", text(why.msg));
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		json_t *row;

		if (ct_probes[i].depth > depth)
			continue;
		row = json_object();
		add(row, "program", json_string(ct_probes[i].program));
		add(row, "hook", json_string(ct_probes[i].hook));
		add(row, "depth", json_string(ct_depth_names[ct_probes[i].depth]));
		add(row, "required", json_boolean(ct_probes[i].need == CT_NEED_REQUIRED));
		add(row, "only_for",
		    ct_probes[i].ready == CT_READY_BIT(PATH) ? json_string("--ready path:GLOB")
							     : json_null());
		add(row, "on", json_boolean(plan.rows[i].on));
		if (plan.rows[i].why_not)
			add(row, "why_not", json_string(plan.rows[i].why_not));
		add(row, "sees", json_string(ct_probes[i].unseen));
		json_array_append_new(rows, row);
	}
	add(p, "probes", rows);
	return p;
}

static json_t *collect_engine(const struct ct_engine *engine)
{
	json_t *e = json_object(), *sockets = json_array();

	add(e, "engine", text(engine->name));
	add(e, "pid", json_integer(engine->pid));
	add(e, "data_root", text(engine->data_root));
	add(e, "exec_root", text(engine->exec_root));
	for (size_t i = 0; i < engine->socket_count; i++)
		json_array_append_new(sockets, text(engine->sockets[i].path));
	add(e, "sockets", sockets);
	return e;
}

static json_t *collect_engines(void)
{
	own_mem struct ct_proc *procs = NULL;
	json_t *list = json_array();
	size_t count = 0;

	if (ct_proc_list(&procs, &count))
		return list;
	for (size_t i = 0; i < count; i++) {
		const struct ct_role_row *role = ct_role_of_comm(procs[i].comm);
		struct ct_engine engine;

		if (role && role->role == CT_ROLE_ENGINE && ct_engine_read(procs[i].pid, &engine))
			json_array_append_new(list, collect_engine(&engine));
	}
	return list;
}

static json_t *find_program(const char *name)
{
	own_mem char *path = NULL;
	const char *env = getenv("PATH");
	char *rest, *dir;

	path = strdup(env ? env : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	for (rest = path; rest && (dir = strsep(&rest, ":"));) {
		char file[4096];
		struct stat st;

		snprintf(file, sizeof(file), "%s/%s", dir, name);
		if (*dir == '/' && !access(file, X_OK) && !stat(file, &st) && S_ISREG(st.st_mode))
			return text(file);
	}
	return NULL;
}

static json_t *collect_runtimes(void)
{
	json_t *list = json_array();

	for (const struct ct_role_row *row = ct_roles; row->comm; row++) {
		json_t *path = row->role == CT_ROLE_RUNTIME ? find_program(row->comm) : NULL;
		json_t *r;

		if (!path)
			continue;
		r = json_object();
		add(r, "runtime", json_string(row->runtime));
		add(r, "path", path);
		json_array_append_new(list, r);
	}
	return list;
}

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
	json_t *held, *list = json_object_get(k, "capabilities");
	const char *name;

	fprintf(out, "kernel\n");
	line(out, "release", string_of(k, "release"));
	line(out, "machine", string_of(k, "machine"));
	line(out, "BTF", is(k, "btf") ? "yes" : string_of(k, "btf_error"));
	line(out, "ring buffer", is(k, "ring_buffer") ? "yes" : "no");
	line(out, "lockdown", string_of(k, "lockdown"));
	line(out, "tracefs", string_of(k, "tracefs"));
	fprintf(out, "  %-14s", "capabilities");
	json_object_foreach(list, name, held)
		fprintf(out, " %s%s", json_is_true(held) ? "" : "no ", name);
	putc('\n', out);
	line(out, "may trace", is(k, "may_trace") ? "yes" : "no: run it as root, or with sudo");
}

/* The rows of depth "steps" add to those of "phases", which are drawn once. */
#define CALL_ENTER "tracepoint/syscalls/sys_enter_"
#define CALL_LEAVE "tracepoint/syscalls/sys_exit_"

/* Both sides of a system call that can be traced are one word; what can't is a line of its own. */
static void draw_calls(FILE *out, json_t *p, bool only_for, const char *title)
{
	const char *depth = string_of(p, "depth");
	int column = 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(p, "probes"), i, row)
	{
		const char *hook = string_of(row, "hook");

		if (strncmp(hook, CALL_ENTER, strlen(CALL_ENTER)) || !is(row, "on") ||
		    strcmp(string_of(row, "depth"), depth) != 0 ||
		    !json_is_null(json_object_get(row, "only_for")) != only_for)
			continue;
		hook += strlen(CALL_ENTER);
		if (!column || column + 1 + (int)strlen(hook) > 96)
			column = fprintf(out, "%s  %-3s  %-14s", column ? "\n" : "",
					 column ? "" : "on", column ? "" : title);
		column += fprintf(out, " %s", hook);
	}
	if (column)
		putc('\n', out);
}

static void draw_plan(FILE *out, json_t *p)
{
	const char *depth = string_of(p, "depth");
	unsigned int on = 0, all = 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(p, "probes"), i, row)
	{
		if (!json_is_null(json_object_get(row, "only_for")))
			continue;
		on += is(row, "on");
		all++;
	}
	fprintf(out, "\nprobes for depth '%s': %u of %u", depth, on, all);
	if (!is(p, "possible")) {
		fprintf(out, "; not possible: ");
		put(out, string_of(p, "error"));
	}
	putc('\n', out);
	json_array_foreach(json_object_get(p, "probes"), i, row)
	{
		const char *hook = string_of(row, "hook");
		bool call = !strncmp(hook, CALL_ENTER, strlen(CALL_ENTER)) ||
			    !strncmp(hook, CALL_LEAVE, strlen(CALL_LEAVE));

		if (strcmp(string_of(row, "depth"), depth) != 0 || (call && is(row, "on")))
			continue;
		fprintf(out, "  %-3s  %-14s %s%s\n", is(row, "on") ? "on" : "off",
			string_of(row, "program"), hook, is(row, "required") ? " (required)" : "");
		fprintf(out, "                      %s%s%s\n",
			is(row, "on") ? "" : string_of(row, "why_not"),
			is(row, "on") ? "" : "; not seen: ", string_of(row, "sees"));
	}
	draw_calls(out, p, false, "system calls");
	draw_calls(out, p, true, "--ready path:");
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

static json_t *collect(void)
{
	struct ct_kernel *kernel = NULL;
	struct ct_err why = { 0 };
	json_t *all = json_object(), *plans = json_array();

	if (ct_kernel_open(&kernel, &why))
		kernel = NULL;
	add(all, "kernel", collect_kernel(kernel, why.msg));
	json_array_append_new(plans, collect_plan(kernel, CT_DEPTH_PHASES));
	json_array_append_new(plans, collect_plan(kernel, CT_DEPTH_STEPS));
	add(all, "plans", plans);
	add(all, "engines", collect_engines());
	add(all, "runtimes", collect_runtimes());
	ct_kernel_close(kernel);
	return all;
}

int ct_cmd_doctor(FILE *out, bool json, struct ct_err *err)
{
	json_t *all = collect(), *plan;
	int r = 0;
	size_t i;

	if (!all)
		return ct_fail(err, -ENOMEM, "examine this node: out of memory");
	if (json) {
		r = json_dumpf(all, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putc('\n', out);
	} else {
		draw_kernel(out, json_object_get(all, "kernel"));
		json_array_foreach(json_object_get(all, "plans"), i, plan) draw_plan(out, plan);
		draw_engines(out, json_object_get(all, "engines"));
		draw_runtimes(out, json_object_get(all, "runtimes"));
	}
	json_decref(all);
	if (r || fflush(out) || ferror(out))
		return ct_fail(err, -EIO, "write the report: %s", strerror(errno));
	return 0;
}
