// SPDX-License-Identifier: GPL-2.0-only
/* One running engine: who it is, and on which socket files it listens. */
#include "source/engines/engine.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/who/roles.h"
#include "source/proc/files.h"
#include "source/proc/procfs.h"
#include "source/proc/unix_sockets.h"
#include "util/mem.h"

#define FDS_MAX 65536

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * "UNIX", "TCP", "TCPv6". What is no UNIX socket has no line of its own in /proc/PID/net/unix, and whoever knows its
 * inode could forge one.
 */
static bool is_of(uint32_t pid, const char *fd, const char *family)
{
	char path[64], protocol[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/fd/%.16s", pid, fd);
	n = getxattr(path, "system.sockprotoname", protocol, sizeof(protocol) - 1);
	return n >= (ssize_t)strlen(family) && !memcmp(protocol, family, strlen(family));
}

/* Inodes of the sockets of a family that a process has open, sorted. The caller frees *ret. */
static size_t open_sockets(uint32_t pid, const char *family, uint64_t **ret)
{
	own_mem uint64_t *list = NULL;
	own_dir DIR *dir = NULL;
	size_t count = 0, room = 0;
	struct dirent *entry;
	char link[64];

	*ret = NULL;
	dir = ct_proc_entries(pid, "fd");
	while (dir && count < FDS_MAX && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);

		if (n < 0)
			continue;
		link[n] = '\0';
		if (strncmp(link, "socket:[", 8) || !is_of(pid, entry->d_name, family))
			continue;
		if (count == room) {
			size_t bigger = room ? room * 2 : 64;
			uint64_t *grown = reallocarray(list, bigger, sizeof(*list));

			if (!grown)
				break;
			list = grown;
			room = bigger;
		}
		list[count++] = strtoull(link + 8, NULL, 10);
	}
	if (count)
		qsort(list, count, sizeof(*list), by_number);
	*ret = take_ptr(list);
	return count;
}

/* The kernel's own dev_t, which user space sees in another encoding. */
static uint64_t kernel_dev(dev_t dev)
{
	return (uint64_t)major(dev) << 20 | minor(dev);
}

struct listener {
	int root;
	struct ct_engine *engine;
};

static void add_socket(void *ctx, const char *name)
{
	struct listener *l = ctx;
	struct ct_socket_file *file = &l->engine->sockets[l->engine->socket_count];
	struct stat st;

	if (l->engine->socket_count == CT_ENGINE_SOCKETS_MAX || strlen(name) >= sizeof(file->path))
		return;
	if (!ct_file_stat(l->root, name, CT_REACH_ROOT, &st) || !S_ISSOCK(st.st_mode))
		return;
	memcpy(file->path, name, strlen(name) + 1);
	file->ino = st.st_ino;
	file->dev = kernel_dev(st.st_dev);
	l->engine->socket_count++;
}

/* Also those that systemd made and passed on: what counts is who has them open. */
static void find_sockets(int root, struct ct_engine *engine)
{
	own_mem uint64_t *open_inodes = NULL;
	struct listener l = { root, engine };
	own_file FILE *f = NULL;
	size_t count = open_sockets(engine->pid, "UNIX", &open_inodes);

	if (!count)
		return;
	f = ct_proc_file(engine->pid, "net/unix");
	if (f)
		ct_unix_sockets(f, open_inodes, count, add_socket, &l);
}

#define TCP_LISTEN 0x0a /* include/net/tcp_states.h */

static bool listens(uint32_t pid, const char *table, uint64_t ino)
{
	own_file FILE *f = ct_proc_file(pid, table);
	own_mem char *line = NULL;
	unsigned long long number;
	unsigned int state;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0) {
		if (sscanf(line, "%*s %*s %*s %x %*s %*s %*s %*s %*s %llu", &state, &number) == 2 &&
		    number == ino)
			return state == TCP_LISTEN;
	}
	return false;
}

/*
 * Whether a service manager has given it a socket that listens on TCP (-H fd:// of dockerd, sockets of podman's): it
 * keeps that open itself, as it does no other of the engine's. See sd_listen_fds(3).
 */
static bool was_given_tcp(uint32_t pid, uint32_t parent)
{
	own_mem uint64_t *own = NULL, *given = NULL;
	size_t count = parent ? open_sockets(pid, "TCP", &own) : 0;
	size_t others = count ? open_sockets(parent, "TCP", &given) : 0;

	for (size_t i = 0; i < others; i++) {
		if (bsearch(&given[i], own, count, sizeof(*own), by_number) &&
		    (listens(pid, "net/tcp", given[i]) || listens(pid, "net/tcp6", given[i])))
			return true;
	}
	return false;
}

bool ct_engine_read(uint32_t pid, struct ct_engine *ret)
{
	const struct ct_role_row *role;
	struct ct_proc proc;
	own_fd int root = -1;

	if (ct_proc_read(pid, &proc))
		return false;
	role = ct_role_of_comm(proc.comm);
	if (!role || role->role != CT_ROLE_ENGINE)
		return false;
	*ret = (struct ct_engine){ .pid = pid, .name = role->engine, .foreign = ret->foreign };
	root = ct_dir_of(pid, "root");
	if (root < 0)
		return true; /* known to run, nothing more may be read */
	ct_engine_config(root, ret);
	ret->tcp |= was_given_tcp(pid, proc.ppid);
	find_sockets(root, ret);
	return true;
}

void ct_engine_tail(const struct ct_engine *engine, struct ct_tail *tail)
{
	char sockets[CT_ENGINE_SOCKETS_MAX * sizeof(engine->sockets[0].path)];
	size_t len = 0;

	memset(tail, 0, sizeof(*tail));
	ct_tail_add_str(tail, "engine", engine->name, 31);
	ct_tail_add_str(tail, "root", engine->data_root, CT_ENGINE_PATH_MAX);
	ct_tail_add_str(tail, "exec_root", engine->exec_root, CT_ENGINE_PATH_MAX);
	for (size_t i = 0; i < engine->socket_count; i++) {
		int n = snprintf(sockets + len, sizeof(sockets) - len, "%s%s", i ? " " : "",
				 engine->sockets[i].path);

		if (n > 0 && (size_t)n < sizeof(sockets) - len)
			len += (size_t)n;
	}
	ct_tail_add(tail, "sockets", sockets, len, sizeof(sockets));
	if (engine->tcp &&
	    !engine->foreign) /* nobody makes a run incomplete from inside a container */
		ct_tail_add_number(tail, "tcp", 1);
}
