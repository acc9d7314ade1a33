// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is asked of engines, by real scouts, of a program that is called dockerd and keeps what a test
 * has put there: links, much too much, and a file system that never answers.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/engines/engines.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

#define MS 1000000ull

struct heard {
	size_t engines, identities;
	uint64_t unread;
	uint32_t unread_pid;
	size_t first_at; /* how many identities came before that of the first container, and it */
	char first[CT_ID_LEN + 1];
};

static struct heard heard;
static struct ct_facts facts;
static struct ct_engines engines;

static void hear(void *ctx, const struct ct_event *e)
{
	const char *id = ct_tail_value(e->tail, e->tail_len, "id");

	(void)ctx;
	heard.engines += e->kind == CT_KIND_ENGINE;
	heard.identities += e->kind == CT_KIND_IDENTITY;
	if (id && !strcmp(id, heard.first) && !heard.first_at)
		heard.first_at = heard.identities;
	if (e->kind == CT_KIND_LOST && e->sub == CT_LOSS_SHARE) {
		heard.unread += e->obj;
		heard.unread_pid = e->tgid;
	}
}

static void on_socket(void *ctx, const struct ct_engine *engine, const struct ct_socket_file *file)
{
	(void)ctx, (void)engine, (void)file;
}

static void begin(void)
{
	struct ct_err err = { 0 };

	memset(&heard, 0, sizeof(heard));
	memset(&engines, 0, sizeof(engines));
	facts.fn = hear;
	engines.facts = &facts;
	engines.fn = on_socket;
	cr_assert_eq(ct_engines_open(&engines, &err), 0, "%s", err.msg);
}

static void id_of(char *to, unsigned int n)
{
	snprintf(to, CT_ID_LEN + 1, "%064x", n);
}

static void put(const char *path, const char *text, size_t len)
{
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert(fd >= 0, "%s: %s", path, strerror(errno));
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	/* JSON may end in blanks, not in NULs. */
	for (size_t at = strlen(text); at < len; at += 4096) {
		char blanks[4096];

		memset(blanks, ' ', sizeof(blanks));
		cr_assert(pwrite(fd, blanks, len - at < 4096 ? len - at : 4096, (off_t)at) > 0);
	}
}

/* Of len bytes; or, with from, another name of what the container of that number has. */
static void put_container(const char *dir, unsigned int n, size_t len, const char *from)
{
	char path[256], id[CT_ID_LEN + 1];

	id_of(id, n);
	snprintf(path, sizeof(path), "%s/containers/%s", dir, id);
	cr_assert_eq(mkdir(path, 0700), 0, "%s", strerror(errno));
	snprintf(path, sizeof(path), "%s/containers/%s/config.v2.json", dir, id);
	if (from)
		cr_assert_eq(link(from, path), 0, "%s", strerror(errno));
	else
		put(path, "{\"Name\":\"/web\"}", len);
}

struct place {
	char dir[64];
	pid_t pid;
	int gate; /* it runs until this is closed */
};

/* A shell by that name: what counts of it are its name and its arguments. */
static void run_engine(struct place *p)
{
	char program[96];
	int gate[2];

	snprintf(program, sizeof(program), "%s/dockerd", p->dir);
	cr_assert_eq(pipe2(gate, O_CLOEXEC), 0);
	cr_assert_eq(symlink("/bin/sh", program), 0);
	p->pid = fork();
	if (!p->pid) {
		dup2(gate[0], 0);
		execl(program, "dockerd", "-c", "read x", "dockerd", "--data-root", p->dir, NULL);
		_exit(1);
	}
	close(gate[0]);
	p->gate = gate[1];
	for (int i = 0; i < 500; i++) {
		struct ct_proc proc;

		if (!ct_proc_read((uint32_t)p->pid, &proc) && !strcmp(proc.comm, "dockerd"))
			return;
		usleep(2000);
	}
	cr_assert_fail("no program is called dockerd");
}

static void make_place(struct place *p)
{
	char path[96];

	snprintf(p->dir, sizeof(p->dir), "/tmp/coldtrace-engines-XXXXXX");
	cr_assert(mkdtemp(p->dir));
	snprintf(path, sizeof(path), "%s/containers", p->dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	run_engine(p);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void remove_place(struct place *p)
{
	close(p->gate);
	waitpid(p->pid, NULL, 0);
	nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static uint64_t ms_since(uint64_t begun)
{
	return (ct_now_ns() - begun) / MS;
}

Test(engines, what_runs_already_is_told_with_all_it_keeps, .timeout = 30)
{
	struct place p;

	make_place(&p);
	for (unsigned int i = 0; i < 50; i++)
		put_container(p.dir, i, 0, NULL);
	begin();
	engines.patience_ns = 20000 * MS;
	ct_engines_add(&engines, (uint32_t)p.pid, false);
	cr_expect_eq(heard.engines, 1);
	ct_engines_identities(&engines);
	cr_expect_eq(heard.identities, 50, "%zu", heard.identities);
	cr_expect_eq(heard.unread, 0);
	ct_engines_close(&engines);
	remove_place(&p);
}

Test(engines, a_question_is_answered_in_the_middle_of_a_list, .timeout = 30)
{
	struct place p;

	make_place(&p);
	for (unsigned int i = 0; i < 500; i++)
		put_container(p.dir, i, 0, NULL);
	begin();
	engines.patience_ns = 20000 * MS;
	ct_engines_add(&engines, (uint32_t)p.pid, false);
	engines.patience_ns = 0;
	ct_engines_identities(&engines); /* returns at once */
	put_container(p.dir, 5000, 0, NULL);
	id_of(heard.first, 5000);
	ct_engines_ask(&engines, CT_ERRAND_WHO, heard.first, (uint32_t)p.pid, "");
	ct_engines_settle(&engines, ct_now_ns() + 20000 * MS);
	cr_expect_geq(heard.identities, 501);
	cr_expect(heard.first_at && heard.first_at < 250, "%zu before it", heard.first_at);
	ct_engines_close(&engines);
	remove_place(&p);
}

Test(engines, who_is_not_there_is_not_waited_for, .timeout = 30)
{
	char id[CT_ID_LEN + 1];
	struct place p;
	uint64_t begun;

	make_place(&p);
	begin();
	engines.patience_ns = 20000 * MS;
	ct_engines_add(&engines, (uint32_t)p.pid, false);
	id_of(id, 1);
	begun = ct_now_ns();
	for (int i = 0; i < 2 * CT_LOOKUPS_MAX; i++)
		ct_engines_ask(&engines, CT_ERRAND_WHO, id, (uint32_t)p.pid, "");
	ct_engines_settle(&engines, ct_now_ns() + 20000 * MS);
	cr_expect_lt(ms_since(begun), 10000);
	cr_expect_eq(engines.dropped, CT_LOOKUPS_MAX, "%llu", (unsigned long long)engines.dropped);
	cr_expect_eq(heard.identities, 0);
	ct_engines_close(&engines);
	remove_place(&p);
}

/* A file that has a thousand names is one file. */
Test(engines, a_farm_of_links_is_read_once, .timeout = 30)
{
	char first[256], id[CT_ID_LEN + 1];
	struct place p;

	make_place(&p);
	put_container(p.dir, 0, 200 << 10, NULL);
	id_of(id, 0);
	snprintf(first, sizeof(first), "%s/containers/%s/config.v2.json", p.dir, id);
	for (unsigned int i = 1; i < 1000; i++)
		put_container(p.dir, i, 0, first);
	begin();
	engines.patience_ns = 20000 * MS;
	ct_engines_add(&engines, (uint32_t)p.pid, true);
	ct_engines_identities(&engines);
	cr_expect_eq(heard.identities, 1, "%zu", heard.identities);
	ct_engines_close(&engines);
	remove_place(&p);
}

/* 50 MiB in 200 files, of which an engine in a container has a share. */
Test(engines, a_share_of_bytes_is_read_and_the_rest_counted, .timeout = 30)
{
	struct place p;

	make_place(&p);
	for (unsigned int i = 0; i < 200; i++)
		put_container(p.dir, i, 250 << 10, NULL);
	put_container(p.dir, 200, 300 << 10, NULL); /* longer than such a file is */
	begin();
	engines.patience_ns = 20000 * MS;
	ct_engines_add(&engines, (uint32_t)p.pid, true);
	ct_engines_identities(&engines);
	ct_engines_settle(&engines, ct_now_ns() + 10000 * MS);
	cr_expect(heard.identities > 5 && heard.identities <= 67, "%zu", heard.identities);
	cr_expect_gt(heard.unread, 100, "%llu", (unsigned long long)heard.unread);
	cr_expect_eq(heard.unread_pid, (uint32_t)p.pid);
	ct_engines_close(&engines);
	remove_place(&p);
}

/* Mounted, and nobody ever reads what is asked of it. -1: not to be had here. */
static int mount_silence(const char *at)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[96];

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 fd);
	if (fd < 0 || unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("silence", at, "fuse", 0, options)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

Test(engines, a_file_system_that_never_answers_keeps_nobody_waiting, .timeout = 60)
{
	struct place silent, sound;
	char path[96], id[CT_ID_LEN + 1];
	uint64_t begun;
	int fuse;

	make_place(&sound);
	put_container(sound.dir, 7, 0, NULL);
	make_place(&silent);
	snprintf(path, sizeof(path), "%s/containers", silent.dir);
	fuse = mount_silence(path);
	if (fuse < 0) {
		remove_place(&sound);
		remove_place(&silent);
		cr_skip("a FUSE file system takes /dev/fuse and CAP_SYS_ADMIN");
	}
	/* Who was there before is in the old mount namespace: one that is in this. */
	close(silent.gate);
	waitpid(silent.pid, NULL, 0);
	snprintf(path, sizeof(path), "%s/dockerd", silent.dir);
	unlink(path);
	run_engine(&silent);

	begin();
	ct_engines_add(&engines, (uint32_t)silent.pid, true);
	ct_engines_add(&engines, (uint32_t)sound.pid, false);
	begun = ct_now_ns();
	ct_engines_identities(&engines);
	cr_expect_lt(ms_since(begun), 2000, "%llu ms", (unsigned long long)ms_since(begun));
	ct_engines_settle(&engines, ct_now_ns() + 400 * MS);
	cr_expect_eq(heard.identities, 1, "%zu", heard.identities);

	/* Nor does it keep questions about others of its side waiting for long. */
	id_of(id, 7);
	ct_engines_ask(&engines, CT_ERRAND_WHO, id, (uint32_t)sound.pid, "");
	ct_engines_settle(&engines, ct_now_ns() + 8000 * MS);
	cr_expect_eq(heard.identities, 2, "%zu", heard.identities);
	cr_expect_eq(heard.unread, 1, "%llu", (unsigned long long)heard.unread);
	cr_expect_eq(heard.unread_pid, (uint32_t)silent.pid);

	/* Whoever was named is asked no more. */
	begun = ct_now_ns();
	ct_engines_ask(&engines, CT_ERRAND_WHO, id, (uint32_t)silent.pid, "");
	ct_engines_settle(&engines, ct_now_ns() + 8000 * MS);
	cr_expect_lt(ms_since(begun), 900, "%llu ms", (unsigned long long)ms_since(begun));
	begun = ct_now_ns();
	ct_engines_close(&engines);
	cr_expect_lt(ms_since(begun), 200, "%llu ms", (unsigned long long)ms_since(begun));
	close(fuse); /* ends it, and whoever waits for it */
	snprintf(path, sizeof(path), "%s/containers", silent.dir);
	umount2(path, MNT_DETACH);
	remove_place(&sound);
	remove_place(&silent);
}
