// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace scrub OLD NEW: a recording again, without what passed by and no mark needs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "source/recording/distill.h"
#include "source/recording/recording.h"
#include "sinks/escape.h"
#include "sinks/sink.h"
#include "util/mem.h"

struct scrub {
	struct ct_reader *reader;
	struct ct_distill *distill;
	struct ct_recorder recorder;
	uint64_t last_ns; /* of its events */
	uint64_t rewritten;
	struct ct_err err;
	bool failed;
};

static int check_usage(const struct ct_options *opts, struct ct_err *err)
{
	if (opts->operands.count != 2)
		return ct_fail(
			err, EINVAL,
			"scrub needs a recording and a name for what is left of it: coldtrace "
			"scrub OLD.ct NEW.ct");
	if (opts->command)
		return ct_fail(err, EINVAL, "scrub runs no command: leave out '-- %s'",
			       opts->command[0]);
	return 0;
}

/* Never in place: what is left of a file after a power loss would be neither. */
static int check_files(const char *from, const char *to, struct ct_err *err)
{
	struct stat old, new;

	if (strcmp(from, "-") != 0 && strcmp(to, "-") != 0 && !stat(from, &old) &&
	    !stat(to, &new) && old.st_dev == new.st_dev && old.st_ino == new.st_ino)
		return ct_fail(err, EINVAL,
			       "scrub '%s' to '%s': it is the same file; name another one", from,
			       to);
	return 0;
}

static void on_event(void *ctx, const struct ct_event *e)
{
	struct scrub *s = ctx;
	const struct ct_event *kept = ct_distill(s->distill, e);

	s->rewritten += kept != e;
	if (e->ts_ns > s->last_ns)
		s->last_ns = e->ts_ns;
	if (ct_recorder_write(&s->recorder, kept, &s->err)) {
		s->failed = true;
		ct_reader_stop(s->reader);
	}
}

static int begin(struct scrub *s, const char *from, const char *to, struct ct_err *err)
{
	struct ct_recording_header header;
	int ret = ct_reader_open(&s->reader, from, err);

	if (ret)
		return ret;
	s->distill = ct_distill_new();
	if (!s->distill)
		return ct_fail(err, ENOMEM, "scrub '%s': no memory or no random numbers", from);
	header = *ct_reader_header(s->reader);
	ct_recording_command_cut(header.command);
	header.flags |= CT_RECORDING_DISTILLED;
	return ct_recorder_open(&s->recorder, to, &header, err);
}

/* What could be read is written; one that was cut off stays one that was cut off. */
static int run(struct scrub *s, struct ct_err *err)
{
	uint64_t cut = 0;
	struct ct_err why = { 0 };
	int ret = ct_reader_run(s->reader, on_event, s, &cut, &why), closed;

	if (s->failed) {
		*err = s->err;
		return err->code;
	}
	if (ret || cut)
		*err = why;
	s->recorder.end_ns = ct_reader_end_ns(s->reader);
	if (!s->recorder.end_ns) /* version 1 does not say when it ended */
		s->recorder.end_ns = s->last_ns;
	closed = ret || cut ? ct_recorder_leave(&s->recorder, ret ? &s->err : err)
			    : ct_recorder_close(&s->recorder, err);
	if (ret || closed)
		return err->code;
	if (cut)
		ct_say("%s", why.msg);
	return cut ? CT_EXIT_INCOMPLETE : CT_EXIT_OK;
}

static void say_done(const struct scrub *s, const char *to)
{
	own_mem char *path = ct_escape_text_dup(to, ct_locale_is_utf8());

	fprintf(stderr,
		"Wrote '%s': %" PRIu64 " of %" PRIu64 " events had something to leave out.\n",
		path ? path : "?", s->rewritten, s->recorder.events);
}

int ct_cmd_scrub(const struct ct_options *opts, struct ct_err *err)
{
	const char *from = opts->operands.items[0], *to = opts->operands.items[1];
	struct scrub s = { 0 };
	struct ct_err ignored;
	int ret = check_usage(opts, err);

	if (!ret)
		ret = check_files(from, to, err);
	if (ret)
		return ct_usage(err);
	ret = begin(&s, from, to, err);
	if (!ret)
		ret = run(&s, err);
	if (ret >= 0)
		say_done(&s, to);
	ct_recorder_leave(&s.recorder, &ignored);
	ct_reader_close(s.reader);
	ct_distill_free(s.distill);
	return ret;
}
