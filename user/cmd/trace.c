// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace, without a command: live tracing, until told to end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/session.h"
#include "cmd/trace.h"
#include "source/live.h"
#include "source/recording.h"
#include "util/clock.h"
#include "version.h"

#define POLL_MS 50
/* After the traced command has ended, how long its containers may take to be gone. */
#define LINGER_NS 5000000000ull

struct trace {
	const struct ct_options *opts;
	struct ct_run_session session;
	struct ct_live *live;
	struct ct_recorder recorder;
	ct_trace_look look; /* NULL: nobody */
	void *look_ctx;
	struct ct_err err;
	bool failed;
	bool begun;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signo)
{
	(void)signo;
	interrupted = 1;
}

static void catch_signals(void)
{
	const struct sigaction end = { .sa_handler = on_signal };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	sigaction(SIGPIPE, &ignore, NULL); /* a closed pipe is an error of its sink */
}

static void on_event(void *ctx, const struct ct_event *e)
{
	struct trace *t = ctx;

	if (t->failed)
		return;
	if (t->recorder.state && ct_recorder_write(&t->recorder, e, &t->err))
		t->failed = true;
	ct_core_feed(t->session.core, e);
}

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct trace *t = ctx;

	ct_session_record(&t->session, rec);
}

static void on_lookup(void *ctx, enum ct_lookup what, const char *id, uint32_t engine_pid)
{
	struct trace *t = ctx;

	if (what == CT_LOOKUP_IDENTITY && t->live)
		ct_live_lookup_identity(t->live, id, engine_pid);
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
	if (!t->failed && ct_recorder_tick(&t->recorder, now, &t->err))
		t->failed = true;
}

static void look(const struct trace *t, bool ended)
{
	struct ct_core_counts counts;

	if (!t->look)
		return;
	counts = ct_core_counts(t->session.core);
	t->look(t->look_ctx, &t->recorder, &counts, ended);
}

static pid_t run_command(char **command, struct ct_err *err)
{
	pid_t pid;
	int gate[2];

	if (pipe2(gate, O_CLOEXEC))
		return ct_fail(err, errno, "start '%s': %s", command[0], strerror(errno));
	pid = fork();
	if (pid < 0) {
		close(gate[0]);
		close(gate[1]);
		return ct_fail(err, errno, "start '%s': %s", command[0], strerror(errno));
	}
	if (!pid) {
		int code;

		signal(SIGPIPE, SIG_DFL);
		execvp(command[0], command);
		code = errno;
		if (write(gate[1], &code, sizeof(code)) < 0)
			_exit(126);
		_exit(127);
	}
	close(gate[1]);
	{
		int code = 0;
		ssize_t n = read(gate[0], &code, sizeof(code));

		close(gate[0]);
		if (n == (ssize_t)sizeof(code)) {
			waitpid(pid, NULL, 0);
			return ct_fail(err, code, "start '%s': %s", command[0], strerror(code));
		}
	}
	return pid;
}

static void say_ready(const struct trace *t)
{
	const struct ct_options *opts = t->opts;
	size_t engines = ct_live_engines(t->live);

	fprintf(stderr, "Tracing containers (depth %s, %zu engine%s running). Ctrl-C to end.\n",
		t->session.head.depth, engines, engines == 1 ? "" : "s");
	if (!engines)
		fprintf(stderr, "No container engine runs yet: it is traced as soon as it does.\n");
	if (opts->ready_fd >= 0 && write(opts->ready_fd, "ready\n", 6) != 6)
		fprintf(stderr, "coldtrace: write to --ready-fd %d: %s\n", opts->ready_fd,
			strerror(errno));
}

/* How the traced command ended, as a shell would say it; -1 while it runs. */
static int command_status(pid_t *pid)
{
	int status;

	if (*pid <= 0 || waitpid(*pid, &status, WNOHANG) != *pid)
		return -1;
	*pid = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* It got the terminal's signal too; else it is ours to end. One that will not is left alone. */
static void end_command(const struct trace *t, pid_t command)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000 };
	uint64_t until = ct_mono_ns() + LINGER_NS;

	kill(command, SIGTERM);
	while (command_status(&command) < 0 && ct_mono_ns() < until)
		nanosleep(&pause, NULL);
	if (command)
		fprintf(stderr, "coldtrace: '%s' (pid %d) was told to end and still runs\n",
			t->opts->command[0], (int)command);
}

static int loop(struct trace *t, int *ret_status, struct ct_err *err)
{
	const struct ct_options *opts = t->opts;
	uint64_t end_ns = opts->seconds > 0 ? ct_mono_ns() + (uint64_t)(opts->seconds * 1e9) : 0;
	uint64_t linger_ns = 0;
	pid_t command = 0;
	int ret;

	*ret_status = -1;
	if (opts->command && !t->failed) {
		command = run_command(opts->command, err);
		if (command < 0)
			return command;
	}
	while (!interrupted && !t->failed && !t->session.failed) {
		uint64_t now;
		int status;

		ret = ct_live_poll(t->live, POLL_MS, err);
		if (ret < 0 && ret != -EINTR)
			return ret;
		now = ct_mono_ns();
		tick(t, now);
		look(t, false);
		if (opts->count && t->session.starts >= opts->count)
			break;
		if (end_ns && now >= end_ns)
			break;
		status = command_status(&command);
		if (status >= 0) {
			*ret_status = status;
			linger_ns = now + LINGER_NS;
		}
		if (linger_ns && (now >= linger_ns || !ct_core_counts(t->session.core).open))
			break;
	}
	if (command > 0)
		end_command(t, command);
	/* What the kernel has said until now still counts. */
	ret = ct_live_poll(t->live, 0, err);
	return ret < 0 && ret != -EINTR ? ret : 0;
}

static int open_all(struct trace *t, struct ct_err *err)
{
	const struct ct_options *opts = t->opts;
	const struct ct_core_ops ops = { .record = on_record, .lookup = on_lookup };
	struct ct_live_options live = {
		.steps = opts->steps,
		.ready_mask = opts->ready_mask,
		.ready_glob = opts->ready_glob,
		.ring_bytes = opts->ring_bytes,
		.processes_max = opts->processes,
		.verbose = opts->verbose,
	};
	static struct ct_recording_header header;
	int ret;

	if (!live.ready_mask)
		live.ready_mask =
			1u << CT_READY_LISTEN | 1u << CT_READY_ACCEPT | 1u << CT_READY_OUTPUT;
	ret = ct_session_open(&t->session, opts, &ops, t, err);
	if (ret)
		return ret;
	ct_recording_header_fill(&header, opts->steps);
	t->session.head = (struct ct_session){
		.version = CT_VERSION,
		.kernel = header.kernel,
		.depth = opts->steps ? "steps" : "phases",
		.wall_minus_mono_ns = header.wall_minus_mono_ns,
		.begin_ns = header.begin_ns,
	};
	if (opts->record) {
		ret = ct_recorder_open(&t->recorder, opts->record, &header, err);
		if (ret)
			return ret;
	}
	return ct_live_open(&t->live, &live, on_event, t, err);
}

int ct_trace(const struct ct_options *opts, ct_trace_look look_fn, void *ctx, struct ct_err *err)
{
	struct trace t = { .opts = opts, .look = look_fn, .look_ctx = ctx };
	struct ct_err ignored;
	int ret, status = -1;

	catch_signals();
	ret = open_all(&t, err);
	if (ret)
		goto out;
	ret = ct_session_begin(&t.session, err);
	if (ret)
		goto out;
	say_ready(&t);
	ret = loop(&t, &status, err);
	if (ret)
		goto out;
	t.recorder.end_ns = ct_mono_ns();
	ret = ct_session_end(&t.session, t.recorder.end_ns, err);
	if (ret >= 0 && t.failed) { /* what was seen until then has been told */
		*err = t.err;
		ret = err->code;
	}
	if (ret >= 0) {
		int closed = ct_recorder_close(&t.recorder, err);

		if (closed)
			ret = closed;
		else
			look(&t, true);
	}
	if (ret > 0)
		ret = CT_EXIT_INCOMPLETE;
	if (ret >= 0 && status > 0)
		ret = status;
out:
	ct_recorder_close(&t.recorder, &ignored);
	ct_live_close(t.live);
	ct_session_close(&t.session);
	return ret;
}

int ct_cmd_trace(const struct ct_options *opts, struct ct_err *err)
{
	return ct_trace(opts, NULL, NULL, err);
}
