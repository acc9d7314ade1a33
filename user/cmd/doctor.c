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

#include "cmd/doctor_draw.h"
#include "cmd/doctor_privileges.h"
#include "cmd/doctor_verdict.h"
#include "core/who/roles.h"
#include "source/proc/credentials.h"
#include "source/engines/engine.h"
#include "source/live/kernel.h"
#include "source/live/plan.h"
#include "source/proc/privileges.h"
#include "source/proc/procfs.h"
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

/* As who traces is asked. */
static bool may_trace(void)
{
	struct ct_err ignored;

	return !ct_may_trace(&ignored);
}

static const char *tracefs(const char *lockdown)
{
	if (!strcmp(lockdown, "confidentiality"))
		return "closed by lockdown";
	if (!faccessat(AT_FDCWD, "/sys/kernel/tracing/events", R_OK, AT_EACCESS))
		return "mounted";
	return errno == EACCES ? "may not be read by this user"
			       : "not mounted; --steps uses it without mounting it";
}

static json_t *collect_kernel(struct ct_kernel *kernel, const char *why_no_btf)
{
	json_t *k = json_object();
	struct utsname uts;
	char value[32], mode[48];

	add(k, "release", text(uname(&uts) ? "?" : uts.release));
	add(k, "machine", text(uname(&uts) ? "?" : uts.machine));
	add(k, "btf", json_boolean(kernel));
	if (!kernel)
		add(k, "btf_error", text(why_no_btf));
	add(k, "ring_buffer", json_boolean(kernel && ct_kernel_has_ring(kernel)));
	ct_kernel_lockdown(mode, sizeof(mode));
	add(k, "lockdown", text(mode));
	add(k, "tracefs", json_string(tracefs(mode)));
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

static bool has_nothing(void *ctx, enum ct_feature feature, const char **why_not)
{
	(void)feature;
	return can_nothing(ctx, 0, why_not);
}

static int make_plan(struct ct_plan *plan, struct ct_kernel *kernel, enum ct_depth depth,
		     enum ct_plan_name name, struct ct_err *err)
{
	const struct ct_plan_kernel ask = {
		.can = kernel ? ct_kernel_can : can_nothing,
		.has = kernel ? ct_kernel_has : has_nothing,
		.ctx = kernel,
	};
	const struct ct_plan_request req = {
		.steps = depth == CT_DEPTH_STEPS,
		.why = depth == CT_DEPTH_WHY,
		.ready_mask = READY_ALL | CT_ASKED_OPENS,
		.plan = name,
	};

	return ct_plan_make(plan, &req, &ask, err);
}

/* Every depth, the one first that takes longest. */
static const enum ct_depth order[] = { CT_DEPTH_STEPS, CT_DEPTH_PHASES, CT_DEPTH_WHY };

struct planned {
	struct ct_plan plans[CT_DEPTH_WHY + 1];
	struct ct_tried tried[CT_DEPTH_WHY + 1];
};

/* Every plan by itself: which are possible, and what the others lack. */
static json_t *collect_choices(struct ct_kernel *kernel)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < CT_PLAN_MAX; i++) {
		struct ct_err ignored;
		struct ct_plan plan;
		int r = make_plan(&plan, kernel, CT_DEPTH_PHASES, i, &ignored);
		json_t *p = json_object();

		add(p, "plan", json_string(ct_plans[i].name));
		add(p, "when", json_string(ct_plans[i].when));
		add(p, "possible", json_boolean(!r));
		if (r) {
			const char *hook = plan.plans[i].hook;

			add(p, "lacks", json_string(*hook ? hook : plan.plans[i].what));
			add(p, "why_not", json_string(plan.plans[i].why_not));
		}
		json_array_append_new(list, p);
	}
	return list;
}

static json_t *collect_features(const struct ct_plan *plan)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < CT_FEATURE_MAX; i++) {
		json_t *f = json_object();

		add(f, "feature", json_string(ct_features[i].name));
		add(f, "since", json_string(ct_features[i].since));
		add(f, "on", json_boolean(plan->features >> i & 1));
		if (plan->feature_why_not[i]) {
			add(f, "why_not", json_string(plan->feature_why_not[i]));
			add(f, "without", json_string(ct_features[i].without));
		}
		json_array_append_new(list, f);
	}
	return list;
}

/* What has to be asked for besides the depth, as a table of phases would not need it. */
static json_t *only_for(enum ct_probe i)
{
	return ct_probes[i].ready == CT_READY_BIT(PATH) ? json_string("--ready path:GLOB")
	       : ct_probes[i].ready == CT_ASKED_OPENS   ? json_string("--opens")
							: json_null();
}

static json_t *collect_probe(const struct ct_plan *plan, enum ct_probe i)
{
	enum ct_probe instead = plan->rows[i].instead;
	json_t *row = json_object();

	add(row, "program", json_string(ct_probes[i].program));
	add(row, "hook", json_string(ct_probes[i].hook));
	add(row, "depth", json_string(ct_depth_names[ct_probes[i].depth]));
	add(row, "required", json_boolean(ct_probes[i].need == CT_NEED_REQUIRED));
	add(row, "only_for", only_for(i));
	add(row, "on", json_boolean(plan->rows[i].on));
	if (plan->rows[i].why_not)
		add(row, "why_not", json_string(plan->rows[i].why_not));
	if (instead != CT_PROBE_MAX) {
		add(row, "instead", json_string(ct_probes[instead].hook));
		add(row, "weaker", json_boolean(i > instead));
	}
	add(row, "sees", json_string(ct_probes[i].unseen));
	return row;
}

/* A plan that the kernel cannot host is not tried. */
static void begin_plan(struct planned *p, struct ct_kernel *kernel, enum ct_depth depth,
		       enum ct_plan_name name)
{
	struct ct_tried *tried = &p->tried[depth];

	if (make_plan(&p->plans[depth], kernel, depth, name, &tried->why))
		tried->why_no_opens = tried->why;
	else
		ct_doctor_try(tried, depth, name);
}

static json_t *collect_plan(const struct planned *planned, enum ct_depth depth)
{
	const struct ct_tried *tried = &planned->tried[depth];
	json_t *p = json_object(), *rows = json_array();
	struct ct_plan plan = planned->plans[depth];

	if (tried->works) { /* the one that was attached, when the kernel refused the first */
		plan.name = tried->plan.name;
		plan.features = tried->plan.features;
	}
	ct_doctor_on(&plan, tried, &planned->tried[CT_DEPTH_PHASES]);
	add(p, "depth", json_string(ct_depth_names[depth]));
	add(p, "plan", json_string(ct_plans[plan.name].name));
	add(p, "possible", json_boolean(tried->works));
	if (!tried->works)
		add(p, "error", text(tried->why.msg));
	add(p, "features", collect_features(&plan));
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++)
		if (ct_probes[i].depth == CT_DEPTH_PHASES || ct_probes[i].depth == depth)
			json_array_append_new(rows, collect_probe(&plan, i));
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

static json_t *collect_plans(const struct planned *planned)
{
	json_t *plans = json_array();

	for (enum ct_depth depth = CT_DEPTH_PHASES; depth <= CT_DEPTH_WHY; depth++)
		json_array_append_new(plans, collect_plan(planned, depth));
	return plans;
}

/* While the depths are tried: what takes neither long nor probes. */
static json_t *collect(enum ct_plan_name name)
{
	json_t *all = json_object(),
	       *privileges = ct_doctor_privileges(); /* before it raises any */
	own_mem struct planned *p = calloc(1, sizeof(*p));
	struct ct_kernel *kernel = NULL;
	struct ct_err why = { 0 };

	if (!p) {
		json_decref(all);
		json_decref(privileges);
		return NULL;
	}
	if (ct_kernel_open(&kernel, &why))
		kernel = NULL;
	for (size_t i = 0; i < CT_ARRAY_SIZE(order); i++)
		begin_plan(p, kernel, order[i], name);
	add(all, "verdict", json_null()); /* its place */
	add(all, "kernel", collect_kernel(kernel, why.msg));
	add(all, "choices", collect_choices(kernel));
	for (size_t i = 0; i < CT_ARRAY_SIZE(order); i++)
		ct_doctor_tried(&p->tried[order[i]]);
	add(all, "verdict", ct_doctor_verdict(p->tried));
	add(all, "plans", collect_plans(p));
	add(all, "privileges", privileges);
	add(all, "engines", collect_engines());
	add(all, "runtimes", collect_runtimes());
	ct_kernel_close(kernel);
	return all;
}

int ct_cmd_doctor(FILE *out, bool json, enum ct_plan_name name, struct ct_err *err)
{
	json_t *all = collect(name);
	bool able;
	int r = 0;

	if (!all)
		return ct_fail(err, -ENOMEM, "examine this node: out of memory");
	able = json_is_true(json_object_get(json_object_get(all, "verdict"), "works"));
	if (json) {
		r = json_dumpf(all, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putc('\n', out);
	} else {
		ct_doctor_draw(out, all);
	}
	json_decref(all);
	if (r || fflush(out) || ferror(out))
		return ct_fail(err, -EIO, "write the report: %s", strerror(errno));
	return able ? 0 : 1;
}
