// SPDX-License-Identifier: GPL-2.0-only
/* Critical paths of hand-made waits. Times are microseconds from 1 s on. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/why/path.h"
#include "source/recording/recordings.h"
#include "util/mem.h"

#define AT(us) (1000000000ull + (us)*1000ull)

enum {
	ENGINE = 100, /* threads 101.. */
	PEER = 200,
	CHILD = 300,
	SYNC = 1000, /* ids of stacks */
	STOP,
	PIPE,
	WAITPID,
	FAULT,
	HIGH
};

static struct ct_waits *w;

static void event(uint8_t kind, uint64_t us, uint32_t tgid, uint32_t tid, uint64_t obj,
		  const char *tail, size_t len)
{
	struct {
		struct ct_event e;
		char tail[256];
	} out = { .e = { .kind = kind,
			 .len = sizeof(struct ct_event),
			 .ts_ns = AT(us),
			 .tgid = tgid,
			 .tid = tid,
			 .obj = obj,
			 .tail_len = (uint16_t)len } };

	memcpy(out.e.tail, tail, len);
	ct_waits_feed(w, &out.e);
}

static void process(uint32_t tgid, uint32_t parent, const char *name)
{
	struct {
		struct ct_event e;
		char tail[64];
	} out = { .e = { .kind = CT_KIND_PROCESS, .tgid = tgid, .arg = parent } };

	out.e.tail_len = (uint16_t)strlen(name);
	memcpy(out.e.tail, name, strlen(name));
	ct_waits_feed(w, &out.e);
}

static void stack(uint64_t id, const char *functions)
{
	char text[128];
	size_t len = strlen(functions);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)(functions[i] == ' ' ? '\0' : functions[i]);
	event(CT_KIND_STACK, 0, 0, 0, id, text, len);
}

struct wait {
	uint32_t tgid, tid;
	uint64_t from, runnable, to, why;
	uint32_t waker;
	uint16_t flags;
	const char *stranger;
	uint64_t seen; /* to be over, 0: at once */
	uint64_t reclaimed, throttled;
	const char *cgroup;
};

static void wait_(struct wait wait)
{
	struct {
		struct ct_event e;
		struct ct_wait_tail tail;
	} out = { .e = { .kind = CT_KIND_WAIT,
			 .ts_ns = AT(wait.seen ? wait.seen : wait.to),
			 .dur_ns = AT(wait.to) - AT(wait.from),
			 .arg = AT(wait.to) - AT(wait.runnable),
			 .tgid = wait.tgid,
			 .tid = wait.tid,
			 .obj = wait.why,
			 .sub = wait.flags,
			 .ret = (int32_t)wait.waker } };

	if (wait.stranger)
		snprintf(out.tail.comm, sizeof(out.tail.comm), "%s", wait.stranger);
	if (wait.seen)
		out.tail.ran_ns = (wait.seen - wait.to) * 1000;
	if (wait.stranger || wait.seen)
		out.e.tail_len =
			wait.seen ? offsetof(struct ct_wait_tail, reclaim_ns) : CT_COMM_LEN;
	out.tail.reclaim_ns = wait.reclaimed * 1000;
	out.tail.throttled_ns = wait.throttled * 1000;
	if (wait.cgroup)
		snprintf(out.tail.cgroup, sizeof(out.tail.cgroup), "%.39s", wait.cgroup);
	if (wait.reclaimed || wait.throttled)
		out.e.tail_len = sizeof(out.tail);
	ct_waits_feed(w, &out.e);
}

static void setup(void)
{
	w = ct_waits_new();
	process(ENGINE, 1, "/usr/bin/dockerd");
	process(PEER, 1, "/usr/bin/containerd");
	process(CHILD, ENGINE, "runc");
	stack(SYNC, "schedule jbd2_log_wait_commit ext4_sync_file");
	stack(STOP, "schedule do_signal_stop get_signal");
	stack(PIPE, "schedule anon_pipe_read vfs_read");
	stack(WAITPID, "schedule do_wait kernel_wait4");
	stack(FAULT, "io_schedule folio_wait_bit_common filemap_fault exc_page_fault");
	stack(HIGH, "schedule_timeout __mem_cgroup_handle_over_high");
}

static void teardown(void)
{
	ct_waits_free(w);
}

TestSuite(path, .init = setup, .fini = teardown);

/* What comes out, in order of time: "tid reason what us; ..." */
struct told {
	char lines[64][96];
	size_t count;
	uint64_t begin, end;
	bool tiles;
};

static void tell(void *ctx, const struct ct_stretch *s)
{
	struct told *told = ctx;

	if (told->count == 64)
		return;
	snprintf(told->lines[told->count], sizeof(told->lines[0]), "%u %s%s%s %llu", s->tid,
		 ct_reason_names[s->reason], *s->what ? " " : "", s->what,
		 (unsigned long long)(s->end_ns - s->begin_ns) / 1000);
	told->tiles &= s->end_ns == told->begin && s->begin_ns < s->end_ns;
	told->begin = s->begin_ns;
	told->count++;
}

static void expect_walk(uint32_t tid, uint64_t from, uint64_t to, uint32_t only, const char *wanted)
{
	struct told told = { .begin = AT(to), .end = AT(to), .tiles = true };
	char text[2048] = "";

	ct_path_walk(w, tid, AT(from), AT(to), only, tell, &told);
	for (size_t i = told.count; i-- > 0;) {
		strcat(text, told.lines[i]);
		strcat(text, i ? "; " : "");
	}
	cr_expect(told.tiles);
	cr_expect_eq(told.begin, AT(from));
	cr_expect_str_eq(text, wanted, "got:    %s\nwanted: %s", text, wanted);
}

#define expect_path(tid, from, to, wanted) expect_walk(tid, from, to, 0, wanted)

Test(path, a_thread_by_itself)
{
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 60, 70, SYNC });
	wait_((struct wait){ .tgid = ENGINE, 101, 80, 80, 90, 0, 0, CT_W_PREEMPTED });
	expect_path(101, 0, 100,
		    "101 on CPU 10; 101 disk sync 50; 101 runqueue 10; 101 on CPU 10; "
		    "101 runqueue 10; 101 on CPU 10");
	expect_path(101, 30, 65, "101 disk sync 30; 101 runqueue 5");
	stack(77,
	      "schedule odd_wait odd_ioctl"); /* no row knows it: its name is what there is to say */
	wait_((struct wait){ .tgid = ENGINE, 101, 110, 120, 120, 77 });
	expect_path(101, 110, 120, "101 other odd_wait 10");
}

/* When it ran again was only seen when it left its CPU: it had run since. */
/* What is asked for of a step has nothing of what was asked for before. */
Test(path, a_step_begins_with_nothing)
{
	struct ct_step step = { .begin_ns = AT(100), .end_ns = AT(400), .pid = ENGINE };
	struct ct_why why;
	uint64_t sum = 0;

	memset(&why, 0xff, sizeof(why));
	ct_path_step(w, &step, &why);
	for (size_t i = 0; i < CT_REASON_MAX; i++)
		sum += why.ns[i];
	cr_expect_eq(sum, step.end_ns - step.begin_ns);
}

Test(path, a_switch_that_was_not_seen)
{
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 60, 70, SYNC, .seen = 80 });
	wait_((struct wait){ .tgid = ENGINE, 101, 80, 80, 90, 0, 0, CT_W_PREEMPTED, .seen = 95 });
	expect_path(101, 0, 100,
		    "101 on CPU 10; 101 disk sync 50; 101 runqueue 10; 101 on CPU 10; "
		    "101 runqueue 10; 101 on CPU 10");
}

Test(path, a_fsync_names_its_file)
{
	event(CT_KIND_SYNC, 5, ENGINE, 101, 0, "id/.tmp-config.v2.json123456", 28);
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 60, 60, SYNC });
	expect_path(101, 0, 60, "101 on CPU 10; 101 disk sync config.v2.json 50");
}

Test(path, a_thread_of_which_nothing_is_known)
{
	expect_path(999, 0, 100, "999 unexplained 100");
}

Test(path, waits_that_were_left_out)
{
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 20, 20, SYNC });
	wait_((struct wait){ .tgid = ENGINE, 101, 80, 90, 90, SYNC, 0, CT_W_GAP });
	expect_path(101, 0, 95,
		    "101 on CPU 10; 101 disk sync 10; 101 unexplained 60; 101 disk sync 10; "
		    "101 on CPU 5");
}

/* Of many waits of a busy thread, seen at `seen` to have ended at `to`: these were for one thing. */
static void waits_(uint64_t from, uint64_t to, uint64_t seen, uint64_t why, uint64_t off,
		   uint64_t queue, uint16_t flags)
{
	struct {
		struct ct_event e;
		struct ct_waits_tail tail;
	} out = { .e = { .kind = CT_KIND_WAITS,
			 .ts_ns = AT(seen),
			 .dur_ns = AT(to) - AT(from),
			 .arg = off * 1000,
			 .tgid = ENGINE,
			 .tid = 101,
			 .obj = why,
			 .sub = flags,
			 .ret = 100,
			 .tail_len = sizeof(out.tail) },
		  .tail = { .queue_ns = queue * 1000, .ago_ns = (seen - to) * 1000 } };

	ct_waits_feed(w, &out.e);
}

/* What each thing took of the time is told, and adds up; what is left is CPU. */
Test(path, waits_that_were_put_together)
{
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 20, 20, SYNC });
	waits_(30, 70, 75, PIPE, 15, 5, 0);
	waits_(30, 70, 75, 0, 8, 8, CT_W_PREEMPTED);
	waits_(30, 70, 75, SYNC, 10, 0, 0);
	wait_((struct wait){ .tgid = ENGINE, 101, 80, 90, 90, SYNC });
	expect_path(101, 0, 100,
		    "101 on CPU 10; 101 disk sync 10; 101 on CPU 10; 101 peer pipe 10; "
		    "101 runqueue 5; 101 runqueue 8; 101 disk sync 10; 101 on CPU 17; "
		    "101 disk sync 10; 101 on CPU 10");
}

/* More than the time there was is none, and so is what was told of that time before. */
Test(path, waits_that_cannot_have_been)
{
	waits_(30, 70, 70, PIPE, 30, 0, 0);
	waits_(30, 70, 70, SYNC, 100, 0, 0);
	waits_(30, 70, 70, STOP, 10, 0, 0);
	waits_(30, 60, 70, STOP, 10, 0, 0);
	expect_path(101, 30, 80, "101 peer pipe 30; 101 disk sync 10; 101 on CPU 10");
}

/* What was left out before them is no more known for their sake. */
Test(path, waits_that_were_put_together_behind_a_gap)
{
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 20, 20, SYNC });
	waits_(30, 70, 70, PIPE, 40, 0, CT_W_GAP);
	expect_path(101, 10, 70, "101 disk sync 10; 101 unexplained 10; 101 peer pipe 40");
}

/* A request: the engine asks at 10, the peer was idle, answers at 80. */
static void a_request(void)
{
	wait_((struct wait){ .tgid = PEER, 201, 0, 10, 12, CT_WAIT_EPOLL, 101 });
	wait_((struct wait){ .tgid = PEER, 201, 30, 70, 75, SYNC });
	wait_((struct wait){ .tgid = ENGINE, 101, 15, 80, 85, PIPE, 201 });
}

Test(path, goes_to_the_peer_and_back)
{
	a_request();
	expect_path(
		101, 2, 100,
		"101 on CPU 8; 201 runqueue 2; 201 on CPU 18; 201 disk sync 40; 201 runqueue 5; "
		"201 on CPU 5; 101 runqueue 5; 101 on CPU 15");
}

Test(path, stays_in_a_process_that_is_asked_for)
{
	a_request();
	expect_walk(101, 2, 100, ENGINE,
		    "101 on CPU 13; 101 peer containerd 65; 101 runqueue 5; 101 on CPU 15");
}

Test(path, a_child_that_is_waited_for)
{
	wait_((struct wait){ .tgid = CHILD, 301, 20, 20, 25, 0, 101, CT_W_NEW });
	wait_((struct wait){ .tgid = ENGINE, 101, 30, 90, 90, WAITPID, 301 });
	expect_walk(101, 0, 100, ENGINE, "101 on CPU 30; 101 child runc 60; 101 on CPU 10");
	/* Born at 20: before that it was its parent that ran. */
	expect_path(101, 0, 100, "101 on CPU 20; 301 runqueue 5; 301 on CPU 65; 101 on CPU 10");
}

Test(path, a_thread_of_the_same_process)
{
	wait_((struct wait){ .tgid = ENGINE, 102, 40, 50, 50, SYNC });
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 60, 65, CT_WAIT_FUTEX, 102 });
	expect_walk(101, 20, 70, ENGINE,
		    "102 on CPU 20; 102 disk sync 10; 102 on CPU 10; 101 runqueue 5; 101 on CPU 5");
}

Test(path, an_idle_thread_held_up_nobody_before_it_was_waited_for)
{
	/* 102 sleeps until a timer at 50; 101 has waited for it since 30 and ran before. */
	wait_((struct wait){ .tgid = ENGINE, 102, 0, 50, 50, CT_WAIT_EPOLL, 0, CT_W_IRQ });
	wait_((struct wait){ .tgid = ENGINE, 101, 30, 60, 60, CT_WAIT_FUTEX, 102 });
	expect_path(101, 10, 70, "101 on CPU 20; 102 sleep timer 20; 102 on CPU 10; 101 on CPU 10");
}

Test(path, work_of_the_kernel_counts_from_its_begin)
{
	wait_((struct wait){ .tgid = ENGINE, 102, 5, 50, 50, SYNC });
	wait_((struct wait){ .tgid = ENGINE, 101, 30, 60, 60, CT_WAIT_FUTEX, 102 });
	expect_path(101, 0, 60, "102 on CPU 5; 102 disk sync 45; 102 on CPU 10");
}

Test(path, who_is_not_tracked_is_a_peer_by_name)
{
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 60, 60, CT_WAIT_EPOLL, 4711, 0, "systemd" });
	expect_path(101, 0, 60, "101 on CPU 10; 101 peer systemd 50");
}

Test(path, a_peer_that_is_stopped)
{
	wait_((struct wait){ .tgid = PEER, 201, 0, 5, 5, CT_WAIT_EPOLL, 4711, 0, "kill" });
	wait_((struct wait){ .tgid = PEER, 201, 6, 90, 90, STOP, 4711, 0, "kill" });
	wait_((struct wait){ .tgid = ENGINE, 101, 20, 95, 95, PIPE, 201 });
	expect_path(101, 10, 100,
		    "101 on CPU 10; 101 peer containerd 70; 201 on CPU 5; 101 on CPU 5");
}

/* Nobody runs before his process was forked; who forked it does. */
Test(path, a_birth_that_was_not_seen)
{
	event(CT_KIND_FORK, 40, ENGINE, 101, 500, "", 0);
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 20, 20, SYNC });
	wait_((struct wait){ .tgid = 500, 501, 60, 80, 80, SYNC });
	expect_path(501, 0, 90,
		    "101 on CPU 10; 101 disk sync 10; 101 on CPU 20; 501 on CPU 20; "
		    "501 disk sync 20; 501 on CPU 10");
	expect_path(501, 50, 90, "501 on CPU 10; 501 disk sync 20; 501 on CPU 10");
}

/* Something is sent from a socket to another one; who sends from a socket owns it. */
static void sent(uint64_t us, uint32_t tgid, uint32_t tid, uint64_t from, uint64_t to)
{
	struct ct_event e = { .kind = CT_KIND_SEND,
			      .len = sizeof(e),
			      .ts_ns = AT(us),
			      .tgid = tgid,
			      .tid = tid,
			      .obj = from,
			      .arg = to };

	ct_waits_feed(w, &e);
}

Test(path, what_is_sent_to_one_who_is_awake_wakes_nobody)
{
	sent(1, ENGINE, 101, 71, 72);
	wait_((struct wait){ .tgid = PEER, 201, 0, 5, 5, CT_WAIT_EPOLL, 101 });
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 50, 60, CT_WAIT_EPOLL, 0, CT_W_IRQ });
	sent(55, PEER, 201, 72, 71); /* 101 is awake since 50, and has no CPU until 60 */
	wait_((struct wait){ .tgid = PEER, 201, 70, 90, 90, CT_WAIT_EPOLL, 101 });
	expect_path(101, 6, 70, "201 on CPU 44; 101 runqueue 10; 101 on CPU 10");
}

Test(path, who_sent_to_a_stopped_one_waits_for_it)
{
	sent(1, PEER, 201, 72, 71);
	wait_((struct wait){ .tgid = ENGINE, 101, 0, 5, 5, SYNC });
	wait_((struct wait){ .tgid = PEER, 201, 10, 90, 90, STOP, 4711, 0, "kill" });
	sent(20, ENGINE, 101, 71, 72);
	expect_path(201, 6, 100, "101 on CPU 14; 101 peer containerd 70; 201 on CPU 10");
}

Test(path, a_monitor_is_not_what_others_wait_for)
{
	/* 103 looks every 20; 102 is stuck in fsync since 30; 101 works on because 103 saw that. */
	wait_((struct wait){ .tgid = ENGINE, 103, 0, 20, 20, CT_WAIT_SLEEP, 0, CT_W_IRQ });
	wait_((struct wait){ .tgid = ENGINE, 103, 21, 41, 41, CT_WAIT_SLEEP, 0, CT_W_IRQ });
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 42, 42, CT_WAIT_FUTEX, 103 });
	wait_((struct wait){ .tgid = ENGINE, 102, 0, 5, 5, SYNC });
	wait_((struct wait){ .tgid = ENGINE, 102, 30, 60, 60, SYNC });
	expect_path(101, 6, 50, "102 on CPU 24; 102 disk sync 11; 103 on CPU 1; 101 on CPU 8");
}

#define BY_BASH .waker = 7, .stranger = "bash"

Test(path, a_wait_that_a_stop_ends_is_not_of_who_sent_the_signal)
{
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 50, 50, CT_WAIT_EPOLL, BY_BASH });
	expect_path(101, 0, 60, "101 on CPU 10; 101 peer bash 40; 101 on CPU 10");
	wait_((struct wait){ .tgid = ENGINE, 101, 51, 51, 55, 0, 0, CT_W_PREEMPTED });
	wait_((struct wait){ .tgid = ENGINE, 101, 56, 90, 90, STOP, BY_BASH });
	expect_path(101, 0, 100,
		    "101 on CPU 10; 101 peer signal of bash 40; 101 on CPU 1; 101 runqueue 4; "
		    "101 on CPU 1; 101 other stopped 34; 101 on CPU 10");
}

Test(path, a_wait_long_before_a_stop_is_of_who_ended_it)
{
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 50, 50, CT_WAIT_EPOLL, BY_BASH });
	wait_((struct wait){ .tgid = ENGINE, 101, 1060, 1090, 1090, STOP, BY_BASH });
	expect_path(101, 0, 60, "101 on CPU 10; 101 peer bash 40; 101 on CPU 10");
}

Test(path, who_asks_a_stopped_process_waits_for_it_since_then)
{
	/* The engine's thread idles, is stopped, asked by a pipe that nobody hears, and answers. */
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 50, 50, CT_WAIT_EPOLL, BY_BASH });
	wait_((struct wait){ .tgid = ENGINE, 101, 50, 90, 90, STOP, BY_BASH });
	wait_((struct wait){ .tgid = PEER, 201, 70, 95, 95, PIPE, 101 });
	expect_path(201, 0, 100, "201 on CPU 70; 201 peer dockerd 20; 101 on CPU 5; 201 on CPU 5");
}

Test(path, who_is_asked_within_its_own_request_and_stopped_is_waited_for)
{
	/* As above, while another thread of the engine waits for who asks: the path comes back to it. */
	wait_((struct wait){ .tgid = ENGINE, 101, 20, 50, 50, CT_WAIT_EPOLL, BY_BASH });
	wait_((struct wait){ .tgid = ENGINE, 101, 50, 90, 90, STOP, BY_BASH });
	wait_((struct wait){ .tgid = PEER, 201, 30, 95, 95, PIPE, 101 });
	wait_((struct wait){ .tgid = ENGINE, 102, 10, 98, 98, CT_WAIT_EPOLL, 201 });
	expect_path(102, 0, 100,
		    "201 on CPU 30; 101 peer signal of bash 20; 201 peer dockerd 40; 101 on CPU 5; "
		    "201 on CPU 3; 102 on CPU 2");
}

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

Test(path, a_quota_comes_before_the_run_queue)
{
	wait_((struct wait){ .tgid = ENGINE,
			     101,
			     10,
			     10,
			     110,
			     0,
			     0,
			     CT_W_PREEMPTED,
			     .throttled = 80,
			     .cgroup = "docker-" ID64 });
	wait_((struct wait){ .tgid = ENGINE,
			     101,
			     120,
			     120,
			     150,
			     0,
			     0,
			     CT_W_PREEMPTED,
			     .throttled = UINT64_MAX / 1000, /* whoever has written that */
			     .cgroup = "kubepods.slice" });
	/* It began to need a CPU late: more than that no quota took. */
	wait_((struct wait){
		.tgid = ENGINE, 101, 160, 190, 200, PIPE, 0, CT_W_IRQ, .throttled = 80 });
	expect_path(101, 0, 200,
		    "101 on CPU 10; 101 throttled docker-0123456789ab 80; 101 runqueue 20; "
		    "101 on CPU 10; 101 throttled kubepods.slice 30; 101 on CPU 10; "
		    "101 sleep timer 30; 101 throttled 10");
	expect_path(101, 50, 60, "101 throttled docker-0123456789ab 10");
	expect_path(101, 95, 105, "101 runqueue 10");
}

Test(path, who_runs_to_reclaim_memory_waits_for_memory)
{
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 20, 20, SYNC });
	wait_((struct wait){ .tgid = ENGINE, 101, 60, 70, 70, SYNC, .reclaimed = 30 });
	wait_((struct wait){ .tgid = ENGINE, 101, 80, 90, 90, SYNC, .reclaimed = 50 });
	expect_path(101, 10, 100,
		    "101 disk sync 10; 101 on CPU 10; 101 memory reclaim 30; 101 disk sync 10; "
		    "101 memory reclaim 10; 101 disk sync 10; 101 on CPU 10");
	expect_path(101, 10, 25, "101 disk sync 10; 101 on CPU 5");
}

Test(path, whatever_it_waits_for_in_the_middle_of_reclaiming_is_memory)
{
	/* A CPU, the disk, who woke it; then a page that is read again, and the end of a busy time. */
	wait_((struct wait){
		.tgid = ENGINE, 101, 10, 10, 20, 0, 0, CT_W_PREEMPTED | CT_W_RECLAIM });
	wait_((struct wait){
		.tgid = ENGINE, 101, 30, 35, 40, SYNC, 201, CT_W_RECLAIM | CT_W_STALL });
	wait_((struct wait){ .tgid = ENGINE, 101, 50, 60, 60, FAULT, 0, CT_W_IRQ | CT_W_STALL });
	wait_((struct wait){ .tgid = ENGINE, 101, 70, 70, 80, 0, 0, CT_W_PREEMPTED | CT_W_STALL });
	wait_((struct wait){ .tgid = ENGINE, 101, 85, 86, 86, HIGH, 0, CT_W_IRQ | CT_W_STALL });
	waits_(86, 96, 96, 0, 6, 6, CT_W_PREEMPTED | CT_W_RECLAIM);
	wait_((struct wait){ .tgid = PEER, 201, 0, 1, 1, SYNC });
	expect_path(101, 0, 100,
		    "101 on CPU 10; 101 memory reclaim 10; 101 on CPU 10; 101 memory reclaim 10; "
		    "101 on CPU 10; 101 memory refault 10; 101 on CPU 10; 101 memory 10; "
		    "101 on CPU 5; 101 memory high 1; 101 memory reclaim 6; 101 on CPU 8");
	expect_path(101, 15, 38, "101 memory reclaim 5; 101 on CPU 10; 101 memory reclaim 8");
}

Test(path, evidence_that_contradicts_itself_ends)
{
	/* Two threads that woke each other at one and the same moment, of which each slept. */
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 50, 60, CT_WAIT_FUTEX, 102 });
	wait_((struct wait){ .tgid = ENGINE, 102, 10, 50, 60, CT_WAIT_FUTEX, 101 });
	struct told told = { .begin = AT(60), .tiles = true };

	ct_path_walk(w, 101, AT(0), AT(60), 0, tell, &told);
	cr_expect(told.tiles);
	cr_expect_eq(told.begin, AT(0));
}

Test(path, what_is_forgotten_is_unexplained_or_ran)
{
	wait_((struct wait){ .tgid = ENGINE, 101, 10, 20, 20, SYNC });
	wait_((struct wait){ .tgid = ENGINE, 101, 30, 40, 40, SYNC });
	ct_waits_forget(w, AT(35));
	expect_path(101, 35, 50, "101 disk sync 5; 101 on CPU 10");
	ct_waits_forget(w, AT(1000));
	expect_path(101, 0, 50, "101 unexplained 50");
}

/* The recordings of real runs. */
struct sums {
	size_t records, pieces;
	uint64_t unknown, total;
};

static void check_record(void *ctx, const struct ct_record *rec)
{
	struct sums *sums = ctx;
	uint64_t at = rec->begin_ns;

	sums->records++;
	sums->pieces += rec->piece_count;
	for (size_t i = 0; i < rec->piece_count; i++) {
		const struct ct_piece *piece = &rec->path[i];
		size_t s = 0;

		cr_expect_eq(piece->begin_ns, at);
		cr_expect_gt(piece->end_ns, piece->begin_ns);
		at = piece->end_ns;
		while (s < rec->segment_count && (rec->segments[s].begin_ns > piece->begin_ns ||
						  rec->segments[s].end_ns < piece->end_ns))
			s++;
		cr_assert_lt(s, rec->segment_count, "a piece lies in one segment");
		cr_expect_eq(piece->phase, rec->segments[s].phase);
		if (piece->reason == CT_REASON_UNKNOWN)
			sums->unknown += piece->end_ns - piece->begin_ns;
	}
	cr_expect_eq(at, rec->end_ns);
	sums->total += rec->end_ns - rec->begin_ns;
	for (size_t i = 0; i < rec->step_count; i++) {
		uint64_t sum = 0;

		cr_assert_not_null(rec->why);
		for (unsigned r = 0; r < CT_REASON_MAX; r++)
			sum += rec->why[i].ns[r];
		cr_expect_eq(sum, rec->steps[i].end_ns - rec->steps[i].begin_ns, "%s",
			     rec->steps[i].name);
	}
}

Test(path, parts_of_real_runs_add_up)
{
	static const char *const paths[] = { "tests/replay/why-runc.ct",
					     "tests/replay/why-runsc.ct" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(paths); i++) {
		const struct ct_core_options opts = { .steps = true, .why = true };
		struct ct_core_counts counts = { 0 };
		struct ct_recordings r = { 0 };
		const struct ct_core_ops ops = { .record = check_record };
		struct sums sums = { 0 };
		struct ct_err err = { 0 };

		cr_assert_eq(ct_recordings_open(&r, &paths[i], 1, &err), 0, "%s", err.msg);
		cr_assert_eq(ct_recordings_replay(&r.items[0], &opts, &ops, &sums, &counts, &err),
			     0, "%s", err.msg);
		cr_expect_geq(sums.records, 2);
		cr_expect_gt(sums.pieces, 100);
		cr_expect_leq(sums.unknown * 100, sums.total);
		ct_recordings_close(&r);
	}
}
