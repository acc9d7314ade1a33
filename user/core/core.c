// SPDX-License-Identifier: GPL-2.0-only
/* The way of an event through the stations, and what they tell each other. */
#include "core/book/askers.h"
#include "core/book/links.h"
#include "core/book/parts.h"
#include "core/book/pulls.h"
#include "core/book/store.h"
#include "core/hear/above.h"
#include "core/life/life.h"
#include "core/opens/openers.h"
#include "core/order/reorder.h"
#include "core/steps/steps.h"
#include "core/tell/made.h"
#include "core/tell/tell.h"
#include "core/why/why.h"

#include <stdlib.h>

/* What each station has that others can fill. */
static const struct ct_share_row *const shares[CT_SHARE_KINDS] = {
	[CT_SHARE_CONTAINERS] = &ct_containers_row,
	[CT_SHARE_ACTORS] = &ct_actors_row,
	[CT_SHARE_CALLS] = &ct_calls_row,
	[CT_SHARE_LINES] = &ct_lines_row,
	[CT_SHARE_CONNS] = &ct_conns_row,
	[CT_SHARE_EARLY] = &ct_early_row,
	[CT_SHARE_PREPARED] = &ct_prepared_row,
	[CT_SHARE_ORPHANS] = &ct_orphans_row,
	[CT_SHARE_SYNCS] = &ct_syncs_row,
	[CT_SHARE_OPENERS] = &ct_openers_row,
	[CT_SHARE_RUNS] = &ct_runs_row,
	[CT_SHARE_PULLS] = &ct_pulls_row,
	[CT_SHARE_STORES] = &ct_stores_row,
	[CT_SHARE_PARTS] = &ct_parts_row,
	[CT_SHARE_LINKS] = &ct_links_row,
	[CT_SHARE_ASKERS] = &ct_askers_row,
	[CT_SHARE_ABOVE] = &ct_above_row,
};

static uint64_t began_at(const struct ct_container *c)
{
	uint64_t first = 0;

	for (size_t i = 0; i < CT_ARRAY_SIZE(c->family->begins); i++) {
		uint64_t at = c->run.marks[c->family->begins[i]];

		if (at && (!first || at < first))
			first = at;
	}
	return first;
}

/* Its record may be long in coming: who begins to listen before that hears of nobody else who it is. */
static void tell_known(struct ct_core *core, const struct ct_container *c)
{
	struct ct_record rec = { .type = CT_RECORD_START };

	if (!core->ops.known || !c || c->removed || c->draft)
		return;
	/* Without a process nothing but the answer says that it has stopped. */
	if (!c->who.init_pid && c->run.marks[CT_MARK_EXIT])
		rec.type = CT_RECORD_STOP;
	else if (c->run.start_reported)
		return;
	else
		rec.begin_ns = began_at(c);
	rec.who = &c->who;
	core->ops.known(core->ctx, &rec);
}

static void heard(struct ct_core *core, struct ct_fact *fact)
{
	ct_life_fact(core, fact);
	ct_steps_fact(core, fact);
	ct_tell_fact(core, fact);
	if (fact->kind == CT_FACT_ANSWERED)
		tell_known(core, fact->container);
}

static void run_ends(struct ct_core *core, struct ct_container *c)
{
	ct_openers_learn(core, c);
	ct_steps_drop(&c->run);
}

static void goes(struct ct_core *core, struct ct_container *c)
{
	ct_openers_learn(core, c);
	ct_hear_forget(core, c->handle);
	ct_made_goes(core, c);
}

static const struct ct_seams seams = {
	.heard = heard,
	.learned = ct_orphans_adopt,
	.starts_again = ct_tell_again,
	.run_ends = run_ends,
	.goes = goes,
	.within = ct_party_within,
};

static void fork_event(struct ct_core *core, const struct ct_event *e)
{
	bool instead = ct_actor_get(core, (uint32_t)e->obj);

	ct_life_fork(core, e);
	ct_openers_born(core, (uint32_t)e->obj, instead);
}

static void exec_event(struct ct_core *core, const struct ct_event *e)
{
	const struct ct_actor_state *a;

	ct_steps_exec_before(core, e);
	ct_life_exec(core, e);
	ct_steps_exec(core, e);
	ct_openers_exec(core, e);
	/* A monitor is called with the names of what it is for. */
	a = ct_actor_get(core, e->tgid);
	if (a && a->role == CT_ROLE_SHIM)
		tell_known(core, a->container);
}

static void exit_event(struct ct_core *core, const struct ct_event *e)
{
	ct_steps_exit_before(core, e);
	ct_openers_exit(core, e);
	ct_life_exit(core, e);
	ct_asker_exits(core, e->tgid);
	ct_hear_exits(core, e->tgid);
	ct_made_exits(core, e->tgid);
	ct_tell_images_known(core);
}

static void process_event(struct ct_core *core, const struct ct_event *e)
{
	ct_life_seed(core, e);
	ct_openers_exec(core, e);
}

static void send_event(struct ct_core *core, const struct ct_event *e)
{
	ct_hear_send(core, e, ct_speaker(core, e));
}

static void above_event(struct ct_core *core, const struct ct_event *e)
{
	ct_hear_above(core, e, ct_speaker(core, e));
}

static void file_event(struct ct_core *core, const struct ct_event *e)
{
	struct ct_file file;

	ct_life_file_of(core, e, &file);
	if (core->opts.steps)
		ct_steps_file(core, &file);
	ct_life_file(core, &file);
}

static void layer_event(struct ct_core *core, const struct ct_event *e)
{
	ct_image_layer(core, e);
	ct_tell_images_known(core);
}

static void unpacked_event(struct ct_core *core, const struct ct_event *e)
{
	ct_image_unpacked(core, e);
	ct_tell_images_known(core);
}

static void image_event(struct ct_core *core, const struct ct_event *e)
{
	ct_image_named(core, e);
	ct_tell_images_known(core);
}

static void app_event(struct ct_core *core, const struct ct_event *e)
{
	ct_openers_watched(core, e);
	ct_life_app(core, e);
	ct_steps_app(core, e);
}

static void options(struct ct_core *core, const struct ct_event *e)
{
	if (!core->begin_ns) /* older recordings say it in no event of its own */
		core->begin_ns = e->ts_ns;
	if (!core->opts.ready_mask) /* what is asked for now counts before what was asked then */
		core->opts.ready_mask = (uint32_t)e->obj;
	if (e->sub)
		ct_hear_short(core);
}

/* So many more of whoever it says. */
static void party(struct ct_core *core, const struct ct_event *e, struct ct_parties *to)
{
	struct ct_party who = { .uid = (uint32_t)e->arg };

	ct_party_within(core, &who, e->root);
	ct_text_copy(who.comm, sizeof(who.comm), ct_text(e->tail, e->tail_len));
	ct_parties_add(to, &who, e->obj);
}

static void lost(struct ct_core *core, const struct ct_event *e)
{
	/* Older kernels' sides counted what they did not carry of a connection as not readable. */
	if (e->sub == CT_LOSS_RING || e->sub == CT_LOSS_READ || e->sub == CT_LOSS_DISK)
		ct_hear_lost(core);
	if (e->sub == CT_LOSS_RING || e->sub == CT_LOSS_DISK) {
		core->hole_ns = e->ts_ns;
		ct_tell_lost(core);
		ct_hear_above_forget(core);
	}
	core->lost_ns = e->ts_ns;
	if (e->sub == CT_LOSS_SHARE)
		party(core, e, &core->counts.beyond);
	if (e->sub < CT_LOSS_MAX)
		core->counts.lost[e->sub] += e->obj;
	else
		core->counts.lost[CT_LOSS_UNKNOWN] += e->obj;
}

static void begin(struct ct_core *core, const struct ct_event *e)
{
	core->begin_ns = e->ts_ns + (uint64_t)e->arg;
}

static void labels(struct ct_core *core, const struct ct_event *e)
{
	core->labels.len = e->tail_len < CT_LABELS_LEN ? e->tail_len : CT_LABELS_LEN;
	memcpy(core->labels.pairs, e->tail, core->labels.len);
	core->run = (uint32_t)e->obj;
	core->run_ns = e->ts_ns;
}

static void forger(struct ct_core *core, const struct ct_event *e)
{
	party(core, e, &core->counts.forgers);
}

/* "key NUL value NUL" pairs: what was found of it when it was. */
static void engine(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	struct ct_deaf_of of = { .pid = e->tgid };
	bool tcp = false;

	while (rest.len) {
		struct ct_text key = ct_text_cut(&rest, '\0'), value = ct_text_cut(&rest, '\0');

		if (ct_text_is(key, "engine"))
			ct_text_copy(of.engine, sizeof(of.engine), value);
		tcp |= ct_text_is(key, "tcp") && ct_text_is(value, "1");
	}
	if (tcp && of.pid)
		ct_deaf_add(&core->counts.deaf, &of);
}

static void nothing(struct ct_core *core, const struct ct_event *e)
{
	(void)core, (void)e;
}

/* Columns: what a kind goes through; whether it is evidence of steps and of nothing else. */
static const struct way {
	void (*go)(struct ct_core *core, const struct ct_event *e);
	bool steps;
} ways[] = {
	[CT_KIND_FORK] = { fork_event, false },
	[CT_KIND_EXEC] = { exec_event, false },
	[CT_KIND_EXIT] = { exit_event, false },
	[CT_KIND_PROCESS] = { process_event, false },
	[CT_KIND_PLUGIN] = { ct_life_plugin, false },
	[CT_KIND_POD] = { ct_made_prepared, false },
	[CT_KIND_SEND] = { send_event, false },
	[CT_KIND_ABOVE] = { above_event, false },
	[CT_KIND_NETLINK] = { ct_steps_netlink, true },
	[CT_KIND_CGROUP] = { ct_steps_cgroup, true },
	[CT_KIND_CALL] = { ct_steps_call, true },
	[CT_KIND_SYNC] = { file_event, false },
	[CT_KIND_UNLINK] = { file_event, false },
	[CT_KIND_LISTEN] = { ct_life_ready, false },
	[CT_KIND_ACCEPT] = { ct_life_ready, false },
	[CT_KIND_OUTPUT] = { ct_life_ready, false },
	[CT_KIND_OPEN] = { ct_life_ready, false },
	[CT_KIND_RELAY] = { ct_life_relayed, false },
	[CT_KIND_OPENED] = { ct_openers_opens, false },
	[CT_KIND_OPENS] = { ct_openers_opens, false },
	[CT_KIND_OPENS_PATH] = { ct_openers_opens, false },
	[CT_KIND_IDENTITY] = { ct_life_identity, false },
	[CT_KIND_APP] = { app_event, false },
	[CT_KIND_OPTIONS] = { options, false },
	[CT_KIND_LOST] = { lost, false },
	[CT_KIND_HOLE] = { ct_hear_hole, false },
	[CT_KIND_BEGIN] = { begin, false },
	[CT_KIND_FORGER] = { forger, false },
	[CT_KIND_LABELS] = { labels, false },
	[CT_KIND_LINK] = { ct_image_command_asks, false },
	[CT_KIND_ASKER] = { ct_asker_heard, false },
	[CT_KIND_LINKED] = { ct_link_heard, false },
	[CT_KIND_LAYER] = { layer_event, false },
	[CT_KIND_UNPACKED] = { unpacked_event, false },
	[CT_KIND_IMAGE] = { image_event, false },
	[CT_KIND_ENGINE] = { engine, false },
	[CT_KIND_CLOCK] = { nothing, false },
	[CT_KIND_WAIT] = { nothing, false }, /* why has been fed */
	[CT_KIND_WAITS] = { nothing, false },
	[CT_KIND_STACK] = { nothing, false },
};

/* What is heard, in order of time: once through every station. */
static void handle(void *ctx, const struct ct_event *e)
{
	struct ct_core *core = ctx;
	const struct way *way;

	core->turn++;
	if (e->ts_ns > core->now)
		core->now = e->ts_ns;
	if (core->opts.why)
		ct_why_feed(core, e);
	if (core->due_ns && core->now >= core->due_ns)
		ct_tell_due(core);
	way = e->kind < CT_ARRAY_SIZE(ways) ? &ways[e->kind] : NULL;
	if (!way || !way->go)
		core->counts.lost[CT_LOSS_UNKNOWN]++;
	else if (!way->steps || core->opts.steps)
		way->go(core, e);
	if (core->fetched)
		ct_tell_images_known(core);
	core->fetched = false;
	if (core->changed)
		ct_tell_changed(core);
}

static bool furnish(struct ct_core *core)
{
	core->shares = ct_shares_new(shares, core->opts.containers_max);
	core->order = ct_reorder_new(handle, core);
	core->hear = ct_hear_new();
	core->who = ct_who_new();
	core->book = ct_book_new();
	core->life = ct_life_new();
	core->steps = ct_steps_new();
	core->opens = ct_openers_new();
	core->why = ct_waits_new();
	core->made = ct_made_new();
	return core->shares && core->order && core->hear && core->who && core->book && core->life &&
	       core->steps && core->opens && core->why && core->made;
}

struct ct_core *ct_core_new(const struct ct_core_options *opts, const struct ct_core_ops *ops,
			    void *ctx)
{
	struct ct_core *core = calloc(1, sizeof(*core));

	if (!core)
		return NULL;
	core->opts = *opts;
	if (!core->opts.node)
		core->opts.node = "";
	core->ops = *ops;
	core->ctx = ctx;
	core->seams = &seams;
	if (!furnish(core)) {
		ct_core_free(core);
		return NULL;
	}
	return core;
}

static void drop_actors(struct ct_core *core)
{
	struct ct_actor_state *a;

	while (core->who && core->book && (a = ct_actor_any(core)))
		ct_works_leave(core, a);
}

void ct_core_free(struct ct_core *core)
{
	if (!core)
		return;
	ct_reorder_free(core->order);
	ct_openers_free(core);
	ct_waits_free(core->why);
	ct_hear_free(core);
	drop_actors(core); /* first: drafts are found through actors */
	ct_book_free(core);
	ct_pulls_free(core);
	ct_stores_free(core);
	if (core->shares)
		ct_parts_free(core);
	ct_links_free(core);
	if (core->shares)
		ct_askers_free(core);
	ct_who_free(core->who);
	ct_steps_free(core);
	ct_life_free(core->life);
	ct_made_free(core->made);
	ct_shares_free(core->shares);
	free(core);
}

void ct_core_wall(struct ct_core *core, int64_t wall_minus_mono_ns)
{
	core->opts.wall_minus_mono_ns = wall_minus_mono_ns;
}

void ct_core_feed(struct ct_core *core, const struct ct_event *e)
{
	core->counts.events++;
	if (e->kind == CT_KIND_CLOCK) {
		ct_reorder_push(core->order, e);
		ct_reorder_settle(core->order);
		return;
	}
	if (e->ts_ns > core->newest)
		core->newest = e->ts_ns;
	ct_reorder_push(core->order, e);
}

uint64_t ct_core_deadline(const struct ct_core *core)
{
	/* A CLOCK that is held awaits nothing: an idle node must not be told the time for ever. */
	if (core->now < core->newest)
		return ct_reorder_due(core->order);
	return core->due_ns;
}

void ct_core_flush(struct ct_core *core)
{
	struct ct_container *c = NULL;

	ct_reorder_flush(core->order);
	ct_tell_flush(core);
	while (core->ops.left && (c = ct_book_next(core, c)))
		core->ops.left(core->ctx, &c->who, c->told, c->moving);
	ct_openers_tell(core);
}

void ct_core_tell_opens(struct ct_core *core)
{
	ct_openers_tell(core);
}

static void name_engine(const struct ct_core *core, struct ct_unheard_of *of)
{
	const struct ct_actor_state *a = of->pid ? ct_actor_get(core, of->pid) : NULL;

	if (a && a->engine_name)
		ct_text_copy(of->engine, sizeof(of->engine),
			     ct_text(a->engine_name, strlen(a->engine_name)));
}

/* As people are told of them. */
static const char *const share_names[CT_SHARE_KINDS] = {
	[CT_SHARE_CONTAINERS] = "containers",
	[CT_SHARE_ACTORS] = "processes",
	[CT_SHARE_CALLS] = "requests",
	[CT_SHARE_LINES] = "conversations",
	[CT_SHARE_CONNS] = "connections",
	[CT_SHARE_EARLY] = "early_answers",
	[CT_SHARE_PREPARED] = "announced_creates",
	[CT_SHARE_ORPHANS] = "orphan_steps",
	[CT_SHARE_SYNCS] = "synced_files",
	[CT_SHARE_OPENERS] = "openers",
	[CT_SHARE_RUNS] = "opened_files",
	[CT_SHARE_PULLS] = "pulls",
	[CT_SHARE_STORES] = "image_stores",
	[CT_SHARE_PARTS] = "parts_of_pulls",
	[CT_SHARE_LINKS] = "links",
	[CT_SHARE_ASKERS] = "clients",
	[CT_SHARE_ABOVE] = "ancestries",
};
_Static_assert(CT_TABLES_MAX == CT_SHARE_KINDS, "a row of tables for each");

static void fill(const struct ct_core *core, struct ct_core_counts *counts)
{
	for (int i = 0; i < CT_SHARE_KINDS; i++) {
		counts->tables[i].name = share_names[i];
		counts->tables[i].used = core->shares->used[i];
		counts->tables[i].max = core->shares->max[i];
	}
}

struct ct_motion ct_core_motion(const struct ct_core *core)
{
	struct ct_motion motion = { 0 };

	for (const struct ct_container *c = ct_book_moving(core); c; c = c->next)
		motion.all++, motion.mine += c->who.mine;
	return motion;
}

struct ct_core_counts ct_core_counts(const struct ct_core *core)
{
	struct ct_core_counts counts = core->counts;

	counts.lost[CT_LOSS_LATE] += ct_reorder_late(core->order);
	counts.open = ct_core_motion(core).all;
	ct_hear_unheard(core, &counts.unheard);
	ct_pulls_under_way(core, &counts.pulling);
	for (int i = 0; i < CT_PARTIES_MAX; i++)
		name_engine(core, &counts.unheard.each[i]);
	fill(core, &counts);
	return counts;
}

bool ct_counts_incomplete(const struct ct_core_counts *counts)
{
	if (counts->unread || counts->unmatched_ends || counts->deaf.each[0].pid ||
	    counts->strange.each[0].starts || counts->strange.each[0].stops ||
	    ct_unheard_sum(&counts->unheard))
		return true;
	for (int i = 0; i < CT_LOSS_MAX; i++) {
		if (i != CT_LOSS_LATE && counts->lost[i])
			return true;
	}
	return false;
}
