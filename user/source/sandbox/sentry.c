// SPDX-License-Identifier: GPL-2.0-only
#include "source/sandbox/sentry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "sentry.skel.h"
#include "source/sandbox/evicted.h"
#include "source/sandbox/gopclntab.h"
#include "source/proc/procfs.h"
#include "source/sandbox/sandbox.h"
#include "source/sandbox/sentry_points.h"
#include "util/clock.h"
#include "util/mem.h"

#define SANDBOXES_MAX 256
#define LOOK_NS       8000000ull
#define BOOT_NS       20000000000ull
#define TURN_NS       5000000ull /* for all of them, in one turn */
#define REST          9 /* times as long as a look took: it goes through /proc */
#define NAME_LEN      64

struct sentry {
	struct ct_seccheck_app app; /* who it is */
	int process; /* and no other of its pid */
	uint64_t due_ns, until_ns;
	struct bpf_link *links[CT_SENTRY_POINT_MAX];
	bool done; /* it has its probes, or will not get them */
	struct sentry *next;
};

/* As sentry_key of bpf/sentry.bpf.c. */
struct open_key {
	uint64_t goroutine;
	uint32_t tgid, pad;
};

/* Most sandboxes run the same runsc: what was found in it is kept. */
struct binary {
	dev_t dev;
	ino_t ino;
	struct timespec changed;
	struct ct_sentry_points points;
	struct ct_err err;
};

struct ct_sentry {
	struct sentry_bpf *skel;
	struct bpf_program *programs[CT_SENTRY_POINT_MAX];
	struct sentry *list;
	size_t count;
	struct binary binary;
	uint64_t rest_ns; /* nobody is looked at before it */
	uint64_t swept; /* entries of opens that were deleted here */
	struct ct_evicted evicted;
	ct_seccheck_fn fn;
	void *ctx;
};

/* Those of coldtrace.bpf.h that it has no use for are not made a second time. */
static int share_maps(struct bpf_object *object, int events, int losses)
{
	struct bpf_map *map;
	int r = 0;

	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map);

		if (!strcmp(name, "events"))
			r = bpf_map__reuse_fd(map, events);
		else if (!strcmp(name, "losses"))
			r = bpf_map__reuse_fd(map, losses);
		else if (strcmp(name, "sentry_opens") != 0 && !bpf_map__is_internal(map))
			r = bpf_map__set_autocreate(map, false);
		if (r)
			return r;
	}
	return 0;
}

static int load(struct ct_sentry *s, const struct ct_sentry_options *opts)
{
	static const char *const names[] = {
#define X(symbol, program, what) #program,
		CT_SENTRY_POINTS(X)
#undef X
	};
	int r;

	s->skel = sentry_bpf__open();
	if (!s->skel)
		return -errno;
	for (size_t i = 0; i < CT_SENTRY_POINT_MAX; i++) {
		s->programs[i] = bpf_object__find_program_by_name(s->skel->obj, names[i]);
		if (!s->programs[i])
			return -ENOENT;
		bpf_program__set_autoload(s->programs[i], true);
	}
	if (bpf_map__key_size(s->skel->maps.sentry_opens) != sizeof(struct open_key))
		return -EINVAL;
	r = share_maps(s->skel->obj, opts->events, opts->losses);
	if (!r)
		r = bpf_map__set_max_entries(s->skel->maps.sentry_opens, opts->opens_max);
	return r ? r : sentry_bpf__load(s->skel);
}

int ct_sentry_open(struct ct_sentry **ret, const struct ct_sentry_options *opts, ct_seccheck_fn fn,
		   void *ctx, struct ct_err *err)
{
	struct ct_sentry *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return ct_fail(err, -ENOMEM, "load the probes for --sentry-probes: out of memory");
	s->fn = fn;
	s->ctx = ctx;
	r = load(s, opts);
	if (r) {
		ct_sentry_close(s);
		return ct_fail(err, r,
			       "load the probes for --sentry-probes: %s; -v shows the kernel's own "
			       "words",
			       strerror(-r));
	}
	*ret = s;
	return 0;
}

/* Not mapped: the file may be cut off while it is looked at, and who reads behind its end dies. */
static char *read_program(int fd, size_t room, size_t *ret_len)
{
	own_mem char *bytes = room <= CT_GO_FILE_MAX ? malloc(room + 1) : NULL;
	ssize_t n = 1;

	if (!bytes)
		errno = room <= CT_GO_FILE_MAX ? ENOMEM : EFBIG;
	for (*ret_len = 0; bytes && n && *ret_len < room; *ret_len += (size_t)n) {
		n = pread(fd, bytes + *ret_len, room - *ret_len, (off_t)*ret_len);
		if (n < 0)
			return NULL;
	}
	return take_ptr(bytes);
}

static bool look_into(struct binary *b, int fd, const struct stat *st)
{
	own_mem char *bytes = NULL;
	size_t len;

	if (b->ino == st->st_ino && b->dev == st->st_dev &&
	    b->changed.tv_sec == st->st_ctim.tv_sec && b->changed.tv_nsec == st->st_ctim.tv_nsec)
		return !b->err.code;
	memset(b, 0, sizeof(*b));
	b->dev = st->st_dev;
	b->ino = st->st_ino;
	b->changed = st->st_ctim;
	bytes = read_program(fd, (size_t)st->st_size, &len);
	if (!bytes)
		return !ct_fail(&b->err, -errno, "it cannot be read: %s", strerror(errno));
	ct_sentry_points(&b->points, ct_text(bytes, len), &b->err);
	return !b->err.code;
}

static void detach(struct sentry *t)
{
	for (size_t i = 0; i < CT_SENTRY_POINT_MAX; i++) {
		bpf_link__destroy(t->links[i]);
		t->links[i] = NULL;
	}
}

/* The way out first: an open that is seen entering is then seen leaving. */
static int attach(struct ct_sentry *s, struct sentry *t, const char *path)
{
	for (size_t i = CT_SENTRY_POINT_MAX; i-- > 0;) {
		t->links[i] = bpf_program__attach_uprobe(s->programs[i], false, (pid_t)t->app.pid,
							 path, s->binary.points.offset[i]);
		if (!t->links[i]) {
			int r = -errno;

			detach(t);
			return r;
		}
	}
	return 0;
}

static void say(struct sentry *t, int code, const char *why)
{
	t->done = true;
	ct_seccheck_app_say(&t->app, CT_VIEW_SENTRY, code, why, ct_mono_ns());
}

/* A sandbox may end at any time, in the middle of getting them too: nobody left it out. */
static void say_ended(struct sentry *t)
{
	say(t, -ESRCH, "it ended before it had its probes");
}

static void arm(struct ct_sentry *s, struct sentry *t)
{
	char path[NAME_LEN], why[sizeof(s->binary.err.msg) + 32];
	own_fd int fd = -1;
	struct stat st;
	int r;

	fd = ct_proc_open(t->app.pid, "exe");
	if (fd < 0 || fstat(fd, &st)) {
		/* ENOENT is said of a process that has let go of its memory. */
		if (errno == ENOENT || errno == ESRCH)
			say_ended(t);
		else
			say(t, -errno, "its program cannot be opened");
		return;
	}
	if (!look_into(&s->binary, fd, &st)) {
		snprintf(why, sizeof(why), "this runsc cannot be probed: %s", s->binary.err.msg);
		say(t, s->binary.err.code, why);
		return;
	}
	/* What was looked into, and not what the process, or the next of its pid, executes by now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = attach(s, t, path);
	if (r == -ESRCH) {
		say_ended(t);
		return;
	}
	if (r)
		snprintf(why, sizeof(why), "the kernel refuses the probes: %s", strerror(-r));
	say(t, r, r ? why : "");
}

/* The opens that are under way, as they were in one call. */
struct opens {
	struct open_key *keys; /* owned */
	void *values; /* owned */
	uint32_t count;
};

static bool read_opens(const struct ct_sentry *s, struct opens *ret)
{
	const struct bpf_map *map = s->skel->maps.sentry_opens;
	uint64_t after = 0; /* the kernel's place in it */

	ret->count = bpf_map__max_entries(map);
	ret->keys = calloc(ret->count, sizeof(*ret->keys));
	ret->values = calloc(ret->count, bpf_map__value_size(map));
	return ret->keys && ret->values &&
	       (!bpf_map_lookup_batch(bpf_map__fd(map), NULL, &after, ret->keys, ret->values,
				      &ret->count, NULL) ||
		errno == ENOENT);
}

static void opens_free(struct opens *opens)
{
	free(opens->keys);
	free(opens->values);
}

static uint64_t counted(const __u64 *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static bool is_due(const struct ct_sentry *s)
{
	return ct_evicted_due(&s->evicted, counted(&s->skel->bss->sentry_made),
			      counted(&s->skel->bss->sentry_taken) + s->swept);
}

uint64_t ct_sentry_lost(struct ct_sentry *s)
{
	struct opens opens = { 0 };
	uint64_t made, more = 0;

	if (!is_due(s))
		return 0;
	made = counted(&s->skel->bss->sentry_made);
	if (read_opens(s, &opens))
		more = ct_evicted_more(&s->evicted, made, opens.count,
				       counted(&s->skel->bss->sentry_taken) + s->swept);
	opens_free(&opens);
	return more;
}

/* What a sandbox was in the middle of when it ended, and what had failed early: nobody takes it. */
static void sweep(struct ct_sentry *s, uint32_t pid)
{
	int fd = bpf_map__fd(s->skel->maps.sentry_opens);
	struct opens opens = { 0 };

	if (is_due(s) && read_opens(s, &opens)) {
		for (uint32_t i = 0; i < opens.count; i++)
			s->swept += opens.keys[i].tgid == pid &&
				    !bpf_map_delete_elem(fd, &opens.keys[i]);
	}
	opens_free(&opens);
}

static void drop(struct ct_sentry *s, struct sentry *t)
{
	struct sentry **at = &s->list;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	s->count--;
	detach(t);
	sweep(s, t->app.pid);
	if (t->process >= 0)
		close(t->process);
	free(t);
}

static struct sentry *sentry_of(const struct ct_sentry *s, uint32_t pid)
{
	struct sentry *t = s->list;

	while (t && t->app.pid != pid)
		t = t->next;
	return t;
}

/* Those whose exit was not seen. */
static void drop_gone(struct ct_sentry *s)
{
	for (struct sentry *t = s->list, *next; t; t = next) {
		next = t->next;
		if (ct_sandbox_gone(t->process))
			drop(s, t);
	}
}

void ct_sentry_add(struct ct_sentry *s, uint32_t pid)
{
	own_fd int process = ct_sandbox_process(pid);
	own_mem struct sentry *made = NULL;
	struct sentry *t = sentry_of(s, pid);
	char id[CT_SECCHECK_ID];

	if (t && !ct_sandbox_gone(t->process))
		return;
	if (t)
		drop(s, t);
	if (!ct_sandbox_id(pid, id, sizeof(id)))
		return;
	made = calloc(1, sizeof(*made));
	if (!made)
		return;
	made->process = take_fd(process);
	made->app.pid = pid;
	made->app.opens = true;
	made->app.fn = s->fn;
	made->app.ctx = s->ctx;
	memcpy(made->app.id, id, sizeof(id));
	made->until_ns = ct_mono_ns() + BOOT_NS;
	if (s->count >= SANDBOXES_MAX)
		drop_gone(s);
	if (s->count >= SANDBOXES_MAX) {
		say(made, -ENOSPC,
		    "as many sandboxes as can be probed at a time have their probes");
		if (made->process >= 0)
			close(made->process);
		return;
	}
	made->next = s->list;
	s->list = take_ptr(made);
	s->count++;
}

void ct_sentry_exited(struct ct_sentry *s, uint32_t pid)
{
	struct sentry *t = sentry_of(s, pid);

	if (!t)
		return;
	if (!t->done)
		say_ended(t);
	drop(s, t);
}

uint64_t ct_sentry_due(const struct ct_sentry *s)
{
	uint64_t due = 0;

	for (const struct sentry *t = s->list; t; t = t->next) {
		if (!t->done && (!due || t->due_ns < due))
			due = t->due_ns;
	}
	return due && due < s->rest_ns ? s->rest_ns : due;
}

void ct_sentry_look(struct ct_sentry *s)
{
	uint64_t begun = ct_mono_ns(), now = begun;

	for (struct sentry *t = s->list; t && begun >= s->rest_ns; t = t->next) {
		now = ct_mono_ns();
		if (t->done || now < t->due_ns || now - begun > TURN_NS)
			continue;
		t->due_ns = now + LOOK_NS;
		if (ct_sandbox_born(t->app.pid))
			arm(s, t);
		else if (now > t->until_ns)
			say(t, -ETIMEDOUT,
			    "it has no process beside it that would prove that it is past its "
			    "birth: before that a probe would hang it");
	}
}

void ct_sentry_close(struct ct_sentry *s)
{
	if (!s)
		return;
	while (s->list)
		drop(s, s->list);
	sentry_bpf__destroy(s->skel);
	free(s);
}
