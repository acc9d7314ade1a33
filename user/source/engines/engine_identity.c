// SPDX-License-Identifier: GPL-2.0-only
/* What engines keep about their containers, in files. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/engines/engine.h"
#include "source/proc/files.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

#define ARGS_ROOM   (64 << 10)
#define DRIVER_MAX  32
#define PATH_ROOM   4096
#define ENTRIES_MAX 65536 /* of a directory, whatever they are */

/* Of one file. Parsed it takes up to 80 times as much memory. */
static const struct limits {
	size_t container; /* about one container */
	size_t all; /* about all of them */
} limits[] = {
	[false] = { 1 << 20, 4 << 20 },
	[true] = { 256 << 10, 1 << 20 },
};

struct place {
	int root;
	const struct ct_engine *engine;
	const struct limits *limits;
	struct ct_engine_budget *budget;
};

/* False: it has been read already, by another name, or there is no more room. */
static bool allow(struct ct_engine_budget *budget, const struct stat *st)
{
	for (size_t i = 0; i < budget->count; i++) {
		if (budget->files[i].ino == st->st_ino && budget->files[i].dev == st->st_dev)
			return false;
	}
	if (budget->count < CT_ENGINE_FILES_MAX)
		budget->files[budget->count++] = (struct ct_engine_file){ st->st_dev, st->st_ino };
	if ((uint64_t)st->st_size > budget->bytes) {
		budget->bytes = 0;
		return false;
	}
	budget->bytes -= (size_t)st->st_size;
	return true;
}

static char *read_file(const struct place *place, const char *path, size_t max, size_t *ret_len)
{
	struct stat st;

	if (!ct_file_stat(place->root, path, CT_REACH_ROOT, &st) || !allow(place->budget, &st))
		return NULL;
	return ct_file_read(place->root, path, CT_REACH_ROOT, max, ret_len, NULL);
}

/* CRI-O keeps nothing where Podman does, and the bundle is its own. */
static int crio_identity(struct ct_tail *tail, const struct place *place, const char *id,
			 struct ct_err *err)
{
	own_mem char *config = NULL;
	char path[PATH_ROOM];
	size_t len;

	snprintf(path, sizeof(path), "%s/%s/userdata/config.json", place->engine->data_root, id);
	config = read_file(place, path, place->limits->container, &len);
	if (!config)
		return ct_fail(err, -ENOENT, "look up container '%s': no readable '%s'", id, path);
	return ct_identity_parse_crio(tail, id, config, len, err);
}

static int podman_identity(struct ct_tail *tail, const struct place *place, const char *id,
			   struct ct_err *err)
{
	own_mem char *list = NULL;
	char path[PATH_ROOM];
	size_t len;

	snprintf(path, sizeof(path), "%s/containers.json", place->engine->data_root);
	list = read_file(place, path, place->limits->all, &len);
	if (!list)
		return crio_identity(tail, place, id, err);
	return ct_identity_parse_podman(tail, id, list, len, err);
}

static int docker_identity(struct ct_tail *tail, const struct place *place, const char *id,
			   struct ct_err *err)
{
	own_mem char *config = NULL, *host = NULL, *layer = NULL;
	const char *data_root = place->engine->data_root;
	size_t config_len, host_len = 0, layer_len;
	char path[PATH_ROOM], driver[DRIVER_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/containers/%s/config.v2.json", data_root, id);
	config = read_file(place, path, place->limits->container, &config_len);
	if (!config)
		return ct_fail(err, -ENOENT, "look up container '%s': no readable '%s'", id, path);
	snprintf(path, sizeof(path), "%s/containers/%s/hostconfig.json", data_root, id);
	host = read_file(place, path, place->limits->container, &host_len);
	r = ct_identity_parse(tail, id, config, config_len, host, host_len, driver, sizeof(driver),
			      err);
	if (r)
		return ct_wrap(err, "look up container '%s'", id);
	if (!*driver)
		return 0;
	snprintf(path, sizeof(path), "%s/image/%s/layerdb/mounts/%s/mount-id", data_root, driver,
		 id);
	layer = read_file(place, path, 256, &layer_len);
	if (layer)
		ct_tail_add(tail, "layer", layer, strcspn(layer, "\n"), 255);
	return 0;
}

/* Where containerd keeps the bundles of what Kubernetes runs: they are there while it runs. */
#define BUNDLES "io.containerd.runtime.v2.task/k8s.io"

static int bundle_identity(struct ct_tail *tail, const struct place *place, const char *id,
			   struct ct_err *err)
{
	own_mem char *config = NULL, *pid = NULL;
	const char *state = place->engine->exec_root;
	char path[PATH_ROOM];
	size_t len, pid_len = 0;
	int r;

	snprintf(path, sizeof(path), "%s/" BUNDLES "/%s/config.json", state, id);
	config = read_file(place, path, place->limits->container, &len);
	if (!config)
		return ct_fail(err, -ENOENT, "look up container '%s': no readable '%s'", id, path);
	r = ct_identity_parse_bundle(tail, id, config, len, err);
	if (r)
		return ct_wrap(err, "look up container '%s'", id);
	snprintf(path, sizeof(path), "%s/" BUNDLES "/%s/init.pid", state, id);
	pid = read_file(place, path, 32, &pid_len);
	if (pid)
		ct_tail_add(tail, "pid", pid, strspn(pid, "0123456789"), 10);
	return 0;
}

/* An engine that is in no row keeps nothing that can be read. */
static const struct keeper {
	const char *engine;
	bool daemon;
	/* What it keeps about a container, as the tail of an event. */
	int (*identity)(struct ct_tail *tail, const struct place *place, const char *id,
			struct ct_err *err);
	bool runs; /* those that run are listed in exec_root, else all of them in data_root */
	const char *list;
} keepers[] = {
	{ "docker", true, docker_identity, false, "containers" },
	{ "podman", false, podman_identity, false, "" },
	{ "containerd", true, bundle_identity, true, BUNDLES },
};

static const struct keeper *keeper_of(const struct ct_engine *engine)
{
	for (size_t i = 0; engine->name && i < CT_ARRAY_SIZE(keepers); i++) {
		if (!strcmp(keepers[i].engine, engine->name))
			return &keepers[i];
	}
	return NULL;
}

bool ct_engine_keeps(const struct ct_engine *engine)
{
	return keeper_of(engine);
}

bool ct_engine_is_daemon(const struct ct_engine *engine)
{
	const struct keeper *keeper = keeper_of(engine);

	return keeper && keeper->daemon;
}

bool ct_engine_identity(struct ct_tail *tail, const struct ct_engine *engine, const char *id,
			struct ct_engine_budget *budget)
{
	const struct keeper *keeper = keeper_of(engine);
	own_fd int root = keeper ? ct_dir_of(engine->pid, "root") : -1;
	struct place place = { .engine = engine,
			       .limits = &limits[engine->foreign],
			       .budget = budget };
	struct ct_err ignored;

	/* Whose monitor is gone: the path is that of who sees the same files, as nearly all do. */
	if (root < 0 && keeper && !keeper->daemon)
		root = ct_dir_of((uint32_t)getpid(), "root");
	place.root = root;
	/* The id becomes a part of paths. */
	return root >= 0 && ct_id_valid(id, strnlen(id, CT_ID_LEN + 1)) &&
	       !keeper->identity(tail, &place, id, &ignored);
}

void ct_engine_list(const struct ct_engine *engine, bool (*fn)(void *ctx, const char *id),
		    void *ctx)
{
	own_fd int root = ct_engine_is_daemon(engine) ? ct_dir_of(engine->pid, "root") : -1;
	const struct keeper *keeper = keeper_of(engine);
	own_dir DIR *dir = NULL;
	struct dirent *entry;
	char path[PATH_ROOM];

	if (root < 0)
		return;
	snprintf(path, sizeof(path), "%s/%s", keeper->runs ? engine->exec_root : engine->data_root,
		 keeper->list);
	dir = ct_file_list(root, path, CT_REACH_ROOT);
	for (size_t n = 0; dir && n < ENTRIES_MAX && (entry = readdir(dir)); n++) {
		if (ct_id_valid(entry->d_name, strlen(entry->d_name)) && !fn(ctx, entry->d_name))
			return;
	}
}

/*
 * conmon is called with a bundle in its engine's storage: ROOT/DRIVER-containers/ID/userdata, where
 * the driver is overlay, vfs without root on an old kernel, or another (store.go of
 * containers/storage 1.44). What the engine keeps is in the second of these directories.
 */
bool ct_engine_of_bundle(uint32_t pid, const char *bundle, struct ct_engine *ret)
{
	static const char kept_in[] = "-containers/";
	const char *end = strstr(bundle, kept_in);

	if (!end)
		return false;
	end += strlen(kept_in) - 1; /* without the last slash */
	if ((size_t)(end - bundle) >= sizeof(ret->data_root))
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->pid = pid;
	ret->name = "podman";
	memcpy(ret->data_root, bundle, (size_t)(end - bundle));
	return true;
}

bool ct_engine_of_monitor(uint32_t pid, struct ct_engine *ret)
{
	static const char *const bundle_args[] = { "-b", NULL };
	own_mem char *args = malloc(ARGS_ROOM);
	const char *bundle;
	struct ct_proc proc;

	if (!args || ct_proc_read(pid, &proc) || strcmp(proc.comm, "conmon"))
		return false;
	bundle = ct_args_value(args, ct_proc_args(pid, args, ARGS_ROOM), bundle_args);
	return bundle && ct_engine_of_bundle(pid, bundle, ret);
}
