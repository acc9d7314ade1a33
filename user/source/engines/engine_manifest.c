// SPDX-License-Identifier: GPL-2.0-only
/* Manifests of images, as containerd stores what it has fetched (plugins/content/local: blobs/sha256). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "source/engines/engine.h"
#include "source/proc/files.h"
#include "util/mem.h"

#define BLOBS        "io.containerd.content.v1.content/blobs/sha256"
#define MANIFEST_MAX (256u << 10)
#define LAYERS_MAX   128 /* as the core knows them */
#define DIGEST_MAX   79
#define TYPE_MAX     79

/* The string of a member, if it is one of plain letters that fits; else NULL. */
static const char *plain(json_t *object, const char *member, size_t max)
{
	const char *text = json_string_value(json_object_get(object, member));
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789:.+-_/";

	return text && *text && strlen(text) <= max && !text[strspn(text, letters)] ? text : NULL;
}

static void put(struct ct_tail *tail, const char *text)
{
	size_t n = strlen(text) + 1;

	memcpy(tail->bytes + tail->len, text, n);
	tail->len += n;
}

/* Of a list: its layers are manifests, and it has no config. */
static json_t *parts_of(json_t *manifest, const char **ret_config)
{
	json_t *list = json_object_get(manifest, "manifests");

	*ret_config = plain(json_object_get(manifest, "config"), "digest", DIGEST_MAX);
	if (!list)
		return *ret_config ? json_object_get(manifest, "layers") : NULL;
	*ret_config = "";
	return list;
}

static void put_number(struct ct_tail *tail, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	put(tail, text);
}

bool ct_manifest_each(json_t *manifest, const char *digest, const struct ct_manifest_more *more,
		      struct ct_tail *tail, ct_manifest_fn fn, void *ctx)
{
	const char *config;
	json_t *layers = parts_of(manifest, &config), *layer;
	struct ct_manifest_read m = { .count = json_array_size(layers) };
	size_t i;

	if (!m.count || m.count > LAYERS_MAX || strlen(digest) > DIGEST_MAX)
		return false;
	json_array_foreach(layers, i, layer)
	{
		if (!plain(layer, "digest", DIGEST_MAX))
			return false;
	}
	json_array_foreach(layers, i, layer)
	{
		const char *type = plain(layer, "mediaType", TYPE_MAX);
		json_int_t size = json_integer_value(json_object_get(layer, "size"));

		m.size = size > 0 ? (uint64_t)size : 0;
		tail->len = 0;
		put(tail, digest);
		put(tail, config);
		put(tail, plain(layer, "digest", DIGEST_MAX));
		put(tail, type ? type : "");
		if (more) {
			put_number(tail, more[i].stored_wall_ns);
			put_number(tail, more[i].unpacked);
		}
		fn(ctx, &m, i);
	}
	return true;
}

bool ct_engine_manifest(const struct ct_engine *engine, const char *digits, struct ct_tail *tail,
			ct_manifest_fn fn, void *ctx)
{
	char path[CT_ENGINE_PATH_MAX + sizeof(BLOBS) + CT_ID_LEN + 2];
	own_fd int root = ct_dir_of(engine->pid, "root");
	json_t *manifest = NULL;
	char *text = NULL, digest[DIGEST_MAX + 1];
	bool found = false;
	size_t len = 0;

	if (root < 0 || !engine->data_root[0] || !ct_id_valid(digits, strlen(digits)))
		return false;
	snprintf(digest, sizeof(digest), "sha256:%s", digits);
	snprintf(path, sizeof(path), "%s/" BLOBS "/%s", engine->data_root, digits);
	text = ct_file_read(root, path, CT_REACH_ROOT, MANIFEST_MAX, &len, NULL);
	if (text && *text == '{')
		manifest = json_loadb(text, len, 0, NULL);
	if (manifest)
		found = ct_manifest_each(manifest, digest, NULL, tail, fn, ctx);
	json_decref(manifest);
	free(text);
	return found;
}
