// SPDX-License-Identifier: GPL-2.0-only
/*
 * What containers/storage has of an image, as Podman keeps it: DRIVER-images/images.json lists the images with their names,
 * DRIVER-images/ID/manifest is what each consists of, and DRIVER-layers/layers.json when each layer was added and how many
 * bytes it unpacked to (storage/images.go, storage/layers.go).
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "source/engines/engine.h"
#include "source/proc/files.h"
#include "util/mem.h"

#define IMAGES       "-images"
#define LAYERS       "-layers"
#define MANIFEST_MAX (256u << 10)
#define LAYERS_MAX   128
#define ENTRIES_MAX  64 /* of the store's directory are looked at */

/* Of one list. Parsed it takes up to 80 times as much memory. */
static size_t list_max(bool foreign)
{
	return foreign ? 256u << 10 : 4u << 20;
}

static json_t *json_of(int root, const char *path, size_t max)
{
	size_t len = 0;
	own_mem char *text = ct_file_read(root, path, CT_REACH_ROOT, max, &len, NULL);

	return text ? json_loadb(text, len, 0, NULL) : NULL;
}

static const char *text_of(json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);

	return n >= k && !strcmp(text + n - k, end);
}

/* A name without a registry, or without a tag, is one of the full names that end so. */
static bool is_name(const char *name, const char *asked)
{
	char tagged[300];
	const char *last = strrchr(asked, '/'), *digest = strchr(asked, '@');
	size_t n;

	last = last ? last : asked;
	if (digest) /* "NAME@sha256:..." */
		snprintf(tagged, sizeof(tagged), "%s", asked);
	else
		snprintf(tagged, sizeof(tagged), "%s%s", asked, strchr(last, ':') ? "" : ":latest");
	if (!strcmp(name, tagged))
		return true;
	n = strlen(name) - (ends_in(name, tagged) ? strlen(tagged) : 0);
	return n < strlen(name) && n && name[n - 1] == '/';
}

static json_t *image_of(json_t *images, const char *asked)
{
	json_t *image, *name;
	size_t i, k;

	json_array_foreach(images, i, image)
	{
		json_array_foreach(json_object_get(image, "names"), k, name)
		{
			if (json_string_value(name) && is_name(json_string_value(name), asked))
				return image;
		}
		if (!strcmp(text_of(image, "id"), asked))
			return image;
	}
	return NULL;
}

/* "2026-11-24T08:20:30.123456789+01:00" or "...Z": ns since 1970, 0: it is none. */
static uint64_t wall_of(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	uint64_t ns = 0, unit = 100000000;
	int hours, minutes;
	time_t s;

	if (!rest)
		return 0;
	s = timegm(&tm);
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			ns += (uint64_t)(*rest - '0') * unit;
	if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2)
		s -= (*rest == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return s > 0 ? (uint64_t)s * 1000000000 + ns : 0;
}

static json_t *layer_of(json_t *layers, const char *id)
{
	json_t *layer;
	size_t i;

	json_array_foreach(layers, i, layer)
	{
		if (*id && !strcmp(text_of(layer, "id"), id))
			return layer;
	}
	return NULL;
}

/* From its last layer to the first one, each of which names the one below it; false: they are others. */
static bool stored(json_t *layers, json_t *image, struct ct_manifest_more *more, size_t count)
{
	json_t *layer = layer_of(layers, text_of(image, "layer"));

	while (layer && count) {
		json_int_t size = json_integer_value(json_object_get(layer, "diff-size"));

		count--;
		more[count].stored_wall_ns = wall_of(text_of(layer, "created"));
		more[count].unpacked = size > 0 ? (uint64_t)size : 0;
		layer = layer_of(layers, text_of(layer, "parent"));
	}
	return !layer && !count;
}

struct store {
	int root;
	const char *data_root, *driver;
	size_t max;
};

static json_t *part_of(const struct store *s, const char *what)
{
	char path[CT_ENGINE_PATH_MAX + 512];

	snprintf(path, sizeof(path), "%s/%s%s", s->data_root, s->driver, what);
	return json_of(s->root, path, s->max);
}

static bool tell(const struct store *s, json_t *image, struct ct_tail *tail, ct_manifest_fn fn,
		 void *ctx)
{
	struct ct_manifest_more more[LAYERS_MAX] = { 0 };
	const char *id = text_of(image, "id");
	json_t *manifest = NULL, *layers = NULL;
	char path[160];
	size_t count;
	bool told;

	if (!ct_id_valid(id, strlen(id)))
		return false;
	snprintf(path, sizeof(path), IMAGES "/%.*s/manifest", CT_ID_LEN, id);
	manifest = part_of(s, path);
	layers = part_of(s, LAYERS "/layers.json");
	count = json_array_size(json_object_get(manifest, "layers"));
	if (count > LAYERS_MAX || !stored(layers, image, more, count))
		memset(more, 0, sizeof(more));
	told = ct_manifest_each(manifest, text_of(image, "digest"), more, tail, fn, ctx);
	json_decref(manifest);
	json_decref(layers);
	return told;
}

static bool look_at(const struct store *s, const char *asked, struct ct_tail *tail,
		    ct_manifest_fn fn, void *ctx)
{
	json_t *images = part_of(s, IMAGES "/images.json");
	json_t *image = image_of(images, asked);
	bool told = image && tell(s, image, tail, fn, ctx);

	json_decref(images);
	return told;
}

bool ct_engine_stored(int root, const struct ct_engine *engine, const char *asked,
		      struct ct_tail *tail, ct_manifest_fn fn, void *ctx)
{
	own_dir DIR *dir = ct_file_list(root, engine->data_root, CT_REACH_ROOT);
	struct store s = { .root = root,
			   .data_root = engine->data_root,
			   .max = list_max(engine->foreign) };
	char driver[NAME_MAX + 1];
	struct dirent *entry;
	bool told = false;

	for (size_t i = 0; dir && !told && i < ENTRIES_MAX && (entry = readdir(dir)); i++) {
		if (!ends_in(entry->d_name, IMAGES))
			continue;
		snprintf(driver, sizeof(driver), "%.*s",
			 (int)(strlen(entry->d_name) - strlen(IMAGES)), entry->d_name);
		s.driver = driver;
		told = look_at(&s, asked, tail, fn, ctx);
	}
	return told;
}
