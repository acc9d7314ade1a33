// SPDX-License-Identifier: GPL-2.0-only
/*
 * Containers by their name and by what they did. A host may keep thousands that have stopped, and
 * every request names one, every start asks for its predecessor: neither looks through them all.
 */
#include "core/book/book_table.h"

#define REF_PREFIX_MIN 4

/*
 * A successor of the same name, or, if it is asked for, of the same image and arguments, is a restart
 * until then: a job that runs every minute is none, what replaces a container under a new name is one.
 */
#define SUCCESSOR_BY_NAME_NS (600000 * CT_NS_PER_MS)
#define SUCCESSOR_BY_ARGS_NS (60000 * CT_NS_PER_MS)

const uint64_t ct_book_successor_ns = SUCCESSOR_BY_NAME_NS;

static struct ct_container **list_of(struct ct_container **lists, const struct ct_scope *scope,
				     struct ct_text name)
{
	unsigned from = ct_hash(scope, sizeof(*scope));

	return &lists[(ct_hash(name.p, name.len) ^ from) & (CT_LISTS - 1)];
}

static struct ct_container **named_list(struct ct_core *core, const struct ct_scope *scope,
					struct ct_text name)
{
	return list_of(core->book->named, scope, name);
}

/* As somebody cuts an id short. */
static struct ct_container **begun_list(struct ct_core *core, const struct ct_scope *scope,
					struct ct_text id)
{
	return list_of(core->book->begun, scope, ct_text(id.p, REF_PREFIX_MIN));
}

static struct ct_text id_of(const struct ct_container *c)
{
	return ct_text(c->who.id, strlen(c->who.id));
}

static struct ct_container **alike_list(struct ct_core *core, struct ct_text id)
{
	return &core->book->alike[ct_hash(id.p, id.len) & (CT_LISTS - 1)];
}

struct ct_container *ct_book_of_id(struct ct_core *core, struct ct_text id,
				   const struct ct_container *after)
{
	struct ct_container *c = after ? after->alike_next : *alike_list(core, id);

	while (c && !ct_text_is(id, c->who.id))
		c = c->alike_next;
	return c;
}

void ct_book_name_id(struct ct_core *core, struct ct_container *c)
{
	c->alike = alike_list(core, id_of(c));
	DL_PREPEND2(*c->alike, c, alike_prev, alike_next);
	if (id_of(c).len < REF_PREFIX_MIN)
		return;
	c->begun = begun_list(core, &c->key.scope, id_of(c));
	DL_PREPEND2(*c->begun, c, begun_prev, begun_next);
}

static struct ct_text name_of(const struct ct_container *c)
{
	return ct_text(c->who.name, strlen(c->who.name));
}

/* A list whose head is the greatest: what is filed comes last nearly always. */
static void file_exited(struct ct_container **list, struct ct_container *c)
{
	struct ct_container *at = *list, *before = NULL;

	while (at && at->run.marks[CT_MARK_EXIT] > c->run.marks[CT_MARK_EXIT]) {
		before = at;
		at = at->exited_next;
	}
	c->exited = list;
	c->exited_prev = before;
	c->exited_next = at;
	if (at)
		at->exited_prev = c;
	if (before)
		before->exited_next = c;
	else
		*list = c;
}

static void unfile(struct ct_container *c)
{
	if (c->named)
		DL_DELETE2(*c->named, c, named_prev, named_next);
	c->named = NULL;
	if (c->exited && c->exited_next)
		c->exited_next->exited_prev = c->exited_prev;
	if (c->exited && c->exited_prev)
		c->exited_prev->exited_next = c->exited_next;
	else if (c->exited)
		*c->exited = c->exited_next;
	c->exited = NULL;
}

void ct_book_unfile(struct ct_core *core, struct ct_container *c)
{
	(void)core;
	unfile(c);
	if (c->begun)
		DL_DELETE2(*c->begun, c, begun_prev, begun_next);
	c->begun = NULL;
	if (c->alike)
		DL_DELETE2(*c->alike, c, alike_prev, alike_next);
	c->alike = NULL;
}

void ct_book_file(struct ct_core *core, struct ct_container *c)
{
	if (c->draft)
		return;
	unfile(c);
	if (c->who.name[0] && !(c->removed && c->run.restart_used)) {
		c->named = named_list(core, &c->key.scope, name_of(c));
		DL_PREPEND2(*c->named, c, named_prev, named_next);
	}
	if (c->who.args_hash && core->opts.restarts_by_image && c->run.marks[CT_MARK_EXIT] &&
	    !c->run.restart_used)
		file_exited(&core->book->exited[c->who.args_hash & (CT_LISTS - 1)], c);
}

/* What engine is asked, and how its containers live. */
struct asked {
	const struct ct_scope *scope;
	uint32_t engine;
	const struct ct_family *family;
};

static bool may_be(struct ct_core *core, const struct ct_container *c, const struct asked *asked)
{
	return !c->removed && c->family == asked->family &&
	       ct_scope_is(&c->key.scope, asked->scope) && ct_book_is_of(core, c, asked->engine);
}

static struct ct_container *by_prefix(struct ct_core *core, struct ct_text ref,
				      const struct asked *asked)
{
	struct ct_container *c;

	if (ref.len < REF_PREFIX_MIN)
		return NULL;
	DL_FOREACH2(*begun_list(core, asked->scope, ref), c, begun_next)
	{
		if (ref.len <= id_of(c).len && !memcmp(c->who.id, ref.p, ref.len) &&
		    may_be(core, c, asked))
			return c;
	}
	return NULL;
}

struct ct_container *ct_book_by_ref(struct ct_core *core, const struct ct_scope *speaker,
				    struct ct_text ref, uint32_t engine,
				    const struct ct_family *family)
{
	struct ct_container *c = ct_book_find(core, speaker, ct_text("", 0), ref);
	struct asked asked = { speaker, engine, family };

	if (!speaker || !ref.len)
		return NULL;
	if (c && c->family == family && ct_book_is_of(core, c, engine))
		return c;
	DL_FOREACH2(*named_list(core, speaker, ref), c, named_next)
	{
		if (ct_text_is(ref, c->who.name) && may_be(core, c, &asked))
			return c;
	}
	return by_prefix(core, ref, &asked);
}

static bool may_precede(const struct ct_container *other, const struct ct_container *c,
			uint64_t begin_ns, uint64_t within_ns)
{
	uint64_t exit_ns = other->run.marks[CT_MARK_EXIT];

	return other != c && exit_ns && exit_ns < begin_ns && begin_ns - exit_ns <= within_ns &&
	       !other->run.restart_used && !other->run.failed_ns;
}

/* Of those of its name the last that exited. */
static struct ct_container *before_by_name(struct ct_core *core, const struct ct_container *c,
					   uint64_t begin_ns)
{
	struct ct_container *other, *found = NULL;

	if (!c->who.name[0])
		return NULL;
	DL_FOREACH2(*named_list(core, &c->key.scope, name_of(c)), other, named_next)
	{
		if (may_precede(other, c, begin_ns, SUCCESSOR_BY_NAME_NS) &&
		    !strcmp(other->who.name, c->who.name) && !strcmp(other->who.ns, c->who.ns) &&
		    !strcmp(other->who.pod_ns, c->who.pod_ns) && other->family == c->family &&
		    ct_scope_is(&other->key.scope, &c->key.scope) &&
		    ct_book_is_of(core, other, c->who.engine_pid) &&
		    (!found || other->run.marks[CT_MARK_EXIT] > found->run.marks[CT_MARK_EXIT]))
			found = other;
	}
	return found;
}

/* Of those of its engine, image and arguments the first that exited and still waits for one. */
static struct ct_container *before_by_args(struct ct_core *core, const struct ct_container *c,
					   uint64_t begin_ns)
{
	struct ct_container *found = NULL, *other;

	if (!c->who.args_hash || !core->opts.restarts_by_image)
		return NULL;
	other = core->book->exited[c->who.args_hash & (CT_LISTS - 1)];
	for (; other; other = other->exited_next) {
		if (other->run.marks[CT_MARK_EXIT] + SUCCESSOR_BY_ARGS_NS < begin_ns)
			break;
		if (other->who.args_hash == c->who.args_hash &&
		    other->who.engine_pid == c->who.engine_pid &&
		    ct_scope_is(&other->key.scope, &c->key.scope) &&
		    may_precede(other, c, begin_ns, SUCCESSOR_BY_ARGS_NS))
			found = other;
	}
	return found;
}

struct ct_container *ct_book_before(struct ct_core *core, const struct ct_container *c,
				    uint64_t begin_ns)
{
	struct ct_container *found = before_by_name(core, c, begin_ns);

	return found ? found : before_by_args(core, c, begin_ns);
}

bool ct_book_awaited(const struct ct_core *core, const struct ct_container *c)
{
	uint64_t exit_ns = c->run.marks[CT_MARK_EXIT];

	return exit_ns && exit_ns + SUCCESSOR_BY_NAME_NS >= core->now && !c->run.restart_used &&
	       !c->run.failed_ns &&
	       (c->who.name[0] || (c->who.args_hash && core->opts.restarts_by_image));
}
