// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "source/recording/recording_file.h"
#include "source/recording/recording_shelf.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/spot.h"

#define NS_PER_S       UINT64_C(1000000000)
#define PATIENCE_NS    (10 * NS_PER_S) /* for a quiet moment, when a file is due */
#define SWEEP_EVERY_NS (60 * NS_PER_S)
#define SWEEP_BYTES    (1u << 20)
#define RETRY_EVERY_NS NS_PER_S /* whether there is room again */
#define NAMES_A_SECOND 100

static bool is_no_room(int code)
{
	return code == -ENOSPC || code == -EDQUOT;
}

static void say(const struct ct_archive *a, const char *fmt, const char *what, uint64_t n)
{
	char sentence[sizeof(((struct ct_err *)0)->msg)];

	if (!a->opts.say)
		return;
	snprintf(sentence, sizeof(sentence), fmt, what, (unsigned long long)n);
	a->opts.say(sentence);
}

/* The open file is one of them, and grows until it is looked again. */
static void sweep(struct ct_archive *a, uint64_t now_ns)
{
	uint64_t keep = UINT64_MAX;

	if (a->opts.keep_bytes)
		keep = a->opts.keep_bytes > SWEEP_BYTES ? a->opts.keep_bytes - SWEEP_BYTES : 0;
	a->sweep_ns = now_ns + SWEEP_EVERY_NS;
	a->sweep_bytes = a->recorder.bytes + SWEEP_BYTES;
	ct_shelf_sweep(a->dir, a->opts.keep_ns, keep);
}

/* The disk is full: the oldest that is closed goes. */
static bool make_room(void *ctx)
{
	struct ct_archive *a = ctx;
	char name[CT_SHELF_NAME_LEN];

	if (!ct_shelf_drop_oldest(a->dir, name))
		return false;
	say(a, "the disk is full: removed the oldest recording '%s'", name, 0);
	return true;
}

static int name_file(struct ct_archive *a, int number, struct ct_err *err)
{
	time_t now = time(NULL);
	char date[32], more[16] = "";
	struct tm tm;
	int n;

	if (!gmtime_r(&now, &tm) || !strftime(date, sizeof(date), "%Y%m%d-%H%M%SZ", &tm))
		return ct_fail(err, EOVERFLOW, "name the recording: what time is it?");
	if (number)
		snprintf(more, sizeof(more), "_%02d", number); /* sorts behind it */
	n = snprintf(a->path, sizeof(a->path), "%s/" CT_SHELF_BEGIN "%s%s" CT_SHELF_END,
		     a->opts.path, date, more);
	return n < (int)sizeof(a->path)
		       ? 0
		       : ct_fail(err, ENAMETOOLONG, "name the recording: '%s' is too long",
				 a->opts.path);
}

/* A name that nothing has. Nobody else makes names here: the directory is locked. */
static int choose_name(struct ct_archive *a, struct ct_err *err)
{
	for (int i = 0; i < NAMES_A_SECOND; i++) {
		int ret = name_file(a, i, err);

		if (ret)
			return ret;
		if (faccessat(AT_FDCWD, a->path, F_OK, AT_SYMLINK_NOFOLLOW))
			return 0;
	}
	return ct_fail(err, EEXIST,
		       "name the recording: '%s' is there, and so are others of its time", a->path);
}

static int open_file(struct ct_archive *a, struct ct_err *err)
{
	int ret = a->opts.directory ? choose_name(a, err) : 0;
	const char *path = a->opts.directory ? a->path : a->opts.path;

	if (!ret)
		ret = ct_recorder_open(&a->recorder, path, &a->header, err);
	if (ret)
		return ret;
	if (a->opts.directory) {
		a->recorder.make_room = make_room;
		a->recorder.make_room_ctx = a;
	}
	return 0;
}

static int open_directory(struct ct_archive *a, struct ct_err *err)
{
	const char *path = a->opts.path;

	if (mkdir(path, 0700) && errno != EEXIST)
		return ct_fail(err, errno, "make directory '%s': %s", path, strerror(errno));
	a->dir = ct_spot_open_directory(path, err);
	if (a->dir < 0)
		return ct_wrap(err, "open directory '%s'", path);
	if (flock(a->dir, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return ct_fail(
			err, EBUSY,
			"record into '%s': another coldtrace records there; name another directory, or end that one",
			path);
	a->carry = ct_carry_new();
	return a->carry ? 0 : ct_fail(err, ENOMEM, "record into '%s': out of memory", path);
}

/* Files without a gap between them have the same. */
static void new_series(struct ct_archive *a)
{
	a->header.sequence = 0;
	if (getrandom(&a->header.series, sizeof(a->header.series), GRND_NONBLOCK) !=
		    sizeof(a->header.series) ||
	    !a->header.series)
		a->header.series = ct_clock_ns(CLOCK_REALTIME) << 16 ^ (uint64_t)getpid();
}

int ct_archive_open(struct ct_archive *a, const struct ct_archive_options *opts,
		    const struct ct_recording_header *header, struct ct_err *err)
{
	int ret = 0;

	*a = (struct ct_archive){ .opts = *opts, .header = *header, .dir = -1 };
	if (opts->directory) {
		ret = open_directory(a, err);
		if (!ret)
			new_series(a);
	}
	if (!ret)
		ret = open_file(a, err);
	if (ret)
		ct_archive_give_up(a);
	return ret;
}

int ct_archive_begin(struct ct_archive *a, const char *plan, struct ct_err *err)
{
	struct ct_recording_header *h = ct_recorder_header(&a->recorder);
	int ret;

	if (!h)
		return 0;
	snprintf(a->header.plan, sizeof(a->header.plan), "%s", plan);
	memcpy(h->plan, a->header.plan, sizeof(h->plan));
	ret = ct_recorder_begin(&a->recorder, err);
	if (ret)
		return ret;
	a->begun = true;
	a->files = 1;
	a->begin_ns = ct_mono_ns();
	if (a->dir >= 0)
		sweep(a, a->begin_ns);
	return 0;
}

/* What the open file had becomes part of all. */
static void add_up(struct ct_archive *a)
{
	struct ct_recorder *r = &a->recorder;

	a->closed.events += r->events - r->dropped;
	a->closed.lost += r->lost;
	a->closed.bytes += r->bytes;
	a->dropped += r->dropped;
	a->missing += r->dropped;
	r->events = r->lost = r->bytes = r->dropped = 0;
}

struct ct_archive_seen ct_archive_seen(const struct ct_archive *a)
{
	struct ct_archive_seen seen = { a->closed, a->files, a->ended };

	seen.counts.events += a->recorder.events - a->recorder.dropped;
	seen.counts.lost += a->recorder.lost + a->recorder.dropped + a->dropped;
	seen.counts.bytes += a->recorder.bytes;
	return seen;
}

static int close_file(struct ct_archive *a, uint64_t end_ns, struct ct_err *err)
{
	int ret;

	a->recorder.end_ns = end_ns;
	ret = ct_recorder_close(&a->recorder, err);
	add_up(a);
	return ret;
}

/* The disk is full, and nothing here could make room: what comes is counted until there is some. */
static void fall_silent(struct ct_archive *a, uint64_t now_ns)
{
	say(a, "the disk of '%s' is full: nothing is recorded until there is room", a->opts.path,
	    0);
	a->full = true;
	a->retry_ns = now_ns + RETRY_EVERY_NS;
}

struct carrying {
	struct ct_archive *a;
	int ret;
	uint32_t count;
	struct ct_err *err;
};

static void count_carried(void *ctx, const struct ct_event *e)
{
	(void)e;
	((struct carrying *)ctx)->count++;
}

static void write_carried(void *ctx, const struct ct_event *e)
{
	struct carrying *c = ctx;

	if (!c->ret)
		c->ret = ct_recorder_write(&c->a->recorder, e, c->err);
}

static uint32_t parent_of(void *ctx, uint32_t pid)
{
	const struct ct_archive *a = ctx;

	return a->opts.parent(NULL, pid);
}

/* Counted first: the header says how many there are. The second time nobody is asked again. */
static int tell_carried(struct ct_archive *a, uint64_t now_ns, struct ct_err *err)
{
	struct carrying c = { .a = a, .err = err };
	struct ct_recording_header *h = ct_recorder_header(&a->recorder);

	ct_carry_tell(a->carry, now_ns, a->opts.parent ? parent_of : NULL, a, count_carried, &c);
	h->carried = c.count;
	ct_carry_tell(a->carry, now_ns, NULL, NULL, write_carried, &c);
	return c.ret;
}

/* What no file tells yet. */
static int tell_dropped(struct ct_archive *a, uint64_t now_ns, struct ct_err *err)
{
	const struct ct_event e = {
		.len = sizeof(e),
		.kind = CT_KIND_LOST,
		.flags = CT_F_SEEDED,
		.sub = CT_LOSS_DISK,
		.ts_ns = now_ns,
		.obj = a->dropped,
	};

	if (!a->dropped)
		return 0;
	a->dropped = 0;
	return ct_recorder_write(&a->recorder, &e, err);
}

static int begin_next(struct ct_archive *a, uint64_t now_ns, struct ct_err *err)
{
	int ret = open_file(a, err);

	if (!ret)
		ret = tell_carried(a, now_ns, err);
	if (!ret)
		ret = tell_dropped(a, now_ns, err);
	if (!ret)
		ret = ct_recorder_begin(&a->recorder, err);
	return ret ? ret : ct_recorder_flush(&a->recorder, err);
}

/* The next file, or none and what is dropped as it was. */
static int next_file(struct ct_archive *a, uint64_t now_ns, struct ct_err *err)
{
	uint64_t dropped = a->dropped;
	int ret;

	a->header.begin_ns = now_ns;
	a->header.wall_minus_mono_ns = ct_wall_minus_mono_ns(&a->header.clock_error_ns);
	ret = begin_next(a, now_ns, err);
	if (ret) {
		ct_recorder_take_back(&a->recorder);
		a->dropped = dropped;
		return ret;
	}
	a->begin_ns = now_ns;
	a->files++;
	sweep(a, now_ns);
	return 0;
}

/* Again every second, while the disk is full; any other failure is one. */
static int go_on(struct ct_archive *a, uint64_t now_ns, struct ct_err *err)
{
	uint64_t dropped = a->dropped;
	int ret;

	new_series(a);
	ret = next_file(a, now_ns, err);
	a->retry_ns = now_ns + RETRY_EVERY_NS;
	if (ret)
		return is_no_room(ret) ? 0 : ret;
	a->full = false;
	say(a,
	    "there is room on the disk of '%s' again: recording goes on, %llu events are missing",
	    a->opts.path, dropped);
	return 0;
}

/* The file that is open, or was to be, cannot grow. 0: that ends nothing. */
static int survive(struct ct_archive *a, int ret, uint64_t now_ns)
{
	struct ct_err why;

	if (!is_no_room(ret) || a->dir < 0)
		return ret;
	if (close_file(a, 0, &why)) /* it is one that was cut off */
		say(a, "%s", why.msg, 0);
	fall_silent(a, now_ns);
	return 0;
}

static int rotate(struct ct_archive *a, uint64_t now_ns, struct ct_err *err)
{
	int ret = close_file(a, now_ns, err);

	/* The end of it had to go: what follows does so with a gap. */
	if (is_no_room(ret) || (!ret && a->dropped)) {
		fall_silent(a, now_ns);
		return 0;
	}
	a->header.sequence++;
	if (!ret)
		ret = next_file(a, now_ns, err);
	return survive(a, ret, now_ns);
}

int ct_archive_write(struct ct_archive *a, const struct ct_event *e, struct ct_err *err)
{
	int ret = 0;

	if (a->carry)
		ct_carry_feed(a->carry, e);
	if (a->recorder.state && !a->full)
		ret = survive(a, ct_recorder_write(&a->recorder, e, err), e->ts_ns);
	a->dropped += a->full;
	a->missing += a->full;
	return ret;
}

int ct_archive_gap(struct ct_archive *a, uint64_t events, uint64_t until_ns, struct ct_err *err)
{
	int ret;

	a->dropped += events;
	a->missing += events;
	if (!a->recorder.state || a->full)
		return 0;
	ret = tell_dropped(a, until_ns, err);
	if (ret)
		a->dropped += events;
	return survive(a, ret, until_ns);
}

struct learning {
	struct ct_archive *a;
	int ret;
	struct ct_err *err;
};

static void write_learned(void *ctx, const struct ct_event *e)
{
	struct learning *l = ctx;

	if (l->a->recorder.state && !l->a->full)
		l->ret = survive(l->a, ct_recorder_write(&l->a->recorder, e, l->err), e->ts_ns);
}

int ct_archive_learn(struct ct_archive *a, const struct ct_record *rec, struct ct_err *err)
{
	struct learning l = { .a = a, .err = err };

	if (a->carry)
		ct_carry_learn(a->carry, rec, a->begin_ns, write_learned, &l);
	return l.ret;
}

static bool is_due(const struct ct_archive *a, uint64_t now_ns, bool quiet)
{
	const struct ct_archive_options *o = &a->opts;
	uint64_t patience = quiet ? 0 : PATIENCE_NS;

	/* One that has nothing but what was known before stays. */
	if (o->file_ns && now_ns >= a->begin_ns + o->file_ns + patience)
		return true;
	return o->file_bytes && a->recorder.bytes >= o->file_bytes &&
	       (quiet || a->recorder.bytes >= o->file_bytes + o->file_bytes / 4);
}

int ct_archive_tick(struct ct_archive *a, uint64_t now_ns, bool quiet, struct ct_err *err)
{
	int ret;

	if (!a->begun)
		return 0;
	if (a->full)
		return now_ns >= a->retry_ns ? go_on(a, now_ns, err) : 0;
	ret = survive(a, ct_recorder_tick(&a->recorder, now_ns, err), now_ns);
	if (ret || a->full)
		return ret;
	if (a->opts.max_bytes && a->recorder.bytes + 2 * CT_BLOCK_FLUSH_LEN >= a->opts.max_bytes)
		a->ended = true;
	if (a->dir < 0)
		return 0;
	if (now_ns >= a->sweep_ns || a->recorder.bytes >= a->sweep_bytes)
		sweep(a, now_ns);
	return is_due(a, now_ns, quiet) ? rotate(a, now_ns, err) : 0;
}

static void finish(struct ct_archive *a)
{
	if (a->opts.directory && a->dir >= 0) /* else none was ever opened */
		close(a->dir);
	a->dir = -1;
	ct_carry_free(a->carry);
	a->carry = NULL;
}

int ct_archive_close(struct ct_archive *a, struct ct_err *err)
{
	int ret = a->recorder.state ? close_file(a, a->end_ns, err) : 0;

	if (is_no_room(ret) && a->dir >= 0)
		ret = 0;
	finish(a);
	return ret;
}

void ct_archive_give_up(struct ct_archive *a)
{
	ct_recorder_give_up(&a->recorder);
	finish(a);
}
