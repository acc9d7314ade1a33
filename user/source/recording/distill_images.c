// SPDX-License-Identifier: GPL-2.0-only
/*
 * Of commands that fetch images by themselves the image that each is about, and nothing that may belong to an option:
 * passwords are given so (--creds, -e). What an option takes that is not known here is not known either.
 */
#include <string.h>

#include "source/recording/distill_state.h"
#include "util/mem.h"

#define IMAGE_MAX 255

/* Options that take nothing. Columns: program, command, words, letters. */
static const struct fetcher {
	const char *program, *command;
	const char *flags[8];
	const char *letters;
	bool all; /* each argument is an image, else the first */
	const char *begins; /* only what begins so */
} fetchers[] = {
	{ "podman",
	  "pull",
	  { "--all-tags", "--disable-content-trust", "--quiet", "--tls-verify" },
	  "aq",
	  true,
	  "" },
	{ "skopeo",
	  "copy",
	  { "--all", "--dest-compress", "--dest-decompress", "--preserve-digests", "--quiet",
	    "--remove-signatures" },
	  "aq",
	  false,
	  "docker://" },
};

/* As registries allow them; behind an "@" there is a digest and nothing else, no host behind a password. */
static bool is_image(struct ct_text t)
{
	struct ct_text rest = t;

	ct_text_cut(&rest, '@');
	if (rest.len && !ct_text_starts(rest, "sha256:") && !ct_text_starts(rest, "sha512:"))
		return false;
	for (size_t i = 0; i < t.len; i++) {
		char c = t.p[i], low = (char)(c | 0x20);

		if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && !strchr("_.-:/@", c))
			return false;
	}
	return t.len && t.len <= IMAGE_MAX;
}

static bool is_flag(const struct fetcher *f, struct ct_text arg)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(f->flags) && f->flags[i]; i++)
		if (ct_text_is(arg, f->flags[i]))
			return true;
	for (size_t i = 1; i < arg.len; i++)
		if (!strchr(f->letters, arg.p[i]))
			return false;
	return arg.len > 1 && arg.p[1] != '-';
}

/* Whether an option has what belongs to it in the next argument, or may. */
static bool takes_next(const struct fetcher *f, struct ct_text arg)
{
	return ct_text_starts(arg, "-") && !memchr(arg.p, '=', arg.len) && !is_flag(f, arg);
}

static const struct fetcher *fetcher_of(const struct ct_text *args, size_t op_at)
{
	for (size_t i = 0; op_at && i < CT_ARRAY_SIZE(fetchers); i++)
		if (ct_text_is(ct_text_base(args[0]), fetchers[i].program) &&
		    ct_text_is(args[op_at], fetchers[i].command))
			return &fetchers[i];
	return NULL;
}

void ct_distill_images(const struct ct_text *args, size_t n, size_t op_at, bool *kept)
{
	const struct fetcher *f = fetcher_of(args, op_at);

	for (size_t i = op_at + 1; f && i < n; i++) {
		if (ct_text_starts(args[i], "-") || (i > op_at + 1 && takes_next(f, args[i - 1])))
			continue;
		if (is_image(args[i]) && ct_text_starts(args[i], f->begins))
			kept[i] = true;
		if (!f->all)
			return;
	}
}
