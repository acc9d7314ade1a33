// SPDX-License-Identifier: GPL-2.0-only
/* containers/storage's DRIVER-containers/containers.json, as Podman writes it. */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "source/engines/identity.h"

static void add_member(struct ct_tail *tail, const char *key, json_t *object, const char *member,
		       size_t max)
{
	json_t *value = json_object_get(object, member);
	const char *text = json_string_value(value);

	if (text)
		ct_tail_add(tail, key, text, strnlen(text, json_string_length(value)), max);
}

static json_t *entry_of(json_t *list, const char *id)
{
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		const char *its = json_string_value(json_object_get(entry, "id"));

		if (its && !strcmp(its, id))
			return entry;
	}
	return NULL;
}

int ct_identity_parse_podman(struct ct_tail *tail, const char *id, const char *text, size_t len,
			     struct ct_err *err)
{
	json_error_t why;
	json_t *list = json_loadb(text, len, JSON_ALLOW_NUL, &why), *entry, *metadata, *value;

	if (!list)
		return ct_fail(err, -EBADMSG, "read 'containers.json': line %d: %s", why.line,
			       why.text);
	entry = entry_of(list, id);
	if (!entry) {
		json_decref(list);
		return ct_fail(err, -ENOENT, "read 'containers.json': no container '%s'", id);
	}
	memset(tail, 0, sizeof(*tail));
	ct_tail_add_str(tail, "id", id, CT_ID_LEN);
	ct_tail_add_str(tail, "engine", "podman", 31);
	add_member(tail, "layer", entry, "layer", 79);
	/* JSON in a string of the JSON (libpod/storage.go, RuntimeContainerMetadata). */
	value = json_object_get(entry, "metadata");
	metadata = value ? json_loadb(json_string_value(value) ? json_string_value(value) : "",
				      json_string_length(value), JSON_ALLOW_NUL, &why)
			 : NULL;
	add_member(tail, "name", metadata, "name", 127);
	add_member(tail, "image", metadata, "image-name", 255);
	json_decref(metadata);
	json_decref(list);
	return 0;
}
