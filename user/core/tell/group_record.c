// SPDX-License-Identifier: GPL-2.0-only
#include "core/tell/group_record.h"

#include <string.h>

#include "core/tell/chain_path.h"
#include "core/tell/segments.h"

_Static_assert(3 * CT_GROUP_MEMBERS <= CT_SEGMENTS_MAX, "a path has a segment for each stretch");
_Static_assert(CT_GROUP_MEMBERS <= CT_CHAIN_MEMBERS, "a path goes through all of them");

static void add_step(struct ct_group_told *t, const char *name, enum ct_phase phase,
		     uint64_t begin_ns, uint64_t end_ns, size_t n, uint32_t pid, uint16_t parent)
{
	const struct ct_grouped *m = &t->members[n];
	struct ct_step *step = &t->steps[t->rec.step_count];

	if (end_ns > t->rec.end_ns)
		end_ns = t->rec.end_ns;
	if (end_ns <= begin_ns)
		return;
	*step = (struct ct_step){
		.name = name,
		.actor = "container",
		.phase = phase,
		.begin_ns = begin_ns,
		.end_ns = end_ns,
		.pid = pid,
		.count = 1,
		.parent = parent,
		.depth = parent ? 1 : 0,
		.kind = CT_STEP_REQUEST,
	};
	ct_text_copy(step->detail, sizeof(step->detail), ct_text(m->name, strlen(m->name)));
	t->rec.step_count++;
}

/* By their requests. */
static void order(struct ct_group_member *members, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k && members[k].told.begin_ns < members[k - 1].told.begin_ns;
		     k--) {
			struct ct_group_member other = members[k];

			members[k] = members[k - 1];
			members[k - 1] = other;
		}
}

static void walk(struct ct_group_told *t, const struct ct_group_member *members, size_t count)
{
	struct ct_chain_time time = { .count = count };
	struct ct_chain_path path;

	for (size_t i = 0; i < count; i++) {
		const struct ct_grouped *m = &members[i].told;

		time.starts[i] = (struct ct_chain_start){
			.begin_ns = m->begin_ns,
			.ready_ns = m->ready_ns,
			.exit_ns = m->exit_ns,
			.client = members[i].who->client.pid,
		};
	}
	ct_chain_walk(&time, &path);
	t->rec.begin_ns = time.starts[0].begin_ns;
	t->rec.end_ns = t->rec.begin_ns + path.total_ns;
	for (size_t i = 0; i < path.stretch_count; i++) {
		const struct ct_chain_stretch *s = &path.stretches[i];

		ct_segments_fill(&t->rec, s->phase, s->begin_ns, s->end_ns);
		t->rec.seen |= 1u << s->phase;
		if (s->phase == CT_PHASE_COLD)
			t->members[s->member].cold_ns += s->end_ns - s->begin_ns;
		else if (s->phase == CT_PHASE_RUN)
			t->members[s->member].run_ns += s->end_ns - s->begin_ns;
	}
}

static void name_it(struct ct_group_told *t, const struct ct_identity *first, struct ct_text name)
{
	t->who = *first;
	t->who.image[0] = '\0';
	t->who.init_pid = 0;
	t->who.args_hash = 0;
	ct_text_copy(t->who.name, sizeof(t->who.name), name);
}

static void put_member(struct ct_group_told *t, const struct ct_group_member *m, size_t n)
{
	struct ct_grouped *own = &t->members[n];
	const struct ct_grouped *before = n ? own - 1 : NULL;

	*own = m->told;
	memcpy(own->id, m->who->id, sizeof(own->id));
	memcpy(own->name, m->who->name, sizeof(own->name));
	memcpy(own->image, m->who->image, sizeof(own->image));
	if (before)
		own->gap_ns = (int64_t)(own->begin_ns -
					(before->exit_ns ? before->exit_ns : before->ready_ns));
}

void ct_group_tell(struct ct_group_told *t, struct ct_group_member *members, size_t count,
		   struct ct_text name)
{
	memset(t, 0, sizeof(*t));
	order(members, count);
	t->rec = (struct ct_record){ .type = CT_RECORD_GROUP,
				     .who = &t->who,
				     .node = "",
				     .exit_code = CT_NO_EXIT_CODE,
				     .ready = -1,
				     .message = "",
				     .steps = t->steps,
				     .members = t->members,
				     .member_count = count };
	name_it(t, members[0].who, name);
	for (size_t i = 0; i < count; i++)
		put_member(t, &members[i], i);
	walk(t, members, count);
	for (size_t i = 0; i < count; i++) {
		const struct ct_grouped *m = &t->members[i];
		uint16_t parent = (uint16_t)(t->rec.step_count + 1);
		uint64_t end = m->exit_ns ? m->exit_ns : m->ready_ns;
		uint32_t pid = members[i].who->init_pid;

		add_step(t, "member", CT_PHASE_COLD, m->begin_ns, end, i, pid, 0);
		add_step(t, "cold", CT_PHASE_COLD, m->begin_ns, m->ready_ns, i, pid, parent);
		add_step(t, "run", CT_PHASE_RUN, m->ready_ns, m->exit_ns, i, pid, parent);
	}
}
