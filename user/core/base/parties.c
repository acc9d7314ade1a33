// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/parties.h"

#include <stdbool.h>
#include <string.h>

static bool is_same(const struct ct_party *a, const struct ct_party *b)
{
	return a->uid == b->uid && !strcmp(a->within, b->within) && !strcmp(a->comm, b->comm);
}

void ct_parties_add(struct ct_parties *to, const struct ct_party *party, uint64_t count)
{
	for (int i = 0; i < CT_PARTIES_MAX; i++) {
		struct ct_party *p = &to->each[i];

		if (p->count && !is_same(p, party))
			continue;
		count += p->count;
		*p = *party;
		p->count = count;
		return;
	}
	to->others += count;
}

void ct_parties_merge(struct ct_parties *to, const struct ct_parties *from)
{
	for (int i = 0; i < CT_PARTIES_MAX && from->each[i].count; i++)
		ct_parties_add(to, &from->each[i], from->each[i].count);
	to->others += from->others;
}

uint64_t ct_parties_sum(const struct ct_parties *p)
{
	uint64_t sum = p->others;

	for (int i = 0; i < CT_PARTIES_MAX; i++)
		sum += p->each[i].count;
	return sum;
}

void ct_unheard_add(struct ct_unheard *to, const struct ct_unheard_of *of)
{
	struct ct_unheard_of *at = &to->others;

	if (!of->requests)
		return;
	for (int i = 0; i < CT_PARTIES_MAX && at == &to->others; i++) {
		struct ct_unheard_of *each = &to->each[i];

		if (!each->requests) {
			each->pid = of->pid;
			memcpy(each->engine, of->engine, sizeof(each->engine));
		}
		if (each->pid == of->pid && !strcmp(each->engine, of->engine))
			at = each;
	}
	at->requests += of->requests;
	at->connections += of->connections;
}

void ct_unheard_merge(struct ct_unheard *to, const struct ct_unheard *from)
{
	for (int i = 0; i < CT_PARTIES_MAX; i++)
		ct_unheard_add(to, &from->each[i]);
	to->others.requests += from->others.requests;
	to->others.connections += from->others.connections;
}

uint64_t ct_unheard_sum(const struct ct_unheard *u)
{
	uint64_t sum = u->others.requests;

	for (int i = 0; i < CT_PARTIES_MAX; i++)
		sum += u->each[i].requests;
	return sum;
}

void ct_deaf_add(struct ct_deaf *to, const struct ct_deaf_of *of)
{
	for (int i = 0; i < CT_PARTIES_MAX; i++) {
		if (!to->each[i].pid)
			to->each[i] = *of;
		if (to->each[i].pid == of->pid)
			return;
	}
	to->others++;
}

void ct_deaf_merge(struct ct_deaf *to, const struct ct_deaf *from)
{
	for (int i = 0; i < CT_PARTIES_MAX && from->each[i].pid; i++)
		ct_deaf_add(to, &from->each[i]);
	to->others += from->others;
}

void ct_strange_add(struct ct_strange *to, const struct ct_strange_of *of)
{
	struct ct_strange_of *at = &to->others;

	if (!of->starts && !of->stops)
		return;
	for (int i = 0; i < CT_PARTIES_MAX && at == &to->others; i++) {
		struct ct_strange_of *each = &to->each[i];

		if (!each->starts && !each->stops)
			*each = (struct ct_strange_of){ .pid = of->pid };
		if (each->pid == of->pid)
			at = each;
	}
	at->starts += of->starts;
	at->stops += of->stops;
	if (at != &to->others) { /* what was heard last */
		memcpy(at->engine, of->engine, sizeof(at->engine));
		memcpy(at->version, of->version, sizeof(at->version));
	}
}

void ct_strange_merge(struct ct_strange *to, const struct ct_strange *from)
{
	for (int i = 0; i < CT_PARTIES_MAX; i++)
		ct_strange_add(to, &from->each[i]);
	to->others.starts += from->others.starts;
	to->others.stops += from->others.stops;
}
