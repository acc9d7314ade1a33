// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that nobody sent in this order: the input is a program that plays the recordings of
 * tests/replay, which lie in goldens/ beside this program, to a core with small tables. It drops,
 * doubles, moves and repeats events, gives them to other processes, cuts their words, jumps in
 * time, and says that something was lost. A parser's fuzzer finds what one message breaks; this
 * finds what an order breaks. What must hold: every record tiles, and every event is counted.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/core.h"
#include "core/opens/opens.h"
#include "core/base/text.h"
#include "source/recording/recording.h"
#include "util/mem.h"

#define EVENTS_MAX  1500 /* fed for one input: enough for a few lives */
#define PROGRAM_MAX 2048 /* bytes of it that are read */
#define PAST        16 /* events of each kind that can be repeated */
#define MS          1000000ull
#define S           (1000 * MS)
#define GAP_MAX     (20 * S) /* beyond it two events are of two recordings */

static struct ct_event **golden; /* all events of all recordings */
static size_t golden_count;

#define RECORDINGS_MAX 64

static size_t recordings[RECORDINGS_MAX + 1]; /* where each begins, and where the last one ends */
static unsigned recording_count;

struct play {
	struct ct_core *core;
	const uint8_t *at, *end; /* of the program */
	size_t pos; /* in golden */
	uint64_t now, last; /* now, and what the recording said of the event before */
	uint64_t fed;
	uint8_t deaf; /* a kind that nobody hears, 0: none */
	uint8_t deaf_sub; /* of it only this one, 0: all */
	bool loaded;
	uint64_t next[CT_EVENT_LEN_MAX / 8]; /* what is fed next */
	uint64_t held[CT_EVENT_LEN_MAX / 8];
	unsigned held_for; /* events until held is fed, 0: nothing is held */
	const struct ct_event *past[CT_KIND_MAX][PAST];
	uint8_t past_at[CT_KIND_MAX];
	uint64_t cookie; /* of the connection heard last */
};

_Static_assert(CT_EVENT_LEN_MAX % 8 == 0, "one fits");

static struct ct_event *next_of(struct play *p)
{
	return (struct ct_event *)p->next;
}

static void ensure(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void on_record(void *ctx, const struct ct_record *rec)
{
	const char *wrong = check_record(rec);

	(void)ctx;
	ensure(!wrong, wrong);
}

static void on_opens(void *ctx, struct ct_opens *opens)
{
	(void)ctx;
	ct_opens_free(opens);
}

static void on_golden(void *ctx, const struct ct_event *e)
{
	struct ct_event *copy = malloc(e->len);

	(void)ctx;
	if (golden_count % 1024 == 0)
		golden = realloc(golden, (golden_count + 1024) * sizeof(struct ct_event *));
	ensure(copy && golden, "memory");
	memcpy(copy, e, e->len);
	golden[golden_count++] = copy;
}

static unsigned byte(struct play *p)
{
	return p->at < p->end ? *p->at++ : 0;
}

static const struct ct_event *any_event(struct play *p)
{
	unsigned high = byte(p), low = byte(p);

	return golden[(high << 8 | low) % golden_count];
}

/* Time passes as it did in the recording; between two of them a little. */
static void pass_time(struct play *p, const struct ct_event *e)
{
	bool near = p->last && e->ts_ns >= p->last && e->ts_ns - p->last < GAP_MAX;

	p->now += near ? e->ts_ns - p->last : MS;
	p->last = e->ts_ns;
}

static struct ct_event *load(struct play *p)
{
	const struct ct_event *e = golden[p->pos % golden_count];

	if (p->loaded)
		return next_of(p);
	p->pos++;
	pass_time(p, e);
	memcpy(p->next, e, e->len);
	next_of(p)->ts_ns = p->now;
	p->loaded = true;
	if (e->kind < CT_KIND_MAX)
		p->past[e->kind][p->past_at[e->kind]++ % PAST] = e;
	if (e->kind == CT_KIND_SEND)
		p->cookie = e->obj;
	return next_of(p);
}

static void feed(struct play *p, const struct ct_event *e)
{
	struct ct_err err;

	if (e->kind == p->deaf && (!p->deaf_sub || e->sub == p->deaf_sub))
		return;
	if (p->fed >= EVENTS_MAX || ct_event_check(e, e->len, &err))
		return;
	ct_core_feed(p->core, e);
	p->fed++;
}

static void feed_next(struct play *p)
{
	feed(p, load(p));
	p->loaded = false;
	if (p->held_for && --p->held_for == 0)
		feed(p, (const struct ct_event *)p->held);
}

static void op_play(struct play *p)
{
	for (unsigned n = byte(p) / 4 + 1; n; n--)
		feed_next(p);
}

static void op_drop(struct play *p)
{
	load(p);
	p->loaded = false;
	p->pos += byte(p) / 8;
}

static void op_double(struct play *p)
{
	feed(p, load(p));
}

static void op_hold(struct play *p)
{
	memcpy(p->held, load(p), next_of(p)->len);
	p->held_for = byte(p) + 1;
	p->loaded = false;
}

/* To a recording, each as likely as the others, and some way into it. */
static void op_go(struct play *p)
{
	unsigned which = byte(p) % recording_count, way = byte(p);
	size_t len = recordings[which + 1] - recordings[which];

	p->loaded = false;
	p->pos = recordings[which] + (way < 128 ? 0 : len * (way - 128) / 128);
	p->last = 0;
}

static void feed_number(struct play *p, uint8_t kind, uint16_t sub, uint64_t obj)
{
	struct ct_event e = { .len = sizeof(e), .kind = kind, .sub = sub, .obj = obj };

	e.ts_ns = p->now;
	feed(p, &e);
}

/* What of the core waits for time waits for one of these. */
static void op_time(struct play *p)
{
	static const uint64_t steps[] = { MS, 60 * MS, 2 * S, 11 * S, 40 * S, 700 * S, 86400 * S };

	p->now += steps[byte(p) % CT_ARRAY_SIZE(steps)];
	if (p->loaded)
		next_of(p)->ts_ns = p->now;
	feed_number(p, CT_KIND_CLOCK, 0, 0);
}

static void op_late(struct play *p)
{
	struct ct_event *e = load(p);
	uint64_t late = byte(p) * MS;

	e->ts_ns -= late < e->ts_ns ? late : 0;
}

static void op_clock(struct play *p)
{
	feed_number(p, CT_KIND_CLOCK, 0, 0);
}

static void op_lost(struct play *p)
{
	unsigned what = byte(p);

	/* one more than there are: a newer coldtrace counts others */
	feed_number(p, CT_KIND_LOST, (uint16_t)(what % (CT_LOSS_MAX + 1)), what / 16 + 1);
}

/* Kernel-side marks of what is not carried, and numbers that no coldtrace knows. */
static void op_hole(struct play *p)
{
	static const uint8_t kinds[] = { CT_KIND_HOLE, CT_KIND_FORGER, 21, 99 };

	feed_number(p, kinds[byte(p) % CT_ARRAY_SIZE(kinds)], 0, p->cookie);
}

static void op_field(struct play *p)
{
	struct ct_event *e = load(p);
	unsigned which = byte(p);
	const struct ct_event *from = any_event(p);

	switch (which % 8) {
	case 0:
		e->sub = from->sub;
		break;
	case 1:
		e->obj = from->obj;
		break;
	case 2:
		e->root = from->root;
		break;
	case 3:
		e->arg = from->arg;
		break;
	case 4:
		e->kind = from->kind;
		break;
	case 5:
		e->ret = from->ret;
		break;
	default:
		e->tgid = from->tgid;
		break;
	}
}

/* What happened happens once more, now. */
static void op_again(struct play *p)
{
	static const uint8_t kinds[] = { CT_KIND_EXEC, CT_KIND_SEND,  CT_KIND_EXEC,    CT_KIND_FORK,
					 CT_KIND_EXEC, CT_KIND_RELAY, CT_KIND_EXIT,    CT_KIND_SEND,
					 CT_KIND_EXEC, CT_KIND_SYNC,  CT_KIND_IDENTITY };
	uint8_t kind = kinds[byte(p) % CT_ARRAY_SIZE(kinds)];
	const struct ct_event *e = p->past[kind][byte(p) % PAST];

	if (!e)
		return;
	memcpy(p->next, e, e->len);
	next_of(p)->ts_ns = p->now;
	p->loaded = true;
}

/* The nth word of a tail, behind the last one an empty one. */
static struct ct_text word_of(const struct ct_event *e, unsigned n)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len), word;

	do
		word = ct_text_cut(&rest, '\0');
	while (n-- && rest.len);
	return word;
}

static void cut_words(struct ct_event *e, unsigned n, unsigned count)
{
	while (count--) {
		struct ct_text word = word_of(e, n);
		size_t at = (size_t)(word.p - e->tail), len = word.len + 1;

		if (at + len > e->tail_len)
			len = e->tail_len - at;
		memmove(e->tail + at, e->tail + at + len, e->tail_len - at - len);
		e->tail_len -= (uint16_t)len;
	}
}

/* An id that differs in its last byte is another container. */
static void change_word(struct ct_event *e, unsigned n, unsigned how)
{
	struct ct_text word = word_of(e, n);

	if (word.len)
		e->tail[word.p - e->tail + (ptrdiff_t)word.len - 1] = (char)('a' + how % 16);
}

static bool looks_like_id(struct ct_text word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !(i && c == '-'))
			return false;
	}
	return word.len >= 5;
}

/* Every id in it. */
static void change_ids(struct ct_event *e, unsigned how)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);

	while (rest.len) {
		struct ct_text word = ct_text_cut(&rest, '\0');

		if (looks_like_id(word))
			e->tail[word.p - e->tail + (ptrdiff_t)word.len - 1] =
				(char)('a' + how % 16);
	}
}

/* A word of another event: what does not fit is cut, for the length stays. */
static void take_word(struct play *p, struct ct_event *e, unsigned n)
{
	const struct ct_event *from = any_event(p);
	struct ct_text word = word_of(e, n), other = word_of(from, byte(p) % 8);

	if (word.len && other.len)
		memcpy(e->tail + (word.p - e->tail), other.p,
		       other.len < word.len ? other.len : word.len);
}

static void op_words(struct play *p)
{
	struct ct_event *e = load(p);
	unsigned how = byte(p), which = byte(p);

	switch (how % 5) {
	case 0:
		cut_words(e, which % 8, 1);
		break;
	case 1:
		cut_words(e, which % 8, 2);
		break;
	case 2:
		change_word(e, which % 8, how / 8);
		break;
	case 3:
		change_ids(e, how / 8);
		break;
	default:
		take_word(p, e, which % 8);
		break;
	}
}

/* What was something once executes itself again, about another, with fewer words. */
static void op_forge(struct play *p)
{
	const struct ct_event *e = p->past[CT_KIND_EXEC][byte(p) % PAST];
	unsigned how = byte(p);

	if (!e)
		return;
	memcpy(p->next, e, e->len);
	next_of(p)->ts_ns = p->now;
	p->loaded = true;
	if (how & 1)
		cut_words(next_of(p), how / 4 % 8, 2);
	if (how & 2)
		change_ids(next_of(p), how / 32);
}

/* Most of a program plays on: a story that is told in pieces makes no records. */
static void (*const ops[])(struct play *p) = {
	op_play,  op_play, op_play, op_play,  op_drop,  op_double, op_hold,  op_go,
	op_time,  op_late, op_play, op_lost,  op_hole,  op_field,  op_field, op_again,
	op_again, op_play, op_play, op_words, op_words, op_clock,  op_forge, op_forge,
};

static struct ct_core_options options_of(struct play *p)
{
	unsigned tables = byte(p), depth = byte(p), ready = byte(p);

	return (struct ct_core_options){
		.containers_max = 1 + tables % 6,
		.steps = depth & 1,
		.why = depth & 2,
		.ready_mask = ready & 32 ? ready % 32 : 0,
	};
}

static void run_program(struct play *p)
{
	static const uint8_t kinds[] = {
		0, 0, CT_KIND_EXIT, CT_KIND_EXEC, CT_KIND_FORK, CT_KIND_SEND, CT_KIND_IDENTITY, 0
	};

	p->deaf = kinds[byte(p) % CT_ARRAY_SIZE(kinds)];
	op_go(p);
	while (p->at < p->end && p->fed < EVENTS_MAX)
		ops[byte(p) % CT_ARRAY_SIZE(ops)](p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play p;
	const struct ct_core_ops ops_of_core = { .record = on_record, .opens = on_opens };
	struct ct_core_options opts;

	p = (struct play){ .at = data, .now = 1000 * S };
	p.end = data + (size < PROGRAM_MAX ? size : PROGRAM_MAX);
	opts = options_of(&p);
	p.core = ct_core_new(&opts, &ops_of_core, NULL);
	ensure(p.core, "memory");
	run_program(&p);
	ct_core_flush(p.core);
	ensure(ct_core_counts(p.core).events == p.fed, "every event is counted");
	ct_core_free(p.core);
	return 0;
}

static void read_golden(const char *path)
{
	struct ct_recording_header header;
	struct ct_err err = { 0 };
	uint64_t cut;

	ensure(recording_count < RECORDINGS_MAX, "more recordings than RECORDINGS_MAX");
	ensure(!ct_replay(path, &header, on_golden, NULL, &cut, &err), err.msg);
	recordings[++recording_count] = golden_count;
}

static int is_recording(const struct dirent *d)
{
	return strlen(d->d_name) > 3 && !strcmp(d->d_name + strlen(d->d_name) - 3, ".ct");
}

/* In order of their names: an input means the same on every machine. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *self = (*argv)[0], *slash = strrchr(self, '/');
	struct dirent **names;
	char dir[4096], path[8192];
	int n;

	(void)argc;
	snprintf(dir, sizeof(dir), "%.*sgoldens", slash ? (int)(slash - self) + 1 : 0, self);
	n = scandir(dir, &names, is_recording, alphasort);
	ensure(n > 0, "no recordings in goldens/ beside the program: run make fuzz-seeds");
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		read_golden(path);
		free(names[i]);
	}
	free(names);
	return 0;
}
