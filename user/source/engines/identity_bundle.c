// SPDX-License-Identifier: GPL-2.0-only
/* config.json of a bundle, as engines that Kubernetes asks annotate it. */
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "source/engines/identity.h"
#include "util/mem.h"

#define CRI "io.kubernetes.cri."

/* Columns: annotation (containerd pkg/cri/annotations), key of the tail, most. */
static const struct {
	const char *annotation;
	const char *key;
	size_t max;
} annotations[] = {
	{ CRI "sandbox-name", "pod", 255 },   { CRI "sandbox-namespace", "pod_namespace", 63 },
	{ CRI "sandbox-uid", "pod_uid", 63 }, { CRI "container-name", "pod_container", 63 },
	{ CRI "image-name", "image", 255 },
};

int ct_identity_parse_bundle(struct ct_tail *tail, const char *id, const char *text, size_t len,
			     struct ct_err *err)
{
	json_error_t why;
	json_t *config = json_loadb(text, len, JSON_ALLOW_NUL, &why), *notes;

	if (!config)
		return ct_fail(err, -EBADMSG, "read 'config.json': line %d: %s", why.line,
			       why.text);
	notes = json_object_get(config, "annotations");
	memset(tail, 0, sizeof(*tail));
	ct_tail_add_str(tail, "id", id, CT_ID_LEN);
	ct_tail_add_str(tail, "engine", "containerd", 31);
	ct_tail_add_str(tail, "namespace", "k8s.io", 79);
	for (size_t i = 0; i < CT_ARRAY_SIZE(annotations); i++) {
		json_t *value = json_object_get(notes, annotations[i].annotation);
		const char *said = json_string_value(value);

		if (said)
			ct_tail_add(tail, annotations[i].key, said,
				    strnlen(said, json_string_length(value)), annotations[i].max);
	}
	json_decref(config);
	return 0;
}
