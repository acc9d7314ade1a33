// SPDX-License-Identifier: GPL-2.0-only
/* Command lines: words with NULs between them, the first is the command's. */
#include <stdlib.h>
#include <string.h>

#include "cmd/options.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ct_identity who = { .id = "0123456789ab", .name = "web", .image = "busybox:1" };
	struct ct_record rec = { .who = &who };
	char *bytes = malloc(size + 1), *argv[WORDS_MAX + 1];
	struct ct_options opts;
	struct ct_err err = { 0 };
	int argc = 0;

	if (!bytes)
		abort();
	if (size)
		memcpy(bytes, data, size);
	bytes[size] = '\0';
	for (size_t at = 0; at < size && argc < WORDS_MAX; at += strlen(bytes + at) + 1)
		argv[argc++] = bytes + at;
	argv[argc] = NULL;
	if (ct_options_parse(&opts, argc, argv, &err)) {
		if (!err.msg[0])
			abort(); /* a refusal without a reason */
	} else if (opts.operands.count > (size_t)argc) {
		abort();
	} else {
		const struct ct_window window = { 0 };

		ct_options_match(&opts, &window, &rec);
	}
	free(bytes);
	return 0;
}
