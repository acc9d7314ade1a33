// SPDX-License-Identifier: GPL-2.0-only
/* Events in, by time; each goes to the file that knows its kind. */
#include "core/state.h"

#include <stdlib.h>

/* "directory/file" of a SYNC or an UNLINK: the directory of a container is named by its id. */
static __attribute__((noinline)) void state_file(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text file = ct_text(e->tail, e->tail_len), dir = ct_text_cut(&file, '/');
	struct ct_container *c = ct_book_find(core, ct_speaker(core, e), ct_text("", 0), dir);
	enum ct_signal signal = e->kind == CT_KIND_SYNC ? CT_SIG_SYNC : CT_SIG_UNLINK;

	if (ct_text_is(file, "local-kv.db")) {
		if (e->kind == CT_KIND_SYNC)
			ct_network_synced(core, e->tgid, e->ts_ns);
		return;
	}
	/* Podman's database, before version 5 and since: of whoever syncs it. */
	if (ct_text_is(file, "bolt_state.db") || ct_text_is(file, "db.sql")) {
		const struct ct_actor_state *a = ct_actor_get(core, e->tgid);

		if (e->kind == CT_KIND_SYNC && a && a->container)
			ct_signal(core, a->container, signal, ct_text("database", 8), e->ts_ns);
		return;
	}
	/* The fifos of its stdio go at every stop, whether or not it is removed. */
	if (ct_text_starts(file, "init-std"))
		return;
	if (core->opts.steps && e->kind == CT_KIND_SYNC)
		ct_steps_sync(core, c, dir, e);
	else if (core->opts.steps)
		ct_steps_unlink(core, c, e);
	if (c)
		ct_signal(core, c, signal, file, e->ts_ns);
}

/*
 * Whose output goes through a fifo: dockerd's are ID/init-stdout (libcontainerd), those of clients
 * of containerd ANYTHING/ID-stdout (containerd cio.NewFIFOSetInDir), in the namespace of the shim.
 */
static struct ct_container *owner_of_fifo(struct ct_core *core, const struct ct_event *e)
{
	static const char *const ends[] = { "-stdout", "-stderr" };
	struct ct_text file = ct_text(e->tail, e->tail_len), dir = ct_text_cut(&file, '/');
	const struct ct_actor_state *shim = ct_actor_get(core, e->tgid);
	const struct ct_scope *speaker = ct_speaker(core, e);
	const char *ns = shim && shim->container ? shim->container->ns : "";

	if (ct_text_is(file, "ctr.log")) /* conmon's, whatever has become of its name */
		return shim ? shim->container : NULL;
	if (ct_text_starts(file, "init-std"))
		return ct_book_find(core, speaker, ct_text("", 0), dir);
	for (size_t i = 0; i < CT_ARRAY_SIZE(ends); i++) {
		size_t n = strlen(ends[i]);

		if (file.len > n && !memcmp(file.p + file.len - n, ends[i], n))
			return ct_book_find(core, speaker, ct_text(ns, strlen(ns)),
					    ct_text(file.p, file.len - n));
	}
	return NULL;
}

/*
 * The shim passed on the first output: it was written before. When the container has exited by
 * now, then not later than that.
 */
static void relayed(struct ct_core *core, const struct ct_event *e)
{
	struct ct_container *c = owner_of_fifo(core, e);
	uint64_t exit;

	if (!c)
		return;
	exit = c->run.marks[CT_MARK_EXIT];
	ct_readied(core, c, CT_READY_OUTPUT, exit && exit < e->ts_ns ? exit : e->ts_ns);
}

static void options(struct ct_core *core, const struct ct_event *e)
{
	if (!core->opts.ready_mask) /* what is asked for now counts before what was asked then */
		core->opts.ready_mask = (uint32_t)e->obj;
}

/*
 * Of a sandbox that has a shim only the shim hears its program. Whoever else was woken while the
 * sandbox wrote was woken by an interrupt.
 */
static bool may_be_output(struct ct_core *core, const struct ct_container *c,
			  const struct ct_actor_state *a, uint32_t woken)
{
	const struct ct_actor_state *reader = ct_actor_get(core, woken);

	return a->role != CT_ROLE_HELPER || c->family == &ct_family_bare ||
	       (reader && reader->role == CT_ROLE_SHIM);
}

static void ready(struct ct_core *core, const struct ct_event *e, enum ct_ready by)
{
	const struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	struct ct_container *c = ct_book_by_pid(core, e->root);

	if (!c && a && ct_actor_serves(core, a))
		c = a->container;
	/* A sandbox opens files and writes on its own account while it boots. */
	if (c && a && a->role == CT_ROLE_HELPER && !c->run.ready_at[CT_READY_EXEC])
		return;
	if (c && a && by == CT_READY_OUTPUT && !may_be_output(core, c, a, (uint32_t)e->obj))
		return;
	if (c)
		ct_readied(core, c, by, e->ts_ns);
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
	if (e->sub == CT_LOSS_RING || e->sub == CT_LOSS_READ) {
		core->holes++;
		ct_conns_hole(core, 0);
	}
	core->lost_ns = e->ts_ns;
	if (e->sub == CT_LOSS_SHARE)
		party(core, e, &core->counts.beyond);
	if (e->sub < CT_LOSS_MAX)
		core->counts.lost[e->sub] += e->obj;
	else
		core->counts.lost[CT_LOSS_UNKNOWN] += e->obj;
}

#define WAITS_FORGET_NS (10000 * CT_NS_PER_MS) /* how often */
#define WAITS_KEEP_NS   (2000 * CT_NS_PER_MS) /* before a request was made and was known as one */
#define WAITS_MAX_NS    (180000 * CT_NS_PER_MS)

/* Nobody will ask for waits before the oldest thing that is still open. */
static void forget_waits(struct ct_core *core)
{
	uint64_t from = core->now;
	struct ct_container *c;

	if (core->now < core->waits_kept_ns + WAITS_FORGET_NS)
		return;
	core->waits_kept_ns = core->now;
	DL_FOREACH(core->attended, c)
	{
		for (int m = CT_MARK_NONE + 1; m < CT_MARK_MAX; m++) {
			uint64_t at = c->run.marks[m];

			/* What has been told is not asked for again. */
			if (at && at < from && (!c->run.start_reported || m >= CT_MARK_STOP_BEGIN))
				from = at;
		}
	}
	if (from + WAITS_MAX_NS < core->now)
		from = core->now - WAITS_MAX_NS;
	ct_waits_forget(core->waits, from > WAITS_KEEP_NS ? from - WAITS_KEEP_NS : 0);
}

static void handle(void *ctx, const struct ct_event *e)
{
	struct ct_core *core = ctx;

	core->turn++;
	if (e->ts_ns > core->now)
		core->now = e->ts_ns;
	if (core->opts.why) {
		ct_waits_feed(core->waits, e);
		forget_waits(core);
		core->counts.lost[CT_LOSS_WAITS] += ct_waits_lost(core->waits);
	}
	if (core->deadline && core->now >= core->deadline)
		ct_attend_due(core);
	switch (e->kind) {
	case CT_KIND_FORK:
		ct_actors_fork(core, e);
		break;
	case CT_KIND_EXEC:
		ct_actors_exec(core, e);
		break;
	case CT_KIND_EXIT:
		ct_actors_exit(core, e);
		break;
	case CT_KIND_PLUGIN:
		ct_plugin(core, e);
		break;
	case CT_KIND_PROCESS:
		ct_actors_seed(core, e);
		break;
	case CT_KIND_SEND:
		ct_talk_send(core, e);
		break;
	case CT_KIND_NETLINK: /* these three are evidence of steps and of nothing else */
		if (core->opts.steps)
			ct_steps_netlink(core, e);
		break;
	case CT_KIND_CGROUP:
		if (core->opts.steps)
			ct_steps_cgroup(core, e);
		break;
	case CT_KIND_CALL:
		if (core->opts.steps)
			ct_steps_call(core, e);
		break;
	case CT_KIND_SYNC:
	case CT_KIND_UNLINK:
		state_file(core, e);
		break;
	case CT_KIND_LISTEN:
		ready(core, e, CT_READY_LISTEN);
		break;
	case CT_KIND_ACCEPT:
		ready(core, e, CT_READY_ACCEPT);
		break;
	case CT_KIND_OUTPUT:
		ready(core, e, CT_READY_OUTPUT);
		break;
	case CT_KIND_RELAY:
		relayed(core, e);
		break;
	case CT_KIND_OPEN:
		ready(core, e, CT_READY_PATH);
		break;
	case CT_KIND_OPENED:
	case CT_KIND_OPENS:
	case CT_KIND_OPENS_PATH:
		ct_openers_opens(core, e);
		break;
	case CT_KIND_IDENTITY:
		ct_container_identity(core, e);
		break;
	case CT_KIND_OPTIONS:
		options(core, e);
		break;
	case CT_KIND_LOST:
		lost(core, e);
		break;
	case CT_KIND_HOLE:
		ct_lines_hole(core, e->obj, e->arg);
		if (e->obj)
			ct_conns_hole(core, e->obj);
		break;
	case CT_KIND_APP:
		ct_app(core, e);
		break;
	case CT_KIND_BEGIN:
		core->begin_ns = e->ts_ns + (uint64_t)e->arg;
		break;
	case CT_KIND_FORGER:
		party(core, e, &core->counts.forgers);
		break;
	case CT_KIND_ENGINE:
	case CT_KIND_CLOCK:
	case CT_KIND_WAIT: /* these have been fed */
	case CT_KIND_STACK:
		break;
	default:
		core->counts.lost[CT_LOSS_UNKNOWN]++;
		break;
	}
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
	core->reorder = ct_reorder_new(handle, core);
	core->waits = ct_waits_new();
	core->book = ct_book_new();
	if (!core->reorder || !core->waits || !core->book) {
		ct_core_free(core);
		return NULL;
	}
	ct_shares_init(core);
	ct_rules_index(core);
	ct_steps_index(core);
	return core;
}

void ct_core_free(struct ct_core *core)
{
	if (!core)
		return;
	ct_reorder_free(core->reorder);
	ct_openers_free(core);
	ct_waits_free(core->waits);
	ct_lines_free(core);
	ct_calls_free(core);
	ct_conns_free(core);
	ct_actors_free(core); /* first: drafts are found through actors */
	ct_book_free(core);
	ct_early_free(core);
	ct_prepared_free(core);
	ct_orphans_free(core);
	ct_syncs_free(core);
	ct_shares_free(core);
	free(core);
}

void ct_core_feed(struct ct_core *core, const struct ct_event *e)
{
	core->counts.events++;
	if (e->kind != CT_KIND_CLOCK && e->ts_ns > core->newest)
		core->newest = e->ts_ns;
	ct_reorder_push(core->reorder, e);
	if (e->kind == CT_KIND_CLOCK)
		ct_reorder_settle(core->reorder);
}

uint64_t ct_core_deadline(const struct ct_core *core)
{
	/* A CLOCK that is held awaits nothing: an idle node must not be told the time for ever. */
	if (core->now < core->newest)
		return core->newest + CT_REORDER_WINDOW_NS;
	return core->deadline;
}

void ct_core_flush(struct ct_core *core)
{
	struct ct_container *c, *next;

	ct_reorder_flush(core->reorder);
	DL_FOREACH_SAFE(core->attended, c, next)
	{
		const uint64_t *m = c->run.marks;

		/* What is complete but for its waiting times is complete. */
		if (m[CT_MARK_CREATE_END] && !ct_run_any(&c->run, c->family->opens))
			ct_report_create(core, c);
		if (!c->run.start_reported && ct_run_any(&c->run, c->family->opens))
			ct_report_start(core, c,
					c->run.failed_ns       ? CT_OUTCOME_FAILED
					: m[CT_MARK_START_END] ? CT_OUTCOME_OK
							       : CT_OUTCOME_CUT);
		if (m[CT_MARK_EXIT] && !c->run.stop_reported)
			ct_report_stop(core, c,
				       m[c->family->stopped] ? CT_OUTCOME_OK : CT_OUTCOME_CUT);
		else if (m[CT_MARK_REMOVE_END] && !c->run.remove_told)
			ct_report_remove(core, c);
	}
	for (c = NULL; core->ops.left && (c = ct_book_next(core, c));)
		core->ops.left(core->ctx, &c->who, c->told, c->attended);
	ct_openers_tell(core);
}

void ct_core_tell_opens(struct ct_core *core)
{
	ct_openers_tell(core);
}

struct ct_core_counts ct_core_counts(const struct ct_core *core)
{
	struct ct_core_counts counts = core->counts;
	struct ct_container *c;

	counts.lost[CT_LOSS_LATE] += ct_reorder_late(core->reorder);
	DL_FOREACH(core->attended, c)
	counts.open++;
	return counts;
}

bool ct_counts_incomplete(const struct ct_core_counts *counts)
{
	if (counts->unread)
		return true;
	for (int i = 0; i < CT_LOSS_MAX; i++) {
		if (i != CT_LOSS_LATE && counts->lost[i])
			return true;
	}
	return false;
}
