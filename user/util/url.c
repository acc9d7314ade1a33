// SPDX-License-Identifier: GPL-2.0-only
#include "util/url.h"

#include <string.h>

static const char scheme[] = "://";

static char *after_scheme(char *url)
{
	char *at = strstr(url, scheme);

	return at ? at + strlen(scheme) : url;
}

void ct_url_hide(char *url)
{
	char *host = after_scheme(url), *at = strrchr(host, '@');

	if (at && at > host) {
		*host++ = '*';
		memmove(host, at, strlen(at) + 1);
	}
	host += strcspn(host, "/?#");
	if (*host && host[1])
		memcpy(host, "/*", sizeof("/*"));
}

/* Without its end it is not known where its host is. */
static void hide_cut(char *url)
{
	char *host = after_scheme(url);

	if (*host)
		memcpy(host, "*", sizeof("*"));
}

void ct_url_hide_words(char *line, bool cut)
{
	while (*line) {
		size_t len = strcspn(line, " ");
		char *end = line + len, behind = *end;

		*end = '\0';
		if (strstr(line, scheme)) {
			if (cut && !behind)
				hide_cut(line);
			else
				ct_url_hide(line);
			len = strlen(line);
		}
		line += len;
		*line = behind;
		if (!behind)
			return;
		memmove(++line, end + 1, strlen(end + 1) + 1);
	}
}
