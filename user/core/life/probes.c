// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes that are commands. The kubelet asks the engine to execute one in the container and to answer with
 * its status (ExecSync), with a limit of a second at least; its hooks, and whoever else executes something,
 * have no limit. Which of startup, readiness and liveness it is for is not said anywhere on the node.
 */
#include "core/hear/cri.h"
#include "core/life/life.h"

#include <stdlib.h>

/* The kubelet acts on a failure at once; of other work it may have a second's. */
#define ACTS_NS (2000 * CT_NS_PER_MS)

/* What was asked about is what was executed. A row for each family would be the same. */
static bool is_exec(struct ct_core *core, struct ct_fact *f)
{
	const struct ct_container *c = f->container;

	if (ct_text_is(f->verb, CT_EXEC_SYNC))
		return true;
	if (!f->unproved || c->exec_ns < f->request->ts_ns || c->exec_ns > f->ts_ns)
		return false;
	ct_hear_proved(core, f, CT_EXEC_SYNC);
	return !f->unproved;
}

static struct ct_probes *probes_of(struct ct_container *c)
{
	if (!c->probes)
		c->probes = calloc(1, sizeof(*c->probes));
	return c->probes;
}

/* NULL: there were too many before. */
static struct ct_hook *hook_of(struct ct_container *c, const struct ct_request *asked)
{
	struct ct_probes *probes = probes_of(c);
	size_t i = 0;

	while (probes && i < probes->hook_count && probes->hooks[i].begin_ns != asked->ts_ns)
		i++;
	if (!probes || i == CT_HOOKS_MAX)
		return NULL;
	if (i == probes->hook_count)
		probes->hooks[probes->hook_count++].begin_ns = asked->ts_ns;
	return &probes->hooks[i];
}

/* NULL: there are too many, or it is none, as far as is known. */
static struct ct_probed *probe_of(struct ct_container *c, const struct ct_request *asked)
{
	struct ct_probes *probes = probes_of(c);
	size_t i = 0;

	while (probes && i < probes->count && probes->each[i].command != asked->command)
		i++;
	if (!probes || i == CT_PROBES_MAX)
		return NULL;
	if (i == probes->count) {
		probes->each[i].command = asked->command;
		probes->each[i].known = asked->limit == CT_LIMIT_SOME;
		probes->count++;
	} else {
		probes->each[i].known = true; /* no hook is executed twice */
	}
	return &probes->each[i].told;
}

static void add_time(struct ct_probed *probe, uint64_t ns)
{
	if (!probe->min_ns || ns < probe->min_ns)
		probe->min_ns = ns;
	if (ns > probe->max_ns)
		probe->max_ns = ns;
	probe->sum_ns += ns;
}

static void probed(struct ct_core *core, struct ct_fact *f, struct ct_probed *probe)
{
	bool failed = f->kind == CT_FACT_REFUSED ? f->timed_out : f->valued && f->value != 0;
	uint64_t took = f->ts_ns - f->request->ts_ns;

	probe->count++;
	probe->failed += failed;
	probe->unheard += !failed && !f->valued;
	probe->failing = failed;
	probe->last_ns = f->ts_ns;
	if (!probe->first_ns)
		probe->first_ns = f->request->ts_ns;
	add_time(probe, took);
	core->counts.probes.count++;
	core->counts.probes.failed += failed;
	core->counts.probes.unheard += !failed && !f->valued;
	core->counts.probes.sum_ns += took;
	if (took > core->counts.probes.max_ns)
		core->counts.probes.max_ns = took;
	if (failed || !f->valued || probe->ok_ns)
		return;
	probe->ok_ns = f->ts_ns;
	ct_readied(core, f->container, CT_READY_PROBE, f->ts_ns);
}

void ct_probe_asked(struct ct_fact *f)
{
	if (f->request && f->request->limit == CT_LIMIT_NONE)
		hook_of(f->container, f->request);
}

bool ct_probe_answered(struct ct_core *core, struct ct_fact *f)
{
	bool is_hook = f->request->limit == CT_LIMIT_NONE;
	struct ct_probed *probe;
	struct ct_hook *hook;

	if (!is_exec(core, f))
		return false;
	hook = is_hook ? hook_of(f->container, f->request) : NULL;
	if (hook)
		hook->end_ns = f->ts_ns;
	probe = is_hook ? NULL : probe_of(f->container, f->request);
	if (probe)
		probed(core, f, probe);
	return true;
}

/* What is stopped with its whole pod is not stopped for its own sake. */
bool ct_probe_stopped(struct ct_core *core, const struct ct_container *c)
{
	const struct ct_container *pod = c->pod ? ct_book_of(core, c->pod) : NULL;
	uint64_t asked_ns = c->run.marks[CT_MARK_STOP_BEGIN];

	if (!c->probes || c->run.stop_cause != CT_CAUSE_STOP_REQUEST ||
	    (pod && pod->run.marks[CT_MARK_STOP_BEGIN]))
		return false;
	for (size_t i = 0; i < c->probes->count; i++) {
		const struct ct_probed *probe = &c->probes->each[i].told;

		if (c->probes->each[i].known && probe->failing && probe->last_ns <= asked_ns &&
		    probe->last_ns + ACTS_NS >= asked_ns)
			return true;
	}
	return false;
}

size_t ct_probes_told(const struct ct_container *c, struct ct_probed *ret)
{
	size_t n = 0;

	for (size_t i = 0; c->probes && i < c->probes->count; i++) {
		if (!c->probes->each[i].known)
			continue;
		ret[n] = c->probes->each[i].told;
		ret[n++].container = c->who.pod_container;
	}
	return n;
}
