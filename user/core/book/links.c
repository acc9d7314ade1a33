// SPDX-License-Identifier: GPL-2.0-only
#include "core/book/links.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/book/speaker.h"

#define FAMILY_V6 10 /* AF_INET6 of Linux: a recording may be read elsewhere */

#define LISTS     512 /* a power of two */

struct ct_links {
	struct ct_link_kept *numbered[LISTS]; /* owned */
	struct ct_link_kept *of[LISTS]; /* by who has asked */
};

static struct ct_link_kept **numbered(const struct ct_core *core, uint32_t tgid, int32_t number)
{
	const uint32_t key[] = { tgid, (uint32_t)number };

	return &core->links->numbered[ct_hash(key, sizeof(key)) & (LISTS - 1)];
}

static struct ct_link_kept **of(const struct ct_core *core, uint32_t tgid)
{
	return &core->links->of[ct_hash(&tgid, sizeof(tgid)) & (LISTS - 1)];
}

static struct ct_link_kept *link_of(const struct ct_held *held)
{
	return CT_HELD_OF(struct ct_link_kept, held);
}

/* Whatever came by it has been told. */
static bool over(const struct ct_core *core, const struct ct_held *held)
{
	return link_of(held)->link.end_ns && held->heard_ns + CT_WAIT_NS < core->now;
}

/* One that is kept open after a pull may never be heard of again. */
static bool matters(const struct ct_core *core, const struct ct_held *held)
{
	return held->heard_ns + CT_OPEN_NS >= core->now;
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	struct ct_link_kept *l = link_of(held);

	DL_DELETE(*numbered(core, l->tgid, l->number), l);
	DL_DELETE2(*of(core, l->tgid), l, of_prev, of_next);
	ct_share_leave(core, held);
	free(l);
}

const struct ct_share_row ct_links_row = {
	.max = CT_LINKS_MAX,
	.full = CT_LOSS_TALK,
	.over = over,
	.matters = matters,
	.give_up = give_up,
};

static struct ct_link_kept *make(struct ct_core *core, const struct ct_event *e)
{
	struct ct_link_kept *l = calloc(1, sizeof(*l));

	if (!core->links)
		core->links = calloc(1, sizeof(*core->links));
	if (!l || !core->links) {
		core->counts.lost[CT_LOSS_TALK]++;
		free(l);
		return NULL;
	}
	if (!ct_share_enter(core, ct_speaker_process(core, e->tgid), CT_SHARE_LINKS, &l->held)) {
		free(l);
		return NULL;
	}
	l->tgid = e->tgid;
	l->number = e->ret;
	DL_APPEND(*numbered(core, l->tgid, l->number), l);
	DL_APPEND2(*of(core, l->tgid), l, of_prev, of_next);
	return l;
}

static struct ct_link_kept *find(const struct ct_core *core, const struct ct_event *e)
{
	struct ct_link_kept *l = core->links ? *numbered(core, e->tgid, e->ret) : NULL;

	while (l && (l->tgid != e->tgid || l->number != e->ret))
		l = l->next;
	return l;
}

static void read_peer(struct ct_peer *to, const struct ct_event *e,
		      const struct ct_linked_tail *tail)
{
	to->v6 = e->sub >> 8 == FAMILY_V6;
	to->port = (uint16_t)e->arg;
	memcpy(to->address, tail->address, to->v6 ? sizeof(to->address) : 4);
}

/* dur: since it was asked for until it is there or is not, then since it was there until its end. */
static void read_times(struct ct_link *to, const struct ct_event *e, unsigned is)
{
	uint64_t since = e->dur_ns < e->ts_ns ? e->ts_ns - e->dur_ns : 0;

	to->failed = is == CT_LINKED_FAILED;
	if (is == CT_LINKED_MADE || to->failed)
		to->asked_ns = since;
	else
		to->made_ns = since;
	if (is == CT_LINKED_MADE)
		to->made_ns = e->ts_ns;
	else
		to->end_ns = e->ts_ns;
}

/* Without ":port", if that is the connection's own. */
static size_t less_port(const char *host, size_t len, uint16_t port)
{
	uint32_t said = 0;
	size_t at = len;

	while (at && isdigit((unsigned char)host[at - 1]))
		at--;
	for (size_t i = at; i < len && said <= UINT16_MAX; i++)
		said = said * 10 + (uint32_t)(host[i] - '0');
	return at > 1 && at < len && host[at - 1] == ':' && said == port ? at - 1 : len;
}

static bool is_host(const char *host, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!ct_host_char((unsigned char)host[i]))
			return false;
	return len && len < CT_HOST_LEN;
}

/* "[::1]" is an address. */
static void read_host(struct ct_peer *to, const struct ct_event *e)
{
	const char *host = e->tail;
	size_t len = e->tail_len;

	if (!is_host(host, len) || !e->obj || e->obj >= CT_NAMED_MAX)
		return;
	len = less_port(host, len, to->port);
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	memcpy(to->host, host, len);
	to->named = (uint8_t)e->obj;
}

/* Who is not known to have been made is not told. */
static void named(struct ct_core *core, const struct ct_event *e)
{
	struct ct_link_kept *l = find(core, e);

	if (!l || l->link.peer.named)
		return;
	ct_share_touch(core, &l->held);
	read_host(&l->link.peer, e);
}

void ct_link_heard(struct ct_core *core, const struct ct_event *e)
{
	unsigned is = e->sub & 0xff;
	struct ct_linked_tail tail;
	struct ct_link_kept *l;
	uint32_t rtt_us = (uint32_t)(e->arg >> 32);

	if (is == CT_LINKED_NAMED) {
		named(core, e);
		return;
	}
	if (!is || is >= CT_LINKED_MAX || e->tail_len < sizeof(tail))
		return;
	l = find(core, e);
	if (!l)
		l = make(core, e);
	if (!l)
		return;
	memcpy(&tail, e->tail, sizeof(tail));
	ct_share_touch(core, &l->held);
	read_peer(&l->link.peer, e, &tail);
	read_times(&l->link, e, is);
	if (rtt_us)
		l->link.rtt_us = rtt_us;
	l->link.received = e->obj;
	l->link.resent = tail.resent;
	l->link.disordered = tail.disordered;
}

const struct ct_link_kept *ct_link_next(const struct ct_core *core, uint32_t tgid,
					const struct ct_link_kept *after)
{
	const struct ct_link_kept *l = after         ? after->of_next
				       : core->links ? *of(core, tgid)
						     : NULL;

	while (l && l->tgid != tgid)
		l = l->of_next;
	return l;
}

void ct_links_free(struct ct_core *core)
{
	if (core->shares)
		ct_share_empty(core, CT_SHARE_LINKS);
	free(core->links);
	core->links = NULL;
}
