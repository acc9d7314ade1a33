// SPDX-License-Identifier: GPL-2.0-only
/* Members of a pod, of a project: what is kept of each. */
#include "core/tell/crew.h"

#include <stdlib.h>

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct ct_member *ct_crew_add(struct ct_crew *crew)
{
	size_t room = crew->room ? 2 * crew->room : 4;
	struct ct_member *members;

	if (crew->count == crew->room) {
		members = room <= CT_CREW_MEMBERS_MAX
				  ? reallocarray(crew->members, room, sizeof(*members))
				  : NULL;
		if (!members) {
			crew->beyond++;
			return NULL;
		}
		crew->members = members;
		crew->room = room;
	}
	memset(&crew->members[crew->count], 0, sizeof(crew->members[0]));
	return &crew->members[crew->count++];
}

void ct_member_keep(struct ct_member *m, const char *name, const struct ct_record *rec,
		    const struct ct_container *c)
{
	const struct ct_identity *who = rec->who;

	memcpy(m->id, who->id, sizeof(m->id));
	ct_text_copy(m->name, sizeof(m->name), ct_text(name, strlen(name)));
	m->begin_ns = m->asked_ns = rec->begin_ns;
	m->end_ns = rec->end_ns;
	m->ready_ns = rec->ready_ns;
	m->ready = rec->ready;
	m->outcome = rec->outcome;
	m->exit_code = CT_NO_EXIT_CODE;
	m->pid = who->init_pid;
	m->handle = c->handle;
	for (size_t i = 0; i < rec->segment_count && i < CT_CREW_SEGMENTS_MAX; i++)
		m->segments[m->segment_count++] = rec->segments[i];
	for (size_t i = 0; i < rec->step_count && m->plugin_count < CT_CREW_PLUGINS_MAX; i++)
		if (!strcmp(rec->steps[i].name, "network setup"))
			m->plugins[m->plugin_count++] = rec->steps[i];
	if (rec->message)
		ct_text_copy(m->message, sizeof(m->message),
			     ct_text(rec->message, strlen(rec->message)));
}

#define SHORT_ID 12 /* digits of it, where nobody has said the name */

void ct_member_name(char to[CT_MEMBER_NAME_LEN], const struct ct_container *c)
{
	const char *name = c->who.pod_container;
	size_t n = strlen(name);

	if (!n && c->pod) {
		name = c->who.id;
		n = strnlen(name, SHORT_ID);
	}
	ct_text_copy(to, CT_MEMBER_NAME_LEN, ct_text(name, n));
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a && (!b || a < b) ? a : b;
}

static void add_probe(struct ct_probed *to, const struct ct_probed *from)
{
	to->count += from->count;
	to->failed += from->failed;
	to->unheard += from->unheard;
	if (from->last_ns > to->last_ns)
		to->failing = from->failing;
	to->first_ns = sooner(to->first_ns, from->first_ns);
	to->ok_ns = sooner(to->ok_ns, from->ok_ns);
	to->last_ns = later(to->last_ns, from->last_ns);
	to->min_ns = sooner(to->min_ns, from->min_ns);
	to->max_ns = later(to->max_ns, from->max_ns);
	to->sum_ns += from->sum_ns;
}

void ct_crew_add_probes(struct ct_crew_probes *to, size_t *count, const struct ct_probed *probes,
			size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		while (at < *count && strcmp(to[at].container, probes[i].container) != 0)
			at++;
		if (at == CT_CREW_PROBES_MAX)
			return;
		if (at == *count) {
			memset(&to[at], 0, sizeof(to[at]));
			ct_text_copy(to[at].container, sizeof(to[at].container),
				     ct_text(probes[i].container, strlen(probes[i].container)));
			(*count)++;
		}
		add_probe(&to[at].sum, &probes[i]);
	}
}
