// SPDX-License-Identifier: GPL-2.0-only
/* config.json of a bundle, as CRI-O annotates it (pkg/annotations of 1.26). */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "source/engines/identity.h"
#include "util/mem.h"

#define CRIO "io.kubernetes.cri-o."

/* Columns: key of the tail, annotation, most. */
static const struct {
	const char *key, *annotation;
	size_t max;
} fields[] = {
	{ "image", CRIO "ImageName", 255 },
};

int ct_identity_parse_crio(struct ct_tail *tail, const char *id, const char *text, size_t len,
			   struct ct_err *err)
{
	json_error_t why;
	json_t *config = json_loadb(text, len, JSON_ALLOW_NUL, &why), *said;

	if (!config)
		return ct_fail(err, -EBADMSG, "read 'config.json': line %d: %s", why.line,
			       why.text);
	said = json_object_get(config, "annotations");
	if (!json_is_string(json_object_get(said, CRIO "ContainerType"))) {
		json_decref(config);
		return ct_fail(err, -ENOENT, "read 'config.json': it is not CRI-O's");
	}
	memset(tail, 0, sizeof(*tail));
	ct_tail_add_str(tail, "id", id, CT_ID_LEN);
	ct_tail_add_str(tail, "engine", "crio", 31);
	for (size_t i = 0; i < CT_ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(said, fields[i].annotation);
		const char *string = json_string_value(value);
		size_t n = json_string_length(value);

		if (n)
			ct_tail_add(tail, fields[i].key, string, strnlen(string, n), fields[i].max);
	}
	json_decref(config);
	return 0;
}
