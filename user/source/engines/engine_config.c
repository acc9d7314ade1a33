// SPDX-License-Identifier: GPL-2.0-only
/* What an engine is told, by its arguments and its files: where it keeps its data, and whether it listens on TCP. */
#include "source/engines/engine.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "source/proc/files.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

#define ARGS_ROOM  (64 << 10)
#define CONFIG_MAX (1 << 20)

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

/*
 * Whether it listens on TCP with that host of dockerd's (opts.ParseHost of moby): without a protocol it does,
 * and an empty one is its socket file.
 */
static bool is_tcp(const char *host)
{
	return host && *host && (!strncmp(host, "tcp://", 6) || !strstr(host, "://"));
}

static bool json_tcp(const char *text, size_t len)
{
	json_t *config = json_loadb(text, len, 0, NULL), *host;
	bool ret = false;
	size_t i;

	json_array_foreach(json_object_get(config, "hosts"), i, host)
	{
		ret |= is_tcp(json_string_value(host));
	}
	json_decref(config);
	return ret;
}

static bool toml_tcp(const char *text, size_t len)
{
	own_mem char *address = toml_value(text, len, "grpc/tcp_address");

	return address && *address;
}

/* dockerd's -H, as often as it likes; of one letter the value may follow at once. */
static bool hosts_tcp(const char *args, size_t len)
{
	static const char *const names[] = { "--host", "-H", NULL };
	const char *end = args + len, *at = args, *host;

	while (at < end && (host = ct_args_value(at, (size_t)(end - at), names))) {
		if (is_tcp(host))
			return true;
		at = host + strnlen(host, (size_t)(end - host)) + 1;
	}
	for (at = args; at < end; at += strnlen(at, (size_t)(end - at)) + 1) {
		if (at[0] == '-' && at[1] == 'H' && at[2] != '=' && is_tcp(at + 2))
			return true;
	}
	return false;
}

/* podman system service tcp:...; behind another command that word is somebody else's. */
static bool service_tcp(const char *args, size_t len)
{
	const char *before = "";
	bool serves = false;

	for (const char *at = args, *end = args + len; at < end;
	     before = at, at += strnlen(at, (size_t)(end - at)) + 1) {
		serves |= !strcmp(before, "system") && !strcmp(at, "service");
		if (serves && !strncmp(at, "tcp:", 4))
			return true;
	}
	return false;
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
	/* Whether it is told to listen on TCP: by its arguments, by a file. */
	bool (*args_tcp)(const char *args, size_t len);
	bool (*config_tcp)(const char *text, size_t len);
	struct place root, exec_root;
} engine_rows[] = {
	{
		.name = "docker",
		.config_args = { "--config-file" },
		.config = "/etc/docker/daemon.json",
		.value = json_value,
		.args_tcp = hosts_tcp,
		.config_tcp = json_tcp,
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
		.config_tcp = toml_tcp,
		.root = { { "--root" }, { "root" }, "/var/lib/containerd" },
		.exec_root = { { "--state" }, { "state" }, "/run/containerd" },
	},
	{
		.name = "podman",
		.args_tcp = service_tcp,
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

static bool on_tcp(const struct source *from)
{
	const struct engine_row *row = from->row;
	bool ret = row->args_tcp && row->args_tcp(from->args, from->args_len);

	for (size_t i = 0; row->config_tcp && i < from->config_count; i++)
		ret |= from->configs[i].text &&
		       row->config_tcp(from->configs[i].text, from->configs[i].len);
	return ret;
}

void ct_engine_config(int root, struct ct_engine *engine)
{
	const struct engine_row *row = row_of(engine->name);
	own_mem char *args = row ? malloc(ARGS_ROOM) : NULL;
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
