// SPDX-License-Identifier: GPL-2.0-only
/* What engines keep about their containers, in files. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/engine.h"
#include "source/files.h"
#include "source/procfs.h"
#include "util/mem.h"

#define ARGS_ROOM      (64 << 10)
#define IDENTITY_MAX   (4 << 20) /* bytes of a file about one container */
#define DRIVER_MAX     32
#define PATH_ROOM      4096
#define CONTAINERS_MAX 4096 /* told when an engine is found */

static int podman_identity(struct ct_tail *tail, int root, const char *data_root, const char *id,
			   struct ct_err *err)
{
	own_mem char *list = NULL;
	char path[PATH_ROOM];
	size_t len;

	snprintf(path, sizeof(path), "%s/containers.json", data_root);
	list = ct_file_read(root, path, CT_REACH_ROOT, IDENTITY_MAX, &len, NULL);
	if (!list)
		return ct_fail(err, -ENOENT, "look up container '%s': no readable '%s'", id, path);
	return ct_identity_parse_podman(tail, id, list, len, err);
}

static int docker_identity(struct ct_tail *tail, int root, const char *data_root, const char *id,
			   struct ct_err *err)
{
	own_mem char *config = NULL, *host = NULL, *layer = NULL;
	size_t config_len, host_len = 0, layer_len;
	char path[PATH_ROOM], driver[DRIVER_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/containers/%s/config.v2.json", data_root, id);
	config = ct_file_read(root, path, CT_REACH_ROOT, IDENTITY_MAX, &config_len, NULL);
	if (!config)
		return ct_fail(err, -ENOENT, "look up container '%s': no readable '%s'", id, path);
	snprintf(path, sizeof(path), "%s/containers/%s/hostconfig.json", data_root, id);
	host = ct_file_read(root, path, CT_REACH_ROOT, IDENTITY_MAX, &host_len, NULL);
	r = ct_identity_parse(tail, id, config, config_len, host, host_len, driver, sizeof(driver),
			      err);
	if (r)
		return ct_wrap(err, "look up container '%s'", id);
	if (!*driver)
		return 0;
	snprintf(path, sizeof(path), "%s/image/%s/layerdb/mounts/%s/mount-id", data_root, driver,
		 id);
	layer = ct_file_read(root, path, CT_REACH_ROOT, 256, &layer_len, NULL);
	if (layer)
		ct_tail_add(tail, "layer", layer, strcspn(layer, "\n"), 255);
	return 0;
}

/* An engine that is in no row keeps nothing that can be read. */
static const struct keeper {
	const char *engine;
	bool daemon; /* runs on: its containers are listed when it is found, and fail with it */
	/* What it keeps about a container, as the tail of an event. */
	int (*identity)(struct ct_tail *tail, int root, const char *data_root, const char *id,
			struct ct_err *err);
} keepers[] = {
	{ "docker", true, docker_identity },
	{ "podman", false, podman_identity },
};

static const struct keeper *keeper_of(const struct ct_engine *engine)
{
	for (size_t i = 0; engine->name && i < CT_ARRAY_SIZE(keepers); i++) {
		if (!strcmp(keepers[i].engine, engine->name))
			return &keepers[i];
	}
	return NULL;
}

static bool emit(struct ct_facts *facts, const struct ct_engine *engine, int root, const char *id)
{
	const struct keeper *keeper = keeper_of(engine);
	struct ct_err ignored;

	/* The id becomes a part of paths. */
	if (root < 0 || !keeper || !ct_id_valid(id, strnlen(id, CT_ID_LEN + 1)) ||
	    keeper->identity(&facts->tail, root, engine->data_root, id, &ignored))
		return false;
	ct_fact_emit_tail(facts, CT_KIND_IDENTITY, keeper->daemon ? engine->pid : 0);
	return true;
}

bool ct_engine_tell(struct ct_facts *facts, const struct ct_engine *engine, const char *id)
{
	const struct keeper *keeper = keeper_of(engine);
	own_fd int root = keeper ? ct_dir_of(engine->pid, "root") : -1;

	/* Whose monitor is gone: the path is that of who sees the same files, as nearly all do. */
	if (root < 0 && keeper && !keeper->daemon)
		root = ct_dir_of((uint32_t)getpid(), "root");
	return emit(facts, engine, root, id);
}

void ct_engine_tell_all(struct ct_facts *facts, const struct ct_engine *engine)
{
	const struct keeper *keeper = keeper_of(engine);
	own_fd int root = keeper && keeper->daemon ? ct_dir_of(engine->pid, "root") : -1;
	own_dir DIR *dir = NULL;
	struct dirent *entry;
	char path[PATH_ROOM];
	size_t n = 0;

	if (root < 0)
		return;
	snprintf(path, sizeof(path), "%s/containers", engine->data_root);
	dir = ct_file_list(root, path, CT_REACH_ROOT);
	if (!dir)
		return;
	while (n < CONTAINERS_MAX && (entry = readdir(dir))) {
		if (!ct_id_valid(entry->d_name, strlen(entry->d_name)))
			continue;
		emit(facts, engine, root, entry->d_name);
		n++;
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
