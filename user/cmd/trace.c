// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace, without a command: live tracing, until told to end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/notices.h"
#include "cmd/notify.h"
#include "cmd/runner.h"
#include "cmd/session.h"
#include "cmd/told.h"
#include "cmd/trace.h"
#include "core/order/reorder.h"
#include "core/opens/opens.h"
#include "core/base/text.h"
#include "util/mem.h"
#include "source/proc/core_dump.h"
#include "source/proc/credentials.h"
#include "source/recording/distill.h"
#include "source/recording/execs.h"
#include "source/live/live.h"
#include "source/proc/privileges.h"
#include "source/proc/procfs.h"
#include "source/recording/recording_archive.h"
#include "source/recording/recording_desk.h"
#include "util/clock.h"
#include "version.h"

#define POLL_MS CT_LIVE_AWAKE_MS
/* How often a follower is told how far it is, and the desk what time it is. */
#define LOOK_NS 250000000ull
/* While nothing happens, and nothing is waited for: the first event wakes us. */
#define POLL_IDLE_MS  500
#define IDLE_AFTER_NS 3000000000ull /* of the last event: what it began has been told by then */
/* After the traced command has ended, how long its containers may take to be gone. */
#define LINGER_NS 5000000000ull

struct trace {
	const struct ct_options *opts;
	struct ct_run_session session;
	struct ct_live *live;
	struct ct_distill *distill;
	struct ct_execs *execs; /* NULL: all of them are needed */
	struct ct_archive archive; /* nowhere, if path is NULL */
	struct ct_desk *desk; /* owned, NULL: the archive is not in its hands */
	const struct ct_trace_follower *follower; /* NULL: nobody */
	struct ct_err err;
	uint64_t table_ns,
		asked_ns; /* when the next table is due; what it shows was asked for, or 0 */
	uint64_t tables;
	struct ct_runner runner; /* owned */
	uint64_t run, failed_runs;
	uint64_t ended_ns; /* of the last run; 0: it runs */
	uint64_t heard_ns; /* when events were handed over last */
	uint64_t looked_ns; /* when the follower was told last how far it is */
	uint64_t ticked_ns; /* when the desk was told last what time it is */
	bool failed;
	bool kept; /* somebody keeps what the next one reads */
	bool begun;
	bool watched; /* there may be something to tell */
};

/* Nothing is missed from here on: that is what the session begins with. */
static void begins(struct trace *t, const struct ct_event *e)
{
	struct ct_recording_header *h = ct_recorder_header(&t->archive.recorder);
	__u32 attach_us = (__u32)(e->arg / 1000);

	t->session.head.begin_ns = e->ts_ns + (uint64_t)e->arg;
	t->session.head.attach_ns = attach_us * UINT64_C(1000); /* as a report has it */
	if (!h)
		return;
	h->begin_ns = t->session.head.begin_ns;
	h->attach_us = attach_us;
}

static void on_event(void *ctx, const struct ct_event *e)
{
	struct trace *t = ctx;

	if (t->failed)
		return;
	if (t->execs && !ct_execs_needed(t->execs, e))
		return;
	e = ct_distill(t->distill, e); /* first of all: nothing else gets to see it whole */
	if (e->kind == CT_KIND_BEGIN)
		begins(t, e);
	/* A sandbox that has ended (ESRCH) says so in its records: there is nothing left to do. */
	if (e->kind == CT_KIND_APP && e->sub == CT_APP_WATCHED && e->ret < 0 && e->ret != -ESRCH)
		ct_say_unseen(e);
	if (e->kind == CT_KIND_LOST && e->tail_len)
		ct_say_unread(e);
	if (t->desk)
		ct_desk_write(t->desk, e);
	else if (ct_archive_write(&t->archive, e, &t->err))
		t->failed = true;
	ct_core_feed(t->session.core, e);
}

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct trace *t = ctx;
	uint64_t before = t->session.records; /* of those that pass the filters */

	ct_desk_learn(t->desk, &t->archive, rec);
	ct_session_record(&t->session, rec);
	if (t->session.records > before && t->follower && t->follower->record)
		t->follower->record(t->follower->ctx, rec);
}

/* As a record will say; a file of the archive may end before that. */
static void on_known(void *ctx, const struct ct_record *rec)
{
	struct trace *t = ctx;

	ct_desk_learn(t->desk, &t->archive, rec);
}

static void on_lookup(void *ctx, enum ct_lookup what, const char *id, uint32_t engine_pid,
		      const char *bundle)
{
	struct trace *t = ctx;

	if (t->live)
		ct_live_lookup(t->live, what, id, engine_pid, bundle);
}

/* Time that passes without an event is an event too: replay must see what live saw. */
static void tick(struct trace *t, uint64_t now)
{
	uint64_t deadline = ct_core_deadline(t->session.core);
	const struct ct_event clock = {
		.len = sizeof(clock),
		.kind = CT_KIND_CLOCK,
		.flags = CT_F_SEEDED,
		.ts_ns = now,
	};

	if (deadline && now >= deadline)
		on_event(t, &clock);
	/* What the desk has is written once a second, by its own thread: waking that costs more than a look at the events. */
	if (t->failed || !t->desk || now < t->ticked_ns + LOOK_NS)
		return;
	t->ticked_ns = now;
	if (ct_desk_tick(t->desk, now, !ct_core_motion(t->session.core).all, &t->err))
		t->failed = true;
}

static void on_opens(void *ctx, struct ct_opens *opens)
{
	ct_session_opens(&((struct trace *)ctx)->session, opens);
}

static void on_left(void *ctx, const struct ct_identity *who, bool told, bool open)
{
	struct trace *t = ctx;

	ct_session_left(&t->session, who, told, open);
}

/* Tables every so often: what the kernel counted is asked for, and drawn when it has come through. */
static int tables(struct trace *t, uint64_t now, struct ct_err *err)
{
	if (!(t->opts->interval > 0))
		return 0;
	if (!t->asked_ns && now >= t->table_ns) {
		t->asked_ns = now;
		t->table_ns += (uint64_t)(t->opts->interval * 1e9);
		return ct_live_tell_opens(t->live, err);
	}
	if (!t->asked_ns || now < t->asked_ns + 2 * CT_REORDER_WINDOW_NS)
		return 0;
	t->asked_ns = 0;
	t->tables++;
	ct_session_interval(&t->session, now);
	return 0;
}

static struct ct_archive_seen seen(const struct trace *t)
{
	return t->desk ? ct_desk_seen(t->desk) : ct_archive_seen(&t->archive);
}

static void look(struct trace *t, uint64_t now, bool ended)
{
	struct ct_core_counts counts;

	if (!t->follower || !t->follower->look || (!ended && now < t->looked_ns + LOOK_NS))
		return;
	t->looked_ns = now;
	counts = ct_core_counts(t->session.core);
	if (ct_options_filter(t->opts))
		counts.containers = t->session.containers;
	t->follower->look(t->follower->ctx,
			  &(struct ct_trace_at){ seen(t), &counts, t->run, t->failed_runs, ended });
}

static void say_ready(const struct trace *t)
{
	const struct ct_options *opts = t->opts;
	size_t engines = ct_live_engines(t->live);

	for (unsigned int i = 0; i < CT_PROBE_MAX && opts->verbose; i++)
		if (ct_live_plan(t->live)->rows[i].on)
			fprintf(stderr, "Attached: %s to %s\n", ct_probes[i].program,
				ct_probes[i].hook);
	if (opts->verbose)
		ct_notices_laps(stderr, ct_live_laps(t->live));
	fprintf(stderr, "Tracing containers (depth %s, %zu engine%s running). Ctrl-C to end.\n",
		t->session.head.depth, engines, engines == 1 ? "" : "s");
	ct_notices_weaker(stderr, ct_live_plan(t->live));
	if (!engines)
		fprintf(stderr, "No container engine runs yet: it is traced as soon as it does.\n");
	ct_notify_ready();
	if (opts->ready_fd >= 0 && write(opts->ready_fd, "ready\n", 6) != 6)
		ct_say("write to --ready-fd %d: %s", opts->ready_fd, strerror(errno));
}

/* It got the terminal's signal too; else it is ours to end. One that will not is left alone. */
static void end_command(struct trace *t)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000 };
	uint64_t until = ct_mono_ns() + LINGER_NS;
	pid_t pid = t->runner.program;

	kill(pid, SIGTERM);
	while (ct_runner_status(&t->runner) < 0 && ct_mono_ns() < until)
		nanosleep(&pause, NULL);
	if (t->runner.program)
		ct_say("'%s' (pid %d) was told to end and still runs", t->opts->command[0],
		       (int)pid);
}

/* What is told from now on has these labels, and is of the next run. */
static void label(struct trace *t)
{
	const struct ct_labels *labels = &t->opts->labels;
	union {
		struct ct_event e;
		char bytes[sizeof(struct ct_event) + CT_LABELS_LEN];
	} out = { .e = { .kind = CT_KIND_LABELS, .flags = CT_F_SEEDED } };
	size_t len = sizeof(out.e) + labels->len;

	out.e.ts_ns = ct_mono_ns();
	out.e.obj = t->opts->runs ? t->run : 0;
	out.e.tail_len = (__u16)labels->len;
	memcpy(out.bytes + sizeof(out.e), labels->pairs, labels->len);
	out.e.len = (__u16)((len + CT_EVENT_ALIGN - 1) & ~(size_t)(CT_EVENT_ALIGN - 1));
	if (labels->len || t->opts->runs)
		on_event(t, &out.e);
}

static int begin_run(struct trace *t, struct ct_err *err)
{
	t->run++;
	t->ended_ns = 0;
	label(t);
	return ct_runner_start(&t->runner, err);
}

/* Its containers have gone, or whosever there are, or it has been waited for them long enough. */
static bool is_quiet(const struct trace *t, uint64_t now)
{
	const struct ct_motion m = ct_core_motion(t->session.core);
	uint64_t gone_ns = now - t->ended_ns;

	return gone_ns >= LINGER_NS ||
	       (gone_ns >= CT_REORDER_WINDOW_NS && !(t->opts->only_mine ? m.mine : m.all));
}

/* 1: all of its runs are over, and their containers gone. */
static int attend_command(struct trace *t, uint64_t now, int *ret_status, struct ct_err *err)
{
	int status = ct_runner_status(&t->runner);

	if (status >= 0) {
		t->failed_runs += status > 0;
		if (*ret_status <= 0)
			*ret_status = status;
		t->ended_ns = now;
	}
	if (!t->ended_ns || !is_quiet(t, now))
		return 0;
	return t->run < t->opts->runs ? begin_run(t, err) : 1;
}

/* Nobody reads what it writes, and it keeps nothing. */
static bool is_alone(const struct trace *t)
{
	return t->session.left && !t->archive.begun;
}

/* How long the next look at the events may wait; end_ns: when tracing ends, or 0. */
static int poll_ms(const struct trace *t, uint64_t end_ns, bool command)
{
	uint64_t now = ct_mono_ns(), idle = POLL_IDLE_MS * 1000000ull;

	if (now - t->heard_ns < IDLE_AFTER_NS || command || t->opts->interval > 0 ||
	    t->opts->opens || (end_ns && end_ns < now + idle) ||
	    ct_core_motion(t->session.core).all)
		return POLL_MS;
	return POLL_IDLE_MS;
}

static int loop(struct trace *t, int *ret_status, struct ct_err *err)
{
	const struct ct_options *opts = t->opts;
	uint64_t end_ns = opts->seconds > 0 ? ct_mono_ns() + (uint64_t)(opts->seconds * 1e9) : 0;
	struct ct_err ignored;
	int ret = 0, last;

	*ret_status = -1;
	t->table_ns = ct_mono_ns() + (uint64_t)(opts->interval * 1e9);
	if (!opts->command)
		label(t);
	else if (!t->failed && !ct_told_to_end())
		ret = begin_run(t, err);
	if (ret)
		return ret;
	ret = ct_live_drop_privileges(t->live, opts->command != NULL, err);
	ct_core_dump_off(); /* other privileges may have allowed them again */
	if (!ret && t->archive.begun)
		ret = ct_desk_begin(&t->desk, &t->archive, err);
	if (!ret && t->follower && t->follower->begin)
		ret = t->follower->begin(t->follower->ctx, &t->session.head, err);
	t->watched = !ret;
	while (!ret && !ct_told_to_end() && !t->failed && !t->session.failed && !is_alone(t) &&
	       !seen(t).ended) {
		uint64_t now;

		ret = ct_live_poll(t->live, poll_ms(t, end_ns, opts->command), err);
		if (ret < 0 && ret != -EINTR)
			break;
		ct_notify_hand_on(t->live, &t->kept);
		now = ct_mono_ns();
		if (ret > 0)
			t->heard_ns = now;
		tick(t, ct_live_until(t->live));
		look(t, now, false);
		ret = tables(t, now, err);
		if (ret < 0)
			break;
		if (opts->count &&
		    (opts->interval > 0 ? t->tables : t->session.counted) >= opts->count) {
			t->session.over = true;
			break;
		}
		if (end_ns && now >= end_ns)
			break;
		ret = attend_command(t, now, ret_status, err);
		if (ret)
			break;
	}
	ret = ret > 0 ? 0 : ret;
	if (t->runner.program)
		end_command(t);
	if (!t->watched)
		return ret;
	ct_live_end(t->live);
	/* What the kernel has said until now still counts, after an error too. */
	last = ct_live_poll(t->live, 0, ret ? &ignored : err);
	if (!ret && last < 0 && last != -EINTR)
		ret = last;
	return ret;
}

static uint32_t parent_of(void *ctx, uint32_t pid)
{
	struct ct_proc proc;

	(void)ctx;
	return ct_proc_read(pid, &proc) ? 0 : proc.ppid;
}

static void say(const char *sentence)
{
	ct_say("%s", sentence);
}

static int open_archive(struct trace *t, const struct ct_recording_header *header,
			struct ct_err *err)
{
	const struct ct_options *opts = t->opts;
	const struct ct_archive_options archive = {
		.path = opts->record,
		.directory = opts->record_dir,
		.file_ns = opts->rotate_ns,
		.file_bytes = opts->rotate_bytes,
		.keep_ns = opts->keep_ns,
		.keep_bytes = opts->keep_bytes,
		.max_bytes = opts->max_bytes ? opts->max_bytes : CT_ARCHIVE_FILE_MAX,
		.parent = parent_of,
		.say = say,
	};

	return ct_archive_open(&t->archive, &archive, header, err);
}

static int open_outputs(struct trace *t, const struct ct_core_ops *ops,
			struct ct_recording_header *header, unsigned int depth, struct ct_err *err)
{
	int ret = ct_session_open(&t->session, t->opts, ops, t, err);

	if (ret)
		return ret;
	ct_recording_header_fill(header, depth);
	header->flags |= CT_RECORDING_DISTILLED;
	ct_core_wall(t->session.core, header->wall_minus_mono_ns);
	snprintf(t->session.node, sizeof(t->session.node), "%.*s", (int)sizeof(header->host),
		 header->host);
	t->session.head = (struct ct_session){
		.version = CT_VERSION,
		.kernel = header->kernel,
		.depth = ct_depth_name(depth),
		.wall_minus_mono_ns = header->wall_minus_mono_ns,
		.begin_ns = header->begin_ns,
	};
	return t->opts->record ? open_archive(t, header, err) : 0;
}

/*
 * With the caller's own rights: of a program that was given capabilities as a file, CAP_DAC_OVERRIDE
 * among them, anybody could have any file overwritten.
 */
static int open_files(struct trace *t, const struct ct_core_ops *ops,
		      struct ct_recording_header *header, unsigned int depth, struct ct_err *err)
{
	bool given = getauxval(AT_SECURE);
	int ret = given ? ct_caps_lower(0, err) : 0;

	if (!ret)
		ret = open_outputs(t, ops, header, depth, err);
	if (!ret && given)
		ret = ct_caps_lower(UINT64_MAX, err);
	return ret;
}

/* The traced program has the privileges of the caller. Its first runs, that are not looked at. */
static int warm_up(struct trace *t, struct ct_err *err)
{
	int ret = ct_runner_open(&t->runner, t->opts->command, err);

	for (uint64_t i = 0; i < t->opts->warmup && !ret && !ct_told_to_end(); i++) {
		ret = ct_runner_start(&t->runner, err);
		while (!ret && t->runner.program && !ct_told_to_end())
			ct_runner_wait(&t->runner);
	}
	return ret;
}

static int open_all(struct trace *t, struct ct_err *err)
{
	const struct ct_options *opts = t->opts;
	const struct ct_core_ops ops = { .record = on_record,
					 .known = on_known,
					 .opens = on_opens,
					 .left = on_left,
					 .lookup = on_lookup };
	unsigned int depth = (opts->steps ? CT_DEEP_STEPS : 0) | (opts->why ? CT_DEEP_WHY : 0);
	struct ct_kept before = ct_notify_inherit();
	struct ct_live_options live = {
		.before = &before,
		.steps = opts->steps,
		.why = opts->why,
		.plan = opts->plan,
		.ready_mask = opts->ready_mask,
		.ready_glob = opts->ready_glob,
		.ring_bytes = opts->ring_bytes,
		.processes_max = opts->processes,
		.opens = opts->opens_each ? CT_OPENS_EACH
			 : opts->opens    ? CT_OPENS_COUNTED
					  : CT_OPENS_NONE,
		.seccheck = opts->seccheck || (opts->opens && !opts->no_seccheck),
		.seccheck_opens = opts->opens,
		.sentry_probes = opts->sentry_probes,
		.verbose = opts->verbose,
		.mine = opts->command ? (uint32_t)getpid() : 0,
	};
	static struct ct_recording_header header;
	int ret;

	if (!live.ready_mask)
		live.ready_mask =
			1u << CT_READY_LISTEN | 1u << CT_READY_ACCEPT | 1u << CT_READY_OUTPUT;
	/* Before files are opened: who may not trace, or names no program, keeps what was recorded before. */
	ret = ct_may_trace(err);
	if (!ret && opts->command)
		ret = ct_runner_check(opts->command, err);
	if (!ret)
		ret = open_files(t, &ops, &header, depth, err);
	if (!ret && opts->command)
		ret = warm_up(t, err);
	if (!ret)
		ret = ct_live_open(&t->live, &live, on_event, t, err);
	ct_kept_close(&before);
	return ret;
}

/* The archive is ours again. */
static int leave_desk(struct trace *t)
{
	return ct_desk_end(take_ptr(t->desk), &t->err);
}

int ct_trace(const struct ct_options *opts, const struct ct_trace_follower *follower,
	     struct ct_err *err)
{
	struct trace t = { .opts = opts, .follower = follower };
	struct ct_err ignored;
	int ret, ended, status = -1;
	bool all;

	ct_told_catch();
	t.distill = ct_distill_new();
	/* Opens of what is executed are counted, too. */
	all = opts->opens || opts->opens_each;
	t.execs = all ? NULL : ct_execs_new();
	ret = t.distill && (t.execs || all)
		      ? open_all(&t, err)
		      : ct_fail(err, ENOMEM,
				"begin to trace: no memory or no random numbers for what is to be left out");
	if (ret)
		goto out;
	ret = ct_session_begin(&t.session, err);
	if (!ret)
		ret = ct_archive_begin(&t.archive, ct_plans[ct_live_plan(t.live)->name].name, err);
	if (ret)
		goto out;
	ct_notices_print(stderr, ct_live_plan(t.live), ct_own_caps());
	ct_notices_outputs(stderr, opts);
	say_ready(&t);
	ret = loop(&t, &status, err);
	if (ret && !t.watched)
		goto out;
	if (leave_desk(&t))
		t.failed = true;
	t.archive.end_ns = ct_mono_ns();
	ended = ct_session_end(&t.session, t.archive.end_ns, ret ? &ignored : err);
	if (!ret)
		ret = ended;
	ct_say_unmatched(&t.session);
	if (ret >= 0 && t.failed) { /* what was seen until then has been told */
		*err = t.err;
		ret = err->code;
	}
	if (ret >= 0) {
		int closed = ct_archive_close(&t.archive, err);

		if (closed)
			ret = closed;
		else
			look(&t, ct_mono_ns(), true);
		if (!ret && t.archive.missing)
			ret = CT_EXIT_INCOMPLETE;
	}
	if (ret > 0)
		ret = CT_EXIT_INCOMPLETE;
	if (ret >= 0 && status > 0)
		ret = status;
out:
	leave_desk(&t);
	ct_runner_close(&t.runner);
	ct_archive_give_up(&t.archive);
	ct_live_close(t.live);
	ct_session_close(&t.session);
	ct_distill_free(t.distill);
	ct_execs_free(t.execs);
	return ret;
}

int ct_cmd_trace(const struct ct_options *opts, struct ct_err *err)
{
	return ct_trace(opts, NULL, err);
}
