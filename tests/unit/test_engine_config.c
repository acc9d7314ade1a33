// SPDX-License-Identifier: GPL-2.0-only
/* Where an engine keeps its data, as its files of configuration say: a program that is called crio. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/engines/engine.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

struct place {
	char dir[64];
	pid_t pid;
	int gate; /* it runs until this is closed */
};

static void put(const struct place *p, const char *name, const char *text)
{
	char path[128];
	own_file FILE *f = NULL;

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	f = fopen(path, "w");
	cr_assert(f, "%s: %s", path, strerror(errno));
	cr_assert(fputs(text, f) >= 0);
}

static void make(struct place *p)
{
	char path[128];

	snprintf(p->dir, sizeof(p->dir), "/tmp/coldtrace-config-XXXXXX");
	cr_assert(mkdtemp(p->dir));
	snprintf(path, sizeof(path), "%s/d", p->dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	put(p, "script", "read x\n");
}

/* A shell by that name; what is behind its script are its arguments: the first one or two are of its files. */
static void run_as(struct place *p, const char *name, const char *config, const char *more,
		   const char *arg, const char *value)
{
	char program[128], script[128];
	int gate[2];

	snprintf(program, sizeof(program), "%s/%s", p->dir, name);
	snprintf(script, sizeof(script), "%s/script", p->dir);
	cr_assert_eq(pipe2(gate, O_CLOEXEC), 0);
	cr_assert_eq(symlink("/bin/sh", program), 0);
	p->pid = fork();
	if (!p->pid) {
		dup2(gate[0], 0);
		execl(program, name, script, config, more ? more : arg, more ? arg : value,
		      more ? value : NULL, NULL);
		_exit(1);
	}
	close(gate[0]);
	p->gate = gate[1];
	/* The kernel names it before it has arguments. */
	for (int i = 0; i < 500; i++) {
		struct ct_proc proc;
		char args[256];

		if (!ct_proc_read((uint32_t)p->pid, &proc) && !strcmp(proc.comm, name) &&
		    ct_proc_args((uint32_t)p->pid, args, sizeof(args)))
			return;
		usleep(2000);
	}
	cr_assert_fail("no program is called %s", name);
}

static void run(struct place *p, const char *arg, const char *value)
{
	char config[128], more[128];

	snprintf(config, sizeof(config), "--config=%s/crio.conf", p->dir);
	snprintf(more, sizeof(more), "--config-dir=%s/d", p->dir);
	run_as(p, "crio", config, more, arg, value);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void end(struct place *p)
{
	close(p->gate);
	waitpid(p->pid, NULL, 0);
	nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void expect(struct place *p, const char *root, const char *exec_root)
{
	struct ct_engine engine = { 0 };

	cr_assert(ct_engine_read((uint32_t)p->pid, &engine));
	cr_expect_str_eq(engine.name, "crio");
	cr_expect_str_eq(engine.data_root, root);
	cr_expect_str_eq(engine.exec_root, exec_root);
	end(p);
}

#define CONF \
	"# root = \"/not\"\nroot = \"/before any table\"\n" \
	"[crio.runtime]\nroot = \"/another\"\n[crio]\nroot = \"/conf/root\"\n" \
	"  runroot='/conf/run'\n[crio.api]\nlisten = \"/x.sock\"\nroot = \"/a third\"\n"

Test(engine_config, tables)
{
	struct place p;

	make(&p);
	put(&p, "crio.conf", CONF);
	run(&p, NULL, NULL);
	expect(&p, "/conf/root", "/conf/run");
}

/* The last by name counts, whatever it leaves out the others say, and an argument says it best. */
Test(engine_config, one_file_after_the_other)
{
	struct place p;

	make(&p);
	put(&p, "crio.conf", CONF);
	put(&p, "d/20.conf", "[crio]\nroot = \"/twenty\"\n");
	put(&p, "d/10.conf", "[crio]\nroot = \"/ten\"\nrunroot = \"/run/ten\"\n");
	put(&p, "d/.99.conf", "[crio]\nroot = \"/hidden\"\n");
	run(&p, NULL, NULL);
	expect(&p, "/twenty", "/run/ten");
	make(&p);
	put(&p, "crio.conf", CONF);
	put(&p, "d/10.conf", "[crio]\nroot = \"/ten\"\n");
	run(&p, "--root", "/argument");
	expect(&p, "/argument", "/conf/run");
}

/* A FIFO would block who opens it, and more files than anybody has are not all read. */
Test(engine_config, what_is_no_file, .timeout = 30)
{
	struct place p;
	char path[128];

	make(&p);
	put(&p, "crio.conf", CONF);
	snprintf(path, sizeof(path), "%s/d/30.conf", p.dir);
	cr_assert_eq(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/d/40.conf", p.dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	for (int i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "d/a%02d", i);
		put(&p, path, "[crio.image]\n");
	}
	run(&p, NULL, NULL);
	expect(&p, "/conf/root", "/conf/run");
}

/* Who asks there is not heard. A log that goes somewhere by TCP is no such place. */
Test(engine_config, listens_on_tcp)
{
	static const struct {
		const char *program, *arg, *value, *config;
		bool tcp;
	} rows[] = {
		{ "dockerd", "-H", "tcp://127.0.0.1:2375", "{}", true },
		{ "dockerd", "-H", ":2375", "{}", true },
		{ "dockerd", "-H=0.0.0.0:2375", NULL, "{}", true },
		{ "dockerd", "-H:2375", NULL, "{}", true },
		{ "dockerd", "--host=localhost:2375", NULL, "{}", true },
		{ "dockerd", "-H", "unix:///run/x.sock", "{}", false },
		{ "dockerd", "--host=fd://", "-H127.0.0.1:2375", "{}", true },
		{ "dockerd", "--host=fd://", "--host=", "{}", false },
		{ "dockerd", "--log-opt", "syslog-address=tcp://192.0.2.1:514", "{}", false },
		{ "dockerd", NULL, NULL, "{\"hosts\": [\"fd://\", \"tcp://0.0.0.0:2376\"]}", true },
		{ "dockerd", NULL, NULL, "{\"hosts\": [\"fd://\", 7, \"0.0.0.0:2376\"]}", true },
		{ "dockerd", NULL, NULL, "{\"hosts\": [\"unix:///run/x.sock\"]}", false },
		{ "dockerd", NULL, NULL,
		  "{\"log-opts\": {\"fluentd-address\": \"tcp://192.0.2.1:24224\"}}", false },
		{ "podman", NULL, NULL, "", false },
		{ "podman", "socat", "tcp:192.0.2.1:80", "", false },
		{ "podman", "service", "tcp:localhost:8888", "", true },
		{ "podman", "service", "unix:///run/x.sock", "", false },
		{ "containerd", NULL, NULL, "[grpc]\ntcp_address = \"127.0.0.1:8444\"\n", true },
		{ "containerd", NULL, NULL, "[grpc]\ntcp_address = \"\"\n", false },
		{ "containerd", NULL, NULL, "[debug]\ntcp_address = \"127.0.0.1:8444\"\n", false },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct ct_engine engine = { 0 };
		char config[128];
		struct place p;

		make(&p);
		put(&p, "config", rows[i].config);
		snprintf(config, sizeof(config), "--config%s=%s/config",
			 strcmp(rows[i].program, "dockerd") ? "" : "-file", p.dir);
		if (!strcmp(rows[i].program, "podman"))
			snprintf(config, sizeof(config), "system");
		run_as(&p, rows[i].program, config, NULL, rows[i].arg, rows[i].value);
		cr_assert(ct_engine_read((uint32_t)p.pid, &engine));
		cr_expect_eq(engine.tcp, rows[i].tcp, "row %zu: %s %s %s: %s", i, rows[i].program,
			     rows[i].arg ? rows[i].arg : "", rows[i].value ? rows[i].value : "",
			     rows[i].config);
		end(&p);
	}
}

/* A service manager makes the socket, keeps it, and hands it on; a port of its own, as for metrics, is none to be asked at. */
Test(engine_config, given_tcp)
{
	static const struct {
		int family;
		bool listens, kept, tcp;
	} rows[] = {
		{ AF_INET, true, true, true },   { AF_INET6, true, true, true },
		{ AF_INET, true, false, false }, { AF_INET, false, true, false },
		{ AF_UNIX, false, true, false },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct ct_engine engine = { 0 };
		struct place p;
		int fd = socket(rows[i].family, SOCK_STREAM, 0);

		cr_assert(fd >= 0);
		cr_assert(!rows[i].listens || !listen(fd, 1));
		make(&p);
		run_as(&p, "dockerd", "-H", "fd://", NULL, NULL);
		if (!rows[i].kept)
			close(fd);
		cr_assert(ct_engine_read((uint32_t)p.pid, &engine));
		cr_expect_eq(engine.tcp, rows[i].tcp, "row %zu", i);
		end(&p);
		if (rows[i].kept)
			close(fd);
	}
}
