// SPDX-License-Identifier: GPL-2.0-only
/*
 * What reading a recording costs. Copies the life of the containers of a real recording until
 * there are as many starts as asked for, each copy with ids and times of its own; and replays
 * recordings, reader and core, no sink. Of a recording in which none starts, as of pulls, it is the records.
 *
 *	replay make RECORDING STARTS OUT	(OUT may be - for stdout)
 *	replay sized RECORDING EVENTS OUT	(as many copies as have so many events)
 *	replay many RECORDING FILES STARTS DIRECTORY	(so many recordings of so many starts each)
 *	replay run RECORDING [REPEATS [steps]]
 *
 * `run` prints a line a repeat: events, seconds, million events/s, MiB resident at most, records.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/core.h"
#include "source/recording/recording.h"
#include "util/clock.h"
#include "util/mem.h"

/* Between the last event of a copy and the first of the next. */
#define GAP_NS 1000000000ull
/* Runs of hex digits at least that long are ids, of containers, layers and sandboxes. */
#define ID_MIN 12

struct tape {
	char *bytes; /* owned */
	size_t len, room;
	uint64_t first_ns, last_ns;
	uint64_t events, starts, records;
	struct ct_core *core; /* owned */
};

static void die(const struct ct_err *err)
{
	fprintf(stderr, "replay: %s\n", err->msg);
	exit(1);
}

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct tape *t = ctx;

	t->records++;
	t->starts += rec->type == CT_RECORD_START;
}

static void core_new(struct tape *t, bool steps)
{
	const struct ct_core_options opts = { .steps = steps };
	const struct ct_core_ops ops = { .record = on_record };

	t->core = ct_core_new(&opts, &ops, t);
	if (!t->core) {
		fprintf(stderr, "replay: out of memory\n");
		exit(1);
	}
}

static void feed(void *ctx, const struct ct_event *e)
{
	struct tape *t = ctx;

	t->events++;
	ct_core_feed(t->core, e);
}

static void keep(void *ctx, const struct ct_event *e)
{
	struct tape *t = ctx;

	if (t->len + e->len > t->room) {
		t->room = t->room ? 2 * t->room : 1 << 20;
		t->bytes = realloc(t->bytes, t->room);
		if (!t->bytes)
			exit(1);
	}
	memcpy(t->bytes + t->len, e, e->len);
	t->len += e->len;
	if (!t->events || e->ts_ns < t->first_ns)
		t->first_ns = e->ts_ns;
	if (e->ts_ns > t->last_ns)
		t->last_ns = e->ts_ns;
	feed(ctx, e);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The first digits of every id, each by its place: a cut id stays a prefix of the whole one. */
static void rename_ids(struct ct_event *e, uint64_t salt)
{
	for (size_t i = 0; i < e->tail_len; i++) {
		size_t n = 0;

		while (i + n < e->tail_len && hex_value(e->tail[i + n]) >= 0)
			n++;
		for (size_t k = 0; n >= ID_MIN && k < ID_MIN; k++)
			e->tail[i + k] = "0123456789abcdef"[hex_value(e->tail[i + k]) ^
							    (int)(salt >> (4 * k) & 15)];
		i += n;
	}
}

static void copy(struct ct_recorder *out, const struct tape *t, uint64_t number, struct ct_err *err)
{
	_Alignas(8) static char room[UINT16_MAX];
	struct ct_event *e = (struct ct_event *)room;
	uint64_t shift = number * (t->last_ns - t->first_ns + GAP_NS);

	for (size_t at = 0; at < t->len; at += e->len) {
		const struct ct_event *from = (const struct ct_event *)(t->bytes + at);

		memcpy(e, from, from->len);
		e->ts_ns += shift;
		rename_ids(e, number * 0x9e3779b97f4a7c15ull >> 8);
		if (ct_recorder_write(out, e, err))
			die(err);
	}
}

static int load(struct tape *t, const char *from, struct ct_recording_header *header)
{
	struct ct_err err = { 0 };
	uint64_t cut;

	core_new(t, false);
	if (ct_replay(from, header, keep, t, &cut, &err))
		die(&err);
	ct_core_flush(t->core);
	ct_core_free(t->core);
	if (!t->starts)
		t->starts = t->records;
	if (t->starts && !cut)
		return 0;
	fprintf(stderr, "replay: nothing is told of '%s', or it was cut off\n", from);
	return 1;
}

/* As many copies as have so many starts. */
static void write_copies(const struct tape *t, const struct ct_recording_header *header,
			 uint64_t starts, const char *to)
{
	uint64_t copies = (starts + t->starts - 1) / t->starts;
	struct ct_recorder out;
	struct ct_err err = { 0 };

	if (ct_recorder_open(&out, to, header, &err))
		die(&err);
	for (uint64_t i = 0; i < copies; i++)
		copy(&out, t, i, &err);
	if (ct_recorder_close(&out, &err))
		die(&err);
	fprintf(stderr, "%llu starts, %llu events, %llu bytes\n",
		(unsigned long long)(copies * t->starts), (unsigned long long)out.events,
		(unsigned long long)out.bytes);
}

static int make(const char *from, uint64_t starts, uint64_t events, const char *to)
{
	struct ct_recording_header header;
	struct tape t = { 0 };

	if (load(&t, from, &header))
		return 1;
	if (events)
		starts = (events + t.events - 1) / t.events * t.starts;
	write_copies(&t, &header, starts, to);
	free(t.bytes);
	return 0;
}

static char *read_file(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "re");
	char *bytes = NULL;
	long len;

	if (!f || fseek(f, 0, SEEK_END) || (len = ftell(f)) < 0 || !(bytes = malloc((size_t)len))) {
		fprintf(stderr, "replay: read '%s': %s\n", path, strerror(errno));
		exit(1);
	}
	rewind(f);
	*ret_len = fread(bytes, 1, (size_t)len, f);
	fclose(f);
	return bytes;
}

/* Of as many nodes, on each of which the same has happened. */
static int many(const char *from, unsigned files, uint64_t starts, const char *dir)
{
	struct ct_recording_header header, *own;
	own_mem char *bytes = NULL;
	struct tape t = { 0 };
	size_t len = 0;

	if (load(&t, from, &header))
		return 1;
	for (unsigned i = 0; i < files; i++) {
		char path[4096];
		FILE *f;

		snprintf(path, sizeof(path), "%s/node-%04u.ct", dir, i);
		if (!bytes) {
			write_copies(&t, &header, starts, path);
			bytes = read_file(path, &len);
		}
		own = (struct ct_recording_header *)(void *)bytes;
		snprintf(own->host, sizeof(own->host), "node-%04u", i);
		own->node = own->boot = i + 1;
		ct_recording_header_seal(own);
		f = fopen(path, "we");
		if (!f || fwrite(bytes, 1, len, f) != len || fclose(f)) {
			fprintf(stderr, "replay: write '%s': %s\n", path, strerror(errno));
			return 1;
		}
	}
	free(t.bytes);
	return 0;
}

static int run(const char *path, int repeats, bool steps)
{
	for (int i = 0; i < repeats; i++) {
		struct ct_recording_header header;
		struct rusage usage;
		struct ct_err err = { 0 };
		struct tape t = { 0 };
		uint64_t cut, begin = ct_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		double seconds;

		core_new(&t, steps);
		if (ct_replay(path, &header, feed, &t, &cut, &err))
			die(&err);
		ct_core_flush(t.core);
		ct_core_free(t.core);
		seconds = (double)(ct_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin) / 1e9;
		getrusage(RUSAGE_SELF, &usage);
		printf("%llu %.3f %.3f %.1f %llu\n", (unsigned long long)t.events, seconds,
		       (double)t.events / seconds / 1e6, (double)usage.ru_maxrss / 1024,
		       (unsigned long long)t.records);
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "make"))
		return make(argv[2], strtoull(argv[3], NULL, 10), 0, argv[4]);
	if (argc == 5 && !strcmp(argv[1], "sized"))
		return make(argv[2], 0, strtoull(argv[3], NULL, 10), argv[4]);
	if (argc == 6 && !strcmp(argv[1], "many"))
		return many(argv[2], (unsigned)strtoul(argv[3], NULL, 10),
			    strtoull(argv[4], NULL, 10), argv[5]);
	if (argc >= 3 && argc <= 5 && !strcmp(argv[1], "run"))
		return run(argv[2], argc > 3 ? (int)strtol(argv[3], NULL, 10) : 1, argc > 4);
	fprintf(stderr,
		"usage: replay make RECORDING STARTS OUT | sized RECORDING EVENTS OUT | many RECORDING FILES STARTS DIRECTORY | run RECORDING [REPEATS [steps]]\n");
	return 2;
}
