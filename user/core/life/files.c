// SPDX-License-Identifier: GPL-2.0-only
/* Files of engines that are synced or go, and fifos that containers write into. */
#include "core/life/life.h"

/* It had been saved before its endpoint was gone: no generation that is known does that. */
static void let_go_late(struct ct_core *core, uint32_t engine)
{
	for (struct ct_container *c = ct_book_moving(core); c; c = c->next) {
		if (c->who.engine_pid != engine || !c->run.networks_silent ||
		    c->restart_asked) /* it joins again */
			continue;
		c->run.networks_silent = false;
		c->run.marks[CT_MARK_DISCONNECT_END] = 0;
		ct_book_changed(core, c);
	}
}

/*
 * A store of networks is one file for all containers. Its syncs tell when the endpoint of a
 * container is gone only while no other container of the engine is between two states.
 */
static void networks_synced(struct ct_core *core, uint32_t engine, uint64_t ts_ns)
{
	struct ct_container *c, *only = NULL;
	unsigned moving = 0;

	for (c = ct_book_moving(core); c; c = c->next) {
		const uint64_t *m = c->run.marks;
		bool stops = m[CT_MARK_EXIT] != 0;

		if (stops && c->who.engine_pid == engine)
			c->run.networks_ns = ts_ns;
		if (stops ? m[CT_MARK_DISCONNECT_END] != 0
			  : !m[CT_MARK_START_BEGIN] || m[CT_MARK_START_END] || c->run.failed_ns)
			continue;
		if (c->who.engine_pid != engine)
			continue;
		moving++;
		if (stops && m[CT_MARK_DIE_END])
			only = c;
	}
	if (!moving)
		let_go_late(core, engine);
	if (!only)
		return;
	if (moving == 1) {
		only->run.network_synced = ts_ns;
		return;
	}
	for (c = ct_book_moving(core); c; c = c->next) {
		if (c->who.engine_pid == engine && c->run.marks[CT_MARK_DIE_END] &&
		    !c->run.marks[CT_MARK_DISCONNECT_END])
			c->run.network_crowded = true;
	}
}

static void database_synced(struct ct_core *core, const struct ct_event *e)
{
	const struct ct_actor_state *a = ct_actor_get(core, e->tgid);

	if (a && a->container)
		ct_signal(core, a->container, CT_SIG_SYNC, ct_text("database", 8), e->ts_ns);
}

void ct_life_file_of(struct ct_core *core, const struct ct_event *e, struct ct_file *ret)
{
	ret->e = e;
	ct_hear_file(e, &ret->dir, &ret->name);
	ret->is = ct_family_file(ret->name);
	ret->speaker = ct_speaker(core, e);
	ret->container = ret->is == CT_FILE_OWN
				 ? ct_book_find(core, ret->speaker, ct_text("", 0), ret->dir)
				 : NULL;
}

/* "ID.del-status": renamed so, containerd's state of a container in a pod goes last (store.go). */
#define DELETED ".del-status"

static struct ct_container *deleted(struct ct_core *core, const struct ct_file *file)
{
	size_t n = strlen(DELETED);

	if (file->name.len <= n || memcmp(file->name.p + file->name.len - n, DELETED, n) != 0)
		return NULL;
	return ct_book_find(core, file->speaker, ct_text("", 0),
			    ct_text(file->name.p, file->name.len - n));
}

void ct_life_file(struct ct_core *core, const struct ct_file *file)
{
	const struct ct_event *e = file->e;
	bool synced = e->kind == CT_KIND_SYNC;
	struct ct_container *c = synced ? NULL : deleted(core, file);

	core->hears_syncs |= synced;
	if (ct_image_file(core, file))
		return;
	if (c)
		ct_signal(core, c, CT_SIG_UNLINK, file->name, e->ts_ns);
	else if (file->container)
		ct_signal(core, file->container, synced ? CT_SIG_SYNC : CT_SIG_UNLINK, file->name,
			  e->ts_ns);
	else if (file->is == CT_FILE_OWN && synced)
		ct_build_file(core, file);
	else if (file->is == CT_FILE_NETWORKS && synced)
		networks_synced(core, e->tgid, e->ts_ns);
	else if (file->is == CT_FILE_DATABASE && synced)
		database_synced(core, e);
}

/*
 * Whose output goes through a fifo. Columns: name of the file, where in it that is, whose it is.
 */
enum fifo_of {
	OF_DIRECTORY, /* its directory is named by the id: dockerd's (libcontainerd) */
	OF_NAME, /* what is before that, in the namespace of the shim (containerd cio.NewFIFOSetInDir) */
	OF_MONITOR /* whoever the process works for, whatever has become of its name: conmon's */
};
enum fifo_at {
	AT_BEGIN,
	AT_END
};
static const struct {
	const char *name;
	enum fifo_at at;
	enum fifo_of of;
} fifos[] = {
	{ "ctr.log", AT_BEGIN, OF_MONITOR },
	{ "init-std", AT_BEGIN, OF_DIRECTORY },
	{ "-stdout", AT_END, OF_NAME },
	{ "-stderr", AT_END, OF_NAME },
};

static bool is_fifo(size_t row, struct ct_text file)
{
	size_t n = strlen(fifos[row].name);

	if (fifos[row].at == AT_BEGIN)
		return ct_text_starts(file, fifos[row].name);
	return file.len > n && !memcmp(file.p + file.len - n, fifos[row].name, n);
}

static struct ct_container *owner_of_fifo(struct ct_core *core, const struct ct_event *e)
{
	const struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	const char *ns = a && a->container ? a->container->ns : "";
	struct ct_text dir, file;
	size_t i = 0;

	ct_hear_file(e, &dir, &file);
	while (i < CT_ARRAY_SIZE(fifos) && !is_fifo(i, file))
		i++;
	if (i == CT_ARRAY_SIZE(fifos))
		return NULL;
	switch (fifos[i].of) {
	case OF_MONITOR:
		return a ? a->container : NULL;
	case OF_DIRECTORY:
		return ct_book_find(core, ct_speaker(core, e), ct_text("", 0), dir);
	case OF_NAME:
		return ct_book_find(core, ct_speaker(core, e), ct_text(ns, strlen(ns)),
				    ct_text(file.p, file.len - strlen(fifos[i].name)));
	}
	return NULL;
}

/*
 * The shim passed on the first output: it was written before. When the container has exited by
 * now, then not later than that.
 */
void ct_life_relayed(struct ct_core *core, const struct ct_event *e)
{
	struct ct_container *c = owner_of_fifo(core, e);
	uint64_t exit;

	if (!c)
		return;
	exit = c->run.marks[CT_MARK_EXIT];
	ct_readied(core, c, CT_READY_OUTPUT, exit && exit < e->ts_ns ? exit : e->ts_ns);
}
