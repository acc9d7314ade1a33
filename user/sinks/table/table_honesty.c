// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sinks/escape.h"
#include "sinks/table/table.h"
#include "sinks/units.h"
#include "util/mem.h"

static const struct {
	const char *what, *advice;
} losses[CT_LOSS_MAX] = {
#define X(number, symbol, name, advice) [CT_LOSS_##symbol] = { name, advice },
	CT_LOSSES(X)
#undef X
};

/* One paragraph, clause by clause. What does not fit is cut, and then ends in dots. */
struct prose {
	char text[1536];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct prose *prose, const char *fmt, ...)
{
	size_t room = sizeof(prose->text) - prose->len;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(prose->text + prose->len, room, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n < room) {
		prose->len += (size_t)n;
		return;
	}
	prose->len = sizeof(prose->text) - 1;
	memcpy(prose->text + prose->len - 3, "...", 3);
}

static void say_lost(struct prose *prose, const struct ct_core_counts *counts)
{
	uint64_t sum = 0;
	const char *between = ": ";

	for (size_t i = 0; i < CT_LOSS_MAX; i++)
		sum += counts->lost[i];
	if (counts->unread)
		say(prose, "INCOMPLETE: not all of %llu recording%s could be read.%s",
		    (unsigned long long)counts->unread, counts->unread == 1 ? "" : "s",
		    sum ? " " : "");
	if (!sum) {
		say(prose, counts->unread ? "" : "Nothing lost.");
		return;
	}
	say(prose, "INCOMPLETE: %llu lost", (unsigned long long)sum);
	for (size_t i = 0; i < CT_LOSS_MAX; i++) {
		if (!counts->lost[i])
			continue;
		say(prose, "%s%s %llu", between, losses[i].what,
		    (unsigned long long)counts->lost[i]);
		if (*losses[i].advice)
			say(prose, " (%s)", losses[i].advice);
		between = ", ";
	}
	say(prose, ".");
}

/* "container 'web' (uid 0)", "uid 1000", "unknown processes" */
static void say_party(struct prose *prose, const struct ct_party *party)
{
	char name[2 * sizeof(party->within)];

	ct_escape_text(name, sizeof(name), party->within, false, CT_COLUMNS_ALL);
	if (*name)
		say(prose, "container '%s' (uid %u)", name, party->uid);
	else if (party->uid == CT_UID_UNKNOWN)
		say(prose, "unknown processes");
	else
		say(prose, "uid %u", party->uid);
}

static void say_beyond(struct prose *prose, const struct ct_parties *beyond)
{
	const char *between = " Beyond its share: ";

	for (int i = 0; i < CT_PARTIES_MAX && beyond->each[i].count; i++) {
		say(prose, "%s", between);
		say_party(prose, &beyond->each[i]);
		say(prose, " %llu", (unsigned long long)beyond->each[i].count);
		between = ", ";
	}
	if (beyond->others)
		say(prose, "%sothers %llu", between, (unsigned long long)beyond->others);
	if (*between == ',')
		say(prose, ".");
}

static void say_forgers(struct prose *prose, const struct ct_parties *forgers)
{
	for (int i = 0; i < CT_PARTIES_MAX && forgers->each[i].count; i++) {
		const struct ct_party *p = &forgers->each[i];
		char comm[4 * sizeof(p->comm)];

		ct_escape_text(comm, sizeof(comm), p->comm, false, CT_COLUMNS_ALL);
		say(prose, " %llu program%s of ", (unsigned long long)p->count,
		    p->count == 1 ? "" : "s");
		say_party(prose, p);
		say(prose, " took the name '%s': not listened to.", comm);
	}
	if (forgers->others)
		say(prose, " %llu more took such names.", (unsigned long long)forgers->others);
}

/* What came of them, of containers too that no record is of. */
static void say_probes(struct prose *prose, const struct ct_core_counts *counts, bool utf8)
{
	unsigned flags = utf8 ? CT_DURATION_UTF8 : 0;
	char mean[CT_DURATION_LEN], max[CT_DURATION_LEN];
	uint64_t n = counts->probes.count;

	if (n)
		say(prose, " %llu probe%s, %llu failed: %s on average, %s at most.",
		    (unsigned long long)n, n == 1 ? "" : "s",
		    (unsigned long long)counts->probes.failed,
		    ct_duration(mean, counts->probes.sum_ns / n, flags),
		    ct_duration(max, counts->probes.max_ns, flags));
}

static void say_unheard_of(struct prose *prose, const struct ct_unheard_of *of)
{
	char engine[4 * sizeof(of->engine)];

	if (!of->requests)
		return;
	ct_escape_text(engine, sizeof(engine), of->engine, false, CT_COLUMNS_ALL);
	say(prose, " INCOMPLETE: %llu request%s to ", (unsigned long long)of->requests,
	    of->requests == 1 ? "" : "s");
	if (of->pid)
		say(prose, "%s %u", *engine ? engine : "process", of->pid);
	else
		say(prose, "engines");
	say(prose,
	    " not understood, on %llu connection%s older than tracing: what was asked may be missing.",
	    (unsigned long long)of->connections, of->connections == 1 ? "" : "s");
}

static void say_unheard(struct prose *prose, const struct ct_unheard *unheard)
{
	for (int i = 0; i < CT_PARTIES_MAX; i++)
		say_unheard_of(prose, &unheard->each[i]);
	say_unheard_of(prose, &unheard->others);
}

static void say_deaf(struct prose *prose, const struct ct_deaf *deaf)
{
	const char *between = " INCOMPLETE: asked on TCP, which is not heard: ";

	for (int i = 0; i < CT_PARTIES_MAX && deaf->each[i].pid; i++) {
		char engine[4 * sizeof(deaf->each[i].engine)];

		ct_escape_text(engine, sizeof(engine), deaf->each[i].engine, false, CT_COLUMNS_ALL);
		say(prose, "%s%s %u", between, *engine ? engine : "process", deaf->each[i].pid);
		between = ", ";
	}
	if (deaf->others)
		say(prose, "%sothers %llu", between, (unsigned long long)deaf->others);
	if (*between == ',')
		say(prose, ".");
}

/* "INCOMPLETE: docker 29.1.0 (3248) did 2 starts and 1 stop in an order that is not known: ..." */
static void say_strange_of(struct prose *prose, const struct ct_strange_of *of)
{
	char engine[4 * sizeof(of->engine)], version[4 * sizeof(of->version)];

	if (!of->starts && !of->stops)
		return;
	ct_escape_text(engine, sizeof(engine), of->engine, false, CT_COLUMNS_ALL);
	ct_escape_text(version, sizeof(version), of->version, false, CT_COLUMNS_ALL);
	say(prose, " INCOMPLETE: %s", of->pid ? "" : "other engines");
	if (of->pid)
		say(prose, "%s %u, %s%s,", *engine ? engine : "process", of->pid,
		    *version ? "version " : "of a version that was not heard", version);
	say(prose, " did ");
	if (of->starts)
		say(prose, "%llu start%s%s", (unsigned long long)of->starts,
		    of->starts == 1 ? "" : "s", of->stops ? " and " : "");
	if (of->stops)
		say(prose, "%llu stop%s", (unsigned long long)of->stops, of->stops == 1 ? "" : "s");
	say(prose, " in an order that is not known here: please report it.");
}

static void say_strange(struct prose *prose, const struct ct_strange *strange)
{
	for (int i = 0; i < CT_PARTIES_MAX; i++)
		say_strange_of(prose, &strange->each[i]);
	say_strange_of(prose, &strange->others);
}

static void say_ends(struct prose *prose, uint64_t ends)
{
	if (ends)
		say(prose, " INCOMPLETE: %llu container%s ended of which nothing was known.",
		    (unsigned long long)ends, ends == 1 ? "" : "s");
}

static void say_unmatched(struct prose *prose, const struct ct_core_counts *counts)
{
	const struct {
		uint64_t n;
		const char *what, *why;
	} rows[] = {
		{ counts->unmatched_exits, "exits", "the process began before tracing did" },
		{ counts->unmatched_answers, "answers",
		  "the request was sent before tracing began" },
		{ counts->unmatched_requests, "requests", "about a container nobody knows" },
	};
	const char *between = " Unmatched: ";

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		if (!rows[i].n)
			continue;
		say(prose, "%s%llu %s (%s)", between, (unsigned long long)rows[i].n, rows[i].what,
		    rows[i].why);
		between = ", ";
	}
	say(prose, *between == ',' ? "." : " Nothing unmatched.");
}

static void say_unknown(struct prose *prose, const struct ct_summary *summary)
{
	uint64_t each[CT_PHASE_MAX], sum = 0;
	const char *between = " (";

	for (size_t p = 0; p < CT_PHASE_MAX; p++) {
		each[p] = ct_summary_unknown(summary, (enum ct_phase)p);
		sum += each[p];
	}
	if (!sum) {
		say(prose, " No phase unknown.");
		return;
	}
	say(prose, " Unknown: %llu phase%s", (unsigned long long)sum, sum == 1 ? "" : "s");
	for (size_t p = 0; p < CT_PHASE_MAX; p++) {
		if (!each[p])
			continue;
		say(prose, "%s%s %llu", between, ct_phase_names[p], (unsigned long long)each[p]);
		between = ", ";
	}
	say(prose, "%s: a mark was not seen, so it is neither guessed nor counted.",
	    *between == ',' ? ")" : "");
}

static void say_cut(struct prose *prose, const struct ct_summary *summary,
		    const struct ct_core_counts *counts)
{
	uint64_t cut = 0;

	for (size_t i = 0; i < ct_summary_groups(summary); i++)
		cut += ct_summary_group(summary, i)->count[CT_OUTCOME_CUT];
	if (cut)
		say(prose, " %llu record%s cut: tracing ended first, or evidence was lost%s.",
		    (unsigned long long)cut, cut == 1 ? "" : "s",
		    counts->early ? ", or it began while probes were being attached" : "");
	else if (counts->open)
		say(prose, " %llu container%s between two states when tracing ended.",
		    (unsigned long long)counts->open, counts->open == 1 ? " was" : "s were");
}

static void say_estimates(struct prose *prose, enum ct_estimates estimates)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		[CT_ESTIMATES_PERCENTILES] = { "Percentiles within", "" },
		[CT_ESTIMATES_BINS] = { "A time within", " of a bound may be counted beyond it" },
	};

	if (estimates != CT_ESTIMATES_NONE)
		say(prose, " %s %.1f %%%s.", rows[estimates].before, 100 * CT_HIST_ERROR,
		    rows[estimates].after);
}

void ct_table_missing(char *text, size_t room, const struct ct_core_counts *counts)
{
	struct prose prose = { .len = 0 };

	if (ct_counts_incomplete(counts)) {
		say_lost(&prose, counts);
		say_beyond(&prose, &counts->beyond);
		say_unheard(&prose, &counts->unheard);
		say_ends(&prose, counts->unmatched_ends);
		say_deaf(&prose, &counts->deaf);
		say_strange(&prose, &counts->strange);
	}
	snprintf(text, room, "%s", prose.text);
}

void ct_table_honesty(struct ct_pen *pen, const struct ct_summary *summary,
		      const struct ct_core_counts *counts, enum ct_estimates estimates)
{
	struct prose prose = { .len = 0 };

	say_lost(&prose, counts);
	say_beyond(&prose, &counts->beyond);
	say_forgers(&prose, &counts->forgers);
	say_unheard(&prose, &counts->unheard);
	say_ends(&prose, counts->unmatched_ends);
	say_deaf(&prose, &counts->deaf);
	say_strange(&prose, &counts->strange);
	say_unmatched(&prose, counts);
	say_unknown(&prose, summary);
	say_cut(&prose, summary, counts);
	say_probes(&prose, counts, pen->utf8);
	say_estimates(&prose, estimates);
	ct_pen_wrap(pen, prose.text, 0, 0, pen->width);
	fputc('\n', pen->f);
}
