// SPDX-License-Identifier: GPL-2.0-only
/*
 * By which connections an image was fetched. Those are its, that who fetches has asked for meanwhile. A layer is known by
 * what its connection has received: its bytes, a header of HTTP, and what TLS adds to both. That is so where each blob
 * has a connection of its own (dockerd, podman 4.3); what is kept open for the next blob has not ended, and
 * what has brought several fits none of them.
 */
#include "core/book/links.h"
#include "core/book/pulls_command.h"
#include "core/tell/tell.h"

#include <stdlib.h>
#include <string.h>

/*
 * Measured for docker-registry, dockerd and podman: 420 bytes of headers; with TLS 1.5 to 4 KiB of handshake and 0.14 to
 * 0.6 %, of which small records are the most.
 */
#define HEADERS_MIN 100
#define HEADERS_MAX 6144
#define TLS_SHARE   128

/* A line that says which layers there are may be sent when the first of them is asked for already. */
#define LINES_NS (10 * CT_NS_PER_MS)

static uint32_t fetcher_of(const struct ct_pull *p)
{
	if (p->command)
		return p->command->worker;
	return p->driven ? p->fetched->client : p->who.engine_pid;
}

/* Those that were asked for it, and the side that each was counted with; NULL: there are more than are told apart. */
struct asked {
	size_t count;
	const struct ct_link *at[CT_LINKS_MAX];
	struct ct_linked_peer *of[CT_LINKS_MAX];
};

static void find_asked(const struct ct_core *core, const struct ct_pull *p, struct asked *ret)
{
	const struct ct_link_kept *l = NULL;

	ret->count = 0;
	while (ret->count < CT_LINKS_MAX && (l = ct_link_next(core, fetcher_of(p), l)))
		if (l->link.asked_ns >= p->begin_ns && l->link.asked_ns <= p->end_ns)
			ret->at[ret->count++] = &l->link;
}

static bool is_meanwhile(const struct ct_pull *p, const struct ct_pull *o)
{
	return !o->awaited && !o->idle && o->begin_ns < p->end_ns &&
	       (!o->end_ns || o->end_ns > p->begin_ns) && fetcher_of(o) == fetcher_of(p);
}

static bool fits(const struct ct_pull *p, const struct ct_layer *layer, const struct ct_link *l)
{
	uint64_t more = l->received - layer->size;

	if (layer->there || layer->stored || !layer->size || !l->end_ns || l->failed ||
	    l->received < layer->size + HEADERS_MIN || more > HEADERS_MAX + layer->size / TLS_SHARE)
		return false;
	if (p->command) /* it is known when its first byte was there */
		return !layer->first_ns || l->asked_ns <= layer->first_ns;
	return l->asked_ns + LINES_NS >= layer->known_ns &&
	       (!layer->fetched_ns || l->asked_ns <= layer->fetched_ns);
}

/* Whether no other layer, of this pull or of another at the same time, may have come by it. */
static bool is_only(const struct ct_core *core, const struct ct_pull *p,
		    const struct ct_layer *layer, const struct ct_link *l)
{
	for (const struct ct_pull *o = ct_pull_next(core, NULL); o; o = ct_pull_next(core, o)) {
		if (!is_meanwhile(p, o))
			continue;
		for (size_t i = 0; i < o->fetched->layer_count; i++) {
			const struct ct_layer *other = &o->fetched->layers[i];

			if (strcmp(other->id, layer->id) != 0 && fits(o, other, l))
				return false;
		}
	}
	return true;
}

static void set_link(const struct ct_core *core, const struct ct_pull *p, const struct asked *asked,
		     struct ct_layer *layer)
{
	const struct ct_link *found = NULL;

	for (size_t i = 0; i < asked->count; i++) {
		if (!fits(p, layer, asked->at[i]))
			continue;
		if (found)
			return;
		found = asked->at[i];
	}
	if (found && is_only(core, p, layer, found))
		layer->link = *found;
}

/* What is known by its connection, where nothing better was. */
static void set_times(struct ct_layer *layer)
{
	const struct ct_link *l = &layer->link;

	if (!l->asked_ns)
		return;
	if (layer->first_by == CT_PROVED_NONE || layer->first_by == CT_PROVED_BOUND) {
		layer->first_ns = l->asked_ns;
		layer->first_by = CT_PROVED_SOCKET;
	}
	if (layer->fetched_by == CT_PROVED_BOUND && l->end_ns < layer->fetched_ns) {
		layer->fetched_ns = l->end_ns;
		layer->fetched_by = CT_PROVED_SOCKET;
		layer->bounded = false;
	}
}

/*
 * What a connection was for that has said nothing, or was not heard, is not known: where all others to that address have
 * named the same host, it is counted with them.
 */
static struct ct_peer asked_of(const struct asked *asked, const struct ct_link *link)
{
	struct ct_peer peer = link->peer;

	if (peer.named)
		return peer;
	for (size_t i = 0; i < asked->count; i++) {
		const struct ct_peer *other = &asked->at[i]->peer;

		if (!other->named || !ct_same_place(other, &peer))
			continue;
		if (peer.named && strcmp(peer.host, other->host) != 0)
			return link->peer;
		peer = *other;
	}
	return peer;
}

/* NULL: there are more than are told apart. */
static struct ct_linked_peer *peer_of(const struct asked *asked, struct ct_fetched *f,
				      const struct ct_link *l)
{
	const struct ct_peer peer = asked_of(asked, l);

	for (size_t i = 0; i < f->peer_count; i++)
		if (ct_same_place(&f->peers[i].peer, &peer) &&
		    !strcmp(f->peers[i].peer.host, peer.host))
			return &f->peers[i];
	if (f->peer_count == CT_LINKED_PEERS)
		return NULL;
	f->peers[f->peer_count].peer = peer;
	return &f->peers[f->peer_count++];
}

static void add(struct ct_linked_peer *to, const struct ct_link *l)
{
	to->asked++;
	to->failed += l->failed;
	to->open += !l->end_ns;
	to->received += l->end_ns ? l->received : 0;
	to->resent += l->resent;
	to->disordered += l->disordered;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t median(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_size);
	return count ? values[count / 2] : 0;
}

static void set_nearest(struct ct_linked_peer *of, uint64_t ns)
{
	if (ns && (!of->nearest_ns || ns < of->nearest_ns))
		of->nearest_ns = ns;
}

static void set_round_trips(const struct asked *asked, struct ct_linked_peer *of)
{
	uint64_t connects[CT_LINKS_MAX], rtts[CT_LINKS_MAX];
	size_t n = 0, rtt_count = 0;

	for (size_t i = 0; i < asked->count; i++) {
		const struct ct_link *l = asked->at[i];

		if (!l->made_ns || asked->of[i] != of)
			continue;
		connects[n++] = l->made_ns - l->asked_ns;
		set_nearest(of, l->made_ns - l->asked_ns);
		set_nearest(of, (uint64_t)l->rtt_us * 1000);
		if (l->rtt_us)
			rtts[rtt_count++] = l->rtt_us;
	}
	of->connect_ns = median(connects, n);
	of->rtt_us = median(rtts, rtt_count);
}

void ct_tell_links(struct ct_core *core, struct ct_pull *p)
{
	struct ct_fetched *f = p->fetched;
	struct asked asked;

	find_asked(core, p, &asked);
	for (size_t i = 0; i < asked.count; i++) {
		asked.of[i] = peer_of(&asked, f, asked.at[i]);
		if (asked.of[i])
			add(asked.of[i], asked.at[i]);
		else
			f->peers_beyond++;
	}
	for (size_t i = 0; i < f->peer_count; i++)
		set_round_trips(&asked, &f->peers[i]);
	for (const struct ct_pull *o = ct_pull_next(core, NULL); o; o = ct_pull_next(core, o))
		f->links_shared |= o != p && is_meanwhile(p, o);
	for (size_t i = 0; i < f->layer_count; i++) /* by times as they were said */
		set_link(core, p, &asked, &f->layers[i]);
	for (size_t i = 0; i < f->layer_count; i++)
		set_times(&f->layers[i]);
}
