// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recordings_many.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/opens/opens.h"
#include "core/record_copy.h"
#include "util/mem.h"

#define CRATE_LEN (64u << 10) /* what is handed over at once; a larger record has one of its own */
/* Of the recording that is told: it is read no faster than that. */
#define TURN_MAX (8u << 20)

enum item_kind {
	ITEM_RECORD,
	ITEM_OPENS,
	ITEM_LEFT
};

/* What was told, waiting for its turn. Its content is behind it. */
struct item {
	_Alignas(max_align_t) enum item_kind kind;
	size_t len; /* with this, and what aligns the next */
};

struct left {
	struct ct_identity who;
	bool told, open;
};

struct crate {
	struct crate *next;
	size_t used, size;
	_Alignas(max_align_t) char room[];
};

/* A recording, with those that follow it. */
struct job {
	struct ct_input *in;
	struct ct_core_counts *sum; /* borrowed, of its set: the caller's alone */
	struct crate *first, **last; /* handed over, owned until they are told */
	size_t held; /* bytes of them */
	bool done;
	atomic_bool unwanted; /* the rest of it */
	int ret;
	struct ct_err err;
	struct ct_core_counts counts;
};

struct many {
	const struct ct_many *how;
	struct ct_core_ops ops; /* of the threads: those that the caller has */
	struct job *jobs; /* borrowed */
	size_t count;
	pthread_mutex_t lock; /* of all that follows, and of what jobs hold */
	pthread_cond_t came, room;
	size_t next; /* to be begun */
	size_t turn; /* that is told */
	size_t told; /* how many have been; the caller's alone */
	size_t held; /* bytes of all */
	struct crate *empty; /* owned, of CRATE_LEN: to be filled again */
	bool stop;
};

struct worker {
	struct many *m;
	struct job *job;
	struct crate *crate; /* that is filled, owned */
	pthread_t thread;
};

static void stop_input(struct worker *w, int code)
{
	if (code && !w->job->err.code)
		ct_fail(&w->job->err, code, "replay '%s': out of memory", w->job->in->path);
	ct_input_stop(w->job->in);
}

/* The one whose turn it is may always go on: its crates are taken away. */
static bool must_wait(const struct many *m, const struct job *job)
{
	if (m->stop)
		return false;
	return job == &m->jobs[m->turn] ? job->held >= TURN_MAX : m->held >= CT_MANY_AHEAD;
}

static void hand_over(struct worker *w)
{
	struct job *job = w->job;
	struct crate *crate = w->crate;
	struct many *m = w->m;

	w->crate = NULL;
	if (!crate)
		return;
	pthread_mutex_lock(&m->lock);
	*job->last = crate;
	job->last = &crate->next;
	job->held += crate->size;
	m->held += crate->size;
	pthread_cond_signal(&m->came);
	while (must_wait(m, job))
		pthread_cond_wait(&m->room, &m->lock);
	w->crate = m->empty;
	if (w->crate)
		m->empty = w->crate->next;
	pthread_mutex_unlock(&m->lock);
	if (w->crate)
		*w->crate = (struct crate){ .size = CRATE_LEN };
}

/* Room for something that is told; NULL: it is not wanted any more, or there is no memory. */
static void *pack(struct worker *w, enum item_kind kind, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	size_t len = (sizeof(struct item) + size + align - 1) / align * align;
	struct item *item;

	if (atomic_load_explicit(&w->job->unwanted, memory_order_relaxed)) {
		stop_input(w, 0);
		return NULL;
	}
	if (w->job->err.code)
		return NULL;
	if (w->crate && w->crate->size - w->crate->used < len)
		hand_over(w);
	if (w->crate && w->crate->size < len)
		free(take_ptr(w->crate));
	if (!w->crate) {
		size_t room = len > CRATE_LEN ? len : CRATE_LEN;

		w->crate = malloc(sizeof(*w->crate) + room);
		if (!w->crate) {
			stop_input(w, ENOMEM);
			return NULL;
		}
		*w->crate = (struct crate){ .size = room };
	}
	item = (struct item *)(void *)(w->crate->room + w->crate->used);
	*item = (struct item){ kind, len };
	w->crate->used += len;
	return item + 1;
}

static void on_record(void *ctx, const struct ct_record *rec)
{
	void *room = pack(ctx, ITEM_RECORD, ct_record_size(rec));

	if (room)
		ct_record_put(rec, room);
}

static void on_opens(void *ctx, struct ct_opens *opens)
{
	struct ct_opens **room = pack(ctx, ITEM_OPENS, sizeof(struct ct_opens *));

	if (room)
		*room = opens;
	else
		ct_opens_free(opens);
}

static void on_left(void *ctx, const struct ct_identity *who, bool told, bool open)
{
	struct left *room = pack(ctx, ITEM_LEFT, sizeof(*room));

	if (room)
		*room = (struct left){ *who, told, open };
}

/* The next that nobody has begun; NULL: there is none, or no more is wanted. */
static struct job *begin_next(struct many *m)
{
	struct job *job = NULL;

	pthread_mutex_lock(&m->lock);
	while (m->next < m->count && must_wait(m, &m->jobs[m->next]))
		pthread_cond_wait(&m->room, &m->lock);
	if (!m->stop && m->next < m->count)
		job = &m->jobs[m->next++];
	pthread_mutex_unlock(&m->lock);
	return job;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct many *m = w->m;

	while ((w->job = begin_next(m)) != NULL) {
		struct ct_err err = { 0 };
		int ret = ct_recordings_replay(w->job->in, m->how->core, &m->ops, w,
					       &w->job->counts, &err);

		hand_over(w);
		free(take_ptr(w->crate));
		pthread_mutex_lock(&m->lock);
		if (w->job->err.code) /* its own: it could not be kept */
			ret = w->job->err.code;
		else
			w->job->err = err;
		w->job->ret = ret;
		w->job->done = true;
		pthread_cond_signal(&m->came);
		pthread_mutex_unlock(&m->lock);
	}
	return NULL;
}

static void tell_item(const struct ct_many *how, struct item *item)
{
	const struct ct_core_ops *ops = how->ops;
	void *content = item + 1;
	const struct left *left = content;

	switch (item->kind) {
	case ITEM_RECORD:
		ops->record(how->ctx, content);
		break;
	case ITEM_OPENS:
		ops->opens(how->ctx, *(struct ct_opens **)content);
		break;
	case ITEM_LEFT:
		ops->left(how->ctx, &left->who, left->told, left->open);
		break;
	}
}

static void unpack_crate(const struct ct_many *how, struct crate *crate, struct job *job, bool told)
{
	for (size_t at = 0; at < crate->used;) {
		struct item *item = (struct item *)(void *)(crate->room + at);

		at += item->len;
		if (told)
			tell_item(how, item);
		else if (item->kind == ITEM_OPENS)
			ct_opens_free(*(struct ct_opens **)(void *)(item + 1));
		if (told && how->goes_on && !how->goes_on(how->ctx))
			atomic_store_explicit(&job->unwanted, true, memory_order_relaxed);
	}
}

static void free_crates(struct crate *crate)
{
	struct crate *next;

	for (; crate; crate = next) {
		next = crate->next;
		free(crate);
	}
}

/* Tells all that is in them, or lets it fall, and leaves them empty. */
static void unpack(struct many *m, struct crate *crates, struct job *job, bool told)
{
	struct crate *next;

	for (struct crate *crate = crates; crate; crate = next) {
		next = crate->next;
		unpack_crate(m->how, crate, job, told);
		if (crate->size > CRATE_LEN) {
			free(crate);
			continue;
		}
		pthread_mutex_lock(&m->lock);
		crate->next = m->empty;
		m->empty = crate;
		pthread_mutex_unlock(&m->lock);
	}
}

/* What the job has told until now; NULL: it has ended, and all was taken. */
static struct crate *take(struct many *m, struct job *job)
{
	struct crate *crates;

	pthread_mutex_lock(&m->lock);
	while (!job->first && !job->done)
		pthread_cond_wait(&m->came, &m->lock);
	crates = job->first;
	job->first = NULL;
	job->last = &job->first;
	m->held -= job->held;
	job->held = 0;
	pthread_cond_broadcast(&m->room);
	pthread_mutex_unlock(&m->lock);
	return crates;
}

static bool goes_on(const struct ct_many *how)
{
	return !how->goes_on || how->goes_on(how->ctx);
}

/* In the order in which they would have been read one by one. */
static int tell_all(struct many *m, struct ct_err *err)
{
	for (size_t i = 0; i < m->count && goes_on(m->how); i++) {
		struct job *job = &m->jobs[i];
		struct crate *crates;

		pthread_mutex_lock(&m->lock);
		m->turn = i;
		pthread_cond_broadcast(&m->room);
		pthread_mutex_unlock(&m->lock);
		if (m->how->turn)
			m->how->turn(m->how->ctx, job->in);
		while ((crates = take(m, job)) != NULL)
			unpack(m, crates, job, true);
		ct_counts_add(job->sum, &job->counts);
		m->told = i + 1;
		if (job->ret) {
			*err = job->err;
			return job->ret;
		}
	}
	return 0;
}

/* What was read ahead of its turn, and is not told after all. */
static void forget(struct many *m, struct job *job)
{
	unpack(m, job->first, job, false);
	for (struct ct_input *in = job->in; in; in = in->next) {
		in->cut = in->growing = false;
		in->last_ns = 0;
	}
}

/* As many threads as begin; *ret_begun says how many. */
static int run(struct many *m, struct worker *workers, unsigned jobs, unsigned *ret_begun,
	       struct ct_err *err)
{
	unsigned begun = 0;
	int ret;

	for (unsigned i = 0; i < jobs; i++) {
		workers[begun].m = m;
		begun += !pthread_create(&workers[begun].thread, NULL, work, &workers[begun]);
	}
	*ret_begun = begun;
	if (!begun)
		return 0;
	ret = tell_all(m, err);
	pthread_mutex_lock(&m->lock);
	m->stop = true;
	for (size_t i = m->told; i < m->count; i++)
		atomic_store_explicit(&m->jobs[i].unwanted, true, memory_order_relaxed);
	pthread_cond_broadcast(&m->room);
	pthread_mutex_unlock(&m->lock);
	for (unsigned i = 0; i < begun; i++)
		pthread_join(workers[i].thread, NULL);
	for (size_t i = m->told; i < m->count; i++)
		forget(m, &m->jobs[i]);
	free_crates(m->empty);
	return ret;
}

/* Those that no other is told with. */
static size_t list_jobs(const struct ct_many_set *sets, size_t sets_count, struct job *jobs)
{
	size_t count = 0;

	for (size_t s = 0; s < sets_count; s++) {
		for (size_t i = 0; i < sets[s].recordings->count; i++) {
			struct ct_input *in = &sets[s].recordings->items[i];

			if (in->follows)
				continue;
			if (jobs) {
				jobs[count].in = in;
				jobs[count].sum = sets[s].counts;
				jobs[count].last = &jobs[count].first;
			}
			count++;
		}
	}
	return count;
}

static unsigned jobs_of(const struct ct_many *how, size_t count)
{
	size_t jobs = how->jobs;
	cpu_set_t cpus;

	if (!jobs)
		jobs = sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : (size_t)CPU_COUNT(&cpus);
	if (jobs > CT_MANY_JOBS_MAX)
		jobs = CT_MANY_JOBS_MAX;
	return (unsigned)(jobs < count ? jobs : count);
}

struct alone {
	const struct ct_many *how;
	struct ct_input *in;
};

static void told_alone(const struct alone *a)
{
	if (!goes_on(a->how))
		ct_input_stop(a->in);
}

static void record_alone(void *ctx, const struct ct_record *rec)
{
	const struct alone *a = ctx;

	a->how->ops->record(a->how->ctx, rec);
	told_alone(a);
}

static void opens_alone(void *ctx, struct ct_opens *opens)
{
	const struct alone *a = ctx;

	a->how->ops->opens(a->how->ctx, opens);
	told_alone(a);
}

static void left_alone(void *ctx, const struct ct_identity *who, bool told, bool open)
{
	const struct alone *a = ctx;

	a->how->ops->left(a->how->ctx, who, told, open);
}

static int one_by_one(const struct ct_many_set *set, const struct ct_many *how, struct ct_err *err)
{
	const struct ct_core_ops ops = {
		.record = how->ops->record ? record_alone : NULL,
		.opens = how->ops->opens ? opens_alone : NULL,
		.left = how->ops->left ? left_alone : NULL,
	};
	struct ct_recordings *r = set->recordings;
	int ret = 0;

	for (size_t i = 0; i < r->count && !ret && goes_on(how); i++) {
		struct alone a = { how, &r->items[i] };

		if (how->turn && !a.in->follows)
			how->turn(how->ctx, a.in);
		ret = ct_recordings_replay(a.in, how->core, &ops, &a, set->counts, err);
	}
	return ret;
}

static int at_once(const struct ct_many_set *sets, size_t count, struct many *m, unsigned jobs,
		   unsigned *ret_begun, struct ct_err *err)
{
	own_mem struct worker *workers = calloc(jobs, sizeof(*workers));
	own_mem struct job *list = calloc(m->count, sizeof(*list));

	if (!workers || !list)
		return ct_fail(err, ENOMEM, "replay %zu recordings: out of memory", m->count);
	list_jobs(sets, count, list);
	m->jobs = list;
	return run(m, workers, jobs, ret_begun, err);
}

int ct_recordings_replay_sets(const struct ct_many_set *sets, size_t count,
			      const struct ct_many *how, struct ct_err *err)
{
	struct many m = {
		.how = how,
		.ops = {
			.record = how->ops->record ? on_record : NULL,
			.opens = how->ops->opens ? on_opens : NULL,
			.left = how->ops->left ? on_left : NULL,
		},
		.count = list_jobs(sets, count, NULL),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.came = PTHREAD_COND_INITIALIZER,
		.room = PTHREAD_COND_INITIALIZER,
	};
	unsigned jobs = jobs_of(how, m.count), begun = 0;
	int ret;

	for (size_t s = 0; s < count; s++)
		sets[s].counts->unread += sets[s].recordings->empty;
	ret = jobs < 2 ? 0 : at_once(sets, count, &m, jobs, &begun, err);
	for (size_t s = 0; s < count && !ret && !begun; s++)
		ret = one_by_one(&sets[s], how, err);
	return ret;
}

int ct_recordings_replay_many(struct ct_recordings *r, const struct ct_many *how,
			      struct ct_core_counts *counts, struct ct_err *err)
{
	const struct ct_many_set set = { r, counts };

	return ct_recordings_replay_sets(&set, 1, how, err);
}
