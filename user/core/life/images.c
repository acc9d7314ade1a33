// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an engine is asked for an image, and what it says while it fetches it. Docker says a line for
 * each state that a layer comes into (distribution/xfer, distribution/pull_v2.go of moby 20.10 and
 * 28), but only the newest of each layer to who reads slowly: a begin is no later than its line.
 */
#include "core/book/store.h"
#include "core/hear/wire_pull.h"
#include "core/life/images_askers.h"
#include "core/life/life.h"

#include <stdlib.h>

/* daemon/images of moby 20.10 and 28: what a client answers to by asking for the image, if it may. */
#define NOT_THERE "No such image"

/* It asks at once. */
#define AWAITED_NS (500 * CT_NS_PER_MS)

void ct_image_wanted(struct ct_core *core, struct ct_fact *f)
{
	const struct ct_request *asked = f->request;
	struct ct_pull *p;

	if (!f->speaker || !ct_text_starts(f->message, NOT_THERE))
		return;
	p = ct_pull_make(core, f->speaker, asked->image, asked->tgid);
	if (!p)
		return;
	p->awaited = f->wants_image = true;
	p->wanted_ns = asked->ts_ns;
	p->refused_ns = p->begin_ns = p->heard_ns = f->ts_ns;
	p->who.engine_pid = f->e->tgid;
	ct_pull_due(core, p, f->ts_ns + AWAITED_NS);
	memcpy(p->wanted_name, asked->name, sizeof(p->wanted_name));
	memcpy(p->wanted_runtime, asked->runtime, sizeof(p->wanted_runtime));
	ct_text_copy(p->message, sizeof(p->message), f->message);
}

/*
 * What who asks is called: it says so itself, its program is, or, where nobody has said that (old recordings), who asks
 * for a pod does what a kubelet does.
 */
void ct_image_asked_by(struct ct_core *core, struct ct_pull *p, const struct ct_request *asked)
{
	const struct ct_asker *asker = ct_asker_of(core, asked->tgid);
	const struct {
		const char *name;
		enum ct_client_by by;
	} rows[] = {
		{ asked->agent, CT_CLIENT_AGENT },
		{ asker ? asker->name : "", CT_CLIENT_PROGRAM },
		{ asked->pod_uid[0] ? "kubelet" : "", CT_CLIENT_POD },
	};
	size_t i = 0;

	if (asker && asker->wants)
		asker->wants->told = true;
	while (i < CT_ARRAY_SIZE(rows) && !*rows[i].name)
		i++;
	if (i == CT_ARRAY_SIZE(rows))
		return;
	ct_text_copy(p->fetched->client_name, sizeof(p->fetched->client_name),
		     ct_text(rows[i].name, strlen(rows[i].name)));
	p->fetched->client_by = (uint8_t)rows[i].by;
}

/* It is asked for because something was refused without it. */
static void adopt(struct ct_core *core, const struct ct_fact *f, struct ct_pull *p)
{
	struct ct_pull *before =
		ct_pull_awaited(core, f->speaker, f->request->tgid, f->request->image);

	if (!before)
		return;
	p->wanted_ns = before->wanted_ns;
	p->refused_ns = before->refused_ns;
	memcpy(p->wanted_name, before->wanted_name, sizeof(p->wanted_name));
	memcpy(p->wanted_runtime, before->wanted_runtime, sizeof(p->wanted_runtime));
	ct_pull_wanted(p);
	ct_pull_drop(core, before);
}

void ct_image_asked(struct ct_core *core, struct ct_fact *f)
{
	struct ct_pull *p;

	if (!f->speaker)
		return;
	p = ct_pull_make(core, f->speaker, f->request->image, f->request->tgid);
	if (!p)
		return;
	if (!ct_hear_about(core, f, p->handle)) {
		ct_pull_drop(core, p);
		return;
	}
	adopt(core, f, p);
	ct_image_asked_by(core, p, f->request);
	p->begin_ns = f->request->ts_ns;
	p->who.mine = f->request->mine;
	p->who.engine_pid = f->engine;
	ct_life_engine_name(core, &p->who, f->engine);
	p->stored = ct_store_is_kept(p->who.engine);
	p->silent = f->request->ns[0];
	memcpy(p->who.pod_uid, f->request->pod_uid, sizeof(p->who.pod_uid));
	memcpy(p->who.pod_ns, f->request->pod_ns, sizeof(p->who.pod_ns));
	memcpy(p->who.pod, f->request->name, sizeof(f->request->name));
	memcpy(p->who.ns, f->request->ns, sizeof(p->who.ns));
}

/*
 * Its bytes are there: they are hashed on the way. Where that was said too fast for its reader, it was so
 * no later than what follows from it.
 */
static void is_fetched(struct ct_layer *layer, enum ct_pull_line line, uint64_t ts_ns)
{
	if (layer->fetched_ns)
		return;
	layer->fetched_ns = ts_ns;
	layer->bounded = line > CT_PULL_DOWNLOADED;
	layer->fetched_by = layer->bounded ? CT_PROVED_BOUND : CT_PROVED_LINE;
}

/* It is said for each second until then: only where that does not count down it is another one. */
static void is_retried(struct ct_layer *layer, const char *in)
{
	unsigned seconds = (unsigned)strtoul(in, NULL, 10);

	layer->retries += !layer->fetched_ns && (!layer->retry_s || seconds >= layer->retry_s);
	layer->retry_s = seconds;
}

/* Where there is no room for more, each other one is left out. */
static void came(struct ct_layer *layer, uint64_t bytes, uint64_t ts_ns)
{
	if (!layer->came_each)
		layer->came_each = 1;
	if (layer->fetched_ns || layer->came_said++ % layer->came_each)
		return;
	if (layer->came_count == CT_CAME_MAX) {
		for (size_t i = 1; i < CT_CAME_MAX / 2; i++)
			layer->came[i] = layer->came[2 * i];
		layer->came_count = CT_CAME_MAX / 2;
		layer->came_each *= 2;
	}
	layer->came[layer->came_count++] = (struct ct_came){ ts_ns, bytes };
}

static void of_layer(struct ct_pull *p, const struct ct_progress *said, uint64_t ts_ns)
{
	struct ct_layer *layer = ct_pull_layer(p, said->id);

	if (!layer)
		return;
	if (!layer->known_ns)
		layer->known_ns = ts_ns;
	if (said->line >= CT_PULL_VERIFYING && said->line <= CT_PULL_UNPACKED)
		is_fetched(layer, said->line, ts_ns);
	switch (said->line) {
	case CT_PULL_WAITING:
		layer->waited = true;
		break;
	case CT_PULL_DOWNLOADING:
		layer->retry_s = 0;
		if (!layer->first_ns) {
			layer->first_ns = ts_ns;
			layer->first_by = CT_PROVED_BOUND;
		}
		/* What is left of it, after a retry: the first is the whole. */
		if (!layer->size)
			layer->size = said->total;
		came(layer, said->current, ts_ns);
		break;
	case CT_PULL_RETRYING:
		is_retried(layer, said->text);
		break;
	case CT_PULL_EXTRACTING:
		if (!layer->unpacking_ns) {
			layer->unpacking_ns = ts_ns;
			layer->unpacking_by = CT_PROVED_BOUND;
		}
		break;
	case CT_PULL_UNPACKED:
		layer->unpacked_ns = ts_ns;
		layer->unpacked_by = CT_PROVED_LINE;
		break;
	case CT_PULL_EXISTS:
		layer->there = true;
		break;
	default:
		break;
	}
}

void ct_image_progress(struct ct_core *core, struct ct_fact *f)
{
	const struct ct_progress *said = f->progress;
	struct ct_pull *p = ct_pull_of(core, f->about);

	if (!p)
		return;
	p->heard_ns = f->ts_ns;
	if (!p->who.engine[0]) {
		p->who.engine_pid = f->e->tgid;
		ct_life_engine_name(core, &p->who, f->e->tgid);
	}
	if (said->line == CT_PULL_DIGEST)
		ct_text_copy(p->fetched->digest, sizeof(p->fetched->digest),
			     ct_text(said->text, strlen(said->text)));
	p->fetched->up_to_date |= said->line == CT_PULL_UP_TO_DATE;
	if (said->id[0] && said->line != CT_PULL_FROM && said->line != CT_PULL_FAILED &&
	    said->line != CT_PULL_OTHER)
		of_layer(p, said, f->ts_ns);
}

static void over(struct ct_core *core, const struct ct_fact *f, bool failed)
{
	struct ct_pull *p = ct_pull_of(core, f->about);

	if (!p || p->end_ns)
		return;
	p->end_ns = f->ts_ns;
	p->failed = failed;
	ct_text_copy(p->image_id, sizeof(p->image_id), f->made);
	if (failed)
		ct_text_copy(p->message, sizeof(p->message), f->message);
}

void ct_image_answered(struct ct_core *core, struct ct_fact *f)
{
	over(core, f, false);
}

void ct_image_refused(struct ct_core *core, struct ct_fact *f)
{
	over(core, f, true);
}

void ct_image_waited(struct ct_core *core, struct ct_container *c, const struct ct_request *asked)
{
	struct ct_pull *p = ct_pull_for(core, &c->key.scope, asked, c->who.pod_uid);

	if (!p)
		return;
	p->used = true;
	c->run.marks[CT_MARK_PULL_BEGIN] = p->begin_ns;
	c->run.marks[CT_MARK_PULL_END] = p->end_ns;
	/* It may be known to the engine by its digest alone. */
	memcpy(c->who.image, p->who.image, sizeof(c->who.image));
}

#define LEFT "interrupted: its client has left"

void ct_image_client_exits(struct ct_core *core, const struct ct_event *e)
{
	struct ct_pull *p, *next;

	ct_image_left(core, e);
	for (p = ct_pull_of_client(core, e->tgid, NULL); p; p = next) {
		next = ct_pull_of_client(core, e->tgid, p);
		if (p->idle) {
			ct_pull_drop(core, p);
			continue;
		}
		if (p->command && !p->end_ns)
			ct_image_command_ends(core, p, e);
		if (p->awaited)
			ct_pull_due(core, p, e->ts_ns);
		if (p->awaited || p->end_ns)
			continue;
		p->end_ns = e->ts_ns;
		ct_pull_due(core, p, e->ts_ns);
		if (p->saved && !p->lease[0]) /* it had nothing to give back */
			continue;
		p->failed = p->fetched->interrupted = true;
		ct_text_copy(p->message, sizeof(p->message), ct_text(LEFT, sizeof(LEFT) - 1));
	}
}
