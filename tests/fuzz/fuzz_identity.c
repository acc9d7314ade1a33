// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an engine keeps on disk about a container, and with it what users and images chose. The
 * input is both files, config.v2.json first, a NUL between them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "source/engines/identity.h"

static const char id[] = "7805ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d56a002ed3ada";

static void check(const struct ct_tail *tail, const char *driver)
{
	const char *value;
	size_t pairs = 0;

	if (tail->len > sizeof(tail->bytes) || (tail->len && tail->bytes[tail->len - 1]))
		abort();
	for (size_t i = 0; i < tail->len; i++)
		pairs += !tail->bytes[i];
	if (pairs % 2)
		abort();
	value = ct_tail_value(tail->bytes, tail->len, "id");
	if (!value || strcmp(value, id) != 0)
		abort();
	if (strchr(driver, '/') || strchr(driver, '.'))
		abort(); /* it becomes a part of a path */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t config_len = size ? strnlen((const char *)data, size) : 0;
	size_t host_len = size > config_len ? size - config_len - 1 : 0;
	char *config = malloc(config_len + 1), *host = malloc(host_len + 1), driver[32] = "";
	struct ct_tail tail;
	struct ct_err err = { 0 };

	if (!config || !host)
		abort();
	memcpy(config, data ? data : (const uint8_t *)"", config_len);
	if (host_len)
		memcpy(host, data + config_len + 1, host_len);
	config = realloc(config, config_len ? config_len : 1);
	host = realloc(host, host_len ? host_len : 1);
	if (!config || !host)
		abort();
	if (!ct_identity_parse(&tail, id, config, config_len, size > config_len ? host : NULL,
			       host_len, driver, sizeof(driver), &err))
		check(&tail, driver);
	else if (!err.msg[0])
		abort();
	free(config);
	free(host);
	return 0;
}
