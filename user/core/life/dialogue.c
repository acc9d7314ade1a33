// SPDX-License-Identifier: GPL-2.0-only
/* What somebody asks for and is answered, as signals to the container that it is about. */
#include "core/book/pulls.h"
#include "core/hear/above.h"
#include "core/life/life.h"

void ct_life_caused(struct ct_core *core, struct ct_container *c, struct ct_text what)
{
	const char *verb = ct_family_cause(c->family, what);
	uint64_t asked_ns = verb ? ct_hear_named(core, c->handle, verb) : 0;

	if (asked_ns && c->family->grpc)
		ct_signal(core, c, CT_SIG_ENGINE_REQUEST, ct_text(verb, strlen(verb)), asked_ns);
}

/* Somebody wants it to run. */
static void asked_by(struct ct_core *core, struct ct_container *c, const struct ct_event *e)
{
	c->who.client = ct_hear_client(core, e);
	c->who.mine |= (e->flags & CT_F_MINE) != 0;
}

static void api_asked(struct ct_core *core, struct ct_fact *f)
{
	struct ct_container *c =
		ct_book_by_ref(core, f->speaker, f->ids[0], f->engine, ct_family_of_api());

	if (!c) {
		core->counts.unmatched_requests++;
		return;
	}
	if (!ct_hear_about(core, f, c->handle))
		return;
	if (ct_request_changes(f->verb))
		c->in_flight++;
	f->container = c;
	if (ct_text_is(f->verb, "start") || ct_text_is(f->verb, "restart"))
		asked_by(core, c, f->e);
	ct_signal(core, c, CT_SIG_API_REQUEST, f->verb, f->ts_ns);
}

void ct_life_engine_name(struct ct_core *core, struct ct_identity *who, uint32_t engine)
{
	const struct ct_actor_state *a = ct_actor_get(core, engine);

	if (a && a->engine_name && !who->engine[0])
		ct_text_copy(who->engine, sizeof(who->engine),
			     ct_text(a->engine_name, strlen(a->engine_name)));
}

/* What an engine has written down may be gone before it is read, if the start fails and it is removed. */
static void name_engine(struct ct_core *core, struct ct_container *c, uint32_t engine)
{
	c->who.engine_pid = engine;
	ct_life_engine_name(core, &c->who, engine);
}

/* Whoever wanted it had to fetch its image first: that is where its start begins. */
static void waited_for_image(struct ct_core *core, struct ct_container *c, const struct ct_fact *f)
{
	const struct ct_request *asked = f->request;
	struct ct_pull *p =
		ct_pull_before(core, f->speaker, asked->tgid, asked->image, asked->ts_ns);

	if (!p)
		return;
	c->run.marks[CT_MARK_PULL_BEGIN] = p->begin_ns;
	c->run.marks[CT_MARK_PULL_END] = p->end_ns;
	if (!p->wanted_ns || strcmp(p->wanted_name, asked->name) != 0)
		return;
	c->run.marks[CT_MARK_REFUSED_BEGIN] = p->wanted_ns;
	c->run.marks[CT_MARK_REFUSED_END] = p->refused_ns;
	p->wanted_ns = 0;
}

static void api_created(struct ct_core *core, struct ct_fact *f)
{
	const struct ct_request *asked = f->request;
	struct ct_container *c = ct_container_make(core, f->speaker, ct_text("", 0), f->made);

	if (!c) {
		core->counts.unmatched_answers++;
		return;
	}
	if (asked->name[0])
		memcpy(c->who.name, asked->name, sizeof(c->who.name));
	memcpy(c->who.image, asked->image, sizeof(c->who.image));
	memcpy(c->who.runtime, asked->runtime, sizeof(c->who.runtime));
	if (asked->project[0]) {
		memcpy(c->who.project, asked->project, sizeof(c->who.project));
		memcpy(c->who.service, asked->service, sizeof(c->who.service));
	}
	c->auto_remove = asked->auto_remove;
	c->who.mine |= asked->mine;
	c->who.client = asked->client;
	name_engine(core, c, f->e->tgid);
	ct_book_file(core, c);
	c->run.marks[CT_MARK_CREATE_BEGIN] = asked->ts_ns;
	waited_for_image(core, c, f);
	f->container = c;
	ct_signal(core, c, CT_SIG_API_ANSWER, f->verb, f->ts_ns);
	ct_container_look_up(core, c, f->e->tgid, ct_text("", 0));
}

static void api_answered(struct ct_core *core, struct ct_fact *f)
{
	struct ct_container *c = f->container;

	ct_life_version(core, f->e);
	if (f->awaits_id) {
		api_created(core, f);
		return;
	}
	if (!c)
		return;
	if (ct_text_is(f->verb, "rename") && f->request->name[0]) {
		memcpy(c->who.name, f->request->name, sizeof(c->who.name));
		ct_book_file(core, c);
	}
	ct_signal(core, c, CT_SIG_API_ANSWER, f->verb, f->ts_ns);
}

/* 304 is "already so"; only a start that fails is a failed start. */
static void api_refused(struct ct_core *core, struct ct_fact *f)
{
	struct ct_container *c = f->container;

	ct_life_version(core, f->e);
	if (!c && f->awaits_id)
		ct_image_wanted(core, f);
	if (!c)
		return;
	if (ct_text_is(f->verb, "start"))
		ct_begin_again(core, c);
	if (!ct_text_is(f->verb, "start"))
		ct_refused(core, c, CT_SIG_API_REQUEST, f->verb, f->request->ts_ns);
	else if (!c->run.marks[CT_MARK_START_END])
		ct_failed(core, c, f->message);
}

/* The container that a request names; of two ids that it may name, the one that is known. */
static struct ct_container *named(struct ct_core *core, const struct ct_fact *f)
{
	bool grpc = f->makes && ct_family_of_namespace(f->ns)->grpc;
	struct ct_container *c = NULL;

	if (f->makes == CT_MAKES_NEW && grpc)
		return ct_container_make(core, f->speaker, f->ns, f->ids[0]);
	for (size_t i = 0; i < CT_ARRAY_SIZE(f->ids) && !c; i++)
		c = ct_book_find(core, f->speaker, f->ns, f->ids[i]);
	return !c && grpc ? ct_container_make(core, f->speaker, f->ns, f->ids[0]) : c;
}

/* An id that is in use will be refused. False: so it is. */
static bool takes_new(struct ct_container *c, const struct ct_fact *f)
{
	if (!c->family->grpc)
		return true;
	if (!c->removed && c->run.marks[CT_MARK_EXIT])
		return false;
	if (f->image.len)
		ct_text_copy(c->who.image, sizeof(c->who.image), f->image);
	if (f->runtime.len)
		ct_text_copy(c->who.runtime, sizeof(c->who.runtime), f->runtime);
	return true;
}

void ct_life_engine_request(struct ct_core *core, struct ct_container *c,
			    const struct ct_request *asked)
{
	ct_signal(core, c, CT_SIG_ENGINE_REQUEST, ct_text(asked->verb, strlen(asked->verb)),
		  asked->ts_ns);
}

void ct_life_spoken(struct ct_core *core, struct ct_container *c, const struct ct_scope *speaker,
		    struct ct_text id)
{
	const struct ct_request *asked = ct_hear_spoken(core, speaker, id, c->handle);

	if (asked)
		ct_life_engine_request(core, c, asked);
}

static void engine_asked(struct ct_core *core, struct ct_fact *f)
{
	struct ct_container *c = named(core, f);

	if (!c || (f->makes == CT_MAKES_NEW && !takes_new(c, f)))
		return;
	f->container = c;
	/* Docker asks containerd for what it was asked for itself. */
	if (f->makes == CT_MAKES_NEW && !c->who.client.pid)
		asked_by(core, c, f->e);
	if (f->prepared_ns)
		ct_signal(core, c, CT_SIG_ENGINE_REQUEST, ct_text("Snapshots/Prepare", 17),
			  f->prepared_ns);
	ct_hear_about(core, f, c->handle);
	if (ct_text_is(f->verb, CT_EXEC_SYNC)) {
		ct_probe_asked(f);
		return; /* it changes nothing */
	}
	/* Heard after what it led to: the engine asks nothing else in between. */
	if (!f->verb.len && c->run.marks[CT_MARK_TASK_DELETE_BEGIN] &&
	    !c->run.marks[CT_MARK_DIE_END])
		ct_life_caused(core, c, ct_text("Delete", 6));
	ct_signal(core, c, CT_SIG_ENGINE_REQUEST, f->verb, f->ts_ns);
}

/* What it cannot have been: it succeeded, and has not done it. */
static void refute(struct ct_core *core, const struct ct_fact *f)
{
	const struct ct_container *c = f->container;

	for (size_t i = 0; i < c->family->proof_count; i++) {
		if (ct_family_refutes(c, &c->family->proofs[i]))
			ct_hear_refuted(core, f, c->family->proofs[i].request);
	}
}

/*
 * A request of a connection that is older than the trace: what it was follows from what it led to.
 * What was taken for something else until now is taken back.
 */
static void prove(struct ct_core *core, struct ct_fact *f, bool refused)
{
	struct ct_container *c = f->container;
	const char *proved = NULL;

	/* Of families without rows for it the requests are not needed. */
	if (!c->family->proof_count)
		f->unproved = false;
	if (f->unproved) {
		uint64_t asked_ns = f->request->ts_ns;

		proved = ct_family_proof(c, asked_ns, f->ts_ns, refused);
		if (f->verb.len && !(proved && ct_text_is(f->verb, proved))) {
			ct_refused(core, c, CT_SIG_ENGINE_REQUEST, f->verb, asked_ns);
			f->verb = ct_text("", 0);
		}
		if (proved)
			ct_hear_proved(core, f, proved);
		else if (!refused)
			refute(core, f);
	}
	if (proved ? !f->unproved : f->late)
		ct_life_engine_request(core, c, f->request);
}

static void engine_answered(struct ct_core *core, struct ct_fact *f)
{
	if (f->made.len && !f->container)
		f->container = ct_pod_made(core, f);
	if (f->container && ct_probe_answered(core, f))
		return;
	if (f->container && (f->unproved || f->late))
		prove(core, f, false);
	if (f->container)
		ct_signal(core, f->container, CT_SIG_ENGINE_ANSWER, f->verb, f->ts_ns);
}

#define RUN_POD "RuntimeService/RunPodSandbox"

/*
 * A sandbox that was asked for before anybody listened is there: nothing else that is begun so is answered with
 * its id. That it was not asked for just now is sure: it takes longer to make than an answer may be early.
 */
static void engine_unasked(struct ct_core *core, struct ct_fact *f)
{
	struct ct_text verb = ct_text(RUN_POD, strlen(RUN_POD));
	struct ct_container *c = ct_book_find(core, f->speaker, ct_text("", 0), f->made);

	if (!c || !ct_family_fails(c->family, verb) || c->run.marks[c->family->asked] ||
	    c->run.start_reported)
		return;
	f->container = c;
	ct_signal(core, c, CT_SIG_ENGINE_ANSWER, verb, f->ts_ns);
}

/*
 * A request that was refused; one that a start depends on has failed with it. To Docker it is an
 * answer all the same: what it asks to be gone may be gone.
 */
static void engine_refused(struct ct_core *core, struct ct_fact *f)
{
	struct ct_container *c = f->container;

	if (c ? !c->family->grpc : !f->awaits_id) {
		f->kind = CT_FACT_ANSWERED;
		engine_answered(core, f);
		return;
	}
	if (!c || ct_probe_answered(core, f))
		return;
	if (f->unproved || f->late)
		prove(core, f, true);
	if (ct_family_fails(c->family, f->verb) && !c->run.marks[CT_MARK_START_END])
		ct_failed(core, c, f->message);
	else
		ct_refused(core, c, CT_SIG_ENGINE_REQUEST, f->verb, f->request->ts_ns);
}

static void task_asked(struct ct_core *core, struct ct_fact *f)
{
	struct ct_container *c;
	bool known;

	if (ct_text_is(f->verb, "Exec")) {
		c = ct_book_find(core, f->speaker, f->ns, f->ids[0]);
		if (c)
			c->exec_ns = f->ts_ns;
		return;
	}
	known = ct_book_find(core, f->speaker, f->ns, f->ids[0]) != NULL;
	c = ct_container_make(core, f->speaker, f->ns, f->ids[0]);
	if (c && !known)
		ct_life_spoken(core, c, f->speaker, f->ids[0]);
	if (!c || (!c->family->kills_end && ct_signal_spares(f->signal)) ||
	    !ct_hear_about(core, f, c->handle))
		return;
	f->container = c;
	if (!c->who.engine_pid)
		c->who.engine_pid = f->e->tgid;
	if (ct_text_is(f->verb, "Delete") && !c->run.marks[CT_MARK_EXIT])
		c->run.delete_ns = f->ts_ns;
	ct_life_caused(core, c, f->verb);
	ct_signal(core, c, CT_SIG_TASK_REQUEST, f->verb, f->ts_ns);
}

static void set_init(struct ct_core *core, struct ct_container *c, uint32_t pid)
{
	const struct ct_actor_state *a;

	ct_container_first(core, c, pid);
	a = ct_actor_get(core, pid);
	if (a && a->container == c)
		ct_container_netns(core, c, a);
}

/*
 * The first process is in a virtual machine, and its shim says when it exited there: before the
 * machine was taken apart, and before anybody was told. A clock that was set since says nonsense.
 * What had exited before tracing began has stopped before that, and is only cleaned up.
 */
static void exited_inside(struct ct_core *core, struct ct_container *c, const struct ct_fact *f)
{
	uint64_t *m = c->run.marks;
	uint64_t ts_ns = f->exited_wall_ns - (uint64_t)core->opts.wall_minus_mono_ns;
	bool starting = ct_run_any(&c->run, c->family->opens) && !m[CT_MARK_TASK_START_BEGIN];

	if (!f->exited_wall_ns || !core->opts.wall_minus_mono_ns || c->run.exit_seen || starting ||
	    ts_ns > f->ts_ns || ts_ns < m[CT_MARK_TASK_START_BEGIN] || ts_ns < core->begin_ns)
		return;
	c->run.exit_seen = true;
	if (m[CT_MARK_EXIT] > ts_ns) /* its machine ended later */
		m[CT_MARK_EXIT] = 0;
	if (m[CT_MARK_STOP_BEGIN] > ts_ns)
		m[CT_MARK_STOP_BEGIN] = 0;
	ct_signal(core, c, CT_SIG_INIT_EXIT, ct_text("", 0), ts_ns);
	if (c->run.delete_ns > ts_ns && !m[CT_MARK_TASK_DELETE_BEGIN])
		m[CT_MARK_TASK_DELETE_BEGIN] = c->run.delete_ns;
}

static void task_answered(struct ct_core *core, struct ct_fact *f)
{
	struct ct_container *c = f->container;

	if (!c)
		return;
	if (ct_text_is(f->verb, "Create") && f->valued)
		set_init(core, c, (uint32_t)f->value);
	if (ct_text_is(f->verb, "State") && f->valued && !c->who.init_pid &&
	    !c->run.marks[CT_MARK_EXIT])
		set_init(core, c, (uint32_t)f->value);
	ct_pod_served(core, c, f->e->tgid);
	if (ct_text_is(f->verb, "Delete") ||
	    (ct_text_is(f->verb, "Wait") && c->run.exit_code == CT_NO_EXIT_CODE))
		c->run.exit_code = (int)f->value;
	exited_inside(core, c, f);
	ct_signal(core, c, CT_SIG_TASK_ANSWER, f->verb, f->ts_ns);
}

/*
 * Whoever asked for the start was not heard, nor will be the answer. What asks the shim for that has failed with it
 * (containerd's container_start.go of pkg/cri/server, 1.6).
 */
static bool fails_unasked(const struct ct_container *c, struct ct_text verb)
{
	const char *request = ct_family_cause(c->family, verb);

	return request && !c->run.marks[CT_MARK_START_BEGIN] && c->who.pod_uid[0] &&
	       ct_family_fails(c->family, ct_text(request, strlen(request)));
}

static void task_refused(struct ct_core *core, struct ct_fact *f)
{
	struct ct_container *c = f->container;

	if (c && f->message.len && !c->run.message[0])
		ct_text_copy(c->run.message, sizeof(c->run.message), f->message);
	/* Nobody else will say so. */
	if (c && (ct_family_fails(c->family, f->verb) || fails_unasked(c, f->verb)))
		ct_failed(core, c, f->message);
}

static void shim_told(struct ct_core *core, struct ct_fact *f)
{
	struct ct_container *c = ct_book_find(core, f->speaker, f->ns, f->ids[0]);

	if (!c)
		return;
	if (ct_text_is(f->verb, "/tasks/oom"))
		c->run.oom_ns = f->ts_ns;
	if (f->valued && c->run.exit_code == CT_NO_EXIT_CODE)
		c->run.exit_code = (int)f->value;
	exited_inside(core, c, f);
	if (ct_hears(core, c, CT_SIG_SHIM_EVENT))
		ct_hear_about(core, f, c->handle); /* its answer is a signal */
}

static void shim_heard(struct ct_core *core, struct ct_fact *f)
{
	if (f->container)
		ct_signal(core, f->container, CT_SIG_SHIM_EVENT, f->verb, f->ts_ns);
}

/*
 * Whose agent it is. That of a pod is asked for each of its containers by one and the same, who works for the last
 * that he has named; what is about the machine names none.
 */
static void agent_asked(struct ct_core *core, struct ct_fact *f)
{
	struct ct_actor_state *asker = ct_actor_get(core, f->e->tgid);
	struct ct_container *c;
	const char *ns;

	if (!asker || !asker->container || asker->container->draft)
		return;
	ns = asker->container->ns;
	c = ct_book_find(core, f->speaker, ct_text(ns, strlen(ns)), f->ids[0]);
	if (c)
		ct_works(asker, c);
	f->container = asker->container;
}

static void api_over(struct ct_core *core, struct ct_fact *f)
{
	(void)core;
	if (f->container && ct_request_changes(f->verb) && f->container->in_flight)
		f->container->in_flight--;
}

/* What follows from a fact, by the way and the kind. */
static void (*const rows[CT_HOW_MAX][CT_FACT_MAX])(struct ct_core *core, struct ct_fact *f) = {
	[CT_HOW_API][CT_FACT_ASKED] = api_asked,
	[CT_HOW_API][CT_FACT_ANSWERED] = api_answered,
	[CT_HOW_API][CT_FACT_REFUSED] = api_refused,
	[CT_HOW_API][CT_FACT_OVER] = api_over,
	[CT_HOW_ENGINE][CT_FACT_ASKED] = engine_asked,
	[CT_HOW_ENGINE][CT_FACT_ANSWERED] = engine_answered,
	[CT_HOW_ENGINE][CT_FACT_REFUSED] = engine_refused,
	[CT_HOW_ENGINE][CT_FACT_UNASKED] = engine_unasked,
	[CT_HOW_TASK][CT_FACT_ASKED] = task_asked,
	[CT_HOW_TASK][CT_FACT_ANSWERED] = task_answered,
	[CT_HOW_TASK][CT_FACT_REFUSED] = task_refused,
	[CT_HOW_SHIM][CT_FACT_ASKED] = shim_told,
	[CT_HOW_SHIM][CT_FACT_ANSWERED] = shim_heard,
	[CT_HOW_SHIM][CT_FACT_REFUSED] = shim_heard,
	[CT_HOW_AGENT][CT_FACT_ASKED] = agent_asked,
	[CT_HOW_IMAGE][CT_FACT_ASKED] = ct_image_asked,
	[CT_HOW_IMAGE][CT_FACT_PROGRESS] = ct_image_progress,
	[CT_HOW_IMAGE][CT_FACT_ANSWERED] = ct_image_answered,
	[CT_HOW_IMAGE][CT_FACT_REFUSED] = ct_image_refused,
	[CT_HOW_PART][CT_FACT_ASKED] = ct_image_part,
	[CT_HOW_PART][CT_FACT_ANSWERED] = ct_image_part,
	[CT_HOW_PART][CT_FACT_REFUSED] = ct_image_part,
	[CT_HOW_BUILD][CT_FACT_ASKED] = ct_build_asked,
	[CT_HOW_BUILD][CT_FACT_OVER] = ct_build_over,
};

void ct_life_fact(struct ct_core *core, struct ct_fact *fact)
{
	fact->container = fact->about ? ct_book_of(core, fact->about) : NULL;
	if (rows[fact->how][fact->kind])
		rows[fact->how][fact->kind](core, fact);
}
