// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/json/json_objects.h"

#include "sinks/losses.h"
#include "stats/measure.h"
#include "util/mem.h"

#include <string.h>

void ct_json_session(struct ct_json *w, const char *key, const struct ct_session *session)
{
	ct_json_enter(w, key, '{');
	ct_json_string(w, "kind", "session");
	ct_json_string(w, "schema", CT_JSON_SCHEMA);
	ct_json_string(w, "version", session->version);
	ct_json_string(w, "kernel", session->kernel);
	ct_json_string(w, "depth", session->depth);
	ct_json_u64(w, "begin_ns", session->begin_ns);
	ct_json_time(w, "begin_time", ct_wall_ns(session, session->begin_ns));
	if (session->attach_ns)
		ct_json_u64(w, "attach_ns", session->attach_ns);
	ct_json_leave(w, '}');
}

static void put_pod(struct ct_json *w, const struct ct_identity *who)
{
	if (!who->pod[0]) {
		ct_json_null(w, "pod");
		return;
	}
	ct_json_enter(w, "pod", '{');
	ct_json_string(w, "name", who->pod);
	ct_json_string(w, "namespace", who->pod_ns);
	ct_json_string(w, "uid", who->pod_uid);
	if (who->pod_container[0])
		ct_json_string(w, "container", who->pod_container);
	else
		ct_json_null(w, "container");
	ct_json_leave(w, '}');
}

/* Of Docker Compose: what is none of it has no such member. */
static void put_project(struct ct_json *w, const struct ct_identity *who)
{
	if (!who->project[0])
		return;
	ct_json_enter(w, "project", '{');
	ct_json_string(w, "name", who->project);
	if (who->service[0])
		ct_json_string(w, "service", who->service);
	else
		ct_json_null(w, "service");
	ct_json_leave(w, '}');
}

static void put_or_null(struct ct_json *w, const char *key, const char *text)
{
	if (*text)
		ct_json_string(w, key, text);
	else
		ct_json_null(w, key);
}

void ct_json_scope(struct ct_json *w, const struct ct_identity *who)
{
	const struct ct_owner *owner = &who->owner;

	if (!owner->other) {
		ct_json_null(w, "scope");
		return;
	}
	ct_json_enter(w, "scope", '{');
	if (owner->inside) {
		ct_json_enter(w, "container", '{');
		put_or_null(w, "id", owner->id);
		put_or_null(w, "name", owner->name);
		ct_json_u64_or_null(w, "pid", owner->pid, owner->pid);
		ct_json_leave(w, '}');
	} else {
		ct_json_null(w, "container");
	}
	ct_json_u64(w, "uid", owner->uid);
	ct_json_leave(w, '}');
}

static void put_who(struct ct_json *w, const struct ct_identity *who)
{
	ct_json_string(w, "id", who->id);
	ct_json_string(w, "name", who->name);
	ct_json_string(w, "image", who->image);
	ct_json_string(w, "runtime", who->runtime);
	ct_json_string(w, "engine", who->engine);
	ct_json_string(w, "namespace", who->ns);
	put_pod(w, who);
	put_project(w, who);
	ct_json_u64_or_null(w, "init_pid", who->init_pid, who->init_pid);
	ct_json_scope(w, who);
}

static void put_phases(struct ct_json *w, const struct ct_record *rec)
{
	ct_json_enter(w, "phases", '{');
	for (unsigned p = 0; p < CT_PHASE_MAX; p++) {
		struct ct_phase_value value =
			ct_phase_value(rec, (enum ct_phase)p, CT_GAPS_WITH_TIME);

		if (value.is != CT_PHASE_ABSENT)
			ct_json_u64_or_null(w, ct_phase_names[p], value.ns,
					    value.is == CT_PHASE_MEASURED);
	}
	ct_json_leave(w, '}');
	ct_json_enter(w, "segments", '[');
	for (size_t i = 0; i < rec->segment_count && i < CT_SEGMENTS_MAX; i++) {
		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "phase", ct_phase_names[rec->segments[i].phase]);
		ct_json_u64(w, "begin_ns", rec->segments[i].begin_ns);
		ct_json_u64(w, "end_ns", rec->segments[i].end_ns);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
}

static void put_ready(struct ct_json *w, const struct ct_record *rec)
{
	if (rec->ready < 0 || rec->ready >= CT_READY_MAX) {
		ct_json_null(w, "ready");
		return;
	}
	ct_json_enter(w, "ready", '{');
	ct_json_string(w, "by", ct_ready_names[rec->ready]);
	ct_json_u64(w, "ns", rec->ready_ns);
	ct_json_leave(w, '}');
}

static void put_failed(struct ct_json *w, const struct ct_record *rec)
{
	if (rec->outcome != CT_OUTCOME_FAILED) {
		ct_json_null(w, "failed");
		return;
	}
	ct_json_enter(w, "failed", '{');
	ct_json_string(w, "phase", ct_phase_names[rec->failed_phase]);
	if (rec->failed_step)
		ct_json_string(w, "step", rec->failed_step);
	else
		ct_json_null(w, "step");
	ct_json_string(w, "message", rec->message ? rec->message : "");
	ct_json_leave(w, '}');
}

static void put_predecessor(struct ct_json *w, const struct ct_record *rec)
{
	if (!rec->predecessor) {
		ct_json_null(w, "predecessor");
		return;
	}
	ct_json_enter(w, "predecessor", '{');
	ct_json_string(w, "id", rec->predecessor->id);
	ct_json_string(w, "name", rec->predecessor->name);
	ct_json_leave(w, '}');
}

static void put_steps(struct ct_json *w, const struct ct_record *rec)
{
	ct_json_enter(w, "steps", '[');
	for (size_t i = 0; i < rec->step_count; i++) {
		const struct ct_step *step = &rec->steps[i];

		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "name", step->name);
		ct_json_string(w, "actor", step->actor ? step->actor : "");
		ct_json_u64(w, "pid", step->pid);
		ct_json_string(w, "phase", ct_phase_names[step->phase]);
		ct_json_u64(w, "begin_ns", step->begin_ns);
		ct_json_u64_or_null(w, "end_ns", step->end_ns, !step->open);
		ct_json_u64_or_null(w, "parent", step->parent - 1u, step->parent);
		ct_json_u64(w, "depth", step->depth);
		ct_json_u64(w, "count", step->count);
		ct_json_bool(w, "open", step->open);
		ct_json_string(w, "detail", step->detail);
		if (rec->why)
			ct_json_why(w, &rec->why[i]);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
}

static void put_labels(struct ct_json *w, const struct ct_labels *labels)
{
	const char *at = labels->pairs, *end = at + labels->len;

	ct_json_enter(w, "labels", '{');
	while (at < end) {
		const char *value = at + strnlen(at, (size_t)(end - at)) + 1;

		if (value >= end || memchr(value, '\0', (size_t)(end - value)) == NULL)
			break; /* not whole */
		ct_json_string(w, at, value);
		at = value + strlen(value) + 1;
	}
	ct_json_leave(w, '}');
}

static void put_probes(struct ct_json *w, const struct ct_record *rec)
{
	ct_json_enter(w, "probes", '[');
	for (size_t i = 0; i < rec->probe_count; i++) {
		const struct ct_probed *probe = &rec->probes[i];

		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "container", probe->container);
		ct_json_u64(w, "count", probe->count);
		ct_json_u64(w, "failed", probe->failed);
		ct_json_u64(w, "unheard", probe->unheard);
		ct_json_u64(w, "first_ns", probe->first_ns);
		ct_json_u64_or_null(w, "success_ns", probe->ok_ns, probe->ok_ns);
		ct_json_u64(w, "last_ns", probe->last_ns);
		ct_json_u64(w, "min_ns", probe->min_ns);
		ct_json_u64(w, "mean_ns", probe->sum_ns / (probe->count ? probe->count : 1));
		ct_json_u64(w, "max_ns", probe->max_ns);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
}

void ct_json_record(struct ct_json *w, const char *key, const struct ct_session *session,
		    const struct ct_record *rec)
{
	bool exited = rec->exit_code != CT_NO_EXIT_CODE;

	ct_json_enter(w, key, '{');
	ct_json_string(w, "kind", ct_record_names[rec->type]);
	ct_json_string(w, "outcome", ct_outcome_names[rec->outcome]);
	ct_json_string(w, "cause", ct_cause_names[rec->cause]);
	put_who(w, rec->who);
	ct_json_string(w, "node", rec->node);
	if (rec->labels)
		put_labels(w, rec->labels);
	if (rec->run)
		ct_json_u64(w, "run", rec->run);
	ct_json_u64_or_null(w, "exit_code", exited ? (uint64_t)rec->exit_code : 0, exited);
	ct_json_u64(w, "begin_ns", rec->begin_ns);
	ct_json_u64(w, "end_ns", rec->end_ns);
	ct_json_u64(w, "total_ns", rec->end_ns > rec->begin_ns ? rec->end_ns - rec->begin_ns : 0);
	ct_json_time(w, "begin_time", ct_wall_ns(session, rec->begin_ns));
	put_phases(w, rec);
	put_ready(w, rec);
	ct_json_u64_or_null(w, "run_ns", rec->run_ns, rec->run_ns);
	ct_json_u64_or_null(w, "service_end_ns", rec->service_end_ns, rec->service_end_ns);
	ct_json_bool(w, "removed", rec->removed);
	put_failed(w, rec);
	put_predecessor(w, rec);
	if (rec->fetched)
		ct_json_fetched(w, rec);
	if (rec->probe_count)
		put_probes(w, rec);
	if (rec->member_count)
		ct_json_members(w, rec);
	if (rec->found)
		ct_json_found(w, rec->found);
	put_steps(w, rec);
	if (rec->path)
		ct_json_path(w, rec);
	ct_json_leave(w, '}');
}

static void put_hist(struct ct_json *w, const struct ct_hist *h)
{
	static const struct {
		const char *key;
		double quantile;
	} quantiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 } };
	uint64_t n = h ? ct_hist_count(h) : 0;

	ct_json_u64(w, "n", n);
	ct_json_u64_or_null(w, "min", n ? ct_hist_min(h) : 0, n);
	for (size_t i = 0; i < CT_ARRAY_SIZE(quantiles); i++)
		ct_json_u64_or_null(w, quantiles[i].key,
				    n ? ct_hist_quantile(h, quantiles[i].quantile) : 0, n);
	ct_json_u64_or_null(w, "max", n ? ct_hist_max(h) : 0, n);
	ct_json_u64(w, "sum", n ? ct_hist_sum(h) : 0);
}

static void put_group(struct ct_json *w, const struct ct_summary *summary, const struct ct_group *g)
{
	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "type", ct_record_names[g->type]);
	ct_json_string(w, ct_by_names[g->by], g->key);
	ct_json_enter(w, "count", '{');
	for (unsigned o = 0; o < CT_OUTCOME_MAX; o++)
		ct_json_u64(w, ct_outcome_names[o], g->count[o]);
	ct_json_leave(w, '}');
	ct_json_enter(w, "total", '{');
	put_hist(w, g->total);
	ct_json_leave(w, '}');
	ct_json_enter(w, "phases", '{');
	for (unsigned p = 0; p < CT_PHASE_MAX; p++) {
		if (!g->phases[p] && !g->unknown[p])
			continue;
		ct_json_enter(w, ct_phase_names[p], '{');
		put_hist(w, g->phases[p]);
		ct_json_u64(w, "unknown", g->unknown[p]);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, '}');
	ct_json_enter(w, "steps", '[');
	for (size_t i = 0, n = ct_summary_steps(summary, g); i < n; i++) {
		const struct ct_step_group *step = ct_summary_step(summary, g, i);

		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "name", step->name);
		ct_json_string(w, "phase", ct_phase_names[step->phase]);
		ct_json_u64(w, "calls", step->calls);
		put_hist(w, step->hist);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
	ct_json_leave(w, '}');
}

static void put_lost(struct ct_json *w, const struct ct_core_counts *counts)
{
	ct_json_enter(w, "lost", '{');
	for (size_t i = 0; i < CT_LOSS_MAX; i++) {
		char key[CT_LOSS_NAME_LEN];

		ct_json_u64(w, ct_loss_name(key, i), counts->lost[i]);
	}
	ct_json_leave(w, '}');
}

/* Who that was, if it was anybody. */
static void put_parties(struct ct_json *w, const char *key, const struct ct_parties *parties)
{
	if (!ct_parties_sum(parties))
		return;
	ct_json_enter(w, key, '[');
	for (int i = 0; i < CT_PARTIES_MAX && parties->each[i].count; i++) {
		const struct ct_party *p = &parties->each[i];

		ct_json_enter(w, NULL, '{');
		if (p->uid == CT_UID_UNKNOWN)
			ct_json_null(w, "uid");
		else
			ct_json_u64(w, "uid", p->uid);
		ct_json_string(w, "container", p->within);
		if (p->comm[0])
			ct_json_string(w, "program", p->comm);
		ct_json_u64(w, "count", p->count);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
}

static void put_unheard_of(struct ct_json *w, const struct ct_unheard_of *of)
{
	if (!of->requests)
		return;
	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "engine", of->engine);
	ct_json_u64(w, "pid", of->pid);
	ct_json_u64(w, "connections", of->connections);
	ct_json_u64(w, "requests", of->requests);
	ct_json_leave(w, '}');
}

static void put_unheard(struct ct_json *w, const struct ct_unheard *unheard)
{
	if (!ct_unheard_sum(unheard))
		return;
	ct_json_enter(w, "unheard", '[');
	for (int i = 0; i < CT_PARTIES_MAX; i++)
		put_unheard_of(w, &unheard->each[i]);
	put_unheard_of(w, &unheard->others);
	ct_json_leave(w, ']');
}

static void put_strange_of(struct ct_json *w, const struct ct_strange_of *of)
{
	if (!of->starts && !of->stops)
		return;
	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "engine", of->engine);
	ct_json_u64(w, "pid", of->pid);
	ct_json_string(w, "version", of->version);
	ct_json_u64(w, "starts", of->starts);
	ct_json_u64(w, "stops", of->stops);
	ct_json_leave(w, '}');
}

static void put_strange(struct ct_json *w, const struct ct_strange *strange)
{
	if (!strange->each[0].starts && !strange->each[0].stops)
		return;
	ct_json_enter(w, "unknown_orders", '[');
	for (int i = 0; i < CT_PARTIES_MAX; i++)
		put_strange_of(w, &strange->each[i]);
	put_strange_of(w, &strange->others);
	ct_json_leave(w, ']');
}

static void put_deaf_of(struct ct_json *w, const struct ct_deaf_of *of, uint64_t count)
{
	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "engine", of->engine);
	ct_json_u64(w, "pid", of->pid);
	ct_json_u64(w, "count", count);
	ct_json_leave(w, '}');
}

static void put_deaf(struct ct_json *w, const struct ct_deaf *deaf)
{
	static const struct ct_deaf_of others;

	if (!deaf->each[0].pid && !deaf->others)
		return;
	ct_json_enter(w, "deaf", '[');
	for (int i = 0; i < CT_PARTIES_MAX && deaf->each[i].pid; i++)
		put_deaf_of(w, &deaf->each[i], 1);
	if (deaf->others)
		put_deaf_of(w, &others, deaf->others);
	ct_json_leave(w, ']');
}

static void put_probes_sum(struct ct_json *w, const struct ct_core_counts *counts)
{
	if (!counts->probes.count)
		return;
	ct_json_enter(w, "probes", '{');
	ct_json_u64(w, "count", counts->probes.count);
	ct_json_u64(w, "failed", counts->probes.failed);
	ct_json_u64(w, "unheard", counts->probes.unheard);
	ct_json_u64(w, "mean_ns", counts->probes.sum_ns / counts->probes.count);
	ct_json_u64(w, "max_ns", counts->probes.max_ns);
	ct_json_leave(w, '}');
}

/* Medians over the records of each group: those of one group do not add up. */
static void put_causes(struct ct_json *w, struct ct_causes *causes)
{
	if (!ct_causes_groups(causes))
		return;
	ct_json_enter(w, "why", '[');
	for (size_t i = 0; i < ct_causes_groups(causes); i++) {
		const struct ct_cause_group *g = ct_causes_group(causes, i);
		size_t count;
		const struct ct_cause_sum *sums = ct_causes_ranked(causes, i, &count);

		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "kind", ct_record_names[g->type]);
		ct_json_string(w, "key", g->key);
		ct_json_u64(w, "records", g->records);
		ct_json_u64(w, "total_ns", g->ns);
		ct_json_u64(w, "unexplained_ns", g->unknown_ns);
		ct_json_enter(w, "causes", '[');
		for (size_t k = 0; k < count; k++) {
			ct_json_enter(w, NULL, '{');
			ct_json_string(w, "phase", ct_phase_names[sums[k].key.phase]);
			ct_json_string(w, "reason", ct_reason_keys[sums[k].key.reason]);
			ct_json_string(w, "what", sums[k].key.what);
			ct_json_string(w, "actor", sums[k].key.actor);
			ct_json_string(w, "step", sums[k].key.step);
			ct_json_u64(w, "median_ns", sums[k].median_ns);
			ct_json_u64(w, "total_ns", sums[k].ns);
			ct_json_u64(w, "records", sums[k].records);
			ct_json_leave(w, '}');
		}
		ct_json_leave(w, ']');
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
}

static void put_gaps(struct ct_json *w, const struct ct_session *session)
{
	if (!session->gap_count)
		return;
	ct_json_enter(w, "untraced", '[');
	for (size_t i = 0; i < session->gap_count; i++) {
		const struct ct_session_gap *gap = &session->gaps[i];

		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "before", gap->before);
		ct_json_string(w, "after", gap->after);
		ct_json_u64(w, "begin_ns", gap->begin_ns);
		ct_json_time(w, "begin_time", ct_wall_ns(session, gap->begin_ns));
		ct_json_u64(w, "ns", gap->end_ns - gap->begin_ns);
		ct_json_u64(w, "containers", gap->found);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
}

void ct_json_summary(struct ct_json *w, const char *key, const struct ct_session *session,
		     const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	ct_json_enter(w, key, '{');
	ct_json_string(w, "kind", "summary");
	ct_json_u64(w, "end_ns", session->end_ns);
	ct_json_time(w, "end_time", ct_wall_ns(session, session->end_ns));
	ct_json_string(w, "by", ct_by_names[ct_summary_by(summary)]);
	ct_json_enter(w, "groups", '[');
	for (size_t i = 0; i < ct_summary_groups(summary); i++)
		put_group(w, summary, ct_summary_group(summary, i));
	ct_json_leave(w, ']');
	put_causes(w, ct_summary_causes(summary));
	ct_json_u64(w, "events", counts->events);
	ct_json_u64(w, "containers", counts->containers);
	ct_json_u64(w, "unfinished", counts->open);
	put_probes_sum(w, counts);
	put_lost(w, counts);
	put_parties(w, "beyond_share", &counts->beyond);
	put_parties(w, "forgers", &counts->forgers);
	put_unheard(w, &counts->unheard);
	put_deaf(w, &counts->deaf);
	put_strange(w, &counts->strange);
	ct_json_enter(w, "unmatched", '{');
	ct_json_u64(w, "exits", counts->unmatched_exits);
	ct_json_u64(w, "answers", counts->unmatched_answers);
	ct_json_u64(w, "requests", counts->unmatched_requests);
	ct_json_leave(w, '}');
	ct_json_u64(w, "unknown_phases", counts->unknown_phases);
	ct_json_u64(w, "unread", counts->unread);
	put_gaps(w, session);
	ct_json_bool(w, "complete", !ct_counts_incomplete(counts));
	ct_json_leave(w, '}');
}
