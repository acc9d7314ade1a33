// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace record: events to disk, and a line about how it goes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/trace.h"
#include "sinks/escape.h"
#include "sinks/sink.h"
#include "sinks/units.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOOK_NS     500000000ull
#define CT_NS_PER_S UINT64_C(1000000000)

struct progress {
	const char *path;
	uint64_t begin_ns, drawn_ns; /* 0: never */
	uint64_t runs; /* 0: not asked for */
	bool terminal; /* stderr is one, and nothing else is drawn */
	bool directory;
};

static void print_counts(const struct progress *p, const struct ct_archive_seen *kept,
			 const struct ct_core_counts *counts)
{
	const struct ct_archive_counts sum = kept->counts;
	char size[CT_BYTES_LEN];

	fputs(ct_bytes(size, sum.bytes), stderr);
	if (p->directory)
		fprintf(stderr, " in %" PRIu64 " file%s", kept->files, kept->files == 1 ? "" : "s");
	fprintf(stderr, ", %" PRIu64 " container%s, %" PRIu64 " events, %" PRIu64 " lost",
		counts->containers, counts->containers == 1 ? "" : "s", sum.events, sum.lost);
}

static void print_runs(const struct progress *p, const struct ct_trace_at *at)
{
	if (!p->runs)
		return;
	if (at->ended)
		fprintf(stderr, "%" PRIu64 " of %" PRIu64 " runs, ", at->run, p->runs);
	else
		fprintf(stderr, "run %" PRIu64 " of %" PRIu64 ", ", at->run, p->runs);
	if (at->failed)
		fprintf(stderr, "%" PRIu64 " failed, ", at->failed);
}

static void look(void *ctx, const struct ct_trace_at *at)
{
	struct progress *p = ctx;
	uint64_t now = ct_mono_ns();

	if (!at->ended && (!p->terminal || now < p->drawn_ns + LOOK_NS))
		return;
	if (p->drawn_ns)
		fputs("\r\033[K", stderr);
	if (at->ended) {
		own_mem char *path = ct_escape_text_dup(p->path, ct_locale_is_utf8());

		fprintf(stderr, "Recorded '%s': ", path ? path : "?");
		print_runs(p, at);
		print_counts(p, &at->kept, at->counts);
		fprintf(stderr, ".%s\n",
			at->kept.ended ? " It has the size of --max-size, and ended." : "");
		return;
	}
	p->drawn_ns = now;
	fprintf(stderr, "%" PRIu64 " s: ", (now - p->begin_ns) / CT_NS_PER_S);
	print_runs(p, at);
	print_counts(p, &at->kept, at->counts);
	fflush(stderr);
}

static int choose_name(char *name, size_t room, struct ct_err *err)
{
	time_t now = time(NULL);
	struct tm tm;

	if (!localtime_r(&now, &tm) || !strftime(name, room, "coldtrace-%Y%m%d-%H%M%S.ct", &tm))
		return ct_fail(err, EOVERFLOW, "name the recording: what time is it? Use -o FILE");
	return 0;
}

/* What is kept if nothing is said. */
#define ROTATE_NS    (86400 * CT_NS_PER_S)
#define ROTATE_BYTES (256ull << 20)
#define KEEP_BYTES   (2ull << 30)

static bool is_directory(const char *path)
{
	size_t len = strlen(path);
	struct stat st;

	return (len && path[len - 1] == '/') || (!stat(path, &st) && S_ISDIR(st.st_mode));
}

int ct_record_directory(struct ct_options *opts, struct ct_err *err)
{
	bool asked = opts->rotate_ns || opts->rotate_bytes || opts->keep_ns || opts->keep_bytes;

	if (asked && !opts->record)
		opts->record = ".";
	opts->record_dir = opts->record && is_directory(opts->record);
	if (asked && !opts->record_dir)
		return ct_fail(
			err, EINVAL,
			"options --rotate, --keep-size and --keep-age are of a directory; write '-o %s/'",
			opts->record);
	if (opts->record_dir && opts->max_bytes)
		return ct_fail(
			err, EINVAL,
			"option --max-size is of a single file; of '%s' say --rotate and --keep-size",
			opts->record);
	if (!opts->record_dir)
		return 0;
	if (!opts->rotate_ns && !opts->rotate_bytes) {
		opts->rotate_ns = ROTATE_NS;
		opts->rotate_bytes = ROTATE_BYTES;
	}
	if (!opts->keep_bytes)
		opts->keep_bytes = KEEP_BYTES;
	return 0;
}

int ct_cmd_record(const struct ct_options *given, struct ct_err *err)
{
	struct ct_options opts = *given;
	struct progress p = { .begin_ns = ct_mono_ns() };
	char name[64];

	if (opts.operands.count) {
		ct_fail(err, EINVAL,
			"record takes no '%s': -o FILE names the recording, '-- PROGRAM' the program",
			opts.operands.items[0]);
		return ct_usage(err);
	}
	if (opts.record && !strcmp(opts.record, "-") && opts.live) {
		ct_fail(err, EINVAL, "options '-o -' and --live both write to stdout");
		return ct_usage(err);
	}
	if ((opts.runs || opts.warmup || opts.only_mine) && !opts.command) {
		ct_fail(err, EINVAL,
			"options --runs, --warmup and --only-mine are about a program: name it behind '--'");
		return ct_usage(err);
	}
	if (ct_record_directory(&opts, err))
		return ct_usage(err);
	if (!opts.record) {
		int ret = choose_name(name, sizeof(name), err);

		if (ret)
			return ret;
		opts.record = name;
	}
	opts.silent = !opts.live && !opts.runs;
	opts.opens_each = opts.opens;
	p.path = opts.record;
	p.runs = opts.runs;
	p.directory = opts.record_dir;
	p.terminal = !opts.live && isatty(STDERR_FILENO);
	return ct_trace(&opts, &(struct ct_trace_follower){ .look = look, .ctx = &p }, err);
}
