// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose opens are counted for which container. The kernel side names the opener by a process: the
 * first one of a container or exec session, or one that serves a container its files. What it
 * counted may be told after that process has ended, so openers outlive it.
 */
#include "core/opens/openers_table.h"

#include <errno.h>
#include <stdlib.h>

#include "util/mem.h"

#define OPENERS_MAX 8192
/* What a process counted comes within seconds of its end. */
#define KEEP_NS      60000000000ULL
#define SETTLE_NS    10000000000ULL

#define IN_A_MACHINE "the application's opens are inside of a virtual machine"
#define NOT_ASKED    "its sandbox was not asked for them, or did not answer before it ended"

/*
 * Programs beside a container that open files for it. Everything else that a runtime runs there
 * opens for itself. Columns: beginning of the first argument's file name; view of what it opens; why
 * there is no view of the application, as long as nobody says otherwise.
 */
static const struct server {
	const char *name;
	enum ct_view view;
	const char *unseen;
} servers[] = {
	{ "runsc-sandbox", CT_VIEW_HOST, NOT_ASKED }, /* gVisor's Sentry, with directfs */
	{ "runsc-gofer", CT_VIEW_HOST, NULL }, /* without */
	{ "virtiofsd", CT_VIEW_HOST, IN_A_MACHINE }, /* Kata, whatever its hypervisor */
	/* Its 9p server works when it has become a daemon; before it opens what it is made of. */
	{ "qemu-system", CT_VIEW_MACHINE, IN_A_MACHINE },
	{ "qemu-lite", CT_VIEW_MACHINE, IN_A_MACHINE },
};

/* Views that are never counted: what the kernel side says of them is that they are missed. */
static const char *const uncounted[CT_VIEW_MAX] = {
	[CT_VIEW_RING] = "it uses io_uring, and what it opens by that is not counted",
	[CT_VIEW_COMPAT] = "a 32-bit program runs in it, whose opens are not counted",
};

/*
 * The kernel side tells a container's processes by their pid namespace. gVisor's sandbox is in one
 * and serves; with --pid=host a container's own processes are not.
 */
static void known_as(struct ct_opener *op, enum ct_view view)
{
	if (!op)
		return;
	op->as = view;
	op->known_as = true;
}

static const struct server *server_of(const struct ct_event *e)
{
	struct ct_text args = ct_text(e->tail, e->tail_len);
	struct ct_text base = ct_text_base(ct_text_cut(&args, '\0'));

	for (size_t i = 0; i < CT_ARRAY_SIZE(servers); i++) {
		if (ct_text_starts(base, servers[i].name))
			return &servers[i];
	}
	return NULL;
}

static void opener_free(struct ct_opener *op)
{
	for (int i = 0; i < CT_VIEW_MAX; i++)
		free(op->unseen[i]);
	free(op);
}

/* Why it gives no such view; NULL: it does. Out of memory it is not said. */
static void opener_misses(struct ct_opener *op, enum ct_view view, const char *why)
{
	free(op->unseen[view]);
	op->unseen[view] = why ? strdup(why) : NULL;
	if (!op->opens)
		return;
	if (why) {
		ct_opens_miss(op->opens, view, why);
	} else {
		free(op->opens->unseen[view]);
		op->opens->unseen[view] = NULL;
	}
}

static void tell_unseen(const struct ct_opener *op)
{
	for (int i = 0; i < CT_VIEW_MAX && op->opens; i++)
		if (op->unseen[i])
			ct_opens_miss(op->opens, (enum ct_view)i, op->unseen[i]);
}

static struct ct_opener *opener_get(struct ct_core *core, uint32_t root)
{
	struct ct_opener *op;

	HASH_FIND(hh, core->opens->openers, &root, sizeof(root), op);
	return op;
}

static struct ct_opener **list_of(struct ct_core *core, const struct ct_opener *op)
{
	return op->kept ? &core->opens->kept : &core->opens->ended;
}

/* Into its list, behind the others. */
static void enlist(struct ct_core *core, struct ct_opener *op, uint64_t now_ns)
{
	struct ct_opener **list = list_of(core, op);

	op->since_ns = now_ns;
	DL_APPEND(*list, op);
	ct_share_touch(core, &op->held);
}

static void delist(struct ct_core *core, struct ct_opener *op)
{
	struct ct_opener **list = list_of(core, op);

	if (op->ended)
		DL_DELETE(*list, op);
}

static void forget(struct ct_core *core, struct ct_opener *op)
{
	ct_share_leave(core, &op->held);
	HASH_DEL(core->opens->openers, op);
	delist(core, op);
	opener_free(op);
}

/* What an exec session leaves behind, a daemon, opens in its name as long as the container runs. */
static bool may_have_heirs(struct ct_core *core, const struct ct_opener *op)
{
	const struct ct_container *c = ct_book_of_run(core, op->seq);

	return c && !c->run.marks[CT_MARK_EXIT] && !c->removed;
}

/* Times are a recording's: they may be any. */
static bool is_past(uint64_t now_ns, uint64_t since_ns, uint64_t ns)
{
	return now_ns > since_ns && now_ns - since_ns >= ns;
}

/* Those that have been in their list for a minute: forgotten, or kept and asked again in another. */
static void sift(struct ct_core *core, struct ct_opener **list, uint64_t now_ns)
{
	while (*list && is_past(now_ns, (*list)->since_ns, KEEP_NS)) {
		struct ct_opener *op = *list;

		if (!may_have_heirs(core, op)) {
			forget(core, op);
			continue;
		}
		delist(core, op);
		op->kept = true;
		enlist(core, op, now_ns);
	}
}

static void end(struct ct_core *core, struct ct_opener *op, uint64_t now_ns)
{
	if (op->ended)
		return;
	op->ended = true;
	op->ended_ns = now_ns;
	enlist(core, op, now_ns);
	sift(core, &core->opens->kept, now_ns); /* first: who is new there comes last */
	sift(core, &core->opens->ended, now_ns);
}

/* Whom it costs least to forget: a health check has no heirs, though it might. */
static enum ct_place place_of(const struct ct_held *held)
{
	const struct ct_opener *op = CT_HELD_OF(struct ct_opener, held);

	if (op->kept ? !op->proved : op->stranger && !op->ended)
		return CT_PLACE_OVER;
	return op->ended && !op->kept ? CT_PLACE_IDLE : CT_PLACE_LIVE;
}

static bool matters(const struct ct_core *core, const struct ct_held *held)
{
	(void)core;
	return held->place == CT_PLACE_LIVE;
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	forget(core, CT_HELD_OF(struct ct_opener, held));
}

const struct ct_share_row ct_openers_row = {
	.max = OPENERS_MAX,
	.full = CT_LOSS_OPENS,
	.place = place_of,
	.matters = matters,
	.give_up = give_up,
};

static struct ct_opener *opener_make(struct ct_core *core, uint32_t root)
{
	struct ct_opener *op = opener_get(core, root);

	if (op)
		return op;
	op = calloc(1, sizeof(*op));
	if (!op) {
		core->counts.lost[CT_LOSS_OPENS]++;
		return NULL;
	}
	op->root = root;
	op->stranger = !ct_actor_get(core, root);
	if (!ct_share_enter(core, ct_opener_payer(core, root), CT_SHARE_OPENERS, &op->held)) {
		free(op);
		return NULL;
	}
	HASH_ADD(hh, core->opens->openers, root, sizeof(op->root), op);
	return op;
}

static void place(struct ct_core *core, struct ct_opener *op, const struct ct_actor_state *a)
{
	if (!op->seq && a && a->container)
		ct_opener_adopt(core, op, a->container);
}

/* The process has become the first one of a container, or one that serves it: then its opens are that. */
static void opener_begin(struct ct_core *core, const struct ct_actor_state *a, bool server,
			 enum ct_view view)
{
	struct ct_opener *op = opener_get(core, a->tgid);

	if (op && (op->ended || op->seq)) {
		/* gVisor's processes execute themselves once more; a pid may also come again. */
		if (!op->ended && a->container && !strcmp(op->who.id, a->container->who.id) &&
		    op->seq == a->container->run.seq)
			return;
		forget(core, op);
	}
	op = opener_make(core, a->tgid);
	if (op)
		place(core, op, a);
	if (server)
		known_as(op, view);
}

/* A machine becomes a daemon: what it has forked serves files, and executes nothing for that. */
static void forked(struct ct_core *core, uint32_t tgid)
{
	const struct ct_actor_state *a = ct_actor_get(core, tgid);
	const struct ct_opener *up = a && a->vmm ? opener_get(core, a->parent) : NULL;

	if (up && up->known_as)
		opener_begin(core, a, true, CT_VIEW_HOST);
}

/*
 * Pids come again, on a node with 32768 of them within minutes: the next is not who this one was,
 * also when there still is somebody, whose exit was not seen.
 */
void ct_openers_born(struct ct_core *core, uint32_t tgid, bool instead)
{
	struct ct_opener *op = opener_get(core, tgid);

	if (op && (op->ended || instead))
		forget(core, op);
	forked(core, tgid);
}

static void executed(struct ct_core *core, const struct ct_actor_state *a, const struct ct_event *e)
{
	struct ct_opener *before = opener_get(core, a->tgid);
	const struct ct_opener *parent = opener_get(core, a->parent);
	const struct ct_opener *up = parent && !parent->ended ? parent : NULL;
	/* What a sandbox executes while it boots (to unmount) is a part of it. */
	const struct server *row = server_of(e);
	bool server = row || (up && up->known_as && up->as == CT_VIEW_HOST);
	enum ct_view view = CT_VIEW_HOST;
	struct ct_opener *op;

	/* Who has ended executes nothing: the fork of the next one of its pid was lost. */
	if (before && before->ended)
		forget(core, before);
	/* Who ran when tracing began has become a daemon. */
	if (row && e->kind == CT_KIND_EXEC)
		view = row->view;
	if (a->role == CT_ROLE_INIT || (a->role == CT_ROLE_HELPER && server))
		opener_begin(core, a, server, view);
	op = row && row->unseen ? opener_get(core, a->tgid) : NULL;
	if (op && !op->unseen[CT_VIEW_APPLICATION])
		opener_misses(op, CT_VIEW_APPLICATION, row->unseen);
}

void ct_openers_exec(struct ct_core *core, const struct ct_event *e)
{
	const struct ct_actor_state *a = ct_actor_get(core, e->tgid);

	if (a)
		executed(core, a, e);
}

void ct_openers_exit(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	struct ct_opener *op = a ? opener_get(core, a->tgid) : NULL;

	if (!op && a && a->role == CT_ROLE_HELPER && ct_actor_serves(core, a)) {
		op = opener_make(core, a->tgid);
		known_as(op, CT_VIEW_NATIVE);
	}
	if (!op)
		return;
	place(core, op, a);
	end(core, op, e->ts_ns);
}

/* The event's process, as far as its opens are a container's; NULL if they are nobody's. */
static struct ct_opener *opener_of(struct ct_core *core, const struct ct_event *e,
				   enum ct_view view)
{
	struct ct_actor_state *a = ct_actor_get(core, e->root);
	struct ct_opener *op = opener_get(core, e->root);

	if (!op && view == CT_VIEW_HOST) {
		/* Runtimes, hooks and what else starts a container open files of their own. */
		if (!a || !ct_actor_serves(core, a))
			return NULL;
		op = opener_make(core, e->root);
		known_as(op, CT_VIEW_NATIVE);
	} else if (!op) {
		op = opener_make(core, e->root);
	}
	if (!op)
		return NULL;
	place(core, op, a);
	ct_share_use(core, &op->held);
	if (op->ended && is_past(e->ts_ns, op->ended_ns, SETTLE_NS) && !op->proved) {
		op->proved = true;
		ct_share_touch(core, &op->held);
	}
	return op;
}

/* A sandbox with several containers says which of them it was, behind the path. */
static struct ct_container *named(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);

	if (e->kind != CT_KIND_OPENED)
		return NULL;
	ct_text_cut(&rest, '\0');
	return ct_book_inside(core, ct_text_cut(&rest, '\0'), e->root);
}

static struct ct_opens *opens_by(struct ct_core *core, struct ct_opener *op)
{
	if (!op->seq && !op->who.name[0]) {
		op->who.init_pid = op->root;
		ct_text_pid(op->who.name, op->root);
	}
	if (!op->opens) {
		op->opens = ct_opener_opens(core, op);
		tell_unseen(op);
	}
	return op->opens;
}

/* What a sandbox says of a view, when it is asked for it. */
void ct_openers_watched(struct ct_core *core, const struct ct_event *e)
{
	struct ct_opener *op = opener_get(core, e->root);
	struct ct_text why = ct_text(e->tail, e->tail_len);
	char text[CT_TAIL_MEDIUM + 1];

	if (e->sub != CT_APP_WATCHED || e->arg >= CT_VIEW_MAX)
		return;
	ct_text_cut(&why, '\0'); /* the id */
	if (!op) { /* it ran before */
		op = opener_make(core, e->root);
		known_as(op, CT_VIEW_HOST);
	}
	if (!op)
		return;
	place(core, op, ct_actor_get(core, e->root));
	ct_text_copy(text, sizeof(text), why);
	opener_misses(op, (enum ct_view)e->arg, e->ret < 0 ? text : NULL);
	if (e->ret < 0 && e->obj) /* said even if nothing else is seen of it */
		opens_by(core, op);
}

static struct ct_opens *opens_for(struct ct_core *core, const struct ct_event *e,
				  enum ct_view *view)
{
	struct ct_container *c = named(core, e);
	struct ct_opener *op;

	if (c) {
		const struct ct_opener one = { .seq = c->run.seq, .who = c->who };

		return ct_opener_opens(core, &one);
	}
	op = opener_of(core, e, *view);
	if (!op) {
		*view = CT_VIEW_MAX;
		return NULL;
	}
	if (op->known_as && *view <= CT_VIEW_HOST)
		*view = op->as;
	return opens_by(core, op);
}

/* Said even if nothing else is seen of it. */
static void not_counted(struct ct_core *core, const struct ct_event *e, enum ct_view view)
{
	struct ct_opener *op = opener_of(core, e, CT_VIEW_NATIVE);

	if (!op)
		return;
	if (!op->unseen[view])
		opener_misses(op, view, uncounted[view]);
	if (!opens_by(core, op))
		core->counts.lost[CT_LOSS_OPENS]++;
}

void ct_openers_opens(struct ct_core *core, const struct ct_event *e)
{
	enum ct_view view = (enum ct_view)CT_OPENS_VIEW(e->sub);
	const struct ct_container *c;
	struct ct_opens *o;
	int ret;

	if (view >= CT_VIEW_MAX) {
		core->counts.lost[CT_LOSS_UNKNOWN]++;
		return;
	}
	if (uncounted[view]) {
		not_counted(core, e, view);
		return;
	}
	o = opens_for(core, e, &view);
	if (view == CT_VIEW_MAX) /* nobody's */
		return;
	if (!o) {
		core->counts.lost[CT_LOSS_OPENS]++;
		return;
	}
	c = ct_book_of_run(core, o->seq);
	if (c)
		ct_run_learn(o, c, &c->run);
	ret = ct_opens_add(o, view, e);
	if (ret)
		core->counts.lost[ret == -EBADMSG ? CT_LOSS_UNKNOWN : CT_LOSS_OPENS]++;
}

struct ct_openers *ct_openers_new(void)
{
	return calloc(1, sizeof(struct ct_openers));
}

void ct_openers_free(struct ct_core *core)
{
	struct ct_opener *op, *next;
	struct ct_opens *o, *more;

	if (!core->opens)
		return;
	HASH_ITER(hh, core->opens->openers, op, next)
	forget(core, op);
	DL_FOREACH_SAFE(core->opens->runs, o, more)
	{
		ct_run_drop(core, o);
		ct_opens_free(o);
	}
	free(core->opens);
	core->opens = NULL;
}
