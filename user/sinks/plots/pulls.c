// SPDX-License-Identifier: GPL-2.0-only
/* Each pull: what bounded it, and what it could have gained at most; then by registry. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/escape.h"
#include "sinks/plots/fetched.h"
#include "sinks/sink.h"
#include "sinks/units.h"
#include "stats/pulls.h"
#include "util/mem.h"

#define NAME_COLUMNS  12
#define WORDS_COLUMNS 24
#define REGISTRIES    32

/* Of a registry, by the names of images. */
struct registry {
	char name[128];
	size_t n, failed, there, layers, retries;
	uint64_t bytes, fetching;
	uint64_t *totals; /* owned, of those that succeeded */
	size_t total_count, room;
};

struct pulls {
	struct registry of[REGISTRIES];
	size_t count, beyond;
};

static struct registry *registry_of(struct pulls *p, const char *image)
{
	char name[sizeof(p->of[0].name)];

	ct_image_registry(image, name, sizeof(name));
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->of[i].name, name))
			return &p->of[i];
	if (p->count == REGISTRIES) {
		p->beyond++;
		return NULL;
	}
	memcpy(p->of[p->count].name, name, sizeof(name));
	return &p->of[p->count++];
}

static int keep(struct pulls *p, const struct ct_record *rec, const struct ct_pull_bound *b)
{
	struct registry *r = registry_of(p, rec->who->image);

	if (!r)
		return 0;
	r->n++;
	r->failed += rec->outcome != CT_OUTCOME_OK;
	r->there += b->there;
	r->layers += b->layers;
	r->retries += b->retries;
	r->bytes += b->fetching ? b->bytes : 0;
	r->fetching += b->fetching;
	if (rec->outcome != CT_OUTCOME_OK)
		return 0;
	if (r->total_count == r->room) {
		size_t room = r->room ? 2 * r->room : 16;
		uint64_t *totals = reallocarray(r->totals, room, sizeof(*totals));

		if (!totals)
			return -ENOMEM;
		r->totals = totals;
		r->room = room;
	}
	r->totals[r->total_count++] = rec->end_ns - rec->begin_ns;
	return 0;
}

static void row(struct ct_pen *pen, const char *name, uint64_t ns, uint64_t of, const char *words)
{
	fputs("  ", pen->f);
	ct_pen_left(pen, name, NAME_COLUMNS);
	ct_pen_duration(pen, ns, 10, false);
	if (of)
		fprintf(pen->f, " %4.0f %%", 100.0 * (double)ns / (double)of);
	if (words)
		fprintf(pen->f, "  %s", words);
	fputc('\n', pen->f);
}

static void speed(char *to, size_t room, uint64_t bytes, uint64_t ns)
{
	char text[CT_BYTES_LEN];

	if (bytes && ns)
		snprintf(to, room, "%s, %.1f MB/s", ct_bytes(text, bytes),
			 (double)bytes * 1e3 / (double)ns);
	else
		snprintf(to, room, "%s", ct_bytes(text, bytes));
}

/*
 * "1 to 3 at once, 11.8 MB/s: no more came when more were fetched at once". That nobody knows is said where it matters: a
 * layer has waited for a slot.
 */
static void draw_line(struct ct_pen *pen, const struct ct_pull_bound *b)
{
	const struct ct_pull_line *line = &b->line;

	if (line->is == CT_LINE_UNKNOWN && !b->slots && !b->unlimited)
		return;
	fputs("  ", pen->f);
	ct_pen_left(pen, "line", NAME_COLUMNS);
	fprintf(pen->f, "%10s", ct_line_names[line->is]);
	if (line->most)
		fprintf(pen->f, "  %zu", line->least);
	if (line->most > line->least)
		fprintf(pen->f, " to %zu", line->most);
	if (line->most)
		fprintf(pen->f, " at once, %.1f MB/s", line->rate / 1e6);
	fprintf(pen->f, ": %s\n", ct_line_why_docs[line->why]);
}

/* What the line may not have room for is told apart, where that makes a difference of one percent. */
static void draw_gain(struct ct_pen *pen, const char *name, uint64_t most, uint64_t least,
		      uint64_t total, const char *words)
{
	row(pen, name, most, total, words);
	if ((most - least) * 100 >= total)
		row(pen, "    as wide", least, total, "and the line carried no more than it did");
}

static void draw_gains(struct ct_pen *pen, const struct ct_pull_bound *b, uint64_t total)
{
	char words[96];

	speed(words, sizeof(words), b->bytes, b->fetching);
	row(pen, "fetching", b->fetching, 0, words);
	row(pen, "unpacking", b->inflating, 0, NULL);
	row(pen, "both at once", b->overlap, 0, NULL);
	draw_line(pen, b);
	fputs("  could gain at most\n", pen->f);
	draw_gain(pen, "  no limit", b->unlimited, b->unlimited_least, total,
		  "if no layer waited for a slot");
	row(pen, "  parallel", b->parallel, total, "if none waited for the layer before it");
	draw_gain(pen, "  both", b->both, b->both_least, total, NULL);
}

/* What its engine says is long, and its end matters: it is never cut. */
static int draw_failed(struct ct_pen *pen, const struct ct_record *rec)
{
	own_mem char *why = ct_escape_text_dup(rec->message ? rec->message : "", pen->utf8);

	if (!why)
		return -ENOMEM;
	fprintf(pen->f, ", %s\n", ct_outcome_names[rec->outcome]);
	if (*why)
		fprintf(pen->f, "  in %s: %s\n", ct_phase_names[rec->failed_phase], why);
	ct_fetched_draw_asked(pen, rec);
	ct_fetched_draw_peers(pen, rec->fetched);
	fputc('\n', pen->f);
	return 0;
}

static size_t stored(const struct ct_fetched *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->layer_count; i++)
		n += f->layers[i].stored;
	return n;
}

static int draw_pull(struct ct_pen *pen, const struct ct_record *rec, const struct ct_pull_bound *b)
{
	uint64_t total = rec->end_ns - rec->begin_ns;
	char took[CT_DURATION_LEN];

	ct_pen_on(pen, CT_STYLE_BOLD);
	fputs("pull ", pen->f);
	ct_pen_foreign(pen, rec->who->image, pen->width, false);
	ct_pen_off(pen);
	fprintf(pen->f, ", %s: %s", rec->who->engine[0] ? rec->who->engine : "?",
		ct_duration(took, total, pen->utf8 ? CT_DURATION_UTF8 : 0));
	if (rec->outcome != CT_OUTCOME_OK)
		return draw_failed(pen, rec);
	if (rec->fetched->up_to_date) {
		fputs(", up to date\n", pen->f);
		ct_fetched_draw_asked(pen, rec);
		ct_fetched_draw_peers(pen, rec->fetched);
		fputc('\n', pen->f);
		return 0;
	}
	fprintf(pen->f, ", %zu layers, %zu there", b->layers, b->there);
	if (stored(rec->fetched))
		fprintf(pen->f, ", %zu stored", stored(rec->fetched));
	fputc('\n', pen->f);
	ct_fetched_draw_asked(pen, rec);
	ct_fetched_draw_peers(pen, rec->fetched);
	ct_fetched_draw_unpacked(pen, rec->fetched);
	if (!b->whole) {
		fputs("  when each layer was fetched and unpacked is not known\n\n", pen->f);
		return 0;
	}
	fprintf(pen->f, "  bounded by %s\n", b->what);
	row(pen, "registry", b->resolve, total, NULL);
	row(pen, "network", b->network, total, NULL);
	row(pen, "slots", b->slots, total, NULL);
	row(pen, "unpack", b->unpack, total, NULL);
	row(pen, "register", b->finish, total, NULL);
	draw_gains(pen, b, total);
	fputc('\n', pen->f);
	return 0;
}

static int record(struct ct_sink *s, FILE *page, const struct ct_session *session,
		  const struct ct_record *rec)
{
	struct ct_pen pen = ct_sink_pen(s, page);
	struct ct_pull_bound b;
	int r;

	(void)session;
	if (rec->type != CT_RECORD_PULL || !rec->fetched)
		return 0;
	b = ct_pull_bound(rec);
	r = draw_pull(&pen, rec, &b);
	return r ? r : keep(s->state, rec, &b);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The least that so many of a hundred took at most. */
static uint64_t at(const struct registry *r, unsigned percent)
{
	size_t n = (r->total_count * percent + 99) / 100;

	return r->total_count ? r->totals[n ? n - 1 : 0] : 0;
}

static void draw_registry(struct ct_pen *pen, struct registry *r)
{
	char words[96];

	if (r->totals) /* none came to its end: qsort() wants a place all the same */
		qsort(r->totals, r->total_count, sizeof(r->totals[0]), by_size);
	ct_pen_foreign(pen, r->name, WORDS_COLUMNS, true);
	fprintf(pen->f, " %5zu %6zu", r->n, r->failed);
	ct_pen_duration(pen, at(r, 50), 10, false);
	ct_pen_duration(pen, at(r, 90), 10, false);
	ct_pen_duration(pen, at(r, 99), 10, false);
	speed(words, sizeof(words), r->bytes, r->fetching);
	fprintf(pen->f, "  %s, %.0f %% there, %zu retries\n", words,
		r->layers ? 100.0 * (double)r->there / (double)r->layers : 0.0, r->retries);
}

static int end(struct ct_sink *s, FILE *page, const struct ct_session *session,
	       const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	struct ct_pen pen = ct_sink_pen(s, page);
	struct pulls *p = s->state;

	(void)session, (void)summary, (void)counts;
	if (!p->count) {
		fputs("no image was pulled\n", page);
		return 0;
	}
	ct_pen_left(&pen, "registry, by the name", WORDS_COLUMNS);
	fprintf(page, " %5s %6s %9s %9s %9s\n", "n", "failed", "p50", "p90", "p99");
	for (size_t i = 0; i < p->count; i++)
		draw_registry(&pen, &p->of[i]);
	if (p->beyond)
		fprintf(page, "and %zu pulls from other registries\n", p->beyond);
	return 0;
}

static void free_all(void *state)
{
	struct pulls *p = state;

	for (size_t i = 0; i < p->count; i++)
		free(p->of[i].totals);
}

const struct ct_sink_ops ct_pulls_ops = {
	.name = "pulls",
	.suffix = ".pulls.txt",
	.help = "each pull of an image: what bounded it, what it could gain",
	.columns = true,
	.state_size = sizeof(struct pulls),
	.record = record,
	.end = end,
	.free = free_all,
};
