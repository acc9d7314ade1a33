// SPDX-License-Identifier: GPL-2.0-only
/* A process that is called as gVisor's sandbox is, and the other end of its control socket. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox_messages.h"
#include "source/sandbox/sandbox.h"
#include "source/sandbox/seccheck.h"
#include "util/clock.h"
#include "util/mem.h"

#define ID          "fake"
#define DRIP_NS     100000000
#define DRIPS       600
#define PATIENCE_NS 60000000000ull

struct fake {
	char dir[64], path[128];
	int listener, messages;
	pid_t pid;
	int life; /* it reads from the other end of this pipe */
	pthread_t thread;
	const char *create; /* what it answers; NULL: success */
	const char *list; /* NULL: a blank every now and then, for a minute */
	bool outwaited; /* somebody stayed until the last of them */
	uint32_t dropped; /* as the last message says */
};

/*
 * Between two looks at what will be so: false once it has taken too long. By the clock, and long: where other
 * programs have the processors, nobody else may have run between a thousand looks.
 */
static bool patience(uint64_t *until_ns)
{
	if (!*until_ns)
		*until_ns = ct_mono_ns() + PATIENCE_NS;
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return ct_mono_ns() < *until_ns;
}

static void call_itself(const char *dir, int life, const char *more)
{
	char root[80];

	snprintf(root, sizeof(root), "--root=%s", dir);
	dup2(life, 0);
	execl("/bin/sh", CT_SANDBOX_ARG, "-c", "read line; :", root, more, ID, NULL);
	_exit(127);
}

/* Its name is there as soon as it has executed the shell. */
static void be_named(pid_t pid)
{
	char id[80];

	for (uint64_t until = 0; !ct_sandbox_id((uint32_t)pid, id, sizeof(id)) && patience(&until);)
		;
}

/* A fork that gets this pid; 0: any. */
static pid_t fork_as(pid_t pid)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	if (!pid)
		return fork();
	args.set_tid = (uintptr_t)&pid;
	args.set_tid_size = 1;
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void begin_as(struct fake *f, pid_t pid, const char *more)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int life[2];

	strcpy(f->dir, "/tmp/coldtrace-unit-XXXXXX");
	cr_assert(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/runsc-%s.sock", f->dir, ID);
	snprintf(at.sun_path, sizeof(at.sun_path), "%.100s", f->path);
	f->messages = -1;
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert(!bind(f->listener, (struct sockaddr *)&at, sizeof(at)));
	cr_assert(!listen(f->listener, 8));
	cr_assert(!pipe2(life, O_CLOEXEC));
	f->pid = fork_as(pid);
	if (f->pid < 0 && errno == EPERM)
		cr_skip_test("choosing a pid takes root");
	cr_assert_geq(f->pid, 0);
	if (!f->pid) {
		close(life[1]);
		call_itself(f->dir, life[0], more);
	}
	close(life[0]);
	f->life = life[1];
	be_named(f->pid);
}

static void begin(struct fake *f, const char *more)
{
	begin_as(f, 0, more);
}

static void end(struct fake *f)
{
	close(f->life);
	waitpid(f->pid, NULL, 0);
	unlink(f->path);
	rmdir(f->dir);
}

/* A request, and the descriptor that came with it. */
static int request(int rpc, char *text, size_t room)
{
	struct iovec part = { text, room - 1 };
	char control[CMSG_SPACE(sizeof(int))];
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(rpc, &message, 0);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	int fd = -1;

	text[n > 0 ? n : 0] = '\0';
	if (c)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static void reply(int rpc, const char *text)
{
	send(rpc, text, strlen(text), MSG_NOSIGNAL);
}

/* Until whoever asked has gone. */
static void drip(struct fake *f, int rpc)
{
	int i = 0;

	for (; i < DRIPS && send(rpc, " ", 1, MSG_NOSIGNAL) == 1; i++)
		nanosleep(&(struct timespec){ .tv_nsec = DRIP_NS }, NULL);
	f->outwaited |= i == DRIPS;
}

static void drop(const struct fake *f)
{
	struct message m;

	message_raw(&m, 1, 1, 1, 1);
	for (int i = 0; i < 4; i++)
		m.bytes[4 + i] = (char)(f->dropped >> 8 * i);
	send(f->messages, m.bytes, m.len, MSG_NOSIGNAL);
}

static void *serve(void *ctx)
{
	struct fake *f = ctx;
	bool more = true;

	while (more) {
		own_fd int rpc = accept(f->listener, NULL, NULL);
		char text[16384];
		int fd = request(rpc, text, sizeof(text));

		if (strstr(text, "CreateTraceSession")) {
			f->messages = fd;
			reply(rpc, f->create ? f->create : "{\"success\":true}");
			more = !f->create;
		} else if (!f->list) {
			more = strstr(text, "List") != NULL;
			drip(f, rpc);
		} else if (strstr(text, "ListTraceSessions")) {
			if (f->dropped)
				drop(f);
			reply(rpc, f->list);
		} else {
			more = false;
			reply(rpc, "{\"success\":true}");
		}
	}
	close(f->messages);
	return NULL;
}

static void hear(void *ctx, const struct ct_event *e)
{
	int *watched = ctx;

	if (e->kind == CT_KIND_APP && e->sub == CT_APP_WATCHED)
		*watched = e->ret ? e->ret : 1;
}

static void watch(struct ct_seccheck *s, struct fake *f, int *watched)
{
	*watched = 0;
	cr_assert(!pthread_create(&f->thread, NULL, serve, f));
	ct_seccheck_add(s, (uint32_t)f->pid);
	for (uint64_t until = 0; !*watched && patience(&until);)
		ct_seccheck_read(s);
}

/* Watches it, then ends. Returns what was lost. */
static uint64_t watch_and_end(struct fake *f)
{
	int watched = 0;
	struct ct_seccheck *s = ct_seccheck_new(true, hear, &watched);
	uint64_t lost;

	cr_assert(s);
	watch(s, f, &watched);
	cr_expect_eq(watched, 1);
	ct_seccheck_end(s);
	lost = ct_seccheck_lost(s);
	ct_seccheck_free(s);
	pthread_join(f->thread, NULL);
	return lost;
}

#define DROPPED(n) \
	"{\"success\":true,\"result\":[{\"name\":\"Default\",\"sinks\":[{\"name\":\"remote\"," \
	"\"status\":{\"DroppedCount\":" #n "}}]}]}"

Test(sandbox, what_it_drops_at_the_end_is_lost_once)
{
	struct fake f = { .list = DROPPED(5) };

	begin(&f, "");
	cr_expect_eq(watch_and_end(&f), 5);
	end(&f);
}

/* It goes on between its answer and the last message that is read. */
Test(sandbox, what_it_drops_after_it_was_asked_is_lost_once)
{
	struct fake f = { .list = DROPPED(5), .dropped = 7 };

	begin(&f, "");
	cr_expect_eq(watch_and_end(&f), 7);
	end(&f);
}

/* Whoever ends the trace waits a while for an answer, however it comes. */
Test(sandbox, an_answer_that_drips_keeps_nobody)
{
	struct fake f = { .list = NULL };

	begin(&f, "");
	watch_and_end(&f);
	cr_expect_not(f.outwaited);
	end(&f);
}

/* Its id is the last argument: a file descriptor per volume comes before it. */
Test(sandbox, is_known_by_its_id_however_long_its_command_line_is)
{
	struct fake f = { .list = DROPPED(0) };
	char more[6000], id[80] = "";
	int control;

	memset(more, '3', sizeof(more) - 1);
	more[sizeof(more) - 1] = '\0';
	begin(&f, more);
	cr_expect(ct_sandbox_id((uint32_t)f.pid, id, sizeof(id)));
	cr_expect_str_eq(id, ID);
	control = ct_sandbox_control((uint32_t)f.pid, id);
	cr_expect_geq(control, 0);
	close(control);
	end(&f);
}

/* Its exit was not seen, and its pid comes again. */
Test(sandbox, a_pid_that_comes_again_is_another_sandbox)
{
	struct fake first = { .create = "{\"success\":false,\"err\":\"already exists\"}" };
	struct fake second = { .list = DROPPED(0) };
	int watched = 0;
	struct ct_seccheck *s = ct_seccheck_new(true, hear, &watched);

	cr_assert(s);
	begin(&first, "");
	watch(s, &first, &watched);
	cr_expect_eq(watched, -EBUSY);
	pthread_join(first.thread, NULL);
	end(&first);
	begin_as(&second, first.pid, "");
	watch(s, &second, &watched);
	cr_expect_eq(watched, 1, "%d", watched);
	ct_seccheck_free(s);
	if (watched == 1)
		pthread_join(second.thread, NULL);
	end(&second);
}

/* How often this process has called read(). */
static unsigned long reads(void)
{
	own_file FILE *f = fopen("/proc/self/io", "re");
	unsigned long n = 0;
	char line[64];

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "syscr: %lu", &n);
	return n;
}

#define BYSTANDERS 300

/* A process that is looked at often is looked at alone. */
Test(sandbox, whether_it_is_born_is_asked_of_it_alone)
{
	struct fake f = { 0 };
	pid_t pids[BYSTANDERS];
	unsigned long before;

	begin(&f, "");
	for (size_t i = 0; i < BYSTANDERS; i++) {
		pids[i] = fork();
		cr_assert_geq(pids[i], 0);
		if (!pids[i]) {
			pause();
			_exit(0);
		}
	}
	before = reads();
	cr_expect_not(ct_sandbox_born((uint32_t)f.pid));
	cr_expect_lt(reads() - before, BYSTANDERS / 2, "%lu", reads() - before);
	for (size_t i = 0; i < BYSTANDERS; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	end(&f);
}

static bool born_within_a_while(pid_t pid)
{
	bool born = false;

	for (uint64_t until = 0; !born && patience(&until);)
		born = ct_sandbox_born((uint32_t)pid);
	return born;
}

/*
 * As a stub does: what was the program's file is memory without a name. It goes on in it, so each part is
 * made elsewhere and put there by one call.
 */
static void let_go_of_program(void)
{
	own_file FILE *f = fopen("/proc/self/maps", "re");
	char line[1024], program[512] = "";
	struct {
		unsigned long begin, end;
		char may[5];
	} parts[32];
	own_fd int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	size_t count = 0;

	cr_assert_gt(readlink("/proc/self/exe", program, sizeof(program) - 1), 0);
	while (f && count < CT_ARRAY_SIZE(parts) && fgets(line, sizeof(line), f)) {
		if (strstr(line, program) && sscanf(line, "%lx-%lx %4s", &parts[count].begin,
						    &parts[count].end, parts[count].may) == 3)
			count++;
	}
	for (size_t i = 0; i < count; i++) {
		size_t len = parts[i].end - parts[i].begin;
		void *made =
			mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		/* by the kernel: between variables there is what no program may read */
		cr_assert_eq(pread(memory, made, len, (off_t)parts[i].begin), (ssize_t)len);
		mprotect(made, len,
			 PROT_READ | (parts[i].may[1] == 'w' ? PROT_WRITE : 0) |
				 (parts[i].may[2] == 'x' ? PROT_EXEC : 0));
		mremap(made, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)parts[i].begin);
	}
}

/* Until somebody writes to it. */
static void wait_at(int gate)
{
	char c;

	if (read(gate, &c, 1) != 1)
		_exit(1);
}

/* This process forks; what it has forked lets go of its program. */
Test(sandbox, it_is_born_when_a_child_has_let_go_of_its_program)
{
	int gate[2];
	pid_t child, second;

	cr_assert(!pipe2(gate, O_CLOEXEC));
	cr_expect_not(ct_sandbox_born((uint32_t)getpid()), "it has no child");
	child = fork();
	if (!child) {
		wait_at(gate[0]);
		let_go_of_program();
		pause();
		_exit(0);
	}
	cr_expect_not(ct_sandbox_born((uint32_t)getpid()), "its child maps its program");
	cr_assert_eq(write(gate[1], "", 1), 1);
	cr_expect(born_within_a_while(getpid()));
	second = fork();
	if (!second) {
		pause();
		_exit(0);
	}
	cr_expect_not(ct_sandbox_born((uint32_t)getpid()), "another one maps its program");
	kill(second, SIGKILL);
	waitpid(second, NULL, 0);
	cr_expect(born_within_a_while(getpid()));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/*
 * Who executes has let go of its program, too, and of one that boots that was taken for its stub: of 400
 * sandboxes one hung.
 */
Test(sandbox, a_child_that_executes_is_no_proof)
{
	char path[64], name[64] = "";
	int life[2];
	pid_t child;

	cr_assert(!pipe2(life, O_CLOEXEC));
	child = fork();
	if (!child) {
		dup2(life[0], 0);
		execl("/bin/sh", "sh", "-c", "read line; :", NULL);
		_exit(1);
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)child);
	for (uint64_t until = 0; strcmp(name, "sh\n") != 0 && patience(&until);) {
		own_file FILE *f = fopen(path, "re");

		if (!f || !fgets(name, sizeof(name), f))
			*name = '\0';
	}
	cr_expect_str_eq(name, "sh\n");
	cr_expect_not(ct_sandbox_born((uint32_t)getpid()));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

#define FLOOD 60000

static struct {
	uint32_t pid;
	size_t heard;
} heard[2];

static void tally(void *ctx, const struct ct_event *e)
{
	for (size_t i = 0; i < 2; i++)
		heard[i].heard += e->kind == CT_KIND_OPENED && e->root == heard[i].pid;
	hear(ctx, e);
}

/* As many as are taken. */
static size_t send_opens(const struct fake *f, size_t count)
{
	struct message m;
	size_t sent = 0;

	message_open(&m, 1, 1, "/a");
	message_returned(&m, 3, 0);
	while (sent < count && send(f->messages, m.bytes, m.len, MSG_DONTWAIT) > 0)
		sent++;
	return sent;
}

/* What is not read in one turn is read in the next ones, which follow at once. */
Test(sandbox, one_that_sends_much_keeps_nobody_waiting)
{
	struct fake loud = { .list = DROPPED(0) }, calm = { .list = DROPPED(0) };
	int watched = 0;
	struct ct_seccheck *s = ct_seccheck_new(true, tally, &watched);
	size_t sent, turns = 1;

	cr_assert(s);
	begin(&loud, "");
	begin(&calm, "");
	heard[0].pid = (uint32_t)loud.pid;
	heard[1].pid = (uint32_t)calm.pid;
	watch(s, &calm, &watched);
	watch(s, &loud, &watched);
	sent = send_opens(&loud, FLOOD);
	cr_assert_eq(send_opens(&calm, 10), 10);
	ct_seccheck_read(s);
	cr_expect_eq(heard[1].heard, 10);
	if (sent == FLOOD) { /* not without CAP_NET_ADMIN */
		cr_expect_lt(heard[0].heard, FLOOD / 2, "%zu in one turn", heard[0].heard);
		cr_expect(ct_seccheck_due(s) && ct_seccheck_due(s) <= ct_mono_ns());
	}
	for (; ct_seccheck_due(s) && turns < 100; turns++)
		ct_seccheck_read(s);
	cr_expect_eq(heard[0].heard, sent);
	cr_expect_lt(turns, 100);
	ct_seccheck_free(s);
	pthread_join(loud.thread, NULL);
	pthread_join(calm.thread, NULL);
	end(&loud);
	end(&calm);
}

/* Ends a server that nobody has asked to delete its session. */
static void hang_up(const struct fake *f)
{
	own_fd int rpc = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path, sizeof(at.sun_path), "%.100s", f->path);
	cr_assert(!connect(rpc, (struct sockaddr *)&at, sizeof(at)));
}

/* Nor does its end: what it has sent until then is read as fast as that of others. */
Test(sandbox, one_that_ends_with_much_unread_keeps_nobody_waiting)
{
	struct fake loud = { .list = DROPPED(0) };
	int watched = 0;
	struct ct_seccheck *s = ct_seccheck_new(true, tally, &watched);
	size_t sent, turns = 0;

	cr_assert(s);
	begin(&loud, "");
	heard[0].pid = (uint32_t)loud.pid;
	heard[0].heard = 0;
	watch(s, &loud, &watched);
	sent = send_opens(&loud, FLOOD);
	ct_seccheck_exited(s, (uint32_t)loud.pid);
	if (sent == FLOOD)
		cr_expect_lt(heard[0].heard, FLOOD / 2, "%zu at once", heard[0].heard);
	for (; ct_seccheck_due(s) && turns < 100; turns++)
		ct_seccheck_read(s);
	cr_expect_eq(heard[0].heard, sent, "%zu of %zu", heard[0].heard, sent);
	cr_expect_lt(turns, 100);
	ct_seccheck_free(s);
	hang_up(&loud);
	pthread_join(loud.thread, NULL);
	end(&loud);
}

Test(sandbox, as_many_are_listened_to_as_there_may_be_files)
{
	const struct rlimit few = { 264, 264 }; /* enough for two */
	struct fake fakes[3] = { 0 };
	int watched = 0;
	struct ct_seccheck *s;

	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	s = ct_seccheck_new(true, hear, &watched);
	cr_assert(s);
	for (size_t i = 0; i < 3; i++) {
		begin(&fakes[i], "");
		ct_seccheck_add(s, (uint32_t)fakes[i].pid);
		cr_expect_eq(watched, i < 2 ? 0 : -EMFILE, "of %zu: %d", i + 1, watched);
	}
	cr_expect_eq(ct_seccheck_lost(s), 1);
	/* One that ends makes room. */
	ct_seccheck_exited(s, (uint32_t)fakes[0].pid);
	watched = 0;
	ct_seccheck_add(s, (uint32_t)fakes[2].pid);
	cr_expect_eq(watched, 0, "%d", watched);
	for (size_t i = 0; i < 3; i++) {
		ct_seccheck_exited(s, (uint32_t)fakes[i].pid);
		close(fakes[i].listener);
		end(&fakes[i]);
	}
	ct_seccheck_free(s);
}
