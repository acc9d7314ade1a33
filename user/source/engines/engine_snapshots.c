// SPDX-License-Identifier: GPL-2.0-only
/*
 * What containerd has written down of images and their snapshots (core/metadata/buckets.go and
 * core/snapshots/storage/bolt.go of 2.1, metadata and snapshots/storage of 1.6). Its databases are read while it
 * writes them: a page that a change has replaced is not written over before the change behind that is begun, so
 * what was read is whole if there was no further change until the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/engines/bolt.h"
#include "source/engines/engine.h"
#include "source/proc/files.h"
#include "util/mem.h"

#define METADATA     "io.containerd.metadata.v1.bolt/meta.db"
#define SNAPSHOTTER  "io.containerd.snapshotter.v1."
#define HEADS_LEN    (128u << 10) /* two pages of the largest */
#define DATABASE_MAX (64u << 20)
#define TRIES        20
#define PAUSE_US     5000 /* between them */
#define NAME_MAX_    400

struct database {
	char *text; /* owned */
	struct ct_bolt bolt;
};

static bool is_still(int fd, const struct ct_bolt *b)
{
	static char heads[HEADS_LEN];
	ssize_t n = pread(fd, heads, sizeof(heads), 0);
	struct ct_bolt now;

	return n > 0 && ct_bolt_open(&now, heads, (size_t)n) && now.txid == b->txid;
}

static bool read_once(int root, const char *path, struct database *ret)
{
	struct stat st;
	own_fd int fd = ct_file_open(root, path, CT_REACH_ROOT, DATABASE_MAX, &st);
	own_mem char *text = fd >= 0 ? malloc((size_t)st.st_size) : NULL;
	ssize_t n = text ? pread(fd, text, (size_t)st.st_size, 0) : -1;

	if (n <= 0 || !ct_bolt_open(&ret->bolt, text, (size_t)n) || !is_still(fd, &ret->bolt))
		return false;
	ret->text = take_ptr(text);
	return true;
}

static bool database_read(int root, const struct ct_engine *engine, const char *file,
			  struct database *ret)
{
	char path[CT_ENGINE_PATH_MAX + 128];
	bool found = false;

	ret->text = NULL;
	if (root < 0 || !engine->data_root[0])
		return false;
	snprintf(path, sizeof(path), "%s/%s", engine->data_root, file);
	for (int i = 0; i < TRIES && !found; i++) {
		if (i)
			usleep(PAUSE_US);
		found = read_once(root, path, ret);
	}
	return found;
}

/* A text, as it is written there; false: none, or too long, or it is no text. */
static bool text_of(const struct database *d, const char *const *keys, char *to, size_t room)
{
	struct ct_bolt_value v;

	if (!ct_bolt_value(&d->bolt, keys, &v) || !v.len || v.len >= room || memchr(v.p, 0, v.len))
		return false;
	memcpy(to, v.p, v.len);
	to[v.len] = '\0';
	return true;
}

#define KEYS(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

bool ct_engine_image(const struct ct_engine *engine, const char *ns, const char *name, char *ret,
		     size_t room)
{
	own_fd int root = ct_dir_of(engine->pid, "root");
	struct database d;
	bool found;

	if (!database_read(root, engine, METADATA, &d))
		return false;
	found = text_of(&d, KEYS("v1", ns, "images", name, "target", "digest"), ret, room);
	free(d.text);
	return found;
}

/* Those whose snapshots are made of layers one by one. */
static const char *const snapshotters[] = { "overlayfs", "native",    "btrfs", "zfs",
					    "devmapper", "blockfile", "erofs" };

struct chain {
	const char *snapshotter;
	size_t count;
	char names[CT_UNPACKED_MAX][NAME_MAX_]; /* the last layer first */
};

/* What has the config keeps the snapshot of its last layer, and each snapshot has a parent. */
static bool read_chain(const struct database *d, const char *ns, const char *config,
		       const char *snapshotter, struct chain *ret)
{
	char label[64], key[NAME_MAX_];

	snprintf(label, sizeof(label), "containerd.io/gc.ref.snapshot.%s", snapshotter);
	if (!text_of(d, KEYS("v1", ns, "content", "blob", config, "labels", label), key,
		     sizeof(key)))
		return false;
	ret->snapshotter = snapshotter;
	for (ret->count = 0; ret->count < CT_UNPACKED_MAX; ret->count++) {
		if (!text_of(d, KEYS("v1", ns, "snapshots", snapshotter, key, "name"),
			     ret->names[ret->count], NAME_MAX_))
			return false;
		if (!text_of(d, KEYS("v1", ns, "snapshots", snapshotter, key, "parent"), key,
			     sizeof(key)))
			return ++ret->count;
	}
	return false;
}

static bool each(const struct database *d, const struct chain *chain, ct_unpacked_fn fn, void *ctx)
{
	for (size_t i = 0; i < chain->count; i++) {
		const char *name = chain->names[chain->count - 1 - i];
		struct ct_unpacked u = { .count = chain->count };
		struct ct_bolt_value v;

		if (ct_bolt_value(&d->bolt, KEYS("v1", "snapshots", name, "createdat"), &v))
			u.wall_ns = ct_bolt_time(v);
		if (ct_bolt_value(&d->bolt, KEYS("v1", "snapshots", name, "size"), &v))
			u.bytes = ct_bolt_number(v) > 0 ? (uint64_t)ct_bolt_number(v) : 0;
		fn(ctx, &u, i);
	}
	return chain->count;
}

static bool find_chain(const struct ct_engine *engine, int root, const char *ns, const char *config,
		       struct chain *chain)
{
	struct database d;
	bool found = false;

	if (!database_read(root, engine, METADATA, &d))
		return false;
	for (size_t i = 0; i < CT_ARRAY_SIZE(snapshotters) && !found; i++)
		found = read_chain(&d, ns, config, snapshotters[i], chain);
	free(d.text);
	return found;
}

bool ct_engine_unpacked(const struct ct_engine *engine, const char *ns, const char *digits,
			ct_unpacked_fn fn, void *ctx)
{
	static struct chain chain; /* a scout is at one errand */
	own_fd int root = ct_dir_of(engine->pid, "root");
	char config[CT_ID_LEN + 8], file[64];
	struct database d;
	bool found;

	snprintf(config, sizeof(config), "sha256:%s", digits);
	if (!find_chain(engine, root, ns, config, &chain))
		return false;
	snprintf(file, sizeof(file), SNAPSHOTTER "%s/metadata.db", chain.snapshotter);
	if (!database_read(root, engine, file, &d))
		return false;
	found = each(&d, &chain, fn, ctx);
	free(d.text);
	return found;
}
