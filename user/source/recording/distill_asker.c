// SPDX-License-Identifier: GPL-2.0-only
/*
 * Of a client's command line which image it is to fetch: of programs that fetch images themselves, and tell their engine of none
 * before they have something of it. Nothing that may belong to an option is kept (--user me:password): behind one that is
 * not known here nothing is.
 */
#include <string.h>

#include "source/recording/distill_state.h"
#include "util/mem.h"

/*
 * ctr of containerd 1.6 to 2.1 (cmd/ctr/app, commands/images/pull.go, commands/commands.go): its command line, word by word.
 * Go's flags: one dash or two are the same. Columns, between spaces: options before the next word that take nothing, that take
 * something; which the next word may be, NULL: it is the image.
 */
static const struct step {
	const char *flags, *values, *words;
} steps[] = {
	{ " debug help h version v ", " address a timeout connect-timeout namespace n ",
	  " images image i " },
	{ " help h ", "", " pull " },
	{ " skip-verify k plain-http http-dump http-trace all-platforms all-metadata skip-metadata print-chainid "
	  "local sync-fs help h ",
	  " user u refresh hosts-dir tlscacert tlscert tlskey snapshotter label platform max-concurrent-downloads ",
	  NULL },
};

/* Without its dashes, and what is given with it. */
static struct ct_text name_of(struct ct_text option)
{
	size_t dashes = ct_text_starts(option, "--") ? 2 : 1;
	struct ct_text rest = ct_text(option.p + dashes, option.len - dashes);

	return ct_text_cut(&rest, '=');
}

enum option {
	OPTION_ALONE,
	OPTION_TAKES_NEXT,
	OPTION_UNKNOWN
};

static enum option option_of(const struct step *step, struct ct_text option)
{
	struct ct_text name = name_of(option);
	bool given = memchr(option.p, '=', option.len);

	if (ct_distill_is_word(step->flags, name))
		return OPTION_ALONE;
	if (!ct_distill_is_word(step->values, name))
		return OPTION_UNKNOWN;
	return given ? OPTION_ALONE : OPTION_TAKES_NEXT;
}

/* Empty: it is to fetch none, or nobody knows which. */
static struct ct_text image_of(struct ct_text args)
{
	const struct step *step = steps;

	ct_text_cut(&args, '\0'); /* its own name */
	while (args.len) {
		struct ct_text arg = ct_text_cut(&args, '\0');
		enum option option;

		if (ct_text_starts(arg, "-")) {
			option = option_of(step, arg);
			if (option == OPTION_UNKNOWN)
				break;
			if (option == OPTION_TAKES_NEXT)
				ct_text_cut(&args, '\0');
			continue;
		}
		if (!step->words)
			return ct_distill_is_image(arg) ? arg : ct_text("", 0);
		if (!ct_distill_is_word(step->words, arg))
			break;
		step++;
	}
	return ct_text("", 0);
}

void ct_distill_asker(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text args = ct_text("", 0), image;
	size_t named = e->tail_len < CT_COMM_LEN ? e->tail_len : CT_COMM_LEN;

	if (e->sub == CT_ASKER_IMAGE) /* it is already less */
		image = ct_text(e->tail + named, e->tail_len - named);
	else
		image = ct_text("", 0);
	if (e->sub == CT_ASKER_CALLED)
		args = ct_text(e->tail + named, e->tail_len - named);
	if (args.len)
		image = image_of(args);
	image = ct_text_cut(&image, '\0');
	if (!ct_distill_is_image(image))
		image.len = 0;
	ct_distill_begin(d, e->tail_len);
	ct_distill_put(d, ct_text(e->tail, named));
	ct_distill_put(d, image);
	ct_distill_end(d, e);
	e->sub = image.len ? CT_ASKER_IMAGE : CT_ASKER_NAMED;
}
