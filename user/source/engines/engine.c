// SPDX-License-Identifier: GPL-2.0-only
/* One running engine: where it keeps its data, on which socket files it listens. */
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

#include <jansson.h>

#include "core/who/roles.h"
#include "source/proc/files.h"
#include "source/proc/procfs.h"
#include "source/proc/unix_sockets.h"
#include "util/mem.h"

#define ARGS_ROOM  (64 << 10)
#define CONFIG_MAX (1 << 20)
#define FDS_MAX    65536

/*
 * A value in a configuration file: the caller frees it, NULL if it is not there. "TABLE/KEY" is that of
 * a table.
 */
typedef char *(*config_value_fn)(const char *text, size_t len, const char *key);

static char *json_value(const char *text, size_t len, const char *key)
{
	json_t *config = json_loadb(text, len, 0, NULL);
	const char *value = json_string_value(json_object_get(config, key));
	char *copy = value ? strdup(value) : NULL;

	json_decref(config);
	return copy;
}

/* key = "value" in a table, or before the first: all that is needed of TOML. */
static char *toml_value(const char *text, size_t len, const char *key)
{
	const char *line = text, *end = text + len, *slash = strchr(key, '/');
	size_t table_len = slash ? (size_t)(slash - key) : 0;
	const char *table = key;
	bool within = !slash;

	if (slash)
		key = slash + 1;
	for (; line < end && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		line += strspn(line, " \t");
		if (*line == '[') {
			within = table_len && strcspn(line, "]\n") == table_len + 1 &&
				 !memcmp(line + 1, table, table_len);
			continue;
		}
		if (!within || strncmp(line, key, strlen(key)))
			continue;
		line += strlen(key);
		line += strspn(line, " \t");
		if (*line != '=')
			continue;
		line++;
		line += strspn(line, " \t");
		if (*line == '"' || *line == '\'')
			return strndup(line + 1, strcspn(line + 1, "\"'\n"));
	}
	return NULL;
}

struct place {
	const char *args[4];
	const char *keys[3];
	const char *standard;
};

static const struct engine_row {
	const char *name;
	const char *config_args[3];
	const char *config;
	const char *shared[3]; /* what it shares with others; its own files go before these */
	const char *more_args[3];
	const char *more; /* a directory of files that go before that one, the last by name first */
	config_value_fn value;
	struct place root, exec_root;
} engine_rows[] = {
	{
		.name = "docker",
		.config_args = { "--config-file" },
		.config = "/etc/docker/daemon.json",
		.value = json_value,
		.root = { { "--data-root", "--graph", "-g" },
			  { "data-root", "graph" },
			  "/var/lib/docker" },
		.exec_root = { { "--exec-root" }, { "exec-root" }, "/var/run/docker" },
	},
	{
		.name = "containerd",
		.config_args = { "--config", "-c" },
		.config = "/etc/containerd/config.toml",
		.value = toml_value,
		.root = { { "--root" }, { "root" }, "/var/lib/containerd" },
		.exec_root = { { "--state" }, { "state" }, "/run/containerd" },
	},
	{
		.name = "podman",
		.root = { { "--root" }, { NULL }, "/var/lib/containers/storage" },
		.exec_root = { { "--runroot" }, { NULL }, "/run/containers/storage" },
	},
	{
		.name = "crio",
		.config_args = { "--config", "-c" },
		.config = "/etc/crio/crio.conf",
		.shared = { "/usr/share/containers/storage.conf", "/etc/containers/storage.conf" },
		.more_args = { "--config-dir", "-d" },
		.more = "/etc/crio/crio.conf.d",
		.value = toml_value,
		.root = { { "--root", "-r" },
			  { "crio/root", "storage/graphroot" },
			  "/var/lib/containers/storage" },
		.exec_root = { { "--runroot" },
			       { "crio/runroot", "storage/runroot" },
			       "/run/containers/storage" },
	},
};

static const struct engine_row *row_of(const char *name)
{
	for (size_t i = 0; name && i < CT_ARRAY_SIZE(engine_rows); i++) {
		if (!strcmp(engine_rows[i].name, name))
			return &engine_rows[i];
	}
	return NULL;
}

#define CONFIGS_MAX 32

struct source {
	const struct engine_row *row;
	const char *args; /* borrowed */
	size_t args_len;
	struct config {
		char *text; /* owned */
		size_t len;
	} configs[CONFIGS_MAX]; /* of two that say it the later counts */
	size_t config_count;
};

static void config_read(struct source *from, int root, const char *path)
{
	struct config *config = &from->configs[from->config_count];

	if (from->config_count == CONFIGS_MAX)
		return;
	config->text = ct_file_read(root, path, CT_REACH_ROOT, CONFIG_MAX, &config->len, NULL);
	from->config_count += !!config->text;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is there beyond CONFIGS_MAX files is not read. */
static void config_dir_read(struct source *from, int root, const char *dir)
{
	own_dir DIR *list = ct_file_list(root, dir, CT_REACH_ROOT);
	char *names[CONFIGS_MAX], path[CT_ENGINE_PATH_MAX];
	struct dirent *entry;
	size_t count = 0;

	while (list && count < CONFIGS_MAX && (entry = readdir(list))) {
		names[count] = *entry->d_name == '.' ? NULL : strdup(entry->d_name);
		count += !!names[count];
	}
	qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", dir, names[i]) < (int)sizeof(path))
			config_read(from, root, path);
		free(names[i]);
	}
}

static void configs_read(struct source *from, int root)
{
	const struct engine_row *row = from->row;
	const char *path = ct_args_value(from->args, from->args_len, row->config_args);
	const char *more = ct_args_value(from->args, from->args_len, row->more_args);

	for (size_t i = 0; row->shared[i]; i++)
		config_read(from, root, row->shared[i]);
	if (path || row->config)
		config_read(from, root, path ? path : row->config);
	if (more || row->more)
		config_dir_read(from, root, more ? more : row->more);
}

static char *config_value(const struct source *from, const struct place *place)
{
	char *value = NULL;

	for (size_t i = 0; !value && place->keys[i]; i++) {
		for (size_t k = from->config_count; !value && k-- > 0;)
			value = from->row->value(from->configs[k].text, from->configs[k].len,
						 place->keys[i]);
	}
	return value;
}

static void find_place(const struct source *from, const struct place *place,
		       char ret[CT_ENGINE_PATH_MAX])
{
	const char *arg = ct_args_value(from->args, from->args_len, place->args);
	own_mem char *value = arg ? NULL : config_value(from, place);

	if (!arg)
		arg = value && *value ? value : place->standard;
	snprintf(ret, CT_ENGINE_PATH_MAX, "%s", arg);
}

/* "-H tcp://..." of dockerd, "tcp://..." of podman's service, "hosts" of daemon.json; containerd's is a key. */
static bool on_tcp(const struct source *from)
{
	static const char host[] = "tcp://", key[] = "tcp_address";

	if (memmem(from->args, from->args_len, host, sizeof(host) - 1))
		return true;
	for (size_t i = 0; i < from->config_count; i++) {
		const char *text = from->configs[i].text, *at = text;

		if (text && strstr(text, "\"tcp://"))
			return true;
		while (at && (at = strstr(at, key))) {
			at += sizeof(key) - 1;
			at += strspn(at, " \t=");
			if ((*at == '"' || *at == '\'') && at[1] != *at)
				return true;
		}
	}
	return false;
}

static void find_places(int root, struct ct_engine *engine, const struct engine_row *row)
{
	own_mem char *args = malloc(ARGS_ROOM);
	struct source from = { .row = row };

	if (!args)
		return;
	from.args = args;
	from.args_len = ct_proc_args(engine->pid, args, ARGS_ROOM);
	configs_read(&from, root);
	find_place(&from, &row->root, engine->data_root);
	find_place(&from, &row->exec_root, engine->exec_root);
	engine->tcp = on_tcp(&from);
	for (size_t i = 0; i < from.config_count; i++)
		free(from.configs[i].text);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * What is no UNIX socket has no line of its own in /proc/PID/net/unix, and whoever knows its inode
 * could forge one.
 */
static bool is_unix(uint32_t pid, const char *fd)
{
	char path[64], protocol[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/fd/%.16s", pid, fd);
	n = getxattr(path, "system.sockprotoname", protocol, sizeof(protocol) - 1);
	return n >= 4 && !memcmp(protocol, "UNIX", 4);
}

/* Inodes of the UNIX sockets that a process has open, sorted. The caller frees *ret. */
static size_t open_sockets(uint32_t pid, uint64_t **ret)
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
		if (strncmp(link, "socket:[", 8) || !is_unix(pid, entry->d_name))
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
	size_t count = open_sockets(engine->pid, &open_inodes);

	if (!count)
		return;
	f = ct_proc_file(engine->pid, "net/unix");
	if (f)
		ct_unix_sockets(f, open_inodes, count, add_socket, &l);
}

bool ct_engine_read(uint32_t pid, struct ct_engine *ret)
{
	const struct ct_role_row *role;
	const struct engine_row *row;
	struct ct_proc proc;
	own_fd int root = -1;

	if (ct_proc_read(pid, &proc))
		return false;
	role = ct_role_of_comm(proc.comm);
	if (!role || role->role != CT_ROLE_ENGINE)
		return false;
	*ret = (struct ct_engine){ .pid = pid, .name = role->engine, .foreign = ret->foreign };
	row = row_of(role->engine);
	root = ct_dir_of(pid, "root");
	if (root < 0)
		return true; /* known to run, nothing more may be read */
	if (row)
		find_places(root, ret, row);
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
