// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is found in bytes that others chose: fields of a JSON object, patterns and directories in
 * the strings of a call. fnmatch() is the judge of the patterns.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "core/hear/said.h"
#include "core/hear/wire.h"

static void json(struct ct_text whole)
{
	char image[16], runtime[8];
	struct ct_json_field fields[] = {
		{ NULL, "Image", image, sizeof(image), false, false },
		{ "HostConfig", "Runtime", runtime, sizeof(runtime), false, false },
		{ "HostConfig", "AutoRemove", NULL, 0, false, false },
	};
	bool whole_object = ct_json_fields(whole, fields, 3);

	if (!memchr(image, '\0', sizeof(image)) || !memchr(runtime, '\0', sizeof(runtime)))
		abort();
	if (!whole_object && (image[0] || runtime[0] || fields[2].truth))
		abort();
}

static void said(const char *bytes, size_t len)
{
	static const char *const patterns[] = {
		"*/netns/*", "overlay *", "*/merged", "*config*json*", "/sys/fs/cgroup/*", "*", "",
	};
	size_t room = sizeof(struct ct_event) + len;
	struct ct_event *e = calloc(1, room);
	struct ct_said said = { 0 };
	char text[CT_TAIL_MEDIUM + 1];
	struct ct_text name;

	if (!e || len > UINT16_MAX - sizeof(*e))
		abort();
	e->tail_len = (__u16)len;
	memcpy(e->tail, bytes, len);
	ct_said_hear(&said, e);
	memcpy(text, said.text.p, said.text.len);
	text[said.text.len] = '\0';
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const struct ct_pattern pattern = ct_pattern(patterns[i]);

		if (ct_said_matches(&said, &pattern) != !fnmatch(patterns[i], text, 0))
			abort();
	}
	name = ct_said_behind(&said, e, ct_text("/containers/", 12));
	if (name.len && (name.p < e->tail || name.p + name.len > e->tail + len ||
			 memchr(name.p, '/', name.len) || memchr(name.p, '\0', name.len)))
		abort();
	free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size ? size : 1);

	if (!bytes)
		abort();
	if (size)
		memcpy(bytes, data, size);
	json(ct_text(bytes, size));
	if (size <= CT_TAIL_MAX)
		said(bytes, size);
	free(bytes);
	return 0;
}
