// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_desk.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <utlist.h>

#include "util/mem.h"

#define SHEET_BYTES (256u << 10)
#define SPARE_MAX   2

enum item_kind {
	WRITE, /* an event */
	LEARN, /* struct learned */
	TICK, /* struct tick */
	GAP /* struct gap */
};

struct item {
	uint32_t kind;
	uint32_t len; /* of what follows, in units of 8 bytes */
};

struct learned {
	struct ct_identity who;
	uint64_t type, removed, begin_ns;
};

struct tick {
	uint64_t now_ns, quiet;
};

struct gap {
	uint64_t events, until_ns;
};

/* What has been put there between two looks. */
struct sheet {
	struct sheet *next;
	size_t len;
	char items[SHEET_BYTES];
};

struct ct_desk {
	struct ct_archive *archive; /* borrowed, of the thread alone */
	size_t max; /* bytes */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t some;
	/* Under the lock. */
	struct sheet *pile; /* owned: not yet taken, the oldest first */
	struct sheet *spare; /* owned, empty */
	size_t spares;
	size_t waiting; /* bytes that are not in the archive */
	bool over; /* nothing will be added */
	struct ct_err err; /* code 0: nothing has failed */
	struct ct_archive_seen now;
	/* Of who puts them there. */
	struct sheet *open; /* owned, NULL: none */
	size_t full; /* bytes that were waiting at the last look */
	struct gap gap; /* what was dropped since it was last told */
	struct ct_archive_seen seen;
};

static int do_item(struct ct_archive *a, const struct item *item, struct ct_err *err)
{
	const void *what = item + 1;
	const struct learned *learned = what;
	const struct tick *tick = what;
	const struct gap *gap = what;
	struct ct_record rec = { 0 };

	switch ((enum item_kind)item->kind) {
	case WRITE:
		return ct_archive_write(a, what, err);
	case LEARN:
		rec.type = (enum ct_record_type)learned->type;
		rec.removed = learned->removed;
		rec.begin_ns = learned->begin_ns;
		rec.who = &learned->who;
		return ct_archive_learn(a, &rec, err);
	case TICK:
		return ct_archive_tick(a, tick->now_ns, tick->quiet, err);
	case GAP:
		return ct_archive_gap(a, gap->events, gap->until_ns, err);
	}
	return 0;
}

/* After a failure nothing more is written, nor when it is as large as it may be. */
static int do_sheet(struct ct_archive *a, const struct sheet *sheet, struct ct_err *err)
{
	int ret = 0;

	for (size_t at = 0; at < sheet->len && !ret && !a->ended;) {
		const struct item *item = (const void *)(sheet->items + at);

		ret = do_item(a, item, err);
		at += sizeof(*item) + item->len;
	}
	return ret;
}

/* Not of malloc(), which keeps what is given back to it. NULL: no memory. */
static struct sheet *sheet_new(void)
{
	void *at = mmap(NULL, sizeof(struct sheet), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static void sheet_free(struct sheet *sheet)
{
	if (sheet)
		munmap(sheet, sizeof(*sheet));
}

/* It is used again, unless there are some: after a stall what had piled up goes. */
static void put_by(struct ct_desk *d, struct sheet *sheet)
{
	if (d->spares >= SPARE_MAX) {
		sheet_free(sheet);
		return;
	}
	LL_PREPEND(d->spare, sheet);
	d->spares++;
}

static void *work(void *arg)
{
	struct ct_desk *d = arg;
	struct ct_err err = { 0 };
	int ret = 0; /* what the archive has survived is in err, and no failure */

	pthread_mutex_lock(&d->lock);
	for (;;) {
		struct sheet *sheet;

		while (!d->pile && !d->over)
			pthread_cond_wait(&d->some, &d->lock);
		sheet = d->pile;
		if (!sheet)
			break;
		LL_DELETE(d->pile, sheet);
		pthread_mutex_unlock(&d->lock);
		if (!ret)
			ret = do_sheet(d->archive, sheet, &err);
		pthread_mutex_lock(&d->lock);
		if (ret)
			d->err = err;
		d->now = ct_archive_seen(d->archive);
		d->waiting -= sheet->len;
		put_by(d, sheet);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

/* Signals are for who looks at the events. */
static int start(struct ct_desk *d)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&d->thread, NULL, work, d);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

int ct_desk_begin_sized(struct ct_desk **ret, struct ct_archive *archive, size_t bytes,
			struct ct_err *err)
{
	struct ct_desk *d = calloc(1, sizeof(*d));
	int code;

	if (!d)
		return ct_fail(err, ENOMEM, "begin to record: out of memory");
	d->archive = archive;
	d->max = bytes;
	d->now = d->seen = ct_archive_seen(archive);
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->some, NULL);
	code = start(d);
	if (code) {
		free(d);
		return ct_fail(err, code, "begin to record: start a thread: %s", strerror(code));
	}
	*ret = d;
	return 0;
}

int ct_desk_begin(struct ct_desk **ret, struct ct_archive *archive, struct ct_err *err)
{
	return ct_desk_begin_sized(ret, archive, CT_DESK_BYTES, err);
}

/* With the lock. */
static void hand_over(struct ct_desk *d)
{
	struct sheet *sheet = take_ptr(d->open);

	if (sheet) {
		d->waiting += sheet->len;
		LL_APPEND(d->pile, sheet);
		pthread_cond_signal(&d->some);
	}
	d->full = d->waiting;
	d->seen = d->now;
}

static void turn_over(struct ct_desk *d)
{
	pthread_mutex_lock(&d->lock);
	hand_over(d);
	if (d->spare) {
		d->open = d->spare;
		LL_DELETE(d->spare, d->open);
		d->spares--;
	}
	pthread_mutex_unlock(&d->lock);
	if (!d->open)
		d->open = sheet_new();
	if (d->open)
		d->open->len = 0;
}

/* Room for so many bytes, NULL: there is no memory. */
static void *place(struct ct_desk *d, enum item_kind kind, size_t len)
{
	size_t whole = (len + 7) & ~(size_t)7;
	struct item *item;

	if (!d->open || d->open->len + sizeof(*item) + whole > SHEET_BYTES)
		turn_over(d);
	if (!d->open)
		return NULL;
	item = (void *)(d->open->items + d->open->len);
	*item = (struct item){ kind, (uint32_t)whole };
	d->open->len += sizeof(*item) + whole;
	return item + 1;
}

/* Without these it is not known whose all that follows is: they may take as much room again. */
static bool tells_who(const struct ct_event *e)
{
	switch (e->kind) {
	case CT_KIND_FORK:
	case CT_KIND_EXEC:
	case CT_KIND_EXIT:
	case CT_KIND_PROCESS:
	case CT_KIND_ENGINE:
	case CT_KIND_IDENTITY:
	case CT_KIND_LABELS:
	case CT_KIND_LOST:
		return true;
	default:
		return false;
	}
}

static bool tell_gap(struct ct_desk *d)
{
	struct gap *gap = d->gap.events ? place(d, GAP, sizeof(*gap)) : NULL;

	if (gap) {
		*gap = d->gap;
		d->gap.events = 0;
	}
	return !d->gap.events;
}

void ct_desk_write(struct ct_desk *d, const struct ct_event *e)
{
	size_t max = tells_who(e) ? 2 * d->max : d->max;
	void *to = d->full < max && tell_gap(d) ? place(d, WRITE, e->len) : NULL;

	if (to) {
		memcpy(to, e, e->len);
		return;
	}
	d->gap.events++;
	d->gap.until_ns = e->ts_ns;
}

void ct_desk_learn(struct ct_desk *d, struct ct_archive *archive, const struct ct_record *rec)
{
	struct learned *to = d && d->full < 2 * d->max ? place(d, LEARN, sizeof(*to)) : NULL;
	struct ct_err err;

	if (!d) /* nothing has begun: nothing is written that could fail */
		ct_archive_learn(archive, rec, &err);
	else if (to)
		*to = (struct learned){ *rec->who, rec->type, rec->removed, rec->begin_ns };
}

int ct_desk_tick(struct ct_desk *d, uint64_t now_ns, bool quiet, struct ct_err *err)
{
	/* Who has enough to do finds out what time it is when he is there. */
	struct tick *tick = d->full < d->max ? place(d, TICK, sizeof(*tick)) : NULL;
	int ret;

	if (tick)
		*tick = (struct tick){ now_ns, quiet };
	pthread_mutex_lock(&d->lock);
	hand_over(d);
	ret = d->err.code;
	if (ret)
		*err = d->err;
	pthread_mutex_unlock(&d->lock);
	return ret;
}

struct ct_archive_seen ct_desk_seen(const struct ct_desk *d)
{
	return d->seen;
}

static void free_sheets(struct sheet *list)
{
	struct sheet *sheet, *next;

	LL_FOREACH_SAFE(list, sheet, next)
	sheet_free(sheet);
}

int ct_desk_end(struct ct_desk *d, struct ct_err *err)
{
	int ret;

	if (!d)
		return 0;
	tell_gap(d);
	pthread_mutex_lock(&d->lock);
	hand_over(d);
	d->over = true;
	pthread_cond_signal(&d->some);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);
	ret = d->err.code;
	if (ret)
		*err = d->err;
	pthread_cond_destroy(&d->some);
	pthread_mutex_destroy(&d->lock);
	free_sheets(d->spare);
	sheet_free(d->open);
	free(d);
	return ret;
}
